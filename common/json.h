/*
 * Records to and from JSON, driven by their struct type.
 *
 * In: strict (cJSON behind a wrapper).  Out: written straight to bytes; the one place where values
 * are masked.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <cjson/cJSON.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/type.h"

enum json_side {
    JSON_FROM_CLIENT, /* enforce REQUIRED and ranges; refuse SERVER, unknown and repeated members */
    JSON_FROM_SERVER, /* trust ranges and words, which grow; skip what is absent or unknown */
};

/*
 * Parse text[len], which must be followed by a NUL.  Stricter than cJSON: well-formed UTF-8, one
 * document, nothing after it, no \u0000 (cJSON would end the string there), no bare controls, the
 * numbers of RFC 8259, at most 32 levels.
 * *out belongs to mem.
 * errors: ERR_INVALID and then *why (may be NULL) says what; ERR_NO_MEMORY
 */
enum err json_parse(struct arena *mem, const char *text, size_t len, const cJSON **out,
                    struct problem *why) MUST_CHECK;

/*
 * Fill *rec from obj; strings are copied into mem.  Members that are absent or null are left as
 * they are.  `given` (may be NULL) gets the set of fields that were there and not null. errors:
 * ERR_INVALID and then *why says what and where
 */
enum err json_decode(const struct type *type, const cJSON *obj, enum json_side side,
                     struct arena *mem, void *rec, uint64_t *given, struct problem *why) MUST_CHECK;

/* One text into one field of a record, with the same checks: for query strings, forms and options.
 */
enum err json_decode_text(const struct field *f, const char *text, struct arena *mem, void *rec,
                          struct problem *why) MUST_CHECK;

enum json_mask {
    JSON_MASKED = 0, /* every field with a mask is masked */
    JSON_OWNED,      /* but those whose `own` bit is set in the record */
};

/* Append the record as an object. Texts with a mask need `mem`. */
void json_write(struct buf *b, const struct type *type, const void *rec, enum json_mask mask,
                struct arena *mem);
/* The value of one field of rec, as json_write() writes it behind its name, but never masked. */
void json_write_value(struct buf *b, const struct field *f, const void *rec, enum json_mask mask,
                      struct arena *mem);
/* A quoted, escaped string; NULL gives null. */
void json_write_text(struct buf *b, const char *text);

/* Members of a cJSON object that may lack them: NULL, fallback. */
const char *json_str(const cJSON *obj, const char *name);
double json_num(const cJSON *obj, const char *name, double fallback);
bool json_bool(const cJSON *obj, const char *name);

#endif
