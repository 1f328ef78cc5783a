"""Drawn change by change the screen is what a full redraw draws, also where dialogs cut wide characters (tmux)."""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake
from terminal import BUILD, SLOW, Checks

KEYS = ("j", "f", "Tab", "j", "Space", "Space", "Escape", "r", "m", "Escape", "s", "Escape")


class Tmux:
    def __init__(self, folder):
        self.socket = os.path.join(folder, "tmux")

    def __call__(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *words], capture_output=True,
                              text=True).stdout

    def settled(self):
        """The screen once it is the same for a while: the preview follows after 150 ms."""
        last, since, end = None, 0, time.monotonic() + 10 * SLOW
        while time.monotonic() < end:
            now = self("capture-pane", "-p")
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > 0.25 * SLOW:
                break
        return last


def main():
    c = Checks("redraw")
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        tmux = Tmux(home)
        env = {"HOME": home, "LANG": "C.UTF-8", "LEADGEN_SERVER": f.url, "LEADGEN_THEMES": os.path.abspath("themes"),
               "PATH": os.environ["PATH"], "TERM": "tmux-256color"}
        tmux("new-session", "-d", "-x", "80", "-y", "24", "env", "-i", *[f"{k}={v}" for k, v in env.items()],
             os.path.abspath(BUILD + "/leadgen"))
        end = time.monotonic() + 10 * SLOW
        while "row 1 of 500" not in tmux("capture-pane", "-p") and time.monotonic() < end:
            pass
        seen = set()
        for key in KEYS:
            tmux("send-keys", key)
            before = tmux.settled()
            tmux("send-keys", "C-l")
            after = tmux.settled()
            seen.add(before)
            differing = [pair for pair in zip(before.split("\n"), after.split("\n")) if pair[0] != pair[1]]
            c.check(not differing, f"after {key} it differs from a redraw: {differing}")
        c.check(len(seen) >= 7, f"(control) the keys lead to {len(seen)} different screens")
        c.check(any("佐" in x and "TOTAL NOW" in x for x in seen), "(control) a dialog lies over wide characters")
        tmux("kill-server")
    c.ok("drawn by changes, it is as drawn at once")
    c.end()


main()
