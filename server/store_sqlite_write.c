/*
 * The writing thread.  Plans queue up while the disk works on the last commit; it takes all that
 * wait, runs each in its own savepoint, and makes them durable with one fsync.
 *
 * People's plans go first; what imports hand in gets the thread for BULK_US at a time, in commits
 * of its own, so neither starves.  Checkpoints are small and frequent for the same reason.
 *
 * While no people come, a commit of the bulk takes in more of its plans, because it writes each
 * page once however many rows of it changed (measured: 2.9 pages a row in commits of 500 imported
 * rows, 1.6 in those of 4,000).  It still ends with the plan that runs when somebody comes.
 */
#include <assert.h>
#include <errno.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "server/store_sqlite.h"

enum { BULK_US = 3000, BULK_ALONE_US = 100000, ALONE_US = 1000000, BATCH_MOST = 1024 };

/* Frames of 4 KiB in the log that are not in the database yet. */
enum {
    CHECKPOINT_IDLE = 100,   /* when nobody has come for IDLE_MS */
    CHECKPOINT_SLICE = 2000, /* while people come: what they wait for */
    CHECKPOINT_BUSY = 8000,  /* also when somebody waits; the log is then started over */
    CHECKPOINT_FULL = 14000, /* the same, with more patience: the log is near its 64 MiB */
    CHECKPOINT_AGAIN = 1000, /* new frames before one that got stuck is tried again */
};

/* What running reads may cost the writers at the end of a log, in steps of a tenth of a ms. */
enum { PATIENCE_STEP_US = 100, PATIENCE = 50, PATIENCE_FULL = 2000 };

enum { IDLE_MS = 50 };

static void list_init(struct pending_list *l)
{
    l->first = NULL;
    l->last = &l->first;
}

static void list_add(struct pending_list *l, struct pending *p)
{
    p->next = NULL;
    *l->last = p;
    l->last = &p->next;
}

static struct pending *list_take(struct pending_list *l)
{
    struct pending *p = l->first;

    if (p) {
        l->first = p->next;
        if (!l->first)
            l->last = &l->first;
    }
    return p;
}

/* Hand work to the writing thread and wait until it is done; the first error. */
static enum err hand_in(struct sqlite_store *s, struct pending *v, size_t n, bool bulk)
{
    struct writer *w = &s->writer;
    struct series series = {.failed = false};
    enum err err = ERR_OK;

    if (atomic_load(&w->failed))
        return ERR_UNAVAILABLE;
    if (sem_init(&series.done, 0, 0))
        return ERR_NO_MEMORY;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < n; i++) {
        v[i].series = &series;
        list_add(bulk ? &w->bulk : &w->people, &v[i]);
    }
    atomic_fetch_add(&s->waiting, (int64_t)n);
    if (w->asleep) {
        w->asleep = false;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < n; i++)
        while (sem_wait(&series.done) && errno == EINTR)
            continue;
    sem_destroy(&series.done);
    for (size_t i = 0; i < n && !err; i++)
        err = v[i].err;
    return err;
}

enum err lite_commit(struct store *base, struct plan *plans, size_t n)
{
    struct pending v[SERIES_MAX] = {{0}};

    for (size_t i = 0; i < n; i++) {
        plans[i].failed = 0;
        v[i].plan = &plans[i];
    }
    return hand_in((struct sqlite_store *)base, v, n, plans->bulk);
}

enum err lite_call(struct sqlite_store *s, int (*fn)(struct sqlite_store *, void *), void *arg)
{
    struct pending p = {.call = fn, .arg = arg};

    return hand_in(s, &p, 1, false);
}

/* The error of a transaction, or checkpoint, that cannot go on. */
static enum err broken(struct sqlite_store *s, int rc, const char *doing)
{
    struct writer *w = &s->writer;
    enum err err = lite_error(&w->conn, rc, doing);

