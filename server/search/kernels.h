/*
 * The inner loops over bitsets, in several versions: plain C, and for what the processor has.
 * Debian compiles for machines without popcnt, so the best one is chosen when the program runs.
 * All versions give the same; tests hold them against each other.
 */
#ifndef SERVER_SEARCH_KERNELS_H
#define SERVER_SEARCH_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each gives the number of bits of its result; out may be a or b. */
typedef size_t kernel_into(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words);

struct kernels {
    const char *name;
    bool (*is_there)(void); /* the processor has what it needs */
    size_t (*count_and)(const uint64_t *a, const uint64_t *b, size_t words);
    kernel_into *and, *and_not, * or ; /* and_not: a without b */
};

/* The best that the processor can. */
const struct kernels *kernels(void);
/* All of them, the best first; NULL behind the last. */
const struct kernels *kernels_at(size_t i);

/* Of 64 bytes a bit each: it is this value. */
uint64_t bytes_equal(const uint8_t *v, uint8_t value);

#endif
