"""A made-up server of the API over HTTPS, with switches for everything that can go wrong and a ledger.

    with Fake() as f, tempfile.TemporaryDirectory() as home:
        f.sign_in(home)                     the pin and a token, where leadgen keeps them
        f.silent = True                     everything is accepted, nothing answered
        f.half = "/api/profiles/search"     half an answer, then silence
        f.lost = "/reveal"                  it is done, but the answer is lost
        f.slow["/api/me"] = 1.0             the next answer there takes a second
        f.fail["/api/credits"] = (503, "not_ready", 1)      status, code, Retry-After
"""
import base64
import http.server
import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

import fake_access

NAMES = ["Anna Keller", "Bram Visser", "Chloé Dubois", "Dmitri Petrov", "Eva Novák", "佐藤 花子",
         "Gitte Larsen", "Hugo Moreau", "Inês Costa", "Jonas Weber", "Karin Holm", "Piotr Zając"]
TITLES = ["VP Sales", "Head of Sales", "VP Revenue", "Sales Director", "VP Sales EMEA", "営業部長"]
COMPANIES = ["Nordwind GmbH", "Quantico BV", "Atelier 9 SA", "Helios AG", "大阪電機株式会社", "Wisła Sp. z o.o."]
COUNTRIES = ["DE", "NL", "FR", "US", "JP", "PL", "CZ", "SE"]
PRICES = {"email": 1, "phone": 3}


def uuid(n, kind=0):
    return f"0198c0de-{kind:04x}-7000-8000-{n:012x}"


def person(n):
    return {"id": uuid(n), "name": NAMES[n % len(NAMES)], "title": TITLES[n % len(TITLES)],
            "company": COMPANIES[n % len(COMPANIES)], "country": COUNTRIES[n % len(COUNTRIES)],
            "city": "Lyon", "industry": "machinery", "seniority": "vp", "department": "sales",
            "employees": 140, "domain": "example.com", "email_status": "verified",
            "email": f"{NAMES[n % len(NAMES)][0].lower()}***@example.com",
            "phone": "+33 *** *** **42" if n % 2 == 0 else None, "phone_type": "mobile" if n % 2 == 0 else None,
            "has_email": True, "has_phone": n % 2 == 0, "score": 90 - n % 50, "quality": 80,
            "updated": "2026-10-02T10:00:00.000Z", "owned": False, "owned_fields": []}


