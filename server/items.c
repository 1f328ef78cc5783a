/*
 * Two direct-mapped tables, their places guarded by a few locks: of rows as JSON up to what depends
 * on the reader, and of what an account owns of a profile.
 */
#include "server/items.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "server/ledger.h"
#include "server/records.h"

enum {
    ROWS = 1 << 15,
    OWNED = 1 << 15,
    LOCKS = 64,
    ROW_MAX = 4096,
    END_MAX = 64,
    CONTACTS = 2,
    JSON_MAX = 16 * 1024 * 1024
};

static const unsigned contacts[CONTACTS] = {OWN_EMAIL, OWN_PHONE};

struct row {
    struct uuid id, account;
    int64_t moment;
    size_t len;
    char *json;
    uint64_t once; /* the hash of the last one that was not kept */
};

struct owned {
    struct uuid account, profile;
    struct uuid ids[CONTACTS]; /* of the ownership records that are there or not */
    int64_t moment;
    unsigned bits;
};

struct items {
    pthread_mutex_t locks[LOCKS];
    struct row rows[ROWS];
    struct owned owned[OWNED];
};

/* One of the page. */
struct item {
    const char *json; /* NULL: it is not there any more */
    size_t len;
    struct profile p; /* of it only id, account and what ledger.h fills in */
};

struct items *items_new(void)
{
    struct items *c = xcalloc(1, sizeof(*c));

    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    return c;
}

void items_free(struct items *c)
{
    if (!c)
        return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&c->locks[i]);
    for (size_t i = 0; i < ROWS; i++)
        free(c->rows[i].json);
    free(c);
}

