/* leadgen mail ls | show | retry | rm: the outbox, for the super_admin. */
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"
#include "tui/cli/access.h"

static const struct cli_column mails[] = {
    {"ID", "id", 36, 0},         {"SINCE", "created", 24, 3},
    {"TO", "to", 12, 0},         {"KIND", "kind", 6, 0},
    {"STATE", "state", 6, 0},    {"ATTEMPTS", "attempts", 8, 2},
    {"WHY NOT", "error", 10, 1}, {0},
};

static enum exit_code mail_ls(struct cli *c)
{
    struct cli_reply health = cli_call(c, "GET", "/api/admin/health", NULL);
    const cJSON *configured = cJSON_GetObjectItemCaseSensitive(health.doc, "mail");

    if (!health.err && cJSON_IsFalse(configured))
        cli_say("no mail server is configured: mails are kept");
    return access_list(c, "/api/admin/mail", mails);
}

/* Of what came from outside no control character reaches the terminal. */
static void print_lines(struct cli *c, const char *text)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        puts(utf8_clean(c->mem, arena_strndup(c->mem, line, strcspn(line, "\n"))));
    }
}

static enum exit_code mail_show(struct cli *c)
{
    struct cli_reply reply;

    if (c->n != 1)
        return cli_usage(c, "say which mail");
    reply = cli_call(c, "GET", access_path(c, "/api/admin/mail/", c->words[0], ""), NULL);
    if (reply.err)
        return cli_fail(&reply);
    if (cli_has(c, "json"))
        cli_print_json(reply.doc);
    else
        print_lines(c, json_str(reply.doc, "body"));
    return EXIT_DONE;
}

static enum exit_code mail_retry(struct cli *c)
{
    if (c->n != 1)
        return cli_usage(c, "say which mail");
    return access_do(c, "POST", access_path(c, "/api/admin/mail/", c->words[0], "/retry"), NULL,
                     "it is tried again from now on");
}

static enum exit_code mail_rm(struct cli *c)
{
    if (c->n != 1)
        return cli_usage(c, "say which mail");
    return access_do(c, "DELETE", access_path(c, "/api/admin/mail/", c->words[0], ""), NULL,
                     "deleted");
}

static const struct cli_option json[] = {{"json", NULL, "one JSON object"}, {0}};

#define COMMAND(symbol, words_, help_)                   \
    const struct cli_command mail_##symbol##_command = { \
        .name = "mail " #symbol,                         \
        .words = words_ "[--json]",                      \
        .help = help_,                                   \
        .options = json,                                 \
        .run = mail_##symbol,                            \
        .rare = true,                                    \
    }

COMMAND(ls, "", "The mails that have not gone out.");
COMMAND(show, "MAIL ", "Read a mail that has not gone out; that is recorded.");
COMMAND(retry, "MAIL ", "Try again to send it, from now on.");
COMMAND(rm, "MAIL ", "Delete a mail that has not gone out.");