    if (lite_is_fatal(&w->conn, rc)) {
        atomic_store(&w->failed, true);
        log_event(LOG_ERROR, "store.stopped", LOG_STR("why", "the disk refused a write"));
    }
    if (err == ERR_DISK_FULL && !w->disk_full) {
        w->disk_full = true;
        log_event(LOG_ERROR, "store.disk_full", LOG_STR("doing", doing));
    }
    return err;
}

/* Without memory even this can fail: then the next transaction begins with it. */
static int rollback(struct sqlite_store *s)
{
    struct conn *c = &s->writer.conn;

    return sqlite3_get_autocommit(c->db) ? SQLITE_OK : lite_run_fixed(c, FIXED_ROLLBACK);
}

/* Forget the numbers that went to what is rolled back. */
static void undo(struct writer *w, int64_t seq, const struct chain_head *head)
{
    w->next_seq = seq;
    w->head = *head;
}

/* One plan inside the open transaction; p->err says how it went. Not SQLITE_OK: it is broken. */
static int carry_out(struct sqlite_store *s, struct pending *p, bool alone)
{
    struct conn *c = &s->writer.conn;
    int64_t seq = s->writer.next_seq;
    struct chain_head head = s->writer.head;
    /* One statement undoes itself, and a plan that is alone is undone with the transaction. */
    bool savepoint = !alone && (p->plan->n > 1 || p->plan->settle);
    int rc = savepoint ? lite_run_fixed(c, FIXED_SAVEPOINT) : SQLITE_OK, end;

    p->err = ERR_OK;
    if (rc != SQLITE_OK)
        return rc;
    rc = lite_plan_run(s, p->plan, &p->err);
    if (rc == SQLITE_CONSTRAINT)
        p->err = ERR_CONFLICT;
    else if (rc != SQLITE_OK && rc != SQLITE_ABORT)
        return rc;
    if (!savepoint)
        return SQLITE_OK;
    if (p->err) {
        undo(&s->writer, seq, &head);
        end = lite_run_fixed(c, FIXED_UNDO);
        if (end != SQLITE_OK)
            return end;
    }
    return lite_run_fixed(c, FIXED_RELEASE);
}

static int run_plan(struct sqlite_store *s, struct pending *p, bool alone)
{
    int rc = SQLITE_OK;

    p->err = ERR_CONFLICT;
    if (!p->series->failed) {
        lite_moment_open(s, p->plan);
        rc = carry_out(s, p, alone);
    }
    p->series->failed = p->err != ERR_OK;
    return rc;
}

struct batch {
    struct pending_list list;
    int n, good; /* good: not refused */
    bool bulk;
};

/*
 * Whoever was in the transaction shares its fate; those it had refused too, because what they were
 * refused for may have gone with it.
 */
static void fail_all(struct batch *b, enum err err)
{
    for (struct pending *p = b->list.first; p; p = p->next) {
        p->err = err;
        p->series->failed = true;
    }
}

static void publish(struct sqlite_store *s, struct batch *b, int64_t seq_before)
{
    struct writer *w = &s->writer;

    atomic_fetch_add(&s->commits, 1);
    atomic_fetch_add(&s->plans, b->good);
    if (w->next_seq != seq_before)
        atomic_store(&s->last_change, w->next_seq - 1);
    lite_chain_publish(s);
    if (w->disk_full) {
        w->disk_full = false;
        log_event(LOG_INFO, "store.disk_ok", LOG_INT("commits", atomic_load(&s->commits)));
    }
}

static int run_people(struct sqlite_store *s, struct batch *b)
{
    int rc = SQLITE_OK;

    for (struct pending *p = b->list.first; p && rc == SQLITE_OK; p = p->next) {
        if (p->plan)
            rc = run_plan(s, p, b->n == 1);
        else
            rc = p->call(s, p->arg);
        b->good += !p->err;
    }
    return rc;
}

