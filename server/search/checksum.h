/*
 * A checksum of long runs of bytes at the speed of memory: it finds tears and flipped bits, it does
 * not stop a forger.  Four independent multiply-and-fold chains over 32 bytes at a time.
 */
#ifndef SERVER_SEARCH_CHECKSUM_H
#define SERVER_SEARCH_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

struct checksum {
    uint64_t lanes[4], n;
    uint8_t rest[32];
    size_t n_rest;
};

void checksum_begin(struct checksum *c);
void checksum_add(struct checksum *c, const void *data, size_t n); /* in any pieces */
uint64_t checksum_end(const struct checksum *c);

uint64_t checksum_of(const void *data, size_t n);

#endif
