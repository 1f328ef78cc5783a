/* Companies: searching them, reading one, its people. */
#include <string.h>

#include "server/ledger.h"
#include "server/routes/search.h"

enum { PAGE = 10 };

static bool is_visible(const struct request *r, const struct uuid *account)
{
    return uuid_equal(account, &catalogue_account) || uuid_equal(account, &r->who.account);
}

/* A company's people are of its own visibility domain: who sees it sees them. */
static enum err count_people(struct request *r, struct company *c)
{
    struct query q = {.type = &profile_type, .where = {{"company_id", OP_EQ, &c->id}}};
    char id[UUID_TEXT];

    c->people_url = arena_printf(r->mem, "/api/companies/%s/profiles", uuid_text(&c->id, id));
    return store_count(r->srv->store, &q, &c->people);
}

/* A row that was deleted since the index saw it is left out; the total still counts it. */
static enum err load_hits(struct request *r, const struct search_answer *a, struct company *rows,
                          size_t *n)
{
    enum err err = ERR_OK;

    *n = 0;
    for (size_t i = 0; i < a->n && !err; i++) {
        err = store_get(r->srv->store, &company_type, &a->hits[i].id, 0, r->mem, &rows[*n]);
        if (!err)
            err = count_people(r, &rows[*n]);
        if (!err)
            ++*n;
        else if (err == ERR_NOT_FOUND)
            err = ERR_OK;
    }
    return err;
}

/* The panes that a company has values for. */
static void choose_panes(struct search_query *q)
{
    static const char *const all[] = {"industry", "employees", "revenue",    "country",
                                      "state",    "city",      "technology", "updated"};
    static const char *const first[] = {"industry", "employees",  "revenue",
                                        "country",  "technology", "updated"};

    if (!q->facets.n)
        q->facets = (struct strs){first, sizeof(first) / sizeof(*first)};
    else if (q->facets.n == 1 && strcmp(q->facets.v[0], "all") == 0)
        q->facets = (struct strs){all, sizeof(all) / sizeof(*all)};
}

static enum err run_search(struct request *r, const struct search_query *asked)
{
    struct search_query q = *asked;
    struct search_ask ask = {r->who.account, &q};
    struct search_answer a = {0};
    struct company_search_reply out = {0};
    struct company *rows;
    enum err err;

    choose_panes(&q);
    err = search_run(r->srv->companies, &ask, r->mem, &a, &r->why);
    if (err)
        return refuse_search(r, r->srv->companies, err);
    rows = arena_alloc(r->mem, a.n * sizeof(*rows));
    out.items.v = rows;
    err = load_hits(r, &a, rows, &out.items.n);
    if (err)
        return err;
    out.corrections = (struct list){a.corrections, a.n_corrections};
    out.total = a.total;
    out.facets = (struct map){a.panes, a.n_panes};
    out.next_cursor = a.next_cursor;
    out.took_us = a.took_us;
    return reply(r, 200, &company_search_reply_type, &out);
}

static enum err search_get(struct request *r)
{
    return run_search(r, r->query);
}

static enum err search_post(struct request *r)
{
    return run_search(r, r->body);
}

static enum err load_company(struct request *r, struct company *c)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    if (!err)
        err = store_get(r->srv->store, &company_type, &id, 0, r->mem, c);
    if (!err && !is_visible(r, &c->account))
        err = ERR_NOT_FOUND;
    return err;
}

static enum err company_show(struct request *r)
{
    struct company c = {0};
    enum err err = load_company(r, &c);

    if (!err)
        err = count_people(r, &c);
    return err ? err : reply(r, 200, &company_type, &c);
}

struct page {
    struct profile *rows;
    size_t n, size;
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    p->rows[p->n++] = *(const struct profile *)rec;
    return p->n < p->size;
}

/* One more than the page is read, so that the last page has no cursor. */
static enum err company_profiles(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {.rows = arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), .size = size + 1};
    struct query q = {.type = &profile_type,
                      .limit = (int64_t)size + 1,
                      .fields = search_reply_fields(&profile_type)};
    struct profile_page out = {0};
    struct company c = {0};
    enum err err = load_company(r, &c);

    q.where[0] = (struct cond){"company_id", OP_EQ, &c.id};
    if (!err)
        err = cursor_read(r, "company_profiles", ask->cursor, &q.after);
    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "company_profiles", &p.rows[size - 1].id);
    }
    if (!err)
        err = ledger_owned(r->srv->store, &r->who, p.rows, p.n, r->mem);
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &profile_page_type, &out);
}

const struct route companies_routes[] = {
    {"GET", "/api/companies/search", search_get,
     "Search companies: exact total, facets, a page of companies and how many people each has.",
     .role = ROLE_VIEWER, .scope = "search", .flags = ROUTE_PLAYGROUND, .rate = RATE_SEARCH,
     .query = &company_query_type, .reply = &company_search_reply_type},
    {"POST", "/api/companies/search", search_post, "The same, with the question as JSON.",
     .role = ROLE_VIEWER, .scope = "search", .flags = ROUTE_READS | ROUTE_PLAYGROUND,
     .rate = RATE_SEARCH, .body = &company_query_type, .reply = &company_search_reply_type},
    {"GET", "/api/companies/:id", company_show, "Read a company.", .role = ROLE_VIEWER,
     .scope = "search", .flags = ROUTE_PLAYGROUND, .reply = &company_type},
    {"GET", "/api/companies/:id/profiles", company_profiles,
     "List the people of a company, masked.", .role = ROLE_VIEWER, .scope = "search",
     .flags = ROUTE_PLAYGROUND, .query = &page_query_type, .reply = &profile_page_type},
    {0},
};
