/* Administration: the tabs; credits and audit; health. */
#include "tui/screens/admin.h"

#include <string.h>

#include "tui/screens/form.h"
#include "tui/screens/record.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { HEALTH_MS = 2000 };

static const struct {
    const struct screen_class *class;
    const char *label;
    char digit;
    enum role role;
} tabs[] = {
#define X(digit, id, class, name, help, role) {&class, name, digit, role},
    ADMIN_TABS(X)
#undef X
};

void admin_draw_tabs(struct screen *s, int cols)
{
    int x = 1;

    for (size_t i = 0; i < sizeof(tabs) / sizeof(*tabs); i++) {
        bool here = tabs[i].class == s->class;
        int width = (int)strlen(tabs[i].label) + 4;

        if (app_me(s->app)->role < tabs[i].role || x + width > cols)
            continue;
        paint_printf(1, x, width, here ? STYLE_ACCENT : STYLE_DIM, here ? "[%c %s]" : " %c %s ",
                     tabs[i].digit, tabs[i].label);
        x += width + 1;
    }
}

static void go_to(struct screen *s, const struct screen_class *class)
{
    if (s->class != class)
        app_go(s->app, class);
}

#define X(digit, id, class, name, help, role) \
    void admin_##id(struct screen *s)         \
    {                                         \
        go_to(s, &class);                     \
    }
ADMIN_TABS(X)
#undef X

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

    admin_draw_tabs(s, cols);
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

/* Audit */

static const struct column audit_columns[] = {
    {"at", 16}, {"verb", 18}, {"outcome", 12}, {"count", 5}, {"detail", 16}, {"actor_id", 36}, {0}};
static const struct key audit_keys[] = {RESOURCE_KEYS, ADMIN_KEYS{0}};

const struct resource audit_resource = {RESOURCE("Admin > Audit", audit_keys),
                                        .path = "/api/admin/audit",
                                        .row = &audit_type,
                                        .columns = audit_columns,
                                        .empty = "Nothing happened yet.",
                                        .head = admin_draw_tabs};

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
                                         .head = admin_draw_tabs};
