/* Every subcommand: a new file is a new line. */
#include "tui/cli/cli.h"

#define COMMANDS(X)  \
    X(auth_login)    \
    X(auth_logout)   \
    X(auth_status)   \
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
    X(info)          \
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
