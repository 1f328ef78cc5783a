/* Pickers: the palette, orders, fields, roles. */
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/widgets/input.h"
#include "tui/widgets/paint.h"

enum { WIDEST = 72, NARROWEST = 24, ROWS = 14 };

struct pick {
    struct screen base;
    struct arena *mem;
    const char *title;
    const char **labels;
    int *shown; /* which of them match what was typed */
    int n, width;
    struct input typed;
    struct scroll scroll;
    struct screen *asker;
    pick_done *done;
};

static void narrow(struct pick *p)
{
    int n = 0;

    for (int i = 0; i < p->n; i++)
        if (input_matches(&p->typed, p->labels[i]))
            p->shown[n++] = i;
    scroll_resize(&p->scroll, n);
}

static void widen(struct pick *p, const char *text)
{
    int width = utf8_columns(text) + 3;

    if (width > p->width)
        p->width = width < WIDEST ? width : WIDEST;
}

void pick_open(struct screen *asker, const char *title, const char *const *labels, int n, int now,
               pick_done *done)
{
    struct pick *p = (struct pick *)app_push(asker->app, &pick_screen);

    p->base.typing = true;
    p->mem = arena_new();
    p->title = arena_strdup(p->mem, title);
    p->labels = arena_alloc(p->mem, (size_t)n * sizeof(*p->labels));
    p->shown = arena_alloc(p->mem, (size_t)n * sizeof(*p->shown));
    p->n = n;
    p->asker = asker;
    p->done = done;
    p->width = NARROWEST;
    widen(p, title);
    for (int i = 0; i < n; i++) {
        p->labels[i] = arena_strdup(p->mem, labels[i]);
        widen(p, labels[i]);
    }
    narrow(p);
    scroll_to(&p->scroll, now);
}

static void pick_draw(struct screen *s, int rows, int cols)
{
    struct pick *p = (struct pick *)s;
    int lines = p->n < ROWS ? p->n : ROWS;
    struct place in;

    if (!paint_dialog(rows, cols, lines + 2, p->width, p->title, &in))
        return;
    paint_text(in.y, in.x, 2, STYLE_ACCENT, "/");
    input_draw(&p->typed, in.y, in.x + 2, in.cols - 2, false);
    scroll_fit(&p->scroll, in.rows - 2);
    for (int i = 0; i < in.rows - 2 && p->scroll.top + i < p->scroll.n; i++) {
        bool here = p->scroll.top + i == p->scroll.at;

        paint_gutter(in.y + 2 + i, in.x, here, false);
        paint_text(in.y + 2 + i, in.x + 2, in.cols - 2, here ? STYLE_CURSOR : STYLE_TEXT,
                   p->labels[p->shown[p->scroll.top + i]]);
    }
    if (!p->scroll.n)
        paint_text(in.y + 2, in.x + 2, in.cols - 2, STYLE_DIM, "nothing of that name");
}

static bool pick_input(struct screen *s, int key)
{
    struct pick *p = (struct pick *)s;

    if (!input_key(&p->typed, key))
        return false;
    narrow(p);
    return true;
}

static struct scroll *pick_scroll(struct screen *s)
{
    return &((struct pick *)s)->scroll;
}

static void take(struct screen *s)
{
    struct pick *p = (struct pick *)s;
    struct screen *asker = p->asker;
    pick_done *done = p->done;
    int chosen;

    if (!p->scroll.n)
        return;
    chosen = p->shown[p->scroll.at];
    app_close(s);
    done(asker, chosen);
}

static void pick_close(struct screen *s)
{
    arena_free(((struct pick *)s)->mem);
}

static const struct key pick_keys[] = {
    {'\r', "Enter", "take", "take", "Take this one.", take},
    {'\n', "Enter", .run = take},
    {KEY_ESCAPE, "Esc", "cancel", "cancel", "Take none.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

const struct screen_class pick_screen = {.title = "Choose",
                                         .size = sizeof(struct pick),
                                         .keys = pick_keys,
                                         .overlay = true,
                                         .draw = pick_draw,
                                         .input = pick_input,
                                         .moves = pick_scroll,
                                         .close = pick_close};

/* The palette: the actions of the screen, then those of all. */

enum { ACTIONS_MAX = 100 };

struct actions {
    const struct key *rows[ACTIONS_MAX];
    int n, named; /* from there on they have no key here */
};

static bool is_there(const struct actions *a, const struct key *k)
{
    for (int i = 0; i < a->n; i++)
        if (a->rows[i]->run == k->run)
            return true;
    return false;
}

static void collect(struct actions *a, const struct key *table, enum role role)
{
    for (const struct key *k = table; k->run; k++)
        if (k->name && keymap_allows(k, role) && a->n < ACTIONS_MAX && !is_there(a, k))
            a->rows[a->n++] = k;
}

static void collect_all(struct actions *a, const struct screen *s)
{
    enum role role = app_me(s->app)->role;

    a->n = 0;
    collect(a, s->keys, role);
    collect(a, app_keys, role);
    collect(a, go_keys, role);
    a->named = a->n;
    collect(a, tab_keys, role);
}

static void run_action(struct screen *s, int chosen)
{
    struct actions a;

    collect_all(&a, s);
    if (chosen < a.n)
        a.rows[chosen]->run(s);
}

void palette_open(struct screen *s)
{
    struct arena *mem = arena_new();
    const char *labels[ACTIONS_MAX];
    struct actions a;

    collect_all(&a, s);
    for (int i = 0; i < a.n; i++) {
        char label[KEY_LABEL];

        labels[i] =
            arena_printf(mem, "%-20s %-8s %s", a.rows[i]->name,
                         i < a.named ? keymap_label(a.rows[i], label) : "", a.rows[i]->help);
    }
    pick_open(s, "Actions", labels, a.n, 0, run_action);
    arena_free(mem);
}
