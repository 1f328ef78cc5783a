/* What the subcommands of signing in share. */
#ifndef TUI_CLI_AUTH_H
#define TUI_CLI_AUTH_H

#include "tui/cli/cli.h"

enum { AUTH_PASSWORD_MAX = 1024 };

/* From --password-file, --password-fd or the terminal; the caller wipes it. */
enum exit_code auth_password(struct cli *c, char *out, size_t size);
/* A line typed at the terminal, or NULL; in c->mem. */
const char *auth_line(struct cli *c, const char *prompt);

/* A member of a JSON object; value NULL: left out. */
struct auth_member {
    const char *name, *value;
};
/* POST members (ends with no name) and forget their bytes. */
struct cli_reply auth_post(struct cli *c, const char *path, const struct auth_member *members,
                           bool anonymous);
/* The same for a dangerous act: the password, and a code, are asked for when the server wants them.
 */
struct cli_reply auth_post_confirmed(struct cli *c, const char *path,
                                     const struct auth_member *members);
/* Give the password once more, and the code when it is asked for: the session is confirmed. */
struct cli_reply auth_confirm(struct cli *c);
/* Keep the tokens of a reply. */
enum exit_code auth_keep(struct cli *c, const struct cli_reply *reply);
/* Print a reply's message. */
enum exit_code auth_said(const struct cli_reply *reply);

#define AUTH_PASSWORD_OPTIONS                                        \
    {"password-file", "FILE", "its first line is the password"},     \
    {                                                                \
        "password-fd", "N", "read the password from this descriptor" \
    }

#endif
