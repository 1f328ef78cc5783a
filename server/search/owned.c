#include "server/search/owned.h"

#include <pthread.h>
#include <string.h>

#include "server/records.h"
#include "server/store.h"

enum { ROOM = 16 /* ordinals more than there were */ };

/* The ordinals of the first `seen` ids in a segment, in order. */
struct cached {
    struct segment *segment; /* a reference, so that its address means it */
    uint32_t *v;
    size_t n, seen;
};

struct buyer {
    pthread_mutex_t lock; /* of everything but the account */
    struct uuid account;
    bool loaded;
    struct uuid *ids; /* in the order of buying; some may come twice */
    size_t n, size;
    struct cached *cached;
    size_t n_cached;
};

struct owned {
    pthread_mutex_t lock;
    struct buyer **buyers; /* never removed while it lives */
    size_t n;
};

struct owned *owned_new(void)
{
    struct owned *o = xcalloc(1, sizeof(*o));

    pthread_mutex_init(&o->lock, NULL);
    return o;
}

static void buyer_free(struct buyer *b)
{
    for (size_t i = 0; i < b->n_cached; i++) {
        segment_unref(b->cached[i].segment);
        free(b->cached[i].v);
    }
    pthread_mutex_destroy(&b->lock);
    free(b->cached);
    free(b->ids);
    free(b);
}

void owned_free(struct owned *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->n; i++)
        buyer_free(o->buyers[i]);
    free(o->buyers);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* NULL: there is no memory. */
static struct buyer *add_buyer(struct owned *o, const struct uuid *account)
{
    struct buyer **more = realloc(o->buyers, (o->n + 1) * sizeof(struct buyer *));
    struct buyer *b = more ? calloc(1, sizeof(*b)) : NULL;

    if (more)
        o->buyers = more;
    if (!b)
        return NULL;
    b->account = *account;
    pthread_mutex_init(&b->lock, NULL);
    o->buyers[o->n++] = b;
    return b;
}

/* make: it comes to be when it is not there. */
static struct buyer *find_buyer(struct owned *o, const struct uuid *account, bool make)
{
    struct buyer *b = NULL;

    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < o->n && !b; i++)
        if (uuid_equal(&o->buyers[i]->account, account))
            b = o->buyers[i];
    if (!b && make)
        b = add_buyer(o, account);
    pthread_mutex_unlock(&o->lock);
    return b;
}

static enum err add_ids(struct buyer *b, const struct uuid *ids, size_t n)
{
    if (b->n + n > b->size) {
        size_t size = (b->n + n) * 2;
        struct uuid *more = realloc(b->ids, size * sizeof(*more));

        if (!more)
            return ERR_NO_MEMORY;
        b->ids = more;
        b->size = size;
    }
    if (n)
        memcpy(b->ids + b->n, ids, n * sizeof(*ids));
    b->n += n;
    return ERR_OK;
}

/* Who is not known is read from the store when it asks; what cannot be kept, too. */
void owned_note(struct owned *o, const struct uuid *account, const struct uuid *profile)
{
    struct buyer *b = find_buyer(o, account, true);

    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    if (add_ids(b, profile, 1))
        b->loaded = false;
    pthread_mutex_unlock(&b->lock);
}

struct gather {
    struct arena *mem;
    struct uuid *ids;
    size_t n, size;
};

static bool take_ownership(void *arg, const void *rec)
{
    struct gather *g = arg;

    if (g->n == g->size) {
        size_t size = g->size ? g->size * 2 : 64;
        struct uuid *more = arena_alloc(g->mem, size * sizeof(*more));

        if (g->n)
            memcpy(more, g->ids, g->n * sizeof(*more));
        g->ids = more;
        g->size = size;
    }
    g->ids[g->n++] = ((const struct ownership *)rec)->profile;
    return true;
}

/* What is bought while this reads comes by owned_note(), and may then be there twice. */
static enum err load(struct buyer *b, struct store *store, struct arena *mem)
{
    struct gather g = {.mem = mem};
    struct query q = {.type = &ownership_type,
                      .where = {{"account", OP_EQ, &b->account}},
                      .fields = type_bit(&ownership_type, type_field(&ownership_type, "profile"))};
    enum err err = store_find(store, &q, mem, take_ownership, &g);

    if (err)
        return err;
    pthread_mutex_lock(&b->lock);
    err = add_ids(b, g.ids, g.n);
    b->loaded |= !err;
    pthread_mutex_unlock(&b->lock);
    return err;
}

static bool is_loaded(struct buyer *b)
{
    bool loaded;

    pthread_mutex_lock(&b->lock);
    loaded = b->loaded;
    pthread_mutex_unlock(&b->lock);
    return loaded;
}

