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


def main():
    c = Checks("race")
    with Server(rows=1500) as s:
        for name, credits in (("one", 1), ("same", 1), ("key", 3)):
            s.user(name, "user", credits)
        s.user("boss", "super_admin")
        unlimited = [x for r in ("general", "search", "reveal", "anonymous", "login")
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

        for name, want in (("one", 0), ("same", 0), ("key", 2)):
            _, reply = s.call(name, "GET", "/api/credits")
            total = sum(e["amount"] for e in reply["entries"])
            c.check(reply["balance"] == want == total, f"{name}: {reply['balance']}, entries {total}")
        c.ok("balances are the sums of their entries")
    c.end()


main()