class Fake(fake_access.Access):
    def __init__(self, rows=500, role="user", balance=100, people=None):
        self.people = people or [person(n) for n in range(rows)]
        self.role, self.balance = role, balance
        self.silent, self.half, self.lost, self.delay = False, None, None, 0.0
        self.fail, self.slow = {}, {}
        self.requests = []          # (method, path, body)
        self.owned = {}             # (id, field) -> True
        self.replies = {}           # idempotency key -> (request, reply)
        self.charges = []           # (key, credits)
        self.raise_price = 0
        self.typos = {}             # word -> what is meant
        self.job = {"id": uuid(1, 7), "kind": "upload", "state": "done", "name": "people.csv", "progress": 1,
                    "created": "2026-11-24T08:38:21.123Z", "encoding": "UTF-8",
                    "counts": {"read": 7, "created": 4, "updated": 1, "merged": 1, "skipped": 0, "rejected": 1}}
        self.steps = []             # events of the job before it has ended
        self.uploaded = b""
        self.upload_path = ""
        self.users = [{"id": uuid(i, 9), "email": f"{name}@acme.example", "role": role_, "state": "active",
                       "last_login": "2026-11-23T07:00:00.000Z"}
                      for i, (name, role_) in enumerate((("ann", "user"), ("ben", "viewer"), ("zoe", "admin")))]
        self.lock = threading.Lock()
        self.access_init(uuid)

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory()
        key, cert = (os.path.join(self.dir.name, x) for x in ("key.pem", "cert.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=fake", "-days", "2"],
                       check=True, capture_output=True)
        spki = subprocess.run(f"openssl x509 -in {cert} -noout -pubkey | openssl pkey -pubin -outform der"
                              " | openssl dgst -sha256 -binary", shell=True, check=True,
                              capture_output=True).stdout
        self.pin = "sha256//" + base64.b64encode(spki).decode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        fake = self

        class Bound(Handler):
            server_of = fake

        self.server = Listener(("127.0.0.1", 0), Bound)
        self.server.context = context
        self.port = self.server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.silent = False
        self.server.shutdown()
        self.server.server_close()
        self.dir.cleanup()

    def trust(self, home, pin=None):
        self.write(home, ".config/leadgen", "known", pin or self.pin)

    def sign_in(self, home):
        self.trust(home)
        self.write(home, ".local/share/leadgen", "token", "access refresh 0")

    def write(self, home, folder, name, words):
        path = os.path.join(home, folder)
        os.makedirs(path, 0o700, exist_ok=True)
        with open(os.open(os.path.join(path, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(f"127.0.0.1:{self.port} {words}\n")

    def asked(self, part, method=None):
        return [r for r in self.requests if part in r[1] and method in (None, r[0])]

    def charged(self):
        return sum(credits for _, credits in self.charges)

    # What the routes answer: (status, document)

    def search(self, ask):
        rows = self.people
        words, corrections = ask.get("q", "").lower().split(), []
        for n, word in enumerate(words):
            if word in self.typos:
                corrections.append({"from": word, "to": self.typos[word]})
                words[n] = self.typos[word]
            words[n] = words[n].strip('"')
        rows = [p for p in rows if all(w in (p["name"] + p["title"] + p["company"]).lower() for w in words)]
        def chosen(p, but=None):
            return all((not ask.get(f) or p[f] in ask[f]) and p[f] not in ask.get("-" + f, [])
                       for f in ("country", "seniority") if f != but)

        counts = {}
        for p in rows:  # a pane does not count its own selection
            if chosen(p, "country"):
                counts[p["country"]] = counts.get(p["country"], 0) + 1
        rows = [p for p in rows if chosen(p)]
        if ask.get("sort") == "name":
            rows = sorted(rows, key=lambda p: p["name"])
        start = int(ask.get("cursor", "0"))
        page = [dict(p, owned_fields=[f for f in PRICES if (p["id"], f) in self.owned])
                for p in rows[start:start + ask["page_size"]]]
        more = start + ask["page_size"] < len(rows)
        facets = {} if ask.get("cursor") else {
            "country": [{"value": v, "count": n} for v, n in sorted(counts.items(), key=lambda x: -x[1])],
            "seniority": [{"value": "vp", "count": len(rows)}]}
        return 200, {"total": len(rows), "items": page, "facets": facets,
                     "next_cursor": str(start + ask["page_size"]) if more else None, "took_us": 412,
                     "corrections": corrections}

    def values(self, name, ask):
        """Of one facet, by the beginning of a word; all countries there are, as they are with these words."""
        but = {k: v for k, v in ask.items() if k != name}
        counts = {}
        for p in self.search(dict(but, page_size=len(self.people)))[1]["items"]:
            for value in ["Lyon", "Saint-Étienne"] if name == "city" else [str(p[name])]:
                if value.lower().startswith(ask.get("prefix", "").lower()):
                    counts[value] = counts.get(value, 0) + 1
        return 200, {"name": name, "values": [{"value": v, "count": n} for v, n in
                                              sorted(counts.items(), key=lambda x: (-x[1], x[0]))]}

    def suggest(self, query):
        prefix = query["prefix"][0].lower()
        items = [("VP Sales", None, "title", 1284), ("Vodafone", None, "company", 900),
                 ("VA", "Vatican City", "country", 12), ("Vlaams-Brabant", None, "state", 9),
                 ("Vaduz", None, "city", 3), ("Vue.js", None, "technology", 2)]
        place = ("country", "state", "city")
        return 200, {"items": [{"value": v, "label": label, "field": f, "count": n} for v, label, f, n in items
                               if (v.lower().startswith(prefix) or (label or "").lower().startswith(prefix)) and
                               query["field"][0] in ("any", f, "place" if f in place else f)]}

    def offer(self, p, fields):
        rows = []
        for f in fields:
            if (p["id"], f) in self.owned:
                rows.append({"field": f, "outcome": "owned", "price": 0})
            elif not p[f]:
                rows.append({"field": f, "outcome": "empty", "price": 0})
            else:
                rows.append({"field": f, "outcome": "revealed", "price": PRICES[f] + self.raise_price})
        return rows

    def clear(self, p, field):
        if field == "email":
            return f"person{int(p['id'][-12:], 16)}@example.com"
        return "+33612345642"

    def reveal(self, ids, ask, key):
        found = [next((p for p in self.people if p["id"] == i), None) for i in ids]
        offers = [self.offer(p, ask["fields"]) if p else [] for p in found]
        price = sum(f["price"] for o in offers for f in o)
        if ask.get("dry_run"):
            charged = 0
        elif price > ask["max_credits"]:
            return 402, problem(402, "over_max", "it costs more than the given maximum")
        elif price > self.balance:
            return 402, problem(402, "insufficient_credits", "not enough credits")
        else:
            charged = price
            self.balance -= price
            if price:
                self.charges.append((key, price))
        items = []
        for i, p, o in zip(ids, found, offers):
            item = {"id": i, "outcome": o[0]["outcome"] if o else "not_found", "fields": o,
                    "price": sum(f["price"] for f in o), "charged": 0, "email": None, "phone": None}
            for f in o:
                if not ask.get("dry_run") and f["outcome"] in ("owned", "revealed"):
                    self.owned[(i, f["field"])] = True
                    item[f["field"]] = self.clear(p, f["field"])
            items.append(item)
        return 200, {"charged": charged, "price": price, "balance": self.balance,
                     "dry_run": bool(ask.get("dry_run")), "items": items}

    def reveal_one(self, id_, ask, key):
        status, doc = self.reveal([id_], ask, key)
        if status == 200:
            item = doc.pop("items")[0]
            doc.update(id=id_, owned_until=None, email=item["email"], phone=item["phone"], fields=item["fields"])
        return status, doc

    def once(self, key, request, make):
        if key and key in self.replies:
            return self.replies[key][1] if self.replies[key][0] == request else \
                (422, problem(422, "idempotency_key_reused", "another request"))
        reply = make()
        if key and reply[0] == 200:
            self.replies[key] = (request, reply)
        return reply

    def show(self, id_):
        p = next((p for p in self.people if p["id"] == id_), None)
        if not p:
            return 404, problem(404, "not_found", "there is no such thing")
        mine = [f for f in PRICES if (id_, f) in self.owned]
        return 200, dict(p, owned_fields=mine, owned=bool(mine), **{f: self.clear(p, f) for f in mine})

    def answer(self, method, path, ask, key):
        parts = path.split("?")[0].strip("/").split("/")
        found = self.access_answer(method, path, parts, ask)
        if found:
            return found
        if path == "/api/auth/login":
            if ask["password"] != "correct horse battery":
                return 401, problem(401, "bad_login", "the e-mail address or the password is wrong")
            if self.factor and ask.get("totp") != self.code:
                return 401, problem(401, "totp_required", "send a code of the second factor", "totp")
            return 200, {"access_token": "access", "refresh_token": "refresh", "token_type": "Bearer",
                         "expires_in": 600}
        if path == "/api/profiles/search":
            return self.search(ask)
        if parts[1] == "facets":
            return self.values(parts[2], ask)
        if parts[1] == "suggest":
            return self.suggest(urllib.parse.parse_qs(path.split("?")[1]))
        if parts[1] == "profiles" and parts[-1] == "reveal":
            return self.once(key, (path, ask), lambda: self.reveal_one(parts[2], ask, key))
        if path == "/api/reveals":
            return self.once(key, (path, ask), lambda: self.reveal(ask["ids"], ask, key))
        if parts[1] == "profiles":
            return self.show(parts[2])
        if parts[-1] == "credits" and method == "GET":
            return 200, {"balance": self.balance, "next_cursor": None, "entries": [
                {"id": uuid(1, 5), "at": "2026-11-24T08:38:21.123Z", "kind": "grant", "amount": 100.5,
                 "balance": 100.5, "reason": "welcome"}]}
        if path == "/api/admin/credits":
            return self.once(key, (path, ask), lambda: self.grant(ask))
        if path.startswith("/api/uploads"):
            return 202, {"id": self.job["id"], "state": "queued"}
        if parts[1] == "jobs" and parts[-1] == "cancel":
            self.job["state"] = "cancelled"
            return 200, self.job
        if parts[-1] == "jobs":
            return 200, {"items": [self.job], "next_cursor": None}
        if parts[1] == "jobs":
            return 200, dict(self.job, state="running", progress=0.1) if self.steps else self.job
        if path.startswith("/api/admin/users"):
            return self.member(method, parts, ask)
        if path == "/api/admin/health":
            return 200, {"status": "ok", "version": "0.1.0", "uptime": 1234567, "workers": 4, "mail": False,
                         "mail_queued": len(self.mails)}
        return 404, problem(404, "not_found", "there is no such thing")

    def grant(self, ask):
        self.balance += ask["amount"]
        self.charges.append(("grant", -ask["amount"]))
        return 200, {"account_id": uuid(0, 8), "amount": ask["amount"], "balance": self.balance}

    def member(self, method, parts, ask):
        if method == "GET":
            return 200, {"items": self.users, "next_cursor": None}
        if method == "POST":
            if len(ask["password"]) < 15:
                return 400, problem(400, "invalid", "the password is too short", "password")
            self.users.append({"id": uuid(99, 9), "email": ask["email"], "role": ask["role"], "state": "active"})
            return 201, self.users[-1]
        user = next(u for u in self.users if u["id"] == parts[-1])
        user.update(ask, capped=ask.get("capped", "monthly_cap" in ask))
        return 200, user


def problem(status, code, detail, field=None):
    return {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code, "field": field}


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def get_request(self):
        raw, address = self.socket.accept()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return raw, address

    def finish_request(self, request, client_address):
        try:
            request.settimeout(60)
            tls = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        with tls:
            super().finish_request(tls, client_address)

    def shutdown_request(self, request):
        """wrap_socket() has taken the descriptor; it is closed with the TLS side."""

    def handle_error(self, request, client_address):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, status, data, kind, half=False):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if status in (429, 503):
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(data[:len(data) // 2] if half else data)
        self.wfile.flush()

    def hang(self):
        """Silence until the client goes, or the fake ends."""
        self.connection.settimeout(60)
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        self.close_connection = True

    def events(self, f):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for step in [*f.steps, f.job]:
            if step is f.job:
                f.steps = []  # who asks from now on is told the end
            self.wfile.write(b"event: progress\ndata: " + json.dumps(step).encode() + b"\n\n")
            self.wfile.flush()
            time.sleep(0.05)

    def export(self, f):
        """All records, then silence until f.export_goes."""
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for line in f.audit_found(self.path):
            self.wfile.write(json.dumps(line).encode() + b"\n")
        self.wfile.flush()
        f.export_goes.wait(30)

    def serve(self):
        f = self.server_of
        body = self.body()
        path = self.path
        with f.lock:
            f.requests.append((self.command, path, body))
        if f.silent:
            return self.hang()
        if path.startswith("/api/uploads"):
            f.uploaded, f.upload_path = body, urllib.parse.unquote(path)
        wait = f.slow.pop(path, f.delay)
        if wait:
            time.sleep(wait)
        for part, (status, code, _) in list(f.fail.items()):
            if part in path:
                return self.send(status, json.dumps(problem(status, code, f"made to fail: {code}")).encode(),
                                 "application/problem+json")
        if path.endswith("/events"):
            return self.events(f)
        if "/audit/export" in path:
            return self.export(f)
        if path.endswith("/errors"):
            return self.send(200, b'line,column,code,reason\r\n3,E-Mail,invalid,"this is no, address"\r\n', "text/csv")
        with f.lock:
            f.token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            ask = json.loads(body) if body and self.headers.get("Content-Type") == "application/json" else {}
            status, doc = f.answer(self.command, path, ask, self.headers.get("Idempotency-Key"))
        lost = bool(f.lost) and f.lost in path and not ask.get("dry_run")
        half = lost or (bool(f.half) and f.half in path)
        self.send(status, json.dumps(doc, ensure_ascii=False).encode(),
                  "application/json" if status < 400 else "application/problem+json", half)
        if lost:
            f.lost = None
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif half:
            self.hang()

    do_GET = do_POST = do_PATCH = do_DELETE = serve
