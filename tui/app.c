/*
 * The loop: one thread waits for keys and replies together, so screens never see a lock, nothing
 * blocks the screen, and nothing but this file decides when a frame is drawn.
 */
#include "tui/app.h"

#include <curses.h>
#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "tui/exit.h"
#include "tui/screens/list.h"
#include "tui/session.h"
#include "tui/term.h"
#include "tui/ui.h"

enum { LEAST_ROWS = 10, LEAST_COLS = 40, SETTLE_MS = 50 };

struct app {
    struct session *session;
    struct api *api;
    struct screen *top;
    struct app_me me;
    char message[512];
    bool message_is_error, quit, online;
    int64_t resized_us; /* a resize storm is on until then */
    WINDOW *keys;       /* a pad of one cell: reading from it redraws nothing */
    int code;
};

struct api *app_api(struct app *app)
{
    return app->api;
}

struct session *app_session(struct app *app)
{
    return app->session;
}

const struct app_me *app_me(const struct app *app)
{
    return &app->me;
}

bool app_is_admin(const struct app *app)
{
    return strcmp(app->me.role, "admin") == 0 || strcmp(app->me.role, "super_admin") == 0;
}

void screen_wake(struct screen *s, int64_t ms)
{
    s->wake_us = clock_mono_us() + ms * 1000;
}

struct screen *app_push(struct app *app, const struct screen_class *class)
{
    struct screen *s = xcalloc(1, class->size);

    *s = (struct screen){.class = class, .app = app, .below = app->top};
    app->top = s;
    if (class->open)
        class->open(s);
    return s;
}

static void pop(struct app *app)
{
    struct screen *s = app->top;

    api_cancel_all(app->api, s); /* forgotten before it dies */
    app->top = s->below;
    if (s->class->close)
        s->class->close(s);
    free(s);
}

void app_close(struct screen *s)
{
    struct app *app = s->app;
    bool last;

    do {
        last = app->top == s;
        pop(app);
    } while (!last && app->top);
}

void app_quit(struct app *app)
{
    app->quit = true;
}

void app_say(struct app *app, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(app->message, sizeof(app->message), fmt, ap);
    va_end(ap);
    app->message_is_error = false;
}

void app_say_error(struct app *app, const struct api_reply *r)
{
    app_say(app, "x %s%s%s", r->field, *r->field ? ": " : "", r->detail);
    app->message_is_error = true;
    app->online = r->status != 0;
    if (r->err == ERR_UNAUTHORIZED && app->top && app->top->class != &signin_screen)
        app_push(app, &signin_screen);
}

struct api_call *screen_call(struct screen *s, const char *method, const char *path,
                             const char *json, api_done *done)
{
    return api_send(s->app->api,
                    &(struct api_request){.method = method, .path = path, .json = json}, done, s);
}

static void got_me(void *arg, const struct api_reply *r)
{
    struct app *app = arg;
    struct app_me *me = &app->me;
    const char *email = json_str(r->doc, "email"), *role = json_str(r->doc, "role");

    if (r->err) {
        app_say_error(app, r);
        return;
    }
    app->online = true;
    me->known = true;
    snprintf(me->email, sizeof(me->email), "%s", email ? email : "");
    snprintf(me->role, sizeof(me->role), "%s", role ? role : "");
    snprintf(me->account, sizeof(me->account), "%s",
             json_str(r->doc, "account") ? json_str(r->doc, "account") : "");
    app_set_balance(app, json_num(r->doc, "balance", 0));
}

void app_set_balance(struct app *app, double credits)
{
    int64_t hundredths = (int64_t)(credits * 100 + (credits < 0 ? -0.5 : 0.5));
    char whole[32];

    ui_number(hundredths / 100, whole);
    if (hundredths % 100)
        snprintf(app->me.balance, sizeof(app->me.balance), "%.24s.%02u", whole,
                 (unsigned)(hundredths % 100) % 100);
    else
        snprintf(app->me.balance, sizeof(app->me.balance), "%.24s", whole);
}

