/* A job as a reply shows it. */
#include "server/jobs_private.h"
#include "server/request.h"

void job_for_reply(const struct server *srv, struct job *job, struct arena *mem)
{
    enum err err = job->error_code || job->finished.ms ? ERR_OK : jobs_waits_for(srv->jobs, job);
    struct job_error *e;

    job->counts.rec = arena_dup(mem, &job->n, sizeof(job->n));
    job->error.rec = NULL;
    if (!job->error_code && !err)
        return;
    e = arena_alloc(mem, sizeof(*e));
    if (err)
        *e = (struct job_error){err_slug(err), err_title(err), NULL, true};
    else
        *e = (struct job_error){job->error_code, job->error_detail, job->error_field, false};
    job->error.rec = e;
}