/* Segments */

static bool is_in(const struct snapshot *now, const struct segment *s)
{
    for (size_t i = 0; i < now->n; i++)
        if (now->items[i].segment == s)
            return true;
    return false;
}

static void forget_others(struct buyer *b, const struct snapshot *now)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n_cached; i++) {
        if (is_in(now, b->cached[i].segment)) {
            b->cached[n++] = b->cached[i];
        } else {
            segment_unref(b->cached[i].segment);
            free(b->cached[i].v);
        }
    }
    b->n_cached = n;
}

static struct cached *find_cached(struct buyer *b, struct segment *s)
{
    struct cached *more;

    for (size_t i = 0; i < b->n_cached; i++)
        if (b->cached[i].segment == s)
            return &b->cached[i];
    more = realloc(b->cached, (b->n_cached + 1) * sizeof(*more));
    if (!more)
        return NULL;
    b->cached = more;
    b->cached[b->n_cached] = (struct cached){.segment = segment_ref(s)};
    return &b->cached[b->n_cached++];
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Look up the ids that were not seen yet. */
static enum err bring_up(const struct buyer *b, struct cached *c)
{
    size_t n = 0, had = c->n;
    uint32_t *v;

    if (c->seen == b->n)
        return ERR_OK;
    v = realloc(c->v, (c->n + b->n - c->seen) * sizeof(*v));
    if (!v)
        return ERR_NO_MEMORY;
    c->v = v;
    for (size_t i = c->seen; i < b->n; i++) {
        uint32_t at = segment_find(c->segment, &b->ids[i]);

        if (at != UINT32_MAX)
            v[c->n++] = at;
    }
    c->seen = b->n;
    if (c->n == had)
        return ERR_OK;
    qsort(v, c->n, sizeof(*v), by_number);
    for (size_t i = 0; i < c->n; i++)
        if (n == 0 || v[n - 1] != v[i])
            v[n++] = v[i];
    c->n = n;
    return ERR_OK;
}

/*
 * Copies as many ordinals as there is room for; *n is how many there are.  No arena in here: a lock
 * is held.
 */
static enum err copy(struct buyer *b, struct segment *s, uint32_t *out, size_t room, size_t *n)
{
    enum err err = ERR_NO_MEMORY;
    struct cached *c;

    pthread_mutex_lock(&b->lock);
    c = find_cached(b, s);
    if (c)
        err = bring_up(b, c);
    *n = err ? 0 : c->n;
    if (*n && *n <= room)
        memcpy(out, c->v, *n * sizeof(*out));
    pthread_mutex_unlock(&b->lock);
    return err;
}

static enum err set_of(struct buyer *b, struct segment *s, struct arena *mem, struct set *out)
{
    size_t room = ROOM, n;
    uint32_t *v = arena_alloc(mem, room * sizeof(*v));
    enum err err = copy(b, s, v, room, &n);

    while (!err && n > room) { /* somebody may buy between the two */
        room = n + ROOM;
        v = arena_alloc(mem, room * sizeof(*v));
        err = copy(b, s, v, room, &n);
    }
    *out = (struct set){.v = v, .count = n, .n = s->n};
    return err;
}

enum err owned_find(struct owned *o, struct store *store, const struct uuid *account,
                    bool owns_catalogue, const struct snapshot *now, struct arena *mem,
                    struct owner **out)
{
    struct buyer *b = find_buyer(o, account, true);
    struct owner *w = arena_alloc(mem, sizeof(*w));
    enum err err = ERR_OK;

    if (!b)
        return ERR_NO_MEMORY;
    *w = (struct owner){.account = *account, .owns_catalogue = owns_catalogue};
    w->items = now->items;
    w->n = now->n;
    w->sets = arena_alloc(mem, now->n * sizeof(*w->sets));
    if (store && !is_loaded(b))
        err = load(b, store, mem);
    pthread_mutex_lock(&b->lock);
    forget_others(b, now);
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < now->n && !err; i++)
        if (uuid_equal(&now->items[i].segment->domain, &catalogue_account) && !owns_catalogue)
            err = set_of(b, now->items[i].segment, mem, &w->sets[i]);
    *out = w;
    return err;
}

struct set owner_set(const struct owner *o, const struct segment *s, struct pool *pool)
{
    bool catalogue = uuid_equal(&s->domain, &catalogue_account);
    uint64_t *u;

    if (catalogue ? o->owns_catalogue : uuid_equal(&s->domain, &o->account))
        return set_all(pool);
    u = union_begin(pool);
    for (size_t i = 0; i < o->n; i++)
        if (o->items[i].segment == s)
            union_add(u, &o->sets[i]);
    return union_end(pool, u);
}
