#include "server/audit_tally.h"

#include <string.h>

#include "server/router.h"
#include "server/seal.h"

/* The last rows are kept for what finds no other: one each, by verb and reason. */
enum { SLOTS = 2 * AUDIT_TALLIES, RESERVED = 32 };

_Static_assert(sizeof(struct tally_key) == 3 * sizeof(void *) + 3 * 16 + 16 + 8,
               "a key has no padding: it is compared and hashed as bytes");

void tallies_clear(struct tallies *t)
{
    memset(t->slots, 0, sizeof(t->slots));
    t->n = 0;
}

/* FNV-1a, by words.  Who fills a chain of slots on purpose makes at most AUDIT_TALLIES steps of it.
 */
static unsigned hash(const struct tally_key *key)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325), words[sizeof(*key) / 8];

    memcpy(words, key, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        h = (h ^ words[i]) * UINT64_C(0x100000001b3), h ^= h >> 32;
    return (unsigned)((h ^ h >> 32) % SLOTS);
}

/* Its slot, which may be free. */
static uint16_t *find(struct tallies *t, const struct tally_key *key)
{
    unsigned at = hash(key);

    while (t->slots[at] && memcmp(&t->rows[t->slots[at] - 1].key, key, sizeof(*key)) != 0)
        at = (at + 1) % SLOTS;
    return &t->slots[at];
}

void tallies_add(struct tallies *t, const struct tally_key *key, int64_t count)
{
    struct tally_key others = {.verb = key->verb, .reason = key->reason};
    uint16_t *slot = find(t, key);

    if (!*slot && t->n >= AUDIT_TALLIES - RESERVED) {
        key = &others;
        slot = find(t, key);
    }
    if (!*slot && t->n == AUDIT_TALLIES)
        return;
    if (!*slot) {
        t->rows[t->n] = (struct tally){.key = *key};
        *slot = (uint16_t)++t->n;
    }
    t->rows[*slot - 1].count += count;
}

static bool is_refusal(const struct request *r, enum err err)
{
    unsigned status = err_status(err);

    if (!r->route || err == ERR_TOKEN_EXPIRED)
        return false;
    if (status == 404) /* somebody else's, or nobody's: the two look alike */
        return r->route->flags & ROUTE_HIDDEN || strchr(r->route->path, ':');
    return status == 401 || status == 403 || status == 429;
}

static void count(struct request *r, const struct tally_key *key)
{
    struct auditor *a = r->srv->auditor;

    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    tallies_add(a->counting, key, 1);
    pthread_mutex_unlock(&a->lock);
}

static struct tally_key key_of(const struct request *r, const char *verb, enum err err)
{
    return (struct tally_key){.route = r->route,
                              .verb = verb,
                              .actor_kind = request_actor_kind(r),
                              .actor = *principal_actor(&r->who),
                              .impersonator = r->who.impersonator,
                              .account = r->who.account,
                              .reason = (uint64_t)err};
}

void audit_refused(struct request *r, enum err err)
{
    struct tally_key key = key_of(r, AUDIT_REFUSE, err);

    if (!is_refusal(r, err))
        return;
    if (r->who.role <= ROLE_PUBLIC)
        seal_hash(r->srv->seal, SEAL_ADDRESS, r->address, router_address_len(r->address),
                  key.address, sizeof(key.address));
    count(r, &key);
}

void audit_key_used(struct request *r)
{
    struct tally_key key = key_of(r, AUDIT_KEY_USE, ERR_OK);

    count(r, &key);
}
