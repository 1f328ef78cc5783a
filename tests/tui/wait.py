"""The screen never waits for the network: T8, and what is asked, when, and what becomes of it."""
import json
import os
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake
from terminal import SLOW, Checks, Terminal

# The machine may be busy with other tests; a blocked screen would take seconds.
KEY_LIMIT_MS = 500 * SLOW


def keys_while_silent(c, f, home, how):
    slowest, took = 0, []
    with Terminal(home, f.url) as t:
        t.until(lambda: t.shows("searching") and f.asked("/search"))
        for _ in range(5):
            for key, holds in (("?", lambda: t.shows("Keys of")), ("\x1b", lambda: t.gone("Keys of", 5) is not None),
                               (":", lambda: t.shows("Actions")), ("\x1b", lambda: t.gone("Actions", 5) is not None),
                               ("f", lambda: t.shows("Filters")), ("f", lambda: t.gone("Filters", 5) is not None)):
                t.send(key)
                start = time.monotonic()
                seen = t.until(holds, 5)
                took.append((time.monotonic() - start) * 1000)
                c.check(seen is not None, f"T8 {key!r} is answered while the server is {how}")
        slowest = max(took)
        took.sort()
        print(f"     {how}: keys answered in {took[len(took) // 2]:.0f} ms (median), {slowest:.0f} ms (slowest)")
        c.check(slowest <= KEY_LIMIT_MS, f"T8 the slowest key took {slowest:.0f} ms")
        t.send("\x1b")
        seen = t.wait("stopped", 2)
        c.check(seen is not None and seen <= 1 * SLOW, "T8 Esc frees the request at once")
        f.silent, f.half = False, None
        c.check(t.type("R", "row 1 of 500", 5) is not None, "T8 and R asks again: " + t.text())


def silent(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        f.silent = True
        keys_while_silent(c, f, home, "silent")
        f.half = "/api/"
        f.requests.clear()
        keys_while_silent(c, f, home, "sending half an answer")
    c.ok("T8 keys are answered while the server swallows everything")


def one_question_a_pause(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        with Terminal(home, f.url) as t:
            t.wait("row 1 of 500")
            f.requests.clear()
            t.send("/")
            for letter in "keller":
                t.send(letter)
            c.check(t.until(lambda: f.asked("/search"), 3) is not None, "a pause asks")
            t.wait("of 42")
            c.check(len(f.asked("/search")) == 1, f"six letters are one question: {len(f.asked('/search'))}")
            c.check(json.loads(f.asked("/search")[0][2])["q"] == "keller", "and it holds all of them")
            t.send("\x15x")
            time.sleep(0.4)  # longer than the pause: nothing must come, so there is no state to wait for
            t.quiet(0.05)
            c.check(len(f.asked("/search")) == 1, "one letter is not a question")
            # an answer that is overtaken is not shown
            f.delay = 0.5
            t.send("\x15anna\r")
            t.until(lambda: len(f.asked("/search")) == 2)
            f.delay = 0
            t.send("/\x15quantico\r")
            c.check(t.wait("Bram Visser", 5) is not None and t.wait("of 84", 5) is not None, "the newer answer is shown")
            time.sleep(0.6 * SLOW)  # the older one would have come by now
            t.quiet(0.05)
            c.check(t.shows("of 84") and not t.shows("of 42"), "and the older one never")
            # pages are fetched as the end comes near
            t.send("/\x15\r")
            t.wait("row 1 of 500")
            f.requests.clear()
            t.send("G")
            t.wait("row 50 of 500")
            c.check(t.until(lambda: f.asked("/search"), 3) is not None, "the next page is asked for")
            # asked for is not yet here, and nothing on the screen tells: `j` moves on once it is
            end = time.monotonic() + 5 * SLOW
            while t.shows("row 50 of 500") and time.monotonic() < end:
                t.send("j")
                t.quiet(0.05)
            c.check(not t.shows("row 50 of 500"), "and comes")
            c.check(t.type("G", "row 100 of 500") is not None, "and appended")
            c.check("cursor" in json.loads(f.asked("/search")[0][2]), "by its cursor")
    c.ok("one question a pause, older ones cancelled, pages by cursor")


def first_use(c):
    """The key of a server that accepts and then says nothing is waited for by nobody."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(5)
        for key in ("n", "\x03"):
            with Terminal(home, "https://127.0.0.1:%d" % s.getsockname()[1]) as t:
                t.wait("asking for it")
                c.check(t.type("?", "Keys of") is not None, "T8 keys are answered while the key is asked for")
                t.send("\x1b")
                t.gone("Keys of")
                start = time.monotonic()
                t.send(key)
                c.check(t.exited() and t.process.returncode == 0 and t.restored(), f"T8 and {key!r} leaves")
                took = time.monotonic() - start
                c.check(took <= 1 * SLOW, f"T8 at once: {took:.2f} s")
    c.ok("T8 the first use of a silent server")


def troubles(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        f.fail["/search"] = (503, "not_ready", 1)
        with Terminal(home, f.url) as t:
            c.check(t.wait("the index is being built") is not None, "an index in the making is said")
            f.fail.clear()
            c.check(t.wait("row 1 of 500", 5) is not None, "and it asks again by itself")
            f.fail["/search"] = (500, "internal", 0)
            c.check(t.type("R", "x made to fail") is not None, "an error is said")
            c.check(t.shows("Anna Keller"), "and what was there stays")
            f.fail.clear()
            c.check(t.type("R", "row 1 of 500") is not None, "and R tries again")
            t.send("/nobody at all\r")
            c.check(t.wait("Nobody matches") is not None, "nothing found is said")
        f.fail["/api/"] = (401, "unauthorized", 0)
        f.fail["/auth/refresh"] = (401, "unauthorized", 0)
        with Terminal(home, f.url) as t:
            t.wait("leadgen |")
            t.quiet(0.3)
            c.check(t.process.poll() is None, "a refused sign-in is no end")
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.port = 9
        f.sign_in(home)
        with Terminal(home, "https://127.0.0.1:9") as t:
            c.check(t.wait("no answer from") is not None, "a server that is gone is said")
            c.check(t.wait("offline") is not None, "and so is that we are offline")
    c.ok("troubles are said and pass")


def main():
    c = Checks("wait")
    silent(c)
    one_question_a_pause(c)
    first_use(c)
    troubles(c)
    c.end()


main()
