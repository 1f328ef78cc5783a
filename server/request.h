/*
 * One request, from its headers to its reply, and the rows that say what may be asked.
 *
 * http.c fills in the wire's side, router.c applies the policy of the row, the handler does the
 * rest: it reads r->query and r->body (decoded by the row's tables), and calls reply() or refuse().
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <stdatomic.h>

#include "common/api.h"
#include "common/json.h"
#include "server/limits.h"
#include "server/store.h"

struct answers;
struct auditor;
struct auth;
struct items;
struct jobs;
struct mailer;
struct options;
struct request;
struct playground;
struct search;
struct seal;
struct seal_digest;

/* What the process has; every member's own header says what threads may do with it. */
struct server {
    const struct options *options;
    struct seal *seal;
    struct store *store;
    struct search *search, *companies;
    struct auth *auth;
    struct limits *limits;
    struct items *items;     /* NULL: no rows are kept */
    struct answers *answers; /* NULL: no answers are kept */
    struct jobs *jobs;
    struct mailer *mail;
    struct playground *playground; /* what test keys see */
    struct auditor *auditor;       /* NULL: nothing is counted */
    int64_t started_us;            /* monotonic */
    atomic_bool stopping;          /* streams end, new requests get 503 */
    atomic_int_fast64_t requests, errors, connections;
};

/* Who asks: a member in a session, or an API key, which is an actor of its own. */
struct principal {
    struct uuid user, account, session;
    enum role role;            /* ROLE_PUBLIC: nobody is signed in */
    int64_t confirmed_ends_ms; /* real time: until then ROUTE_CONFIRMED rows answer */
    enum tier tier;            /* of the account: its plan */
    struct uuid impersonator;  /* the super_admin who acts in this session; zero: none */
    /* of a key; its user is the member whose key it is */
    struct uuid key;
    uint64_t scopes; /* scope_bit()s */
    int64_t rate;    /* requests a minute of its own; 0: none */
    bool test;       /* sees the playground, never costs */
};

/* Who acts: the key, else the user.  Limits, kept replies and the audit go by it. */
const struct uuid *principal_actor(const struct principal *who);
/* "user", "key", or NULL: nobody is signed in. */
const char *request_actor_kind(const struct request *r);

/* Where the bytes of a large body go instead of r->body. */
struct sink {
    enum err (*write)(void *arg, const void *data, size_t n);
    void (*close)(void *arg); /* always called, with or without the whole body */
    void *arg;
    size_t received;
    struct seal_digest *digest; /* router's: of the bytes, for a request with an Idempotency-Key */
};

/*
 * A reply of unknown length. read blocks as it needs to; 0 < n <= max bytes, STREAM_END, or
 * STREAM_BROKEN: the connection breaks, so that what was sent does not pass for the whole.
 */
enum { STREAM_END = -1, STREAM_BROKEN = -2 };

struct stream {
    long (*read)(void *arg, char *out, size_t max);
    void (*close)(void *arg);
    void *arg;
};

enum { PARAMS_MAX = 4, EXTRA_HEADERS = 8 };

struct header {
    const char *name, *value;
};

struct route;

struct request {
    struct server *srv;
    struct arena *mem; /* dies after the reply is sent */
    const char *method, *path;
    const char *query_text; /* after the question mark, undecoded; never logged */
    /* The header's value or NULL; provided by http.c, or by a test. */
    const char *(*header)(const struct request *r, const char *name);
    void *conn;          /* http.c's own */
    uint8_t address[16]; /* of the peer, IPv4 mapped */
    char id[UUID_TEXT];

    const struct route *route;      /* once found */
    const char *params[PARAMS_MAX]; /* what the :names in the path matched */
    struct principal who;
    void *query;                      /* the record route->query describes */
    void *body;                       /* the record route->body describes */
    uint64_t query_given, body_given; /* fields that were there */
    const char *raw;                  /* the body's bytes */
    size_t raw_len;
    struct sink sink;

    unsigned status;
    struct buf out;
    const char *content_type; /* NULL: application/json */
    struct stream stream;
    struct header extra[EXTRA_HEADERS];
    size_t n_extra;
    struct problem why;  /* of a refusal */
    int64_t retry_after; /* seconds; 0: none */
    struct limit_answer limit;
    bool close;              /* the connection ends with this reply */
    struct kept_reply *kept; /* router's: where an idempotent reply will be kept */
};

