/*
 * Seal everything again after a key was added to the ring.  Types one after the other; where it was
 * cut it begins anew, and what is sealed under the newest key costs it nothing.
 */
#include "server/jobs.h"
#include "server/jobs_private.h"
#include "server/records.h"
#include "server/request.h"

enum { PASSES = 4, SAVE_EVERY = 64 /* calls between two savings of the progress */ };

static bool is_sealed(const struct type *t)
{
    for (const struct field *f = t->fields; f->name; f++)
        if (f->flags & FIELD_SEALED)
            return true;
    return false;
}

static enum err count_all(struct server *srv, int64_t *out)
{
    *out = 1; /* so that nothing is divided by zero */
    for (const struct type *const *t = stored_types; *t; t++) {
        struct query q = {.type = *t};
        int64_t n;
        enum err err = is_sealed(*t) ? store_count(srv->store, &q, &n) : ERR_NOT_FOUND;

        if (!err)
            *out += n;
        else if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_OK;
}

static enum err save_progress(struct server *srv, struct job *job)
{
    static const char *const names[] = {"progress", "n_read", "n_updated", NULL};
    struct step step = {
        .kind = STEP_UPDATE, .type = &job_type, .rec = job, .fields = job_fields(names)};
    struct plan plan = {.steps = &step, .n = 1};
    enum err err;

    job->progress.ppm = job->n.read * 1000000 / job->size;
    if (job->progress.ppm > 999999) /* rows come and go meanwhile */
        job->progress.ppm = 999999;
    err = store_commit(srv->store, &plan);
    if (!err && srv->jobs)
        jobs_changed(srv->jobs);
    return err;
}

static enum err reseal_type(struct server *srv, struct job *job, const struct type *t,
                            int64_t *found)
{
    struct uuid after = {0};
    enum err err = ERR_OK;
    size_t n = 1;

    for (int calls = 1; !err && n && !job_should_stop(srv, job); calls++) {
        err = store_reseal(srv->store, t, &after, &n);
        job->n.read += (int64_t)n;
        job->n.updated += (int64_t)n;
        *found += (int64_t)n;
        if (!err && calls % SAVE_EVERY == 0)
            err = save_progress(srv, job);
    }
    return err;
}

/* A row that was being written with the older key while a pass went by is the next one's. */
static enum err run(struct server *srv, struct job *job, struct arena *mem, struct problem *why)
{
    int64_t found = 1;
    enum err err = count_all(srv, &job->size);

    (void)mem;
    (void)why;
    for (int pass = 0; !err && found && pass < PASSES; pass++) {
        found = 0;
        for (const struct type *const *t = stored_types; *t && !err; t++)
            if (is_sealed(*t))
                err = reseal_type(srv, job, *t, &found);
    }
    return err ? err : save_progress(srv, job);
}

const struct job_kind reseal_job = {.name = "reseal", .run = run};
