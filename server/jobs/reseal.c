/*
 * Make everything again under the newest key after one was added to the ring.  Types one after the
 * other; where it was cut it begins anew, and what is under the newest key costs it nothing.
 */
#include "server/identity.h"
#include "server/jobs.h"
#include "server/jobs_private.h"
#include "server/keyuse.h"
#include "server/records.h"
#include "server/seal.h"

enum { PASSES = 4, SAVE_EVERY = 64 /* calls between two savings of the progress */ };

static enum err count_all(struct server *srv, int64_t *out)
{
    uint32_t ids[SEAL_KEYS];
    size_t n = seal_live(srv->seal, false, ids);
    enum err err = ERR_OK;

    *out = 1; /* so that nothing is divided by zero */
    for (size_t i = 0; i + 1 < n; i++)
        for (const struct type *const *t = stored_types; *t && !err; t++) {
            int64_t left;

            err = store_left(srv->store, *t, LEFT_ALL, ids[i], &left);
            *out += err ? 0 : left;
        }
    return err;
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

static void remake_profile(const struct seal *s, uint32_t key, void *rec, struct arena *mem)
{
    identity_profile(s, key, rec, mem);
}

static void remake_company(const struct seal *s, uint32_t key, void *rec, struct arena *mem)
{
    identity_company(s, key, rec, mem);
}

/* Of a type with hashes in plain columns; .type NULL: it has none. */
static struct reseal_hook hook_of(const struct type *t)
{
    static const char *const profile[] = {"key_email", "key_url", "key_name", "ring", NULL};
    static const char *const company[] = {"key", "ring", NULL};

    if (t == &profile_type)
        return (struct reseal_hook){t, fields_named(t, profile), remake_profile};
    if (t == &company_type)
        return (struct reseal_hook){t, fields_named(t, company), remake_company};
    return (struct reseal_hook){0};
}

static enum err reseal_type(struct server *srv, struct job *job, const struct type *t,
                            int64_t *found)
{
    struct reseal_hook hook = hook_of(t);
    struct uuid after = {0};
    enum err err = ERR_OK;
    size_t n = 1;

    for (int calls = 1; !err && n && !job_should_stop(srv, job); calls++) {
        err = store_reseal(srv->store, t, &hook, &after, &n);
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
    uint32_t key = seal_newest(srv->seal);
    int64_t found = 1;
    enum err err = count_all(srv, &job->size);

    (void)mem;
    (void)why;
    for (int pass = 0; !err && found && pass < PASSES; pass++) {
        found = 0;
        for (const struct type *const *t = stored_types; *t && !err; t++)
            err = reseal_type(srv, job, *t, &found);
    }
    if (!err && !job_should_stop(srv, job))
        err = keyuse_save_floor(srv, key);
    return err ? err : save_progress(srv, job);
}

const struct job_kind reseal_job = {.name = "reseal", .run = run};
