/* Counting the values of a facet over results, exactly. */
#ifndef SERVER_SEARCH_PANES_H
#define SERVER_SEARCH_PANES_H

#include "server/search/segment.h"

/* Sums over segments, in order of value. */
struct tally {
    struct facet_value *v; /* values point into the segments' images */
    size_t n;
};

void tally_add(struct arena *mem, struct tally *t, const struct segment *s, enum facet f,
               const struct set *result);
/* The top PANE_VALUES by count, then value. */
struct list tally_top(struct arena *mem, const struct tally *t);

#endif
