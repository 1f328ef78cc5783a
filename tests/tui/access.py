"""The screens of members, keys, sessions, two-factor, limits, mail, audit and acting as a member."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake, uuid
from fake_access import CODES, SECRET
from terminal import Checks, Terminal

PASSWORD = "correct horse battery"


def step(c, t, keys, text, words):
    c.check(t.type(keys, text, 6) is not None, f"{words}: {text!r} after {keys!r}\n" + t.text())


def opened(home, f, *size, **more):
    t = Terminal(home, f.url, *size, **more)
    t.until(lambda: t.shows("row 1 of 500") and t.shows("ann@"))
    return t


def confirm(c, t, key, question, done, words):
    """A question, that neither Enter nor its own key answers with yes."""
    step(c, t, key, question, words + ": it asks")
    t.quiet(0.35)
    t.send(key + "\r")
    t.gone(question)
    step(c, t, key, question, words + ": it asks again")
    t.quiet(0.35)
    step(c, t, "y", done, words)


def keys(c, home, f):
    with tempfile.TemporaryDirectory() as folder, opened(home, f, cwd=folder) as t:
        step(c, t, "8", "No keys yet; n makes one.", "no keys")
        f.unconfirmed = True
        t.send("n")
        t.wait("New API key")
        t.send("sync\t")
        step(c, t, "\x14", "> credits:read", "Ctrl-T lists the scopes")
        t.send("search\r")
        t.wait("search:read")
        t.send("\x14reveal\r")
        step(c, t, "", "search:read, reveal:write", "several are chosen")
        t.send("\r\r\r5\r\r")
        step(c, t, "\r", "Your password once more", "the password is asked for once more")
        c.check(not f.keys, "and nothing was made")
        step(c, t, "wrong\r\r", "x password: the password is wrong", "a wrong one is refused")
        step(c, t, PASSWORD + "\t\r", "The key's secret", "the right one goes on with what was asked")
        c.check(len(f.keys) == 1 and f.keys[0]["scopes"] == ["search:read", "reveal:write"] and
                f.keys[0]["monthly_cap"] == 5 and f.keys[0]["days"] == 90 and not f.keys[0]["test"], f"{f.keys}")
        c.check(SECRET.encode() not in t.all and b"horse" not in t.all, "nothing secret is on the screen unasked")
        step(c, t, "v", SECRET, "v shows it")
        t.send("v")
        c.check(t.gone(SECRET) is not None, "and hides it")
        step(c, t, "w", "leadgen.secret", "w asks for a file")
        step(c, t, "\r", "written to leadgen.secret", "and writes it")
        path = os.path.join(folder, "leadgen.secret")
        with open(path) as file:
            c.check(file.read() == SECRET and os.stat(path).st_mode & 0o777 == 0o600, "for its owner alone")
        step(c, t, "w", "File", "again")
        step(c, t, "\r", "x leadgen.secret is there already", "but over nothing")
        step(c, t, "q", "> sync", "it closes, for it was kept")
        step(c, t, "e", "Change the key", "changing it")
        t.send("\x15crm\r\r\r\r")
        step(c, t, "\x15none\r", "+ changed", "is sent")
        c.check(f.keys[0]["name"] == "crm" and f.keys[0]["capped"] is False and f.keys[0]["networks"] == [],
                f"only as it was typed: {f.keys[0]}")
        step(c, t, "o", "Overlap", "rotating")
        step(c, t, "\x151\r", "The old one works for 1 hours more.", "says what it does")
        t.quiet(0.35)
        step(c, t, "y", "The key's secret", "and shows the new secret")
        c.check(json.loads(f.asked("/rotate")[0][2]) == {"overlap_hours": 1}, "with the overlap that was typed")
        t.send("\x1b")
        t.wait("Did you keep it?")
        t.quiet(0.35)
        step(c, t, "n", "it is shown this once", "leaving too soon is asked about")
        t.send("\x1b")
        t.wait("Did you keep it?")
        t.quiet(0.35)
        step(c, t, "y", "> crm", "then it is gone")
        confirm(c, t, "d", "Revoke this key?", "+ revoked", "revoking")
        c.check(f.keys[0]["revoked"] and len(f.asked("/api/keys/", "DELETE")) == 1, "once")
    c.ok("keys: made with the password once more, shown once, changed, rotated, revoked")


def refusals(c, home):
    with Fake(role="viewer") as f:
        f.sign_in(home)
        with opened(home, f) as t:
            step(c, t, "8", "! this takes the role user; yours is viewer", "a viewer has no keys")
            c.check(not f.asked("/api/keys"), "and nothing is asked")
            step(c, t, "n", "it takes user, yours is viewer", "nor makes any")
            step(c, t, "A", "it takes admin, yours is viewer", "nor administers")
            step(c, t, "2", "> leadgen/0.1.0", "but has sessions")
            f.fail["/api/limits"] = (403, "forbidden", 0)
            step(c, t, "4", "! made to fail", "a refusal is said where the answer would stand")
    c.ok("who may not is told which role it takes")


def sessions(c, home, f):
    with opened(home, f) as t:
        t.send("8")
        t.wait("Access > Keys")
        step(c, t, "2", "row 1 of 3", "sessions")
        step(c, t, "d", "It is this one: you sign in anew.", "this one is known")
        t.send("n")
        step(c, t, "j", "row 2 of 3", "another")
        confirm(c, t, "d", "kiosk from 192.0.2.1", "+ ended", "ending one")
        c.check(t.gone("kiosk") is not None, "it is gone: " + t.text())
        confirm(c, t, "D", "End all other sessions?", "+ all others", "ending all others")
        c.check([s["agent"] for s in f.sessions] == ["leadgen/0.1.0"], "this one stays")
        t.send("1")
        t.wait("No keys" if not f.keys else "BEGINS")
        t.send("q")
        t.wait("row 1 of 500")
        step(c, t, ":access", "access: Limits", "the palette finds a tab from everywhere")
        t.send("\x15access: lim")
        t.gone("access: Sessions")
        step(c, t, "\r", "25 of 100 a minute", "limits")
        told = ("20 of 20 a minute, next in 17 s", "no limit", "12.5 of 50 credits", "Plan starter, balance 100")
        c.check(t.until(lambda: all(t.shows(x) for x in told)) is not None, "all of them: " + t.text())
        step(c, t, "5", "The operator has never acted as you.", "nobody acted as us")
    c.ok("sessions are ended, limits are told")


def factor(c, home, f):
    with opened(home, f) as t:
        t.send("8")
        step(c, t, "3", "A password alone opens this account.", "it is off")
        f.unconfirmed = True
        step(c, t, "n", "Your password once more", "turning it on is dangerous")
        step(c, t, "\x1b", "x nothing was done", "Esc does nothing")
        t.send("n")
        t.wait("Your password once more")
        step(c, t, PASSWORD + "\r\r", "ABCD EFGH ABCD", "the secret to type")
        step(c, t, "\x0f", "\u2588\u2588\u2588\u2588", "or to scan: the whole screen is the code")
        c.check(t.until(lambda: t.shows("Esc:back") and not t.line(0).startswith(" leadgen"), 3) is not None, t.text())
        step(c, t, "\x1b", "ABCD EFGH ABCD", "and back")
        step(c, t, "000000\r", "x totp: the code is wrong", "a wrong code")
        c.check(not f.factor, "leaves it off")
        step(c, t, "123456\r", "Recovery codes", "the right one turns it on")
        c.check(CODES[0].encode() not in t.all, "recovery codes are hidden")
        step(c, t, "v", CODES[2], "until they are asked for")
        t.send("\x1b")
        t.wait("Did you keep it?")
        t.quiet(0.35)
        step(c, t, "y", "Recovery codes left", "its state follows")
        c.check(t.wait("On                         yes") is not None, "it is on: " + t.text())
        confirm(c, t, "c", "New recovery codes?", "shown this once", "new codes")
        t.send("\x1b")
        t.wait("Did you keep it?")
        t.quiet(0.35)
        t.send("y")
        t.gone("Did you")
        step(c, t, "d", "then a password alone", "turning it off")
        t.send(PASSWORD + "\t")
        step(c, t, "123456\r", "+ the second factor is off", "takes the password and a code")
    with opened(home, f, 45, 160) as t:
        t.send("8")
        t.wait("Access >")
        t.send("3")
        t.wait("A password alone")
        step(c, t, "n", "Scan this code", "on a large screen the code stands beside the secret")
        c.check(t.wait("\u2588\u2588\u2588\u2588") is not None and t.wait("leadgen |") is not None, t.text())
    f.factor = True
    os.remove(os.path.join(home, ".local/share/leadgen/token"))
    with Terminal(home, f.url) as t:
        t.wait("Password")
        step(c, t, "ann@acme.example\t" + PASSWORD + "\r", "Code", "signing in asks for the code")
        step(c, t, "999999\r", "x totp: send a code", "a wrong one is refused")
        step(c, t, "123456\r", "row 1 of 500", "the right one lets in, the password typed once")
        c.check(b"horse" not in t.all, "and never drawn")
    f.factor = False
    c.ok("two-factor: QR code, confirmed, recovery codes, off; and signing in with it")


def members(c, home, f):
    with opened(home, f) as t:
        step(c, t, "A", "no mail server is configured: mails are kept (1 now); 7 shows them", "the state of mail is said")
        step(c, t, "m", "What this member may spend", "a cap")
        step(c, t, "\x15x\r", "at most two decimals", "is a number")
        step(c, t, "\x1512.5\r", "+ changed", "and is set")
        c.check(f.users[0]["monthly_cap"] == 12.5 and f.users[0]["capped"], f"{f.users[0]}")
        f.users[0]["account_id"] = uuid(0, 8)
        t.send("R")
        f.unconfirmed = True
        step(c, t, "O", "ann@acme.example owns the account", "passing the account on")
        t.quiet(0.35)
        step(c, t, "y", "Your password once more", "is dangerous")
        step(c, t, PASSWORD + "\r\r", "+ the account is passed on", "and done")
        c.check(f.owner == (f"/api/admin/accounts/{uuid(0, 8)}/owner", uuid(0, 9)), f"{f.owner}")
        step(c, t, "i", "Invite somebody", "inviting")
        step(c, t, "max@acme.example\r\r", "+ invited", "is done by mail")
        step(c, t, "6", "max@acme.example", "and seen")
        step(c, t, "t", "+ sent again", "sent again")
        confirm(c, t, "d", "Revoke this invitation?", "Nobody is invited", "revoking")
        step(c, t, "7", "new@acme.example", "mails that wait")
        step(c, t, "\r", "Your token is", "one is read, by itself")
        t.send("q")
        step(c, t, "t", "+ it is tried again", "one is tried again")
        confirm(c, t, "d", "Delete this mail?", "Every mail has gone out.", "deleting")
    c.ok("members: caps, the owner, invitations; the outbox")


def audit(c, home, f):
    with tempfile.TemporaryDirectory() as folder, opened(home, f, cwd=folder) as t:
        t.send("A")
        t.wait("Admin >")
        step(c, t, "3", "ann@acme.example", "who it was is said by address")
        t.wait("row 1 of 60 and more")
        step(c, t, "G", "row 60 of 80", "pages follow")
        step(c, t, "f", "Filter the audit log", "a filter")
        step(c, t, "ben@acme.example\tkey.create\t\t\t2026-11-24\r\r", "row 1 of 3", "finds what lies pages back")
        c.check(t.shows("Who: ben@acme.example  What: key.create  From: 2026-11-24"), "and says what it is: " + t.text())
        asked = f.asked("/api/admin/audit?")[-1][1]
        c.check(f"&actor_id={uuid(1, 9)}&verb=key.create&since=2026-11-24T00%3A00%3A00Z" in asked, asked)
        step(c, t, "e", ".jsonl", "an export")
        f.export_goes.clear()
        t.send("\x15all.jsonl\r")
        c.check(t.wait("3 records, ") is not None, "shows how far it is: " + t.text())
        c.check(not os.path.exists(folder + "/all.jsonl"), "a part stands under no name")
        t.send("\x1b")
        t.gone("so far")
        c.check(not os.listdir(folder), f"stopped, nothing is kept: {os.listdir(folder)}")
        f.export_goes.set()
        t.send("e")
        t.wait(".jsonl")
        step(c, t, "\x15all.jsonl\r", "+ 3 records in all.jsonl", "to its end")
        with open(folder + "/all.jsonl") as file:
            c.check([json.loads(x)["verb"] for x in file] == ["key.create"] * 3, "it is what was filtered")
        step(c, t, "x", "row 1 of", "all again")
        c.check(t.wait("profile.reveal") is not None, t.text())
        step(c, t, "+", "profile.reveal", "by a value of the row")
        t.send("profile\r")
        c.check(t.wait("What: profile.reveal") is not None, t.text())
        f.fail["/api/admin/audit?"] = (400, "invalid", 0)
        t.send("f")
        t.wait("Filter the audit log")
        t.send("\t\x15nonsense\t\t\t\t\r")
        t.gone("who: an address")
        c.check(t.wait(" ! made to fail") is not None and not t.shows("profile.reveal  "),
                "a refusal stands in place of what was there: " + t.text())
        f.fail.clear()
    c.ok("audit: pages, filters by address, value and time, an export that can be stopped")


def acting(c, home, f):
    banner = "ACTING AS ben@acme.example until 08:38 UTC; E ends it"
    with opened(home, f) as t:
        t.send("A")
        t.wait("zoe@")
        t.send("j")
        step(c, t, "I", "the member reads the reason", "acting as a member")
        t.send("ticket 4711 of today\r")
        t.wait("for half an hour")
        t.quiet(0.35)
        step(c, t, "y", banner, "is said")
        c.check(t.wait("row 1 of 500") is not None, "where they are: " + t.text())
        for key, text in (("f", "Filters"), ("\x1b", "row 1"), ("?", "Keys of"), ("\x1b", "row 1"), ("9", "Balance"),
                          ("J", "people.csv"), ("\r", "merged"), ("8", "No keys"), ("n", "Days"), ("\x1b", "No keys"),
                          ("3", "A password"), ("4", "Plan starter"), (":", "Actions"), ("\x1b", "Plan")):
            step(c, t, key, text, "a screen of the member's")
            c.check(t.line(0).startswith("! " + banner), f"the banner stands after {key!r}: " + t.line(0))
        with open(os.path.join(home, ".local/share/leadgen/token")) as file:
            c.check("acting" not in file.read(), "the member's tokens are in no file")
        step(c, t, "A", "it takes admin, yours is user", "one can do no more than the member")
        step(c, t, "E", "super_admin", "E ends it")
        c.check(f.logged_out == ["acting"] and not t.shows("ACTING"), f"the member's session ends: {f.logged_out}")
        t.send("A")
        t.wait("zoe@")
        step(c, t, "8", "ticket 4711 of t", "and is kept for good")
        t.send("1")
        t.wait("zoe@")
        t.send("jI")
        t.wait("Act as this member")
        t.send("ticket 4712 of today\r")
        t.wait("for half an hour")
        t.quiet(0.35)
        t.send("y")
        t.wait(banner)
        f.fail.update({"/search": (401, "token_expired", 0), "/refresh": (401, "unauthorized", 0)})
        t.send("R")
        t.until(lambda: f.asked("/refresh"))
        f.fail.clear()
        step(c, t, "", "super_admin", "when its time is over, one is oneself again")
        c.check(not t.shows("Password") and not t.shows("ACTING"), t.text())
    f.role = "user"
    with Terminal(home, f.url) as t:
        c.check(t.wait("! THE OPERATOR ACTS AS YOU until 08:38 UTC; 8 5 says why") is not None,
                "the member is told, on every screen: " + t.text())
        t.send("8")
        step(c, t, "5", "ticket 4711 of today", "and why")
        c.check(t.line(0).startswith("! THE OPERATOR"), t.line(0))
    c.ok("acting as a member is on every screen, the member's too, and ends")


def main():
    c = Checks("access")
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        keys(c, home, f)
        sessions(c, home, f)
        factor(c, home, f)
    with tempfile.TemporaryDirectory() as home:
        refusals(c, home)
    with tempfile.TemporaryDirectory() as home, Fake(role="super_admin") as f:
        f.sign_in(home)
        members(c, home, f)
        audit(c, home, f)
        acting(c, home, f)
    c.end()


main()
