/*
 * The thread that keeps the index at the store's side: it loads what was saved or builds everything
 * anew (rebuild.c), then follows the change sequence.
 */
#include <string.h>

#include "common/log.h"
#include "server/search/company.h"
#include "server/search/index.h"
#include "server/store.h"

enum { BATCH = 4096, IDLE_MS = 1000, RETRY_MS = 1000 };

static int by_id(const void *a, const void *b)
{
    return uuid_compare(a, b);
}

/* The ids of profiles in the changes, each once; the number of them. */
static size_t changed_ids(const struct type *type, const struct change *changes, size_t n,
                          struct uuid *ids)
{
    size_t n_ids = 0, k = 0;

    for (size_t i = 0; i < n; i++)
        if (changes[i].type == type)
            ids[n_ids++] = changes[i].id;
    qsort(ids, n_ids, sizeof(*ids), by_id);
    for (size_t i = 0; i < n_ids; i++)
        if (k == 0 || !uuid_equal(&ids[i], &ids[k - 1]))
            ids[k++] = ids[i];
    return k;
}

static enum err load_row(struct search *s, const struct uuid *id, struct arena *mem,
                         struct profile *out)
{
    struct company c = {0};
    enum err err;

    if (!s->o.companies)
        return store_get(s->o.store, &profile_type, id, index_fields(s), mem, out);
    err = store_get(s->o.store, &company_type, id, 0, mem, &c);
    *out = company_as_row(&c);
    return err;
}

/* Load what changed and make it searchable; a row that is not there any more is gone. */
static enum err apply_changes(struct search *s, const struct change *changes, size_t n,
                              struct arena *mem)
{
    struct uuid *ids = arena_alloc(mem, n * sizeof(*ids)), *gone;
    size_t n_ids = changed_ids(index_type(s), changes, n, ids), n_rows = 0, n_gone = 0;
    struct profile *rows = arena_alloc(mem, n_ids * sizeof(*rows));

    gone = arena_alloc(mem, n_ids * sizeof(*gone));
    for (size_t i = 0; i < n_ids; i++) {
        enum err err = load_row(s, &ids[i], mem, &rows[n_rows]);

        if (err && err != ERR_NOT_FOUND)
            return err;
        if (err)
            gone[n_gone++] = ids[i];
        else
            n_rows++;
    }
    index_apply(s, rows, n_rows, gone, n_gone, changes[n - 1].seq);
    return ERR_OK;
}

/* Everything there is to follow. */
static enum err follow_all(struct search *s)
{
    struct change *changes = xcalloc(BATCH, sizeof(*changes));
    enum err err = ERR_OK;
    size_t n = BATCH;

    while (!err && n == BATCH && !index_should_stop(s)) {
        struct arena *mem = arena_new();

        n = 0;
        err = store_changes(s->o.store, s->change, changes, BATCH, &n);
        if (!err && n)
            err = apply_changes(s, changes, n, mem);
        arena_free(mem);
    }
    free(changes);
    return err;
}

static void wait_for_news(struct search *s, int64_t ms)
{
    pthread_mutex_lock(&s->lock);
    if (!s->woken && !s->stop)
        index_wait_ms(s, ms);
    s->woken = false;
    pthread_mutex_unlock(&s->lock);
}

static enum err load_or_rebuild(struct search *s)
{
    enum err err = s->dir ? index_load(s) : ERR_NOT_FOUND;

    /* Changes that were forgotten before we saw them cannot be followed. */
    if (!err &&
        (store_forgotten(s->o.store) > s->change || store_last_change(s->o.store) < s->change)) {
        log_event(LOG_WARN, "search.unusable", LOG_STR("what", "changes"));
        err = ERR_INVALID;
    }
    return err ? index_rebuild(s) : ERR_OK;
}

static void become_ready(struct search *s)
{
    pthread_mutex_lock(&s->lock);
    s->ready = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
}

/* A store that fails is asked again, as often as it takes; the failure is logged when it begins. */
static enum err again(struct search *s, enum err err, enum err before)
{
    if (err && !before && !index_should_stop(s))
        log_event(LOG_ERROR, "search.behind", LOG_STR("error", err_slug(err)));
    if (err)
        wait_for_news(s, RETRY_MS);
    return err;
}

static bool is_damaged(struct search *s)
{
    bool out;

    pthread_mutex_lock(&s->lock);
    out = s->damaged;
    pthread_mutex_unlock(&s->lock);
    return out;
}

static enum err build_again(struct search *s)
{
    enum err err = index_rebuild(s);

    pthread_mutex_lock(&s->lock);
    s->damaged &= err != ERR_OK;
    pthread_mutex_unlock(&s->lock);
    return err;
}

void *index_follow(void *arg)
{
    struct search *s = arg;
    enum err err = ERR_OK;

    do
        err = again(s, load_or_rebuild(s), err);
    while (err && !index_should_stop(s));
    while (!index_should_stop(s)) {
        err = again(s, is_damaged(s) ? build_again(s) : follow_all(s), err);
        if (err)
            continue;
        become_ready(s);
        wait_for_news(s, IDLE_MS);
    }
    return NULL;
}
