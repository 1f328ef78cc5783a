/*
 * Who is who (DECISIONS.md 16): an address, else a profile's URL, else the name at the company when
 * neither side has another address or URL.  Of several that fit, the oldest; so what a file gives
 * does not depend on where it was cut into chunks.
 *
 * A record may stand in the chunk being filled, in the one in flight, or in the store.  What a
 * chunk holds is newer than the store's, which may or may not have it yet: the store's is passed
 * over.
 */
#include <string.h>

#include "server/identity.h"
#include "server/jobs/upload_chunk.h"

enum { NAMESAKES = 16 };

static const char *const key_fields[] = {
    [KEY_EMAIL] = "key_email", [KEY_URL] = "key_url", [KEY_NAME] = "key_name", [KEY_ID] = "id"};

const struct uuid *profile_key(const struct profile *p, enum key k)
{
    switch (k) {
    case KEY_EMAIL:
        return &p->key_email;
    case KEY_URL:
        return &p->key_url;
    case KEY_NAME:
        return &p->key_name;
    default:
        return &p->id;
    }
}

static bool differ(const struct uuid *a, const struct uuid *b)
{
    return !uuid_is_zero(a) && !uuid_is_zero(b) && !uuid_equal(a, b);
}

/* A name at a company is a weak sign: another address or profile says that it is somebody else. */
static bool is_same(const struct profile *a, const struct profile *b, enum key k)
{
    return uuid_equal(profile_key(a, k), profile_key(b, k)) &&
           (k != KEY_NAME ||
            (!differ(&a->key_email, &b->key_email) && !differ(&a->key_url, &b->key_url)));
}

/* A look for one person by one key; *best is the oldest so far. */
struct hunt {
    struct importer *im;
    const struct profile *who;
    enum key key;
    struct chunk *chunk;
    struct written *best_written;
    struct profile *best_stored;
};

static const struct uuid *best_id(const struct hunt *h)
{
    static const struct uuid none;

    return h->best_written ? &h->best_written->p.id : h->best_stored ? &h->best_stored->id : &none;
}

static bool is_older(const struct hunt *h, const struct uuid *id)
{
    return uuid_is_zero(best_id(h)) || uuid_compare(id, best_id(h)) < 0;
}

static bool is_in(const struct chunk *c, const struct uuid *id)
{
    return chunk_newest(c->row_slots, id) != SIZE_MAX;
}

static void consider_written(void *arg, size_t at)
{
    struct hunt *h = arg;
    struct written *w = &h->chunk->rows[at];

    if (!is_same(&w->p, h->who, h->key) || !is_older(h, &w->p.id) ||
        chunk_newest(h->chunk->row_slots, &w->p.id) != at ||
        (h->chunk == h->im->flying && is_in(h->im->filling, &w->p.id)))
        return;
    h->best_written = w;
    h->best_stored = NULL;
}

static bool consider_stored(void *arg, const void *rec)
{
    struct hunt *h = arg;
    const struct profile *p = rec;

    if (is_in(h->im->filling, &p->id) || is_in(h->im->flying, &p->id) ||
        !is_same(p, h->who, h->key))
        return true;
    if (is_older(h, &p->id)) {
        h->best_written = NULL;
        h->best_stored = (struct profile *)rec;
    }
    return false;
}

/*
 * The store under former keys of the ring, the oldest first: rows move to the newest only, so none
 * is missed.  What is found there gets its identity under the importer's key.
 */
static enum err hunt_older(struct hunt *h)
{
    const struct profile *who = h->who;
    enum err err = ERR_OK;

    for (size_t i = 0; i < h->im->n_older && !err; i++) {
        struct profile same = *who, *before = h->best_stored;
        struct query q = {.type = &profile_type, .limit = NAMESAKES};

        identity_profile(h->im->srv->seal, h->im->older[i], &same, h->im->row_mem);
        h->who = &same;
        q.where[0] = (struct cond){key_fields[h->key], OP_EQ, profile_key(&same, h->key)};
        err = store_find(h->im->srv->store, &q, h->im->row_mem, consider_stored, h);
        if (!err && h->best_stored != before)
            identity_profile(h->im->srv->seal, h->im->ring, h->best_stored, h->im->row_mem);
    }
    h->who = who;
    return err;
}

static enum err hunt_for(struct hunt *h)
{
    const struct uuid *key = profile_key(h->who, h->key);
    struct query q = {.type = &profile_type, .limit = NAMESAKES};
    enum err err;

    h->chunk = h->im->flying;
    chunk_each(h->chunk->row_slots, key, consider_written, h);
    h->chunk = h->im->filling;
    chunk_each(h->chunk->row_slots, key, consider_written, h);
    if (h->key == KEY_EMAIL && h->best_written)
        return ERR_OK; /* an address is unique */
    err = hunt_older(h);
    if (err)
        return err;
    q.where[0] = (struct cond){key_fields[h->key], OP_EQ, key};
    return store_find(h->im->srv->store, &q, h->im->row_mem, consider_stored, h);
}

