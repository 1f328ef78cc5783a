/* A file's name for what is to be written: one field. */
#include "tui/screens/form.h"
#include "tui/screens/screens.h"

struct save {
    struct form form; /* first */
    const char *note;
    save_done *done;
};

static void submit(struct form *f)
{
    struct save *v = (struct save *)f;
    struct screen *asker = f->base.below;
    save_done *done = v->done;
    struct input path = f->inputs[0];

    if (!path.len)
        return;
    app_close(&f->base);
    done(asker, path.text);
}

void save_open(struct screen *asker, const char *start, const char *note, save_done *done)
{
    struct save *v = (struct save *)app_push(asker->app, &save_screen);

    v->form.base.typing = true;
    v->form.labels[0] = "File";
    v->form.n = 1;
    v->form.submit = submit;
    v->note = note;
    v->done = done;
    input_set(&v->form.inputs[0], start);
}

static void save_draw(struct screen *s, int rows, int cols)
{
    const struct save *v = (const struct save *)s;

    form_draw_dialog(&v->form, rows, cols, v->note);
}

static const struct key save_keys[] = {
    {'\r', "Enter", "write", "write", "Write it there.", form_enter},
    {'\n', "Enter", .run = form_enter},
    {KEY_ESCAPE, "Esc", "cancel", "cancel", "Close; nothing is written.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

const struct screen_class save_screen = {.title = "Write to a file",
                                         .size = sizeof(struct save),
                                         .keys = save_keys,
                                         .overlay = true,
                                         .draw = save_draw,
                                         .input = form_input,
                                         .close = form_close};
