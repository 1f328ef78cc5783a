/*
 * A worker keeps its job until it has ended.  When the world fails it (a full disk, no memory), it
 * waits and tries again from the checkpoint: a job is not lost, and not left half done, because the
 * disk was full for a minute.
 */
#include "server/jobs.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "server/jobs_private.h"
#include "server/request.h"
#include "server/store.h"

enum {
    WORKERS_MAX = 64,
    HOLDS_MAX = 64,
    ATTEMPTS_MAX = 5, /* without any progress */
    IDLE_MS = 5000,
    AGAIN_MS = 1000, /* doubled with each attempt in vain */
};

#define KINDS(X) \
    X(upload)    \
    X(reseal)

#define X(name) extern const struct job_kind name##_job;
KINDS(X)
#undef X

static const struct job_kind *const kinds[] = {
#define X(name) &name##_job,
    KINDS(X)
#undef X
        NULL,
};

/* A job that a worker has, or (beyond WORKERS_MAX) one that workers must leave alone just now. */
struct running {
    struct uuid id, target;
    bool taken, cancel;
    enum err waits_for; /* what the last attempt ended with, */
    int64_t waits_at;   /* when so many rows had been read */
};

struct jobs {
    struct server *srv;
    pthread_mutex_t lock;
    pthread_cond_t work, changed;
    pthread_t threads[WORKERS_MAX];
    struct running running[WORKERS_MAX + HOLDS_MAX];
    int n;
    bool stop;
    int64_t streams;
    uint64_t changes, wakes;
};

uint64_t job_fields(const char *const *names)
{
    uint64_t set = 0;

    for (; *names; names++)
        set |= type_bit(&job_type, type_field(&job_type, *names));
    return set;
}

static const struct job_kind *find_kind(const char *name)
{
    for (const struct job_kind *const *k = kinds; *k; k++)
        if (strcmp((*k)->name, name) == 0)
            return *k;
    return NULL;
}

static enum err save(struct server *srv, const struct job *job, uint64_t fields)
{
    struct step step = {.kind = STEP_UPDATE, .type = &job_type, .rec = job, .fields = fields};
    struct plan plan = {.steps = &step, .n = 1};
    enum err err = store_commit(srv->store, &plan);

    if (srv->jobs)
        jobs_changed(srv->jobs);
    return err;
}

static enum err end_job(struct server *srv, struct job *job, const char *state)
{
    static const char *const fields[] = {"state",        "finished",    "error_code",
                                         "error_detail", "error_field", NULL};
    static const char *const progress[] = {"progress", NULL};
    bool done = strcmp(state, "done") == 0;

    job->state = state;
    job->finished = clock_now();
    job->progress.ppm = 1000000; /* written when done: an end before it keeps what there is */
    return save(srv, job, job_fields(fields) | (done ? job_fields(progress) : 0));
}

static void set_error(struct job *job, enum err err, const struct problem *why, struct arena *mem)
{
    job->error_code = err_slug(err);
    job->error_detail = why->text[0] ? arena_strdup(mem, why->text) : err_title(err);
    job->error_field = why->field[0] ? arena_strdup(mem, why->field) : NULL;
}

/* The caller holds the lock. */
static struct running *find_running(struct jobs *j, const struct uuid *id)
{
    for (int i = 0; i < j->n; i++)
        if (j->running[i].taken && uuid_equal(&j->running[i].id, id))
            return &j->running[i];
    return NULL;
}

/* As it is now; zeroes when no worker has the job. */
static struct running look_at(struct jobs *j, const struct uuid *id)
{
    struct running copy = {.taken = false};
    const struct running *run;

    pthread_mutex_lock(&j->lock);
    run = find_running(j, id);
    if (run)
        copy = *run;
    pthread_mutex_unlock(&j->lock);
    return copy;
}

static bool is_cancelled(struct jobs *j, const struct uuid *id)
{
    return look_at(j, id).cancel;
}

enum err jobs_waits_for(struct jobs *j, const struct job *job)
{
    struct running run = look_at(j, &job->id);

    return run.waits_at == job->n.read ? run.waits_for : ERR_OK;
}

bool job_should_stop(struct server *srv, const struct job *job)
{
    return atomic_load(&srv->stopping) || (srv->jobs && is_cancelled(srv->jobs, &job->id));
}

