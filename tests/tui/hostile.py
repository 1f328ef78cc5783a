"""Nothing that came from outside reaches the terminal as more than text: T23."""
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake, person, uuid
from terminal import Checks, Terminal

BAD = {
    "OSC 52": "\x1b]52;c;ZXZpbA==\x07", "OSC 0": "\x1b]0;owned\x07", "CSI 3J": "\x1b[3J", "C1 CSI": "\u009b31m",
    "C1 OSC": "\u009d0;owned\u009c", "bidi": "\u202eabc\u2066\u2069", "joiner": "a\u200db\ufe0f", "DEL": "\x7f",
    "BEL": "\x07", "VT": "\x0b", "DCS": "\x1bP1$r\x1b\\",
}
ALL = "".join(BAD.values())
# What leadgen itself sends are CSI sequences, character sets and keypad modes; nothing of these.
FORBIDDEN = (rb"\x1b\]", rb"\x07", rb"\x1bP", rb"\xc2[\x80-\x9f]", rb"\xe2\x80[\x8b-\x8f\xaa-\xae]",
             rb"\xe2\x81[\xa6-\xa9]", rb"\x7f", rb"\x1b\[3J", rb"\xef\xb8\x8f", rb"\x0b")


def violations(data):
    return [pattern for pattern in FORBIDDEN if re.search(pattern, data)]


def evil(text):
    return text + "ok" + ALL + "end"


def evil_people():
    people = []
    for n in range(30):
        p = person(n)
        for name in ("name", "title", "company", "city", "industry", "email", "phone", "email_status", "domain",
                     "linkedin_url", "country"):
            p[name] = evil("x")
        p["technologies"] = p["keywords"] = [evil("t")]
        people.append(p)
    return people


def visit(c, f, t):
    c.check(t.wait("xok") is not None, "the rest of the name is shown: " + t.text())
    for keys, text in (("j", "row 2"), ("f", "Filters"), ("f", "row 2"), ("r", "TOTAL NOW")):
        c.check(t.type(keys, text) is not None, f"{keys!r} shows {text}")
    t.quiet(0.4)
    c.check(t.type("y", "clearok") is not None, "the revealed value is shown: " + t.text())
    t.send("\x1b")
    t.gone("clearok")
    for keys, text in (("\r", "Updated"), ("\x1b", "row 2"), ("J", "jobok"), ("\r", "read as encok"), ("A", "whook"),
                       ("d", "Disable this"), ("\x1b", "whook"), ("4", "Status"), ("7", "mailok"), ("\r", "bodyok"), ("q", "mailok"),
                       ("3", "verbok"), ("+", "Only those"), ("\x1b", "verbok"), ("8", "actok"), ("1", "whook")):
        c.check(t.type(keys, text) is not None, f"{keys!r} shows {text}: " + t.text())
    t.send("q")
    t.gone("whook")
    t.send("8")
    for keys, text in (("2", "agentok"), ("d", "End this"), ("\x1b", "agentok"), ("1", "keyok"), ("e", "Change the"),
                       ("\x1b", "keyok"), ("d", "Revoke"), ("\x1b", "keyok")):
        c.check(t.type(keys, text) is not None, f"{keys!r} shows {text}: " + t.text())
    f.fail["/search"] = (500, evil("code"), 0)
    t.send("q")
    t.gone("keyok")
    c.check(t.type("R", "made to fail") is not None, "the error is shown")
    f.fail.clear()
    c.check(t.type("4", "a]0;owned.csv") is not None, "a file of that name is shown: " + t.text())
    c.check(t.type("G\r", "colok") is not None, "its columns are shown: " + t.text())


def main():
    c = Checks("hostile")
    for name, text in BAD.items():
        c.check(violations(("x" + text).encode()), f"(control) {name} would be seen")
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder, \
            Fake(role="super_admin", people=evil_people()) as f:
        f.sign_in(home)
        f.job.update(name=evil("job"), encoding=evil("enc"), kind=evil("kind"))
        f.users[0]["email"] = evil("who")
        f.mails[0].update(to=evil("mail"), body=evil("a\nbody"), error=evil("error"))
        for row in f.audit:
            row.update(verb=evil("verb"), detail=evil("detail"))
        f.acts = [{"id": uuid(1), "reason": evil("act"), "by_id": evil("by")}]
        f.sessions[0].update(agent=evil("agent"), address=evil("address"))
        f.keys = [{"id": uuid(2), "name": evil("key"), "scopes": [evil("scope")], "networks": [evil("net")]}]
        f.clear = lambda p, field: evil("clear")
        with open(os.path.join(folder, "a\x1b]0;owned\x07.csv"), "w") as out:
            out.write(f'First Name,Last Name,Email,"{evil("col")}"\n"{evil("A")}",b,c@d.example,"{evil("v")}"\n')
        with Terminal(home, f.url, cwd=folder) as t:
            visit(c, f, t)
            found = violations(t.all)
            c.check(not found, f"T23 reaches the terminal: {found}")
    c.ok("T23 hostile names, files, jobs, members and errors")
    c.end()


main()
