/* Members: their roles and states; making one; giving an account credits. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/admin.h"
#include "tui/screens/form.h"
#include "tui/screens/listing.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { BODY_MAX = 8192, PATH = 128, DIALOG_COLS = 64 };

/* The listing */

static const struct listing_column columns[] = {
    {"E-MAIL", "email", 34, LISTING_TEXT},
    {"ROLE", "role", 11, LISTING_TEXT},
    {"STATE", "state", 11, LISTING_TEXT},
    {"LAST SIGN-IN", "last_login", 16, LISTING_WHEN},
    {0},
};
static const struct listing_class listing = {"/api/admin/users", "items", columns, "No members.",
                                             0};

static void users_open(struct screen *s)
{
    listing_open(s, &listing);
}

static void users_draw(struct screen *s, int rows, int cols)
{
    admin_draw_tabs(s, cols);
    listing_draw((struct listing *)s, 2, rows - 1, cols);
}

static const char *member(struct screen *s, const char *name)
{
    return json_str(listing_row((struct listing *)s), name);
}

static void changed(void *arg, const struct api_reply *r)
{
    struct screen *s = arg;

    if (r->err)
        app_say_error(s->app, r);
    else
        app_say(s->app, STYLE_OK, "changed; their sessions have ended");
    listing_ask(s);
}

static void change(struct screen *s, const char *name, const char *value)
{
    const char *id = member(s, "id");
    char path[PATH], body[PATH];

    if (!id)
        return;
    snprintf(path, sizeof(path), "/api/admin/users/%s", id);
    snprintf(body, sizeof(body), "{\"%s\":\"%s\"}", name, value);
    screen_call(s, "PATCH", path, body, changed);
}

static bool is_active(struct screen *s)
{
    const char *state = member(s, "state");

    return state && strcmp(state, "active") == 0;
}

static void do_toggle(struct screen *s)
{
    change(s, "state", is_active(s) ? "disabled" : "active");
}

static void ask_toggle(struct screen *s)
{
    char text[512];

    if (!member(s, "email"))
        return;
    snprintf(text, sizeof(text), "%s\n%s", member(s, "email"),
             is_active(s) ? "Their sessions end at once." : "They can sign in again.");
    confirm_open(s, is_active(s) ? "Disable this member?" : "Enable this member?", text, CONFIRM_MS,
                 do_toggle);
}

static int count_words(const char *const *words)
{
    int n = 0;

    while (words[n])
        n++;
    return n;
}

static void take_role(struct screen *s, int chosen)
{
    change(s, "role", role_words[chosen]);
}

static void choose_role(struct screen *s)
{
    const char *role = member(s, "role");
    int n = count_words(role_words), now = 0;

    if (!role)
        return;
    while (now < n && strcmp(role_words[now], role) != 0)
        now++;
    pick_open(s, "Role; their sessions end", role_words, n, now, take_role);
}

static void give(struct screen *s)
{
    grant_open(s->app, member(s, "email") ? member(s, "email") : "");
}

static void add(struct screen *s)
{
    app_push(s->app, &member_screen);
}

static const struct key users_keys[] = {
    LISTING_KEYS,
    {'n', NULL, "new member", "new", "Make a member of your account.", add, ROLE_ADMIN},
    {'o', NULL, "role", "role", "Choose another role for this member.", choose_role, ROLE_ADMIN},
    {'d', NULL, "disable", "disable", "Disable or enable this member (it asks).", ask_toggle,
     ROLE_ADMIN},
    {'c', NULL, "give credits", "give credits", "Give this member's account credits.", give,
     ROLE_SUPER_ADMIN},
    ADMIN_KEYS,
    {0},
};

const struct screen_class users_screen = {LISTING_SCREEN,       .title = "Admin > Members",
                                          .keys = users_keys,   .open = users_open,
                                          .shown = listing_ask, .draw = users_draw};

/* Forms in a dialog: fields, and a line that says what happens. */

static void form_draw(struct form *f, int rows, int cols, const char *note)
{
    struct place in;

    if (!paint_dialog(rows, cols, f->n + 2, DIALOG_COLS, f->base.class->title, &in))
        return;
    paint_text(in.y + in.rows - 1, in.x, in.cols, STYLE_DIM, f->busy ? "sending ..." : note);
    form_draw_fields(f, in.y, in.x, in.cols);
}

static void form_start(struct screen *s, const char *const *labels, int n,
                       void (*submit)(struct form *))
{
    struct form *f = (struct form *)s;

    s->typing = true;
    f->labels = labels;
    f->n = n;
    f->submit = submit;
}

/* A new member */

enum { MEMBER_EMAIL, MEMBER_PASSWORD, MEMBER_ROLE, MEMBER_FIELDS };
static const char *const member_labels[] = {"E-mail", "First password", "Role"};

static void made(void *arg, const struct api_reply *r)
{
    struct form *f = arg;
    struct app *app = f->base.app;

    f->busy = false;
    if (r->err) {
        app_say_error(app, r);
        return;
    }
    app_say(app, STYLE_OK, "the member can sign in now");
    app_close(&f->base);
}

