/*
 * Reading: a pool of connections, each used by one thread at a time.
 *
 * A read copies into the caller's arena, whose failing allocation may jump away; so the lease on a
 * connection is known to the arena before anything else is taken from it.  A thread that reads
 * again from within a read gets the connection it has, so the pool cannot run dry against itself.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "server/seal.h"
#include "server/store_sqlite.h"

enum { SCAN_ROWS = 256, SCAN_BYTES = 1024 * 1024 };

struct lease {
    struct sqlite_store *store;
    struct reader *reader;
    struct statement *st;
    uint32_t blind_key;
    bool open; /* a transaction of its own, of several statements */
};

enum err lite_readers_open(struct sqlite_store *s, int n)
{
    s->readers = calloc((size_t)n, sizeof(*s->readers));
    if (!s->readers)
        return ERR_NO_MEMORY;
    for (s->n_readers = 0; s->n_readers < n; s->n_readers++) {
        enum err err = lite_conn_open(&s->readers[s->n_readers].conn, s, false);

        if (err) {
            lite_conn_close(&s->readers[s->n_readers].conn);
            return err;
        }
    }
    return ERR_OK;
}

void lite_readers_close(struct sqlite_store *s)
{
    for (int i = 0; i < s->n_readers; i++) {
        assert(!s->readers[i].depth);
        lite_conn_close(&s->readers[i].conn);
    }
    free(s->readers);
}

static struct reader *try_take(struct sqlite_store *s)
{
    struct reader *idle = NULL;

    for (int i = 0; i < s->n_readers; i++) {
        struct reader *r = &s->readers[i];

        if (!r->depth)
            idle = r;
        else if (pthread_equal(r->owner, pthread_self()))
            return r;
    }
    return idle;
}

struct reader *lite_reader_take(struct sqlite_store *s)
{
    struct reader *r;

    pthread_mutex_lock(&s->pool_lock);
    while (!(r = try_take(s)))
        pthread_cond_wait(&s->pool_free, &s->pool_lock);
    r->owner = pthread_self();
    r->depth++;
    pthread_mutex_unlock(&s->pool_lock);
    return r;
}

void lite_reader_give(struct sqlite_store *s, struct reader *r)
{
    pthread_mutex_lock(&s->pool_lock);
    if (--r->depth == 0)
        pthread_cond_signal(&s->pool_free);
    pthread_mutex_unlock(&s->pool_lock);
}

static enum err lease_take(struct lease *l, struct sqlite_store *s, const struct shape *shape)
{
    struct reader *r = lite_reader_take(s);
    int rc;

    *l = (struct lease){.store = s, .reader = r, .blind_key = l->blind_key};
    rc = lite_statement(&r->conn, shape, &l->st);
    return lite_error(&r->conn, rc, "prepare a read");
}

/* Safe to call twice: at the end of the read, and when its arena dies in the middle of it. */
static void lease_drop(void *arg)
{
    struct lease *l = arg;

    if (!l->reader)
        return;
    lite_statement_done(l->st);
    if (l->open)
        (void)lite_run_fixed(&l->reader->conn, FIXED_COMMIT);
    lite_reader_give(l->store, l->reader);
    l->reader = NULL;
}

static enum err read_row(struct lease *l, const struct table *t, const struct shape *shape,
                         const struct uuid *id, struct arena *mem, void *rec)
{
    struct conn *c = &l->reader->conn;
    int rc = sqlite3_bind_blob(l->st->q, 1, id, 16, SQLITE_STATIC);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(l->st->q);
    if (rc == SQLITE_ROW)
        return lite_read_record(c, l->st->q, t, shape->fields, mem, rec);
    return rc == SQLITE_DONE ? ERR_NOT_FOUND : lite_error(c, rc, "get");
}

static enum err get_row(struct lease *l, const struct table *t, const struct shape *shape,
                        const struct uuid *id, struct arena *mem, void *rec)
{
    enum err err = lease_take(l, l->store, shape);

    return err ? err : read_row(l, t, shape, id, mem, rec);
}

/* What ends it is made ready first, so that ending it cannot fail for want of memory. */
static enum err begin_reading(struct lease *l)
{
    struct conn *c = &l->reader->conn;
    sqlite3_stmt *end;
    int rc;