void app_refresh_me(struct app *app)
{
    api_send(app->api, &(struct api_request){.method = "GET", .path = "/api/me"}, got_me, app);
}

void app_signed_in(struct app *app)
{
    app->message[0] = '\0';
    app_refresh_me(app);
    if (!app->top)
        app_push(app, &search_screen);
}

/* Keys that every screen has. */

static void key_back(struct screen *s)
{
    if (s->below)
        app_close(s);
    else
        app_push(s->app, &quit_screen);
}

static void key_help(struct screen *s)
{
    if (s->class != &help_screen)
        app_push(s->app, &help_screen);
}

static void key_redraw(struct screen *s)
{
    (void)s;
    clearok(curscr, TRUE);
}

static void key_suspend(struct screen *s)
{
    (void)s;
    term_suspend();
    clearok(curscr, TRUE);
}

static void key_cancel(struct screen *s)
{
    if (api_busy(s->app->api)) {
        api_cancel_all(s->app->api, s);
        app_say(s->app, "cancelled");
    } else {
        key_back(s);
    }
}

/* Go to a screen of its own: the search stays below. */
static void go(struct screen *s, const struct screen_class *class)
{
    struct app *app = s->app;

    while (app->top->below)
        pop(app);
    if (app->top->class != class)
        app_push(app, class);
}

static void key_search(struct screen *s)
{
    go(s, &search_screen);
}

static void key_upload(struct screen *s)
{
    go(s, &upload_screen);
}

static void key_credits(struct screen *s)
{
    go(s, &credits_screen);
}

static void key_jobs(struct screen *s)
{
    go(s, &jobs_screen);
}

static void key_admin(struct screen *s)
{
    if (app_is_admin(s->app))
        go(s, &users_screen);
    else
        app_say(s->app, "your role has no administration");
}

const struct key app_keys[] = {
    {'q', NULL, "q:back", "One step back; at the top, leave (it asks).", key_back},
    {'?', NULL, "?:help", "The keys of this screen.", key_help},
    {KEY_FN(KEY_F(1)), "F1", NULL, NULL, key_help},
    {27, "Esc", NULL, "Cancel, close.", key_back},
    {'1', NULL, NULL, "Search.", key_search},
    {'4', NULL, NULL, "Upload a file.", key_upload},
    {'9', NULL, NULL, "Credits: balance and movements.", key_credits},
    {'J', NULL, NULL, "Jobs: everything that runs in the background.", key_jobs},
    {'A', NULL, NULL, "Administration: members, credits, jobs, audit, health.", key_admin},
    {KEY_CTRL('c'), "Ctrl-C", NULL, "Cancel what is being asked for, else one step back.",
     key_cancel},
    {KEY_CTRL('l'), "Ctrl-L", NULL, "Draw everything again.", key_redraw},
    {KEY_CTRL('z'), "Ctrl-Z", NULL, "Suspend.", key_suspend},
    {0},
};

static bool run_key(const struct key *k, struct screen *s, int key)
{
    for (; k->run; k++) {
        if (k->key == key) {
            k->run(s);
            return true;
        }
    }
    return false;
}

static void press(struct app *app, int key)
{
    struct screen *s = app->top;

    app->message[0] = '\0';
    if (s->class->input && s->class->input(s, key))
        return;
    if (!run_key(s->class->keys, s, key) && !run_key(app_keys, s, key))
        app_say(app, "this key does nothing here; ? shows those that do");
}

/* Drawing */

static void draw_bars(struct app *app)
{
    char right[512];
    int width;

    snprintf(right, sizeof(right), "%s  %s cr  %s ",
             app->me.known ? app->me.email : "not signed in", app->me.known ? app->me.balance : "-",
             app->online ? "online" : "offline");
    width = utf8_columns(right);
    width = width > COLS / 2 ? COLS / 2 : width;
    ui_printf(0, 0, COLS - width, STYLE_BAR, " leadgen | %s", app->top->class->title);
    ui_text(0, COLS - width, width, STYLE_BAR, right);
}

