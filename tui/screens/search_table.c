/* The table of results: columns by what the first page holds, the least important ones go first. */
#include "common/utf8.h"
#include "tui/screens/search.h"
#include "tui/widgets/paint.h"

enum column { NAME, TITLE, COMPANY, COUNTRY, EMAIL, PHONE, SCORE, COLUMNS };

static const struct {
    const char *title;
    int least, most;
} columns[COLUMNS] = {
    [NAME] = {"NAME", 12, 26}, [TITLE] = {"TITLE", 12, 34},  [COMPANY] = {"COMPANY", 12, 30},
    [COUNTRY] = {"CC", 2, 2},  [EMAIL] = {"E-MAIL", 14, 30}, [PHONE] = {"PHONE", 12, 20},
    [SCORE] = {"SCORE", 5, 5},
};

/* Who gives way first when it is narrow; the first ones are extras. */
enum { EXTRAS = 2 };
static const enum column drop_order[] = {SCORE, PHONE, COUNTRY, EMAIL, COMPANY, TITLE};

static const char *cell(struct arena *mem, const struct profile *p, enum column c)
{
    const char *text = NULL;

    switch (c) {
    case NAME:
        text = p->name;
        break;
    case TITLE:
        text = p->title;
        break;
    case COMPANY:
        text = p->company;
        break;
    case COUNTRY:
        text = p->country;
        break;
    case EMAIL:
        text = p->owned & OWN_EMAIL ? "owned" : p->email;
        break;
    case PHONE:
        text = p->owned & OWN_PHONE ? "owned" : p->phone;
        break;
    case SCORE:
        text = arena_printf(mem, "%d", (int)p->score);
        break;
    case COLUMNS:
        break;
    }
    return text ? text : "-";
}

void search_measure(struct search *s)
{
    struct arena *mem = arena_new();

    _Static_assert((int)COLUMNS <= (int)(sizeof(s->natural) / sizeof(*s->natural)), "all fit");
    for (int c = 0; c < COLUMNS; c++) {
        s->natural[c] = columns[c].least;
        for (int i = 0; i < s->rows.n && i < PAGE_ROWS; i++) {
            int width = utf8_columns(cell(mem, search_row(s, i), (enum column)c));

            if (width > s->natural[c])
                s->natural[c] = width < columns[c].most ? width : columns[c].most;
        }
    }
    arena_free(mem);
}

static int total(const int *widths)
{
    int sum = -1; /* a space between two */

    for (int c = 0; c < COLUMNS; c++)
        sum += widths[c] ? widths[c] + 1 : 0;
    return sum;
}

static void take_natural(const struct search *s, int *widths)
{
    for (int c = 0; c < COLUMNS; c++)
        if (widths[c])
            widths[c] = s->natural[c] > columns[c].least ? s->natural[c] : columns[c].least;
}

/* The widest above its least gives a column; false: all are at their least. */
static bool shrink(int *widths)
{
    int widest = NAME;

    for (int c = 0; c < COLUMNS; c++)
        if (widths[c] - columns[c].least > widths[widest] - columns[widest].least)
            widest = c;
    if (widths[widest] <= columns[widest].least)
        return false;
    widths[widest]--;
    return true;
}

/*
 * Score and phone are for those who have room for whole names; the others go when not even their
 * least widths fit.
 */
static void choose_widths(const struct search *s, int cols, int *widths)
{
    size_t dropped = 0;

    for (int c = 0; c < COLUMNS; c++)
        widths[c] = columns[c].least;
    take_natural(s, widths);
    for (; total(widths) > cols && dropped < EXTRAS; dropped++)
        widths[drop_order[dropped]] = 0;
    while (total(widths) > cols && shrink(widths))
        ;
    for (; total(widths) > cols && dropped < sizeof(drop_order) / sizeof(*drop_order); dropped++)
        widths[drop_order[dropped]] = 0;
    take_natural(s, widths);
    while (total(widths) > cols && shrink(widths))
        ;
}

static void draw_head(const int *widths, int y, int x)
{
    for (int c = 0; c < COLUMNS; c++) {
        if (widths[c])
            paint_text(y, x, widths[c], STYLE_TEXT, columns[c].title);
        x += widths[c] ? widths[c] + 1 : 0;
    }
}

static enum style_role cell_role(const struct profile *p, int c, bool here)
{
    if (c == NAME && here)
        return STYLE_CURSOR;
    if ((c == EMAIL && p->owned & OWN_EMAIL) || (c == PHONE && p->owned & OWN_PHONE))
        return STYLE_OK;
    return STYLE_TEXT;
}

static void draw_row(const struct search *s, const int *widths, int y, int x, int i)
{
    const struct profile *p = search_row(s, i);
    struct arena *mem = arena_new();
    bool here = i == s->rows.at;

    paint_gutter(y, x, here && s->focus == FOCUS_RESULTS, search_is_marked(s, p));
    x += 2;
    for (int c = 0; c < COLUMNS; c++) {
        if (widths[c])
            paint_text(y, x, widths[c], cell_role(p, c, here), cell(mem, p, (enum column)c));
        x += widths[c] ? widths[c] + 1 : 0;
    }
    arena_free(mem);
}

void search_draw_table(struct search *s, int y, int x, int rows, int cols)
{
    int widths[COLUMNS];

    choose_widths(s, cols - 2, widths);
    if (s->rows.n)
        draw_head(widths, y, x + 2);
    scroll_fit(&s->rows, rows - 1);
    for (int i = 0; i < rows - 1 && s->rows.top + i < s->rows.n; i++)
        draw_row(s, widths, y + 1 + i, x, s->rows.top + i);
    if (s->rows.n)
        return;
    if (s->trouble[0])
        paint_said(y + 2, x + 1, cols - 2, STYLE_WARN, s->trouble);
    else
        paint_text(y + 2, x + 2, cols - 3, STYLE_DIM,
                   s->call || !s->shown
                       ? "searching ..."
                       : "Nobody matches. x clears the filters, / edits the words.");
    if (s->focus == FOCUS_RESULTS)
        paint_focus(y + 2, x);
}
