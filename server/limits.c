/*
 * Each (class, key) has a ring of the times of its last N admissions.  A shard is a mutex and an
 * open hash table that grows up to a bound; when it is full, entries whose window is wholly past
 * make room, and when there are none the newcomer is refused: never open, and never forgetful of
 * one that is being held back.
 */
#include "server/limits.h"

#include <pthread.h>
#include <string.h>

#include "common/clock.h"

enum { SHARDS = 16, KEY_MAX = 20, FIRST_SLOTS = 64, MOST_SLOTS = 1 << 16 };

#define WINDOW_US INT64_C(60000000)

static const struct {
    const char *word;
    int64_t per_minute;
} rows[] = {
#define X(name, word, per_minute) [RATE_##name] = {word, per_minute},
    RATE_LIST(X)
#undef X
};

struct slot {
    uint8_t key[KEY_MAX]; /* class, then the caller's key, zeros behind */
    int64_t *times;       /* ring of `limit`; NULL: the slot is empty */
    uint32_t next, n;
};

struct shard {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t size, used;
};

struct limits {
    int64_t per_minute[RATE_COUNT];
    struct shard shards[SHARDS];
};

const char *rate_word(enum rate_class c)
{
    return rows[c].word;
}

int64_t rate_default(enum rate_class c)
{
    return rows[c].per_minute;
}

struct limits *limits_new(const int64_t *per_minute)
{
    struct limits *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    memcpy(l->per_minute, per_minute, sizeof(l->per_minute));
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&l->shards[i].lock, NULL);
    return l;
}

void limits_free(struct limits *l)
{
    if (!l)
        return;
    for (int i = 0; i < SHARDS; i++) {
        for (size_t k = 0; k < l->shards[i].size; k++)
            free(l->shards[i].slots[k].times);
        free(l->shards[i].slots);
        pthread_mutex_destroy(&l->shards[i].lock);
    }
    free(l);
}

/* FNV-1a; who could aim at one chain has to own that many keys, and then meets the bound. */
static uint64_t hash_of(const uint8_t key[KEY_MAX])
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (int i = 0; i < KEY_MAX; i++)
        h = (h ^ key[i]) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}

static struct slot *probe(struct slot *slots, size_t size, const uint8_t *key)
{
    size_t at = (size_t)(hash_of(key) >> 8) & (size - 1);

    while (slots[at].times && memcmp(slots[at].key, key, KEY_MAX) != 0)
        at = (at + 1) & (size - 1);
    return &slots[at];
}

static bool is_past(const struct slot *s, int64_t limit, int64_t now)
{
    return s->n == 0 ||
           now - s->times[(s->next + (uint32_t)limit - 1) % (uint32_t)limit] >= WINDOW_US;
}

/* Move the live entries into a table of `size`. */
static bool rebuild(struct limits *l, struct shard *sh, size_t size, int64_t now)
{
    struct slot *slots = calloc(size, sizeof(*slots));

    if (!slots)
        return false;
    sh->used = 0;
    for (size_t i = 0; i < sh->size; i++) {
        struct slot *s = &sh->slots[i];

        if (!s->times)
            continue;
        if (is_past(s, l->per_minute[s->key[0]], now)) {
            free(s->times);
            continue;
        }
        *probe(slots, size, s->key) = *s;
        sh->used++;
    }
    free(sh->slots);
    sh->slots = slots;
    sh->size = size;
    return true;
}

/* A free place for one more; false: there is none. */
static bool make_room(struct limits *l, struct shard *sh, int64_t now)
{
    size_t size = sh->size ? sh->size : FIRST_SLOTS;

    if (sh->size && sh->used * 2 < sh->size)
        return true;
    if (!rebuild(l, sh, size, now))
        return false;
    if (sh->used * 2 >= size && size < MOST_SLOTS)
        return rebuild(l, sh, size * 2, now);
    return sh->used * 2 < size;
}

static struct slot *find(struct limits *l, struct shard *sh, const uint8_t *key, int64_t limit,
                         int64_t now)
{
    struct slot *s = sh->size ? probe(sh->slots, sh->size, key) : NULL;

    if (s && s->times)
        return s;
    if (!make_room(l, sh, now))
        return NULL;
    s = probe(sh->slots, sh->size, key);
    s->times = malloc((size_t)limit * sizeof(*s->times));
    if (!s->times)
        return NULL;
    memcpy(s->key, key, KEY_MAX);
    s->n = s->next = 0;
    sh->used++;
    return s;
}

/* How many of the ring are younger than a window, and when the oldest of them leaves it. */
static int64_t in_window(const struct slot *s, int64_t limit, int64_t now, int64_t *oldest)
{
    uint32_t ring = (uint32_t)limit, lo = 0, hi = s->n; /* ages fall along the ring: bisect */

    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        int64_t t = s->times[(s->next + ring - s->n + mid) % ring];

        if (now - t >= WINDOW_US)
            lo = mid + 1;
        else
            hi = mid;
    }
    *oldest = lo < s->n ? s->times[(s->next + ring - s->n + lo) % ring] : now;
    return s->n - lo;
}

static void take(struct slot *s, int64_t limit, int64_t now, struct limit_answer *out)
{
    int64_t oldest, n = in_window(s, limit, now, &oldest);

    out->admitted = n < limit;
    if (out->admitted) {
        s->times[s->next] = now;
        s->next = (s->next + 1) % (uint32_t)limit;
        if (s->n < limit)
            s->n++;
        n++;
    }
    out->remaining = limit - n;
    if (out->remaining == 0) {
        in_window(s, limit, now, &oldest);
        out->retry_after = (oldest + WINDOW_US - now + 999999) / 1000000;
    }
}

void limits_take(struct limits *l, enum rate_class c, const void *key, size_t n,
                 struct limit_answer *out)
{
    int64_t limit = l->per_minute[c], now = clock_mono_us();
    uint8_t whole[KEY_MAX] = {(uint8_t)c};
    struct shard *sh;
    struct slot *s;

    *out = (struct limit_answer){.rate = c, .limit = limit};
    if (limit == RATE_UNLIMITED) {
        out->admitted = true;
        out->remaining = RATE_UNLIMITED;
        return;
    }
    out->retry_after = 60;
    if (limit <= 0)
        return;
    memcpy(whole + 1, key, n < KEY_MAX - 1 ? n : KEY_MAX - 1);
    sh = &l->shards[hash_of(whole) % SHARDS];
    pthread_mutex_lock(&sh->lock);
    s = find(l, sh, whole, limit, now);
    if (s) {
        out->retry_after = 0;
        take(s, limit, now, out);
    }
    pthread_mutex_unlock(&sh->lock);
}
