/*
 * Work in the background: a job is a record in the store, so it survives kill -9; worker threads
 * take the oldest queued one, checkpoint as they go, and resume from the checkpoint after a
 * restart.
 */
#ifndef SERVER_JOBS_H
#define SERVER_JOBS_H

#include "common/api.h"
#include "common/err.h"
#include "common/mem.h"

struct jobs;
struct server;

/* A kind of work: one file under jobs/ and one line in the list in jobs.c. */
struct job_kind {
    const char *name; /* "upload" */
    /*
     * Do the work from job->offset on.  Repeatable: it may have been cut at any instruction before.
     * Returns ERR_OK (done), or an error with *why (the job fails; it is tried again when
     * err_retryable()); looks at job_should_stop().
     */
    enum err (*run)(struct server *srv, struct job *job, struct arena *mem, struct problem *why);
    void (*cleanup)(struct server *srv, const struct job *job); /* after done, failed, cancelled */
    void (*tidy)(struct server *srv); /* before the workers start: what a dead process left */
};

/* Take up what a dead process left, start `workers` threads. */
enum err jobs_start(struct server *srv, int workers, struct jobs **out) MUST_CHECK;
void jobs_stop(struct jobs *j); /* lets running jobs reach their next checkpoint; NULL is fine */

/* A job record was inserted: wake a worker. */
void jobs_wake(struct jobs *j);
/* A job record changed: wake the streams that watch it. */
void jobs_changed(struct jobs *j);
/* Wait for jobs_changed(), at most ms. */
void jobs_wait_change(struct jobs *j, int64_t ms);

/* Asked to cancel, or the server stops: reach a checkpoint and return ERR_OK. */
bool job_should_stop(struct server *srv, const struct job *job);

/*
 * Fill the members of a stored job that only a reply has (counts, error): also the error of a job
 * that waits for another attempt, which may be known here alone, as on a full disk.
 */
void job_for_reply(const struct server *srv, struct job *job, struct arena *mem);

#endif
