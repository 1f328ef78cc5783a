/* leadgen stats credits, leadgen info */
#include <string.h>

#include "common/json.h"
#include "tui/cli/cli.h"

static const struct cli_column columns[] = {
    {"WHEN", "at", 24},      {"KIND", "kind", 6},
    {"AMOUNT", "amount", 6}, {"BALANCE", "balance", 7},
    {"FIELDS", "fields", 5}, {"PROFILE", "profile_id", 8},
    {"REASON", "reason", 6}, {0},
};

static int stats_credits(struct cli *c)
{
    struct cli_reply reply;
    const cJSON *entries, *row;
    int64_t limit;

    if (!cli_number(c, "limit", 20, &limit))
        return EXIT_USAGE;
    reply =
        cli_call(c, "GET", arena_printf(c->mem, "/api/credits?page_size=%lld", (long long)limit),
                 NULL, NULL);
    if (reply.err)
        return cli_fail(&reply);
    entries = cJSON_GetObjectItemCaseSensitive(reply.doc, "entries");
    if (cli_has(c, "json")) {
        cli_print_json(reply.doc);
    } else if (cli_has(c, "jsonl")) {
        cJSON_ArrayForEach(row, entries)
        {
            cli_print_jsonl(row);
        }
    } else {
        printf("balance %s\n", cli_text(c->mem, reply.doc, "balance"));
        cli_print_table(columns, entries);
    }
    return EXIT_DONE;
}

static int info(struct cli *c)
{
    static const struct {
        const char *what, *xdg, *name;
    } files[] = {{"config", "XDG_CONFIG_HOME", "config.conf"},
                 {"known", "XDG_CONFIG_HOME", "known"},
                 {"themes", "XDG_CONFIG_HOME", "themes/"},
                 {"token", "XDG_DATA_HOME", "token"},
                 {"session", "XDG_STATE_HOME", "session.json"}};

    printf("%-9s %s\n%-9s %s\n%-9s %s\n", "version", VERSION, "server", c->session->server, "pin",
           c->session->pin ? c->session->pin : "not known yet");
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char *path = session_path(files[i].xdg, files[i].name);

        printf("%-9s %s\n", files[i].what, path ? path : "-");
        free(path);
    }
    return EXIT_DONE;
}

static const struct cli_option options[] = {{"limit", "N", "at most this many movements (20)"},
                                            {"json", NULL, "one JSON object"},
                                            {"jsonl", NULL, "one JSON object a line"},
                                            {0}};
static const struct cli_option none[] = {{0}};

const struct cli_command stats_credits_command = {"stats credits",
                                                  "stats credits [--json]",
                                                  "The account's balance and its movements.",
                                                  options,
                                                  stats_credits,
                                                  false};
const struct cli_command info_command = {"info", "info", "Where everything lies.",
                                         none,   info,   true};
