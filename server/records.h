/* Records that only the server knows; all are stored. */
#ifndef SERVER_RECORDS_H
#define SERVER_RECORDS_H

#include "common/type.h"

struct account {
    struct uuid id;
    const char *name, *plan;
    struct stamp created;
    struct uuid owner; /* a user; zero in an old account: see account_owner() */
    struct stamp owner_since;
};

/* The balance, and what each spent this month; the one record that plans are conditional on. */
struct wallet {
    struct uuid id; /* of the account */
    struct credits balance;
    struct bytes
        spent; /* server/counts.h: hundredths by member and by key, period: ledger_month() */
};

/* An account owns a contact field of a profile, for ever. The id is derived from the three. */
struct ownership {
    struct uuid id;
    struct uuid account, profile;
    const char *field;
    struct uuid entry;
    struct stamp at;
};

/*
 * A reply kept for a repeated Idempotency-Key, for a day (server/sweeper.h). The id is a keyed hash
 * of principal, route and key.
 */
struct kept_reply {
    struct uuid id;
    struct bytes fingerprint; /* of the request's body */
    int64_t status;
    const char *body; /* sealed */
    struct stamp at;
};

/* What happened, for those who subscribe later (webhooks). Ids only, no personal data. */
struct event {
    struct uuid id;
    struct uuid account;
    const char *kind; /* "profile.revealed" */
    struct uuid subject;
    struct stamp at;
};

struct session {
    struct uuid id;
    struct uuid user, account;
    struct uuid token;     /* keyed hash of the refresh token in force */
    struct uuid before;    /* of the one before it */
    const char *successor; /* sealed: what `before` was exchanged for, for a lost reply */
    struct stamp rotated;
    int64_t epoch; /* the user's when it began */
    struct stamp created, used, ends;
    bool ended;
    const char *agent, *address; /* sealed: of the device, as it was last seen */
    struct uuid client;          /* keyed hash of both, who exchanged the token last */
    struct stamp confirmed;      /* when the password was last given */
    struct uuid impersonator;    /* the super_admin who acts as the user */
};

/*
 * A single-use token: reset of a password, the bootstrap, a registration. The id is the keyed hash
 * of the token.
 */
struct ticket {
    struct uuid id;
    const char *purpose;
    struct uuid user; /* of a registration: a keyed hash of the address */
    struct stamp ends;
    const char *email, *password_hash; /* of a registration: the user that will be */
};

/* Attempts to guess a secret, auth_guard.c. The id is a keyed hash of what, whose and from where.
 */
struct attempts {
    struct uuid id;
    struct bytes times; /* int64 each, the machine's own */
    int64_t row;        /* since the last success */
    bool familiar;      /* who is meant has signed in from here */
    int64_t version;    /* raised by each change */
    struct stamp ends;  /* forgotten then */
};

/* The second factor (RFC 6238), server/auth_totp.h. The id is the user's. */
struct totp {
    struct uuid id;
    const char *secret; /* sealed: base32 */
    bool active;
    int64_t step; /* of the last code that was used */
    struct stamp created;
    struct strs codes; /* keyed hashes of the recovery codes that are left */
    int64_t version;   /* raised by each change */
};

/* A device that waits to be let in by somebody who is (RFC 8628). The id is the code's keyed hash.
 */
struct device {
    struct uuid id;
    struct uuid user_code;       /* keyed hash */
    const char *agent, *address; /* sealed */
    struct uuid user;            /* who let it in */
    bool denied;
    int64_t interval; /* seconds between polls */
    struct stamp polled, ends;
    int64_t version; /* raised by each change */
};

/* Mail that waits for the SMTP server (server/mail.h); what was sent is deleted. */
struct mail {
    struct uuid id;
    const char *to, *subject, *body; /* sealed */
    const char *state;               /* queued, dead */
    struct stamp created;
    const char *kind;  /* the template's word */
    int64_t attempts;  /* in vain */
    struct stamp next; /* not before */
    const char *error; /* words about the last failure */
};

/* Small facts of the whole installation, by derived id. */
struct fact {
    struct uuid id;
    const char *name, *value;
};

/* clang-format off: one a line */
#define SERVER_TYPES(X) \
    X(account)          \
    X(wallet)           \
    X(ownership)        \
    X(kept_reply)       \
    X(event)            \
    X(session)          \
    X(ticket)           \
    X(mail)             \
    X(fact)             \
    X(attempts)         \
    X(totp)             \
    X(device)
/* clang-format on */

#define X(name) extern const struct type name##_type;
SERVER_TYPES(X)
#undef X

/* Every type the store holds, those of common/api.h included; ends with NULL. */
extern const struct type *const stored_types[];

/* The set of the named fields; names ends with NULL. */
uint64_t fields_named(const struct type *t, const char *const *names);

/* The derived id of an ownership. */
struct uuid ownership_id(const struct uuid *account, const struct uuid *profile, const char *field);

#endif
