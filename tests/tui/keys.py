"""Keys as terminals send them: pastes that run nothing (T24), Esc that is soon alone, sequences that come apart."""
import os
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake
from terminal import Checks, Terminal

START, END = "\x1b[200~", "\x1b[201~"
ON, OFF = b"\x1b[?2004h", b"\x1b[?2004l"


def pastes(c, f, home):
    with Terminal(home, f.url) as t:
        t.until(lambda: t.shows("row 1 of 500") and t.shows("ann@"))
        c.check(ON in t.all, "the terminal is asked to mark pastes")
        t.send("/" + START + "anna\r\nq\ny\tr\n" + END)
        c.check(t.wait("/ anna q y r ") is not None, "T24 lines and tabs are one line of text: " + t.text())
        c.check(t.until(lambda: any(b"anna q y r" in r[2] for r in f.requests), 3) is not None,
                "and it is searched for after the pause, as if it was typed")
        c.check(not t.shows("Leave?") and t.screen.cursor.y == 1, "nothing of it was a command: " + t.text())
        t.wait("row 0 of 0")
        t.type("\x15\r", "row 1 of 500")
        c.check(t.type(START + "q\rry" + END, "nothing is pasted here") is not None, "T24 a list takes no paste: " + t.text())
        c.check(t.shows("500 hits") and not t.shows("Leave?") and not t.shows("TOTAL NOW"), "and runs none of it: " + t.text())
        t.send("r")
        t.wait("TOTAL NOW")
        t.quiet(0.4)
        c.check(t.type(START + "y\n" + END, "nothing is pasted here") is not None and not f.charges, "T24 a dialog takes no paste")
        c.check(t.shows("TOTAL NOW"), "and stays: " + t.text())
        t.send("\x1b")
        t.gone("TOTAL NOW")
        t.send(START + "abc\x03")  # its end is lost
        c.check(t.type("j", "row 2 of 500") is not None, "Ctrl-C is the end of a paste that has none: " + t.text())
        c.check(t.type("q", "Leave?") is not None, "(control) what is typed runs: " + t.text())
        t.send("y")
        c.check(t.exited() and t.all.rfind(OFF) > t.all.rfind(ON), "and the terminal stops marking")


def forms(c, f, home):
    os.remove(os.path.join(home, ".local/share/leadgen/token"))
    with Terminal(home, f.url) as t:
        t.wait("Password")
        t.send(START + "ann@acme.example\n" + END)
        c.check(t.wait("ann@acme.example") is not None and not f.asked("/login"), "a pasted line does not submit: " + t.text())
        t.send("\t" + START + "correct horse battery\n" + END + "\r")
        c.check(t.wait("row 1 of 500") is not None, "and its end is no part of a password: " + t.text())


def plain_terminals(c, f, home):
    for term in ("vt100", "linux"):
        with Terminal(home, f.url, term=term) as t:
            c.check(t.wait("row 1 of 500") is not None, f"{term}: it starts")
            c.check(ON not in t.all, f"{term} is not asked for what it does not know")


def escape(t, n):
    """Milliseconds from a lone Esc to the screen without the help; each of n."""
    took = []
    for _ in range(n):
        t.type("?", "Keys of")
        start = time.monotonic()
        t.send("\x1b")
        t.gone("Keys of")
        took.append((time.monotonic() - start) * 1000)
    return took


def escapes(c, f, home):
    # Upper limits depend on the machine and are printed; lower ones hold on every machine.
    for env, least in (({}, 0), ({"SSH_CONNECTION": "10.0.0.1 4711 10.0.0.2 22"}, 80), ({"ESCDELAY": "200"}, 200)):
        with Terminal(home, f.url, env=env) as t:
            t.wait("row 1 of 500")
            took = escape(t, 5)
            c.check(min(took) >= least, f"{env}: Esc waits {least} ms for the rest of a sequence: {took}")
            print(f"     Esc acts after {statistics.median(took):.0f} ms (median of 5, {env or 'here'}; budget 50 here, 100 over SSH)")
    with Terminal(home, f.url, env={"ESCDELAY": "2000"}) as t:
        t.wait("row 1 of 500")
        t.send("\x1b")
        t.quiet(0.1)
        c.check(t.type("OB", "row 2 of 500", 5) is not None, "T24 a key whose bytes come apart is that key: " + t.text())
        t.send("\x1bO")
        t.quiet(0.1)
        c.check(t.type("A", "row 1 of 500", 5) is not None and not t.shows("Leave?"), "also in other places: " + t.text())


def main():
    c = Checks("keys")
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        escapes(c, f, home)
        c.ok("Esc is soon alone; over SSH, or where it is asked for, sequences may come apart")
        pastes(c, f, home)
        plain_terminals(c, f, home)
        forms(c, f, home)
        c.ok("T24 what is pasted is text and no command")
    c.end()


main()
