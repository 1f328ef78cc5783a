/*
 * Sets of ordinals: plain bitsets in 64-bit words, sorted arrays, and packed arrays, of which a
 * segment keeps the smallest.
 *
 * Own kernels, not libroaring's: that one crashes when an allocation fails, and Debian's build of
 * it has no vector code (DECISIONS.md 7 and 20).
 */
#ifndef SERVER_SEARCH_BITS_H
#define SERVER_SEARCH_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

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

/*
 * A set of ordinals below n: a bitset, or, when fewer, a sorted array.  A packed array has two
 * bytes a member, its ordinal within a run of PACKED_RUN of them, behind where each run begins
 * (as in Chambi, Lemire and others, "Better bitmap performance with Roaring bitmaps", 2016, but
 * with one table of runs, so that each is found at once).  n is the segment's; count is exact.  Its
 * memory is its own block of a pool, or somebody else's (a segment's image); what is packed is
 * always borrowed.
 */
struct set {
    const uint64_t *bits;
    const uint32_t *v;
    const uint32_t *runs; /* packed: set_runs(n) + 1 of them, the last is count; then the members */
    size_t count, n;
    void *block; /* of the pool; NULL: borrowed */
};

enum { PACKED_BITS = 16, PACKED_RUN = 1 << PACKED_BITS };

static inline size_t set_runs(size_t n)
{
    return (n + PACKED_RUN - 1) / PACKED_RUN;
}

static inline const uint16_t *packed_members(const struct set *s)
{
    return (const uint16_t *)(s->runs + set_runs(s->n) + 1);
}

/* An array takes no more room than the bitset would. */
static inline bool set_is_sparse(size_t count, size_t n)
{
    return count * 32 <= n;
}

/* The smallest form of a set, as it is stored. */
enum set_form { SET_ARRAY, SET_PACKED, SET_BITS };

static inline size_t packed_size(size_t count, size_t n)
{
    return (set_runs(n) + 1) * sizeof(uint32_t) + count * sizeof(uint16_t);
}

static inline enum set_form set_form(size_t count, size_t n)
{
    size_t array = count * sizeof(uint32_t), packed = packed_size(count, n);
    size_t least = array <= packed ? array : packed;

    if (bits_words(n) * sizeof(uint64_t) <= least)
        return SET_BITS;
    return array <= packed ? SET_ARRAY : SET_PACKED;
}

/* Bytes of the smallest form. */
static inline size_t set_size(size_t count, size_t n)
{
    enum set_form form = set_form(count, n);

    return form == SET_BITS    ? bits_words(n) * sizeof(uint64_t)
           : form == SET_ARRAY ? count * sizeof(uint32_t)
                               : packed_size(count, n);
}

/*
 * Blocks that questions are done with, for the next ones: memory fresh from the kernel costs more
 * than what is done with it.  Any number of threads.
 */
enum { BLOCKS_KEPT = 8 };
struct blocks {
    pthread_mutex_t lock;
    void *v[BLOCKS_KEPT];
    size_t n;
};
void blocks_init(struct blocks *b);
void blocks_release(struct blocks *b);

/*
 * Blocks that each hold any set of ordinals below n.  They are used again and again, so that a
 * query takes as many as it has sets at one time, whatever its length.
 */
struct pool {
    struct arena *mem;
    size_t n;
    void *unused;
    struct blocks *from; /* gets them back when mem ends; NULL: they are mem's */
};
/* All blocks of a pool are of one size: `from` serves pools of one n only, and outlives mem. */
void pool_begin(struct pool *p, struct arena *mem, size_t n, struct blocks *from);

void set_release(struct pool *p, struct set *s);

struct set set_none(size_t n);
struct set set_all(struct pool *p);
/* The union of k sets. */
struct set set_union(struct pool *p, const struct set *sets, size_t k);
/* *s and b, *s and not b; what *s held is released. */
void set_and(struct pool *p, struct set *s, const struct set *b);
void set_and_not(struct pool *p, struct set *s, const struct set *b);
/* A copy that shares the memory: it must not outlive *s, nor be released. */
struct set set_borrow(const struct set *s);

/* The same members as a bitset or a plain array; what *s held is released. */
void set_unpack(struct pool *p, struct set *s);

bool set_has(const struct set *s, uint32_t i);
/* The place of the first element of v[n] that is not below x, looking from `from` on. */
size_t array_from(const uint32_t *v, size_t n, size_t from, uint32_t x);
/* The place of the first member of a packed set that is not below x; `from`: one before it. */
size_t packed_from(const struct set *s, size_t from, uint32_t x);
size_t set_and_count(const struct set *a, const struct set *b);

/* A union that is made one by one. */
uint64_t *union_begin(struct pool *p);
void union_add(uint64_t *u, const struct set *s);
struct set union_end(struct pool *p, uint64_t *u);

/* for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at)), in order */
#define SET_END UINT32_MAX
struct set_at {
    size_t word, index; /* packed: its run, and the member */
    uint64_t left;
};
uint32_t set_first(const struct set *s, struct set_at *at);
/* The first that is not below `from`. */
uint32_t set_from(const struct set *s, struct set_at *at, uint32_t from);

static inline uint32_t packed_next(const struct set *s, struct set_at *at)
{
    if (at->index >= s->count)
        return SET_END;
    while (s->runs[at->word + 1] <= at->index)
        at->word++;
    return (uint32_t)(at->word << PACKED_BITS) | packed_members(s)[at->index++];
}

static inline uint32_t set_next(const struct set *s, struct set_at *at)
{
    if (s->runs)
        return packed_next(s, at);
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
