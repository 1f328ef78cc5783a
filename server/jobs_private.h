/* What jobs.c and the routes of jobs share. */
#ifndef SERVER_JOBS_PRIVATE_H
#define SERVER_JOBS_PRIVATE_H

#include "server/jobs.h"

/*
 * Ask a job to stop, and write the audit record with that; at once when no worker has it.
 * errors: ERR_CONFLICT: it has ended; ERR_BUSY
 */
enum err jobs_cancel(struct jobs *j, const struct uuid *id, const struct audit *audit,
                     struct arena *mem) MUST_CHECK;

/* What a job waits for that has read no row since; ERR_OK: nothing. */
enum err jobs_waits_for(struct jobs *j, const struct job *job);

/* One of `most` streams of events; false: all are taken. */
bool jobs_stream_take(struct jobs *j, int64_t most);
void jobs_stream_give(struct jobs *j);

/* The set of these columns of job_type, ends with NULL. */
uint64_t job_fields(const char *const *names);

#endif
