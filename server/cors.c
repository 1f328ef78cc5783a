#include "server/cors.h"

#include <string.h>

#include "server/options.h"

const char *cors_origin(const struct request *r)
{
    const char *list = r->srv->options->cors_origins;
    const char *origin = list && *list ? r->header(r, "Origin") : NULL;
    size_t len = origin ? strlen(origin) : 0;

    while (len && *list) {
        size_t n = strcspn(list, " \t,");

        if (n == len && memcmp(list, origin, n) == 0)
            return origin;
        list += n;
        list += strspn(list, " \t,");
    }
    return NULL;
}

static enum err allow(struct request *r)
{
    request_header_add(r, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
    request_header_add(r, "Access-Control-Allow-Headers",
                       "Authorization, Content-Type, Idempotency-Key");
    request_header_add(r, "Access-Control-Max-Age", "7200");
    r->status = 204;
    return ERR_OK;
}

const struct route *cors_preflight(const struct request *r)
{
    static const struct route row = {"OPTIONS",
                                     "*",
                                     allow,
                                     "May a page of this origin ask.",
                                     .role = ROLE_PUBLIC,
                                     .rate = RATE_PREFLIGHT,
                                     .flags = ROUTE_BEFORE_BOOTSTRAP};

    if (strcmp(r->method, "OPTIONS") != 0 || !r->header(r, "Access-Control-Request-Method"))
        return NULL;
    return cors_origin(r) ? &row : NULL;
}
