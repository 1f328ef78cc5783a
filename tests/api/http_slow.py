"""Slow clients are gone at their deadline, whatever they drip, while an honest one is served.

The deadlines are the server's own: handshake and first request 10 s, headers 5 s, a stranger's body
at least 1 KiB/s after 10 s, idle 15 s before and 300 s after sign-in.  All attacks run at once.
"""
import os
import select
import socket
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Checks, Server

EACH, PATIENCE, SLACK = 6, 18, 2.5
LINE = b"GET /api/health HTTP/1.1\r\n"
WHOLE = LINE + b"Host: a\r\n\r\n"
POST = (b"POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Length: 60000\r\n\r\n")


def connect(s, source):
    return socket.create_connection(("127.0.0.1", s.port), 20, (source, 0))


def shake(s, source):
    return s.tls.wrap_socket(connect(s, source))


def life(sock, drip=b"", every=0.5):
    """Seconds until the server ends the connection; PATIENCE when it does not."""
    start, next_drip = time.monotonic(), 0.0
    sock.settimeout(5)
    while time.monotonic() - start < PATIENCE:
        if drip and time.monotonic() >= next_drip:
            next_drip = time.monotonic() + every
            try:
                sock.send(drip)
            except OSError:
                break
        if not select.select([sock], [], [], every / 2)[0]:
            continue
        try:
            if not sock.recv(4096):
                break
        except ssl.SSLWantReadError:
            continue
        except OSError:
            break
    sock.close()
    return min(time.monotonic() - start, PATIENCE)


def silent(s, source):
    return life(connect(s, source))


def handshake_drip(s, source):
    hello = ssl.MemoryBIO()
    tls = s.tls.wrap_bio(ssl.MemoryBIO(), hello)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    raw = connect(s, source)
    raw.sendall(hello.read()[:3])
    return life(raw, b"\x01")


def shaken_silent(s, source):
    return life(shake(s, source))


def line_drip(s, source):
    tls = shake(s, source)
    tls.sendall(b"GET /")
    return life(tls, b"a")


def header_drip(s, source):
    tls = shake(s, source)
    tls.sendall(LINE)
    return life(tls, b"X: y\r\n")


def body_drip(s, source):
    tls = shake(s, source)
    tls.sendall(POST)
    return life(tls, b" ")


def body_steady(s, source):
    tls = shake(s, source)
    tls.sendall(POST)
    return life(tls, b" " * 1100)


def idle(s, source):
    tls = shake(s, source)
    tls.sendall(WHOLE)
    return life(tls)


def idle_known(s, source):
    tls = shake(s, source)
    tls.sendall(LINE.replace(b"health", b"me") + b"Host: a\r\nAuthorization: Bearer "
                + s.token("ann").encode() + b"\r\n\r\n")
    return life(tls)


def half_closed(s, source):
    raw = connect(s, source)
    raw.shutdown(socket.SHUT_WR)
    return life(raw)


# What, the least and the most seconds it may live.
ATTACKS = [
    (silent, 9, 10 + SLACK),
    (handshake_drip, 9, 10 + SLACK),
    (shaken_silent, 9, 10 + SLACK),
    (line_drip, 9, 10 + SLACK),
    (header_drip, 4, 5 + SLACK),
    (body_drip, 9, 10 + SLACK),
    (idle, 14, 15 + SLACK),
    (half_closed, 0, SLACK),
    # controls: these are not cut
    (body_steady, PATIENCE, PATIENCE),
    (idle_known, PATIENCE, PATIENCE),
]


class Honest(threading.Thread):
    """Asks without pause until told to stop."""

    def __init__(self, s):
        super().__init__()
        self.s, self.stop, self.times, self.wrong = s, threading.Event(), [], 0

    def run(self):
        while not self.stop.is_set():
            start = time.monotonic()
            try:
                self.wrong += self.s.call("ann", "GET", "/api/me")[0] != 200
            except Exception:
                self.wrong += 1
            self.times.append(time.monotonic() - start)
            self.stop.wait(0.02)


def one_address(s, c):
    """One address gets its 100 connections and no more."""
    held = [connect(s, "127.0.1.1") for _ in range(130)]
    end, closed = time.monotonic() + 5, set()
    while time.monotonic() < end and len(closed) < 30:
        ready = select.select([x for x in held if x not in closed], [], [], 0.2)[0]
        closed.update(ready)
    c.check(len(closed) == 30, f"{130 - len(closed)} connections of one address, not 100")
    for x in held:
        x.close()


def main():
    c = Checks("http_slow")
    with Server() as s:
        s.user("ann", "user")
        s.user("boss", "super_admin")
        s.start("--rate_anonymous", "unlimited", "--rate_login", "unlimited", "--rate_general",
                "unlimited")
        s.token("ann")
        honest = Honest(s)
        honest.start()
        one_address(s, c)
        c.ok("one address has 100 connections")
        with ThreadPoolExecutor(EACH * len(ATTACKS)) as pool:
            lives = {(f, i): pool.submit(f, s, f"127.0.{10 + k}.{i + 1}")
                     for k, (f, _, _) in enumerate(ATTACKS) for i in range(EACH)}
        for f, least, most in ATTACKS:
            lived = sorted(lives[f, i].result() for i in range(EACH))
            c.check(least <= lived[0] and lived[-1] <= most,
                    f"{f.__name__}: lived {lived[0]:.1f} to {lived[-1]:.1f} s, not {least} to {most}")
        c.ok(f"{EACH} each of {len(ATTACKS)} slow clients end at their deadlines, two controls stay")
        honest.stop.set()
        honest.join()
        times = sorted(honest.times)
        c.check(len(times) > 100 and not honest.wrong, f"{honest.wrong} of {len(times)} went wrong")
        c.check(times[-1] < 5, f"the slowest honest call took {times[-1]:.1f} s")
        c.ok(f"{len(times)} honest calls meanwhile, p99 {times[len(times) * 99 // 100] * 1000:.0f} ms")
        s.process.terminate()
        c.check(s.process.wait(30) == 0, "the server does not end well")
    c.end()


main()
