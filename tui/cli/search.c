/* leadgen search 'words country:DE,FR' */
#include <string.h>

#include "common/json.h"
#include "tui/cli/cli.h"

enum { PAGE = 500 };

static const struct cli_column columns[] = {
    {"ID", "id", 36, 0},       {"NAME", "name", 12, 0},
    {"TITLE", "title", 10, 2}, {"COMPANY", "company", 10, 0},
    {"CC", "country", 2, 0},   {"E-MAIL", "email", 10, 1},
    {"PHONE", "phone", 10, 3}, {0},
};

/* How the rows come out. */
enum format { AS_TABLE, AS_JSON, AS_JSONL, AS_IDS, AS_CSV, AS_COUNT, FORMATS };

static const char *const format_options[FORMATS] = {
    [AS_JSON] = "json", [AS_JSONL] = "jsonl", [AS_IDS] = "ids",
    [AS_CSV] = "csv",   [AS_COUNT] = "count",
};

struct search {
    struct cli *c;
    enum format format;
    cJSON *body;  /* the request, without page_size and cursor */
    cJSON *whole; /* AS_TABLE, AS_JSON: the first reply, with all rows */
    char *cursor; /* NULL: no more pages */
    int64_t left; /* rows still wanted */
    int64_t printed, total;
};

static void add_to_list(cJSON *body, const char *name, const char *value)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(body, name);

    if (!list)
        list = cJSON_AddArrayToObject(body, name);
    cJSON_AddItemToArray(list, cJSON_CreateString(value));
}

/* --filter country=DE --filter -seniority=intern: members of the body, gathered by name. */
static enum exit_code add_filters(struct cli *c, cJSON *body)
{
    for (int i = 0; i < c->n_options; i++) {
        const char *text = c->options[i].value, *equals = strchr(text, '=');

        if (strcmp(c->options[i].name, "filter") != 0)
            continue;
        if (!equals || equals == text)
            return cli_usage(c, "--filter takes FACET=VALUE");
        add_to_list(body, arena_strndup(c->mem, text, (size_t)(equals - text)), equals + 1);
    }
    return EXIT_DONE;
}

/* Panes cost time: only the one JSON object has room for them. */
static void add_facets(struct search *s)
{
    const char *names = cli_option(s->c, "facets");

    if (s->format != AS_JSON)
        names = "none";
    while (names && *names) {
        size_t n = strcspn(names, ",");

        if (n)
            add_to_list(s->body, "facets", arena_strndup(s->c->mem, names, n));
        names += n + (names[n] == ',');
    }
}

static enum exit_code make_body(struct search *s)
{
    struct cli *c = s->c;
    const char *q = "";

    for (int i = 0; i < c->n; i++)
        q = arena_printf(c->mem, "%s%s%s", q, *q ? " " : "", c->words[i]);
    if (*q)
        cJSON_AddStringToObject(s->body, "q", q);
    if (cli_has(c, "sort"))
        cJSON_AddStringToObject(s->body, "sort", cli_option(c, "sort"));
    add_facets(s);
    return add_filters(c, s->body);
}

static struct cli_reply fetch(struct search *s, struct arena *mem)
{
    struct api_request r = {.method = "POST", .path = "/api/profiles/search"};
    cJSON *body = cJSON_Duplicate(s->body, true);
    struct cli_reply reply;
    char *text;

    cJSON_AddNumberToObject(body, "page_size", (double)(s->left < PAGE ? s->left : PAGE));
    if (s->cursor)
        cJSON_AddStringToObject(body, "cursor", s->cursor);
    text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    r.json = text;
    reply = cli_send(s->c, mem, &r, NULL);
    cJSON_free(text);
    return reply;
}

/* In the middle of a long listing being told to wait is no failure. */
static struct cli_reply fetch_patiently(struct search *s, struct arena *mem)
{
    struct cli_reply reply = fetch(s, mem);

    for (int i = 0; i < 4 && s->printed && err_retryable(reply.err); i++) {
        if (reply.retry_after > 0)
            cli_pause(s->c, reply.retry_after * 1000);
        else
            cli_back_off(s->c, i);
        reply = fetch(s, mem);
    }
    return reply;
}

static void print_page(struct search *s, const cJSON *items)
{
    const cJSON *row;

    if (s->format == AS_IDS) {
        cli_print_ids(items);
    } else if (s->format == AS_CSV) {
        cli_print_csv(columns, items, s->printed == 0);
    } else {
        cJSON_ArrayForEach(row, items)
        {
            cli_print_jsonl(row);
        }
    }
    fflush(stdout);
}

