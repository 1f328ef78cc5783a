/* Signing in, and what is said when a server is not the one we know. */
#include <curses.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/form.h"
#include "tui/screens/screens.h"
#include "tui/session.h"
#include "tui/widgets/paint.h"

enum { EMAIL, PASSWORD, CODE }; /* CODE: once the server has asked for it */

static void signed_in(void *arg, const struct api_reply *r)
{
    struct form *f = arg;
    struct app *app = f->base.app;
    struct problem why = {0};

    f->busy = false;
    if (r->err == ERR_TOTP_REQUIRED && f->n <= CODE) { /* no error: there was no field for it */
        f->n = CODE + 1;
        f->at = CODE;
        app_say(app, STYLE_DIM, "now the code of your authenticator, or a recovery code");
        return;
    }
    if (r->err != ERR_TOTP_REQUIRED) {
        input_clear(&f->inputs[PASSWORD]);
        f->at = PASSWORD;
    }
    input_clear(&f->inputs[CODE]);
    if (r->err) {
        app_say_error(app, r);
        return;
    }
    if (session_tokens(app_session(app), json_str(r->doc, "access_token"),
                       json_str(r->doc, "refresh_token"),
                       (int64_t)json_num(r->doc, "expires_in", 0), &why))
        app_say(app, STYLE_WARN, "%s", why.text);
    app_signed_in(app);
    app_close(&f->base);
}

static void submit(struct form *f)
{
    struct buf b = BUF_INIT(8192);

    buf_str(&b, "{\"email\":");
    json_write_text(&b, f->inputs[EMAIL].text);
    buf_char(&b, ',');
    form_write_login(f, PASSWORD, CODE, &b);
    buf_char(&b, '}');
    f->busy = true;
    api_send(app_api(f->base.app),
             &(struct api_request){
                 .method = "POST", .path = "/api/auth/login", .json = b.data, .anonymous = true},
             signed_in, f);
    explicit_bzero(b.data, b.len);
    buf_free(&b);
}

static void signin_open(struct screen *s)
{
    struct form *f = (struct form *)s;

    s->typing = true;
    f->labels[EMAIL] = "E-mail";
    f->labels[PASSWORD] = "Password";
    f->labels[CODE] = "Code";
    f->n = PASSWORD + 1;
    f->submit = submit;
    f->inputs[PASSWORD].secret = true;
    app_signed_out(s->app);
}

static void signin_draw(struct screen *s, int rows, int cols)
{
    struct form *f = (struct form *)s;
    int y = rows / 3 > 2 ? rows / 3 : 2;

    paint_printf(y, 3, cols - 4, STYLE_ACCENT, "Sign in to %s", app_session(s->app)->server);
    form_draw_fields(f, y + 2, 3, cols - 6);
    paint_text(y + 5, 3, cols - 4, STYLE_DIM,
               f->busy ? "signing in ..."
                       : "The sign-in is kept in a file that only you can read.");
}

/* A sign-in that takes too long is given up; else there is nothing to do here but to leave. */
static void leave(struct screen *s)
{
    struct form *f = (struct form *)s;

    if (f->busy) {
        api_cancel_all(app_api(s->app), s);
        input_clear(&f->inputs[PASSWORD]);
        f->busy = false;
    } else {
        app_quit(s->app);
    }
}

static const struct key signin_keys[] = {
    FORM_KEYS,
    {KEY_ESCAPE, "Esc", "leave", "leave", "Stop signing in; else leave.", leave},
    {KEY_CTRL('c'), "Ctrl-C", .run = leave},
    {0},
};

const struct screen_class signin_screen = {.title = "Sign in",
                                           .modal = true,
                                           .size = sizeof(struct form),
                                           .keys = signin_keys,
                                           .open = signin_open,
                                           .draw = signin_draw,
                                           .input = form_input,
                                           .close = form_close};

static void refused_draw(struct screen *s, int rows, int cols)
{
    static const char *const lines[] = {
        "Its key is not the one that was trusted. Either the operator made a new key,",
        "or somebody stands between you and the server. Nothing was sent.",
        "",
        "Ask the operator for the fingerprint. If the key is really new, start with",
        "    leadgen --fingerprint sha256//...",
    };
    int y = rows / 3 > 2 ? rows / 3 : 2;
    char text[300];

    snprintf(text, sizeof(text), "Do not trust %s", app_session(s->app)->server);
    paint_said(y, 2, cols - 3, STYLE_ERR, text);
    for (int i = 0; i < (int)(sizeof(lines) / sizeof(*lines)) && y + 2 + i <= rows; i++)
        paint_text(y + 2 + i, 4, cols - 5, STYLE_TEXT, lines[i]);
    paint_focus(y, 2);
}

static void quit(struct screen *s)
{
    app_quit(s->app);
}

static const struct key refused_keys[] = {
    {'q', NULL, "leave", "leave", "Leave.", quit},
    {KEY_ESCAPE, "Esc", .run = quit},
    {KEY_CTRL('c'), "Ctrl-C", .run = quit},
    {0},
};

const struct screen_class refused_screen = {.title = "The server's key has changed",
                                            .modal = true,
                                            .size = sizeof(struct screen),
                                            .keys = refused_keys,
                                            .draw = refused_draw};
