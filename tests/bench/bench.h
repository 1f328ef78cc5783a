/* What every benchmark has: its knobs, its dice, and the order of its times. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* Below n; the same from the same state. */
static inline uint64_t bench_dice(uint64_t *state, uint64_t n)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % n;
}

static inline int64_t bench_env(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoll(text, NULL, 10) : otherwise;
}

static inline int bench_by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Processor time of this process, all of its threads. */
static inline int64_t bench_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Of n times, which it sorts, in so many of their units. */
static inline double bench_percentile(int64_t *v, size_t n, double p, double unit)
{
    qsort(v, n, sizeof(*v), bench_by_value);
    return n ? (double)v[(size_t)((double)(n - 1) * p + 0.5)] / unit : 0;
}

#endif
