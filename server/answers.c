#include "server/answers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "server/store.h"

enum { PLACES = 2048, LOCKS = 64, SIZE_MOST = 32 * 1024 };

/* One block: the page's ids, its texts and the key lie behind. */
struct kept {
    atomic_int refs;
    struct uuid account;
    int64_t change;
    size_t key_len;
    const char *key;
    struct page page;
    _Alignas(16) char data[];
};

struct place {
    uint64_t once; /* the hash of the last question that came here once */
    struct kept *kept;
};

struct answers {
    pthread_mutex_t locks[LOCKS];
    struct place places[PLACES];
};

struct answers *answers_new(void)
{
    struct answers *c = xcalloc(1, sizeof(*c));

    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    return c;
}

static void unref(void *arg)
{
    struct kept *k = arg;

    if (k && atomic_fetch_sub(&k->refs, 1) == 1)
        free(k);
}

void answers_free(struct answers *c)
{
    if (!c)
        return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&c->locks[i]);
    for (size_t i = 0; i < PLACES; i++)
        unref(c->places[i].kept);
    free(c);
}

/* FNV-1a; what is found is compared. */
static uint64_t hash(const struct uuid *account, const void *key, size_t n)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < 16; i++)
        h = (h ^ account->b[i]) * UINT64_C(1099511628211);
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)key)[i]) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}

bool answers_find(struct answers *c, struct store *store, const struct uuid *account,
                  const void *key, size_t n, struct arena *mem, struct page *out)
{
    uint64_t h = hash(account, key, n);
    struct place *p = &c->places[h % PLACES];
    pthread_mutex_t *lock = &c->locks[h % LOCKS];
    struct deferred *lease = arena_defer(mem, unref, NULL);
    struct kept *k;

    pthread_mutex_lock(lock);
    k = p->kept;
    if (k && k->key_len == n && uuid_equal(&k->account, account) && memcmp(k->key, key, n) == 0 &&
        k->change == store_last_change(store))
        atomic_fetch_add(&k->refs, 1);
    else
        k = NULL;
    pthread_mutex_unlock(lock);
    arena_defer_arg(lease, k);
    if (k)
        *out = k->page;
    return k != NULL;
}

static char *put(char **at, const void *data, size_t n)
{
    char *to = *at;

    if (n)
        memcpy(to, data, n);
    *at += n;
    return to;
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* NULL: it is too large, or there is no memory. */
static struct kept *make(const struct uuid *account, const void *key, size_t n, int64_t change,
                         const struct page *page)
{
    size_t ids = page->n * sizeof(*page->ids), facets = text_size(page->facets),
           corrections = text_size(page->corrections), cursor = text_size(page->next_cursor);
    size_t size = sizeof(struct kept) + ids + facets + corrections + cursor + n;
    struct kept *k = size <= SIZE_MOST ? malloc(size) : NULL;
    char *at;

    if (!k)
        return NULL;
    at = k->data;
    atomic_init(&k->refs, 1);
    k->account = *account;
    k->change = change;
    k->page = (struct page){.total = page->total, .n = page->n};
    k->page.ids = (const struct uuid *)(void *)put(&at, page->ids, ids);
    k->page.facets = put(&at, page->facets, facets);
    k->page.corrections = put(&at, page->corrections, corrections);
    k->page.next_cursor = cursor ? put(&at, page->next_cursor, cursor) : NULL;
    k->key = put(&at, key, n);
    k->key_len = n;
    return k;
}

void answers_keep(struct answers *c, struct store *store, const struct uuid *account,
                  const void *key, size_t n, int64_t change, const struct page *page)
{
    uint64_t h = hash(account, key, n);
    struct place *p = &c->places[h % PLACES];
    pthread_mutex_t *lock = &c->locks[h % LOCKS];
    struct kept *k = NULL, *old = NULL;
    bool again;

    if (change != store_last_change(store)) /* it would never be found */
        return;
    pthread_mutex_lock(lock);
    again = p->once == h;
    p->once = h;
    pthread_mutex_unlock(lock);
    if (again)
        k = make(account, key, n, change, page);
    if (!k)
        return;
    pthread_mutex_lock(lock);
    old = p->kept;
    p->kept = k;
    pthread_mutex_unlock(lock);
    unref(old);
}
