/* leadgen auth register | verify | forgot | reset: before anybody is signed in. */
#include <string.h>

#include "tui/cli/auth.h"

static enum exit_code with_password(struct cli *c, const char *path, const char *name,
                                    const char *value)
{
    char password[AUTH_PASSWORD_MAX] = "";
    struct auth_member members[] = {{name, value}, {"password", password}, {0}};
    enum exit_code code = auth_password(c, password, sizeof(password));
    struct cli_reply reply;

    if (code)
        return code;
    reply = auth_post(c, path, members, true);
    explicit_bzero(password, sizeof(password));
    return auth_said(&reply);
}

/* The word on the line, or what is typed. */
static const char *word(struct cli *c, const char *prompt)
{
    return c->n ? c->words[0] : auth_line(c, prompt);
}

static enum exit_code auth_register(struct cli *c)
{
    const char *email = word(c, "e-mail: ");

    if (!email || c->n > 1)
        return cli_usage(c, "say which address");
    return with_password(c, "/api/auth/register", "email", email);
}

static enum exit_code auth_verify(struct cli *c)
{
    struct auth_member members[] = {{"token", word(c, "token: ")}, {0}};
    struct cli_reply reply;

    if (!members[0].value || c->n > 1)
        return cli_usage(c, "give the token of the mail");
    reply = auth_post(c, "/api/auth/verify-email", members, true);
    return auth_said(&reply);
}

static enum exit_code auth_forgot(struct cli *c)
{
    struct auth_member members[] = {{"email", word(c, "e-mail: ")}, {0}};
    struct cli_reply reply;

    if (!members[0].value || c->n > 1)
        return cli_usage(c, "say which address");
    reply = auth_post(c, "/api/auth/forgot-password", members, true);
    return auth_said(&reply);
}

static enum exit_code auth_reset(struct cli *c)
{
    const char *token = word(c, "token: ");

    if (!token || c->n > 1)
        return cli_usage(c, "give the token of the mail");
    return with_password(c, "/api/auth/reset-password", "token", token);
}

static const struct cli_option password_options[] = {AUTH_PASSWORD_OPTIONS, {0}};
static const struct cli_option no_options[] = {{0}};

const struct cli_command auth_register_command = {
    .name = "auth register",
    .words = "[ADDRESS] [--password-file FILE]",
    .help = "Ask for an account; a mail brings the token that makes it.",
    .options = password_options,
    .run = auth_register,
    .rare = true,
};
const struct cli_command auth_verify_command = {
    .name = "auth verify",
    .words = "[TOKEN]",
    .help = "Confirm a registered address with the token of the mail.",
    .options = no_options,
    .run = auth_verify,
    .rare = true,
};
const struct cli_command auth_forgot_command = {
    .name = "auth forgot",
    .words = "[ADDRESS]",
    .help = "Ask for a mail that resets the password.",
    .options = no_options,
    .run = auth_forgot,
    .rare = true,
};
const struct cli_command auth_reset_command = {
    .name = "auth reset",
    .words = "[TOKEN] [--password-file FILE]",
    .help = "Set a new password with the token of the mail; every session ends.",
    .options = password_options,
    .run = auth_reset,
    .rare = true,
};
