/*
 * The layouts: from 140 columns filters, results and detail beside each other; from 100 results and
 * detail; below, results and a line of preview.
 */
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "tui/screens/search.h"
#include "tui/widgets/paint.h"

enum { FILTERS_COLS = 140, DETAIL_COLS = 100, FILTERS_WIDTH = 32, DETAIL_WIDTH = 36 };
enum { BODY = 3 /* the first line below words and chips */, OVERLAY_WIDTH = 42, RIGHT = 30 };

static void draw_words(struct search *s, int cols)
{
    char right[96], number[NUMBER_TEXT];

    paint_text(1, 0, 2, STYLE_ACCENT, "/ ");
    input_draw(&s->words, 1, 2, cols - RIGHT - 3, s->focus == FOCUS_WORDS);
    snprintf(right, sizeof(right), s->took_us < 100 ? "%s hits  < 0.1 ms" : "%s hits  %.1f ms",
             paint_number(s->total, number), (double)s->took_us / 1000);
    paint_right(1, cols - RIGHT - 1, RIGHT, STYLE_TEXT, s->shown ? right : "");
}

/* "country:DE,FR", "-industry:Banking": the values of one facet and one sign. */
static const char *chip(struct arena *mem, const struct question *q, size_t first)
{
    const struct filter *f = &q->filters[first];
    const char *text =
        arena_printf(mem, "%s%s:%s", f->excluded ? "-" : "", facet_name(f->facet), f->value);

    for (size_t i = first + 1; i < q->n; i++)
        if (q->filters[i].facet == f->facet && q->filters[i].excluded == f->excluded)
            text = arena_printf(mem, "%s,%s", text, q->filters[i].value);
    return text;
}

static bool is_first_of_its_kind(const struct question *q, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (q->filters[i].facet == q->filters[at].facet &&
            q->filters[i].excluded == q->filters[at].excluded)
            return false;
    return true;
}

static void draw_chips(const struct search *s, int cols)
{
    const struct question *q = &s->now;
    struct arena *mem = arena_new();
    const char *text = "", *said = search_said(s, mem);
    int x = 0;

    if (said) {
        said = arena_printf(mem, "%s  (\" as typed)", said);
        paint_said(2, 0, cols, STYLE_WARN, said);
        x = utf8_columns(said) + 3;
    }
    for (size_t i = 0; i < q->n; i++)
        if (is_first_of_its_kind(q, i))
            text = arena_printf(mem, "%s  %s", text, chip(mem, q, i));
    if (q->sort)
        text = arena_printf(mem, "%s  sort: %s", text, search_sorts[q->sort].label);
    if (*text)
        paint_text(2, x, cols - x, STYLE_COST, text + 1);
    else if (!said)
        paint_text(2, 0, cols, STYLE_DIM, " no filters; f chooses some");
    arena_free(mem);
}

static void draw_preview(const struct search *s, int y, int cols)
{
    const struct profile *p = search_row(s, s->preview);
    const char *place;

    if (!p)
        return;
    place = p->city ? p->city : p->state;
    paint_printf(y, 0, cols, STYLE_DIM, " %s%s%s%s%s | %s | e-mail %s | phone %s",
                 p->company ? p->company : "-", place ? ", " : "", place ? place : "",
                 p->country ? " " : "", p->country ? p->country : "",
                 p->industry ? p->industry : "-", p->email_status ? p->email_status : "none",
                 p->phone ? p->phone : "none");
}

static void say_state(struct search *s)
{
    char at[NUMBER_TEXT], all[NUMBER_TEXT], marks[48] = "";

    if (s->n_marks)
        snprintf(marks, sizeof(marks), "   %zu marked", s->n_marks);
    if (s->trouble[0] && s->rows.n)
        app_state(s->base.app, " %s", s->trouble);
    else
        app_state(s->base.app, " row %s of %s%s%s",
                  paint_number(s->rows.n ? s->rows.at + 1 : 0, at), paint_number(s->total, all),
                  marks, s->call ? "   asking ..." : "");
}

static void draw_detail(const struct search *s, int y, int x, int rows)
{
    const struct profile *p = search_row(s, s->preview);

    if (!p)
        return;
    paint_rule(y, x, rows);
    profile_draw(p, y, x + 2, rows, DETAIL_WIDTH);
}

void search_draw(struct screen *base, int rows, int cols)
{
    struct search *s = (struct search *)base;
    bool filters = cols >= FILTERS_COLS, detail = cols >= DETAIL_COLS;
    int x = filters ? FILTERS_WIDTH + 2 : 0, body = rows - BODY + 1;
    int width = cols - x - (detail ? DETAIL_WIDTH + 3 : 0);

    draw_words(s, cols);
    draw_chips(s, cols);
    search_draw_table(s, BODY, x, detail ? body : body - 1, width);
    if (detail)
        draw_detail(s, BODY, x + width, body);
    else
        draw_preview(s, rows, cols);
    if (filters) {
        search_draw_facets(s, BODY, 0, body, FILTERS_WIDTH);
        if (s->lines.n) /* the first frame is for what is there */
            paint_rule(BODY, FILTERS_WIDTH, body);
    } else if (s->focus == FOCUS_FILTERS &&
               paint_box(BODY, 0, body, cols < OVERLAY_WIDTH ? cols : OVERLAY_WIDTH, "Filters")) {
        search_draw_facets(s, BODY + 1, 1, body - 2,
                           (cols < OVERLAY_WIDTH ? cols : OVERLAY_WIDTH) - 3);
    }
    if (s->focus == FOCUS_WORDS)
        input_draw(&s->words, 1, 2, cols - RIGHT - 3, true); /* the focus is drawn last */
    search_typed_draw(s, cols);
    say_state(s);
}