static void set_deadline(struct timespec *until, int64_t ms)
{
    clock_gettime(CLOCK_MONOTONIC, until);
    until->tv_nsec += ms % 1000 * 1000000;
    until->tv_sec += ms / 1000 + until->tv_nsec / 1000000000;
    until->tv_nsec %= 1000000000;
}

/* Before another attempt; less when the server stops, or the job shall. */
static void wait_awhile(struct jobs *j, int slot, int64_t attempts)
{
    struct timespec until;

    set_deadline(&until, AGAIN_MS << (attempts < ATTEMPTS_MAX ? attempts : ATTEMPTS_MAX));
    pthread_mutex_lock(&j->lock);
    while (!j->stop && !j->running[slot].cancel)
        if (pthread_cond_timedwait(&j->work, &j->lock, &until))
            break;
    pthread_mutex_unlock(&j->lock);
}

/* Beside the record: the store may be what fails. */
static void note_wait(struct jobs *j, const struct job *job, enum err err)
{
    struct running *run;

    pthread_mutex_lock(&j->lock);
    run = find_running(j, &job->id);
    if (run) {
        run->waits_for = err;
        run->waits_at = job->n.read;
    }
    pthread_mutex_unlock(&j->lock);
    jobs_changed(j);
}

/* true: the job has ended, or waits for the next start of the server. */
static bool conclude(struct jobs *j, struct job *job, enum err err, const struct problem *why,
                     struct arena *mem)
{
    static const char *const attempts[] = {"attempts", NULL};
    const struct job_kind *kind = find_kind(job->kind);
    enum err saved;

    if (job->cancel || is_cancelled(j, &job->id)) {
        saved = end_job(j->srv, job, "cancelled");
    } else if (atomic_load(&j->srv->stopping)) {
        return true;
    } else if (!err) {
        saved = end_job(j->srv, job, "done");
    } else if (err_retryable(err) && job->attempts + 1 < ATTEMPTS_MAX) {
        job->attempts++;
        note_wait(j, job, err);
        log_event(LOG_WARN, "job.again", LOG_STR("error", err_slug(err)),
                  LOG_INT("attempts", job->attempts));
        (void)!save(j->srv, job, job_fields(attempts)); /* the disk may be full */
        return false;
    } else {
        set_error(job, err, why, mem);
        saved = end_job(j->srv, job, "failed");
    }
    if (saved) {
        note_wait(j, job, saved);
        log_event(LOG_ERROR, "job.unsaved", LOG_STR("error", err_slug(saved)));
        return false;
    }
    if (kind && kind->cleanup)
        kind->cleanup(j->srv, job);
    return true;
}

static enum err begin(struct jobs *j, struct job *job)
{
    static const char *const fields[] = {"state", "started", NULL};

    if (strcmp(job->state, "running") == 0)
        return ERR_OK;
    job->state = "running";
    if (!job->started.ms)
        job->started = clock_now();
    return save(j->srv, job, job_fields(fields));
}

/* One attempt; true: the worker may forget the job.  *attempts: those in vain so far. */
static bool run_job(struct jobs *j, const struct uuid *id, int64_t *attempts)
{
    struct arena *mem = arena_new();
    struct problem why = {0};
    struct job job = {0};
    enum err err = store_get(j->srv->store, &job_type, id, 0, mem, &job);
    const struct job_kind *kind;
    bool over;

    if (err || job.finished.ms) {
        over = !err || err == ERR_NOT_FOUND || atomic_load(&j->srv->stopping);
        arena_free(mem);
        return over;
    }
    kind = find_kind(job.kind);
    if (!job.cancel)
        err = begin(j, &job);
    if (!err && !job.cancel)
        err = kind ? kind->run(j->srv, &job, mem, &why)
                   : problem_set(&why, "kind", "there is no such kind of job");
    over = conclude(j, &job, err, &why, mem);
    *attempts = job.attempts;
    log_event(LOG_INFO, "job.ended", LOG_STR("kind", job.kind), LOG_STR("state", job.state));
    arena_free(mem);
    return over;
}

struct claim {
    struct jobs *j;
    int slot;
    bool found;
};

/* One job at a time in a visibility domain: matching by name relies on it. */
static bool is_free(const struct jobs *j, const struct job *job)
{
    for (int i = 0; i < WORKERS_MAX + HOLDS_MAX; i++) {
        const struct running *run = &j->running[i];

        if (run->taken && (uuid_equal(&run->id, &job->id) ||
                           (i < WORKERS_MAX && uuid_equal(&run->target, &job->target))))
            return false;
    }
    return true;
}

