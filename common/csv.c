/*
 * The reader keeps the bytes of the row at hand in one window, and looks at a row only as a whole:
 * first for its structure, without touching it, so that a damaged row can be read again from its
 * second line; then, in place, for its cells.  That makes the pieces it is fed in irrelevant.
 */
#include "common/csv.h"

#include <stdlib.h>
#include <string.h>

#include "common/csv_ahead.h"
#include "common/utf8.h"

struct span {
    size_t at, len;
    bool doubled; /* holds doubled quotes */
};

struct csv {
    char delimiter;
    size_t columns; /* 0: unknown */
    char *data;     /* the window: bytes [start, end) are not consumed */
    size_t start, end, size;
    size_t retry; /* nothing to be found before there are so many bytes */
    bool last;
    int64_t line, offset; /* of data[start] */
    int64_t wary_until;   /* line; 0: not wary */
    enum csv_fault skip;  /* not NONE: dropping the rest of the line for this reason */
    size_t skip_column;
    size_t row_max;
    struct ahead ahead; /* beyond the window, for the row that began here: */
    bool looking;
    int64_t row_offset, row_line;
    size_t row_column;
    int64_t blind; /* offset: a look from before it has come this far in vain */
    struct span spans[CSV_CELLS_MAX];
    const char *cells[CSV_CELLS_MAX];
};

enum verdict { NEED_MORE, WHOLE, DAMAGED, TOO_LONG };

/* A look at the row that begins at csv->start. */
struct look {
    size_t at, limit; /* limit: the window's or the row's end, whichever is nearer */
    size_t n;         /* cells before the one at hand */
    int64_t breaks;   /* line ends inside of cells */
    bool stray;       /* a quote inside a bare cell */
    bool hard;        /* nothing comes behind limit */
    struct span span;
};

#define X(name, word, text) [CSV_##name] = {word, text},
static const struct {
    const char *word, *text;
} faults[] = {CSV_FAULT_LIST(X)};
#undef X

const char *csv_fault_word(enum csv_fault f)
{
    return faults[f].word;
}

const char *csv_fault_text(enum csv_fault f)
{
    return faults[f].text;
}

struct csv *csv_new(char delimiter)
{
    struct csv *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->delimiter = delimiter;
    c->line = 1;
    c->row_max = CSV_ROW_MAX;
    return c;
}

void csv_free(struct csv *c)
{
    if (c)
        free(c->data);
    free(c);
}

void csv_expect(struct csv *c, size_t columns)
{
    c->columns = columns;
}

void csv_row_max(struct csv *c, size_t bytes)
{
    c->row_max = bytes;
}

void csv_seek(struct csv *c, int64_t offset, int64_t line)
{
    c->start = c->end = c->retry = 0;
    c->last = false;
    c->wary_until = 0;
    c->skip = CSV_NONE;
    c->looking = false;
    c->blind = 0;
    c->offset = offset;
    c->line = line;
}

int64_t csv_wants(const struct csv *c)
{
    return c->offset + (int64_t)(c->end - c->start);
}

bool csv_is_wary(const struct csv *c)
{
    return c->wary_until > 0;
}

enum err csv_feed(struct csv *c, const void *data, size_t n, bool last)
{
    size_t held = c->end - c->start;

    if (c->start && held)
        memmove(c->data, c->data + c->start, held);
    c->start = 0;
    c->end = held;
    if (c->size < held + n + 1) { /* one more: the NUL of the last cell */
        size_t size = (held + n + 1) + (held + n + 1) / 2;
        char *p = realloc(c->data, size);

        if (!p)
            return ERR_NO_MEMORY;
        c->data = p;
        c->size = size;
    }
    if (n)
        memcpy(c->data + held, data, n);
    c->end += n;
    c->last = last;
    return ERR_OK;
}

static bool is_blank(const struct csv *c, char ch)
{
    return (ch == ' ' || ch == '\t') && ch != c->delimiter;
}

static enum verdict ran_out(const struct csv *c, const struct look *l)
{
    return l->limit == c->start + c->row_max ? TOO_LONG : NEED_MORE;
}

