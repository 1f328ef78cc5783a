"""make bench: an import of ROWS rows (200,000) into a running server: rows a second, and memory as it goes.

usage: upload.py [ROWS]     The file has people at companies, one in twenty of them twice.
"""
import os
import random
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import Server


def write_csv(path, rows, seed=7):
    dice = random.Random(seed)
    titles = ["VP Sales", "Data Analyst", "Head of Marketing", "Software Engineer", "CEO", "Buyer"]
    places = ["Leipzig,Saxony,Germany", "Tucson,Arizona,United States", "Lyon,Rhône,France"]
    with open(path, "w") as f:
        f.write("First Name,Last Name,Title,Company,Email,Phone,City,State,Country,Website,Industry\n")
        for i in range(rows):
            n = i if dice.random() > 0.05 else dice.randrange(i + 1)
            c = int(rows / 20 * dice.random() ** 3)
            f.write(f"Ann{n % 977},Weber{n % 7919},{titles[n % 6]},Firm {c} GmbH,p{n}@firm{c}.example,"
                    f"+49 30 23125{n % 1000:03},{places[n % 3]},firm{c}.example,machinery\n")


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("VmRSS"))


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200000
    with Server() as s, tempfile.NamedTemporaryFile(suffix=".csv") as f:
        s.user("ann", "user", 0)
        s.user("root", "super_admin")
        s.start("--rate_general", "unlimited", "--rate_anonymous", "unlimited")
        write_csv(f.name, rows)
        idle = resident_kb(s.process.pid)
        status, reply = s.call("ann", "POST", "/api/uploads", f.read(), {"Content-Type": "text/csv"})
        if status != 202:
            raise SystemExit(f"upload: {status} {reply}")
        marks, job = {}, None
        while True:
            _, job = s.call("ann", "GET", f"/api/jobs/{reply['id']}")
            step = int(job["progress"] * 4)
            marks.setdefault(step, resident_kb(s.process.pid))
            if job["state"] not in ("queued", "running"):
                break
            threading.Event().wait(0.1)
        moment = lambda k: float(job[k][17:-1]) + 60 * int(job[k][14:16]) + 3600 * int(job[k][11:13])
        took = moment("finished") - moment("started")
        c = job["counts"]
        print(f"{job['state']}: {c['read']} rows in {took:.1f} s, {c['read'] / took:.0f} rows/s "
              "(searchable at the end); " + ", ".join(f"{k} {v}" for k, v in c.items()))
        print("memory over idle at " + ", ".join(f"{k * 25} %: {(v - idle) / 1024:.0f} MB"
                                                 for k, v in sorted(marks.items())))
        print("expected: at least 15000 rows/s: " + ("ok" if c["read"] / took >= 15000 else "NOT MET"))


main()
