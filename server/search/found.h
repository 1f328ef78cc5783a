/*
 * What a question finds in a segment: the documents that are in all of some sets and not dead.  It
 * is not worked out before somebody looks, and then piece by piece: the first page of many rows is
 * there before most of them have been looked at.
 */
#ifndef SERVER_SEARCH_FOUND_H
#define SERVER_SEARCH_FOUND_H

#include "common/api.h"
#include "server/search/bits.h"

struct found {
    const struct set *sets[FACET_END + 1]; /* one array, or any number of bitsets */
    size_t n_sets;
    const struct set *dead; /* a bitset or empty */
    size_t n, count;        /* documents of the segment; of these, in the result */
};

/* A result that has been worked out; it must outlive *f. */
void found_of_set(struct found *f, const struct set *result);
bool found_has(const struct found *f, uint32_t i);

enum { FOUND_PIECE = 64 /* words */ };
/*
 * Those among the documents of FOUND_PIECE words from `word` on, which is a multiple of it; the
 * number of them.  Words behind the last document are 0.  *hint is 0 at first, and stays with the
 * set while pieces are taken in order.
 */
size_t found_piece(const struct found *f, size_t word, size_t *hint, uint64_t out[FOUND_PIECE]);
/* The same of one set. */
size_t set_piece(const struct set *s, size_t word, size_t *hint, uint64_t out[FOUND_PIECE]);

/* for (uint32_t i = finder_begin(&at, f, from); i != SET_END; i = finder_next(&at)), in order */
struct finder {
    const struct found *f;
    size_t word, at, hint; /* the piece's first word, and the one that `left` is of */
    uint64_t left, bits[FOUND_PIECE];
};
uint32_t finder_begin(struct finder *x, const struct found *f, uint32_t from);
uint32_t finder_next(struct finder *x);

#endif
