/*
 * A type as a table: STRICT, WITHOUT ROWID, the columns named as on the wire.  SQL text is made of
 * our own tables' names only, quoted; values are always bound.
 */
#include <assert.h>
#include <stdlib.h>

#include "server/store_sqlite.h"

static const char *const sql_types[] = {
    [KIND_STR] = "TEXT",      [KIND_INT] = "INTEGER",  [KIND_BOOL] = "INTEGER",
    [KIND_ID] = "BLOB",       [KIND_TIME] = "INTEGER", [KIND_CREDITS] = "INTEGER",
    [KIND_RATIO] = "INTEGER", [KIND_STRS] = "TEXT",    [KIND_BYTES] = "BLOB",
};

static const char *const ops[] = {
    [OP_EQ] = "=", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">=",
};

struct table *lite_table_new(const struct type *type)
{
    struct table *t = calloc(1, sizeof(*t));

    assert(type->fields[0].kind == KIND_ID && type_count(type) <= FIELDS_MAX);
    if (!t)
        return NULL;
    t->type = type;
    for (const struct field *f = type->fields; f->name; f++) {
        if (f->flags & FIELD_WIRE)
            continue;
        assert(f->kind <= KIND_BYTES);
        t->columns |= type_bit(type, f);
        if (f->flags & FIELD_SEALED) {
            assert(f->kind == KIND_STR);
            t->sealed |= type_bit(type, f);
        }
    }
    t->account = type_field(type, "account");
    if (!t->account)
        t->account = type_field(type, "account_id");
    if (t->account && (t->account->kind != KIND_ID || t->account->flags & FIELD_WIRE))
        t->account = NULL;
    return t;
}

const struct table *lite_table(struct sqlite_store *s, const struct type *type)
{
    int n = atomic_load_explicit(&s->n_tables, memory_order_acquire);

    for (int i = 0; i < n; i++) {
        const struct table *t = atomic_load_explicit(&s->tables[i], memory_order_relaxed);

        if (t->type == type)
            return t;
    }
    assert(!"store_ensure() comes before the first use of a type");
    return NULL;
}

const struct field *lite_field(const struct table *t, const char *name)
{
    const struct field *f = type_field(t->type, name);

    assert(f && t->columns & type_bit(t->type, f));
    return f;
}

uint64_t lite_fields(const struct table *t, uint64_t fields)
{
    fields = (fields ? fields : t->columns) & t->columns;
    if (fields & t->sealed && t->account)
        fields |= type_bit(t->type, t->account);
    return fields | 1; /* the id is the first */
}

/* The n-th field of a shape's guard or condition, which counts from 1. */
static const struct field *numbered(const struct table *t, unsigned n)
{
    return t->type->fields + n - 1;
}

/* "a", "a_bi", ...: the columns of a set, each written by fmt, which has one %w. */
static void columns(sqlite3_str *b, const struct table *t, uint64_t set, const char *fmt,
                    bool blind)
{
    const char *comma = "";

    for (const struct field *f = t->type->fields; f->name; f++) {
        if (!(set & type_bit(t->type, f)))
            continue;
        sqlite3_str_appendall(b, comma);
        sqlite3_str_appendf(b, fmt, f->name, "");
        comma = ", ";
        if (blind && f->flags & FIELD_LOOKUP) {
            sqlite3_str_appendall(b, comma);
            sqlite3_str_appendf(b, fmt, f->name, "_bi");
        }
    }
}

/*
 * An equality may use its index, which holds the id too and so comes in order of id; of the other
 * comparisons a scan must not (the +), or it would sort all rows anew for each of its batches.
 */
static void condition(sqlite3_str *b, const struct shape *shape, int i)
{
    const struct field *f = numbered(shape->table, shape->where[i].field);
    unsigned op = shape->where[i].op;
    const char *hint = shape->kind == SHAPE_SCAN && op != OP_EQ && op != OP_NULL ? "+" : "";

    if (op == OP_NULL)
        sqlite3_str_appendf(b, "\"%w\" IS NULL", f->name);
    else
        sqlite3_str_appendf(b, "%s\"%w%s\" %s ?", hint, f->name,
                            f->flags & FIELD_SEALED ? "_bi" : "", ops[op]);
}

static const char *order_of(const struct shape *shape)
{
    return shape->order ? numbered(shape->table, shape->order)->name : "id";
}

static void conditions(sqlite3_str *b, const struct shape *shape)
{
    const char *word = " WHERE ";

    for (int i = 0; i < CONDS_MAX && shape->where[i].field; i++) {
        sqlite3_str_appendall(b, word);
        condition(b, shape, i);
        word = " AND ";
    }
    if (shape->after)
        sqlite3_str_appendf(b, "%s\"%w\" %s ?", word, order_of(shape), shape->newest ? "<" : ">");
}

static void by_id(sqlite3_str *b, const struct shape *shape)
{
    sqlite3_str_appendall(b, " WHERE \"id\" = ?");
    if (shape->guard)
        sqlite3_str_appendf(b, " AND \"%w\" IS ?", numbered(shape->table, shape->guard)->name);
}

