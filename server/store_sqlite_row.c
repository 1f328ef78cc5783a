/*
 * A record to and from a row.  Sealed texts are closed and opened here and nowhere else, bound to
 * their table, column, row and account.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/seal.h"
#include "server/store_sqlite.h"

/*
 * A blind index names its key of the ring before the hash, but for the first key, whose hashes
 * stand alone: there was no other when they were made first.
 */
enum { BLIND = 16, BLIND_KEY = 4, BLIND_MOST = BLIND_KEY + BLIND, FIRST_KEY = 1 };

static const struct uuid nobody;

static const char *text_of(const struct field *f, const void *rec)
{
    return *(const char *const *)field_at(f, rec);
}

/* Bytes that a list of texts takes at most: each may double by escaping, and has a newline. */
static size_t list_room(const struct strs *l)
{
    size_t n = 1;

    for (size_t i = 0; i < l->n; i++)
        n += 2 * strlen(l->v[i]) + 1;
    return n;
}

/* One a line; a newline or backslash inside a text is escaped by a backslash. */
static size_t list_write(const struct strs *l, char *out)
{
    char *p = out;

    for (size_t i = 0; i < l->n; i++) {
        if (i)
            *p++ = '\n';
        for (const char *s = l->v[i]; *s; s++) {
            if (*s == '\n' || *s == '\\')
                *p++ = '\\';
            *p++ = *s == '\n' ? 'n' : *s;
        }
    }
    return (size_t)(p - out);
}

static struct strs list_read(struct arena *mem, const char *text, size_t len)
{
    char *copy = arena_strndup(mem, text, len), *to = copy;
    size_t n = 1, at = 0;
    const char **v;

    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    v = arena_alloc(mem, n * sizeof(*v));
    v[at++] = to;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            *to++ = '\0';
            v[at++] = to;
        } else if (text[i] == '\\' && i + 1 < len) {
            *to++ = text[++i] == 'n' ? '\n' : text[i];
        } else {
            *to++ = text[i];
        }
    }
    *to = '\0';
    return (struct strs){v, n};
}

bool lite_value_is_null(const struct field *f, const void *value)
{
    struct field at_zero = *f;

    at_zero.offset = 0;
    return f->kind != KIND_INT && field_is_null(&at_zero, value);
}

static size_t blind_room(const struct table *t, const struct field *f, const char *value)
{
    return strlen(t->type->name) + strlen(f->name) + strlen(value) + 2;
}

/* The keyed hash of "type.column\0value", by which a sealed text is found; its length. */
static int blind(const struct conn *c, uint32_t key, const struct table *t, const struct field *f,
                 const char *value, uint8_t *room, uint8_t out[BLIND_MOST])
{
    size_t type = strlen(t->type->name), name = strlen(f->name), n = strlen(value);
    uint8_t *p = room;

    memcpy(p, t->type->name, type);
    p += type;
    *p++ = '.';
    memcpy(p, f->name, name + 1);
    p += name + 1;
    memcpy(p, value, n);
    p += n;
    if (key == FIRST_KEY) {
        (void)seal_hash_under(c->seal, key, SEAL_BLIND, room, (size_t)(p - room), out, BLIND);
        return BLIND;
    }
    for (int i = 0; i < BLIND_KEY; i++)
        out[i] = (uint8_t)(key >> (24 - 8 * i));
    (void)seal_hash_under(c->seal, key, SEAL_BLIND, room, (size_t)(p - room), out + BLIND_KEY,
                          BLIND);
    return BLIND_MOST;
}

