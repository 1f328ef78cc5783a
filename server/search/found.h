/*
 * What a question finds in a segment: the documents that are in all of some sets and not dead.  It
 * is not worked out before somebody looks, and then piece by piece: the first page of many rows is
 * there before most of them have been looked at.
 */
#ifndef SERVER_SEARCH_FOUND_H
#define SERVER_SEARCH_FOUND_H

#include "server/search/segment.h"

struct found {
    const struct set *sets[FACET_END + 1]; /* in all of them; those with few members first */
    size_t n_sets;
    const struct set *any[TEXT_CLASSES]; /* and in one of these, if there are some */
    size_t n_any;
    const struct set *dead; /* a bitset or empty */
    size_t n, count;        /* documents of the segment; of these, in the result */
};

/* A result that has been worked out; it must outlive *f. */
void found_of_set(struct found *f, const struct set *result);
/* One more set that all must be in. */
void found_add(struct found *f, const struct set *s);
bool found_has(const struct found *f, uint32_t i);

enum { FOUND_PIECE = 64 /* words */ };
/* Zero at first, and the same one while pieces are taken in order. */
struct found_at {
    size_t sets[FACET_END + 1], any[TEXT_CLASSES];
};
/*
 * Those among the documents of FOUND_PIECE words from `word` on, which is a multiple of it; the
 * number of them.  Words behind the last document are 0.
 */
size_t found_piece(const struct found *f, size_t word, struct found_at *at,
                   uint64_t out[FOUND_PIECE]);
/* The same of one set.  *hint is 0 at first, and stays with the set. */
size_t set_piece(const struct set *s, size_t word, size_t *hint, uint64_t out[FOUND_PIECE]);

/* for (uint32_t i = finder_begin(&at, f, from); i != SET_END; i = finder_next(&at)), in order */
struct finder {
    const struct found *f;
    size_t word, at; /* the piece's first word, and the one that `left` is of */
    struct found_at places;
    uint64_t left, bits[FOUND_PIECE];
};
uint32_t finder_begin(struct finder *x, const struct found *f, uint32_t from);
uint32_t finder_next(struct finder *x);

#endif
