#include "server/jobs/upload_value.h"

#include <string.h>
#include <strings.h>

static const int64_t amount_max = INT64_C(9000000000000000);

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Bytes of a blank, also of those that may not break (U+00A0, U+202F); 0: it is none. */
static size_t blank(const char *p)
{
    if (*p == ' ' || *p == '\t')
        return 1;
    if (strncmp(p, "\xc2\xa0", 2) == 0)
        return 2;
    return strncmp(p, "\xe2\x80\xaf", 3) == 0 ? 3 : 0;
}

static size_t blanks(const char *p)
{
    size_t n = 0;

    for (size_t k; (k = blank(p + n)) > 0; n += k)
        continue;
    return n;
}

/* What stands between digits of one number: . , ' or a blank. */
static size_t separator(const char *p)
{
    if (*p == '.' || *p == ',' || *p == '\'')
        return is_digit(p[1]) ? 1 : 0;
    return blank(p) && is_digit(p[blank(p)]) ? blank(p) : 0;
}

/* How digits are parted: the byte of the decimal sign, NULL: there is none; *end behind the digits.
 */
static const char *decimal_sign(const char *p, const char **end)
{
    const char *last = NULL, *start = p;
    size_t dots = 0, commas = 0, digits = 0;

    for (;;) {
        size_t n = separator(p);

        if (is_digit(*p)) {
            digits++;
            p++;
        } else if (n) {
            dots += *p == '.';
            commas += *p == ',';
            if (*p == '.' || *p == ',') {
                last = p;
                digits = 0;
            }
            p += n;
        } else {
            break;
        }
    }
    *end = p;
    if (!last || (*last == '.' ? dots : commas) > 1)
        return NULL;
    if (dots && commas)
        return last; /* of two signs the later one */
    /* "12,500" and "1.234.567" group; "3.4", "12500.000" and "1.234M" do not */
    return digits == 3 && last - start <= 3 && (*last == ',' || !is_letter(*p)) ? NULL : last;
}

static int64_t unit_at(const char **p)
{
    static const struct {
        const char *word;
        int64_t unit;
    } units[] = {{"thousand", 1000},      {"millions", 1000000}, {"million", 1000000},
                 {"mio", 1000000},        {"mm", 1000000},       {"mn", 1000000},
                 {"m", 1000000},          {"k", 1000},           {"billions", 1000000000},
                 {"billion", 1000000000}, {"mrd", 1000000000},   {"bn", 1000000000},
                 {"b", 1000000000},       {"thousands", 1000}};
    const char *word = *p + blanks(*p);

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        size_t n = strlen(units[i].word);

        if (strncasecmp(word, units[i].word, n) != 0 || is_letter(word[n]))
            continue;
        *p = word + n + (word[n] == '.');
        return units[i].unit;
    }
    return 0;
}

struct number {
    int64_t whole, millionths, unit; /* unit 0: not said */
};

static bool read_number(const char **p, struct number *out)
{
    const char *end, *sign = decimal_sign(*p, &end);
    int64_t scale = 100000;

    *out = (struct number){0};
    for (const char *at = *p; at < end; at++) {
        if (!is_digit(*at))
            continue;
        if (sign && at > sign) {
            out->millionths += (*at - '0') * scale;
            scale /= 10;
        } else if (out->whole > amount_max / 10) {
            return false;
        } else {
            out->whole = out->whole * 10 + (*at - '0');
        }
    }
    *p = end;
    out->unit = unit_at(p);
    return true;
}

static bool value_of(const struct number *n, int64_t unit, int64_t *out)
{
    unit = n->unit ? n->unit : unit;
    if (n->whole > amount_max / unit)
        return false;
    *out = n->whole * unit + n->millionths * unit / 1000000;
    return true;
}

/* Skip one of the words that may stand beside the number; ends with NULL. */
static bool skip_word(const char **p, const char *const *words)
{
    for (; *words; words++) {
        size_t n = strlen(*words);

        if (strncasecmp(*p, *words, n) != 0 || (is_letter((*words)[n - 1]) && is_letter((*p)[n])))
            continue;
        *p += n;
        return true;
    }
    return false;
}

