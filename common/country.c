#include "common/country.h"

#include <string.h>

#include "common/country_table.h"
#include "common/utf8.h"

static bool is_letter(int32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 0x80 && (c < 0x2000 || c > 0x206f));
}

/* Letters only, in place: "u.s.a." and "usa" are the same. */
static void squeeze(char *folded)
{
    char *to = folded;
    size_t len;

    for (const char *from = folded; *from; from += len) {
        if (!is_letter(utf8_next(from, &len)))
            continue;
        memmove(to, from, len);
        to += len;
    }
    *to = '\0';
}

/* Is `word` the letters of `name`, which is ASCII with capitals? */
static bool is_name(const char *name, const char *word)
{
    for (; *name; name++) {
        char c = (char)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name);

        if (is_letter(c) && c != *word++)
            return false;
    }
    return *word == '\0';
}

/* names: "germany|deutschland|...", each squeezed already. */
static bool is_listed(const char *names, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = names; at && *at;) {
        size_t len = strcspn(at, "|");

        if (len == n && memcmp(at, word, n) == 0)
            return true;
        at += len + (at[len] == '|');
    }
    return false;
}

static const struct country *row_of(const char *code)
{
    for (const struct country *c = countries; c->code; c++)
        if (strcmp(c->code, code) == 0)
            return c;
    return NULL;
}

const char *country_name(const char *code)
{
    const struct country *c = row_of(code);

    return c ? c->name : NULL;
}

const char *country_code(const char *text)
{
    const struct country *exact = row_of(text); /* the common case: a code already */
    char word[UTF8_SHORT];

    if (exact)
        return exact->code;
    if (!utf8_fold_short(text, word))
        return NULL;
    squeeze(word);
    for (const struct country *c = countries; c->code && *word; c++)
        if (is_name(c->code, word) || is_name(c->alpha3, word) || is_name(c->name, word) ||
            is_listed(c->others, word))
            return c->code;
    return NULL;
}
