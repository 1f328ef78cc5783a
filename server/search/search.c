#include "server/search/search.h"

#include <string.h>

#include "common/file.h"
#include "server/search/index.h"
#include "server/search/panes.h"
#include "server/search/rank.h"
#include "server/store.h"

static void wake(void *arg)
{
    struct search *s = arg;

    pthread_mutex_lock(&s->lock);
    s->woken = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
}

enum err search_open(const struct search_options *o, struct search **out)
{
    struct search *s = xcalloc(1, sizeof(*s));

    s->o = *o;
    s->dir = o->dir ? xstrdup(o->dir) : NULL;
    s->now = snapshot_new(0);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->writing, NULL);
    pthread_cond_init(&s->moved, NULL);
    *out = s;
    if (s->dir && file_make_dir(s->dir))
        return ERR_UNAVAILABLE;
    if (!o->store) {
        s->ready = true;
        return s->dir && index_load(s) == ERR_UNAVAILABLE ? ERR_UNAVAILABLE : ERR_OK;
    }
    store_watch(o->store, wake, s);
    s->has_thread = pthread_create(&s->thread, NULL, index_follow, s) == 0;
    return s->has_thread ? ERR_OK : ERR_UNAVAILABLE;
}

void search_close(struct search *s)
{
    if (!s)
        return;
    if (s->has_thread) {
        store_watch(s->o.store, NULL, NULL);
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_cond_broadcast(&s->moved);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    } else if (!s->o.store && index_save(s)) {
        s->ready = false; /* the next open builds anew */
    }
    snapshot_unref(s->now);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->writing);
    pthread_cond_destroy(&s->moved);
    free(s->dir);
    free(s);
}

static int by_count(const void *a, const void *b)
{
    const struct set *x = a, *y = b;

    return x->count < y->count ? -1 : x->count > y->count;
}

/* All of the sets and not the dead; the smallest first, so that the rest is looked up in. */
static struct set intersect(struct arena *mem, const struct live *l, struct set *sets, size_t n)
{
    struct set out;

    if (n == 0) {
        out = set_all(mem, l->segment->n);
    } else {
        qsort(sets, n, sizeof(*sets), by_count);
        out = sets[0];
    }
    for (size_t i = 1; i < n && out.count; i++)
        out = set_and(mem, &out, &sets[i]);
    if (l->dead) {
        struct set dead = {.bits = l->dead->bits, .count = l->dead->count, .n = l->segment->n};

        out = set_and_not(mem, &out, &dead);
    }
    return out;
}

/* The clauses that hold, without the selection of `pane` (0: with every selection). */
static struct set evaluate(struct arena *mem, const struct live *l, const struct ask *ask, int pane)
{
    struct set *sets = arena_alloc(mem, (ask->n + 1) * sizeof(*sets)), out;
    size_t n = 0;

    for (size_t i = 0; i < ask->n; i++) {
        const struct clause *c = &ask->clauses[i];

        if (!c->negative && !(pane && c->selection == pane))
            sets[n++] = clause_set(mem, l->segment, c);
    }
    out = intersect(mem, l, sets, n);
    for (size_t i = 0; i < ask->n && out.count; i++) {
        struct set no;

        if (!ask->clauses[i].negative)
            continue;
        no = clause_set(mem, l->segment, &ask->clauses[i]);
        out = set_and_not(mem, &out, &no);
    }
    return out;
}

static bool has_selection(const struct ask *ask, int pane)
{
    for (size_t i = 0; i < ask->n; i++)
        if (ask->clauses[i].selection == pane)
            return true;
    return false;
}

static void add_panes(struct arena *mem, const struct live *l, const struct ask *ask,
                      const struct set *full, struct tally *tallies)
{
    for (int f = 1; f < FACET_END; f++) {
        struct set own = *full;

        if (!ask->panes[f])
            continue;
        if (has_selection(ask, f))
            own = evaluate(mem, l, ask, f);
        if (own.count)
            tally_add(mem, &tallies[f], l->segment, (enum facet)f, &own);
    }
}

/* Merge two sorted lists of hits into the first k. */
static size_t merge_hits(struct arena *mem, struct hit **hits, size_t n, const struct hit *more,
                         size_t n_more, size_t k, bool reverse)
{
    struct hit *out = arena_alloc(mem, (k + 1) * sizeof(*out));
    size_t i = 0, j = 0, m = 0;

    while (m < k && (i < n || j < n_more)) {
        bool first = j == n_more || (i < n && hit_compare(&(*hits)[i], &more[j], reverse) < 0);

        out[m++] = first ? (*hits)[i++] : more[j++];
    }
    *hits = out;
    return m;
}

static void finish_panes(struct arena *mem, const struct ask *ask, const struct tally *tallies,
                         struct search_answer *out)
{
    out->panes = arena_alloc(mem, FACET_END * sizeof(*out->panes));
    for (int f = 1; f < FACET_END; f++)
        if (ask->panes[f])
            out->panes[out->n_panes++] =
                (struct facet_pane){facet_name((enum facet)f), tally_top(mem, &tallies[f])};
}

