/* leadgen search 'words country:DE,FR' */
#include <string.h>

#include "common/api.h"
#include "common/json.h"
#include "tui/cli/cli.h"

enum { PAGE = 500 };

static const struct cli_column columns[] = {
    {"ID", "id", 36},       {"NAME", "name", 12},
    {"TITLE", "title", 10}, {"COMPANY", "company", 10},
    {"CC", "country", 2},   {"E-MAIL", "email", 10},
    {"PHONE", "phone", 8},  {0},
};

/* --filter country=DE --filter -seniority=intern: members of the body, gathered by name. */
static int add_filters(struct cli *c, cJSON *body)
{
    for (int i = 0; i < c->n_options; i++) {
        const char *text = c->options[i].value, *equals;
        char *name;
        cJSON *list;

        if (strcmp(c->options[i].name, "filter") != 0)
            continue;
        equals = strchr(text, '=');
        if (!equals)
            return cli_usage(c, "--filter takes FACET=VALUE");
        name = arena_strndup(c->mem, text, (size_t)(equals - text));
        list = cJSON_GetObjectItemCaseSensitive(body, name);
        if (!list)
            list = cJSON_AddArrayToObject(body, name);
        cJSON_AddItemToArray(list, cJSON_CreateString(equals + 1));
    }
    return EXIT_DONE;
}

static cJSON *make_body(struct cli *c, int *code)
{
    cJSON *body = cJSON_CreateObject(), *facets = cJSON_AddArrayToObject(body, "facets");
    const char *q = "";

    for (int i = 0; i < c->n; i++)
        q = arena_printf(c->mem, "%s%s%s", q, *q ? " " : "", c->words[i]);
    if (*q)
        cJSON_AddStringToObject(body, "q", q);
    if (cli_has(c, "sort"))
        cJSON_AddStringToObject(body, "sort", cli_option(c, "sort"));
    cJSON_AddItemToArray(
        facets, cJSON_CreateString(cli_has(c, "facets") ? cli_option(c, "facets") : "none"));
    *code = add_filters(c, body);
    return body;
}

static struct cli_reply fetch(struct cli *c, cJSON *body, int64_t size, const char *cursor)
{
    struct cli_reply reply;
    char *text;

    cJSON_DeleteItemFromObjectCaseSensitive(body, "page_size");
    cJSON_DeleteItemFromObjectCaseSensitive(body, "cursor");
    cJSON_AddNumberToObject(body, "page_size", (double)size);
    if (cursor)
        cJSON_AddStringToObject(body, "cursor", cursor);
    text = cJSON_PrintUnformatted(body);
    reply = cli_call(c, "POST", "/api/profiles/search", text, NULL);
    cJSON_free(text);
    return reply;
}

/* Rows as they come: a page is printed before the next one is asked for. */
static void print_rows(struct cli *c, const cJSON *items)
{
    const cJSON *row;

    if (cli_has(c, "ids") || cli_has(c, "jsonl")) {
        cJSON_ArrayForEach(row, items)
        {
            if (cli_has(c, "ids"))
                puts(json_str(row, "id"));
            else
                cli_print_jsonl(row);
        }
        fflush(stdout);
    } else {
        cli_print_table(columns, items);
    }
}

static bool is_streamed(const struct cli *c)
{
    return cli_has(c, "ids") || cli_has(c, "jsonl");
}

/* All pages up to the limit; what is not streamed is gathered into the first. */
static int run_pages(struct cli *c, cJSON *body, int64_t limit)
{
    struct cli_reply first = {0}, page;
    const char *cursor = NULL;
    int64_t left = limit, total = 0;
    bool started = false;

    do {
        page = fetch(c, body, left < PAGE ? left : PAGE, cursor);
        if (page.err)
            return cli_fail(&page);
        const cJSON *items = cJSON_GetObjectItemCaseSensitive(page.doc, "items");

        total = (int64_t)json_num(page.doc, "total", 0);
        left -= cJSON_GetArraySize(items);
        cursor = json_str(page.doc, "next_cursor");
        if (is_streamed(c)) {
            print_rows(c, items);
        } else if (!started) {
            first = page;
        } else {
            cJSON *all = cJSON_GetObjectItemCaseSensitive(first.doc, "items");
            const cJSON *row;

            cJSON_ArrayForEach(row, items)
            {
                cJSON_AddItemToArray(all, cJSON_Duplicate(row, true));
            }
        }
        started = true;
    } while (cursor && left > 0);
    if (cli_has(c, "count"))
        printf("%lld\n", (long long)total);
    else if (cli_has(c, "json"))
        cli_print_json(first.doc);
    else if (!is_streamed(c))
        print_rows(c, cJSON_GetObjectItemCaseSensitive(first.doc, "items"));
    if (!is_streamed(c) && !cli_has(c, "json") && !cli_has(c, "count"))
        fprintf(stderr, "%lld of %lld\n", (long long)(limit - left), (long long)total);
    return total ? EXIT_DONE : EXIT_NOTHING;
}

static int search(struct cli *c)
{
    int64_t limit;
    cJSON *body;
    int code;

    if (!cli_number(c, "limit", 10, &limit))
        return EXIT_USAGE;
    if (cli_has(c, "all"))
        limit = INT64_MAX;
    if (cli_has(c, "count"))
        limit = 1;
    if (limit == 0)
        return cli_usage(c, "--limit is at least 1");
    body = make_body(c, &code);
    if (!code)
        code = run_pages(c, body, limit);
    cJSON_Delete(body);
    return code;
}

static const struct cli_option options[] = {
    {"limit", "N", "at most this many (10)"},
    {"all", NULL, "every row"},
    {"filter", "FACET=VALUE", "may be repeated; -FACET=VALUE excludes"},
    {"sort", "ORDER", "score, name, company, updated, quality; -ORDER turns it"},
    {"facets", "NAMES", "panes in the JSON: names with commas, or all"},
    {"count", NULL, "only how many there are"},
    {"ids", NULL, "ids, one a line"},
    {"jsonl", NULL, "one JSON object a line and row, page by page"},
    {"json", NULL, "one JSON object"},
    {0},
};

const struct cli_command search_command = {
    "search",
    "search ['WORDS country:DE,FR -word pre*'] [--limit N] [--ids|--json|--jsonl]",
    "Search profiles; contacts are masked, and searching is free.",
    options,
    search,
    false};