static bool read_amount(const char *text, const char *const *words, int64_t *out)
{
    static const char *const ranges[] = {"-", "\xe2\x80\x93", "\xe2\x80\x94", "to", NULL};
    static const char *const about[] = {"+", ">", "~", NULL};
    struct number part[2];
    int64_t low, high;
    bool less = false, range = false;
    int n = 0;

    for (const char *p = text; *p;) {
        if (blanks(p)) {
            p += blanks(p);
        } else if (is_digit(*p)) {
            if (n == 2 || (n == 1 && !range) || !read_number(&p, &part[n++]))
                return false;
        } else if (*p == '<' && n == 0) {
            less = true;
            p++;
        } else if (n == 1 && !range && skip_word(&p, ranges)) {
            range = true;
        } else if (!skip_word(&p, about) && !skip_word(&p, words)) {
            return false;
        }
    }
    if (n == 0 || range != (n == 2) || !value_of(&part[n - 1], 1, &high) ||
        !value_of(&part[0], part[n - 1].unit ? part[n - 1].unit : 1, &low) || low > high)
        return false;
    *out = less ? high / 2 : low + (high - low) / 2;
    return *out > 0;
}

bool value_employees(const char *text, int64_t *out)
{
    static const char *const words[] = {"employees", "employee",    "people",
                                        "staff",     "mitarbeiter", NULL};

    return read_amount(text, words, out) && *out <= 10000000;
}

bool value_revenue(const char *text, int64_t *out)
{
    static const char *const words[] = {"usd", "us$", "us-$", "$", "us dollars", "dollars", NULL};

    return read_amount(text, words, out);
}

static bool is_one_of(const char *const *words, const char *text, size_t n)
{
    for (; *words; words++)
        if (strlen(*words) == n && strncasecmp(*words, text, n) == 0)
            return true;
    return false;
}

bool value_flag(const char *text, bool *out)
{
    static const char *const yes[] = {"1",   "true", "yes",       "y",           "x",    "t",  "on",
                                      "ja",  "j",    "oui",       "vrai",        "wahr", "si", "sí",
                                      "sim", "tak",  "opted out", "do not call", NULL};
    static const char *const no[] = {"0",    "false", "no",       "n",      "f",   "off",
                                     "nein", "non",   "faux",     "falsch", "nao", "não",
                                     "nie",  "nee",   "opted in", NULL};

    *out = is_one_of(yes, text, strlen(text));
    return *out || is_one_of(no, text, strlen(text));
}

static bool is_degree(const char *text)
{
    static const char *const degrees[] = {
        "jr",   "jr.", "sr",  "sr.", "ii",   "iii", "iv",    "phd", "ph.d",    "ph.d.", "md",
        "m.d.", "mba", "cpa", "esq", "esq.", "msc", "bsc",   "ma",  "ba",      "cfa",   "pmp",
        "rn",   "dds", "jd",  "llm", "dr",   "dr.", "cissp", "pe",  "shrm-cp", NULL};

    while (*text) {
        size_t n = strcspn(text, " ");

        if (!is_one_of(degrees, text, n))
            return false;
        text += n + (text[n] == ' ');
    }
    return true;
}

bool value_last_first(struct arena *mem, const char *text, const char **last, const char **first)
{
    const char *comma = strchr(text, ','), *rest = comma ? comma + 1 + blanks(comma + 1) : NULL;

    if (!comma || comma == text || !*rest || strchr(rest, ',') || is_degree(rest))
        return false;
    *last = arena_strndup(mem, text, (size_t)(comma - text));
    *first = arena_strdup(mem, rest);
    return true;
}

const char *value_industry(struct arena *mem, const char *text)
{
    char *out = arena_strdup(mem, text);

    for (char *p = out; *p; p++) {
        if (*p == '_')
            *p = ' ';
        else if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    }
    return out;
}

static bool is_atom(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c >= 0x80 || strchr("!#$%&'*+-/=?^_`{|}~", c);
}

/* Behind the sign: two labels at least, with a point between. */
static bool is_host(const char *at)
{
    size_t n = 0;

    while (is_atom((unsigned char)at[n]) && at[n] && at[n] != '/')
        n++;
    return n && at[n] == '.' && is_atom((unsigned char)at[n + 1]) && at[n + 1];
}

bool value_has_address(const char *text)
{
    static const char *const signs[] = {"@", "\xef\xbc\xa0",
                                        "\xef\xb9\xab"}; /* wide and small ones */

    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
        for (const char *at = text; (at = strstr(at, signs[i])); at++)
            if (at > text && at[-1] != '/' && is_atom((unsigned char)at[-1]) &&
                is_host(at + strlen(signs[i])))
                return true;
    return false;
}
