/*
 * The password once more, before a dangerous act: the server asks, whatever screen it was for.  The
 * calls wait meanwhile; closed without an answer they end, and nothing is done.
 */
#include <curses.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/form.h"
#include "tui/screens/screens.h"

enum { PASSWORD, CODE, FIELDS, BODY_MAX = 8192 };

struct reauth {
    struct form form; /* first */
    bool confirmed;
};

static void answered(void *arg, const struct api_reply *r)
{
    struct reauth *a = arg;
    struct api *api = app_api(a->form.base.app);

    a->form.busy = false;
    if (r->err) {
        app_say_error(a->form.base.app, r);
        /* the password was right where only the code is asked for */
        if (strcmp(r->field, "totp") != 0)
            input_clear(&a->form.inputs[PASSWORD]);
        input_clear(&a->form.inputs[CODE]);
        a->form.at = a->form.inputs[PASSWORD].len ? CODE : PASSWORD;
        return;
    }
    a->confirmed = true;
    app_close(&a->form.base);
    api_confirmed(api, true);
}

static void submit(struct form *f)
{
    struct buf b = BUF_INIT(BODY_MAX);

    buf_char(&b, '{');
    form_write_login(f, PASSWORD, CODE, &b);
    buf_char(&b, '}');
    f->busy = true;
    screen_call(&f->base, "POST", "/api/auth/confirm", b.data, answered);
    explicit_bzero(b.data, b.len);
    buf_free(&b);
}

static void reauth_opened(struct screen *s)
{
    struct form *f = (struct form *)s;

    s->typing = true;
    f->labels[PASSWORD] = "Password";
    f->labels[CODE] = "Code";
    f->inputs[PASSWORD].secret = true;
    f->n = FIELDS;
    f->submit = submit;
    flushinp(); /* what was typed before was not for here */
}

void reauth_open(struct app *app)
{
    for (const struct screen *s = app_top(app); s; s = s->below)
        if (s->class == &reauth_screen)
            return;
    app_push(app, &reauth_screen);
}

static void reauth_draw(struct screen *s, int rows, int cols)
{
    form_draw_dialog((struct form *)s, rows, cols, "the code only if your second factor is on");
}

static void reauth_close(struct screen *s)
{
    struct reauth *a = (struct reauth *)s;

    if (!a->confirmed)
        api_confirmed(app_api(s->app), false);
    form_close(s);
}

static const struct key reauth_keys[] = {
    FORM_KEYS,
    {KEY_ESCAPE, "Esc", "cancel", "cancel", "Close; nothing is done.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

const struct screen_class reauth_screen = {.title = "Your password once more",
                                           .size = sizeof(struct reauth),
                                           .keys = reauth_keys,
                                           .overlay = true,
                                           .open = reauth_opened,
                                           .draw = reauth_draw,
                                           .input = form_input,
                                           .close = reauth_close};
