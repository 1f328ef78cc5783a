/*
 * The steps of one plan, inside the transaction that the writing thread has open.
 *
 * SQLITE_CONSTRAINT is this file's word for "refused"; whatever else is not SQLITE_OK breaks the
 * transaction.
 */
#include <assert.h>
#include <string.h>

#include "server/counts.h"
#include "server/seal.h"
#include "server/store_sqlite.h"

static const struct uuid nobody;

static int changed_one(struct conn *c, int rc)
{
    return rc == SQLITE_OK && sqlite3_changes(c->db) == 0 ? SQLITE_CONSTRAINT : rc;
}

/* Taken ids and unique values are ordinary; any other broken constraint is a bug of ours. */
static int taken(int rc)
{
    assert(rc != SQLITE_CONSTRAINT_DATATYPE && rc != SQLITE_CONSTRAINT_NOTNULL);
    return (rc & 0xff) == SQLITE_CONSTRAINT ? SQLITE_CONSTRAINT : rc;
}

/* Read one row's `fields` into rec; only fields that need no memory. */
static int peek(struct conn *c, const struct table *t, const struct uuid *id, uint64_t fields,
                void *rec)
{
    struct statement *st;
    int rc = lite_look_up(c, t, fields, id, &st);

    if (rc == SQLITE_ROW) {
        (void)lite_read_record(c, st->q, t, fields, NULL, rec);
        rc = SQLITE_OK;
    } else if (rc == SQLITE_DONE) {
        rc = SQLITE_CONSTRAINT;
    }
    lite_statement_done(st);
    return rc;
}

/* A record of one number, and the account: what peek() may read of any type. */
union any_record {
    max_align_t align;
    unsigned char bytes[4096];
};

/* What an ADD reads and writes: a number, and the counters beside it, in scratch memory. */
struct sum {
    const struct field *number, *counters; /* counters NULL: none */
    int64_t n;
    uint8_t *counts;
    size_t size;
};

static uint64_t sum_fields(const struct table *t, const struct sum *s)
{
    return type_bit(t->type, s->number) | (s->counters ? type_bit(t->type, s->counters) : 0);
}

/* Columns of a statement are in the order of the type. */
static bool counters_first(const struct sum *s)
{
    return s->counters && s->counters < s->number;
}

static int sum_take(struct conn *c, sqlite3_stmt *q, struct sum *s)
{
    int at = !counters_first(s);

    s->n = sqlite3_column_int64(q, counters_first(s));
    if (!s->counters)
        return SQLITE_OK;
    s->size = (size_t)sqlite3_column_bytes(q, at);
    s->counts = lite_scratch(c, s->size + STEP_COUNTS * COUNTS_GROW);
    if (!s->counts)
        return SQLITE_NOMEM;
    if (s->size)
        memcpy(s->counts, sqlite3_column_blob(q, at), s->size);
    return SQLITE_OK;
}

static int sum_read(struct conn *c, const struct table *t, const struct uuid *id, struct sum *s)
{
    struct statement *st;
    int rc = lite_look_up(c, t, sum_fields(t, s), id, &st);

    if (rc == SQLITE_ROW)
        rc = sum_take(c, st->q, s);
    else if (rc == SQLITE_DONE)
        rc = SQLITE_CONSTRAINT;
    lite_statement_done(st);
    return rc;
}

