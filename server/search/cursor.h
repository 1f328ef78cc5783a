/* Where a page ended: the sort key and id of its last row, authenticated with the question. */
#ifndef SERVER_SEARCH_CURSOR_H
#define SERVER_SEARCH_CURSOR_H

#include "common/api.h"
#include "common/err.h"
#include "common/mem.h"

struct seal;

struct cursor {
    int64_t key, score; /* in ascending order of the listing; score only for relevance */
    struct uuid id;
    const char *text; /* of the orders by text; else "" */
};

const char *cursor_text(const struct seal *seal, struct arena *mem, const struct uuid *account,
                        const struct search_query *q, const struct cursor *c);
/* errors: ERR_INVALID naming `cursor`: altered, of another question or account */
enum err cursor_parse(const struct seal *seal, struct arena *mem, const struct uuid *account,
                      const struct search_query *q, struct cursor *out,
                      struct problem *why) MUST_CHECK;

#endif
