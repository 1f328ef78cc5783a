#include "server/audit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "common/file.h"
#include "common/log.h"
#include "server/audit_tally.h"
#include "server/chain.h"
#include "server/options.h"
#include "server/seal.h"

enum {
    TICK_S = 1,
    FLUSH_S = 60,
    CHECKPOINT_RECORDS = 1000,
    PRUNE_S = 3600,
    PRUNE_AT_ONCE = 500, /* records deleted in one commit */
    WITNESS_MAX = 4096,
};

#define DAY_MS INT64_C(86400000)

static const char *describe(const struct tally_key *key, char out[AUDIT_DETAIL])
{
    static const uint8_t none[sizeof(key->address)];
    char hex[2 * sizeof(key->address) + 1];

    if (!key->route)
        return "others";
    chain_hex(key->address, sizeof(key->address), hex);
    if (memcmp(key->address, none, sizeof(none)) == 0)
        snprintf(out, AUDIT_DETAIL, "%s %s", key->route->method, key->route->path);
    else
        snprintf(out, AUDIT_DETAIL, "%s %s from %s", key->route->method, key->route->path, hex);
    return out;
}

/* The counters are full again, with what has been counted meanwhile. */
static void put_back(struct auditor *a, const struct tallies *t)
{
    pthread_mutex_lock(&a->lock);
    for (int i = 0; i < t->n; i++)
        tallies_add(a->counting, &t->rows[i].key, t->rows[i].count);
    pthread_mutex_unlock(&a->lock);
}

static struct tallies *take_counted(struct auditor *a)
{
    struct tallies *t;

    pthread_mutex_lock(&a->lock);
    t = a->counting;
    a->counting = t == &a->tallies[0] ? &a->tallies[1] : &a->tallies[0];
    tallies_clear(a->counting);
    pthread_mutex_unlock(&a->lock);
    return t;
}

static enum err write_counted(struct auditor *a)
{
    struct tallies *t = take_counted(a);
    struct plan plan = {.steps = a->steps, .n = (size_t)t->n};
    enum err err;

    if (!t->n)
        return ERR_OK;
    for (int i = 0; i < t->n; i++) {
        const struct tally_key *key = &t->rows[i].key;

        a->rows[i] = (struct audit){.id = uuid_new(),
                                    .at = clock_now(),
                                    .actor = key->actor,
                                    .actor_kind = key->actor_kind,
                                    .impersonator = key->impersonator,
                                    .account = key->account,
                                    .verb = key->verb,
                                    .outcome = err_slug((enum err)key->reason),
                                    .detail = describe(key, a->details[i]),
                                    .count = t->rows[i].count};
        a->steps[i] = (struct step){.kind = STEP_INSERT, .type = &audit_type, .rec = &a->rows[i]};
    }
    err = store_commit(a->srv->store, &plan);
    if (err)
        put_back(a, t);
    return err;
}

/* signature: room for it as text */
static void sign(const struct seal *s, struct audit *rec, char signature[2 * SEAL_SIGNATURE + 1])
{
    uint8_t digest[CHAIN_HASH], raw[SEAL_SIGNATURE];

    rec->key = seal_newest(s);
    chain_statement(&audit_type, rec, digest);
    seal_sign(s, (uint32_t)rec->key, digest, raw);
    chain_hex(raw, sizeof(raw), signature);
    rec->signature = signature;
}

/* Sign and add a record about record number `covers`. */
static enum err add_signed(struct auditor *a, struct audit *rec)
{
    struct step step = {.kind = STEP_INSERT, .type = &audit_type, .rec = rec};
    struct plan plan = {.steps = &step, .n = 1};
    char signature[2 * SEAL_SIGNATURE + 1];
    struct chain_head head;

    store_chain_head(a->srv->store, &head);
    rec->id = uuid_new();
    rec->at = clock_now();
    rec->outcome = "ok";
    rec->count = 1;
    rec->chain = head.chain;
    sign(a->srv->seal, rec, signature);
    rec->signature = signature;
    return store_commit(a->srv->store, &plan);
}

