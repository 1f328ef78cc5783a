"""leadgen on a pty of a size: its output counted, kept and drawn (pyte)."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", ".."))
from server import BUILD, Checks, sanitizer  # noqa: F401 (tests take Checks from here)

SANITIZED = sanitizer()
# Times are scaled under sanitizers; bytes never.
SLOW = float(os.environ.get("LEADGEN_SLOW", "6" if SANITIZED else "1"))


class Terminal:
    def __init__(self, home, url, rows=24, cols=80, env=None, term="xterm-256color", options=(), cwd=None):
        self.rows, self.cols = rows, cols
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.all = b""
        # We hold the other end too: when leadgen dies, what it left can be looked at.
        self.master, self.slave = pty.openpty()
        self.size(rows, cols)
        self.before = termios.tcgetattr(self.slave)
        full = {"PATH": os.environ["PATH"], "HOME": home, "TERM": term, "LANG": "C.UTF-8",
                "LEADGEN_SERVER": url, "LEADGEN_THEMES": os.path.abspath("themes"),
                "ASAN_OPTIONS": "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:"
                                "use_sigaltstack=0:log_path=" + os.path.join(home, "asan"),
                "TSAN_OPTIONS": "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:"
                                "use_sigaltstack=0:log_path=" + os.path.join(home, "tsan"),
                "UBSAN_OPTIONS": "print_stacktrace=1", **(env or {})}
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            [os.path.abspath(BUILD + "/leadgen"), *options], stdin=self.slave, stdout=self.slave,
            stderr=subprocess.DEVNULL, env=full, start_new_session=True, cwd=cwd,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, rows, cols):
        self.size(rows, cols)
        self.screen.resize(rows, cols)
        self.rows, self.cols = rows, cols

    def send(self, keys):
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def take(self, seconds):
        """What comes within so many seconds, one piece; b"" when nothing does."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return b""
        try:
            piece = os.read(self.master, 65536)
        except OSError:
            return b""
        self.all += piece
        self.stream.feed(piece)
        return piece

    def quiet(self, seconds=0.15, limit=5.0):
        """All that comes until nothing has come for so many seconds."""
        got, end = b"", time.monotonic() + limit * SLOW
        while time.monotonic() < end:
            piece = self.take(seconds)
            if not piece:
                break
            got += piece
        return got

    def until(self, holds, limit=10.0):
        """Until holds() is true; the seconds it took, or None."""
        start = time.monotonic()
        while not holds():
            if time.monotonic() - start > limit * SLOW:
                return None
            if not self.take(0.02) and self.process.poll() is not None and not self.take(0.02):
                return None
        return time.monotonic() - start

    def wait(self, text, limit=10.0):
        return self.until(lambda: self.shows(text), limit)

    def gone(self, text, limit=10.0):
        return self.until(lambda: not self.shows(text), limit)

    def type(self, keys, text, limit=10.0):
        """Send, then wait for the screen to show it."""
        self.send(keys)
        return self.wait(text, limit)

    def line(self, y):
        """Of wide characters the second cell is empty (pyte's own display stumbles over halves)."""
        row = self.screen.buffer[y]
        return "".join(row[x].data for x in range(self.screen.columns))

    def shows(self, text):
        return any(text in self.line(y) for y in range(self.screen.lines))

    def text(self):
        return "\n".join(self.line(y) for y in range(self.screen.lines))

    def signal(self, sig):
        os.kill(self.process.pid, sig)

    def exited(self, limit=5.0):
        """True once it has ended; what it wrote is read meanwhile."""
        end = time.monotonic() + limit * SLOW
        while time.monotonic() < end:
            if self.process.poll() is not None:
                while self.take(0):
                    pass
                return True
            self.take(0.01)
        return False

    def restored(self):
        """Second screen, keypad and marks of pastes off, cursor on, the line's modes as before."""
        def last(*codes):
            return max(self.all.rfind(code) for code in codes)

        modes = termios.tcgetattr(self.slave)
        return (last(b"\x1b[?1049l") > last(b"\x1b[?1049h") and
                last(b"\x1b[?1l") >= last(b"\x1b[?1h") and
                last(b"\x1b[?2004l") >= last(b"\x1b[?2004h") and
                last(b"\x1b[?25h") >= last(b"\x1b[?25l") and modes == self.before)

    def coloured(self):
        """The colour codes that were sent."""
        found = []
        for code in re.findall(rb"\x1b\[([0-9;:]*)m", self.all):
            found += [code for n in re.split(rb"[;:]", code)
                      if n.isdigit() and (30 <= int(n) <= 38 or 40 <= int(n) <= 48 or int(n) >= 90)]
        return found

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def sanitizer_reports(home):
    return [name for name in os.listdir(home) if name.startswith(("asan.", "tsan."))]
