#include "server/search/snapshot.h"

#include <string.h>

struct snapshot *snapshot_new(size_t n)
{
    struct snapshot *s = xcalloc(1, sizeof(*s) + n * sizeof(s->items[0]));

    atomic_init(&s->refs, 1);
    s->n = n;
    return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

static void dead_unref(struct dead *d)
{
    if (d && atomic_fetch_sub(&d->refs, 1) == 1)
        free(d);
}

void live_unref(struct live *l)
{
    segment_unref(l->segment);
    dead_unref(l->dead);
    *l = (struct live){0};
}

void snapshot_unref(void *arg)
{
    struct snapshot *s = arg;

    if (!s || atomic_fetch_sub(&s->refs, 1) > 1)
        return;
    for (size_t i = 0; i < s->n; i++)
        live_unref(&s->items[i]);
    free(s);
}

struct live live_ref(const struct live *l)
{
    segment_ref(l->segment);
    if (l->dead)
        atomic_fetch_add(&l->dead->refs, 1);
    return *l;
}

struct snapshot *snapshot_copy(const struct snapshot *s, size_t more)
{
    size_t n = s ? s->n : 0;
    struct snapshot *out = snapshot_new(n + more);

    for (size_t i = 0; i < n; i++)
        out->items[i] = live_ref(&s->items[i]);
    out->n = n;
    return out;
}

size_t live_count(const struct live *l)
{
    return l->segment->n - (l->dead ? l->dead->count : 0);
}

bool live_is_dead(const struct live *l, uint32_t ordinal)
{
    return l->dead && bits_test(l->dead->bits, ordinal);
}

void live_kill(struct live *l, uint32_t ordinal)
{
    size_t bytes = bits_words(l->segment->n) * sizeof(uint64_t);

    if (!l->dead || atomic_load(&l->dead->refs) > 1) {
        struct dead *own = xcalloc(1, sizeof(*own) + bytes);

        atomic_init(&own->refs, 1);
        if (l->dead) {
            memcpy(own->bits, l->dead->bits, bytes);
            own->count = l->dead->count;
        }
        dead_unref(l->dead);
        l->dead = own;
    }
    if (!bits_test(l->dead->bits, ordinal)) {
        bits_set(l->dead->bits, ordinal);
        l->dead->count++;
    }
}

size_t live_among(const struct live *l, const struct set *s)
{
    struct set dead = {.n = l->segment->n};

    if (!l->dead)
        return s->count;
    dead.bits = l->dead->bits;
    dead.count = l->dead->count;
    return s->count - set_and_count(s, &dead);
}
