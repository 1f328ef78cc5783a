/*
 * Sample rows straight into index segments, by both cores, in a directory that later runs use
 * again; and what the process takes of memory.
 */
#ifndef TESTS_BENCH_SCALE_BUILD_H
#define TESTS_BENCH_SCALE_BUILD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "server/sample.h"
#include "server/search/index.h"

enum { SCALE_SEGMENT = 100000, SCALE_CHUNK = 1024, SCALE_THREADS = 2 };

/* Of /proc/self/status, in MB. */
static inline double scale_memory(const char *name)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kb = 0;

    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtod(line + strlen(name) + 1, NULL);
    if (f)
        fclose(f);
    return kb / 1024;
}

struct scale {
    struct search *index;
    struct sample *sample;
    int64_t rows;
    atomic_llong next, making_us; /* the next row; processor time that went into making rows */
    atomic_bool done;
    double peak_mb; /* anonymous memory */
};

static inline int64_t scale_cpu_us(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Rows [from, to) into one segment. */
static inline void scale_segment(struct scale *s, int64_t from, int64_t to, struct profile *rows)
{
    struct builder *b = builder_new(&catalogue_account);
    int64_t making = 0;

    for (int64_t i = from; i < to; i += SCALE_CHUNK) {
        struct arena *mem = arena_new();
        int64_t start = scale_cpu_us(CLOCK_THREAD_CPUTIME_ID);
        size_t n = 0;

        for (; n < SCALE_CHUNK && i + (int64_t)n < to; n++)
            sample_profile(s->sample, i + (int64_t)n, mem, &rows[n]);
        making += scale_cpu_us(CLOCK_THREAD_CPUTIME_ID) - start;
        for (size_t k = 0; k < n; k++)
            builder_add(b, &rows[k]);
        arena_free(mem);
    }
    atomic_fetch_add(&s->making_us, making);
    index_add(s->index, builder_finish(b));
    builder_free(b);
}

static inline void *scale_work(void *arg)
{
    struct scale *s = arg;
    struct profile *rows = xcalloc(SCALE_CHUNK, sizeof(*rows));
    int64_t from;

    while ((from = atomic_fetch_add(&s->next, SCALE_SEGMENT)) < s->rows)
        scale_segment(s, from, from + SCALE_SEGMENT < s->rows ? from + SCALE_SEGMENT : s->rows,
                      rows);
    free(rows);
    return NULL;
}

static inline void *scale_watch(void *arg)
{
    struct scale *s = arg;

    while (!atomic_load(&s->done)) {
        double now = scale_memory("RssAnon:");

        s->peak_mb = now > s->peak_mb ? now : s->peak_mb;
        usleep(20000);
    }
    return NULL;
}

static inline void scale_settle(struct search *index)
{
    struct search_stats st;

    do {
        usleep(1000);
        search_stats(index, &st);
    } while (st.busy);
}

/* The index of s->rows rows into s->index, which is empty, and a line about it. */
static inline void scale_build(struct scale *s)
{
    int64_t wall = clock_mono_us(), cpu = scale_cpu_us(CLOCK_PROCESS_CPUTIME_ID), made, total;
    pthread_t workers[SCALE_THREADS], watch;
    double rest;

    pthread_create(&watch, NULL, scale_watch, s);
    for (int i = 0; i < SCALE_THREADS; i++)
        pthread_create(&workers[i], NULL, scale_work, s);
    for (int i = 0; i < SCALE_THREADS; i++)
        pthread_join(workers[i], NULL);
    made = clock_mono_us() - wall;
    scale_settle(s->index);
    total = clock_mono_us() - wall;
    cpu = scale_cpu_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    atomic_store(&s->done, true);
    pthread_join(watch, NULL);
    rest = (double)total - (double)s->making_us / SCALE_THREADS;
    printf("build: %.1f s (rows read after %.1f), %.1f s of processor, of which making rows %.1f;\n"
           "       without that %.0f rows/s, peak %.0f MB anonymous\n",
           (double)total / 1e6, (double)made / 1e6, (double)cpu / 1e6, (double)s->making_us / 1e6,
           (double)s->rows * 1e6 / rest, s->peak_mb);
    fflush(stdout);
}

#endif
