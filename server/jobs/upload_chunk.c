/*
 * A part is one plan: its companies, its profiles, what was rejected, and the job's checkpoint, so
 * that a resume after any crash repeats nothing.  It is as large as takes PART_US of the writing
 * thread's time, for so long do others wait for it.  The parts of a chunk are handed in together,
 * so that the store may commit many at once when nobody else comes.
 *
 * While a thread of the importer commits one chunk, the next is prepared; records of either are
 * found there, all others in the store.  What a closed part holds does not change any more: news of
 * its records are written as changes by a later part.
 */
#include "server/jobs/upload_chunk.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "common/copy.h"
#include "server/jobs_private.h"
#include "server/search/search.h"

enum { PART_US = 2000 };

struct chunk *chunk_new(void)
{
    struct chunk *c = calloc(1, sizeof(*c));

    if (c && !(c->mem = arena_try_new())) {
        free(c);
        return NULL;
    }
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
    arena_clear(c->mem);
    memset(c->row_slots, 0, sizeof(c->row_slots));
    memset(c->company_slots, 0, sizeof(c->company_slots));
    c->n = c->closed = (struct extent){0};
    c->n_parts = 0;
}

void chunk_keep_row(struct chunk *c, struct written *w)
{
    struct profile p = w->p;

    record_copy(&profile_type, c->mem, &w->p, &p);
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

size_t chunk_newest(const struct slot *slots, const struct uuid *key)
{
    size_t newest = SIZE_MAX;

    for (uint32_t i = slot_of(key); slots[i].at; i = (i + 1) & (SLOTS - 1))
        if (uuid_equal(&slots[i].key, key) && (newest == SIZE_MAX || slots[i].at > newest + 1))
            newest = slots[i].at - 1;
    return newest;
}

static void add_step(struct chunk *c, const struct type *type, const void *rec, bool insert,
                     uint64_t changed, uint32_t ring)
{
    assert(c->n.steps < STEPS_MOST);
    if (insert || changed)
        c->steps[c->n.steps++] = (struct step){.kind = insert ? STEP_INSERT : STEP_UPDATE,
                                               .type = type,
                                               .rec = rec,
                                               .fields = changed,
                                               .ring = ring};
}

/* In the order of the rows, as they would have been written one by one. */
static void write_records(struct chunk *c, uint32_t ring)
{
    for (size_t i = c->closed.companies; i < c->n.companies; i++)
        add_step(c, &company_type, &c->companies[i].c, c->companies[i].insert,
                 c->companies[i].changed, ring);
    for (size_t i = c->closed.rows; i < c->n.rows; i++)
        add_step(c, &profile_type, &c->rows[i].p, c->rows[i].insert, c->rows[i].changed, ring);
}

/* An attempt that got as far as a checkpoint was not in vain: the count starts over. */
static void write_checkpoint(struct importer *im, int64_t offset)
{
    static const char *const names[] = {"offset",     "progress", "n_read",    "n_created",
                                        "n_updated",  "n_merged", "n_skipped", "attempts",
                                        "n_rejected", NULL};
    struct job *at = &im->filling->checkpoints[im->filling->n_parts];
    int64_t size = im->file->size;

    *at = *im->job;
    at->offset = offset;
    at->n = im->counts;
    at->attempts = 0;
    at->progress.ppm = size && offset < size ? offset * 1000000 / size : 1000000;
    add_step(im->filling, &job_type, at, false, job_fields(names), 0);
}

/*
 * A plan's turn on the writing thread begins, and the one before it is over.  What it costs is the
 * thread's own time: how long the disk takes says nothing about how large a part should be.
 */
static enum err note_turn(void *arg)
{
    struct importer *im = arg;
    struct timespec t = {0};
    int64_t now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    now = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
    if (im->held++ == 0)
        im->began_us = now;
    im->hold_us = now - im->began_us;
    return ERR_OK;
}

void chunk_close_part(struct importer *im, int64_t offset)
{
    struct chunk *c = im->filling;

    write_records(c, im->ring);
    write_checkpoint(im, offset);
    c->plans[c->n_parts++] = (struct plan){.steps = c->steps + c->closed.steps,
                                           .n = c->n.steps - c->closed.steps,
                                           .settle = note_turn,
                                           .arg = im,
                                           .bulk = true};
    c->closed = c->n;
}

static void *commit_thread(void *arg)
{
    struct importer *im = arg;

    pthread_mutex_lock(&im->lock);
    for (;;) {
        enum err err;

        while (!im->busy && !im->stop)
            pthread_cond_wait(&im->moved, &im->lock);
        if (!im->busy)
            break;
        pthread_mutex_unlock(&im->lock);
        im->held = 0;
        err = store_commit_series(im->srv->store, im->flying->plans, im->flying->n_parts);
        if (!err && im->srv->search)
            search_note_commit(im->srv->search, &im->job->account,
                               store_last_change(im->srv->store));
        if (!err && im->srv->jobs)
            jobs_changed(im->srv->jobs);
        pthread_mutex_lock(&im->lock);
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

/* How many rows the next parts shall have, from how long all but the last of a chunk took. */
static void adapt(struct importer *im)
{
    const struct chunk *c = im->flying;
    int64_t want;

    if (im->chunk_rows < CHUNK_MOST)
        im->chunk_rows *= 2;
    if (im->held < 2 || im->hold_us <= 0)
        return;
    want = (int64_t)(c->n.read / c->n_parts) * (im->held - 1) * PART_US / im->hold_us;
    if (want > 2 * (int64_t)im->part_rows)
        want = 2 * (int64_t)im->part_rows;
    im->part_rows = want < PART_LEAST ? PART_LEAST : want > PART_MOST ? PART_MOST : (size_t)want;
}

enum err chunk_launch(struct importer *im)
{
    struct chunk *c = im->filling;
    enum err err = chunk_wait(im);

    if (err)
        return err;
    if (im->flying->n.read)
        im->job->attempts = 0; /* as the one that has landed says */
    adapt(im);
    pthread_mutex_lock(&im->lock);
    im->filling = im->flying;
    im->flying = c;
    im->busy = true;
    pthread_cond_broadcast(&im->moved);
    pthread_mutex_unlock(&im->lock);
    chunk_clear(im->filling);
    im->filling->begin = c->checkpoints[c->n_parts - 1].offset;
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
    arena_free(im->row_mem);
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
    im->n_older = seal_live(srv->seal, true, im->older) - 1;
    im->ring = im->older[im->n_older];
    im->counts = job->n;
    im->part_rows = PART_LEAST;
    im->chunk_rows = CHUNK_LEAST;
    im->one_by_one = one_by_one;
    pthread_mutex_init(&im->lock, NULL);
    pthread_cond_init(&im->moved, NULL);
    im->row_mem = arena_try_new();
    im->known = calloc(KNOWN_COMPANIES, sizeof(*im->known));
    im->filling = chunk_new();
    im->flying = chunk_new();
    if (im->row_mem && im->known && im->filling && im->flying &&
        pthread_create(&im->thread, NULL, commit_thread, im) == 0)
        return im;
    chunk_free(im->flying); /* and so there is no thread to end */
    im->flying = NULL;
    importer_free(im);
    return NULL;
}
