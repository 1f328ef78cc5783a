/* What the process takes of memory, and the most that it took meanwhile. */
#ifndef TESTS_BENCH_SCALE_MEMORY_H
#define TESTS_BENCH_SCALE_MEMORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

struct memory_watch {
    atomic_bool done;
    double peak_mb; /* anonymous memory */
    pthread_t thread;
};

static inline void *memory_watch_run(void *arg)
{
    struct memory_watch *w = arg;

    while (!atomic_load(&w->done)) {
        double now = scale_memory("RssAnon:");

        w->peak_mb = now > w->peak_mb ? now : w->peak_mb;
        usleep(20000);
    }
    return NULL;
}

static inline void memory_watch_begin(struct memory_watch *w)
{
    atomic_init(&w->done, false);
    w->peak_mb = 0;
    if (pthread_create(&w->thread, NULL, memory_watch_run, w))
        exit(1);
}

static inline void memory_watch_end(struct memory_watch *w)
{
    atomic_store(&w->done, true);
    pthread_join(w->thread, NULL);
}

#endif
