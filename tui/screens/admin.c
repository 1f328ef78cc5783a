/* Administration: the tabs, and those of them that are listings: credits, audit; and health. */
#include "tui/screens/admin.h"

#include <string.h>

#include "common/json.h"
#include "tui/screens/listing.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { HEALTH_MS = 2000, LABEL = 26 };

static const struct {
    const struct screen_class *class;
    const char *label;
    enum role role;
} tabs[] = {
    {&users_screen, "1 Members", ROLE_ADMIN}, {&grants_screen, "2 Credits", ROLE_ADMIN},
    {&audit_screen, "3 Audit", ROLE_ADMIN},   {&health_screen, "4 Health", ROLE_SUPER_ADMIN},
    {&all_jobs_screen, "5 Jobs", ROLE_ADMIN},
};

void admin_draw_tabs(struct screen *s, int cols)
{
    int x = 1;

    for (size_t i = 0; i < sizeof(tabs) / sizeof(*tabs); i++) {
        bool here = tabs[i].class == s->class;
        int width = (int)strlen(tabs[i].label) + 2;

        if (app_me(s->app)->role < tabs[i].role || x + width > cols)
            continue;
        paint_printf(1, x, width, here ? STYLE_ACCENT : STYLE_DIM, here ? "[%s]" : " %s ",
                     tabs[i].label);
        x += width + 1;
    }
}

/* Health: one record, a line a field, by its table. */

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
    int y = 3;

    admin_draw_tabs(s, cols);
    if (!h->doc)
        paint_text(3, 2, cols - 3, STYLE_DIM, "asking ...");
    for (const struct field *f = admin_health_type.fields; h->doc && f->name && y <= rows; f++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(h->doc, f->name);
        char number[NUMBER_TEXT];

        paint_text(y, 2, LABEL, STYLE_DIM, f->label);
        paint_text(y++, 3 + LABEL, cols - LABEL - 4, STYLE_TEXT,
                   cJSON_IsString(v)   ? v->valuestring
                   : cJSON_IsNumber(v) ? paint_number((int64_t)v->valuedouble, number)
                   : cJSON_IsTrue(v)   ? "yes"
                                       : "no");
    }
    paint_focus(3, 2);
}

static void health_close(struct screen *s)
{
    cJSON_Delete(((struct health_view *)s)->doc);
}

static const struct key health_keys[] = {
    {'R', NULL, "refresh", "refresh", "Ask the server again.", ask_health}, ADMIN_KEYS, {0}};

const struct screen_class health_screen = {.title = "Admin > Health",
                                           .size = sizeof(struct health_view),
                                           .keys = health_keys,
                                           .shown = ask_health,
                                           .draw = health_draw,
                                           .tick = ask_health,
                                           .close = health_close};

/* Audit */

static const struct listing_column audit_columns[] = {
    {"WHEN", "at", 16, LISTING_WHEN},
    {"WHAT", "verb", 18, LISTING_TEXT},
    {"OUTCOME", "outcome", 12, LISTING_TEXT},
    {"TIMES", "count", 5, LISTING_NUMBER},
    {"DETAIL", "detail", 16, LISTING_TEXT},
    {"WHO", "actor_id", 36, LISTING_TEXT},
    {0},
};
static const struct listing_class audit_listing = {"/api/admin/audit", "items", audit_columns,
                                                   "Nothing happened yet.", 0};

static void tab_listing_draw(struct screen *s, int rows, int cols)
{
    admin_draw_tabs(s, cols);
    listing_draw((struct listing *)s, 2, rows - 1, cols);
}

static void audit_open(struct screen *s)
{
    listing_open(s, &audit_listing);
}

static const struct key audit_keys[] = {LISTING_KEYS, ADMIN_KEYS, {0}};

const struct screen_class audit_screen = {LISTING_SCREEN,       .title = "Admin > Audit",
                                          .keys = audit_keys,   .open = audit_open,
                                          .shown = listing_ask, .draw = tab_listing_draw};

/* Credits of the account, and giving some. */

static const struct listing_column grant_columns[] = {
    {"WHEN", "at", 16, LISTING_WHEN},         {"KIND", "kind", 7, LISTING_TEXT},
    {"AMOUNT", "amount", 9, LISTING_CREDITS}, {"BALANCE", "balance", 10, LISTING_CREDITS},
    {"REASON", "reason", 10, LISTING_TEXT},   {0},
};
static const struct listing_class grant_listing = {"/api/admin/credits", "entries", grant_columns,
                                                   "No credits were moved yet.", 0};

static void grants_open(struct screen *s)
{
    listing_open(s, &grant_listing);
}

static void give(struct screen *s)
{
    grant_open(s->app, "");
}

static const struct key grants_keys[] = {
    LISTING_KEYS,
    {'c', NULL, "give credits", "give credits", "Give an account credits.", give, ROLE_SUPER_ADMIN},
    ADMIN_KEYS,
    {0},
};

const struct screen_class grants_screen = {LISTING_SCREEN,       .title = "Admin > Credits",
                                           .keys = grants_keys,  .open = grants_open,
                                           .shown = listing_ask, .draw = tab_listing_draw};

/* From tab to tab. */

static void swap(struct screen *s, const struct screen_class *class)
{
    if (s->class != class)
        app_go(s->app, class);
}

void admin_users(struct screen *s)
{
    swap(s, &users_screen);
}

void admin_credits(struct screen *s)
{
    swap(s, &grants_screen);
}

void admin_audit(struct screen *s)
{
    swap(s, &audit_screen);
}

void admin_health(struct screen *s)
{
    swap(s, &health_screen);
}

void admin_jobs(struct screen *s)
{
    swap(s, &all_jobs_screen);
}