/* The next bulk plan for the transaction, while there is time and nobody else waits. */
static bool more_bulk(struct writer *w, struct batch *b, int64_t until)
{
    struct pending *p = NULL;

    pthread_mutex_lock(&w->lock);
    if (!w->people.first && b->n < w->most && clock_mono_us() < until)
        p = list_take(&w->bulk);
    pthread_mutex_unlock(&w->lock);
    if (p) {
        list_add(&b->list, p);
        b->n++;
    }
    return p != NULL;
}

static bool people_come(const struct writer *w)
{
    return w->people_us && clock_mono_us() - w->people_us < ALONE_US;
}

/* The first one needs no savepoint, which would copy each page it touches: nobody is before it. */
static int run_bulk(struct sqlite_store *s, struct batch *b)
{
    int64_t until = clock_mono_us() + (people_come(&s->writer) ? BULK_US : BULK_ALONE_US);
    struct pending *p = b->list.first;
    int rc;

    do {
        rc = run_plan(s, p, b->n == 1);
        b->good += !p->err;
        if (rc != SQLITE_OK || !b->good || !more_bulk(&s->writer, b, until))
            return rc;
        p = p->next;
    } while (p);
    return rc;
}

static void run_batch(struct sqlite_store *s, struct batch *b)
{
    struct writer *w = &s->writer;
    int64_t seq = w->next_seq;
    struct chain_head head = w->head;
    const char *doing = "begin";
    int rc = rollback(s);

    if (rc == SQLITE_OK)
        rc = lite_run_fixed(&w->conn, FIXED_BEGIN);
    if (rc == SQLITE_OK) {
        doing = "write";
        rc = b->bulk ? run_bulk(s, b) : run_people(s, b);
    }
    if (rc == SQLITE_OK && b->good) {
        doing = "commit";
        rc = lite_run_fixed(&w->conn, FIXED_COMMIT);
    }
    if (rc != SQLITE_OK)
        fail_all(b, broken(s, rc, doing));
    (void)rollback(s);
    if (rc == SQLITE_OK && b->good)
        publish(s, b, seq);
    else
        undo(w, seq, &head);
    atomic_fetch_add(&s->refused, b->n - b->good);
}

/* Answer everybody; a waiter's memory may be gone as soon as it is woken. */
static void answer(struct sqlite_store *s, struct batch *b)
{
    atomic_fetch_sub(&s->waiting, b->n);
    for (struct pending *p = b->list.first, *next; p; p = next) {
        next = p->next;
        sem_post(&p->series->done);
    }
}

static void tell_watcher(struct sqlite_store *s)
{
    pthread_mutex_lock(&s->watch_lock);
    if (s->watch)
        s->watch(s->watch_arg);
    pthread_mutex_unlock(&s->watch_lock);
}

/*
 * With the lock held: the plans of the next transaction.  All people that wait (a call only by
 * itself), then, in turn, one of the bulk.
 */
static void take_batch(struct writer *w, struct batch *b)
{
    struct pending_list *from = &w->people;

    *b = (struct batch){.bulk = !w->people.first || (w->bulk_turn && w->bulk.first)};
    list_init(&b->list);
    w->bulk_turn = !b->bulk;
    if (b->bulk)
        from = &w->bulk;
    do {
        struct pending *p = list_take(from);

        list_add(&b->list, p);
        b->n++;
        if (p->call || b->bulk)
            break;
    } while (b->n < w->most && from->first && !from->first->call);
}

static void do_batch(struct sqlite_store *s, struct batch *b)
{
    int64_t before = atomic_load(&s->last_change);

    if (!b->bulk && b->list.first->plan)
        s->writer.people_us = clock_mono_us();
    if (atomic_load(&s->writer.failed))
        fail_all(b, ERR_UNAVAILABLE);
    else
        run_batch(s, b);
    for (struct pending *p = b->list.first; p; p = p->next)
        if (p->plan)
            lite_moment_close(s, p->plan);
    if (atomic_load(&s->last_change) != before)
        tell_watcher(s);
    answer(s, b);
}

static int count_frames(void *arg, sqlite3 *db, const char *name, int frames)
{
    struct writer *w = arg;

    (void)db;
    (void)name;
    if (frames < w->wal_frames) /* the log began anew */
        w->wal_done = w->wal_tried = 0;
    w->wal_frames = frames;
    return SQLITE_OK;
}

