#include "tui/widgets/paint.h"

#include <curses.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

enum { TEXT_MAX = 1024, PERCENT_WIDTH = 8 };

/* Where the frame's focus is. */
static int focus_y, focus_x;

/*
 * Of each line: does it hold wide characters, and does a box lie over it, now or in the frame
 * before?  Where the edge of a box cuts a wide character curses loses a half of it, so such lines
 * are written whole.
 */
enum { LINES_KEPT = 512 };
static struct {
    bool wide, boxed, was_boxed;
} line[LINES_KEPT];

/* A locale without UTF-8 gets ASCII alone. */
static bool is_utf8(void)
{
    return MB_CUR_MAX > 1;
}

static void to_ascii(char *text)
{
    char *to = text;
    size_t len;

    for (const char *from = text; *from; from += len) {
        int32_t c = utf8_next(from, &len);

        if (c < 128)
            *to++ = (char)c;
        else
            for (int i = utf8_width(c); i > 0; i--)
                *to++ = '?';
    }
    *to = '\0';
}

static char *prepare(struct arena *mem, const char *text)
{
    char *clean = utf8_clean(mem, text ? text : "");

    if (!is_utf8())
        to_ascii(clean);
    return clean;
}

static bool is_on_screen(int y, int x, int *width)
{
    if (*width <= 0 || y < 0 || x < 0 || y >= LINES || x >= COLS)
        return false;
    if (x + *width > COLS)
        *width = COLS - x;
    return true;
}

static void fill(int width, enum style_role role)
{
    attrset(theme_blank(role));
    if (width > 0)
        printw("%*s", width, "");
}

static bool has_wide(const char *text)
{
    size_t len;

    for (; *text; text += len)
        if (utf8_width(utf8_next(text, &len)) > 1)
            return true;
    return false;
}

static void paint(int y, int x, int width, enum style_role role, const char *text, bool right)
{
    struct arena *mem;
    char *clean;
    int used;

    if (!is_on_screen(y, x, &width))
        return;
    mem = arena_new();
    clean = prepare(mem, text);
    clean[utf8_fit(clean, width)] = '\0';
    used = utf8_columns(clean);
    if (y < LINES_KEPT && has_wide(clean))
        line[y].wide = true;
    move(y, x);
    if (right)
        fill(width - used, role);
    attrset(theme_attr(role));
    addstr(clean);
    if (!right)
        fill(width - used, role);
    attrset(theme_attr(STYLE_TEXT));
    arena_free(mem);
}

void paint_text(int y, int x, int width, enum style_role role, const char *text)
{
    paint(y, x, width, role, text, false);
}

void paint_right(int y, int x, int width, enum style_role role, const char *text)
{
    paint(y, x, width, role, text, true);
}

void paint_printf(int y, int x, int width, enum style_role role, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    paint_text(y, x, width, role, text);
}

void paint_said(int y, int x, int width, enum style_role role, const char *text)
{
    char glyph = role == STYLE_OK     ? theme_glyph(GLYPH_OK)
                 : role == STYLE_WARN ? theme_glyph(GLYPH_WARN)
                 : role == STYLE_ERR  ? theme_glyph(GLYPH_ERR)
                                      : ' ';

    paint_printf(y, x, width, role, "%c %s", glyph, text ? text : "");
}

/* The frame's parts: corners from the upper left clockwise, then across and down. */
static const char *const *frame_parts(void)
{
    static const char *const lines[] = {"┌", "┐", "┘", "└", "─", "│"};
    static const char *const ascii[] = {"+", "+", "+", "+", "-", "|"};
    static const char *const none[] = {" ", " ", " ", " ", " ", " "};

    switch (theme_border()) {
    case BORDER_NONE:
        return none;
    case BORDER_LINE:
        return is_utf8() ? lines : ascii;
    case BORDER_ASCII:
        break;
    }
    return ascii;
}

static void paint_edge(int y, int x, int cols, const char *left, const char *middle,
                       const char *right)
{
    mvaddstr(y, x, left);
    for (int i = 2; i < cols; i++)
        addstr(middle);
    addstr(right);
}

/* Does a wide character begin in this cell? */
static bool begins_wide(int y, int x)
{
    wchar_t text[CCHARW_MAX + 1];
    cchar_t cell;
    attr_t attr;
    short pair;

    return x >= 0 && x < COLS && mvin_wch(y, x, &cell) == OK &&
           getcchar(&cell, text, &attr, &pair, NULL) == OK && utf8_width((int32_t)text[0]) > 1;
}

/* A wide character that an edge would cut goes whole: curses keeps the half, and the line shifts.
 */
static void clear_edges(int y, int x, int cols)
{
    if (begins_wide(y, x - 1))
        mvaddch(y, x - 1, ' ');
    if (x + cols < COLS && begins_wide(y, x + cols - 1))
        mvaddstr(y, x + cols - 1, "  ");
}

