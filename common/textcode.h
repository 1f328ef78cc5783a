/*
 * The character encodings that files come in, and their way to UTF-8: UTF-8 with and without a byte
 * order mark, UTF-16 with one (RFC 2781), Windows-1252 (the WHATWG encoding index, without its C1
 * controls).
 *
 * What is damaged stays visible: a surrogate without its other half, or a byte that Windows-1252
 * does not have, becomes the byte FF, which is no UTF-8 and which the reader behind it reports.
 */
#ifndef COMMON_TEXTCODE_H
#define COMMON_TEXTCODE_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum textcode {
    TEXT_UTF8,
    TEXT_UTF8_BOM,
    TEXT_UTF16LE,
    TEXT_UTF16BE,
    TEXT_WINDOWS_1252,
};

/* "UTF-8", "UTF-8 with a byte order mark", ...: for people. */
const char *textcode_name(enum textcode t);

/*
 * Which of them is it?  Feed the beginning of the file, better all of it, in pieces of any size.
 * Without a mark it is UTF-8, unless more bytes break UTF-8's rules than whole characters beyond
 * ASCII keep them: one damaged letter does not turn a file of UTF-8 into Windows-1252.
 */
struct textcode_sniff {
    uint8_t head[3];
    size_t n; /* bytes seen */
    int want; /* continuation bytes that have to follow */
    uint8_t low, high;
    int64_t good, bad;
};

void textcode_sniff_add(struct textcode_sniff *s, const void *data, size_t n);
enum textcode textcode_sniff_end(const struct textcode_sniff *s);

/* A conversion to UTF-8, without the mark; start with {.from = ...}. */
struct textcode_conv {
    enum textcode from;
    bool started;
    uint8_t held[4]; /* the beginning of what the next piece completes */
    size_t n_held;
};

/* Append the n bytes converted; `last` when none follow. At most three bytes come out of one. */
void textcode_convert(struct textcode_conv *c, const void *data, size_t n, bool last,
                      struct buf *out);

#endif
