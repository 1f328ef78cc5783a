#include "server/keyuse.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/auth_token.h"
#include "server/auth_totp.h"
#include "server/jobs.h"
#include "server/options.h"
#include "server/records.h"
#include "server/seal_file.h"

#define HOUR_MS INT64_C(3600000)

/*
 * The ring's file says when a key was made; until all that was begun under the one before had
 * ended, a little longer.
 */
#define MARGIN_MS INT64_C(60000)

enum { FIRST_KEY = 1 };

static const struct field key_use_fields[] = {
    FIELD(key_use, purpose), FIELD(key_use, id),   FIELD(key_use, created),
    FIELD(key_use, removed), FIELD(key_use, left), {0},
};
const struct type key_use_type = {"key_use", sizeof(struct key_use), key_use_fields,
                                  .owned = NO_OWNED};

/* A count that goes by when a record was made: in ]from, upto]. */
struct span {
    const struct seal_key *key;
    int64_t from, upto, now;
    int64_t found;
};

static bool is_within(const struct span *s, int64_t made)
{
    return made > s->from && made <= s->upto;
}

/* Made at most `life` before it ends. */
static bool may_be_within(const struct span *s, int64_t ends, int64_t life)
{
    return ends > s->now && ends > s->from && ends - life <= s->upto;
}

static bool count_session(void *arg, const void *rec)
{
    const struct session *x = rec;
    struct span *s = arg;

    s->found += !x->ended && x->ends.ms > s->now && is_within(s, x->rotated.ms);
    return true;
}

static bool count_ticket(void *arg, const void *rec)
{
    const struct ticket *x = rec;
    struct span *s = arg;

    s->found += may_be_within(s, x->ends.ms, 24 * HOUR_MS);
    return true;
}

static bool count_device(void *arg, const void *rec)
{
    const struct device *x = rec;
    struct span *s = arg;

    s->found += may_be_within(s, x->ends.ms, HOUR_MS);
    return true;
}

/* The token is made anew when the mail is sent again. */
static bool count_invitation(void *arg, const void *rec)
{
    const struct invitation *x = rec;
    struct span *s = arg;

    s->found += x->ends.ms > s->now && may_be_within(s, x->ends.ms, 31 * 24 * HOUR_MS);
    return true;
}

static bool count_api_key(void *arg, const void *rec)
{
    const struct api_key *x = rec;
    struct span *s = arg;
    int64_t made = x->hashed.ms > x->issued.ms ? x->hashed.ms : x->issued.ms;
    bool before = x->before_ends.ms > s->now; /* a secret older than the one in force */

    s->found +=
        !x->revoked.ms && x->ends.ms > s->now && (is_within(s, made) || (before && s->from < made));
    return true;
}

static bool count_totp(void *arg, const void *rec)
{
    struct span *s = arg;

    s->found += s->key->id == FIRST_KEY && totp_old_codes(rec) > 0;
    return true;
}

static bool count_reply(void *arg, const void *rec)
{
    const struct kept_reply *x = rec;
    struct span *s = arg;

    s->found += is_within(s, x->at.ms);
    return true;
}

static enum err by_scan(struct server *srv, const struct type *t, store_each *each, struct span *s)
{
    struct query q = {.type = t};

    s->found = 0;
    return store_scan(srv->store, &q, each, s);
}

static enum err of_kind(struct server *srv, unsigned kind, struct span *s)
{
    enum err err = ERR_OK;

    s->found = 0;
    for (const struct type *const *t = stored_types; *t && !err; t++) {
        int64_t n;

        err = store_left(srv->store, *t, kind, s->key->id, &n);
        s->found += err ? 0 : n;
    }
    return err;
}

static enum err sealed_fields(struct server *srv, struct span *s)
{
    return of_kind(srv, LEFT_SEALED, s);
}

static enum err blind_indexes(struct server *srv, struct span *s)
{
    return of_kind(srv, LEFT_BLIND, s);
}

static enum err identity_keys(struct server *srv, struct span *s)
{
    return of_kind(srv, LEFT_RING, s);
}

static enum err audit_macs(struct server *srv, struct span *s)
{
    return of_kind(srv, LEFT_MAC, s);
}

/* The public half outlives the key, so records that it signed can be verified for ever. */
static enum err audit_signatures(struct server *srv, struct span *s)
{
    (void)srv;
    s->found = 0;
    return ERR_OK;
}

/* How many is not known: until the last has ended there may be one. */
static enum err access_tokens(struct server *srv, struct span *s)
{
    s->found = srv && s->upto + TOKEN_SECONDS * 1000 > s->now;
    return ERR_OK;
}

static enum err refresh_tokens(struct server *srv, struct span *s)
{
    return by_scan(srv, &session_type, count_session, s);
}

static enum err mailed_tokens(struct server *srv, struct span *s)
{
    enum err err = by_scan(srv, &ticket_type, count_ticket, s);
    int64_t tickets = s->found;

    if (!err)
        err = by_scan(srv, &invitation_type, count_invitation, s);
    s->found += tickets;
    return err;
}

static enum err device_codes(struct server *srv, struct span *s)
{
    return by_scan(srv, &device_type, count_device, s);
}

static enum err api_keys(struct server *srv, struct span *s)
{
    return by_scan(srv, &api_key_type, count_api_key, s);
}

static enum err recovery_codes(struct server *srv, struct span *s)
{
    return by_scan(srv, &totp_type, count_totp, s);
}

