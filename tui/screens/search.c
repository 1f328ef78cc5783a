/* The search screen's keys, and the detail of one profile. */
#include "tui/screens/search.h"

#include <curses.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/list.h"
#include "tui/screens/reveal.h"
#include "tui/session.h"

enum { REST_MS = 150, MORE_BEFORE_END = 20 };

static struct search *search_of(struct screen *s)
{
    return (struct search *)s;
}

static void search_open(struct screen *base)
{
    struct search *s = search_of(base);

    if (app_session(base->app)->refresh_token)
        search_ask(s);
    else
        screen_wake(base, REST_MS); /* after signing in */
}

static void search_close(struct screen *s)
{
    search_free(search_of(s));
}

/* Before anybody is signed in there is nothing to ask. */
static void tick(struct screen *base)
{
    if (app_session(base->app)->refresh_token)
        search_tick(base);
    else
        screen_wake(base, REST_MS * 2);
}

static void move_to(struct search *s, size_t at)
{
    size_t last = s->n_rows ? s->n_rows - 1 : 0;

    s->at = at > last ? last : at;
    if (s->at + MORE_BEFORE_END >= s->n_rows)
        search_more(s);
    if (s->fresh)
        screen_wake(&s->base, REST_MS);
}

static void move_facet(struct search *s, int by)
{
    struct facet_line line;
    int at = s->facet_at + by;

    while (at > 0 && !search_facet_line(s, at, &line))
        at--;
    s->facet_at = at < 0 ? 0 : at;
}

static void move_by(struct screen *base, int by)
{
    struct search *s = search_of(base);

    if (s->focus == FOCUS_FACETS)
        move_facet(s, by);
    else if (by < 0 && (size_t)-by > s->at)
        move_to(s, 0);
    else
        move_to(s, s->at + (size_t)by);
}

static void down(struct screen *s)
{
    move_by(s, 1);
}

static void up(struct screen *s)
{
    move_by(s, -1);
}

static void half_down(struct screen *s)
{
    move_by(s, (LINES - 8) / 2);
}

static void half_up(struct screen *s)
{
    move_by(s, -(LINES - 8) / 2);
}

static void page_down(struct screen *s)
{
    move_by(s, LINES - 9);
}

static void page_up(struct screen *s)
{
    move_by(s, 9 - LINES);
}

static void first(struct screen *base)
{
    struct search *s = search_of(base);

    if (s->focus == FOCUS_FACETS)
        s->facet_at = 0;
    else
        move_to(s, 0);
}

static void last(struct screen *s)
{
    move_by(s, 1000000);
}

static void edit(struct screen *s)
{
    search_of(s)->focus = FOCUS_QUERY;
}

static void facets(struct screen *base)
{
    struct search *s = search_of(base);

    s->focus = s->focus == FOCUS_FACETS ? FOCUS_RESULTS : FOCUS_FACETS;
}

static void next_focus(struct screen *base)
{
    struct search *s = search_of(base);

    s->focus = (enum focus)((s->focus + 1) % 3);
}

static void toggle_facet(struct search *s, bool exclude)
{
    struct facet_line line;

    if (!search_facet_line(s, s->facet_at, &line) || !line.value)
        return;
    search_toggle(s, line.facet, line.value->value, exclude);
    search_ask(s);
}

static void mark(struct screen *base)
{
    struct search *s = search_of(base);
    const struct profile *p = search_row(s, s->at);

    if (s->focus == FOCUS_FACETS) {
        toggle_facet(s, false);
    } else if (p) {
        search_mark(s, p);
        down(base);
    }
}

static void exclude(struct screen *base)
{
    struct search *s = search_of(base);

    if (s->focus == FOCUS_FACETS)
        toggle_facet(s, true);
}

static void unmark_all(struct screen *s)
{
    search_of(s)->n_marks = 0;
}

static void clear_filters(struct screen *base)
{
    struct search *s = search_of(base);

    s->n_chosen = 0;
    search_ask(s);
}

static void next_sort(struct screen *base)
{
    static const char *const sorts[] = {NULL,      "score",    "name",    "company",
                                        "updated", "-updated", "quality", NULL};
    struct search *s = search_of(base);
    size_t i = 0;

    while (i < 6 && s->sort && (!sorts[i] || strcmp(sorts[i], s->sort) != 0))
        i++;
    s->sort = sorts[i + 1];
    search_ask(s);
}

static void again(struct screen *s)
{
    search_ask(search_of(s));
    app_refresh_me(s->app);
}

static void escape(struct screen *base)
{
    struct search *s = search_of(base);

    if (s->focus != FOCUS_RESULTS)
        s->focus = FOCUS_RESULTS;
    else if (s->loading)
        api_cancel_all(app_api(base->app), base), s->loading = false, s->call = NULL;
}

static void reveal(struct screen *base)
{
    struct search *s = search_of(base);
    const struct profile *p = search_row(s, s->at);
    char id[1][UUID_TEXT];

    if (s->n_marks) {
        reveal_open_for(base->app, s->marks, s->n_marks);
    } else if (p) {
        uuid_text(&p->id, id[0]);
        reveal_open_for(base->app, id, 1);
    }
}

