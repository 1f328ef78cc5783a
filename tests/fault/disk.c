/*
 * A disk that is full, and one that refuses to sync.
 *
 * Full: plans are refused with ERR_DISK_FULL, reads go on, it heals when there is room again.  A
 * failed fsync: no commit is acknowledged any more until the store is opened anew, for nobody knows
 * what the disk has (T-IO-3 of the reliability plan; PostgreSQL learnt it in 2018).
 *
 * usage: disk [DIR]     DIR: a small file system to fill for real
 */
#include <dirent.h>
#include <stdio.h>

#include "common/api.h"
#include "server/records.h"
#include "server/store.h"
#include "tests/fault/vfs.h"
#include "tests/test.h"

static char dir[256];
static struct store *store;
static struct arena *mem;

static bool open_store(const char *vfs)
{
    struct store_options o = {.dir = dir, .vfs = vfs};
    struct problem why;

    return store_open(&o, &store, &why) == ERR_OK && store_ensure(store, &fact_type) == ERR_OK;
}

static struct uuid numbered(unsigned n)
{
    struct uuid u = {{1}};

    u.b[14] = (uint8_t)(n >> 8);
    u.b[15] = (uint8_t)n;
    return u;
}

/* A plan of two records with a text each. */
static enum err put_text(unsigned n, bool bulk, const char *text)
{
    struct fact a = {numbered(2 * n), "a", text}, b = {numbered(2 * n + 1), "b", text};
    struct step steps[] = {{.kind = STEP_INSERT, .type = &fact_type, .rec = &a},
                           {.kind = STEP_INSERT, .type = &fact_type, .rec = &b}};
    struct plan plan = {.steps = steps, .n = 2, .bulk = bulk};

    return store_commit(store, &plan);
}

static const char *long_text(char *out, size_t n)
{
    memset(out, 'x', n - 1);
    out[n - 1] = '\0';
    return out;
}

static enum err put(unsigned n, bool bulk)
{
    char text[1500];

    return put_text(n, bulk, long_text(text, sizeof(text)));
}

/* How many of the plan's two records are there; -1: a read failed. */
static int there(unsigned n)
{
    int found = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct uuid id = numbered(2 * n + i);
        struct fact f;
        enum err err = store_get(store, &fact_type, &id, 0, mem, &f);

        if (err && err != ERR_NOT_FOUND)
            return -1;
        found += !err;
    }
    return found;
}

static void empty_dir(void)
{
    DIR *d = opendir(dir);
    char path[600];

    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (d)
        closedir(d);
    disk_reset();
}

/* With the disk full now: refused, readable, and in order again once make_room() was called. */
static void lives_through(void (*make_room)(void), unsigned first)
{
    unsigned n = first;
    enum err err = ERR_OK;

    while (n < first + 2000 && !(err = put(n, n % 2))) /* what room the log still has */
        n++;
    CHECK(err == ERR_DISK_FULL);
    for (unsigned i = n; i < n + 20; i++) {
        CHECK(put(i, i % 2) == ERR_DISK_FULL);
        CHECK(there(i) == 0);
    }
    CHECK(store_ensure(store, &event_type) == ERR_DISK_FULL);
    CHECK(there(0) == 2 && (n == first || there(n - 1) == 2));
    make_room();
    for (unsigned i = n; i < n + 20; i++)
        CHECK(put(i, i % 2) == ERR_OK);
    CHECK(store_ensure(store, &event_type) == ERR_OK);
    for (unsigned i = 0; i < n + 20; i++)
        CHECK(there(i) == 2);
}

static void empty_the_disk(void)
{
    atomic_store(&disk.full, false);
}

static void a_full_disk_refuses_and_heals(void)
{
    CHECK(open_store("disk"));
    CHECK(put(0, false) == ERR_OK);
    atomic_store(&disk.full, true);
    lives_through(empty_the_disk, 1);
    store_close(store);
    CHECK(open_store(NULL)); /* all of it reached the real files */
    CHECK(there(0) == 2 && there(20) == 2);
    store_close(store);
}

static void a_failed_fsync_ends_all_commits(void)
{
    CHECK(open_store("disk"));
    CHECK(put(0, false) == ERR_OK);
    atomic_store(&disk.bad_syncs, true);
    CHECK(put(1, false) == ERR_UNAVAILABLE);
    atomic_store(&disk.bad_syncs, false); /* the next fsync would succeed, and lie */
    CHECK(put(2, false) == ERR_UNAVAILABLE);
    CHECK(put(3, true) == ERR_UNAVAILABLE);
    CHECK(there(0) == 2 && there(2) == 0);
    store_close(store);
    CHECK(open_store("disk"));
    CHECK(there(0) == 2);
    CHECK(there(1) == 0 || there(1) == 2);
    CHECK(there(2) == 0 && there(3) == 0);
    CHECK(put(4, false) == ERR_OK);
    store_close(store);
}

