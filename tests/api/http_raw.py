"""Shapes by which two parties disagree about where a request ends: one refusal, and no second answer.

Every shape is followed by, or hides, a whole second request.  A proper pair gets two answers, or
the harness is dead.
"""
import os
import re
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Checks, Server

# Even the library's own refusals have these.
ALWAYS = {"x-request-id", "cache-control", "x-content-type-options", "strict-transport-security",
          "referrer-policy", "content-security-policy", "cross-origin-resource-policy", "ratelimit",
          "ratelimit-policy", "connection"}
NEXT = b"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n"
JSON = b"Content-Type: application/json\r\n"


def get(headers=b"", target=b"/api/health", line=None):
    line = line if line is not None else b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n"
    return line + headers + b"\r\n"


def post(headers, body=b"", target=b"/api/auth/login"):
    return b"POST " + target + b" HTTP/1.1\r\nHost: a\r\n" + JSON + headers + b"\r\n" + body


N = str(len(NEXT)).encode()
CHUNKED = b"Transfer-Encoding: chunked\r\n"

# As many arguments as a target may have are answered in our words, not with an end of the connection.
ARGUMENTS = {
    "700 arguments": b"&".join(b"a%d" % i for i in range(700)),
    "3,000 empty ones": b"&" * 3000,
    "8,000 empty ones": b"&" * 8000,
    "500 with a value": b"&".join(b"country=X%d" % i for i in range(500)),
    "questions": b"?a=b" * 1900,
}

