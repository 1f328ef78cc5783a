#include "common/conf.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static bool parse_number(const char *text, int64_t *out, const char **rest)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(text, &end, 10);
    *rest = end;
    *out = n;
    return end != text && !errno;
}

static bool parse_size(const char *text, int64_t *out)
{
    static const char units[] = "KMG";
    const char *rest, *unit;

    if (!parse_number(text, out, &rest) || *out < 0)
        return false;
    if (!*rest)
        return true;
    unit = strchr(units, *rest);
    if (!unit || rest[1])
        return false;
    for (const char *u = units; u <= unit; u++) {
        if (*out > INT64_MAX / 1024)
            return false;
        *out *= 1024;
    }
    return true;
}

static bool parse_bool(const char *text, bool *out)
{
    *out = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
    return *out || strcmp(text, "no") == 0 || strcmp(text, "false") == 0;
}

static enum err set_number(const struct conf_option *o, int64_t n, void *slot, struct problem *why)
{
    if (n < o->min)
        return problem_set(why, o->name, "%s is less than %lld", o->name, (long long)o->min);
    if (o->max && n > o->max)
        return problem_set(why, o->name, "%s is more than %lld", o->name, (long long)o->max);
    *(int64_t *)slot = n;
    return ERR_OK;
}

static enum err set_option(const struct conf_option *o, void *into, struct arena *mem,
                           const char *value, struct problem *why)
{
    void *slot = (char *)into + o->offset;
    const char *rest;
    int64_t n = 0;

    switch (o->kind) {
    case CONF_STR:
        *(const char **)slot = arena_strdup(mem, value);
        return ERR_OK;
    case CONF_RATE:
        if (strcmp(value, "unlimited") == 0) {
            *(int64_t *)slot = INT64_MAX;
            return ERR_OK;
        }
        /* fall through */
    case CONF_INT:
        if (!parse_number(value, &n, &rest) || *rest)
            return problem_set(why, o->name, "%s must be a whole number", o->name);
        return set_number(o, n, slot, why);
    case CONF_SIZE:
        if (!parse_size(value, &n))
            return problem_set(why, o->name, "%s must be a size such as 64M", o->name);
        return set_number(o, n, slot, why);
    case CONF_BOOL:
        if (!parse_bool(value, slot))
            return problem_set(why, o->name, "%s must be yes or no", o->name);
        return ERR_OK;
    }
    return ERR_INTERNAL;
}

void conf_defaults(const struct conf_option *rows, void *into, struct arena *mem)
{
    for (const struct conf_option *o = rows; o->name; o++)
        if (o->fallback && set_option(o, into, mem, o->fallback, NULL))
            abort(); /* a row with a fallback that it would refuse is our bug */
}

enum err conf_set(const struct conf_option *rows, void *into, struct arena *mem, const char *name,
                  const char *value, struct problem *why)
{
    for (const struct conf_option *o = rows; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return set_option(o, into, mem, value, why);
    return problem_set(why, name, "there is no such option");
}

static char *trim(char *s)
{
    size_t n;

    s += strspn(s, " \t\r\n");
    n = strlen(s);
    while (n && strchr(" \t\r\n", s[n - 1]))
        s[--n] = '\0';
    return s;
}

static enum err read_line(const struct conf_option *rows, void *into, struct arena *mem, char *text,
                          struct problem *why)
{
    char *equals, *name = trim(text);

    if (!*name || *name == '#')
        return ERR_OK;
    equals = strchr(name, '=');
    if (!equals)
        return problem_set(why, NULL, "a line must read name = value");
    *equals = '\0';
    return conf_set(rows, into, mem, trim(name), trim(equals + 1), why);
}

enum err conf_read(const struct conf_option *rows, void *into, struct arena *mem, const char *path,
                   struct problem *why)
{
    FILE *f = fopen(path, "re");
    char line[4096];
    struct problem inner = {0};
    enum err err = ERR_OK;
    int at = 0;

    if (!f)
        return problem_set(why, "config", "cannot read the file: %s", strerror(errno));
    while (!err && fgets(line, sizeof(line), f)) {
        at++;
        if (!strchr(line, '\n') && !feof(f))
            err = problem_set(&inner, NULL, "the line is too long");
        else
            err = read_line(rows, into, mem, line, &inner);
    }
    if (!err && ferror(f)) /* a directory opens, and fails when it is read */
        err = problem_set(why, "config", "cannot read the file: %s", strerror(errno));
    else if (err)
        problem_set(why, inner.field, "line %d: %s", at, inner.text);
    fclose(f);
    return err;
}
