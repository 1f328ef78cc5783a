/* The search screen's keys. */
#include <curses.h>
#include <string.h>

#include "tui/screens/screens.h"
#include "tui/screens/search.h"

enum { MORE_BEFORE_END = 20 };

static struct search *of(struct screen *s)
{
    return (struct search *)s;
}

/* The first question, and again after a sign-in: it may be somebody else. */
static void search_shown(struct screen *base)
{
    struct search *s = of(base);

    if (s->sign_in != app_sign_ins(base->app))
        search_forget(s);
    s->sign_in = app_sign_ins(base->app);
    if (!s->shown && !s->call)
        search_ask(s);
}

static void search_close(struct screen *s)
{
    search_free(of(s));
}

static void focus(struct search *s, enum focus f);

static struct scroll *search_scroll(struct screen *base)
{
    struct search *s = of(base);

    return s->focus == FOCUS_FILTERS ? &s->lines : &s->rows;
}

static void search_moved(struct screen *base)
{
    struct search *s = of(base);

    if (s->focus == FOCUS_FILTERS)
        return;
    if (s->rows.at + MORE_BEFORE_END >= s->rows.n)
        search_more(s);
    search_rest(s);
}

static void edit(struct screen *s)
{
    focus(of(s), FOCUS_WORDS);
}

static void filters(struct screen *s)
{
    focus(of(s), FOCUS_FILTERS);
}

static void results(struct screen *s)
{
    focus(of(s), FOCUS_RESULTS);
}

static void next_group(struct screen *s)
{
    search_next_facet(of(s));
}

static void toggle(struct search *s, bool exclude)
{
    const struct facet_line *at = search_line(s);
    struct facet_line line;

    if (!at)
        return;
    line = *at; /* building moves them */
    if (line.kind == FACET_HEAD || line.kind == FACET_ALL)
        values_open(s, line.facet);
    else if (line.kind == FACET_MORE)
        s->open[line.facet] = true;
    else
        search_toggle(s, line.facet, line.value, exclude);
    search_build_lines(s);
    if (line.kind == FACET_VALUE)
        search_ask(s);
}

static void want(struct screen *s)
{
    toggle(of(s), false);
}

static void exclude(struct screen *s)
{
    toggle(of(s), true);
}

static void find_value(struct screen *base)
{
    const struct facet_line *at = search_line(of(base));

    if (at)
        values_open(of(base), at->facet);
    else
        app_say(base->app, STYLE_DIM, "there are no filters yet");
}

static void say_empty(struct screen *base)
{
    app_say(base->app, STYLE_DIM, "no row is here");
}

static void mark(struct screen *base)
{
    struct search *s = of(base);
    const struct profile *p = search_row(s, s->rows.at);

    if (!p) {
        say_empty(base);
        return;
    }
    search_mark(s, p);
    scroll_by(&s->rows, 1);
    search_moved(base);
}

static void mark_all(struct screen *s)
{
    search_mark_loaded(of(s));
}

static void unmark_all(struct screen *s)
{
    of(s)->n_marks = 0;
}

static void clear_filters(struct screen *base)
{
    struct search *s = of(base);

    s->now.n = 0;
    search_build_lines(s);
    search_ask(s);
}

static void take_sort(struct screen *base, int chosen)
{
    struct search *s = of(base);

    s->now.sort = chosen;
    search_ask(s);
}

static void sort(struct screen *s)
{
    const char *labels[SORTS];

    for (int i = 0; i < SORTS; i++)
        labels[i] = search_sorts[i].label;
    pick_open(s, "Order", labels, SORTS, of(s)->now.sort, take_sort);
}

static void undo(struct screen *s)
{
    search_undo(of(s));
}

static void redo(struct screen *s)
{
    search_redo(of(s));
}

static void as_typed(struct screen *base)
{
    struct search *s = of(base);
    struct arena *mem = arena_new();
    char *words = search_as_typed(s, mem, s->asked.words);

    if (!s->corrections.n) {
        app_say(base->app, STYLE_DIM, "no typo was forgiven");
    } else if (strlen(words) >= INPUT_MAX) {
        app_say(base->app, STYLE_WARN, "there is no room for the quotes");
    } else {
        input_set(&s->words, words);
        search_ask(s);
    }
    arena_free(mem);
}

static void again(struct screen *s)
{
    search_ask(of(s));
    app_refresh_me(s->app);
}

/* Stop what runs, else unmark. */
static void escape(struct screen *base)
{
    struct search *s = of(base);

    if (s->call || s->retry_us)
        search_stop(s);
    else
        s->n_marks = 0;
}

static void interrupt(struct screen *base)
{
    struct search *s = of(base);

    if (s->call || s->retry_us)
        search_stop(s);
    else
        quit_ask(base);
}

static void open_row(struct screen *base)
{
    struct search *s = of(base);
    const struct profile *p = search_row(s, s->rows.at);

    if (p)
        profile_open(base->app, &p->id);
    else
        say_empty(base);
}

static void reveal(struct screen *base)
{
    struct search *s = of(base);
    const struct profile *p = search_row(s, s->rows.at);

    if (s->n_marks)
        reveal_open(base->app, s->marks, s->n_marks);
    else if (p)
        reveal_open(base->app, &p->id, 1);
    else
        say_empty(base);
}

static bool search_input(struct screen *base, int key)
{
    struct search *s = of(base);

    if (s->focus != FOCUS_WORDS || !input_key(&s->words, key))
        return false;
    search_typed_changed(s);
    search_ask_soon(s);
    return true;
}