# Refused with one answer (or none), and the connection ends.
REFUSED = {
    # lengths
    "two lengths that differ": post(b"Content-Length: 0\r\nContent-Length: " + N + b"\r\n"),
    "two lengths that differ, turned": post(b"Content-Length: " + N + b"\r\nContent-Length: 0\r\n"),
    "two equal lengths": post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"),
    "a list of lengths": post(b"Content-Length: 0, 0\r\n"),
    "a list of lengths that differ": post(b"Content-Length: 0, 5\r\n"),
    "a negative length": post(b"Content-Length: -1\r\n"),
    "a length with a plus": post(b"Content-Length: +0\r\n"),
    "a hexadecimal length": post(b"Content-Length: 0x0\r\n"),
    "a length with a point": post(b"Content-Length: 0.0\r\n"),
    "a length with a blank": post(b"Content-Length: 0 0\r\n"),
    "a length in words": post(b"Content-Length: none\r\n"),
    "an empty length": post(b"Content-Length:\r\n"),
    "a length beyond 64 bits": post(b"Content-Length: 18446744073709551616\r\n"),
    "a length that wraps to 0": post(b"Content-Length: 340282366920938463463374607431768211456\r\n"),
    "a length of 63 bits": post(b"Content-Length: 9223372036854775807\r\n"),
    "lengths in two cases of letters": post(b"content-length: 0\r\nCONTENT-LENGTH: 5\r\n"),
    # length and chunks
    "length and chunks": post(b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n"),
    "chunks and length": post(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n"),
    "length 0 and chunks": post(b"Content-Length: 0\r\n" + CHUNKED, b"0\r\n\r\n"),
    "two codings": post(CHUNKED + CHUNKED, b"0\r\n\r\n"),
    "coding xchunked": post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    "coding gzip, chunked": post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "coding chunked, identity": post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
    "coding identity": post(b"Transfer-Encoding: identity\r\n"),
    "coding in quotes": post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"),
    "coding with a tab before": post(b"Transfer-Encoding:\tchunked \r\n", b"0\r\n\r\n"),
    "coding with a vertical tab": post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"),
    "coding with a parameter": post(b"Transfer-Encoding: chunked;q=1\r\n", b"0\r\n\r\n"),
    "an empty coding": post(b"Transfer-Encoding:\r\n", b"0\r\n\r\n"),
    "coding of HTTP/1.0": b"POST /api/auth/login HTTP/1.0\r\nHost: a\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    # names
    "a blank before the colon": post(b"Content-Length : 5\r\n", b"AAAAA"),
    "a tab before the colon": post(b"Content-Length\t: 5\r\n", b"AAAAA"),
    "a blank before the colon of the coding": post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
    "a blank before the name": get(b" X: 1\r\n"),
    "a blank before the first name": get(line=b"GET /api/health HTTP/1.1\r\n Host: a\r\n"),
    "a blank in the name": get(b"X Y: 1\r\n"),
    "an empty name": get(b": 1\r\n"),
    "no colon": get(b"X\r\n"),
    "a name with a slash": get(b"X/Y: 1\r\n"),
    "a name with a high byte": get(b"X\xff: 1\r\n"),
    "a name in brackets": get(b"(X): 1\r\n"),
    "a carriage return in the name": get(b"X\rY: 1\r\n"),
    # folding, line ends, NULs
    "a folded line": get(b"X: 1\r\n 2\r\n"),
    "a folded line with a tab": get(b"X: 1\r\n\t2\r\n"),
    "a folded coding": post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"),
    "a folded length": post(b"Content-Length:\r\n 5\r\n", b"AAAAA"),
    "a header hidden by a fold": get(b"X: 1\r\n Content-Length: 5\r\n"),
    "a bare LF after a header": get(b"X: 1\nY: 2\r\n"),
    "a bare LF after the request line": get(line=b"GET /api/health HTTP/1.1\nHost: a\r\n"),
    "bare LFs only": b"GET /api/health HTTP/1.1\nHost: a\n\n",
    "a bare LF as the empty line": b"GET /api/health HTTP/1.1\r\nHost: a\r\n\n",
    "a coding behind a bare LF": post(b"X: 1\n" + CHUNKED, b"0\r\n\r\n"),
    "a bare CR in a value": get(b"X: 1\r2\r\n"),
    "a bare CR for a line end": get(b"X: 1\rContent-Length: 5\r\n"),
    "a NUL in a value": get(b"X: 1\x002\r\n"),
    "a NUL in a name": get(b"X\x00Y: 1\r\n"),
    "a NUL in the length": post(b"Content-Length: 0\x005\r\n"),
    "a NUL in the target": get(target=b"/api/health\x00x"),
    "a NUL after the method": get(line=b"GET\x00 /api/health HTTP/1.1\r\nHost: a\r\n"),
    "a NUL for a line": get(b"\x00X: 1\r\n"),
    "two NULs for a line": get(b"\x00\x00X: 1\r\n"),
    "a control byte in a value": get(b"X: \x01\r\n"),
    "a DEL in a value": get(b"X: \x7f\r\n"),
    # what may come once
    "no host": get(line=b"GET /api/health HTTP/1.1\r\n"),
    "two hosts": get(b"Host: b\r\n"),
    "two equal hosts": get(b"Host: a\r\n"),
    "an empty host": get(line=b"GET /api/health HTTP/1.1\r\nHost:\r\n"),
    "a list of hosts": get(line=b"GET /api/health HTTP/1.1\r\nHost: a, b\r\n"),
    "a host with a path": get(line=b"GET /api/health HTTP/1.1\r\nHost: a/b\r\n"),
    "a host with a user": get(line=b"GET /api/health HTTP/1.1\r\nHost: a@b\r\n"),
    "two authorisations": get(b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"),
    "two idempotency keys": post(b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 2\r\n",
                                 b"{}"),
    "two content types": post(JSON + b"Content-Length: 2\r\n", b"{}"),
    "an unknown expectation": post(b"Expect: 200-ok\r\nContent-Length: 2\r\n", b"{}"),
    # the request line
    "absolute form": get(target=b"https://a/api/health"),
    "absolute form of another": get(target=b"http://b/api/health"),
    "authority form": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "asterisk form": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "no slash": get(target=b"api/health"),
    "a fragment": get(target=b"/api/health#x"),
    "a high byte in the target": get(target=b"/api/\xff"),
    "a tab in the target": get(target=b"/api/health\tx"),
    "a blank in the target": get(target=b"/api/health x"),
    "two blanks before the target": get(line=b"GET  /api/health HTTP/1.1\r\nHost: a\r\n"),
    "two blanks before the version": get(line=b"GET /api/health  HTTP/1.1\r\nHost: a\r\n"),
    "a blank after the version": get(line=b"GET /api/health HTTP/1.1 \r\nHost: a\r\n"),
    "a tab for a blank": get(line=b"GET\t/api/health HTTP/1.1\r\nHost: a\r\n"),
    "a method with a colon": get(line=b"GET: /api/health HTTP/1.1\r\nHost: a\r\n"),
    "no version": get(line=b"GET /api/health\r\n"),
    "no target": get(line=b"GET\r\n"),
    "no target but blanks": get(line=b"GET  \r\n"),
    "HTTP/0.9": b"GET /api/health\r\n",
    "HTTP/1.0": get(line=b"GET /api/health HTTP/1.0\r\nHost: a\r\n"),
    "HTTP/1.2": get(line=b"GET /api/health HTTP/1.2\r\nHost: a\r\n"),
    "HTTP/2.0": get(line=b"GET /api/health HTTP/2.0\r\nHost: a\r\n"),
    "http/1.1 in small letters": get(line=b"GET /api/health http/1.1\r\nHost: a\r\n"),
    "HTTP/1.1 with a zero": get(line=b"GET /api/health HTTP/1.10\r\nHost: a\r\n"),
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "garbage": b"\x16\x03\x01\x02\x00\r\n\r\n",
    # sizes
    "a target of 9 KiB": get(target=b"/api/" + b"a" * 9 * 1024),
    "a target of 40 KiB": get(target=b"/api/" + b"a" * 40 * 1024),
    "headers of 17 KiB": get(b"".join(b"X-%d: %s\r\n" % (i, b"a" * 1000) for i in range(17))),
    "headers of 40 KiB": get(b"X: " + b"a" * 40 * 1024 + b"\r\n"),
    "a body where none is taken, in chunks": get(CHUNKED, b"/api/health") + b"0\r\n\r\n",
    # broken chunks: whatever is answered, nothing may follow
    "a chunk size that is no number": post(CHUNKED, b"x\r\n{}\r\n0\r\n\r\n"),
    "a negative chunk size": post(CHUNKED, b"-1\r\n{}\r\n0\r\n\r\n"),
    "a chunk size beyond 64 bits": post(CHUNKED, b"ffffffffffffffff2\r\n{}\r\n0\r\n\r\n"),
    "a chunk longer than its size": post(CHUNKED, b"1\r\n{}\r\n0\r\n\r\n"),
    "a trailer with a length": post(CHUNKED, b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n"),
    "a chunk extension with a line end": post(CHUNKED, b"2;a=\nb\r\n{}\r\n0\r\n\r\n"),
    "chunk lines with bare LFs": post(CHUNKED, b"2\n{}\n0\n\n"),
    # an early answer: the body that comes after it is no request
    "a body that is too large": post(b"Content-Length: 70000\r\n", NEXT * 1600),
    "an expectation that is refused": post(b"Expect: 100-continue\r\nContent-Length: " + N + b"\r\n",
                                           target=b"/api/absent"),
}

# Answered as they should be, so many times, in one connection.
SERVED = {
    "a proper pair": (get() + NEXT, [200, 200]),
    "a pair with a body": (post(b"Content-Length: 2\r\n", b"{}") + NEXT, [400, 200]),
    "a request hidden in a body": (post(b"Content-Length: " + N + b"\r\n", NEXT) + NEXT, [400, 200]),
    "a refused short body is dropped": (post(b"Content-Length: " + N + b"\r\n", NEXT, b"/api/absent")
                                        + NEXT, [404, 200]),
    "a body where none is taken": (get(b"Content-Length: " + N + b"\r\n") + NEXT + NEXT, [400, 200]),
    "an empty line before": (b"\r\n" + get() + NEXT, [200, 200]),
    "a name in any case": (get(line=b"GET /api/health HTTP/1.1\r\nhOST: a\r\n") + NEXT, [200, 200]),
    "blanks after the colon": (get(b"X: \t  1\r\n") + NEXT, [200, 200]),
    "an empty value": (get(b"X:\r\n") + NEXT, [200, 200]),
    "UTF-8 in a value": (get("X: ä\r\n".encode()) + NEXT, [200, 200]),
    "headers of 15 KiB": (get(b"".join(b"X-%d: %s\r\n" % (i, b"a" * 1000) for i in range(15)))
                          + NEXT, [200, 200]),
    "a cookie": (get(b"Cookie: a=b; c=d\r\n") + NEXT, [200, 200]),
    "a question": (get(target=b"/api/health?a=1&b=%41") + NEXT, [400, 200]),
    "an unknown method": (get(line=b"BREW /api/health HTTP/1.1\r\nHost: a\r\n") + NEXT, [405, 200]),
    "HEAD": (get(line=b"HEAD /api/health HTTP/1.1\r\nHost: a\r\n") + NEXT, [405, 200]),
    "TRACE": (get(line=b"TRACE /api/health HTTP/1.1\r\nHost: a\r\n") + NEXT, [405, 200]),
    "chunks are the last of a connection": (post(CHUNKED, b"2\r\n{}\r\n0\r\n\r\n") + NEXT, [400]),
    "close is close": (get(b"Connection: close\r\n") + NEXT, [200]),
}

# Paths that must not be taken for /api/health, nor for anything else.
ABSENT = ["/api//health", "/api/./health", "/api/x/../health", "/api/health/", "//api/health",
          "/api/health;x", "/API/health", "/api/%68ealth", "/api%2fhealth", "/api/health%00",
          "/api/%2e%2e/api/health", "/api/health%20", "/", "/api", "/api/", "/.", "/..",
          "/api/profiles/../health", "/api/health.json"]


def answers(got, head):
    """The statuses as a client finds them: each answer ends where its Content-Length says."""
    codes = []
    while True:
        found = re.match(rb"HTTP/1\.1 (\d\d\d) [^\0]*?\r\n\r\n", got)
        if not found:
            return codes
        codes.append(int(found[1]))
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n", found[0])
        body = 0 if head and len(codes) == 1 else int(length[1]) if length else 0
        got = got[found.end() + body:]


def talk(s, data):
    """All that is answered until the server ends the connection or says nothing for a while."""
    raw = socket.create_connection(("127.0.0.1", s.port), timeout=20)
    got, ended = b"", False
    try:
        with s.tls.wrap_socket(raw) as tls:
            try:
                tls.sendall(data)
            except OSError:
                pass  # it may end the connection before it has read everything
            tls.settimeout(1)
            while True:
                try:
                    piece = tls.recv(65536)
                except (TimeoutError, socket.timeout):
                    break
                except (ssl.SSLError, OSError):
                    ended = True
                    break
                if not piece:
                    ended = True
                    break
                got += piece
    except OSError:
        ended = True
    return answers(got, data.startswith(b"HEAD")), ended, got


def check_refused(s, c, name):
    codes, ended, got = talk(s, REFUSED[name] + NEXT)
    c.check(len(codes) <= 1, f"{name}: a second answer: {codes}")
    c.check(all(400 <= x < 500 or x == 505 for x in codes), f"{name}: {codes}")
    c.check(ended, f"{name}: the connection stays open after {codes}")
    head, _, body = got.partition(b"\r\n\r\n")
    has = {line.split(b":")[0].decode().lower() for line in head.split(b"\r\n")[1:]}
    c.check(not codes or not ALWAYS - has, f"{name}: without {ALWAYS - has}")
    c.check(not codes or body.startswith(b'{"type":"urn:leadgen:problem:'), f"{name}: {got[:300]}")
    return len(codes)


def check_served(s, c, name):
    data, want = SERVED[name]
    codes, _, _ = talk(s, data)
    c.check(codes == want, f"{name}: {codes}, not {want}")


def check_arguments(s, c, name):
    target = b"/api/health?" + ARGUMENTS[name]
    codes, _, got = talk(s, get(target=target, headers=b"Connection: close\r\n"))
    c.check(codes == [400 if ARGUMENTS[name].strip(b"&") else 200], f"{name}: {codes}")
    c.check(b"<html>" not in got, f"{name}: not in our words")


def check_absent(s, c, path):
    codes, _, _ = talk(s, get(target=path.encode(), headers=b"Connection: close\r\n"))
    c.check(codes == [404], f"{path}: {codes}")


def main():
    c = Checks("http_raw")
    with Server() as s, ThreadPoolExecutor(16) as pool:
        s.user("boss", "super_admin")
        s.start("--rate_anonymous", "1000000", "--rate_login", "1000000", "--rate_health", "1000000")
        list(pool.map(lambda x: check_served(s, c, x), SERVED))
        c.ok(f"{len(SERVED)} proper shapes, pairs get two answers")
        list(pool.map(lambda x: check_arguments(s, c, x), ARGUMENTS))
        c.ok(f"{len(ARGUMENTS)} targets of many arguments are answered")
        said = sum(pool.map(lambda x: check_refused(s, c, x), REFUSED))
        c.check(said > len(REFUSED) * 3 // 4, f"only {said} are told why")
        c.ok(f"{len(REFUSED)} hostile shapes, no second answer; {said} refusals, all headers on each")
        list(pool.map(lambda x: check_absent(s, c, x), ABSENT))
        c.ok(f"{len(ABSENT)} spellings of a path are absent")
        s.process.terminate()
        c.check(s.process.wait(30) == 0, "the server does not end well")
    c.end()


main()
