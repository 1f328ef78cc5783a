/* What is shown this once: the secret of a key, recovery codes. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/mem.h"
#include "tui/screens/screens.h"
#include "tui/term.h"
#include "tui/widgets/paint.h"

enum { SHOWN_MS = 30000, COLS = 66 };

struct secret {
    struct screen base;
    struct arena *mem;
    const char *title, *about;
    char *text;
    int lines; /* of it */
    bool shown, kept;
};

static int count_lines(const char *text)
{
    int n = 1;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

void secret_open(struct app *app, const char *title, const char *about, const char *secret)
{
    struct secret *v = (struct secret *)app_push(app, &secret_screen);

    v->mem = arena_new();
    v->title = arena_strdup(v->mem, title);
    v->about = arena_strdup(v->mem, about);
    v->text = arena_strdup(v->mem, secret);
    v->lines = count_lines(secret);
}

static void draw_lines(const char *text, const struct place *in, int y)
{
    for (const char *line = text; line && y < in->y + in->rows; line = strchr(line, '\n')) {
        line += *line == '\n';
        paint_printf(y++, in->x, in->cols, STYLE_ACCENT, "%.*s", (int)strcspn(line, "\n"), line);
    }
}

static void secret_draw(struct screen *s, int rows, int cols)
{
    struct secret *v = (struct secret *)s;
    struct place in;

    if (!paint_dialog(rows, cols, v->lines + 5, COLS, v->title, &in))
        return;
    paint_text(in.y, in.x, in.cols, STYLE_TEXT, v->about);
    paint_said(in.y + 1, in.x, in.cols, STYLE_WARN, "it is shown this once, and never again");
    if (v->shown)
        draw_lines(v->text, &in, in.y + 3);
    else
        paint_text(in.y + 3, in.x, in.cols, STYLE_MASKED, "hidden; v shows it for half a minute");
    paint_text(in.y + in.rows - 1, in.x, in.cols, STYLE_DIM,
               "c copies it where the terminal allows it; w writes it to a file");
    paint_focus(in.y + 3, in.x);
}

static void toggle(struct screen *s)
{
    struct secret *v = (struct secret *)s;

    v->shown = !v->shown;
    if (v->shown)
        screen_wake(s, SHOWN_MS);
}

static void hide(struct screen *s)
{
    ((struct secret *)s)->shown = false;
}

static void copy(struct screen *s)
{
    if (term_copy(((struct secret *)s)->text))
        app_say(s->app, STYLE_OK, "given to the terminal's clipboard, if it takes it (OSC 52)");
    else
        app_say(s->app, STYLE_WARN, "this terminal has no clipboard that we know: v, then by hand");
}

static void write_to(struct screen *s, const char *path)
{
    struct secret *v = (struct secret *)s;

    if (access(path, F_OK) == 0) {
        app_say(s->app, STYLE_ERR, "%s is there already; nothing was written", path);
    } else if (file_write(path, v->text, strlen(v->text), 0600)) {
        app_say(s->app, STYLE_ERR, "%s cannot be written: %s", path, strerror(errno));
    } else {
        v->kept = true;
        app_say(s->app, STYLE_OK, "written to %s, readable by you alone", path);
    }
}

static void ask_path(struct screen *s)
{
    save_open(s, "leadgen.secret", "yours alone (mode 0600)", write_to);
}

/* Esc is pressed too soon too often, and then the secret is lost. */
static void leave(struct screen *s)
{
    struct secret *v = (struct secret *)s;

    if (v->kept)
        app_close(s);
    else
        confirm_open(s, "Did you keep it?", "It is not shown again.", CONFIRM_MS, app_close);
}

static void secret_close(struct screen *s)
{
    struct secret *v = (struct secret *)s;

    explicit_bzero(v->text, strlen(v->text));
    arena_free(v->mem);
}

static const struct key secret_keys[] = {
    {'v', NULL, "show", "show/hide", "Show it for half a minute, or hide it.", toggle},
    {'c', NULL, "copy", "copy", "Give it to the terminal's clipboard (OSC 52).", copy},
    {'w', NULL, "write", "write", "Write it to a file that you alone can read.", ask_path},
    {KEY_ESCAPE, "Esc", "close", "close", "Close; it asks whether you have kept it.", leave},
    {'q', "q", .run = leave},
    {KEY_CTRL('c'), "Ctrl-C", .run = leave},
    {0},
};

const struct screen_class secret_screen = {.title = "Shown once",
                                           .size = sizeof(struct secret),
                                           .keys = secret_keys,
                                           .overlay = true,
                                           .draw = secret_draw,
                                           .tick = hide,
                                           .close = secret_close};
