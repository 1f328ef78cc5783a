/* Jobs: lists, states, events as they happen, and the rows that were not taken. */
#include <string.h>

#include "common/csv.h"
#include "server/jobs_private.h"
#include "server/options.h"
#include "server/request.h"

enum { PAGE = 50, WAIT_MS = 500, KEEP_ALIVE_MS = 15000, REJECTS = 200 };

/* Its user, the admins of the account, and the super_admin see a job. */
static bool may_see(const struct request *r, const struct job *job)
{
    if (r->who.role == ROLE_SUPER_ADMIN)
        return true;
    return uuid_equal(&job->account, &r->who.account) &&
           (r->who.role == ROLE_ADMIN || uuid_equal(&job->user, &r->who.user));
}

static enum err load_job(struct request *r, struct job *job)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    if (!err)
        err = store_get(r->srv->store, &job_type, &id, 0, r->mem, job);
    return !err && !may_see(r, job) ? ERR_NOT_FOUND : err;
}

static enum err job_show(struct request *r)
{
    struct job job = {0};
    enum err err = load_job(r, &job);

    if (err)
        return err;
    job_for_reply(r->srv, &job, r->mem);
    return reply(r, 200, &job_type, &job);
}

struct page {
    struct request *r;
    struct job *rows;
    size_t n, size;
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    p->rows[p->n] = *(const struct job *)rec;
    p->n++;
    return p->n < p->size;
}

static enum err job_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {r, arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), 0, size + 1};
    struct query q = {.type = &job_type, .newest_first = true, .limit = (int64_t)size + 1};
    struct job_page out = {0};
    enum err err = cursor_read(r, "jobs", ask->cursor, &q.after);

    if (r->who.role < ROLE_SUPER_ADMIN)
        q.where[0] = (struct cond){"account_id", OP_EQ, &r->who.account};
    if (r->who.role < ROLE_ADMIN)
        q.where[1] = (struct cond){"user_id", OP_EQ, &r->who.user};
    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "jobs", &p.rows[size - 1].id);
    }
    for (size_t i = 0; i < p.n; i++)
        job_for_reply(r->srv, &p.rows[i], r->mem);
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &job_page_type, &out);
}

static enum err job_cancel(struct request *r)
{
    struct job job = {0};
    enum err err = load_job(r, &job);

    if (!err)
        err = jobs_cancel(r->srv->jobs, &job.id, request_audit(r, &job.id, NULL), r->mem);
    if (err == ERR_CONFLICT)
        return refuse(r, ERR_CONFLICT, NULL, "the job has ended already");
    return err ? err : job_show(r);
}

/* What stays of the request when its reply is a stream. */
struct watch {
    struct server *srv;
    struct uuid id;
    struct buf text; /* what was not sent yet, from `at` on */
    size_t at;
    bool ended, seen_error;
    int64_t seen_read, sent_ms;
    char seen_state[16];
};

static bool is_terminal(const char *state)
{
    return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ||
           strcmp(state, "cancelled") == 0;
}

/* Write an event when something changed. */
static enum err look(struct watch *w, struct arena *mem)
{
    struct job job = {0};
    enum err err = store_get(w->srv->store, &job_type, &w->id, 0, mem, &job);

    if (err)
        return err;
    job_for_reply(w->srv, &job, mem);
    if (job.n.read == w->seen_read && strcmp(job.state, w->seen_state) == 0 &&
        (job.error.rec != NULL) == w->seen_error)
        return ERR_OK;
    w->seen_read = job.n.read;
    w->seen_error = job.error.rec != NULL;
    snprintf(w->seen_state, sizeof(w->seen_state), "%s", job.state);
    w->ended = is_terminal(job.state);
    buf_str(&w->text, "event: progress\ndata: ");
    json_write(&w->text, &job_type, &job, JSON_MASKED, mem);
    buf_str(&w->text, "\n\n");
    return w->text.failed ? ERR_NO_MEMORY : ERR_OK;
}

static long take(struct watch *w, char *out, size_t max)
{
    size_t n = w->text.len - w->at < max ? w->text.len - w->at : max;

    memcpy(out, w->text.data + w->at, n);
    w->at += n;
    if (w->at == w->text.len) {
        buf_clear(&w->text);
        w->at = 0;
    }
    w->sent_ms = clock_mono_us() / 1000;
    return (long)n;
}

/* Blocks until there is something to say: an event, or a comment that keeps the line open. */
static long watch_read(void *arg, char *out, size_t max)
{
    struct watch *w = arg;

    while (w->text.len == 0 && !w->ended && !atomic_load(&w->srv->stopping)) {
        struct arena *mem = arena_new();
        enum err err = look(w, mem);

        arena_free(mem);
        if (err)
            return -1;
        if (w->text.len == 0 && clock_mono_us() / 1000 - w->sent_ms > KEEP_ALIVE_MS)
            buf_str(&w->text, ": still here\n\n");
        if (w->text.len == 0)
            jobs_wait_change(w->srv->jobs, WAIT_MS);
    }
    return w->text.len ? take(w, out, max) : -1;
}

