/*
 * The first k of a result in an order.
 *
 * Relevance is an integer from row and question alone, so that no cursor moves when others write
 * and nothing is told about rows that are not seen: each word asked for counts once, by the best
 * text it is found in (title 8, name 6, company 4, any other 1), and these are added up; then the
 * lead score decides; then the id.  All orders end with the id, ascending.
 */
#ifndef SERVER_SEARCH_RANK_H
#define SERVER_SEARCH_RANK_H

#include "server/search/cursor.h"
#include "server/search/eval.h"
#include "server/search/found.h"

struct hit {
    const struct segment *segment;
    uint32_t ordinal;
    int64_t key, score; /* ascending; score only for relevance */
    const char *text;   /* of the orders by text, else NULL */
};

/* Compare hits of any segments; `reverse` turns the texts. */
int hit_compare(const struct hit *a, const struct hit *b, bool reverse);

/*
 * Up to k hits of what is found behind `after` (NULL: from the start) in order into out; the number
 * of them.
 */
size_t rank_segment(struct eval *e, const struct found *found, const struct cursor *after, size_t k,
                    struct hit *out);

#endif
