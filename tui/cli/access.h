/* What the commands on members, keys and limits share. */
#ifndef TUI_CLI_ACCESS_H
#define TUI_CLI_ACCESS_H

#include "tui/cli/cli.h"

/* "/api/keys/" and the escaped word and what comes behind, in c->mem. */
const char *access_path(struct cli *c, const char *before, const char *word, const char *behind);
/* As cli_call(); the password is asked for when the server wants it once more. */
struct cli_reply access_call(struct cli *c, const char *method, const char *path, const char *json);
/* Send; print the reply with --json, else the sentence. */
enum exit_code access_do(struct cli *c, const char *method, const char *path, const char *json,
                         const char *done);
/* A page of `path`, as a table, or whole with --json. */
enum exit_code access_list(struct cli *c, const char *path, const struct cli_column *columns);
/* `"monthly_cap":5`, or `"capped":false` for "none"; NULL: it is neither (said on stderr). */
const char *access_cap(struct cli *c, const char *text);

/* A body under construction, at most 16 KiB, freed with c->mem. */
struct buf *access_body(struct cli *c);

#endif
