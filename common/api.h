/*
 * The records that both programs know: what the server sends, what the client may send, and those
 * of them that the store keeps.  Their tables are in api.c (profiles, companies, search),
 * api_account.c (people, sign-in, credits, reveals), api_auth.c (sessions, mail), api_access.c
 * (accounts, invitations, keys, limits) and api_job.c (uploads, jobs, operations).
 */
#ifndef COMMON_API_H
#define COMMON_API_H

#include "common/api_people.h"
#include "common/type.h"

/* Facets: name on the wire, label for people.  A pane shows its top 25. */
#define FACET_LIST(X)                \
    X(seniority, "Seniority")        \
    X(department, "Department")      \
    X(industry, "Industry")          \
    X(employees, "Company size")     \
    X(revenue, "Revenue")            \
    X(country, "Country")            \
    X(state, "State")                \
    X(city, "City")                  \
    X(technology, "Technology")      \
    X(keyword, "Keyword")            \
    X(email_status, "E-mail status") \
    X(score, "Score")                \
    X(quality, "Data quality")       \
    X(updated, "Updated")

enum facet {
    FACET_NONE,
#define X(name, label) FACET_##name,
    FACET_LIST(X)
#undef X
        FACET_END, /* facets are 1 .. FACET_END - 1 */
};

enum { PANE_VALUES = 25 };

const char *facet_name(enum facet f);
const char *facet_label(enum facet f);
enum facet facet_find(const char *name); /* FACET_NONE: there is none */

/* Buckets of the numeric facets, in order; the value 0 (unknown) is in none. */
extern const char *const employees_buckets[], *const revenue_buckets[], *const band_buckets[];
const char *employees_bucket(int64_t n);
const char *revenue_bucket(int64_t usd);
const char *band_bucket(int64_t score); /* "0-19" .. "80-100" */
const char *month_bucket(int64_t ms);   /* "2026-11"; valid until the thread's next call */

/* Bits of profile.owned. */
enum { OWN_EMAIL = 1, OWN_PHONE = 2, OWN_ALL = OWN_EMAIL | OWN_PHONE };

extern const char *const seniority_words[],
    *const department_words[], *const email_status_words[], *const phone_type_words[];

/* The account that stands for the catalogue: rows that every account sees. */
extern const struct uuid catalogue_account;

struct profile {
    struct uuid id;
    struct uuid account; /* visibility domain: catalogue_account, or the account that loaded it */
    const char *first_name, *last_name, *name;
    const char *title, *seniority, *department;
    struct uuid company_id;
    const char *company, *domain, *industry;
    int64_t employees, revenue; /* revenue in whole US dollars */
    const char *country, *state, *city;
    struct strs technologies, keywords;
    const char *email, *email_status;
    const char *phone, *phone_type;
    const char *linkedin_url;
    bool has_email, has_phone;
    bool email_opt_out, do_not_call;
    int64_t score, quality;
    struct stamp created, updated;
    /* identity within the visibility domain (16-byte keyed hashes, zero: none) */
    struct uuid key_email, key_url, key_name;
    int64_t ring;    /* the key of the server's ring they are under; 0: the first */
    struct uuid job; /* the import that wrote it last */
    /* for a reply */
    unsigned owned; /* OWN_ bits of its reader */
    bool is_owned;
    struct strs owned_fields;
};

struct company {
    struct uuid id;
    struct uuid account;
    const char *name, *domain, *industry;
    int64_t employees, revenue;
    const char *country, *state, *city, *phone, *linkedin_url;
    struct strs technologies;
    struct stamp created, updated;
    struct uuid key; /* identity: its domain, else its folded name */
    int64_t ring;    /* the key of the server's ring it is under; 0: the first */
    struct uuid job;
    /* for a reply */
    int64_t people; /* profiles of it */
    const char *people_url;
};

struct search_query {
    const char *q;
    int64_t page_size;
    const char *cursor, *sort;
    struct strs facets; /* panes wanted; none given: the six of the first screen; "none", "all" */
    struct strs has, not_has;
    const char *owned; /* "yes", "no" */
    struct strs email; /* whole addresses, of rows whose address the asker may see */
    bool explain;
    const char *prefix; /* of the values of one facet */
    struct strs technology_all, keyword_all;
    struct strs in[FACET_END], out[FACET_END]; /* values, and of numeric facets ranges */
};

/* Why a row was found: a part of the question, as it was asked, and where it is. */
struct reason {
    const char *term, *field, *value;
};

struct explanation {
    struct uuid id;
    struct list why; /* struct reason */
};

/* A word that nobody has, and what was looked for in its place. */
struct correction {
    const char *from, *to;
};

struct facet_value {
    const char *value;
    int64_t count;
};