static int sum_write(struct conn *c, const struct table *t, const struct uuid *id,
                     const struct sum *s)
{
    struct shape shape = {.table = t, .kind = SHAPE_UPDATE, .fields = sum_fields(t, s)};
    struct statement *st;
    int rc = lite_statement(c, &shape, &st), at = 1 + counters_first(s);

    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_bind_int64(st->q, at, s->n);
    if (rc == SQLITE_OK && s->counters)
        rc = sqlite3_bind_blob64(st->q, 3 - at, s->counts, s->size, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(st->q, s->counters ? 3 : 2, id, 16, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = changed_one(c, lite_run(st->q));
    lite_statement_done(st);
    return rc;
}

static int step_add(struct conn *c, const struct table *t, const struct step *p)
{
    struct sum s = {.number = lite_field(t, p->field),
                    .counters = p->counters ? lite_field(t, p->counters) : NULL};
    int rc = sum_read(c, t, &p->id, &s);

    assert(s.number->kind == KIND_INT || s.number->kind == KIND_CREDITS);
    assert(p->n_counts <= STEP_COUNTS && (!s.counters || s.counters->kind == KIND_BYTES));
    if (rc != SQLITE_OK)
        return rc;
    if (__builtin_add_overflow(s.n, p->by, &s.n) || s.n < p->least)
        return SQLITE_CONSTRAINT;
    for (size_t i = 0; s.counters && i < p->n_counts; i++)
        if (!counts_add(s.counts, &s.size, p->period, &p->counts[i].of, -p->by, p->counts[i].most))
            return SQLITE_CONSTRAINT;
    rc = sum_write(c, t, &p->id, &s);
    if (rc == SQLITE_OK && p->sum)
        *p->sum = s.n;
    return rc;
}

/* SQLITE_CONSTRAINT: another record has the text in f, under this key of the ring. */
static int is_taken(struct conn *c, const struct table *t, const struct field *f, uint32_t key,
                    const void *rec)
{
    struct shape shape = {.table = t, .kind = SHAPE_FIND, .fields = 1};
    struct statement *st;
    int rc;

    shape.where[0].field = (uint8_t)(f - t->type->fields + 1);
    rc = lite_statement(c, &shape, &st);
    if (rc != SQLITE_OK)
        return rc;
    c->blind_key = key;
    rc = lite_bind_value(c, st->q, 1, t, f, field_at(f, rec));
    c->blind_key = 0;
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(st->q, 2, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st->q);
    if (rc == SQLITE_ROW)
        rc = memcmp(sqlite3_column_blob(st->q, 0), rec, sizeof(struct uuid)) == 0
                 ? SQLITE_OK
                 : SQLITE_CONSTRAINT;
    else if (rc == SQLITE_DONE)
        rc = SQLITE_OK;
    lite_statement_done(st);
    return rc;
}

/*
 * The index of a sealed text that must be unique sees only those under the same key of the ring:
 * while others are left, it is looked up under these too.
 */
static int check_unique(struct conn *c, const struct table *t, uint64_t set, const void *rec)
{
    const unsigned flags = FIELD_SEALED | FIELD_LOOKUP | FIELD_UNIQUE;
    uint32_t ids[SEAL_KEYS];
    size_t n = set & t->sealed ? seal_live(c->seal, true, ids) : 0;
    int rc = SQLITE_OK;

    for (const struct field *f = t->type->fields; n > 1 && f->name && rc == SQLITE_OK; f++)
        if (set & type_bit(t->type, f) && (f->flags & flags) == flags && !field_is_null(f, rec))
            for (size_t i = 0; i + 1 < n && rc == SQLITE_OK; i++)
                rc = is_taken(c, t, f, ids[i], rec);
    return rc;
}

static int step_insert(struct conn *c, const struct table *t, const struct step *p)
{
    struct shape shape = {.table = t, .kind = SHAPE_INSERT};
    const struct uuid *account = t->account ? field_at(t->account, p->rec) : &nobody;
    struct statement *st;
    int at = 1, rc = lite_statement(c, &shape, &st);

    if (rc != SQLITE_OK)
        return rc;
    rc = check_unique(c, t, t->columns, p->rec);
    if (rc == SQLITE_OK)
        rc = lite_bind_record(c, st->q, &at, t, t->columns, p->rec, account);
    if (rc == SQLITE_OK)
        rc = taken(lite_run(st->q));
    lite_statement_done(st);
    return rc;
}

/* An insert of what becomes the next link of the chain. */
static int step_link(struct sqlite_store *s, const struct table *t, const struct step *p)
{
    struct step linked = *p;
    struct chain_head next;
    char mac[CHAIN_MAC_HEX];
    union any_record copy;
    int rc;

    assert(t->type->size <= sizeof(copy));
    lite_chain_link(&s->writer, t, p->rec, &copy, &next, mac);
    linked.rec = &copy;
    rc = step_insert(&s->writer.conn, t, &linked);
    if (rc == SQLITE_OK)
        s->writer.head = next;
    return rc;
}

static uint8_t guard_number(const struct table *t, const struct step *p)
{
    const struct field *f;

    if (!p->guard)
        return 0;
    f = lite_field(t, p->guard);
    assert(f->kind == KIND_INT || f->kind == KIND_TIME);
    return (uint8_t)(f - t->type->fields + 1);
}

static int bind_id_and_guard(struct conn *c, sqlite3_stmt *q, int at, const struct table *t,
                             const struct uuid *id, const struct step *p)
{
    int rc = sqlite3_bind_blob(q, at, id, 16, SQLITE_STATIC);

    if (rc != SQLITE_OK || !p->guard)
        return rc;
    return lite_bind_value(c, q, at + 1, t, lite_field(t, p->guard), &p->guard_value);
}

/*
 * The account that sealed texts of an update are bound to: the one written with them, else the
 * row's.  Moving a row to another account must write all its sealed texts anew.
 */
static int account_of(struct conn *c, const struct table *t, const struct step *p, struct uuid *out)
{
    uint64_t bit = t->account ? type_bit(t->type, t->account) : 0;
    union any_record rec;
    int rc;

    *out = nobody;
    assert(!(p->fields & bit) || (p->fields & t->sealed) == t->sealed);
    if (!bit || !(p->fields & t->sealed))
        return SQLITE_OK;
    if (p->fields & bit) {
        *out = *(const struct uuid *)field_at(t->account, p->rec);
        return SQLITE_OK;
    }
    assert(t->type->size <= sizeof(rec));
    memset(field_slot(t->account, &rec), 0, sizeof(*out));
    rc = peek(c, t, p->rec, bit, &rec);
    *out = *(const struct uuid *)field_at(t->account, &rec);
    return rc;
}

static int step_update(struct conn *c, const struct table *t, const struct step *p)
{
    struct shape shape = {.table = t,
                          .kind = SHAPE_UPDATE,
                          .fields = p->fields & t->columns & ~UINT64_C(1),
                          .guard = guard_number(t, p)};
    struct statement *st;
    struct uuid account;
    int at = 1, rc = account_of(c, t, p, &account);

    assert(shape.fields);
    if (rc != SQLITE_OK)
        return rc;
    rc = lite_statement(c, &shape, &st);
    if (rc != SQLITE_OK)
        return rc;
    rc = check_unique(c, t, shape.fields, p->rec);
    if (rc == SQLITE_OK)
        rc = lite_bind_record(c, st->q, &at, t, shape.fields, p->rec, &account);
    if (rc == SQLITE_OK)
        rc = bind_id_and_guard(c, st->q, at, t, p->rec, p);
    if (rc == SQLITE_OK)
        rc = changed_one(c, taken(lite_run(st->q)));
    lite_statement_done(st);
    return rc;
}

static int step_delete(struct conn *c, const struct table *t, const struct step *p)
{
    struct shape shape = {.table = t, .kind = SHAPE_DELETE, .guard = guard_number(t, p)};
    struct statement *st;
    int rc = lite_statement(c, &shape, &st);

    if (rc != SQLITE_OK)
        return rc;
    rc = bind_id_and_guard(c, st->q, 1, t, &p->id, p);
    if (rc == SQLITE_OK)
        rc = changed_one(c, lite_run(st->q));
    lite_statement_done(st);
    return rc;
}

static int step_run(struct sqlite_store *s, const struct step *p)
{
    static int (*const run[])(struct conn *, const struct table *, const struct step *) = {
        [STEP_ADD] = step_add,
        [STEP_INSERT] = step_insert,
        [STEP_UPDATE] = step_update,
        [STEP_DELETE] = step_delete,
    };
    bool by_record = p->kind == STEP_INSERT || p->kind == STEP_UPDATE;
    int rc;

    if (p->ring && s->seal && p->ring != seal_newest(s->seal))
        return SQLITE_CONSTRAINT;
    if (p->type->flags & TYPE_CHAINED && p->kind == STEP_INSERT)
        return step_link(s, lite_table(s, p->type), p);
    assert(!(p->type->flags & TYPE_CHAINED) || p->kind == STEP_DELETE);
    rc = run[p->kind](&s->writer.conn, lite_table(s, p->type), p);
    if (rc == SQLITE_OK && p->type->flags & TYPE_CHANGES)
        rc = lite_change_note(&s->writer, p->type, by_record ? p->rec : &p->id);
    return rc;
}

int lite_plan_run(struct sqlite_store *s, struct plan *plan, enum err *err)
{
    bool settled = !plan->settle;

    for (size_t i = 0; i <= plan->n; i++) {
        int rc;

        if (!settled && (i > 0 || !plan->n || plan->steps[0].kind != STEP_ADD)) {
            settled = true;
            *err = plan->settle(plan->arg);
            if (*err)
                return SQLITE_ABORT;
        }
        if (i == plan->n)
            break;
        rc = step_run(s, &plan->steps[i]);
        if (rc != SQLITE_OK) {
            plan->failed = i;
            return rc;
        }
    }
    return SQLITE_OK;
}
