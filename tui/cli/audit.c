/* leadgen audit */
#include <stdlib.h>

#include "common/json.h"
#include "tui/cli/cli.h"

enum { PAGE_MOST = 1000, EXPORT_IDLE_MS = 60000 };

static const struct cli_column columns[] = {
    {"WHEN", "at", 24, 0},          {"WHO", "actor_id", 8, 1},       {"WHAT", "verb", 8, 0},
    {"TO WHAT", "target_id", 8, 2}, {"OUTCOME", "outcome", 7, 0},    {"TIMES", "count", 5, 4},
    {"DETAIL", "detail", 10, 0},    {"ACCOUNT", "account_id", 8, 3}, {0},
};

/* Options that go to the server as they are. */
static const struct {
    const char *option, *parameter;
} filters[] = {
    {"since", "since"},      {"until", "until"},     {"actor", "actor_id"},     {"verb", "verb"},
    {"target", "target_id"}, {"outcome", "outcome"}, {"account", "account_id"},
};

/* "&since=...", what was given of them. */
static const char *query_of(struct cli *c)
{
    const char *query = "";

    for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
        const char *value = cli_option(c, filters[i].option);
        char *escaped = value ? api_escape(value) : NULL;

        if (escaped)
            query = arena_printf(c->mem, "%s&%s=%s", query, filters[i].parameter, escaped);
        free(escaped);
    }
    return query;
}

static bool print_bytes(void *arg, const char *data, size_t n)
{
    (void)arg;
    return fwrite(data, 1, n, stdout) == n;
}

/* All there is, as the server writes it: what `leadgend audit verify --export` reads. */
static enum exit_code export(struct cli *c, const char *format) {
    struct api_request r = {.method = "GET",
                            .path = arena_printf(c->mem, "/api/admin/audit/export?format=%s%s",
                                                 format, query_of(c)),
                            .bytes = print_bytes,
                            .timeout_ms = EXPORT_IDLE_MS};
    struct cli_reply reply = cli_send(c, c->mem, &r, NULL);

    return reply.err ? cli_fail(&reply) : EXIT_DONE;
}

/* Pages, until there are `limit` records; one object of all of them. */
static enum exit_code read_records(struct cli *c, int64_t limit, cJSON *items)
{
    const char *query = query_of(c), *cursor = NULL;

    do {
        int64_t more = limit - cJSON_GetArraySize(items);
        struct cli_reply reply =
            cli_call(c, "GET",
                     arena_printf(c->mem, "/api/admin/audit?page_size=%d%s%s%s",
                                  (int)(more < PAGE_MOST ? more : PAGE_MOST), query,
                                  cursor ? "&cursor=" : "", cursor ? cursor : ""),
                     NULL);
        const cJSON *row;

        if (reply.err)
            return cli_fail(&reply);
        cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(reply.doc, "items"))
        {
            cJSON_AddItemToArray(items, cJSON_Duplicate(row, true));
        }
        cursor = json_str(reply.doc, "next_cursor");
    } while (cursor && cJSON_GetArraySize(items) < limit);
    return EXIT_DONE;
}

static enum exit_code print_records(struct cli *c, cJSON *doc)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(doc, "items");

    if (cli_has(c, "json"))
        cli_print_json(doc);
    else if (cJSON_GetArraySize(items))
        cli_print_table(columns, items);
    return cJSON_GetArraySize(items) ? EXIT_DONE : EXIT_NOTHING;
}

static enum exit_code audit(struct cli *c)
{
    enum exit_code code;
    int64_t limit;
    cJSON *doc;

    if (c->n)
        return cli_usage(c, "it takes options only");
    if (cli_has(c, "jsonl") || cli_has(c, "csv"))
        return export(c, cli_has(c, "csv") ? "csv" : "jsonl");
    if (!cli_number(c, "limit", 1, 50, &limit))
        return EXIT_USAGE;
    doc = cJSON_CreateObject();
    code = read_records(c, limit, cJSON_AddArrayToObject(doc, "items"));
    if (!code)
        code = print_records(c, doc);
    cJSON_Delete(doc);
    return code;
}

static const struct cli_option options[] = {
    {"since", "TIME", "from this moment on (RFC 3339)"},
    {"until", "TIME", "before this moment"},
    {"actor", "ID", "who did it: a user"},
    {"verb", "VERB", "what: profile.reveal, session.begin, refuse, ..."},
    {"target", "ID", "to what"},
    {"outcome", "WORD", "ok, or why it was refused"},
    {"account", "ID", "whose log; for the super_admin"},
    {"limit", "N", "at most this many, the newest (50); not of an export"},
    {"json", NULL, "one JSON object"},
    {"jsonl", NULL, "export: all that match, oldest first, one JSON object each"},
    {"csv", NULL, "export: the same as comma-separated values"},
    {0},
};

const struct cli_command audit_command = {
    .name = "audit",
    .words = "[--since T] [--until T] [--actor ID] [--verb V] [--json|--jsonl|--csv]",
    .help = "Who did what: the account's audit log, or the platform's for the super_admin.",
    .options = options,
    .run = audit,
};
