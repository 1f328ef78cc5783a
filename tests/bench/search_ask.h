/* A question of the search bench, in a form that every engine can be asked. */
#ifndef TESTS_BENCH_SEARCH_ASK_H
#define TESTS_BENCH_SEARCH_ASK_H

#include <string.h>

#include "common/api.h"
#include "common/mem.h"

enum { ASK_PANES = 6, ASK_FACETS = 3 };

static const enum facet ask_panes[ASK_PANES] = {FACET_seniority, FACET_department,
                                                FACET_industry,  FACET_employees,
                                                FACET_country,   FACET_email_status};

struct bench_ask {
    enum facet facets[ASK_FACETS];
    const char *values[ASK_FACETS];
    size_t n;
    const char *q, *match; /* the words as the index and as FTS5 write them; NULL: none */
    const char *sort;
};

/* The value of one of ask_panes; NULL: none. */
static inline const char *ask_value(const struct profile *p, enum facet f)
{
    return f == FACET_seniority    ? p->seniority
           : f == FACET_department ? p->department
           : f == FACET_industry   ? p->industry
           : f == FACET_employees  ? employees_bucket(p->employees)
           : f == FACET_country    ? p->country
                                   : p->email_status;
}

/* The first word of a text that is plain ASCII; NULL: it is not. */
static inline const char *ask_word(struct arena *mem, const char *text)
{
    size_t n = text ? strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;

    return n >= 3 && (text[n] == ' ' || text[n] == '\0') ? arena_strndup(mem, text, n) : NULL;
}

/* Of one row of an answer; answers are compared by their sums. */
static inline uint64_t ask_hash(int kind, const void *data, size_t n, int64_t count)
{
    const uint8_t *p = data;
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)kind ^ (uint64_t)count << 20;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

#endif
