/* Attacks on access tokens: each differs from a good one in one thing and is refused. */
#include <sodium.h>
#include <stdlib.h>

#include "common/clock.h"
#include "server/auth_token.h"
#include "tests/test.h"

#define NOW INT64_C(1800000000)

static int64_t now_ms = NOW * 1000;
static struct token_keys keys, strangers;
static struct arena *mem;

static int64_t fixed_real_ms(void)
{
    return now_ms;
}

static int64_t fixed_mono_us(void)
{
    return now_ms * 1000;
}

#define SUB "019a0000-0000-7000-8000-000000000001"
#define SID "019a0000-0000-7000-8000-000000000002"
#define ACC "019a0000-0000-7000-8000-000000000003"
#define JTI "019a0000-0000-7000-8000-000000000004"
#define HEADER "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1\"}"
#define WHO "\"sub\":\"" SUB "\",\"sid\":\"" SID "\",\"acc\":\"" ACC "\",\"jti\":\"" JTI "\""
#define FROM "\"iss\":\"leadgend\",\"aud\":\"leadgen-api\""
#define ROLE "\"role\":\"user\",\"epoch\":3"
#define TIMES "\"iat\":1800000000,\"exp\":1800000600"
#define CLAIMS "{" FROM "," WHO "," ROLE "," TIMES "}"

static char *encode(const void *data, size_t n, int variant)
{
    size_t size = sodium_base64_encoded_len(n, variant);

    return sodium_bin2base64(arena_alloc(mem, size), size, data, n, variant);
}

enum { PLAIN = sodium_base64_VARIANT_URLSAFE_NO_PADDING, PADDED = sodium_base64_VARIANT_URLSAFE };

/* Signed with our own key: all else about it may be wrong. */
static const char *sign_parts(const char *header, const char *payload)
{
    const char *text = arena_printf(mem, "%s.%s", header, payload);
    uint8_t signature[crypto_sign_BYTES];

    crypto_sign_detached(signature, NULL, (const uint8_t *)text, strlen(text), keys.secret_key);
    return arena_printf(mem, "%s.%s", text, encode(signature, sizeof(signature), PLAIN));
}

static const char *sign(const char *header, const char *payload)
{
    return sign_parts(encode(header, strlen(header), PLAIN),
                      encode(payload, strlen(payload), PLAIN));
}

static enum err verify(const char *token)
{
    struct claims out = {0};

    return token_verify(&keys, token, mem, &out);
}

static const char *made(void)
{
    struct claims c = {.role = "user", .epoch = 3};

    CHECK(uuid_parse(SUB, &c.sub) && uuid_parse(SID, &c.sid) && uuid_parse(ACC, &c.acc));
    return token_make(&keys, &c, mem);
}

/* The controls: without them the attacks could be refused for any reason. */
static void good_tokens_pass(void)
{
    struct claims got = {0};
    char text[UUID_TEXT];

    CHECK(verify(sign(HEADER, CLAIMS)) == ERR_OK);
    CHECK(token_verify(&keys, made(), mem, &got) == ERR_OK);
    CHECK_STR(uuid_text(&got.sub, text), SUB);
    CHECK_STR(uuid_text(&got.sid, text), SID);
    CHECK_STR(uuid_text(&got.acc, text), ACC);
    CHECK_STR(got.role, "user");
    CHECK(got.epoch == 3 && got.iat == NOW && got.exp == NOW + TOKEN_SECONDS);
    CHECK(!uuid_is_zero(&got.jti));
    CHECK(strcmp(made(), made()) != 0); /* each has a jti of its own */
}

