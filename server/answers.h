/*
 * Answers of searches that come again: kept by account and question as long as the store's change
 * sequence stands still, which is all that an answer depends on but for what the account has paid
 * for (such are not kept).  A question is kept when it comes a second time, so that those that
 * never come again push out nobody.  Bounded memory; any thread.
 */
#ifndef SERVER_ANSWERS_H
#define SERVER_ANSWERS_H

#include "server/search/search.h"

struct answers;
struct store;

/* Of an answer what a page is made of. */
struct page {
    int64_t total;
    const struct uuid *ids;
    size_t n;
    const char *facets, *corrections; /* JSON */
    const char *next_cursor;          /* NULL: the last page */
};

struct answers *answers_new(void);
void answers_free(struct answers *c); /* NULL is fine */

/* key: n bytes that say what was asked, and how. True: *out lives until the arena dies. */
bool answers_find(struct answers *c, struct store *store, const struct uuid *account,
                  const void *key, size_t n, struct arena *mem, struct page *out);
/* change: what the answer is made of, search_answer.change */
void answers_keep(struct answers *c, struct store *store, const struct uuid *account,
                  const void *key, size_t n, int64_t change, const struct page *page);

#endif
