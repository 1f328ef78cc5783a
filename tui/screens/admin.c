/* Administration: credits; health. */
#include "tui/screens/admin.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/form.h"
#include "tui/screens/record.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/widgets/paint.h"

enum { HEALTH_MS = 2000 };

/* Mail */

/* "": a mail server is configured. */
static void say_mail(const cJSON *health, char *out, size_t size)
{
    double n = json_num(health, "mail_queued", 0) + json_num(health, "mail_dead", 0);

    out[0] = '\0';
    if (!json_bool(health, "mail"))
        snprintf(out, size, "no mail server is configured: mails are kept (%.0f now); 7 shows them",
                 n);
}

static void got_mail(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;

    if (!r->err)
        say_mail(r->doc, l->note, sizeof(l->note));
}

void admin_note_mail(struct screen *s)
{
    if (app_me(s->app)->role >= ROLE_SUPER_ADMIN)
        screen_call(s, "GET", "/api/admin/health", NULL, got_mail);
}

/* Health: one record. */

struct health_view {
    struct screen base;
    cJSON *doc;
};

static void got_health(void *arg, const struct api_reply *r)
{
    struct health_view *h = arg;

    screen_wake(&h->base, r->retry_after ? r->retry_after * 1000 : HEALTH_MS);
    if (r->err) {
        app_say_error(h->base.app, r);
        return;
    }
    cJSON_Delete(h->doc);
    h->doc = cJSON_Duplicate(r->doc, true);
}

static void ask_health(struct screen *s)
{
    api_cancel_all(app_api(s->app), s);
    screen_call(s, "GET", "/api/admin/health", NULL, got_health);
}

static void health_draw(struct screen *s, int rows, int cols)
{
    struct health_view *h = (struct health_view *)s;
    char note[200] = "";

    tabs_draw(s, cols);
    if (h->doc)
        say_mail(h->doc, note, sizeof(note));
    if (*note)
        paint_said(2, 1, cols - 2, STYLE_WARN, note);
    if (h->doc)
        record_draw(&admin_health_type, h->doc, 0, 3, rows - 2, cols);
    else
        paint_text(3, 2, cols - 3, STYLE_DIM, "asking ...");
    paint_focus(3, 2);
}

static void health_close(struct screen *s)
{
    cJSON_Delete(((struct health_view *)s)->doc);
}

static const struct key health_keys[] = {
    {'R', NULL, "refresh", "refresh", "Ask the server again.", ask_health}, ADMIN_KEYS{0}};

const struct screen_class health_screen = {.title = "Admin > Health",
                                           .size = sizeof(struct health_view),
                                           .keys = health_keys,
                                           .shown = ask_health,
                                           .draw = health_draw,
                                           .tick = ask_health,
                                           .close = health_close};

/* Credits of the account */

static const struct column grant_columns[] = {{"at", 16},      {"kind", 7},    {"amount", 9},
                                              {"balance", 10}, {"reason", 15}, {0}};

static void give(struct screen *s)
{
    form_open(s->app, &grant_form);
}

static const struct key grants_keys[] = {
    RESOURCE_KEYS,
    {'c', NULL, "give credits", "give credits", "Give an account credits.", give, ROLE_SUPER_ADMIN},
    ADMIN_KEYS{0},
};

const struct resource grants_resource = {RESOURCE("Admin > Credits", grants_keys),
                                         .path = "/api/admin/credits",
                                         .items = "entries",
                                         .row = &entry_type,
                                         .columns = grant_columns,
                                         .empty = "No credits were moved yet.",
                                         .head = tabs_draw};
