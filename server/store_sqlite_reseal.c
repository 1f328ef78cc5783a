/*
 * After the ring got a new key: make again what is under older ones.  A reader finds the rows, the
 * writing thread makes them anew; a few rows a time, so that people hardly wait.
 *
 * What a row has under a key of the ring: sealed texts, which name it (seal.h); their blind
 * indexes, which do too (store_sqlite_row.c); hashes in plain columns, beside which a column `ring`
 * says so; and a record's `mac` in a chain, which begins with it (chain.h).
 */
#include <setjmp.h>
#include <string.h>

#include "common/log.h"
#include "server/seal.h"
#include "server/store_sqlite.h"

enum { ROWS = 32, FIRST_KEY = 1 };

struct reseal {
    const struct table *t;
    const struct reseal_hook *hook;
    uint32_t key; /* the newest */
    struct uuid ids[ROWS];
    size_t n;
};

static bool has_mac(const struct table *t)
{
    return t->type->flags & TYPE_CHAINED && type_field(t->type, "mac");
}

static bool is_sealed(const struct table *t, const struct field *f)
{
    return (t->sealed & type_bit(t->type, f)) != 0;
}

/* Conditions on a row that hold when this of it is, or (other) is not, under the key. */

static void sealed_under(sqlite3_str *b, const struct field *f, uint32_t key, bool other)
{
    sqlite3_str_appendf(b, "substr(\"%w\", 2, 4) %s x'%08x'", f->name, other ? "<>" : "=", key);
}

static void blind_under(sqlite3_str *b, const struct field *f, uint32_t key, bool other)
{
    if (key == FIRST_KEY)
        sqlite3_str_appendf(b, "length(\"%w_bi\") %s 16", f->name, other ? "<>" : "=");
    else if (other)
        sqlite3_str_appendf(b, "(length(\"%w_bi\") = 16 OR substr(\"%w_bi\", 1, 4) <> x'%08x')",
                            f->name, f->name, key);
    else
        sqlite3_str_appendf(b, "(length(\"%w_bi\") > 16 AND substr(\"%w_bi\", 1, 4) = x'%08x')",
                            f->name, f->name, key);
}

static void mac_under(sqlite3_str *b, uint32_t key, bool other)
{
    if (key == FIRST_KEY)
        sqlite3_str_appendf(b, "length(\"mac\") %s 32", other ? "<>" : "=");
    else if (other)
        sqlite3_str_appendf(b, "(length(\"mac\") = 32 OR substr(\"mac\", 1, 8) <> '%08x')", key);
    else
        sqlite3_str_appendf(b, "(length(\"mac\") > 32 AND substr(\"mac\", 1, 8) = '%08x')", key);
}

/* Rows of older releases have none, and are under the first key. */
static void ring_under(sqlite3_str *b, uint32_t key, bool other)
{
    sqlite3_str_appendf(b, "max(ifnull(\"ring\", 0), %d) %s %u", FIRST_KEY, other ? "<>" : "=",
                        key);
}

/* " OR "-ed together; false: the type has nothing of the kind. */
static bool conditions(sqlite3_str *b, const struct table *t, unsigned kinds, uint32_t key,
                       bool other)
{
    const char * or = "";

    for (const struct field *f = t->type->fields; f->name; f++) {
        if (kinds & LEFT_SEALED && is_sealed(t, f)) {
            sqlite3_str_appendall(b, or);
            sealed_under(b, f, key, other);
            or = " OR ";
        }
        if (kinds & LEFT_BLIND && is_sealed(t, f) && f->flags & FIELD_LOOKUP) {
            sqlite3_str_appendall(b, or);
            blind_under(b, f, key, other);
            or = " OR ";
        }
    }
    if (kinds & LEFT_RING && type_field(t->type, "ring")) {
        sqlite3_str_appendall(b, or);
        ring_under(b, key, other);
        or = " OR ";
    }
    if (kinds & LEFT_MAC && has_mac(t)) {
        sqlite3_str_appendall(b, or);
        mac_under(b, key, other);
        or = " OR ";
    }
    return * or ;
}

