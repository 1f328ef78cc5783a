"""No byte of a personal field is clear to whom it is not owned: every route, as everybody.

Contacts of the catalogue, another account's rows and people, one's own account's people and mails:
each is a canary.  Every route of the table is asked by every role, by keys of every scope, by a test
key, by the other account and by nobody, for things of one's own, of the other account and of the
catalogue, and with canaries in what is wrong.  Where a canary may be clear is written down here by
hand; anywhere else one byte of it in an answer (its body, its headers, the text of an error) fails.
"""
import base64
import json
import os
import re
import subprocess
import sys
from urllib.parse import quote

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server

ROWS, UPLOADED = 160, 12
A = ("vic", "una", "adm")  # members of one account; bea and ben of the other; sue of the platform
B = ("bea", "ben")
KINDS = ("Name", "Email", "Phone", "Company")

# By the kind of canary, who and by which routes sees it in clear, besides each person itself at
# GET /api/me and in the URI for its authenticator.  Whatever is not here is a leak.
DETAIL, REVEAL, REVEALS = ("GET /api/profiles/:id", "POST /api/profiles/:id/reveal",
                           "POST /api/reveals")
USERS = ("GET /api/admin/users", "GET /api/admin/users/:id", "PATCH /api/admin/users/:id")
MAIL = ("GET /api/admin/mail", "GET /api/admin/mail/:id", "POST /api/admin/mail/:id/retry",
        "DELETE /api/admin/mail/:id")
INVITED = ("GET /api/invitations", "POST /api/invitations/:id/resend", "DELETE /api/invitations/:id")
ADMIN_A, ADMIN_B = ("adm", "key adm"), ("bea",)
MAY = {
    # What an account uploaded is its own, by the detail and by a reveal that costs nothing.
    "rows of A": [(A + ("key una", "key adm", "key search:read"), DETAIL),
                  (("una", "adm", "key una", "key adm", "key reveal:write"), REVEAL, REVEALS)],
    "rows of B": [(B, DETAIL, REVEAL, REVEALS)],
    # Of the catalogue: whoever revealed it, and the super_admin, at no cost and audited.
    "catalogue": [(B, DETAIL, REVEAL, REVEALS), (("sue",), DETAIL, REVEAL, REVEALS)],
    # People: themselves, who manages the account, and the super_admin.
    "people of A": [(ADMIN_A + ("key members:read",), *USERS[:2]),
                    (ADMIN_A + ("key members:write",), USERS[2]), (("sue",), *USERS)],
    "people of B": [(ADMIN_B, *USERS), (("sue",), *USERS)],
    "guests of A": [(ADMIN_A + ("key members:read",), INVITED[0]),
                    (ADMIN_A + ("key members:write",), *INVITED[1:]), (("sue",), *MAIL)],
    "guests of B": [(ADMIN_B, *INVITED), (("sue",), *MAIL)],
}


GRAM = 8


