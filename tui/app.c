/*
 * The loop: one thread waits for keys, replies and signals together, so screens never see a lock,
 * nothing blocks the screen, and nothing but this file decides when a frame is drawn.
 *
 * All input that is there is taken before a frame is drawn, so that thirty keys are one frame; what
 * the network brings is drawn at most thirty times a second.
 */
#include "tui/app.h"

#include <curses.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "tui/app_private.h"
#include "tui/exit.h"
#include "tui/screens/screens.h"
#include "tui/session.h"
#include "tui/term.h"
#include "tui/widgets/paint.h"

enum { LEAST_ROWS = 10, LEAST_COLS = 40, SETTLE_MS = 50, FRAME_MS = 33, IDLE_MS = 60000 };

struct api *app_api(struct app *app)
{
    return app->api;
}

struct session *app_session(struct app *app)
{
    return app->session;
}

struct screen *app_top(struct app *app)
{
    return app->top;
}

bool app_is_signed_in(const struct app *app)
{
    return app->session->pin && app->session->refresh_token;
}

void screen_wake(struct screen *s, int64_t ms)
{
    s->wake_us = clock_mono_us() + ms * 1000;
}

struct api_call *screen_call(struct screen *s, const char *method, const char *path,
                             const char *json, api_done *done)
{
    return api_send(s->app->api,
                    &(struct api_request){.method = method, .path = path, .json = json}, done, s);
}

/* The stack */

struct screen *app_push(struct app *app, const struct screen_class *class)
{
    struct screen *s = xcalloc(1, class->size);

    *s = (struct screen){.class = class, .keys = class->keys, .app = app, .below = app->top};
    app->top = s;
    if (class->open)
        class->open(s);
    return s;
}

