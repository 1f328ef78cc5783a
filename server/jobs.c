#include "server/jobs.h"

#include <pthread.h>
#include <string.h>

#include "common/log.h"
#include "server/jobs_private.h"
#include "server/request.h"
#include "server/store.h"

enum { WORKERS_MAX = 64, ATTEMPTS_MAX = 5, IDLE_SECONDS = 5 };

#define KINDS(X) X(upload)

#define X(name) extern const struct job_kind name##_job;
KINDS(X)
#undef X

static const struct job_kind *const kinds[] = {
#define X(name) &name##_job,
    KINDS(X)
#undef X
        NULL,
};

/* A job that a worker has. */
struct running {
    struct uuid id, target;
    bool taken, cancel;
};

struct jobs {
    struct server *srv;
    pthread_mutex_t lock;
    pthread_cond_t work, changed;
    pthread_t threads[WORKERS_MAX];
    struct running running[WORKERS_MAX];
    int n;
    bool stop, woken;
    int64_t streams;
    uint64_t changes;
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

static const char *const state_fields[] = {"state",        "started",     "finished",
                                           "progress",     "attempts",    "error_code",
                                           "error_detail", "error_field", NULL};

static enum err end_job(struct server *srv, struct job *job, const char *state)
{
    job->state = state;
    job->finished = clock_now();
    if (strcmp(state, "done") == 0)
        job->progress.ppm = 1000000;
    return save(srv, job, job_fields(state_fields));
}

static void set_error(struct job *job, enum err err, const struct problem *why, struct arena *mem)
{
    job->error_code = err_slug(err);
    job->error_detail = why->text[0] ? arena_strdup(mem, why->text) : err_title(err);
    job->error_field = why->field[0] ? arena_strdup(mem, why->field) : NULL;
}

static bool is_cancelled(struct jobs *j, const struct uuid *id)
{
    bool yes = false;

    pthread_mutex_lock(&j->lock);
    for (int i = 0; i < j->n; i++)
        yes |= j->running[i].taken && j->running[i].cancel && uuid_equal(&j->running[i].id, id);
    pthread_mutex_unlock(&j->lock);
    return yes;
}

bool job_should_stop(struct server *srv, const struct job *job)
{
    return atomic_load(&srv->stopping) || (srv->jobs && is_cancelled(srv->jobs, &job->id));
}

/* A job whose world failed goes back to the queue a few times; whose input is wrong fails at once.
 */
static void conclude(struct jobs *j, struct job *job, enum err err, const struct problem *why,
                     struct arena *mem)
{
    const struct job_kind *kind = find_kind(job->kind);
    enum err saved;

    if (!err && is_cancelled(j, &job->id)) {
        saved = end_job(j->srv, job, "cancelled");
    } else if (!err && atomic_load(&j->srv->stopping)) {
        return; /* it stays running, and is taken up again at the next start */
    } else if (!err) {
        saved = end_job(j->srv, job, "done");
    } else if (err_retryable(err) && job->attempts < ATTEMPTS_MAX) {
        job->attempts++;
        job->state = "queued";
        saved = save(j->srv, job, job_fields(state_fields));
        log_event(LOG_WARN, "job.again", LOG_STR("error", err_slug(err)));
        return;
    } else {
        set_error(job, err, why, mem);
        saved = end_job(j->srv, job, "failed");
    }
    if (saved)
        log_event(LOG_ERROR, "job.unsaved", LOG_STR("error", err_slug(saved)));
    else if (kind && kind->cleanup)
        kind->cleanup(j->srv, job);
}

static void run_job(struct jobs *j, const struct uuid *id)
{
    struct arena *mem = arena_new();
    const struct job_kind *kind;
    struct problem why = {0};
    struct job job = {0};
    enum err err = store_get(j->srv->store, &job_type, id, 0, mem, &job);

    if (!err && strcmp(job.state, "queued") == 0) {
        kind = find_kind(job.kind);
        job.state = "running";
        if (!job.started.ms)
            job.started = clock_now();
        err = save(j->srv, &job, job_fields(state_fields));
        if (!err)
            err = kind ? kind->run(j->srv, &job, mem, &why)
                       : problem_set(&why, "kind", "there is no such kind of job");
        conclude(j, &job, err, &why, mem);
        log_event(LOG_INFO, "job.ended", LOG_STR("kind", job.kind), LOG_STR("state", job.state),
                  LOG_INT("rows", job.n.read));
    }
    arena_free(mem);
}

struct claim {
    struct jobs *j;
    struct uuid id, target;
    bool found;
};

/* One job at a time in a visibility domain: matching by name relies on it. */
static bool is_free(struct jobs *j, const struct uuid *id, const struct uuid *target)
{
    for (int i = 0; i < j->n; i++)
        if (j->running[i].taken &&
            (uuid_equal(&j->running[i].target, target) || uuid_equal(&j->running[i].id, id)))
            return false;
    return true;
}

static bool consider(void *arg, const void *rec)
{
    const struct job *job = rec;
    struct claim *c = arg;

    c->found = is_free(c->j, &job->id, &job->target);
    c->id = job->id;
    c->target = job->target;
    return !c->found;
}

/* The oldest queued job that may run now; the caller holds the lock. */
static bool claim(struct jobs *j, int slot)
{
    static const char *const queued = "queued";
    struct query q = {.type = &job_type};
    struct arena *mem = arena_new();
    struct claim c = {.j = j};

    q.where[0] = (struct cond){"state", OP_EQ, &queued};
    if (store_find(j->srv->store, &q, mem, consider, &c))
        c.found = false;
    arena_free(mem);
    if (c.found)
        j->running[slot] = (struct running){c.id, c.target, true, false};
    return c.found;
}

struct worker {
    struct jobs *j;
    int slot;
};

static void wait_for_work(struct jobs *j)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += IDLE_SECONDS;
    if (!j->woken)
        pthread_cond_timedwait(&j->work, &j->lock, &until);
    j->woken = false;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct jobs *j = w->j;
    int slot = w->slot;

