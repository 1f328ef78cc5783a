/*
 * A disk that forgets: a SQLite VFS over the default one that keeps what was written since a file's
 * last fsync in memory.  A power cut writes none, some or all of it to the real file, in pieces of
 * 512 bytes at the least, and ends the process.  It can also be full, or refuse to sync.
 *
 * What was synced is kept, and a deleted file is gone at once.  The WAL index and all locks are the
 * real ones; the index is rebuilt by whoever opens next.
 */
#ifndef TESTS_FAULT_VFS_H
#define TESTS_FAULT_VFS_H

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DISK_FILES = 16, SECTOR = 512, CUT_STATUS = 77 };

/* A write (data) or a change of length (none) since the last fsync. */
struct disk_op {
    struct disk_op *next;
    int64_t at;
    size_t n;
    uint8_t data[];
};

struct disk_file {
    char path[512];
    bool is_database;
    const void *writer; /* the first handle that changed it */
    uint8_t *now;       /* what a reader sees */
    size_t len, size;
    struct disk_op *ops, **last;
};

static struct disk {
    pthread_mutex_t lock;
    struct disk_file files[DISK_FILES];
    sqlite3_vfs vfs, *root;
    uint64_t random;
    long ops, cut_at;                   /* writes, truncations and syncs so far; 0: no cut */
    long database_ops, database_cut_at; /* likewise, of the database alone: of checkpoints */
    atomic_bool full, bad_syncs;        /* no file grows; every sync fails */
    atomic_int refused;                 /* writes, because it is full */
    int64_t room;                       /* bytes until it is full by itself; 0: it never is */
    int other_writers;                  /* times that a file was changed through a second handle */
    int64_t log_written;                /* bytes, to files other than the database */
    atomic_int *database_cuts; /* counts the cuts in the middle of a checkpoint; may be NULL */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct disk_handle {
    sqlite3_file base;
    struct disk_file *file;
    sqlite3_file *real; /* behind this struct */
};

/* xorshift64*: the seed is printed, so a run can be had again. */
static inline uint64_t disk_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline struct disk_handle *disk_handle(sqlite3_file *f)
{
    return (struct disk_handle *)(void *)f;
}

static inline sqlite3_file *real_of(sqlite3_file *f)
{
    return disk_handle(f)->real;
}

static inline void set_length(struct disk_file *f, size_t len)
{
    if (len > f->size) {
        f->size = len * 2;
        f->now = realloc(f->now, f->size);
        if (!f->now)
            abort();
    }
    if (len > f->len)
        memset(f->now + f->len, 0, len - f->len);
    f->len = len;
}

static inline void remember(struct disk_file *f, int64_t at, const void *data, size_t n)
{
    struct disk_op *op = malloc(sizeof(*op) + n);

    if (!op)
        abort();
    *op = (struct disk_op){.at = at, .n = n};
    if (n)
        memcpy(op->data, data, n);
    *f->last = op;
    f->last = &op->next;
}

static inline void forget(struct disk_file *f)
{
    for (struct disk_op *op = f->ops, *next; op; op = next) {
        next = op->next;
        free(op);
    }
    f->ops = NULL;
    f->last = &f->ops;
}

/* What the platter gets of one write: all of it, or whole sectors from its start. */
static inline void write_torn(int fd, const struct disk_op *op, bool torn)
{
    size_t n = op->n;

    if (torn)
        n = (size_t)(disk_random(&disk.random) % (n / SECTOR + 1)) * SECTOR;
    if (op->n == 0 ? ftruncate(fd, op->at) != 0 : pwrite(fd, op->data, n, op->at) != (ssize_t)n)
        abort();
}

static inline void cut_file(const struct disk_file *f)
{
    int fd = open(f->path, O_WRONLY);
    uint64_t how = disk_random(&disk.random) % 4;
    size_t n = 0, keep;

    for (const struct disk_op *op = f->ops; op; op = op->next)
        n++;
    keep = how == 0 ? 0 : how == 1 ? n : (size_t)(disk_random(&disk.random) % (n + 1));
    for (const struct disk_op *op = f->ops; op && fd >= 0; op = op->next) {
        if (how == 3) /* any of them */
            keep = disk_random(&disk.random) % 2 ? 1 : 0;
        if (keep)
            write_torn(fd, op, how != 1 && disk_random(&disk.random) % 8 == 0);
        if (keep && how != 3)
            keep--;
    }
    if (fd >= 0)
        close(fd);
}

/* With the lock held: count an operation of that handle, and lose power at the chosen one. */
static inline void tick(struct disk_file *file, const void *handle)
{
    bool cut = ++disk.ops == disk.cut_at;

    if (!file->writer)
        file->writer = handle;
    disk.other_writers += file->writer != handle;
    if (file->is_database && ++disk.database_ops == disk.database_cut_at)
        cut = true;
    if (!cut)
        return;
    for (int i = 0; i < DISK_FILES; i++) {
        const struct disk_file *f = &disk.files[i];

        if (f->ops && f->is_database && disk.database_cuts)
            atomic_fetch_add(disk.database_cuts, 1);
        if (f->path[0])
            cut_file(f);
    }
    _exit(CUT_STATUS);
}

static inline int disk_read(sqlite3_file *h, void *out, int n, sqlite3_int64 at)
{
    struct disk_file *f = disk_handle(h)->file;
    size_t have;

    pthread_mutex_lock(&disk.lock);
    have = (size_t)at < f->len ? f->len - (size_t)at : 0;
    if (have > (size_t)n)
        have = (size_t)n;
    if (have)
        memcpy(out, f->now + at, have);
    pthread_mutex_unlock(&disk.lock);
    memset((uint8_t *)out + have, 0, (size_t)n - have);
    return have == (size_t)n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static inline int disk_write(sqlite3_file *h, const void *data, int n, sqlite3_int64 at)
{
    struct disk_file *f = disk_handle(h)->file;
    size_t end = (size_t)at + (size_t)n;
    int rc = SQLITE_FULL;

    pthread_mutex_lock(&disk.lock);
    if (disk.room > 0 && (disk.room -= n) <= 0)
        atomic_store(&disk.full, true);
    if (end <= f->len || !atomic_load(&disk.full)) {
        if (end > f->len)
            set_length(f, end);
        memcpy(f->now + at, data, (size_t)n);
        disk.log_written += f->is_database ? 0 : n;
        remember(f, at, data, (size_t)n);
        tick(f, h);
        rc = SQLITE_OK;
    }
    pthread_mutex_unlock(&disk.lock);
    atomic_fetch_add(&disk.refused, rc != SQLITE_OK);
    return rc;
}

static inline int disk_truncate(sqlite3_file *h, sqlite3_int64 len)
{
    struct disk_file *f = disk_handle(h)->file;

    pthread_mutex_lock(&disk.lock);
    set_length(f, (size_t)len);
    remember(f, len, NULL, 0);
    tick(f, h);
    pthread_mutex_unlock(&disk.lock);
    return SQLITE_OK;
}

static inline int disk_sync(sqlite3_file *h, int flags)
{
    struct disk_file *f = disk_handle(h)->file;
    sqlite3_file *real = real_of(h);
    int rc = SQLITE_OK;

    (void)flags;
    if (atomic_load(&disk.bad_syncs))
        return SQLITE_IOERR_FSYNC;
    pthread_mutex_lock(&disk.lock);
    tick(f, h);
    for (const struct disk_op *op = f->ops; op && rc == SQLITE_OK; op = op->next)
        rc = op->n ? real->pMethods->xWrite(real, op->data, (int)op->n, op->at)
                   : real->pMethods->xTruncate(real, op->at);
    forget(f);
    pthread_mutex_unlock(&disk.lock);
    return rc;
}

static inline int disk_size(sqlite3_file *h, sqlite3_int64 *out)
{
    pthread_mutex_lock(&disk.lock);
    *out = (sqlite3_int64)disk_handle(h)->file->len;
    pthread_mutex_unlock(&disk.lock);
    return SQLITE_OK;
}

static inline int disk_control(sqlite3_file *h, int op, void *arg)
{
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK; /* would grow the real file */
    return real_of(h)->pMethods->xFileControl(real_of(h), op, arg);
}

static inline int disk_close(sqlite3_file *h)
{
    return real_of(h)->pMethods->xClose(real_of(h)); /* what is not synced stays in memory */
}

static inline int disk_lock(sqlite3_file *h, int level)
{
    return real_of(h)->pMethods->xLock(real_of(h), level);
}

static inline int disk_unlock(sqlite3_file *h, int level)
{
    return real_of(h)->pMethods->xUnlock(real_of(h), level);
}

static inline int disk_reserved(sqlite3_file *h, int *out)
{
    return real_of(h)->pMethods->xCheckReservedLock(real_of(h), out);
}

static inline int disk_sector(sqlite3_file *h)
{
    return real_of(h)->pMethods->xSectorSize(real_of(h));
}

static inline int disk_device(sqlite3_file *h)
{
    return real_of(h)->pMethods->xDeviceCharacteristics(real_of(h));
}

static inline int disk_shm_map(sqlite3_file *h, int page, int size, int extend, void volatile **out)
{
    return real_of(h)->pMethods->xShmMap(real_of(h), page, size, extend, out);
}

static inline int disk_shm_lock(sqlite3_file *h, int at, int n, int flags)
{
    return real_of(h)->pMethods->xShmLock(real_of(h), at, n, flags);
}

static inline void disk_shm_barrier(sqlite3_file *h)
{
    real_of(h)->pMethods->xShmBarrier(real_of(h));
}

static inline int disk_shm_unmap(sqlite3_file *h, int remove)
{
    return real_of(h)->pMethods->xShmUnmap(real_of(h), remove);
}

static const sqlite3_io_methods disk_methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_reserved,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_device,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

static inline struct disk_file *file_of(const char *path)
{
    for (int i = 0; i < DISK_FILES; i++)
        if (strcmp(disk.files[i].path, path) == 0)
            return &disk.files[i];
    return NULL;
}

/* The file as the disk has it. */
static inline struct disk_file *file_new(const char *path, sqlite3_file *real)
{
    struct disk_file *f = file_of("");
    sqlite3_int64 len = 0;

    if (!f || real->pMethods->xFileSize(real, &len))
        abort();
    *f = (struct disk_file){.last = &f->ops};
    snprintf(f->path, sizeof(f->path), "%s", path);
    set_length(f, (size_t)len);
    if (len && real->pMethods->xRead(real, f->now, (int)len, 0))
        abort();
    return f;
}

static inline int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *h, int flags,
                            int *out)
{
    struct disk_handle *d = disk_handle(h);
    int rc;

    (void)vfs;
    d->real = (sqlite3_file *)(void *)(d + 1);
    d->base.pMethods = NULL;
    rc = disk.root->xOpen(disk.root, path, d->real, flags, out);
    if (rc != SQLITE_OK)
        return rc;
    pthread_mutex_lock(&disk.lock);
    d->file = file_of(path);
    if (!d->file)
        d->file = file_new(path, d->real);
    d->file->is_database = flags & SQLITE_OPEN_MAIN_DB;
    pthread_mutex_unlock(&disk.lock);
    d->base.pMethods = &disk_methods;
    return SQLITE_OK;
}

static inline void drop_file(struct disk_file *f)
{
    if (!f->path[0])
        return;
    forget(f);
    free(f->now);
    *f = (struct disk_file){0};
}

static inline int disk_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
    struct disk_file *f;

    (void)vfs;
    pthread_mutex_lock(&disk.lock);
    f = file_of(path);
    if (f)
        drop_file(f);
    pthread_mutex_unlock(&disk.lock);
    return disk.root->xDelete(disk.root, path, sync_dir);
}

/* Forget what was not synced; nothing may be open. */
static inline void disk_reset(void)
{
    for (int i = 0; i < DISK_FILES; i++)
        drop_file(&disk.files[i]);
    disk.other_writers = 0;
    disk.log_written = 0;
}

/* Make it known to SQLite as "disk"; it starts empty of memories. */
static inline void disk_register(void)
{
    disk.root = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.root;
    disk.vfs.zName = "disk";
    disk.vfs.szOsFile = (int)sizeof(struct disk_handle) + disk.root->szOsFile;
    disk.vfs.xOpen = disk_open;
    disk.vfs.xDelete = disk_delete;
    sqlite3_vfs_register(&disk.vfs, 0);
}

#endif