/* From behind the opening quote to behind the closing one. */
static enum verdict look_quoted(const struct csv *c, struct look *l)
{
    const char *d = c->data;

    l->span = (struct span){.at = l->at};
    for (; l->at < l->limit; l->at++) {
        if (d[l->at] == '\n' || (d[l->at] == '\r' && d[l->at + 1] != '\n'))
            l->breaks++;
        if (d[l->at] != '"')
            continue;
        if (l->at + 1 == l->limit && !l->hard)
            return ran_out(c, l); /* perhaps the first half of a doubled one */
        if (l->at + 1 < l->limit && d[l->at + 1] == '"') {
            l->span.doubled = true;
            l->at++;
            continue;
        }
        l->span.len = l->at - l->span.at;
        l->at++;
        while (l->at < l->limit && is_blank(c, d[l->at]))
            l->at++;
        return WHOLE;
    }
    return l->hard ? DAMAGED : ran_out(c, l);
}

static void look_bare(const struct csv *c, struct look *l, size_t from)
{
    const char *d = c->data;
    size_t at = l->at;

    for (; at < l->limit && d[at] != c->delimiter && d[at] != '\n' && d[at] != '\r'; at++)
        l->stray |= d[at] == '"';
    l->at = at;
    l->span = (struct span){from, at - from, false};
}

static enum verdict look_cell(struct csv *c, struct look *l)
{
    size_t from = l->at;

    while (l->at < l->limit && is_blank(c, c->data[l->at]))
        l->at++;
    if (l->at < l->limit && c->data[l->at] == '"') {
        l->at++;
        return look_quoted(c, l);
    }
    look_bare(c, l, from);
    return WHOLE;
}

/* Behind a cell: the end of the row (true, *v says which) or of the cell alone. */
static bool look_end(const struct csv *c, struct look *l, enum verdict *v)
{
    char ch;

    *v = WHOLE;
    if (l->at == l->limit) {
        *v = l->hard ? WHOLE : ran_out(c, l);
        return true;
    }
    ch = c->data[l->at++];
    if (ch == c->delimiter)
        return false;
    if (ch == '\r' && l->at == l->limit && !l->hard)
        *v = ran_out(c, l); /* perhaps a line feed follows */
    else if (ch == '\r' && l->at < l->limit && c->data[l->at] == '\n')
        l->at++;
    else if (ch != '\n' && ch != '\r')
        *v = DAMAGED; /* text behind a closing quote */
    return true;
}

static enum verdict look_row(struct csv *c, struct look *l)
{
    enum verdict v;

    *l = (struct look){.at = c->start, .limit = c->end};
    if (l->limit - c->start >= c->row_max)
        l->limit = c->start + c->row_max;
    else
        l->hard = c->last;
    c->data[c->end] = '\0';
    for (;; l->n++) {
        v = look_cell(c, l);
        if (v != WHOLE)
            return v;
        if (l->n < CSV_CELLS_MAX)
            c->spans[l->n] = l->span;
        if (c->columns && l->breaks && l->n > CSV_CELLS_MAX)
            return DAMAGED;
        if (look_end(c, l, &v)) {
            l->n += v == WHOLE; /* a fault is of the cell at hand */
            return v;
        }
    }
}

/* Cut the cells out, in place. */
static void cut(struct csv *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct span *s = &c->spans[i];
        char *from = c->data + s->at, *to = from, *end = from + s->len;

        c->cells[i] = from;
        if (s->doubled) {
            for (; from < end; from++) {
                *to++ = *from;
                if (*from == '"')
                    from++;
            }
            end = to;
        }
        *end = '\0';
    }
}

/* The first cell that breaks a rule of its own; n: none does. */
static size_t bad_cell(const struct csv *c, size_t n, enum csv_fault *fault)
{
    for (size_t i = 0; i < n; i++) {
        const struct span *s = &c->spans[i];

        if (s->len > CSV_CELL_MAX)
            *fault = CSV_CELL_LONG;
        else if (memchr(c->data + s->at, '\0', s->len))
            *fault = CSV_NUL;
        else if (!utf8_valid(c->data + s->at, s->len))
            *fault = CSV_ENCODING;
        else
            continue;
        return i;
    }
    return n;
}

