/* Credits, jobs, members, grants, audit and health: listings, and a form. */
#include <curses.h>
#include <string.h>

#include "common/api.h"
#include "common/json.h"
#include "common/uuid.h"
#include "tui/screens/list.h"
#include "tui/screens/listing.h"
#include "tui/ui.h"

enum { JOBS_MS = 2000, HEALTH_MS = 2000 };

/* The tabs of administration, by their digits. */

static void to_users(struct screen *s);
static void to_grant(struct screen *s);
static void to_jobs(struct screen *s);
static void to_audit(struct screen *s);
static void to_health(struct screen *s);

#define ADMIN_KEYS                                                                  \
    {'u', NULL, "u:members", "Members.", to_users},                                 \
        {'c', NULL, "c:grant", "Give an account credits (super_admin).", to_grant}, \
        {'b', NULL, "b:jobs", "Jobs.", to_jobs},                                    \
        {'t', NULL, "t:audit", "The audit log.", to_audit},                         \
    {                                                                               \
        'h', NULL, "h:health", "How the server does (super_admin).", to_health      \
    }

/* Credits */

static const struct listing_column credit_columns[] = {
    {"When", "at", 24},
    {"Kind", "kind", 7},
    {"Amount", "amount", 8},
    {"Balance", "balance", 9},
    {"Fields", "fields", 12},
    {"Reason", "reason", 10},
    {0},
};
static const struct listing_class credit_listing = {"/api/credits", "entries", credit_columns,
                                                    "No credits were moved yet.", 0};

static void credits_open(struct screen *s)
{
    listing_open((struct listing *)s, &credit_listing);
}

static void credits_draw(struct screen *s, int rows, int cols)
{
    struct listing *l = (struct listing *)s;

    if (l->head)
        app_set_balance(s->app, json_num(l->head, "balance", 0));
    ui_printf(2, 2, cols - 3, STYLE_COST, "Balance %s credits",
              l->head ? app_me(s->app)->balance : "...");
    listing_draw(l, 4, rows - 4, cols);
}

static const struct key credits_keys[] = {LISTING_KEYS, {0}};

const struct screen_class credits_screen = {.title = "Credits",
                                            .size = sizeof(struct listing),
                                            .keys = credits_keys,
                                            .open = credits_open,
                                            .draw = credits_draw,
                                            .close = listing_close};

/* Jobs */

static const struct listing_column job_columns[] = {
    {"State", "state", 10},     {"Progress", "progress", 9}, {"Kind", "kind", 8},
    {"Created", "created", 24}, {"Name", "name", 10},        {0},
};
static const struct listing_class job_listing = {"/api/jobs", "items", job_columns,
                                                 "No jobs yet; 4 uploads a file.", JOBS_MS};

static void jobs_open(struct screen *s)
{
    listing_open((struct listing *)s, &job_listing);
}

static void draw_counts(const cJSON *row, int y, int cols)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(row, "counts");
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(row, "error");

    if (cJSON_IsObject(e))
        ui_printf(y, 2, cols - 3, STYLE_ERR, "x %s", json_str(e, "detail"));
    else if (n)
        ui_printf(y, 2, cols - 3, STYLE_TEXT,
                  "%.0f read: %.0f created, %.0f updated, %.0f merged, %.0f skipped, %.0f rejected",
                  json_num(n, "read", 0), json_num(n, "created", 0), json_num(n, "updated", 0),
                  json_num(n, "merged", 0), json_num(n, "skipped", 0), json_num(n, "rejected", 0));
}

static void jobs_draw(struct screen *s, int rows, int cols)
{
    struct listing *l = (struct listing *)s;

    listing_draw(l, 2, rows - 3, cols);
    draw_counts(listing_row(l), rows, cols);
}

static void job_cancelled(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;

    if (r->err)
        app_say_error(l->base.app, r);
    else
        app_say(l->base.app, "the job stops at its next checkpoint");
    listing_reload(l);
}

static void job_cancel(struct screen *s)
{
    const char *id = json_str(listing_row((struct listing *)s), "id");
    char path[128];

    if (!id)
        return;
    snprintf(path, sizeof(path), "/api/jobs/%s/cancel", id);
    screen_call(s, "POST", path, NULL, job_cancelled);
}

static const struct key jobs_keys[] = {
    LISTING_KEYS,
    {'x', NULL, "x:cancel", "Stop this job at its next checkpoint.", job_cancel},
    {0}};

const struct screen_class jobs_screen = {.title = "Jobs",
                                         .size = sizeof(struct listing),
                                         .keys = jobs_keys,
                                         .open = jobs_open,
                                         .draw = jobs_draw,
                                         .tick = listing_tick,
                                         .close = listing_close};

