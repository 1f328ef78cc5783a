/* Values of facets, and typing ahead. */
#include <string.h>

#include "server/routes/search.h"

enum { SUGGEST_DEFAULT = 10 };

static enum err facet_values(struct request *r, const struct search_query *q)
{
    struct search_ask ask = {r->who.account, q, .owns_catalogue = r->who.role == ROLE_SUPER_ADMIN};
    enum facet f = facet_find(r->params[0]);
    struct facet_pane pane;
    enum err err;

    if (!f)
        return ERR_NOT_FOUND;
    if (q->cursor)
        return refuse(r, ERR_INVALID, "cursor", "a pane has one page");
    err =
        search_values(r->srv->search, &ask, f, q->prefix ? q->prefix : "", r->mem, &pane, &r->why);
    return err ? refuse_search(r, r->srv->search, err) : reply(r, 200, &facet_pane_type, &pane);
}

static enum err facet_get(struct request *r)
{
    return facet_values(r, r->query);
}

static enum err facet_post(struct request *r)
{
    return facet_values(r, r->body);
}

static enum err suggest_get(struct request *r)
{
    static const char *const words[] = {[SUGGEST_TITLE] = "title",
                                        [SUGGEST_COMPANY] = "company",
                                        [SUGGEST_PLACE] = "place",
                                        [SUGGEST_TECHNOLOGY] = "technology",
                                        [SUGGEST_ANY] = "any"};
    const struct suggest_query *q = r->query;
    struct suggest_reply out = {0};
    size_t field = 0, most = q->limit ? (size_t)q->limit : SUGGEST_DEFAULT;
    enum err err;

    while (strcmp(words[field], q->field) != 0) /* it is one of them: the table says so */
        field++;
    err = search_suggest(r->srv->search, &r->who.account, (enum suggest_field)field, q->prefix,
                         most, r->mem, &out.items);
    return err ? refuse_search(r, r->srv->search, err) : reply(r, 200, &suggest_reply_type, &out);
}

const struct route suggest_routes[] = {
    {"GET", "/api/facets/:name", facet_get,
     "List the values of one facet under a question, with exact counts; page_size is how many.",
     .role = ROLE_VIEWER, .scope = "search", .flags = ROUTE_PLAYGROUND, .rate = RATE_SEARCH,
     .query = &search_query_type, .reply = &facet_pane_type},
    {"POST", "/api/facets/:name", facet_post, "The same, with the question as JSON.",
     .role = ROLE_VIEWER, .scope = "search", .flags = ROUTE_READS | ROUTE_PLAYGROUND,
     .rate = RATE_SEARCH, .body = &search_query_type, .reply = &facet_pane_type},
    {"GET", "/api/suggest", suggest_get,
     "Suggest titles, companies, places or technologies that begin so, or some of each, with "
     "counts.",
     .role = ROLE_VIEWER, .scope = "search", .flags = ROUTE_PLAYGROUND, .rate = RATE_SEARCH,
     .query = &suggest_query_type, .reply = &suggest_reply_type},
    {0},
};
