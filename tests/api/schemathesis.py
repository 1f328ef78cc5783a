"""Somebody else's fuzzer over the server's own description: no server error, no reply beside its schema.

Schemathesis comes from PyPI, pinned, into the build folder; without PyPI this is NOT PROVEN.
EXAMPLES=200 asks longer.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from server import BUILD, Checks, Server, sanitizer

VERSION = "4.32.5"
VENV = os.path.join(os.path.abspath(BUILD), f"schemathesis-{VERSION}")
EXAMPLES = os.environ.get("EXAMPLES", "10")
SEED = os.environ.get("SEED", "1")
CHECKS = ("not_a_server_error,response_schema_conformance,content_type_conformance,"
          "status_code_conformance")
# What would end the fuzzer's own session, or turn its second factor on.
NOT = "logout|totp|api/sessions"


def install():
    """None, or why not."""
    program = os.path.join(VENV, "bin/schemathesis")
    if os.path.exists(program):
        return None
    for words in (["/usr/bin/python3", "-m", "venv", VENV],
                  [VENV + "/bin/pip", "-q", "install", "schemathesis==" + VERSION]):
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=180)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{type(error).__name__}"
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["it fails"])[-1][:100]
    return None


def unlimited():
    said = subprocess.run([BUILD + "/leadgend", "--help"], capture_output=True, text=True).stdout
    return [w for name in said.split() if name.startswith("--rate_") for w in (name, "unlimited")]


def run(url, token, dir):
    return subprocess.run(
        [VENV + "/bin/schemathesis", "run", url, "-H", f"Authorization: Bearer {token}",
         "--tls-verify", "false", "--checks", CHECKS, "--max-examples", EXAMPLES, "--seed", SEED,
         "--phases", "examples,fuzzing", "--exclude-path-regex", NOT, "--workers", "2",
         "--request-timeout", "30", "--no-color"], capture_output=True, text=True, cwd=dir)


def main():
    c = Checks("schemathesis")
    why = install()
    if why or sanitizer():
        print(f"NOT PROVEN schemathesis: {why or 'asked of the plain build'}")
        return
    print(f"seed {SEED}")
    with Server(rows=200) as s:
        for name, role in (("sue", "super_admin"), ("ann", "admin")):
            s.user(name, role, credits=1000)
        s.start(*unlimited())
        s.wait_searchable("ann")
        for name in ("sue", "ann"):
            done = run(f"https://127.0.0.1:{s.port}/api/openapi.json", s.token(name), s.dir)
            tested = [x for x in done.stdout.splitlines() if "generated" in x]
            c.check(done.returncode == 0 and tested, f"as {name}:\n{done.stdout[-3000:]}{done.stderr[-500:]}")
            print(f"{name}: {(tested or ['nothing'])[-1].strip()}")
        # The control: a description that the server does not keep to is noticed.
        status, doc = s.call(None, "GET", "/api/openapi.json")
        doc["components"]["schemas"]["health"]["properties"]["workers"] = {"type": "string"}
        path = os.path.join(s.dir, "wrong.json")
        with open(path, "w") as f:
            json.dump(doc, f)
        done = subprocess.run(
            [VENV + "/bin/schemathesis", "run", path, "--url", f"https://127.0.0.1:{s.port}",
             "--tls-verify", "false", "--checks", CHECKS, "--max-examples", "3", "--phases", "fuzzing",
             "--include-path", "/api/health", "--no-color"], capture_output=True, text=True, cwd=s.dir)
        c.check(done.returncode != 0 and "schema" in done.stdout, f"the control: {done.stdout[-800:]}")
    c.ok("no server error and no reply beside its schema")
    c.end()


main()
