/* What the tests of imports share: a server without its network, and jobs put straight into it. */
#ifndef TESTS_UPLOAD_H
#define TESTS_UPLOAD_H

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/log.h"
#include "server/jobs.h"
#include "server/jobs/upload.h"
#include "server/options.h"
#include "server/records.h"
#include "server/request.h"
#include "server/seal.h"
#include "server/search/search.h"

struct world {
    char dir[200]; /* holds data/ and keys/ */
    struct options options;
    struct server srv;
    struct arena *mem;
    const char *vfs; /* of the store; NULL: the usual one */
};

static inline void world_die(const char *doing)
{
    fprintf(stderr, "world: cannot %s\n", doing);
    exit(1);
}

enum world_search { WORLD_NO_SEARCH, WORLD_SEARCH, WORLD_SEARCH_FILES /* as the server has it */ };

/* On the directory that is there; workers 0: no job runs. */
static inline void world_start(struct world *w, int workers, enum world_search search)
{
    struct store_options so = {0};
    struct problem why = {0};

    w->mem = arena_new();
    w->options.data = arena_printf(w->mem, "%s/data", w->dir);
    w->options.event_streams = 4;
    w->options.upload_max = INT64_C(1) << 30;
    so.dir = w->options.data;
    w->options.keys = arena_printf(w->mem, "%s/keys", w->dir);
    if (file_make_dir(w->options.data) || seal_open(w->options.keys, &w->srv.seal, &why))
        world_die("open the keys");
    so.seal = w->srv.seal;
    so.vfs = w->vfs;
    w->srv.options = &w->options;
    atomic_store(&w->srv.stopping, false);
    if (store_open(&so, &w->srv.store, &why))
        world_die("open the store");
    for (const struct type *const *t = stored_types; *t; t++)
        if (store_ensure(w->srv.store, *t))
            world_die("make the tables");
    if (search) {
        struct search_options o = {.store = w->srv.store, .seal = w->srv.seal};

        if (search == WORLD_SEARCH_FILES)
            o.dir = arena_printf(w->mem, "%s/index", w->options.data);
        if (search_open(&o, &w->srv.search))
            world_die("open the index");
    }
    if (workers && jobs_start(&w->srv, workers, &w->srv.jobs))
        world_die("start the jobs");
}

static inline void world_stop(struct world *w)
{
    atomic_store(&w->srv.stopping, true);
    jobs_stop(w->srv.jobs);
    search_close(w->srv.search);
    store_close(w->srv.store);
    seal_close(w->srv.seal);
    arena_free(w->mem);
    w->srv.jobs = NULL;
    w->srv.search = NULL;
}

static inline int world_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

/* A folder without a disk to wait for. */
static inline const char *world_in_memory(void)
{
    return access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
}

static inline void world_open(struct world *w, const char *where, int workers,
                              enum world_search search)
{
    *w = (struct world){0};
    snprintf(w->dir, sizeof(w->dir), "%s/upload-XXXXXX", where);
    if (!mkdtemp(w->dir))
        world_die("make a directory");
    world_start(w, workers, search);
}

static inline void world_close(struct world *w)
{
    world_stop(w);
    nftw(w->dir, world_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A job whose file is not written yet. */
static inline struct job world_job(struct world *w, const struct uuid *target)
{
    return (struct job){.id = uuid_new(),
                        .account = *target,
                        .target = *target,
                        .kind = "upload",
                        .state = "queued",
                        .created = clock_now(),
                        .params = arena_strdup(w->mem, "{}")};
}

static inline const char *world_spool(struct world *w, const struct job *job)
{
    if (file_make_dir(arena_printf(w->mem, "%s/spool", w->options.data)))
        world_die("make the spool");
    return upload_path(&w->srv, &job->id, w->mem);
}

/* Its file, sealed as an upload is. */
static inline void world_write(struct world *w, const struct job *job, const void *data, size_t n)
{
    int fd = open(world_spool(w, job), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct seal_out *out;

    if (fd < 0 || seal_out_new(w->srv.seal, fd, &job->id, &out) || seal_out_add(out, data, n) ||
        seal_out_end(out) || close(fd))
        world_die("write the file");
    seal_out_free(out);
}

static inline void world_queue(struct world *w, const struct job *job)
{
    struct step step = {.kind = STEP_INSERT, .type = &job_type, .rec = job};
    struct plan plan = {.steps = &step, .n = 1};

    if (store_commit(w->srv.store, &plan))
        world_die("queue the job");
    if (w->srv.jobs)
        jobs_wake(w->srv.jobs);
}

static inline struct uuid world_submit(struct world *w, const struct uuid *target, const char *text,
                                       size_t n, const char *params)
{
    struct job job = world_job(w, target);

    world_write(w, &job, text, n);
    job.size = (int64_t)n;
    if (params)
        job.params = params;
    world_queue(w, &job);
    return job.id;
}

static inline bool world_has_ended(const struct job *job)
{
    return strcmp(job->state, "queued") != 0 && strcmp(job->state, "running") != 0;
}

/* Wait until the job has ended. */
static inline struct job world_wait(struct world *w, const struct uuid *id)
{
    struct job job = {0};

    for (;;) {
        if (store_get(w->srv.store, &job_type, id, 0, w->mem, &job))
            world_die("read the job");
        if (world_has_ended(&job))
            return job;
        jobs_wait_change(w->srv.jobs, 50);
    }
}

static inline struct job world_load(struct world *w, const struct uuid *target, const char *text,
                                    const char *params)
{
    struct uuid id = world_submit(w, target, text, strlen(text), params);

    return world_wait(w, &id);
}

#endif
