#include "common/phone.h"

#include <string.h>

#include "common/country_table.h"

enum { DIGITS_MIN = 7, DIGITS_MAX = 15 };

/* Calling codes are prefix-free: the first that fits is the only one. */
static size_t code_length(const char *digits)
{
    for (const struct country *c = countries; c->code; c++) {
        size_t n = strlen(c->calling);

        if (strncmp(c->calling, digits, n) == 0)
            return n;
    }
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

/* Does an extension begin here: "ext 3", "x3", "#3", ";ext=3", "Durchwahl"? */
static int is_extension(const char *at)
{
    return *at == '#' || *at == 'x' || *at == 'X' || *at == ';' || strncmp(at, "ext", 3) == 0 ||
           strncmp(at, "Ext", 3) == 0 || strncmp(at, "EXT", 3) == 0;
}

/* Digits and a leading plus, without decoration; false: something that is in no number. */
static bool strip(const char *text, char *out, size_t size)
{
    size_t n = 0;

    for (const char *p = text; *p; p++) {
        if (*p == '+' && n == 0) {
            out[n++] = '+';
        } else if (*p >= '0' && *p <= '9') {
            if (n + 1 >= size)
                return false;
            /* "+44 (0)20": the trunk zero that is not dialled from abroad */
            if (*p == '0' && n > 1 && out[0] == '+' && p[-1] == '(' && p[1] == ')')
                continue;
            out[n++] = *p;
        } else if (n && is_extension(p)) {
            break;
        } else if (!strchr(" \t-./()'\"", *p) && (unsigned char)*p < 0x80) {
            return false;
        }
    }
    out[n] = '\0';
    return true;
}

static bool finish(const char *digits, char out[PHONE_TEXT])
{
    size_t n = strlen(digits);

    if (n < DIGITS_MIN || n > DIGITS_MAX || strspn(digits, "0123456789") != n ||
        !code_length(digits))
        return false;
    out[0] = '+';
    memcpy(out + 1, digits, n + 1);
    return true;
}

static bool from_national(const char *digits, const struct country *c, char out[PHONE_TEXT])
{
    char whole[40];
    size_t trunk = strlen(c->trunk), code = strlen(c->calling), n = strlen(digits);

    if (trunk && strncmp(digits, c->trunk, trunk) == 0)
        digits += trunk;
    else if (strncmp(digits, c->calling, code) == 0 && n > 10)
        digits += code; /* the code without its plus */
    if (snprintf(whole, sizeof(whole), "%s%s", c->calling, digits) >= (int)sizeof(whole))
        return false;
    return finish(whole, out);
}

bool phone_normal(const char *text, const char *country, char out[PHONE_TEXT])
{
    const struct country *c = country_of(country);
    bool nanp = c && strcmp(c->calling, "1") == 0;
    char plain[40];

    if (!strip(text, plain, sizeof(plain)))
        return false;
    if (plain[0] == '+')
        return finish(plain + 1, out);
    if (nanp && strncmp(plain, "011", 3) == 0)
        return finish(plain + 3, out);
    if (!nanp && strncmp(plain, "00", 2) == 0)
        return finish(plain + 2, out);
    return c && from_national(plain, c, out);
}