static int bind_plain(sqlite3_stmt *q, int at, const struct field *f, const void *slot)
{
    const struct bytes *bytes;

    switch (f->kind) {
    case KIND_STR:
        return sqlite3_bind_text(q, at, *(const char *const *)slot, -1, SQLITE_STATIC);
    case KIND_BOOL:
        return sqlite3_bind_int(q, at, *(const bool *)slot);
    case KIND_ID:
        return sqlite3_bind_blob(q, at, slot, 16, SQLITE_STATIC);
    case KIND_BYTES:
        bytes = slot;
        return sqlite3_bind_blob64(q, at, bytes->p, bytes->n, SQLITE_STATIC);
    case KIND_INT:
    case KIND_TIME:
    case KIND_CREDITS:
    case KIND_RATIO: /* structs of one int64_t */
        return sqlite3_bind_int64(q, at, *(const int64_t *)slot);
    case KIND_STRS:
    case KIND_REF:
    case KIND_LIST:
    case KIND_MAP:
        break;
    }
    assert(!"a kind that is bound");
    return SQLITE_MISUSE;
}

int lite_bind_value(struct conn *c, sqlite3_stmt *q, int at, const struct table *t,
                    const struct field *f, const void *value)
{
    if (lite_value_is_null(f, value))
        return sqlite3_bind_null(q, at);
    if (f->flags & FIELD_SEALED) {
        const char *text = *(const char *const *)value;
        uint8_t *room = lite_scratch(c, blind_room(t, f, text)), hash[BLIND_MOST];
        uint32_t key = c->blind_key ? c->blind_key : seal_newest(c->seal);

        if (!room)
            return SQLITE_NOMEM;
        return sqlite3_bind_blob(q, at, hash, blind(c, key, t, f, text, room, hash),
                                 SQLITE_TRANSIENT);
    }
    return bind_plain(q, at, f, value);
}

/* Scratch bytes that binding this field takes. */
static size_t room_of(const struct table *t, const struct field *f, const void *rec)
{
    const char *text;

    if (f->kind == KIND_STRS)
        return list_room(field_at(f, rec));
    if (!(f->flags & FIELD_SEALED))
        return 0;
    text = text_of(f, rec);
    if (!text)
        return 0;
    return strlen(text) + SEAL_OVERHEAD + (f->flags & FIELD_LOOKUP ? blind_room(t, f, text) : 0);
}

/* The text of column f closed, and its blind index behind it. */
static int bind_sealed(struct conn *c, sqlite3_stmt *q, int *at, const struct table *t,
                       const struct field *f, const void *rec, const struct uuid *account,
                       uint8_t *room)
{
    struct seal_place place = {t->type->name, f->name, *(const struct uuid *)rec, *account};
    const char *text = text_of(f, rec);
    size_t n = text ? strlen(text) : 0;
    uint8_t hash[BLIND_MOST];
    int rc;

    if (!text) {
        rc = sqlite3_bind_null(q, (*at)++);
        return rc == SQLITE_OK && f->flags & FIELD_LOOKUP ? sqlite3_bind_null(q, (*at)++) : rc;
    }
    seal_close_value(c->seal, &place, text, n, room);
    rc = sqlite3_bind_blob64(q, (*at)++, room, n + SEAL_OVERHEAD, SQLITE_STATIC);
    if (rc != SQLITE_OK || !(f->flags & FIELD_LOOKUP))
        return rc;
    return sqlite3_bind_blob(
        q, (*at)++, hash,
        blind(c, seal_newest(c->seal), t, f, text, room + n + SEAL_OVERHEAD, hash),
        SQLITE_TRANSIENT);
}

static int bind_list(sqlite3_stmt *q, int at, const struct strs *l, uint8_t *room)
{
    if (!l->n)
        return sqlite3_bind_null(q, at);
    return sqlite3_bind_text64(q, at, (char *)room, list_write(l, (char *)room), SQLITE_STATIC,
                               SQLITE_UTF8);
}

