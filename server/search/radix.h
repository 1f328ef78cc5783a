/*
 * Sorting by 64-bit keys, stable and linear (least significant digit first); and texts by eight
 * bytes of them at a time.
 */
#ifndef SERVER_SEARCH_RADIX_H
#define SERVER_SEARCH_RADIX_H

#include <stddef.h>
#include <stdint.h>

struct keyed {
    uint64_t key;
    uint32_t value;
};

/* What orders as the number does. */
static inline uint64_t radix_key(int64_t number)
{
    return (uint64_t)number ^ UINT64_C(1) << 63;
}

/* The first eight bytes as a number; a text is padded with zeros. */
uint64_t radix_bytes(const uint8_t *p);
uint64_t radix_text(const char *text);

/* By key; those of one key stay as they are. spare: room for n. */
void radix_sort(struct keyed *v, struct keyed *spare, size_t n);

/* By texts[value] as strcmp() has it, and stable too. The keys are scratch. */
void radix_sort_texts(struct keyed *v, struct keyed *spare, size_t n, const char *const *texts);

#endif
