"""The audit log from outside: filters, exports checked by this file's own reading of the rules in
server/chain.h, `leadgend audit verify` beside and without the server, a store that somebody has
been at, kill -9, refusals in one record a minute, and nobody's personal data in any of it."""
import contextlib
import csv
import hashlib
import io
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server

RATES = [w for r in ("general", "anonymous", "login", "search", "reveal", "write")
         for w in ("--rate_" + r, "unlimited")]

# Ed25519, RFC 8032 5.1, with plain integers.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    g, h = 2 * t1 * t2 * D, 2 * z1 * z2
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, a):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    x1, y1, z1, _ = times(int.from_bytes(signature[32:], "little"), BASE)
    x2, y2, z2, _ = add(point(signature[:32]), times(k, point(public)))
    return (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0


# The chain, as server/chain.h says it.
IDS = {"id", "actor_id", "impersonator_id", "account_id", "target_id", "chain"}


def ms(text):
    from datetime import datetime, timezone
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return round(at.timestamp() * 1000)


def digest(what, record, without):
    h = hashlib.blake2b(digest_size=32)

    def put(data):
        h.update(struct.pack(">I", len(data)) + data)

    put(what)
    put(b"audit")
    for name, value in record.items():
        if value is None or value == 0 or name in without:
            continue
        put(name.encode())
        if name in IDS:
            put(bytes.fromhex(value.replace("-", "")))
        elif name == "at":
            put(struct.pack(">q", ms(value)))
        elif isinstance(value, int):
            put(struct.pack(">q", value))
        else:
            put(value.encode())
    return h.digest()


def check_export(c, lines, keys):
    previous, hashes, checkpoints = None, {}, 0
    for n, line in enumerate(lines, 1):
        r = json.loads(line)
        own = digest(b"leadgend chain 1", r, {"hash"}).hex()
        c.check(r["seq"] == n and r["hash"] == own and r.get("previous") == previous,
                f"record {n} is not linked")
        previous = hashes[n] = own
        if r["verb"] == "audit.checkpoint":
            checkpoints += 1
            what = digest(b"leadgend signature 1", r, {"seq", "previous", "hash", "signature"})
            c.check(r["anchor"] == hashes[r["covers"]], f"checkpoint {n} has another anchor")
            c.check(signed(keys[r["key"]], what, bytes.fromhex(r["signature"])),
                    f"checkpoint {n} is not signed")
    return checkpoints


def leadgend(s, *words, data=None):
    done = subprocess.run([BUILD + "/leadgend", "--data", data or s.data, *words],
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def listed(s, who, query=""):
    """All pages."""
    out, cursor = [], ""
    while True:
        status, page = s.call(who, "GET", f"/api/admin/audit?page_size=7{query}{cursor}")
        if status != 200:
            return status
        out += page["items"]
        if not page["next_cursor"]:
            return out
        cursor = "&cursor=" + page["next_cursor"]


def fill(s):
    s.wait_searchable("ann")
    found = s.call("ann", "POST", "/api/profiles/search", {"has": ["email"]})[1]["items"]
    for x in found[:12]:
        s.call("ann", "POST", f"/api/profiles/{x['id']}/reveal", {"fields": ["email"]})
    for _ in range(300):
        s.call("ann", "GET", "/api/admin/users")
    for _ in range(5):
        s.call(None, "POST", "/api/auth/login", {"email": "ann@leadgen.example", "password": "x"})
    return [x["id"] for x in found[:12]]


def filters(s, ids):
    c = Checks("audit")
    whole = listed(s, "root")
    mine = listed(s, "adm")
    c.check(len({r["id"] for r in whole}) == len(whole), "pages repeat records")
    c.check([r["seq"] for r in whole] == sorted((r["seq"] for r in whole), reverse=True),
            "not newest first")
    c.check(mine and {r["account_id"] for r in mine} == {s.accounts["adm"]},
            "an admin sees another account's")
    c.check(not any(k in r for r in mine for k in ("seq", "hash", "previous", "chain")),
            "an admin sees the chain")
    c.check(listed(s, "ann") == 403, "a user sees the log")
    one = [r for r in whole if r["verb"] == "profile.reveal"][3]
    for query, holds in [
            ("&verb=profile.reveal", lambda r: r["verb"] == "profile.reveal"),
            (f"&actor_id={one['actor_id']}", lambda r: r["actor_id"] == one["actor_id"]),
            (f"&target_id={ids[2]}", lambda r: r["target_id"] == ids[2]),
            (f"&account_id={one['account_id']}", lambda r: r["account_id"] == one["account_id"]),
            ("&outcome=ok", lambda r: r["outcome"] == "ok"),
            (f"&since={one['at']}", lambda r: r["at"] >= one["at"]),
            (f"&until={one['at']}", lambda r: r["at"] < one["at"])]:
        got, want = listed(s, "root", query), [r for r in whole if holds(r)]
        new = [r for r in got if r not in whole]
        c.check([r for r in got if r in whole] == want and all(map(holds, new)), f"filter {query}")
        c.check(0 < len(want) < len(whole), f"the filter {query} shows nothing")
    other = listed(s, "adm", f"&account_id={s.accounts['root']}")
    c.check(other == [] == listed(s, "adm", "&account_id=" + ids[0]), "another account's filter")
    for bad in ("actor_id=x", "since=yesterday", "nothing=1", "cursor=00"):
        c.check(s.call("root", "GET", "/api/admin/audit?" + bad)[0] == 400, f"{bad} is taken")
    c.ok("pages, filters, and to each admin his own account's")
    return c.failed


def exports(s):
    c = Checks("audit")
    keys = {int(x.split()[0]): bytes.fromhex(x.split()[1])
            for x in s.run("audit", "keys").splitlines()}
    status, data, headers = s.raw("root", "GET", "/api/admin/audit/export")
    lines = data.decode().splitlines()
    c.check(status == 200 and headers["Content-Type"] == "application/x-ndjson", "its type")
    c.check(check_export(c, lines, keys) > 0, "the export has no checkpoint")
    c.check(json.loads(lines[-1])["verb"] == "audit.export", "the export is not in the log")
    with open(os.path.join(s.dir, "export"), "wb") as f:
        f.write(data)
    with open(os.path.join(s.dir, "public"), "w") as f:
        f.write(s.run("audit", "keys"))
    words = ("audit", "verify", "--public-keys", os.path.join(s.dir, "public"), "--export")
    code, text = leadgend(s, *words, os.path.join(s.dir, "export"))
    c.check(code == 0 and text.startswith("ok: "), f"verify of an export: {code} {text}")
    lines[5], lines[6] = lines[6], lines[5]
    with open(os.path.join(s.dir, "bad"), "w") as f:
        f.write("\n".join(lines) + "\n")
    code, text = leadgend(s, *words, os.path.join(s.dir, "bad"))
    c.check(code == 2 and text.startswith("reordered: record 6"), f"a swap: {code} {text}")
    rows = list(csv.DictReader(io.StringIO(
        s.raw("adm", "GET", "/api/admin/audit/export?format=csv")[1].decode())))
    c.check(rows and {r["account_id"] for r in rows} == {s.accounts["adm"]} and
            not any(r["hash"] for r in rows), "the CSV of an admin")
    c.check(s.call("adm", "GET", "/api/admin/audit/export?page_size=3")[0] == 400, "pages of it")
    c.ok("an export stands up to a reading of the rules that is not the server's")
    return c.failed


def read(s, sql):
    """
    Rows of the store. The connection ends here and not when the interpreter comes to it: while one
    is open, this process must not copy the file, since closing the copy's source gives up the locks
    of both, and the server then starts its log over under a reader that does not know.
    """
    with contextlib.closing(sqlite3.connect(f"file:{s.data}/leadgen.db?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def refusals(s):
    c = Checks("audit")
    rows = read(s, "SELECT outcome, detail, sum(count), count(*) FROM audit"
                   " WHERE verb = 'refuse' GROUP BY 1, 2")
    by = {(o, d.split(" from ")[0]): (n, k) for o, d, n, k in rows}
    n, k = by.get(("forbidden", "GET /api/admin/users"), (0, 0))
    c.check(n == 300 and k <= 3, f"300 refusals are {n} in {k} records")
    n, _ = by.get(("bad_login", "POST /api/auth/login"), (0, 0))
    c.check(n == 5, f"5 failed sign-ins are {n}")
    c.ok("refusals and failed sign-ins are counted, not written one by one")
    return c.failed


def personal_data(s):
    """Each sealed value is known here; none may be in the log's columns, nor a name."""
    c = Checks("audit")
    cells = [x for row in read(s, "SELECT * FROM audit") for x in row]
    c.check({len(x) for x in cells if isinstance(x, bytes)} == {16}, "bytes that are no ids")
    text = "\n".join(x for x in cells if isinstance(x, str)).lower().encode()
    known = [f"{n}@leadgen.example" for n in ("ann", "adm", "root")] + ["@", "127.0.0.1"]
    names = [x for row in read(s, "SELECT first_name, last_name, name FROM profile")
             for x in row if x and len(x) > 4]
    c.check(names and len(text) > 4000, "nothing to look at")
    found = [x for x in known + names if x.lower().encode() in text]
    c.check(not found, f"in the audit log: {found[:5]}")
    c.check(b"profile.reveal" in text and b"/api/admin/users" in text, "the control finds nothing")
    c.ok("no address, name or peer in clear")
    return c.failed


TAMPER = {
    "UPDATE audit SET count = 2 WHERE seq = 5": "altered: record 5",
    "UPDATE audit SET verb = 'nothing' WHERE seq = 1": "altered: record 1",
    "UPDATE audit SET actor_id = zeroblob(16) WHERE seq = 9": "altered: record 9",
    "UPDATE audit SET detail = '' WHERE seq = 4": "altered: record 4",
    "UPDATE audit SET hash = previous WHERE seq = 7": "altered: record 7",
    "UPDATE audit SET mac = NULL WHERE seq = 7": "forged: record 7",
    "UPDATE audit SET signature = replace(signature, '0', '1') WHERE signature IS NOT NULL":
        "altered",
    "DELETE FROM audit WHERE seq = 6": "missing: record 6",
    "DELETE FROM audit WHERE seq < 6": "missing: record 5",
    "DELETE FROM audit WHERE seq > 6": "truncated",
    "DELETE FROM audit": "truncated",
    "UPDATE audit SET seq = NULL WHERE seq = (SELECT max(seq) FROM audit)": "truncated",
    "INSERT INTO audit (id, verb, at) VALUES (randomblob(16), 'x', 1)": "inserted: record 0",
    "INSERT INTO audit SELECT randomblob(16), at, actor_id, actor_kind, impersonator_id, account_id, verb, target_id, outcome,"
    " detail, request_id, count, seq + 1000, chain, previous, hash, mac, covers, anchor, key,"
    " signature FROM audit WHERE seq = 3": "missing",
    "UPDATE audit SET seq = seq + 100000 WHERE seq IN (3, 4); UPDATE audit SET seq = 4 WHERE"
    " seq = 100003; UPDATE audit SET seq = 3 WHERE seq = 100004": "unlinked: record 3",
}


def tampering(s):
    c = Checks("audit")
    copy = os.path.join(s.dir, "copy")
    for sql, want in TAMPER.items():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(s.data, copy)
        if not os.path.exists(copy + ".keys"):
            shutil.copytree(s.data + ".keys", copy + ".keys")
        if sql == next(iter(TAMPER)):
            code, text = leadgend(s, "audit", "verify", data=copy)
            c.check(code == 0, f"an untouched copy: {text}")
        db = sqlite3.connect(copy + "/leadgen.db")
        db.executescript(sql)
        db.close()
        code, text = leadgend(s, "audit", "verify", data=copy)
        c.check(code == 2 and text.startswith(want), f"{sql}: {code} {text.strip()}")
    code, text = leadgend(s, "audit", "verify", data=os.path.join(s.dir, "nowhere"))
    c.check(code == 1 and not os.path.exists(os.path.join(s.dir, "nowhere")), f"nowhere: {text}")
    c.ok("a store that somebody has been at is found out, and how")
    return c.failed


def kills(s, ids):
    """Reveals from four threads, kill -9 in the middle, three times; what was answered is there."""
    c = Checks("audit")
    for turn in range(3):
        s.start(*RATES)
        for name in ("ann", "root"):
            s.token(name)
        answered, lock = [], threading.Lock()
        enough = threading.Event()

        def work():
            try:
                while True:
                    for x in ids:
                        status, data, headers = s.raw("ann", "GET", "/api/profiles/" + x)
                        with lock:
                            answered.append(headers["X-Request-Id"])
                            if len(answered) > 150 + 40 * turn:
                                enough.set()
            except Exception:
                enough.set()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        enough.wait(60)
        s.process.kill()
        for t in threads:
            t.join()
        s.stop()
        code, text = leadgend(s, "audit", "verify")
        c.check(code == 0, f"after kill -9: {text}")
        kept = {x for (x,) in read(s, "SELECT request_id FROM audit")}
        c.check(len(answered) > 100 and set(answered) <= kept,
                f"{len(set(answered) - kept)} of {len(answered)} clear reads have no record")
    c.ok("after kill -9 the chain goes on, and every answered clear read is in it")
    return c.failed


def main():
    with Server(rows=60) as s:
        s.user("ann", "user", credits=100)
        s.user("adm", "admin", same_as="ann")
        s.user("root", "super_admin")
        s.start(*RATES)
        ids = fill(s)
        s.stop()
        s.start(*RATES)
        failed = filters(s, ids)
        code, text = leadgend(s, "audit", "verify")
        failed += exports(s)
        s.stop()
        c = Checks("audit")
        c.check(code == 0 and text.startswith("ok: "), f"verify beside the server: {text}")
        code, text = leadgend(s, "audit", "verify")
        c.check(code == 0 and "no witness" not in text, f"verify after it: {text}")
        c.ok("verify beside and without the server")
        failed += c.failed + refusals(s) + personal_data(s) + tampering(s) + kills(s, ids)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
