/*
 * Sample rows into an index as a rebuild has it: the store is a fake that makes them up as they are
 * read, and says how much processor time went into that.
 */
#ifndef TESTS_BENCH_SCALE_BUILD_H
#define TESTS_BENCH_SCALE_BUILD_H

#include <time.h>

#include "common/clock.h"
#include "server/sample.h"
#include "server/search/index.h"
#include "server/store.h"
#include "tests/bench/scale_memory.h"

enum { SCALE_CHUNK = 256, SCALE_WAIT_MS = 3600000, SCALE_PROCESSORS = 2 };

struct scale {
    struct store store; /* the first: it is cast */
    struct sample *sample;
    int64_t rows;
    atomic_llong making_us; /* processor time that went into making rows */
};

static inline int64_t scale_cpu_us(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* The first row whose id is beyond: they are in order. */
static inline int64_t scale_find(const struct scale *s, const struct uuid *id)
{
    int64_t from = 0, to = s->rows;

    while (from < to) {
        struct arena *mem = arena_new();
        int64_t middle = from + (to - from) / 2;
        struct profile p;

        sample_profile(s->sample, middle, mem, &p);
        if (uuid_compare(&p.id, id) <= 0)
            from = middle + 1;
        else
            to = middle;
        arena_free(mem);
    }
    return from;
}

static inline enum err scale_scan(struct store *store, const struct query *q, store_each *each,
                                  void *arg)
{
    struct scale *s = (struct scale *)store;
    struct profile *rows = xcalloc(SCALE_CHUNK, sizeof(*rows));
    int64_t at = scale_find(s, &q->after);
    bool more = true;

    while (more && at < s->rows) {
        int64_t from = scale_cpu_us(CLOCK_THREAD_CPUTIME_ID);
        struct arena *mem = arena_new();
        size_t n = 0;

        for (; n < SCALE_CHUNK && at < s->rows; n++)
            sample_profile(s->sample, at++, mem, &rows[n]);
        atomic_fetch_add(&s->making_us, scale_cpu_us(CLOCK_THREAD_CPUTIME_ID) - from);
        for (size_t i = 0; more && i < n; i++)
            more = each(arg, &rows[i]);
        arena_free(mem);
    }
    free(rows);
    return ERR_OK;
}

static inline enum err scale_count(struct store *store, const struct query *q, int64_t *out)
{
    (void)q;
    *out = ((struct scale *)store)->rows;
    return ERR_OK;
}

static inline enum err scale_changes(struct store *store, int64_t after, struct change *out,
                                     size_t most, size_t *n)
{
    (void)store;
    (void)after;
    (void)out;
    (void)most;
    *n = 0;
    return ERR_OK;
}

static inline int64_t scale_no_change(struct store *store)
{
    (void)store;
    return 0;
}

static inline enum err scale_forget(struct store *store, int64_t upto)
{
    (void)store;
    (void)upto;
    return ERR_OK;
}

static inline void scale_settle(struct search *index)
{
    struct search_stats st;

    do {
        usleep(1000);
        search_stats(index, &st);
    } while (st.busy);
}

static inline void scale_watch(struct store *store, void (*fn)(void *arg), void *arg)
{
    (void)store;
    (void)fn;
    (void)arg;
}

static const struct store_driver scale_driver = {.name = "sample",
                                                 .scan = scale_scan,
                                                 .count = scale_count,
                                                 .changes = scale_changes,
                                                 .last_change = scale_no_change,
                                                 .forgotten = scale_no_change,
                                                 .forget = scale_forget,
                                                 .watch = scale_watch};

/* The index of s->rows rows in an empty directory, and a line about it; it is closed again. */
static inline void scale_build(struct scale *s, const char *dir)
{
    int64_t wall = clock_mono_us(), cpu = scale_cpu_us(CLOCK_PROCESS_CPUTIME_ID);
    struct search_options o = {.dir = dir, .store = &s->store};
    struct memory_watch watch;
    struct search *index;
    double made;

    s->store.driver = &scale_driver;
    memory_watch_begin(&watch);
    if (search_open(&o, &index) || !search_wait(index, 0, SCALE_WAIT_MS))
        exit(1);
    scale_settle(index);
    wall = clock_mono_us() - wall;
    cpu = scale_cpu_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    memory_watch_end(&watch);
    search_close(index);
    made = (double)s->making_us;
    printf("build: %.1f s, %.1f s of processor, of which making rows %.1f; without that %.0f rows/s"
           " (at least 300000)\n       and %.2f us of processor a row; %.2f processors used, peak "
           "%.0f MB anonymous (at most 1500)\n",
           (double)wall / 1e6, (double)cpu / 1e6, made / 1e6,
           (double)s->rows * 1e6 / ((double)wall - made / SCALE_PROCESSORS),
           ((double)cpu - made) / (double)s->rows, (double)cpu / (double)wall, watch.peak_mb);
    fflush(stdout);
}

#endif
