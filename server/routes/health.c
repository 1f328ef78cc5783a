/* Is the server up: the one question that everybody may ask at any time. */
#include "server/options.h"
#include "server/request.h"
#include "server/search/search.h"

static enum err health_show(struct request *r)
{
    struct search_stats index = {0};
    struct health out = {.database = "ok",
                         .redis = limits_redis_word(r->srv->limits),
                         .workers = r->srv->options->workers,
                         .version = VERSION};

    search_stats(r->srv->search, &index);
    out.status = index.ready ? "ok" : "indexing";
    if (store_is_full(r->srv->store)) {
        out.database = "disk full";
        out.status = "degraded";
    }
    return reply(r, 200, &health_type, &out);
}

const struct route health_routes[] = {
    {"GET", "/api/health", health_show, "Is the server well.", .role = ROLE_PUBLIC,
     .rate = RATE_HEALTH, .reply = &health_type, .flags = ROUTE_BEFORE_BOOTSTRAP | ROUTE_QUIET},
    {0},
};
