/*
 * Access tokens.  Input: a byte that says what the rest is:
 *   't'  a token: none is taken, because nobody here has the key
 *   'p'  claims, signed with the key: what is taken is all that a token must say
 *   'b'  base64url: what is taken is exactly how its bytes are written
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/api.h"
#include "common/clock.h"
#include "server/auth_private.h"

#define NOW INT64_C(1800000000)

static int64_t fixed_real_ms(void)
{
    return NOW * 1000;
}

static int64_t fixed_mono_us(void)
{
    return NOW * 1000000;
}

static void must(bool cond)
{
    if (!cond)
        abort();
}

static const char *sign(const struct token_keys *k, const char *payload, size_t n,
                        struct arena *mem)
{
    static const char header[] = "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1\"}";
    const char *text = arena_printf(mem, "%s.%s", base64_text(mem, header, sizeof(header) - 1),
                                    base64_text(mem, payload, n));
    uint8_t signature[crypto_sign_BYTES];

    crypto_sign_detached(signature, NULL, (const uint8_t *)text, strlen(text), k->secret_key);
    return arena_printf(mem, "%s.%s", text, base64_text(mem, signature, sizeof(signature)));
}

static void claims(const struct token_keys *k, const char *payload, size_t n, struct arena *mem)
{
    const char *token = sign(k, payload, n, mem);
    struct claims c = {0};
    enum err err = token_verify(k, token, mem, &c);

    must(err == ERR_OK || err == ERR_UNAUTHORIZED || err == ERR_TOKEN_EXPIRED);
    if (err)
        return;
    must(strlen(token) <= TOKEN_MAX && !memchr(payload, 0, n));
    must(strcmp(c.iss, "leadgend") == 0 && strcmp(c.aud, "leadgen-api") == 0);
    must(role_find(c.role) != ROLE_NOBODY);
    must(c.exp - c.iat == TOKEN_SECONDS && c.exp > NOW && c.iat <= NOW + 60);
    must(!uuid_is_zero(&c.sub) && !uuid_is_zero(&c.sid) && !uuid_is_zero(&c.acc));
    must(!uuid_is_zero(&c.jti));
}

static void base64(const char *text, size_t n, struct arena *mem)
{
    uint8_t *out = arena_alloc(mem, n + 1);
    size_t len;

    if (base64_bytes(text, n, out, n, &len)) {
        const char *again = base64_text(mem, out, len);

        must(strlen(again) == n && memcmp(again, text, n) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct clock fixed = {fixed_real_ms, fixed_mono_us};
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {1};
    static struct token_keys keys;
    struct arena *mem;
    char *text;

    if (!keys.public_key[0]) {
        must(sodium_init() >= 0);
        keys.id = 1;
        crypto_sign_seed_keypair(keys.public_key, keys.secret_key, seed);
        clock_use(&fixed);
    }
    if (!n)
        return 0;
    mem = arena_new();
    text = arena_strndup(mem, (const char *)data + 1, n - 1);
    if (data[0] == 't')
        must(token_verify(&keys, text, mem, &(struct claims){0}) == ERR_UNAUTHORIZED);
    else if (data[0] == 'p')
        claims(&keys, (const char *)data + 1, n - 1, mem);
    else
        base64(text, n - 1, mem);
    arena_free(mem);
    return 0;
}