static bool consider(void *arg, const void *rec)
{
    const struct job *job = rec;
    struct claim *c = arg;

    pthread_mutex_lock(&c->j->lock);
    c->found = !c->j->stop && is_free(c->j, job);
    if (c->found)
        c->j->running[c->slot] =
            (struct running){.id = job->id, .target = job->target, .taken = true};
    pthread_mutex_unlock(&c->j->lock);
    return !c->found;
}

/* The oldest queued job that may run now. */
static bool claim(struct jobs *j, int slot)
{
    static const char *const queued = "queued";
    static const char *const fields[] = {"id", "target", NULL};
    struct query q = {.type = &job_type, .fields = job_fields(fields)};
    struct claim c = {.j = j, .slot = slot};
    struct arena *mem = arena_new();

    q.where[0] = (struct cond){"state", OP_EQ, &queued};
    if (store_find(j->srv->store, &q, mem, consider, &c))
        log_event(LOG_WARN, "jobs.claim", LOG_INT("slot", slot));
    arena_free(mem);
    return c.found;
}

struct worker {
    struct jobs *j;
    int slot;
};

static void work_on(struct jobs *j, int slot)
{
    struct uuid id = j->running[slot].id;
    int64_t attempts = 0;

    while (!run_job(j, &id, &attempts) && !atomic_load(&j->srv->stopping))
        wait_awhile(j, slot, attempts);
    pthread_mutex_lock(&j->lock);
    j->running[slot].taken = false;
    j->wakes++; /* for one that waited for the domain */
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct jobs *j = w->j;
    int slot = w->slot;
    bool stop = false;

    free(w);
    while (!stop) {
        struct timespec until;
        uint64_t seen;

        pthread_mutex_lock(&j->lock);
        seen = j->wakes;
        pthread_mutex_unlock(&j->lock);
        if (claim(j, slot))
            work_on(j, slot);
        set_deadline(&until, IDLE_MS);
        pthread_mutex_lock(&j->lock);
        while (seen == j->wakes && !j->stop)
            if (pthread_cond_timedwait(&j->work, &j->lock, &until))
                break;
        stop = j->stop;
        pthread_mutex_unlock(&j->lock);
    }
    return NULL;
}

struct left {
    struct job *v;
    size_t n, size;
};

static bool take_left(void *arg, const void *rec)
{
    struct left *l = arg;

    if (l->n == l->size) {
        l->size = l->size ? l->size * 2 : 16;
        l->v = xrealloc(l->v, l->size * sizeof(*l->v));
    }
    l->v[l->n++] = *(const struct job *)rec;
    return true;
}

/* What a dead process was at goes back to the queue; not for ever, if it is what kills it. */
static enum err recover(struct server *srv)
{
    static const char *const running = "running";
    static const char *const fields[] = {"state", "attempts", NULL};
    struct query q = {.type = &job_type};
    struct arena *mem = arena_new();
    struct left left = {0};
    enum err err;

    q.where[0] = (struct cond){"state", OP_EQ, &running};
    err = store_find(srv->store, &q, mem, take_left, &left);
    for (size_t i = 0; i < left.n && !err; i++) {
        struct job *job = &left.v[i];
        struct problem why = {.text = "it was interrupted too often"};

        job->attempts++;
        job->state = "queued";
        if (job->attempts < ATTEMPTS_MAX) {
            err = save(srv, job, job_fields(fields));
        } else {
            set_error(job, ERR_INTERNAL, &why, mem);
            err = end_job(srv, job, "failed");
        }
    }
    free(left.v);
    arena_free(mem);
    for (const struct job_kind *const *k = kinds; *k && !err; k++)
        if ((*k)->tidy)
            (*k)->tidy(srv);
    return err;
}

static void init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

enum err jobs_start(struct server *srv, int workers, struct jobs **out)
{
    struct jobs *j = xcalloc(1, sizeof(*j));
    enum err err = recover(srv);

    if (err) {
        free(j);
        return err;
    }
    j->srv = srv;
    pthread_mutex_init(&j->lock, NULL);
    init_cond(&j->work);
    init_cond(&j->changed);
    srv->jobs = *out = j;
    j->n = workers < WORKERS_MAX ? workers : WORKERS_MAX;
    for (int i = 0; i < j->n; i++) {
        struct worker *w = xcalloc(1, sizeof(*w));

        *w = (struct worker){j, i};
        if (pthread_create(&j->threads[i], NULL, work, w)) {
            free(w);
            j->n = i;
            return ERR_UNAVAILABLE;
        }
    }
    return ERR_OK;
}

