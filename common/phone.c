#include "common/phone.h"

#include <string.h>

#include "common/country_table.h"
#include "common/utf8.h"

enum { DIGITS_MIN = 7, DIGITS_MAX = 15 };

/* Codes of no country: freephone, shared cost, satellites, networks (E.164 Annex). */
static const char *const world_codes[] = {"800", "808", "870", "878", "881",
                                          "882", "883", "888", "979", NULL};

/*
 * What is dialled before a code where it is not 00 (NANP: 011).  Those that could be read as 00 and
 * another code, as Singapore's 001, are left out: 00 is what files hold.
 */
static const struct {
    const char *country, *prefix;
} dial_out[] = {
    {"AU", "0011"}, {"JP", "010"}, {"RU", "810"}, {"KZ", "810"}, {"BY", "810"},
    {"TM", "810"},  {"KE", "000"}, {"TZ", "000"}, {"UG", "000"}, {"CU", "119"},
    {"PW", "011"},  {"MH", "011"}, {"FM", "011"}, {NULL, NULL},
};

/* The country row whose calling code begins these digits; codes are prefix-free. */
static const struct country *row_of_digits(const char *digits)
{
    for (const struct country *c = countries; c->code; c++)
        if (strncmp(c->calling, digits, strlen(c->calling)) == 0)
            return c;
    return NULL;
}

static size_t code_length(const char *digits)
{
    const struct country *c = row_of_digits(digits);

    if (c)
        return strlen(c->calling);
    for (const char *const *w = world_codes; *w; w++)
        if (strncmp(*w, digits, strlen(*w)) == 0)
            return strlen(*w);
    return 0;
}

size_t phone_code_length(const char *e164)
{
    return e164[0] == '+' ? code_length(e164 + 1) : 0;
}

static const struct country *country_of(const char *code)
{
    for (const struct country *c = countries; code && c->code; c++)
        if (strcmp(c->code, code) == 0)
            return c;
    return NULL;
}

/* The digit that c is, full-width and Arabic ones too; -1: none. */
static int digit_of(int32_t c)
{
    static const int32_t zeros[] = {'0', 0x0660, 0x06f0, 0x0966, 0xff10};

    for (size_t i = 0; i < sizeof(zeros) / sizeof(*zeros); i++)
        if (c >= zeros[i] && c <= zeros[i] + 9)
            return c - zeros[i];
    return -1;
}

/* What people put between digits, and the marks that copying from a telephone leaves around. */
static bool is_between(int32_t c)
{
    return (c < 0x80 && strchr(" \t-./()[]'\"~", c)) || c == 0xa0 || c == 0xad || c == 0xb7 ||
           (c >= 0x2000 && c <= 0x2015) || (c >= 0x2018 && c <= 0x201f) ||
           (c >= 0x2028 && c <= 0x202f) || (c >= 0x2060 && c <= 0x206f) || c == 0x2212 ||
           c == 0x3000 || c == 0xfeff || c == 0xff08 || c == 0xff09 || c == 0xff0d || c == 0x30fc;
}

/* Does an extension begin here: "ext 3", "x3", "#3", ";ext=3", ",,3"? */
static bool is_extension(const char *at)
{
    return strchr("#xX;,", *at) || strncmp(at, "ext", 3) == 0 || strncmp(at, "Ext", 3) == 0 ||
           strncmp(at, "EXT", 3) == 0;
}

enum { PLAIN = 40 };

/* Digits and a leading plus, without decoration; false: something that is in no number. */
static bool strip(const char *text, char out[PLAIN])
{
    size_t n = 0, len;

    if (strncmp(text, "tel:", 4) == 0)
        text += 4;
    for (const char *p = text; *p; p += len) {
        int32_t c = utf8_next(p, &len);
        int digit = digit_of(c);

        if ((c == '+' || c == 0xff0b) && n == 0)
            out[n++] = '+';
        else if (digit >= 0 && n + 1 < PLAIN)
            out[n++] = (char)('0' + digit);
        else if (n && is_extension(p))
            break;
        else if (!is_between(c))
            return false;
    }
    out[n] = '\0';
    return true;
}

/* The North American plan is closed: ten digits, area and exchange begin with 2 to 9. */
static bool is_north_american(const char *national)
{
    return strlen(national) == 10 && national[0] >= '2' && national[3] >= '2';
}

/* Code and national number. */
static bool finish(const char *code, const char *national, char out[PHONE_TEXT])
{
    size_t n = strlen(code) + strlen(national);

    if (n < DIGITS_MIN || n > DIGITS_MAX)
        return false;
    if (strcmp(code, "1") == 0 && !is_north_american(national))
        return false;
    return snprintf(out, PHONE_TEXT, "+%s%s", code, national) < PHONE_TEXT;
}

/*
 * Digits that begin with a calling code.  In "+44 (0)20" and "+36 06 1" the trunk prefix is not
 * dialled from abroad; where there is none, as in Italy, a zero belongs to the number.
 */
static bool from_abroad(const char *digits, char out[PHONE_TEXT])
{
    const struct country *c = row_of_digits(digits);
    size_t k = code_length(digits);
    char code[4] = "";

    if (!k)
        return false;
    memcpy(code, digits, k);
    digits += k;
    if (c && c->trunk[0] == '0' && strncmp(digits, c->trunk, strlen(c->trunk)) == 0)
        digits += strlen(c->trunk);
    return finish(code, digits, out);
}

/* The digits after what dials abroad from c (NULL: anywhere), or NULL. */
static const char *after_dial_out(const char *digits, const struct country *c)
{
    if (c && strcmp(c->calling, "1") == 0)
        return strncmp(digits, "011", 3) == 0 ? digits + 3 : NULL;
    for (size_t i = 0; c && dial_out[i].country; i++) {
        size_t n = strlen(dial_out[i].prefix);

        if (strcmp(dial_out[i].country, c->code) == 0 &&
            strncmp(dial_out[i].prefix, digits, n) == 0)
            return digits + n;
    }
    return strncmp(digits, "00", 2) == 0 ? digits + 2 : NULL;
}

static bool from_national(const char *digits, const struct country *c, char out[PHONE_TEXT])
{
    size_t trunk = strlen(c->trunk), code = strlen(c->calling), n = strlen(digits);

    if (trunk && strncmp(digits, c->trunk, trunk) == 0)
        digits += trunk;
    else if (strncmp(digits, c->calling, code) == 0 && n > 10)
        digits += code; /* the code without its plus */
    return finish(c->calling, digits, out);
}

bool phone_normal(const char *text, const char *country, char out[PHONE_TEXT])
{
    const struct country *c = country_of(country);
    const char *abroad;
    char plain[PLAIN] = "";

    if (!strip(text, plain))
        return false;
    abroad = plain[0] == '+' ? plain + 1 : after_dial_out(plain, c);
    if (abroad)
        return from_abroad(abroad, out);
    return c && *plain && from_national(plain, c, out);
}