class Canaries:
    """Texts by kind, and the shapes of them that are looked for."""

    def __init__(self):
        self.of, self.shapes = {}, {}

    def add(self, kind, text):
        self.of[text] = kind
        for shape in self.shapes_of(text):
            self.shapes.setdefault(shape[:GRAM], []).append((shape, text))
        return text

    @staticmethod
    def shapes_of(text):
        """In small letters, like what is searched."""
        raw = text.encode()
        if re.fullmatch(r"\+\d+", text):
            return [raw[3:-1]]  # a masked one shows its country's code and its last two digits
        out = {raw, raw.hex().encode(), quote(text, safe="").encode(), json.dumps(text)[1:-1].encode()}
        if text.startswith("kanari") or text.startswith("guest"):
            out.add(text.split("@")[0].encode())
        for i in range(3):
            whole = base64.b64encode(b"\0" * i + raw)
            out.add(whole[(8 * i + 5) // 6:len(whole) - 4])
        return {x.lower() for x in out}

    def found(self, data):
        """{(kind, text)} of those in the data, numbers however they are punctuated."""
        data = data.lower()
        digits = re.sub(rb"[^0-9,:]", b"", data)
        grams = {d[i:i + GRAM] for d in (data, digits) for i in range(len(d) - GRAM + 1)}
        return {(self.of[text], text) for gram in grams & self.shapes.keys()
                for shape, text in self.shapes[gram] if shape in data or shape in digits}


def token_of_mail(s, word):
    items = s.call("sue", "GET", "/api/admin/mail")[1]["items"]
    one = [m for m in items if word in m["to"]][-1]
    return one["id"]


def wait_job(s, who, id):
    while True:
        job = s.call(who, "GET", f"/api/jobs/{id}")[1]
        if job["state"] in ("done", "failed"):
            return job


def fill(s, can, side, who):
    """Everything that holds personal data, in one account; ids of its things."""
    made = {}
    s.call(who, "POST", "/api/auth/confirm", {"password": s.password(who)})
    lines = [",".join(KINDS)]
    for i in range(UPLOADED):
        mark = f"kanari{side}{i:02d}{os.urandom(6).hex()}"
        address = can.add(f"rows of {side}", mark + "@leadgen.example")
        phone = can.add(f"rows of {side}", f"+4930{10 ** 7 + int.from_bytes(os.urandom(4), 'big') % 10 ** 7}")
        lines.append(f"Kanari{side} Smith{i},{address},{phone},Firm{side} {i % 3}")
    lines.append(f"Bad,{mark} at nowhere,{'9' * 40},Firm{side} 1")  # told of in the errors of the job
    job = s.call(who, "POST", "/api/uploads", "\n".join(lines).encode(), {"Content-Type": "text/csv"})
    made["job"] = job[1]["id"]
    wait_job(s, who, made["job"])
    items = []
    while len(items) < UPLOADED:
        items = s.call(who, "GET", f"/api/profiles/search?q=kanari{side}*&page_size=100&facets=none"
                       )[1]["items"]
    made["profiles"] = [x["id"] for x in items]
    made["profile"], made["company"] = items[0]["id"], items[0]["company_id"]
    guest = can.add(f"guests of {side}", f"guest{os.urandom(6).hex()}@leadgen.example")
    made["invitation"] = s.call(who, "POST", "/api/invitations",
                                {"email": guest, "role": "viewer"})[1]["id"]
    made["mail"] = token_of_mail(s, guest)
    made["key"] = s.call(who, "POST", "/api/keys",
                         {"name": "k", "scopes": ["search:read"]})[1]["key"]["id"]
    made["session"] = s.call(who, "GET", "/api/sessions")[1]["items"][0]["id"]
    members = s.call(who, "GET", "/api/admin/users")[1]["items"]
    made["user"] = next(u["id"] for u in members if u["role"] == "user")
    made["account"] = s.accounts[who]
    return made


def digits_of(rows):
    return {x["phone"][3:-1] for x in rows if x.get("phone")}


def made_up(s, key):
    """Numbers a test key sees, all made up: there are few fictional ones, and some are the catalogue's."""
    def call(method, path, body=None):
        while True:  # the playground is opened by the first who asks, and indexed meanwhile
            status, reply = s.call(None, method, path, body, key.headers)
            if status == 200:
                return reply["items"]

    people = call("GET", "/api/profiles/search?page_size=1000&facets=none")
    shown = call("POST", "/api/reveals", {"ids": [x["id"] for x in people], "fields": ["phone"]})
    return digits_of(shown) | digits_of(call("GET", "/api/companies/search?page_size=1000"))


def catalogue(s, can, known):
    """What the other account has revealed of it, and the ids.  A company's phone is its own, clear."""
    known = known | digits_of(s.call("bea", "GET", "/api/companies/search?page_size=1000")[1]["items"])
    items = s.call("bea", "GET", "/api/profiles/search?page_size=200&facets=none")[1]["items"]
    got = s.call("bea", "POST", "/api/reveals",
                 {"ids": [x["id"] for x in items], "fields": ["email", "phone"]})
    seen = []
    for row in got[1]["items"]:
        for value in (row.get("email"), row.get("phone")):
            if value and value not in can.of and value[3:-1] not in known:
                can.add("catalogue", value)
                seen.append(row["id"])
    return seen


# What each route is asked with; {x} is one's own, the other's or the catalogue's thing.
JUNK = "junk.kanari@leadgen.example"
BODIES = {
    "POST /api/bootstrap": {"token": JUNK, "email": JUNK, "password": JUNK},
    "POST /api/auth/register": {"email": JUNK, "password": "x"},
    "POST /api/auth/verify-email": {"token": JUNK},
    "POST /api/auth/login": {"email": JUNK, "password": JUNK},
    "POST /api/auth/refresh": {"refresh_token": JUNK},
    "POST /api/auth/forgot-password": {"email": JUNK},
    "POST /api/auth/reset-password": {"token": JUNK, "password": JUNK},
    "POST /api/auth/device/token": {"device_code": JUNK},
    "POST /api/auth/device/approve": {"user_code": JUNK, "dry_run": True},
    "POST /api/auth/confirm": {"password": JUNK},
    "POST /api/auth/totp/confirm": {"totp": "000000"},
    "POST /api/auth/totp/disable": {"password": JUNK},
    "POST /api/invitations/accept": {"token": JUNK, "name": JUNK, "password": "x"},
    "POST /api/invitations": {"email": JUNK, "role": "admin of " + JUNK},
    "POST /api/profiles/search": {"q": "", "page_size": 200},
    "POST /api/companies/search": {"page_size": 200},
    "POST /api/facets/:name": {},
    "POST /api/profiles/:id/reveal": {"fields": ["email", "phone"]},
    "POST /api/reveals": {"ids": ["{profile}"], "fields": ["email", "phone"]},
    "POST /api/uploads": b"Email\n" + JUNK.encode() + b" at nowhere\n",
    "POST /api/keys": {"name": "k", "scopes": [JUNK]},
    "PATCH /api/keys/:id": {"scopes": [JUNK]},
    "POST /api/keys/:id/rotate": {"overlap_hours": 1},
    "PATCH /api/account": {"name": ""},
    "POST /api/account/owner": {"user_id": JUNK},
    "PATCH /api/admin/accounts/:id": {"plan": JUNK},
    "POST /api/admin/accounts/:id/owner": {"user_id": JUNK},
    "POST /api/admin/users": {"email": JUNK, "role": "user", "password": "x"},
    "PATCH /api/admin/users/:id": {"role": "user"},
    "POST /api/admin/credits": {"email": JUNK, "amount": 1, "reason": "r"},
    "POST /api/admin/impersonations": {"user_id": "{user}", "reason": "short"},
}
QUERIES = {
    "GET /api/profiles/search": ["?page_size=200", "?page_size=200&q=has:email&facets=none",
                                 "?q=owned:yes", "?sort=email", "?q=email:" + JUNK],
    "GET /api/companies/search": ["?page_size=200"],
    "GET /api/suggest": ["?q=k", "?q=kanari", "?field=email&q=k", "?field=name&q=kan"],
    "GET /api/admin/audit": ["?page_size=200"],
    "GET /api/credits": ["?page_size=200"],
    "GET /api/companies/:id/profiles": ["?page_size=200"],
    "GET /api/admin/users": ["?page_size=200"],
}
FACETS = ["industry", "email_status", "country", "company", "email", "phone", "name", "domain", "city"]
THING = {"/api/profiles/": "profile", "/api/companies/": "company", "/api/jobs/": "job",
         "/api/keys/": "key", "/api/invitations/": "invitation", "/api/sessions/": "session",
         "/api/admin/users/": "user", "/api/admin/mail/": "mail", "/api/admin/accounts/": "account"}
# They end what the others still need: asked last, deletions of another's first.
LAST = ("POST /api/jobs/:id/cancel", "POST /api/keys/:id/rotate", "POST /api/invitations/:id/resend",
        "POST /api/admin/mail/:id/retry", "DELETE /api/keys/:id", "DELETE /api/invitations/:id",
        "DELETE /api/admin/mail/:id", "DELETE /api/sessions/:id", "DELETE /api/sessions",
        "POST /api/auth/logout")


def routes():
    dump = subprocess.run([BUILD + "/leadgend", "--dump-routes"], capture_output=True, text=True).stdout
    return [f"{r['method']} {r['path']}" for r in map(json.loads, dump.splitlines())]


def questions(route, world):
    """(path, body) of all that is asked of a route: what is there, whose it is, and rubbish."""
    method, path = route.split(" ")
    kind = next((v for k, v in THING.items() if path.startswith(k) and ":id" in path), None)
    out = []
    for side in ("B", "C", "A") if route not in LAST else ("B", "A"):
        things = world[side]
        ids = things.get(kind + "s", [things.get(kind)])[:4] if kind else [None]
        for id in ids:
            if kind and not id:
                continue
            body = BODIES.get(route)
            if isinstance(body, dict):
                words = json.dumps(body)
                for name, value in things.items():
                    if isinstance(value, str):
                        words = words.replace("{" + name + "}", value)
                body = json.loads(words)
            for more in QUERIES.get(route, [""]):
                out.append((path.replace(":id", id or "") + more, body))
        if not kind and route != "POST /api/reveals" and "{" not in str(BODIES.get(route)):
            break
    if ":name" in path:
        out = [(path.replace(":name", f), b) for f in FACETS for _, b in out]
    if route not in LAST:
        out.append((re.sub(r":\w+", "kanari", path) + "?kanari=" + quote(JUNK), BODIES.get(route)))
        if method in ("POST", "PATCH", "PUT"):
            out.append((re.sub(r":\w+", world["A"]["profile"], path), {"kanari": JUNK, "email": [JUNK]}))
            out.append((re.sub(r":\w+", world["A"]["profile"], path), b'{"email": "' + JUNK.encode()))
    return method, out


class Asker:
    def __init__(self, s, name, person=None, headers=None):
        """person: who signs in, or whose key is in the headers."""
        self.s, self.name, self.person, self.headers = s, name, person, headers or {}
        self.session = None if headers else person

    def ask(self, method, path, body):
        headers = dict(self.headers)
        if isinstance(body, bytes):
            headers["Content-Type"] = "text/csv" if "uploads" in path else "application/json"
        return self.s.raw(self.session, method, path, body, headers)


def may(kind, asker, route, itself):
    """itself: the canary is the asker's own address."""
    if itself and route in ("GET /api/me", "POST /api/auth/totp"):
        return True
    return any(asker.name in rule[0] and route in rule[1:] for rule in MAY.get(kind, []))


def sweep(s, c, can, world, askers, people):
    """Ask everything of everybody; clear ones where they may be are counted by rule."""
    asked = bytes_seen = 0
    clear, denied = {}, 0
    order = sorted(routes(), key=lambda r: LAST.index(r) if r in LAST else -1)
    for route in order:
        for asker in askers:
            method, all_of_it = questions(route, world)
            for path, body in all_of_it:
                status, data, headers = asker.ask(method, path, body)
                c.check(status < 500, f"{asker.name} {method} {path}: {status}")
                head = "\n".join(f"{k}: {v}" for k, v in headers.items()).encode()
                asked += 1
                bytes_seen += len(data) + len(head)
                denied += status in (401, 403, 404)
                for kind, text in can.found(data + b"\n" + head):
                    if may(kind, asker, route, asker.person and people.get(text) == asker.person):
                        clear[kind, route] = clear.get((kind, route), 0) + 1
                    else:
                        c.check(False, f"{asker.name} {method} {path} ({status}): {kind} {text} is clear")
    return asked, bytes_seen, clear, denied


def make_key(s, who, name, **more):
    s.call(who, "POST", "/api/auth/confirm", {"password": s.password(who)})
    status, made = s.call(who, "POST", "/api/keys", {"name": name, **more})
    if status >= 300:
        raise RuntimeError(f"no key {name}: {made}")
    return Asker(s, name, who, {"Authorization": "Bearer " + made["secret"]})


def make_askers(s):
    scopes = s.call("una", "GET", "/api/keys")[1]["scopes"]
    return ([Asker(s, "nobody")] + [Asker(s, n, n) for n in A + B + ("sue",)]
            + [make_key(s, who, "key " + who, scopes=scopes) for who in ("una", "adm")]
            + [make_key(s, "una", "test key", scopes=scopes, test=True)]
            + [make_key(s, "adm", "key " + scope, scopes=[scope]) for scope in scopes])


def options():
    said = subprocess.run([BUILD + "/leadgend", "--help"], capture_output=True, text=True).stdout
    return [w for name in said.split() if name.startswith("--rate_") for w in (name, "unlimited")]


def control(s, c, can, world):
    """A reveal makes it clear, and the search for canaries sees it: in the reply and then in the detail."""
    s.call("sue", "POST", "/api/auth/confirm", {"password": s.password("sue")})
    s.call("sue", "POST", "/api/admin/credits",
           {"account_id": s.accounts["adm"], "amount": 100, "reason": "the control"})
    id = world["C"]["profile"]
    before = s.raw("una", "GET", f"/api/profiles/{id}")[1]
    c.check(not can.found(before), "it was clear before")
    got = s.raw("una", "POST", f"/api/profiles/{id}/reveal", {"fields": ["email", "phone"]})[1]
    c.check(can.found(got), f"the control: a revealed one is not found in {got[:300]}")
    detail = s.raw("vic", "GET", f"/api/profiles/{id}")[1]
    c.check(can.found(detail), "the control: nor in the detail")
    for path in ("/api/profiles/search?page_size=200", "/api/profiles/search?q=owned:yes"):
        page = s.raw("una", "GET", path)[1]
        c.check(not can.found(page), f"{path} shows what is owned in clear")
    c.ok("a revealed one is found where it is clear, and a search still masks it")


def main():
    c, can = Checks("unmasked"), Canaries()
    with Server(rows=ROWS) as s:
        s.user("sue", "super_admin")
        s.user("adm", "admin")
        s.user("bea", "admin", credits=1000)
        s.user("una", "user", same_as="adm")
        s.user("vic", "viewer", same_as="adm")
        s.user("ben", "user", same_as="bea")
        people = {can.add(f"people of {'A' if n in A else 'B'}", f"{n}@leadgen.example"): n
                  for n in A + B}
        s.start(*options())
        s.wait_searchable("adm")
        askers = make_askers(s)
        test_key = next(a for a in askers if a.name == "test key")
        seen = catalogue(s, can, made_up(s, test_key))
        world = {"C": {"profiles": seen, "profile": seen[0],
                       "company": s.call("bea", "GET", f"/api/profiles/{seen[0]}")[1]["company_id"]},
                 "A": fill(s, can, "A", "adm"), "B": fill(s, can, "B", "bea")}
        can.add("echo", JUNK)
        asked, size, clear, denied = sweep(s, c, can, world, askers, people)
        c.check(asked > 4000 and denied > 500, f"only {asked} answers, {denied} refusals")
        for kind, rules in MAY.items():  # each of what may be clear was: no rule is a mere excuse
            for rule in rules:
                c.check(any((kind, route) in clear for route in rule[1:]), f"never clear: {kind} {rule}")
        c.ok(f"{len(can.of)} canaries, {asked} answers of {len(routes())} routes to {len(askers)} askers "
             f"({size >> 10} KiB): 0 unmasked bytes")
        s.tokens.clear()
        control(s, c, can, world)
    c.end()


main()
