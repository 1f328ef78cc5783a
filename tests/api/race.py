"""1,000 parallel reveals with one credit left: one debit, and the ledger adds up."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Checks, Server

THREADS, REQUESTS = 40, 1000


def storm(s, name, make):
    """REQUESTS calls from THREADS threads at once; make(i) gives path, body, headers."""
    results, start = [None] * REQUESTS, threading.Barrier(THREADS)

    def work(k):
        s.call(name, "GET", "/api/me")  # connected before the gun
        start.wait()
        for i in range(k, REQUESTS, THREADS):
            results[i] = s.raw(name, "POST", *make(i))[:2]

    s.token(name)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def spent(s, name):
    return sum(-e["amount"] for e in s.call(name, "GET", "/api/credits?page_size=1000")[1]["entries"]
               if e["kind"] == "reveal")


def caps(c, s, ids, ask):
    """A member's cap, then a key's, each with one credit left; then none, which is the control."""
    users = s.call("chief", "GET", "/api/admin/users")[1]["items"]
    member = next(u["id"] for u in users if u["email"].startswith("capped@"))
    made = s.call("free", "POST", "/api/keys", {"name": "k", "scopes": ["reveal:write"],
                                                "monthly_cap": 1})[1]
    s.tokens["key of free"] = made["secret"]
    for name, owner, cap in (("capped", "chief", {"monthly_cap": 1}), ("key of free", None, None),
                             ("capped", "chief", {"capped": False})):
        before, half = spent(s, "chief"), ids[500:] if name == "capped" else ids[:500]
        if owner:
            status, _ = s.call(owner, "PATCH", f"/api/admin/users/{member}", cap)
            c.check(status == 200, f"the cap is set: {status}")
        r = storm(s, name, lambda i: (f"/api/profiles/{half[i % 500]}/reveal", ask))
        took, bought = spent(s, "chief") - before, sum(b'"charged":1,' in x[1] for x in r)
        if cap == {"capped": False}:
            c.check(took == bought == 7, f"without the cap the rest of the balance goes: {took}")
            c.check({x[0] for x in r if b"insufficient_credits" in x[1]} == {402}, "then 402")
        else:
            c.check(took == bought == 1, f"{name}: one credit left, {took} spent, {bought} bought")
            c.check({x[0] for x in r if b"cap_reached" in x[1]} == {402}, "then 402")
    c.ok("1,000 reveals, one credit left of a member's or a key's cap: one debit; without it, all")


def main():
    c = Checks("race")
    with Server(rows=1500) as s:
        for name, credits in (("one", 1), ("same", 1), ("key", 3)):
            s.user(name, "user", credits)
        s.user("boss", "super_admin")
        s.user("chief", "admin", 9)
        s.user("capped", "user", 0, "chief")
        s.user("free", "user", 0, "chief")
        unlimited = [x for r in ("general", "search", "reveal", "write", "anonymous", "login")
                     for x in (f"--rate_{r}", "unlimited")]
        s.start(*unlimited)
        s.wait_searchable("one")
        ids, cursor = [], ""
        while cursor is not None:
            _, found = s.call("one", "GET", "/api/profiles/search?has=email&facets=none"
                              f"&page_size=1000&cursor={cursor}")
            ids += [p["id"] for p in found["items"] if not p["email_opt_out"]]
            cursor = found["next_cursor"]
        ids = ids[:REQUESTS]
        c.check(len(ids) == REQUESTS, f"{len(ids)} profiles with an address")
        ask = {"fields": ["email"]}

        r = storm(s, "one", lambda i: (f"/api/profiles/{ids[i]}/reveal", ask))
        seen = sorted({x[0] for x in r})
        c.check(seen == [200, 402], f"only 200 and 402 on different contacts, not {seen}")
        c.check(sum(x[0] == 200 for x in r) == 1, "one credit buys one contact")
        c.ok("1,000 different contacts, one credit: one debit")

        r = storm(s, "same", lambda i: (f"/api/profiles/{ids[0]}/reveal", ask))
        charged = [b'"charged":1,' in x[1] for x in r]
        c.check({x[0] for x in r} == {200}, "all see the contact")
        c.check(sum(charged) == 1, f"{sum(charged)} of them were charged")
        c.ok("1,000 times the same contact, one credit: one debit, all are shown it")

        r = storm(s, "key", lambda i: (f"/api/profiles/{ids[1]}/reveal", ask,
                                       {"Idempotency-Key": "the same"}))
        c.check({x[0] for x in r} == {200}, "all are answered under one key")
        c.check(len({x[1] for x in r}) == 1, "identical bytes under one key")
        c.ok("1,000 times one key: one effect, identical bytes")

        caps(c, s, ids, ask)
        for name, want in (("chief", 0), ("one", 0), ("same", 0), ("key", 2)):
            _, reply = s.call(name, "GET", "/api/credits")
            total = sum(e["amount"] for e in reply["entries"])
            c.check(reply["balance"] == want == total, f"{name}: {reply['balance']}, entries {total}")
        c.ok("balances are the sums of their entries")
    c.end()


main()