static void make(struct form *f)
{
    struct buf b = BUF_INIT(BODY_MAX);

    buf_str(&b, "{\"email\":");
    json_write_text(&b, f->inputs[MEMBER_EMAIL].text);
    buf_str(&b, ",\"password\":");
    json_write_text(&b, f->inputs[MEMBER_PASSWORD].text);
    buf_str(&b, ",\"role\":");
    json_write_text(&b, f->inputs[MEMBER_ROLE].text);
    buf_char(&b, '}');
    f->busy = true;
    screen_call(&f->base, "POST", "/api/admin/users", b.data, made);
    explicit_bzero(b.data, b.len);
    buf_free(&b);
}

static void member_open(struct screen *s)
{
    struct form *f = (struct form *)s;

    form_start(s, member_labels, MEMBER_FIELDS, make);
    f->inputs[MEMBER_PASSWORD].secret = true;
    input_set(&f->inputs[MEMBER_ROLE], "user");
}

static void member_draw(struct screen *s, int rows, int cols)
{
    form_draw((struct form *)s, rows, cols, "roles: viewer, user, admin; passwords: 15 or longer");
}

static const struct key form_keys[] = {
    FORM_KEYS,
    {KEY_ESCAPE, "Esc", "cancel", "cancel", "Close; nothing is done.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

const struct screen_class member_screen = {.title = "New member",
                                           .size = sizeof(struct form),
                                           .keys = form_keys,
                                           .overlay = true,
                                           .open = member_open,
                                           .draw = member_draw,
                                           .input = form_input,
                                           .close = form_close};

/* Giving credits; one key a form: the same form sent twice gives once. */

struct grant {
    struct form form;
    char key[UUID_TEXT];
};

enum { GRANT_EMAIL, GRANT_AMOUNT, GRANT_REASON, GRANT_FIELDS };
static const char *const grant_labels[] = {"E-mail of a member", "Credits", "Reason"};

static void granted(void *arg, const struct api_reply *r)
{
    struct form *f = arg;
    struct app *app = f->base.app;

    f->busy = false;
    if (r->err) {
        app_say_error(app, r);
        return;
    }
    app_say(app, STYLE_OK, "given; the account has %.10g credits now",
            json_num(r->doc, "balance", 0));
    app_close(&f->base);
    app_refresh_me(app);
}

static void grant_send(struct screen *s)
{
    struct grant *g = (struct grant *)s;
    struct buf b = BUF_INIT(BODY_MAX);
    struct credits amount = {0};
    char text[CREDITS_TEXT];
    bool valid = credits_parse(g->form.inputs[GRANT_AMOUNT].text, &amount);

    if (!valid) /* it was checked before the question; the field is closed meanwhile */
        return;
    buf_str(&b, "{\"email\":");
    json_write_text(&b, g->form.inputs[GRANT_EMAIL].text);
    buf_printf(&b, ",\"amount\":%s,\"reason\":", credits_text(amount, text));
    json_write_text(&b, g->form.inputs[GRANT_REASON].text);
    buf_char(&b, '}');
    g->form.busy = true;
    api_send(app_api(s->app),
             &(struct api_request){.method = "POST",
                                   .path = "/api/admin/credits",
                                   .json = b.data,
                                   .idempotency_key = g->key},
             granted, g);
    buf_free(&b);
}

static void grant_ask(struct form *f)
{
    struct credits amount;
    char text[NUMBER_TEXT + INPUT_MAX + 64], number[NUMBER_TEXT];

    if (!credits_parse(f->inputs[GRANT_AMOUNT].text, &amount)) {
        app_say(f->base.app, STYLE_ERR, "credits: a number with at most two decimals");
        return;
    }
    snprintf(text, sizeof(text), "%s credits to the account of\n%s", paint_credits(amount, number),
             f->inputs[GRANT_EMAIL].text);
    confirm_open(&f->base, "Give credits?", text, CONFIRM_MS, grant_send);
}

static void grant_opened(struct screen *s)
{
    struct uuid id = uuid_new();

    form_start(s, grant_labels, GRANT_FIELDS, grant_ask);
    uuid_text(&id, ((struct grant *)s)->key);
}

void grant_open(struct app *app, const char *email)
{
    struct form *f = (struct form *)app_push(app, &grant_screen);

    input_set(&f->inputs[GRANT_EMAIL], email);
    f->at = *email ? GRANT_AMOUNT : GRANT_EMAIL;
}

static void grant_draw(struct screen *s, int rows, int cols)
{
    form_draw((struct form *)s, rows, cols, "a negative number takes back; the reason is kept");
}

const struct screen_class grant_screen = {.title = "Give credits",
                                          .size = sizeof(struct grant),
                                          .keys = form_keys,
                                          .overlay = true,
                                          .open = grant_opened,
                                          .draw = grant_draw,
                                          .input = form_input,
                                          .close = form_close};