static void watch_close(void *arg)
{
    struct watch *w = arg;

    jobs_stream_give(w->srv->jobs);
    buf_free(&w->text);
    free(w);
}

static enum err job_events(struct request *r)
{
    struct job job = {0};
    struct watch *w;
    enum err err = load_job(r, &job);

    if (err)
        return err;
    if (!jobs_stream_take(r->srv->jobs, r->srv->options->event_streams))
        return refuse(r, ERR_BUSY, NULL, "too many streams of events are open");
    w = calloc(1, sizeof(*w));
    if (!w) {
        jobs_stream_give(r->srv->jobs);
        return ERR_NO_MEMORY;
    }
    *w = (struct watch){.srv = r->srv,
                        .id = job.id,
                        .text = BUF_INIT(256 * 1024),
                        .seen_read = -1,
                        .sent_ms = clock_mono_us() / 1000};
    r->status = 200;
    r->content_type = "text/event-stream";
    r->stream.read = watch_read;
    r->stream.close = watch_close;
    r->stream.arg = w;
    return ERR_OK;
}

/* The rows that were not taken, page by page. */
struct listing {
    struct server *srv;
    struct uuid job, after;
    struct buf text;
    size_t at;
    size_t page; /* rows of the page that was read last */
    bool last;
};

static bool write_row(void *arg, const void *rec)
{
    const struct job_reject *x = rec;
    struct listing *l = arg;

    buf_int(&l->text, x->line);
    buf_char(&l->text, ',');
    csv_write_cell(&l->text, x->column ? x->column : "");
    buf_char(&l->text, ',');
    csv_write_cell(&l->text, x->code);
    buf_char(&l->text, ',');
    csv_write_cell(&l->text, x->reason);
    buf_str(&l->text, "\r\n");
    l->after = x->id;
    l->page++;
    return true;
}

static enum err next_page(struct listing *l)
{
    struct query q = {.type = &job_reject_type, .limit = REJECTS, .after = l->after};
    struct arena *mem = arena_new();
    enum err err;

    q.where[0] = (struct cond){"job", OP_EQ, &l->job};
    l->page = 0;
    err = store_find(l->srv->store, &q, mem, write_row, l);
    arena_free(mem);
    l->last = l->page < REJECTS;
    return err;
}

static long listing_read(void *arg, char *out, size_t max)
{
    struct listing *l = arg;
    size_t n;

    if (l->at == l->text.len) {
        buf_clear(&l->text);
        l->at = 0;
        if (l->last || next_page(l) || l->text.len == 0)
            return -1;
    }
    n = l->text.len - l->at < max ? l->text.len - l->at : max;
    memcpy(out, l->text.data + l->at, n);
    l->at += n;
    return (long)n;
}

static void listing_close(void *arg)
{
    struct listing *l = arg;

    buf_free(&l->text);
    free(l);
}

static enum err job_errors(struct request *r)
{
    struct job job = {0};
    struct listing *l;
    enum err err = load_job(r, &job);

    if (err)
        return err;
    l = calloc(1, sizeof(*l));
    if (!l)
        return ERR_NO_MEMORY;
    *l = (struct listing){.srv = r->srv, .job = job.id, .text = BUF_INIT(1024 * 1024)};
    buf_str(&l->text, "line,column,code,reason\r\n");
    r->status = 200;
    r->content_type = "text/csv; charset=utf-8";
    r->stream = (struct stream){listing_read, listing_close, l};
    return ERR_OK;
}

const struct route jobs_routes[] = {
    {"GET", "/api/jobs", job_list, "List your jobs, or the account's for its admins.",
     .role = ROLE_VIEWER, .scope = "jobs", .query = &page_query_type, .reply = &job_page_type},
    {"GET", "/api/jobs/:id", job_show, "Read a job.", .role = ROLE_VIEWER, .scope = "jobs",
     .reply = &job_type},
    {"GET", "/api/jobs/:id/events", job_events, "A job's progress as server-sent events.",
     .role = ROLE_VIEWER, .scope = "jobs", .produces = "text/event-stream"},
    {"GET", "/api/jobs/:id/errors", job_errors, "The rows and cells that were not taken, as CSV.",
     .role = ROLE_VIEWER, .scope = "jobs", .produces = "text/csv"},
    {"POST", "/api/jobs/:id/cancel", job_cancel, "Stop a job at its next checkpoint.",
     .role = ROLE_USER, .scope = "jobs", .rate = RATE_WRITE, .reply = &job_type,
     .audit = "job.cancel"},
    {"GET", "/api/admin/jobs", job_list, "The account's jobs; everybody's for the super_admin.",
     .role = ROLE_ADMIN, .scope = "admin", .query = &page_query_type, .reply = &job_page_type},
    {0},
};
