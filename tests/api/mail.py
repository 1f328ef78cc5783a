"""Mails through a real SMTP server (postfix, as its own private instance): confirmed addresses,
forgotten passwords, refusals, outages, kill -9, and a server that offers no TLS.
"""
import email
import email.policy
import glob
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, "tests")
from server import Checks, Server  # noqa: E402

checks = Checks("mail")
check = checks.check
DOMAIN = "leadgen.example"

MASTER = """
{tls} inet n - n - - smtpd -o smtpd_tls_security_level=may
{bare} inet n - n - - smtpd -o smtpd_tls_security_level=none
{auth_plain} inet n - n - - smtpd -o smtpd_tls_security_level=may -o smtpd_sasl_auth_enable=yes
    -o smtpd_sasl_path=plain -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
{auth_login} inet n - n - - smtpd -o smtpd_tls_security_level=may -o smtpd_sasl_auth_enable=yes
    -o smtpd_sasl_path=login -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

MAIN = """
compatibility_level = 3.6
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
mynetworks = 127.0.0.0/8
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {dir}
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_auth_only = yes
smtpd_sasl_authenticated_header = yes
smtpd_tls_cert_file = {dir}/cert
smtpd_tls_key_file = {dir}/key
smtpd_recipient_restrictions =
    check_recipient_access inline:{{{{gone@{domain}=550 5.1.1 nobody of that name}}}},
    permit_mynetworks, reject
"""


SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {dir}/sasl/db
mech_list: {mechanism}
"""
SMTP_USER, SMTP_PASSWORD = "leads", "kanari in the SMTP password"


class HeldPort:
    """A port that nobody else can be given: bound and never listening, so that who names it may.

    Linux lets two sockets with SO_REUSEADDR, of which none listens yet, bind the same port, and gives
    it to nobody who asks for any.
    """

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.number = self.socket.getsockname()[1]