/* Members */

static const struct listing_column user_columns[] = {
    {"E-mail", "email", 32},
    {"Role", "role", 12},
    {"State", "state", 10},
    {"Last sign-in", "last_login", 20},
    {0},
};
static const struct listing_class user_listing = {"/api/admin/users", "items", user_columns,
                                                  "No members.", 0};

static void users_open(struct screen *s)
{
    listing_open((struct listing *)s, &user_listing);
}

static void users_draw(struct screen *s, int rows, int cols)
{
    listing_draw((struct listing *)s, 2, rows - 2, cols);
}

static void user_changed(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;

    if (r->err)
        app_say_error(l->base.app, r);
    else
        app_say(l->base.app, "+ changed; their sessions have ended");
    listing_reload(l);
}

static void change_user(struct screen *s, const char *member, const char *value)
{
    const char *id = json_str(listing_row((struct listing *)s), "id");
    char path[128], body[128];

    if (!id)
        return;
    snprintf(path, sizeof(path), "/api/admin/users/%s", id);
    snprintf(body, sizeof(body), "{\"%s\":\"%s\"}", member, value);
    screen_call(s, "PATCH", path, body, user_changed);
}

static void user_toggle(struct screen *s)
{
    const char *state = json_str(listing_row((struct listing *)s), "state");

    if (state)
        change_user(s, "state", strcmp(state, "active") == 0 ? "disabled" : "active");
}

/* viewer -> user -> admin -> viewer */
static void user_role(struct screen *s)
{
    const char *role = json_str(listing_row((struct listing *)s), "role");

    if (role)
        change_user(s, "role",
                    strcmp(role, "viewer") == 0 ? "user"
                    : strcmp(role, "user") == 0 ? "admin"
                                                : "viewer");
}

static const struct key users_keys[] = {
    LISTING_KEYS,
    {'D', NULL, "D:disable", "Disable or enable this member.", user_toggle},
    {'O', NULL, "O:role", "The next role: viewer, user, admin.", user_role},
    ADMIN_KEYS,
    {0},
};

const struct screen_class users_screen = {.title = "Admin > Members",
                                          .size = sizeof(struct listing),
                                          .keys = users_keys,
                                          .open = users_open,
                                          .draw = users_draw,
                                          .close = listing_close};

/* Audit */

static const struct listing_column audit_columns[] = {
    {"When", "at", 24},       {"What", "verb", 18},    {"Outcome", "outcome", 10},
    {"Detail", "detail", 16}, {"Who", "actor_id", 36}, {0},
};
static const struct listing_class audit_listing = {"/api/admin/audit", "items", audit_columns,
                                                   "Nothing happened yet.", 0};

static void audit_open(struct screen *s)
{
    listing_open((struct listing *)s, &audit_listing);
}

static const struct key audit_keys[] = {LISTING_KEYS, ADMIN_KEYS, {0}};

const struct screen_class audit_screen = {.title = "Admin > Audit",
                                          .size = sizeof(struct listing),
                                          .keys = audit_keys,
                                          .open = audit_open,
                                          .draw = users_draw,
                                          .close = listing_close};

/* Health: one record, a line a field, by its table. */

struct health_view {
    struct screen base;
    cJSON *doc;
};

static void got_health(void *arg, const struct api_reply *r)
{
    struct health_view *h = arg;

    screen_wake(&h->base, HEALTH_MS);
    if (r->err) {
        app_say_error(h->base.app, r);
        return;
    }
    cJSON_Delete(h->doc);
    h->doc = cJSON_Duplicate(r->doc, true);
}

static void ask_health(struct screen *s)
{
    screen_call(s, "GET", "/api/admin/health", NULL, got_health);
}

static void health_draw(struct screen *s, int rows, int cols)
{
    struct health_view *h = (struct health_view *)s;
    int y = 2;

    if (!h->doc)
        ui_text(2, 2, cols - 3, STYLE_DIM, "asking ...");
    for (const struct field *f = admin_health_type.fields; h->doc && f->name && y <= rows; f++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(h->doc, f->name);
        char number[32];

        ui_text(y, 2, 26, STYLE_DIM, f->label);
        ui_text(y++, 30, cols - 31, STYLE_TEXT,
                cJSON_IsString(v)   ? v->valuestring
                : cJSON_IsNumber(v) ? ui_number((int64_t)v->valuedouble, number)
                : cJSON_IsTrue(v)   ? "yes"
                                    : "no");
    }
}

static void health_close(struct screen *s)
{
    cJSON_Delete(((struct health_view *)s)->doc);
}

