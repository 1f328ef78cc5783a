/* Members: their roles and states; making one; giving an account credits. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/admin.h"
#include "tui/screens/form.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { BODY = 128 };

static const struct column columns[] = {
    {"email", 34}, {"role", 11}, {"state", 11}, {"last_login", 16}, {0}};

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
    const char *role = resource_text(s, "role");
    int n = count_words(role_words), now = 0;

    if (!role)
        return;
    while (now < n && strcmp(role_words[now], role) != 0)
        now++;
    pick_open(s, "Role; their sessions end", role_words, n, now, take_role);
}

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

static const struct key keys[] = {
    RESOURCE_KEYS,
    {'n', NULL, "new member", "new", "Make a member of your account.", add, ROLE_ADMIN},
    {'o', NULL, "role", "role", "Choose another role for this member.", choose_role, ROLE_ADMIN},
    {'d', NULL, "disable", "disable", "Disable or enable this member (it asks).", ask_toggle,
     ROLE_ADMIN},
    {'c', NULL, "give credits", "credits", "Give this member's account credits.", give,
     ROLE_SUPER_ADMIN},
    ADMIN_KEYS{0},
};

const struct resource users_resource = {RESOURCE("Admin > Members", keys),
                                        .path = "/api/admin/users",
                                        .row = &user_type,
                                        .columns = columns,
                                        .empty = "No members.",
                                        .head = admin_draw_tabs};

static const struct form_field member_fields[] = {{"email"}, {"password"}, {"role", "user"}, {0}};

const struct record_form member_form = {
    RECORD_FORM("New member"),
    .method = "POST",
    .path = "/api/admin/users",
    .body = &user_create_type,
    .fields = member_fields,
    .note = "their first password: 15 or longer; viewer, user or admin",
    .done = "the member can sign in now"};

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
