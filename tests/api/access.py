"""Who may ask what: every role x route x method, and every id x {own, another account's, absent, malformed}.

The expectation is written by hand from what the product promises, not taken from the route table; a
route that is in one of the two and not in the other fails.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server

# The least that may: p everybody, v viewer, u user, a admin of the account, s super_admin.
# A viewer searches, a user also reveals, uploads and has keys, an admin manages the account.
EXPECT = """
p GET    /api/health
p GET    /api/openapi.json
p POST   /api/bootstrap
p POST   /api/auth/register
p POST   /api/auth/verify-email
p POST   /api/auth/login
p POST   /api/auth/refresh
p POST   /api/auth/forgot-password
p POST   /api/auth/reset-password
p POST   /api/auth/device
p POST   /api/auth/device/token
p POST   /api/invitations/accept
v POST   /api/auth/logout
v POST   /api/auth/confirm
v POST   /api/auth/device/approve
v GET    /api/auth/totp
v POST   /api/auth/totp
v POST   /api/auth/totp/confirm
v POST   /api/auth/totp/disable
v POST   /api/auth/totp/recovery
v GET    /api/sessions
v DELETE /api/sessions
v DELETE /api/sessions/:id
v GET    /api/me
v GET    /api/me/impersonations
v GET    /api/account
v GET    /api/limits
v GET    /api/credits
v GET    /api/profiles/search
v POST   /api/profiles/search
v GET    /api/profiles/:id
v GET    /api/companies/search
v POST   /api/companies/search
v GET    /api/companies/:id
v GET    /api/companies/:id/profiles
v GET    /api/facets/:name
v POST   /api/facets/:name
v GET    /api/suggest
v GET    /api/jobs
v GET    /api/jobs/:id
v GET    /api/jobs/:id/errors
v GET    /api/jobs/:id/events
u POST   /api/jobs/:id/cancel
u POST   /api/profiles/:id/reveal
u POST   /api/reveals
u POST   /api/uploads
u GET    /api/keys
u POST   /api/keys
u GET    /api/keys/:id
u PATCH  /api/keys/:id
u DELETE /api/keys/:id
u POST   /api/keys/:id/rotate
a PATCH  /api/account
a POST   /api/account/owner
a GET    /api/invitations
a POST   /api/invitations
a DELETE /api/invitations/:id
a POST   /api/invitations/:id/resend
a GET    /api/admin/users
a POST   /api/admin/users
a GET    /api/admin/users/:id
a PATCH  /api/admin/users/:id
a DELETE /api/admin/users/:id/totp
a GET    /api/admin/credits
a GET    /api/admin/jobs
a GET    /api/admin/audit
a GET    /api/admin/audit/export
s POST   /api/admin/credits
s GET    /api/admin/health
s GET    /api/admin/accounts
s GET    /api/admin/accounts/:id
s PATCH  /api/admin/accounts/:id
s POST   /api/admin/accounts/:id/owner
s GET    /api/admin/impersonations
s POST   /api/admin/impersonations
s GET    /api/admin/mail
s GET    /api/admin/mail/:id
s POST   /api/admin/mail/:id/retry
s DELETE /api/admin/mail/:id
"""

ROLES = [(None, "p"), ("vic", "v"), ("una", "u"), ("adm", "a"), ("sue", "s")]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
ABSENT = "019a0000-0000-7000-8000-0000000000aa"
MALFORMED = ["x", "019a0000", ABSENT + "0", "..", "%00", "0" * 36]


def rows():
    return [tuple(line.split()) for line in EXPECT.strip().splitlines()]


def unlimited():
    said = subprocess.run([BUILD + "/leadgend", "--help"], capture_output=True, text=True).stdout
    names = [w for w in said.split() if w.startswith("--rate_")]
    return [w for name in names for w in (name, "unlimited")]


def ask(s, who, method, path):
    body = {} if method in ("POST", "PATCH", "PUT") else None
    return s.call(who, method, path.replace(":id", ABSENT).replace(":name", "industry"), body)


def check_tables(c):
    """The two lists name the same routes, or a route would go untested."""
    dump = subprocess.run([BUILD + "/leadgend", "--dump-routes"], capture_output=True, text=True).stdout
    has = {(r["method"], r["path"]) for r in map(json.loads, dump.splitlines())}
    want = {(method, path) for _, method, path in rows()}
    c.check(has == want, f"only in the server: {sorted(has - want)}, only here: {sorted(want - has)}")
    c.ok(f"{len(want)} routes are the ones that are expected")


def check_cell(s, c, who, role, least, method, path):
    status, reply = ask(s, who, method, path)
    code = reply.get("code") if isinstance(reply, dict) else None
    order = "pvuas"
    if order.index(role) >= order.index(least):
        held = code == "confirm_required" or (status not in (403, 405, 429, 500, 503)
                                             and (status != 401 or least == "p"))
        c.check(held, f"{role} {method} {path}: {status} {code}, and may")
    else:
        want = 401 if role == "p" else 403
        c.check(status == want, f"{role} {method} {path}: {status} {code}, not {want}")


def check_roles(s, c):
    cells = 0
    last = lambda row: row[2] == "/api/auth/logout"
    for who, role in ROLES:
        for least, method, path in sorted(rows(), key=last):
            check_cell(s, c, who, role, least, method, path)
            cells += 1
        s.tokens.pop(who, None)
    c.ok(f"{cells} cells of role x route")


def check_methods(s, c):
    cells = 0
    for path in sorted({row[2] for row in rows()}):
        known = {row[1] for row in rows() if row[2] == path}
        shadow = {row[1] for row in rows() if row[2] in (path.rsplit("/", 1)[0] + "/:id",)}
        for method in METHODS:
            if method in known or method in shadow:
                continue
            for who, role in ROLES:
                status, _ = ask(s, who, method, path)
                cells += 1
                c.check(status == 405, f"{role} {method} {path}: {status}, not 405")
    c.ok(f"{cells} cells of role x path x another method")


# Ids: what each of two accounts has.

def make_things(s, who):
    """One of everything that an account can have, by id."""
    made = {}
    s.call(who, "POST", "/api/auth/confirm", {"password": s.password(who)})
    csv = f"Name,Email,Company\nOf {who},of@{who}.example,Firm of {who}\n".encode()
    made["job"] = s.call(who, "POST", "/api/uploads", csv, {"Content-Type": "text/csv"})[1]["id"]
    while s.call(who, "GET", f"/api/jobs/{made['job']}")[1]["state"] not in ("done", "failed"):
        pass
    found = s.call(who, "GET", f"/api/profiles/search?q={who}&facets=none")[1]["items"]
    made["profile"] = found[0]["id"]
    made["company"] = found[0]["company_id"]
    made["key"] = s.call(who, "POST", "/api/keys", {"name": "k", "scopes": ["search:read"]})[1]["key"]["id"]
    status, reply = s.call(who, "POST", "/api/invitations",
                           {"email": f"new.{who}@leadgen.example", "role": "viewer"})
    listed = s.call(who, "GET", "/api/invitations")[1]["items"]
    made["invitation"] = listed[0]["id"]
    made["session"] = s.call(who, "GET", "/api/sessions")[1]["items"][0]["id"]
    members = s.call(who, "GET", "/api/admin/users")[1]["items"]
    made["user"] = next(u["id"] for u in members if u["role"] == "user")
    return made


PLACES = [
    ("profile", "GET", "/api/profiles/:id", None),
    ("profile", "POST", "/api/profiles/:id/reveal", {"fields": ["email"]}),
    ("company", "GET", "/api/companies/:id", None),
    ("company", "GET", "/api/companies/:id/profiles", None),
    ("job", "GET", "/api/jobs/:id", None),
    ("job", "GET", "/api/jobs/:id/errors", None),
    ("job", "GET", "/api/jobs/:id/events", None),
    ("job", "POST", "/api/jobs/:id/cancel", None),
    ("key", "GET", "/api/keys/:id", None),
    ("key", "PATCH", "/api/keys/:id", {"name": "mine"}),
    ("key", "POST", "/api/keys/:id/rotate", {}),
    ("key", "DELETE", "/api/keys/:id", None),
    ("invitation", "POST", "/api/invitations/:id/resend", None),
    ("invitation", "DELETE", "/api/invitations/:id", None),
    ("user", "GET", "/api/admin/users/:id", None),
    ("user", "PATCH", "/api/admin/users/:id", {"role": "user"}),
    ("user", "DELETE", "/api/admin/users/:id/totp", None),
    ("session", "DELETE", "/api/sessions/:id", None),
]


def answer(s, who, method, path, body):
    """Everything an asker can see, but what differs from one request to the next."""
    status, data, headers = s.raw(who, method, path, body)
    volatile = ("date", "x-request-id", "ratelimit", "ratelimit-policy", "content-length")
    kept = sorted((k.lower(), v) for k, v in headers.items() if k.lower() not in volatile)
    try:
        doc = json.loads(data)
        doc.pop("request_id", None)
    except (ValueError, AttributeError):
        doc = data
    return status, doc, kept


def check_ids(s, c):
    own, other = make_things(s, "adm"), make_things(s, "bea")
    places = 0
    for kind, method, path, body in PLACES:
        absent = answer(s, "adm", method, path.replace(":id", ABSENT), body)
        c.check(absent[0] == 404, f"{method} {path} absent: {absent[:2]}")
        foreign = answer(s, "adm", method, path.replace(":id", other[kind]), body)
        c.check(foreign == absent, f"{method} {path} of another: {foreign[:2]} not {absent[:2]}")
        c.check(other[kind] not in str(foreign), f"{method} {path}: the answer repeats the id")
        for id in MALFORMED:
            bad = answer(s, "adm", method, path.replace(":id", id), body)
            c.check(bad == absent, f"{method} {path} {id}: {bad[:2]} not {absent[:2]}")
        places += 2 + len(MALFORMED)
    # The control: for its own account each of them is there (deletions last).
    for kind, method, path, body in sorted(PLACES, key=lambda p: p[1] == "DELETE"):
        if method == "POST" and kind == "job":
            continue  # it has ended: a conflict, and not an absence
        status, doc, _ = answer(s, "adm", method, path.replace(":id", own[kind]), body)
        off = status == 409 and path.endswith("/totp")  # there, and without a factor
        c.check(status in (200, 201, 202, 204) or off, f"{method} {path} of its own: {status} {doc}")
    c.ok(f"{places} cells of id x another's, absent, malformed; its own are there")


def main():
    c = Checks("access")
    check_tables(c)
    with Server(rows=200) as s:
        for name, role in (("sue", "super_admin"), ("adm", "admin"), ("bea", "admin")):
            s.user(name, role, credits=100)
        s.user("una", "user", same_as="adm")
        s.user("vic", "viewer", same_as="adm")
        s.user("ben", "user", same_as="bea")
        s.start(*unlimited())
        s.wait_searchable("adm")
        check_ids(s, c)
        s.tokens.clear()  # it has ended its own session
        check_methods(s, c)
        check_roles(s, c)
    c.end()


main()
