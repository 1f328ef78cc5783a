/* Who is signed in, and who acts as whom. */
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "tui/app_private.h"
#include "tui/screens/screens.h"
#include "tui/session.h"

#define ME_US INT64_C(60000000)

const struct app_me *app_me(const struct app *app)
{
    return &app->me;
}

void app_set_balance(struct app *app, struct credits balance)
{
    app->me.balance = balance;
}

void app_signed_out(struct app *app)
{
    if (app->api)
        api_cancel_all(app->api, app);
    app->me = (struct app_me){0};
}

void app_signed_in(struct app *app)
{
    app_signed_out(app);
    app->sign_ins++;
    app_refresh_me(app);
}

int app_sign_ins(const struct app *app)
{
    return app->sign_ins;
}

/* The newest of those times; where it cannot be told, nobody is said to act. */
static void got_watched(void *arg, const struct api_reply *r)
{
    struct app *app = arg;
    struct arena *mem = arena_new();
    struct impersonation_page page = {0};
    struct problem why;

    if (!r->err && json_decode(&impersonation_page_type, r->doc, JSON_FROM_SERVER, mem, &page, NULL,
                               &why) == ERR_OK)
        app->me.watched_ms =
            page.items.n ? ((const struct impersonation *)page.items.v)->ends.ms : 0;
    arena_free(mem);
}

static void ask_watched(struct app *app)
{
    api_send(app->api,
             &(struct api_request){.method = "GET", .path = "/api/me/impersonations?page_size=1"},
             got_watched, app);
}

static void got_me(void *arg, const struct api_reply *r)
{
    struct app *app = arg;
    struct arena *mem = arena_new();
    struct me me = {0};
    struct problem why;

    if (r->err) {
        app_say_error(app, r);
    } else if (json_decode(&me_type, r->doc, JSON_FROM_SERVER, mem, &me, NULL, &why) == ERR_OK) {
        app->online = true;
        app->me.role = role_find(me.role);
        app->me.balance = me.balance;
        app->me.acting = !uuid_is_zero(&me.impersonator);
        if (app->me.acting)
            app->me.watched_ms = me.session_ends.ms;
        else
            ask_watched(app);
        snprintf(app->me.email, sizeof(app->me.email), "%s", me.email ? me.email : "");
    }
    arena_free(mem);
}

void app_refresh_me(struct app *app)
{
    app->asked_us = clock_mono_us();
    api_send(app->api, &(struct api_request){.method = "GET", .path = "/api/me"}, got_me, app);
}

void app_act(struct app *app, const cJSON *tokens)
{
    struct problem why = {0};

    if (session_act(app->session, json_str(tokens, "access_token"),
                    json_str(tokens, "refresh_token"), (int64_t)json_num(tokens, "expires_in", 0),
                    &why)) {
        app_say(app, STYLE_ERR, "%s", why.text);
        return;
    }
    api_person_changed(app->api);
    app->acting = true;
    app->go_home = true;
    app_signed_in(app);
}

/* The session of the one we act as has ended, or soon does by itself. */
static void acted(void *arg, const struct api_reply *r)
{
    struct app *app = arg;

    (void)r;
    session_act_end(app->session);
    api_person_changed(app->api);
    app->acting = false;
    app->go_home = true;
    app_signed_in(app);
    app_say(app, STYLE_OK, "you are yourself again");
}

void app_act_end(struct app *app)
{
    if (app->acting)
        api_send(app->api, &(struct api_request){.method = "POST", .path = "/api/auth/logout"},
                 acted, app);
    else
        app_say(app, STYLE_DIM, "you act as nobody else");
}

void app_trusted(struct app *app)
{
    if (app_is_signed_in(app))
        app_refresh_me(app);
    else
        app_push(app, &signin_screen);
}

void app_mind_me(struct app *app)
{
    app_notice_acting(app);
    if (app_is_signed_in(app) && app->me.role && clock_mono_us() - app->asked_us > ME_US)
        app_refresh_me(app);
}

/* Acting */

void app_notice_acting(struct app *app)
{
    if (app->acting == session_is_acting(app->session))
        return;
    api_person_changed(app->api);
    app->acting = session_is_acting(app->session);
    app->go_home = true;
    app_say(app, STYLE_WARN, "the time is over: you are yourself again");
    app_signed_in(app);
}

bool app_watched(const struct app *app, char *out, size_t size)
{
    char until[STAMP_TEXT];

    out[0] = '\0';
    if (app->me.watched_ms <= clock_real_ms())
        return false;
    stamp_text((struct stamp){app->me.watched_ms}, until);
    if (app->me.acting)
        snprintf(out, size, "ACTING AS %s until %.5s UTC; E ends it", app->me.email, until + 11);
    else
        snprintf(out, size, "THE OPERATOR ACTS AS YOU until %.5s UTC; 8 5 says why", until + 11);
    return true;
}
