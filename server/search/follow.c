/*
 * The thread that keeps the index at the store's side: it loads what was saved or builds everything
 * anew, then follows the change sequence.
 */
#include <string.h>

#include "common/copy.h"
#include "common/log.h"
#include "server/search/build.h"
#include "server/search/index.h"
#include "server/store.h"

enum { BATCH = 4096, BUILD_ROWS = 100000, SAVE_EVERY = 200000, IDLE_MS = 1000 };

/* Everything that is indexed or says whose a row is; contacts stay sealed. */
static uint64_t indexed_fields(void)
{
    uint64_t set = 0;

    for (const struct field *f = profile_type.fields; f->name; f++) {
        bool wanted = f->flags & (FIELD_TEXT | FIELD_SORT) || f->facet ||
                      strcmp(f->name, "account") == 0 || strcmp(f->name, "id") == 0 ||
                      strcmp(f->name, "has_email") == 0 || strcmp(f->name, "has_phone") == 0;

        if (wanted && !(f->flags & (FIELD_SEALED | FIELD_WIRE)))
            set |= type_bit(&profile_type, f);
    }
    return set;
}

static bool should_stop(struct search *s)
{
    bool stop;

    pthread_mutex_lock(&s->lock);
    stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

/* A rebuild gathers rows by domain and lets go of them as segments. */
struct rebuild {
    struct search *s;
    struct builder *catalogue;
    struct profile *others;
    struct arena *mem;
    size_t n_others;
    int64_t seen, about;
};

static void flush_catalogue(struct rebuild *r)
{
    struct segment *done = builder_finish(r->catalogue);
    struct snapshot *now = index_now(r->s), *next;

    builder_free(r->catalogue);
    r->catalogue = builder_new(&catalogue_account);
    if (done) {
        next = snapshot_copy(now, 1);
        next->items[next->n++].segment = done;
        index_publish(r->s, next, 0);
        index_merge(r->s);
    }
    snapshot_unref(now);
}

static void flush_others(struct rebuild *r)
{
    if (r->n_others) {
        index_apply(r->s, r->others, r->n_others, NULL, 0, 0);
        index_merge(r->s);
    }
    arena_free(r->mem);
    r->mem = arena_new();
    r->others = arena_alloc(r->mem, BATCH * sizeof(*r->others));
    r->n_others = 0;
}

static bool take_row(void *arg, const void *rec)
{
    struct rebuild *r = arg;
    const struct profile *p = rec;

    r->seen++;
    if (uuid_equal(&p->account, &catalogue_account)) {
        builder_add(r->catalogue, p);
        if (builder_count(r->catalogue) == BUILD_ROWS)
            flush_catalogue(r);
    } else {
        /* the row's texts die with this call */
        record_copy(&profile_type, r->mem, &r->others[r->n_others++], p);
        if (r->n_others == BATCH)
            flush_others(r);
    }
    if (r->seen % 1024 == 0) {
        pthread_mutex_lock(&r->s->lock);
        r->s->built_ppm = r->about ? r->seen * 1000000 / r->about : 0;
        pthread_mutex_unlock(&r->s->lock);
        return !should_stop(r->s);
    }
    return true;
}

static enum err rebuild(struct search *s)
{
    struct rebuild r = {.s = s};
    struct query q = {.type = &profile_type, .fields = indexed_fields()};
    int64_t change = store_last_change(s->o.store), from = clock_mono_us();
    enum err err = store_count(s->o.store, &q, &r.about);

    index_publish(s, snapshot_new(0), 0);
    r.catalogue = builder_new(&catalogue_account);
    flush_others(&r);
    if (!err)
        err = store_scan(s->o.store, &q, take_row, &r);
    flush_others(&r);
    flush_catalogue(&r);
    builder_free(r.catalogue);
    arena_free(r.mem);
    if (err || should_stop(s))
        return err ? err : ERR_UNAVAILABLE;
    pthread_mutex_lock(&s->lock);
    s->change = change;
    pthread_mutex_unlock(&s->lock);
    log_event(LOG_INFO, "search.built", LOG_INT("rows", r.seen),
              LOG_INT("ms", (clock_mono_us() - from) / 1000));
    return index_save(s);
}

static int by_id(const void *a, const void *b)
{
    return uuid_compare(a, b);
}

/* One batch of the change sequence; *n is 0 when there is none. */
static enum err catch_up(struct search *s, size_t *n)
{
    struct change *changes = xcalloc(BATCH, sizeof(*changes));
    struct uuid *ids = xcalloc(BATCH, sizeof(*ids)), *gone = xcalloc(BATCH, sizeof(*gone));
    struct profile *rows = xcalloc(BATCH, sizeof(*rows));
    struct arena *mem = arena_new();
    size_t n_ids = 0, n_rows = 0, n_gone = 0;
    enum err err = store_changes(s->o.store, s->change, changes, BATCH, n);

    for (size_t i = 0; i < *n; i++)
        if (changes[i].type == &profile_type)
            ids[n_ids++] = changes[i].id;
    qsort(ids, n_ids, sizeof(*ids), by_id);
    for (size_t i = 0; i < n_ids && !err; i++) {
        if (i && uuid_equal(&ids[i], &ids[i - 1]))
            continue;
        err = store_get(s->o.store, &profile_type, &ids[i], indexed_fields(), mem, &rows[n_rows]);
        if (err == ERR_NOT_FOUND) {
            gone[n_gone++] = ids[i];
            err = ERR_OK;
        } else if (!err) {
            n_rows++;
        }
    }
    if (!err && *n)
        index_apply(s, rows, n_rows, gone, n_gone, changes[*n - 1].seq);
    arena_free(mem);
    free(changes);
    free(ids);
    free(gone);
    free(rows);
    return err;
}

static void wait_for_work(struct search *s)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += IDLE_MS / 1000;
    pthread_mutex_lock(&s->lock);
    if (!s->woken && !s->stop)
        pthread_cond_timedwait(&s->moved, &s->lock, &until);
    s->woken = false;
    pthread_mutex_unlock(&s->lock);
}

static enum err prepare(struct search *s)
{
    enum err err = s->dir ? index_load(s) : ERR_NOT_FOUND;

    /* Changes that were forgotten before we saw them cannot be followed. */
    if (!err && (store_forgotten(s->o.store) > s->saved_change ||
                 store_last_change(s->o.store) < s->saved_change))
        err = ERR_INVALID;
    return err ? rebuild(s) : ERR_OK;
}

void *index_follow(void *arg)
{
    struct search *s = arg;
    size_t n = 0;
    enum err err;

    pthread_mutex_lock(&s->writing);
    err = prepare(s);
    if (err && !should_stop(s))
        log_event(LOG_ERROR, "search.failed", LOG_STR("error", err_slug(err)));
    do
        err = err ? err : catch_up(s, &n);
    while (!err && n == BATCH && !should_stop(s));
    pthread_mutex_lock(&s->lock);
    s->ready = !err;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
    while (!err && !should_stop(s)) {
        err = catch_up(s, &n);
        if (!err && n)
            index_merge(s);
        if (!err && s->change - s->saved_change >= SAVE_EVERY)
            err = index_save(s);
        if (!err && n < BATCH)
            wait_for_work(s);
    }
    if (err)
        log_event(LOG_ERROR, "search.stopped", LOG_STR("error", err_slug(err)));
    else if (s->change != s->saved_change)
        err = index_save(s);
    pthread_mutex_unlock(&s->writing);
    return NULL;
}
