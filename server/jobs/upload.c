#include "server/jobs/upload.h"

#include <string.h>

#include "server/jobs_private.h"
#include "server/search/search.h"
#include "server/store.h"

enum { BLOCK = 64 * 1024, SEARCHABLE_MS = 30000, LOOK_EVERY = 256 };

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
    bool stopped = false, last = false;
    enum err err = ERR_OK;
    char block[BLOCK];

    if (!csv)
        return ERR_NO_MEMORY;
    csv_expect(csv, f->n);
    csv_seek(csv, at, upload_line_at(f->fd, at));
    while (!err && !stopped && !last) {
        ssize_t n = pread(f->fd, block, sizeof(block), at);

        if (n < 0) {
            err = ERR_UNAVAILABLE;
            break;
        }
        at += n;
        last = n == 0;
        err = csv_feed(csv, block, (size_t)n, last);
        if (!err)
            err = take_rows(srv, job, im, csv, p, &stopped);
    }
    csv_free(csv);
    return err || stopped ? err : importer_flush(im);
}

static enum err run(struct server *srv, struct job *job, struct arena *mem, struct problem *why)
{
    struct upload_params p = {0};
    struct upload_file f = {.fd = -1};
    struct importer *im;
    enum err err = read_params(job, mem, &p, why);

    if (!err)
        err = upload_file_open(upload_path(srv, &job->id, mem), &p, mem, &f, why);
    if (!err)
        err = save_mapping(srv, job, &f, mem);
    if (!err) {
        im = importer_new(srv, job, &f);
        err = read_rows(srv, job, &f, im, &p);
        importer_free(im);
    }
    if (f.fd >= 0)
        close(f.fd);
    /* Done means searchable; an index that lags does not make the import fail. */
    if (!err && srv->search)
        search_wait(srv->search, store_last_change(srv->store), SEARCHABLE_MS);
    return err;
}

static void cleanup(struct server *srv, const struct job *job)
{
    struct arena *mem = arena_new();
    const char *path = upload_path(srv, &job->id, mem);

    unlink(path);
    unlink(arena_printf(mem, "%s.utf8", path));
    arena_free(mem);
}

const struct job_kind upload_job = {.name = "upload", .run = run, .cleanup = cleanup};
