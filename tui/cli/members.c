/* leadgen members ls | invite | invitations | resend | revoke | role | cap | disable | enable |
 * owner
 */
#include <string.h>

#include "common/json.h"
#include "tui/cli/access.h"
#include "tui/cli/auth.h"

static const struct cli_column members[] = {
    {"ID", "id", 36, 0},
    {"E-MAIL", "email", 12, 0},
    {"NAME", "name", 6, 2},
    {"ROLE", "role", 6, 0},
    {"STATE", "state", 6, 0},
    {"CAPPED", "capped", 6, 3},
    {"CAP", "monthly_cap", 4, 3},
    {"LAST SIGN-IN", "last_login", 24, 4},
    {0},
};
static const struct cli_column invitations[] = {
    {"ID", "id", 36, 0},     {"E-MAIL", "email", 12, 0}, {"ROLE", "role", 6, 0},
    {"MAILS", "sent", 5, 2}, {"UNTIL", "ends", 24, 1},   {0},
};

static enum exit_code members_ls(struct cli *c)
{
    return access_list(c, "/api/admin/users", members);
}

static enum exit_code members_invitations(struct cli *c)
{
    return access_list(c, "/api/invitations", invitations);
}

static enum exit_code members_invite(struct cli *c)
{
    const char *role = cli_option(c, "role");
    struct buf *b = access_body(c);

    if (c->n != 1)
        return cli_usage(c, "say whom");
    buf_str(b, "\"email\":");
    json_write_text(b, c->words[0]);
    buf_str(b, ",\"role\":");
    json_write_text(b, role ? role : "user");
    buf_char(b, '}');
    return access_do(c, "POST", "/api/invitations", b->data, "a mail is on its way");
}

static enum exit_code members_resend(struct cli *c)
{
    if (c->n != 1)
        return cli_usage(c, "say which invitation");
    return access_do(c, "POST", access_path(c, "/api/invitations/", c->words[0], "/resend"), NULL,
                     "a new mail is on its way; the token before is void");
}

static enum exit_code members_revoke(struct cli *c)
{
    if (c->n != 1)
        return cli_usage(c, "say which invitation");
    return access_do(c, "DELETE", access_path(c, "/api/invitations/", c->words[0], ""), NULL,
                     "revoked");
}

/* PATCH the member of the first word. */
static enum exit_code change(struct cli *c, const char *json, const char *done)
{
    return access_do(c, "PATCH", access_path(c, "/api/admin/users/", c->words[0], ""), json, done);
}

static enum exit_code members_role(struct cli *c)
{
    struct buf *b = access_body(c);

    if (c->n != 2)
        return cli_usage(c, "say which member and which role");
    buf_str(b, "\"role\":");
    json_write_text(b, c->words[1]);
    buf_char(b, '}');
    return change(c, b->data, "changed; the member signs in anew");
}

static enum exit_code members_cap(struct cli *c)
{
    const char *cap;

    if (c->n != 2)
        return cli_usage(c, "say which member and how much a month");
    cap = access_cap(c, c->words[1]);
    return cap ? change(c, arena_printf(c->mem, "{%s}", cap), "changed") : EXIT_USAGE;
}

static enum exit_code members_disable(struct cli *c)
{
    if (c->n != 1)
        return cli_usage(c, "say which member");
    return change(c, "{\"state\":\"disabled\"}", "disabled: sessions and keys have ended");
}

static enum exit_code members_enable(struct cli *c)
{
    if (c->n != 1)
        return cli_usage(c, "say which member");
    return change(c, "{\"state\":\"active\"}", "may sign in; keys are made or rotated anew");
}

static enum exit_code members_reset_totp(struct cli *c)
{
    if (c->n != 1)
        return cli_usage(c, "say which member");
    return access_do(c, "DELETE", access_path(c, "/api/admin/users/", c->words[0], "/totp"), NULL,
                     "the second factor is off, and the member's sessions have ended");
}

static enum exit_code members_owner(struct cli *c)
{
    struct buf *b = access_body(c);

    if (c->n != 1)
        return cli_usage(c, "say which member");
    buf_str(b, "\"user_id\":");
    json_write_text(b, c->words[0]);
    buf_char(b, '}');
    return access_do(c, "POST", "/api/account/owner", b->data, "the account is passed on");
}

/* For who has no account yet: the session's tokens are not used. */
static enum exit_code members_accept(struct cli *c)
{
    char password[AUTH_PASSWORD_MAX] = "";
    const char *name = cli_option(c, "name");
    struct auth_member body[] = {
        {"token", c->words[0]}, {"name", name}, {"password", password}, {0}};
    struct cli_reply reply;
    enum exit_code code;

    if (c->n != 1 || !name)
        return cli_usage(c, "give the token of the mail and your --name");
    code = auth_password(c, password, sizeof(password));
    if (code)
        return code;
    reply = auth_post(c, "/api/invitations/accept", body, true);
    explicit_bzero(password, sizeof(password));
    return auth_said(&reply);
}

static const struct cli_option accept[] = {
    {"name", "NAME", "what you are called"},
    AUTH_PASSWORD_OPTIONS,
    {0},
};
static const struct cli_option json[] = {{"json", NULL, "one JSON object"}, {0}};
static const struct cli_option owner[] = {
    AUTH_PASSWORD_OPTIONS,
    {"json", NULL, "one JSON object"},
    {0},
};
static const struct cli_option invite[] = {
    {"role", "ROLE", "viewer, user or admin (user)"},
    {"json", NULL, "one JSON object"},
    {0},
};

#define COMMAND(symbol, name_, words_, help_, options_)     \
    const struct cli_command members_##symbol##_command = { \
        .name = "members " name_,                           \
        .words = words_ "[--json]",                         \
        .help = help_,                                      \
        .options = options_,                                \
        .run = members_##symbol,                            \
        .rare = true,                                       \
    }

COMMAND(ls, "ls", "", "The members of your account.", json);
COMMAND(invite, "invite", "E-MAIL [--role ROLE] ", "Invite somebody by mail.", invite);
COMMAND(invitations, "invitations", "", "The open invitations.", json);
COMMAND(resend, "resend", "INVITATION ", "Send an invitation again, with a new token.", json);
COMMAND(revoke, "revoke", "INVITATION ", "Revoke an invitation.", json);
COMMAND(role, "role", "MEMBER ROLE ", "Change a member's role.", json);
COMMAND(cap, "cap", "MEMBER CREDITS|none ", "What a member may spend in a month.", json);
COMMAND(disable, "disable", "MEMBER ", "End a member's sessions and keys.", json);
COMMAND(enable, "enable", "MEMBER ", "Let a member sign in again.", json);
COMMAND(reset_totp, "reset-totp", "MEMBER ", "Turn off the second factor that a member lost.",
        owner);
COMMAND(owner, "owner", "MEMBER ", "Pass your account on.", owner);
const struct cli_command members_accept_command = {
    .name = "members accept",
    .words = "TOKEN --name NAME [--password-file FILE]",
    .help = "Accept an invitation, with the token of the mail.",
    .options = accept,
    .run = members_accept,
    .rare = true,
};
