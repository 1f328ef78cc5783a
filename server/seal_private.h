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

/* The file KEYS/ring, seal_ring.c. */
struct ring_key {
    uint32_t id;
    int64_t created, removed;        /* ms, real; created 0: by a release that did not note it */
    uint8_t key[SEAL_KEY];           /* zero when removed */
    uint8_t public_key[SEAL_PUBLIC]; /* of the audit log's pair: it outlives the key */
};

struct ring {
    size_t n;
    struct ring_key keys[SEAL_KEYS]; /* the oldest first; the newest is never removed */
};

/* The directory, and room for its ring; ring_close() after ERR_OK alone. */
enum err ring_open(const char *keys_dir, int *dir, struct ring **r, struct problem *why) MUST_CHECK;
void ring_close(int dir, struct ring *r);
/* errors: ERR_NOT_FOUND without a file, ERR_INVALID */
enum err ring_load(int dir, struct ring *out, struct problem *why) MUST_CHECK;
/* A first one stays when there is one already. */
enum err ring_save(int dir, const struct ring *r, bool first, struct problem *why) MUST_CHECK;
bool ring_add(struct ring *r); /* false: it is full */

/* Purposes beside those of hashes; stored, so only append. */
enum { SEAL_PURPOSE_VALUE = 1, SEAL_PURPOSE_AUDIT = 32, SEAL_PURPOSE_FILE = 33 };
void seal_derive(const uint8_t key[SEAL_KEY], unsigned purpose, uint8_t out[SEAL_KEY]);

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
