#include "common/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 2 * 1024, LARGEST_CHUNK = 256 * 1024 };

struct chunk {
    struct chunk *next;
    size_t used, size;
    max_align_t data[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *arg;
};

struct arena {
    struct chunk *chunks;
    struct deferred *deferred;
    jmp_buf *guard;
    size_t next_size;
};

static void *must(void *p, size_t size)
{
    if (!p) {
        fprintf(stderr, "out of memory (%zu bytes)\n", size);
        abort();
    }
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    return must(calloc(n, size), n * size);
}

void *xrealloc(void *p, size_t size)
{
    return must(realloc(p, size), size);
}

char *xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;

    return memcpy(xcalloc(n, 1), s, n);
}

struct arena *arena_try_new(void)
{
    struct arena *a = calloc(1, sizeof(*a));

    if (a)
        a->next_size = FIRST_CHUNK;
    return a;
}

struct arena *arena_new(void)
{
    return must(arena_try_new(), sizeof(struct arena));
}

static void run_deferred(struct arena *a)
{
    for (struct deferred *d = a->deferred; d; d = d->next)
        if (d->fn)
            d->fn(d->arg);
    a->deferred = NULL;
}

static void free_chunks(struct chunk *c)
{
    for (struct chunk *next; c; c = next) {
        next = c->next;
        free(c);
    }
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    run_deferred(a);
    free_chunks(a->chunks);
    free(a);
}

void arena_clear(struct arena *a)
{
    struct chunk *kept = a->chunks;

    run_deferred(a);
    if (!kept || kept->size > LARGEST_CHUNK) {
        free_chunks(kept);
        a->chunks = NULL;
        return;
    }
    free_chunks(kept->next);
    kept->next = NULL;
    memset(kept->data, 0, kept->used);
    kept->used = 0;
}

void arena_guard(struct arena *a, jmp_buf *env)
{
    a->guard = env;
}

void arena_unguard(struct arena *a)
{
    a->guard = NULL;
}

static struct chunk *grow(struct arena *a, size_t size)
{
    size_t want = size > a->next_size ? size : a->next_size;
    struct chunk *c = size < PTRDIFF_MAX - sizeof(*c) ? calloc(1, sizeof(*c) + want) : NULL;

    if (!c && a->guard)
        longjmp(*a->guard, 1);
    must(c, want);
    c->size = want;
    c->next = a->chunks;
    a->chunks = c;
    if (a->next_size < LARGEST_CHUNK)
        a->next_size *= 2;
    return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
    struct chunk *c = a->chunks;
    size_t unit = sizeof(max_align_t);

    if (size < PTRDIFF_MAX) /* what is larger fails below as it is */
        size = (size + unit - 1) / unit * unit;
    if (!c || c->size - c->used < size)
        c = grow(a, size);
    c->used += size;
    return (char *)c->data + c->used - size;
}

void *arena_dup(struct arena *a, const void *data, size_t size)
{
    void *p = arena_alloc(a, size);

    if (size)
        memcpy(p, data, size);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);

    memcpy(p, s, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *s;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);

    s = arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}

struct deferred *arena_defer(struct arena *a, void (*fn)(void *), void *arg)
{
    struct deferred *d = arena_alloc(a, sizeof(*d));

    *d = (struct deferred){a->deferred, fn, arg};
    a->deferred = d;
    return d;
}

void arena_cancel(struct deferred *d)
{
    d->fn = NULL;
}

void arena_defer_arg(struct deferred *d, void *arg)
{
    d->arg = arg;
}
