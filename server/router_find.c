/* From a path to a row. */
#include <string.h>

#include "server/router.h"

/* The segment at *at (after its slash), and where the next begins. */
static bool next_segment(const char **at, const char **segment, size_t *n)
{
    if (**at != '/')
        return false;
    *segment = *at + 1;
    *n = strcspn(*segment, "/");
    *at = *segment + *n;
    return true;
}

/* 0: no match; else the higher, the more segments are literal, the earlier the more they weigh. */
static unsigned match(const char *pattern, const char *path)
{
    unsigned score = 1;
    const char *p, *s;
    size_t pn, sn;

    while (*pattern && *path) {
        if (!next_segment(&pattern, &p, &pn) || !next_segment(&path, &s, &sn) || !sn)
            return 0;
        score *= 2;
        if (p[0] == ':')
            continue;
        if (pn != sn || memcmp(p, s, pn) != 0)
            return 0;
        score++;
    }
    return *pattern || *path ? 0 : score;
}

static void keep_params(struct request *r, const char *pattern, const char *path)
{
    const char *p, *s;
    size_t pn, sn, n = 0;

    while (next_segment(&pattern, &p, &pn) && next_segment(&path, &s, &sn))
        if (p[0] == ':' && n < PARAMS_MAX)
            r->params[n++] = arena_strndup(r->mem, s, sn);
}

static const char *allowed(struct request *r)
{
    const char *list = NULL;

    for (const struct route *const *t = route_tables; *t; t++)
        for (const struct route *row = *t; row->method; row++)
            if (match(row->path, r->path))
                list = list ? arena_printf(r->mem, "%s, %s", list, row->method) : row->method;
    return list;
}

enum err router_find(struct request *r)
{
    unsigned best = 0, any = 0;

    for (const struct route *const *t = route_tables; *t; t++) {
        for (const struct route *row = *t; row->method; row++) {
            unsigned score = match(row->path, r->path);

            any |= score;
            if (score > best && strcmp(row->method, r->method) == 0) {
                best = score;
                r->route = row;
            }
        }
    }
    if (r->route) {
        keep_params(r, r->route->path, r->path);
        return ERR_OK;
    }
    if (!any)
        return ERR_NOT_FOUND;
    request_header_add(r, "Allow", allowed(r));
    return ERR_METHOD;
}
