"""The full screen against the real server: search, one charge, an upload, administration."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from terminal import BUILD, Checks, Terminal
from server import Server


def sign_in(home, s, name):
    subprocess.run([BUILD + "/leadgen", "--server", s.url, "--fingerprint", s.pin, "auth", "login", "--email",
                    f"{name}@leadgen.example", "--password-file", os.path.join(s.dir, "password." + name)],
                   check=True, stderr=subprocess.DEVNULL, env={"HOME": home, "PATH": os.environ["PATH"]})


def person(c, home, s):
    with Terminal(home, s.url, cwd=os.path.abspath("tests/fixtures")) as t:
        c.check(t.until(lambda: t.shows("row 1 of 2,000") and t.shows("ann@leadgen")) is not None, t.text())
        # somebody who may be asked: the search says who has an e-mail, the price says who is not suppressed
        t.send("/has:email\r")
        c.check(t.gone("of 2,000") is not None, "words reach the server")
        for n in range(2, 20):
            t.send("r")
            t.wait("TOTAL NOW")
            if t.shows("reveal for 1 cr"):
                break
            t.send("\x1b")
            t.gone("TOTAL NOW")
            t.type("j", f"row {n} of")
        t.quiet(0.4)
        t.send("y")
        c.check(t.wait("charged 1 cr, balance 99") is not None, "one e-mail is one credit: " + t.text())
        t.send("\x1b")
        t.gone("charged 1 cr")
        c.check(t.type("\r", "(owned)") is not None, "the profile shows it in clear")
        c.check(s.call("ann", "GET", "/api/credits")[1]["balance"] == 99, "the server says the same")
        c.check(t.type("4", "hubspot.csv") is not None, "the files")
        # Each j is seen to have moved before the next is sent: one too many would load another file.
        c.check(t.until(lambda: t.line(t.screen.cursor.y).startswith("> ")) is not None, "a file is chosen: " + t.text())
        for _ in range(20):
            if t.shows("> hubspot.csv"):
                break
            at = t.screen.cursor.y
            t.send("j")
            t.until(lambda at=at: t.screen.cursor.y != at and t.line(t.screen.cursor.y).startswith("> "))
        c.check(t.shows("> hubspot.csv"), "the file is chosen: " + t.text())
        c.check(t.type("\r", "GOES TO") is not None, "its columns: " + t.text())
        c.check(t.type("U", "+ done", 30) is not None and t.wait("60") is not None, "it is loaded: " + t.text())


def costs(c, home, s):
    """T1 and T3 of real rows, in every theme; one that paints its ground may take a tenth more at 160x45."""
    small, large = (24, 80, 2400, 100), (45, 160, 6000, 160)
    for theme, sizes in (("harbor", (small, large)), ("paper", (small, (45, 160, 6600, 160))), ("contrast", (small,)),
                         ("okabe", (small,)), ("mono", (small,))):
        for rows, cols, most, most_move in sizes:
            with Terminal(home, s.url, rows, cols, options=("--theme", theme)) as t:
                c.check(t.until(lambda: t.shows("row 1 of 2,000") and t.shows("ann@leadgen")) is not None, t.text())
                t.quiet(0.2)
                first, moves, previews = len(t.all), [], []
                c.check(first <= most, f"T1 {theme}: the first screen at {cols}x{rows} is {first} B, at most {most}")
                c.check((len(t.coloured()) > 0) == (theme != "mono"), f"the theme {theme} has its colours")
                for n in range(2, 5):
                    start = len(t.all)
                    t.type("j", f"row {n} of 2,000")
                    moved = len(t.all)
                    t.quiet(0.2)
                    moves.append(moved - start)
                    previews.append(len(t.all) - moved)
                c.check(max(moves) <= most_move, f"T3 {theme}: moves at {cols}x{rows} are {moves} B, at most {most_move}")
                c.check(max(previews) <= 600, f"T3 {theme}: what follows a move is {previews} B, at most 600")
                print(f"     {theme} at {cols}x{rows}: first screen {first} B, move {max(moves)} B, then {max(previews)} B")
    c.ok("T1 T3 what real rows cost the line, in five themes")


def access(c, home, s):
    """A device's session is not confirmed: the first dangerous act wants the password."""
    waiting = subprocess.Popen([BUILD + "/leadgen", "--server", s.url, "auth", "login", "--device"],
                               env={"HOME": home, "PATH": os.environ["PATH"]}, stderr=subprocess.PIPE, text=True)
    code = next(x.split()[-1] for x in waiting.stderr if "auth approve" in x)
    c.check(s.call("ann", "POST", "/api/auth/device/approve", {"user_code": code})[0] == 200, "the device is let in")
    waiting.communicate(timeout=60)
    with tempfile.TemporaryDirectory() as folder, Terminal(home, s.url, cwd=folder) as t:
        c.check(t.until(lambda: t.shows("row 1 of 2,0") and t.shows("ann@leadgen")) is not None, t.text())
        t.type("8", "No keys yet")
        t.type("n", "New API key")
        t.send("crm\tsearch:read\r\r\r\r\r")
        c.check(t.type("\r", "Your password once more") is not None, "a new key wants the password: " + t.text())
        t.send(s.password("ann") + "\r\r")
        c.check(t.wait("The key's secret") is not None, "and is made: " + t.text())
        t.type("w", "leadgen.secret")
        c.check(t.type("\r", "written to") is not None, "its secret goes to a file")
        with open(folder + "/leadgen.secret") as f:
            status, reply = s.call(None, "GET", "/api/profiles/search", headers={"Authorization": "Bearer " + f.read()})
        c.check(status == 200 and reply["total"] >= 2000, f"with which a program searches: {status}")
        t.type("q", "> crm")
        t.type("d", "Revoke this key?")
        t.quiet(0.35)
        c.check(t.type("y", "+ revoked") is not None, t.text())
        c.check(t.type("2", "> leadgen/") is not None, "sessions: " + t.text())
        c.check(t.type("4", "of 600 a minute") is not None and t.wait("member") is not None, "limits: " + t.text())
        c.check(t.type("3", "A password alone") is not None, "two-factor: " + t.text())
        c.check(t.type("n", "Type the six digits") is not None, "enrolling, without the password again: " + t.text())
        secret = next(t.line(y) for y in range(24) if len(t.line(y).split()) == 8).replace(" ", "")
        code = subprocess.run(["oathtool", "--totp", "-b", secret], capture_output=True, text=True).stdout.strip()
        c.check(t.type(code + "\r", "Recovery codes") is not None, "it is on: " + t.text())
        c.check(s.call("ann", "GET", "/api/auth/totp")[1]["recovery_left"] == 10, "the server says so too")
        t.send("v")
        t.until(lambda: len(re.findall(r"[A-Z2-7]{5}-[A-Z2-7]{5}", t.text())) == 10)
        recovery = re.search(r"[A-Z2-7]{5}-[A-Z2-7]{5}", t.text())[0]
        t.type("\x1b", "Did you keep it?")
        t.quiet(0.35)
        t.send("y")
        t.gone("Did you")
        c.check(t.wait("On                         yes") is not None, "the state follows: " + t.text())
        c.check(t.type("d", "then a password alone") is not None, "turning it off: " + t.text())
        t.send(s.password("ann") + "\t" + recovery)
        c.check(t.type("\r", "+ the second factor is off") is not None, "and off: " + t.text())


