#include "server/auth_token.h"

#include <sodium.h>
#include <string.h>

#include "server/auth_private.h"

enum { LEEWAY_SECONDS = 60, SIGNATURE_TEXT = 86 };

static const char issuer[] = "leadgend", audience[] = "leadgen-api";

static const struct field claims_fields[] = {
    FIELD(claims, iss, .flags = FIELD_REQUIRED),
    FIELD(claims, aud, .flags = FIELD_REQUIRED),
    FIELD(claims, sub, .flags = FIELD_REQUIRED),
    FIELD(claims, sid, .flags = FIELD_REQUIRED),
    FIELD(claims, acc, .flags = FIELD_REQUIRED),
    FIELD(claims, role, .flags = FIELD_REQUIRED),
    FIELD(claims, jti, .flags = FIELD_REQUIRED),
    FIELD(claims, epoch, .flags = FIELD_REQUIRED),
    FIELD(claims, iat, .flags = FIELD_REQUIRED),
    FIELD(claims, exp, .flags = FIELD_REQUIRED),
    {0},
};
static const struct type claims_type = {"claims", sizeof(struct claims), claims_fields,
                                        .owned = NO_OWNED};

bool token_keys_derive(const struct seal *s, uint32_t id, struct token_keys *out)
{
    static const char what[] = "access token, Ed25519 seed";
    uint8_t seed[crypto_sign_SEEDBYTES];
    bool there = seal_hash_under(s, id, SEAL_SIGN, what, sizeof(what), seed, sizeof(seed));

    out->id = id;
    crypto_sign_seed_keypair(out->public_key, out->secret_key, seed);
    sodium_memzero(seed, sizeof(seed));
    return there;
}

static const char *header_of(const struct token_keys *k, struct arena *mem)
{
    const char *text = arena_printf(mem, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%lu\"}",
                                    (unsigned long)k->id);

    return base64_text(mem, text, strlen(text));
}

bool token_names(const struct token_keys *k, const char *text, struct arena *mem)
{
    const char *expected = header_of(k, mem);
    size_t n = strlen(expected);

    return strncmp(text, expected, n) == 0 && text[n] == '.';
}

static void free_buf(void *b)
{
    buf_free(b);
}

const char *token_make(const struct token_keys *k, const struct claims *c, struct arena *mem)
{
    struct claims all = *c;
    struct buf *b = arena_alloc(mem, sizeof(*b));
    uint8_t signature[crypto_sign_BYTES];
    char *signed_part;

    all.iss = issuer;
    all.aud = audience;
    all.jti = uuid_new();
    all.iat = clock_real_ms() / 1000;
    all.exp = all.iat + TOKEN_SECONDS;
    b->max = TOKEN_MAX;
    arena_defer(mem, free_buf, b);
    json_write(b, &claims_type, &all, JSON_MASKED, mem);
    if (b->failed)
        return NULL;
    signed_part = arena_printf(mem, "%s.%s", header_of(k, mem), base64_text(mem, b->data, b->len));
    crypto_sign_detached(signature, NULL, (const uint8_t *)signed_part, strlen(signed_part),
                         k->secret_key);
    return arena_printf(mem, "%s.%s", signed_part, base64_text(mem, signature, sizeof(signature)));
}

static enum err check_claims(const struct claims *c)
{
    int64_t now = clock_real_ms() / 1000;

    if (strcmp(c->iss, issuer) != 0 || strcmp(c->aud, audience) != 0 ||
        role_find(c->role) == ROLE_NOBODY)
        return ERR_UNAUTHORIZED;
    if (c->iat > now + LEEWAY_SECONDS || c->exp - c->iat != TOKEN_SECONDS)
        return ERR_UNAUTHORIZED;
    return c->exp > now ? ERR_OK : ERR_TOKEN_EXPIRED;
}

enum err token_verify(const struct token_keys *k, const char *text, struct arena *mem,
                      struct claims *out)
{
    const char *first = strchr(text, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    uint8_t signature[crypto_sign_BYTES + 8];
    size_t n, len = strnlen(text, TOKEN_MAX + 1);
    const cJSON *doc;
    char *payload;

    if (len > TOKEN_MAX || !second || !token_names(k, text, mem))
        return ERR_UNAUTHORIZED;
    if (strlen(second + 1) != SIGNATURE_TEXT ||
        !base64_bytes(second + 1, SIGNATURE_TEXT, signature, sizeof(signature), &n) ||
        n != crypto_sign_BYTES)
        return ERR_UNAUTHORIZED;
    if (crypto_sign_verify_detached(signature, (const uint8_t *)text, (size_t)(second - text),
                                    k->public_key))
        return ERR_UNAUTHORIZED;
    payload = arena_alloc(mem, TOKEN_MAX);
    if (!base64_bytes(first + 1, (size_t)(second - first - 1), (uint8_t *)payload, TOKEN_MAX - 1,
                      &n))
        return ERR_UNAUTHORIZED;
    if (json_parse(mem, payload, n, &doc, NULL) ||
        json_decode(&claims_type, doc, JSON_FROM_CLIENT, mem, out, NULL, NULL))
        return ERR_UNAUTHORIZED;
    return check_claims(out);
}
