/* The store's calls, handed to its driver.  SQLite is the one there is. */
#include "server/store.h"

#include <assert.h>
#include <stddef.h>

extern const struct store_driver store_sqlite;

enum err store_open(const struct store_options *o, struct store **out, struct problem *why)
{
    return store_sqlite.open(o, out, why);
}

bool store_is_there(const char *dir)
{
    return store_sqlite.is_there(dir);
}

void store_close(struct store *s)
{
    if (s)
        s->driver->close(s);
}

enum err store_ensure(struct store *s, const struct type *t)
{
    return s->driver->ensure(s, t);
}

enum err store_get(struct store *s, const struct type *t, const struct uuid *id, uint64_t fields,
                   struct arena *mem, void *rec)
{
    return s->driver->get(s, t, id, fields, mem, rec);
}

enum err store_get_many(struct store *s, const struct type *t, const struct uuid *ids, size_t n,
                        uint64_t fields, struct arena *mem, void *recs, bool *found)
{
    return s->driver->get_many(s, t, ids, n, fields, mem, recs, found);
}

int64_t store_moment(struct store *s)
{
    return s->driver->moment(s);
}

bool store_written_since(struct store *s, const struct uuid *id, int64_t moment)
{
    return s->driver->written_since(s, id, moment);
}

enum err store_find(struct store *s, const struct query *q, struct arena *mem, store_each *each,
                    void *arg)
{
    return s->driver->find(s, q, mem, each, arg);
}

enum err store_scan(struct store *s, const struct query *q, store_each *each, void *arg)
{
    return s->driver->scan(s, q, each, arg);
}

enum err store_count(struct store *s, const struct query *q, int64_t *out)
{
    return s->driver->count(s, q, out);
}

enum err store_commit_series(struct store *s, struct plan *plans, size_t n)
{
    enum err err;

    assert(n && n <= SERIES_MAX);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 1; i < plans[k].n; i++)
            assert(plans[k].steps[i].kind != STEP_ADD);
    err = s->driver->commit(s, plans, n);
    atomic_store_explicit(&s->last, (int)err, memory_order_relaxed);
    return err;
}

enum err store_commit(struct store *s, struct plan *plan)
{
    return store_commit_series(s, plan, 1);
}

enum err store_reseal(struct store *s, const struct type *t, const struct reseal_hook *hook,
                      struct uuid *after, size_t *n)
{
    return s->driver->reseal(s, t, hook, after, n);
}

enum err store_left(struct store *s, const struct type *t, unsigned kinds, uint32_t key,
                    int64_t *out)
{
    return s->driver->left(s, t, kinds, key, out);
}

enum err store_mark_ring(struct store *s)
{
    return s->driver->mark_ring(s);
}

enum err store_changes(struct store *s, int64_t after, struct change *out, size_t most, size_t *n)
{
    return s->driver->changes(s, after, out, most, n);
}

int64_t store_last_change(struct store *s)
{
    return s->driver->last_change(s);
}

enum err store_forget_changes(struct store *s, int64_t upto)
{
    return s->driver->forget(s, upto);
}

int64_t store_forgotten(struct store *s)
{
    return s->driver->forgotten(s);
}

void store_watch(struct store *s, void (*fn)(void *arg), void *arg)
{
    s->driver->watch(s, fn, arg);
}

void store_chain_head(struct store *s, struct chain_head *out)
{
    s->driver->chain_head(s, out);
}

bool store_is_full(struct store *s)
{
    return atomic_load_explicit(&s->last, memory_order_relaxed) == ERR_DISK_FULL;
}

void store_stats(struct store *s, struct store_stats *out)
{
    s->driver->stats(s, out);
}