void jobs_stop(struct jobs *j)
{
    if (!j)
        return;
    pthread_mutex_lock(&j->lock);
    j->stop = true;
    pthread_cond_broadcast(&j->work);
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    for (int i = 0; i < j->n; i++)
        pthread_join(j->threads[i], NULL);
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->work);
    pthread_cond_destroy(&j->changed);
    free(j);
}

void jobs_wake(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    j->wakes++;
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
}

void jobs_changed(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    j->changes++;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

void jobs_wait_change(struct jobs *j, int64_t ms)
{
    struct timespec until;
    uint64_t seen;

    set_deadline(&until, ms);
    pthread_mutex_lock(&j->lock);
    seen = j->changes;
    while (seen == j->changes && !j->stop)
        if (pthread_cond_timedwait(&j->changed, &j->lock, &until))
            break;
    pthread_mutex_unlock(&j->lock);
}

/* Keeps workers away from a job that none of them has. */
struct hold {
    struct jobs *j;
    struct running *slot; /* NULL: a worker has it, or there is no hold */
};

static void drop_hold(void *arg)
{
    struct hold *h = arg;

    pthread_mutex_lock(&h->j->lock);
    if (h->slot)
        h->slot->taken = false;
    pthread_mutex_unlock(&h->j->lock);
    h->slot = NULL;
}

/* errors: ERR_BUSY: all holds are taken */
static enum err take_hold(struct hold *h, const struct uuid *id)
{
    struct running *holds = h->j->running + WORKERS_MAX;
    enum err err = ERR_BUSY;
    int i = 0;

    pthread_mutex_lock(&h->j->lock);
    while (i < HOLDS_MAX && holds[i].taken)
        i++;
    if (find_running(h->j, id)) {
        err = ERR_OK;
    } else if (i < HOLDS_MAX) {
        holds[i] = (struct running){.id = *id, .taken = true};
        h->slot = &holds[i];
        err = ERR_OK;
    }
    pthread_mutex_unlock(&h->j->lock);
    return err;
}

/* The worker looks at this; the record is for the case that the server dies before. */
static void flag_running(struct jobs *j, const struct uuid *id)
{
    struct running *run;

    pthread_mutex_lock(&j->lock);
    run = find_running(j, id);
    if (run)
        run->cancel = true;
    pthread_cond_broadcast(&j->work); /* it may be waiting for another attempt */
    pthread_mutex_unlock(&j->lock);
}

enum err jobs_cancel(struct jobs *j, const struct uuid *id, const struct audit *audit,
                     struct arena *mem)
{
    static const char *const fields[] = {"state", "finished", "cancel", NULL};
    static const char *const flag[] = {"cancel", NULL};
    struct hold *h = arena_alloc(mem, sizeof(*h));
    struct deferred *d = arena_defer(mem, drop_hold, h);
    struct job job = {.id = *id, .state = "cancelled", .finished = clock_now(), .cancel = true};
    struct step steps[] = {
        {.kind = STEP_UPDATE, .type = &job_type, .rec = &job, .guard = "finished"},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = audit},
    };
    struct plan plan = {.steps = steps, .n = 2};
    struct job old = {0};
    enum err err;

    h->j = j;
    err = take_hold(h, id);
    steps[0].fields = job_fields(h->slot ? fields : flag);
    if (!err)
        err = store_get(j->srv->store, &job_type, id, 0, mem, &old);
    if (!err)
        err = store_commit(j->srv->store, &plan);
    if (!err && h->slot && find_kind(old.kind) && find_kind(old.kind)->cleanup)
        find_kind(old.kind)->cleanup(j->srv, &old);
    drop_hold(h);
    arena_cancel(d);
    if (!err)
        flag_running(j, id);
    jobs_changed(j);
    return err;
}

bool jobs_stream_take(struct jobs *j, int64_t most)
{
    bool got;

    pthread_mutex_lock(&j->lock);
    got = j->streams < most;
    j->streams += got;
    pthread_mutex_unlock(&j->lock);
    return got;
}

void jobs_stream_give(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    j->streams--;
    pthread_mutex_unlock(&j->lock);
}
