/*
 * What people who search see of an import: how long after its commit a change is found, and how
 * long their searches take meanwhile; and the index built anew from the store that came of it.
 */
#ifndef TESTS_BENCH_UPLOAD_LIVE_H
#define TESTS_BENCH_UPLOAD_LIVE_H

#include <sys/resource.h>

#include "server/search/search.h"
#include "tests/bench/bench.h"
#include "tests/bench/scale_memory.h"
#include "tests/upload.h"

enum {
    LIVE_SAMPLES = 1 << 20,
    LIVE_PAUSE_US = 2000,
    LIVE_LOOK_US = 200,
    LIVE_WAIT_MS = 60000,
    LIVE_TOP = 25
};

struct live {
    struct server *srv;
    atomic_bool over;
    int64_t *found_us, *asked_us;
    size_t n_found, n_asked;
    int64_t failed;
    pthread_t prober, searcher;
};

/* From when a commit is seen, which is looked for all the time, to when it is searchable. */
static inline void *live_probe(void *arg)
{
    struct live *l = arg;
    int64_t last = store_last_change(l->srv->store);

    while (!atomic_load(&l->over) && l->n_found < LIVE_SAMPLES) {
        int64_t change = store_last_change(l->srv->store), from = clock_mono_us();

        if (change == last) {
            usleep(LIVE_LOOK_US);
            continue;
        }
        last = change;
        if (!search_wait(l->srv->search, change, LIVE_WAIT_MS))
            l->failed++;
        l->found_us[l->n_found++] = clock_mono_us() - from;
    }
    return NULL;
}

static inline void live_question(size_t i, struct search_query *q)
{
    static const char *manager[] = {"manager"}, *countries[] = {"US", "DE"},
                      *machinery[] = {"machinery"};
    static const char *const words[] = {"analyst",       "compan* analyst", "software engineer",
                                        "regional saas", "weber",           "vp sal*"};

    *q = (struct search_query){.page_size = LIVE_TOP};
    if (i % 4 != 0)
        q->q = words[i % (sizeof(words) / sizeof(*words))];
    if (i % 3 != 0)
        q->in[FACET_country] = (struct strs){countries, 2};
    if (i % 5 == 0)
        q->in[FACET_seniority] = (struct strs){manager, 1};
    if (i % 7 == 0)
        q->in[FACET_industry] = (struct strs){machinery, 1};
}

static inline void *live_search(void *arg)
{
    struct live *l = arg;

    while (!atomic_load(&l->over) && l->n_asked < LIVE_SAMPLES) {
        struct arena *mem = arena_new();
        struct search_query q;
        struct search_ask ask = {.query = &q};
        struct search_answer a;
        struct problem why;
        int64_t from = clock_mono_us();

        live_question(l->n_asked, &q);
        l->failed += search_run(l->srv->search, &ask, mem, &a, &why) != ERR_OK;
        l->asked_us[l->n_asked++] = clock_mono_us() - from;
        arena_free(mem);
        usleep(LIVE_PAUSE_US);
    }
    return NULL;
}

static inline void live_begin(struct live *l, struct server *srv)
{
    *l = (struct live){.srv = srv};
    if (!search_wait(srv->search, 0, LIVE_WAIT_MS))
        exit(1);
    l->found_us = xcalloc(LIVE_SAMPLES, sizeof(*l->found_us));
    l->asked_us = xcalloc(LIVE_SAMPLES, sizeof(*l->asked_us));
    if (pthread_create(&l->prober, NULL, live_probe, l) ||
        pthread_create(&l->searcher, NULL, live_search, l))
        exit(1);
}

static inline void live_say(const char *what, int64_t *us, size_t n)
{
    printf("  %s: n %zu, p50 %.2f ms, p99 %.2f ms, at most %.2f ms\n", what, n,
           bench_percentile(us, n, 0.5, 1e3), bench_percentile(us, n, 0.99, 1e3),
           bench_percentile(us, n, 1, 1e3));
}

static inline void live_end(struct live *l)
{
    atomic_store(&l->over, true);
    pthread_join(l->prober, NULL);
    pthread_join(l->searcher, NULL);
    live_say("a change found by a search after its commit", l->found_us, l->n_found);
    live_say("searches meanwhile", l->asked_us, l->n_asked);
    if (l->failed)
        printf("  %lld of them FAILED\n", (long long)l->failed);
    free(l->found_us);
    free(l->asked_us);
}

static inline double live_cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The index anew, from all that the store has. */
static inline void live_rebuild(struct server *srv)
{
    struct search_options o = {.store = srv->store, .seal = srv->seal};
    struct memory_watch watch;
    char dir[300];
    int64_t from, rows;
    double took, cpu;

    search_close(srv->search);
    snprintf(dir, sizeof(dir), "%s/index-anew", srv->options->data);
    o.dir = dir;
    if (store_count(srv->store, &(struct query){.type = &profile_type}, &rows))
        exit(1);
    memory_watch_begin(&watch);
    cpu = live_cpu();
    from = clock_mono_us();
    if (search_open(&o, &srv->search) || !search_wait(srv->search, 0, 10 * LIVE_WAIT_MS))
        exit(1);
    took = (double)(clock_mono_us() - from) / 1e6;
    cpu = live_cpu() - cpu;
    memory_watch_end(&watch);
    printf("built from the store: %lld rows in %.2f s: %.0f rows/s (at least 300,000), %.2f us of "
           "processor for a row, %.2f processors used, peak %.0f MB anonymous\n",
           (long long)rows, took, (double)rows / took, cpu * 1e6 / (double)rows, cpu / took,
           watch.peak_mb);
    fflush(stdout);
}

#endif