def until(words, holds, seconds=30):
    """What the condition gives, once it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = holds()
        if got:
            return got
        threading.Event().wait(0.05)
    raise RuntimeError("waited in vain: " + words)


class Postfix:
    def __init__(self):
        user = pwd.getpwnam("postfix")
        self.dir = tempfile.mkdtemp(prefix="postfix-")
        os.chmod(self.dir, 0o755)
        self.held = {x: HeldPort() for x in ("tls", "bare", "auth_plain", "auth_login")}
        self.ports = {x: held.number for x, held in self.held.items()}
        self.tls, self.bare = self.ports["tls"], self.ports["bare"]
        self.cert = self.dir + "/cert"
        for name in ("queue", "data", "box"):
            os.mkdir(f"{self.dir}/{name}")
        os.mkdir(self.dir + "/etc")
        os.chown(self.dir + "/data", user.pw_uid, user.pw_gid)
        os.chown(self.dir + "/box", user.pw_uid, user.pw_gid)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.dir + "/key", "-out",
                        self.cert, "-days", "2", "-subj", "/CN=mx", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        with open(self.dir + "/etc/main.cf", "w") as f:
            f.write(MAIN.format(dir=self.dir, domain=DOMAIN, uid=user.pw_uid, gid=user.pw_gid))
        with open(self.dir + "/etc/master.cf", "w") as f:
            f.write(MASTER.format(**{x: f"127.0.0.1:{n}" for x, n in self.ports.items()}))
        self.make_sasl(user)

    def make_sasl(self, user):
        os.mkdir(self.dir + "/sasl")
        os.mkdir(self.dir + "/etc/sasl")
        for mechanism in ("plain", "login"):
            with open(f"{self.dir}/etc/sasl/{mechanism}.conf", "w") as f:
                f.write(SASL.format(dir=self.dir, mechanism=mechanism.upper()))
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", self.dir + "/sasl/db", "-u", "mx." + DOMAIN,
                        SMTP_USER], input=SMTP_PASSWORD, text=True, check=True, capture_output=True)
        os.chown(self.dir + "/sasl/db", user.pw_uid, user.pw_gid)

    def log(self):
        try:
            with open(self.dir + "/log") as f:
                return f.read()
        except OSError as e:
            return str(e)

    def run(self, word):
        return subprocess.run(["postfix", "-c", self.dir + "/etc", word], capture_output=True,
                              text=True)

    def start(self):
        done = self.run("start")
        if done.returncode:
            raise RuntimeError(f"postfix: {done.returncode} {done.stderr} {self.log()[-2000:]}")
        until("postfix listens", lambda: all(map(self.listens, self.ports.values())))

    @staticmethod
    def listens(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def stop(self):
        self.run("stop")
        until("postfix stops", lambda: not self.listens(self.tls))

    def mails(self, to):
        """(message, bytes) of those delivered to this address, as they came; within a second their
        names tell nothing of that (V and I are device and inode)."""
        out = []
        for path in sorted(glob.glob(self.dir + "/box/new/*"), key=lambda x: os.stat(x).st_mtime_ns):
            with open(path, "rb") as f:
                data = f.read()
            m = email.message_from_bytes(data, policy=email.policy.default)
            if m["To"].addresses[0].addr_spec == to:
                out.append((m, data))
        return out

    def remove(self):
        self.run("stop")
        shutil.rmtree(self.dir, ignore_errors=True)


def token_of(text):
    found = re.search(r"^    ([A-Za-z0-9_-]{43})$", text, re.M)
    check(found, "a mail has no token on a line of its own")
    return found[1] if found else ""


RATES = [x for c in ("register", "login", "forgot", "reset", "anonymous", "general", "write")
         for x in ("--rate_" + c, "unlimited")]


def start(s, postfix=None, port=None, *more):
    smtp = []
    if postfix:
        smtp = ["--smtp", f"smtp://127.0.0.1:{port or postfix.tls}", "--smtp_ca", postfix.cert,
                "--mail_from", "leadgen@" + DOMAIN]
    s.start("--registration", "yes", "--public_url", "https://leads.example", *RATES, *smtp, *more)


def outbox(s):
    return s.call("root", "GET", "/api/admin/mail")[1]["items"]


def forgot(s, name):
    got = s.call(None, "POST", "/api/auth/forgot-password", {"email": f"{name}@{DOMAIN}"})
    check(got[0] == 202, f"forgot-password answers {got}")


def without_a_server(s):
    start(s)
    forgot(s, "ann")
    items = outbox(s)
    check([(m["kind"], m["to"], m["state"]) for m in items] ==
          [("reset", "ann@" + DOMAIN, "queued")], f"the outbox holds {items}")
    check("body" not in items[0], "a list shows the texts of mails")
    one = s.call("root", "GET", "/api/admin/mail/" + items[0]["id"])[1]
    check(token_of(one["body"]), "the super_admin cannot read the mail")
    health = s.call("root", "GET", "/api/admin/health")[1]
    check((health["mail"], health["mail_queued"]) == (False, 1), f"health: {health}")
    check(s.call("ann", "GET", "/api/admin/mail")[0] == 403, "a user reads the outbox")
    with open(s.dir + "/log") as f:
        check('"mail.unconfigured"' in f.read(), "nothing is said at the start")
    s.stop()
    checks.ok("without an SMTP server mails are kept, said so, and the super_admin reads them")


def kept_mail_goes_out(s, postfix):
    start(s, postfix)
    message, data = until("the kept mail", lambda: postfix.mails("ann@" + DOMAIN))[0]
    check(message["Subject"] == "Reset your password", f"the subject is {message['Subject']}")
    check(message["From"].addresses[0].addr_spec == "leadgen@" + DOMAIN, "the sender is another")
    check(message["Auto-Submitted"] == "auto-generated" and message["Date"] and
          message["Message-ID"].endswith("@" + DOMAIN + ">"), "headers are missing")
    check(b"with ESMTPS" in data, "the mail came without TLS")
    token = token_of(message.get_content())
    body = {"token": token, "password": "a wet day in Ghent"}
    check(s.call(None, "POST", "/api/auth/reset-password", body)[0] == 200, "the token is no good")
    check(s.call(None, "POST", "/api/auth/reset-password", body)[0] == 400, "it is good twice")
    until("the notice", lambda: len(postfix.mails("ann@" + DOMAIN)) == 2)
    until("an empty outbox", lambda: not outbox(s))
    checks.ok("what was kept goes out by STARTTLS once there is a server, and its token works")


def registering(s, postfix):
    who = {"email": "new@" + DOMAIN, "password": "a fine day in Porto"}
    check(s.call(None, "POST", "/api/auth/register", who)[0] == 202, "registering is refused")
    mail = until("the confirmation", lambda: postfix.mails("new@" + DOMAIN))[0][0]
    check(s.call(None, "POST", "/api/auth/login", who)[0] == 401, "it signs in unconfirmed")
    token = {"token": token_of(mail.get_content())}
    check(s.call(None, "POST", "/api/auth/verify-email", token)[0] == 200, "it is not confirmed")
    check(s.call(None, "POST", "/api/auth/login", who)[0] == 200, "it cannot sign in")
    check(s.call(None, "POST", "/api/auth/register", who)[0] == 202, "the answer differs")
    mail = until("the other mail", lambda: postfix.mails("new@" + DOMAIN)[1:])[0][0]
    check(mail["Subject"] == "You have an account already", f"the mail says {mail['Subject']}")
    checks.ok("an address is confirmed by mail, and a known one is told only there")


def refused_and_unreachable(s, postfix):
    forgot(s, "gone")
    dead = until("the dead letter", lambda: [m for m in outbox(s) if m["state"] == "dead"])[0]
    check(dead["error"] == "the SMTP server answered 550" and dead["attempts"] == 1, f"{dead}")
    check(s.call("root", "GET", "/api/admin/health")[1]["mail_dead"] == 1, "health is silent")
    path = "/api/admin/mail/" + dead["id"]
    check(s.call("root", "POST", path + "/retry")[1]["state"] == "queued", "no second attempt")
    until("dead again", lambda: [m for m in outbox(s) if m["state"] == "dead"])
    check(s.call("root", "DELETE", path)[0] == 200 and not outbox(s), "it cannot be deleted")
    postfix.stop()
    forgot(s, "bob")
    waiting = until("an attempt in vain", lambda: [m for m in outbox(s) if m["attempts"]])[0]
    check(waiting["state"] == "queued" and waiting["next"] > waiting["created"], f"{waiting}")
    s.stop("kill")
    postfix.start()
    start(s, postfix)
    s.call("root", "POST", f"/api/admin/mail/{waiting['id']}/retry")
    until("it after the kill", lambda: postfix.mails("bob@" + DOMAIN))
    check(len(postfix.mails("bob@" + DOMAIN)) == 1, "it came twice")
    s.stop()
    checks.ok("a refusal is a dead letter; an outage and kill -9 lose nothing")


def without_tls(s, postfix):
    start(s, postfix, postfix.bare)
    before = len(postfix.mails("bob@" + DOMAIN))
    forgot(s, "bob")
    waiting = until("an attempt in vain", lambda: [m for m in outbox(s) if m["attempts"]])[0]
    check(waiting["state"] == "queued", f"{waiting}")
    check(len(postfix.mails("bob@" + DOMAIN)) == before, "it went out in clear")
    s.stop()
    start(s, postfix, postfix.bare, "--smtp_tls", "none")
    s.call("root", "POST", f"/api/admin/mail/{waiting['id']}/retry")
    until("it in clear", lambda: len(postfix.mails("bob@" + DOMAIN)) == before + 1)
    s.stop()
    try:
        start(s, None, None, "--smtp", "smtp://mx.example", "--smtp_tls", "none", "--mail_from",
              "a@b.example")
        check(False, "another machine is served in clear")
    except RuntimeError:
        pass
    s.stop()
    checks.ok("no TLS, no mail, but to this machine when told")


def write_secret(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as f:
        f.write(text + "\n")
    os.chmod(path, mode)
    return path


def goes_out(s, postfix, words, name="cas"):
    """The next mail to them: all of it, as it arrived."""
    before = len(postfix.mails(f"{name}@{DOMAIN}"))
    forgot(s, name)
    until(words, lambda: len(postfix.mails(f"{name}@{DOMAIN}")) > before)
    return postfix.mails(f"{name}@{DOMAIN}")[before][1]


def check_process(s, words):
    """The password is in neither the arguments nor the environment nor the log."""
    for name in ("cmdline", "environ"):
        with open(f"/proc/{s.process.pid}/{name}", "rb") as f:
            data = f.read()
        check(data and SMTP_PASSWORD.encode() not in data, f"{words}: the password is in {name}")
    with open(s.dir + "/log") as f:
        check(SMTP_PASSWORD not in f.read(), f"{words}: the password is logged")


def signs_in(s, postfix):
    secret = write_secret(s.dir + "/password.smtp", SMTP_PASSWORD)
    told = ["--smtp_user", SMTP_USER, "--smtp_password_file", secret]
    for way in ("plain", "login"):
        start(s, postfix, postfix.ports["auth_" + way], *told)
        data = goes_out(s, postfix, f"a mail after AUTH {way}")
        check(b"Authenticated sender: " + SMTP_USER.encode() in data and b"with ESMTPSA" in data,
              f"AUTH {way}: {data[:600]}")
        check(f"sasl_method={way.upper()}, sasl_username={SMTP_USER}" in postfix.log(), f"not by {way}")
        check_process(s, way)
        s.stop()
    checks.ok("it signs in by AUTH PLAIN and AUTH LOGIN, with a password of a file")
    credentials = s.dir + "/credentials"
    os.mkdir(credentials, 0o700)
    write_secret(credentials + "/smtp_password", SMTP_PASSWORD, 0o400)
    os.environ["CREDENTIALS_DIRECTORY"] = credentials
    start(s, postfix, postfix.ports["auth_plain"], "--smtp_user", SMTP_USER)
    del os.environ["CREDENTIALS_DIRECTORY"]
    data = goes_out(s, postfix, "a mail with the credential")
    check(b"Authenticated sender" in data, "the credential is not used")
    check_process(s, "credential")
    s.stop()
    checks.ok("or of the credential that systemd passes")


def signs_in_wrongly(s, postfix):
    wrong = write_secret(s.dir + "/password.wrong", "not the one at all")
    before = len(postfix.mails("dot@" + DOMAIN))
    start(s, postfix, postfix.ports["auth_plain"], "--smtp_user", SMTP_USER, "--smtp_password_file",
          wrong)
    forgot(s, "dot")
    waiting = until("an attempt in vain", lambda: [m for m in outbox(s) if m["attempts"]])[0]
    check(waiting["state"] == "queued", f"a wrong password makes a dead letter: {waiting}")
    s.stop()
    start(s, postfix, postfix.ports["auth_plain"])
    s.call("root", "POST", f"/api/admin/mail/{waiting['id']}/retry")
    until("an attempt without", lambda: outbox(s)[0]["attempts"] == 1 and outbox(s)[0]["error"])
    check(len(postfix.mails("dot@" + DOMAIN)) == before, "the control: it went out all the same")
    s.call("root", "DELETE", f"/api/admin/mail/{waiting['id']}")
    s.stop()
    checks.ok("a wrong password loses no mail, and none at all is refused")


class Eavesdropper(threading.Thread):
    """A server without STARTTLS that asks for a password, and all that it is told."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.heard, self.asked = self.socket.getsockname()[1], b"", threading.Event()

    def run(self):
        while True:
            peer, _ = self.socket.accept()
            peer.sendall(b"220 mx ESMTP\r\n")
            for line in peer.makefile("rb"):
                self.heard += line
                if line[:4].upper() in (b"EHLO", b"HELO"):
                    peer.sendall(b"250-mx\r\n250 AUTH PLAIN LOGIN\r\n")
                    self.asked.set()
                else:
                    peer.sendall(b"235 yes\r\n" if line[:4] == b"AUTH" else b"250 yes\r\n")
            peer.close()


