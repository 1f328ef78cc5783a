"""No personal datum and no secret lies anywhere in clear: canaries are pushed through everything, then every byte that was written is searched for them.

10,000 canaries: addresses, numbers, passwords, tokens, keys, words of searches.  Searched for as they
are and in the shapes in which bytes like to hide.
"""
import base64
import os
import random
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Checks, Server

SEED = int(os.environ.get("SEED", "20261124"))
ROWS, TRIES = 4900, 12
LONG = 20000  # rows of the import that is killed
MARK = "kanari"  # in each address and word; numbers have their own digits


class Canaries:
    def __init__(self):
        self.random, self.all = random.Random(SEED), []

    def make(self, shape):
        text = shape.format(f"{MARK}{self.random.getrandbits(64):016x}")
        self.all.append(text)
        return text

    def number(self):
        text = f"+4930{self.random.randrange(10 ** 9, 10 ** 10)}"
        self.all.append(text[1:])
        return text


def upload(s, can):
    lines = ["Name,Email,Phone,Company"]
    for i in range(ROWS):
        lines.append(f"Ann{i} Smith,{can.make('{}@leadgen.example')},{can.number()},Firm {i % 50}")
    lines.append(f"Bad Row,{can.make('{} at nowhere')},{can.number()}x,Firm 1,{can.make('{}')}")
    lines.append(f'"Cut {can.make("{}")}')
    status, reply = s.call("ann", "POST", "/api/uploads", "\n".join(lines).encode(),
                           {"Content-Type": "text/csv"})
    return reply["id"]


def long_file(can):
    """More than is read before the kill; what is in clear at rest (names) comes late as well."""
    lines = ["Name,Email,Phone,Company"]
    lines += [f"Bob{i} Long,{can.make('{}@leadgen.example')},{can.number()},Firm {i % 50}" for i in range(LONG)]
    return "\n".join(lines)


def interrupted(c, s, can, options):
    """Killed while an import runs, as UTF-8 and as UTF-16 (a copy is made then): what lies on the disk?"""
    for code in ("utf-8", "utf-16"):
        s.start(*options)
        status, reply = s.call("ann", "POST", "/api/uploads", long_file(can).encode(code), {"Content-Type": "text/csv"})
        for _ in range(6000):
            job = s.call("ann", "GET", f"/api/jobs/{reply['id']}")[1]
            if job["counts"]["read"] > 0 or job["state"] in ("done", "failed"):
                break
            threading.Event().wait(0.005)
        c.check(job["state"] == "running" and job["counts"]["read"] < LONG, f"it runs: {job['state']} {job['counts']}")
        s.stop("kill")
        found, size = hits(s, can.all[-2 * LONG:], MARK)
        c.check(not found, f"{len(found)} hits beside a running import of {code}: {found[:5]}")
        spool = os.listdir(f"{s.data}/spool")
        c.check(len(spool) == (1 if code == "utf-8" else 2), f"in the spool: {spool}")
        c.check(not any(reply["id"][:8] in name for name in spool), "a name says whose file it is")
        c.check(sum(os.path.getsize(f"{s.data}/spool/{x}") for x in spool) > LONG * 50, "the files are there")
        s.start(*options)
        job = wait_job(s, reply["id"])
        c.check(job["state"] == "done" and job["counts"]["read"] == LONG and job["counts"]["created"] == LONG,
                f"it goes on after the kill: {job['state']} {job['counts']}")
        s.stop()


def wait_job(s, id):
    for _ in range(6000):
        job = s.call("ann", "GET", f"/api/jobs/{id}")[1]
        if job["state"] in ("done", "failed"):
            return job
        threading.Event().wait(0.02)
    raise RuntimeError("the import does not end")


def strangers(s, can):
    """What somebody may send before signing in."""
    for _ in range(TRIES):
        address, password = can.make("{}@leadgen.example"), can.make("password {}")
        s.call(None, "POST", "/api/auth/login", {"email": address, "password": password})
        s.call(None, "POST", "/api/auth/register",
               {"email": can.make("{}@leadgen.example"), "password": can.make("password {}")})
        s.call(None, "POST", "/api/auth/forgot-password", {"email": can.make("{}@leadgen.example")})
        s.call(None, "POST", "/api/auth/reset-password",
               {"token": can.make("{}"), "password": can.make("password {}")})
        s.call(None, "POST", "/api/auth/refresh", {"refresh_token": can.make("{}")})
        s.call(None, "GET", f"/api/me?token={can.make('{}')}")
        s.call(None, "GET", "/api/me", None, {"Authorization": f"Bearer {can.make('{}')}"})
        s.call(None, "GET", "/api/me", None, {"Authorization": f"Bearer lgp_live_{can.make('{}')}"})
        s.call(None, "GET", f"/api/{can.make('{}')}", None, {"Cookie": can.make("a={}"),
                                                            "User-Agent": can.make("{}")})