/* The bottom line is made from the key tables, so it is never out of date. */
static void draw_hints(const struct app *app)
{
    const struct key *tables[] = {app->top->class->keys, app_keys};
    char text[512] = "";
    size_t n = 0;

    for (int t = 0; t < 2; t++)
        for (const struct key *k = tables[t]; k->run; k++)
            if (k->hint && n < sizeof(text))
                n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", k->hint);
    ui_text(LINES - 2, 0, COLS, STYLE_DIM, text);
}

static void draw_stack(struct screen *s)
{
    if (s->class->overlay && s->below)
        draw_stack(s->below);
    s->class->draw(s, LINES - 3, COLS);
}

static void draw(struct app *app)
{
    /* blanks look like text: fewer changes of colour on the line */
    bkgdset((chtype)' ' | (chtype)theme_attr(STYLE_TEXT));
    erase();
    if (LINES < LEAST_ROWS || COLS < LEAST_COLS) {
        mvaddnstr(0, 0, "need 40x10", COLS);
        move(0, 0);
    } else {
        ui_focus(LINES - 1, 0);
        draw_bars(app);
        draw_stack(app->top);
        draw_hints(app);
        ui_text(LINES - 1, 0, COLS - 1, app->message_is_error ? STYLE_ERR : STYLE_TEXT,
                app->message);
        ui_place_focus();
    }
    refresh();
}

/* Waiting */

static int64_t next_wake(struct app *app)
{
    int64_t next = app->resized_us;

    for (struct screen *s = app->top; s; s = s->below)
        if (s->wake_us && (!next || s->wake_us < next))
            next = s->wake_us;
    return next;
}

static int wait_ms(struct app *app)
{
    int64_t next = next_wake(app), now = clock_mono_us();

    if (!next)
        return 60000;
    return next <= now ? 0 : (int)((next - now + 999) / 1000);
}

static void run_ticks(struct app *app)
{
    for (struct screen *s = app->top, *below; s; s = below) {
        below = s->below;
        if (!s->wake_us || s->wake_us > clock_mono_us())
            continue;
        s->wake_us = 0;
        if (s->class->tick)
            s->class->tick(s);
    }
}

static void read_keys(struct app *app)
{
    wint_t c;
    int kind;

    while (!app->quit && app->top && (kind = wget_wch(app->keys, &c)) != ERR) {
        if (kind == KEY_CODE_YES && c == KEY_RESIZE)
            app->resized_us = clock_mono_us() + SETTLE_MS * 1000;
        else if (kind == KEY_CODE_YES)
            press(app, KEY_FN((int)c));
        else
            press(app, (int)c);
    }
}

static void loop(struct app *app)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

    while (!app->quit && app->top) {
        if (!app->resized_us || app->resized_us <= clock_mono_us()) {
            app->resized_us = 0;
            draw(app);
        }
        api_wait(app->api, &in, 1, wait_ms(app));
        if (term_signal() || term_gone()) {
            app->code = EXIT_SIGINT;
            return;
        }
        read_keys(app);
        run_ticks(app);
    }
}

static void choose_theme(const char *name)
{
    struct problem why;
    struct theme t;

    if (theme_load(&t, name ? name : "harbor", &why))
        theme_mono(&t);
    theme_use(&t);
}

static void first_screen(struct app *app)
{
    app_push(app, &search_screen);
    if (!app->session->pin)
        app_push(app, &trust_screen);
    else if (!app->session->refresh_token)
        app_push(app, &signin_screen);
    else
        app_refresh_me(app);
}

int app_run(struct session *session, const struct app_options *o)
{
    struct app app = {.session = session, .online = true, .api = api_new(session)};

    if (!app.api || !term_start()) {
        api_free(app.api);
        fprintf(stderr, "leadgen: this terminal cannot be used\n");
        return EXIT_USAGE;
    }
    app.keys = newpad(1, 1);
    keypad(app.keys, TRUE);
    nodelay(app.keys, TRUE);
    choose_theme(o->theme);
    first_screen(&app);
    loop(&app);
    while (app.top)
        pop(&app);
    term_stop();
    delwin(app.keys);
    api_free(app.api);
    return app.code;
}
