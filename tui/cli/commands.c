/* Every subcommand: a new file is a new line. */
#include "tui/cli/cli.h"

#define COMMANDS(X)        \
    X(auth_login)          \
    X(auth_logout)         \
    X(auth_status)         \
    X(auth_approve)        \
    X(auth_register)       \
    X(auth_verify)         \
    X(auth_forgot)         \
    X(auth_reset)          \
    X(auth_totp)           \
    X(auth_sessions)       \
    X(auth_end)            \
    X(auth_acted)          \
    X(search)              \
    X(show)                \
    X(reveal)              \
    X(upload)              \
    X(jobs_ls)             \
    X(jobs_show)           \
    X(jobs_wait)           \
    X(jobs_cancel)         \
    X(jobs_errors)         \
    X(stats_credits)       \
    X(members_ls)          \
    X(members_invite)      \
    X(members_invitations) \
    X(members_resend)      \
    X(members_revoke)      \
    X(members_role)        \
    X(members_cap)         \
    X(members_disable)     \
    X(members_enable)      \
    X(members_reset_totp)  \
    X(members_accept)      \
    X(members_owner)       \
    X(keys_ls)             \
    X(keys_create)         \
    X(keys_change)         \
    X(keys_rotate)         \
    X(keys_revoke)         \
    X(keys_scopes)         \
    X(keys_check)          \
    X(limits)              \
    X(audit)               \
    X(mail_ls)             \
    X(mail_show)           \
    X(mail_retry)          \
    X(mail_rm)             \
    X(info)                \
    X(completion)          \
    X(help)                \
    X(version)

#define X(name) extern const struct cli_command name##_command;
COMMANDS(X)
#undef X

const struct cli_command *const cli_commands[] = {
#define X(name) &name##_command,
    COMMANDS(X)
#undef X
        NULL,
};
