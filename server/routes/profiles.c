/* Profiles, search and reveals. */
#include <string.h>

#include "server/answers.h"
#include "server/items.h"
#include "server/ledger.h"
#include "server/routes/search.h"

enum { PART_MAX = 16 * 1024 * 1024 }; /* of a reply */

static bool is_visible(const struct request *r, const struct uuid *account)
{
    return uuid_equal(account, &catalogue_account) || uuid_equal(account, &r->who.account);
}

/* A row that was deleted since the index saw it is left out; the total still counts it. */
static enum err load_hits(struct request *r, const struct search_answer *a, struct profile *rows,
                          size_t *n)
{
    uint64_t fields = search_reply_fields(&profile_type);

    *n = 0;
    for (size_t i = 0; i < a->n; i++) {
        enum err err =
            store_get(r->srv->store, &profile_type, &a->hits[i].id, fields, r->mem, &rows[*n]);

        if (err && err != ERR_NOT_FOUND)
            return err;
        *n += !err;
    }
    return ERR_OK;
}

static struct list explain_all(struct request *r, const struct search_answer *a,
                               const struct profile *rows, size_t n)
{
    struct explanation *out = arena_alloc(r->mem, n * sizeof(*out));

    for (size_t i = 0; i < n; i++)
        out[i] = (struct explanation){rows[i].id, search_explain(a, &rows[i], r->mem)};
    return (struct list){out, n};
}

/* With reasons, which take the rows as they are. */
static enum err explained_items(struct request *r, const struct search_answer *a,
                                struct search_reply *out)
{
    struct profile *rows = arena_alloc(r->mem, a->n * sizeof(*rows));
    enum err err = load_hits(r, a, rows, &out->items.n);

    out->items.v = rows;
    if (!err)
        err = ledger_owned(r->srv->store, &r->who, rows, out->items.n, r->mem);
    if (!err)
        out->explain = explain_all(r, a, rows, out->items.n);
    return err;
}

static const struct uuid *ids_of(struct arena *mem, const struct search_answer *a)
{
    struct uuid *ids = arena_alloc(mem, a->n * sizeof(*ids));

    for (size_t i = 0; i < a->n; i++)
        ids[i] = a->hits[i].id;
    return ids;
}

static void free_buf(void *b)
{
    buf_free(b);
}

/* A member of the reply as it is written; NULL: no memory. */
static const char *written(struct arena *mem, const char *name, const struct search_reply *rec)
{
    struct buf *b = arena_alloc(mem, sizeof(*b));

    b->max = PART_MAX;
    arena_defer(mem, free_buf, b);
    json_write_value(b, type_field(&search_reply_type, name), rec, JSON_MASKED, mem);
    return b->failed ? NULL : b->data;
}

static enum err page_of(struct request *r, const struct search_answer *a, struct page *out)
{
    struct search_reply parts = {.facets = {.v = a->panes, .n = a->n_panes},
                                 .corrections = {.v = a->corrections, .n = a->n_corrections}};

    *out = (struct page){.total = a->total,
                         .ids = ids_of(r->mem, a),
                         .n = a->n,
                         .facets = written(r->mem, "facets", &parts),
                         .corrections = written(r->mem, "corrections", &parts),
                         .next_cursor = a->next_cursor};
    return out->facets && out->corrections ? ERR_OK : ERR_NO_MEMORY;
}

/* The text that was sent is what an answer is kept by; the same words in another form are another.
 */
static void question_of(const struct request *r, const void **key, size_t *n)
{
    bool posted = r->route->body != NULL;

    *key = posted ? r->raw : r->query_text;
    *n = posted ? r->raw_len : r->query_text ? strlen(r->query_text) : 0;
    if (!*key)
        *key = "";
}

/* From the index, or from before; a->took_us is told either way. */
static enum err find_page(struct request *r, const struct search_ask *ask, struct page *page,
                          struct search_answer *a)
{
    int64_t from = clock_mono_us();
    const void *key;
    size_t n;
    enum err err;

    question_of(r, &key, &n);
    if (r->srv->answers &&
        answers_find(r->srv->answers, r->srv->store, &r->who.account, key, n, r->mem, page)) {
        a->took_us = clock_mono_us() - from;
        return ERR_OK;
    }
    err = search_run(r->srv->search, ask, r->mem, a, &r->why);
    if (err)
        return refuse_search(r, r->srv->search, err);
    err = page_of(r, a, page);
    if (!err && r->srv->answers && !a->of_owner && !ask->query->explain)
        answers_keep(r->srv->answers, r->srv->store, &r->who.account, key, n, a->change, page);
    return err;
}

