"""The full screen against the real server: search, one charge, an upload, administration."""
import os
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
        c.check(t.type("U", "+ done", 30) is not None and t.shows("60"), "it is loaded: " + t.text())


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


def operator(c, home, s):
    with Terminal(home, s.url) as t:
        t.wait("super_admin")
        for key, text in (("A", "ann@leadgen.example"), ("3", "profile.reveal"), ("4", "Index documents"), ("5", "hubspot.csv")):
            c.check(t.type(key, text) is not None, f"{key} shows {text}: " + t.text())


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
        sign_in(home, s, "root")
        operator(c, home, s)
        c.ok("an operator sees members, audit, health and jobs")
    c.end()


main()
