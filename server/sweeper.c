#include "server/sweeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/log.h"
#include "server/records.h"

enum { AT_ONCE = 128, EVERY_S = 60 };

/* A day more than their last use: clocks are put back. */
#define GRACE_MS (24 * INT64_C(3600000))

static const struct {
    const struct type *type;
    const char *field; /* FIELD_INDEX KIND_TIME */
    int64_t keep_ms;   /* after it */
} kinds[] = {
    {&kept_reply_type, "at", KEPT_REPLY_MS},
    {&ticket_type, "ends", GRACE_MS},
    {&device_type, "ends", GRACE_MS},
    {&attempts_type, "ends", GRACE_MS},
};

struct sweeper {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

struct found {
    const struct type *type;
    struct step steps[AT_ONCE];
    size_t n;
};

static bool add(void *arg, const void *rec)
{
    struct found *f = arg;

    f->steps[f->n++] =
        (struct step){.kind = STEP_DELETE, .type = f->type, .id = *(const struct uuid *)rec};
    return f->n < AT_ONCE;
}

static enum err delete_some(struct store *s, size_t kind, struct found *f)
{
    const struct type *t = kinds[kind].type;
    struct stamp before = {clock_real_ms() - kinds[kind].keep_ms};
    struct query q = {.type = t,
                      .where = {{kinds[kind].field, OP_LT, &before}},
                      .limit = AT_ONCE,
                      .fields = type_bit(t, t->fields)};
    struct arena *mem = arena_try_new();
    struct plan plan = {.steps = f->steps, .bulk = true};
    enum err err = mem ? ERR_OK : ERR_NO_MEMORY;

    f->type = t;
    f->n = 0;
    if (!err)
        err = store_find(s, &q, mem, add, f);
    plan.n = f->n;
    if (!err && f->n)
        err = store_commit(s, &plan);
    arena_free(mem);
    return err;
}

enum err sweeper_sweep(struct store *s, int64_t *n)
{
    struct found *f = malloc(sizeof(*f));
    enum err err = f ? ERR_OK : ERR_NO_MEMORY;

    *n = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && !err; i++)
        do {
            err = delete_some(s, i, f);
            *n += err ? 0 : (int64_t)f->n;
        } while (!err && f->n == AT_ONCE);
    free(f);
    return err == ERR_CONFLICT ? ERR_OK : err; /* somebody else took one: the rest is for later */
}

/* With the lock held. True: it is time to end. */
static bool wait_a_while(struct sweeper *w)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += EVERY_S;
    while (!w->stop && pthread_cond_timedwait(&w->wake, &w->lock, &until) != ETIMEDOUT)
        continue;
    return w->stop;
}

static void *run(void *arg)
{
    struct sweeper *w = arg;

    pthread_mutex_lock(&w->lock);
    do {
        int64_t n;
        enum err err;

        pthread_mutex_unlock(&w->lock);
        err = sweeper_sweep(w->store, &n);
        if (err)
            log_event(LOG_WARN, "sweeper.sweep", LOG_STR("outcome", err_slug(err)));
        else if (n)
            log_event(LOG_INFO, "sweeper.sweep", LOG_INT("records", n));
        pthread_mutex_lock(&w->lock);
    } while (!wait_a_while(w));
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void release(struct sweeper *w)
{
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum err sweeper_start(struct store *s, struct sweeper **out)
{
    struct sweeper *w = calloc(1, sizeof(*w));
    pthread_condattr_t monotonic;

    if (!w)
        return ERR_NO_MEMORY;
    w->store = s;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&w->thread, NULL, run, w)) {
        release(w);
        return ERR_UNAVAILABLE;
    }
    *out = w;
    return ERR_OK;
}

void sweeper_stop(struct sweeper *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    release(w);
}
