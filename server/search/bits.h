/* Plain bitsets of n bits in 64-bit words, and sorted arrays of ordinals. */
#ifndef SERVER_SEARCH_BITS_H
#define SERVER_SEARCH_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"

static inline size_t bits_words(size_t n)
{
    return (n + 63) / 64;
}

static inline bool bits_test(const uint64_t *b, uint32_t i)
{
    return b[i / 64] >> (i % 64) & 1;
}

static inline void bits_set(uint64_t *b, uint32_t i)
{
    b[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void bits_clear(uint64_t *b, uint32_t i)
{
    b[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

size_t bits_count(const uint64_t *b, size_t words);
size_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words);

/*
 * A set of ordinals below n: a bitset, or, when few, a sorted array.  `n` is the segment's; `count`
 * is exact.  A posting of a segment is one that lies in its image.
 */
struct set {
    const uint64_t *bits; /* NULL: the array */
    const uint32_t *v;
    size_t count, n;
};

/* A posting is kept as an array while that is smaller than the bitset. */
static inline bool set_is_sparse(size_t count, size_t n)
{
    return count * 32 <= n;
}

bool set_has(const struct set *s, uint32_t i);
void set_or_into(uint64_t *into, const struct set *s);
/* Results are in mem. */
struct set set_all(struct arena *mem, size_t n);
struct set set_none(size_t n);
/* bits becomes the set's own; it is turned into an array when that is smaller. */
struct set set_from_bits(struct arena *mem, const uint64_t *bits, size_t n);
struct set set_and(struct arena *mem, const struct set *a, const struct set *b);
struct set set_and_not(struct arena *mem, const struct set *a, const struct set *b);
size_t set_and_count(const struct set *a, const struct set *b);

/* for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at)), in order */
#define SET_END UINT32_MAX
struct set_at {
    size_t word, index;
    uint64_t left;
};
uint32_t set_first(const struct set *s, struct set_at *at);
/* The first that is not below `from`. */
uint32_t set_from(const struct set *s, struct set_at *at, uint32_t from);

static inline uint32_t set_next(const struct set *s, struct set_at *at)
{
    if (!s->bits)
        return at->index < s->count ? s->v[at->index++] : SET_END;
    while (!at->left) {
        if (++at->word >= bits_words(s->n))
            return SET_END;
        at->left = s->bits[at->word];
    }
    uint32_t i = (uint32_t)(at->word * 64) + (uint32_t)__builtin_ctzll(at->left);

    at->left &= at->left - 1;
    return i;
}

#endif