/* In the part that is open, so that it may still be changed. */
static bool is_open(const struct chunk *c, const struct written *w)
{
    return w >= c->rows + c->closed.rows && w < c->rows + c->n.rows;
}

enum err match_profile(struct importer *im, const struct profile *p, struct written **here,
                       struct profile *found)
{
    *here = NULL;
    *found = (struct profile){0};
    for (int k = KEY_EMAIL; k <= KEY_NAME; k++) {
        struct hunt h = {.im = im, .who = p, .key = (enum key)k};
        enum err err;

        if (uuid_is_zero(profile_key(p, h.key)))
            continue;
        err = hunt_for(&h);
        if (err)
            return err;
        if (h.best_stored)
            *found = *h.best_stored;
        else if (h.best_written && is_open(im->filling, h.best_written))
            *here = h.best_written;
        else if (h.best_written)
            *found = h.best_written->p;
        else
            continue;
        return ERR_OK;
    }
    return ERR_OK;
}

static bool is_writable(const struct field *f)
{
    return !(f->flags & (FIELD_SERVER | FIELD_INTERNAL | FIELD_WIRE));
}

static bool has_value(const struct field *f, const void *rec)
{
    const void *slot = field_at(f, rec);

    switch (f->kind) {
    case KIND_STR:
        return *(const char *const *)slot != NULL;
    case KIND_STRS:
        return ((const struct strs *)slot)->n > 0;
    case KIND_INT:
        return *(const int64_t *)slot != 0;
    case KIND_BOOL:
        return *(const bool *)slot;
    default:
        return false;
    }
}

uint64_t profile_given(const struct profile *p)
{
    uint64_t set = 0;

    for (const struct field *f = profile_type.fields; f->name; f++)
        if (is_writable(f) && has_value(f, p))
            set |= type_bit(&profile_type, f);
    return set;
}

static bool same_list(const struct strs *a, const struct strs *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->v[i], b->v[i]) != 0)
            return false;
    return true;
}

static bool same_value(const struct field *f, const void *a, const void *b)
{
    const void *x = field_at(f, a), *y = field_at(f, b);

    switch (f->kind) {
    case KIND_STR:
        return *(const char *const *)x &&
               strcmp(*(const char *const *)x, *(const char *const *)y) == 0;
    case KIND_STRS:
        return same_list(x, y);
    case KIND_INT:
        return *(const int64_t *)x == *(const int64_t *)y;
    default:
        return *(const bool *)x == *(const bool *)y;
    }
}

static void move_value(const struct field *f, void *to, const void *from)
{
    static const size_t sizes[] = {[KIND_STR] = sizeof(const char *),
                                   [KIND_STRS] = sizeof(struct strs),
                                   [KIND_INT] = sizeof(int64_t),
                                   [KIND_BOOL] = sizeof(bool)};

    memcpy(field_slot(f, to), field_at(f, from), sizes[f->kind]);
}

/* A flag without a value is "no" or nothing said, so an opt-out that was given once stays. */
uint64_t merge_record(const struct type *type, void *old, const void *new, uint64_t fields)
{
    uint64_t changed = 0;

    for (const struct field *f = type->fields; f->name; f++) {
        if (!(fields & type_bit(type, f)) || !has_value(f, new) || same_value(f, old, new))
            continue;
        move_value(f, old, new);
        changed |= type_bit(type, f);
    }
    return changed;
}

/* What follows from another field goes with it, unless the row gives it itself. */
uint64_t merge_profile(struct profile *old, const struct upload_row *row)
{
#define BIT(member) type_bit(&profile_type, type_field(&profile_type, member))
    static const char *const follows[][2] = {{"seniority", "title"},
                                             {"department", "title"},
                                             {"email_status", "email"},
                                             {"first_name", "name"},
                                             {"last_name", "name"}};
    uint64_t given = row->given;
    uint64_t changed;

    if (row->weak_domain && old->domain)
        given &= ~BIT("domain");
    if (row->weak_place && (old->country || old->state || old->city))
        given &= ~(BIT("country") | BIT("state") | BIT("city"));
    changed = merge_record(&profile_type, old, &row->p, given);
    for (size_t i = 0; changed && i < sizeof(follows) / sizeof(*follows); i++) {
        uint64_t bit = BIT(follows[i][0]);

        if (changed & BIT(follows[i][1]) && !(given & bit))
            changed |= merge_record(&profile_type, old, &row->p, bit);
    }
    if (changed & (BIT("first_name") | BIT("last_name")) && !(given & BIT("name"))) {
        old->name = NULL; /* made anew from its parts */
        changed |= BIT("name");
    }
    return changed;
#undef BIT
}
