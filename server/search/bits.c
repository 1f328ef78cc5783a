#include "server/search/bits.h"

#include <stdlib.h>
#include <string.h>

#include "server/search/kernels.h"

size_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words)
{
    return kernels()->count_and(a, b, words);
}

size_t bits_count(const uint64_t *b, size_t words)
{
    return bits_count_and(b, b, words);
}

/* Blocks */

void blocks_init(struct blocks *b)
{
    *b = (struct blocks){0};
    pthread_mutex_init(&b->lock, NULL);
}

void blocks_release(struct blocks *b)
{
    while (b->n)
        free(b->v[--b->n]);
    pthread_mutex_destroy(&b->lock);
}

struct taken {
    struct blocks *from;
    void *block;
};

static void give_back(void *arg)
{
    struct taken *t = arg;
    bool kept = false;

    pthread_mutex_lock(&t->from->lock);
    if (t->from->n < BLOCKS_KEPT) {
        t->from->v[t->from->n++] = t->block;
        kept = true;
    }
    pthread_mutex_unlock(&t->from->lock);
    if (!kept)
        free(t->block);
}

void pool_begin(struct pool *p, struct arena *mem, size_t n, struct blocks *from)
{
    *p = (struct pool){.mem = mem, .n = n, .from = from};
}

/* A block of `from`, which gets it back when the arena ends; NULL: there is no memory. */
static void *borrow(struct pool *p, size_t size)
{
    struct taken *t = arena_alloc(p->mem, sizeof(*t));
    struct deferred *d = arena_defer(p->mem, give_back, t);

    t->from = p->from;
    pthread_mutex_lock(&t->from->lock);
    if (t->from->n)
        t->block = t->from->v[--t->from->n];
    pthread_mutex_unlock(&t->from->lock);
    if (!t->block)
        t->block = malloc(size);
    if (!t->block)
        arena_cancel(d);
    return t->block;
}

static void *take(struct pool *p)
{
    size_t size = (bits_words(p->n) + 1) * sizeof(uint64_t);
    void *block = p->unused;

    if (!block && p->from)
        block = borrow(p, size);
    else if (block)
        memcpy(&p->unused, block, sizeof(p->unused));
    return block ? block : arena_alloc(p->mem, size);
}

static void give(struct pool *p, void *block)
{
    if (!block)
        return;
    memcpy(block, &p->unused, sizeof(p->unused));
    p->unused = block;
}

void set_release(struct pool *p, struct set *s)
{
    give(p, s->block);
    *s = (struct set){.n = s->n};
}

struct set set_borrow(const struct set *s)
{
    struct set out = *s;

    out.block = NULL;
    return out;
}