def operator(c, home, s):
    with Terminal(home, s.url) as t:
        t.wait("super_admin")
        for key, text in (("A", "ann@leadgen.example"), ("3", "profile.reveal"), ("4", "Index documents"), ("5", "hubspot.csv")):
            c.check(t.type(key, text) is not None, f"{key} shows {text}: " + t.text())
        c.check(t.type("1", "no mail server is configured") is not None, "that mails are kept is said: " + t.text())
        t.type("i", "Invite somebody")
        c.check(t.type("new@leadgen.example\r\r", "+ invited") is not None, "somebody is invited: " + t.text())
        c.check(t.type("7", "new@leadgen.example") is not None, "the mail waits: " + t.text())
        t.type("G", "row 2 of 2")
        c.check(t.type("\r", "leadgen members accept") is not None, "and is read: " + t.text())
        t.type("q", "row 1 of")
        t.type("1", "> ann@leadgen")
        t.type("I", "the member reads the reason")
        t.type("looking after an upload\r", "for half an hour")
        t.quiet(0.35)
        c.check(t.type("y", "ACTING AS ann@leadgen.example") is not None, "the super_admin acts as a member: " + t.text())
        t.type("8", "> crm")
        c.check(t.type("2", "only the member can do this") is not None, "but not with all of it: " + t.text())
        c.check(t.type("E", "root@leadgen.example  super_admin") is not None, "and is himself again: " + t.text())
        t.type("A", "> ann@")
        t.type("3", "session.impersonate")
        t.type("f", "Filter the audit log")
        c.check(t.type("ann@leadgen.example\tprofile.reveal\r\r\r\r\r", "row 1 of 1") is not None, "one reveal: " + t.text())
        t.type("e", ".jsonl")
        path = os.path.join(home, "audit.csv")
        c.check(t.type("\x15" + path + "\r", "+ 1 records in") is not None, "is taken away: " + t.text())
        with open(path) as f:
            c.check(sum("profile.reveal" in line for line in f) == 1, "as it was filtered")
    s.token("ann")
    c.check(s.call("ann", "GET", "/api/me/impersonations")[1]["items"][0]["reason"] == "looking after an upload",
            "the member can read why")


def main():
    c = Checks("real")
    with Server(rows=2000) as s, tempfile.TemporaryDirectory() as home:
        s.user("ann", "user", 100)
        s.user("root", "super_admin")
        s.start()
        s.url = f"https://127.0.0.1:{s.port}"
        s.wait_searchable("ann")
        sign_in(home, s, "ann")
        costs(c, home, s)
        person(c, home, s)
        c.ok("a person searches, pays once, and loads a file")
        access(c, home, s)
        c.ok("a device's person makes a key with the password once more, and a second factor")
        sign_in(home, s, "root")
        operator(c, home, s)
        c.ok("an operator sees members, audit, health, jobs and mails, invites, and acts as a member")
    c.end()


main()
