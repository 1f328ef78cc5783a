"""The subcommands against a server of our own that answers as each case wants.

Expectations are written by hand from the man page: exit codes, what goes to stdout and what to
stderr, what is asked of a person, and what the server sees.
"""
import base64
import hashlib
import http.server
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, "tests")
from server import BUILD, Checks, sanitizer  # noqa: E402

LEADGEN = BUILD + "/leadgen"
ID = "0193ca7f-a800-7df4-82e0-bf58ef1370f9"
HOSTILE = "A\x1b]52;c;aGk=\x07\x1b[2J\u009b31m\u202egnp\u200bB"
checks = Checks("cli")
check = checks.check


def make_key(directory, name):
    key, cert = os.path.join(directory, name + ".key"), os.path.join(directory, name + ".crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=fake"], check=True, capture_output=True)
    der = subprocess.run(f"openssl x509 -in {cert} -pubkey -noout | openssl pkey -pubin -outform der",
                         shell=True, check=True, capture_output=True).stdout
    return key, cert, "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *words):
        pass

    def answer(self):
        n = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(n)
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        path = self.path.split("?")[0]
        route = self.server.routes.get((self.command, path))
        reply = route(self, body) if callable(route) else route
        if reply is None:
            reply = problem(404, "not_found")
        if reply == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        status, kind, data, extra = reply
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in extra.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer


def ok(doc, status=200):
    return status, "application/json", json.dumps(doc).encode(), {}


def problem(status, code, detail="a sentence", **extra):
    headers = {"Retry-After": str(extra.pop("retry"))} if "retry" in extra else {}
    return status, "application/problem+json", json.dumps(
        {"code": code, "detail": detail, "status": status, **extra}).encode(), headers


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


class Fake:
    """One HTTPS server; `routes` says what it answers, `seen` what it was asked."""

    def __init__(self, key, port=0):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(key[1], key[0])
        self.pin = key[2]
        self.http = Quiet(("127.0.0.1", port), Handler)
        self.http.socket = tls.wrap_socket(self.http.socket, server_side=True,
                                           do_handshake_on_connect=False)
        self.http.routes, self.http.seen = {}, []
        self.port = self.http.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def reset(self, **routes):
        """name=reply, name one of ROUTES."""
        self.http.routes = {ROUTES[name]: reply for name, reply in routes.items()}
        self.http.seen = []
        return self

    @property
    def seen(self):
        return self.http.seen

    def bodies(self):
        return [json.loads(body) for _, _, _, body in self.seen if body]


ROUTES = {
    "search": ("POST", "/api/profiles/search"),
    "show": ("GET", "/api/profiles/" + ID),
    "reveal": ("POST", "/api/reveals"),
    "login": ("POST", "/api/auth/login"),
    "refresh": ("POST", "/api/auth/refresh"),
    "logout": ("POST", "/api/auth/logout"),
    "me": ("GET", "/api/me"),
    "credits": ("GET", "/api/credits"),
    "upload": ("POST", "/api/uploads"),
    "jobs": ("GET", "/api/jobs"),
    "job": ("GET", "/api/jobs/" + ID),
    "events": ("GET", "/api/jobs/" + ID + "/events"),
    "errors": ("GET", "/api/jobs/" + ID + "/errors"),
    "cancel": ("POST", "/api/jobs/" + ID + "/cancel"),
}


