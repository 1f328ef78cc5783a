/* Signing in, trusting a server's key, help, and leaving. */
#include <curses.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "tui/screens/list.h"
#include "tui/session.h"
#include "tui/ui.h"

struct signin {
    struct screen base;
    struct input email, password;
    bool on_password, busy;
};

static void signin_open(struct screen *s)
{
    ((struct signin *)s)->password.secret = true;
}

static void signin_draw(struct screen *s, int rows, int cols)
{
    struct signin *in = (struct signin *)s;
    int y = rows / 3 > 2 ? rows / 3 : 2;

    ui_printf(y, 3, cols - 4, STYLE_ACCENT, "Sign in to %s", app_session(s->app)->server);
    ui_text(y + 2, 3, 10, STYLE_DIM, "E-mail");
    ui_text(y + 3, 3, 10, STYLE_DIM, "Password");
    input_draw(&in->email, y + 2, 14, cols - 18, !in->on_password);
    input_draw(&in->password, y + 3, 14, cols - 18, in->on_password);
    ui_text(y + 5, 3, cols - 4, STYLE_DIM,
            in->busy ? "signing in ..." : "The sign-in is kept in a file that only you can read.");
}

static void signed_in(void *arg, const struct api_reply *r)
{
    struct signin *in = arg;
    struct app *app = in->base.app;
    struct problem why = {0};

    in->busy = false;
    if (r->err) {
        app_say_error(app, r);
        return;
    }
    if (session_tokens(app_session(app), json_str(r->doc, "access_token"),
                       json_str(r->doc, "refresh_token"),
                       (int64_t)json_num(r->doc, "expires_in", 0), &why))
        app_say(app, "! %s", why.text);
    app_close(&in->base);
    app_signed_in(app);
}

static void submit(struct screen *s)
{
    struct signin *in = (struct signin *)s;
    struct buf b = BUF_INIT(8192);

    if (!in->on_password || in->busy) {
        in->on_password = true;
        return;
    }
    buf_str(&b, "{\"email\":");
    json_write_text(&b, in->email.text);
    buf_str(&b, ",\"password\":");
    json_write_text(&b, in->password.text);
    buf_char(&b, '}');
    api_send(app_api(s->app),
             &(struct api_request){
                 .method = "POST", .path = "/api/auth/login", .json = b.data, .anonymous = true},
             signed_in, s);
    explicit_bzero(b.data, b.len);
    buf_free(&b);
    input_clear(&in->password);
    in->busy = true;
}

static bool signin_input(struct screen *s, int key)
{
    struct signin *in = (struct signin *)s;

    return input_key(in->on_password ? &in->password : &in->email, key);
}

static void other_field(struct screen *s)
{
    struct signin *in = (struct signin *)s;

    in->on_password = !in->on_password;
}

static void leave(struct screen *s)
{
    app_quit(s->app);
}

static void signin_close(struct screen *s)
{
    input_clear(&((struct signin *)s)->password);
}

static const struct key signin_keys[] = {
    {'\r', "Enter", "Enter:sign in", "To the password, then sign in.", submit},
    {'\n', "Enter", NULL, NULL, submit},
    {'\t', "Tab", "Tab:other field", "The other field.", other_field},
    {KEY_FN(KEY_DOWN), "Down", NULL, NULL, other_field},
    {KEY_FN(KEY_UP), "Up", NULL, NULL, other_field},
    {KEY_CTRL('c'), "Ctrl-C", "Ctrl-C:leave", "Leave.", leave},
    {27, "Esc", NULL, NULL, leave},
    {0},
};

const struct screen_class signin_screen = {.title = "Sign in",
                                           .size = sizeof(struct signin),
                                           .keys = signin_keys,
                                           .open = signin_open,
                                           .draw = signin_draw,
                                           .input = signin_input,
                                           .close = signin_close};

/*
 * The key of a server that is not known yet: a person decides, as with ssh.  The handshake that
 * tells it may take long, so a thread of its own waits for it; whoever lets go of the probe last
 * frees it.
 */

struct probe {
    atomic_int refs;
    atomic_bool done;
    char *server, *pin;
    struct problem why;
};

struct trust {
    struct screen base;
    struct probe *probe;
};

enum { PROBE_MS = 100 };

static void probe_unref(struct probe *p)
{
    if (!p || atomic_fetch_sub(&p->refs, 1) > 1)
        return;
    free(p->server);
    free(p->pin);
    free(p);
}

static void *probe_run(void *arg)
{
    struct probe *p = arg;

    if (session_fetch_pin(p->server, &p->pin, &p->why) && !p->why.text[0])
        problem_set(&p->why, NULL, "the server does not answer");
    atomic_store(&p->done, true);
    probe_unref(p);
    return NULL;
}

static void trust_open(struct screen *s)
{
    struct trust *t = (struct trust *)s;
    pthread_t thread;

    probe_unref(t->probe);
    t->probe = xcalloc(1, sizeof(*t->probe));
    atomic_init(&t->probe->refs, 2);
    t->probe->server = xstrdup(app_session(s->app)->server);
    if (pthread_create(&thread, NULL, probe_run, t->probe))
        probe_run(t->probe);
    else
        pthread_detach(thread);
    screen_wake(s, PROBE_MS);
}

static const char *known_pin(const struct trust *t)
{
    return atomic_load(&t->probe->done) ? t->probe->pin : NULL;
}

