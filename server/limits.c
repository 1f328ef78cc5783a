/*
 * Each (class, key) has a ring of the times of its admissions of the last window, which grows up to
 * the class's limit.  A shard is a mutex and an open hash table that grows up to a bound; when it
 * is full, entries whose window is wholly past make room, and when there are none the newcomer is
 * refused: never open, and never forgetful of one that is being held back.
 *
 * So memory is bounded by SHARDS * MOST_SLOTS / 2 entries of some 120 bytes (16 MB), and 8 bytes
 * for each request that was admitted in the last minute.
 */
#include "server/limits.h"

#include <pthread.h>
#include <string.h>

#include "common/clock.h"
#include "server/limits_redis.h"

enum { SHARDS = 16, KEY_MAX = 20, FIRST_SLOTS = 64, MOST_SLOTS = 1 << 14, FIRST_RING = 8 };

#define WINDOW_US INT64_C(60000000)
#define SWEEP_US INT64_C(1000000) /* a full shard looks for past entries this often */
#define LIMIT_MOST INT64_C(1000000000)

#define unlimited RATE_UNLIMITED /* the word of RATE_LIST */
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
    uint32_t first, n;    /* the oldest, and how many */
    uint32_t size;
    int64_t *times; /* ring of `size`; NULL: the slot is empty */
};

struct shard {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t size, used;
    int64_t swept; /* when it was last found full */
};

struct limits {
    int64_t per_minute[RATE_COUNT];
    struct shard shards[SHARDS];
    struct limits_redis *redis; /* NULL: this process alone counts */
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
    limits_redis_close(l->redis);
    free(l);
}

void limits_share(struct limits *l, struct limits_redis *redis)
{
    l->redis = redis;
}

