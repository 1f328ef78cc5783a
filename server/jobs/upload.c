#include "server/jobs/upload.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "server/jobs_private.h"
#include "server/options.h"
#include "server/search/search.h"
#include "server/store.h"

enum {
    BLOCK = 64 * 1024,
    SEARCHABLE_MS = 30000,
    LOOK_MS = 200,
    LOOK_EVERY = 256,    /* rows between two looks at whether to stop */
    CAREFUL_ROWS = 1200, /* more than a part has */
};

static enum err read_params(const struct job *job, struct arena *mem, struct upload_params *out,
                            struct problem *why)
{
    const cJSON *doc;
    enum err err = json_parse(mem, job->params, strlen(job->params), &doc, why);

    return err ? err : json_decode(&upload_params_type, doc, JSON_FROM_SERVER, mem, out, NULL, why);
}

/* Say how the file is read, before the first row. */
static enum err save_mapping(struct server *srv, struct job *job, const struct upload_file *f,
                             struct arena *mem)
{
    static const char *const names[] = {"encoding", "mapping", "size", NULL};
    const char **rules = arena_alloc(mem, f->n * sizeof(*rules));
    struct step step = {
        .kind = STEP_UPDATE, .type = &job_type, .rec = job, .fields = job_fields(names)};
    struct plan plan = {.steps = &step, .n = 1};

    job->mapping = (struct strs){rules, 0};
    for (size_t i = 0; i < f->n; i++)
        if (f->fields[i] != IMPORT_none)
            rules[job->mapping.n++] =
                arena_printf(mem, "%s:%s", f->columns[i], import_name(f->fields[i]));
    job->encoding = f->encoding;
    job->size = f->size;
    return store_commit(srv->store, &plan);
}

static enum err take_rows(struct server *srv, struct job *job, struct importer *im, struct csv *csv,
                          const struct upload_params *p, bool *stopped)
{
    struct csv_row row;
    enum err err = ERR_OK;
    int n = 0;

    while (!err && !*stopped && csv_next(csv, &row)) {
        err = importer_add(im, &row, p->country, !csv_is_wary(csv));
        if (++n % LOOK_EVERY == 0)
            *stopped = job_should_stop(srv, job);
    }
    return err;
}

static enum err read_rows(struct server *srv, struct job *job, const struct upload_file *f,
                          struct importer *im, const struct upload_params *p)
{
    struct csv *csv = csv_new(f->delimiter);
    int64_t at = job->offset ? job->offset : f->body;
    bool stopped = false, more = true;
    enum err err = ERR_OK;
    char block[BLOCK];

    if (!csv)
        return ERR_NO_MEMORY;
    csv_expect(csv, f->n);
    csv_seek(csv, at, upload_line_at(f->fd, at));
    while (!err && !stopped && more) {
        ssize_t n = pread(f->fd, block, sizeof(block), csv_wants(csv));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            log_event(LOG_ERROR, "upload.read", LOG_INT("errno", errno));
            err = ERR_UNAVAILABLE;
            break;
        }
        at = csv_wants(csv) + n;
        err = csv_feed(csv, block, (size_t)n, n == 0);
        if (!err)
            err = take_rows(srv, job, im, csv, p, &stopped);
        more = n > 0 || csv_wants(csv) < at;
    }
    csv_free(csv);
    return err || stopped ? err : importer_flush(im);
}

/*
 * A plan that is refused is taken again from the last checkpoint, now row by row: two rows of one
 * plan may want an address that the other gives up, which in their own order is possible.
 */
static enum err import_rows(struct server *srv, struct job *job, const struct upload_file *f,
                            const struct upload_params *p, struct arena *mem, struct problem *why)
{
    int64_t tried = -1;
    enum err err = ERR_CONFLICT;

    for (size_t one_by_one = 0; err == ERR_CONFLICT; one_by_one = CAREFUL_ROWS) {
        struct importer *im = importer_new(srv, job, f, one_by_one);

        if (!im)
            return ERR_NO_MEMORY;
        err = read_rows(srv, job, f, im, p);
        importer_free(im);
        if (err != ERR_CONFLICT)
            break;
        log_event(LOG_WARN, "upload.conflict", LOG_INT("row_by_row", one_by_one));
        err = store_get(srv->store, &job_type, &job->id, 0, mem, job);
        if (err)
            break;
        if (job->offset == tried) {
            problem_set(why, NULL, "a row stands in the way of rows that are there already");
            return ERR_INTERNAL;
        }
        tried = job->offset;
        err = ERR_CONFLICT;
    }
    return err;
}

/* Done means searchable; an index that lags does not make the import fail. */
static void wait_searchable(struct server *srv, const struct job *job)
{
    int64_t change = store_last_change(srv->store);

    for (int64_t ms = 0; ms < SEARCHABLE_MS && !job_should_stop(srv, job); ms += LOOK_MS)
        if (search_wait(srv->search, change, LOOK_MS))
            return;
}

static enum err run(struct server *srv, struct job *job, struct arena *mem, struct problem *why)
{
    struct upload_params p = {0};
    struct upload_file f = {.fd = -1};
    enum err err = read_params(job, mem, &p, why);

    if (!err)
        err = upload_file_open(upload_path(srv, &job->id, mem), &p, mem, &f, why);
    if (!err)
        err = save_mapping(srv, job, &f, mem);
    if (!err)
        err = import_rows(srv, job, &f, &p, mem, why);
    if (f.fd >= 0)
        close(f.fd);
    if (!err && srv->search)
        wait_searchable(srv, job);
    return err;
}

/* Files whose job has ended, or never came to be, when the server died at the wrong moment. */
static void tidy(struct server *srv)
{
    struct arena *mem = arena_new();
    const char *dir = arena_printf(mem, "%s/spool", srv->options->data);
    DIR *d = opendir(dir);

    for (struct dirent *e; d && (e = readdir(d));) {
        char name[UUID_TEXT];
        struct job job = {0};
        struct uuid id;

        snprintf(name, sizeof(name), "%.36s", e->d_name);
        if (!uuid_parse(name, &id))
            continue;
        if (store_get(srv->store, &job_type, &id, 0, mem, &job) == ERR_NOT_FOUND || job.finished.ms)
            unlink(arena_printf(mem, "%s/%s", dir, e->d_name));
    }
    if (d)
        closedir(d);
    arena_free(mem);
}

static void cleanup(struct server *srv, const struct job *job)
{
    struct arena *mem = arena_new();
    const char *path = upload_path(srv, &job->id, mem);

    unlink(path);
    unlink(arena_printf(mem, "%s.utf8", path));
    arena_free(mem);
}

const struct job_kind upload_job = {.name = "upload", .run = run, .cleanup = cleanup, .tidy = tidy};
