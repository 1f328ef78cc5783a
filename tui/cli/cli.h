/*
 * Subcommands: one file and one line in the list each.  Data go to stdout, words to stderr; nothing
 * is coloured, cut or asked where there is no terminal.
 */
#ifndef TUI_CLI_CLI_H
#define TUI_CLI_CLI_H

#include <stdio.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/type.h"
#include "tui/api.h"
#include "tui/exit.h"
#include "tui/session.h"

/* An option of a command: "--name VALUE", or a flag. */
struct cli_option {
    const char *name, *value; /* value NULL: a flag; else what the help calls it */
    const char *help;
};

enum { CLI_WORDS = 64, CLI_OPTIONS = 16, CLI_REPEATS = 64 };

/* A command line that was read. */
struct cli {
    struct arena *mem;
    struct session *session;
    struct api *api;
    const struct cli_command *command;
    const char *words[CLI_WORDS];
    int n;
    struct {
        const char *name, *value;
    } options[CLI_REPEATS];
    int n_options;
};

struct cli_command {
    const char *name; /* "search", "auth login" */
    const char *usage, *help;
    const struct cli_option *options; /* ends with no name */
    int (*run)(struct cli *c);
    bool offline; /* needs neither the server's key nor a token */
};

extern const struct cli_command *const cli_commands[]; /* ends with NULL */

/* The value of an option, "" of a flag that is there, NULL when it is not. */
const char *cli_option(const struct cli *c, const char *name);
bool cli_has(const struct cli *c, const char *name);
/* A number from an option; false: it is none (said on stderr). */
bool cli_number(const struct cli *c, const char *name, int64_t fallback, int64_t *out);

/* An answer that outlives the call: `doc` is in mem. */
struct cli_reply {
    enum err err;
    unsigned status;
    const cJSON *doc;
    const char *detail, *field;
    int64_t retry_after;
    bool sent, pin_mismatch;
    int exit; /* 0 or what to leave with */
};

/* Send and wait. */
struct cli_reply cli_call(struct cli *c, const char *method, const char *path, const char *json,
                          const char *idempotency_key);
struct cli_reply cli_send(struct cli *c, const struct api_request *r);
/* Say on stderr what went wrong; the exit code. */
int cli_fail(const struct cli_reply *r);
int cli_usage(const struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* One JSON object on stdout; members of `doc` follow {"schema":1. */
void cli_print_json(const cJSON *doc);
void cli_print_jsonl(const cJSON *doc);

/* A table for people: cells are cleaned, and cut to the terminal's width when there is one. */
struct cli_column {
    const char *name, *member;
    int least; /* columns it keeps when the terminal is narrow */
};
void cli_print_table(const struct cli_column *columns, const cJSON *rows);
/* A member as text for a table: null is "-". */
const char *cli_text(struct arena *mem, const cJSON *row, const char *member);

/* A yes from the terminal. */
bool cli_ask(const char *question);

#endif
