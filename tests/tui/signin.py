"""The subcommands of signing in against the real server: a device code, the second factor with its QR
code (read back by zbar, answered by oathtool), sessions.
"""
import json
import codecs
import os
import pty
import re
import select
import subprocess
import sys
import time

import zbar

sys.path.insert(0, "tests")
from server import BUILD, Checks, Server  # noqa: E402

checks = Checks("signin")
check = checks.check


class Person:
    """A home of its own, signed in or not."""

    def __init__(self, s, name):
        self.s, self.name = s, name
        home = os.path.join(s.dir, "home." + name)
        os.makedirs(home, exist_ok=True)
        self.env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm",
                    "LEADGEN_SERVER": f"https://127.0.0.1:{s.port}"}
        for x in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if x in os.environ:
                self.env[x] = os.environ[x]
        self.server = [BUILD + "/leadgen", "--fingerprint", s.pin]

    def run(self, *words):
        return subprocess.run(self.server + list(words), env=self.env, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)

    def begin(self, *words):
        return subprocess.Popen(self.server + list(words), env=self.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def sign_in(self, user, *more):
        return self.run("auth", "login", "--email", f"{user}@leadgen.example", "--password-file",
                        os.path.join(self.s.dir, "password." + user), *more)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, person, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(person.server[0], person.server + list(words), person.env)
        self.text = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def wait(self, pattern):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = re.search(pattern, self.text)
            if found:
                return found
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.text += self.decoder.decode(os.read(self.fd, 65536))
                except OSError:
                    break
        raise RuntimeError(f"waited in vain for {pattern}: {self.text[-500:]}")

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def end(self):
        try:
            while data := os.read(self.fd, 65536):
                self.text += data.decode()
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def read_qr(lines):
    """Half blocks to pixels, light ones white, then to a reader of another make."""
    light = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}
    rows = []
    for line in lines:
        rows.append([light[c][0] for c in line])
        rows.append([light[c][1] for c in line])
    scale, width = 4, len(rows[0])
    data = bytes(255 * rows[y // scale][x // scale] for y in range(len(rows) * scale)
                 for x in range(width * scale))
    image = zbar.Image(width * scale, len(rows) * scale, "Y800", data)
    scanner = zbar.ImageScanner()
    scanner.scan(image)
    return [symbol.data for symbol in image]


def device(s):
    ann, kiosk = Person(s, "ann"), Person(s, "kiosk")
    check(ann.sign_in("ann").returncode == 0, "ann cannot sign in")
    waiting = kiosk.begin("auth", "login", "--device")
    code = None
    for line in waiting.stderr:
        found = re.search(r"leadgen auth approve (\S+)", line)
        if found:
            code = found[1]
            break
    check(ann.run("auth", "approve", "BBBB-BBBB").returncode == 5, "an unknown code is approved")
    done = ann.run("auth", "approve", code)
    check(done.returncode == 0 and "let in: leadgen/" in done.stderr, f"approve: {done}")
    waiting.communicate(timeout=60)
    check(waiting.returncode == 0, "the device is not let in")
    check("ann@leadgen.example" in kiosk.run("auth", "status").stdout, "the device is another's")
    items = json.loads(ann.run("auth", "sessions", "--json").stdout)["items"]
    check(len(items) == 2 and [x["current"] for x in items] == [False, True], f"{items}")
    check(ann.run("auth", "end", items[0]["id"]).returncode == 0, "a session is not ended")
    check(kiosk.run("auth", "status").returncode == 3, "the device is still in")
    check(ann.run("auth", "end", items[0]["id"]).returncode == 5, "it is ended twice")
    checks.ok("a device is let in with a code, seen among the sessions, and ended")


def totp(secret):
    return subprocess.run(["oathtool", "--totp", "-b", secret], capture_output=True, text=True,
                          check=True).stdout.strip()


def second_factor(s):
    bob = Person(s, "bob")
    bob.sign_in("bob")
    screen = Terminal(bob, "auth", "totp", "on")
    secret = screen.wait(r"secret there:\s+([A-Z2-7]{32})")[1]
    screen.wait("code: ")
    lines = [x for x in screen.text.replace("\r", "").split("\n") if "\u2588" in x]
    read = read_qr(lines)
    check(len(read) == 1 and re.fullmatch(
        r"otpauth://totp/LeadGen%20Pro:bob@leadgen\.example\?secret=" + secret +
        r"&issuer=LeadGen%20Pro", read[0]), f"zbar reads {read}")
    check(len(lines) <= 24 and max(map(len, lines)) <= 80, "the code is larger than 80x24")
    screen.type(totp(secret))
    check(screen.end() == 0, "it is not turned on: " + screen.text[-300:])
    codes = re.findall(r"^[A-Z2-7]{5}-[A-Z2-7]{5}$", screen.text.replace("\r", ""), re.M)
    check(len(codes) == 10, "there are no recovery codes")
    done = bob.sign_in("bob")
    check(done.returncode == 3 and "totp" in done.stderr, f"without a code: {done}")
    check(bob.sign_in("bob", "--totp", codes[0]).returncode == 0, "a recovery code is no good")
    check(bob.sign_in("bob", "--totp", codes[0]).returncode == 3, "it is good twice")
    check("9 recovery codes left" in bob.run("auth", "totp").stdout, "they are not counted")
    done = bob.run("auth", "totp", "off", "--password-file", s.dir + "/password.bob", "--totp",
                   codes[1])
    check(done.returncode == 0, f"it is not turned off: {done}")
    check(bob.run("auth", "totp").stdout == "off\n", "it is still on")
    checks.ok("the second factor: its QR code is read by zbar, its codes are oathtool's")


def main():
    with Server() as s:
        s.user("root", "super_admin")
        s.user("ann", "user")
        s.user("bob", "user")
        s.start()
        device(s)
        second_factor(s)
    checks.end()


main()
