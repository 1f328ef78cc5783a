"""Keys are added while people read and write: no read fails, nothing stays under an older key.

The rows are looked at with plain SQL: a sealed value names its key in bytes 1 to 4.
"""
import os
import re
import sqlite3
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Checks, Server

ROWS, TURNS, READERS = 3000, 5, 3
CSV = "First Name,Last Name,Email,Company\n"


def state(s, words):
    found = re.match(r"keys (\d+) newest (\d+) reseal (\S+) rows (\d+)", s.run("keys", words))
    return int(found[1]), int(found[2]), found[3], int(found[4])


def sealed(s):
    """How many values each key has sealed."""
    out = {}
    db = sqlite3.connect(f"file:{s.data}/leadgen.db?mode=ro", uri=True)
    for table, column in (("profile", "email"), ("profile", "phone"), ("user", "email")):
        for key, n in db.execute(f'SELECT substr("{column}", 2, 4), count(*) FROM "{table}" '
                                 f'WHERE "{column}" IS NOT NULL GROUP BY 1'):
            key = int.from_bytes(key, "big")
            out[key] = out.get(key, 0) + n
    db.close()
    return out


def upload(s, n):
    rows = "".join(f"Ann{n},Smith{i},ann{n}.{i}@firm{i % 7}.example,Firm {i % 7}\n" for i in range(50))
    return s.call("boss", "POST", "/api/uploads", (CSV + rows).encode(), {"Content-Type": "text/csv"})


def main():
    c = Checks("keys")
    with Server(rows=ROWS) as s:
        s.user("boss", "super_admin")
        s.start("--rate_general", "unlimited", "--rate_search", "unlimited", "--rate_write", "unlimited")
        s.wait_searchable("boss")
        status, found = s.call("boss", "GET", "/api/profiles/search?page_size=200&has=email&facets=none")
        ids = [x["id"] for x in found["items"]]
        want = {i: s.call("boss", "GET", f"/api/profiles/{i}")[1]["email"] for i in ids[:60]}
        c.check(all(x and "@" in x and "*" not in x for x in want.values()), "clear values at first")
        stop, bad, reads = threading.Event(), [], [0]

        def read(seed):
            at = seed
            while not stop.is_set():
                i = ids[at % 60]
                at += 7
                status, got = s.call("boss", "GET", f"/api/profiles/{i}")
                reads[0] += 1
                if status != 200 or got["email"] != want[i]:
                    bad.append((status, i))

        threads = [threading.Thread(target=read, args=(k,)) for k in range(READERS)]
        s.token("boss")
        for t in threads:
            t.start()
        for turn in range(TURNS):
            keys, newest, _, _ = state(s, "rotate")
            c.check((keys, newest) == (turn + 2, turn + 2), f"a key more: {keys} {newest}")
            c.check(upload(s, turn)[0] == 202, "people go on loading")
            for _ in range(3000):
                if state(s, "status")[2] not in ("queued", "running"):
                    break
                threading.Event().wait(0.02)
            c.check(state(s, "status")[2] == "done", f"sealed anew: {state(s, 'status')}")
        before = reads[0]
        while reads[0] < before + 50 and not bad:
            threading.Event().wait(0.01)
        stop.set()
        for t in threads:
            t.join()
        c.check(reads[0] > 100 and not bad, f"{len(bad)} of {reads[0]} reads failed: {bad[:3]}")
        s.stop()
        left = sealed(s)
        c.check(list(left) == [TURNS + 1] and left[TURNS + 1] > ROWS, f"values by key: {left}")
        s.start()
        got = [s.call("boss", "GET", f"/api/profiles/{i}")[1]["email"] for i in ids[:60]]
        c.check(got == [want[i] for i in ids[:60]], "the same after a restart")
        s.stop()
        keys, _, _, _ = state(s, "rotate")
        c.check(keys == TURNS + 2, f"without a server: {keys}")
        c.check(list(sealed(s)) == [TURNS + 1], "the control: nobody has sealed anew yet")
        s.start()
        for _ in range(3000):
            if state(s, "status")[2] == "done":
                break
            threading.Event().wait(0.02)
        s.stop()
        c.check(list(sealed(s)) == [TURNS + 2], f"the next start seals anew: {sealed(s)}")
    c.ok(f"{TURNS} keys added under load, no read failed, nothing is left under an older one")
    c.end()


main()
