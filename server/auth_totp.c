#include "server/auth_totp.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "server/auth_private.h"
#include "server/auth_typed.h"
#include "server/tls.h"

enum { STEP_MS = 30000, DIGITS = 6, SKEW = 1, SECRET_TEXT = 32, CODE_CHARS = 10 };
enum { HASH = 20, OLD_HASH = 16 };

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* RFC 4648 6, of a whole number of 5 bytes. */
static char *base32_text(struct arena *mem, const uint8_t *p, size_t n)
{
    char *out = arena_alloc(mem, n / 5 * 8 + 1), *to = out;

    for (size_t i = 0; i + 5 <= n; i += 5) {
        uint64_t v = 0;

        for (size_t k = 0; k < 5; k++)
            v = v << 8 | p[i + k];
        for (int shift = 35; shift >= 0; shift -= 5)
            *to++ = base32[v >> shift & 31];
    }
    return out;
}

static bool base32_bytes(const char *text, uint8_t out[TOTP_SECRET])
{
    uint64_t bits = 0;
    size_t n = 0;

    if (strlen(text) != SECRET_TEXT)
        return false;
    for (size_t i = 0; i < SECRET_TEXT; i++) {
        const char *at = strchr(base32, text[i]);

        if (!at)
            return false;
        bits = bits << 5 | (uint64_t)(at - base32);
        if (i % 8 == 7)
            for (int shift = 32; shift >= 0; shift -= 8)
                out[n++] = (uint8_t)(bits >> shift);
    }
    return true;
}

void totp_code(const uint8_t *secret, size_t n, int64_t step, char out[7])
{
    uint8_t counter[8], mac[20];
    uint32_t v = 0;
    int at;

    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    tls_hmac_sha1(secret, n, counter, sizeof(counter), mac);
    at = mac[19] & 15;
    for (int i = 0; i < 4; i++)
        v = v << 8 | mac[at + i];
    snprintf(out, 7, "%06u", (v & 0x7fffffff) % 1000000);
}

void totp_new_secret(struct totp *t, struct arena *mem)
{
    uint8_t secret[TOTP_SECRET];

    randombytes_buf(secret, sizeof(secret));
    t->secret = base32_text(mem, secret, sizeof(secret));
    sodium_memzero(secret, sizeof(secret));
}

/*
 * Keyed with the user's own secret, which is sealed: so the hashes need no key of the ring, and
 * stay good for as long as the secret.
 */
static const char *hash_of(const struct totp *t, const char *code, struct arena *mem)
{
    uint8_t data[16 + CODE_CHARS], hash[HASH];
    char *out = arena_alloc(mem, 2 * HASH + 1);

    memcpy(data, t->id.b, 16);
    memcpy(data + 16, code, CODE_CHARS);
    crypto_generichash(hash, HASH, data, sizeof(data), (const uint8_t *)t->secret,
                       strlen(t->secret));
    return sodium_bin2hex(out, 2 * HASH + 1, hash, HASH);
}

/* As releases before made them, under a key of the ring: shorter, and good until they are used. */
static bool is_old_hash(const struct seal *s, const struct totp *t, const char *code,
                        const char *hex)
{
    uint8_t data[16 + CODE_CHARS], hash[OLD_HASH];

    memcpy(data, t->id.b, 16);
    memcpy(data + 16, code, CODE_CHARS);
    return strlen(hex) == 2 * OLD_HASH &&
           sodium_hex2bin(hash, sizeof(hash), hex, 2 * OLD_HASH, NULL, NULL, NULL) == 0 &&
           seal_hash_is(s, SEAL_TOKEN, data, sizeof(data), hash, OLD_HASH);
}

size_t totp_old_codes(const struct totp *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->codes.n; i++)
        n += strlen(t->codes.v[i]) == 2 * OLD_HASH;
    return n;
}

void totp_new_codes(struct totp *t, struct arena *mem, struct strs *codes)
{
    const char **texts = arena_alloc(mem, TOTP_CODES * sizeof(*texts));
    const char **hashes = arena_alloc(mem, TOTP_CODES * sizeof(*hashes));

    for (int i = 0; i < TOTP_CODES; i++) {
        char code[CODE_CHARS + 1];

        typed_make(base32, CODE_CHARS, code);
        texts[i] = arena_printf(mem, "%.5s-%s", code, code + 5);
        hashes[i] = hash_of(t, code, mem);
    }
    *codes = (struct strs){texts, TOTP_CODES};
    t->codes = (struct strs){hashes, TOTP_CODES};
}

const char *totp_uri(const struct totp *t, const char *email, struct arena *mem)
{
    static const char safe[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@";
    char *who = arena_alloc(mem, 3 * strlen(email) + 1), *to = who;

    for (; *email; email++)
        if (strchr(safe, *email))
            *to++ = *email;
        else
            to += snprintf(to, 4, "%%%02X", (unsigned)(uint8_t)*email);
    return arena_printf(mem, "otpauth://totp/LeadGen%%20Pro:%s?secret=%s&issuer=LeadGen%%20Pro",
                        who, t->secret);
}

struct step totp_save(const struct totp *t, struct totp *next)
{
    static const char *const names[] = {"secret",  "active", "step", "created",
                                        "version", "codes",  NULL};

    next->version = t->version + 1;
    return (struct step){.kind = STEP_UPDATE,
                         .type = &totp_type,
                         .rec = next,
                         .fields = fields_named(&totp_type, names),
                         .guard = "version",
                         .guard_value = t->version};
}

/* The step of a code that was not used before; -1: it is none. */
static int64_t find_step(const struct totp *t, const char *text)
{
    int64_t now = clock_real_ms() / STEP_MS, found = -1;
    uint8_t secret[TOTP_SECRET];
    char want[DIGITS + 1];

    if (!t->secret || !base32_bytes(t->secret, secret))
        return -1;
    for (int64_t step = now - SKEW; step <= now + SKEW; step++) {
        totp_code(secret, sizeof(secret), step, want);
        if (step > t->step && sodium_memcmp(want, text, DIGITS) == 0)
            found = step;
    }
    sodium_memzero(secret, sizeof(secret));
    return found;
}

static bool without_code(const struct seal *s, const struct totp *t, const char *text,
                         struct arena *mem, struct totp *next)
{
    char code[CODE_CHARS + 1];
    const char **left = arena_alloc(mem, (t->codes.n + 1) * sizeof(*left)), *hash;
    size_t n = 0;

    if (!t->secret || !typed_tidy(text, base32, CODE_CHARS, code))
        return false;
    hash = hash_of(t, code, mem);
    for (size_t i = 0; i < t->codes.n; i++)
        if (strcmp(t->codes.v[i], hash) != 0 && !is_old_hash(s, t, code, t->codes.v[i]))
            left[n++] = t->codes.v[i];
    next->codes = (struct strs){left, n};
    return n < t->codes.n;
}

bool totp_fits(const struct seal *s, const struct totp *t, const char *text, struct arena *mem,
               struct totp *next, struct step *step)
{
    bool digits = strlen(text) == DIGITS && strspn(text, "0123456789") == DIGITS;
    int64_t at = digits ? find_step(t, text) : -1;

    *next = *t;
    if (at >= 0)
        next->step = at;
    else if (digits || !without_code(s, t, text, mem, next))
        return false;
    *step = totp_save(t, next);
    return true;
}
