/*
 * What accounts have paid for: of each account that has asked, the ids of the profiles of which it
 * owns a contact field, and per segment one set of ordinals, kept from query to query.  Owning is
 * for ever, so sets only grow.  Rows that an account loaded itself are its own without being here.
 */
#ifndef SERVER_SEARCH_OWNED_H
#define SERVER_SEARCH_OWNED_H

#include "common/api.h"
#include "common/err.h"
#include "server/search/snapshot.h"

struct owned;
struct store;

struct owned *owned_new(void);
void owned_free(struct owned *o); /* NULL is fine */

/* An account has paid for a field of a profile. Any thread. */
void owned_note(struct owned *o, const struct uuid *account, const struct uuid *profile);

/* What one query needs to know; lives in its arena. */
struct owner {
    struct uuid account;
    bool owns_catalogue; /* a super_admin does */
    const struct live *items;
    struct set *sets; /* one an item */
    size_t n;
};

/*
 * The first question of an account reads the store (NULL: there is none, what was noted is all).
 * errors: the store's
 */
enum err owned_find(struct owned *o, struct store *store, const struct uuid *account,
                    bool owns_catalogue, const struct snapshot *now, struct arena *mem,
                    struct owner **out) MUST_CHECK;

/* Of one of the snapshot's segments; released by the caller. */
struct set owner_set(const struct owner *o, const struct segment *s, struct pool *pool);

#endif
