/* What the routes that search have in common. */
#ifndef SERVER_ROUTES_SEARCH_H
#define SERVER_ROUTES_SEARCH_H

#include "server/request.h"
#include "server/search/search.h"

/* The index is being built: 503, how far it is, and when to come again; any other err as it is. */
static inline enum err refuse_search(struct request *r, enum err err)
{
    struct search_stats stats = {0};

    if (err != ERR_NOT_READY)
        return err;
    search_stats(r->srv->search, &stats);
    r->retry_after = 1;
    return refuse(r, err, NULL, "the search index is being built: %d %%",
                  (int)(stats.built.ppm / 10000));
}

#endif
