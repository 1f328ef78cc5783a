/*
 * A chunk is one plan: its companies, its profiles, what was rejected, and the job's checkpoint, so
 * that a resume after any crash repeats nothing.  While a thread of the importer commits one chunk,
 * the next is prepared; records in flight are found in the chunk, all others in the store.
 *
 * A chunk is as large as takes HOLD_BUSY_US of the writing thread's time while others commit too,
 * and HOLD_IDLE_US when nobody does: large ones write fewer pages for each row.
 */
#include "server/jobs/upload_chunk.h"

#include <assert.h>
#include <string.h>
#include <time.h>

enum { HOLD_BUSY_US = 5000, HOLD_IDLE_US = 25000 };

struct chunk *chunk_new(void)
{
    struct chunk *c = calloc(1, sizeof(*c));

    if (c)
        c->mem = arena_new();
    return c;
}

void chunk_free(struct chunk *c)
{
    if (c)
        arena_free(c->mem);
    free(c);
}

static void chunk_clear(struct chunk *c)
{
    arena_free(c->mem);
    memset(c->row_slots, 0, sizeof(c->row_slots));
    memset(c->company_slots, 0, sizeof(c->company_slots));
    c->n_steps = c->n_read = c->n_rows = c->n_companies = 0;
    c->mem = arena_new();
}

static uint32_t slot_of(const struct uuid *key)
{
    uint32_t h;

    memcpy(&h, key->b + 12, sizeof(h)); /* the end: ids differ there, and keys everywhere */
    return h & (SLOTS - 1);
}

void chunk_know(struct slot *slots, const struct uuid *key, size_t at)
{
    uint32_t i = slot_of(key);

    if (uuid_is_zero(key))
        return;
    for (; slots[i].at; i = (i + 1) & (SLOTS - 1))
        if (slots[i].at == at + 1 && uuid_equal(&slots[i].key, key))
            return;
    slots[i] = (struct slot){*key, (uint32_t)at + 1};
}

void chunk_know_row(struct chunk *c, size_t at)
{
    for (int k = 0; k < KEYS; k++)
        chunk_know(c->row_slots, profile_key(&c->rows[at].p, (enum key)k), at);
}

void chunk_each(const struct slot *slots, const struct uuid *key, void (*fn)(void *, size_t),
                void *arg)
{
    for (uint32_t i = slot_of(key); slots[i].at; i = (i + 1) & (SLOTS - 1))
        if (uuid_equal(&slots[i].key, key))
            fn(arg, slots[i].at - 1);
}

static void add_step(struct chunk *c, const struct type *type, const void *rec, bool insert,
                     uint64_t changed)
{
    assert(c->n_steps < STEPS_MOST);
    if (insert || changed)
        c->steps[c->n_steps++] = (struct step){.kind = insert ? STEP_INSERT : STEP_UPDATE,
                                               .type = type,
                                               .rec = rec,
                                               .fields = changed};
}

/* In the order of the rows, as they would have been written one by one. */
static void write_records(struct chunk *c)
{
    for (size_t i = 0; i < c->n_companies; i++)
        add_step(c, &company_type, &c->companies[i].c, c->companies[i].insert,
                 c->companies[i].changed);
    for (size_t i = 0; i < c->n_rows; i++)
        add_step(c, &profile_type, &c->rows[i].p, c->rows[i].insert, c->rows[i].changed);
}

/* An attempt that got as far as a checkpoint was not in vain: the count starts over. */
static void write_checkpoint(struct importer *im, int64_t offset)
{
    static const char *const names[] = {"offset",     "progress", "n_read",    "n_created",
                                        "n_updated",  "n_merged", "n_skipped", "attempts",
                                        "n_rejected", NULL};
    struct chunk *c = im->filling;
    int64_t size = im->file->size;
    uint64_t set = 0;

    c->checkpoint = *im->job;
    c->checkpoint.offset = offset;
    c->checkpoint.n = im->counts;
    c->checkpoint.attempts = 0;
    c->checkpoint.progress.ppm = size && offset < size ? offset * 1000000 / size : 1000000;
    for (size_t i = 0; names[i]; i++)
        set |= type_bit(&job_type, type_field(&job_type, names[i]));
    add_step(c, &job_type, &c->checkpoint, false, set);
}

/*
 * What a plan costs is the writing thread's own time: how long the disk or others take says nothing
 * about how large it should be.
 */
