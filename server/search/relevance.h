/*
 * The relevance of documents (rank.h says what it is), for a piece of a segment at a time: kept as
 * one bitset for each bit of the number, so that a few operations add a word for 64 documents.
 */
#ifndef SERVER_SEARCH_RELEVANCE_H
#define SERVER_SEARCH_RELEVANCE_H

#include "server/search/eval.h"
#include "server/search/found.h"

enum { RELEVANCE_BITS = 10 /* NODES_MAX + 1 words of the heaviest text */ };

struct relevance {
    const struct eval *e;
    int bits;      /* that the highest relevance takes */
    uint32_t most; /* no document has more */
    uint64_t (*planes)[FOUND_PIECE];
    size_t (*hints)[TEXT_CLASSES];
};

void relevance_begin(struct relevance *r, const struct eval *e, struct arena *mem);
/* The documents of FOUND_PIECE words from this one on become the present ones. */
void relevance_move(struct relevance *r, size_t word);
/* Of those in `set` the ones that have at least so much; the number of them. */
size_t relevance_at_least(const struct relevance *r, uint32_t least,
                          const uint64_t set[FOUND_PIECE], uint64_t out[FOUND_PIECE]);
/* Of the i-th document of the piece. */
uint32_t relevance_of(const struct relevance *r, uint32_t i);

#endif
