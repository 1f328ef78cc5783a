#include "common/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/mem.h"

static int sequence(const unsigned char *s, size_t n)
{
    unsigned c = s[0];

    if (c < 0x80)
        return 1;
    if (c < 0xc2 || n < 2 || (s[1] & 0xc0) != 0x80)
        return 0;
    if (c < 0xe0)
        return 2;
    if (n < 3 || (s[2] & 0xc0) != 0x80)
        return 0;
    if (c < 0xf0)
        return (c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ? 0 : 3;
    if (c > 0xf4 || n < 4 || (s[3] & 0xc0) != 0x80)
        return 0;
    return (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f) ? 0 : 4;
}

bool utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        int len = sequence((const unsigned char *)s + i, n - i);

        if (len == 0 || s[i] == '\0')
            return false;
        i += (size_t)len;
    }
    return true;
}

int32_t utf8_next(const char *s, size_t *len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = strnlen(s, 4);
    int bytes = n ? sequence(u, n) : 1;

    *len = bytes ? (size_t)bytes : 1;
    switch (bytes) {
    case 1:
        return u[0];
    case 2:
        return (u[0] & 0x1f) << 6 | (u[1] & 0x3f);
    case 3:
        return (u[0] & 0x0f) << 12 | (u[1] & 0x3f) << 6 | (u[2] & 0x3f);
    case 4:
        return (u[0] & 0x07) << 18 | (u[1] & 0x3f) << 12 | (u[2] & 0x3f) << 6 | (u[3] & 0x3f);
    default:
        return 0xfffd;
    }
}

size_t utf8_put(char *out, int32_t c)
{
    return (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)out);
}

int utf8_width(int32_t c)
{
    return utf8proc_charwidth(c);
}

int utf8_columns(const char *s)
{
    int columns = 0;
    size_t len;

    for (; *s; s += len)
        columns += utf8_width(utf8_next(s, &len));
    return columns;
}

size_t utf8_fit(const char *s, int columns)
{
    size_t at = 0, len;

    while (s[at]) {
        int w = utf8_width(utf8_next(s + at, &len));

        if (w > columns)
            break;
        columns -= w;
        at += len;
    }
    return at;
}

static bool is_hostile(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xfff9 && c <= 0xfffb) || c >= 0xe0000;
}

char *utf8_clean(struct arena *mem, const char *s)
{
    char *out = arena_alloc(mem, strlen(s) * 3 + 4); /* a broken byte grows to three */
    size_t n = 0, len;

    for (; *s; s += len) {
        int32_t c = utf8_next(s, &len);

        if (c == '\t' || c == '\n' || c == '\r')
            out[n++] = ' ';
        else if (!is_hostile(c))
            n += utf8_put(out + n, c);
    }
    out[n] = '\0';
    return out;
}

static char *collapse(char *s)
{
    char *to = s;

    for (const char *from = s; *from; from++) {
        bool blank = *from == ' ' || *from == '\t' || *from == '\n' || *from == '\r';

        if (!blank)
            *to++ = *from;
        else if (to != s && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to != s && to[-1] == ' ')
        to--;
    *to = '\0';
    return s;
}

static bool is_ascii(const char *s)
{
    for (; *s; s++)
        if (*s & 0x80)
            return false;
    return true;
}

/* Map through utf8proc; a text it refuses is kept as it is, cleaned. */
static char *mapped(struct arena *mem, const char *s, utf8proc_option_t options)
{
    struct deferred *d = arena_defer(mem, free, NULL);
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s, 0, &out,
                                      options | UTF8PROC_NULLTERM | UTF8PROC_STABLE);
    char *copy;

    if (n < 0)
        return utf8_clean(mem, s);
    arena_defer_arg(d, out);
    copy = arena_strndup(mem, (const char *)out, (size_t)n);
    arena_cancel(d);
    free(out);
    return copy;
}

char *utf8_fold(struct arena *mem, const char *s)
{
    char *out;

    if (!is_ascii(s))
        return collapse(mapped(mem, s,
                               UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                                   UTF8PROC_STRIPMARK | UTF8PROC_IGNORE));
    out = arena_strdup(mem, s);
    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    return collapse(out);
}

char *utf8_tidy(struct arena *mem, const char *s)
{
    return collapse(is_ascii(s) ? arena_strdup(mem, s) : mapped(mem, s, UTF8PROC_COMPOSE));
}