    if (l->reader->depth > 1) /* within a read of this thread */
        return ERR_OK;
    rc = lite_fixed(c, FIXED_COMMIT, &end);
    if (rc == SQLITE_OK && !sqlite3_get_autocommit(c->db)) /* one that could not be ended */
        rc = lite_run_fixed(c, FIXED_COMMIT);
    if (rc == SQLITE_OK)
        rc = lite_run_fixed(c, FIXED_READ);
    l->open = rc == SQLITE_OK;
    return lite_error(c, rc, "begin to read");
}

static enum err get_rows(struct lease *l, const struct table *t, const struct shape *shape,
                         const struct uuid *ids, size_t n, struct arena *mem, void *recs,
                         bool *found)
{
    enum err err = lease_take(l, l->store, shape);

    if (!err)
        err = begin_reading(l);
    for (size_t i = 0; i < n && !err; i++) {
        err = read_row(l, t, shape, &ids[i], mem, (char *)recs + i * t->type->size);
        found[i] = !err;
        sqlite3_reset(l->st->q);
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return err;
}

enum err lite_get(struct store *base, const struct type *type, const struct uuid *id,
                  uint64_t fields, struct arena *mem, void *rec)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    const struct table *t = lite_table(s, type);
    struct shape shape = {.table = t, .kind = SHAPE_GET, .fields = lite_fields(t, fields)};
    struct lease *l = arena_alloc(mem, sizeof(*l));
    struct deferred *d = arena_defer(mem, lease_drop, l);
    struct uuid own = *id; /* it may be rec's */
    enum err err;

    l->store = s;
    memset(rec, 0, type->size);
    err = get_row(l, t, &shape, &own, mem, rec);
    lease_drop(l);
    arena_cancel(d);
    return err;
}

/*
 * One transaction for all: beginning and ending one takes locks of the file, which are system
 * calls, and looks at what others have written since.
 */
enum err lite_get_many(struct store *base, const struct type *type, const struct uuid *ids,
                       size_t n, uint64_t fields, struct arena *mem, void *recs, bool *found)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    const struct table *t = lite_table(s, type);
    struct shape shape = {.table = t, .kind = SHAPE_GET, .fields = lite_fields(t, fields)};
    struct lease *l = arena_alloc(mem, sizeof(*l));
    struct deferred *d = arena_defer(mem, lease_drop, l);
    enum err err;

    l->store = s;
    memset(recs, 0, n * type->size);
    err = get_rows(l, t, &shape, ids, n, mem, recs, found);
    lease_drop(l);
    arena_cancel(d);
    return err;
}

static struct shape shape_of(const struct table *t, const struct query *q, enum shape_kind kind)
{
    struct shape shape = {.table = t, .kind = (uint8_t)kind};

    if (kind != SHAPE_COUNT)
        shape.fields = lite_fields(t, q->fields);
    shape.after = q->order || !uuid_is_zero(&q->after);
    shape.newest = q->newest_first && !q->order;
    if (q->order) {
        const struct field *f = lite_field(t, q->order);

        assert(f->kind == KIND_INT && f->flags & FIELD_UNIQUE);
        shape.order = (uint8_t)(f - t->type->fields + 1);
        if (shape.fields)
            shape.fields |= type_bit(t->type, f);
    }
    for (int i = 0; i < CONDS_MAX && q->where[i].field; i++) {
        const struct field *f = lite_field(t, q->where[i].field);
        enum cond_op op = q->where[i].op;

        assert(f->kind != KIND_STRS);
        assert(i || f == t->type->fields || f->flags & (FIELD_INDEX | FIELD_UNIQUE | FIELD_LOOKUP));
        assert(!(f->flags & FIELD_SEALED) || (f->flags & FIELD_LOOKUP && op == OP_EQ));
        shape.where[i].field = (uint8_t)(f - t->type->fields + 1);
        shape.where[i].op = (uint8_t)op;
        if (op == OP_EQ && lite_value_is_null(f, q->where[i].value))
            shape.where[i].op = OP_NULL;
    }
    return shape;
}

