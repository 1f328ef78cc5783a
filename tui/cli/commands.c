/* Every subcommand: a new file is a new line. */
#include "tui/cli/cli.h"

#define COMMANDS(X)  \
    X(auth_login)    \
    X(auth_logout)   \
    X(auth_status)   \
    X(auth_approve)  \
    X(auth_register) \
    X(auth_verify)   \
    X(auth_forgot)   \
    X(auth_reset)    \
    X(auth_totp)     \
    X(auth_sessions) \
    X(auth_end)      \
    X(search)        \
    X(show)          \
    X(reveal)        \
    X(upload)        \
    X(jobs_ls)       \
    X(jobs_show)     \
    X(jobs_wait)     \
    X(jobs_cancel)   \
    X(jobs_errors)   \
    X(stats_credits) \
    X(audit)         \
    X(info)          \
    X(completion)    \
    X(help)          \
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
