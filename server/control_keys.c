/* `leadgend keys rotate|status|list|remove` */
#include "common/log.h"
#include "server/control.h"
#include "server/keyuse.h"
#include "server/options.h"
#include "server/records.h"
#include "server/seal.h"

enum { LIST_SECONDS = 600 }; /* it reads all of the store */

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

static const struct field keys_list_fields[] = {
    FIELD(keys_list, rows, .type = &key_use_type),
    FIELD(keys_list, removed),
    {0},
};
static const struct type keys_list_type = {"keys_list", sizeof(struct keys_list), keys_list_fields,
                                           .owned = NO_OWNED};

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
    uint32_t ids[SEAL_KEYS];
    enum err err;

    (void)ask;
    (void)why;
    q.where[0] = (struct cond){"account_id", OP_EQ, &nobody};
    err = store_find(srv->store, &q, mem, take_newest, &job);
    *out = (struct keys_state){.keys = (int64_t)seal_live(srv->seal, false, ids),
                               .newest = seal_newest(srv->seal),
                               .state = job.state,
                               .resealed = job.n.updated,
                               .progress = job.progress};
    return err;
}

static enum err rotate(struct server *srv, const void *ask, struct arena *mem, void *reply,
                       struct problem *why)
{
    enum err err = seal_rotate(srv->options->keys, why);

    if (!err)
        err = keyuse_take_up(srv, why);
    return err ? err : status(srv, ask, mem, reply, why);
}

static enum err list(struct server *srv, const void *ask, struct arena *mem, void *reply,
                     struct problem *why)
{
    struct keys_list *out = reply;

    (void)ask;
    (void)why;
    return keyuse_list(srv, mem, &out->rows);
}

static int64_t left_under(const struct keys_list *l, int64_t id)
{
    const struct key_use *rows = l->rows.v;
    int64_t left = 0;

    for (size_t i = 0; i < l->rows.n; i++)
        left += rows[i].id == id ? rows[i].left : 0;
    return left;
}

static enum err write_removal(struct server *srv)
{
    struct audit audit = {
        .id = uuid_new(), .at = clock_now(), .verb = "keys.remove", .outcome = "ok", .count = 1};
    struct step step = {.kind = STEP_INSERT, .type = &audit_type, .rec = &audit};
    struct plan plan = {.steps = &step, .n = 1};

    return store_commit(srv->store, &plan);
}

/* Every key but the newest under which nothing is left; the record of it comes first. */
static enum err remove_keys(struct server *srv, const void *ask, struct arena *mem, void *reply,
                            struct problem *why)
{
    struct keys_list *out = reply;
    uint32_t ids[SEAL_KEYS];
    size_t n = seal_live(srv->seal, false, ids);
    enum err err = list(srv, ask, mem, out, why);

    for (size_t i = 0; i + 1 < n && !err; i++) {
        if (left_under(out, ids[i]))
            continue;
        err = write_removal(srv);
        if (!err)
            err = seal_remove(srv->seal, srv->options->keys, ids[i], why);
        if (!err)
            log_event(LOG_INFO, "keys.remove", LOG_INT("key", ids[i]));
        out->removed += !err;
    }
    return err || !out->removed ? err : keyuse_list(srv, mem, &out->rows);
}

const struct control_command control_keys_rotate = {"keys rotate", &keys_ask_type, &keys_state_type,
                                                    rotate};
const struct control_command control_keys_status = {"keys status", &keys_ask_type, &keys_state_type,
                                                    status};
const struct control_command control_keys_list = {"keys list", &keys_ask_type, &keys_list_type,
                                                  list, LIST_SECONDS};
const struct control_command control_keys_remove = {"keys remove", &keys_ask_type, &keys_list_type,
                                                    remove_keys, LIST_SECONDS};
