/*
 * Durable plans a second with 64 clients, grouped and one commit each, in turns within one run; and
 * what an fsync costs on the same disk.
 * usage: commit [SECONDS A ROUND] [ROUNDS]     BENCH_DIR: where (default: here)
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/api.h"
#include "common/clock.h"
#include "common/mem.h"
#include "server/records.h"
#include "server/store.h"

enum { CLIENTS = 64, WALLETS = 20, FSYNCS = 400, SAMPLES = 1 << 20 };

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int64_t percentile(int64_t *v, size_t n, double p)
{
    qsort(v, n, sizeof(*v), by_value);
    return n ? v[(size_t)((double)(n - 1) * p)] : 0;
}

static void measure_fsync(const char *dir)
{
    char path[600], page[4096] = {1};
    int64_t us[FSYNCS];
    int fd;

    snprintf(path, sizeof(path), "%s/fsync", dir);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < FSYNCS; i++) {
        int64_t start = clock_mono_us();

        if (write(fd, page, sizeof(page)) != sizeof(page) || fdatasync(fd))
            exit(1);
        us[i] = clock_mono_us() - start;
    }
    close(fd);
    unlink(path);
    printf("fsync (4 KiB appended): p50 %lld us, p99 %lld us\n",
           (long long)percentile(us, FSYNCS, 0.5), (long long)percentile(us, FSYNCS, 0.99));
}

struct round {
    struct store *store;
    atomic_bool over;
    atomic_size_t n;
    int64_t *us; /* SAMPLES */
};

struct charge {
    struct entry entry;
    int64_t sum;
};

static enum err settle(void *arg)
{
    struct charge *c = arg;

    c->entry.balance.hundredths = c->sum;
    return ERR_OK;
}

static struct uuid wallet_id(unsigned n)
{
    struct uuid u = {{1}};

    u.b[15] = (uint8_t)n;
    return u;
}

/* Half of all charges go to one wallet. */
static void *charge(void *arg)
{
    struct round *r = arg;
    unsigned turn = (unsigned)(uintptr_t)&turn >> 12;

    while (!atomic_load(&r->over)) {
        struct uuid wallet = wallet_id(turn++ % 2 ? 0 : turn / 2 % WALLETS);
        struct charge c = {.entry = {.id = uuid_new(),
                                     .account = wallet,
                                     .at = clock_now(),
                                     .kind = "reveal",
                                     .amount = {-100},
                                     .fields = "email"}};
        struct step steps[] = {
            {.kind = STEP_ADD,
             .type = &wallet_type,
             .id = wallet,
             .field = "balance",
             .by = -100,
             .sum = &c.sum},
            {.kind = STEP_INSERT, .type = &entry_type, .rec = &c.entry},
        };
        struct plan plan = {.steps = steps, .n = 2, .settle = settle, .arg = &c};
        int64_t start = clock_mono_us();
        size_t at;

        if (store_commit(r->store, &plan))
            exit(1);
        at = atomic_fetch_add(&r->n, 1);
        if (at < SAMPLES)
            r->us[at] = clock_mono_us() - start;
    }
    return NULL;
}

static struct store *open_store(const char *dir, int most)
{
    struct store_options o = {.dir = dir, .commit_most = most};
    struct store *s;
    struct problem why;

    if (store_open(&o, &s, &why) || store_ensure(s, &wallet_type) || store_ensure(s, &entry_type))
        exit(1);
    for (unsigned i = 0; i < WALLETS; i++) {
        struct wallet w = {wallet_id(i), {CREDITS_MAX}};
        struct step step = {.kind = STEP_INSERT, .type = &wallet_type, .rec = &w};
        struct plan plan = {.steps = &step, .n = 1};
        enum err err = store_commit(s, &plan);

        if (err && err != ERR_CONFLICT)
            exit(1);
    }
    return s;
}

/* Plans a second. */
static double run(const char *dir, int most, double seconds)
{
    struct round r = {.store = open_store(dir, most), .us = xcalloc(SAMPLES, sizeof(int64_t))};
    struct store_stats before, after;
    pthread_t thread[CLIENTS];
    int64_t start = clock_mono_us();
    double took;

    store_stats(r.store, &before);
    for (int i = 0; i < CLIENTS; i++)
        if (pthread_create(&thread[i], NULL, charge, &r))
            exit(1);
    usleep((useconds_t)(seconds * 1e6));
    atomic_store(&r.over, true);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(thread[i], NULL);
    took = (double)(clock_mono_us() - start) / 1e6;
    store_stats(r.store, &after);
    size_t n = r.n < SAMPLES ? r.n : SAMPLES;
    printf("%-8s %8.0f plans/s  p50 %6lld us  p99 %6lld us  %.1f plans a commit\n",
           most == 1 ? "single" : "grouped", (double)r.n / took,
           (long long)percentile(r.us, n, 0.5), (long long)percentile(r.us, n, 0.99),
           (double)r.n / (double)(after.commits - before.commits));
    fflush(stdout);
    store_close(r.store);
    free(r.us);
    return (double)r.n / took;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 3;
    const char *where = getenv("BENCH_DIR");
    double grouped = 0, single = 0;
    char dir[512];

    snprintf(dir, sizeof(dir), "%s/commit-XXXXXX", where ? where : ".");
    if (!mkdtemp(dir))
        return 1;
    measure_fsync(dir);
    for (long i = 0; i < rounds; i++) {
        grouped += run(dir, 0, seconds);
        single += run(dir, 1, seconds);
    }
    printf("ratio grouped/single: %.1f (expected: at least 3)\n", grouped / single);
    for (const char *const *f = (const char *const[]){"leadgen.db", "lock", NULL}; *f; f++) {
        char path[600];

        snprintf(path, sizeof(path), "%s/%s", dir, *f);
        unlink(path);
    }
    rmdir(dir);
    return grouped < 3 * single;
}
