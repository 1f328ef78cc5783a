/* leadgen stats credits */
#include "common/json.h"
#include "tui/cli/cli.h"

static const struct cli_column columns[] = {
    {"WHEN", "at", 24, 0},      {"KIND", "kind", 6, 0},
    {"AMOUNT", "amount", 6, 0}, {"BALANCE", "balance", 7, 0},
    {"FIELDS", "fields", 6, 2}, {"PROFILE", "profile_id", 36, 3},
    {"REASON", "reason", 8, 1}, {0},
};

static enum exit_code stats_credits(struct cli *c)
{
    struct cli_reply reply;
    const cJSON *entries, *row;
    int64_t limit;

    if (!cli_number(c, "limit", 1, 20, &limit))
        return EXIT_USAGE;
    reply = cli_call(c, "GET",
                     arena_printf(c->mem, "/api/credits?page_size=%lld", (long long)limit), NULL);
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
    } else if (cli_has(c, "csv")) {
        cli_print_csv(columns, entries, true);
    } else {
        printf("balance %s\n", cli_text(c->mem, reply.doc, "balance"));
        cli_print_table(columns, entries);
    }
    return EXIT_DONE;
}

static const struct cli_option options[] = {
    {"limit", "N", "at most this many movements, the newest (20)"},
    {"json", NULL, "one JSON object"},
    {"jsonl", NULL, "one JSON object a movement"},
    {"csv", NULL, "comma-separated values"},
    {0},
};

const struct cli_command stats_credits_command = {
    .name = "stats credits",
    .words = "[--limit N] [--json|--jsonl|--csv]",
    .help = "The account's balance and its movements.",
    .options = options,
    .run = stats_credits,
};
