/*
 * The key of a server that is not known yet: a person decides, as with ssh.  The handshake that
 * tells it may take long and blocks, so a thread of its own waits for it and touches nothing but
 * the probe; whoever lets go of that last frees it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tui/screens/screens.h"
#include "tui/session.h"
#include "tui/widgets/paint.h"

enum { LOOK_MS = 50 };

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

static void ask(struct screen *s)
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
    screen_wake(s, LOOK_MS);
}

static bool has_ended(const struct trust *t)
{
    return t->probe && atomic_load(&t->probe->done);
}

static void trust_tick(struct screen *s)
{
    if (!has_ended((struct trust *)s))
        screen_wake(s, LOOK_MS);
}

static void trust_shown(struct screen *s)
{
    if (!((struct trust *)s)->probe)
        ask(s);
}

static void trust_draw(struct screen *s, int rows, int cols)
{
    struct trust *t = (struct trust *)s;
    int y = rows / 3 > 2 ? rows / 3 : 2;

    paint_printf(y, 3, cols - 4, STYLE_ACCENT, "The key of %s is not known yet.",
                 app_session(s->app)->server);
    if (has_ended(t) && !t->probe->pin)
        paint_said(y + 2, 3, cols - 4, STYLE_ERR, t->probe->why.text);
    else
        paint_text(y + 2, 3, cols - 4, STYLE_TEXT,
                   has_ended(t) ? t->probe->pin : "asking for it ...");
    paint_text(y + 4, 3, cols - 4, STYLE_DIM,
               "Is this the fingerprint that the server printed at its start?");
    paint_focus(y + 2, 3);
}

static void yes(struct screen *s)
{
    struct trust *t = (struct trust *)s;
    struct app *app = s->app;
    struct problem why = {0};

    if (!has_ended(t) || !t->probe->pin)
        return;
    if (session_trust(app_session(app), t->probe->pin, &why))
        app_say(app, STYLE_WARN, "%s", why.text);
    app_close(s);
    app_trusted(app);
}

static void leave(struct screen *s)
{
    app_quit(s->app);
}

static void trust_close(struct screen *s)
{
    probe_unref(((struct trust *)s)->probe);
}

static const struct key trust_keys[] = {
    {'y', NULL, "trust", "trust it", "Trust this key, and no other, from now on.", yes},
    {'R', NULL, "ask again", "ask again", "Ask the server again.", ask},
    {'n', NULL, "leave", "leave", "Leave; nothing was sent.", leave},
    {KEY_ESCAPE, "Esc", .run = leave},
    {'q', NULL, .run = leave},
    {KEY_CTRL('c'), "Ctrl-C", .run = leave},
    {0},
};

const struct screen_class trust_screen = {.title = "Unknown server",
                                          .modal = true,
                                          .size = sizeof(struct trust),
                                          .keys = trust_keys,
                                          .shown = trust_shown,
                                          .draw = trust_draw,
                                          .tick = trust_tick,
                                          .close = trust_close};
