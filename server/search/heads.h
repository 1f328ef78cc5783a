/* The least of what up to HEADS_MAX sorted runs have next, again and again: a heap of keys. */
#ifndef SERVER_SEARCH_HEADS_H
#define SERVER_SEARCH_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEADS_MAX = 64 };

struct head {
    uint64_t key;
    uint32_t run;
};

struct heads {
    /* Of two runs with the same key: comes a first? */
    bool (*before)(const void *arg, uint32_t a, uint32_t b);
    const void *arg;
    size_t n;
    struct head v[HEADS_MAX]; /* the least is the first */
};

void heads_add(struct heads *h, uint32_t run, uint64_t key);
/* The least one has moved on to this key, which is not less; or there is nothing more of it. */
void heads_move(struct heads *h, uint64_t key);
void heads_drop(struct heads *h);

#endif
