/* The SQLite driver: opening, closing, and its table.  store_sqlite.h is the map of its files. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/log.h"
#include "server/seal.h"
#include "server/store_sqlite.h"

extern const struct store_driver store_sqlite;

#define DATABASE "leadgen.db"

enum { READERS = 4, READERS_MAX = 256, RING_MARK = 16 };

static char *join(const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = malloc(n);

    if (path)
        snprintf(path, n, "%s/%s", dir, name);
    return path;
}

static bool lite_is_there(const char *dir)
{
    char *path = join(dir, DATABASE);
    bool yes = path && access(path, F_OK) == 0;

    free(path);
    return yes;
}

/* One process at a time: SQLite's own locks would let a second one write and checkpoint. */
static enum err lock_dir(struct sqlite_store *s, struct problem *why)
{
    char *path = join(s->dir, "lock");

    if (!path)
        return ERR_NO_MEMORY;
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(path);
    if (s->lock_fd < 0) {
        problem_set(why, "data", "the data directory's lock file cannot be opened: %s",
                    strerror(errno));
        return ERR_UNAVAILABLE;
    }
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    if (errno != EWOULDBLOCK) {
        problem_set(why, "data", "the data directory cannot be locked: %s", strerror(errno));
        return ERR_UNAVAILABLE;
    }
    problem_set(why, "data", "another leadgend is using this data directory");
    return ERR_CONFLICT;
}

/* Made by us first, so that it and the log beside it are nobody else's to read. */
static enum err make_file(const char *path, struct problem *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        problem_set(why, "data", "the database cannot be opened: %s", strerror(errno));
        return errno == ENOSPC ? ERR_DISK_FULL : ERR_UNAVAILABLE;
    }
    close(fd);
    return ERR_OK;
}

static void ring_mark(const struct seal *seal, uint32_t key, uint8_t out[RING_MARK])
{
    (void)seal_hash_under(seal, key, SEAL_IDENTITY, "key ring", 8, out, RING_MARK);
}

