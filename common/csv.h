/*
 * Comma-separated values (RFC 4180, and what products write): a reader for streams of any length in
 * bounded memory, and a writer of cells.
 *
 * The reader takes UTF-8 in pieces of any size; how a text is cut changes nothing in what comes
 * out.  Cells are separated by one delimiter, rows by LF, CRLF or CR; a quoted cell may hold both,
 * and its quotes doubled; blanks around a quoted cell are dropped.  Empty lines are no rows.
 *
 * Faults concern one row; reading goes on behind it.  The rule for quotes, where a mistake could
 * swallow the rest of a file: when a quoted cell does not end, is followed by anything but a
 * delimiter or a line's end, or spans lines in a row that has not as many cells as the header, then
 * the row is damaged.  Of it only its first line is taken as damaged, and reading goes on at the
 * start of the next.  Lines behind it are taken as rows again once one of them has as many cells as
 * the header and no quote inside a bare cell; those before are reported as the rest of the damage,
 * for at most CSV_WARY_LINES lines.
 *
 * A row longer than CSV_ROW_MAX is too long as a whole, when it is one (common/csv_ahead.h says
 * when); else it is damaged.  To know, the reader looks ahead, and may want to read again what it
 * has been given: csv_wants() says from where.
 */
#ifndef COMMON_CSV_H
#define COMMON_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

enum {
    CSV_CELL_MAX = 64 * 1024,  /* bytes */
    CSV_ROW_MAX = 1024 * 1024, /* bytes with all quotes and the line's end */
    CSV_CELLS_MAX = 1024,      /* of a row */
    CSV_WARY_LINES = 100,
};

/* name, word on the wire, sentence for people */
#define CSV_FAULT_LIST(X)                                                                       \
    X(NONE, "", "")                                                                             \
    X(CELL_LONG, "cell_too_long", "the cell is longer than 64 KiB")                             \
    X(ROW_LONG, "row_too_long", "the row is longer than 1 MiB")                                 \
    X(CELLS, "too_many_cells", "the row has more cells than the header; is a cell not quoted?") \
    X(NUL, "nul", "the cell holds a NUL byte")                                                  \
    X(ENCODING, "bad_encoding", "the cell is not valid in the encoding of the file")            \
    X(QUOTE, "unbalanced_quote",                                                                \
      "a quote opens or closes in the wrong place; reading went on at the next line")           \
    X(REST, "damaged_row", "the line looks like the rest of the damaged row before it")

enum csv_fault {
#define X(name, word, text) CSV_##name,
    CSV_FAULT_LIST(X)
#undef X
};

const char *csv_fault_word(enum csv_fault f);
const char *csv_fault_text(enum csv_fault f);

struct csv_row {
    const char *const *cells; /* n texts, valid until the next call */
    size_t n;                 /* 0 of a faulty row */
    int64_t line;             /* of the file, the first is 1: where the row begins */
    int64_t end;              /* offset behind the row: the start of a line */
    enum csv_fault fault;
    size_t column; /* of the fault, the first is 0 */
};

struct csv;

/* NULL: no memory. */
struct csv *csv_new(char delimiter);
void csv_free(struct csv *c); /* NULL is fine */

/* How many cells the header has: rows are held against it from then on. */
void csv_expect(struct csv *c, size_t columns);
/* Another bound for rows than CSV_ROW_MAX, for tests. */
void csv_row_max(struct csv *c, size_t bytes);
/* The next byte fed is at `offset` of the text, the start of line `line`; forgets all before. */
void csv_seek(struct csv *c, int64_t offset, int64_t line);

/*
 * The offset of the byte to be fed next: behind the last one, or, when csv_next() has returned
 * false after csv_expect(), perhaps an earlier one.
 */
int64_t csv_wants(const struct csv *c);

/*
 * Give n bytes, which are copied; `last` when none follow.  Take all rows before the next piece, or
 * the memory grows.  errors: ERR_NO_MEMORY
 */
enum err csv_feed(struct csv *c, const void *data, size_t n, bool last) MUST_CHECK;
/* The next row; false: it needs more bytes, or there are no more rows. */
bool csv_next(struct csv *c, struct csv_row *out);
/* Behind a damaged row: do not csv_seek() to here later, the reader would judge differently. */
bool csv_is_wary(const struct csv *c);

/* The likeliest delimiter (, ; tab |) of a text from its beginning; no memory: a comma. */
char csv_sniff(const char *text, size_t n);

/*
 * Append a cell, quoted where it must be.  Spreadsheets take cells that begin with = + - @ or a
 * control character for formulas: such a cell gets an apostrophe in front, unless it is a plain
 * number or telephone number (an optional sign, then digits with at most one point).
 */
void csv_write_cell(struct buf *out, const char *text);

#endif
