#include "server/search/bits.h"

#include <string.h>

/*
 * Counting is what panes are made of.  The popcnt instruction is in every x86-64 machine of the
 * last fifteen years but not in the baseline that Debian compiles for, so it is chosen when it is
 * there.
 */
#if defined(__x86_64__)
#define POPCNT __attribute__((target("popcnt")))
static bool has_popcnt(void)
{
    return __builtin_cpu_supports("popcnt");
}
#else
#define POPCNT
static bool has_popcnt(void)
{
    return true;
}
#endif

POPCNT static size_t count_fast(const uint64_t *b, size_t words)
{
    size_t n = 0;

    for (size_t i = 0; i < words; i++)
        n += (size_t)__builtin_popcountll(b[i]);
    return n;
}

POPCNT static size_t count_and_fast(const uint64_t *a, const uint64_t *b, size_t words)
{
    size_t n = 0;

    for (size_t i = 0; i < words; i++)
        n += (size_t)__builtin_popcountll(a[i] & b[i]);
    return n;
}

static size_t count_plain(const uint64_t *a, const uint64_t *b, size_t words)
{
    size_t n = 0;

    for (size_t i = 0; i < words; i++)
        n += (size_t)__builtin_popcountll(a[i] & b[i]);
    return n;
}

size_t bits_count(const uint64_t *b, size_t words)
{
    return has_popcnt() ? count_fast(b, words) : count_plain(b, b, words);
}

size_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words)
{
    return has_popcnt() ? count_and_fast(a, b, words) : count_plain(a, b, words);
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

void set_or_into(uint64_t *into, const struct set *s)
{
    if (s->bits)
        for (size_t i = 0; i < bits_words(s->n); i++)
            into[i] |= s->bits[i];
    else
        for (size_t i = 0; i < s->count; i++)
            bits_set(into, s->v[i]);
}

struct set set_none(size_t n)
{
    return (struct set){.n = n};
}

struct set set_all(struct arena *mem, size_t n)
{
    size_t words = bits_words(n);
    uint64_t *b = arena_alloc(mem, words * sizeof(*b) + 8);

    memset(b, 0xff, words * sizeof(*b));
    if (n % 64)
        b[words - 1] = (UINT64_C(1) << (n % 64)) - 1;
    return (struct set){.bits = b, .count = n, .n = n};
}

static struct set to_array(struct arena *mem, const uint64_t *bits, size_t n, size_t count)
{
    struct set dense = {.bits = bits, .count = count, .n = n};
    uint32_t *v = arena_alloc(mem, count * sizeof(*v));
    struct set_at at;
    size_t k = 0;

    for (uint32_t i = set_first(&dense, &at); i != SET_END; i = set_next(&dense, &at))
        v[k++] = i;
    return (struct set){.v = v, .count = count, .n = n};
}

struct set set_from_bits(struct arena *mem, const uint64_t *bits, size_t n)
{
    size_t count = bits_count(bits, bits_words(n));

    if (set_is_sparse(count, n))
        return to_array(mem, bits, n, count);
    return (struct set){.bits = bits, .count = count, .n = n};
}

/* Of the array a, those that are (or are not) in b. */
static struct set filter(struct arena *mem, const struct set *a, const struct set *b, bool in)
{
    uint32_t *v = arena_alloc(mem, a->count * sizeof(*v));
    size_t n = 0, at = 0;

    for (size_t i = 0; i < a->count; i++) {
        bool has;

        if (b->bits) {
            has = bits_test(b->bits, a->v[i]);
        } else {
            at = gallop(b->v, b->count, at, a->v[i]);
            has = at < b->count && b->v[at] == a->v[i];
        }
        if (has == in)
            v[n++] = a->v[i];
    }
    return (struct set){.v = v, .count = n, .n = a->n};
}

struct set set_and(struct arena *mem, const struct set *a, const struct set *b)
{
    size_t words = bits_words(a->n);
    uint64_t *out;

    if (!a->bits && (b->bits || a->count <= b->count))
        return filter(mem, a, b, true);
    if (!b->bits)
        return filter(mem, b, a, true);
    out = arena_alloc(mem, words * sizeof(*out) + 8);
    for (size_t i = 0; i < words; i++)
        out[i] = a->bits[i] & b->bits[i];
    return set_from_bits(mem, out, a->n);
}

struct set set_and_not(struct arena *mem, const struct set *a, const struct set *b)
{
    size_t words = bits_words(a->n);
    uint64_t *out;

    if (b->count == 0)
        return *a;
    if (!a->bits)
        return filter(mem, a, b, false);
    out = arena_alloc(mem, words * sizeof(*out) + 8);
    if (b->bits) {
        for (size_t i = 0; i < words; i++)
            out[i] = a->bits[i] & ~b->bits[i];
    } else {
        memcpy(out, a->bits, words * sizeof(*out));
        for (size_t i = 0; i < b->count; i++)
            bits_clear(out, b->v[i]);
    }
    return set_from_bits(mem, out, a->n);
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