static bool is_empty(const struct csv *c, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (c->spans[i].len)
            return false;
    return true;
}

static void consume(struct csv *c, size_t to, int64_t lines)
{
    c->offset += (int64_t)(to - c->start);
    c->start = to;
    c->line += lines;
    c->retry = 0;
}

static void begin_skip(struct csv *c, enum csv_fault fault, size_t column)
{
    c->skip = fault;
    c->skip_column = column;
    c->wary_until = fault == CSV_REST ? c->wary_until : c->line + CSV_WARY_LINES;
}

/*
 * The row does not end in the window.  Behind a look that was in vain there is none again: each
 * byte is read a bounded number of times.
 */
static void begin_ahead(struct csv *c, size_t column)
{
    if (!c->columns || c->offset < c->blind) {
        begin_skip(c, CSV_ROW_LONG, column);
        return;
    }
    ahead_begin(&c->ahead, c->delimiter, c->columns);
    c->looking = true;
    c->row_offset = c->offset;
    c->row_line = c->line;
    c->row_column = column;
}

/* true: out is the row, all of it.  Or there is more to look at, or c->skip its first line. */
static bool look_ahead(struct csv *c, struct csv_row *out)
{
    size_t used;
    enum ahead_verdict v =
        ahead_take(&c->ahead, c->data + c->start, c->end - c->start, c->last, &used);

    consume(c, c->start + used, 0);
    if (v == AHEAD_MORE)
        return false;
    c->looking = false;
    if (v == AHEAD_ROW) {
        c->wary_until = 0;
        c->line = c->row_line + c->ahead.breaks + 1;
        *out = (struct csv_row){
            .line = c->row_line, .end = c->offset, .fault = CSV_ROW_LONG, .column = c->row_column};
        return true;
    }
    c->blind = c->offset;
    c->start = c->end = 0;
    c->last = false;
    c->offset = c->row_offset;
    begin_skip(c, c->ahead.breaks ? CSV_QUOTE : CSV_ROW_LONG, c->row_column);
    return false;
}

/* Drop the rest of the line; true: it is done, and out is the row that was damaged. */
static bool end_skip(struct csv *c, struct csv_row *out)
{
    size_t at = c->start;

    while (at < c->end && c->data[at] != '\n' && c->data[at] != '\r')
        at++;
    if (!c->last && at + (at < c->end && c->data[at] == '\r') >= c->end) {
        consume(c, at, 0);
        return false;
    }
    if (at < c->end)
        at += at + 1 < c->end && c->data[at] == '\r' && c->data[at + 1] == '\n' ? 2 : 1;
    *out = (struct csv_row){.line = c->line, .fault = c->skip, .column = c->skip_column};
    consume(c, at, 1);
    out->end = c->offset;
    c->skip = CSV_NONE;
    return true;
}

/* Is what looks whole the work of a misplaced quote?  See the rule in the header. */
static enum csv_fault judge(struct csv *c, const struct look *l)
{
    bool odd = c->columns && l->n != c->columns;

    if (c->wary_until && c->line >= c->wary_until)
        c->wary_until = 0;
    if (odd && l->n > c->columns && l->n <= CSV_CELLS_MAX && is_empty(c, c->columns, l->n))
        odd = false;
    if (c->wary_until && (odd || l->stray))
        return CSV_REST;
    if (odd && (l->breaks || l->stray))
        return CSV_QUOTE;
    c->wary_until = 0;
    return CSV_NONE;
}