/* Its calls are forgotten before it dies. */
static void pop(struct app *app)
{
    struct screen *s = app->top;

    if (app->api)
        api_cancel_all(app->api, s);
    app->top = s->below;
    if (app->seen == s)
        app->seen = NULL;
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

void app_go(struct app *app, const struct screen_class *class)
{
    if (!app_is_signed_in(app)) {
        app_say(app, STYLE_WARN, "sign in first");
        return;
    }
    while (app->top->below)
        pop(app);
    if (app->top->class != class)
        app_push(app, class);
}

void app_quit(struct app *app)
{
    app->quit = true;
}

static void tell_shown(struct app *app)
{
    while (app->top && app->seen != app->top) {
        app->seen = app->top;
        if (app->top->class->shown)
            app->top->class->shown(app->top);
    }
}

/* The last line */

void app_say(struct app *app, enum style_role role, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(app->message, sizeof(app->message), fmt, ap);
    va_end(ap);
    app->message_role = role;
}

void app_state(struct app *app, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(app->state, sizeof(app->state), fmt, ap);
    va_end(ap);
}

void app_say_error(struct app *app, const struct api_reply *r)
{
    app_say(app, STYLE_ERR, "%s%s%s", r->field, *r->field ? ": " : "", r->detail);
    app->online = r->status != 0;
    app_notice_acting(app);
    if (r->pin_mismatch && app->top->class != &refused_screen)
        app_push(app, &refused_screen);
    else if (r->err == ERR_UNAUTHORIZED && !app_is_signed_in(app) &&
             app->top->class != &signin_screen)
        app_push(app, &signin_screen);
}

/* Keys */

/* The row of the key in the screen's own table, then in those of all. */
static const struct key *find_key(struct screen *s, int key, enum role role)
{
    const struct key *common[COMMON_TABLES], *k = keymap_find(s->keys, key, role);

    screen_common_keys(s, common);
    for (int i = 0; !k && common[i]; i++)
        k = keymap_find(common[i], key, role);
    return k;
}

static void press(struct app *app, int key)
{
    const struct screen_class *class = app->top->class;
    const struct key *k;

    app->message[0] = '\0';
    app_mind_me(app);
    if (class->input && class->input(app->top, key))
        return;
    k = find_key(app->top, key, app->me.role);
    if (k)
        k->run(app->top);
    else if (!(k = find_key(app->top, key, ROLE_SUPER_ADMIN)))
        app_say(app, STYLE_DIM, "this key does nothing here; ? shows those that do");
    else if (app->me.role)
        app_say(app, STYLE_WARN, "your role does not allow this: it takes %s, yours is %s",
                role_word(k->role), role_word(app->me.role));
    else
        app_say(app, STYLE_WARN, "the server has not said yet who you are");
}

/*
 * What is pasted is text and never a command: it goes where somebody types, its lines become one,
 * and everywhere else it is dropped.  Should its end get lost, Ctrl-C is the end.
 */
static void paste(struct app *app, int key)
{
    struct screen *s = app->top;

    if (key == KEY_FN(TERM_PASTE_END) || key == KEY_CTRL('c')) {
        app->pasting = app->paste_gap = false;
        if (!s->typing)
            app_say(app, STYLE_DIM, "nothing is pasted here");
    } else if (key == '\r' || key == '\n' || key == '\t') {
        app->paste_gap = true;
    } else if (key >= ' ' && key < KEY_FN(0) && s->typing) {
        if (app->paste_gap)
            s->class->input(s, ' ');
        app->paste_gap = false;
        s->class->input(s, key);
    }
}

static void take_key(struct app *app, int key)
{
    if (app->pasting)
        paste(app, key);
    else if (key == KEY_FN(TERM_PASTE))
        app->pasting = true;
    else
        press(app, key);
}

static void read_keys(struct app *app)
{
    wint_t c;
    int kind;

    while (!app->quit && app->top && (kind = wget_wch(app->keys, &c)) != ERR) {
        app->frame_us = 0; /* what a person did is seen at once */
        if (kind == KEY_CODE_YES && c == KEY_RESIZE)
            app->frame_us = clock_mono_us() + SETTLE_MS * 1000; /* a storm: wait for its end */
        else if (!app->pasting && (LINES < LEAST_ROWS || COLS < LEAST_COLS))
            app->quit |= c == KEY_CTRL('c'); /* nothing is to be seen: nothing is to be done */
        else
            take_key(app, kind == KEY_CODE_YES ? KEY_FN((int)c) : (int)c);
        tell_shown(app);
    }
}

/* Drawing */

static void draw_title(struct app *app)
{
    const struct screen *s = app->top;
    char right[TEXT_MAX], number[NUMBER_TEXT], watched[TEXT_MAX];
    int width;

    while (s->class->overlay && s->below)
        s = s->below; /* a dialog has its title in its frame */

    if (app_watched(app, watched, sizeof(watched)))
        snprintf(right, sizeof(right), "%s  %s ", role_word(app->me.role),
                 app->online ? "online" : "offline");
    else if (app->me.role)
        snprintf(right, sizeof(right), "%s  %s  %s cr  %s ", app->me.email, role_word(app->me.role),
                 paint_credits(app->me.balance, number), app->online ? "online" : "offline");
    else
        snprintf(right, sizeof(right), "%s ",
                 app_is_signed_in(app) ? app->online ? "..." : "offline" : "not signed in");
    width = utf8_columns(right);
    width = width > COLS * 2 / 3 ? COLS * 2 / 3 : width;
    if (*watched)
        paint_said(0, 0, COLS - width, STYLE_WARN, watched);
    else
        paint_printf(0, 0, COLS - width, STYLE_BAR, " leadgen | %s", s->class->title);
    paint_text(0, COLS - width, width, STYLE_BAR, right);
}

static void draw_bottom(const struct app *app)
{
    const struct key *common[COMMON_TABLES];
    char hints[TEXT_MAX];

    /* while nobody has said who we are, as for everybody: written once and not twice */
    enum role role = app->me.role ? app->me.role : ROLE_SUPER_ADMIN;

    screen_common_keys(app->top, common);
    keymap_hints(app->top->keys, common, role, app->top->typing, COLS, hints, sizeof(hints));
    paint_text(LINES - 2, 0, COLS, STYLE_DIM, hints);
    if (*app->message && app->message_role == STYLE_DIM)
        paint_printf(LINES - 1, 0, COLS - 1, STYLE_DIM, " %s", app->message);
    else if (*app->message)
        paint_said(LINES - 1, 0, COLS - 1, app->message_role, app->message);
    else
        paint_text(LINES - 1, 0, COLS - 1, STYLE_TEXT, app->state);
}

static void draw_stack(struct screen *s)
{
    if (s->class->overlay && s->below)
        draw_stack(s->below);
    s->class->draw(s, LINES - 3, COLS);
}

static void draw_screen(struct app *app)
{
    app->state[0] = '\0';
    paint_begin();
    if (app->top->class->whole) {
        app->top->class->draw(app->top, LINES, COLS);
    } else {
        draw_title(app);
        draw_stack(app->top);
        draw_bottom(app);
    }
    paint_end();
}

static void draw(struct app *app)
{
    /* blanks look like text: fewer changes of colour on the line */
    bkgdset((chtype)' ' | (chtype)theme_attr(STYLE_TEXT));
    attrset(theme_attr(STYLE_TEXT));
    erase();
    if (LINES < LEAST_ROWS || COLS < LEAST_COLS)
        mvaddnstr(0, 0, "need 40x10", COLS);
    else
        draw_screen(app);
    refresh();
    app->frame_due = false;
    app->frame_us = clock_mono_us() + FRAME_MS * 1000;
}

/* Waiting */

static int wait_ms(struct app *app)
{
    int64_t now = clock_mono_us(), next = now + IDLE_MS * 1000;

    if (app->frame_due)
        next = app->frame_us;
    for (struct screen *s = app->top; s; s = s->below)
        if (s->wake_us && s->wake_us < next)
            next = s->wake_us;
    return next <= now ? 0 : (int)((next - now + 999) / 1000);
}

/* A tick may close its screen, or open others: begin again after each. */
static bool run_tick(struct app *app)
{
    int64_t now = clock_mono_us();

    for (struct screen *s = app->top; s; s = s->below) {
        if (!s->wake_us || s->wake_us > now)
            continue;
        s->wake_us = 0;
        if (s->class->tick)
            s->class->tick(s);
        return true;
    }
    return false;
}

static void loop(struct app *app)
{
    struct pollfd in[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                          {.fd = term_wake_fd(), .events = POLLIN}};

    tell_shown(app);
    while (!app->quit && app->top) {
        if (app->frame_due && clock_mono_us() >= app->frame_us)
            draw(app);
        api_wait(app->api, in, 2, wait_ms(app));
        app->frame_due = true;
        term_rest();
        if (app->go_home) {
            app->go_home = false;
            app_go(app, &search_screen);
        }
        if (term_signal() || term_gone()) {
            app->code = EXIT_SIGINT;
            return;
        }
        read_keys(app);
        while (!app->quit && run_tick(app))
            ;
        tell_shown(app);
    }
}

static void choose_theme(struct app *app, const char *name)
{
    const char *wanted = name ? name : getenv("LEADGEN_THEME");
    struct problem why;
    struct theme t;

    if (theme_load(&t, wanted ? wanted : "harbor", &why)) {
        theme_mono(&t);
        if (wanted)
            app_say(app, STYLE_WARN, "%s: %s", wanted, why.text);
    }
    theme_use(&t);
}

static void ask_password(void *arg)
{
    reauth_open(arg);
}

/* The first frame is on the screen before the network is even thought of. */
static bool start(struct app *app, const struct app_options *o)
{
    if (!term_start())
        return false;
    app->keys = newpad(1, 1);
    keypad(app->keys, TRUE);
    nodelay(app->keys, TRUE);
    choose_theme(app, o->theme);
    app_push(app, &search_screen);
    if (!app->session->pin)
        app_push(app, &trust_screen);
    else if (!app_is_signed_in(app))
        app_push(app, &signin_screen);
    draw(app);
    app->api = api_new(app->session);
    if (app->api)
        api_on_confirm(app->api, ask_password, app);
    return app->api != NULL;
}

int app_run(struct session *session, const struct app_options *o)
{
    struct app app = {.session = session, .online = true};

    if (start(&app, o)) {
        if (app_is_signed_in(&app))
            app_refresh_me(&app);
        loop(&app);
    } else {
        app.code = EXIT_USAGE;
    }
    while (app.top)
        pop(&app);
    if (app.keys) {
        term_stop();
        delwin(app.keys);
    }
    if (app.code == EXIT_USAGE)
        fprintf(stderr, "leadgen: this terminal cannot be used\n");
    api_free(app.api);
    return app.code;
}