static enum err kept_replies(struct server *srv, struct span *s)
{
    return by_scan(srv, &kept_reply_type, count_reply, s);
}

static enum err import_files(struct server *srv, struct span *s)
{
    struct arena *mem = arena_new();
    const char *dir = arena_printf(mem, "%s/spool", srv->options->data);
    DIR *d = opendir(dir);

    s->found = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        s->found += e->d_name[0] != '.' &&
                    seal_file_key_id(arena_printf(mem, "%s/%s", dir, e->d_name)) == s->key->id;
    if (d)
        closedir(d);
    arena_free(mem);
    return ERR_OK;
}

static const struct {
    const char *word;
    enum err (*count)(struct server *srv, struct span *s);
} purposes[] = {
    {"sealed-fields", sealed_fields},       {"blind-indexes", blind_indexes},
    {"identity-keys", identity_keys},       {"audit-macs", audit_macs},
    {"audit-signatures", audit_signatures}, {"access-tokens", access_tokens},
    {"refresh-tokens", refresh_tokens},     {"mailed-tokens", mailed_tokens},
    {"device-codes", device_codes},         {"api-keys", api_keys},
    {"recovery-codes", recovery_codes},     {"kept-replies", kept_replies},
    {"import-files", import_files},
};

enum { PURPOSES = sizeof(purposes) / sizeof(*purposes) };

static enum err list_key(struct server *srv, const struct seal_key *key, struct key_use *rows)
{
    struct span s = {.key = key, .from = key->created.ms, .now = clock_real_ms()};
    enum err err = ERR_OK;

    s.upto = key->superseded.ms ? key->superseded.ms + MARGIN_MS : INT64_MAX / 2;
    for (size_t i = 0; i < PURPOSES && !err; i++) {
        s.found = 0;
        if (!key->removed.ms)
            err = purposes[i].count(srv, &s);
        rows[i] = (struct key_use){.purpose = purposes[i].word,
                                   .id = key->id,
                                   .created = key->created,
                                   .removed = key->removed,
                                   .left = s.found};
    }
    return err;
}

enum err keyuse_list(struct server *srv, struct arena *mem, struct list *out)
{
    struct key_use *rows = arena_alloc(mem, SEAL_KEYS * PURPOSES * sizeof(*rows));
    struct seal_key key;
    enum err err = ERR_OK;
    size_t n = 0;

    for (; !err && seal_key_info(srv->seal, n, &key); n++)
        err = list_key(srv, &key, rows + n * PURPOSES);
    *out = (struct list){rows, n * PURPOSES};
    return err;
}

static const char floor_name[] = "keys.floor";

static struct fact floor_fact(const char *value)
{
    return (struct fact){
        .id = uuid_at(0, floor_name, sizeof(floor_name)), .name = floor_name, .value = value};
}

enum err keyuse_load_floor(struct server *srv)
{
    struct arena *mem = arena_new();
    struct fact f = floor_fact(NULL);
    enum err err = store_get(srv->store, &fact_type, &f.id, 0, mem, &f);

    if (!err && f.value)
        seal_set_floor(srv->seal, (uint32_t)strtoul(f.value, NULL, 10));
    arena_free(mem);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Is anything that is remade under a key before this one? */
static enum err left_below(struct server *srv, uint32_t key, int64_t *out)
{
    uint32_t ids[SEAL_KEYS];
    size_t n = seal_live(srv->seal, false, ids);
    enum err err = ERR_OK;

    *out = 0;
    for (size_t i = 0; i < n && !err; i++)
        for (const struct type *const *t = stored_types; ids[i] < key && *t && !err; t++) {
            int64_t left;

            err = store_left(srv->store, *t, LEFT_BLIND | LEFT_RING, ids[i], &left);
            *out += err ? 0 : left;
        }
    return err;
}

enum err keyuse_save_floor(struct server *srv, uint32_t key)
{
    static const char *const names[] = {"value", NULL};
    char value[16];
    struct fact f = floor_fact(value);
    struct step step = {.kind = STEP_INSERT, .type = &fact_type, .rec = &f, .ring = key};
    struct plan plan = {.steps = &step, .n = 1};
    int64_t left;
    enum err err = left_below(srv, key, &left);

    if (err || left)
        return err;
    snprintf(value, sizeof(value), "%lu", (unsigned long)key);
    err = store_commit(srv->store, &plan);
    if (err == ERR_CONFLICT) {
        step.kind = STEP_UPDATE;
        step.fields = fields_named(&fact_type, names);
        err = store_commit(srv->store, &plan);
    }
    if (!err)
        seal_set_floor(srv->seal, key);
    return err == ERR_CONFLICT ? ERR_OK : err; /* yet another key came: its job will */
}

/* On the writing thread: what is carried out behind this plan is made under the new key. */
static enum err take_up(void *arg)
{
    seal_switch(arg);
    return ERR_OK;
}

enum err keyuse_take_up(struct server *srv, struct problem *why)
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
    struct plan plan = {.steps = steps, .n = 2, .settle = take_up, .arg = srv->seal};
    enum err err = seal_prepare(srv->seal, srv->options->keys, why);

    if (err || !seal_has_prepared(srv->seal))
        return err;
    err = store_commit(srv->store, &plan);
    if (!err)
        err = store_mark_ring(srv->store);
    if (!err && srv->jobs)
        jobs_wake(srv->jobs);
    if (!err)
        log_event(LOG_INFO, "keys.rotate", LOG_INT("newest", seal_newest(srv->seal)));
    return err;
}
