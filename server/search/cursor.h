/* Where a page ended: the sort key and id of its last row, authenticated with the question. */
#ifndef SERVER_SEARCH_CURSOR_H
#define SERVER_SEARCH_CURSOR_H

#include "common/api.h"
#include "common/err.h"
#include "common/mem.h"
#include "server/search/typo.h"

struct seal;

struct cursor {
    int64_t key, score; /* in ascending order of the listing; score only for relevance */
    struct uuid id;
    const char *text;            /* of the orders by text; else "" */
    struct fix fixes[FIXES_MAX]; /* of typos, so that every page looks for the same; without from */
    size_t n_fixes;
};

/*
 * Bound to the account and to everything of q but page_size, facets and cursor.  Without `seal`
 * (tests) an unkeyed sum stands in: it finds alterations, not forgeries.
 * errors: ERR_NO_MEMORY
 */
enum err cursor_text(const struct seal *seal, struct arena *mem, const struct uuid *account,
                     const struct search_query *q, const struct cursor *c,
                     const char **out) MUST_CHECK;
/* errors: ERR_INVALID naming `cursor`: altered, of another question or account; ERR_NO_MEMORY */
enum err cursor_parse(const struct seal *seal, struct arena *mem, const struct uuid *account,
                      const struct search_query *q, struct cursor *out,
                      struct problem *why) MUST_CHECK;

#endif