static int write_mark(struct conn *c, const struct seal *seal)
{
    uint8_t mark[RING_MARK];
    sqlite3_stmt *q = NULL;
    int rc;

    ring_mark(seal, seal_newest(seal), mark);
    rc = sqlite3_prepare_v2(c->db, "INSERT OR REPLACE INTO key_ring VALUES (1, ?)", -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(q, 1, mark, sizeof(mark), SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = lite_run(q);
    sqlite3_finalize(q);
    return rc;
}

static bool is_mark(const struct seal *seal, const void *mark, int n)
{
    uint32_t ids[SEAL_KEYS];
    uint8_t own[RING_MARK];

    for (size_t i = seal_live(seal, false, ids); i-- && n == RING_MARK;) {
        ring_mark(seal, ids[i], own);
        if (memcmp(own, mark, RING_MARK) == 0)
            return true;
    }
    return false;
}

/*
 * The mark that the key ring left in the database: with another ring nothing sealed would open.  It
 * is under whichever key was the newest, so it is written anew.
 */
static int check_ring(struct sqlite_store *s, bool *fits)
{
    struct conn *c = &s->writer.conn;
    sqlite3_stmt *q = NULL;
    int rc;

    *fits = true;
    if (!s->seal)
        return SQLITE_OK;
    rc = lite_exec(c, "CREATE TABLE IF NOT EXISTS key_ring"
                      " (one INTEGER PRIMARY KEY, mark BLOB) STRICT");
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(c->db, "SELECT mark FROM key_ring", -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        *fits = is_mark(s->seal, sqlite3_column_blob(q, 0), sqlite3_column_bytes(q, 0));
    sqlite3_finalize(q);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return rc;
    return *fits ? write_mark(c, s->seal) : SQLITE_OK;
}

static int mark_ring(struct sqlite_store *s, void *arg)
{
    (void)arg;
    return write_mark(&s->writer.conn, s->seal);
}

enum err lite_mark_ring(struct store *base)
{
    return lite_call((struct sqlite_store *)base, mark_ring, NULL);
}

static enum err prepare_files(struct sqlite_store *s, struct problem *why)
{
    struct conn *c = &s->writer.conn;
    enum err err = lite_conn_open(c, s, true);
    bool fits = true;
    int rc;

    if (err) {
        problem_set(why, "data", "the database cannot be opened");
        return err;
    }
    rc = lite_run_fixed(c, FIXED_BEGIN);
    if (rc == SQLITE_OK)
        rc = lite_changes_create(s);
    if (rc == SQLITE_OK)
        rc = check_ring(s, &fits);
    if (rc == SQLITE_OK)
        rc = lite_run_fixed(c, FIXED_COMMIT);
    if (!fits)
        return problem_set(why, "keys", "the key ring does not belong to this data directory");
    if (rc != SQLITE_OK)
        problem_set(why, "data", "the database cannot be read or written");
    return lite_error(c, rc, "open");
}

static void lite_close(struct store *base)
{
    struct sqlite_store *s = (struct sqlite_store *)base;

    lite_writer_stop(s);
    lite_readers_close(s);
    if (atomic_load(&s->writer.failed))
        sqlite3_db_config(s->writer.conn.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    lite_conn_close(&s->writer.conn);
    for (int i = 0; i < s->n_tables; i++)
        free(s->tables[i]);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_mutex_destroy(&s->watch_lock);
    pthread_mutex_destroy(&s->head_lock);
    pthread_mutex_destroy(&s->tables_lock);
    pthread_mutex_destroy(&s->pool_lock);
    pthread_cond_destroy(&s->pool_free);
    free(s->dir);
    free(s->path);
    free(s);
}

static enum err lite_open(const struct store_options *o, struct store **out, struct problem *why)
{
    struct sqlite_store *s = calloc(1, sizeof(*s));
    int readers = o->readers > 0 ? o->readers : READERS;
    enum err err = ERR_NO_MEMORY;

    if (!s)
        return err;
    s->base.driver = &store_sqlite;
    s->seal = o->seal;
    s->vfs = o->vfs;
    s->unsafe_sync = o->unsafe_sync;
    s->lock_fd = -1;
    s->dir = strdup(o->dir);
    s->path = s->dir ? join(s->dir, DATABASE) : NULL;
    pthread_mutex_init(&s->watch_lock, NULL);
    pthread_mutex_init(&s->head_lock, NULL);
    pthread_mutex_init(&s->tables_lock, NULL);
    pthread_mutex_init(&s->pool_lock, NULL);
    pthread_cond_init(&s->pool_free, NULL);
    if (s->path)
        err = lock_dir(s, why);
    if (!err)
        err = make_file(s->path, why);
    if (!err)
        err = prepare_files(s, why);
    if (!err)
        err = lite_readers_open(s, readers < READERS_MAX ? readers : READERS_MAX);
    if (!err)
        err = lite_writer_start(s, o->commit_most);
    if (err)
        lite_close(&s->base);
    else
        *out = &s->base;
    return err;
}

static bool is_known(struct sqlite_store *s, const struct type *t)
{
    for (int i = 0; i < atomic_load(&s->n_tables); i++)
        if (atomic_load(&s->tables[i])->type == t)
            return true;
    return false;
}

static int create(struct sqlite_store *s, void *arg)
{
    const struct table *t = arg;
    int rc = lite_table_create(&s->writer.conn, t);

    return rc == SQLITE_OK && t->type->flags & TYPE_CHAINED ? lite_chain_open(s, t) : rc;
}

static enum err add_table(struct sqlite_store *s, const struct type *type)
{
    struct table *t = lite_table_new(type);
    int n = atomic_load(&s->n_tables);
    enum err err = t ? lite_call(s, create, t) : ERR_NO_MEMORY;

    assert(n < TABLES_MAX);
    if (err) {
        free(t);
        return err;
    }
    atomic_store(&s->tables[n], t);
    atomic_store_explicit(&s->n_tables, n + 1, memory_order_release);
    return ERR_OK;
}

static enum err lite_ensure(struct store *base, const struct type *t)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    enum err err = ERR_OK;

    pthread_mutex_lock(&s->tables_lock);
    if (!is_known(s, t))
        err = add_table(s, t);
    pthread_mutex_unlock(&s->tables_lock);
    return err;
}

static int64_t lite_last_change(struct store *base)
{
    return atomic_load(&((struct sqlite_store *)base)->last_change);
}

static int64_t lite_forgotten(struct store *base)
{
    return atomic_load(&((struct sqlite_store *)base)->forgotten);
}

static void lite_watch(struct store *base, void (*fn)(void *), void *arg)
{
    struct sqlite_store *s = (struct sqlite_store *)base;

    pthread_mutex_lock(&s->watch_lock);
    s->watch = fn;
    s->watch_arg = arg;
    pthread_mutex_unlock(&s->watch_lock);
}

static int64_t file_size(const char *path, const char *suffix)
{
    char name[4096];
    struct stat st;

    snprintf(name, sizeof(name), "%s%s", path, suffix);
    return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void lite_stats(struct store *base, struct store_stats *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;

    out->commits = atomic_load(&s->commits);
    out->plans = atomic_load(&s->plans);
    out->refused = atomic_load(&s->refused);
    out->waiting = atomic_load(&s->waiting);
    out->bytes = file_size(s->path, "") + file_size(s->path, "-wal") + file_size(s->path, "-shm");
    out->stopped = atomic_load(&((struct sqlite_store *)base)->writer.failed);
}

const struct store_driver store_sqlite = {
    .name = "sqlite",
    .is_there = lite_is_there,
    .open = lite_open,
    .close = lite_close,
    .ensure = lite_ensure,
    .get = lite_get,
    .get_many = lite_get_many,
    .moment = lite_moment,
    .written_since = lite_written_since,
    .find = lite_find,
    .scan = lite_scan,
    .count = lite_count,
    .commit = lite_commit,
    .reseal = lite_reseal,
    .left = lite_left,
    .mark_ring = lite_mark_ring,
    .changes = lite_changes,
    .last_change = lite_last_change,
    .forgotten = lite_forgotten,
    .forget = lite_forget,
    .watch = lite_watch,
    .chain_head = lite_chain_head,
    .stats = lite_stats,
};