def never_in_clear(s):
    secret = s.dir + "/password.smtp"
    told = ["--smtp_user", SMTP_USER, "--smtp_password_file", secret]
    ear = Eavesdropper()
    ear.start()
    start(s, None, None, "--smtp", f"smtp://127.0.0.1:{ear.port}", "--mail_from", "a@" + DOMAIN, *told)
    forgot(s, "dot")
    waiting = until("an attempt in vain", lambda: [m for m in outbox(s) if m["attempts"]])[0]
    check(ear.asked.is_set(), "the eavesdropper was not asked")
    check(b"AUTH" not in ear.heard.upper().replace(b"EHLO", b"") and b"MAIL" not in ear.heard.upper(),
          f"it was told {ear.heard}")
    s.call("root", "DELETE", f"/api/admin/mail/{waiting['id']}")
    s.stop()
    os.chmod(secret, 0o644)
    smtp = ["--smtp", "smtp://127.0.0.1:25", "--mail_from", "a@" + DOMAIN]
    for words, options in (("a password that others can read", told),
                           ("a user without a password", told[:2]),
                           ("a password without TLS", told + ["--smtp_tls", "none"])):
        if "--smtp_tls" in options:
            os.chmod(secret, 0o600)
        try:
            start(s, None, None, *smtp, *options)
            check(False, words + " is taken")
        except RuntimeError:
            pass
        s.stop()
    checks.ok("without TLS no password is sent, nor is one taken that others can read")


def logs_are_clean(s):
    with open(s.dir + "/log") as f:
        text = f.read()
    check("mail.dead" in text, "the search finds nothing")
    check(DOMAIN not in text, "an address is in the log")
    checks.ok("no address is logged")


def main():
    if os.getuid() or not shutil.which("postfix"):
        print("NOT PROVEN mail: postfix needs root")
        return
    postfix = Postfix()
    try:
        with Server() as s:
            s.user("root", "super_admin")
            for name in ("ann", "bob", "cas", "dot", "gone"):
                s.user(name, "user")
            without_a_server(s)
            postfix.start()
            kept_mail_goes_out(s, postfix)
            registering(s, postfix)
            refused_and_unreachable(s, postfix)
            without_tls(s, postfix)
            signs_in(s, postfix)
            signs_in_wrongly(s, postfix)
            never_in_clear(s)
            logs_are_clean(s)
    finally:
        postfix.remove()
    checks.end()


main()