static void gather_page(struct search *s, const cJSON *doc, const cJSON *items)
{
    cJSON *all;
    const cJSON *row;

    if (!s->whole) {
        s->whole = cJSON_Duplicate(doc, true);
        return;
    }
    all = cJSON_GetObjectItemCaseSensitive(s->whole, "items");
    cJSON_ArrayForEach(row, items)
    {
        cJSON_AddItemToArray(all, cJSON_Duplicate(row, true));
    }
    cJSON_ReplaceItemInObjectCaseSensitive(
        s->whole, "next_cursor",
        cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(doc, "next_cursor"), true));
}

/* On stderr in every format: who goes on with the rows must know what they are. */
static void say_corrections(struct arena *mem, const cJSON *doc)
{
    const cJSON *c;

    cJSON_ArrayForEach(c, cJSON_GetObjectItemCaseSensitive(doc, "corrections"))
    {
        const char *from = cli_text(mem, c, "from");

        cli_say("no match for %s, showing %s (\"%s\" in quotes is taken as typed)", from,
                cli_text(mem, c, "to"), from);
    }
}

/* A page is printed before the next one is asked for, and forgotten. */
static enum exit_code run_page(struct search *s)
{
    struct arena *mem = arena_new();
    struct cli_reply page = fetch_patiently(s, mem);
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(page.doc, "items");
    const char *next = json_str(page.doc, "next_cursor");
    int rows = cJSON_GetArraySize(items);

    free(s->cursor);
    s->cursor = next && rows ? xstrdup(next) : NULL;
    if (page.err) {
        enum exit_code code = cli_fail(&page);

        arena_free(mem);
        return s->printed ? EXIT_PARTLY : code;
    }
    s->total = (int64_t)json_num(page.doc, "total", 0);
    if (!s->printed)
        say_corrections(mem, page.doc);
    if (s->format == AS_JSON || s->format == AS_TABLE)
        gather_page(s, page.doc, items);
    else if (s->format != AS_COUNT)
        print_page(s, items);
    s->left -= rows;
    s->printed += rows;
    arena_free(mem);
    return EXIT_DONE;
}

static enum exit_code run_pages(struct search *s)
{
    enum exit_code code;

    do {
        code = run_page(s);
    } while (!code && s->cursor && s->left > 0 && s->format != AS_COUNT);
    if (s->format == AS_COUNT && !code)
        printf("%lld\n", (long long)s->total);
    if (s->format == AS_JSON && s->whole)
        cli_print_json(s->whole);
    if (s->format == AS_TABLE && s->whole && s->printed) {
        cli_print_table(columns, cJSON_GetObjectItemCaseSensitive(s->whole, "items"));
        fflush(stdout);
    }
    if (s->format == AS_TABLE && !code)
        fprintf(stderr, "%lld of %lld\n", (long long)s->printed, (long long)s->total);
    if (code)
        return code;
    return s->total ? EXIT_DONE : EXIT_NOTHING;
}

static enum exit_code search(struct cli *c)
{
    struct search s = {.c = c, .body = cJSON_CreateObject()};
    enum exit_code code = EXIT_DONE;
    int formats = 0;

    for (int f = 1; f < FORMATS; f++) {
        if (cli_has(c, format_options[f])) {
            s.format = (enum format)f;
            formats++;
        }
    }
    if (formats > 1)
        code = cli_usage(c, "one form of output at a time");
    else if (!cli_number(c, "limit", 1, 10, &s.left))
        code = EXIT_USAGE;
    if (cli_has(c, "all"))
        s.left = INT64_MAX;
    if (s.format == AS_COUNT)
        s.left = 1;
    if (!code)
        code = make_body(&s);
    if (!code)
        code = run_pages(&s);
    cJSON_Delete(s.body);
    cJSON_Delete(s.whole);
    free(s.cursor);
    return code;
}

static const struct cli_option options[] = {
    {"limit", "N", "at most this many rows (10)"},
    {"all", NULL, "every row"},
    {"filter", "FACET=VALUE", "repeat it for or; -FACET=VALUE excludes"},
    {"sort", "ORDER", "score, name, company, updated, quality; -ORDER turns it round"},
    {"facets", "NAMES", "panes in the JSON object: names with commas, all, or none"},
    {"json", NULL, "one JSON object: schema, total, items, facets"},
    {"jsonl", NULL, "one JSON object a row, page by page"},
    {"csv", NULL, "comma-separated values"},
    {"ids", NULL, "ids, one a line"},
    {"count", NULL, "only how many there are"},
    {0},
};

const struct cli_command search_command = {
    .name = "search",
    .words = "['WORDS country:DE,FR -word pre*'] [--limit N|--all] [--ids|--json|--jsonl]",
    .help = "Search profiles; contacts are masked, and searching is free.",
    .options = options,
    .run = search,
};