static int prepare(sqlite3 *db, char *sql, sqlite3_stmt **out)
{
    int rc = sql ? sqlite3_prepare_v2(db, sql, -1, out, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return rc;
}

static int find_rows(struct conn *c, struct reseal *work, const struct uuid *after)
{
    sqlite3_str *b = sqlite3_str_new(NULL);
    sqlite3_stmt *q = NULL;
    int rc;

    sqlite3_str_appendf(b, "SELECT id FROM \"%w\" WHERE id > ?1 AND (", work->t->type->name);
    conditions(b, work->t, LEFT_ALL, work->key, true);
    sqlite3_str_appendf(b, ") ORDER BY id LIMIT %d", ROWS);
    rc = prepare(c->db, sqlite3_str_finish(b), &q);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(q, 1, after->b, sizeof(after->b), SQLITE_STATIC);
    while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        memcpy(work->ids[work->n++].b, sqlite3_column_blob(q, 0), sizeof(struct uuid));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* *there: it is, and opens.  What does not open is left: reading it says so. */
static int read_row(struct conn *c, const struct table *t, const struct uuid *id, struct arena *mem,
                    void *rec, bool *there)
{
    uint64_t fields = lite_fields(t, 0);
    struct statement *st;
    int rc = lite_look_up(c, t, fields, id, &st);

    *there = rc == SQLITE_ROW && lite_read_record(c, st->q, t, fields, mem, rec) == ERR_OK;
    lite_statement_done(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Writing closes texts, and hashes them, under the newest key. */
static int write_row(struct conn *c, const struct table *t, uint64_t fields, const void *rec)
{
    static const struct uuid nobody;
    const struct uuid *account = t->account ? field_at(t->account, rec) : &nobody;
    struct shape shape = {.table = t, .kind = SHAPE_UPDATE, .fields = fields};
    struct statement *st;
    int at = 1, rc = lite_statement(c, &shape, &st);

    if (rc != SQLITE_OK)
        return rc;
    rc = lite_bind_record(c, st->q, &at, t, fields, rec, account);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(st->q, at, rec, 16, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = lite_run(st->q);
    lite_statement_done(st);
    if ((rc & 0xff) != SQLITE_CONSTRAINT)
        return rc;
    log_event(LOG_ERROR, "store.reseal", LOG_STR("table", t->type->name),
              LOG_STR("means", "two records that should be one"));
    return SQLITE_OK;
}

/* The server's own `mac` of the row's hash, if it is that: a forged one stays what it is. */
static int remac(struct conn *c, const struct table *t, const void *rec)
{
    const char *hash = *(const char *const *)field_at(lite_field(t, "hash"), rec);
    const char *mac = *(const char *const *)field_at(lite_field(t, "mac"), rec);
    char fresh[CHAIN_MAC_HEX];
    sqlite3_stmt *q = NULL;
    int rc;

    if (!hash || !mac || !chain_mac_fits(c->seal, hash, mac))
        return SQLITE_OK;
    chain_mac(c->seal, hash, fresh);
    rc = prepare(c->db, sqlite3_mprintf("UPDATE \"%w\" SET mac = ?2 WHERE id = ?1", t->type->name),
                 &q);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(q, 1, rec, 16, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(q, 2, fresh, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = lite_run(q);
    sqlite3_finalize(q);
    return rc;
}

static int reseal_row(struct conn *c, const struct reseal *work, const struct uuid *id,
                      struct arena *mem)
{
    const struct table *t = work->t;
    uint64_t fields = t->sealed;
    void *rec = arena_alloc(mem, t->type->size);
    bool there;
    int rc = read_row(c, t, id, mem, rec, &there);

    if (rc != SQLITE_OK || !there) /* deleted meanwhile */
        return rc;
    if (has_mac(t))
        return remac(c, t, rec);
    if (work->hook && work->hook->type == t->type) {
        work->hook->make(c->seal, work->key, rec, mem);
        fields |= work->hook->fields;
    }
    return write_row(c, t, fields, rec);
}

static int reseal_rows(struct sqlite_store *s, void *arg)
{
    struct reseal *work = arg;
    struct arena *mem = arena_try_new();
    volatile int rc = mem ? SQLITE_OK : SQLITE_NOMEM;
    jmp_buf env;

    /* Another key came between finding and writing: these are for the next turn. */
    if (work->key != seal_newest(s->seal))
        work->n = 0;
    if (mem && setjmp(env)) {
        rc = SQLITE_NOMEM;
    } else if (mem) {
        arena_guard(mem, &env);
        for (size_t i = 0; i < work->n && rc == SQLITE_OK; i++)
            rc = reseal_row(&s->writer.conn, work, &work->ids[i], mem);
    }
    if (mem) {
        arena_unguard(mem);
        arena_free(mem);
    }
    return rc;
}

/* Has the type anything that is under a key of the ring? */
static bool has_keyed(const struct table *t)
{
    return t->sealed || type_field(t->type, "ring") || has_mac(t);
}

enum err lite_reseal(struct store *base, const struct type *type, const struct reseal_hook *hook,
                     struct uuid *after, size_t *n)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    struct reseal work = {.t = lite_table(s, type), .hook = hook};
    struct reader *r;
    enum err err;

    *n = 0;
    if (!s->seal || !has_keyed(work.t))
        return ERR_OK;
    work.key = seal_newest(s->seal);
    r = lite_reader_take(s);
    if (!r)
        return ERR_UNAVAILABLE;
    err = lite_error(&r->conn, find_rows(&r->conn, &work, after), "reseal");
    lite_reader_give(s, r);
    if (err || !work.n)
        return err;
    *n = work.n;
    *after = work.ids[work.n - 1];
    return lite_call(s, reseal_rows, &work);
}

enum err lite_left(struct store *base, const struct type *type, unsigned kinds, uint32_t key,
                   int64_t *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    const struct table *t = lite_table(s, type);
    sqlite3_str *b = sqlite3_str_new(NULL);
    sqlite3_stmt *q = NULL;
    struct reader *r;
    enum err err;
    int rc;

    *out = 0;
    sqlite3_str_appendf(b, "SELECT count(*) FROM \"%w\" WHERE ", type->name);
    if (!conditions(b, t, kinds, key, false)) {
        sqlite3_free(sqlite3_str_finish(b));
        return ERR_OK;
    }
    r = lite_reader_take(s);
    rc = prepare(r->conn.db, sqlite3_str_finish(b), &q);
    if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        *out = sqlite3_column_int64(q, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    err = lite_error(&r->conn, rc, "count what is left");
    lite_reader_give(s, r);
    return err;
}