/* Write the witness of the record that is the log's last checkpoint. */
static void save_witness(struct auditor *a, const struct audit *checkpoint, struct arena *mem)
{
    struct audit w = {.at = clock_now(),
                      .verb = AUDIT_WITNESS,
                      .chain = checkpoint->chain,
                      .covers = checkpoint->seq,
                      .anchor = checkpoint->hash};
    char signature[2 * SEAL_SIGNATURE + 1], chain[UUID_TEXT], at[STAMP_TEXT];
    struct buf b = BUF_INIT(WITNESS_MAX);

    sign(a->srv->seal, &w, signature);
    json_write(&b, &audit_type, &w, JSON_MASKED, mem);
    buf_char(&b, '\n');
    if (b.failed || file_write(a->witness_path, b.data, b.len, 0600))
        log_event(LOG_WARN, "audit.witness", LOG_STR("means", "it cannot be written"),
                  LOG_INT("errno", errno));
    buf_free(&b);
    log_event(LOG_INFO, AUDIT_WITNESS, LOG_STR("at", stamp_text(w.at, at)), LOG_STR("verb", w.verb),
              LOG_STR("chain", uuid_text(&w.chain, chain)), LOG_INT("covers", w.covers),
              LOG_INT("key", w.key), LOG_STR("anchor", w.anchor), LOG_STR("signature", signature));
}

/* Only when there is something new to sign. */
static enum err checkpoint(struct auditor *a)
{
    struct arena *mem;
    struct chain_head head;
    struct audit rec = {.verb = AUDIT_CHECKPOINT}, done = {0};
    enum err err;

    store_chain_head(a->srv->store, &head);
    if (head.seq <= atomic_load(&a->signed_upto))
        return ERR_OK;
    rec.covers = head.seq;
    rec.anchor = head.hash;
    err = add_signed(a, &rec);
    mem = err ? NULL : arena_try_new();
    if (err || !mem)
        return err ? err : ERR_NO_MEMORY;
    err = store_get(a->srv->store, &audit_type, &rec.id, 0, mem, &done);
    if (!err) {
        atomic_store(&a->signed_upto, done.seq);
        save_witness(a, &done, mem);
    }
    arena_free(mem);
    return err;
}

enum err audit_flush(struct auditor *a)
{
    enum err err;

    pthread_mutex_lock(&a->writing);
    err = write_counted(a);
    if (!err)
        err = checkpoint(a);
    pthread_mutex_unlock(&a->writing);
    if (err)
        log_event(LOG_WARN, "audit.flush", LOG_STR("outcome", err_slug(err)));
    return err;
}

/* How far to cut: the newest checkpoint among what is too old. */
struct cutting {
    struct stamp older_than;
    int64_t upto;
    char anchor[CHAIN_HEX];
};

static bool look_for_cut(void *arg, const void *rec)
{
    const struct audit *x = rec;
    struct cutting *c = arg;

    if (x->at.ms >= c->older_than.ms)
        return false;
    if (x->covers && x->anchor && strcmp(x->verb, AUDIT_CHECKPOINT) == 0) {
        c->upto = x->covers;
        snprintf(c->anchor, sizeof(c->anchor), "%s", x->anchor);
    }
    return true;
}

struct deleting {
    struct step steps[PRUNE_AT_ONCE];
    size_t n;
    int64_t upto;
};

static bool add_old(void *arg, const void *rec)
{
    const struct audit *x = rec;
    struct deleting *d = arg;

    if (x->seq > d->upto || d->n == PRUNE_AT_ONCE)
        return false;
    d->steps[d->n++] = (struct step){.kind = STEP_DELETE, .type = &audit_type, .id = x->id};
    return true;
}

/* The oldest first, so that what is left is a chain at every moment. */
static enum err delete_upto(struct auditor *a, int64_t upto)
{
    struct query q = {.type = &audit_type,
                      .order = "seq",
                      .limit = PRUNE_AT_ONCE,
                      .fields = type_bit(&audit_type, type_field(&audit_type, "seq"))};
    struct deleting *d = malloc(sizeof(*d));
    enum err err = d ? ERR_OK : ERR_NO_MEMORY;

    do {
        struct plan plan = {.bulk = true};

        if (err)
            break;
        d->n = 0;
        d->upto = upto;
        err = store_scan(a->srv->store, &q, add_old, d);
        plan.steps = d->steps;
        plan.n = d->n;
        if (!err && d->n)
            err = store_commit(a->srv->store, &plan);
    } while (!err && d->n);
    free(d);
    return err;
}

enum err audit_prune(struct auditor *a, struct stamp older_than)
{
    struct query q = {.type = &audit_type, .order = "seq"};
    struct cutting c = {.older_than = older_than};
    struct audit rec = {.verb = AUDIT_CUT, .detail = "older records went"};
    enum err err;

    pthread_mutex_lock(&a->writing);
    err = store_scan(a->srv->store, &q, look_for_cut, &c);
    if (!err && c.upto) {
        rec.covers = c.upto;
        rec.anchor = c.anchor;
        err = add_signed(a, &rec);
        if (!err)
            err = delete_upto(a, c.upto);
    }
    pthread_mutex_unlock(&a->writing);
    if (err || c.upto)
        log_event(err ? LOG_WARN : LOG_INFO, "audit.prune", LOG_STR("outcome", err_slug(err)),
                  LOG_INT("upto", c.upto));
    return err;
}

