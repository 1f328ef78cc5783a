"""Whom the server believes and lets in at its edge: proxies, pages of other origins, a new certificate.
"""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server

LOGIN = {"email": "nobody@leadgen.example", "password": "not the password of anyone"}


def login_from(s, address):
    return s.call(None, "POST", "/api/auth/login", LOGIN, {"X-Forwarded-For": address})[0]


def proxies(c):
    with Server() as s:
        s.user("boss", "super_admin")
        s.start("--rate_login", "2", "--trusted_proxies", "127.0.0.1")
        c.check(s.call("boss", "GET", "/api/admin/health")[0] == 200, "the boss from here")
        status, _ = s.call("boss", "GET", "/api/admin/health", None, {"X-Forwarded-For": "9.9.9.9"})
        c.check(status == 403, f"the boss from elsewhere: {status}")
        status, _ = s.call("boss", "GET", "/api/admin/health", None,
                           {"X-Forwarded-For": "127.0.0.1, 9.9.9.9"})
        c.check(status == 403, f"the boss who says to be here: {status}")
        got = [login_from(s, f"9.9.9.{i % 3}") for i in range(9)]
        c.check(got == [401] * 6 + [429] * 3, f"limits are of the client: {got}")
        s.stop()
        s.start("--rate_login", "2")
        got = [login_from(s, f"9.9.9.{i}") for i in range(4)]
        c.check(got == [401] * 2 + [429] * 2, f"no proxy is listed: {got}")
    bad = subprocess.run([BUILD + "/leadgend", "--data", "/nowhere", "--trusted_proxies", "10.0.0/8"],
                         capture_output=True, text=True)
    c.check(bad.returncode == 1 and "trusted_proxies" in bad.stderr, f"a bad list: {bad}")
    c.ok("X-Forwarded-For is believed of listed proxies alone")


def origins(c):
    ask = {"Origin": "https://crm.example", "Access-Control-Request-Method": "POST"}
    with Server() as s:
        s.user("boss", "super_admin")
        s.start()
        status, _, headers = s.raw(None, "OPTIONS", "/api/me", None, ask)
        names = [n for n in headers if n.lower().startswith("access-control")]
        c.check(status == 405 and not names, f"off unless listed: {status} {names}")
        s.stop()
        s.start("--cors_origins", "https://a.example https://crm.example")
        status, body, headers = s.raw(None, "OPTIONS", "/api/me", None, ask)
        c.check(status == 204 and body == b"", f"a preflight: {status} {body}")
        c.check(headers["Access-Control-Allow-Origin"] == "https://crm.example", "its origin")
        c.check("Authorization" in headers["Access-Control-Allow-Headers"], "its headers")
        c.check("Access-Control-Allow-Credentials" not in headers, "no credentials")
        status, _, headers = s.raw("boss", "GET", "/api/me", None, {"Origin": "https://crm.example"})
        c.check(status == 200 and headers["Access-Control-Allow-Origin"] == "https://crm.example",
                "a page of it asks")
        for other in ("https://crm.example.evil.example", "https://crm", "null", "http://crm.example",
                      "https://CRM.example", "https://a.example https://crm.example", "*"):
            _, _, headers = s.raw("boss", "GET", "/api/me", None, {"Origin": other})
            c.check("Access-Control-Allow-Origin" not in headers, f"not for {other}")
            status, _, _ = s.raw(None, "OPTIONS", "/api/me", None, ask | {"Origin": other})
            c.check(status == 405, f"no preflight for {other}: {status}")
        status, _, _ = s.raw(None, "OPTIONS", "/api/nowhere", None, ask)
        c.check(status == 404, f"what is not there: {status}")
    c.ok("pages of listed origins only")


def certificate(s):
    with socket.create_connection(("127.0.0.1", s.port), 20) as raw:
        with s.tls.wrap_socket(raw) as tls:
            return tls.getpeercert(True)


def reload_until(s, holds):
    s.process.send_signal(signal.SIGHUP)
    for _ in range(500):
        if holds():
            return True
        threading.Event().wait(0.02)
    return False


def log_count(s, words):
    with open(os.path.join(s.dir, "log")) as f:
        return sum(words in line for line in f)


def certificates(c):
    with Server() as s, Server() as other:
        s.user("boss", "super_admin")
        other.user("boss", "super_admin")
        other.start()
        other.stop()
        s.start("--rate_anonymous", "unlimited")
        first = certificate(s)
        stop, bad, n = threading.Event(), [], [0]

        def work():
            while not stop.is_set():
                try:
                    status = s.call(None, "GET", "/api/health")[0]
                    n[0] += 1
                    if status != 200:
                        bad.append(status)
                    if n[0] % 5 == 0:
                        s.local.connection.close()
                        s.local.connection = None
                except Exception as error:
                    bad.append(repr(error))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        for name in ("tls.key", "tls.crt"):
            shutil.copy(f"{other.data}.keys/{name}", f"{s.data}.keys/{name}")
        c.check(reload_until(s, lambda: certificate(s) != first), "a new certificate is served")
        second = certificate(s)
        with open(f"{s.data}.keys/tls.crt", "w") as f:
            f.write("nonsense")
        c.check(reload_until(s, lambda: log_count(s, '"error"') > 0), "a bad one is logged")
        c.check(certificate(s) == second, "and not served")
        seen = n[0]
        while n[0] < seen + 20 and not bad:
            threading.Event().wait(0.01)
        stop.set()
        for t in threads:
            t.join()
        c.check(not bad, f"requests were lost: {bad[:3]} of {n[0]}")
        c.check(n[0] > 20, "requests were made at all")
    c.ok("a certificate is exchanged under load, a bad one is not")


def main():
    c = Checks("edge")
    proxies(c)
    origins(c)
    certificates(c)
    c.end()


main()
