"""Every key of the ring rotates under load: nobody is signed out, no lookup misses, nobody is made twice.

Beside tests/api/keys.py (sealed values): blind indexes, identities, tokens, API keys, kept replies, cursors, the
audit log's macs and signatures.  The rows are looked at with plain SQL.
"""
import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server

TURNS, PEOPLE = 3, 6000
UNLIMITED = [w for name in ("general", "anonymous", "register", "login", "forgot", "reset", "search", "write",
                            "reveal") for w in (f"--rate_{name}", "unlimited")]


def people(n):
    """Addresses, profiles, and names at companies: each kind of identity."""
    out = ["First Name,Last Name,Email,Person Linkedin Url,Company"]
    for i in range(n):
        mail = f"p{i}@firm{i % 60}.example" if i % 3 else ""
        url = f"https://www.linkedin.com/in/p{i}" if i % 3 == 0 and i % 2 else ""
        out.append(f"Ann{i},Smith{i},{mail},{url},Firm {i % 60}")
    return ("\n".join(out) + "\n").encode()


def upload(s, data):
    status, reply = s.call("ann", "POST", "/api/uploads", data, {"Content-Type": "text/csv"})
    return reply["id"] if status == 202 else f"{status} {reply}"


def wait_job(s, id):
    for _ in range(6000):
        job = s.call("ann", "GET", f"/api/jobs/{id}")[1]
        if job["state"] not in ("queued", "running"):
            return job
        threading.Event().wait(0.02)
    raise RuntimeError("the import does not end")


def wait_remade(s):
    for _ in range(3000):
        if re.search(r"reseal (done|failed)", s.run("keys", "status")):
            return s.run("keys", "status")
        threading.Event().wait(0.02)
    raise RuntimeError("it does not end")


def uses(s, command="list"):
    """(purpose, key) -> what is left, as `leadgend keys` says."""
    rows = re.findall(r"^([a-z-]+) +(\d+) +(\S+) +(\d+|removed)$", s.run("keys", command), re.M)
    return {(purpose, int(key)): left for purpose, key, _, left in rows}


def rows(s, sql):
    db = sqlite3.connect(f"file:{s.data}/leadgen.db?mode=ro", uri=True)
    out = db.execute(sql).fetchall()
    db.close()
    return out


def kid(token):
    head = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def with_kid(token, name):
    head = json.dumps({"alg": "EdDSA", "typ": "at+jwt", "kid": name}, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(head).rstrip(b"=").decode() + token[token.index("."):]


def sign_in(s, name):
    return s.call(None, "POST", "/api/auth/login", {"email": f"{name}@leadgen.example", "password": s.password(name)})


def bearer(token):
    return {"Authorization": "Bearer " + token}


class Load:
    """Who signs in, comes with a key, and registers the same address again, all the time."""

    def __init__(self, s, key):
        self.s, self.key, self.bad, self.done = s, key, [], [0, 0]
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=x) for x in (self.people, self.keys)]
        for t in self.threads:
            t.start()

    def people(self):
        while not self.stop.is_set():
            status, got = sign_in(self.s, "ann")
            self.done[0] += 1
            if status != 200:
                self.bad.append((status, got))

    def keys(self):
        while not self.stop.is_set():
            status, got = self.s.call(None, "GET", "/api/me", None, bearer(self.key))
            self.done[1] += 1
            if status != 200:
                self.bad.append((status, got))
            threading.Event().wait(0.002)

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()


def before_rotation(c, s):
    """What people hold: it must go on working."""
    held = sign_in(s, "ann")[1]
    status, made = s.call("ann", "POST", "/api/keys", {"name": "k", "scopes": ["account:read", "search:read"]})
    c.check(status == 201, f"a key: {status} {made}")
    s.call("ann", "POST", "/api/invitations", {"email": "new@leadgen.example", "role": "user"})
    page = s.call("ann", "GET", "/api/profiles/search?page_size=5&facets=none&has=email")[1]
    listing = s.call("boss", "GET", "/api/admin/audit?page_size=2")[1]
    ask = (f"/api/profiles/{page['items'][0]['id']}/reveal", {"fields": ["email"]}, {"Idempotency-Key": "once"})
    first = s.raw("ann", "POST", *ask)
    c.check(first[0] == 200 and json.loads(first[1])["charged"] > 0, f"a reveal: {first[:2]}")
    return {"pair": held, "key": made["secret"], "page": page["next_cursor"], "audit": listing["next_cursor"],
            "ask": ask, "first": first}


def still_good(c, s, held, turn):
    c.check(s.call(None, "GET", "/api/me", None, bearer(held["pair"]["access_token"]))[0] == 200,
            f"turn {turn}: a token of a former key")
    status, pair = s.call(None, "POST", "/api/auth/refresh", {"refresh_token": held["pair"]["refresh_token"]})
    c.check(status == 200 and kid(pair["access_token"]) == str(turn + 2), f"turn {turn}: refresh {status} {pair}")
    held["pair"] = {"access_token": held["pair"]["access_token"], "refresh_token": pair["refresh_token"]}
    again = s.raw("ann", "POST", *held["ask"])
    c.check(again[0] == 200 and again[1] == held["first"][1] and again[2]["Idempotency-Replayed"] == "true",
            f"turn {turn}: the kept reply: {again[:2]}")
    for name, path in (("ann", f"/api/profiles/search?page_size=5&facets=none&has=email&cursor={held['page']}"),
                       ("boss", f"/api/admin/audit?page_size=2&cursor={held['audit']}")):
        c.check(s.call(name, "GET", path)[0] == 200, f"turn {turn}: a cursor of {path[:20]}")


