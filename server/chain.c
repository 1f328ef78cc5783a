#include "server/chain.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/seal.h"

static void add(struct seal_digest *d, const void *data, size_t n)
{
    uint8_t length[4];

    for (int i = 0; i < 4; i++)
        length[i] = (uint8_t)((uint32_t)n >> (24 - 8 * i));
    seal_digest_add(d, length, sizeof(length));
    seal_digest_add(d, data, n);
}

static void add_text(struct seal_digest *d, const char *text)
{
    add(d, text, strlen(text));
}

static void add_field(struct seal_digest *d, const struct field *f, const void *rec)
{
    const void *slot = field_at(f, rec);
    uint8_t number[8];

    add_text(d, f->name);
    if (f->kind == KIND_STR) {
        add_text(d, *(const char *const *)slot);
    } else if (f->kind == KIND_ID) {
        add(d, slot, sizeof(struct uuid));
    } else {
        for (int i = 0; i < 8; i++)
            number[i] = (uint8_t)(*(const uint64_t *)slot >> (56 - 8 * i));
        add(d, number, sizeof(number));
    }
}

static bool has_value(const struct field *f, const void *rec)
{
    assert(f->kind == KIND_STR || f->kind == KIND_ID || f->kind == KIND_TIME ||
           f->kind == KIND_INT);
    if (f->kind == KIND_INT)
        return *(const int64_t *)field_at(f, rec) != 0;
    return !field_is_null(f, rec);
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static void digest(const char *what, const char *const *without, const struct type *t,
                   const void *rec, uint8_t out[CHAIN_HASH])
{
    struct seal_digest d;

    seal_digest_begin(&d);
    add_text(&d, what);
    add_text(&d, t->name);
    for (const struct field *f = t->fields; f->name; f++)
        if (has_value(f, rec) && !is_one_of(f->name, without))
            add_field(&d, f, rec);
    seal_digest_end(&d, out);
}

void chain_hash(const struct type *t, const void *rec, char out[CHAIN_HEX])
{
    static const char *const without[] = {"hash", "mac", NULL};
    uint8_t hash[CHAIN_HASH];

    digest("leadgend chain 1", without, t, rec, hash);
    chain_hex(hash, sizeof(hash), out);
}

void chain_statement(const struct type *t, const void *rec, uint8_t out[CHAIN_HASH])
{
    static const char *const without[] = {"seq", "previous", "hash", "mac", "signature", NULL};

    digest("leadgend signature 1", without, t, rec, out);
}

enum { FIRST_KEY = 1 };

static bool mac_under(const struct seal *s, uint32_t key, const char *hash, char out[CHAIN_MAC_HEX])
{
    uint8_t mac[CHAIN_MAC];
    char *p = out;

    if (key != FIRST_KEY)
        p += snprintf(out, CHAIN_MAC_HEX, "%08x", (unsigned)key);
    if (!seal_hash_under(s, key, SEAL_AUDIT, hash, strlen(hash), mac, sizeof(mac)))
        return false;
    chain_hex(mac, sizeof(mac), p);
    return true;
}

void chain_mac(const struct seal *s, const char *hash, char out[CHAIN_MAC_HEX])
{
    (void)mac_under(s, seal_newest(s), hash, out);
}

bool chain_mac_fits(const struct seal *s, const char *hash, const char *mac)
{
    uint32_t ids[SEAL_KEYS];
    char own[CHAIN_MAC_HEX];

    for (size_t i = seal_live(s, false, ids); i--;)
        if (mac_under(s, ids[i], hash, own) && strcmp(own, mac) == 0)
            return true;
    return false;
}

static const char digits[] = "0123456789abcdef";

void chain_hex(const uint8_t *data, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * n] = '\0';
}

bool chain_unhex(const char *text, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < 2 * n; i++) {
        const char *d = text[i] ? strchr(digits, text[i]) : NULL;

        if (!d)
            return false;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | (d - digits) : (d - digits) << 4);
    }
    return text[2 * n] == '\0';
}
