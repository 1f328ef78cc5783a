/* What the routes that search have in common. */
#ifndef SERVER_ROUTES_SEARCH_H
#define SERVER_ROUTES_SEARCH_H

#include <string.h>

#include "server/request.h"
#include "server/search/search.h"

/* What a reply's items are read with: what may be shown, and whose the row is. */
static inline uint64_t search_reply_fields(const struct type *t)
{
    uint64_t set = 0;

    for (const struct field *f = t->fields; f->name; f++)
        if (!(f->flags & (FIELD_INTERNAL | FIELD_WIRE)) || strcmp(f->name, "account") == 0)
            set |= type_bit(t, f);
    return set;
}

/* The index is being built: 503, how far it is, and when to come again; any other err as it is. */
static inline enum err refuse_search(struct request *r, struct search *s, enum err err)
{
    struct search_stats stats = {0};

    if (err != ERR_NOT_READY)
        return err;
    search_stats(s, &stats);
    r->retry_after = 1;
    return refuse(r, err, NULL, "the search index is being built: %d %%",
                  (int)(stats.built.ppm / 10000));
}

#endif
