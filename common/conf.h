/*
 * Configuration: a table of options, read from `name = value` lines and from --name value.
 * Unknown names are errors, so that a misspelt limit is not a missing limit.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/mem.h"

enum conf_kind {
    CONF_STR,  /* const char * */
    CONF_INT,  /* int64_t */
    CONF_RATE, /* int64_t; the word `unlimited` is INT64_MAX */
    CONF_BOOL, /* bool: yes, no, true, false */
    CONF_SIZE, /* int64_t bytes; suffixes K, M, G (1024) */
};

struct conf_option {
    const char *name;
    enum conf_kind kind;
    size_t offset;
    const char *fallback; /* text; NULL: zero */
    int64_t min, max;     /* of numbers; max 0: none */
    const char *doc;      /* one sentence */
};

/* Set every option to its fallback. */
void conf_defaults(const struct conf_option *rows, void *into, struct arena *mem);
/* One option from text. errors: ERR_INVALID naming the option */
enum err conf_set(const struct conf_option *rows, void *into, struct arena *mem, const char *name,
                  const char *value, struct problem *why) MUST_CHECK;
/* A file of lines `name = value`, # comments. errors: as above, the text begins with the line */
enum err conf_read(const struct conf_option *rows, void *into, struct arena *mem, const char *path,
                   struct problem *why) MUST_CHECK;

#endif
