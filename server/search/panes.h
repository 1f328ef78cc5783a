/* Counting the values of facets over results, exactly. */
#ifndef SERVER_SEARCH_PANES_H
#define SERVER_SEARCH_PANES_H

#include "server/search/segment.h"

/* Sums over segments, in order of value. */
struct tally {
    struct facet_value *v; /* values point into the segments' images */
    size_t n;
};

/*
 * Add the values of the wanted facets to their tallies, which are by facet.  all_but: the result is
 * all documents but these; NULL: no such thing is known.
 */
void panes_add(struct arena *mem, struct tally *tallies, const struct segment *s,
               const bool wanted[FACET_END], const struct set *result, const struct set *all_but);
/* Add counts[code + 1] of a facet. */
void tally_add(struct arena *mem, struct tally *t, const struct segment *s, enum facet f,
               const uint32_t *counts);
/* The top ones by count, then value; their texts are in mem. */
struct list tally_top(struct arena *mem, const struct tally *t, size_t most);

#endif
