/*
 * Chance that can be repeated: splitmix64 from a seed that is printed.  SEED=N in the environment
 * replays a run.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct random {
    uint64_t state;
};

static inline struct random random_start(const char *what)
{
    const char *given = getenv("SEED");
    struct random r = {given ? strtoull(given, NULL, 10) : 20261124};

    fprintf(stderr, "%s: SEED=%llu\n", what, (unsigned long long)r.state);
    return r;
}

static inline uint64_t random_bits(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline size_t random_below(struct random *r, size_t n)
{
    return (size_t)(random_bits(r) % n);
}

#endif
