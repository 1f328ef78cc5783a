/* The directory of files that imports read. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/log.h"
#include "server/jobs/upload.h"
#include "server/options.h"

const char *upload_path(const struct server *srv, const struct uuid *job, struct arena *mem)
{
    struct seal_digest d;
    uint8_t digest[SEAL_DIGEST];
    char name[UUID_TEXT];
    struct uuid id;

    seal_digest_begin(&d);
    seal_digest_add(&d, "spool", 6);
    seal_digest_add(&d, job->b, sizeof(job->b));
    seal_digest_end(&d, digest);
    memcpy(id.b, digest, sizeof(id.b));
    return arena_printf(mem, "%s/spool/s%s", srv->options->data, uuid_text(&id, name));
}

/* Names of files that a job will read. */
struct live {
    struct server *srv;
    struct arena *mem;
    const char **names;
    size_t n, room;
};

static bool keep_name(void *arg, const void *rec)
{
    const struct job *job = rec;
    struct live *live = arg;

    if (job->finished.ms)
        return true;
    if (live->n == live->room) {
        size_t room = live->room ? 2 * live->room : 64;
        const char **v = arena_alloc(live->mem, room * sizeof(*v));

        if (live->n)
            memcpy(v, live->names, live->n * sizeof(*v));
        live->names = v;
        live->room = room;
    }
    live->names[live->n++] = strrchr(upload_path(live->srv, &job->id, live->mem), '/') + 1;
    return true;
}

static enum err find_live(struct live *live)
{
    static const char *const states[] = {"queued", "running"};
    enum err err = ERR_OK;

    for (size_t i = 0; i < sizeof(states) / sizeof(*states) && !err; i++) {
        struct query q = {.type = &job_type, .where = {{"state", OP_EQ, &states[i]}}};

        err = store_find(live->srv->store, &q, live->mem, keep_name, live);
    }
    return err;
}

static bool is_live(const struct live *live, const char *name)
{
    for (size_t i = 0; i < live->n; i++)
        if (strcmp(live->names[i], name) == 0)
            return true;
    return false;
}

static enum err copy_sealed(struct server *srv, const struct uuid *job, int from, int to)
{
    struct seal_out *out;
    char block[SEAL_BLOCK];
    enum err err = seal_out_new(srv->seal, to, job, &out);
    ssize_t n = 1;

    while (!err && n) {
        n = read(from, block, sizeof(block));
        err = n < 0 ? ERR_UNAVAILABLE : n ? seal_out_add(out, block, (size_t)n) : seal_out_end(out);
    }
    seal_out_free(out);
    return err || fsync(to) == 0 ? err : ERR_UNAVAILABLE;
}

/* A clear file, as releases before the first sealed ones had them, by the job's id. */
static enum err seal_clear_file(struct server *srv, const struct uuid *job, const char *path,
                                struct arena *mem)
{
    const char *name = upload_path(srv, job, mem), *temp = arena_printf(mem, "%s.new", name);
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), to = -1;
    enum err err = from < 0 ? ERR_UNAVAILABLE : ERR_OK;

    if (!err)
        to = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (!err)
        err = to < 0 ? ERR_UNAVAILABLE : copy_sealed(srv, job, from, to);
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    if (!err && rename(temp, name))
        err = ERR_UNAVAILABLE;
    file_sync_entry(name);
    log_event(err ? LOG_ERROR : LOG_INFO, "upload.seal", LOG_STR("outcome", err_slug(err)));
    return err;
}

static void tidy_file(struct live *live, const char *dir, const char *name)
{
    const char *path = arena_printf(live->mem, "%s/%s", dir, name);
    struct uuid id;

    if (is_live(live, name))
        return;
    if (uuid_parse(name, &id) &&
        is_live(live, strrchr(upload_path(live->srv, &id, live->mem), '/') + 1) &&
        seal_clear_file(live->srv, &id, path, live->mem))
        return;
    unlink(path);
}

void upload_spool_tidy(struct server *srv)
{
    struct arena *mem = arena_new();
    struct live live = {.srv = srv, .mem = mem};
    const char *dir = arena_printf(mem, "%s/spool", srv->options->data);
    DIR *d = find_live(&live) ? NULL : opendir(dir);

    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            tidy_file(&live, dir, e->d_name);
    if (d)
        closedir(d);
    arena_free(mem);
}
