"""A private server for the tests in Python: start it, sign in, send requests over kept connections.

    with Server(rows=400) as s:
        s.user("ann", "user", credits=10)
        s.start("--rate_reveal", "unlimited")
        status, reply = s.call("ann", "GET", "/api/me")
"""
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("BUILD", "build")


def sanitizer():
    """The one leadgen was built with, asked of the program and not of its folder's name."""
    with open(BUILD + "/leadgen", "rb") as f:
        program = f.read()
    return next((name for name in ("asan", "tsan") if f"__{name}_init".encode() in program), None)


class Server:
    def __init__(self, rows=0, seed=1):
        self.dir = tempfile.mkdtemp()
        self.data = os.path.join(self.dir, "data")
        self.process = None
        self.accounts = {}
        self.tokens = {}
        self.local = threading.local()
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE
        if rows:
            self.run("sample", "--rows", str(rows), "--seed", str(seed))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        if kind:
            with open(os.path.join(self.dir, "log"), errors="replace") as f:
                lines = [x for x in f if '"level":"info"' not in x]
            sys.stderr.write("".join(lines[-20:]))
        shutil.rmtree(self.dir, ignore_errors=True)

    def run(self, *words):
        done = subprocess.run([BUILD + "/leadgend", "--data", self.data, *words],
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"leadgend {words[0]}: {done.stderr}")
        return done.stdout

    def user(self, name, role, credits=0, same_as=None):
        path = os.path.join(self.dir, "password." + name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(self.password(name))
        words = ["user", "add", f"{name}@leadgen.example", "--role", role, "--password-file", path,
                 "--credits", str(credits)]
        if same_as:
            words += ["--account", self.accounts[same_as]]
        self.accounts[name] = self.run(*words).split()[-1]

    @staticmethod
    def password(name):
        return f"password of {name} in the test"

    def start(self, *options):
        log = open(os.path.join(self.dir, "log"), "a")
        self.process = subprocess.Popen(
            [BUILD + "/leadgend", "--data", self.data, "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        for line in self.process.stdout:
            if line.startswith("bootstrap-token "):
                self.boot_token = line.split()[1]
            found = re.match(r"ready https://127\.0\.0\.1:(\d+) (\S+)", line)
            if found:
                self.port, self.pin = int(found[1]), found[2]
                return
        raise RuntimeError("the server did not start")

    def stop(self, how="terminate"):
        if self.process:
            getattr(self.process, how)()
            self.process.wait(30)
            self.process.stdout.close()
        self.process = None
        self.tokens = {}
        self.local = threading.local()

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=60)

    def token(self, name):
        if name not in self.tokens:
            status, reply = self.call(None, "POST", "/api/auth/login",
                                      {"email": f"{name}@leadgen.example",
                                       "password": self.password(name)})
            if status != 200:
                raise RuntimeError(f"{name} cannot sign in: {status} {reply}")
            self.tokens[name] = reply["access_token"]
        return self.tokens[name]

    def raw(self, name, method, path, body=None, headers=None):
        """Status, bytes, headers; the connection is the thread's own and kept."""
        headers = dict(headers or {})
        if name:
            headers["Authorization"] = "Bearer " + self.token(name)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if not getattr(self.local, "connection", None):
            self.local.connection = self.connect()
        c = self.local.connection
        try:
            c.request(method, path, body, headers)
            r = c.getresponse()
            data = r.read()
        except (http.client.HTTPException, OSError):
            c.close()
            self.local.connection = None
            raise
        if r.will_close:
            c.close()
            self.local.connection = None
        return r.status, data, r.headers

    def call(self, name, method, path, body=None, headers=None):
        status, data, _ = self.raw(name, method, path, body, headers)
        try:
            return status, json.loads(data) if data else None
        except ValueError:
            return status, data

    def wait_searchable(self, name):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.call(name, "GET", "/api/profiles/search?facets=none")[0] == 200:
                return
            threading.Event().wait(0.05)
        raise RuntimeError("the index is not ready after a minute")


class Checks:
    """Cases by name; a failed check says where and the run goes on."""

    def __init__(self, name):
        self.name, self.failed = name, 0

    def check(self, holds, words):
        if not holds:
            self.failed += 1
            print(f"FAIL {self.name}: {words}", flush=True)

    def ok(self, words):
        if not self.failed:
            print(f"ok   {self.name}: {words}", flush=True)

    def end(self):
        sys.exit(1 if self.failed else 0)