int lite_bind_record(struct conn *c, sqlite3_stmt *q, int *at, const struct table *t, uint64_t set,
                     const void *rec, const struct uuid *account)
{
    size_t size = 0;
    uint8_t *room;
    int rc = SQLITE_OK;

    assert(!uuid_is_zero(rec));
    for (const struct field *f = t->type->fields; f->name; f++)
        if (set & type_bit(t->type, f))
            size += room_of(t, f, rec);
    room = lite_scratch(c, size + 1);
    if (!room)
        return SQLITE_NOMEM;
    for (const struct field *f = t->type->fields; f->name && rc == SQLITE_OK; f++) {
        size_t used;

        if (!(set & type_bit(t->type, f)))
            continue;
        used = room_of(t, f, rec);
        if (f->flags & FIELD_SEALED)
            rc = bind_sealed(c, q, at, t, f, rec, account, room);
        else if (f->kind == KIND_STRS)
            rc = bind_list(q, (*at)++, field_at(f, rec), room);
        else if (lite_value_is_null(f, field_at(f, rec)))
            rc = sqlite3_bind_null(q, (*at)++);
        else
            rc = bind_plain(q, (*at)++, f, field_at(f, rec));
        room += used;
    }
    return rc;
}

static void read_plain(sqlite3_stmt *q, int at, const struct field *f, struct arena *mem,
                       void *slot)
{
    const void *p;
    size_t n;

    switch (f->kind) {
    case KIND_BOOL:
        *(bool *)slot = sqlite3_column_int(q, at) != 0;
        return;
    case KIND_INT:
    case KIND_TIME:
    case KIND_CREDITS:
    case KIND_RATIO:
        *(int64_t *)slot = sqlite3_column_int64(q, at);
        return;
    default:
        break;
    }
    if (sqlite3_column_type(q, at) == SQLITE_NULL)
        return;
    p = sqlite3_column_blob(q, at); /* of texts too: it never has to allocate; NULL when empty */
    n = (size_t)sqlite3_column_bytes(q, at);
    if (f->kind == KIND_STR)
        *(const char **)slot = arena_strndup(mem, p ? p : "", n);
    else if (f->kind == KIND_STRS)
        *(struct strs *)slot = list_read(mem, p ? p : "", n);
    else if (f->kind == KIND_ID && n == 16)
        memcpy(slot, p, 16);
    else if (f->kind == KIND_BYTES && n)
        *(struct bytes *)slot = (struct bytes){arena_dup(mem, p, n), n};
}

static enum err read_sealed(struct conn *c, sqlite3_stmt *q, int at, const struct table *t,
                            const struct field *f, struct arena *mem, void *rec)
{
    const struct uuid *account = t->account ? field_at(t->account, rec) : &nobody;
    struct seal_place place = {t->type->name, f->name, *(const struct uuid *)rec, *account};
    const uint8_t *sealed;
    size_t n;
    char *text;

    if (sqlite3_column_type(q, at) == SQLITE_NULL)
        return ERR_OK;
    sealed = sqlite3_column_blob(q, at);
    n = (size_t)sqlite3_column_bytes(q, at);
    if (n >= SEAL_OVERHEAD) {
        text = arena_alloc(mem, n - SEAL_OVERHEAD + 1);
        if (seal_open_value(c->seal, &place, sealed, n, (uint8_t *)text) == ERR_OK) {
            *(const char **)field_slot(f, rec) = text;
            return ERR_OK;
        }
    }
    log_event(LOG_ERROR, "store.seal", LOG_STR("table", t->type->name), LOG_STR("column", f->name));
    return ERR_UNAVAILABLE;
}

enum err lite_read_record(struct conn *c, sqlite3_stmt *q, const struct table *t, uint64_t set,
                          struct arena *mem, void *rec)
{
    enum err err = ERR_OK;
    int at = 0;

    /* Sealed ones last: opening them takes the id and the account of the row. */
    for (const struct field *f = t->type->fields; f->name; f++) {
        if (!(set & type_bit(t->type, f)))
            continue;
        if (!(f->flags & FIELD_SEALED))
            read_plain(q, at, f, mem, field_slot(f, rec));
        at++;
    }
    at = 0;
    for (const struct field *f = t->type->fields; f->name && !err; f++) {
        if (!(set & type_bit(t->type, f)))
            continue;
        if (f->flags & FIELD_SEALED)
            err = read_sealed(c, q, at, t, f, mem, rec);
        at++;
    }
    return err;
}