class Person:
    """A home of its own, that knows the server and is signed in unless told otherwise."""

    def __init__(self, fake, pin=True, signed_in=True):
        self.home = tempfile.mkdtemp(dir=TOP)
        self.fake = fake
        self.known = os.path.join(self.home, ".config/leadgen/known")
        self.token = os.path.join(self.home, ".local/share/leadgen/token")
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"], "LEADGEN_SERVER": fake.url,
                    "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        if pin:
            self.write(self.known, f"127.0.0.1:{fake.port} {fake.pin}\n")
        if signed_in:
            self.sign_in()

    def write(self, path, text, mode=0o600):
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as f:
            f.write(text)
        return path

    def sign_in(self, access="good-access", ends=None):
        ends = ends if ends is not None else int(time.time() * 1000) + 600000
        self.write(self.token, f"127.0.0.1:{self.fake.port} {access} good-refresh {ends}\n")

    def file(self, name, text=""):
        return self.write(os.path.join(self.home, name), text)

    def popen(self, *words, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([LEADGEN, *words], env=self.env, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **more)

    def run(self, *words, stdin=""):
        done = subprocess.run([LEADGEN, *words], env=self.env, input=stdin.encode(),
                              capture_output=True, timeout=60)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, person, *words, width=80):
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(LEADGEN, [LEADGEN, *words], person.env)
        self.pid, self.fd, self.text = pid, fd, ""
        termios.tcsetwinsize(fd, (24, width))

    def read(self):
        ready, _, _ = select.select([self.fd], [], [], 30)
        if not ready:
            os.kill(self.pid, signal.SIGKILL)
            raise RuntimeError(f"silent for 30 s: {self.text!r}")
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.text += data.decode(errors="replace")
        return bool(data)

    def wait_for(self, words):
        while words not in self.text:
            if not self.read():
                raise RuntimeError(f"no {words!r} in {self.text!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        while self.read():
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status


def row(i, name="Ann Example"):
    return {"id": f"{i:08d}-a800-7df4-82e0-bf58ef1370f9", "name": name, "title": "VP Sales",
            "company": "Example AG", "country": "DE", "email": "a***@example.com",
            "phone": None, "owned": False}


def page(rows, total=None, cursor=None):
    return ok({"total": len(rows) if total is None else total, "items": rows, "facets": {},
               "next_cursor": cursor, "took_us": 5})


def pages(total):
    """A search of `total` rows, paged by a cursor that is the number of the next row."""
    def answer(handler, body):
        ask = json.loads(body)
        at = int(ask.get("cursor", "0"))
        end = min(at + ask["page_size"], total)
        return page([row(i) for i in range(at, end)], total, str(end) if end < total else None)
    return answer


def revealed(charged=1, outcome="revealed", ids=(ID,)):
    def answer(handler, body):
        ask = json.loads(body)
        dry = bool(ask.get("dry_run"))
        if not dry and ask["max_credits"] < charged:
            return problem(402, "over_max")
        return ok({"charged": 0 if dry else charged, "price": charged, "balance": 9,
                   "dry_run": dry,
                   "items": [{"id": i, "outcome": outcome, "charged": 0 if dry else 1, "price": 1,
                              "email": None if dry else "clear@example.com", "phone": None}
                             for i in ids]})
    return answer


def searches(fake):
    p = Person(fake)
    fake.reset(search=pages(3))
    code, out, err = p.run("search", "sales", "country:DE,FR", "-intern", "--filter", "city=Bonn",
                           "--filter", "city=Köln", "--filter", "-seniority=intern", "--sort", "-name")
    check(code == 0 and len(out.splitlines()) == 4 and "3 of 3" in err and "3 of 3" not in out,
          f"a table: {code} {out} {err}")
    check(fake.bodies() == [{"q": "sales country:DE,FR -intern", "sort": "-name",
                             "facets": ["none"], "city": ["Bonn", "Köln"],
                             "-seniority": ["intern"], "page_size": 10}],
          f"the question: {fake.bodies()}")
    check("\t" not in out and "Example AG" in out, "plain columns")

    fake.reset(search=pages(1203))
    code, out, err = p.run("search", "--limit", "1100", "--json")
    doc = json.loads(out)
    check(code == 0 and doc["schema"] == 1 and doc["total"] == 1203 and len(doc["items"]) == 1100 and
          doc["next_cursor"] == "1100", f"one object of three pages: {code} {err}")
    check([b["page_size"] for b in fake.bodies()] == [500, 500, 100], "pages are no larger than needed")
    check("facets" not in fake.bodies()[0], "JSON holds the panes")

    fake.reset(search=pages(1203))
    code, out, err = p.run("search", "--all", "--jsonl")
    check(code == 0 and len(out.splitlines()) == 1203 and
          json.loads(out.splitlines()[-1])["id"] == row(1202)["id"], "a line a row")
    code, out, err = p.run("search", "--limit", "2", "--ids")
    check(out == row(0)["id"] + "\n" + row(1)["id"] + "\n", f"ids: {out}")
    code, out, err = p.run("search", "--count")
    check(out == "1203\n", f"count: {out}")

    fake.reset(search=page([dict(row(1), name="=1+1", phone="+49 30 1")]))
    code, out, err = p.run("search", "--csv")
    check(out.splitlines()[0] == "id,name,title,company,country,email,phone" and ",\"'=1+1\"," in out,
          f"CSV: {out}")
    forgiven = json.loads(page([row(1)])[2])
    forgiven["corrections"] = [{"from": "salse\u202e\x1b[31m", "to": "sales"}]
    fake.reset(search=ok(forgiven))
    for form in ([], ["--ids"], ["--jsonl"], ["--csv"], ["--json"], ["--count"]):
        code, out, err = p.run("search", "salse", *form)
        check(code == 0 and err.count("no match for salse[31m, showing sales (") == 1 and "no match" not in out,
              f"a typo that was forgiven is said: {form} {code} {err!r}")
        check(form != ["--json"] or json.loads(out)["corrections"][0]["to"] == "sales", "and is in the JSON")
    fake.reset(search=page([]))
    for form in ([], ["--ids"], ["--jsonl"], ["--csv"], ["--json"], ["--count"]):
        code, out, err = p.run("search", "nobody", *form)
        check(code == 1, f"nothing found: {form} {code}")
    checks.ok("searches: filters, pages, five forms of output")


def the_first_line_comes_before_the_second_page(fake):
    p, go = Person(fake), threading.Event()

    def slow(handler, body):
        if "cursor" in json.loads(body):
            go.wait(30)
        return pages(600)(handler, body)

    fake.reset(search=slow)
    run = p.popen("search", "--all", "--jsonl")
    line = run.stdout.readline()
    check(json.loads(line)["id"] == row(0)["id"] and not go.is_set(), "a line before the next page")
    go.set()
    rest = run.stdout.read()
    run.communicate()
    check(run.returncode == 0 and rest.count(b"\n") == 599, "and the others after it")

    # What ASan keeps of freed memory is not ours; what TSan keeps cannot be told apart.
    p.env["ASAN_OPTIONS"] = p.env.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    resident = {}
    for n in (1, 20000):
        fake.reset(search=pages(n))
        run = p.popen("search", "--all", "--ids")
        lines = run.stdout.read().count(b"\n")
        run.stderr.read()
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        resident[n] = used.ru_maxrss
        check(lines == n, f"{lines} rows of {n}")
    if sanitizer() == "tsan":
        print("NOT PROVEN cli: pages do not pile up in memory: TSan's own memory hides it")
        return
    check(resident[20000] - resident[1] < 4096, f"KiB by rows: {resident}")
    checks.ok("rows stream page by page in bounded memory")


def exit_codes(fake, others):
    p = Person(fake)
    out = Person(fake, signed_in=False)
    expired = Person(fake)
    expired.sign_in(access="old")

    def expect(code, words, want="", who=p, **routes):
        fake.reset(**routes)
        got, o, e = who.run(*words)
        check(got == code and want in e, f"{' '.join(words)}: {got} {e!r}, want {code} {want!r}")
        check(code == 0 or not o or code in (1, 11) or words[0] == "reveal",
              f"{' '.join(words)}: words on stdout: {o!r}")

    reveal = ["reveal", ID, "--max-credits", "1"]
    expect(0, ["search"], search=pages(1))
    expect(2, ["search", "--nonsense"], "--nonsense")
    expect(2, ["search", "--limit"], "--limit")
    expect(2, ["search", "--limit", "0"], "--limit")
    expect(2, ["search", "--limit", "9999999999999999"], "--limit")
    expect(2, ["search", "--ids", "--json"], "one form")
    expect(2, ["search", "--filter", "country"], "FACET=VALUE")
    expect(2, ["search"], "color: no such facet",
           search=problem(400, "invalid", "no such facet", field="color"))
    expect(2, ["nonsense"], "no command nonsense")
    expect(2, ["jobs", "sh"], "leadgen jobs ls")
    expect(2, ["--server", "http://x", "search"], "https://")
    expect(2, ["show"], "say which")
    expect(2, ["reveal", "--max-credits", "1"], "--ids FILE")
    expect(2, ["reveal", ID, "--max-credits", "-1"], "amount")
    expect(2, ["reveal", ID, "--max-credits", "1.005"], "amount")
    expect(2, ["reveal", "--ids", "/nonexistent", "--max-credits", "1"], "cannot be read")
    expect(2, reveal + ["--output", "/nonexistent/x"], "cannot be written")
    check(not fake.seen, "nothing is paid for that has no place")
    expect(2, ["upload", "/nonexistent"], "cannot be read")
    expect(2, ["upload", "/"], "directory")
    expect(3, ["search"], "auth login", who=out)
    check(not fake.seen, "nothing is sent without a sign-in")
    expect(3, ["search"], "auth login", who=expired, search=problem(401, "token_expired"),
           refresh=problem(401, "unauthorized"))
    expect(3, ["auth", "login", "--email", "a@b.c", "--password-fd", "0"], "wrong", who=out,
           login=problem(401, "bad_login", "wrong"))
    expect(4, reveal, "role", reveal=problem(403, "forbidden", "your role"))
    expect(5, ["show", ID], "no such", show=problem(404, "not_found", "no such thing"))
    expect(5, reveal, reveal=revealed(0, "not_found"))
    expect(6, reveal, "enough", reveal=problem(402, "insufficient_credits", "not enough"))
    expect(6, reveal, reveal=revealed(3))
    expect(7, ["jobs", "cancel", ID], "ended", cancel=problem(409, "conflict", "it has ended"))
    expect(8, ["search"], "retry-after: 17", search=problem(429, "rate_limited", retry=17))
    expect(10, ["search"], "mistake", search=problem(500, "internal", "a mistake"))
    expect(10, ["search"], search=(200, "application/json", b'{"total":', {}))
    expect(10, ["search"], search=(302, "text/plain", b"", {"Location": fake.url + "/api/me"}))
    expect(10, ["jobs", "errors", ID], errors=(500, "text/html", b"<h1>", {}))
    two = {"items": [{"id": "1", "outcome": "revealed", "charged": 1},
                     {"id": "2", "outcome": "not_found", "charged": 0}],
           "charged": 1, "price": 1, "balance": 1}
    expect(11, reveal, "charged 1", reveal=ok(two))
    expect(1, reveal, reveal=revealed(0, "suppressed"))
    expect(1, ["reveal", "--ids", p.file("none"), "--max-credits", "1"], "nothing to do")
    expect(12, ["upload", p.file("a.csv", "x")], "empty", upload=problem(400, "invalid", "is empty"))
    expect(12, ["upload", p.file("a.csv", "x")], upload=problem(415, "unsupported_media_type"))
    expect(1, ["jobs", "ls"], jobs=ok({"items": []}))
    expect(1, ["jobs"], jobs=ok({"items": []}))
    expect(1, ["jobs", "--json"], jobs=ok({"items": []}))
    expect(1, ["jobs", "errors", ID], errors=(200, "text/csv", b"line,column,code,reason\r\n", {}))
    gone = Person(others)
    others.close()
    got, _, e = gone.run("search")
    check(got == 9 and others.url in e, f"a server that is gone: {got} {e}")
    checks.ok("every exit code, from what a server may answer")


def signals_and_pipes(fake):
    p = Person(fake)
    hold = threading.Event()
    fake.reset(search=pages(100000))
    run = subprocess.run(["/bin/bash", "-c", f"{LEADGEN} search --all --jsonl | head -1; "
                          "echo ${PIPESTATUS[0]}"], env=p.env, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    check(len(lines) == 2 and lines[1] == "141" and run.stderr == "",
          f"a closed pipe is silent: {lines[1:]} {run.stderr!r}")
    check(len(fake.seen) < 20, f"{len(fake.seen)} pages were asked for")

    fake.reset(search=lambda handler, body: hold.wait(30) and None)
    run = p.popen("search")
    while not fake.seen:
        select.select([], [], [], 0.01)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)
    hold.set()
    check(run.returncode == -signal.SIGINT, f"interrupted: {run.returncode}")

    fake.reset(search=pages(3))
    with open("/dev/full", "w") as full:
        run = subprocess.run([LEADGEN, "search"], env=p.env, stdout=full, stderr=subprocess.PIPE)
    check(run.returncode == 11 and b"written" in run.stderr, f"a full disk: {run.returncode}")
    p.env.update(https_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1",
                 HTTPS_PROXY="http://127.0.0.1:1")
    check(p.run("search")[0] == 0, "proxies of the environment are not used")
    checks.ok("pipes, interrupts, a full disk, proxies")


def keys_are_pinned(fake, keys):
    good, wrong = fake.pin, "sha256//" + "A" * 43 + "="
    new = Person(fake, pin=False)
    fake.reset(search=pages(1))
    code, _, err = new.run("search")
    check(code == 9 and "--fingerprint" in err and not fake.seen, f"an unknown key: {code} {err}")
    code, _, err = new.run("--fingerprint", wrong, "search")
    check(code == 9 and good in err and not fake.seen and not os.path.exists(new.known),
          f"another key than named: {code} {err}")
    check(new.run("--fingerprint", "sha256//x", "search")[0] == 2, "no fingerprint at all")
    code, _, err = new.run("search", "--fingerprint", good)
    check(code == 0 and good in open(new.known).read(), f"the named key: {code} {err}")
    check(new.run("search")[0] == 0, "it is remembered")
    check(new.run("--fingerprint", wrong, "search")[0] == 9 and good in open(new.known).read(),
          "a misspelt fingerprint replaces nothing")

    asked = Person(fake, pin=False)
    for answer, want in (("n\r", 9), ("y\r", 0), (None, 0)):
        t = Terminal(asked, "search")
        if answer:
            t.wait_for("[y/N]")
            check(good in t.text and asked.known and not fake.seen[2:], "the fingerprint is shown")
            t.type(answer)
        code = t.end()
        check(code == want, f"asked for the key, {answer!r}: {code}")

    moved = Fake(keys[0])
    known = Person(moved)
    port = moved.port
    moved.close()
    moved = Fake(keys[1], port)
    moved.reset(search=pages(1))
    for words in (["search"], ["reveal", ID, "--max-credits", "1"]):
        code, _, err = known.run(*words)
        check(code == 9 and "KEY HAS CHANGED" in err and not moved.seen, f"a changed key: {code} {err}")
    code, _, err = known.run("--fingerprint", moved.pin, "search")
    check(code == 0 and known.run("search")[0] == 0, f"named, it is taken: {code} {err}")
    moved.close()
    checks.ok("keys: unknown, named, asked for, changed")


def signing_in(fake):
    p = Person(fake, signed_in=False)
    tokens = ok({"access_token": "t-access", "refresh_token": "t-refresh", "token_type": "Bearer",
                 "expires_in": 600})
    secret = "correct horse battery staple"
    fake.reset(login=tokens, me=ok({"id": ID, "email": "ann@example.com", "role": "user",
                                    "account": "a", "balance": 0.5}), logout=ok({"message": "x"}))
    code, out, err = p.run("auth", "login", "--email", "ann@example.com", "--password-file",
                           p.file("pw", secret + "\n"))
    check(code == 0 and not out, f"with a file: {code} {err}")
    check(fake.bodies() == [{"email": "ann@example.com", "password": secret}], "what is sent")
    check("Authorization" not in fake.seen[0][2], "anonymously")
    mode = [stat.S_IMODE(os.stat(x).st_mode) for x in (p.token, os.path.dirname(p.token))]
    check(mode == [0o600, 0o700], f"the token file's modes: {mode}")
    code, out, _ = p.run("auth", "status")
    check(code == 0 and p.token in out and "ann@example.com" in out and fake.url in out and
          "balance  0.5" in out and re.search(r"expires  20\d\d-", out), f"status: {out}")
    doc = json.loads(p.run("auth", "status", "--json")[1])
    check(doc["schema"] == 1 and doc["token_file"] == p.token and doc["role"] == "user", f"{doc}")
    check(fake.seen[-1][2]["Authorization"] == "Bearer t-access", "with the token")
    p.env["LC_ALL"] = "de_DE.UTF-8"
    check("balance  0.5" in p.run("auth", "status")[1], "numbers do not follow the locale")
    check(p.run("auth", "logout")[0] == 0 and "t-access" not in open(p.token).read(), "signed out")
    check(p.run("auth", "status")[0] == 3, "and nobody is signed in")

    code, _, err = p.run("auth", "login", "--email", "a@b.c", "--password-fd", "0",
                         stdin=secret + "\r\n")
    check(code == 0 and fake.bodies()[-1]["password"] == secret, f"with a descriptor: {code} {err}")
    check(p.run("auth", "login", "--email", "a@b.c")[0] == 2, "no password and no terminal")
    check(p.run("auth", "login")[0] == 2, "nobody and no terminal")

    t = Terminal(p, "auth", "login")
    t.wait_for("e-mail: ")
    t.type("ann@example.com\r")
    t.wait_for("password: ")
    t.type(secret + "\r")
    check(t.end() == 0 and secret not in t.text, f"typed and not shown: {t.text!r}")
    check(fake.bodies()[-1]["password"] == secret, "as it was typed")
    t = Terminal(p, "auth", "login", "--email", "a@b.c")
    t.wait_for("password: ")
    n = len(fake.seen)
    t.type("half\x03")
    while t.read():
        pass
    check(termios.tcgetattr(t.fd)[3] & termios.ECHO, "the echo is back after Ctrl-C")
    check(t.end() == 130 and len(fake.seen) == n, "and nothing was sent")

    os.chmod(p.token, 0o640)
    code, _, err = p.run("search")
    check(code == 3 and "chmod 600 " + p.token in err, f"a token file others can read: {code} {err}")
    check(p.run("info")[0] == 0 and p.run("help")[0] == 0, "information needs no tokens")
    checks.ok("signing in: file, descriptor, typed; status; where tokens lie")


def tokens_are_exchanged(fake):
    p = Person(fake)

    def guarded(handler, body):
        fresh = handler.headers["Authorization"] == "Bearer new-access"
        return pages(1)(handler, body) if fresh else problem(401, "token_expired")

    fake.reset(search=guarded, refresh=ok({"access_token": "new-access", "expires_in": 600,
                                           "refresh_token": "new-refresh"}))
    check(p.run("search")[0] == 0, "an expired token is exchanged")
    check([x[1] for x in fake.seen] ==
          ["/api/profiles/search", "/api/auth/refresh", "/api/profiles/search"], "once")
    check("new-access new-refresh" in open(p.token).read(), "and kept")
    check(json.loads(fake.seen[1][3]) == {"refresh_token": "good-refresh"}, "with the old one")
    p.sign_in(ends=int(time.time() * 1000) + 2000)
    fake.http.seen = []
    check(p.run("search")[0] == 0 and len(fake.seen) == 2, "one that ends soon is exchanged first")
    checks.ok("tokens are exchanged and kept")


def reveals(fake):
    p = Person(fake)
    fake.reset(reveal=revealed())
    code, out, err = p.run("reveal", ID, "--dry-run")
    check(code == 0 and "price 1 credit" in err and "clear@" not in out, f"a dry run: {out} {err}")
    check(fake.bodies() == [{"ids": [ID], "fields": ["email"], "dry_run": True}] and
          "Idempotency-Key" not in fake.seen[0][2], "asks for the price and nothing else")
    fake.reset(reveal=revealed())
    check(p.run("reveal", ID)[0] == 2 and p.run("reveal", ID, "--yes")[0] == 2 and not fake.seen,
          "no consent, no request")
    code, out, err = p.run("reveal", ID, "--fields", "email,phone", "--max-credits", "4.5", "--json")
    doc = json.loads(out)
    check(code == 0 and doc["schema"] == 1 and doc["items"][0]["email"] == "clear@example.com",
          f"{code} {out} {err}")
    check(fake.bodies() == [{"ids": [ID], "fields": ["email", "phone"], "max_credits": 4.5}],
          f"what is asked: {fake.bodies()}")
    fake.reset(reveal=revealed(2, ids=("one", "two")))
    code, out, _ = p.run("reveal", "--ids", "-", "--max-credits", "2", "--jsonl", stdin="one\n\ntwo \n")
    check(code == 0 and fake.bodies()[0]["ids"] == ["one", "two"] and len(out.splitlines()) == 2,
          "ids from a pipe")
    fake.reset(reveal=revealed(2, ids=("one", "two")))
    p.run("reveal", "--ids", "-", "--max-credits", "2", stdin="one\0two\0")
    check(fake.bodies()[0]["ids"] == ["one", "two"], "ids between NULs")
    check(p.run("reveal", "--ids", "-", "--max-credits", "2", stdin="x\n" * 1000001)[0] == 2,
          "a million at most")

    path = os.path.join(p.home, "leads.csv")
    p.file("leads.csv", "old " * 100)
    os.chmod(path, 0o644)
    code, out, _ = p.run("reveal", ID, "--max-credits", "2", "--output", path)
    text = open(path).read()
    check(code == 0 and not out and text.startswith("id,outcome,") and "clear@example.com" in text and
          "old" not in text and stat.S_IMODE(os.stat(path).st_mode) == 0o600, f"a file: {text}")
    fake.reset(reveal=problem(402, "over_max"))
    check(p.run("reveal", ID, "--max-credits", "0", "--output", path)[0] == 6 and
          open(path).read() == text, "a refusal leaves it alone")
    checks.ok("reveals: price, consent, ids from a pipe, files")


def reveals_in_parts(fake):
    """More than one request takes: parts under keys of their own, one price, one sum."""
    p = Person(fake)
    ids = [f"id{i}" for i in range(2500)]

    def part(handler, body):
        ask = json.loads(body)
        n = len(ask["ids"])
        if not ask.get("dry_run") and ask["max_credits"] < n:
            return problem(402, "over_max")
        return ok({"charged": 0 if ask.get("dry_run") else n, "price": n, "balance": 5000 - n, "dry_run": False,
                   "items": [{"id": i, "outcome": "revealed", "charged": 1, "price": 1,
                              "email": i + "@example.com", "phone": None} for i in ask["ids"]]})

    def parts():
        return [(len(b["ids"]), b.get("max_credits")) for b in fake.bodies()]

    many = "\n".join(ids)
    fake.reset(reveal=part)
    code, out, err = p.run("reveal", "--ids", "-", "--max-credits", "2600", "--csv", stdin=many)
    check(code == 0 and parts() == [(1000, 2600), (1000, 1600), (500, 600)], f"three parts: {code} {parts()} {err}")
    check([x.split(",")[0] for x in out.splitlines()] == ["id"] + ids and "charged 2500 credits, balance 4500" in err,
          "one table, one sum: " + err)
    keys = [x[2]["Idempotency-Key"] for x in fake.seen]
    check(len(set(keys)) == 3 and [k[-2:] for k in keys] == [".1", ".2", ".3"], f"a key each: {keys}")
    fake.reset(reveal=part)
    code, out, err = p.run("reveal", "--ids", "-", "--max-credits", "2600", "--json", "--key", "mine", stdin=many)
    doc = json.loads(out)
    check(code == 0 and len(doc["items"]) == 2500 and doc["charged"] == 2500 and doc["balance"] == 4500, "one object")
    check(fake.seen[2][2]["Idempotency-Key"] == "mine.3", "under the given key")
    fake.reset(reveal=part)
    code, out, err = p.run("reveal", "--ids", "-", "--dry-run", stdin=many)
    check(code == 0 and "price 2500 credits" in err and all("max_credits" not in b for b in fake.bodies()), err)
    fake.reset(reveal=part)
    code, out, err = p.run("reveal", "--ids", "-", "--max-credits", "1500", "--jsonl", stdin=many)
    check(code == 11 and len(out.splitlines()) == 1000 and "charged 1000 credits" in err and
          "1000 of 2500 were answered" in err, f"what is above the maximum is not charged: {code} {err}")
    waits = iter([None, problem(429, "rate_limited", retry=1)])
    fake.reset(reveal=lambda handler, body: next(waits, None) or part(handler, body))
    code, out, err = p.run("reveal", "--ids", "-", "--max-credits", "2500", "--jsonl", stdin=many)
    keys = [x[2]["Idempotency-Key"][-2:] for x in fake.seen]
    check(code == 0 and keys == [".1", ".2", ".2", ".3"], f"being told to wait is no failure: {code} {keys} {err}")
    p.file("ids", many)
    fake.reset(reveal=part)
    t = Terminal(p, "reveal", "--ids", os.path.join(p.home, "ids"), "--output", os.path.join(p.home, "out.csv"))
    t.wait_for("[y/N]")
    check("price 2500 credits" in t.text and t.text.count("[y/N]") == 1, "one price is asked about: " + t.text)
    check([m for _, m in parts()] == [None] * 3, "and nothing is charged before")
    t.type("y\r")
    check(t.end() == 0 and [m for _, m in parts()][3:] == [2500, 1500, 500], f"then it goes on: {parts()}")
    check(len(open(os.path.join(p.home, "out.csv")).read().splitlines()) == 2501, "all of it in the file")
    checks.ok("reveals in parts: keys, one price, one sum, waiting, stopping")


def reveals_on_a_terminal(fake):
    p, hold = Person(fake), threading.Event()

    def slow(handler, body):
        hold.wait(30)
        return revealed()(handler, body)

    def paid():
        return [b for b in fake.bodies() if not b.get("dry_run")]

    fake.reset(reveal=revealed())
    t = Terminal(p, "reveal", ID)
    t.wait_for("[y/N]")
    check("price 1 credit" in t.text and not paid(), "the price comes first")
    t.type("n\r")
    check(t.end() == 1 and not paid(), "no is no")
    t = Terminal(p, "reveal", ID)
    t.wait_for("[y/N]")
    t.type("\r")
    check(t.end() == 1 and not paid(), "Enter is no")
    fake.reset(reveal=slow)
    t = Terminal(p, "reveal", ID)
    while not fake.seen:
        select.select([], [], [], 0.01)
    t.type("y\r")
    hold.set()
    t.wait_for("[y/N]")
    t.type("n\r")
    check(t.end() == 1 and not paid(), "what was typed before the price does not count")
    fake.reset(reveal=revealed())
    t = Terminal(p, "reveal", ID)
    t.wait_for("[y/N]")
    t.type("y\r")
    check(t.end() == 0 and [b["max_credits"] for b in paid()] == [1], f"yes pays the price: {paid()}")
    check("clear@" not in t.text and "(--show)" in t.text, "contacts are not shown")
    fake.reset(reveal=revealed())
    t = Terminal(p, "reveal", ID, "--max-credits", "1", "--yes", "--show")
    check(t.end() == 0 and "clear@example.com" in t.text and len(fake.seen) == 1,
          "unless asked for; --yes does not ask")
    fake.reset(reveal=revealed(0, "owned"))
    t = Terminal(p, "reveal", ID)
    check(t.end() == 0 and "[y/N]" not in t.text and [b["max_credits"] for b in paid()] == [0],
          "what costs nothing is not asked about")
    fake.reset(reveal=revealed())
    t = Terminal(p, "reveal", ID, "--max-credits", "0.5")
    check(t.end() == 6 and not paid(), "a price above the maximum is not even asked for")
    prices = iter([1, 3])
    fake.reset(reveal=lambda handler, body: revealed(next(prices))(handler, body))
    t = Terminal(p, "reveal", ID)
    t.wait_for("[y/N]")
    t.type("y\r")
    check(t.end() == 7, "a price that rose meanwhile")
    checks.ok("a reveal on a terminal: price, yes, and nothing typed ahead")


def lost_answers(fake):
    p = Person(fake)
    replies = iter(["drop", problem(503, "unavailable", retry=1)])
    fake.reset(reveal=lambda handler, body: next(replies, None) or revealed()(handler, body))
    code, out, err = p.run("reveal", ID, "--max-credits", "1")
    keys = {x[2]["Idempotency-Key"] for x in fake.seen}
    check(code == 0 and len(fake.seen) == 3 and len(keys) == 1 and "clear@" in out,
          f"asked again under the same key: {code} {err}")
    check(len({x[3] for x in fake.seen}) == 1, "with the same bytes")

    replies = iter(["drop"])
    fake.reset(reveal=lambda handler, body: next(replies, None) or
               problem(503, "unavailable", retry=1))
    code, out, err = p.run("reveal", ID, "--max-credits", "1")
    key = fake.seen[0][2]["Idempotency-Key"]
    check(code == 13 and key in err and not out, f"never answered: {code} {err}")
    check(len(fake.seen) == 5 and len({x[2]["Idempotency-Key"] for x in fake.seen}) == 1,
          "four times more, under one key")
    fake.reset(reveal=revealed())
    code, out, _ = p.run("reveal", ID, "--max-credits", "1", "--key", key)
    check(code == 0 and fake.seen[0][2]["Idempotency-Key"] == key, "the key can be given again")
    replies = iter(["drop"])
    fake.reset(reveal=lambda handler, body: next(replies, None) or problem(401, "unauthorized"))
    code, _, err = p.run("reveal", ID, "--max-credits", "1")
    check(code == 13 and fake.seen[0][2]["Idempotency-Key"] in err and len(fake.seen) == 2,
          f"a refusal to talk settles nothing: {code} {err}")
    fake.reset(reveal=problem(503, "unavailable"))
    check(p.run("reveal", ID, "--max-credits", "1")[0] == 10 and len(fake.seen) == 1,
          "what was answered is not repeated")
    checks.ok("lost answers: the same key, and said when unknown")


def uploads(fake):
    p = Person(fake)
    counts = {"read": 3, "created": 2, "updated": 0, "merged": 0, "skipped": 0, "rejected": 0}
    states = iter(["running", "done"])

    def job(state, rejected=0):
        return {"id": ID, "kind": "upload", "state": state, "progress": 1 if state == "done" else 0.5,
                "counts": dict(counts, rejected=rejected), "name": "leads.csv",
                "error": {"code": "invalid", "detail": "no header"} if state == "failed" else None}

    event = b"event: progress\ndata: " + json.dumps(job("running")).encode() + b"\n\n: still here\n\n"
    path = p.file("leads.csv", "Email,Name\n" + "x@example.com,X\n" * 200000)
    with open(path, "rb") as f:
        data = f.read()
    fake.reset(upload=ok({"id": ID, "state": "queued"}, 202),
               job=lambda handler, body: ok(job(next(states))),
               events=(200, "text/event-stream", event, {}))
    code, out, err = p.run("upload", path)
    check(code == 0 and out == ID + "\n" and not err, f"an upload: {code} {out} {err}")
    check(fake.seen[0][3] == data, "every byte arrives")
    check(fake.seen[0][1] == "/api/uploads?name=leads.csv", fake.seen[0][1])
    code, out, err = p.run("upload", path, "--map", "E-mail (work):email", "--map", "Notes:",
                           "--country", "DE", "--wait", "--json", "--progress=json")
    check(code == 0 and json.loads(out)["state"] == "done", f"waited for: {code} {out} {err}")
    check("&map=E-mail%20%28work%29%3Aemail&map=Notes%3A&country=DE" in fake.seen[1][1],
          f"mapping and country: {fake.seen[1][1]}")
    check([json.loads(x)["progress"] for x in err.splitlines()] == [0.5, 0.5, 1],
          f"progress as JSON lines: {err}")
    code, out, err = p.run("upload", "-", stdin="a,b\n")
    check(code == 0 and fake.seen[-1][3] == b"a,b\n", f"from a pipe: {code} {err}")
    for state, rejected, want in (("done", 1, 11), ("failed", 0, 12), ("cancelled", 0, 11)):
        fake.reset(job=ok(job(state, rejected)))
        code, out, err = p.run("jobs", "wait", ID)
        check(code == want and f"job {ID} {state}" in out, f"a job {state}: {code} {err}")
    check("rejected" in out and p.run("jobs", "show", ID)[0] == 0, "counts are shown")
    fake.reset(jobs=ok({"items": [job("done")]}),
               errors=(200, "text/csv", b'line,column,code,reason\r\n3,"A,b",x,"y"\r\n', {}))
    check(p.run("jobs", "ls", "--ids")[1] == ID + "\n", "ids of jobs")
    check(p.run("jobs", "errors", ID)[1] == 'line,column,code,reason\n3,"A,b",x,"y"\n'.replace(
        "\n", "\r\n"), "the report comes as it is")
    fake.reset(credits=ok({"balance": 1.5, "entries": [
        {"id": ID, "at": "2026-11-24T10:00:00.000Z", "kind": "reveal", "amount": -0.5, "balance": 1.5,
         "fields": "email", "profile_id": ID, "reason": None}]}))
    code, out, _ = p.run("stats", "credits")
    check(code == 0 and out.startswith("balance 1.5\n") and "-0.5" in out, out)
    checks.ok("uploads and jobs: streamed, mapped, followed")


def a_bar_on_a_terminal(fake):
    p = Person(fake)
    states = iter(["running", "done"])
    fake.reset(upload=ok({"id": ID, "state": "queued"}, 202), events=(200, "text/event-stream", b"", {}),
               job=lambda handler, body: ok({"id": ID, "state": next(states), "progress": 0.5,
                                             "counts": {"rejected": 0}}))
    t = Terminal(p, "upload", p.file("a.csv", "a,b\nc,d\n"), "--wait")
    check(t.end() == 0 and "[####" in t.text and "sending" in t.text and "processing" in t.text,
          f"a bar: {t.text!r}")
    checks.ok("progress is a bar on a terminal")


def nothing_hostile_reaches_the_terminal(fake):
    p = Person(fake)
    bad = dict(row(1, HOSTILE), company=HOSTILE, title=HOSTILE * 3)
    job = {"id": ID, "kind": HOSTILE, "state": "done", "name": HOSTILE, "progress": 1,
           "counts": {"rejected": 0}, "error": {"detail": HOSTILE}}
    fake.reset(search=page([bad]), show=ok(bad), jobs=ok({"items": [job]}), job=ok(job),
               errors=(200, "text/csv", ("line\r\n" + HOSTILE + "\r\n").encode(), {}),
               credits=ok({"balance": 1, "entries": [{"reason": HOSTILE}]}),
               cancel=problem(409, "conflict", HOSTILE, field=HOSTILE),
               me=ok({"email": HOSTILE}), upload=ok({"id": HOSTILE}, 202),
               reveal=ok({"items": [{"id": HOSTILE, "outcome": HOSTILE}], "balance": HOSTILE}))
    text = ""
    for words in (["search"], ["search", "--json"], ["search", "--jsonl"], ["search", "--csv"],
                  ["search", "--ids"], ["show", ID], ["show", ID, "--json"], ["jobs", "ls"],
                  ["jobs", "show", ID], ["jobs", "errors", ID], ["jobs", "cancel", ID],
                  ["stats", "credits"], ["stats", "credits", "--json"], ["auth", "status"],
                  ["upload", p.file("a.csv", "x")], ["reveal", ID, "--dry-run"]):
        t = Terminal(p, *words)
        t.end()
        check(t.text.strip(), f"{words}: no output")
        found = re.findall("[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202e]", t.text)
        check(not found, f"{words}: {found!r} in {t.text!r}")
        text += t.text
    code, out, _ = p.run("search", "--json")
    check(json.loads(out)["items"][0]["name"] == HOSTILE, "JSON still means the same")
    checks.ok("nothing hostile reaches a terminal")


def tables_fit(fake):
    p = Person(fake)
    rows = [dict(row(i), name=n, title="長い役職名" * 6, company="Ünïcode Gesellschaft mbH" * 2)
            for i, n in enumerate(["佐藤 花子", "Chloé Dubois", "أحمد"])]
    fake.reset(search=page(rows))
    for width in (60, 80, 100, 200):
        t = Terminal(p, "search", width=width)
        t.end()
        lines = [x for x in t.text.splitlines() if x.startswith("0000")]
        widest = max(sum(2 if 0x1100 <= ord(c) and ord(c) > 0x2fff else 1 for c in x) for x in lines)
        check(len(lines) == 3 and (widest <= width or width == 60), f"{width} columns: {widest}")
        check(all(x[38:].startswith(r["name"]) for x, r in zip(lines, rows)), f"{width}: names")
        check("PHONE" in t.text if width == 200 else width > 80 or "PHONE" not in t.text,
              f"{width}: what is left out")
    out = p.run("search")[1]
    check("長い役職名" * 6 in out, "not a terminal: nothing is cut")
    checks.ok("tables fit the terminal, in columns and not in bytes")


def help_is_short_and_whole(fake):
    p = Person(fake, pin=False, signed_in=False)
    manual = re.sub(r"\\", "", open("packaging/man/leadgen.1").read())
    code, out, _ = p.run("--help")
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", out, re.M)
    check(code == 0 and len(out.splitlines()) <= 24 and len(commands) >= 16, f"{out}")
    commands += re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", p.run("help", "more")[1], re.M)
    check(len(commands) >= 24, f"help more: {commands}")
    for command in commands:
        code, out, err = p.run(*command.split(), "--help")
        check(code == 0 and 0 < len(out.splitlines()) <= 24 and not err, f"{command}: {out}{err}")
        check(f".It Cm {command}" in manual, f"man: no {command}")
        for option in re.findall(r"^  --([a-z-]+)", out, re.M):
            check(f"Fl -{option}" in manual, f"man: {command} has no --{option}")
        check(p.run("help", *command.split())[1] == out, f"help {command}")
    codes = re.findall(r"^ +(\d+)  (.*)$", p.run("help", "exit")[1], re.M)
    check(len(codes) == 16, f"{len(codes)} exit codes")
    for code, text in codes:
        check(f".It {code}\n{text}\n" in manual, f"man: no exit code {code}: {text}")
    check(p.run("--version")[1].startswith("leadgen ") and p.run("version")[0] == 0, "version")
    check(p.run()[0] == 2, "no terminal and no command")
    info = p.run("info")[1]
    check(p.token in info and p.known in info and fake.url in info, info)
    checks.ok("help is short, and the manual has all of it")


TOP = tempfile.mkdtemp()
try:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    keys = [make_key(TOP, "one"), make_key(TOP, "two")]
    server = Fake(keys[0])
    searches(server)
    the_first_line_comes_before_the_second_page(server)
    exit_codes(server, Fake(keys[1]))
    signals_and_pipes(server)
    keys_are_pinned(server, keys)
    signing_in(server)
    tokens_are_exchanged(server)
    reveals(server)
    reveals_in_parts(server)
    reveals_on_a_terminal(server)
    lost_answers(server)
    uploads(server)
    a_bar_on_a_terminal(server)
    nothing_hostile_reaches_the_terminal(server)
    tables_fit(server)
    help_is_short_and_whole(server)
    server.close()
finally:
    shutil.rmtree(TOP, ignore_errors=True)
checks.end()
