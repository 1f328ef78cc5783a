"""Two servers share their limits in Redis; with Redis lost each holds its own; back, they share again.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server

LIMIT = 5


def somebody():
    """Another address each time: guesses at one account are held back besides."""
    return {"email": f"n{os.urandom(8).hex()}@leadgen.example", "password": "a password of nobody"}


def redis_start(dir):
    p = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", dir + "/sock", "--save", "",
                          "--dir", dir, "--requirepass", "redis password of the test"],
                         stdout=subprocess.DEVNULL)
    for _ in range(1000):
        if os.path.exists(dir + "/sock"):
            return p
        threading.Event().wait(0.01)
    raise RuntimeError("Redis does not start")


def attempts(servers, address, n):
    """How many of n sign-ins from there are looked at, by turns; the rest are 429."""
    for s in servers:
        s.local = threading.local()  # who has not signed in is cut after 15 s
    got = [servers[i % len(servers)].call(None, "POST", "/api/auth/login", somebody(),
                                          {"X-Forwarded-For": address})[0] for i in range(n)]
    return got.count(401), got.count(429)


def health(s):
    return s.call(None, "GET", "/api/health")[1]["redis"]


def left(s):
    rows = s.call("boss", "GET", "/api/limits")[1]["classes"]
    return {row["class"]: row["remaining"] for row in rows}


def shown_to_all(a, b, c):
    """GET /api/limits counts what the same person did at the other server."""
    for s in (a, b):
        s.local, s.tokens = threading.local(), {}
    before = left(b)
    for _ in range(7):
        a.call("boss", "GET", "/api/me")
    after = left(b)
    c.check(before["general"] - after["general"] == 8, f"shown: {before} and then {after}")
    c.check(before["search"] == after["search"], f"another class: {before} and then {after}")


def main():
    c = Checks("redis")
    dir = tempfile.mkdtemp()
    password = dir + "/password"
    with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write("redis password of the test\n")
    redis = redis_start(dir)
    options = ["--redis", f"unix:{dir}/sock", "--redis_password_file", password,
               "--trusted_proxies", "127.0.0.1", "--rate_anonymous", "unlimited",
               "--rate_login", str(LIMIT)]
    with Server() as a, Server() as b, Server() as alone:
        a.user("boss", "super_admin")
        for part in ("", ".keys"):  # the same person to both
            shutil.copytree(a.data + part, b.data + part)
        alone.user("boss", "super_admin")
        a.start(*options)
        b.start(*options)
        alone.start(*options[4:])
        got = attempts([a, b], "9.0.0.1", 3 * LIMIT)
        c.check(got == (LIMIT, 2 * LIMIT), f"two servers, one limit: {got}")
        c.check(health(a) == "ok" and health(alone) == "not configured", "health says so")
        keys = subprocess.run(["redis-cli", "-s", dir + "/sock", "keys", "*"], capture_output=True,
                              text=True, env=os.environ | {"REDISCLI_AUTH": "redis password of the test"})
        c.check("leadgen:" in keys.stdout and "9.0.0.1" not in keys.stdout, f"keys: {keys.stdout}")
        got = attempts([a, alone], "9.0.0.2", 3 * LIMIT)
        c.check(got == (2 * LIMIT, LIMIT), f"the control: one that does not share: {got}")

        shown_to_all(a, b, c)

        redis.kill()
        redis.wait()
        got = attempts([a], "9.0.0.3", 2 * LIMIT)
        c.check(got == (LIMIT, LIMIT), f"lost: its own limit holds: {got}")
        got = attempts([a], "9.0.0.1", LIMIT)
        c.check(got[1] >= LIMIT // 2, f"lost: what it had counted itself is not forgotten: {got}")
        c.check(health(a) == "down", f"health: {health(a)}")

        os.unlink(dir + "/sock")
        redis = redis_start(dir)
        n = 0
        while health(a) != "ok" or health(b) != "ok":
            n += 1
            attempts([a, b], f"9.1.{n // 250}.{n % 250}", 2)
            threading.Event().wait(0.02)
            if n > 2000:
                break
        got = attempts([a, b], "9.0.0.4", 3 * LIMIT)
        c.check(got == (LIMIT, 2 * LIMIT), f"back: one limit again: {got}")
    redis.terminate()
    redis.wait()
    for bad in ("8.8.8.8:6379", "localhost:6379", "127.0.0.1", "127.0.0.1:0", "unix:sock"):
        done = subprocess.run([BUILD + "/leadgend", "--data", dir + "/x", "--redis", bad],
                              capture_output=True, text=True, timeout=60)
        c.check(done.returncode == 1 and "redis: " in done.stderr, f"{bad}: {done.stderr[-200:]}")
    shutil.rmtree(dir)
    c.ok("servers share limits; without Redis each holds its own, never open")
    c.end()


main()
