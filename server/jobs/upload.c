#include "server/jobs/upload.h"

#include <string.h>

#include "common/log.h"
#include "server/jobs_private.h"
#include "server/search/search.h"
#include "server/store.h"

enum {
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

static enum err read_rows(struct server *srv, struct job *job, struct upload_file *f,
                          struct importer *im, const struct upload_params *p)
{
    struct csv *csv = csv_new(f->delimiter);
    int64_t at = job->offset ? job->offset : f->body, line;
    bool stopped = false, more = true;
    enum err err;
    char block[SEAL_BLOCK];

    if (!csv)
        return ERR_NO_MEMORY;
    csv_expect(csv, f->n);
    err = upload_line_at(f, at, &line);
    if (!err)
        csv_seek(csv, at, line);
    while (!err && !stopped && more) {
        size_t n;

        err = upload_file_read(f, csv_wants(csv), block, sizeof(block), &n);
        if (err)
            break;
        at = csv_wants(csv) + (int64_t)n;
        err = csv_feed(csv, block, n, n == 0);
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
static enum err import_rows(struct server *srv, struct job *job, struct upload_file *f,
                            const struct upload_params *p, struct arena *mem, struct problem *why)
{
    int64_t tried = -1;
    enum err err = ERR_CONFLICT;

    for (size_t one_by_one = 0; err == ERR_CONFLICT;) {
        uint32_t key = seal_newest(srv->seal);
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
        err = ERR_CONFLICT;
        if (key != seal_newest(srv->seal))
            continue; /* the ring got a key: nothing stands in the way of anything */
        one_by_one = CAREFUL_ROWS;
        if (job->offset == tried) {
            problem_set(why, NULL, "a row stands in the way of rows that are there already");
            return ERR_INTERNAL;
        }
        tried = job->offset;
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
    struct upload_file f = {0};
    enum err err = read_params(job, mem, &p, why);

    if (!err)
        err = upload_file_open(srv, &job->id, &p, mem, &f, why);
    if (!err)
        err = save_mapping(srv, job, &f, mem);
    if (!err)
        err = import_rows(srv, job, &f, &p, mem, why);
    if (err == ERR_INVALID && !why->text[0])
        (void)problem_set(why, "body", "the uploaded file was damaged on the server");
    upload_file_close(&f);
    if (!err && srv->search)
        wait_searchable(srv, job);
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

const struct job_kind upload_job = {
    .name = "upload", .run = run, .cleanup = cleanup, .tidy = upload_spool_tidy};
