/* The account's audit log for its admins, the platform's for the super_admin; how the server does.
 */
#include <stdio.h>
#include <string.h>

#include "server/options.h"
#include "server/records.h"
#include "server/request.h"
#include "server/search/search.h"

enum { PAGE = 50 };

struct page {
    struct audit *rows;
    size_t n, size;
    bool linked; /* show the chain: its numbers tell how much goes on elsewhere */
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;
    struct audit *a = &p->rows[p->n++];

    *a = *(const struct audit *)rec;
    if (!p->linked) {
        a->seq = 0;
        a->chain = (struct uuid){0};
        a->previous = a->hash = NULL;
    }
    return p->n < p->size;
}

static enum err audit_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {.rows = arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)),
                     .size = size + 1,
                     .linked = r->who.role == ROLE_SUPER_ADMIN};
    struct query q = {.type = &audit_type, .newest_first = true, .limit = (int64_t)size + 1};
    struct audit_page out = {0};
    enum err err = cursor_read(r, "audit", ask->cursor, &q.after);

    if (r->who.role < ROLE_SUPER_ADMIN)
        q.where[0] = (struct cond){"account_id", OP_EQ, &r->who.account};
    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "audit", &p.rows[size - 1].id);
    }
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &audit_page_type, &out);
}

static int64_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long long pages = 0;

    if (f && fscanf(f, "%*s %lld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static enum err count_jobs(struct store *s, const char *state, int64_t *out)
{
    struct query q = {.type = &job_type};

    q.where[0] = (struct cond){"state", OP_EQ, &state};
    return store_count(s, &q, out);
}

static enum err count_mails(struct store *s, const char *state, int64_t *out)
{
    struct query q = {.type = &mail_type};

    q.where[0] = (struct cond){"state", OP_EQ, &state};
    return store_count(s, &q, out);
}

static enum err count_all(struct store *s, const struct type *t, int64_t *out)
{
    struct query q = {.type = t};

    return store_count(s, &q, out);
}

static enum err count_records(struct store *s, struct admin_health *out)
{
    enum err err = count_jobs(s, "queued", &out->jobs_queued);

    if (!err)
        err = count_jobs(s, "running", &out->jobs_running);
    if (!err)
        err = count_all(s, &account_type, &out->accounts);
    if (!err)
        err = count_all(s, &user_type, &out->users);
    if (!err)
        err = count_all(s, &company_type, &out->companies);
    if (!err)
        err = count_mails(s, "queued", &out->mail_queued);
    if (!err)
        err = count_mails(s, "dead", &out->mail_dead);
    return err;
}

static enum err admin_health_show(struct request *r)
{
    struct server *srv = r->srv;
    struct search_stats index = {0};
    struct store_stats stats = {0};
    struct admin_health out = {
        .version = VERSION,
        .uptime = (clock_mono_us() - srv->started_us) / 1000000,
        .workers = srv->options->workers,
        .connections = atomic_load(&srv->connections),
        .requests = atomic_load(&srv->requests),
        .errors = atomic_load(&srv->errors),
        .resident = resident_bytes(),
        .mail = srv->mail != NULL,
    };
    enum err err = count_records(srv->store, &out);

    if (err)
        return err;
    search_stats(srv->search, &index);
    store_stats(srv->store, &stats);
    out.status = index.ready ? "ok" : "indexing";
    out.profiles = out.index_documents = index.documents;
    out.index_segments = index.segments;
    out.index_lag = store_last_change(srv->store) - index.change;
    out.commits = stats.commits;
    out.data_bytes = stats.bytes;
    return reply(r, 200, &admin_health_type, &out);
}

const struct route admin_routes[] = {
    {"GET", "/api/admin/audit", audit_list, "The audit log, newest first.", .role = ROLE_ADMIN,
     .scope = "admin", .query = &page_query_type, .reply = &audit_page_type},
    {"GET", "/api/admin/health", admin_health_show, "How the server is doing, in numbers.",
     .role = ROLE_SUPER_ADMIN, .scope = "admin", .flags = ROUTE_LOCAL_ADMIN,
     .reply = &admin_health_type},
    {0},
};
