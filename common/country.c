#include "common/country.h"

#include <string.h>

#include "common/country_table.h"
#include "common/mem.h"
#include "common/utf8.h"

const char *country_name(const char *code)
{
    for (const struct country *c = countries; c->code; c++)
        if (strcmp(c->code, code) == 0)
            return c->name;
    return NULL;
}

/* Letters and digits only, folded: "U.S.A." and "usa" are the same. */
static void squeeze(const char *folded, char *out, size_t size)
{
    size_t n = 0;

    for (; *folded && n + 1 < size; folded++)
        if (*folded & 0x80 || (*folded >= 'a' && *folded <= 'z'))
            out[n++] = *folded;
    out[n] = '\0';
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

static bool matches(const struct country *c, const char *word, struct arena *mem)
{
    char own[80];

    if (is_listed(c->others, word))
        return true;
    squeeze(utf8_fold(mem, c->code), own, sizeof(own));
    if (strcmp(own, word) == 0)
        return true;
    squeeze(utf8_fold(mem, c->alpha3), own, sizeof(own));
    if (strcmp(own, word) == 0)
        return true;
    squeeze(utf8_fold(mem, c->name), own, sizeof(own));
    return strcmp(own, word) == 0;
}

static const char *find(const char *text, struct arena *mem)
{
    char word[80];

    squeeze(utf8_fold(mem, text), word, sizeof(word));
    if (!*word)
        return NULL;
    for (const struct country *c = countries; c->code; c++)
        if (matches(c, word, mem))
            return c->code;
    return NULL;
}

const char *country_code(const char *text)
{
    struct arena *mem;
    const char *code;

    /* The common case: a code already. */
    if (strlen(text) == 2)
        for (const struct country *c = countries; c->code; c++)
            if (strcmp(c->code, text) == 0)
                return c->code;
    if (strlen(text) > 200)
        return NULL;
    mem = arena_new();
    code = find(text, mem);
    arena_free(mem);
    return code;
}
