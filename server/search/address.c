#include "server/search/address.h"

#include "server/identity.h"
#include "server/records.h"
#include "server/seal.h"
#include "server/store.h"

bool address_is_asked(const struct node *n)
{
    bool any = n->kind == NODE_EMAIL;

    for (size_t i = 0; i < n->n && !any; i++)
        any = address_is_asked(n->kids[i]);
    return any;
}

struct found_row {
    struct uuid id;
    bool any;
};

static bool take_row(void *arg, const void *rec)
{
    struct found_row *f = arg;

    *f = (struct found_row){((const struct profile *)rec)->id, true};
    return false; /* the key is unique */
}

/* What a domain has under this key of the ring. */
static enum err find_under(const struct address_book *b, uint32_t key, const struct uuid *domain,
                           const char *address, struct arena *mem, struct found_row *out)
{
    struct profile p = {.account = *domain, .email = address};
    struct query q = {.type = &profile_type,
                      .where = {{"key_email", OP_EQ, &p.key_email}},
                      .fields = type_bit(&profile_type, type_field(&profile_type, "id"))};

    identity_profile(b->seal, key, &p, mem);
    return uuid_is_zero(&p.key_email) ? ERR_OK : store_find(b->store, &q, mem, take_row, out);
}

/*
 * The row of a domain that is known by the address, under whichever key it has its identity now;
 * the keys after the one it is under are asked all the same.
 */
static enum err find_in(const struct address_book *b, const struct uuid *domain,
                        const char *address, struct arena *mem, struct found_row *out)
{
    uint32_t keys[SEAL_KEYS];
    size_t n = seal_live(b->seal, true, keys);
    enum err err = ERR_OK;

    *out = (struct found_row){0};
    for (size_t i = 0; i < n && !err; i++)
        err = find_under(b, keys[i], domain, address, mem, out);
    return err;
}

static enum err has_paid(const struct address_book *b, const struct uuid *profile,
                         struct arena *mem, bool *out)
{
    struct uuid id = ownership_id(&b->account, profile, "email");
    struct ownership o;
    enum err err = store_get(b->store, &ownership_type, &id, 0, mem, &o);

    *out = !err;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err find_one(const struct address_book *b, struct node *n, struct arena *mem)
{
    struct uuid *ids = arena_alloc(mem, 2 * sizeof(*ids));
    struct found_row own, other;
    bool paid = false;
    enum err err = find_in(b, &b->account, n->word, mem, &own);

    if (!err)
        err = find_in(b, &catalogue_account, n->word, mem, &other);
    if (!err) /* of no profile when there is none: it is read all the same */
        err = has_paid(b, &other.id, mem, &paid);
    if (err)
        return err;
    if (own.any)
        ids[n->n_ids++] = own.id;
    if (other.any && (paid || b->owns_catalogue))
        ids[n->n_ids++] = other.id;
    n->ids = ids;
    return ERR_OK;
}

enum err address_find(const struct address_book *b, struct node *tree, struct arena *mem)
{
    enum err err = ERR_OK;

    if (tree->kind == NODE_EMAIL && b->store && b->seal)
        return find_one(b, tree, mem);
    for (size_t i = 0; i < tree->n && !err; i++)
        err = address_find(b, tree->kids[i], mem);
    return err;
}
