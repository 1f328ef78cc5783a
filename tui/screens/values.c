/* All values of one facet under the question, over the filters: typing narrows them by the server.
 */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/screens.h"
#include "tui/screens/search.h"
#include "tui/widgets/paint.h"

enum { VALUES_ASKED = 100, TYPING_MS = 150, WIDTH = 46, ROWS = 12, COUNT = 11 };

struct values {
    struct screen base;
    struct search *search; /* the screen below */
    enum facet facet;
    struct input typed;
    struct arena *mem;      /* of the pane */
    struct facet_pane pane; /* what came */
    const struct facet_value *line[VALUES_ASKED + FILTERS_MAX];
    struct facet_value chosen[FILTERS_MAX]; /* of the lines: what the answer does not hold */
    struct scroll scroll;
    struct api_call *call;
    bool shown, typing;
    bool stale; /* what is shown is not of what was typed */
    char trouble[160];
};

static struct values *of(struct screen *s)
{
    return (struct values *)s;
}

static bool is_held(const struct values *v, const char *value)
{
    const struct facet_value *all = v->pane.values.v;

    for (size_t i = 0; i < v->pane.values.n; i++)
        if (strcmp(all[i].value, value) == 0)
            return true;
    return false;
}

/* Nothing typed: what is chosen comes first, if the answer does not hold it. */
static void build(struct values *v)
{
    const struct question *q = &v->search->now;
    const struct facet_value *all = v->pane.values.v;
    int n = 0;

    for (size_t i = 0; i < q->n && !v->typed.len; i++) {
        if (q->filters[i].facet != v->facet || is_held(v, q->filters[i].value))
            continue;
        v->chosen[n] = (struct facet_value){q->filters[i].value, -1};
        v->line[n] = &v->chosen[n];
        n++;
    }
    for (size_t i = 0; i < v->pane.values.n && i < VALUES_ASKED; i++)
        v->line[n++] = &all[i];
    scroll_resize(&v->scroll, n);
}

static void take_pane(struct values *v, const cJSON *doc)
{
    struct problem why;

    arena_free(v->mem);
    v->mem = arena_new();
    v->pane = (struct facet_pane){0};
    if (json_decode(&facet_pane_type, doc, JSON_FROM_SERVER, v->mem, &v->pane, NULL, &why))
        v->pane = (struct facet_pane){0};
    v->shown = true;
}

static void got(void *arg, const struct api_reply *r)
{
    struct values *v = arg;

    v->call = NULL;
    v->trouble[0] = '\0';
    if (r->err) {
        snprintf(v->trouble, sizeof(v->trouble), "%s   (R: again)", r->detail);
        app_say_error(v->base.app, r);
        return;
    }
    v->stale = v->base.wake_us != 0;
    take_pane(v, r->doc);
    build(v);
}

/* An older question is given up. */
static void ask(struct screen *s)
{
    struct values *v = of(s);
    cJSON *body = search_question(&v->search->now);
    struct arena *mem = arena_new();
    char *text;

    api_cancel(app_api(s->app), v->call);
    if (v->typed.len)
        cJSON_AddStringToObject(body, "prefix", v->typed.text);
    cJSON_AddNumberToObject(body, "page_size", VALUES_ASKED);
    text = cJSON_PrintUnformatted(body);
    v->call = screen_call(s, "POST", arena_printf(mem, "/api/facets/%s", facet_name(v->facet)),
                          text, got);
    cJSON_free(text);
    cJSON_Delete(body);
    arena_free(mem);
}

static void draw_line(const struct values *v, int i, int y, int x, int cols)
{
    const struct facet_value *one = v->line[i];

    paint_gutter(y, x, i == v->scroll.at && !v->typing, false);
    search_draw_value(v->search, v->facet, one->value, one->count, COUNT, y, x + 2, cols - 2);
}

