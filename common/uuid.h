/*
 * UUIDs: version 7 (RFC 9562 5.7) for rows, and ones derived by hash for rows that must not exist
 * twice.  16 bytes in the store, 36 characters on the wire.  Never a secret.
 */
#ifndef COMMON_UUID_H
#define COMMON_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uuid {
    uint8_t b[16];
};

enum { UUID_TEXT = 37 };

/* Strictly increasing within the process, also when the clock goes back. */
struct uuid uuid_new(void);

/* Version 7 in form, at `ms`, the rest from a hash of data: the same input gives the same id. */
struct uuid uuid_at(int64_t ms, const void *data, size_t n);

bool uuid_is_zero(const struct uuid *u);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
int uuid_compare(const struct uuid *a, const struct uuid *b);
const char *uuid_text(const struct uuid *u, char out[UUID_TEXT]); /* returns out */
/* The canonical form, in either case of letters (RFC 9562 4); anything else is false. */
bool uuid_parse(const char *text, struct uuid *out);

#endif