struct facet_pane {
    const char *name;
    struct list values; /* struct facet_value */
};

struct search_reply {
    int64_t total;
    struct list items; /* struct profile */
    struct map facets; /* struct facet_pane */
    const char *next_cursor;
    struct list corrections; /* struct correction */
    struct list explain;     /* struct explanation, of the items; when it was asked for */
    int64_t took_us;
};

struct company_search_reply {
    int64_t total;
    struct list items; /* struct company */
    struct map facets; /* struct facet_pane */
    const char *next_cursor;
    struct list corrections; /* struct correction */
    int64_t took_us;
};

struct suggest_query {
    const char *field, *prefix;
    int64_t limit;
};

struct suggestion {
    const char *value, *label, *field; /* label: of a code, what it stands for; else NULL */
    int64_t count;
};

struct suggest_reply {
    struct list items; /* struct suggestion */
};

struct page_query { /* of any listing */
    const char *cursor;
    int64_t page_size;
};

struct profile_page {
    struct list items;
    const char *next_cursor;
};

/* Credits and reveals */

struct entry { /* stored: one movement of credits, never changed */
    struct uuid id;
    struct uuid account;
    struct stamp at;
    const char *kind;       /* grant, reveal, refund */
    struct credits amount;  /* signed: what it did to the balance */
    struct credits balance; /* after it */
    struct uuid actor;      /* user */
    struct uuid key;        /* the API key it was made with */
    struct uuid profile;
    const char *fields; /* what was paid for: "email", "phone", "email,phone" */
    const char *reason;
    struct uuid plan; /* the commit it belongs to */
};

struct credits_reply {
    struct credits balance;
    struct list entries;
    const char *next_cursor;
};

struct grant_request {
    struct uuid account; /* or */
    const char *email;   /* of a member of it */
    struct credits amount;
    const char *reason;
};

struct grant_reply {
    struct uuid account;
    struct credits amount, balance;
};

struct reveal_request {
    struct strs fields;
    bool dry_run;
    struct credits max_credits;
};

struct reveal_field {
    const char *field;
    const char *outcome; /* revealed, owned, empty, suppressed */
    struct credits price;
};

struct reveal_reply {
    struct uuid id;
    struct credits charged, price, balance;
    struct stamp owned_until; /* never: for ever */
    const char *email, *phone;
    bool dry_run;
    struct list fields; /* struct reveal_field */
};

struct reveals_request {
    struct strs ids;
    struct strs fields;
    bool dry_run;
    struct credits max_credits;
};

struct reveal_item {
    const char *id;      /* as it was sent */
    const char *outcome; /* revealed, owned, empty, suppressed, not_found */
    struct credits charged, price;
    const char *email, *phone;
    struct list fields;
};

struct reveals_reply {
    struct credits charged, price, balance;
    bool dry_run;
    struct list items; /* struct reveal_item, in the order asked */
};

/* Uploads, jobs, operations (api_job.c) */

extern const char *const job_state_words[]; /* queued running done failed cancelled */

struct upload_query {
    struct strs map;     /* COLUMN:field; an empty field leaves the column out */
    const char *country; /* of phones without one, alpha-2 */
    const char *name;    /* what to call the file in lists; never a path of ours */
};

struct upload_reply {
    struct uuid id;
    const char *state;
};

struct job_counts {
    int64_t read, created, updated, merged, skipped, rejected;
};

struct job_error {
    const char *code, *detail, *field;
    bool retryable; /* of a running job: it waits and tries again */
};

struct job { /* stored */
    struct uuid id;
    struct uuid account; /* whose job it is */
    struct uuid user;
    struct uuid target; /* the visibility domain its rows go to */
    const char *kind, *state, *name;
    struct ratio progress;
    struct ref counts;    /* struct job_counts, for the reply */
    struct ref error;     /* struct job_error: why it failed, or what it waits for */
    const char *encoding; /* what the file was read as; NULL until known */
    struct strs mapping;  /* COLUMN:field as it is used */
    struct stamp created, started, finished;
    /* the work itself; never shown */
    const char *params; /* JSON of the job's kind */
    const char *error_code, *error_detail, *error_field;
    int64_t offset; /* checkpoint: everything before is committed */
    int64_t size;   /* bytes in all */
    struct job_counts n;
    int64_t attempts;
    bool cancel; /* asked to stop */
};

struct job_page {
    struct list items;
    const char *next_cursor;
};

struct job_reject { /* stored: a row of a file that was not taken, or a cell that was left out */
    struct uuid id; /* derived from job, line and column */
    struct uuid job;
    int64_t line;       /* of the file, 1 is the first */
    const char *column; /* as the file calls it; "" for the row */
    const char *code, *reason;
};

