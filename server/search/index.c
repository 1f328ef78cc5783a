#include "server/search/index.h"

#include <string.h>

struct snapshot *index_now(struct search *s)
{
    struct snapshot *now;

    pthread_mutex_lock(&s->lock);
    now = snapshot_ref(s->now);
    pthread_mutex_unlock(&s->lock);
    return now;
}

void index_publish(struct search *s, struct snapshot *next, int64_t change)
{
    struct snapshot *old;

    pthread_mutex_lock(&s->lock);
    old = s->now;
    s->now = next;
    if (change)
        s->change = change;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
    snapshot_unref(old);
}

bool index_should_stop(struct search *s)
{
    bool stop;

    pthread_mutex_lock(&s->lock);
    stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

/* On the system's clock, whatever clock.h says: condition variables know no other. */
void index_wait_ms(struct search *s, int64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->moved, &s->lock, &until);
}

/* Something was put in or taken out: files are behind, and there may be work for the keeper. */
static void note_change(struct search *s, bool work)
{
    pthread_mutex_lock(&s->lock);
    s->version++;
    s->work |= work;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
}

static void kill_id(struct snapshot *s, size_t n, const struct uuid *id)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t at = segment_find(s->items[i].segment, id);

        if (at != UINT32_MAX)
            live_kill(&s->items[i], at);
    }
}

/* The builders of the domains that occur. */
struct builders {
    struct builder **v;
    struct uuid *domains;
    size_t n;
};

static struct builder *builder_for(struct builders *b, const struct uuid *domain)
{
    for (size_t i = 0; i < b->n; i++)
        if (uuid_equal(&b->domains[i], domain))
            return b->v[i];
    b->v = xrealloc(b->v, (b->n + 1) * sizeof(struct builder *));
    b->domains = xrealloc(b->domains, (b->n + 1) * sizeof(struct uuid));
    b->domains[b->n] = *domain;
    b->v[b->n] = builder_new(domain);
    return b->v[b->n++];
}

/* Segments in which nobody lives any more leave. */
static void drop_empty(struct snapshot *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        if (live_count(&s->items[i]))
            s->items[n++] = s->items[i];
        else
            live_unref(&s->items[i]);
    }
    s->n = n;
}

static bool is_chosen(const struct tiers *t, size_t k, size_t place)
{
    for (size_t i = 0; i < k; i++)
        if (t->places[i] == place)
            return true;
    return false;
}

/* Merge in memory, within the snapshot that is being made. */
static struct snapshot *merge_within(struct snapshot *s, const struct tiers *t, size_t k)
{
    struct snapshot *out = snapshot_new(s->n);
    struct part parts[PARTS_MAX] = {0};
    struct segment *merged = NULL;

    for (size_t i = 0; i < k; i++) {
        const struct live *l = &s->items[t->places[i]];

        parts[i] = (struct part){.segment = l->segment, .dead = l->dead ? l->dead->bits : NULL};
    }
    if (segments_merge(parts, k, NULL, &merged))
        abort(); /* in memory it cannot fail */
    out->n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!is_chosen(t, k, i))
            out->items[out->n++] = live_ref(&s->items[i]);
    if (merged)
        out->items[out->n++].segment = merged;
    for (size_t i = 0; i < k; i++)
        free(parts[i].to);
    snapshot_unref(s);
    return out;
}

/* Small merges are done at once, so that single rows do not become a heap of segments. */
static struct snapshot *tidy(struct search *s, struct snapshot *next, const struct uuid *domain,
                             bool *work)
{
    size_t most = tiers_overflow(next, domain) ? LARGE_MERGE : SMALL_MERGE, k;
    struct tiers t;

    while ((k = tiers_choose(s, next, domain, most, &t)))
        next = merge_within(next, &t, k);
    *work |= tiers_choose(s, next, domain, SIZE_MAX, &t) > 0;
    return next;
}

/* The segments of rows, in place of their builders; free() it. */
static struct segment **build_all(struct builders *b, const struct profile *rows, size_t n)
{
    struct segment **made;

    for (size_t i = 0; i < n; i++)
        builder_add(builder_for(b, &rows[i].account), &rows[i]);
    made = xcalloc(b->n + 1, sizeof(struct segment *));
    for (size_t i = 0; i < b->n; i++) {
        made[i] = builder_finish(b->v[i]);
        builder_free(b->v[i]);
    }
    return made;
}

/* old: rows may have older versions, which die. */
static void put_in(struct search *s, const struct profile *rows, size_t n, bool old,
                   const struct uuid *gone, size_t n_gone, int64_t change)
{
    struct builders b = {0};
    struct segment **made = build_all(&b, rows, n);
    struct snapshot *now, *next;
    bool work = false;

    pthread_mutex_lock(&s->writing);
    now = index_now(s);
    next = snapshot_copy(now, b.n);
    for (size_t i = 0; old && i < n; i++)
        kill_id(next, now->n, &rows[i].id);
    for (size_t i = 0; i < n_gone; i++)
        kill_id(next, now->n, &gone[i]);
    for (size_t i = 0; i < b.n; i++)
        next->items[next->n++].segment = made[i];
    drop_empty(next);
    for (size_t i = 0; i < b.n; i++)
        next = tidy(s, next, &b.domains[i], &work);
    index_publish(s, next, change);
    pthread_mutex_unlock(&s->writing);
    note_change(s, work || n_gone);
    snapshot_unref(now);
    free(made);
    free(b.v);
    free(b.domains);
}

void index_apply(struct search *s, const struct profile *rows, size_t n, const struct uuid *gone,
                 size_t n_gone, int64_t change)
{
    put_in(s, rows, n, true, gone, n_gone, change);
}

void index_fill(struct search *s, const struct profile *rows, size_t n)
{
    put_in(s, rows, n, false, NULL, 0, 0);
}

void index_add(struct search *s, struct segment *segment)
{
    struct snapshot *now, *next;

    pthread_mutex_lock(&s->writing);
    now = index_now(s);
    next = snapshot_copy(now, 1);
    next->items[next->n++].segment = segment;
    index_publish(s, next, 0);
    pthread_mutex_unlock(&s->writing);
    note_change(s, true);
    snapshot_unref(now);
}

void index_clear(struct search *s)
{
    pthread_mutex_lock(&s->writing);
    index_publish(s, snapshot_new(0), 0);
    pthread_mutex_unlock(&s->writing);
    note_change(s, true);
}