static void draw(struct screen *s, int rows, int cols)
{
    struct values *v = of(s);
    struct place in;

    if (!paint_dialog(rows, cols, ROWS + 2, WIDTH, facet_label(v->facet), &in))
        return;
    scroll_fit(&v->scroll, in.rows - 2);
    for (int i = 0; i < in.rows - 2 && v->scroll.top + i < v->scroll.n; i++)
        draw_line(v, v->scroll.top + i, in.y + 2 + i, in.x, in.cols);
    if (v->trouble[0])
        paint_said(in.y + 2, in.x + 2, in.cols - 2, STYLE_WARN, v->trouble);
    else if (!v->scroll.n)
        paint_text(in.y + 2, in.x + 2, in.cols - 2, STYLE_DIM,
                   v->shown ? "no value begins so" : "asking ...");
    if (v->pane.values.n >= VALUES_ASKED)
        app_state(s->app, " the first %d by count; type to find the others", VALUES_ASKED);
    paint_text(in.y, in.x, 2, STYLE_ACCENT, "/");
    input_draw(&v->typed, in.y, in.x + 2, in.cols - 2, v->typing);
}

static bool input(struct screen *s, int key)
{
    struct values *v = of(s);

    if (!v->typing || !input_key(&v->typed, key))
        return false;
    v->stale = true;
    screen_wake(s, TYPING_MS);
    return true;
}

static struct scroll *moves(struct screen *s)
{
    return &of(s)->scroll;
}

static void go_to_value(struct values *v, const char *value)
{
    for (int i = 0; i < v->scroll.n; i++)
        if (strcmp(v->line[i]->value, value) == 0)
            scroll_to(&v->scroll, i);
}

/* What is excluded narrows its own pane too: the counts of the others are asked for again. */
static void toggle(struct values *v, bool exclude)
{
    struct search *s = v->search;
    char value[sizeof(s->now.filters[0].value)];
    const struct filter *f;
    bool changed = exclude;

    if (!v->scroll.n || v->stale) {
        app_say(v->base.app, STYLE_DIM, v->scroll.n ? "still asking" : "no value is here");
        return;
    }
    snprintf(value, sizeof(value), "%s", v->line[v->scroll.at]->value);
    f = search_filter(s, v->facet, value);
    changed |= f && f->excluded;
    search_toggle(s, v->facet, value, exclude);
    search_build_lines(s);
    search_ask(s);
    build(v);
    go_to_value(v, value);
    if (changed)
        ask(&v->base);
}

static void want(struct screen *s)
{
    toggle(of(s), false);
}

static void exclude(struct screen *s)
{
    toggle(of(s), true);
}

static void focus(struct screen *s, bool typing);

static void to_list(struct screen *s)
{
    focus(s, false);
}

static void to_field(struct screen *s)
{
    focus(s, true);
}

static const struct key field_keys[] = {
    {'\r', "Enter", "values", "values", "To the values.", to_list},
    {'\n', "Enter", .run = to_list},
    {'\t', "Tab", .run = to_list},
    {KEY_FN(KEY_DOWN), "Down", .run = to_list},
    {KEY_ESCAPE, "Esc", "close", "close", "Back to the filters.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

static const struct key list_keys[] = {
    {' ', "Space", "on or off", "on/off", "Want this value, or no longer.", want},
    {'\r', "Enter", .run = want},
    {'\n', "Enter", .run = want},
    {'-', NULL, "exclude", "exclude", "Not this value, or no longer.", exclude},
    {'/', NULL, "narrow", "narrow", "Type how a word of the value begins.", to_field},
    {'\t', "Tab", .run = to_field},
    {'R', NULL, "refresh", NULL, "Ask again.", ask},
    {KEY_ESCAPE, "Esc", "close", "close", "Back to the filters.", app_close},
    {'q', NULL, .run = app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

static void focus(struct screen *s, bool typing)
{
    of(s)->typing = s->typing = typing;
    s->keys = typing ? field_keys : list_keys;
}

static void values_close(struct screen *s)
{
    arena_free(of(s)->mem);
}

void values_open(struct search *search, enum facet f)
{
    struct values *v = (struct values *)app_push(search->base.app, &values_screen);

    v->search = search;
    v->facet = f;
    focus(&v->base, true);
    ask(&v->base);
}

const struct screen_class values_screen = {.title = "Values",
                                           .size = sizeof(struct values),
                                           .keys = field_keys,
                                           .overlay = true,
                                           .draw = draw,
                                           .input = input,
                                           .moves = moves,
                                           .tick = ask,
                                           .close = values_close};