static bool query_input(struct screen *base, int key)
{
    struct search *s = search_of(base);

    if (s->focus != FOCUS_QUERY)
        return false;
    if (key == '\r' || key == '\n') {
        s->focus = FOCUS_RESULTS;
        search_ask(s);
        return true;
    }
    if (key == KEY_FN(KEY_DOWN)) {
        s->focus = FOCUS_RESULTS;
        return true;
    }
    if (!input_key(&s->query, key))
        return false;
    search_ask_soon(s);
    return true;
}

/* The detail: everything of one profile, as the server shows it to us. */

struct detail {
    struct screen base;
    struct arena *mem;
    struct profile p;
    bool loaded;
    char id[UUID_TEXT];
};

static void got_detail(void *arg, const struct api_reply *r)
{
    struct detail *d = arg;
    struct problem why;

    if (r->err) {
        app_say_error(d->base.app, r);
        return;
    }
    arena_free(d->mem);
    d->mem = arena_new();
    d->p = (struct profile){0};
    d->loaded = !json_decode(&profile_type, r->doc, JSON_FROM_SERVER, d->mem, &d->p, NULL, &why);
    for (size_t i = 0; i < d->p.owned_fields.n; i++)
        d->p.owned |= strcmp(d->p.owned_fields.v[i], "email") == 0 ? OWN_EMAIL : OWN_PHONE;
}

static void detail_ask(struct screen *s)
{
    struct detail *d = (struct detail *)s;
    char path[64];

    snprintf(path, sizeof(path), "/api/profiles/%s", d->id);
    screen_call(s, "GET", path, NULL, got_detail);
}

static void open_detail(struct screen *base)
{
    struct search *s = search_of(base);
    const struct profile *p = search_row(s, s->at);
    struct detail *d;

    if (s->focus == FOCUS_FACETS) {
        toggle_facet(s, false);
        return;
    }
    if (!p)
        return;
    d = (struct detail *)app_push(base->app, &detail_screen);
    uuid_text(&p->id, d->id);
    detail_ask(&d->base);
}

static void detail_draw(struct screen *s, int rows, int cols)
{
    struct detail *d = (struct detail *)s;

    if (d->loaded)
        search_draw_profile(&d->p, 2, 2, rows - 2, cols - 4);
    else
        ui_text(2, 2, cols - 4, STYLE_DIM, "loading ...");
    ui_focus(2, 2);
}

static void detail_reveal(struct screen *s)
{
    reveal_open_for(s->app, &((struct detail *)s)->id, 1);
}

static void detail_close(struct screen *s)
{
    arena_free(((struct detail *)s)->mem);
}

static const struct key detail_keys[] = {
    {'r', NULL, "r:reveal", "Reveal contacts; the price is shown first.", detail_reveal},
    {'R', NULL, "R:refresh", "Ask the server again.", detail_ask},
    {0},
};

const struct screen_class detail_screen = {.title = "Profile",
                                           .size = sizeof(struct detail),
                                           .keys = detail_keys,
                                           .draw = detail_draw,
                                           .tick = detail_ask,
                                           .close = detail_close};

static const struct key search_keys[] = {
    {'/', NULL, "/:search", "Edit the words: a b* -c country:DE,FR", edit},
    {'f', NULL, "f:filters", "To the filters and back.", facets},
    {' ', "Space", "space:mark", "Mark the row; in the filters: on or off.", mark},
    {'-', NULL, NULL, "In the filters: exclude this value.", exclude},
    {'r', NULL, "r:reveal", "Reveal the marked rows, else this one; the price is shown first.",
     reveal},
    {'\r', "Enter", NULL, "Open the profile; in the filters: on or off.", open_detail},
    {'\n', "Enter", NULL, NULL, open_detail},
    {'s', NULL, "s:sort", "The next order.", next_sort},
    {'x', NULL, NULL, "Clear the filters.", clear_filters},
    {'U', NULL, NULL, "Unmark all.", unmark_all},
    {'j', NULL, NULL, "Down.", down},
    {KEY_FN(KEY_DOWN), "Down", NULL, NULL, down},
    {'k', NULL, NULL, "Up.", up},
    {KEY_FN(KEY_UP), "Up", NULL, NULL, up},
    {KEY_CTRL('d'), "Ctrl-D", NULL, "Half a page down.", half_down},
    {KEY_CTRL('u'), "Ctrl-U", NULL, "Half a page up.", half_up},
    {KEY_CTRL('f'), "Ctrl-F", NULL, "A page down.", page_down},
    {KEY_FN(KEY_NPAGE), "PgDn", NULL, NULL, page_down},
    {KEY_CTRL('b'), "Ctrl-B", NULL, "A page up.", page_up},
    {KEY_FN(KEY_PPAGE), "PgUp", NULL, NULL, page_up},
    {'g', NULL, NULL, "First row.", first},
    {KEY_FN(KEY_HOME), "Home", NULL, NULL, first},
    {'G', NULL, NULL, "Last loaded row.", last},
    {KEY_FN(KEY_END), "End", NULL, NULL, last},
    {'\t', "Tab", NULL, "The next pane.", next_focus},
    {'R', NULL, NULL, "Search again.", again},
    {27, "Esc", NULL, "Leave the field or the filters; stop a search.", escape},
    {0},
};

const struct screen_class search_screen = {.title = "Search",
                                           .size = sizeof(struct search),
                                           .keys = search_keys,
                                           .open = search_open,
                                           .draw = search_draw,
                                           .input = query_input,
                                           .tick = tick,
                                           .close = search_close};
