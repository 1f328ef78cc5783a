/*
 * SQLite short of memory: each of its allocations fails once, and then all from there on, while a
 * store is opened, written and read.  Whatever is reported must be true: a plan that was
 * acknowledged is there whole, one that was not is not there at all, a read that succeeds is right.
 * An allocation that fails need not make the call fail.
 */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/records.h"
#include "server/store.h"
#include "tests/test.h"

static sqlite3_mem_methods real;
static atomic_long left;     /* allocations until one fails; 0: none will */
static atomic_bool for_good; /* and all after it */
static atomic_long failures;

static bool fails(void)
{
    long n = atomic_load(&left);

    if (!n || atomic_fetch_sub(&left, 1) != 1)
        return false;
    if (atomic_load(&for_good))
        atomic_store(&left, 1);
    else
        atomic_store(&left, 0);
    atomic_fetch_add(&failures, 1);
    return true;
}

static void *scarce_malloc(int n)
{
    return fails() ? NULL : real.xMalloc(n);
}

static void *scarce_realloc(void *p, int n)
{
    return fails() ? NULL : real.xRealloc(p, n);
}

static char dir[] = "/dev/shm/memory-XXXXXX";

static struct uuid numbered(unsigned n)
{
    struct uuid u = {{1}};

    u.b[14] = (uint8_t)(n >> 8);
    u.b[15] = (uint8_t)n;
    return u;
}

static enum err open_store(struct store **s)
{
    struct store_options o = {.dir = dir, .readers = 1};
    struct problem why;
    enum err err = store_open(&o, s, &why);

    if (!err)
        err = store_ensure(*s, &fact_type);
    return err;
}

static enum err put(struct store *s, unsigned n)
{
    struct fact a = {numbered(2 * n), "a", "v"}, b = {numbered(2 * n + 1), "b", "v"};
    struct step steps[] = {{.kind = STEP_INSERT, .type = &fact_type, .rec = &a},
                           {.kind = STEP_INSERT, .type = &fact_type, .rec = &b}};
    struct plan plan = {.steps = steps, .n = 2};

    return store_commit(s, &plan);
}

static bool count_one(void *arg, const void *rec)
{
    const struct fact *f = rec;

    *(int64_t *)arg += f->value && strcmp(f->value, "v") == 0;
    return true;
}

/* All ways of reading; those that succeed find `want` records. */
static void read_all(struct store *s, int64_t want)
{
    struct query q = {.type = &fact_type};
    struct arena *mem = arena_new();
    struct uuid id = numbered(0);
    int64_t found = 0, scanned = 0, counted = -1;
    struct fact f;
    enum err err = store_find(s, &q, mem, count_one, &found);

    CHECK(err || found == want);
    err = store_scan(s, &q, count_one, &scanned);
    CHECK(err || scanned == want);
    err = store_count(s, &q, &counted);
    CHECK(err || counted == want);
    err = store_get(s, &fact_type, &id, 0, mem, &f);
    CHECK(err || strcmp(f.value, "v") == 0);
    CHECK(err != ERR_NOT_FOUND);
    arena_free(mem);
}

/* One life with the n-th allocation failing; false: it needs fewer than n. */
static bool live(long n, bool good, unsigned *puts)
{
    struct store *s = NULL;
    long before = atomic_load(&failures);
    enum err opened, err = ERR_UNAVAILABLE;

    atomic_store(&for_good, good);
    atomic_store(&left, n);
    opened = open_store(&s);
    if (!opened) {
        err = put(s, *puts);
        read_all(s, 2 * (*puts + !err));
        *puts += !err;
    }
    atomic_store(&left, 0);
    if (!opened) { /* and it goes on when there is memory again */
        CHECK(put(s, *puts) == ERR_OK);
        ++*puts;
        read_all(s, 2 * *puts);
    }
    store_close(s);
    return atomic_load(&failures) != before;
}

static void run(bool good)
{
    unsigned puts = 0;
    struct store *s;
    long n;

    CHECK(open_store(&s) == ERR_OK && put(s, 0) == ERR_OK);
    puts = 1;
    store_close(s);
    for (n = 1; live(n, good, &puts) && !failed_checks; n++)
        continue;
    CHECK(n > 100);
    printf("%ld allocations\n", n - 1);
    CHECK(open_store(&s) == ERR_OK);
    read_all(s, 2 * puts);
    store_close(s);
}

static void each_allocation_fails_once(void)
{
    run(false);
}

static void all_fail_from_each_on(void)
{
    run(true);
}

static void remove_store(void)
{
    char path[64];

    for (const char *const *f = (const char *const[]){"leadgen.db", "lock", NULL}; *f; f++) {
        snprintf(path, sizeof(path), "%s/%s", dir, *f);
        unlink(path);
    }
}

static const struct test tests[] = {
    {"each allocation of SQLite's fails once", each_allocation_fails_once},
    {"all fail from each one on", all_fail_from_each_on},
};

int main(void)
{
    sqlite3_mem_methods scarce;

    if (!mkdtemp(dir) || sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real))
        return 1;
    scarce = real;
    scarce.xMalloc = scarce_malloc;
    scarce.xRealloc = scarce_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce))
        return 1;
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
        fflush(stdout);
        remove_store();
    }
    rmdir(dir);
    return failed_checks != 0;
}