const char *limits_redis_word(const struct limits *l)
{
    return limits_redis_state(l->redis);
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

static int64_t time_at(const struct slot *s, uint32_t i)
{
    return s->times[(s->first + i) % s->size];
}

/* Forget what has left the window. */
static void expire(struct slot *s, int64_t now)
{
    while (s->n && now - time_at(s, 0) >= WINDOW_US) {
        s->first = (s->first + 1) % s->size;
        s->n--;
    }
}

static bool is_past(const struct slot *s, int64_t now)
{
    return s->n == 0 || now - time_at(s, s->n - 1) >= WINDOW_US;
}

/* Move the live entries into a table of `size`. */
static bool rebuild(struct shard *sh, size_t size, int64_t now)
{
    struct slot *slots = calloc(size, sizeof(*slots));

    if (!slots)
        return false;
    sh->used = 0;
    for (size_t i = 0; i < sh->size; i++) {
        struct slot *s = &sh->slots[i];

        if (!s->times)
            continue;
        if (is_past(s, now)) {
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
static bool make_room(struct shard *sh, int64_t now)
{
    size_t size = sh->size ? sh->size : FIRST_SLOTS;

    if (sh->size && sh->used * 2 < size)
        return true;
    if (size == MOST_SLOTS && now - sh->swept < SWEEP_US)
        return false;
    sh->swept = now;
    if (!rebuild(sh, size, now))
        return false;
    /* Half of that again must be free, else the next newcomers would sweep anew. */
    if (sh->used * 4 >= size && size < MOST_SLOTS)
        return rebuild(sh, size * 2, now);
    return sh->used * 2 < size;
}

static struct slot *find(struct shard *sh, const uint8_t *key, int64_t now)
{
    struct slot *s = sh->size ? probe(sh->slots, sh->size, key) : NULL;

    if (s && s->times)
        return s;
    if (!make_room(sh, now))
        return NULL;
    s = probe(sh->slots, sh->size, key);
    s->times = calloc(FIRST_RING, sizeof(*s->times));
    if (!s->times)
        return NULL;
    memcpy(s->key, key, KEY_MAX);
    s->size = FIRST_RING;
    s->n = s->first = 0;
    sh->used++;
    return s;
}

static bool push(struct slot *s, int64_t now)
{
    if (s->n == s->size) {
        uint32_t size = s->size < FIRST_RING ? FIRST_RING : 2 * s->size;
        int64_t *times = calloc(size, sizeof(*times));

        if (!times)
            return false;
        for (uint32_t i = 0; i < s->n; i++)
            times[i] = time_at(s, i);
        free(s->times);
        s->times = times;
        s->size = size;
        s->first = 0;
    }
    s->times[(s->first + s->n++) % s->size] = now;
    return true;
}

/* Seconds until fewer than `limit` are left in the window; there may be more when it was lowered.
 */
static int64_t wait_of(const struct slot *s, int64_t limit, int64_t now)
{
    return (time_at(s, s->n - (uint32_t)limit) + WINDOW_US - now + 999999) / 1000000;
}

static void take(struct slot *s, int64_t limit, int64_t now, struct limit_answer *out)
{
    expire(s, now);
    out->admitted = s->n < limit && push(s, now);
    out->remaining = s->n < limit ? limit - s->n : 0;
    if (out->remaining == 0)
        out->retry_after = wait_of(s, limit, now);
    else if (!out->admitted)
        out->retry_after = 1;
}

/* What was counted at `when` is not, after all. */
static void undo(struct slot *s, int64_t when)
{
    for (uint32_t i = s->n; i--;) {
        if (time_at(s, i) != when)
            continue;
        for (; i + 1 < s->n; i++)
            s->times[(s->first + i) % s->size] = time_at(s, i + 1);
        s->n--;
        return;
    }
}

/*
 * Other servers count too.  This one's own count has admitted already, so that a flood that it can
 * refuse by itself never reaches Redis, and so that with Redis lost it holds.
 */
static void ask_redis(struct limits *l, struct shard *sh, const uint8_t whole[KEY_MAX],
                      int64_t limit, int64_t when, struct limit_answer *out)
{
    struct slot *s;

    if (!limits_redis_ask(l->redis, whole, KEY_MAX, limit, true, out) || out->admitted)
        return;
    pthread_mutex_lock(&sh->lock);
    s = sh->size ? probe(sh->slots, sh->size, whole) : NULL;
    if (s && s->times)
        undo(s, when);
    pthread_mutex_unlock(&sh->lock);
}

/* What needs no counting: unlimited, refused always. True: *out is the answer. */
static bool is_plain(enum rate_class c, int64_t limit, struct limit_answer *out)
{
    *out = (struct limit_answer){.rate = c, .limit = limit};
    if (limit == RATE_UNLIMITED) {
        out->admitted = true;
        out->remaining = RATE_UNLIMITED;
        return true;
    }
    out->retry_after = 60;
    return limit <= 0;
}

static struct shard *shard_of(struct limits *l, enum rate_class c, const void *key, size_t n,
                              uint8_t whole[KEY_MAX])
{
    memset(whole, 0, KEY_MAX);
    whole[0] = (uint8_t)c;
    memcpy(whole + 1, key, n < KEY_MAX - 1 ? n : KEY_MAX - 1);
    return &l->shards[hash_of(whole) % SHARDS];
}

int64_t limits_of(const struct limits *l, enum rate_class c)
{
    return l->per_minute[c];
}

void limits_take_of(struct limits *l, enum rate_class c, int64_t limit, const void *key, size_t n,
                    struct limit_answer *out)
{
    uint8_t whole[KEY_MAX];
    struct shard *sh;
    struct slot *s;
    int64_t now;

    if (is_plain(c, limit, out))
        return;
    if (limit > LIMIT_MOST)
        limit = LIMIT_MOST;
    sh = shard_of(l, c, key, n, whole);
    pthread_mutex_lock(&sh->lock);
    now = clock_mono_us(); /* under the lock, so that times in a ring never fall */
    s = find(sh, whole, now);
    if (s) {
        out->retry_after = 0;
        take(s, limit, now, out);
    }
    pthread_mutex_unlock(&sh->lock);
    if (l->redis && out->admitted)
        ask_redis(l, sh, whole, limit, now, out);
}

void limits_take(struct limits *l, enum rate_class c, const void *key, size_t n,
                 struct limit_answer *out)
{
    limits_take_of(l, c, l->per_minute[c], key, n, out);
}

void limits_look(struct limits *l, enum rate_class c, int64_t limit, const void *key, size_t n,
                 struct limit_answer *out)
{
    uint8_t whole[KEY_MAX];
    struct shard *sh;
    struct slot *s;

    if (is_plain(c, limit, out))
        return;
    sh = shard_of(l, c, key, n, whole);
    out->retry_after = 0;
    out->remaining = limit;
    pthread_mutex_lock(&sh->lock);
    s = sh->size ? probe(sh->slots, sh->size, whole) : NULL;
    if (s && s->times) {
        expire(s, clock_mono_us());
        out->remaining = s->n < limit ? limit - s->n : 0;
        if (!out->remaining)
            out->retry_after = wait_of(s, limit, clock_mono_us());
    }
    pthread_mutex_unlock(&sh->lock);
    out->admitted = out->remaining > 0;
}

void limits_look_shared(struct limits *l, enum rate_class c, int64_t limit, const void *key,
                        size_t n, struct limit_answer *out)
{
    struct limit_answer all;
    uint8_t whole[KEY_MAX];

    limits_look(l, c, limit, key, n, out);
    if (!l->redis || limit == RATE_UNLIMITED || limit <= 0)
        return;
    all = *out;
    shard_of(l, c, key, n, whole);
    /* Redis may have lost what this server still knows: the stricter of the two binds. */
    if (limits_redis_ask(l->redis, whole, KEY_MAX, limit, false, &all) &&
        (all.remaining < out->remaining || all.retry_after > out->retry_after))
        *out = all;
}