def tricks(c, s, token):
    """`kid` chooses among the ring's keys alone, and each of these signs for itself only."""
    own = int(kid(token))
    names = [str(i) for i in range(1, TURNS + 3) if i != own]
    names += ["0", "-1", f"0{own}", f" {own}", f"{own} ", f"{own}.0", f"+{own}", str(own + 2 ** 32), "../1", "",
              "newest", f"{own}\x00", "1' OR '1'='1", own, None, [str(own)], {"1": 1}]
    for name in names:
        status, _ = s.call(None, "GET", "/api/me", None, bearer(with_kid(token, name)))
        c.check(status == 401, f"kid {name!r}: {status}")
    c.check(s.call(None, "GET", "/api/me", None, bearer(with_kid(token, str(own))))[0] == 200,
            "the control: the same header written anew")


def unique(c, s):
    path = os.path.join(s.dir, "password.ann")
    twin = subprocess.run([BUILD + "/leadgend", "--data", s.data, "user", "add", "ann@leadgen.example", "--role",
                           "admin", "--password-file", path], capture_output=True, text=True)
    c.check(twin.returncode != 0, "the same address makes a second user")
    status, got = s.call("ann", "POST", "/api/invitations", {"email": "new@leadgen.example", "role": "user"})
    c.check(status == 409, f"the same address is invited twice: {status} {got}")
    c.check(s.call("ann", "POST", "/api/invitations", {"email": "ann@leadgen.example", "role": "user"})[0] == 409,
            "a member is invited")


def rotate(c, s, held, key):
    load = Load(s, held["key"])
    long = people(PEOPLE)
    job = upload(s, long)
    for turn in range(TURNS):
        s.run("keys", "rotate")
        unique(c, s)
        still_good(c, s, held, turn)
        again = upload(s, people(300))
        wait_remade(s)
        unique(c, s)
        counts = wait_job(s, job)["counts"]
        c.check(counts["created"] == (PEOPLE if turn == 0 else 0) and counts["rejected"] == 0,
                f"turn {turn}: the import that ran: {counts}")
        counts = wait_job(s, again)["counts"]
        c.check(counts["created"] == 0 and counts["read"] == 300, f"turn {turn}: the same people again: {counts}")
        job = upload(s, long)
    counts = wait_job(s, job)["counts"]
    c.check(counts["created"] == 0, f"at the end: {counts}")
    load.end()
    c.check(load.done[0] > 5 and load.done[1] > 100 and not load.bad, f"{load.done}: {load.bad[:3]}")
    return counts


def main():
    c = Checks("keys_all")
    with Server(rows=400) as s:
        s.user("boss", "super_admin")
        s.user("ann", "admin", credits=50)
        s.start(*UNLIMITED)
        s.wait_searchable("ann")
        held = before_rotation(c, s)
        c.check(uses(s)["blind-indexes", 1] == "3" and uses(s)["api-keys", 1] == "1", f"at first: {uses(s)}")
        rotate(c, s, held, held["key"])
        left = uses(s)
        newest = TURNS + 1
        remade = ("sealed-fields", "blind-indexes", "identity-keys", "audit-macs", "import-files")
        c.check(all(left[p, k] == "0" for p in remade for k in range(1, newest)), f"left: {left}")
        c.check(all(int(left[p, newest]) > 0 for p in remade[:4]), f"under the newest: {left}")
        c.check(left["api-keys", newest] == "1", "a key's secret is hashed anew when it is used")
        c.check(all(left["access-tokens", k] == "1" for k in range(1, newest)), "tokens may be out there")
        c.check(uses(s, "remove")["access-tokens", 1] == "1", "a key under which something is left stays")
        tricks(c, s, sign_in(s, "ann")[1]["access_token"])
        tricks(c, s, held["pair"]["access_token"])
        c.ok(f"{TURNS} keys added: tokens, keys, replies, cursors go on, nothing is made twice")
        s.stop()
        c.check("whole" in s.run("audit", "verify") or "ok" in s.run("audit", "verify"), s.run("audit", "verify"))
        twins = rows(s, "SELECT name, count(*) FROM company GROUP BY account, name HAVING count(*) > 1")
        c.check(not twins, f"companies twice: {twins[:3]}")
        n = rows(s, "SELECT count(*), count(DISTINCT key_name) FROM profile WHERE name LIKE 'Ann% Smith%'")[0]
        c.check(n[0] == PEOPLE, f"people: {n}")
        s.start(*UNLIMITED)
        c.check(sign_in(s, "ann")[0] == 200 and
                s.call(None, "GET", "/api/me", None, bearer(held["pair"]["access_token"]))[0] == 200,
                "the same after a restart")
        c.check(wait_job(s, upload(s, people(300)))["counts"]["created"] == 0, "the same people after a restart")
        c.ok("the audit log verifies, and a restart changes nothing")
        s.run("keys", "rotate")
        s.stop("kill")  # most likely in the middle of the job
        s.start(*UNLIMITED)
        wait_remade(s)
        left = uses(s)
        c.check(all(left[p, k] == "0" for p in remade for k in range(1, newest + 1)), f"left after a kill: {left}")
        c.check(sign_in(s, "ann")[0] == 200 and wait_job(s, upload(s, people(300)))["counts"]["created"] == 0,
                "the same people after a kill")
        s.stop()
        c.check("ok" in s.run("audit", "verify") or "whole" in s.run("audit", "verify"), s.run("audit", "verify"))
        c.ok("killed while it is made anew, it goes on")
    c.end()


main()
