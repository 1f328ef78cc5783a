/*
 * Access tokens: JSON Web Tokens (RFC 7519, RFC 9068) signed with Ed25519 (RFC 8037), one
 * algorithm, one key, one header, compared byte for byte; lifetime TOKEN_SECONDS.
 */
#ifndef SERVER_AUTH_TOKEN_H
#define SERVER_AUTH_TOKEN_H

#include <stdint.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/type.h"

struct seal;

enum { TOKEN_SECONDS = 600, TOKEN_MAX = 2048 };

struct token_keys {
    uint8_t public_key[32], secret_key[64];
};

struct claims {
    const char *iss, *aud, *role;
    struct uuid sub, sid, acc, jti;
    int64_t epoch, iat, exp; /* iat, exp: seconds since 1970 */
};

void token_keys_derive(const struct seal *s, struct token_keys *out);
/* Sign; iss, aud, jti, iat and exp are filled in. NULL: no memory. */
const char *token_make(const struct token_keys *k, const struct claims *c, struct arena *mem);
/* errors: ERR_UNAUTHORIZED, ERR_TOKEN_EXPIRED */
enum err token_verify(const struct token_keys *k, const char *text, struct arena *mem,
                      struct claims *out) MUST_CHECK;

#endif
