/* Uploads: a body streamed to a spool file, and the job that reads it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "common/country.h"
#include "common/file.h"
#include "server/jobs/upload.h"
#include "server/options.h"

/* A body on its way to the disk. */
struct spool {
    struct uuid id;
    const char *path;
    int fd;
    struct seal_out *out;
    bool kept; /* the job owns the file now */
};

static enum err disk_error(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_UNAVAILABLE;
}

static enum err spool_write(void *arg, const void *data, size_t n)
{
    struct spool *s = arg;

    return seal_out_add(s->out, data, n);
}

static void spool_close(void *arg)
{
    struct spool *s = arg;

    seal_out_free(s->out);
    close(s->fd);
    if (!s->kept)
        unlink(s->path);
}

static enum err check_rules(struct request *r, const struct strs *map)
{
    for (size_t i = 0; i < map->n; i++) {
        const char *colon = strrchr(map->v[i], ':');

        if (!colon || colon == map->v[i] || import_find(colon + 1) == IMPORT_FIELDS)
            return refuse(r, ERR_INVALID, "map", "it must read COLUMN:field with a known field");
        for (size_t k = 0; k < i; k++)
            if (strrchr(map->v[k], ':') - map->v[k] == colon - map->v[i] &&
                memcmp(map->v[k], map->v[i], (size_t)(colon - map->v[i])) == 0)
                return refuse(r, ERR_INVALID, "map", "a column is named twice");
    }
    return ERR_OK;
}

static bool is_acceptable(const char *type)
{
    static const char *const types[] = {"text/csv",
                                        "text/plain",
                                        "text/tab-separated-values",
                                        "application/csv",
                                        "application/octet-stream",
                                        "application/vnd.ms-excel"};
    size_t n = type ? strcspn(type, "; ") : 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (n == strlen(types[i]) && strncasecmp(types[i], type, n) == 0)
            return true;
    return !type;
}

/* The name says who wrote it in lists, never where it lies: that is ours alone. */
static enum err open_sink(struct request *r)
{
    const struct upload_query *q = r->query;
    struct spool *s = arena_alloc(r->mem, sizeof(*s));
    enum err err = check_rules(r, &q->map);

    if (err)
        return err;
    if (!is_acceptable(r->header(r, "Content-Type")))
        return refuse(r, ERR_MEDIA_TYPE, NULL, "the body must be text/csv, the file itself");
    if (q->country && !country_code(q->country))
        return refuse(r, ERR_INVALID, "country", "there is no such country");
    s->id = uuid_new();
    s->path = upload_path(r->srv, &s->id, r->mem);
    if (file_make_dir(arena_printf(r->mem, "%s/spool", r->srv->options->data)))
        return disk_error();
    s->fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return disk_error();
    err = seal_out_new(r->srv->seal, s->fd, &s->id, &s->out);
    if (err) {
        spool_close(s);
        return err;
    }
    r->sink = (struct sink){spool_write, spool_close, s, 0};
    return ERR_OK;
}

static const char *params_json(struct request *r, const struct upload_query *q)
{
    struct upload_params p = {q->map, q->country ? country_code(q->country) : NULL};
    struct buf b = BUF_INIT(64 * 1024);
    const char *text;

    json_write(&b, &upload_params_type, &p, JSON_MASKED, r->mem);
    text = b.failed ? NULL : arena_strdup(r->mem, b.data);
    buf_free(&b);
    return text;
}

struct making {
    struct request *r;
    struct upload_reply reply;
};

static enum err settle(void *arg)
{
    struct making *m = arg;
    enum err err = reply(m->r, 202, &upload_reply_type, &m->reply);

    return err ? err : request_keep(m->r);
}

/* What a super_admin loads is the catalogue's; everybody else loads for the own account. */
static enum err commit_job(struct request *r, struct job *job)
{
    struct making m = {r, {job->id, job->state}};
    struct step steps[3] = {
        {.kind = STEP_INSERT, .type = &job_type, .rec = job},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &job->id, NULL)},
    };
    struct plan plan = {.steps = steps, .n = 2, .settle = settle, .arg = &m};

    plan.n += request_keep_step(r, &steps[2]);
    return store_commit(r->srv->store, &plan);
}

static enum err upload(struct request *r)
{
    const struct upload_query *q = r->query;
    struct spool *s = r->sink.arg;
    struct job job = {.id = s->id,
                      .account = r->who.account,
                      .user = r->who.user,
                      .target =
                          r->who.role == ROLE_SUPER_ADMIN ? catalogue_account : r->who.account,
                      .kind = "upload",
                      .state = "queued",
                      .name = q->name,
                      .created = clock_now(),
                      .size = (int64_t)r->sink.received};
    enum err err;

    if (!r->sink.received)
        return refuse(r, ERR_INVALID, "body", "the file is empty");
    err = seal_out_end(s->out);
    if (err)
        return err;
    if (fsync(s->fd))
        return disk_error();
    file_sync_entry(s->path);
    job.params = params_json(r, q);
    if (!job.params)
        return ERR_NO_MEMORY;
    s->kept = true;
    err = commit_job(r, &job);
    if (err)
        s->kept = false;
    else
        jobs_wake(r->srv->jobs);
    return err;
}

const struct route uploads_routes[] = {
    {"POST", "/api/uploads", upload, "Load a CSV file of contacts; the job reads it.",
     .role = ROLE_USER, .scope = "upload", .rate = RATE_WRITE, .query = &upload_query_type,
     .reply = &upload_reply_type, .open_sink = open_sink, .consumes = "text/csv",
     .flags = ROUTE_IDEMPOTENT, .audit = "upload.create"},
    {0},
};