static void take_area(int y, int x, int rows, int cols)
{
    for (int i = y; i < y + rows; i++) {
        if (i < LINES_KEPT)
            line[i].boxed = true;
        clear_edges(i, x, cols);
    }
}

void paint_area(int y, int x, int rows, int cols)
{
    if (y < 0 || x < 0 || y + rows > LINES || x + cols > COLS)
        return;
    take_area(y, x, rows, cols);
    for (int i = y; i < y + rows; i++)
        paint_text(i, x, cols, STYLE_TEXT, "");
}

bool paint_box(int y, int x, int rows, int cols, const char *title)
{
    const char *const *part = frame_parts();
    int width = utf8_columns(title) + 2;

    if (y < 0 || x < 0 || rows < 3 || cols < 8 || y + rows > LINES || x + cols > COLS)
        return false;
    take_area(y, x, rows, cols);
    paint_edge(y, x, cols, part[0], part[4], part[1]);
    for (int i = 1; i < rows - 1; i++)
        paint_edge(y + i, x, cols, part[5], " ", part[5]);
    paint_edge(y + rows - 1, x, cols, part[3], part[4], part[2]);
    paint_printf(y, x + 2, width < cols - 4 ? width : cols - 4, STYLE_ACCENT, " %s ", title);
    return true;
}

bool paint_dialog(int rows, int cols, int inner_rows, int inner_cols, const char *title,
                  struct place *out)
{
    int h = inner_rows + 2 < rows ? inner_rows + 2 : rows;
    int w = inner_cols + 4 < cols ? inner_cols + 4 : cols;

    *out = (struct place){1 + (rows - h) / 2, (cols - w) / 2, h, w};
    if (!paint_box(out->y, out->x, h, w, title))
        return false;
    *out = (struct place){out->y + 1, out->x + 2, h - 2, w - 4};
    return true;
}

void paint_rule(int y, int x, int rows)
{
    for (int i = 0; i < rows; i++)
        mvaddstr(y + i, x, frame_parts()[5]);
}

void paint_bar(int y, int x, int width, int64_t done, int64_t all)
{
    static const char *const parts[][2] = {
        [CHART_BLOCK] = {"█", "░"}, [CHART_BRAILLE] = {"⣿", "⠤"}, [CHART_ASCII] = {"#", "-"}};
    const char *const *part = parts[is_utf8() ? theme_chart() : CHART_ASCII];
    int inner = width - PERCENT_WIDTH, full;
    int64_t percent = all > 0 ? done * 100 / all : 0;

    if (!is_on_screen(y, x, &width) || inner < 4)
        return;
    percent = percent > 100 ? 100 : percent < 0 ? 0 : percent;
    full = (int)(inner * percent / 100);
    attrset(theme_attr(STYLE_ACCENT));
    mvaddstr(y, x, "[");
    for (int i = 0; i < inner; i++)
        addstr(part[i >= full]);
    printw("] %3d %%", (int)percent);
    attrset(theme_attr(STYLE_TEXT));
}

void paint_gutter(int y, int x, bool here, bool marked)
{
    char text[3] = {here ? theme_glyph(GLYPH_CURSOR) : ' ', marked ? theme_glyph(GLYPH_MARK) : ' ',
                    '\0'};

    paint_text(y, x, 2, here ? STYLE_GUTTER : STYLE_TEXT, text);
    if (here)
        paint_focus(y, x);
}

void paint_focus(int y, int x)
{
    focus_y = y;
    focus_x = x;
}

void paint_begin(void)
{
    for (int i = 0; i < LINES_KEPT; i++) {
        line[i].was_boxed = line[i].boxed;
        line[i].wide = line[i].boxed = false;
    }
    paint_focus(LINES - 1, 0);
}

void paint_end(void)
{
    for (int i = 0; i < LINES && i < LINES_KEPT; i++)
        if (line[i].wide && (line[i].boxed || line[i].was_boxed))
            wredrawln(stdscr, i, 1);
    move(focus_y < LINES ? focus_y : LINES - 1, focus_x < COLS ? focus_x : COLS - 1);
}

static void group(const char *plain, char out[NUMBER_TEXT])
{
    size_t len = strcspn(plain, "."), k = 0;

    for (size_t i = 0; plain[i] && k + 2 < NUMBER_TEXT; i++) {
        if (i && i < len && plain[i - 1] != '-' && (len - i) % 3 == 0)
            out[k++] = ',';
        out[k++] = plain[i];
    }
    out[k] = '\0';
}

const char *paint_number(int64_t n, char out[NUMBER_TEXT])
{
    char plain[24];

    snprintf(plain, sizeof(plain), "%lld", (long long)n);
    group(plain, out);
    return out;
}

const char *paint_credits(struct credits c, char out[NUMBER_TEXT])
{
    char plain[CREDITS_TEXT];

    group(credits_text(c, plain), out);
    return out;
}