static void other_headers(void)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"NONE\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"eddsa\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"Ed25519\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"alg\":[\"EdDSA\"],\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"1\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"refresh+jwt\",\"kid\":\"1\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"1\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"2\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"../../dev/null\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1' or '1'='1\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":1}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1\",\"jku\":\"https://e.example/k\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1\",\"x5u\":\"https://e.example/k\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1\",\"jwk\":{\"kty\":\"OKP\"}}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1\",\"crit\":[\"b64\"],\"b64\":false}",
        "{\"alg\":\"EdDSA\",\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"1\"}",
        "{ \"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
        "{}",
        "null",
        "",
    };

    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        CHECK(verify(sign(headers[i], CLAIMS)) == ERR_UNAUTHORIZED);
}

static void other_claims(void)
{
    static const char *const claims[] = {
        "{" WHO "," ROLE "," TIMES "}",
        "{\"iss\":\"leadgend\"," WHO "," ROLE "," TIMES "}",
        "{\"aud\":\"leadgen-api\"," WHO "," ROLE "," TIMES "}",
        "{\"iss\":\"other\",\"aud\":\"leadgen-api\"," WHO "," ROLE "," TIMES "}",
        "{\"iss\":\"leadgend\",\"aud\":\"other\"," WHO "," ROLE "," TIMES "}",
        "{\"iss\":\"leadgend\",\"aud\":[\"leadgen-api\"]," WHO "," ROLE "," TIMES "}",
        "{\"iss\":\"Leadgend\",\"aud\":\"leadgen-api\"," WHO "," ROLE "," TIMES "}",
        "{" FROM "," WHO ",\"epoch\":3," TIMES "}",
        "{" FROM "," WHO ",\"role\":\"user\"," TIMES "}",
        "{" FROM "," WHO ",\"role\":\"god\",\"epoch\":3," TIMES "}",
        "{" FROM "," WHO ",\"role\":\"nobody\",\"epoch\":3," TIMES "}",
        "{" FROM "," WHO ",\"role\":\"user\",\"epoch\":\"3\"," TIMES "}",
        "{" FROM "," ROLE "," TIMES "}",
        "{" FROM ",\"sub\":\"" SUB "\"," ROLE "," TIMES "}",
        "{" FROM "," WHO "," ROLE "}",
        "{" FROM "," WHO "," ROLE ",\"iat\":1800000000}",
        "{" FROM "," WHO "," ROLE ",\"exp\":1800000600}",
        "{" FROM "," WHO "," ROLE ",\"iat\":1800000000,\"exp\":1900000000}",
        "{" FROM "," WHO "," ROLE ",\"iat\":\"1800000000\",\"exp\":1800000600}",
        "{" FROM "," WHO "," ROLE ",\"iat\":1800000000.5,\"exp\":1800000600.5}",
        "{" FROM "," WHO "," ROLE ",\"iat\":-9223372036854775808,\"exp\":1800000600}",
        "{" FROM "," WHO "," ROLE "," TIMES ",\"role\":\"super_admin\"}",
        "{\"sub\":\"" ACC "\"," FROM "," WHO "," ROLE "," TIMES "}",
        "{" FROM "," WHO "," ROLE "," TIMES ",\"nbf\":1800000000}",
        "{" FROM "," WHO "," ROLE "," TIMES ",\"admin\":true}",
        "{" FROM "," WHO "," ROLE "," TIMES "}{}",
        "[" CLAIMS "]",
        "\xff",
        "",
    };

    for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++)
        CHECK(verify(sign(HEADER, claims[i])) == ERR_UNAUTHORIZED);
}

static const char *issued(int64_t iat)
{
    return sign(HEADER, arena_printf(mem, "{%s,%s,%s,\"iat\":%lld,\"exp\":%lld}", FROM, WHO, ROLE,
                                     (long long)iat, (long long)(iat + TOKEN_SECONDS)));
}

