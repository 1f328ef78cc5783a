"""A data directory of each release that was kept (tests/fixtures/releases) opens, and nothing in it is lost.

It was killed while an import ran: that goes on.  Then every key rotates, and still nothing is.
"""
import glob
import json
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Checks, Server

FIXTURES = os.path.join(os.path.dirname(__file__), "../fixtures/releases")
UNLIMITED = [w for name in ("general", "anonymous", "login", "search", "write", "reveal")
             for w in (f"--rate_{name}", "unlimited")]


def wait_job(s, id):
    for _ in range(3000):
        status, job = s.call("ann", "GET", f"/api/jobs/{id}")
        if status != 200 or job["state"] in ("done", "failed", "cancelled"):
            return job
        threading.Event().wait(0.02)
    raise RuntimeError("the import does not end")


def differs(old, new):
    """Fields of the old answer that have another value now; new ones may have come."""
    return {k: (v, new.get(k)) for k, v in old.items() if new.get(k) != v}


def everything(c, s, was, when):
    for who, kind in (("ann", "bought"), ("ann", "own"), ("root", "catalogue")):
        for id, old in was[kind].items():
            status, new = s.call(who, "GET", f"/api/profiles/{id}")
            if who == "root":  # a super_admin sees all, and is not said to own it any more
                old = {k: v for k, v in old.items() if k not in ("owned", "owned_fields")}
            c.check(status == 200 and not differs(old, new), f"{when}: {kind} {id}: {status} {differs(old, new)}")
    users = {u["id"]: u for u in s.call("root", "GET", "/api/admin/users?page_size=100")[1]["items"]}
    for old in was["users"]:
        new = dict(users.get(old["id"], {}), last_login=old.get("last_login"))
        c.check(not differs(old, new), f"{when}: user {differs(old, new)}")
    credits = s.call("ann", "GET", "/api/credits?page_size=100")[1]
    c.check(credits["balance"] == was["credits"]["balance"], f"{when}: {credits['balance']} credits")
    entries = {e["id"]: e for e in credits["entries"]}
    for old in was["credits"]["entries"]:
        c.check(not differs(old, entries.get(old["id"], {})), f"{when}: an entry {old} {entries.get(old['id'])}")
    job = s.call("ann", "GET", f"/api/jobs/{was['job']['id']}")[1]
    c.check(job["state"] == "done" and job["counts"] == was["job"]["counts"], f"{when}: a job: {job}")
    for id in was["bought"]:
        status, got = s.call("ann", "POST", f"/api/profiles/{id}/reveal", {"fields": ["email"]})
        c.check(status == 200 and got["charged"] == 0, f"{when}: bought again: {status} {got}")


def sample_file(was):
    rows = "".join(f'{p["first_name"]},{p["last_name"]},{p["email"]},{p["phone"]},{p["company"]}\n'
                   for p in was["own"].values())
    return ("First Name,Last Name,Email,Phone,Company\n" + rows).encode()


def rotate(c, s, was):
    s.run("keys", "rotate")
    for _ in range(3000):
        if re.search(r"reseal (done|failed)", s.run("keys", "status")):
            break
        threading.Event().wait(0.02)
    left = dict(((p, k), n) for p, k, n in re.findall(r"^([a-z-]+) +(\d+) +\S+ +(\d+)$", s.run("keys"), re.M))
    for purpose in ("sealed-fields", "blind-indexes", "identity-keys", "audit-macs", "import-files"):
        c.check(left[purpose, "1"] == "0", f"left under the old key: {purpose} {left[purpose, '1']}")
    c.check(int(left["identity-keys", "2"]) >= len(was["own"]) + was["more_people"], f"under the new key: {left}")


def upgrade(c, path):
    with open(path.replace(".tar.xz", ".json")) as f:
        was = json.load(f)
    with Server() as s:
        subprocess.run(["tar", "-C", s.dir, "-xJf", path], check=True)
        s.start(*UNLIMITED)
        s.wait_searchable("ann")
        everything(c, s, was, "opened")
        job = wait_job(s, was["more"])
        n = job["counts"]
        c.check(job["state"] == "done" and n["read"] == was["more_people"] and n["created"] == was["more_people"],
                f"the import that was cut: {job['state']} {n}")
        for _ in range(500):  # a file goes just after its job's state has come
            if not os.listdir(s.data + "/spool"):
                break
            threading.Event().wait(0.02)
        c.check(not os.listdir(s.data + "/spool"), f"in the spool: {os.listdir(s.data + '/spool')}")
        again = s.call("ann", "POST", "/api/uploads", sample_file(was), {"Content-Type": "text/csv"})[1]
        n = wait_job(s, again["id"])["counts"]
        c.check(n["created"] == 0 and n["read"] == len(was["own"]), f"the same people again: {n}")
        rotate(c, s, was)
        everything(c, s, was, "rotated")
        again = s.call("ann", "POST", "/api/uploads", sample_file(was), {"Content-Type": "text/csv"})[1]
        n = wait_job(s, again["id"])["counts"]
        c.check(n["created"] == 0 and n["read"] == len(was["own"]), f"the same people under the new key: {n}")
        s.stop()
        s.start(*UNLIMITED)
        everything(c, s, was, "started again")
        c.check(s.call("bob", "GET", "/api/me")[0] == 200, "everybody signs in")
        wrong = dict(next(iter(was["own"].values())), email="other@leadgen.example")
        c.check(differs(wrong, next(iter(was["own"].values()))), "the control: a difference is not seen")
    c.ok(f"{os.path.basename(path)[:-7]}: {len(was['own'])} own, {len(was['catalogue'])} in the catalogue, "
         f"an import of {was['more_people']} cut in the middle: nothing is lost")


def main():
    c = Checks("upgrade")
    found = sorted(glob.glob(FIXTURES + "/*.tar.xz"))
    c.check(found, "there is no release to upgrade from")
    for path in found:
        upgrade(c, path)
    c.end()


main()
