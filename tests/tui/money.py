"""A key never costs money by accident: T25, and a charge whose answer is lost."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake
from terminal import SLOW, Checks, Terminal

ARM = 0.3


def opened(f, home):
    t = Terminal(home, f.url)
    t.until(lambda: t.shows("row 1 of 500") and t.shows("ann@"))
    return t


def armed(t):
    """The total is on the screen, and has been long enough."""
    t.wait("TOTAL NOW")
    t.quiet(ARM + 0.1)


def accidents(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        with opened(f, home) as t:
            t.send("ry")
            armed(t)
            c.check(not f.charges, "T25 r and y in one write charge nothing")
            t.send("\x1b")
            t.gone("TOTAL NOW")
            f.delay = 0.6 * SLOW
            t.send("r")
            t.wait("asking for the price")
            t.send("y")
            armed(t)
            c.check(not f.charges, "T25 y before the price is shown charges nothing")
            t.send("\x1b")
            t.gone("TOTAL NOW")
            f.delay = 0
            t.send("r")
            t.wait("TOTAL NOW")
            t.send("y")  # too early to have been read
            t.quiet(ARM + 0.1)
            c.check(not f.charges, "T25 y within 300 ms of the total charges nothing")
            for keys in ("\r", "n", "\x1b", "q"):
                if not t.shows("TOTAL NOW"):
                    t.send("r")
                armed(t)
                t.send(keys)
                c.check(t.gone("TOTAL NOW") is not None and not f.charges, f"T25 {keys!r} closes and charges nothing")
            t.send("r")
            armed(t)
            t.send("14J")
            t.quiet(0.1)
            c.check(t.shows("TOTAL NOW"), "no key but its own leads out of the dialog")
            c.check("[ Cancel ]" in t.line(t.screen.cursor.y), "the cursor is on Cancel")
            t.send("y")
            c.check(t.wait("charged 1 cr, balance 99") is not None, "T25 (control) y after that charges: " + t.text())
            c.check(f.charged() == 1, f"the ledger says {f.charged()}")
            paid = json.loads(f.asked("/reveal")[-1][2])
            c.check(paid == {"fields": ["email"], "max_credits": 1}, f"what was shown is the most: {paid}")
            c.check(t.wait("person0@example.com") is not None, "the value is shown")
            t.send("\x1b")
            t.gone("charged 1 cr")
            c.check(t.wait("owned") is not None and t.wait("99 cr") is not None, "the row and the title know it")
            t.send("r")
            armed(t)
            c.check(t.shows("reveal for 0 cr"), "what is owned costs nothing")
    c.ok("T25 no accidental charge")


def choices(c):
    with tempfile.TemporaryDirectory() as home, Fake(balance=40) as f:
        f.sign_in(home)
        with opened(f, home) as t:
            t.send("r")
            armed(t)
            t.send("m")
            c.check(t.wait("y = reveal for 4 cr") is not None, "m adds the phone: " + t.text())
            t.send("y")
            t.quiet(0.05)
            c.check(not f.charges, "another total is armed anew")
            t.quiet(ARM + 0.1)
            t.send("e")
            c.check(t.wait("y = reveal for 3 cr") is not None, "e leaves out the e-mail")
            f.raise_price = 1
            t.quiet(ARM + 0.1)
            t.send("y")
            c.check(t.wait("nothing was charged") is not None and not f.charges, "a price that rose charges nothing")
            c.check(json.loads(f.asked("/reveal")[-1][2])["max_credits"] == 3, "because the shown one was the most")
            f.raise_price = 0
            t.send("R")
            armed(t)
            t.send("\x1b")
            t.gone("TOTAL NOW")
            t.send("a")
            t.wait("50 marked")
            t.send("r")
            armed(t)
            c.check(t.shows("not enough credits"), "more than there is cannot be paid: " + t.text())
            t.send("y50\r")
            c.check(t.wait("not enough credits; nothing was charged") is not None and not f.charges,
                    "and nothing charges it")
            t.send("\x1b")
            t.gone("TOTAL NOW")
            f.balance = 500
            t.send("r")
            armed(t)
            c.check(t.shows("to pay, type 50"), "a large sum is typed: " + t.text())
            t.send("y5\r")
            c.check(t.wait("that is not the total") is not None and not f.charges, "another number charges nothing")
            t.send("\x7f50\r")
            c.check(t.wait("charged 50 cr") is not None and f.charged() == 50, "the total typed charges it once")
            t.send("\x1b")
            t.gone("charged 50")
            c.check(not t.shows("marked"), "marks are gone")
    c.ok("choices, limits and many at once")


def lost_answers(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        with opened(f, home) as t:
            f.lost = "/reveal"
            t.send("r")
            armed(t)
            t.send("y")
            c.check(t.wait("it may have been charged") is not None, "a lost answer is said: " + t.text())
            c.check(f.charged() == 1, "(control) it was charged")
            t.send("yy")
            t.quiet(0.1)
            t.send("R")
            c.check(t.wait("person0@example.com") is not None, "R asks under the same key and gets the answer")
            c.check(f.charged() == 1 and len(f.replies) == 1, f"and it is charged once: {f.charges}")
            t.send("\x1b")
            t.gone("person0@")
            t.send("j")
            t.wait("row 2 of")
            t.send("r")
            armed(t)
            f.silent = True
            t.send("y")
            t.wait("revealing ...")
            t.send("\x1b")
            c.check(t.wait("it may have been charged") is not None, "Esc while it is under way leaves it unknown")
            f.silent = False
            t.send("R")
            c.check(t.wait("person1@example.com") is not None and f.charged() == 2, "and the same key finds out")
    c.ok("lost answers are never paid twice")


def roles(c):
    with tempfile.TemporaryDirectory() as home, Fake(role="viewer") as f:
        f.sign_in(home)
        with opened(f, home) as t:
            c.check(t.type("r", "your role does not allow this") is not None, "a viewer cannot reveal")
            c.check(not t.shows("r:reveal") and not f.asked("/reveal"), "is not told to, and nothing is asked")
    c.ok("a viewer reveals nothing")


def main():
    c = Checks("money")
    accidents(c)
    choices(c)
    lost_answers(c)
    roles(c)
    c.end()


main()