size_t array_from(const uint32_t *v, size_t n, size_t from, uint32_t x)
{
    size_t step = 1, lo = from, hi;

    if (from >= n || v[from] >= x)
        return from;
    while (lo + step < n && v[lo + step] < x) {
        lo += step;
        step *= 2;
    }
    hi = lo + step < n ? lo + step : n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (v[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool set_has(const struct set *s, uint32_t i)
{
    size_t at;

    if (s->bits)
        return bits_test(s->bits, i);
    at = array_from(s->v, s->count, 0, i);
    return at < s->count && s->v[at] == i;
}

struct set set_none(size_t n)
{
    return (struct set){.n = n};
}

struct set set_all(struct pool *p)
{
    size_t words = bits_words(p->n);
    uint64_t *b = take(p);

    memset(b, 0xff, words * sizeof(*b));
    if (p->n % 64)
        b[words - 1] = (UINT64_C(1) << (p->n % 64)) - 1;
    return (struct set){.bits = b, .count = p->n, .n = p->n, .block = b};
}

/*
 * Results become arrays only when few: taking the members out costs more than testing bits later,
 * until there are so few that whole passes over bits cost more.
 */
enum { FEW = 256 };

/* The block of a bitset becomes a set, as an array when it has few. */
static struct set settle(struct pool *p, uint64_t *bits, size_t count)
{
    struct set dense = {.bits = bits, .count = count, .n = p->n, .block = bits};
    struct set_at at;
    uint32_t *v;
    size_t k = 0;

    if (count * FEW > p->n)
        return dense;
    v = take(p);
    for (uint32_t i = set_first(&dense, &at); i != SET_END; i = set_next(&dense, &at))
        v[k++] = i;
    give(p, bits);
    return (struct set){.v = v, .count = count, .n = p->n, .block = v};
}

uint64_t *union_begin(struct pool *p)
{
    return memset(take(p), 0, bits_words(p->n) * sizeof(uint64_t));
}

void union_add(uint64_t *u, const struct set *s)
{
    if (s->bits)
        kernels()->or (u, u, s->bits, bits_words(s->n));
    else
        for (size_t i = 0; i < s->count; i++)
            bits_set(u, s->v[i]);
}

struct set union_end(struct pool *p, uint64_t *u)
{
    return settle(p, u, bits_count(u, bits_words(p->n)));
}

/* The bitsets among the sets into u, piece by piece so that the piece stays near; bits in it. */
static size_t union_dense(uint64_t *u, const struct set *sets, size_t k, size_t words)
{
    enum { PIECE = 1024 };
    const struct kernels *kernel = kernels();
    size_t n = 0;

    for (size_t at = 0; at < words; at += PIECE) {
        size_t piece = words - at < PIECE ? words - at : PIECE, count = 0;

        memset(u + at, 0, piece * sizeof(*u));
        for (size_t i = 0; i < k; i++)
            if (sets[i].bits)
                count = kernel->or (u + at, u + at, sets[i].bits + at, piece);
        n += count;
    }
    return n;
}

static size_t union_sparse(uint64_t *u, const struct set *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->count; i++) {
        uint64_t bit = UINT64_C(1) << (s->v[i] % 64), *word = &u[s->v[i] / 64];

        n += !(*word & bit);
        *word |= bit;
    }
    return n;
}

struct set set_union(struct pool *p, const struct set *sets, size_t k)
{
    const struct set *only = NULL;
    size_t filled = 0, n;
    uint64_t *u;

    for (size_t i = 0; i < k; i++) {
        if (sets[i].count) {
            only = &sets[i];
            filled++;
        }
    }
    if (filled == 0)
        return set_none(p->n);
    if (filled == 1)
        return set_borrow(only);
    u = take(p);
    n = union_dense(u, sets, k, bits_words(p->n));
    for (size_t i = 0; i < k; i++)
        if (!sets[i].bits)
            n += union_sparse(u, &sets[i]);
    return settle(p, u, n);
}

/* Into out (which may be a's own memory) those of the array a that are, or are not, in b. */
static size_t filter(uint32_t *out, const struct set *a, const struct set *b, bool in)
{
    size_t n = 0, at = 0;

    for (size_t i = 0; i < a->count; i++) {
        uint32_t x = a->v[i];
        bool has;

        if (b->bits) {
            has = bits_test(b->bits, x);
        } else {
            at = array_from(b->v, b->count, at, x);
            has = at < b->count && b->v[at] == x;
        }
        out[n] = x;
        n += has == in;
    }
    return n;
}

static void become_array(struct pool *p, struct set *s, const struct set *from,
                         const struct set *by, bool in)
{
    bool own = from->block && from->block == s->block;
    uint32_t *v = own ? from->block : take(p);
    size_t count = filter(v, from, by, in);

    if (!own)
        give(p, s->block);
    *s = (struct set){.v = v, .count = count, .n = p->n, .block = v};
}

/* s and b, or s and not b, both bitsets. */
static void become_bits(struct pool *p, struct set *s, const struct set *b, kernel_into *kernel)
{
    uint64_t *out = s->block ? s->block : take(p);

    *s = settle(p, out, kernel(out, s->bits, b->bits, bits_words(p->n)));
}

void set_and(struct pool *p, struct set *s, const struct set *b)
{
    if (!s->bits && (b->bits || s->count <= b->count))
        become_array(p, s, s, b, true);
    else if (!b->bits)
        become_array(p, s, b, s, true);
    else
        become_bits(p, s, b, kernels()->and);
}

void set_and_not(struct pool *p, struct set *s, const struct set *b)
{
    size_t words = bits_words(p->n);
    uint64_t *out;

    if (b->count == 0 || s->count == 0)
        return;
    if (!s->bits) {
        become_array(p, s, s, b, false);
        return;
    }
    if (b->bits) {
        become_bits(p, s, b, kernels()->and_not);
        return;
    }
    out = s->block ? s->block : take(p);
    if (out != s->bits)
        memcpy(out, s->bits, words * sizeof(*out));
    for (size_t i = 0; i < b->count; i++)
        bits_clear(out, b->v[i]);
    *s = settle(p, out, bits_count(out, words));
}

size_t set_and_count(const struct set *a, const struct set *b)
{
    size_t n = 0, at = 0;

    if (a->bits && b->bits)
        return bits_count_and(a->bits, b->bits, bits_words(a->n));
    if (a->bits || (!b->bits && b->count < a->count)) {
        const struct set *t = a;

        a = b;
        b = t;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (b->bits) {
            n += bits_test(b->bits, a->v[i]);
        } else {
            at = array_from(b->v, b->count, at, a->v[i]);
            n += at < b->count && b->v[at] == a->v[i];
        }
    }
    return n;
}

uint32_t set_first(const struct set *s, struct set_at *at)
{
    *at = (struct set_at){0};
    if (s->bits && s->n)
        at->left = s->bits[0];
    else if (s->bits)
        return SET_END;
    return set_next(s, at);
}

uint32_t set_from(const struct set *s, struct set_at *at, uint32_t from)
{
    *at = (struct set_at){0};
    if (from >= s->n)
        return SET_END;
    if (s->bits) {
        at->word = from / 64;
        at->left = s->bits[at->word] & ~UINT64_C(0) << (from % 64);
    } else {
        at->index = array_from(s->v, s->count, 0, from);
    }
    return set_next(s, at);
}