static int64_t thread_us(clockid_t clock)
{
    struct timespec t = {0};

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The plan's turn on the writing thread begins. */
static enum err note_begin(void *arg)
{
    struct importer *im = arg;

    if (pthread_getcpuclockid(pthread_self(), &im->writer))
        im->writer = CLOCK_MONOTONIC;
    im->began_us = thread_us(im->writer);
    return ERR_OK;
}

static void *commit_thread(void *arg)
{
    struct importer *im = arg;

    pthread_mutex_lock(&im->lock);
    for (;;) {
        struct plan plan = {.bulk = true, .settle = note_begin, .arg = im};
        enum err err;

        while (!im->busy && !im->stop)
            pthread_cond_wait(&im->moved, &im->lock);
        if (!im->busy)
            break;
        plan.steps = im->flying->steps;
        plan.n = im->flying->n_steps;
        pthread_mutex_unlock(&im->lock);
        err = store_commit(im->srv->store, &plan);
        if (!err && im->srv->jobs)
            jobs_changed(im->srv->jobs);
        pthread_mutex_lock(&im->lock);
        im->hold_us = thread_us(im->writer) - im->began_us;
        im->err = err;
        im->busy = false;
        pthread_cond_broadcast(&im->moved);
    }
    pthread_mutex_unlock(&im->lock);
    return NULL;
}

enum err chunk_wait(struct importer *im)
{
    enum err err;

    pthread_mutex_lock(&im->lock);
    while (im->busy)
        pthread_cond_wait(&im->moved, &im->lock);
    err = im->err;
    pthread_mutex_unlock(&im->lock);
    return err;
}

/* How many rows the next chunks shall have, from how long the last one took. */
static void adapt(struct importer *im)
{
    size_t rows = im->flying->n_read;
    struct store_stats stats;
    bool others;
    int64_t want;

    store_stats(im->srv->store, &stats);
    others = stats.plans > im->plans + 1 || stats.waiting > 0;
    im->plans = stats.plans;
    if (im->one_by_one || !rows || im->hold_us <= 0)
        return;
    want = (int64_t)rows * (others ? HOLD_BUSY_US : HOLD_IDLE_US) / im->hold_us;
    if (want > 2 * (int64_t)im->limit)
        want = 2 * (int64_t)im->limit;
    im->limit = want < ROWS_LEAST ? ROWS_LEAST : want > ROWS_MOST ? ROWS_MOST : (size_t)want;
}

enum err chunk_launch(struct importer *im, int64_t offset)
{
    struct chunk *c = im->filling;
    enum err err;

    write_records(c);
    write_checkpoint(im, offset);
    err = chunk_wait(im);
    if (err)
        return err;
    if (im->flying->n_read)
        im->job->attempts = 0; /* as the one that has landed says */
    adapt(im);
    pthread_mutex_lock(&im->lock);
    im->filling = im->flying;
    im->flying = c;
    im->busy = true;
    pthread_cond_broadcast(&im->moved);
    pthread_mutex_unlock(&im->lock);
    chunk_clear(im->filling);
    return ERR_OK;
}

void importer_free(struct importer *im)
{
    if (!im)
        return;
    if (im->filling && im->flying) {
        pthread_mutex_lock(&im->lock);
        im->stop = true;
        pthread_cond_broadcast(&im->moved);
        pthread_mutex_unlock(&im->lock);
        pthread_join(im->thread, NULL);
    }
    pthread_mutex_destroy(&im->lock);
    pthread_cond_destroy(&im->moved);
    chunk_free(im->filling);
    chunk_free(im->flying);
    free(im->known);
    free(im);
}

struct importer *importer_new(struct server *srv, struct job *job, const struct upload_file *f,
                              size_t one_by_one)
{
    struct importer *im = calloc(1, sizeof(*im));

    if (!im)
        return NULL;
    im->srv = srv;
    im->job = job;
    im->file = f;
    im->counts = job->n;
    im->limit = ROWS_LEAST;
    im->one_by_one = one_by_one;
    pthread_mutex_init(&im->lock, NULL);
    pthread_cond_init(&im->moved, NULL);
    im->known = calloc(KNOWN_COMPANIES, sizeof(*im->known));
    im->filling = chunk_new();
    im->flying = chunk_new();
    if (im->known && im->filling && im->flying &&
        pthread_create(&im->thread, NULL, commit_thread, im) == 0)
        return im;
    chunk_free(im->flying); /* and so there is no thread to end */
    im->flying = NULL;
    importer_free(im);
    return NULL;
}
