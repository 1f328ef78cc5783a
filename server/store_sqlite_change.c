/*
 * The change sequence: a row for each written record of a TYPE_CHANGES type, in the transaction
 * that wrote it.  What was forgotten is kept too, so that numbers never come twice, not even when
 * all rows are gone.
 */
#include <string.h>

#include "server/store_sqlite.h"

enum { FORGET_AT_ONCE = 5000 };

static int number(struct conn *c, const char *sql, int64_t *out)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &q, NULL);

    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int lite_changes_create(struct sqlite_store *s)
{
    struct conn *c = &s->writer.conn;
    int64_t last = 0, forgotten = 0;
    int rc = lite_exec(c, "CREATE TABLE IF NOT EXISTS change"
                          " (seq INTEGER PRIMARY KEY, type TEXT, id BLOB) STRICT;"
                          "CREATE TABLE IF NOT EXISTS change_forgotten"
                          " (one INTEGER PRIMARY KEY, seq INTEGER) STRICT;"
                          "INSERT OR IGNORE INTO change_forgotten VALUES (1, 0);");

    if (rc == SQLITE_OK)
        rc = number(c, "SELECT seq FROM change_forgotten", &forgotten);
    if (rc == SQLITE_OK)
        rc = number(c, "SELECT coalesce(max(seq), 0) FROM change", &last);
    if (last < forgotten)
        last = forgotten;
    s->writer.next_seq = last + 1;
    atomic_store(&s->last_change, last);
    atomic_store(&s->forgotten, forgotten);
    return rc;
}

int lite_change_note(struct writer *w, const struct type *t, const struct uuid *id)
{
    sqlite3_stmt *q;
    int rc = lite_fixed(&w->conn, FIXED_NOTE, &q);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(q, 1, w->next_seq);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(q, 2, t->name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(q, 3, id, 16, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = lite_run(q);
    if (rc == SQLITE_OK)
        w->next_seq++;
    return rc;
}

static const struct type *type_named(struct sqlite_store *s, const char *name)
{
    int n = atomic_load(&s->n_tables);

    for (int i = 0; i < n; i++) {
        const struct type *t = atomic_load(&s->tables[i])->type;

        if (strcmp(t->name, name) == 0)
            return t;
    }
    return NULL;
}

/* False: the record is of a type that this program does not have. */
static bool read_change(struct sqlite_store *s, sqlite3_stmt *q, struct change *out)
{
    const char *name = (const char *)sqlite3_column_text(q, 1);
    const void *id = sqlite3_column_blob(q, 2);

    out->seq = sqlite3_column_int64(q, 0);
    out->type = name ? type_named(s, name) : NULL;
    if (!out->type || !id || sqlite3_column_bytes(q, 2) != 16)
        return false;
    memcpy(&out->id, id, 16);
    return true;
}

enum err lite_changes(struct store *base, int64_t after, struct change *out, size_t most, size_t *n)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    struct reader *r = lite_reader_take(s);
    sqlite3_stmt *q = NULL;
    enum err err;
    int rc = sqlite3_prepare_v2(
        r->conn.db, "SELECT seq, type, id FROM change WHERE seq > ? ORDER BY seq", -1, &q, NULL);

    *n = 0;
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(q, 1, after);
    while (rc == SQLITE_OK && *n < most && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        *n += read_change(s, q, &out[*n]);
        rc = SQLITE_OK;
    }
    err = lite_error(&r->conn, rc, "read changes");
    sqlite3_finalize(q);
    lite_reader_give(s, r);
    return err;
}

/* Forget at most FORGET_AT_ONCE numbers up to *arg, which becomes the last one forgotten. */
static int forget_some(struct sqlite_store *s, void *arg)
{
    struct conn *c = &s->writer.conn;
    int64_t *upto = arg, last = atomic_load(&s->last_change), from = atomic_load(&s->forgotten);
    char *sql;
    int rc = SQLITE_NOMEM;

    if (*upto > last)
        *upto = last;
    if (*upto > from + FORGET_AT_ONCE)
        *upto = from + FORGET_AT_ONCE;
    if (*upto <= from)
        return SQLITE_OK;
    sql = sqlite3_mprintf("DELETE FROM change WHERE seq <= %lld;"
                          "UPDATE change_forgotten SET seq = %lld;",
                          (long long)*upto, (long long)*upto);
    if (sql)
        rc = lite_exec(c, sql);
    sqlite3_free(sql);
    return rc;
}

enum err lite_forget(struct store *base, int64_t upto)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    int64_t last = atomic_load(&s->last_change);
    enum err err = ERR_OK;

    if (upto > last)
        upto = last;
    while (!err && atomic_load(&s->forgotten) < upto) {
        int64_t reached = upto;

        err = lite_call(s, forget_some, &reached);
        if (!err && reached > atomic_load(&s->forgotten))
            atomic_store(&s->forgotten, reached);
    }
    return err;
}
