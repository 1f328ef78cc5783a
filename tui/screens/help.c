/* Help: the keys of the screen below, then those of all screens; typing narrows them. */
#include <curses.h>

#include "tui/screens/screens.h"
#include "tui/widgets/input.h"
#include "tui/widgets/paint.h"

enum { LINES_MAX = 150, KEY_WIDTH = 14 };

struct help {
    struct screen base;
    struct input typed;
    struct scroll scroll;
    const struct key *rows[LINES_MAX]; /* NULL: an empty line */
};

static int collect(struct help *h, int n, const struct key *table)
{
    enum role role = app_me(h->base.app)->role;

    for (const struct key *k = table; k->run && n < LINES_MAX; k++)
        if (k->name && keymap_allows(k, role) &&
            (input_matches(&h->typed, k->name) || input_matches(&h->typed, k->help)))
            h->rows[n++] = k;
    return n;
}

static void narrow(struct help *h)
{
    const struct key *common[COMMON_TABLES];
    int n = collect(h, 0, h->base.below->keys);

    if (n)
        h->rows[n++] = NULL;
    screen_common_keys(h->base.below, common);
    for (int i = 0; common[i]; i++)
        n = collect(h, n, common[i]);
    scroll_resize(&h->scroll, n);
}

static void help_open(struct screen *s)
{
    s->typing = true;
    narrow((struct help *)s);
}

static void help_draw(struct screen *s, int rows, int cols)
{
    struct help *h = (struct help *)s;
    int body = rows - 2;

    paint_printf(1, 1, cols - 1, STYLE_DIM, "Keys of %s; type to narrow:", s->below->class->title);
    input_draw(&h->typed, 2, 1, cols - 2, false);
    scroll_fit(&h->scroll, body);
    for (int i = 0; i < body && h->scroll.top + i < h->scroll.n; i++) {
        const struct key *k = h->rows[h->scroll.top + i];
        bool here = h->scroll.top + i == h->scroll.at;
        char label[KEY_LABEL];

        paint_gutter(3 + i, 0, here, false);
        if (!k)
            continue;
        paint_text(3 + i, 2, KEY_WIDTH, STYLE_ACCENT, keymap_label(k, label));
        paint_text(3 + i, 3 + KEY_WIDTH, cols - KEY_WIDTH - 4, here ? STYLE_CURSOR : STYLE_TEXT,
                   k->help);
    }
    app_state(s->app, " %d actions", h->scroll.n);
}

static bool help_input(struct screen *s, int key)
{
    struct help *h = (struct help *)s;

    if (!input_key(&h->typed, key))
        return false;
    narrow(h);
    return true;
}

static struct scroll *help_scroll(struct screen *s)
{
    return &((struct help *)s)->scroll;
}

static const struct key help_keys[] = {
    {KEY_ESCAPE, "Esc", "close", "close", "Close the help.", app_close},
    {'\r', "Enter", .run = app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {KEY_FN(KEY_F(1)), "F1", .run = app_close},
    {0},
};

const struct screen_class help_screen = {.title = "Help",
                                         .modal = true,
                                         .size = sizeof(struct help),
                                         .keys = help_keys,
                                         .open = help_open,
                                         .draw = help_draw,
                                         .input = help_input,
                                         .moves = help_scroll};