static uint64_t hash(const struct uuid *id)
{
    uint64_t h;

    memcpy(&h, id->b + 8, sizeof(h));
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

/* Rows */

/* Copies into `out`, of ROW_MAX bytes: no arena while a lock is held. */
static bool row_get(struct items *c, struct store *store, const struct uuid *id, char *out,
                    size_t *len, struct uuid *account)
{
    uint64_t h = hash(id);
    struct row *row = &c->rows[h % ROWS];
    pthread_mutex_t *lock = &c->locks[h % LOCKS];
    bool hit;

    pthread_mutex_lock(lock);
    hit = row->json && uuid_equal(&row->id, id) && !store_written_since(store, id, row->moment);
    if (hit) {
        memcpy(out, row->json, row->len);
        *len = row->len;
        *account = row->account;
    }
    pthread_mutex_unlock(lock);
    return hit;
}

/* Another's place is given to who comes a second time: most of what is asked once never comes
 * again. */
static void row_put(struct items *c, const struct profile *p, int64_t moment, const char *json,
                    size_t len)
{
    uint64_t h = hash(&p->id);
    struct row *row = &c->rows[h % ROWS];
    pthread_mutex_t *lock = &c->locks[h % LOCKS];
    char *copy = len <= ROW_MAX ? malloc(len) : NULL, *unused = copy;

    if (!copy)
        return;
    memcpy(copy, json, len);
    pthread_mutex_lock(lock);
    if (!row->json || row->once == h || uuid_equal(&row->id, &p->id)) {
        unused = row->json;
        *row = (struct row){p->id, p->account, moment, len, copy, 0};
    } else {
        row->once = h;
    }
    pthread_mutex_unlock(lock);
    free(unused);
}

/* What goes out of a row, and whose it is. */
static uint64_t fields_read(void)
{
    uint64_t set = 0;

    for (const struct field *f = profile_type.fields; f->name; f++)
        if (!(f->flags & (FIELD_INTERNAL | FIELD_WIRE)) || strcmp(f->name, "account") == 0)
            set |= type_bit(&profile_type, f);
    return set;
}

/* The end of a row's JSON: what depends on the reader. */
static void write_end(struct buf *b, const struct profile *p)
{
    buf_str(b, p->is_owned ? ",\"owned\":true,\"owned_fields\":["
                           : ",\"owned\":false,\"owned_fields\":[");
    for (size_t i = 0; i < p->owned_fields.n; i++) {
        if (i)
            buf_char(b, ',');
        json_write_text(b, p->owned_fields.v[i]);
    }
    buf_str(b, "]}");
}

static void free_buf(void *b)
{
    buf_free(b);
}

/* One that dies with the arena. */
static struct buf *new_buf(struct arena *mem, size_t max)
{
    struct buf *b = arena_alloc(mem, sizeof(*b));

    b->max = max;
    arena_defer(mem, free_buf, b);
    return b;
}

/* The JSON of a row without its end. */
static enum err write_row(struct buf *b, struct arena *mem, const struct profile *p,
                          struct item *out)
{
    static const struct profile nobodys;
    char end[END_MAX];
    size_t n;

    buf_clear(b);
    write_end(b, &nobodys);
    n = b->len;
    if (b->failed)
        return ERR_NO_MEMORY;
    memcpy(end, b->data, n);
    buf_clear(b);
    json_write(b, &profile_type, p, JSON_MASKED, mem);
    if (b->failed)
        return ERR_NO_MEMORY;
    assert(b->len > n && memcmp(b->data + b->len - n, end, n) == 0);
    out->len = b->len - n;
    out->json = arena_strndup(mem, b->data, out->len);
    out->p.account = p->account;
    return ERR_OK;
}

/* The rows that are not kept, read at once. */
static enum err read_rows(struct request *r, const struct uuid *ids, size_t n, struct item **items)
{
    struct items *c = r->srv->items;
    struct profile *rows = arena_alloc(r->mem, n * sizeof(*rows));
    bool *found = arena_alloc(r->mem, n * sizeof(*found));
    struct buf *b = new_buf(r->mem, JSON_MAX);
    int64_t moment = store_moment(r->srv->store);
    enum err err =
        store_get_many(r->srv->store, &profile_type, ids, n, fields_read(), r->mem, rows, found);

    for (size_t i = 0; i < n && !err; i++) {
        if (!found[i])
            continue;
        err = write_row(b, r->mem, &rows[i], items[i]);
        if (!err && c)
            row_put(c, &rows[i], moment, items[i]->json, items[i]->len);
    }
    return err;
}

static enum err find_rows(struct request *r, struct item *items, size_t n)
{
    struct uuid *ids = arena_alloc(r->mem, n * sizeof(*ids));
    struct item **missing = arena_alloc(r->mem, n * sizeof(struct item *));
    struct items *c = r->srv->items;
    char json[ROW_MAX];
    size_t n_missing = 0;

    for (size_t i = 0; i < n; i++) {
        struct item *it = &items[i];

        if (c && row_get(c, r->srv->store, &it->p.id, json, &it->len, &it->p.account)) {
            it->json = arena_strndup(r->mem, json, it->len);
            continue;
        }
        ids[n_missing] = it->p.id;
        missing[n_missing++] = it;
    }
    return n_missing ? read_rows(r, ids, n_missing, missing) : ERR_OK;
}

/* What is owned */

static struct owned *owned_place(struct items *c, const struct uuid *account,
                                 const struct uuid *profile, pthread_mutex_t **lock)
{
    uint64_t h = hash(account) * 31 + hash(profile);

    *lock = &c->locks[h % LOCKS];
    return &c->owned[h % OWNED];
}

static bool owned_get(struct items *c, struct store *store, const struct uuid *account,
                      struct profile *p)
{
    pthread_mutex_t *lock;
    struct owned *o = owned_place(c, account, &p->id, &lock);
    bool hit;

    pthread_mutex_lock(lock);
    hit = uuid_equal(&o->profile, &p->id) && uuid_equal(&o->account, account);
    for (int i = 0; i < CONTACTS && hit; i++)
        hit = !store_written_since(store, &o->ids[i], o->moment);
    if (hit)
        p->owned = o->bits;
    pthread_mutex_unlock(lock);
    return hit;
}

static void owned_put(struct items *c, const struct uuid *account, const struct profile *p,
                      int64_t moment)
{
    struct owned made = {.account = *account, .profile = p->id, .moment = moment, .bits = p->owned};
    pthread_mutex_t *lock;
    struct owned *o = owned_place(c, account, &p->id, &lock);

    for (int i = 0; i < CONTACTS; i++)
        made.ids[i] = ownership_id(account, &p->id, ledger_field(contacts[i]));
    pthread_mutex_lock(lock);
    *o = made;
    pthread_mutex_unlock(lock);
}

/* Those that are not kept, read at once. */
static enum err read_owned(struct request *r, struct item **items, size_t n)
{
    struct profile *rows = arena_alloc(r->mem, n * sizeof(*rows));
    int64_t moment = store_moment(r->srv->store);
    enum err err;

    for (size_t i = 0; i < n; i++)
        rows[i] = items[i]->p;
    err = ledger_owned(r->srv->store, &r->who, rows, n, r->mem);
    for (size_t i = 0; i < n && !err; i++) {
        items[i]->p = rows[i];
        if (r->srv->items)
            owned_put(r->srv->items, &r->who.account, &rows[i], moment);
    }
    return err;
}

static enum err find_owned(struct request *r, struct item *items, size_t n)
{
    struct item **missing = arena_alloc(r->mem, n * sizeof(struct item *));
    struct items *c = r->srv->items;
    size_t n_missing = 0;

    for (size_t i = 0; i < n; i++) {
        struct profile *p = &items[i].p;

        if (!items[i].json)
            continue;
        if (ledger_needs_no_purchase(&r->who, p))
            p->owned = OWN_ALL;
        else if (!c || !owned_get(c, r->srv->store, &r->who.account, p)) {
            missing[n_missing++] = &items[i];
            continue;
        }
        ledger_say_owned(&r->who, p, r->mem);
    }
    return n_missing ? read_owned(r, missing, n_missing) : ERR_OK;
}

enum err items_write(struct request *r, const struct uuid *ids, size_t n, struct list *out)
{
    struct item *items = arena_alloc(r->mem, n * sizeof(*items));
    struct buf *b = new_buf(r->mem, JSON_MAX);
    enum err err;

    for (size_t i = 0; i < n; i++)
        items[i].p.id = ids[i];
    err = find_rows(r, items, n);
    if (!err)
        err = find_owned(r, items, n);
    if (err)
        return err;
    buf_char(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (!items[i].json)
            continue;
        if (out->n++)
            buf_char(b, ',');
        buf_add(b, items[i].json, items[i].len);
        write_end(b, &items[i].p);
    }
    buf_char(b, ']');
    out->json = b->data;
    return b->failed ? ERR_NO_MEMORY : ERR_OK;
}