static atomic_bool over;

static bool keep_on(void *arg, const void *rec)
{
    (void)arg;
    (void)rec;
    return !atomic_load(&over);
}

static void *read_on(void *arg)
{
    struct query q = {.type = &fact_type};

    while (!atomic_load(&over))
        CHECK(store_scan(store, &q, keep_on, arg) == ERR_OK);
    return NULL;
}

/* Bytes: the log's length, and what has been written to it in all. */
static int64_t log_size(int64_t *written)
{
    char path[300];
    struct disk_file *f;
    int64_t n;

    snprintf(path, sizeof(path), "%s/leadgen.db-wal", dir);
    pthread_mutex_lock(&disk.lock);
    f = file_of(path);
    n = f ? (int64_t)f->len : 0;
    *written = disk.log_written;
    pthread_mutex_unlock(&disk.lock);
    return n;
}

static void write_from_outside(void)
{
    char path[300];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/leadgen.db", dir);
    CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, "disk") == SQLITE_OK);
    CHECK(sqlite3_exec(db, "CREATE TABLE foreign_one (x)", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

/*
 * Debian 12's SQLite can corrupt a WAL that two connections write or checkpoint, so there is one
 * that does; and the log is started over under a load of reads and writes that never stops.
 */
static void one_connection_writes_and_the_log_is_bounded(void)
{
    enum { READERS = 3, LIMIT = 64 << 20, WRITE = 100 << 20 };
    pthread_t thread[READERS];
    int64_t written = 0, largest = 0;
    char text[20000];

    long_text(text, sizeof(text));
    CHECK(open_store("disk"));
    atomic_store(&over, false);
    for (int i = 0; i < READERS; i++)
        CHECK(pthread_create(&thread[i], NULL, read_on, NULL) == 0);
    for (unsigned i = 0; written < WRITE; i++) {
        int64_t now;

        CHECK(put_text(i, false, text) == ERR_OK);
        now = log_size(&written);
        largest = now > largest ? now : largest;
    }
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(thread[i], NULL);
    store_close(store);
    CHECK(disk.other_writers == 0);
    CHECK(open_store("disk"));
    CHECK(put_text(1000000, true, text) == ERR_OK);
    write_from_outside();
    CHECK(put_text(1000001, true, text) == ERR_OK);
    store_close(store);
    CHECK(disk.other_writers > 0);          /* the control: it would have been seen */
    CHECK(largest > 0 && largest <= LIMIT); /* without starting over it would be WRITE */
}

static const char *ballast(void)
{
    static char path[300];

    snprintf(path, sizeof(path), "%s/ballast", dir);
    return path;
}

static void drop_ballast(void)
{
    unlink(ballast());
}

static void a_real_full_disk(void)
{
    char page[4096] = {0};
    int fd;

    CHECK(open_store(NULL));
    CHECK(put(0, false) == ERR_OK);
    fd = open(ballast(), O_CREAT | O_WRONLY, 0600);
    while (write(fd, page, sizeof(page)) > 0)
        continue;
    close(fd);
    lives_through(drop_ballast, 1);
    store_close(store);
}

/* This program again, on a file system of 8 MiB in a mount namespace of its own. */
static void fill_a_small_one(void)
{
    char command[700], self[300];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (system("unshare -Urm mount -t tmpfs -o size=8m tmpfs /mnt 2>/dev/null")) {
        printf("NOT PROVEN a real full disk: no mount namespaces here\n");
        return;
    }
    CHECK(n > 0);
    self[n > 0 ? n : 0] = '\0';
    snprintf(command, sizeof(command),
             "unshare -Urm sh -c 'mount -t tmpfs -o size=8m,mode=700 tmpfs \"$1\" && exec \"$0\""
             " \"$1\"' '%s' '%s'",
             self, dir);
    fflush(stdout);
    CHECK(system(command) == 0);
}

static const struct test simulated[] = {
    {"a full disk refuses, and heals", a_full_disk_refuses_and_heals},
    {"a failed fsync ends all commits", a_failed_fsync_ends_all_commits},
    {"one connection writes, and the log is bounded", one_connection_writes_and_the_log_is_bounded},
    {"a small file system", fill_a_small_one},
};
static const struct test real[] = {{"a real full disk refuses, and heals", a_real_full_disk}};

static void run(const struct test *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
        empty_dir();
    }
}

int main(int argc, char **argv)
{
    mem = arena_new();
    if (argc > 1) {
        snprintf(dir, sizeof(dir), "%s", argv[1]);
        run(real, 1);
    } else {
        snprintf(dir, sizeof(dir), "/dev/shm/disk-XXXXXX");
        if (!mkdtemp(dir))
            return 1;
        disk_register();
        run(simulated, sizeof(simulated) / sizeof(*simulated));
        rmdir(dir);
    }
    arena_free(mem);
    return failed_checks != 0;
}
