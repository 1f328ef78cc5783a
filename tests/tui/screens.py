"""Every screen does what it is for, against the made-up server."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from fake import Fake, uuid
from terminal import Checks, Terminal


def step(c, t, keys, text, words):
    c.check(t.type(keys, text, 6) is not None, f"{words}: {text!r} after {keys!r}\n" + t.text())


def first_use(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        with Terminal(home, f.url) as t:
            c.check(t.wait(f.pin) is not None, "the key's pin is shown at the first use: " + t.text())
            c.check(not f.requests, "and nothing was sent")
            step(c, t, "y", "Password", "the sign-in follows")
            t.send("ann@acme.example\tcorrect")
            step(c, t, " horse", "(typed)", "a password is not echoed")
            step(c, t, "\r", "x the e-mail address or the password is wrong", "a wrong password is refused")
            t.send("correct horse battery\r")
            c.check(t.wait("row 1 of 500") is not None, "and the right one leads to the search: " + t.text())
            mode = os.stat(os.path.join(home, ".local/share/leadgen/token")).st_mode & 0o777
            c.check(mode == 0o600, f"the token file is private: {mode:o}")
            c.check(b"correct" not in t.all and b"battery" not in t.all, "the password was never drawn")
            for folder, _, files in os.walk(home):
                for name in files:
                    with open(os.path.join(folder, name), errors="replace") as file:
                        c.check("horse" not in file.read(), f"the password is not in {name}")
        with Terminal(home, f.url) as t:
            c.check(t.wait("row 1 of 500") is not None, "the next start asks nothing")
        f.trust(home, "sha256//" + "A" * 43 + "=")
        f.requests.clear()
        with Terminal(home, f.url) as t:
            c.check(t.wait("Do not trust") is not None, "another key is refused: " + t.text())
            c.check(not f.requests, "and nothing was sent to it")
            step(c, t, "1", "this key does nothing here", "there is no way around")
            t.send("q")
            c.check(t.exited() and t.restored(), "but to leave")
    c.ok("first use, sign-in, another key")


def filters(c, f, t):
    step(c, t, "f", "Filters", "the filters open over the results")
    step(c, t, "\t", ">Country", "Tab goes from group to group")
    c.check(t.until(lambda: t.line(t.screen.cursor.y)[t.screen.cursor.x:][:1] == ">", 3) is not None,
            "the cursor is on the line")
    step(c, t, "j ", "[x] DE Germany", "Space chooses")
    step(c, t, "", "country:DE", "and a chip says so")
    step(c, t, "", "63 hits", "and it is asked at once")
    step(c, t, "j ", "country:DE,NL", "values of a facet are together")
    step(c, t, "", "126 hits", "and mean or")
    t.send("u")
    step(c, t, "", "63 hits", "u takes back one step")
    step(c, t, "\x12", "126 hits", "and Ctrl-R makes it again")
    step(c, t, "k-", "-country:DE", "- excludes")
    c.check(t.until(lambda: json.loads(f.asked("/search")[-1][2]).get("-country") == ["DE"], 3) is not None,
            "and it is asked")
    c.check(t.wait("[-] DE Germany") is not None, "what an answer no longer holds can still be undone")
    step(c, t, "x", "no filters", "x clears")
    step(c, t, "", "500 hits", "and asks")
    step(c, t, "g\t" + "j" * 6 + " ", "SE Sweden", "the rest of a group opens")
    values(c, f, t)
    t.send("\x1b")
    c.check(t.gone("Filters") is not None, "Esc closes the filters")


def values(c, f, t):
    """All values of a facet, narrowed by the server, several chosen, one excluded."""
    step(c, t, "/", "─ Country ─", "/ finds values of the group")
    t.send("z")
    c.check(t.until(lambda: t.shows("no value begins so") and not t.shows("JP Japan         "), 5) is not None,
            "what is typed narrows them: " + t.text())
    step(c, t, "\x7fjp", "[ ] JP Japan         ", "by the server")
    c.check(json.loads(f.asked("/api/facets/country")[-1][2]).get("prefix") == "jp", "which is asked for the beginning")
    step(c, t, "\r ", "> [x] JP Japan", "Enter leads to them, Space chooses")
    step(c, t, "/\x15cz", "[ ] CZ Czechia         ", "another one")
    step(c, t, "\r ", "country:JP,CZ", "several are chosen")
    t.send("/\x15")
    c.check(t.until(lambda: all(t.shows(x + "      ") for x in ("[x] JP Japan", "[x] CZ Czechia", "[ ] DE Germany")), 5) is not None,
            "nothing typed: all of them: " + t.text())
    step(c, t, "\rg-", "-country:DE", "one is excluded")
    c.check(t.until(lambda: t.shows("> [-] DE Germany"), 5) is not None,
            "what is excluded is still shown: " + t.text())
    step(c, t, "-", "country:JP,CZ", "and can be wanted again")
    t.send("\x1b")
    c.check(t.gone("─ Country ─") is not None, "Esc closes them")
    step(c, t, "x", "no filters", "x clears")
    step(c, t, "G", ">... all values", "facets without a pane have their values too")
    step(c, t, "kkk\r", "─ Data quality ─", "Enter on a facet")
    t.send("\x1b")


def typing_ahead(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        with Terminal(home, f.url) as t:
            t.until(lambda: t.shows("row 1 of 500") and t.shows("ann@"))
            step(c, t, "/v", "Enter:search", "one letter is no question")
            t.quiet(0.3)
            c.check(not f.asked("/suggest"), "and asks nothing")
            step(c, t, "a", "VA Vatican City", "two letters are")
            step(c, t, "", "country          12", "with what field it is, and how many there are")
            step(c, t, "d", "Vaduz", "what still fits stays")
            c.check(t.gone("Vatican") is not None, "and what does not goes")
            step(c, t, "\t", "/ city:Vaduz ", "Tab writes it as the grammar has it")
            c.check(t.until(lambda: json.loads(f.asked("/search")[-1][2]).get("q") == "city:Vaduz ", 5) is not None,
                    "and it is asked")
            step(c, t, "\x15-company:vo", "Vodafone", "behind a field what is of this field")
            c.check("field=company&" in f.asked("/suggest")[-1][1], f"is asked: {f.asked('/suggest')[-1]}")
            step(c, t, "\x1bOB\r", "/ -company:Vodafone ", "Down and Enter choose")
            step(c, t, "\x15country:(DE OR v", "/ country:(DE", "in the parentheses of a field")
            step(c, t, "a", "VA Vatican City", "that field goes on")
            step(c, t, "\x1bOB", "> VA Vatican City", "Down chooses")
            c.check(t.line(t.screen.cursor.y).find(">") == t.screen.cursor.x, "and the cursor is there: " + t.text())
            step(c, t, "\r)", "/ country:(DE OR VA )", "Enter takes it")
            step(c, t, "\x15\"vp", "VP Sales", "in quotes")
            step(c, t, "\t", '/ title:"VP Sales" ', "what has blanks is quoted once")
            step(c, t, "\x15vp", "VP Sales         ", "again")
            t.send("\x1b")
            c.check(t.gone("title         1,284") is not None and t.wait("Enter:search") is not None, "Esc closes what is offered")
            step(c, t, "\x1b", "r:reveal", "and then leaves")
            # never more than one question, however slow its answer
            f.slow["/api/suggest?field=any&limit=6&prefix=vo"] = 0.6
            before = len(f.asked("/suggest"))
            t.type("/\x15vo", "/ vo")
            c.check(t.until(lambda: len(f.asked("/suggest")) == before + 1, 5) is not None, "it is asked")
            for letter in "dafon":
                t.type(letter, letter)
                t.quiet(0.05, 0.1)
            c.check(len(f.asked("/suggest")) == before + 1, "one question at a time")
            c.check(t.until(lambda: t.shows("Vodafone") and len(f.asked("/suggest")) == before + 2, 5) is not None,
                    f"then the newest: {f.asked('/suggest')[before:]}")
            f.fail["/suggest"] = (503, "not_ready", 1)
            step(c, t, "\x15visser\r", "row 1 of 42", "without it the search goes on")
    c.ok("typing ahead: offers, fields, quotes, one question at a time")


def search(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        with Terminal(home, f.url) as t:
            t.until(lambda: t.shows("row 1 of 500") and t.shows("ann@"))
            filters(c, f, t)
            step(c, t, "s", "Order", "orders are chosen")
            step(c, t, "nam\r", "sort: name", "by typing")
            c.check(t.until(lambda: json.loads(f.asked("/search")[-1][2]).get("sort") == "name", 3) is not None,
                    "and asked for")
            step(c, t, "u", "no filters", "an order can be taken back")
            step(c, t, "/visser\r", "row 1 of 42", "words")
            step(c, t, "u", "row 1 of 500", "a whole edit of the words is one step")
            f.typos["viser"] = "visser"
            step(c, t, "/viser\r", "! no match for viser, showing visser", "a typo that was forgiven is said")
            step(c, t, "", "row 1 of 42", "with what was found")
            step(c, t, '"', '/ "viser"', "and can be taken back: quotes say so")
            step(c, t, "", "row 0 of 0", "what was typed is asked")
            c.check(not t.shows("no match for"), "and nothing is forgiven")
            step(c, t, "u", "showing visser", "an undo forgives again")
            step(c, t, "u", "row 1 of 500", "and the words can be undone")
            step(c, t, "  ", "2 marked", "marks")
            t.send("U")
            c.check(t.gone("marked") is not None, "and none")
            step(c, t, "\r", "Level    vp", "the profile")
            step(c, t, "q", "row 3 of 500", "and back")
            step(c, t, "?", "Keys of Search", "help")
            step(c, t, "undo", "Take back the last change", "help narrows")
            c.check(t.gone("To the filters.") is not None, "to what was typed")
            t.send("\x1b")
            t.gone("Keys of")
            step(c, t, ":", "Actions", "the palette")
            step(c, t, "credits", "Credits: the balance", "finds an action by its name")
            step(c, t, "\r", "Balance 100 credits", "and does it")
            step(c, t, "", "100.5", "half credits are exact")
            step(c, t, "q", "row 3 of 500", "q goes back, to the same row")
            step(c, t, "A", "your role does not allow this", "no administration for a user")
            step(c, t, "!", "this key does nothing here", "keys that mean nothing say so")
    c.ok("search: filters, chips, undo, order, marks, profile, help, palette")


def upload(c):
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder, Fake() as f:
        f.sign_in(home)
        os.mkdir(os.path.join(folder, "inner"))
        data = "Vorname;Nachname;E-Mail;Lieblingsfarbe\n" + "Anna;Keller;anna@nordwind.example;blau\n" * 3000
        with open(os.path.join(folder, "inner", "leads & more.csv"), "w") as out:
            out.write(data)
        with open(os.path.join(folder, "numbers.csv"), "w") as out:
            out.write("1;2;3\n4;5;6\n")
        f.steps = [dict(f.job, state="running", progress=0.42)] * 8
        with Terminal(home, f.url, cwd=folder) as t:
            t.until(lambda: t.shows("row 1 of 500") and t.shows("ann@"))
            step(c, t, "4", "inner/", "the folder is shown")
            step(c, t, "G\r", "no known names", "that the first row is no header we know is said")
            step(c, t, "U", "nothing would be imported", "and nothing of it is sent unasked")
            step(c, t, "q", "inner/", "and back")
            step(c, t, "gj\r", "leads & more.csv", "folders open")
            step(c, t, "G\r", "Lieblingsfarbe", "the file's columns are shown")
            c.check(t.until(lambda: t.shows("First name") and t.shows("+ exact") and t.shows("- skip"), 5) is not None, "with a proposal: " + t.text())
            c.check(t.wait("3 of 4 columns") is not None, "and how many are taken")
            step(c, t, "G\r", "(do not import)", "Enter chooses a field")
            step(c, t, "keyw\r", "4 of 4 columns", "by typing")
            f.delay = 0.3
            step(c, t, "U", "Sending the file", "it is sent, with a bar")
            f.delay = 0
            step(c, t, "", "42 %", "the job is watched as it goes")
            step(c, t, "", "+ done", "to its end")
            c.check(f.uploaded.decode() == data, "every byte arrived")
            c.check(f.upload_path == "/api/uploads?name=leads & more.csv&map=Lieblingsfarbe:keywords", f.upload_path)
            c.check(len(f.asked("/events")) == 1, "one stream, not many questions")
            step(c, t, "e", "this is no, address", "what was not taken is shown")
            step(c, t, "q", "merged", "and back")
            step(c, t, "x", "it has ended already", "a job that has ended cannot be stopped")
            step(c, t, "J", "row 1 of 1", "jobs")
            f.job.update(state="running", progress=0.5)
            f.steps = [dict(f.job)] * 100
            step(c, t, "\r", "it goes on if you leave", "a job is opened")
            step(c, t, "x", "Stop the job?", "stopping asks")
            t.quiet(0.4, 0.5)
            step(c, t, "y", "it stops at its next checkpoint", "and is done by y")
            c.check(len(f.asked("/cancel", "POST")) == 1, "once")
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder, Fake() as f:
        f.sign_in(home)
        with open(os.path.join(folder, "a.csv"), "w") as out:
            out.write("First Name,Last Name,Email\nAnna,Keller,anna@nordwind.example\n")
        with Terminal(home, f.url, cwd=folder) as t:
            t.until(lambda: t.shows("row 1 of 500") and t.shows("ann@"))
            step(c, t, "4", "a.csv", "the file")
            step(c, t, "G\r", "GOES TO", "its columns")
            f.fail["/uploads"] = (400, "invalid", 0)
            step(c, t, "U", "x made to fail", "a refusal is said")
            f.fail.clear()
            step(c, t, "q", "GOES TO", "and leads back to the columns")
            # what is changed is shown and sent; a field goes to one column, as in the server
            step(c, t, "g\r", "(do not import)", "another field for the first column")
            step(c, t, "last n\r", "* yours", "it is shown as chosen: " + t.text())
            c.check(t.wait("2 of 3 columns") is not None, "the column that had it is left out: " + t.text())
            f.fail["/uploads"] = (400, "invalid", 0)
            step(c, t, "U", "x made to fail", "it is sent")
            f.fail.clear()
            c.check(f.upload_path.endswith("&map=First Name:last_name&map=Last Name:"), f.upload_path)
            step(c, t, "q", "GOES TO", "back")
            # a header whose names are not known: by all columns that are taken, so the server finds it
            step(c, t, "h", "the header is row 2", "the next row can be the header")
            step(c, t, "g\r", "(do not import)", "its first column")
            step(c, t, "first\r", "* yours", "is the first name")
            t.send("U")
            c.check(t.until(lambda: "map=Anna:first_name" in f.upload_path, 5) is not None, f.upload_path)
            step(c, t, "", "+ done", "and the job is shown")
            step(c, t, "4", "a.csv", "again")
            step(c, t, "G\r", "GOES TO", "its columns")
            f.silent = True
            step(c, t, "U", "Sending the file", "a server that does not answer")
            step(c, t, "q", "Stop sending?", "leaving asks")
            step(c, t, "n", "Sending the file", "no is no")
            step(c, t, "x", "nothing was loaded", "x stops it")
            f.silent = False
    c.ok("upload: folder, columns, sending, job, rejected rows, stopping, refusal")


def admin(c):
    with tempfile.TemporaryDirectory() as home, Fake(role="super_admin") as f:
        f.sign_in(home)
        with Terminal(home, f.url) as t:
            t.until(lambda: t.shows("row 1 of 500") and t.shows("super_admin"))
            step(c, t, "A", "zoe@acme.example", "members")
            c.check(t.until(lambda: t.shows("[1 Members]") and t.shows("2026-11-23 07:00"), 5) is not None, "their tab: " + t.text())
            step(c, t, "d", "Disable this member?", "disabling asks")
            t.send("d\r")
            t.quiet(0.3)
            c.check(not f.asked("/users/", "PATCH"), "neither its own key nor Enter does it")
            step(c, t, "d", "Disable this member?", "it asks again")
            t.quiet(0.4)
            step(c, t, "y", "+ changed", "y does")
            c.check(f.users[0]["state"] == "disabled" and t.wait("disabled") is not None, "it is disabled")
            step(c, t, "jo", "Role;", "roles are chosen")
            t.send("super\x15adm\r")
            c.check(t.until(lambda: f.users[1]["role"] == "admin", 5) is not None, f"by name: {f.users[1]}\n" + t.text())
            step(c, t, "n", "their first password", "a new member")
            t.send("max@acme.example\tshort\t\r")
            c.check(t.wait("x password: the password is too short") is not None, "a refusal names the field: " + t.text())
            t.send("\t\t\x15much longer than short\t\r")
            c.check(t.wait("+ the member can sign in now") is not None, "it is made: " + t.text())
            c.check(f.users[-1]["email"] == "max@acme.example" and b"much longer" not in t.all, "with a hidden password")
            t.quiet(0.1)
            step(c, t, "gc", "Reason", "giving credits, to this member")
            t.send("1e3\tfor the trial\r")
            c.check(t.wait("at most two decimals") is not None and not f.charges, "only numbers")
            t.send("\t\t\x1510.5\t\r")
            c.check(t.wait("10.5 credits to the account of") is not None, "it asks: " + t.text())
            t.quiet(0.4)
            t.send("\r")
            t.gone("credits to the account of")
            c.check(not f.charges, "Enter gives nothing")
            step(c, t, "\r", "credits to the account of", "it asks again")
            t.quiet(0.4)
            step(c, t, "y", "the account has 110.5 credits now", "y gives")
            c.check(len(f.charges) == 1, "once")
            for key, text in (("2", "welcome"), ("3", "profile.reveal"), ("4", "Up for seconds"), ("5", "people.csv")):
                step(c, t, key, text, "tabs")
                if key == "3":
                    c.check(not t.shows("TO WHAT"), "a column for which there is no room is left out: " + t.text())
                    step(c, t, "\r", uuid(0, 9), "everything of a row is its detail")
                    step(c, t, "q", "profile.reveal", "and back")
            step(c, t, "1", "zoe@acme.example", "and back")
            step(c, t, "q", "row 1 of 500", "and out")
    c.ok("administration: members, roles, credits, audit, health, jobs")


def session_ends(c):
    with tempfile.TemporaryDirectory() as home, Fake() as f:
        f.sign_in(home)
        with Terminal(home, f.url) as t:
            t.until(lambda: t.shows("row 1 of 500") and t.shows("ann@"))
            f.slow["/api/me"] = 1.0  # the answer about the old session must not pass for one about the new
            f.fail["/search"] = (401, "token_expired", 0)
            f.fail["/refresh"] = (401, "unauthorized", 0)
            step(c, t, "R", "Password", "the end of a session asks to sign in again")
            f.fail.clear()
            f.people = f.people[:7]
            t.send("ann@acme.example\tcorrect horse battery\r")
            c.check(t.wait("row 1 of 7") is not None, "and shows what the new session sees: " + t.text())
    c.ok("a session that ends")


def main():
    c = Checks("screens")
    first_use(c)
    search(c)
    typing_ahead(c)
    upload(c)
    admin(c)
    session_ends(c)
    c.end()


main()