struct audit { /* stored: who did what to what, and how it ended */
    struct uuid id;
    struct stamp at;
    struct uuid actor, account;
    const char *actor_kind;   /* user, key */
    struct uuid impersonator; /* the super_admin who acted as the actor */
    const char *verb;         /* "profile.reveal" */
    struct uuid target;
    const char *outcome; /* "ok" or the error's slug */
    const char *detail;  /* words of ours, never personal data */
    const char *request_id;
    int64_t count; /* of aggregated refusals */
    /* The link of the hash chain; the store's.  Hashes are hexadecimal. */
    int64_t seq; /* from 1, without gaps */
    struct uuid chain;
    const char *previous, *hash; /* previous NULL: there is none */
    const char *mac;             /* of the hash, under a key of the server's */
    /* Of checkpoints and cuts (server/audit.h): what is signed, and with which key of the ring. */
    int64_t covers, key;
    const char *anchor, *signature;
};

struct audit_query { /* of what is not given, all */
    const char *cursor;
    int64_t page_size;
    struct uuid actor, account, target;
    const char *verb, *outcome;
    struct stamp since, until; /* until: without this moment */
    const char *format;        /* of an export */
};

struct audit_page {
    struct list items;
    const char *next_cursor;
};

struct health {
    const char *status, *database, *redis;
    int64_t workers;
    const char *version;
};

struct admin_health {
    const char *status, *version;
    int64_t uptime, workers, jobs_queued, jobs_running; /* seconds; counts */
    int64_t profiles, companies, accounts, users;
    int64_t index_segments, index_documents, index_lag; /* lag: changes not searchable yet */
    int64_t connections, commits, requests, errors;
    int64_t resident, data_bytes; /* bytes */
    bool mail;                    /* is an SMTP server configured */
    int64_t mail_queued, mail_dead;
};

/* An error on the wire (RFC 9457). */
struct problem_reply {
    const char *type, *title;
    int64_t status;
    const char *detail, *code;
    bool retryable;
    const char *request_id, *field;
};

/* Every type that both sides know, for documents and tests; ends with NULL. */
extern const struct type *const api_types[];

/* clang-format off: one a line */
#define API_TYPES(X)        \
    X(profile)              \
    X(company)              \
    X(search_query)         \
    X(correction)           \
    X(reason)               \
    X(explanation)          \
    X(company_query)        \
    X(company_search_reply) \
    X(suggest_query)        \
    X(suggestion)           \
    X(suggest_reply)        \
    X(facet_value)          \
    X(facet_pane)           \
    X(search_reply)         \
    X(page_query)           \
    X(profile_page)         \
    X(login_request)        \
    X(tokens)               \
    X(refresh_request)      \
    X(bootstrap_request)    \
    X(email_request)        \
    X(reset_request)        \
    X(session_item)         \
    X(session_page)         \
    X(confirm_request)      \
    X(register_request)     \
    X(token_request)        \
    X(totp_status)          \
    X(totp_enrolment)       \
    X(code_request)         \
    X(recovery_codes)       \
    X(device_reply)         \
    X(device_poll)          \
    X(device_approval)      \
    X(device_item)          \
    X(mail_item)            \
    X(mail_page)            \
    X(accepted)             \
    X(me)                   \
    X(user)                 \
    X(user_create)          \
    X(user_change)          \
    X(user_page)            \
    X(account_view)         \
    X(account_page)         \
    X(account_change)       \
    X(owner_request)        \
    X(invitation)           \
    X(invitation_create)    \
    X(invitation_page)      \
    X(invitation_accept)    \
    X(api_key)              \
    X(api_key_create)       \
    X(api_key_change)       \
    X(api_key_rotate)       \
    X(api_key_made)         \
    X(api_key_page)         \
    X(limit_class)          \
    X(spending)             \
    X(limits_reply)         \
    X(impersonation)        \
    X(impersonate_request)  \
    X(impersonation_page)   \
    X(entry)                \
    X(credits_reply)        \
    X(grant_request)        \
    X(grant_reply)          \
    X(reveal_request)       \
    X(reveal_field)         \
    X(reveal_reply)         \
    X(reveals_request)      \
    X(reveal_item)          \
    X(reveals_reply)        \
    X(upload_query)         \
    X(upload_reply)         \
    X(job_counts)           \
    X(job_error)            \
    X(job)                  \
    X(job_page)             \
    X(job_reject)           \
    X(audit)                \
    X(audit_query)          \
    X(audit_page)           \
    X(health)               \
    X(admin_health)         \
    X(problem_reply)
/* clang-format on */

#define X(name) extern const struct type name##_type;
API_TYPES(X)
#undef X

#endif
