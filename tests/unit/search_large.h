/* A segment that is large enough for cubes, and has few enough values for them. */
#ifndef TESTS_UNIT_SEARCH_LARGE_H
#define TESTS_UNIT_SEARCH_LARGE_H

#include "server/sample.h"
#include "server/search/build.h"

enum { LARGE_ROWS = 70000 };

/* dice: the next of a test's random numbers */
static inline struct segment *large_segment(uint64_t seed, uint64_t (*dice)(void))
{
    static const char *const industries[] = {"Banking", "Energy", "Media", "Retail"};
    static const char *const countries[] = {"DE", "FR", "US", NULL};
    struct sample *sample = sample_new(LARGE_ROWS, seed);
    struct builder *b = builder_new(&catalogue_account);
    struct segment *s;

    for (int64_t i = 0; i < LARGE_ROWS; i++) {
        struct arena *mem = arena_new();
        struct profile p;

        sample_profile(sample, i, mem, &p);
        p.industry = industries[dice() % 4];
        p.country = countries[dice() % 4];
        builder_add(b, &p);
        arena_free(mem);
    }
    s = builder_finish(b);
    builder_free(b);
    sample_free(sample);
    return s;
}

#endif
