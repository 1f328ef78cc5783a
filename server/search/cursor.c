#include "server/search/cursor.h"

#include <string.h>

#include "common/json.h"
#include "server/seal.h"
#include "server/search/checksum.h"
#include "server/search/segment.h"
#include "server/search/words.h"

enum {
    VERSION_BYTE = 2,
    MAC = 16,
    FIXED = 1 + 8 + 8 + 16,
    TEXT_MAX = ORDER_TEXT_MAX + 1 + FIXES_MAX * (1 + WORD_MAX + 16 + 1),
    QUESTION_MAX = 64 * 1024 * 1024,
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* base64url without padding (RFC 4648 5) */
static const char *encode(struct arena *mem, const uint8_t *in, size_t n)
{
    char *out = arena_alloc(mem, n * 4 / 3 + 4), *p = out;
    uint32_t acc = 0;
    int bits = 0;

    for (size_t i = 0; i < n; i++) {
        acc = acc << 8 | in[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *p++ = alphabet[acc >> (bits - 6) & 63];
    }
    if (bits)
        *p++ = alphabet[acc << (6 - bits) & 63];
    *p = '\0';
    return out;
}

static bool decode(const char *in, uint8_t *out, size_t max, size_t *n)
{
    uint32_t acc = 0;
    int bits = 0;

    for (*n = 0; *in; in++) {
        const char *d = strchr(alphabet, *in);

        if (!d)
            return false;
        acc = acc << 6 | (uint32_t)(d - alphabet);
        bits += 6;
        if (bits >= 8) {
            if (*n == max)
                return false;
            bits -= 8;
            out[(*n)++] = (uint8_t)(acc >> bits);
        }
    }
    return (acc & ((1u << bits) - 1)) == 0;
}

/* The question without its page: everything that a different page would not change. */
static void question(struct buf *b, const struct uuid *account, const struct search_query *q,
                     struct arena *mem)
{
    struct search_query same = *q;

    same.cursor = NULL;
    same.page_size = 0;
    same.facets = (struct strs){0};
    buf_add(b, account->b, 16);
    json_write(b, &search_query_type, &same, JSON_MASKED, mem);
}

static void free_buf(void *arg)
{
    buf_free(arg);
}

/* What a cursor's MAC is of. */
static enum err mac_data(struct arena *mem, const struct uuid *account,
                         const struct search_query *q, const uint8_t *raw, size_t n,
                         struct buf **out)
{
    struct buf *b = arena_alloc(mem, sizeof(*b));

    *b = (struct buf)BUF_INIT(QUESTION_MAX);
    arena_defer(mem, free_buf, b);
    buf_add(b, raw, n);
    question(b, account, q, mem);
    *out = b;
    return b->failed ? ERR_NO_MEMORY : ERR_OK;
}

static void mac_make(const struct seal *seal, const struct buf *b, uint8_t mac[MAC])
{
    uint64_t sum;

    if (seal) {
        seal_hash(seal, SEAL_CURSOR, b->data, b->len, mac, MAC);
        return;
    }
    sum = checksum_of(b->data, b->len);
    memcpy(mac, &sum, sizeof(sum));
    memcpy(mac + sizeof(sum), &sum, sizeof(sum));
}

static bool mac_fits(const struct seal *seal, const struct buf *b, const uint8_t mac[MAC])
{
    uint8_t own[MAC];

    if (seal)
        return seal_hash_is(seal, SEAL_CURSOR, b->data, b->len, mac, MAC);
    mac_make(NULL, b, own);
    return memcmp(own, mac, MAC) == 0;
}

/* With its end. */
static size_t put_text(uint8_t *raw, size_t n, const char *text)
{
    size_t len = strlen(text) + 1;

    memcpy(raw + n, text, len);
    return n + len;
}

enum err cursor_text(const struct seal *seal, struct arena *mem, const struct uuid *account,
                     const struct search_query *q, const struct cursor *c, const char **out)
{
    uint8_t *raw = arena_alloc(mem, FIXED + TEXT_MAX + MAC);
    struct buf *data;
    size_t n = FIXED;

    raw[0] = VERSION_BYTE;
    memcpy(raw + 1, &c->key, 8);
    memcpy(raw + 9, &c->score, 8);
    memcpy(raw + 17, c->id.b, 16);
    n = put_text(raw, n, c->text);
    for (size_t i = 0; i < c->n_fixes; i++) {
        raw[n++] = (uint8_t)c->fixes[i].word;
        n = put_text(raw, n, c->fixes[i].to);
    }
    if (mac_data(mem, account, q, raw, n, &data))
        return ERR_NO_MEMORY;
    mac_make(seal, data, raw + n);
    *out = encode(mem, raw, n + MAC);
    return ERR_OK;
}

/* What we wrote: it is authentic. */
static void read_texts(struct arena *mem, const uint8_t *raw, size_t n, struct cursor *out)
{
    size_t at;

    out->text = arena_strndup(mem, (const char *)raw, n);
    out->n_fixes = 0;
    for (at = strlen(out->text) + 1; at < n && out->n_fixes < FIXES_MAX;) {
        struct fix *f = &out->fixes[out->n_fixes++];

        f->word = raw[at++];
        f->to = arena_strndup(mem, (const char *)raw + at, n - at);
        at += strlen(f->to) + 1;
    }
}

enum err cursor_parse(const struct seal *seal, struct arena *mem, const struct uuid *account,
                      const struct search_query *q, struct cursor *out, struct problem *why)
{
    uint8_t *raw = arena_alloc(mem, FIXED + TEXT_MAX + MAC);
    struct buf *data;
    size_t n;

    if (!decode(q->cursor, raw, FIXED + TEXT_MAX + MAC, &n) || n < FIXED + MAC ||
        raw[0] != VERSION_BYTE)
        return problem_set(why, "cursor", "this is not a cursor");
    n -= MAC;
    if (mac_data(mem, account, q, raw, n, &data))
        return ERR_NO_MEMORY;
    if (!mac_fits(seal, data, raw + n))
        return problem_set(why, "cursor", "the cursor belongs to another search");
    memcpy(&out->key, raw + 1, 8);
    memcpy(&out->score, raw + 9, 8);
    memcpy(out->id.b, raw + 17, 16);
    read_texts(mem, raw + FIXED, n - FIXED, out);
    return ERR_OK;
}
