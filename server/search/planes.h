/*
 * A column of codes as bitsets, one for each bit of a code ("bit-sliced", O'Neil and Quass 1997):
 * counting all codes over a set then reads a few bits a document, and a few instructions do 512
 * documents.
 *
 * A plane code is the column's code (0: no value) where all of them fit; otherwise the most
 * frequent ones, renumbered in their order, and PLANE_OTHER for all the rest.
 */
#ifndef SERVER_SEARCH_PLANES_H
#define SERVER_SEARCH_PLANES_H

#include <stddef.h>
#include <stdint.h>

enum {
    PLANES_MAX = 6,
    PLANE_CODES = 1 << PLANES_MAX,
    PLANE_OTHER = PLANE_CODES - 1,
    PLANE_PIECE = 256, /* words counted at a time: they, the planes and what is between fit L1 */
};

struct planes {
    const uint64_t *bits; /* `n` bitsets, one behind the other */
    size_t words;         /* of one */
    int n;
    unsigned last;               /* the highest plane code */
    uint32_t codes[PLANE_CODES]; /* the column's code of each plane code */
};

/* Without bits: what the planes of a column are, whose codes 1..n come counts[0..n-1] times. */
void planes_choose(struct planes *p, const uint32_t *counts, uint32_t n, size_t documents);
/* The plane code of each of the codes 0..n; out has n + 1. */
void planes_map(const struct planes *p, uint32_t n, uint8_t *out);

/*
 * Count the set's words [from, from + words), at most PLANE_PIECE of them, which `set` points at:
 * sums[c] grows by how many documents of the set have at least the bits of plane code c.
 */
void planes_count(const struct planes *p, const uint64_t *set, size_t from, size_t words,
                  size_t sums[PLANE_CODES]);
/* Turn the sums of all pieces into counts of each plane code. */
void planes_settle(const struct planes *p, size_t sums[PLANE_CODES]);
/* Those of the set's words that have PLANE_OTHER. */
void planes_other(const struct planes *p, const uint64_t *set, size_t from, size_t words,
                  uint64_t *out);

#endif
