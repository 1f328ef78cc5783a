"""Whatever kills it, the terminal is as it was before: T11 T14."""
import os
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake
from terminal import SLOW, Checks, Terminal

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT,
           signal.SIGBUS, signal.SIGFPE)

# name, then a key and what it brings, step by step
MEMBERS, JOB, CHOSEN = ("A", "zoe@"), (("J", "people.csv"), ("\r", "merged")), (("4", "people.csv"), ("G\r", "GOES TO"))
KEYS = ("8", "No keys yet")
FACTOR = (KEYS, ("3", "Recovery codes left"), ("n", "Type the six digits"))
SCREENS = (
    ("search",), ("words", ("/", "Esc:results")), ("filters", ("f", "Filters")), ("order", ("s", "Order")),
    ("profile", ("\r", "Updated")), ("reveal", ("r", "TOTAL NOW")), ("help", ("?", "Keys of")),
    ("palette", (":", "Actions")), ("leave", ("q", "Leave leadgen?")), ("upload", ("4", "people.csv")),
    ("mapping", *CHOSEN), ("field", *CHOSEN, ("\r", "(do not import)")), ("credits", ("9", "welcome")),
    ("jobs", ("J", "people.csv")), ("job", *JOB), ("rejects", *JOB, ("e", "this is no, address")),
    ("members", MEMBERS), ("detail", MEMBERS, ("\r", "Last sign-in")), ("role", MEMBERS, ("o", "Role;")), ("disable", MEMBERS, ("d", "Disable this member?")),
    ("new member", MEMBERS, ("n", "their first password")), ("give", MEMBERS, ("c", "Reason")),
    ("grants", MEMBERS, ("2", "welcome")), ("audit", MEMBERS, ("3", "profile.reveal")),
    ("health", MEMBERS, ("4", "1,234,567")), ("all jobs", MEMBERS, ("5", "people.csv")),
    ("mail", MEMBERS, ("7", "new@acme")), ("new key", KEYS, ("n", "Days")), ("sessions", KEYS, ("2", "kiosk")),
    ("enrolment", *FACTOR), ("QR code", *FACTOR, ("\x0f", "Esc:back")), ("limits", KEYS, ("4", "Plan starter")),
    ("codes", *FACTOR, ("123456\r", "it is shown this once")),
)


def deaths(c, f, home, folder):
    for name, *steps in SCREENS:
        group = [Terminal(home, f.url, cwd=folder) for _ in SIGNALS]
        for t in group:
            t.until(lambda t=t: t.shows("row 1 of") and t.shows("super_admin"))
        for key, text in steps:
            for t in group:
                t.send(key)
            for t in group:
                c.check(t.wait(text, 5) is not None, f"T11 the {name} screen shows {text!r}: " + t.text())
        f.factor = False
        for t, sig in zip(group, SIGNALS):
            t.signal(sig)
        for t, sig in zip(group, SIGNALS):
            c.check(t.exited(), f"T11 {sig.name} ends the {name} screen")
            c.check(t.restored(), f"T11 {sig.name} in the {name} screen leaves the terminal broken")
            t.close()
    c.ok(f"T11 {len(SCREENS)} screens and dialogs, {len(SIGNALS)} signals each")


def before_sign_in(c, f, home):
    with tempfile.TemporaryDirectory() as stranger, tempfile.TemporaryDirectory() as known:
        f.trust(known)
        for folder, text in ((stranger, "sha256//"), (known, "Password")):
            group = [Terminal(folder, f.url) for _ in SIGNALS]
            for t, sig in zip(group, SIGNALS):
                c.check(t.wait(text) is not None, f"T11 {text} is shown: " + t.text())
                t.signal(sig)
            for t, sig in zip(group, SIGNALS):
                c.check(t.exited() and t.restored(), f"T11 {sig.name} where {text} is shown")
                t.close()
    c.ok("T11 before the sign-in")


def control(c, f, home):
    with Terminal(home, f.url) as t:
        t.wait("row 1 of")
        t.signal(signal.SIGKILL)
        t.exited()
        c.check(not t.restored(), "(control) after SIGKILL the terminal is seen to be broken")
    with Terminal(home, f.url) as t:
        t.wait("row 1 of")
        t.send("q")
        t.wait("Leave leadgen?")
        t.send("y")
        c.check(t.exited() and t.restored() and t.process.returncode == 0, "leaving restores it too, and is no error")
    c.ok("T11 an ordinary end, and the control")


def suspend(c, f, home):
    with Terminal(home, f.url) as t:
        t.wait("row 1 of")
        t.send("\x1a")
        end = time.monotonic() + 5 * SLOW
        while time.monotonic() < end and state(t) != "T":
            t.take(0.02)
        t.quiet(0.05)
        c.check(state(t) == "T" and t.restored(), "Ctrl-Z gives the terminal back")
        t.signal(signal.SIGCONT)
        t.screen.reset()
        c.check(t.wait("row 1 of", 5) is not None, "and fg draws all of it again")
    c.ok("suspending")


def state(t):
    with open(f"/proc/{t.process.pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def hang_up(c, f, home):
    for silent in (False, True):
        f.silent = silent
        t = Terminal(home, f.url)
        t.wait("searching" if silent else "row 1 of")
        os.close(t.slave)
        os.close(t.master)
        start = time.monotonic()
        try:
            t.process.wait(5 * SLOW)
        except Exception:
            pass
        took = time.monotonic() - start
        c.check(t.process.poll() is not None and took <= 1 * SLOW, f"T14 it leaves when the terminal is gone: {took:.2f} s")
        t.close()
    f.silent = False
    c.ok("T14 a closed terminal ends it")


def main():
    c = Checks("death")
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder, \
            Fake(role="super_admin") as f:
        f.sign_in(home)
        with open(os.path.join(folder, "people.csv"), "w") as out:
            out.write("First Name,Last Name,Email,Company\nAnna,Keller,anna@nordwind.example,Nordwind\n")
        deaths(c, f, home, folder)
        before_sign_in(c, f, home)
        control(c, f, home)
        suspend(c, f, home)
        hang_up(c, f, home)
    c.end()


main()
