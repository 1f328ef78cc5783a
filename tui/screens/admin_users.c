/* Members: roles, states, caps, the owner; making one; giving an account credits. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/admin.h"
#include "tui/screens/form.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/widgets/paint.h"

enum { BODY = 128 };

static const struct column columns[] = {{"email", 30},
                                        {"role", 11},
                                        {"state", 11},
                                        {"last_login", 16},
                                        {"monthly_cap", 11, .when = "capped"},
                                        {"name", 20},
                                        {0}};

static void change(struct screen *s, const char *name, const char *value)
{
    char body[BODY];

    snprintf(body, sizeof(body), "{\"%s\":\"%s\"}", name, value);
    resource_act(s, "PATCH", "/api/admin/users", "", body, "changed; their sessions have ended");
}

static bool is_active(struct screen *s)
{
    const char *state = resource_text(s, "state");

    return state && strcmp(state, "active") == 0;
}

static void do_toggle(struct screen *s)
{
    change(s, "state", is_active(s) ? "disabled" : "active");
}

static void ask_toggle(struct screen *s)
{
    char text[512];

    if (!resource_text(s, "email"))
        return;
    snprintf(text, sizeof(text), "%s\n%s", resource_text(s, "email"),
             is_active(s) ? "Their sessions and API keys end at once, the keys for good.\n"
                            "What they own stays with the account."
                          : "They can sign in again; keys are made or rotated anew.");
    confirm_open(s, is_active(s) ? "Disable this member?" : "Enable this member?", text, CONFIRM_MS,
                 do_toggle);
}

/* The cap */

static const struct form_field cap_fields[] = {{"monthly_cap", .none = "capped"}, {0}};

static const struct record_form cap_form = {RECORD_FORM("What this member may spend"),
                                            .method = "PATCH",
                                            .body = &user_change_type,
                                            .fields = cap_fields,
                                            .note = "credits in a calendar month (UTC), or none",
                                            .done = "changed"};

static void change_cap(struct screen *s)
{
    const cJSON *row = resource_chosen(s);
    struct arena *mem = arena_new();
    struct form *f;

    if (row) {
        f = form_open(s->app, &cap_form);
        form_at(f, "/api/admin/users/%s", resource_text(s, "id"));
        form_set(f, "monthly_cap",
                 json_bool(row, "capped")
                     ? arena_printf(mem, "%.12g", json_num(row, "monthly_cap", 0))
                     : "none");
    }
    arena_free(mem);
}

/* The owner */

/* The super_admin passes on the account of the member, an admin the own. */
static void pass_on(struct screen *s)
{
    const char *id = resource_text(s, "id"), *account = resource_text(s, "account_id");
    bool of_another = app_me(s->app)->role >= ROLE_SUPER_ADMIN;
    struct arena *mem = arena_new();

    if (id && account)
        resource_send(s, "POST",
                      of_another ? arena_printf(mem, "/api/admin/accounts/%s/owner", account)
                                 : "/api/account/owner",
                      arena_printf(mem, "{\"user_id\":\"%s\"}", id), "the account is passed on");
    arena_free(mem);
}

static void ask_pass_on(struct screen *s)
{
    const char *email = json_str(resource_chosen(s), "email");
    struct arena *mem = arena_new();

    if (email)
        confirm_open(s, "Pass the account on?",
                     arena_printf(mem,
                                  "%s owns the account from then on, as an admin.\n"
                                  "Only they, or the operator, can pass it on again.",
                                  email),
                     CONFIRM_MS, pass_on);
    arena_free(mem);
}

/* The role */

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
    const char *role = resource_text(s, "role");
    int n = count_words(role_words), now = 0;

    if (!role)
        return;
    while (now < n && strcmp(role_words[now], role) != 0)
        now++;
    pick_open(s, "Role; their sessions end", role_words, n, now, take_role);
}

static const struct form_field member_fields[] = {{"email"}, {"password"}, {"role", "user"}, {0}};

static const struct record_form member_form = {
    RECORD_FORM("New member"),
    .method = "POST",
    .path = "/api/admin/users",
    .body = &user_create_type,
    .fields = member_fields,
    .note = "their first password: 15 or longer; viewer, user or admin",
    .done = "the member can sign in now"};

static void give(struct screen *s)
{
    const char *email = resource_text(s, "email");
    struct form *f = form_open(s->app, &grant_form);

    if (email)
        form_set(f, "email", email);
}

static void add(struct screen *s)
{
    form_open(s->app, &member_form);
}

static void invite(struct screen *s)
{
    form_open(s->app, &invite_form);
}

static const struct key keys[] = {
    RESOURCE_KEYS,
    {'i', NULL, "invite", "invite", "Invite somebody by mail.", invite, ROLE_ADMIN},
    {'o', NULL, "role", "role", "Choose another role for this member.", choose_role, ROLE_ADMIN},
    {'m', NULL, "monthly cap", "cap", "What this member may spend in a month.", change_cap,
     ROLE_ADMIN},
    {'d', NULL, "disable", "disable", "Disable or enable this member (it asks).", ask_toggle,
     ROLE_ADMIN},
    {'n', NULL, "new member", "new", "Make a member of your account, with a password.", add,
     ROLE_ADMIN},
    {'O', NULL, "pass on", NULL, "Make this member the owner of the account (it asks).",
     ask_pass_on, ROLE_ADMIN},
    {'I', NULL, "act as", NULL, "Act as this member for half an hour, for a reason.", acts_begin,
     ROLE_SUPER_ADMIN},
    {'c', NULL, "give credits", "credits", "Give this member's account credits.", give,
     ROLE_SUPER_ADMIN},
    ADMIN_KEYS{0},
};

const struct resource users_resource = {RESOURCE("Admin > Members", keys),
                                        .path = "/api/admin/users",
                                        .row = &user_type,
                                        .columns = columns,
                                        .empty = "No members.",
                                        .head = tabs_draw,
                                        .also = admin_note_mail};

/* Giving credits */

static const char *ask_grant(struct arena *mem, const struct form *f)
{
    struct credits amount = {0};
    char number[NUMBER_TEXT];
    bool valid = credits_parse(form_text(f, "amount"), &amount);

    return arena_printf(mem, "%s %s to the account of\n%s",
                        valid ? paint_credits(amount, number) : "no", credits_word(amount),
                        form_text(f, "email"));
}

static void granted(struct app *app, const cJSON *reply)
{
    app_say(app, STYLE_OK, "given; the account has %.10g credits now",
            json_num(reply, "balance", 0));
    app_refresh_me(app);
}

static const struct form_field grant_fields[] = {{"email"}, {"amount"}, {"reason"}, {0}};

const struct record_form grant_form = {RECORD_FORM("Give credits"),
                                       .method = "POST",
                                       .path = "/api/admin/credits",
                                       .body = &grant_request_type,
                                       .fields = grant_fields,
                                       .note =
                                           "to a member's account; a negative number takes back",
                                       .once = true,
                                       .ask = ask_grant,
                                       .made = granted};
