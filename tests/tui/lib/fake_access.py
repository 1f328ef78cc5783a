"""The fake's members, keys, sessions, second factor, limits, mails, audit and impersonation.

    f.unconfirmed = True    dangerous acts want the password once more
    f.factor = True         the second factor is on; its code is f.code
"""
import threading
import urllib.parse

SECRET = "lgp_live_madeUpForTestsMadeUpForTestsMadeUpForTes"
CODES = ["AAAAA-BBBBB", "CCCCC-DDDDD", "EEEEE-FFFFF"]
SCOPES = ["credits:read", "reveal:write", "search:read"]
AT = "2026-11-24T08:38:21.123Z"
LATER = "2999-11-24T08:38:21.123Z"
PASSWORD = "correct horse battery"


def problem(status, code, detail, field=None):
    return status, {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code,
                    "field": field}


class Access:
    def access_init(self, uuid):
        self.uuid = uuid
        self.unconfirmed = self.factor = False
        self.code, self.token = "123456", ""
        self.keys, self.acts, self.logged_out, self.owner = [], [], [], None
        self.sessions = [{"id": uuid(i, 4), "agent": agent, "address": f"192.0.2.{i}", "created": AT, "last_seen": AT,
                          "ends": AT, "current": not i} for i, agent in enumerate(("leadgen/0.1.0", "kiosk", "phone"))]
        self.invited = []
        self.mails = [{"id": uuid(1, 3), "kind": "invite", "to": "new@acme.example", "subject": "You are invited",
                       "state": "queued", "created": AT, "next": AT, "attempts": 0, "error": None}]
        self.audit = [{"id": uuid(i, 6), "at": AT, "verb": "key.create" if i % 60 == 7 else "profile.reveal",
                       "outcome": "ok", "count": 1, "actor_id": uuid(i % 2, 9)} for i in range(130)]
        self.export_goes = threading.Event()
        self.export_goes.set()

    def me(self):
        me = {"id": self.uuid(0, 9), "email": "ann@acme.example", "role": self.role, "account": "acme",
              "account_id": self.uuid(0, 8), "balance": self.balance}
        if self.token == "acting":
            me.update(email="ben@acme.example", role="user", impersonated_by=self.uuid(0, 9), session_ends=LATER)
        return 200, me

    def access_answer(self, method, path, parts, ask):
        """None: it is not of these."""
        names = {"me": self.me_or_acted, "keys": self.key, "sessions": self.session, "invitations": self.invitation,
                 "limits": self.limits, "account": self.pass_on}
        if path.startswith(("/api/auth/totp", "/api/auth/confirm", "/api/auth/logout")):
            return self.signed_in(method, parts[2:], ask)
        if parts[1] == "admin":
            names = {"impersonations": self.impersonation, "mail": self.mail, "audit": self.audit_page,
                     "accounts": self.pass_on}
            parts = parts[1:]
        return names[parts[1]](method, parts[2:], ask, path) if parts[1] in names else None

    def dangerous(self):
        return problem(403, "confirm_required", "Confirm with your password first") if self.unconfirmed else None

    def me_or_acted(self, method, rest, ask, path):
        if rest:
            return 200, {"items": self.acts if self.role != "super_admin" else [], "next_cursor": None}
        return self.me()

    def pass_on(self, method, rest, ask, path):
        refused = self.dangerous()
        self.owner = self.owner if refused else (path, ask["user_id"])
        return refused or (200, {"id": self.uuid(0, 8)})

    def key(self, method, rest, ask, path):
        key = next((k for k in self.keys if rest and k["id"] == rest[0]), None)
        if method == "GET":
            return 200, {"items": self.keys, "next_cursor": None, "scopes": SCOPES}
        if method == "PATCH":
            key.update(ask)
            return 200, key
        if method == "DELETE":
            key["revoked"] = AT
            return 200, key
        if self.dangerous():
            return self.dangerous()
        if not key and not set(ask["scopes"]) <= set(SCOPES):
            return problem(400, "invalid", "there is no such scope", "scopes")
        if not key:
            key = dict(ask, id=self.uuid(len(self.keys), 2), hint=SECRET[:13], ends=LATER, created=AT, spent=0,
                       last_used=None, revoked=None, capped="monthly_cap" in ask)
            self.keys.append(key)
        return 200, {"secret": SECRET, "key": key}

    def session(self, method, rest, ask, path):
        if method == "DELETE":
            self.sessions = [s for s in self.sessions if (s["id"] != rest[0] if rest else s["current"])]
            return 200, {"message": "ended"}
        return 200, {"items": self.sessions, "next_cursor": None}

    def invitation(self, method, rest, ask, path):
        if method == "GET":
            return 200, {"items": self.invited, "next_cursor": None}
        if method == "DELETE":
            self.invited = []
        elif rest:
            self.invited[0]["sent"] += 1
        else:
            self.invited.append(dict(ask, id=self.uuid(1, 1), created=AT, ends=LATER, sent=1))
        return 200, {}

    def limits(self, method, rest, ask, path):
        return 200, {"plan": "starter", "balance": self.balance, "classes": [
            {"class": "general", "limit": 100, "used": 25, "remaining": 75, "reset": 0},
            {"class": "write", "limit": 20, "used": 20, "remaining": 0, "reset": 17},
            {"class": "search", "limit": None, "used": 0, "remaining": None, "reset": 0}],
            "spending": [{"of": "member", "capped": True, "monthly_cap": 50, "spent": 12.5, "resets": LATER}]}

    def signed_in(self, method, rest, ask):
        if rest[0] == "confirm":
            if ask["password"] != PASSWORD:
                return problem(403, "forbidden", "the password is wrong", "password")
            self.unconfirmed = False
            return 200, {"message": "confirmed"}
        if rest[0] == "logout":
            self.logged_out.append(self.token)
            return 200, {"message": "signed out"}
        if method == "GET":
            return 200, {"enabled": self.factor, "created": AT if self.factor else None,
                         "recovery_left": len(CODES) if self.factor else 0}
        if self.dangerous():
            return self.dangerous()
        if not rest[1:]:
            return 200, {"secret": "ABCDEFGH" * 4, "uri": "otpauth://totp/ann?secret=" + "ABCDEFGH" * 4}
        if rest[1] != "recovery" and ask["totp"] != self.code:
            return problem(400, "invalid", "the code is wrong", "totp")
        self.factor = rest[1] != "disable"
        return 200, {"codes": CODES}

    def mail(self, method, rest, ask, path):
        if not rest:
            return 200, {"items": self.mails, "next_cursor": None}
        if method == "DELETE":
            self.mails = []
        elif method == "POST":
            self.mails[0]["attempts"] += 1
        return 200, dict({"body": "Come in.\n\nYour token is\n    abc\n"}, **(self.mails[0] if self.mails else {}))

    def audit_found(self, path):
        ask = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        return [a for a in self.audit if all(ask.get(k, a[k]) == a[k] for k in ("verb", "actor_id", "outcome"))
                and ask.get("since", "") <= a["at"]]

    def audit_page(self, method, rest, ask, path):
        """Pages of at most 20 looked at, so that one may be empty and yet not the last."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        start = int(query.get("cursor", 0))
        window = self.audit[start:start + 20]
        return 200, {"items": [a for a in window if a in self.audit_found(path)],
                     "next_cursor": str(start + 20) if start + 20 < len(self.audit) else None}

    def impersonation(self, method, rest, ask, path):
        if method == "GET":
            return 200, {"items": self.acts, "next_cursor": None}
        if self.dangerous():
            return self.dangerous()
        self.acts.append({"id": self.uuid(1, 12), "user_id": ask["user_id"], "by_id": self.uuid(0, 9),
                          "reason": ask["reason"], "created": AT, "ends": LATER})
        return 201, {"access_token": "acting", "refresh_token": "acting-refresh", "expires_in": 600}
