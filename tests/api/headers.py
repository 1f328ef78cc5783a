"""Every answer has its headers: of security, of its request, and of the rate that bound it.

All kinds of answers are asked for; what could not be parsed at all is in http_raw.py, the refusals of
a server that stops in http_stop.py.  The limits are the server's own, which is tested as well.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Checks, Server

WANT = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "strict-transport-security": "max-age=63072000",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}
ORIGIN = "https://app.example"
JSON = {"Content-Type": "application/json"}
LOGIN = {"email": "ann@leadgen.example", "password": "not hers by any means"}
KIND = {"a": "anonymous", "g": "general", "s": "search", "w": "write", "l": "login", "h": "health",
        "p": "preflight", "r": "reveal", "f": "forgot"}

# Status, class of rate, who, method, path, body, headers
ANSWERS = [
    (200, "h", None, "GET", "/api/health", None, {}),
    (200, "g", "ann", "GET", "/api/me", None, {}),
    (200, "s", "ann", "GET", "/api/profiles/search?facets=none", None, {}),
    (200, "s", "ann", "GET", "/api/profiles/search", None, {"Accept-Encoding": "gzip"}),
    (200, "a", None, "GET", "/api/openapi.json", None, {"Accept-Encoding": "gzip"}),
    (202, "f", None, "POST", "/api/auth/forgot-password", {"email": "x@leadgen.example"}, {}),
    (204, "p", None, "OPTIONS", "/api/me", None,
     {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}),
    (400, "s", "ann", "GET", "/api/profiles/search?page_size=x", None, {}),
    (400, "l", None, "POST", "/api/auth/login", b"{", JSON),
    (400, "a", None, "GET", "/api/me?key=lgp_live_x", None, {}),
    (401, "a", None, "GET", "/api/me", None, {}),
    (401, "a", None, "GET", "/api/me", None, {"Authorization": "Bearer x.y.z"}),
    (401, "l", None, "POST", "/api/auth/login", LOGIN, {}),
    (402, "r", "poor", "POST", "/api/profiles/:id/reveal", {"fields": ["email"]}, {}),
    (403, "g", "ann", "GET", "/api/admin/credits", None, {}),
    (403, "w", "ann", "POST", "/api/invitations", {"email": "a@b.example", "role": "viewer"}, {}),
    (404, "g", "ann", "GET", "/api/absent", None, {}),
    (404, "a", None, "GET", "/absent", None, {}),
    (404, "g", "ann", "GET", "/api/profiles/x", None, {}),
    (405, "g", "ann", "DELETE", "/api/me", None, {}),
    (409, "w", "ann", "POST", "/api/jobs/:job/cancel", None, {}),
    (413, "l", None, "POST", "/api/auth/login", None, JSON | {"Content-Length": "70000"}),
    (415, "l", None, "POST", "/api/auth/login", b"<a/>", {"Content-Type": "text/xml"}),
]


def ask(s, who, method, path, body, headers):
    s.local.connection = None  # some end it
    return s.raw(who, method, path, body, headers)


def check(c, words, headers, kind, method="GET"):
    for name, value in WANT.items():
        c.check(headers.get_all(name) == [value], f"{words}: {name} is {headers.get_all(name)}")
    c.check(len(headers.get("x-request-id", "")) == 36, f"{words}: no request id")
    for name in ("server", "x-powered-by"):
        c.check(name not in headers, f"{words}: it says {name}")
    policy, left = headers.get("ratelimit-policy", ""), headers.get("ratelimit", "")
    c.check(policy.startswith(f'"{KIND[kind]}";q=') and policy.endswith(";w=60"),
            f"{words}: the policy is {policy}, not of {KIND[kind]}")
    c.check(left.startswith(f'"{KIND[kind]}";r='), f"{words}: RateLimit is {left}")


def all_kinds(s, c):
    profile = s.call("ann", "GET", "/api/profiles/search?facets=none&q=has:email")[1]["items"][0]["id"]
    job = s.call("ann", "POST", "/api/uploads", b"Name,Email\nA,a@b.example\n",
                 {"Content-Type": "text/csv"})[1]["id"]
    s.raw("ann", "GET", f"/api/jobs/{job}/events")  # ends with the job
    for want, kind, who, method, path, body, headers in ANSWERS:
        words = f"{want} {method} {path}"
        path = path.replace(":id", profile).replace(":job", job)
        status, data, got = ask(s, who, method, path, body, headers)
        c.check(status == want, f"{words}: {status} {data[:200]}")
        check(c, words, got, kind)
        if status >= 400:
            c.check(got["content-type"] == "application/problem+json", f"{words}: {got['content-type']}")
    status, _, got = ask(s, "ann", "GET", f"/api/jobs/{job}/events", None, {})
    check(c, "a stream", got, "g")
    c.ok(f"{len(ANSWERS) + 1} kinds of answers, {len({a[0] for a in ANSWERS})} statuses: all headers")


def strangers(s, c):
    """Ten a minute of an address that says nothing of itself, and the eleventh is told when."""
    got = [ask(s, None, "GET", "/api/openapi.json", None, {"X-Forwarded-For": "9.9.9.9"})
           for _ in range(12)]
    c.check([g[0] for g in got] == [200] * 10 + [429] * 2, f"anonymous: {[g[0] for g in got]}")
    for status, _, headers in got:
        check(c, f"anonymous {status}", headers, "a")
    c.check(0 < int(got[10][2]["retry-after"]) <= 60, "Retry-After is not within the minute")
    c.check(";r=9" in got[0][2]["ratelimit"] and ";r=0;t=" in got[10][2]["ratelimit"], "what is left")
    status, _, _ = ask(s, None, "GET", "/api/health", None, {"X-Forwarded-For": "9.9.9.9"})
    c.check(status == 200, "health is refused with it")
    me = [ask(s, "ann", "GET", "/api/me", None, {"X-Forwarded-For": "9.9.9.9"})[0] for _ in range(12)]
    c.check(me == [200] * 12, f"who is signed in is refused with it: {me}")
    c.ok("ten anonymous requests a minute; health and who is signed in are not among them")


def by_plan(s, c):
    said = {}
    for plan in ("starter", "premium", "enterprise"):
        account = s.accounts["ann"]
        s.call("sue", "POST", "/api/auth/confirm", {"password": s.password("sue")})
        got = s.call("sue", "PATCH", f"/api/admin/accounts/{account}", {"plan": plan})
        c.check(got[0] == 200, f"the plan {plan}: {got}")
        headers = ask(s, "ann", "GET", "/api/me", None, {})[2]
        said[plan] = headers.get("ratelimit-policy")
    c.check(said == {"starter": '"general";q=100;w=60', "premium": '"premium";q=1000;w=60',
                     "enterprise": None}, f"by plan: {said}")
    c.ok("100, 1,000 and unlimited by plan")


def before_bootstrap(c):
    with Server() as s:
        s.start()
        status, _, headers = ask(s, None, "GET", "/api/me", None, {})
        c.check(status == 503 and headers["retry-after"], f"before the bootstrap: {status}")
        check(c, "not ready", headers, "a")
    c.ok("a server that is not ready says so with all headers")


def main():
    c = Checks("headers")
    with Server(rows=200) as s:
        for name, role, credits in (("sue", "super_admin", 0), ("adm", "admin", 0), ("poor", "user", 0),
                                    ("ann", "user", 10)):
            s.user(name, role, credits=credits)
        s.start("--cors_origins", ORIGIN, "--trusted_proxies", "127.0.0.1")
        s.wait_searchable("ann")
        s.token("adm"), s.token("poor")
        all_kinds(s, c)
        strangers(s, c)
        by_plan(s, c)
    before_bootstrap(c)
    c.end()


main()