/* Leeway for a clock that is behind when a token was made; none at its end. */
static void times(void)
{
    CHECK(verify(issued(NOW + 60)) == ERR_OK);
    CHECK(verify(issued(NOW + 61)) == ERR_UNAUTHORIZED);
    CHECK(verify(issued(NOW + 1000000)) == ERR_UNAUTHORIZED);
    CHECK(verify(issued(NOW - TOKEN_SECONDS + 1)) == ERR_OK);
    CHECK(verify(issued(NOW - TOKEN_SECONDS)) == ERR_TOKEN_EXPIRED);
    CHECK(verify(issued(0)) == ERR_TOKEN_EXPIRED);
    CHECK(verify(issued(-NOW)) != ERR_OK);
}

/* Every byte of a good token, each with one bit, the case and the whole changed. */
static void every_byte_altered(void)
{
    static const char other[] = "A.=-_ \n~";
    const char *good = sign(HEADER, CLAIMS);
    char *text = arena_strdup(mem, good);
    int refused = 0, tried = 0;

    for (size_t i = 0; text[i]; i++) {
        for (size_t k = 0; k < sizeof(other) + 8; k++) {
            uint8_t flipped = (uint8_t)((uint8_t)good[i] ^ (1u << k % 8));

            text[i] = k < 8 ? (char)flipped : other[k - 8];
            if (text[i] == good[i])
                continue;
            tried++;
            refused += verify(text) == ERR_UNAUTHORIZED;
        }
        text[i] = good[i];
    }
    CHECK(tried > 1000 && refused == tried);
    CHECK(verify(text) == ERR_OK);
    for (size_t i = 0; i < strlen(good); i++)
        CHECK(verify(arena_strndup(mem, good, i)) == ERR_UNAUTHORIZED);
}

/* The same bytes written otherwise: a second spelling would escape a list of revoked tokens. */
static void other_spellings(void)
{
    const char *good = sign(HEADER, CLAIMS), *h = encode(HEADER, strlen(HEADER), PLAIN);
    const char *p = encode(CLAIMS, strlen(CLAIMS), PLAIN);
    const char *padded = encode("{}", 2, PADDED);
    char *loose = arena_strdup(mem, encode("{} ", 2, PLAIN));

    CHECK(verify(arena_printf(mem, "%s=", good)) == ERR_UNAUTHORIZED);
    CHECK(verify(arena_printf(mem, "%s==", good)) == ERR_UNAUTHORIZED);
    CHECK(verify(arena_printf(mem, "%s ", good)) == ERR_UNAUTHORIZED);
    CHECK(verify(arena_printf(mem, " %s", good)) == ERR_UNAUTHORIZED);
    CHECK(verify(arena_printf(mem, "%s.", good)) == ERR_UNAUTHORIZED);
    CHECK(verify(arena_printf(mem, "%s.%s", good, p)) == ERR_UNAUTHORIZED);
    CHECK(verify(sign_parts(arena_printf(mem, "%s=", h), p)) == ERR_UNAUTHORIZED);
    CHECK(verify(sign_parts(h, arena_printf(mem, "%s=", p))) == ERR_UNAUTHORIZED);
    CHECK(verify(sign_parts(h, arena_printf(mem, "%s\n", p))) == ERR_UNAUTHORIZED);
    CHECK(verify(sign_parts(h, padded)) == ERR_UNAUTHORIZED);
    loose[strlen(loose) - 1]++; /* bits that are left over are not zero */
    CHECK(verify(sign_parts(h, loose)) == ERR_UNAUTHORIZED);
    CHECK(verify(sign_parts(p, h)) == ERR_UNAUTHORIZED);
    CHECK(verify(sign_parts(h, "")) == ERR_UNAUTHORIZED);
}

