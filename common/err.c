#include "common/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    unsigned status;
    bool retry;
    const char *slug, *title;
} table[] = {
#define X(name, status, slug, retry, title) [ERR_##name] = {status, retry, slug, title},
    ERR_LIST(X)
#undef X
};

unsigned err_status(enum err e)
{
    return table[e].status;
}

const char *err_slug(enum err e)
{
    return table[e].slug;
}

const char *err_title(enum err e)
{
    return table[e].title;
}

bool err_retryable(enum err e)
{
    return table[e].retry;
}

enum err err_from_slug(const char *slug)
{
    for (size_t i = 0; i < ERR_COUNT; i++)
        if (strcmp(table[i].slug, slug) == 0)
            return (enum err)i;
    return ERR_INTERNAL;
}

/* A text that was cut may end inside a character: drop the piece. */
static void trim_broken(char *s, size_t size)
{
    size_t n = strlen(s);

    if (n + 1 < size)
        return;
    while (n && ((unsigned char)s[n - 1] & 0xc0) == 0x80)
        n--;
    if (n && (unsigned char)s[n - 1] >= 0xc0)
        n--;
    s[n] = '\0';
}

enum err problem_set(struct problem *why, const char *field, const char *fmt, ...)
{
    va_list ap;

    if (!why)
        return ERR_INVALID;
    snprintf(why->field, sizeof(why->field), "%s", field ? field : "");
    trim_broken(why->field, sizeof(why->field));
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, ap);
    va_end(ap);
    trim_broken(why->text, sizeof(why->text));
    return ERR_INVALID;
}