static int be_patient(void *arg, int tries)
{
    usleep(PATIENCE_STEP_US);
    return tries < *(const int *)arg;
}

/*
 * Copy the log into the database: what no running read still needs, waiting for nobody.  A long log
 * is started over, which takes a moment without reads in it; new ones do not prolong the wait.
 */
static void checkpoint(struct sqlite_store *s)
{
    struct writer *w = &s->writer;
    bool restart = w->wal_frames >= CHECKPOINT_BUSY;
    int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int patience = w->wal_frames >= CHECKPOINT_FULL ? PATIENCE_FULL : PATIENCE;
    int done = 0, rc;

    if (rollback(s) != SQLITE_OK)
        return;
    sqlite3_busy_handler(w->conn.db, be_patient, &patience);
    rc = sqlite3_wal_checkpoint_v2(w->conn.db, NULL, mode, NULL, &done);
    sqlite3_busy_timeout(w->conn.db, LITE_BUSY_MS);
    w->wal_tried = w->wal_frames;
    if (rc == SQLITE_OK && restart)
        w->wal_frames = w->wal_done = w->wal_tried = 0;
    else if (rc == SQLITE_OK || rc == SQLITE_BUSY)
        w->wal_done = done;
    else
        (void)broken(s, rc, "checkpoint");
}

static int frames_to_do(const struct writer *w)
{
    return atomic_load(&w->failed) ? 0 : w->wal_frames - w->wal_done;
}

/* A log that is long, and longer than when it was last tried; or a slice of it for people's sake.
 */
static bool log_is_long(const struct writer *w)
{
    int news = w->wal_frames - w->wal_tried;

    if (!frames_to_do(w))
        return false;
    if (w->wal_frames < CHECKPOINT_BUSY)
        return news >= CHECKPOINT_SLICE && people_come(w);
    return !w->wal_tried || news >= CHECKPOINT_AGAIN;
}

/* With the lock held: there is no work.  True: none came for so long that the log can be tidied. */
static bool sleep_awhile(struct writer *w)
{
    struct timespec until;
    int rc = 0;

    w->asleep = true;
    if (frames_to_do(w) < CHECKPOINT_IDLE) {
        pthread_cond_wait(&w->wake, &w->lock);
    } else {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += IDLE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        rc = pthread_cond_timedwait(&w->wake, &w->lock, &until);
    }
    w->asleep = false;
    return rc == ETIMEDOUT;
}

static void *write_loop(void *arg)
{
    struct sqlite_store *s = arg;
    struct writer *w = &s->writer;
    struct batch b;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        bool waiting = w->people.first || w->bulk.first;
        bool tidy = !waiting && !w->stop && sleep_awhile(w);

        if (!waiting && !tidy) {
            if (w->stop && !w->people.first && !w->bulk.first)
                break;
            continue;
        }
        if (waiting)
            take_batch(w, &b);
        pthread_mutex_unlock(&w->lock);
        if (waiting)
            do_batch(s, &b);
        if (tidy || log_is_long(w))
            checkpoint(s);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum err lite_writer_start(struct sqlite_store *s, int commit_most)
{
    struct writer *w = &s->writer;
    pthread_condattr_t monotonic;

    w->most = commit_most > 0 && commit_most < BATCH_MOST ? commit_most : BATCH_MOST;
    list_init(&w->people);
    list_init(&w->bulk);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sqlite3_wal_hook(w->conn.db, count_frames, w);
    if (pthread_create(&w->thread, NULL, write_loop, s)) {
        log_event(LOG_ERROR, "store.thread", LOG_STR("means", "no thread for writing"));
        return ERR_UNAVAILABLE;
    }
    w->started = true;
    return ERR_OK;
}

void lite_writer_stop(struct sqlite_store *s)
{
    struct writer *w = &s->writer;

    if (!w->started)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
}
