/*
 * The first k of a result in an order.
 *
 * Relevance is an integer from row and query alone: each word of the query counts once, by the best
 * text it is found in (title 8, name 6, company 4, any other 1); then the lead score; then the id.
 * All orders end with the id, ascending.
 */
#ifndef SERVER_SEARCH_RANK_H
#define SERVER_SEARCH_RANK_H

#include "server/search/cursor.h"
#include "server/search/query.h"

struct hit {
    const struct segment *segment;
    uint32_t ordinal;
    int64_t key, score; /* ascending */
    const char *text;   /* of the orders by text, else NULL */
};

/* Compare two hits of different segments; `reverse` turns the texts. */
int hit_compare(const struct hit *a, const struct hit *b, bool reverse);

/* Up to k hits of `result` behind `after` (NULL: from the start), in order; the number of them. */
size_t rank_segment(struct arena *mem, const struct segment *s, const struct set *result,
                    const struct ask *ask, const struct cursor *after, size_t k, struct hit *out);

#endif