static void trust_tick(struct screen *s)
{
    if (!atomic_load(&((struct trust *)s)->probe->done))
        screen_wake(s, PROBE_MS);
}

static void trust_draw(struct screen *s, int rows, int cols)
{
    struct trust *t = (struct trust *)s;
    int y = rows / 3 > 2 ? rows / 3 : 2;

    ui_printf(y, 3, cols - 4, STYLE_ACCENT, "The key of %s is not known yet.",
              app_session(s->app)->server);
    if (atomic_load(&t->probe->done) && !t->probe->pin)
        ui_printf(y + 2, 3, cols - 4, STYLE_ERR, "x %s", t->probe->why.text);
    else
        ui_text(y + 2, 3, cols - 4, STYLE_TEXT, known_pin(t) ? known_pin(t) : "asking for it ...");
    ui_text(y + 4, 3, cols - 4, STYLE_DIM,
            "Is this the fingerprint that the server printed at its start?");
}

static void trust_yes(struct screen *s)
{
    struct trust *t = (struct trust *)s;
    struct app *app = s->app;
    struct problem why = {0};

    if (!known_pin(t))
        return;
    if (session_trust(app_session(app), known_pin(t), &why))
        app_say(app, "! %s", why.text);
    app_close(s);
    if (app_session(app)->refresh_token)
        app_refresh_me(app);
    else
        app_push(app, &signin_screen);
}

static void trust_close(struct screen *s)
{
    probe_unref(((struct trust *)s)->probe);
}

static const struct key trust_keys[] = {
    {'y', NULL, "y:trust it", "Trust this key, and no other, from now on.", trust_yes},
    {'R', NULL, "R:ask again", "Ask the server again.", trust_open},
    {'n', NULL, "n:leave", "Leave; nothing was sent.", leave},
    {27, "Esc", NULL, NULL, leave},
    {0},
};

const struct screen_class trust_screen = {.title = "Unknown server",
                                          .size = sizeof(struct trust),
                                          .keys = trust_keys,
                                          .open = trust_open,
                                          .draw = trust_draw,
                                          .tick = trust_tick,
                                          .close = trust_close};

/* Help: the keys of the screen below, then those of all. */

struct help {
    struct screen base;
    int top;
    struct input filter;
};

static const char *key_text(const struct key *k, char out[8])
{
    if (k->name)
        return k->name;
    snprintf(out, 8, "%c", k->key);
    return out;
}

static bool contains(const char *text, const char *part)
{
    size_t n = strlen(part);

    for (; *text; text++)
        if (strncasecmp(text, part, n) == 0)
            return true;
    return n == 0;
}

static int help_rows(struct help *h, int y, int left, int cols, const struct key *keys, int skip)
{
    int n = 0;

    for (const struct key *k = keys; k->run; k++) {
        char name[8];

        if (!k->help || !contains(k->help, h->filter.text))
            continue;
        if (n >= skip && n - skip < left) {
            ui_text(y + n - skip, 2, 12, STYLE_ACCENT, key_text(k, name));
            ui_text(y + n - skip, 15, cols - 16, STYLE_TEXT, k->help);
        }
        n++;
    }
    return n;
}

static void help_draw(struct screen *s, int rows, int cols)
{
    struct help *h = (struct help *)s;
    int y = 3, own;

    ui_printf(1, 2, cols - 3, STYLE_DIM, "Keys of: %s   (type to narrow)   %s",
              s->below->class->title, h->filter.text);
    own = help_rows(h, y, rows - 3, cols, s->below->class->keys, h->top);
    own = own > h->top ? own - h->top : 0;
    if (rows - 3 - own > 1)
        help_rows(h, y + own + 1, rows - 4 - own, cols, app_keys, 0);
    ui_focus(1, 2);
}

static bool help_input(struct screen *s, int key)
{
    struct help *h = (struct help *)s;

    if (key == KEY_FN(KEY_DOWN) || key == KEY_FN(KEY_UP)) {
        h->top += key == KEY_FN(KEY_DOWN) ? 1 : h->top ? -1 : 0;
        return true;
    }
    if (key == 'q' && !h->filter.len)
        return false;
    return input_key(&h->filter, key);
}

static void help_close(struct screen *s)
{
    app_close(s);
}

static const struct key help_keys[] = {
    {27, "Esc", "Esc:close", "Close the help.", help_close},
    {0},
};

const struct screen_class help_screen = {.title = "Help",
                                         .size = sizeof(struct help),
                                         .keys = help_keys,
                                         .draw = help_draw,
                                         .input = help_input};

/* Leaving asks once. */

static void quit_draw(struct screen *s, int rows, int cols)
{
    int w = 40, y = rows / 2 - 2, x = (cols - w) / 2;

    (void)s;
    if (ui_box(y, x, 5, w, "Leave"))
        ui_text(y + 2, x + 3, w - 6, STYLE_TEXT, "Leave leadgen?   y: yes   n: no");
    ui_focus(y + 2, x + 3);
}

static const struct key quit_keys[] = {
    {'y', NULL, "y:leave", "Leave.", leave},
    {'n', NULL, "n:stay", "Stay.", help_close},
    {27, "Esc", NULL, NULL, help_close},
    {'q', NULL, NULL, NULL, leave},
    {0},
};

const struct screen_class quit_screen = {.title = "Leave?",
                                         .size = sizeof(struct screen),
                                         .keys = quit_keys,
                                         .overlay = true,
                                         .draw = quit_draw};
