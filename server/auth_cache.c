/*
 * Verified tokens by hash: a direct-mapped table in shards.  A hit saves the signature (48 us) and
 * the two reads of session and user, as long as nothing about any session or user has changed.
 */
#include <string.h>

#include "server/auth_private.h"

enum { SHARDS = 16, SLOTS = 512 };

struct slot {
    uint8_t hash[16];
    uint64_t generation;
    struct principal who;
    int64_t ends_ms; /* 0: empty */
};

struct shard {
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
};

struct token_cache {
    struct shard shards[SHARDS];
};

struct token_cache *token_cache_new(void)
{
    struct token_cache *c = xcalloc(1, sizeof(*c));

    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&c->shards[i].lock, NULL);
    return c;
}

void token_cache_free(struct token_cache *c)
{
    if (!c)
        return;
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&c->shards[i].lock);
    free(c);
}

static struct slot *slot_of(struct token_cache *c, const uint8_t hash[16], struct shard **shard)
{
    *shard = &c->shards[hash[0] % SHARDS];
    return &(*shard)->slots[(hash[1] | hash[2] << 8) % SLOTS];
}

bool token_cache_get(struct token_cache *c, const uint8_t hash[16], uint64_t generation,
                     struct principal *who, int64_t *ends_ms)
{
    struct shard *shard;
    struct slot *slot = slot_of(c, hash, &shard);
    bool hit;

    pthread_mutex_lock(&shard->lock);
    hit = slot->ends_ms && slot->generation == generation && memcmp(slot->hash, hash, 16) == 0;
    if (hit) {
        *who = slot->who;
        *ends_ms = slot->ends_ms;
    }
    pthread_mutex_unlock(&shard->lock);
    return hit;
}

void token_cache_put(struct token_cache *c, const uint8_t hash[16], uint64_t generation,
                     const struct principal *who, int64_t ends_ms)
{
    struct shard *shard;
    struct slot *slot = slot_of(c, hash, &shard);

    pthread_mutex_lock(&shard->lock);
    memcpy(slot->hash, hash, 16);
    slot->generation = generation;
    slot->who = *who;
    slot->ends_ms = ends_ms;
    pthread_mutex_unlock(&shard->lock);
}
