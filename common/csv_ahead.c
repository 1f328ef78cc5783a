#include "common/csv_ahead.h"

#include "common/csv.h"

enum place {
    AT_START, /* of a cell, perhaps behind blanks */
    IN_BARE,
    IN_QUOTED,
    AT_QUOTE, /* in a quoted cell: the end of it, or the first half of a doubled one */
    BEHIND,   /* a quoted cell, perhaps behind blanks */
    AT_CR,    /* behind the row: an LF may follow */
    AT_END,
    NOWHERE, /* it is no row */
};

void ahead_begin(struct ahead *a, char delimiter, size_t columns)
{
    *a = (struct ahead){.delimiter = delimiter, .columns = columns, .place = AT_START};
}

static void end_cell(struct ahead *a)
{
    a->cells++;
    if (a->content)
        a->filled = a->cells;
    a->content = false;
}

/* More than the header has, in a row of several lines: a quote is misplaced. */
static bool has_too_many(const struct ahead *a)
{
    return a->breaks && (a->filled > a->columns || a->cells > CSV_CELLS_MAX);
}

static enum place end_row(struct ahead *a, char ch)
{
    bool even;

    end_cell(a);
    even = a->cells == a->columns || (a->cells > a->columns && a->filled <= a->columns);
    if (a->breaks && (!even || (a->columns > 2 && a->alike * 2 > a->breaks)))
        return NOWHERE;
    return ch == '\r' ? AT_CR : AT_END;
}

static void end_line(struct ahead *a)
{
    a->breaks++;
    a->alike += a->marks + 1 == a->columns;
    a->marks = 0;
}

static enum place in_quoted(struct ahead *a, char ch)
{
    if (ch == '"')
        return AT_QUOTE;
    if (ch == '\r' || (ch == '\n' && !a->cr))
        end_line(a);
    a->marks += ch == a->delimiter;
    a->content = true;
    return IN_QUOTED;
}

/* A byte outside of quotes; else_: where one that ends nothing leads to. */
static enum place outside(struct ahead *a, char ch, enum place else_)
{
    if (ch == a->delimiter) {
        a->marks++;
        end_cell(a);
        return has_too_many(a) ? NOWHERE : AT_START;
    }
    if (ch == '\n' || ch == '\r')
        return end_row(a, ch);
    return else_;
}

static enum place step(struct ahead *a, char ch)
{
    bool blank = ch == ' ' || ch == '\t';

    switch ((enum place)a->place) {
    case AT_START:
        if (ch == '"') {
            a->content = false; /* blanks before a quote are nothing */
            return IN_QUOTED;
        }
        a->content |= ch != a->delimiter && ch != '\n' && ch != '\r';
        return outside(a, ch, blank ? AT_START : IN_BARE);
    case IN_BARE:
        return outside(a, ch, IN_BARE);
    case IN_QUOTED:
        return in_quoted(a, ch);
    case AT_QUOTE:
        if (ch != '"')
            return outside(a, ch, blank ? BEHIND : NOWHERE);
        a->content = true;
        return IN_QUOTED;
    case BEHIND:
        return outside(a, ch, blank ? BEHIND : NOWHERE);
    case AT_CR:
    case AT_END:
    case NOWHERE:
        break;
    }
    return NOWHERE;
}

enum ahead_verdict ahead_take(struct ahead *a, const char *data, size_t n, bool last, size_t *used)
{
    size_t i = 0;

    for (; i < n && a->place != NOWHERE && a->place != AT_END && a->place != AT_CR; i++) {
        a->place = (int)step(a, data[i]);
        a->cr = data[i] == '\r';
        if (++a->taken > AHEAD_MAX)
            a->place = NOWHERE;
    }
    if (last && i == n && a->place != IN_QUOTED && a->place != NOWHERE && a->place != AT_END &&
        a->place != AT_CR)
        a->place = (int)end_row(a, '\n');
    if (a->place == AT_CR && (i < n || last)) {
        i += i < n && data[i] == '\n';
        a->place = AT_END;
    }
    *used = i;
    if (a->place == AT_END)
        return AHEAD_ROW;
    return a->place == NOWHERE || (last && i == n) ? AHEAD_BROKEN : AHEAD_MORE;
}
