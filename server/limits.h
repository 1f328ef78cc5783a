/*
 * Rate limits: a sliding log, exact in every window.  A request is admitted when the N-th last
 * admission of the same class and key is at least a window (60 s, monotonic) old; refused requests
 * cost nothing.  In memory, sharded, bounded: see limits.c for what happens at the bound.
 */
#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * class, option and wire name, admissions a minute unless configured (or `unlimited`).  The first
 * three are the same requests by plan; KEY is on top of them, for keys that say none of their own.
 * HEALTH and REFRESH are not of ANONYMOUS, or the ten of it would be a load balancer's, and those
 * of the people behind one address who stay signed in.
 */
#define RATE_LIST(X)                       \
    X(GENERAL, "general", 100)             \
    X(PREMIUM, "premium", 1000)            \
    X(ENTERPRISE, "enterprise", unlimited) \
    X(KEY, "key", unlimited)               \
    X(ANONYMOUS, "anonymous", 10)          \
    X(HEALTH, "health", 600)               \
    X(REFRESH, "refresh", 100)             \
    X(REGISTER, "register", 5)             \
    X(LOGIN, "login", 10)                  \
    X(FORGOT, "forgot", 3)                 \
    X(RESET, "reset", 5)                   \
    X(DEVICE, "device", 30)                \
    X(SEARCH, "search", 600)               \
    X(WRITE, "write", 100)                 \
    X(REVEAL, "reveal", 100)               \
    X(PREFLIGHT, "preflight", 600)

enum rate_class {
#define X(name, word, per_minute) RATE_##name,
    RATE_LIST(X)
#undef X
        RATE_COUNT,
};

#define RATE_UNLIMITED INT64_MAX

const char *rate_word(enum rate_class c);
int64_t rate_default(enum rate_class c);

struct limits;

struct limit_answer {
    bool admitted;
    enum rate_class rate;
    int64_t limit;       /* a minute; RATE_UNLIMITED: no header */
    int64_t remaining;   /* more admissions right now */
    int64_t retry_after; /* whole seconds until one more is admitted; 0 when remaining > 0 */
};

/* per_minute[RATE_COUNT]; 0 refuses always. NULL: no memory. */
struct limits *limits_new(const int64_t *per_minute);
void limits_free(struct limits *l);

/* Count with other servers too, from here on; takes redis over.  Before the first request. */
struct limits_redis;
void limits_share(struct limits *l, struct limits_redis *redis);
/* "not configured", "ok", "down" */
const char *limits_redis_word(const struct limits *l);
/* What the class admits a minute. */
int64_t limits_of(const struct limits *l, enum rate_class c);

/* Ask and count. key: n bytes, an address or a principal's id. */
void limits_take(struct limits *l, enum rate_class c, const void *key, size_t n,
                 struct limit_answer *out);
/* The same with another limit than the class's, always the same one for one key. */
void limits_take_of(struct limits *l, enum rate_class c, int64_t limit, const void *key, size_t n,
                    struct limit_answer *out);
/*
 * What limits_take_of() would say, but nothing is counted; admitted: it would be.  look goes by
 * what this server counted and costs no round trip, look_shared by what all did while Redis
 * answers.
 */
void limits_look(struct limits *l, enum rate_class c, int64_t limit, const void *key, size_t n,
                 struct limit_answer *out);
void limits_look_shared(struct limits *l, enum rate_class c, int64_t limit, const void *key,
                        size_t n, struct limit_answer *out);

#endif