static struct cursor cursor_of(const struct hit *h)
{
    return (struct cursor){.key = h->key,
                           .score = h->score,
                           .id = h->segment->ids[h->ordinal],
                           .text = h->text ? h->text : ""};
}

static bool is_visible(const struct segment *s, const struct uuid *account)
{
    return uuid_equal(&s->domain, &catalogue_account) || uuid_equal(&s->domain, account);
}

static void run(struct search *s, const struct snapshot *now, const struct search_ask *ask,
                const struct ask *q, const struct cursor *after, struct arena *mem,
                struct search_answer *out)
{
    struct tally *tallies = arena_alloc(mem, FACET_END * sizeof(*tallies));
    size_t k = q->page_size + 1, n = 0; /* one more tells whether there is a next page */
    struct hit *hits = NULL, *more = arena_alloc(mem, k * sizeof(*more));

    for (size_t i = 0; i < now->n; i++) {
        const struct live *l = &now->items[i];
        struct set full;
        size_t n_more;

        if (!is_visible(l->segment, &ask->account))
            continue;
        full = evaluate(mem, l, q, 0);
        out->total += (int64_t)full.count;
        add_panes(mem, l, q, &full, tallies);
        n_more = rank_segment(mem, l->segment, &full, q, after, k, more);
        n = merge_hits(mem, &hits, n, more, n_more, k, q->reverse);
    }
    finish_panes(mem, q, tallies, out);
    out->n = n < q->page_size ? n : q->page_size;
    out->hits = arena_alloc(mem, out->n * sizeof(*out->hits));
    for (size_t i = 0; i < out->n; i++)
        out->hits[i].id = hits[i].segment->ids[hits[i].ordinal];
    if (n > q->page_size) {
        struct cursor c = cursor_of(&hits[q->page_size - 1]);

        out->next_cursor = cursor_text(s->o.seal, mem, &ask->account, ask->query, &c);
    }
}

enum err search_run(struct search *s, const struct search_ask *ask, struct arena *mem,
                    struct search_answer *out, struct problem *why)
{
    int64_t from = clock_mono_us();
    struct deferred *lease;
    struct snapshot *now;
    struct cursor after;
    struct ask q;
    bool ready, has_cursor = ask->query->cursor && *ask->query->cursor;
    enum err err = ask_parse(mem, ask->query, &q, why);

    *out = (struct search_answer){0};
    if (!err && has_cursor)
        err = cursor_parse(s->o.seal, mem, &ask->account, ask->query, &after, why);
    if (err)
        return err;
    pthread_mutex_lock(&s->lock);
    ready = s->ready;
    pthread_mutex_unlock(&s->lock);
    if (!ready)
        return ERR_NOT_READY;
    lease = arena_defer(mem, snapshot_unref, NULL);
    now = index_now(s);
    arena_defer_arg(lease, now);
    run(s, now, ask, &q, has_cursor ? &after : NULL, mem, out);
    out->took_us = clock_mono_us() - from;
    return ERR_OK;
}

bool search_wait(struct search *s, int64_t change, int64_t ms)
{
    struct timespec until;
    bool there;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    while (!(s->ready && s->change >= change) && !s->stop)
        if (pthread_cond_timedwait(&s->moved, &s->lock, &until))
            break;
    there = s->ready && s->change >= change;
    pthread_mutex_unlock(&s->lock);
    return there;
}

void search_stats(struct search *s, struct search_stats *out)
{
    struct snapshot *now = index_now(s);

    *out = (struct search_stats){.segments = (int64_t)now->n};
    for (size_t i = 0; i < now->n; i++) {
        const struct live *l = &now->items[i];

        out->documents += (int64_t)live_count(l);
        if (l->segment->mapped)
            out->mapped_bytes += (int64_t)l->segment->size;
        else
            out->heap_bytes += (int64_t)l->segment->size;
    }
    pthread_mutex_lock(&s->lock);
    out->ready = s->ready;
    out->built.ppm = s->ready ? 1000000 : s->built_ppm;
    out->change = s->change;
    pthread_mutex_unlock(&s->lock);
    snapshot_unref(now);
}

enum err search_put(struct search *s, const struct profile *rows, size_t n)
{
    pthread_mutex_lock(&s->writing);
    index_apply(s, rows, n, NULL, 0, 0);
    index_merge(s);
    pthread_mutex_unlock(&s->writing);
    return ERR_OK;
}

enum err search_delete(struct search *s, const struct uuid *ids, size_t n)
{
    pthread_mutex_lock(&s->writing);
    index_apply(s, NULL, 0, ids, n, 0);
    index_merge(s);
    pthread_mutex_unlock(&s->writing);
    return ERR_OK;
}
