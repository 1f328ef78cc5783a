"""Every route that changes something names an audit verb, and one that succeeds writes its record.

Written by hand, not from the server's table: a route that is in none of the lists below fails.
To add one: an act in acts(), or a line in NO_RECORD with its reason.
"""
import base64
import hashlib
import hmac
import os
import re
import sqlite3
import struct
import subprocess
import sys
import json
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server

# Not GET, and yet nobody's act on anything.
NO_RECORD = {
    ("POST", "/api/profiles/search"): "a search changes nothing; it is a POST for its size",
    ("POST", "/api/companies/search"): "likewise",
    ("POST", "/api/facets/:name"): "likewise",
    ("POST", "/api/auth/device"): "asks for a code; who lets it in writes device.approve",
    ("POST", "/api/auth/refresh"): "goes on with a session that is in the log; a reuse writes one",
}
# GET, and yet in the log: contacts in clear, mails, the log taken away.
READS = {("GET", "/api/profiles/:id"), ("GET", "/api/admin/mail/:id"),
         ("GET", "/api/admin/audit/export")}


def totp(secret, step=0):
    """RFC 6238."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 10**6:06d}"


class Log:
    """The table itself, read beside the server."""

    def __init__(self, s):
        self.db = sqlite3.connect(f"file:{s.data}/leadgen.db?mode=ro", uri=True)

    def verbs(self):
        return dict(self.db.execute("SELECT verb, count(*) FROM audit GROUP BY verb"))


def mailed(s, subject):
    """The newest mail whose subject has this word, and its id; read past the API, so unnoticed."""
    items = s.call("root", "GET", "/api/admin/mail")[1]["items"]
    return [m for m in items if subject in m["subject"].lower()][-1]["id"]


def mail_token(s, subject):
    status, mail = s.call("root", "GET", "/api/admin/mail/" + mailed(s, subject))
    return re.search(r"^ {4}(\S{20,})$", mail["body"], re.M)[1]


def acts(s):
    """(method, route, verb, act): act() does it once and gives the status."""
    found = s.call("ann", "POST", "/api/profiles/search", {"has": ["email"]})[1]["items"]
    ids = [x["id"] for x in found]
    word = {"password": s.password("eve")}
    memory = {}

    def status(*words, **more):
        return s.call(*words, **more)[0]

    def confirmed(name):
        return status(name, "POST", "/api/auth/confirm", {"password": s.password(name)})

    def login(name):
        return s.call(None, "POST", "/api/auth/login", {"email": f"{name}@leadgen.example",
                                                        "password": s.password(name)})

    def upload():
        got = s.call("ann", "POST", "/api/uploads", b"email\n" + b"x@acme.example\n" * 200000,
                     headers={"Content-Type": "text/csv"})
        memory["job"] = got[1].get("id")
        return got[0]

    def make_user():
        got = s.call("adm", "POST", "/api/admin/users", {
            "email": "new@leadgen.example", "role": "viewer", "password": s.password("new")})
        memory["user"] = got[1].get("id")
        return got[0]

    def begin_totp(name="eve"):
        got = s.call(name, "POST", "/api/auth/totp")
        memory["secret"] = got[1].get("secret")
        return got[0]

    def confirm_totp(name="eve"):
        return status(name, "POST", "/api/auth/totp/confirm", {"totp": totp(memory["secret"])})

    def stop_totp():
        return status("eve", "POST", "/api/auth/totp/disable",
                      dict(word, totp=totp(memory["secret"], 1)))

    def approve():
        memory["device"] = s.call(None, "POST", "/api/auth/device")[1]
        return status("adm", "POST", "/api/auth/device/approve",
                      {"user_code": memory["device"]["user_code"]})

    def let_in():
        return status(None, "POST", "/api/auth/device/token",
                      {"device_code": memory["device"]["device_code"]})

    def end_one():
        mine = s.call("adm", "GET", "/api/sessions")[1]["items"]
        other = [x for x in mine if not x.get("current")][0]
        return status("adm", "DELETE", "/api/sessions/" + other["id"])

    def key():
        got = s.call("ann", "POST", "/api/keys", {"name": "k", "scopes": ["search:read"]})
        memory["key"] = "/api/keys/" + got[1].get("key", {}).get("id", "")
        return got[0]

    def invite(name="guest"):
        got = s.call("adm", "POST", "/api/invitations", {"email": f"{name}@acme.example",
                                                         "role": "viewer"})
        memory["invitation"] = "/api/invitations/" + got[1].get("id", "")
        return got[0]

    def id_of(name):
        return s.call(name, "GET", "/api/me")[1]["id"]

    reveal = f"/api/profiles/{ids[0]}/reveal"
    return [
        ("POST", "/api/auth/login", "session.begin", lambda: login("ann")[0]),
        ("POST", "/api/auth/confirm", "session.confirm", lambda: confirmed("eve")),
        ("POST", "/api/auth/totp", "totp.begin", begin_totp),
        ("POST", "/api/auth/totp/confirm", "totp.on", confirm_totp),
        ("POST", "/api/auth/totp/recovery", "totp.recovery",
         lambda: status("eve", "POST", "/api/auth/totp/recovery")),
        ("POST", "/api/auth/totp/disable", "totp.off", stop_totp),
        (None, None, "session.begin", lambda: 200 if s.token("vic") else 0),
        (None, None, "totp.begin", lambda: begin_totp("vic")),
        (None, None, "totp.on", lambda: confirm_totp("vic")),
        ("DELETE", "/api/admin/users/:id/totp", "totp.reset",
         lambda: status("adm", "DELETE", f"/api/admin/users/{id_of('vic')}/totp")),
        (None, None, "session.confirm", lambda: confirmed("adm")),
        ("POST", "/api/auth/device/approve", "device.approve", approve),
        ("POST", "/api/auth/device/token", "session.begin", let_in),
        ("DELETE", "/api/sessions/:id", "session.end", end_one),
        ("DELETE", "/api/sessions", "session.end",
         lambda: status("ann", "DELETE", "/api/sessions")),
        ("POST", "/api/auth/forgot-password", "password.forgot",
         lambda: status(None, "POST", "/api/auth/forgot-password",
                        {"email": "vic@leadgen.example"})),
        (None, None, "mail.read", lambda: memory.update(t=mail_token(s, "reset")) or 200),
        ("POST", "/api/auth/reset-password", "password.reset",
         lambda: status(None, "POST", "/api/auth/reset-password",
                        {"token": memory["t"], "password": "another fine day in Porto"})),
        ("POST", "/api/auth/register", "user.register",
         lambda: status(None, "POST", "/api/auth/register",
                        {"email": "self@acme.example", "password": s.password("self")})),
        (None, None, "mail.read", lambda: memory.update(t=mail_token(s, "confirm")) or 200),
        ("POST", "/api/auth/verify-email", "user.create",
         lambda: status(None, "POST", "/api/auth/verify-email", {"token": memory["t"]})),
        ("GET", "/api/admin/mail/:id", "mail.read",
         lambda: status("root", "GET", "/api/admin/mail/" + mailed(s, "confirm"))),
        ("POST", "/api/admin/mail/:id/retry", "mail.retry",
         lambda: status("root", "POST", f"/api/admin/mail/{mailed(s, 'confirm')}/retry")),
        ("DELETE", "/api/admin/mail/:id", "mail.delete",
         lambda: status("root", "DELETE", "/api/admin/mail/" + mailed(s, "confirm"))),
        (None, None, "session.confirm", lambda: confirmed("root")),
        ("POST", "/api/admin/credits", "credits.grant",
         lambda: status("root", "POST", "/api/admin/credits", {
             "account_id": s.accounts["ann"], "amount": 5, "reason": "for the test"})),
        ("POST", "/api/profiles/:id/reveal", "profile.reveal",
         lambda: status("ann", "POST", reveal, {"fields": ["email"]})),
        ("POST", "/api/reveals", "profile.reveal",
         lambda: status("ann", "POST", "/api/reveals", {"ids": ids[1:3], "fields": ["email"]})),
        ("GET", "/api/profiles/:id", "profile.read",
         lambda: status("ann", "GET", "/api/profiles/" + ids[0])),
        ("POST", "/api/uploads", "upload.create", upload),
        ("POST", "/api/jobs/:id/cancel", "job.cancel",
         lambda: status("ann", "POST", f"/api/jobs/{memory['job']}/cancel")),
        ("POST", "/api/admin/users", "user.create", make_user),
        ("PATCH", "/api/admin/users/:id", "user.change",
         lambda: status("adm", "PATCH", "/api/admin/users/" + memory["user"],
                        {"role": "user"})),
        ("POST", "/api/keys", "key.create", key),
        ("PATCH", "/api/keys/:id", "key.change",
         lambda: status("ann", "PATCH", memory["key"], {"name": "another"})),
        ("POST", "/api/keys/:id/rotate", "key.rotate",
         lambda: status("ann", "POST", memory["key"] + "/rotate", {})),
        ("DELETE", "/api/keys/:id", "key.revoke",
         lambda: status("ann", "DELETE", memory["key"])),
        ("POST", "/api/invitations", "invitation.create", invite),
        ("POST", "/api/invitations/:id/resend", "invitation.resend",
         lambda: status("adm", "POST", memory["invitation"] + "/resend")),
        (None, None, "mail.read", lambda: memory.update(t=mail_token(s, "invited")) or 200),
        ("POST", "/api/invitations/accept", "user.create",
         lambda: status(None, "POST", "/api/invitations/accept", {
             "token": memory["t"], "name": "A Guest", "password": s.password("guest")})),
        (None, None, "invitation.create", lambda: invite("other")),
        ("DELETE", "/api/invitations/:id", "invitation.revoke",
         lambda: status("adm", "DELETE", memory["invitation"])),
        ("PATCH", "/api/account", "account.change",
         lambda: status("adm", "PATCH", "/api/account", {"name": "Acme"})),
        ("PATCH", "/api/admin/accounts/:id", "account.change",
         lambda: status("root", "PATCH", "/api/admin/accounts/" + s.accounts["adm"],
                        {"plan": "premium"})),
        ("POST", "/api/admin/accounts/:id/owner", "account.owner",
         lambda: status("root", "POST", f"/api/admin/accounts/{s.accounts['adm']}/owner",
                        {"user_id": id_of("adm")})),
        ("POST", "/api/account/owner", "account.owner",
         lambda: status("adm", "POST", "/api/account/owner", {"user_id": id_of("ann")})),
        ("POST", "/api/admin/impersonations", "session.impersonate",
         lambda: status("root", "POST", "/api/admin/impersonations", {
             "user_id": id_of("adm"), "reason": "a ticket of the test"})),
        ("GET", "/api/admin/audit/export", "audit.export",
         lambda: status("adm", "GET", "/api/admin/audit/export")),
        ("POST", "/api/auth/logout", "session.end",
         lambda: status("eve", "POST", "/api/auth/logout")),
    ]


def dumped():
    text = subprocess.run([BUILD + "/leadgend", "--dump-routes"], capture_output=True, text=True,
                          check=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def bootstrap(c):
    with Server() as s:
        s.start(*RATES)
        token = s.boot_token
        before = Log(s).verbs().get("user.create", 0)
        status, _ = s.call(None, "POST", "/api/bootstrap", {
            "token": token, "email": "root@leadgen.example", "password": s.password("root")})
        c.check(status in (200, 201), f"POST /api/bootstrap answers {status}")
        c.check(Log(s).verbs().get("user.create", 0) == before + 1, "POST /api/bootstrap: no record")


RATES = [w for r in ("general", "anonymous", "register", "login", "forgot", "reset", "device",
                     "write", "search") for w in ("--rate_" + r, "unlimited")]


def main():
    c = Checks("audit routes")
    rows = dumped()
    seen = {("POST", "/api/bootstrap")}
    bootstrap(c)
    with Server(rows=80) as s:
        s.user("root", "super_admin")
        s.user("ann", "user", credits=20)
        s.user("adm", "admin", same_as="ann")
        s.user("eve", "user", same_as="ann")
        s.user("vic", "viewer", same_as="ann")
        s.start("--registration", "yes", *RATES)
        for name in ("root", "ann", "adm", "eve"):
            s.token(name)
        s.wait_searchable("ann")
        log = Log(s)
        for method, path, verb, act in acts(s):
            before = log.verbs()
            status = act()
            after = log.verbs()
            more = {v: n - before.get(v, 0) for v, n in after.items() if n != before.get(v, 0)}
            more.pop("audit.checkpoint", None)
            named = f"{method} {path}" if method else f"({verb})"
            c.check(200 <= status < 300, f"{named} answers {status}")
            c.check(more == {verb: 1}, f"{named} wrote {more} and not one {verb}")
            if method:
                seen.add((method, path))
    for r in rows:
        row = (r["method"], r["path"])
        effect = r["method"] != "GET" or row in READS
        if row in NO_RECORD:
            continue
        c.check(not effect or r["audit"], f"{row} changes something and names no audit verb")
        c.check(effect or not r["audit"], f"{row} names a verb; add it to READS")
        c.check(not effect or row in seen, f"{row} has no act in tests/api/audit_routes.py")
    for row in NO_RECORD:
        c.check(row in {(r["method"], r["path"]) for r in rows}, f"{row} is gone: strike it off")
    c.ok("each route that changes something, or shows it in clear, writes one record")
    c.end()


if __name__ == "__main__":
    main()