static void whole_row(struct csv *c, const struct look *l, struct csv_row *out)
{
    size_t n = l->n < CSV_CELLS_MAX ? l->n : CSV_CELLS_MAX;

    *out = (struct csv_row){.cells = c->cells, .n = n, .line = c->line};
    if (l->n > CSV_CELLS_MAX) {
        out->fault = CSV_CELLS;
        out->column = CSV_CELLS_MAX;
    } else if ((out->column = bad_cell(c, n, &out->fault)) == n && c->columns && n > c->columns) {
        if (!is_empty(c, c->columns, n)) {
            out->fault = CSV_CELLS;
            out->column = c->columns;
        }
        out->n = c->columns;
    }
    if (out->fault)
        out->n = 0;
    cut(c, out->n);
    consume(c, l->at, l->breaks + 1);
    out->end = c->offset;
}

bool csv_next(struct csv *c, struct csv_row *out)
{
    struct look l;

    for (;;) {
        enum csv_fault fault;

        if (c->looking && look_ahead(c, out))
            return true;
        if (c->looking)
            return false;
        if (c->skip)
            return end_skip(c, out);
        if (c->start == c->end || (c->end - c->start < c->retry && !c->last))
            return false;
        switch (look_row(c, &l)) {
        case NEED_MORE:
            c->retry = 2 * (c->end - c->start);
            return false;
        case TOO_LONG:
            begin_ahead(c, l.n);
            continue;
        case DAMAGED:
            begin_skip(c, CSV_QUOTE, l.n);
            continue;
        case WHOLE:
            break;
        }
        if (l.n == 1 && !c->spans[0].len && c->data[c->start] != '"') {
            consume(c, l.at, 1);
            continue;
        }
        fault = judge(c, &l);
        if (fault) {
            begin_skip(c, fault, l.n - 1);
            continue;
        }
        whole_row(c, &l, out);
        return true;
    }
}

/* Rows of the most frequent width above one, times that width's rank: how even a table it makes. */
static size_t evenness(const char *text, size_t n, char delimiter)
{
    enum { ROWS = 50 };
    struct csv *c = csv_new(delimiter);
    size_t width[ROWS], rows = 0, best = 0;
    struct csv_row row;

    if (c && !csv_feed(c, text, n, false))
        while (rows < ROWS && csv_next(c, &row))
            width[rows++] = row.n;
    if (c && rows == 0 && !csv_feed(c, NULL, 0, true))
        while (rows < ROWS && csv_next(c, &row))
            width[rows++] = row.n;
    csv_free(c);
    for (size_t i = 0; i < rows; i++) {
        size_t same = 0;

        for (size_t j = 0; j < rows; j++)
            same += width[j] == width[i];
        if (width[i] > 1 && same * 4096 + width[i] > best)
            best = same * 4096 + width[i];
    }
    return best;
}

char csv_sniff(const char *text, size_t n)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    size_t best = 0;
    char found = ',';

    if (n > 4 && memcmp(text, "sep=", 4) == 0)
        return text[4];
    for (size_t i = 0; i < sizeof(candidates); i++) {
        size_t even = evenness(text, n, candidates[i]);

        if (even > best) {
            best = even;
            found = candidates[i];
        }
    }
    return found;
}

static bool is_number(const char *s)
{
    size_t digits = 0, points = 0;

    if (*s == '+' || *s == '-')
        s++;
    for (; *s; s++) {
        digits += *s >= '0' && *s <= '9';
        points += *s == '.';
        if (*s != '.' && (*s < '0' || *s > '9'))
            return false;
    }
    return digits > 0 && points <= 1;
}

/* The four signs, also in the full-width forms that spreadsheets take for them. */
static bool is_formula(const char *s)
{
    static const char *const starts[] = {
        "=", "+", "-", "@", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

    if ((unsigned char)*s < 0x20 && *s)
        return true;
    for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
        if (strncmp(s, starts[i], strlen(starts[i])) == 0)
            return !is_number(s);
    return false;
}

void csv_write_cell(struct buf *out, const char *text)
{
    bool formula = is_formula(text);

    if (!formula && !strpbrk(text, "\",;\t|\r\n")) {
        buf_str(out, text);
        return;
    }
    buf_str(out, formula ? "\"'" : "\"");
    for (; *text; text++) {
        if (*text == '"')
            buf_char(out, '"');
        buf_char(out, *text);
    }
    buf_char(out, '"');
}
