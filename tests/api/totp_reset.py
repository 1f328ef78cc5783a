"""A lost second factor: an admin resets a member's, the super_admin an owner's; the member is told and out."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server


def code(secret):
    return subprocess.run(["oathtool", "--totp", "-b", secret], capture_output=True, text=True, check=True).stdout.strip()


def sign_in(s, name):
    return s.call(None, "POST", "/api/auth/login", {"email": f"{name}@leadgen.example", "password": s.password(name)})


def turn_on(s, name):
    s.tokens.pop(name, None)
    secret = s.call(name, "POST", "/api/auth/totp")[1]["secret"]
    return s.call(name, "POST", "/api/auth/totp/confirm", {"totp": code(secret)})[0]


def mails(s, to):
    items = s.call("root", "GET", "/api/admin/mail?page_size=100")[1]["items"]
    return [s.call("root", "GET", f"/api/admin/mail/{x['id']}")[1]["subject"] for x in items
            if x["kind"] == "totp" and s.call("root", "GET", f"/api/admin/mail/{x['id']}")[1]["to"] == to]


def cli(s, *words):
    env = dict(os.environ, LEADGEN_SERVER=f"https://127.0.0.1:{s.port}",
               **{f"XDG_{x}_HOME": s.dir + "/x" for x in ("DATA", "CONFIG", "STATE")})
    return subprocess.run([BUILD + "/leadgen", "--fingerprint", s.pin, *words], capture_output=True, text=True, env=env)


def main():
    c = Checks("totp_reset")
    with Server() as s:
        s.user("root", "super_admin")
        s.user("ann", "admin")  # the first admin: the owner
        for name, role in (("bob", "user"), ("adm", "admin"), ("vic", "viewer")):
            s.user(name, role, same_as="ann")
        s.user("eve", "admin")
        s.start(*[w for name in ("general", "anonymous", "login", "write") for w in (f"--rate_{name}", "unlimited")])
        ids = {name: s.call(name, "GET", "/api/me")[1]["id"] for name in ("ann", "bob", "adm", "vic", "eve", "root")}
        reset = lambda who, whom: s.call(who, "DELETE", f"/api/admin/users/{ids[whom]}/totp")

        c.check(turn_on(s, "bob") == 200 and sign_in(s, "bob")[1]["code"] == "totp_required", "it is on")
        c.check(s.call("bob", "GET", "/api/me")[0] == 200, "the session in which it came")
        for who, want in (("bob", 403), ("vic", 403), ("eve", 404)):
            c.check(reset(who, "bob")[0] == want, f"{who} resets: {reset(who, 'bob')}")
        ids["nobody"] = "00000000-0000-7000-8000-000000000000"
        drop = lambda got: {k: v for k, v in got[1].items() if k != "request_id"}
        c.check(drop(reset("eve", "bob")) == drop(reset("eve", "nobody")), "another's tells itself from none")
        c.check(reset("adm", "root")[0] == 404, "of a super_admin")
        c.check(sign_in(s, "bob")[1]["code"] == "totp_required", "it is on still")
        status, got = reset("adm", "bob")
        c.check(status == 200, f"an admin resets a member's: {status} {got}")
        c.check(s.call("bob", "GET", "/api/me")[0] == 401, "the member's session goes on")
        c.check(sign_in(s, "bob")[0] == 200, "signing in without a code")
        c.check("Two-factor sign-in: turned off by an administrator" in mails(s, "bob@leadgen.example"),
                f"no mail tells the member: {mails(s, 'bob@leadgen.example')}")
        found = [x for x in s.call("ann", "GET", "/api/admin/audit?page_size=100")[1]["items"]
                 if x["verb"] == "totp.reset" and x["outcome"] == "ok"]
        c.check([(x["actor_id"], x["target_id"]) for x in found] == [(ids["adm"], ids["bob"])], f"audit: {found}")
        c.check(reset("adm", "bob")[0] == 409 and reset("adm", "adm")[0] == 409, "there is none; one's own")
        c.ok("an admin resets a member's factor; the member is told and signs in anew")

        c.check(turn_on(s, "ann") == 200, "the owner's")
        c.check(reset("adm", "ann")[0] == 403, "an admin resets the owner's")
        c.check(sign_in(s, "ann")[1]["code"] == "totp_required", "it is on still")
        c.check(reset("root", "ann")[0] == 200 and sign_in(s, "ann")[0] == 200, "the super_admin resets the owner's")
        c.ok("an owner's is the super_admin's to reset")

        c.check(turn_on(s, "bob") == 200, "on again")
        word = s.dir + "/password.adm"
        done = cli(s, "auth", "login", "--email", "adm@leadgen.example", "--password-file", word)
        c.check(done.returncode == 0, f"the client signs in: {done.stderr}")
        done = cli(s, "members", "reset-totp", ids["bob"])
        c.check(done.returncode == 0 and "is off" in done.stdout, f"the client: {done.stdout} {done.stderr}")
        c.check(sign_in(s, "bob")[0] == 200, "signing in without a code")
        c.ok("the same from the client")
    c.end()


main()