static enum err run_search(struct request *r, const struct search_query *q)
{
    struct search_ask ask = {r->who.account, q, .owns_catalogue = r->who.role == ROLE_SUPER_ADMIN};
    struct search_answer a = {0};
    struct search_reply out = {0};
    struct page page = {0};
    enum err err;

    if (q->prefix)
        return refuse(r, ERR_INVALID, "prefix", "prefix belongs to /api/facets");
    err = find_page(r, &ask, &page, &a);
    out.took_us = a.took_us;
    if (!err)
        err = q->explain ? explained_items(r, &a, &out)
                         : items_write(r, page.ids, page.n, &out.items);
    if (err)
        return err;
    out.total = page.total;
    out.facets.json = page.facets;
    out.next_cursor = page.next_cursor;
    out.corrections.json = page.corrections;
    return reply(r, 200, &search_reply_type, &out);
}

static enum err search_get(struct request *r)
{
    return run_search(r, r->query);
}

static enum err search_post(struct request *r)
{
    return run_search(r, r->body);
}

/* A reply that shows a contact in clear is in the audit log before it is sent. */
static enum err note_clear_read(struct request *r, const struct uuid *profile)
{
    struct step step = {
        .kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, profile, NULL)};
    struct plan plan = {.steps = &step, .n = 1};

    return store_commit(r->srv->store, &plan);
}

static enum err profile_show(struct request *r)
{
    struct profile p = {0};
    struct uuid id;
    bool clear;
    enum err err = request_id(r, 0, &id);

    if (!err)
        err = store_get(r->srv->store, &profile_type, &id, 0, r->mem, &p);
    if (!err && !is_visible(r, &p.account))
        err = ERR_NOT_FOUND;
    if (!err)
        err = ledger_owned(r->srv->store, &r->who, &p, 1, r->mem);
    if (err)
        return err;
    clear = (p.owned & OWN_EMAIL && p.email) || (p.owned & OWN_PHONE && p.phone);
    if (clear)
        err = note_clear_read(r, &p.id);
    return err ? err : reply_owned(r, 200, &profile_type, &p);
}

static enum err reveal_one(struct request *r)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    return err ? err : ledger_reveal(r, &id, r->body);
}

static enum err reveal_many(struct request *r)
{
    return ledger_reveal_many(r, r->body);
}

const struct route profiles_routes[] = {
    {"GET", "/api/profiles/search", search_get,
     "Search profiles: exact total, facets, a page of masked items.", .role = ROLE_VIEWER,
     .scope = "search", .flags = ROUTE_PLAYGROUND, .rate = RATE_SEARCH, .query = &search_query_type,
     .reply = &search_reply_type},
    {"POST", "/api/profiles/search", search_post, "The same, with the question as JSON.",
     .role = ROLE_VIEWER, .scope = "search", .flags = ROUTE_READS | ROUTE_PLAYGROUND,
     .rate = RATE_SEARCH, .body = &search_query_type, .reply = &search_reply_type},
    {"GET", "/api/profiles/:id", profile_show,
     "Read a profile; contact fields are clear where your account owns them.", .role = ROLE_VIEWER,
     .scope = "search", .flags = ROUTE_PLAYGROUND, .reply = &profile_type, .audit = "profile.read"},
    {"POST", "/api/profiles/:id/reveal", reveal_one,
     "Reveal contact fields, charging once for ever for those not owned yet.", .role = ROLE_USER,
     .scope = "reveal", .rate = RATE_REVEAL, .body = &reveal_request_type,
     .reply = &reveal_reply_type, .flags = ROUTE_IDEMPOTENT | ROUTE_PLAYGROUND | ROUTE_SELF,
     .audit = "profile.reveal"},
    {"POST", "/api/reveals", reveal_many, "Reveal contact fields of many profiles in one commit.",
     .role = ROLE_USER, .scope = "reveal", .rate = RATE_REVEAL, .body = &reveals_request_type,
     .reply = &reveals_reply_type, .flags = ROUTE_IDEMPOTENT | ROUTE_PLAYGROUND | ROUTE_SELF,
     .audit = "profile.reveal", .body_max = 128 * 1024},
    {0},
};
