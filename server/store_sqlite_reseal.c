/*
 * After the ring got a new key: seal again what older keys sealed.  A reader finds the rows, the
 * writing thread opens and closes their values; a few rows a time, so that people hardly wait.
 */
#include <string.h>

#include "server/seal.h"
#include "server/store_sqlite.h"

enum { ROWS = 32, KEY_AT = 1, KEY_ID = 4 /* where a sealed value names its key: seal.h */ };

struct reseal {
    const struct table *t;
    uint8_t newest[KEY_ID];
    struct uuid ids[ROWS];
    size_t n;
};

/* SELECT of the ids behind ?1 that have a value of another key than ?2. */
static char *find_sql(const struct table *t)
{
    sqlite3_str *b = sqlite3_str_new(NULL);
    const char * or = "";

    sqlite3_str_appendf(b, "SELECT id FROM \"%w\" WHERE id > ?1 AND (", t->type->name);
    for (const struct field *f = t->type->fields; f->name; f++) {
        if (!(t->sealed & type_bit(t->type, f)))
            continue;
        sqlite3_str_appendf(b, "%ssubstr(\"%w\", %d, %d) <> ?2", or, f->name, KEY_AT + 1, KEY_ID);
        or = " OR ";
    }
    sqlite3_str_appendf(b, ") ORDER BY id LIMIT %d", ROWS);
    return sqlite3_str_finish(b);
}

/* "SELECT id, account, sealed.." or "UPDATE .. SET sealed = ?2.." of the row ?1. */
static char *row_sql(const struct table *t, bool update)
{
    sqlite3_str *b = sqlite3_str_new(NULL);
    const char *comma = "";
    int at = 2;

    if (update)
        sqlite3_str_appendf(b, "UPDATE \"%w\" SET ", t->type->name);
    else
        sqlite3_str_appendf(b, "SELECT id, %s, ", t->account ? t->account->name : "NULL");
    for (const struct field *f = t->type->fields; f->name; f++) {
        if (!(t->sealed & type_bit(t->type, f)))
            continue;
        sqlite3_str_appendf(b, update ? "%s\"%w\" = ?%d" : "%s\"%w\"", comma, f->name, at++);
        comma = ", ";
    }
    if (!update)
        sqlite3_str_appendf(b, " FROM \"%w\"", t->type->name);
    sqlite3_str_appendall(b, " WHERE id = ?1");
    return sqlite3_str_finish(b);
}

static int prepare(sqlite3 *db, char *sql, sqlite3_stmt **out)
{
    int rc = sql ? sqlite3_prepare_v2(db, sql, -1, out, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return rc;
}

static int find_rows(struct conn *c, struct reseal *work, const struct uuid *after)
{
    sqlite3_stmt *q = NULL;
    int rc = prepare(c->db, find_sql(work->t), &q);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(q, 1, after->b, sizeof(after->b), SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(q, 2, work->newest, KEY_ID, SQLITE_STATIC);
    while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        memcpy(work->ids[work->n++].b, sqlite3_column_blob(q, 0), sizeof(struct uuid));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* One value of `row` under the newest key into `room`. */
static int reseal_value(struct conn *c, sqlite3_stmt *row, int column, struct seal_place *place,
                        sqlite3_stmt *write, int at, uint8_t *room)
{
    const uint8_t *old = sqlite3_column_blob(row, column);
    size_t n = (size_t)sqlite3_column_bytes(row, column);

    if (!n)
        return sqlite3_bind_null(write, at);
    /* What does not open is left as it is: reading it says so, this must not make it worse. */
    if (seal_open_value(c->seal, place, old, n, room + n))
        return sqlite3_bind_blob64(write, at, old, n, SQLITE_TRANSIENT);
    seal_close_value(c->seal, place, room + n, n - SEAL_OVERHEAD, room);
    explicit_bzero(room + n, n - SEAL_OVERHEAD);
    return sqlite3_bind_blob64(write, at, room, n, SQLITE_STATIC);
}

/* The values of the row that `row` is at. */
static int reseal_row(struct conn *c, const struct table *t, sqlite3_stmt *row, sqlite3_stmt *write)
{
    struct seal_place place = {.table = t->type->name};
    size_t size = 1;
    uint8_t *room;
    int at = 2, rc;

    for (int i = 2; i < sqlite3_column_count(row); i++)
        size += 2 * (size_t)sqlite3_column_bytes(row, i);
    room = lite_scratch(c, size);
    if (!room)
        return SQLITE_NOMEM;
    memcpy(place.row.b, sqlite3_column_blob(row, 0), sizeof(place.row.b));
    if (sqlite3_column_bytes(row, 1) == sizeof(place.account.b))
        memcpy(place.account.b, sqlite3_column_blob(row, 1), sizeof(place.account.b));
    rc = sqlite3_bind_blob(write, 1, place.row.b, sizeof(place.row.b), SQLITE_TRANSIENT);
    for (const struct field *f = t->type->fields; f->name && rc == SQLITE_OK; f++) {
        if (!(t->sealed & type_bit(t->type, f)))
            continue;
        place.column = f->name;
        rc = reseal_value(c, row, at, &place, write, at, room);
        room += 2 * (size_t)sqlite3_column_bytes(row, at++);
    }
    return rc == SQLITE_OK ? lite_run(write) : rc;
}

static int reseal_rows(struct sqlite_store *s, void *arg)
{
    struct conn *c = &s->writer.conn;
    struct reseal *work = arg;
    sqlite3_stmt *row = NULL, *write = NULL;
    int rc = prepare(c->db, row_sql(work->t, false), &row);

    if (rc == SQLITE_OK)
        rc = prepare(c->db, row_sql(work->t, true), &write);
    for (size_t i = 0; i < work->n && rc == SQLITE_OK; i++) {
        rc = sqlite3_bind_blob(row, 1, work->ids[i].b, sizeof(work->ids[i].b), SQLITE_STATIC);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(row);
        if (rc == SQLITE_ROW)
            rc = reseal_row(c, work->t, row, write);
        else if (rc == SQLITE_DONE)
            rc = SQLITE_OK; /* deleted meanwhile */
        sqlite3_reset(row);
    }
    sqlite3_finalize(row);
    sqlite3_finalize(write);
    return rc;
}

enum err lite_reseal(struct store *base, const struct type *type, struct uuid *after, size_t *n)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    struct reseal work = {.t = lite_table(s, type)};
    uint32_t id = s->seal ? seal_newest(s->seal) : 0;
    struct reader *r;
    enum err err;

    *n = 0;
    if (!s->seal || !work.t->sealed)
        return ERR_OK;
    for (int i = 0; i < KEY_ID; i++)
        work.newest[i] = (uint8_t)(id >> (24 - 8 * i));
    r = lite_reader_take(s);
    if (!r)
        return ERR_UNAVAILABLE;
    err = lite_error(&r->conn, find_rows(&r->conn, &work, after), "reseal");
    lite_reader_give(s, r);
    if (err || !work.n)
        return err;
    err = lite_call(s, reseal_rows, &work);
    if (err)
        return err;
    *after = work.ids[work.n - 1];
    *n = work.n;
    return ERR_OK;
}
