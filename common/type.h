/*
 * Record descriptions: the one idea of this program.
 *
 * A record is a plain struct; its struct type says what each member is.  JSON in and out,
 * validation, the stores, masking, the search index, import mapping, client forms and columns,
 * OpenAPI and the data inventory are driven by this table, so a new field is one new row.
 *
 * In every row the zero value refuses: a field with no flags may be sent by nobody but the server's
 * own code only if it says FIELD_SERVER; a masked field is clear only where its own bit is set.
 */
#ifndef COMMON_TYPE_H
#define COMMON_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/credits.h"
#include "common/uuid.h"

struct arena;
struct type;

/* Texts of a list; n 0 is "none". */
struct strs {
    const char *const *v;
    size_t n;
};

struct bytes {
    const uint8_t *p;
    size_t n;
};

/* A share of a whole, 0 .. 1,000,000; a decimal 0 .. 1 on the wire. */
struct ratio {
    int64_t ppm;
};

/* One record of field->type, or NULL. */
struct ref {
    const void *rec;
};

/* n records of field->type, one after the other. */
struct list {
    const void *v;
    size_t n;
    const char
        *json; /* NULL, or what json_write() writes instead, n or not: it was written before */
};

/*
 * n records of field->type whose first field is the key (text) and second the value: an object on
 * the wire, {key: value, ...}.
 */
struct map {
    const void *v;
    size_t n;
    const char *json; /* as of struct list */
};

enum field_kind {
    KIND_STR,     /* const char *          text            TEXT     NULL: null, NULL */
    KIND_INT,     /* int64_t               number          INTEGER */
    KIND_BOOL,    /* bool                  true, false     INTEGER */
    KIND_ID,      /* struct uuid           text            BLOB     all zero: null, NULL */
    KIND_TIME,    /* struct stamp          RFC 3339        INTEGER  0: null, NULL */
    KIND_CREDITS, /* struct credits        decimal number  INTEGER */
    KIND_RATIO,   /* struct ratio          decimal number  INTEGER */
    KIND_STRS,    /* struct strs           array of text   TEXT, one a line */
    KIND_BYTES,   /* struct bytes          -               BLOB     n 0: NULL */
    KIND_REF,     /* struct ref            object or null  - */
    KIND_LIST,    /* struct list           array           - */
    KIND_MAP,     /* struct map            object          - */
};

enum field_flags {
    FIELD_REQUIRED = 1 << 0, /* a client must send it */
    FIELD_SERVER = 1 << 1,   /* a client may not send it */
    FIELD_INTERNAL = 1 << 2, /* never leaves the server; implies FIELD_SERVER */
    FIELD_WIRE = 1 << 3,     /* computed for a reply, has no column */
    FIELD_SEALED = 1 << 4,   /* KIND_STR: encrypted at rest (column NAME is a BLOB) */
    FIELD_LOOKUP = 1 << 5,   /* sealed: a blind index column NAME_bi beside it, found by equality */
    FIELD_UNIQUE = 1 << 6,   /* no two records have the same value (NULLs apart) */
    FIELD_INDEX = 1 << 7,    /* an index of the store: may stand in conditions and orders */
    FIELD_ZERO_NULL = 1 << 8,   /* KIND_INT: 0 means unknown, null on the wire */
    FIELD_TEXT = 1 << 9,        /* words of the search index */
    FIELD_SORT = 1 << 10,       /* a sort order of the search index */
    FIELD_WRITE_ONLY = 1 << 11, /* a client sends it, no reply holds it (passwords) */
    FIELD_OMIT_EMPTY = 1 << 12, /* left out of the reply when it has no value */
};

/* Classes of personal data, for the data inventory. */
enum pii { PII_NONE, PII_NAME, PII_CONTACT, PII_WORK, PII_ONLINE, PII_SECRET };

struct field {
    const char *name;  /* on the wire and in the store */
    const char *label; /* for people; NULL: the name */
    enum field_kind kind;
    unsigned flags;
    size_t offset;
    int64_t min,
        max; /* bytes of a text, elements of a list, value of a number; max 0: the kind's */
    const char *const *words; /* KIND_STR, KIND_STRS: the only values there are; ends with NULL */
    const struct type *type;  /* KIND_REF, KIND_LIST, KIND_MAP */
    /* What a reader who does not own the value sees instead; value is not NULL. */
    const char *(*mask)(struct arena *mem, const char *value);
    unsigned own; /* masked: the bit of the record's `owned` set that makes it clear */
    int facet;    /* 0: none; else the enum facet of common/api.h */
    const char *(*bucket)(int64_t value); /* facet of a number: its bucket, NULL: none */
    enum pii pii;
    const char *doc; /* one sentence for the API's description; may be NULL */
};

enum type_flags {
    TYPE_CHANGES = 1 << 0, /* each write of a record is noted in the store's change sequence */
    /*
     * Records are links of a hash chain and never change: the store sets `seq`, `chain`, `previous`
     * and `hash` as it inserts them, in the order in which they commit (server/chain.h).
     */
    TYPE_CHAINED = 1 << 1,
};

struct type {
    const char *name; /* also the table's or collection's name */
    size_t size;
    const struct field *fields; /* ends with a row that has no name; a stored type's first is id */
    unsigned flags;
    /* Where a record keeps the bits of the masked fields its reader owns; NO_OWNED: nothing is. */
    size_t owned;
    const char *doc; /* one sentence */
};

#define NO_OWNED SIZE_MAX

enum { FIELDS_MAX = 64 }; /* of one type: a set of fields fits 64 bits */

/* The compiler picks the kind, so a row cannot disagree with its member. */
#define FIELD_KIND(record, member) \
    _Generic(((struct record *)0)->member, const char *: KIND_STR, int64_t: KIND_INT,              \
             bool: KIND_BOOL, struct uuid: KIND_ID, struct stamp: KIND_TIME,                       \
             struct credits: KIND_CREDITS, struct ratio: KIND_RATIO, struct strs: KIND_STRS,       \
             struct bytes: KIND_BYTES,                                                             \
             struct ref: KIND_REF, struct list: KIND_LIST, struct map: KIND_MAP)

/* FIELD(record, member, .flags = ...): a row.  FIELD_AS: one whose wire name differs from the
 * member. */
#define FIELD(...) FIELD_NAMED(__VA_ARGS__, )
#define FIELD_AS(...) FIELD_ROW(__VA_ARGS__, )

#define FIELD_NAMED(record, member, ...) FIELD_ROW(record, member, #member, __VA_ARGS__)
#define FIELD_ROW(record, member, name_, ...)                  \
    {                                                          \
        .name = name_, .kind = FIELD_KIND(record, member),     \
        .offset = offsetof(struct record, member), __VA_ARGS__ \
    }

/* NULL when there is none. */
const struct field *type_field(const struct type *t, const char *name);
size_t type_count(const struct type *t);
/* The set {f} for 64-bit sets of a type's fields. */
uint64_t type_bit(const struct type *t, const struct field *f);

static inline void *field_slot(const struct field *f, void *rec)
{
    return (char *)rec + f->offset;
}

static inline const void *field_at(const struct field *f, const void *rec)
{
    return (const char *)rec + f->offset;
}

/* Is the value null on the wire? */
bool field_is_null(const struct field *f, const void *rec);

#endif
