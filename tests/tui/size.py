"""Resizing: T9 T10."""
import os
import random
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake
from terminal import Checks, Terminal, sanitizer_reports


def storm(c, f, home, dice):
    with Terminal(home, f.url) as t:
        t.wait("row 1 of 500")
        t.send("j" * 20)
        t.wait("row 21 of")
        for _ in range(50):
            t.resize(dice.randint(5, 100), dice.randint(20, 300))
            t.take(0.01)
        t.resize(24, 80)
        # no key is pressed: the new size alone must bring the frame
        c.check(t.until(lambda: t.line(23).startswith(" row 21 of") and t.line(0).startswith(" leadgen"), 5) is not None,
                "T9 the same row after 50 resizes: " + t.text())
        c.check(t.until(lambda: t.line(t.screen.cursor.y).startswith("> "), 3) is not None, "T9 and the cursor is on it: " + t.text())
        c.check(t.process.poll() is None, "T9 alive")


def sizes(c, f, home):
    """All screens side by side: each size is waited for once, and not once a screen."""
    screens = (("", "search"), ("f", "filters"), ("r", "reveal"), ("?", "help"), (":", "palette"), ("\r", "profile"),
               ("4", "upload"), ("A", "admin"), ("q", "leave"))
    group = [(Terminal(home, f.url), keys, what) for keys, what in screens]
    for t, keys, _ in group:
        t.wait("row 1 of 500")
        t.wait("super_admin")
        t.send(keys)
    for t, _, _ in group:
        t.quiet(0.1)
    for rows, cols in ((5, 20), (1, 1), (200, 400), (10, 40), (11, 43)):
        for t, _, _ in group:
            t.resize(rows, cols)
        group[0][0].quiet(0.12)
        for t, _, what in group:
            t.quiet(0.02)
            c.check(t.process.poll() is None, f"T10 {what}: alive at {cols}x{rows}")
            if (rows, cols) == (5, 20):
                c.check(t.wait("need 40x10", 5) is not None, f"T10 {what}: a message where nothing fits: " + t.text())
    for t, _, what in group:
        t.resize(24, 80)
        t.until(lambda t=t: t.line(0).startswith(" leadgen"), 5)
        c.check(t.line(0).startswith(" leadgen") and t.process.poll() is None,
                f"T10 {what}: well again at 80x24: " + t.text())
        t.close()


def layouts(c, f, home):
    with Terminal(home, f.url, 45, 160) as t:
        c.check(t.wait("row 1 of 500") is not None and t.wait("DE Germany") is not None and t.wait("data quality") is not None,
                "filters, results and detail stand beside each other at 160: " + t.text())
    with Terminal(home, f.url, 30, 110) as t:
        t.wait("row 1 of 500")
        c.check(t.wait("data quality") is not None and not t.shows("DE Germany"), "results and detail at 110")
        c.check(t.type("f", "DE Germany") is not None, "and the filters over them")
    with Terminal(home, f.url, 12, 40) as t:
        t.wait("row 1 of 500")
        c.check(t.shows("Anna Keller"), "names at 40x12: " + t.text())


def main():
    c = Checks("size")
    seed = int(os.environ.get("SEED", time.time_ns() % 100000))
    print(f"     seed {seed}")
    with tempfile.TemporaryDirectory() as home, Fake(role="super_admin") as f:
        f.sign_in(home)
        storm(c, f, home, random.Random(seed))
        c.ok("T9 fifty resizes")
        sizes(c, f, home)
        c.check(not sanitizer_reports(home), "T10 a sanitizer complains")
        c.ok("T10 sizes from 1x1 to 400x200 in every screen")
        layouts(c, f, home)
        c.ok("three layouts")
    c.end()


main()
