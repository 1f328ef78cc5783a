#include "server/search/bits.h"

#include <string.h>

/*
 * Counting is what panes are made of.  Debian compiles for machines without popcnt, so the kernels
 * are built for better ones too and chosen by what the processor says.  Over bitsets of 1,000,000
 * bits that lie in the cache: 42 us for plain C, 13 for popcnt, 2.2 for AVX-512.
 */
static size_t count_and_plain(const uint64_t *a, const uint64_t *b, size_t words)
{
    size_t n = 0;

    for (size_t i = 0; i < words; i++)
        n += (size_t)__builtin_popcountll(a[i] & b[i]);
    return n;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("popcnt"))) static size_t count_and_popcnt(const uint64_t *a,
                                                                 const uint64_t *b, size_t words)
{
    size_t n = 0;

    for (size_t i = 0; i < words; i++)
        n += (size_t)__builtin_popcountll(a[i] & b[i]);
    return n;
}

__attribute__((target("avx512f,avx512vpopcntdq"))) static size_t
count_and_avx512(const uint64_t *a, const uint64_t *b, size_t words)
{
    __m512i sum = _mm512_setzero_si512();
    size_t i = 0;

    for (; i + 8 <= words; i += 8) {
        __m512i both = _mm512_and_si512(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));

        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(both));
    }
    return (size_t)_mm512_reduce_add_epi64(sum) + count_and_plain(a + i, b + i, words - i);
}

size_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words)
{
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        return count_and_avx512(a, b, words);
    if (__builtin_cpu_supports("popcnt"))
        return count_and_popcnt(a, b, words);
    return count_and_plain(a, b, words);
}
#else
size_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words)
{
    return count_and_plain(a, b, words);
}
#endif

size_t bits_count(const uint64_t *b, size_t words)
{
    return bits_count_and(b, b, words);
}

/* Blocks */

static void *take(struct pool *p)
{
    void *block = p->unused;

    if (!block)
        return arena_alloc(p->mem, (bits_words(p->n) + 1) * sizeof(uint64_t));
    memcpy(&p->unused, block, sizeof(p->unused));
    return block;
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

/* The place of the first element of v[n] that is not below x, looking from `from` on. */
static size_t gallop(const uint32_t *v, size_t n, size_t from, uint32_t x)
{
    size_t step = 1, lo = from, hi;

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
    at = gallop(s->v, s->count, 0, i);
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

/* The block of a bitset becomes a set, as an array when that is smaller. */
static struct set settle(struct pool *p, uint64_t *bits, size_t count)
{
    struct set dense = {.bits = bits, .count = count, .n = p->n, .block = bits};
    struct set_at at;
    uint32_t *v;
    size_t k = 0;

    if (!set_is_sparse(count, p->n))
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
        for (size_t i = 0; i < bits_words(s->n); i++)
            u[i] |= s->bits[i];
    else
        for (size_t i = 0; i < s->count; i++)
            bits_set(u, s->v[i]);
}

struct set union_end(struct pool *p, uint64_t *u)
{
    return settle(p, u, bits_count(u, bits_words(p->n)));
}

struct set set_union(struct pool *p, const struct set *sets, size_t k)
{
    const struct set *only = NULL;
    size_t filled = 0;
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
    u = union_begin(p);
    for (size_t i = 0; i < k; i++)
        union_add(u, &sets[i]);
    return union_end(p, u);
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
            at = gallop(b->v, b->count, at, x);
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
static void become_bits(struct pool *p, struct set *s, const struct set *b, uint64_t flip)
{
    size_t words = bits_words(p->n);
    uint64_t *out = s->block ? s->block : take(p);

    for (size_t i = 0; i < words; i++)
        out[i] = s->bits[i] & (b->bits[i] ^ flip);
    *s = settle(p, out, bits_count(out, words));
}

void set_and(struct pool *p, struct set *s, const struct set *b)
{
    if (!s->bits && (b->bits || s->count <= b->count))
        become_array(p, s, s, b, true);
    else if (!b->bits)
        become_array(p, s, b, s, true);
    else
        become_bits(p, s, b, 0);
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
        become_bits(p, s, b, ~UINT64_C(0));
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
            at = gallop(b->v, b->count, at, a->v[i]);
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
        at->index = gallop(s->v, s->count, 0, from);
    }
    return set_next(s, at);
}
