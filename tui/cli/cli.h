/*
 * Subcommands: one file and one line in the list each.  Data go to stdout, words to stderr; nothing
 * is coloured, cut or asked where there is no terminal.
 */
#ifndef TUI_CLI_CLI_H
#define TUI_CLI_CLI_H

#include <stdio.h>

#include "common/buf.h"
#include "common/credits.h"
#include "common/mem.h"
#include "tui/api.h"
#include "tui/exit.h"
#include "tui/session.h"

/* An option of a command: "--name VALUE" or "--name=VALUE", or a flag. */
struct cli_option {
    const char *name, *value; /* value NULL: a flag; else what the help calls it */
    const char *help;
};

struct cli_given {
    const char *name, *value; /* of a flag: "" */
};

/* A command line that was read. */
struct cli {
    struct arena *mem;
    struct session *session; /* NULL: an offline command, and it cannot be opened */
    struct api *api;         /* NULL: the command is offline */
    const struct cli_command *command;
    const char **words;
    int n;
    struct cli_given *options; /* in the order given */
    int n_options;
};

struct cli_command {
    const char *name;  /* "search", "auth login" */
    const char *words; /* what follows it, for the help */
    const char *help;
    const struct cli_option *options; /* ends with no name */
    enum exit_code (*run)(struct cli *c);
    bool alone;   /* the first word of its name is enough */
    bool offline; /* needs neither the server's key nor a token */
    bool rare;    /* listed by `leadgen help more`, so that the usual ones fit a screen */
};

extern const struct cli_command *const cli_commands[]; /* ends with NULL */

void cli_help(FILE *to);
void cli_command_help(FILE *to, const struct cli_command *command);

/* The last value of an option, "" of a flag that is there, NULL when it is not. */
const char *cli_option(const struct cli *c, const char *name);
bool cli_has(const struct cli *c, const char *name);
/* A number of at least `least`, or the fallback; false: it is none (said on stderr). */
bool cli_number(const struct cli *c, const char *name, int64_t least, int64_t fallback,
                int64_t *out);

/* An answer that outlives the call; its texts and doc are in the arena. */
struct cli_reply {
    enum err err;
    unsigned status;
    const cJSON *doc;
    const char *detail, *field;
    int64_t retry_after;
    bool sent, pin_mismatch;
};

/* Send and wait. bytes and body of r get the arg that is given here. */
struct cli_reply cli_send(struct cli *c, struct arena *mem, const struct api_request *r, void *arg);
/* The usual case: an answer in c->mem. json may be NULL. */
struct cli_reply cli_call(struct cli *c, const char *method, const char *path, const char *json);
/* Pause before the n-th repetition (from 0): 1, 2, 4, 8 s, a fifth more or less. */
void cli_back_off(struct cli *c, int n);
void cli_pause(struct cli *c, int64_t ms);

/* Say on stderr what went wrong; the exit code. */
enum exit_code cli_fail(const struct cli_reply *r);
enum exit_code cli_usage(const struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "leadgen: ..." and a line's end on stderr. */
void cli_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A yes from the terminal; what was typed before the question does not count. */
bool cli_has_terminal(void);
bool cli_ask(const char *question);

/* A cJSON value as text without control characters, C1, or bidi controls in the raw. */
void cli_json(struct buf *b, const cJSON *value);
/* One JSON object on stdout; members of `doc` follow {"schema":1. */
void cli_print_json(const cJSON *doc);
void cli_print_jsonl(const cJSON *doc);
/* The ids of rows, one a line. */
void cli_print_ids(const cJSON *rows);

/*
 * A table for people: cells are cleaned.  On a terminal it fits the width: columns shrink to
 * `least`, and before that those with the highest `drop` are left out.
 */
struct cli_column {
    const char *name, *member;
    int least;
    int drop; /* 0: stays */
};
void cli_print_table(const struct cli_column *columns, const cJSON *rows);
/* The same rows as CSV, whole. */
void cli_print_csv(const struct cli_column *columns, const cJSON *rows, bool header);
/* A member as text for people: null is "-". */
const char *cli_text(struct arena *mem, const cJSON *row, const char *member);
/* A member that is an amount of credits; absent: 0. */
struct credits cli_credits(const cJSON *row, const char *member);

#endif
