"""What the screen costs the line: T1 T2 T3 T5 T12 T16 of the client's checklist (bytes are never scaled)."""
import os
import re
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake
from terminal import SLOW, Checks, Terminal

UNREACHABLE = "https://127.0.0.1:9"
# The budget, where nothing else runs, is 50 ms; this is the limit under load.
FIRST_PAINT_MS = 400


def first_paint(c):
    """T1, T2: the frame needs no network."""
    with tempfile.TemporaryDirectory() as home, Fake(rows=1) as f:
        f.port = 9
        f.sign_in(home)
        for rows, cols, most in ((24, 80, 2400), (45, 160, 6000)):
            with Terminal(home, UNREACHABLE, rows, cols) as t:
                t.wait("leadgen |")
                t.quiet(0.05)
                c.check(len(t.all) <= most, f"T1 the first frame at {cols}x{rows} is {len(t.all)} B, at most {most}")
                print(f"     first frame at {cols}x{rows}: {len(t.all)} B")
        times = []
        for _ in range(9):
            with Terminal(home, UNREACHABLE) as t:
                t.until(lambda: "leadgen |" in t.line(0) and ":cmd" in t.line(22))
                times.append((time.monotonic() - t.start) * 1000)
        median = statistics.median(times)
        print(f"     first frame done {median:.0f} ms after exec (median of 9, fork, exec and pty included; "
              f"budget 50 ms on an idle machine)")
        c.check(median <= FIRST_PAINT_MS * SLOW, f"T2 the first frame takes {median:.0f} ms")
    c.ok("T1 T2 the first frame needs no network and little line")


def moves(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        with Terminal(home, f.url) as t:
            c.check(t.wait("row 1 of 500") is not None, "T1 results come: " + t.text())
            t.quiet(0.25)
            with_data = len(t.all)
            c.check(with_data <= 2400, f"T1 frame, results and preview are {with_data} B, at most 2400")
            move, preview = [], []
            for i in range(5):
                t.send("j")
                t.until(lambda i=i: t.shows(f"row {i + 2} of"))
                before = len(t.all)
                move.append(before - sum(move) - sum(preview) - with_data)
                t.quiet(0.25)
                preview.append(len(t.all) - before)
            c.check(statistics.median(move) <= 100, f"T3 a move is {statistics.median(move)} B, at most 100")
            c.check(statistics.median(preview) <= 600, f"T3 its preview is {statistics.median(preview)} B, at most 600")
            t.send("g")
            t.wait("row 1 of")
            t.quiet(0.25)
            t.send("j" * 30)
            t.wait("row 31 of")
            t.quiet(0.05)
            c.check(t.line(23).startswith(" row 31 of"), "T5 30 keys at once are exactly 30 rows: " + t.line(23))
            c.check(t.until(lambda: t.screen.cursor.y > 4 and t.line(t.screen.cursor.y).startswith(">"), 3) is not None,
                    "T5 the hardware cursor is on the row")
            t.quiet(0.25)
            t.send("\x0c")
            redraw = len(t.quiet(0.25))
            c.check(redraw > 1200, f"(control) a full redraw is seen to cost {redraw} B")
            print(f"     with data {with_data} B, a move {statistics.median(move)} B, its preview "
                  f"{statistics.median(preview)} B, a redraw {redraw} B")
        with Terminal(home, f.url, 45, 160) as t:
            t.wait("row 1 of 500")
            t.quiet(0.25)
            before = len(t.all)
            t.send("j")
            t.wait("row 2 of")
            move = len(t.all) - before
            t.quiet(0.25)
            print(f"     at 160x45: with data and panes {before} B, a move {move} B, its detail "
                  f"{len(t.all) - before - move} B")
            c.check(move <= 160 and len(t.all) - before - move <= 600, "T3 moves at 160x45")
    c.ok("T1 T3 T5 moves")


def one_frame(c):
    """T5: keys that are there together are one frame: the row in between is never drawn."""
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        with Terminal(home, f.url) as t:
            t.wait("row 1 of 500")
            t.quiet(0.25)
            t.send("j" * 30)
            t.wait("row 31 of")
            frame = t.all[t.all.rfind(b"Anna"):]
            t.quiet(0.25)
            c.check(len(re.findall(rb"\x1b\[24;\d+H", frame)) <= 1,
                    "T5 the last line is written once")
            t.send("g")
            t.wait("row 1 of")
            t.quiet(0.25)
            start = len(t.all)
            t.send("j" * 30)
            t.wait("row 31 of")
            t.quiet(0.25)
            c.check(len(t.all) - start <= 1600, f"T5 30 keys are {len(t.all) - start} B, at most 1600")
            print(f"     30 keys {len(t.all) - start} B, preview included")
            t.send("g")
            t.type("/visse", "row 1 of 42")
            t.quiet(0.25)
            f.slow["/api/profiles/search"] = 0.5  # the offers alone
            start = len(t.all)
            t.type("\x15v", "/ v ")
            t.type("a", "Vaduz")
            offers = len(t.all) - start
            t.quiet(0.8, 1)
            start = len(t.all)
            t.type("d", "/ vad")
            t.gone("Vatican")
            print(f"     offers {offers} B")
            c.check(offers <= 600, f"what is typed ahead is {offers} B, at most 600")
    c.ok("T5 one frame for thirty keys")


def colours(c):
    everywhere = ("j", " ", "f", " ", "\x1b", "r", "\x1b", "\r", "\x1b", "?", "\x1b", "9", "\x1b", "J", "\r")
    with tempfile.TemporaryDirectory() as home, Fake(role="super_admin") as f:
        f.sign_in(home)
        for env, expected in (({"NO_COLOR": "1"}, False), ({}, True)):
            with Terminal(home, f.url, env=env) as t:
                t.wait("row 1 of")
                t.wait("super_admin")
                for keys in everywhere:
                    t.send(keys)
                    t.quiet(0.08)
                    if t.shows("+ done"):
                        break
                c.check(t.shows("+ done") and t.shows("rejected"),
                        "T16 every screen was visited, and states are words: " + t.text())
                found = t.coloured()
                c.check(bool(found) == expected, f"T16 colours with {env}: {found[:3]}")
                c.check(not re.search(rb"\x1b\[\?(9|100[0-6]|1015)h", t.all), "T12 the mouse is never asked for")
                c.check(b"\x1b]4;" not in t.all and b"\x1b]10;" not in t.all, "the palette is never changed")
        with Terminal(home, f.url, options=("--theme", "nosuch")) as t:
            c.check(t.wait("there is no such theme") is not None, "a theme that is not there is said, and it starts")
        with Terminal(home, f.url, env={"LANG": "C", "LC_ALL": "C"}) as t:
            c.check(t.wait("row 1 of") is not None, "it starts without UTF-8")
            t.send("r")
            t.wait("TOTAL NOW")
            c.check(max(t.all) < 128, "without UTF-8 only ASCII is sent")
    c.ok("T12 T16 no colours when they are not wanted, no mouse, no palette")


def main():
    c = Checks("paint")
    first_paint(c)
    moves(c)
    one_frame(c)
    colours(c)
    c.end()


main()