enum route_flags {
    ROUTE_BEFORE_BOOTSTRAP = 1 << 0, /* answers also while no super_admin exists */
    ROUTE_HIDDEN = 1 << 1,           /* 404 instead of 403: existence is a secret */
    ROUTE_IDEMPOTENT = 1 << 2,       /* takes Idempotency-Key; its plan keeps the reply */
    ROUTE_QUIET = 1 << 3,            /* not in the request log (health) */
    ROUTE_LOCAL_ADMIN = 1 << 4,      /* only from the super_admin address list */
    /*
     * A dangerous act: the password was given on this session within the last ten minutes, at
     * sign-in or by POST /api/auth/confirm; else 403 confirm_required.
     */
    ROUTE_CONFIRMED = 1 << 5,
    ROUTE_READS = 1 << 6,      /* changes nothing, though its method is not GET */
    ROUTE_PLAYGROUND = 1 << 7, /* answers test keys, from the playground */
    ROUTE_SELF = 1 << 8,       /* only the person: refused to who impersonates */
    ROUTE_GUEST = 1 << 9,      /* who impersonates may, though no key may */
};

/* A row that says nothing is answered to nobody. */
struct route {
    const char *method;
    const char *path; /* "/api/profiles/:id"; a literal segment wins over a :name */
    enum err (*handle)(struct request *);
    const char *doc;   /* one sentence */
    enum role role;    /* the least that may call */
    const char *scope; /* what a key's scope:read or scope:write names; NULL: no key may call */
    const struct type *query, *body, *reply;
    enum rate_class rate; /* of the principal; anonymous callers also by address */
    unsigned flags;
    const char *audit; /* the verb it writes to the audit log; NULL: it writes none */
    size_t body_max;   /* bytes; 0: 64 KiB when there is a body */
    enum err (*open_sink)(struct request *); /* the body is streamed to r->sink */
    const char *consumes, *produces; /* content types, commas between; NULL: application/json */
    struct credits price;
};

/* Ends with a row that has no method. */
extern const struct route *const route_tables[];

/*
 * The policy, in order: limit by address (429), bootstrap (503), no key in the address (400),
 * authenticate (401), limit by principal (429), find (404, 405), authorise (403 or 404), size and
 * type of the body (413, 415).
 * Headers only: it is called before any of the body is read.
 */
enum err route_begin(struct request *r, size_t content_length, bool has_body) MUST_CHECK;
/*
 * Give the sink of a row with open_sink a piece of the body, as it comes. errors: the sink's own
 */
enum err route_take(struct request *r, const void *data, size_t n) MUST_CHECK;
/*
 * Decode the query and the body, answer a repeated Idempotency-Key, call the handler.  Its
 * ERR_CONFLICT without a sentence is ERR_CHANGED: the same call may succeed.
 */
enum err route_finish(struct request *r) MUST_CHECK;
/* One that is refused before its route is looked for costs its address an anonymous request. */
void route_stray(struct request *r);
/* Turn a failed request into its problem reply (r->status, r->out). */
void route_problem(struct request *r, enum err err);

/* Handlers' side */

/* 200 or 201 with a record; masked fields are masked (reply) or shown where owned (reply_owned). */
enum err reply(struct request *r, unsigned status, const struct type *t, const void *rec);
enum err reply_owned(struct request *r, unsigned status, const struct type *t, const void *rec);
/* Refuse with a sentence; field may be NULL. */
enum err refuse(struct request *r, enum err err, const char *field, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void request_header_add(struct request *r, const char *name, const char *value);

/* The n-th :name of the path as an id; a malformed one is ERR_NOT_FOUND, exactly as an absent one.
 */
enum err request_id(struct request *r, int n, struct uuid *out) MUST_CHECK;

/* Was this field of the body (or query) sent? */
bool body_has(const struct request *r, const char *field);

/* Cursors of listings: authenticated {what, account, id}. "" or NULL is the start. */
const char *cursor_make(struct request *r, const char *what, const struct uuid *last);
/* errors: ERR_INVALID naming `cursor` */
enum err cursor_read(struct request *r, const char *what, const char *text,
                     struct uuid *out) MUST_CHECK;

/*
 * The audit record of this request; add it to the plan (STEP_INSERT of audit_type) so that it
 * commits with the act.  detail: words of ours or NULL.
 */
struct audit *request_audit(struct request *r, const struct uuid *target, const char *detail);

/*
 * For a ROUTE_IDEMPOTENT row: the step that keeps the reply, or a step with no type when the caller
 * sent no key.  The reply must be complete (reply() called) when the plan's settle() ends;
 * request_keep() then copies it. On ERR_CONFLICT at that step the twin won: return ERR_CONFLICT.
 */
bool request_keep_step(struct request *r, struct step *out);
enum err request_keep(struct request *r);

#endif
