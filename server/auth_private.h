/* What the files of auth share; nothing else includes it. */
#ifndef SERVER_AUTH_PRIVATE_H
#define SERVER_AUTH_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/auth.h"
#include "server/auth_token.h"
#include "server/records.h"
#include "server/seal.h"

struct hasher; /* two threads that run argon2id, auth_password.c */
struct token_cache;

struct auth {
    struct server *srv;
    struct hasher *hasher;
    struct token_cache *cache;
    pthread_mutex_t pairs_lock; /* of adding; they never go */
    struct token_keys pairs[SEAL_KEYS];
    atomic_size_t n_pairs;
    atomic_uint_fast64_t generation; /* raised by auth_changed() */
    atomic_bool bootstrapped;
};

/* The pair of a key of the ring; NULL: the ring has no such key. */
const struct token_keys *auth_pair(struct auth *a, uint32_t id);

struct hasher *hasher_start(void);
void hasher_stop(struct hasher *h);
enum err hasher_make(struct hasher *h, const char *password, struct arena *mem,
                     const char **out) MUST_CHECK;
/* *fits: whether it is the password. hash NULL: as much work for nothing, and it does not fit. */
enum err hasher_verify(struct hasher *h, const char *password, const char *hash,
                       bool *fits) MUST_CHECK;

/* base64url without padding.  false: not exactly how base64_text() would write at most max bytes.
 */
char *base64_text(struct arena *mem, const void *data, size_t n);
bool base64_bytes(const char *text, size_t n, uint8_t *out, size_t max, size_t *len);

/* A random single-use token of 256 bits; *id gets the keyed hash that is stored. */
const char *ticket_make(const struct seal *s, struct arena *mem, struct uuid *id);
struct uuid ticket_id(const struct seal *s, const char *text);
struct uuid ticket_id_under(const struct seal *s, uint32_t key, const char *text);
/* Is this the hash of it, under whichever key of the ring? */
bool ticket_is(const struct seal *s, const char *text, const struct uuid *id);
/* The stored ticket of a text. errors: ERR_NOT_FOUND */
enum err ticket_find(struct server *srv, const char *text, struct arena *mem,
                     struct ticket *out) MUST_CHECK;

enum { DEAD_MOST = 16 }; /* old records deleted with one plan */
/*
 * Append steps that delete the user's tickets that end before `before_ms`, at most DEAD_MOST of
 * them, but for those that `steps` deletes already.
 */
enum err tickets_delete(struct store *s, const struct uuid *user, int64_t before_ms,
                        struct arena *mem, struct step *steps, size_t *n) MUST_CHECK;

/*
 * Attempts to guess a secret, auth_guard.c.  Enter before it is looked at; leave when it was right,
 * or (right false) when it could not be looked at.
 */
struct guard {
    struct uuid here, strangers; /* records of attempts */
    bool alone, familiar;
};
/*
 * scope: what is guessed; who: for whom.  alone: whoever asks is known by a session, and its
 * address does not matter.  excused: strangers' attempts are not held against this one. errors:
 * ERR_RATE with r->retry_after; ERR_BUSY
 */
enum err guard_enter(struct request *r, const char *scope, const char *who, bool alone,
                     bool excused, struct guard *g) MUST_CHECK;
void guard_leave(struct request *r, const struct guard *g, bool right);
/* Who asks has shown otherwise to be the one that is meant: this address is familiar from now on.
 */
void guard_vouch(struct request *r, const char *scope, const char *who);

/* Kept principals of verified tokens. */
struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *c);
bool token_cache_get(struct token_cache *c, const uint8_t hash[16], uint64_t generation,
                     struct principal *who, int64_t *ends_ms);
void token_cache_put(struct token_cache *c, const uint8_t hash[16], uint64_t generation,
                     const struct principal *who, int64_t ends_ms);

/* Until when the session counts as confirmed; 0: it does not. */
int64_t session_confirmed(const struct session *s);
/*
 * The session's user as it is now, and when the session ends. errors: ERR_UNAUTHORIZED: ended,
 * expired, disabled
 */
enum err session_principal(struct server *srv, const struct uuid *session, struct arena *mem,
                           struct principal *out, int64_t *ends_ms) MUST_CHECK;

#endif