static int bind_query(struct conn *c, sqlite3_stmt *stmt, const struct table *t,
                      const struct query *q, const struct shape *shape, uint32_t blind_key)
{
    int at = 1, rc = SQLITE_OK;

    c->blind_key = blind_key;
    for (int i = 0; i < CONDS_MAX && q->where[i].field && rc == SQLITE_OK; i++)
        if (shape->where[i].op != OP_NULL)
            rc = lite_bind_value(c, stmt, at++, t, lite_field(t, q->where[i].field),
                                 q->where[i].value);
    if (rc == SQLITE_OK && q->order)
        rc = sqlite3_bind_int64(stmt, at++, q->beyond);
    else if (rc == SQLITE_OK && shape->after)
        rc = sqlite3_bind_blob(stmt, at++, &q->after, 16, SQLITE_STATIC);
    if (rc == SQLITE_OK && shape->kind != SHAPE_COUNT)
        rc = sqlite3_bind_int64(stmt, at, q->limit ? q->limit : -1);
    return rc;
}

static enum err find_rows(struct lease *l, const struct table *t, const struct query *q,
                          struct arena *mem, store_each *each, void *arg)
{
    struct shape shape = shape_of(t, q, SHAPE_FIND);
    enum err err = lease_take(l, l->store, &shape);
    bool more = true;
    struct conn *c;
    int rc;

    if (err)
        return err;
    c = &l->reader->conn;
    rc = bind_query(c, l->st->q, t, q, &shape, l->blind_key);
    while (rc == SQLITE_OK && more && !err && (rc = sqlite3_step(l->st->q)) == SQLITE_ROW) {
        void *rec = arena_alloc(mem, t->type->size);

        err = lite_read_record(c, l->st->q, t, shape.fields, mem, rec);
        more = !err && each(arg, rec);
        rc = SQLITE_OK;
    }
    return err ? err : lite_error(c, rc, "find");
}

/* The keys of the ring under which a query must look: one, unless it asks for a sealed text. */
static size_t blind_keys(struct sqlite_store *s, const struct table *t, const struct query *q,
                         uint32_t ids[SEAL_KEYS])
{
    for (int i = 0; i < CONDS_MAX && q->where[i].field; i++)
        if (lite_field(t, q->where[i].field)->flags & FIELD_SEALED)
            return seal_live(s->seal, true, ids);
    ids[0] = 0;
    return 1;
}

/* What finds go through: who calls each, and whether it wants more. */
struct relay {
    store_each *each;
    void *arg;
    int64_t left;
    bool more;
};

static bool pass_on(void *arg, const void *rec)
{
    struct relay *r = arg;

    r->more = r->each(r->arg, rec) && --r->left != 0;
    return r->more;
}

static enum err find_under(struct sqlite_store *s, const struct query *q, struct arena *mem,
                           uint32_t key, store_each *each, void *arg)
{
    struct lease *l = arena_alloc(mem, sizeof(*l));
    struct deferred *d = arena_defer(mem, lease_drop, l);
    enum err err;

    l->store = s;
    l->blind_key = key;
    err = find_rows(l, lite_table(s, q->type), q, mem, each, arg);
    lease_drop(l);
    arena_cancel(d);
    return err;
}

/*
 * Under one key after the other, the oldest first, as rows move to the newest meanwhile.  One that
 * moves between two looks is found twice: so is it by who asks for a row and gets it, then changed.
 */
enum err lite_find(struct store *base, const struct query *q, struct arena *mem, store_each *each,
                   void *arg)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    struct relay relay = {each, arg, q->limit, true};
    uint32_t ids[SEAL_KEYS];
    size_t n = blind_keys(s, lite_table(s, q->type), q, ids);
    enum err err = ERR_OK;

    if (n == 1)
        return find_under(s, q, mem, ids[0], each, arg);
    for (size_t i = 0; i < n && !err && relay.more; i++)
        err = find_under(s, q, mem, ids[i], pass_on, &relay);
    return err;
}

/* One batch of a scan, read whole before its callbacks run, so that they hold no connection. */
struct batch {
    struct lease lease;
    void *rows[SCAN_ROWS];
    size_t n;
    bool last;
};

/* Of the texts and blobs of a row; asked of a number, it would become a text. */
static size_t bytes_of(sqlite3_stmt *q)
{
    size_t out = 0;

    for (int i = sqlite3_column_count(q); i--;) {
        int type = sqlite3_column_type(q, i);

        if (type == SQLITE_TEXT || type == SQLITE_BLOB)
            out += (size_t)sqlite3_column_bytes(q, i);
    }
    return out;
}

