/* Invitations that were neither accepted nor revoked. */
#include "common/json.h"
#include "tui/screens/admin.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"

static const struct column columns[] = {{"email", 30}, {"role", 7},     {"sent", 5},
                                        {"ends", 16},  {"created", 16}, {0}};

static const struct form_field invite_fields[] = {{"email"}, {"role", "user"}, {0}};

const struct record_form invite_form = {RECORD_FORM("Invite somebody"),
                                        .method = "POST",
                                        .path = "/api/invitations",
                                        .body = &invitation_create_type,
                                        .fields = invite_fields,
                                        .note = "a mail brings the token that lets them in",
                                        .done = "invited: the mail is in the outbox"};

static void invite(struct screen *s)
{
    form_open(s->app, &invite_form);
}

static void resend(struct screen *s)
{
    resource_act(s, "POST", "/api/invitations", "/resend", NULL,
                 "sent again; the token before is void");
}

static void void_one(struct screen *s)
{
    resource_act(s, "DELETE", "/api/invitations", "", NULL, "revoked");
}

static void ask_revoke(struct screen *s)
{
    const char *email = json_str(resource_chosen(s), "email");
    struct arena *mem = arena_new();

    if (email)
        confirm_open(s, "Revoke this invitation?",
                     arena_printf(mem, "%s\nThe token of the mail is void at once.", email),
                     CONFIRM_MS, void_one);
    arena_free(mem);
}

static const struct key keys[] = {
    RESOURCE_KEYS,
    {'i', NULL, "invite", "invite", "Invite somebody by mail.", invite, ROLE_ADMIN},
    {'t', NULL, "send again", "again", "Send the mail again, with a new token.", resend,
     ROLE_ADMIN},
    {'d', NULL, "revoke", "revoke", "Revoke this invitation (it asks).", ask_revoke, ROLE_ADMIN},
    ADMIN_KEYS{0},
};

const struct resource invitations_resource = {RESOURCE("Admin > Invited", keys),
                                              .path = "/api/invitations",
                                              .row = &invitation_type,
                                              .columns = columns,
                                              .empty = "Nobody is invited; i invites somebody.",
                                              .head = tabs_draw,
                                              .also = admin_note_mail};
