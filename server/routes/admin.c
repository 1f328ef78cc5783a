/* How the server does. */
#include <stdio.h>
#include <string.h>

#include "server/options.h"
#include "server/records.h"
#include "server/request.h"
#include "server/search/search.h"

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
    {"GET", "/api/admin/health", admin_health_show, "How the server is doing, in numbers.",
     .role = ROLE_SUPER_ADMIN, .scope = "admin", .flags = ROUTE_LOCAL_ADMIN,
     .reply = &admin_health_type},
    {0},
};
