/*
 * A look beyond the reader's window, for a row that does not end in it: where does it end, and is
 * it a row?  In pieces of any size, and in constant memory: only the structure is followed.
 *
 * The row is one when its quoted cells end where cells may end, it has as many cells as the header,
 * and it is not a quote that was lost: then most lines inside of cells would look like rows (told
 * where the header has more than two columns).
 */
#ifndef COMMON_CSV_AHEAD_H
#define COMMON_CSV_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AHEAD_MAX = 64 * 1024 * 1024 }; /* bytes; what is longer is no row */

enum ahead_verdict { AHEAD_MORE, AHEAD_ROW, AHEAD_BROKEN };

struct ahead {
    char delimiter;
    size_t columns; /* of the header */
    int64_t taken;
    int64_t breaks; /* line ends inside of cells */
    int64_t alike;  /* of these lines, how many look like rows */
    size_t marks;   /* delimiters of the line at hand */
    size_t cells;   /* that have ended */
    size_t filled;  /* as many cells, up to the last that is not empty */
    int place;
    bool content; /* the cell at hand is not empty */
    bool cr;      /* the byte before was a CR */
};

void ahead_begin(struct ahead *a, char delimiter, size_t columns);
/*
 * The next n bytes; `last` when none follow.  AHEAD_ROW: it ends behind *used bytes of these.
 */
enum ahead_verdict ahead_take(struct ahead *a, const char *data, size_t n, bool last, size_t *used);

#endif