static void prune_by_option(struct auditor *a)
{
    int64_t days = a->srv->options->audit_keep_days;
    struct stamp older = {clock_real_ms() - days * DAY_MS};

    if (days)
        (void)!audit_prune(a, older);
}

/* Once a second it looks; with the lock held. True: it is time to end. */
static bool wait_a_tick(struct auditor *a)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TICK_S;
    while (!a->stop && pthread_cond_timedwait(&a->wake, &a->lock, &until) == 0)
        continue;
    return a->stop;
}

static bool is_due(struct auditor *a, int64_t ticks)
{
    struct chain_head head;

    store_chain_head(a->srv->store, &head);
    return ticks % FLUSH_S == 0 || head.seq - atomic_load(&a->signed_upto) >= CHECKPOINT_RECORDS;
}

static void *run(void *arg)
{
    struct auditor *a = arg;

    prune_by_option(a);
    pthread_mutex_lock(&a->lock);
    for (int64_t ticks = 1; !wait_a_tick(a); ticks++) {
        pthread_mutex_unlock(&a->lock);
        if (is_due(a, ticks))
            (void)!audit_flush(a);
        if (ticks % PRUNE_S == 0)
            prune_by_option(a);
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

const char *audit_witness_path(const struct options *o, struct arena *mem)
{
    return arena_printf(mem, "%s/audit-head", o->keys);
}

enum err audit_witness_read(const char *path, struct arena *mem, struct audit *out)
{
    struct problem why;
    const cJSON *doc;
    const char *text;
    size_t n;
    enum err err = file_read(path, WITNESS_MAX, mem, &text, &n);

    *out = (struct audit){0};
    if (!err)
        err = json_parse(mem, text, n, &doc, &why);
    if (!err)
        err = json_decode(&audit_type, doc, JSON_FROM_SERVER, mem, out, NULL, &why);
    return err;
}

static bool keep_record(void *arg, const void *rec)
{
    *(struct audit *)arg = *(const struct audit *)rec;
    return false;
}

/* Is the record that the witness saw still what it was? */
static enum err look_for_gap(struct auditor *a, struct arena *mem)
{
    struct audit w, seen = {0};
    struct query q = {.type = &audit_type, .order = "seq", .limit = 1};
    enum err err = audit_witness_read(a->witness_path, mem, &w);

    if (err && err != ERR_NOT_FOUND)
        log_event(LOG_WARN, AUDIT_WITNESS, LOG_STR("means", "it cannot be read"));
    if (err || !w.anchor)
        return ERR_OK;
    q.beyond = w.covers - 1;
    err = store_find(a->srv->store, &q, mem, keep_record, &seen);
    if (err)
        return err;
    atomic_store(&a->signed_upto, w.covers);
    if (seen.seq != w.covers || !seen.hash || strcmp(seen.hash, w.anchor) != 0) {
        struct audit gap = {.id = uuid_new(),
                            .at = clock_now(),
                            .verb = AUDIT_GAP,
                            .outcome = "failed",
                            .detail = arena_printf(mem,
                                                   "record %lld, of which there is a witness,"
                                                   " is not in the log",
                                                   (long long)w.covers),
                            .count = 1};
        struct step step = {.kind = STEP_INSERT, .type = &audit_type, .rec = &gap};
        struct plan plan = {.steps = &step, .n = 1};

        log_event(LOG_ERROR, AUDIT_GAP, LOG_INT("record", w.covers));
        atomic_store(&a->signed_upto, 0);
        err = store_commit(a->srv->store, &plan);
    }
    return err;
}

static void release(struct auditor *a)
{
    pthread_cond_destroy(&a->wake);
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->writing);
    arena_free(a->mem);
    free(a);
}

enum err audit_start(struct server *srv, struct auditor **out)
{
    struct auditor *a = xcalloc(1, sizeof(*a));
    pthread_condattr_t monotonic;
    enum err err;

    a->srv = srv;
    a->counting = &a->tallies[0];
    a->mem = arena_new();
    a->witness_path = audit_witness_path(srv->options, a->mem);
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->writing, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&a->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    err = look_for_gap(a, a->mem);
    if (!err && pthread_create(&a->thread, NULL, run, a))
        err = ERR_UNAVAILABLE;
    if (err)
        release(a);
    else
        *out = a;
    return err;
}

void audit_stop(struct auditor *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    (void)!audit_flush(a);
    release(a);
}