def members(s, can):
    """What a member may send, and what is made for one."""
    s.call("ann", "POST", "/api/auth/confirm", {"password": s.password("ann")})
    for _ in range(TRIES):
        s.call("ann", "GET", f"/api/profiles/search?q={can.make('{}')}")
        s.call("ann", "POST", "/api/profiles/search", {"q": f'company:"{can.make("{}")}"'})
        s.call("ann", "POST", "/api/profiles/search", {can.make("{}"): 1})
        s.call("ann", "POST", "/api/reveals", f'{{"ids": ["{can.make("{}")}'.encode(),
               {"Content-Type": "application/json"})
        s.call("ann", "POST", "/api/invitations", {"email": can.make("{}@leadgen.example"),
                                                   "role": "viewer"})
        s.call("ann", "POST", "/api/auth/confirm", {"password": can.make("{}")})
    for i in range(10):
        reply = s.call("ann", "POST", "/api/keys", {"name": f"key {i}", "scopes": ["search:read"]})[1]
        if "secret" in reply:
            can.all.append(reply["secret"])
            s.call(None, "GET", "/api/profiles/search?q=ann&facets=none", None,
                   {"Authorization": "Bearer " + reply["secret"]})
    totp = s.call("ann", "POST", "/api/auth/totp", {})[1]
    found = re.search(r"secret=([A-Z2-7]+)", str(totp))
    if found:
        can.all.append(found[1])


def reveals(s, can):
    page = s.call("ann", "GET", "/api/profiles/search?q=ann1&page_size=100&facets=none")[1]
    clear = 0
    for item in page["items"]:
        got = s.call("ann", "GET", f"/api/profiles/{item['id']}")[1]
        clear += MARK in (got["email"] or "")
        s.call("ann", "POST", f"/api/profiles/{item['id']}/reveal", {"fields": ["email", "phone"]},
               {"Idempotency-Key": item["id"]})
    return clear


def shapes(text):
    """As it is, and as UTF-16, hexadecimal and base64 at each of its three places."""
    raw = text.encode()
    out = [raw, text.encode("utf-16-le"), raw.hex().encode(), raw.hex().upper().encode()]
    for i in range(3):
        whole = base64.b64encode(b"\0" * i + raw)
        out.append(whole[(8 * i + 5) // 6:len(whole) - 4])  # without the ends that others change
    return [x for x in out if len(x) >= 5]


def hits(s, can, mark):
    """(file, bytes) of each hit in what the server has written, and how much that was."""
    single = [x for x in can if mark not in x and not x.isdigit()]
    numbers = {x.encode() for x in can if x.isdigit()}
    pattern = re.compile(b"|".join(re.escape(x) for t in [mark] + single for x in shapes(t)))
    found, size = [], 0
    for top, _, files in os.walk(s.dir):
        for name in files:
            path = os.path.join(top, name)
            if name.startswith("password.") or not os.path.isfile(path):
                continue  # the tests' own
            with open(path, "rb") as f:
                data = f.read()
            size += len(data)
            found += [(path, data[m.start() - 20:m.end() + 20]) for m in pattern.finditer(data)]
            found += [(path, m[0]) for m in re.finditer(rb"4930\d{10}", data) if m[0] in numbers]
    return found, size


def main():
    print(f"seed {SEED}")
    c, can = Checks("canary"), Canaries()
    with Server() as s:
        s.user("boss", "super_admin")
        s.user("ann", "admin", credits=500)
        can.all += [s.password("boss"), s.password("ann"), "ann@leadgen.example"]
        options = [w for name in ("general", "anonymous", "register", "login", "forgot", "reset",
                                  "search", "write", "reveal") for w in (f"--rate_{name}", "unlimited")]
        s.start(*options, "--registration", "yes")
        can.all.append(s.token("ann"))
        job = wait_job(s, upload(s, can))
        c.check(job["counts"]["created"] >= ROWS, f"the import: {job['counts']}")
        strangers(s, can)
        members(s, can)
        c.check(reveals(s, can) > 0, "canaries come back in clear to who owns them")
        bad = s.call("ann", "POST", "/api/uploads", b"\xff\xfe\x00" + can.make("{}").encode(),
                     {"Content-Type": "text/csv"})[1]
        wait_job(s, bad["id"])
        s.stop("kill")  # with the log of the store as it is
        found, size = hits(s, can.all, MARK)
        c.check(len(can.all) >= 10000, f"only {len(can.all)} canaries")
        c.check(not found, f"{len(found)} hits: {found[:5]}")
        plain, _ = hits(s, [], "Ann17")
        c.check(plain, "the control: a name, which is stored in clear, is not found either")
        interrupted(c, s, can, options)
    c.ok(f"{len(can.all)} canaries, {size >> 20} MiB searched, none found")
    c.end()


main()
