#include <curses.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { LEAST = 34 };

struct confirm {
    struct screen base;
    struct arena *mem;
    const char *title, *text;
    int rows, cols, arm_ms;
    int64_t armed_us; /* 0: not drawn yet */
    struct screen *asker;
    confirm_done *yes;
};

/* The lines of a text and the widest of them. */
static void measure(struct confirm *c)
{
    c->cols = LEAST;
    for (const char *line = c->text; line; line = strchr(line, '\n')) {
        char *copy;
        int width;

        line += *line == '\n';
        copy = arena_strndup(c->mem, line, strcspn(line, "\n"));
        width = utf8_columns(copy);
        c->cols = width > c->cols ? width : c->cols;
        c->rows++;
    }
}

void confirm_open(struct screen *asker, const char *title, const char *text, int arm_ms,
                  confirm_done *yes)
{
    struct confirm *c = (struct confirm *)app_push(asker->app, &confirm_screen);

    c->mem = arena_new();
    c->title = arena_strdup(c->mem, title);
    c->text = arena_strdup(c->mem, text);
    c->arm_ms = arm_ms;
    c->asker = asker;
    c->yes = yes;
    measure(c);
    if (arm_ms)
        flushinp();
}

static void confirm_draw(struct screen *s, int rows, int cols)
{
    struct confirm *c = (struct confirm *)s;
    struct place in;
    int y;

    if (!paint_dialog(rows, cols, c->rows + 3, c->cols, c->title, &in))
        return;
    y = in.y;
    for (const char *line = c->text; line && y < in.y + in.rows; line = strchr(line, '\n')) {
        line += *line == '\n';
        paint_printf(y++, in.x, in.cols, STYLE_TEXT, "%.*s", (int)strcspn(line, "\n"), line);
    }
    paint_text(in.y + in.rows - 1, in.x, in.cols, STYLE_ACCENT, "[ No ]   y = yes");
    paint_focus(in.y + in.rows - 1, in.x + 2);
    if (!c->armed_us)
        c->armed_us = clock_mono_us() + c->arm_ms * 1000;
}

static void yes(struct screen *s)
{
    struct confirm *c = (struct confirm *)s;
    struct screen *asker = c->asker;
    confirm_done *done = c->yes;

    if (!c->armed_us || clock_mono_us() < c->armed_us)
        return;
    app_close(s);
    done(asker);
}

static void confirm_close(struct screen *s)
{
    arena_free(((struct confirm *)s)->mem);
}

static const struct key confirm_keys[] = {
    {'y', NULL, "yes", "yes", "Do it.", yes},    {'n', NULL, "no", "no", "Do nothing.", app_close},
    {KEY_ESCAPE, "Esc", .run = app_close},       {'\r', "Enter", .run = app_close},
    {'\n', "Enter", .run = app_close},           {'q', "q", .run = app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close}, {0},
};

const struct screen_class confirm_screen = {.title = "Sure?",
                                            .size = sizeof(struct confirm),
                                            .keys = confirm_keys,
                                            .overlay = true,
                                            .draw = confirm_draw,
                                            .close = confirm_close};

static void leave(struct screen *s)
{
    app_quit(s->app);
}

void quit_ask(struct screen *s)
{
    confirm_open(s, "Leave?", "Leave leadgen?", CONFIRM_AT_ONCE, leave);
}