/* S and S plus the group's order satisfy the same equation; only one is a signature (RFC 8032). */
static void the_signatures_twin(void)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    const char *good = sign(HEADER, CLAIMS), *last = strrchr(good, '.');
    uint8_t s[crypto_sign_BYTES];
    unsigned carry = 0;
    size_t n;

    CHECK(sodium_base642bin(s, sizeof(s), last + 1, strlen(last + 1), NULL, &n, NULL, PLAIN) == 0);
    for (int i = 0; i < 32; i++) {
        carry += s[32 + i] + order[i];
        s[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    CHECK(verify(arena_printf(mem, "%.*s.%s", (int)(last - good), good,
                              encode(s, sizeof(s), PLAIN))) == ERR_UNAUTHORIZED);
}

static void strange_signatures(void)
{
    const char *good = sign(HEADER, CLAIMS);
    size_t n = (size_t)(strrchr(good, '.') - good);
    const char *text = arena_strndup(mem, good, n);
    uint8_t s[crypto_sign_BYTES] = {0}, mac[crypto_auth_hmacsha256_BYTES];

    CHECK(verify(text) == ERR_UNAUTHORIZED);
    CHECK(verify(arena_printf(mem, "%s.", text)) == ERR_UNAUTHORIZED);
    CHECK(verify(arena_printf(mem, "%s.%s", text, encode(s, sizeof(s), PLAIN))) ==
          ERR_UNAUTHORIZED);
    crypto_sign_detached(s, NULL, (const uint8_t *)text, n, strangers.secret_key);
    CHECK(verify(arena_printf(mem, "%s.%s", text, encode(s, sizeof(s), PLAIN))) ==
          ERR_UNAUTHORIZED);
    /* HS256 with the public key as the secret */
    crypto_auth_hmacsha256(mac, (const uint8_t *)text, n, keys.public_key);
    CHECK(verify(arena_printf(mem, "%s.%s", text, encode(mac, sizeof(mac), PLAIN))) ==
          ERR_UNAUTHORIZED);
    CHECK(token_verify(&strangers, good, mem, &(struct claims){0}) == ERR_UNAUTHORIZED);
}

static void long_tokens(void)
{
    char *big = arena_alloc(mem, 65537), *blanks = arena_alloc(mem, 4097);

    memset(big, 'A', 65536);
    CHECK(verify(big) == ERR_UNAUTHORIZED);
    memset(big, '.', 65536);
    CHECK(verify(big) == ERR_UNAUTHORIZED);
    memset(blanks, ' ', 4096); /* signed, and too long all the same */
    CHECK(verify(sign(HEADER, arena_printf(mem, "%s%s", CLAIMS, blanks))) == ERR_UNAUTHORIZED);
    CHECK(verify(sign(HEADER, arena_printf(mem, "%s    ", CLAIMS))) == ERR_OK);
    CHECK(verify("") == ERR_UNAUTHORIZED && verify(".") == ERR_UNAUTHORIZED);
    CHECK(verify("..") == ERR_UNAUTHORIZED && verify("...") == ERR_UNAUTHORIZED);
}

static void starts(void)
{
    static const struct clock fixed = {fixed_real_ms, fixed_mono_us};
    static const uint8_t one[crypto_sign_SEEDBYTES] = {1}, two[crypto_sign_SEEDBYTES] = {2};

    clock_use(&fixed);
    mem = arena_new();
    CHECK(sodium_init() >= 0);
    keys.id = strangers.id = 1;
    crypto_sign_seed_keypair(keys.public_key, keys.secret_key, one);
    crypto_sign_seed_keypair(strangers.public_key, strangers.secret_key, two);
}

static void ends(void)
{
    arena_free(mem);
    clock_use(NULL);
}

static const struct test tests[] = {
    {"token: starts", starts},
    {"token: good ones pass", good_tokens_pass},
    {"token: another header", other_headers},
    {"token: other claims", other_claims},
    {"token: too early and too late", times},
    {"token: every byte altered, every length", every_byte_altered},
    {"token: another spelling of the same bytes", other_spellings},
    {"token: the signature's twin", the_signatures_twin},
    {"token: another's, empty, and HMAC signatures", strange_signatures},
    {"token: too long", long_tokens},
    {"token: ends", ends},
};

TEST_MAIN(tests)