static const struct key health_keys[] = {
    {'R', NULL, "R:refresh", "Ask again.", ask_health}, ADMIN_KEYS, {0}};

const struct screen_class health_screen = {.title = "Admin > Health",
                                           .size = sizeof(struct health_view),
                                           .keys = health_keys,
                                           .open = ask_health,
                                           .draw = health_draw,
                                           .tick = ask_health,
                                           .close = health_close};

/* Granting credits: a form; the confirm key is not the one that opened it. */

enum { GRANT_EMAIL, GRANT_AMOUNT, GRANT_REASON, GRANT_FIELDS };

struct grant {
    struct screen base;
    struct input fields[GRANT_FIELDS];
    int at;
    bool busy;
    char key[UUID_TEXT]; /* one a form: a repeat is not a second grant */
};

static void grant_open(struct screen *s)
{
    struct uuid id = uuid_new();

    uuid_text(&id, ((struct grant *)s)->key);
}

static void grant_draw(struct screen *s, int rows, int cols)
{
    static const char *const labels[] = {"E-mail of a member", "Credits", "Reason"};
    struct grant *g = (struct grant *)s;
    int w = cols < 70 ? cols - 4 : 66, x = (cols - w) / 2, y = rows / 2 - 4;

    if (!ui_box(y, x, 9, w, "Give credits"))
        return;
    for (int i = 0; i < GRANT_FIELDS; i++) {
        ui_text(y + 2 + i, x + 2, 18, STYLE_DIM, labels[i]);
        input_draw(&g->fields[i], y + 2 + i, x + 21, w - 24, g->at == i);
    }
    ui_text(y + 6, x + 2, w - 4, STYLE_DIM,
            g->busy ? "sending ..." : "Enter: next field, and at the last: give   Esc: cancel");
}

static void granted(void *arg, const struct api_reply *r)
{
    struct grant *g = arg;
    struct app *app = g->base.app;

    g->busy = false;
    if (r->err) {
        app_say_error(app, r);
        return;
    }
    app_say(app, "+ given; the account has %.10g credits now", json_num(r->doc, "balance", 0));
    app_close(&g->base);
}

static void grant_send(struct grant *g)
{
    struct buf b = BUF_INIT(8192);
    char *end;
    double amount = strtod(g->fields[GRANT_AMOUNT].text, &end);

    if (*end || end == g->fields[GRANT_AMOUNT].text) {
        app_say(g->base.app, "x amount: it must be a number");
        return;
    }
    buf_str(&b, "{\"email\":");
    json_write_text(&b, g->fields[GRANT_EMAIL].text);
    buf_printf(&b, ",\"amount\":%.2f,\"reason\":", amount);
    json_write_text(&b, g->fields[GRANT_REASON].text);
    buf_char(&b, '}');
    api_send(app_api(g->base.app),
             &(struct api_request){.method = "POST",
                                   .path = "/api/admin/credits",
                                   .json = b.data,
                                   .idempotency_key = g->key},
             granted, g);
    buf_free(&b);
    g->busy = true;
}

static void grant_enter(struct screen *s)
{
    struct grant *g = (struct grant *)s;

    if (g->at + 1 < GRANT_FIELDS)
        g->at++;
    else if (!g->busy)
        grant_send(g);
}

static void grant_next(struct screen *s)
{
    struct grant *g = (struct grant *)s;

    g->at = (g->at + 1) % GRANT_FIELDS;
}

static bool grant_input(struct screen *s, int key)
{
    struct grant *g = (struct grant *)s;

    return input_key(&g->fields[g->at], key);
}

static const struct key grant_keys[] = {
    {'\r', "Enter", "Enter:next", "The next field; at the last one, give.", grant_enter},
    {'\n', "Enter", NULL, NULL, grant_enter},
    {'\t', "Tab", "Tab:field", "The next field.", grant_next},
    {0},
};

const struct screen_class grant_screen = {.title = "Admin > Credits",
                                          .size = sizeof(struct grant),
                                          .keys = grant_keys,
                                          .overlay = true,
                                          .open = grant_open,
                                          .draw = grant_draw,
                                          .input = grant_input};

static void swap(struct screen *s, const struct screen_class *class)
{
    struct app *app = s->app;

    app_close(s);
    app_push(app, class);
}

static void to_users(struct screen *s)
{
    swap(s, &users_screen);
}

static void to_grant(struct screen *s)
{
    app_push(s->app, &grant_screen);
}

static void to_jobs(struct screen *s)
{
    swap(s, &jobs_screen);
}

static void to_audit(struct screen *s)
{
    swap(s, &audit_screen);
}

static void to_health(struct screen *s)
{
    swap(s, &health_screen);
}
