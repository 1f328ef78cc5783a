/* `leadgend keys rotate` and `leadgend keys status` */
#include "common/log.h"
#include "server/control.h"
#include "server/jobs.h"
#include "server/options.h"
#include "server/records.h"
#include "server/seal.h"

static const struct field keys_ask_fields[] = {
    FIELD(keys_ask, unused),
    {0},
};
static const struct type keys_ask_type = {"keys_ask", sizeof(struct keys_ask), keys_ask_fields,
                                          .owned = NO_OWNED};

static const struct field keys_state_fields[] = {
    FIELD(keys_state, keys),     FIELD(keys_state, newest),   FIELD(keys_state, state),
    FIELD(keys_state, resealed), FIELD(keys_state, progress), {0},
};
static const struct type keys_state_type = {"keys_state", sizeof(struct keys_state),
                                            keys_state_fields, .owned = NO_OWNED};

/* The newest first: the one that counts. */
static bool take_newest(void *arg, const void *rec)
{
    const struct job *job = rec;

    if (!job->kind || strcmp(job->kind, "reseal") != 0)
        return true;
    *(struct job *)arg = *job;
    return false;
}

static enum err status(struct server *srv, const void *ask, struct arena *mem, void *reply,
                       struct problem *why)
{
    static const struct uuid nobody;
    struct query q = {.type = &job_type, .newest_first = true};
    struct keys_state *out = reply;
    struct job job = {0};
    enum err err;

    (void)ask;
    (void)why;
    q.where[0] = (struct cond){"account_id", OP_EQ, &nobody};
    err = store_find(srv->store, &q, mem, take_newest, &job);
    *out = (struct keys_state){.keys = (int64_t)seal_count(srv->seal),
                               .newest = seal_newest(srv->seal),
                               .state = job.state,
                               .resealed = job.n.updated,
                               .progress = job.progress};
    return err;
}

/* The job and its audit record; the ring has grown before, which by itself does no harm. */
static enum err queue_job(struct server *srv)
{
    struct job job = {
        .id = uuid_new(), .kind = "reseal", .state = "queued", .created = clock_now()};
    struct audit audit = {.id = uuid_new(),
                          .at = job.created,
                          .verb = "keys.rotate",
                          .target = job.id,
                          .outcome = "ok",
                          .count = 1};
    struct step steps[] = {
        {.kind = STEP_INSERT, .type = &job_type, .rec = &job},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = &audit},
    };
    struct plan plan = {.steps = steps, .n = 2};
    enum err err = store_commit(srv->store, &plan);

    if (!err && srv->jobs)
        jobs_wake(srv->jobs);
    return err;
}

static enum err rotate(struct server *srv, const void *ask, struct arena *mem, void *reply,
                       struct problem *why)
{
    enum err err = seal_rotate(srv->options->keys, why);

    if (!err)
        err = seal_reload(srv->seal, srv->options->keys, why);
    if (!err)
        err = queue_job(srv);
    if (!err)
        log_event(LOG_INFO, "keys.rotate", LOG_INT("newest", seal_newest(srv->seal)));
    return err ? err : status(srv, ask, mem, reply, why);
}

const struct control_command control_keys_rotate = {"keys rotate", &keys_ask_type, &keys_state_type,
                                                    rotate};
const struct control_command control_keys_status = {"keys status", &keys_ask_type, &keys_state_type,
                                                    status};