static void take_typed(struct screen *base)
{
    if (search_typed_take(of(base)))
        search_ask_soon(of(base));
}

/* What is chosen of what is offered, else the search. */
static void submit(struct screen *base)
{
    struct search *s = of(base);

    if (s->typed.n && s->typed.at >= 0) {
        take_typed(base);
        return;
    }
    search_ask(s);
    results(base);
}

static void next_typed(struct screen *base)
{
    if (!search_typed_move(of(base), 1))
        results(base);
}

static void previous_typed(struct screen *base)
{
    search_typed_move(of(base), -1);
}

/* The first of what is offered, without asking what it is; else on to the filters. */
static void complete(struct screen *base)
{
    if (of(base)->typed.n)
        take_typed(base);
    else
        filters(base);
}

static void leave_words(struct screen *base)
{
    if (!search_typed_close(of(base)))
        results(base);
}

static const struct key words_keys[] = {
    {'\r', "Enter", "search", "search", "Search for these words, or take what is chosen.", submit},
    {'\n', "Enter", .run = submit},
    {'\t', "Tab", "complete", "complete", "Take the first offer; without any, to the filters.",
     complete},
    {KEY_FN(KEY_DOWN), "Down", "next offer", "choose",
     "Among what is offered; without it, to the results.", next_typed},
    {KEY_FN(KEY_UP), "Up", "previous offer", NULL, "Back among what is offered.", previous_typed},
    {KEY_ESCAPE, "Esc", "results", "results", "Close what is offered, then back to the results.",
     leave_words},
    {KEY_CTRL('c'), "Ctrl-C", .run = leave_words},
    {0},
};

/* What the filters and the results share. */
#define QUESTION_KEYS                                                                               \
    {'s', NULL, "sort", "sort", "Choose the order.", sort},                                         \
        {'x', NULL, "clear filters", "clear", "Clear the filters.", clear_filters},                 \
        {'"',                                                                                       \
         NULL,                                                                                      \
         "as typed",                                                                                \
         NULL,                                                                                      \
         "Search for what was typed, without forgiving a typo: quotes say so.",                     \
         as_typed},                                                                                 \
        {'u', NULL, "undo", "undo", "Take back the last change of words, filters or order.", undo}, \
        {KEY_CTRL('r'), "Ctrl-R", "redo", NULL, "Change it again.", redo},                          \
    {                                                                                               \
        'R', NULL, "refresh", NULL, "Search again.", again                                          \
    }

static const struct key filters_keys[] = {
    {' ', "Space", "on or off", "on/off", "Want this value, or no longer.", want},
    {'\r', "Enter", .run = want},
    {'\n', "Enter", .run = want},
    {'-', NULL, "exclude", "exclude", "Not this value, or no longer.", exclude},
    {'/', NULL, "find a value", "narrow", "All values of this group; type to narrow them.",
     find_value},
    {'\t', "Tab", "next group", "next", "The next group of values.", next_group},
    {'f', NULL, "results", "results", "Back to the results.", results},
    {KEY_ESCAPE, "Esc", .run = results},
    {KEY_CTRL('c'), "Ctrl-C", .run = results},
    {KEY_FN(KEY_BTAB), "Shift-Tab", .run = results},
    QUESTION_KEYS,
    {0},
};

static const struct key search_keys[] = {
    {'/', NULL, "words", "search", "Edit the words: vp sales -intern country:DE,FR \"a phrase\"",
     edit},
    {'f', NULL, "filters", "filters", "To the filters.", filters},
    {' ', "Space", "mark", "mark", "Mark the row and go on.", mark},
    {'r', NULL, "reveal", "reveal",
     "Reveal the marked rows, else this one; the price is shown first.", reveal, ROLE_USER},
    {'\r', "Enter", "open", "open", "Open the profile.", open_row},
    {'\n', "Enter", .run = open_row},
    QUESTION_KEYS,
    {'\t', "Tab", "next pane", NULL, "To the words.", edit},
    {KEY_FN(KEY_BTAB), "Shift-Tab", "previous pane", NULL, "To the filters.", filters},
    {'a', NULL, "mark all", NULL, "Mark all rows that are loaded.", mark_all},
    {'U', NULL, "unmark all", NULL, "Unmark all.", unmark_all},
    {KEY_ESCAPE, "Esc", "stop", NULL, "Stop a search; else unmark.", escape},
    {KEY_CTRL('c'), "Ctrl-C", "interrupt", NULL, "Stop a search; else leave (it asks).", interrupt},
    {0},
};

/* Each focus has keys of its own, so that the bottom line and the help are always true. */
static void focus(struct search *s, enum focus f)
{
    const struct key *const keys[FOCUSES] = {
        [FOCUS_RESULTS] = search_keys, [FOCUS_WORDS] = words_keys, [FOCUS_FILTERS] = filters_keys};

    search_typed_close(s);
    s->focus = f;
    s->editing = false;
    s->base.keys = keys[f];
    s->base.typing = f == FOCUS_WORDS;
}

const struct screen_class search_screen = {.title = "Search",
                                           .size = sizeof(struct search),
                                           .keys = search_keys,
                                           .shown = search_shown,
                                           .draw = search_draw,
                                           .input = search_input,
                                           .moves = search_scroll,
                                           .moved = search_moved,
                                           .tick = search_tick,
                                           .close = search_close};
