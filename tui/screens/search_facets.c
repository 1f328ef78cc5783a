/* The filters: facets with their values, counts, and what is chosen of them. */
#include <stdio.h>
#include <string.h>

#include "common/country.h"
#include "tui/screens/search.h"
#include "tui/widgets/paint.h"

enum { FEW = 5, COUNT_WIDTH = 9 };

static struct filter *find_filter(struct question *q, enum facet f, const char *value)
{
    for (size_t i = 0; i < q->n; i++)
        if (q->filters[i].facet == f && strcmp(q->filters[i].value, value) == 0)
            return &q->filters[i];
    return NULL;
}

const struct filter *search_filter(const struct search *s, enum facet f, const char *value)
{
    for (size_t i = 0; i < s->now.n; i++)
        if (s->now.filters[i].facet == f && strcmp(s->now.filters[i].value, value) == 0)
            return &s->now.filters[i];
    return NULL;
}

void search_toggle(struct search *s, enum facet f, const char *value, bool exclude)
{
    struct question *q = &s->now;
    struct filter *old = find_filter(q, f, value);

    if (old && old->excluded != exclude) {
        old->excluded = exclude;
    } else if (old) {
        memmove(old, old + 1, (size_t)(q->filters + q->n - old - 1) * sizeof(*old));
        q->n--;
    } else if (q->n < FILTERS_MAX && strlen(value) < sizeof(old->value)) {
        struct filter *new = &q->filters[q->n++];

        *new = (struct filter){.facet = f, .excluded = exclude};
        memcpy(new->value, value, strlen(value) + 1);
    } else {
        app_say(s->base.app, STYLE_WARN, "no more than %d filters", FILTERS_MAX);
    }
}

static void add_line(struct search *s, struct facet_line line)
{
    if (s->lines.n < LINES_MAX)
        s->line[s->lines.n++] = line;
}

static const struct facet_pane *find_pane(const struct search *s, const char *name)
{
    const struct facet_pane *panes = s->panes.v;

    for (size_t i = 0; i < s->panes.n; i++)
        if (strcmp(panes[i].name, name) == 0)
            return &panes[i];
    return NULL;
}

static bool holds(const struct facet_pane *pane, const char *value)
{
    const struct facet_value *v = pane ? pane->values.v : NULL;

    for (size_t i = 0; pane && i < pane->values.n; i++)
        if (strcmp(v[i].value, value) == 0)
            return true;
    return false;
}

/* What is chosen is shown, also when the answer no longer holds it: it must be possible to undo. */
static void add_chosen(struct search *s, enum facet f, const struct facet_pane *pane)
{
    for (size_t i = 0; i < s->now.n; i++)
        if (s->now.filters[i].facet == f && !holds(pane, s->now.filters[i].value))
            add_line(s, (struct facet_line){FACET_VALUE, f, s->now.filters[i].value, -1});
}

static void add_values(struct search *s, enum facet f, const struct facet_pane *pane)
{
    const struct facet_value *v = pane->values.v;
    int hidden = 0;

    for (size_t i = 0; i < pane->values.n; i++) {
        if (i < FEW || s->open[f] || search_filter(s, f, v[i].value))
            add_line(s, (struct facet_line){FACET_VALUE, f, v[i].value, v[i].count});
        else
            hidden++;
    }
    if (hidden)
        add_line(s, (struct facet_line){FACET_MORE, f, NULL, hidden});
    else if (pane->values.n >= PANE_VALUES)
        add_line(s, (struct facet_line){FACET_ALL, f, NULL, 0});
}

/* Facets whose panes every search would only pay for. */
static void add_others(struct search *s)
{
    for (int i = 1; i < FACET_END; i++) {
        enum facet f = (enum facet)i;

        if (search_is_asked(f))
            continue;
        add_line(s, (struct facet_line){FACET_HEAD, f, NULL, 0});
        add_chosen(s, f, NULL);
        add_line(s, (struct facet_line){FACET_ALL, f, NULL, 0});
    }
}

void search_build_lines(struct search *s)
{
    int at = s->lines.at;

    s->lines.n = 0;
    for (int i = 0; search_facets_asked(i); i++) {
        enum facet f = facet_find(search_facets_asked(i));
        const struct facet_pane *pane = find_pane(s, facet_name(f));

        if (!pane)
            continue;
        add_line(s, (struct facet_line){FACET_HEAD, f, NULL, 0});
        add_chosen(s, f, pane);
        add_values(s, f, pane);
    }
    if (s->lines.n)
        add_others(s);
    scroll_to(&s->lines, at);
}

const struct facet_line *search_line(const struct search *s)
{
    return s->lines.at < s->lines.n ? &s->line[s->lines.at] : NULL;
}

void search_next_facet(struct search *s)
{
    int at = s->lines.at + 1;

    while (at < s->lines.n && s->line[at].kind != FACET_HEAD)
        at++;
    scroll_to(&s->lines, at < s->lines.n ? at : 0);
}

void search_draw_value(const struct search *s, enum facet facet, const char *value, int64_t count,
                       int count_cols, int y, int x, int cols)
{
    const struct filter *f = search_filter(s, facet, value);
    const char *name = facet == FACET_country ? country_name(value) : NULL;
    char number[NUMBER_TEXT];

    paint_printf(y, x, cols - count_cols, f ? STYLE_COST : STYLE_TEXT, "[%c] %s%s%s",
                 !f            ? ' '
                 : f->excluded ? '-'
                               : 'x',
                 value, name ? " " : "", name ? name : "");
    paint_right(y, x + cols - count_cols, count_cols, STYLE_TEXT,
                count < 0 ? "-" : paint_number(count, number));
}

void search_draw_facets(struct search *s, int y, int x, int rows, int cols)
{
    scroll_fit(&s->lines, rows);
    for (int i = 0; i < rows && s->lines.top + i < s->lines.n; i++) {
        const struct facet_line *line = &s->line[s->lines.top + i];
        bool here = s->focus == FOCUS_FILTERS && s->lines.top + i == s->lines.at;

        if (here)
            paint_gutter(y + i, x, true, false);
        if (line->kind == FACET_HEAD)
            paint_text(y + i, x + 1, cols - 1, STYLE_TEXT, facet_label(line->facet));
        else if (line->kind == FACET_MORE)
            paint_printf(y + i, x + 1, cols - 1, STYLE_TEXT, "... %d more", (int)line->count);
        else if (line->kind == FACET_ALL)
            paint_text(y + i, x + 1, cols - 1, STYLE_TEXT, "... all values");
        else
            search_draw_value(s, line->facet, line->value, line->count, COUNT_WIDTH, y + i, x + 1,
                              cols - 1);
    }
    if (!s->lines.n && (s->shown || s->focus == FOCUS_FILTERS))
        paint_text(y, x + 1, cols - 1, STYLE_DIM, "no counts yet");
}