    free(w);
    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        struct uuid id;

        if (!claim(j, slot)) {
            wait_for_work(j);
            continue;
        }
        id = j->running[slot].id;
        pthread_mutex_unlock(&j->lock);
        run_job(j, &id);
        pthread_mutex_lock(&j->lock);
        j->running[slot].taken = false;
        j->woken = true; /* one that waited for the domain */
        pthread_cond_broadcast(&j->work);
    }
    pthread_mutex_unlock(&j->lock);
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

/* What a dead process was at goes back to the queue. */
static enum err recover(struct server *srv)
{
    static const char *const running = "running";
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
        if (job->attempts <= ATTEMPTS_MAX) {
            err = save(srv, job, job_fields(state_fields));
        } else {
            set_error(job, ERR_INTERNAL, &why, mem);
            err = end_job(srv, job, "failed");
        }
    }
    free(left.v);
    arena_free(mem);
    return err;
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
    pthread_cond_init(&j->work, NULL);
    pthread_cond_init(&j->changed, NULL);
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
    j->woken = true;
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

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&j->lock);
    seen = j->changes;
    while (seen == j->changes && !j->stop)
        if (pthread_cond_timedwait(&j->changed, &j->lock, &until))
            break;
    pthread_mutex_unlock(&j->lock);
}

static bool flag_running(struct jobs *j, const struct uuid *id)
{
    bool found = false;

    pthread_mutex_lock(&j->lock);
    for (int i = 0; i < j->n; i++) {
        if (!j->running[i].taken || !uuid_equal(&j->running[i].id, id))
            continue;
        j->running[i].cancel = true;
        found = true;
    }
    pthread_mutex_unlock(&j->lock);
    return found;
}

enum err jobs_cancel(struct jobs *j, const struct uuid *id, struct arena *mem)
{
    struct job job = {0};
    enum err err = store_get(j->srv->store, &job_type, id, 0, mem, &job);

    if (err)
        return err;
    if (flag_running(j, id))
        return ERR_OK;
    if (strcmp(job.state, "queued") != 0)
        return ERR_CONFLICT;
    err = end_job(j->srv, &job, "cancelled");
    if (!err && find_kind(job.kind) && find_kind(job.kind)->cleanup)
        find_kind(job.kind)->cleanup(j->srv, &job);
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

void job_for_reply(struct job *job, struct arena *mem)
{
    struct job_error *e;

    job->counts.rec = arena_dup(mem, &job->n, sizeof(job->n));
    job->error.rec = NULL;
    if (!job->error_code)
        return;
    e = arena_alloc(mem, sizeof(*e));
    *e = (struct job_error){job->error_code, job->error_detail, job->error_field};
    job->error.rec = e;
}
