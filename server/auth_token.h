/*
 * Access tokens: JSON Web Tokens (RFC 7519, RFC 9068) signed with Ed25519 (RFC 8037), one
 * algorithm, and for each key of the ring one pair and one header, compared byte for byte: so `kid`
 * is never read, and chooses among the keys of the ring alone.  Lifetime TOKEN_SECONDS.
 */
#ifndef SERVER_AUTH_TOKEN_H
#define SERVER_AUTH_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/type.h"

struct seal;

enum { TOKEN_SECONDS = 600, TOKEN_MAX = 2048 };

struct token_keys {
    uint32_t id; /* of the ring's key that they come from */
    uint8_t public_key[32], secret_key[64];
};

struct claims {
    const char *iss, *aud, *role;
    struct uuid sub, sid, acc, jti;
    int64_t epoch, iat, exp; /* iat, exp: seconds since 1970 */
};

/* false: the ring has no such key. */
bool token_keys_derive(const struct seal *s, uint32_t id, struct token_keys *out);
/* Sign; iss, aud, jti, iat and exp are filled in. NULL: no memory. */
const char *token_make(const struct token_keys *k, const struct claims *c, struct arena *mem);
/* Does it say that it was signed with this pair? */
bool token_names(const struct token_keys *k, const char *text, struct arena *mem);
/* errors: ERR_UNAUTHORIZED, ERR_TOKEN_EXPIRED */
enum err token_verify(const struct token_keys *k, const char *text, struct arena *mem,
                      struct claims *out) MUST_CHECK;

#endif
