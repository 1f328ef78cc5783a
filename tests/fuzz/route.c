/*
 * Paths against a naive reading of the route tables, and query strings: what is decoded is text,
 * what is refused says why.  Input: a byte that picks the method, then PATH?QUERY.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "server/router.h"

enum { SEGMENTS = 8 };

static const char *const methods[] = {"GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"};

/* The segments of "/a/b"; 0: it is no such path, or a longer one than any route. */
static size_t cut(char *path, char *segments[SEGMENTS])
{
    size_t n = 0;

    while (*path == '/') {
        if (n == SEGMENTS)
            return 0;
        segments[n++] = path + 1;
        *path++ = '\0';
        while (*path && *path != '/')
            path++;
        if (path == segments[n - 1])
            return 0;
    }
    return *path ? 0 : n;
}

static bool fits(const struct route *row, char *const *segments, size_t n, bool literal[SEGMENTS])
{
    char pattern[128], *p[SEGMENTS];

    snprintf(pattern, sizeof(pattern), "%s", row->path);
    if (cut(pattern, p) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        literal[i] = p[i][0] != ':';
        if (literal[i] && strcmp(p[i], segments[i]) != 0)
            return false;
    }
    return true;
}

static bool better(const bool *a, const bool *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return a[i];
    return false;
}

/* The row of the method whose first segments are literal the longest; *any: of some method. */
static const struct route *reference(const char *method, char *path, bool *any)
{
    bool best[SEGMENTS] = {0}, literal[SEGMENTS] = {0};
    const struct route *found = NULL;
    char *segments[SEGMENTS];
    size_t n = cut(path, segments);

    *any = false;
    for (const struct route *const *t = route_tables; n && *t; t++) {
        for (const struct route *row = *t; row->method; row++) {
            if (!fits(row, segments, n, literal))
                continue;
            *any = true;
            if (strcmp(row->method, method) != 0 || (found && !better(literal, best, n)))
                continue;
            found = row;
            memcpy(best, literal, sizeof(best));
        }
    }
    return found;
}

static void check_record(const struct request *r)
{
    for (const struct field *f = r->route->query->fields; f->name; f++) {
        const char *text = f->kind == KIND_STR ? *(const char *const *)field_at(f, r->query) : NULL;
        const struct strs *list = f->kind == KIND_STRS ? field_at(f, r->query) : NULL;

        if (text && !utf8_valid(text, strlen(text)))
            abort();
        for (size_t i = 0; list && i < list->n; i++)
            if (!utf8_valid(list->v[i], strlen(list->v[i])))
                abort();
        if ((text || (list && list->n)) && !(r->query_given & type_bit(r->route->query, f)))
            abort();
    }
}

static void try_query(struct request *r)
{
    enum err err = router_query(r);

    if (err && (err != ERR_INVALID || !r->why.text[0]))
        abort();
    if (!err && r->route->query)
        check_record(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct request r = {0};
    const struct route *want;
    char *path, *question;
    enum err err;
    bool any;

    if (n < 1 || memchr(data, '\0', n))
        return 0;
    r.mem = arena_new();
    r.method = methods[data[0] % (sizeof(methods) / sizeof(*methods))];
    path = arena_strndup(r.mem, (const char *)data + 1, n - 1);
    question = strchr(path, '?');
    if (question) {
        *question = '\0';
        r.query_text = question + 1;
    }
    r.path = path;
    err = router_find(&r);
    want = reference(r.method, arena_strdup(r.mem, path), &any);
    if (r.route != want || err != (want ? ERR_OK : any ? ERR_METHOD : ERR_NOT_FOUND))
        abort();
    if (!err)
        try_query(&r);
    arena_free(r.mem);
    return 0;
}
