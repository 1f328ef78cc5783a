#include "common/textcode.h"

#include <assert.h>
#include <string.h>

#include "common/utf8.h"

static const char damaged = (char)0xff;

static const char *const names[] = {
    [TEXT_UTF8] = "UTF-8",
    [TEXT_UTF8_BOM] = "UTF-8 with a byte order mark",
    [TEXT_UTF16LE] = "UTF-16 (little endian)",
    [TEXT_UTF16BE] = "UTF-16 (big endian)",
    [TEXT_WINDOWS_1252] = "Windows-1252",
};

const char *textcode_name(enum textcode t)
{
    return names[t];
}

/* Begin a character beyond ASCII: how many bytes follow, and the range of the first of them. */
static void sniff_lead(struct textcode_sniff *s, uint8_t c)
{
    s->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    s->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (c >= 0xc2 && c <= 0xdf)
        s->want = 1;
    else if (c >= 0xe0 && c <= 0xef)
        s->want = 2;
    else if (c >= 0xf0 && c <= 0xf4)
        s->want = 3;
    else
        s->bad++;
}

static void sniff_byte(struct textcode_sniff *s, uint8_t c)
{
    if (s->want && c >= s->low && c <= s->high) {
        s->low = 0x80;
        s->high = 0xbf;
        if (--s->want == 0)
            s->good++;
        return;
    }
    if (s->want) {
        s->want = 0;
        s->bad++;
    }
    if (c >= 0x80)
        sniff_lead(s, c);
}

void textcode_sniff_add(struct textcode_sniff *s, const void *data, size_t n)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < n && s->n + i < sizeof(s->head); i++)
        s->head[s->n + i] = p[i];
    s->n += n;
    for (size_t i = 0; i < n; i++)
        if (p[i] >= 0x80 || s->want)
            sniff_byte(s, p[i]);
}

enum textcode textcode_sniff_end(const struct textcode_sniff *s)
{
    if (s->n >= 2 && memcmp(s->head, "\xff\xfe", 2) == 0)
        return TEXT_UTF16LE;
    if (s->n >= 2 && memcmp(s->head, "\xfe\xff", 2) == 0)
        return TEXT_UTF16BE;
    if (s->bad + (s->want > 0) > s->good)
        return TEXT_WINDOWS_1252;
    return s->n >= 3 && memcmp(s->head, "\xef\xbb\xbf", 3) == 0 ? TEXT_UTF8_BOM : TEXT_UTF8;
}

/* 80 to 9F; 0: there is no such character. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static void put(struct buf *out, int32_t c)
{
    char text[4];

    buf_add(out, text, utf8_put(text, c));
}

static void convert_1252(const uint8_t *p, size_t n, struct buf *out)
{
    size_t plain = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x80)
            continue;
        buf_add(out, p + plain, i - plain);
        plain = i + 1;
        if (p[i] >= 0xa0)
            put(out, p[i]);
        else if (windows_1252[p[i] - 0x80])
            put(out, windows_1252[p[i] - 0x80]);
        else
            buf_char(out, damaged);
    }
    buf_add(out, p + plain, n - plain);
}

static int32_t unit(const struct textcode_conv *c, size_t at)
{
    int big = c->from == TEXT_UTF16BE;

    return c->held[at + (big ? 0 : 1)] << 8 | c->held[at + (big ? 1 : 0)];
}

/* One more byte of UTF-16; what is complete comes out. */
static void convert_utf16(struct textcode_conv *c, uint8_t byte, struct buf *out)
{
    int32_t first, second;

    c->held[c->n_held++] = byte;
    if (c->n_held % 2)
        return;
    first = unit(c, 0);
    if (c->n_held == 2 && first >= 0xd800 && first <= 0xdbff)
        return; /* its other half is to come */
    if (c->n_held == 2) {
        c->n_held = 0;
        if (!c->started && first == 0xfeff)
            c->started = true;
        else if (first >= 0xdc00 && first <= 0xdfff)
            buf_char(out, damaged);
        else
            put(out, first);
        return;
    }
    second = unit(c, 2);
    c->n_held = 0;
    if (second >= 0xdc00 && second <= 0xdfff) {
        put(out, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        return;
    }
    buf_char(out, damaged);
    c->held[0] = c->held[2];
    c->held[1] = c->held[3];
    if (second >= 0xd800 && second <= 0xdbff)
        c->n_held = 2;
    else
        put(out, second);
}

/* Without its mark; the first three bytes may come one by one. */
static void convert_utf8_bom(struct textcode_conv *c, const uint8_t *p, size_t n, struct buf *out)
{
    size_t skip = sizeof("\xef\xbb\xbf") - 1 - c->n_held;

    if (skip > n)
        skip = n;
    c->n_held += skip;
    buf_add(out, p + skip, n - skip);
}

void textcode_convert(struct textcode_conv *c, const void *data, size_t n, bool last,
                      struct buf *out)
{
    const uint8_t *p = data;

    switch (c->from) {
    case TEXT_UTF8:
        buf_add(out, p, n);
        return;
    case TEXT_UTF8_BOM:
        convert_utf8_bom(c, p, n, out);
        return;
    case TEXT_WINDOWS_1252:
        convert_1252(p, n, out);
        return;
    case TEXT_UTF16LE:
    case TEXT_UTF16BE:
        for (size_t i = 0; i < n; i++)
            convert_utf16(c, p[i], out);
        if (last && c->n_held) {
            buf_char(out, damaged);
            c->n_held = 0;
        }
        return;
    }
    assert(false);
}
