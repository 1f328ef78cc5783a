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
    struct token_keys keys;
    atomic_uint_fast64_t generation; /* raised by auth_changed() */
    atomic_bool bootstrapped;
};

struct hasher *hasher_start(void);
void hasher_stop(struct hasher *h);
enum err hasher_make(struct hasher *h, const char *password, struct arena *mem,
                     const char **out) MUST_CHECK;
/* *fits: whether it is the password. hash NULL: as much work for nothing, and it does not fit. */
enum err hasher_verify(struct hasher *h, const char *password, const char *hash,
                       bool *fits) MUST_CHECK;

/* A random single-use token of 256 bits; *id gets the keyed hash that is stored. */
const char *ticket_make(const struct seal *s, struct arena *mem, struct uuid *id);
struct uuid ticket_id(const struct seal *s, const char *text);

/* Kept principals of verified tokens. */
struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *c);
bool token_cache_get(struct token_cache *c, const uint8_t hash[16], uint64_t generation,
                     struct principal *who, int64_t *ends_ms);
void token_cache_put(struct token_cache *c, const uint8_t hash[16], uint64_t generation,
                     const struct principal *who, int64_t ends_ms);

/* The session and its user as they are now. errors: ERR_UNAUTHORIZED: ended, expired, disabled */
enum err session_principal(struct server *srv, const struct uuid *session, struct arena *mem,
                           struct principal *out) MUST_CHECK;

#endif
