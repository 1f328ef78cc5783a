/* What the tests of JSON share: a record of every kind, and its bytes. */
#ifndef TESTS_UNIT_JSON_THING_H
#define TESTS_UNIT_JSON_THING_H

#include "common/json.h"
#include "tests/test.h"

struct part {
    const char *name;
    int64_t count;
};

static const struct field part_fields[] = {
    FIELD(part, name, .max = 40),
    FIELD(part, count),
    {0},
};
static const struct type part_type = {"part", sizeof(struct part), part_fields, .owned = NO_OWNED};

struct pane {
    const char *name;
    struct list parts;
};

static const struct field pane_fields[] = {
    FIELD(pane, name),
    FIELD(pane, parts, .type = &part_type),
    {0},
};
static const struct type pane_type = {"pane", sizeof(struct pane), pane_fields, .owned = NO_OWNED};

static const char *const colours[] = {"red", "green", NULL};

static const char *hide(struct arena *mem, const char *value)
{
    (void)value;
    return arena_strdup(mem, "***");
}

struct thing {
    struct uuid id;
    const char *name, *colour, *secret, *hidden, *password, *note;
    int64_t number, small, known;
    bool flag;
    struct stamp at;
    struct credits price;
    struct ratio part;
    struct strs words;
    struct ref ref;
    struct list list;
    struct map map;
    struct bytes bytes;
    unsigned owned;
};

static const struct field thing_fields[] = {
    FIELD(thing, id),
    FIELD(thing, name, .label = "Name", .min = 2, .max = 40, .flags = FIELD_REQUIRED),
    FIELD(thing, colour, .words = colours),
    FIELD(thing, secret, .mask = hide, .own = 1),
    FIELD(thing, hidden, .flags = FIELD_INTERNAL),
    FIELD(thing, password, .flags = FIELD_WRITE_ONLY),
    FIELD(thing, note, .flags = FIELD_OMIT_EMPTY),
    FIELD(thing, number, .min = -9007199254740991),
    FIELD(thing, small, .min = 1, .max = 100),
    FIELD(thing, known, .flags = FIELD_SERVER | FIELD_ZERO_NULL),
    FIELD(thing, flag),
    FIELD(thing, at),
    FIELD(thing, price, .min = -CREDITS_MAX, .max = CREDITS_MAX),
    FIELD(thing, part),
    FIELD(thing, words, .max = 5),
    FIELD(thing, ref, .type = &part_type),
    FIELD(thing, list, .type = &part_type, .max = 3),
    FIELD(thing, map, .type = &pane_type),
    FIELD(thing, bytes, .flags = FIELD_INTERNAL),
    {0},
};

static const struct type thing_type = {"thing", sizeof(struct thing), thing_fields,
                                       .owned = offsetof(struct thing, owned)};

static inline const char *write_thing(struct arena *mem, const struct thing *t, enum json_mask mask)
{
    struct buf b = BUF_INIT(1 << 20);
    const char *out;

    json_write(&b, &thing_type, t, mask, mem);
    CHECK(!b.failed);
    out = arena_strndup(mem, b.data, b.len);
    buf_free(&b);
    return out;
}

#endif
