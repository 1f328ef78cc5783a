"""A server that is told to stop takes nothing new, and finishes what it began."""
import os
import re
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Checks, Server

BODY = b'{"email":"nobody@leadgen.example","password":"not the right one"}'
HEAD = (b"POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(BODY))
GET = b"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n"


def shake(s):
    return s.tls.wrap_socket(socket.create_connection(("127.0.0.1", s.port), 20))


def refuses(s):
    try:
        socket.create_connection(("127.0.0.1", s.port), 5).close()
    except ConnectionRefusedError:
        return True
    except OSError:  # reset: it was waiting when the listener went
        pass
    return False


def answer(sock, has=None):
    """The status of the next answer, read whole, and into `has` the names of its headers."""
    got = b""
    while True:
        head, end, body = got.partition(b"\r\n\r\n")
        if end and len(body) == int(re.search(rb"Content-Length: (\d+)", head)[1]):
            if has is not None:
                has.update(x.split(b":")[0].decode().lower() for x in head.split(b"\r\n")[1:])
            return int(head.split()[1])
        piece = sock.recv(4096)
        if not piece:
            return 0
        got += piece


def main():
    c = Checks("http_stop")
    with Server() as s:
        s.user("boss", "super_admin")
        s.start()
        begun, idle, silent = shake(s), shake(s), shake(s)
        idle.sendall(GET)
        c.check(answer(idle) == 200, "it does not answer")
        idle.settimeout(20)
        begun.sendall(HEAD + BODY[:10])
        idle.sendall(GET)
        c.check(answer(idle) == 200, "it does not answer")  # by now the other has begun
        start = time.monotonic()
        s.process.send_signal(signal.SIGTERM)
        while not refuses(s) and time.monotonic() - start < 10:
            time.sleep(0.02)
        c.check(refuses(s), "it still takes connections")
        idle.sendall(GET)
        has = set()
        c.check(answer(idle, has) == 503, "it serves a new request while it stops")
        for name in ("ratelimit", "content-security-policy", "retry-after", "x-request-id", "connection"):
            c.check(name in has, f"the refusal has no {name}")
        begun.sendall(BODY[10:])
        c.check(answer(begun) == 401, "what was begun is not finished")
        c.check(s.process.wait(15) == 0, "it does not end well")
        c.check(time.monotonic() - start < 15, "it takes too long to stop")
        c.ok("what was begun is answered, what is new is refused")
        silent.close()
    c.end()


main()