static void insert(sqlite3_str *b, const struct table *t)
{
    sqlite3_str_appendf(b, "INSERT INTO \"%w\" (", t->type->name);
    columns(b, t, t->columns, "\"%w%s\"", true);
    sqlite3_str_appendall(b, ") VALUES (");
    columns(b, t, t->columns, "?%.0s%.0s", true);
    sqlite3_str_appendall(b, ")");
}

char *lite_sql(const struct shape *shape)
{
    const struct table *t = shape->table;
    sqlite3_str *b = sqlite3_str_new(NULL);

    switch ((enum shape_kind)shape->kind) {
    case SHAPE_GET:
    case SHAPE_FIND:
    case SHAPE_SCAN:
        sqlite3_str_appendall(b, "SELECT ");
        columns(b, t, shape->fields, "\"%w%s\"", false);
        sqlite3_str_appendf(b, " FROM \"%w\"", t->type->name);
        if (shape->kind == SHAPE_GET) {
            by_id(b, shape);
            break;
        }
        conditions(b, shape);
        sqlite3_str_appendf(b, " ORDER BY \"%w\"%s LIMIT ?", order_of(shape),
                            shape->newest ? " DESC" : "");
        break;
    case SHAPE_COUNT:
        sqlite3_str_appendf(b, "SELECT count(*) FROM \"%w\"", t->type->name);
        conditions(b, shape);
        break;
    case SHAPE_INSERT:
        insert(b, t);
        break;
    case SHAPE_UPDATE:
        sqlite3_str_appendf(b, "UPDATE \"%w\" SET ", t->type->name);
        columns(b, t, shape->fields, "\"%w%s\" = ?", true);
        by_id(b, shape);
        break;
    case SHAPE_DELETE:
        sqlite3_str_appendf(b, "DELETE FROM \"%w\"", t->type->name);
        by_id(b, shape);
        break;
    case SHAPE_NONE:
        assert(!"a shape has a kind");
    }
    return sqlite3_str_finish(b);
}

/* Execute what was built and free it. */
static int exec_built(struct conn *c, sqlite3_str *b)
{
    char *sql = sqlite3_str_finish(b);
    int rc = sql ? lite_exec(c, sql) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return rc;
}

static const char *column_type(const struct field *f)
{
    return f->flags & FIELD_SEALED ? "BLOB" : sql_types[f->kind];
}

static int create_table(struct conn *c, const struct table *t)
{
    sqlite3_str *b = sqlite3_str_new(NULL);

    sqlite3_str_appendf(b, "CREATE TABLE IF NOT EXISTS \"%w\" (\"id\" BLOB PRIMARY KEY",
                        t->type->name);
    for (const struct field *f = t->type->fields + 1; f->name; f++) {
        if (!(t->columns & type_bit(t->type, f)))
            continue;
        sqlite3_str_appendf(b, ", \"%w\" %s", f->name, column_type(f));
        if (f->flags & FIELD_LOOKUP)
            sqlite3_str_appendf(b, ", \"%w_bi\" BLOB", f->name);
    }
    sqlite3_str_appendall(b, ") STRICT, WITHOUT ROWID");
    return exec_built(c, b);
}

static int add_column(struct conn *c, const struct table *t, const struct field *f,
                      const char *suffix, const char *type)
{
    sqlite3_str *b = sqlite3_str_new(NULL);
    char *name = sqlite3_mprintf("%s%s", f->name, suffix);
    int rc = SQLITE_NOMEM;

    if (name)
        rc = sqlite3_table_column_metadata(c->db, NULL, t->type->name, name, NULL, NULL, NULL, NULL,
                                           NULL);
    sqlite3_free(name);
    if (rc != SQLITE_ERROR) { /* it is there, or worse */
        sqlite3_free(sqlite3_str_finish(b));
        return rc;
    }
    sqlite3_str_appendf(b, "ALTER TABLE \"%w\" ADD COLUMN \"%w%s\" %s", t->type->name, f->name,
                        suffix, type);
    return exec_built(c, b);
}

static int create_index(struct conn *c, const struct table *t, const struct field *f)
{
    bool unique = f->flags & FIELD_UNIQUE;
    sqlite3_str *b = sqlite3_str_new(NULL);

    sqlite3_str_appendf(b, "CREATE %sINDEX IF NOT EXISTS \"%s_%w_%w\" ON \"%w\" (\"%w%s\")",
                        unique ? "UNIQUE " : "", unique ? "ux" : "ix", t->type->name, f->name,
                        t->type->name, f->name, f->flags & FIELD_SEALED ? "_bi" : "");
    return exec_built(c, b);
}

int lite_table_create(struct conn *c, const struct table *t)
{
    int rc = create_table(c, t);

    for (const struct field *f = t->type->fields + 1; f->name && rc == SQLITE_OK; f++) {
        if (!(t->columns & type_bit(t->type, f)))
            continue;
        rc = add_column(c, t, f, "", column_type(f));
        if (rc == SQLITE_OK && f->flags & FIELD_LOOKUP)
            rc = add_column(c, t, f, "_bi", "BLOB");
        if (rc == SQLITE_OK && f->flags & (FIELD_UNIQUE | FIELD_INDEX | FIELD_LOOKUP))
            rc = create_index(c, t, f);
    }
    return rc;
}
