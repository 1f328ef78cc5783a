#include "common/utf8.h"

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

bool utf8_is_letter(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return true;
    default:
        return false;
    }
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

/* Controls, what changes the direction of writing, and what joins or varies without being seen. */
static bool is_hostile(int32_t c)
{
    static const int32_t ranges[][2] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x034f, 0x034f}, {0x061c, 0x061c},
        {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
        {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0x10ffff},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
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

/* Bytes of the blank at s, Unicode's spaces and line ends included; 0: it is none. */
static size_t blank(const char *s)
{
    static const int32_t single[] = {0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000};
    size_t len;
    int32_t c;

    if (!(*s & 0x80))
        return *s == ' ' || (*s >= '\t' && *s <= '\r');
    c = utf8_next(s, &len);
    for (size_t i = 0; i < sizeof(single) / sizeof(*single); i++)
        if (c == single[i])
            return len;
    return c >= 0x2000 && c <= 0x200a ? len : 0;
}

static char *collapse(char *s)
{
    char *to = s;

    for (const char *from = s; *from;) {
        size_t n = blank(from);

        if (!n)
            *to++ = *from++;
        else if (to != s && to[-1] != ' ')
            *to++ = ' ';
        from += n;
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

static char *lower_ascii(char *s)
{
    for (char *p = s; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    return s;
}

/*
 * Marks that people leave out: accents, Hebrew and Arabic points.  Not the vowel signs of Indic
 * scripts nor the voicing of kana, without which it is another word.
 */
static bool is_mark(int32_t c)
{
    return (c >= 0x0300 && c <= 0x036f) || (c >= 0x0591 && c <= 0x05c7 && c != 0x05be) ||
           (c >= 0x064b && c <= 0x065f) || c == 0x0670 || (c >= 0x1ab0 && c <= 0x1aff) ||
           (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff) ||
           (c >= 0xfe20 && c <= 0xfe2f);
}

/* A letter with a stroke has no decomposition, yet is typed without it. */
static int32_t without_stroke(int32_t c)
{
    static const int32_t strokes[][2] = {{0x0142, 'l'}, {0x00f8, 'o'}, {0x0111, 'd'},
                                         {0x0127, 'h'}, {0x0167, 't'}, {0x0131, 'i'}};

    for (size_t i = 0; i < sizeof(strokes) / sizeof(*strokes); i++)
        if (c == strokes[i][0])
            return strokes[i][1];
    return c;
}

static utf8proc_ssize_t strip_marks(utf8proc_int32_t *c, utf8proc_ssize_t n)
{
    utf8proc_ssize_t kept = 0;

    for (utf8proc_ssize_t i = 0; i < n; i++)
        if (!is_mark(c[i]))
            c[kept++] = without_stroke(c[i]);
    return kept;
}

#define EXACT (UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_DECOMPOSE)
#define LOWER (EXACT | UTF8PROC_CASEFOLD)
#define FOLD (LOWER | UTF8PROC_COMPAT | UTF8PROC_IGNORE)

/* Decompose, strip when it folds, compose again. c has n entries and one more. */
static char *recompose(const char *s, utf8proc_option_t how, utf8proc_int32_t *c,
                       utf8proc_ssize_t n)
{
    n = utf8proc_decompose((const utf8proc_uint8_t *)s, 0, c, n, how);
    if (how == FOLD)
        n = strip_marks(c, n);
    n = utf8proc_reencode(c, n, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    ((char *)c)[n] = '\0';
    return (char *)c;
}

static char *mapped(struct arena *mem, const char *s, utf8proc_option_t how)
{
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)s, 0, NULL, 0, how);

    if (n < 0) /* broken: once cleaned, it is not */
        return mapped(mem, utf8_clean(mem, s), how);
    return recompose(s, how, arena_alloc(mem, ((size_t)n + 1) * sizeof(utf8proc_int32_t)), n);
}

char *utf8_fold(struct arena *mem, const char *s)
{
    return collapse(is_ascii(s) ? lower_ascii(arena_strdup(mem, s)) : mapped(mem, s, FOLD));
}

bool utf8_fold_short(const char *s, char out[UTF8_SHORT])
{
    utf8proc_int32_t c[UTF8_SHORT];
    utf8proc_ssize_t n =
        utf8proc_decompose((const utf8proc_uint8_t *)s, 0, c, UTF8_SHORT - 1, FOLD);
    const char *folded;

    if (n < 0 || n >= UTF8_SHORT)
        return false;
    folded = collapse(recompose(s, FOLD, c, n));
    if (strlen(folded) >= UTF8_SHORT)
        return false;
    memcpy(out, folded, strlen(folded) + 1);
    return true;
}

char *utf8_lower(struct arena *mem, const char *s)
{
    return is_ascii(s) ? lower_ascii(arena_strdup(mem, s)) : mapped(mem, s, LOWER);
}

char *utf8_tidy(struct arena *mem, const char *s)
{
    return collapse(is_ascii(s) ? arena_strdup(mem, s) : mapped(mem, s, EXACT));
}
