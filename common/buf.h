/* A growing run of bytes with a ceiling; NUL-terminated once used. */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * Errors are sticky: once an addition did not fit (ceiling) or found no memory, `failed` stays set,
 * the contents stay as they were, and later additions do nothing.  So a writer adds freely and
 * looks once, at the end.
 */
struct buf {
    char *data;
    size_t len, size, max;
    bool failed;
};

#define BUF_INIT(max_) \
    {                  \
        .max = (max_)  \
    }

void buf_add(struct buf *b, const void *data, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t n);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_clear(struct buf *b); /* keeps the memory, forgets a failure */
void buf_free(struct buf *b);
/* The bytes change owner: the caller frees them; b is empty. NULL when b failed or is empty. */
char *buf_take(struct buf *b);

#endif
