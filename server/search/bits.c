#include "server/search/bits.h"

#include <stdlib.h>
#include <string.h>

#include "server/search/kernels.h"

static size_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words)
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

/* The place in v[lo, hi) of the first that is not below x. */
static size_t members_from(const uint16_t *v, size_t lo, size_t hi, uint16_t x)
{
    size_t step = 1;

    if (lo >= hi || v[lo] >= x)
        return lo;
    while (lo + step < hi && v[lo + step] < x) {
        lo += step;
        step *= 2;
    }
    hi = lo + step < hi ? lo + step : hi;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (v[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t packed_from(const struct set *s, size_t from, uint32_t x)
{
    size_t run = x >> PACKED_BITS, lo = s->runs[run];

    return members_from(packed_members(s), from > lo ? from : lo, s->runs[run + 1], (uint16_t)x);
}

/* Is x a member of what is no bitset?  *at: its place or that of a smaller one; it moves on. */
static inline bool seek(const struct set *s, size_t *at, uint32_t x)
{
    if (s->runs) {
        *at = packed_from(s, *at, x);
        return *at < s->runs[(x >> PACKED_BITS) + 1] && packed_members(s)[*at] == (uint16_t)x;
    }
    *at = array_from(s->v, s->count, *at, x);
    return *at < s->count && s->v[*at] == x;
}

bool set_has(const struct set *s, uint32_t i)
{
    size_t at = 0;

    return s->bits ? bits_test(s->bits, i) : seek(s, &at, i);
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

enum { RUN_WORDS = PACKED_RUN / 64 };

/* The members of one run of a packed set, into the words of that run. */
static void add_run(uint64_t *words, const struct set *s, size_t run)
{
    const uint16_t *v = packed_members(s);

    for (size_t i = s->runs[run]; i < s->runs[run + 1]; i++)
        bits_set(words, v[i]);
}

void union_add(uint64_t *u, const struct set *s)
{
    if (s->bits)
        kernels()->or (u, u, s->bits, bits_words(s->n));
    for (size_t run = 0; s->runs && run < set_runs(s->n); run++)
        add_run(u + run * RUN_WORDS, s, run);
    for (size_t i = 0; s->v && i < s->count; i++)
        bits_set(u, s->v[i]);
}

struct set union_end(struct pool *p, uint64_t *u)
{
    return settle(p, u, bits_count(u, bits_words(p->n)));
}

/*
 * The bitsets and packed sets into u, run by run so that what is written stays near; bits in it.
 */
static size_t union_runs(uint64_t *u, const struct set *sets, size_t k, size_t n)
{
    const struct kernels *kernel = kernels();
    size_t words = bits_words(n), sum = 0;

    for (size_t run = 0; run < set_runs(n); run++) {
        size_t at = run * RUN_WORDS, piece = words - at < RUN_WORDS ? words - at : RUN_WORDS;

        memset(u + at, 0, piece * sizeof(*u));
        for (size_t i = 0; i < k; i++) {
            if (sets[i].bits)
                kernel->or (u + at, u + at, sets[i].bits + at, piece);
            else if (sets[i].runs)
                add_run(u + at, &sets[i], run);
        }
        sum += bits_count(u + at, piece);
    }
    return sum;
}

static size_t union_array(uint64_t *u, const struct set *s)
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
    n = union_runs(u, sets, k, p->n);
    for (size_t i = 0; i < k; i++)
        if (sets[i].v)
            n += union_array(u, &sets[i]);
    return settle(p, u, n);
}

/* Of a packed set in a bitset: most of what is asked for is that. */
static size_t filter_packed(uint32_t *out, const struct set *a, const uint64_t *bits, bool in)
{
    const uint16_t *v = packed_members(a);
    size_t n = 0;

    for (size_t run = 0; run < set_runs(a->n); run++) {
        const uint64_t *at = bits + run * RUN_WORDS;

        for (size_t i = a->runs[run]; i < a->runs[run + 1]; i++) {
            out[n] = (uint32_t)(run << PACKED_BITS) | v[i];
            n += bits_test(at, v[i]) == in;
        }
    }
    return n;
}

/* The place in a of the first member that is not in this run or one before. */
static size_t end_of_run(const struct set *a, size_t from, size_t run)
{
    return a->runs ? a->runs[run + 1]
                   : array_from(a->v, a->count, from, (uint32_t)((run + 1) << PACKED_BITS));
}

static inline uint16_t member_of_run(const struct set *a, size_t i)
{
    return a->runs ? packed_members(a)[i] : (uint16_t)a->v[i];
}

/*
 * A run of a, which is no bitset, its members [i, end), in one of a packed set: where these are
 * many more they are searched, and else laid out as bits.
 */
static size_t filter_run(uint32_t *out, const struct set *a, size_t i, size_t end, size_t run,
                         const struct set *b, bool in)
{
    enum { MANY = 16 };
    uint64_t bits[RUN_WORDS];
    size_t from = b->runs[run], to = b->runs[run + 1], n = 0;
    bool search = (end - i) * MANY < to - from;

    if (!search) {
        memset(bits, 0, sizeof(bits));
        add_run(bits, b, run);
    }
    for (; i < end; i++) {
        uint16_t x = member_of_run(a, i);
        bool has;

        if (search) {
            from = members_from(packed_members(b), from, to, x);
            has = from < to && packed_members(b)[from] == x;
        } else {
            has = bits_test(bits, x);
        }
        out[n] = (uint32_t)(run << PACKED_BITS) | x;
        n += has == in;
    }
    return n;
}

static size_t filter_by_packed(uint32_t *out, const struct set *a, const struct set *b, bool in)
{
    size_t n = 0, i = 0;

    for (size_t run = 0; run < set_runs(a->n); run++) {
        size_t end = end_of_run(a, i, run);

        if (i < end)
            n += filter_run(out + n, a, i, end, run, b, in);
        i = end;
    }
    return n;
}

/*
 * Into out (which may be a's own memory) those of a, which is no bitset, that are, or are not, in
 * b.
 */
static size_t filter(uint32_t *out, const struct set *a, const struct set *b, bool in)
{
    size_t n = 0, place = 0;
    struct set_at at;

    if (a->runs && b->bits)
        return filter_packed(out, a, b->bits, in);
    if (b->runs)
        return filter_by_packed(out, a, b, in);
    for (uint32_t x = set_first(a, &at); x != SET_END; x = set_next(a, &at)) {
        bool has = b->bits ? bits_test(b->bits, x) : seek(b, &place, x);

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

void set_unpack(struct pool *p, struct set *s)
{
    uint64_t *bits;

    if (!s->runs)
        return;
    if (set_is_sparse(s->count, s->n)) {
        uint32_t *v = take(p);
        size_t n = 0;
        struct set_at at;

        for (uint32_t x = set_first(s, &at); x != SET_END; x = set_next(s, &at))
            v[n++] = x;
        *s = (struct set){.v = v, .count = s->count, .n = s->n, .block = v};
        return;
    }
    bits = union_begin(p);
    union_add(bits, s);
    *s = (struct set){.bits = bits, .count = s->count, .n = s->n, .block = bits};
}

/* Its members have room in a block: those of an array always do. */
static bool fits(const struct set *s)
{
    return s->v || (s->runs && set_is_sparse(s->count, s->n));
}

/* Those of a packed set that are in a bitset, as bits. */
static void and_packed(struct pool *p, struct set *s, const struct set *packed,
                       const uint64_t *bits)
{
    const uint16_t *v = packed_members(packed);
    uint64_t *out = union_begin(p);
    size_t count = 0;

    for (size_t run = 0; run < set_runs(p->n); run++) {
        const uint64_t *in = bits + run * RUN_WORDS;
        uint64_t *to = out + run * RUN_WORDS;

        for (size_t i = packed->runs[run]; i < packed->runs[run + 1]; i++) {
            uint64_t bit = in[v[i] / 64] & UINT64_C(1) << (v[i] % 64);

            to[v[i] / 64] |= bit;
            count += bit != 0;
        }
    }
    give(p, s->block);
    *s = settle(p, out, count);
}

/* Of two that are not small. */
static void and_bits(struct pool *p, struct set *s, const struct set *b)
{
    if (s->bits && b->bits) {
        become_bits(p, s, b, kernels()->and);
    } else if (s->bits) {
        and_packed(p, s, b, s->bits);
    } else {
        struct set plain = set_borrow(b);

        set_unpack(p, &plain);
        and_packed(p, s, s, plain.bits);
        set_release(p, &plain);
    }
}

void set_and(struct pool *p, struct set *s, const struct set *b)
{
    if (s->count == 0 || b->count == 0)
        set_release(p, s);
    else if (fits(s) && (s->count <= b->count || !fits(b)))
        become_array(p, s, s, b, true);
    else if (fits(b))
        become_array(p, s, b, s, true);
    else
        and_bits(p, s, b);
}

static void clear_members(uint64_t *bits, const struct set *s)
{
    struct set_at at;

    for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at))
        bits_clear(bits, i);
}

void set_and_not(struct pool *p, struct set *s, const struct set *b)
{
    size_t words = bits_words(p->n);
    uint64_t *out;

    if (b->count == 0 || s->count == 0)
        return;
    if (fits(s)) {
        become_array(p, s, s, b, false);
        return;
    }
    set_unpack(p, s);
    if (b->bits) {
        become_bits(p, s, b, kernels()->and_not);
        return;
    }
    out = s->block ? s->block : take(p);
    if (out != s->bits)
        memcpy(out, s->bits, words * sizeof(*out));
    clear_members(out, b);
    *s = settle(p, out, bits_count(out, words));
}

size_t set_and_count(const struct set *a, const struct set *b)
{
    size_t n = 0, place = 0;
    struct set_at at;

    if (a->bits && b->bits)
        return bits_count_and(a->bits, b->bits, bits_words(a->n));
    if (a->bits || (!b->bits && b->count < a->count)) {
        const struct set *t = a;

        a = b;
        b = t;
    }
    for (uint32_t x = set_first(a, &at); x != SET_END; x = set_next(a, &at))
        n += b->bits ? bits_test(b->bits, x) : seek(b, &place, x);
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
    } else if (s->runs) {
        at->index = packed_from(s, 0, from);
        at->word = from >> PACKED_BITS;
    } else {
        at->index = array_from(s->v, s->count, 0, from);
    }
    return set_next(s, at);
}
