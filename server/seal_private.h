/* What the files of seal share; nothing else includes it. */
#ifndef SERVER_SEAL_PRIVATE_H
#define SERVER_SEAL_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "server/seal.h"

enum { SEAL_KEY = 32 };

/* Zeroed memory for secrets, which stays out of swap and core files; NULL: there is none. */
void *seal_secret_new(size_t size);
void seal_secret_free(void *p, size_t size); /* wipes; NULL is fine */

/* The key that the ring's key `id` gives for the files of a purpose; false: there is no such. */
bool seal_file_key(const struct seal *s, uint32_t id, uint8_t out[SEAL_KEY]);

static inline void seal_put32(uint8_t *p, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(n >> (24 - 8 * i));
}

static inline uint32_t seal_get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

#endif