static enum err batch_read(struct batch *b, const struct table *t, const struct query *q,
                           struct arena *mem)
{
    struct shape shape = shape_of(t, q, SHAPE_SCAN);
    enum err err = lease_take(&b->lease, b->lease.store, &shape);
    size_t bytes = 0;
    struct conn *c;
    int rc;

    b->n = 0;
    if (err)
        return err;
    c = &b->lease.reader->conn;
    rc = bind_query(c, b->lease.st->q, t, q, &shape, 0);
    while (rc == SQLITE_OK && !err && b->n < SCAN_ROWS && bytes < SCAN_BYTES &&
           (rc = sqlite3_step(b->lease.st->q)) == SQLITE_ROW) {
        void *rec = b->rows[b->n++] = arena_alloc(mem, t->type->size);

        err = lite_read_record(c, b->lease.st->q, t, shape.fields, mem, rec);
        bytes += bytes_of(b->lease.st->q);
        rc = SQLITE_OK;
    }
    b->last = rc == SQLITE_DONE;
    return err ? err : lite_error(c, rc, "scan");
}

/* errors: also ERR_NO_MEMORY, by a jump out of the batch's own arena */
static enum err batch_fill(struct batch *b, const struct table *t, const struct query *q,
                           struct arena *mem)
{
    jmp_buf env;
    enum err err;

    if (setjmp(env)) {
        arena_unguard(mem);
        lease_drop(&b->lease);
        return ERR_NO_MEMORY;
    }
    arena_guard(mem, &env);
    err = batch_read(b, t, q, mem);
    arena_unguard(mem);
    lease_drop(&b->lease);
    return err;
}

/* Hand out a batch and move the query behind it; false: the callback had enough. */
static bool batch_give(struct batch *b, struct query *q, store_each *each, void *arg)
{
    const struct field *order = q->order ? type_field(q->type, q->order) : NULL;

    for (size_t i = 0; i < b->n; i++) {
        if (!each(arg, b->rows[i]))
            return false;
        q->after = *(const struct uuid *)b->rows[i];
        if (order)
            q->beyond = *(const int64_t *)field_at(order, b->rows[i]);
    }
    if (q->limit && (q->limit -= (int64_t)b->n) <= 0)
        return false;
    return !b->last;
}

enum err lite_scan(struct store *base, const struct query *query, store_each *each, void *arg)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    const struct table *t = lite_table(s, query->type);
    struct query q = *query;
    struct batch *b = calloc(1, sizeof(*b));
    bool more = true;
    enum err err = b ? ERR_OK : ERR_NO_MEMORY;

    while (!err && more) {
        struct arena *mem = arena_try_new();

        if (!mem) {
            err = ERR_NO_MEMORY;
            break;
        }
        b->lease = (struct lease){.store = s};
        err = batch_fill(b, t, &q, mem);
        more = !err && batch_give(b, &q, each, arg);
        arena_free(mem);
    }
    free(b);
    return err;
}

static enum err count_under(struct sqlite_store *s, const struct query *q, uint32_t key,
                            int64_t *out)
{
    const struct table *t = lite_table(s, q->type);
    struct shape shape = shape_of(t, q, SHAPE_COUNT);
    struct lease l = {.blind_key = key};
    enum err err = lease_take(&l, s, &shape);
    int rc;

    if (!err) {
        rc = bind_query(&l.reader->conn, l.st->q, t, q, &shape, key);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(l.st->q);
        if (rc == SQLITE_ROW)
            *out += sqlite3_column_int64(l.st->q, 0);
        err = lite_error(&l.reader->conn, rc, "count");
    }
    lease_drop(&l);
    return err;
}

enum err lite_count(struct store *base, const struct query *q, int64_t *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    uint32_t ids[SEAL_KEYS];
    size_t n = blind_keys(s, lite_table(s, q->type), q, ids);
    enum err err = ERR_OK;

    *out = 0;
    for (size_t i = 0; i < n && !err; i++)
        err = count_under(s, q, ids[i], out);
    return err;
}
