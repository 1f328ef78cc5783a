#!/usr/bin/python3
"""ledgercheck finds what is wrong, or its silence would mean nothing: each rule is broken once."""
import os
import sqlite3
import subprocess
import sys
import tempfile

SCHEMA = """
CREATE TABLE wallet (id BLOB PRIMARY KEY, balance INTEGER);
CREATE TABLE entry (id BLOB PRIMARY KEY, account BLOB, kind TEXT, amount INTEGER, balance INTEGER,
                    "plan" BLOB);
CREATE TABLE ownership (id BLOB PRIMARY KEY, account BLOB, profile BLOB, field TEXT, entry BLOB);
INSERT INTO wallet VALUES (x'01', 600), (x'02', 0);
INSERT INTO entry VALUES (x'10', x'01', 'grant', 1000, 1000, NULL),
                         (x'11', x'01', 'reveal', -100, 900, x'a1'),
                         (x'12', x'01', 'reveal', -300, 600, x'a2');
INSERT INTO ownership VALUES (x'21', x'01', x'f1', 'email', x'11'),
                             (x'22', x'01', x'f1', 'phone', x'12');
"""

# The wallet counts 100 for one member in November 2026; its entries of then say so, or not.
COUNTED = ("ALTER TABLE wallet ADD COLUMN spent BLOB;"
           "ALTER TABLE entry ADD COLUMN actor_id BLOB; ALTER TABLE entry ADD COLUMN key_id BLOB;"
           "ALTER TABLE entry ADD COLUMN at INTEGER;"
           "UPDATE wallet SET spent = x'F205000000000000" + "aa" * 16 + "6400000000000000'"
           " WHERE id = x'01'; UPDATE entry SET actor_id = x'" + "aa" * 16 + "', at = ")

# What is done to a sound ledger, and words of the rule that must notice; None: it stays sound.
CASES = [
    ("", None),
    (COUNTED + "1796000000000 WHERE id = x'11'", None),
    (COUNTED + "1790000000000 WHERE id = x'11'", "counter is the sum"),
    ("DELETE FROM ownership WHERE id = x'22';"
     "INSERT INTO entry VALUES (x'13', x'01', 'refund', 300, 900, x'a2');"
     "UPDATE wallet SET balance = 900 WHERE id = x'01'", None),
    ("UPDATE wallet SET balance = 599 WHERE id = x'01'", "sum of its entries"),
    ("UPDATE wallet SET balance = 1 WHERE id = x'02'", "sum of its entries"),
    ("UPDATE wallet SET balance = -1 WHERE id = x'02'", "no balance is below zero"),
    ("UPDATE entry SET balance = -1 WHERE id = x'12'", "leaves a balance below zero"),
    ("DELETE FROM wallet WHERE id = x'01'", "belongs to a wallet"),
    ("UPDATE entry SET kind = 'gift' WHERE id = x'10'", "reveals take"),
    ("UPDATE entry SET amount = 100 WHERE id = x'11'", "reveals take"),
    ("INSERT INTO ownership VALUES (x'23', x'01', x'f1', 'email', x'11')", "owned once"),
    ("INSERT INTO ownership VALUES (x'23', x'01', x'f2', 'email', x'99')", "was paid for"),
    ("UPDATE ownership SET account = x'02' WHERE id = x'21'", "by that account"),
    ("DELETE FROM ownership WHERE id = x'22'", "what was paid for is owned"),
    ("UPDATE ownership SET field = 'phone', profile = x'f3' WHERE id = x'21'",
     "what the fields cost"),
    ("UPDATE entry SET balance = 950 WHERE id = x'11'", "chain"),
    ("UPDATE entry SET amount = -200, balance = 800 WHERE id = x'11'", "sum of its entries"),
]


def check(damage, rule):
    with tempfile.TemporaryDirectory() as where:
        db = sqlite3.connect(os.path.join(where, "leadgen.db"))
        db.executescript(SCHEMA + damage)
        db.close()
        ran = subprocess.run([sys.executable, "tests/fault/ledgercheck", where],
                             capture_output=True, text=True)
    if rule is None:
        return ran.returncode == 0 and "FAULT" not in ran.stdout
    return ran.returncode == 1 and any(
        line.startswith("FAULT") and rule in line for line in ran.stdout.splitlines())


def main():
    failed = 0
    for damage, rule in CASES:
        fine = check(damage, rule)
        failed += not fine
        print("%s ledgercheck: %s" % ("ok  " if fine else "FAIL", rule or "a sound ledger"))
    sys.exit(failed > 0)


main()
