#include "server/search/index.h"

#include <string.h>

#include "server/search/build.h"

enum { GROWTH = 4, SEGMENTS_MOST = 6 };

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
    if (change > s->change)
        s->change = change;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
    snapshot_unref(old);
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

void index_apply(struct search *s, const struct profile *rows, size_t n, const struct uuid *gone,
                 size_t n_gone, int64_t change)
{
    struct snapshot *now = index_now(s), *next;
    struct builders b = {0};
    size_t old = now->n;

    for (size_t i = 0; i < n; i++)
        builder_add(builder_for(&b, &rows[i].account), &rows[i]);
    next = snapshot_copy(now, b.n);
    for (size_t i = 0; i < n; i++)
        kill_id(next, old, &rows[i].id);
    for (size_t i = 0; i < n_gone; i++)
        kill_id(next, old, &gone[i]);
    for (size_t i = 0; i < b.n; i++) {
        next->items[next->n++].segment = builder_finish(b.v[i]);
        builder_free(b.v[i]);
    }
    free(b.v);
    free(b.domains);
    drop_empty(next);
    index_publish(s, next, change);
    snapshot_unref(now);
}

/* The items of one domain, the smallest first. */
static size_t of_domain(const struct snapshot *s, const struct uuid *domain, size_t *list)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        size_t at = n;

        if (!uuid_equal(&s->items[i].segment->domain, domain))
            continue;
        while (at && live_count(&s->items[list[at - 1]]) > live_count(&s->items[i])) {
            list[at] = list[at - 1];
            at--;
        }
        list[at] = i;
        n++;
    }
    return n;
}

/* How many of the smallest belong together: each is not much larger than all before it. */
static size_t how_many(const struct snapshot *s, const size_t *list, size_t n)
{
    size_t sum = n ? live_count(&s->items[list[0]]) : 0, k = 1;

    while (k < n && (live_count(&s->items[list[k]]) < sum * GROWTH || n - k > SEGMENTS_MOST))
        sum += live_count(&s->items[list[k++]]);
    if (k > 1)
        return k;
    /* a segment that is half dead is worth rewriting alone */
    return n && s->items[list[0]].dead &&
                   s->items[list[0]].dead->count * 2 > s->items[list[0]].segment->n
               ? 1
               : 0;
}

static bool contains(const size_t *list, size_t n, size_t x)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == x)
            return true;
    return false;
}

static struct segment *merge_items(const struct snapshot *s, const size_t *list, size_t k)
{
    struct part *parts = xcalloc(k, sizeof(*parts));
    struct segment *out;

    for (size_t i = 0; i < k; i++) {
        const struct live *l = &s->items[list[i]];

        parts[i] = (struct part){l->segment, l->dead ? l->dead->bits : NULL};
    }
    out = segments_merge(parts, k);
    free(parts);
    return out;
}

/* One merge; false: nothing is to be merged. */
static bool merge_once(struct search *s)
{
    struct snapshot *now = index_now(s), *next;
    size_t *list = xcalloc(now->n + 1, sizeof(*list)), k = 0;
    struct segment *merged;

    for (size_t i = 0; i < now->n && !k; i++) {
        size_t n = of_domain(now, &now->items[i].segment->domain, list);

        k = how_many(now, list, n);
    }
    if (k) {
        merged = merge_items(now, list, k);
        next = snapshot_new(now->n + 1);
        next->n = 0;
        for (size_t i = 0; i < now->n; i++)
            if (!contains(list, k, i))
                next->items[next->n++] = live_ref(&now->items[i]);
        if (merged)
            next->items[next->n++].segment = merged;
        index_publish(s, next, 0);
    }
    free(list);
    snapshot_unref(now);
    return k > 0;
}

void index_merge(struct search *s)
{
    while (merge_once(s))
        ;
}
