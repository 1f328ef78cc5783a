/* leadgen reveal ID... | --ids FILE: the one command that costs something. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/credits.h"
#include "common/json.h"
#include "common/uuid.h"
#include "tui/cli/cli.h"

enum { IDS_MAX = 1000, ATTEMPTS = 4, WAIT_MS = 500 };

static const struct cli_column columns[] = {
    {"ID", "id", 36},        {"OUTCOME", "outcome", 8}, {"CHARGED", "charged", 7},
    {"E-MAIL", "email", 10}, {"PHONE", "phone", 8},     {0},
};

static int read_ids(struct cli *c, cJSON *ids)
{
    const char *file = cli_option(c, "ids");
    FILE *f = !file ? NULL : strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    char line[256];

    if (file && !f)
        return cli_usage(c, "cannot read the file of ids: %s", strerror(errno));
    for (int i = 0; i < c->n; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(c->words[i]));
    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line)
            cJSON_AddItemToArray(ids, cJSON_CreateString(line));
    }
    if (f && f != stdin)
        fclose(f);
    if (cJSON_GetArraySize(ids) == 0)
        return cli_usage(c, "name profiles, or --ids FILE");
    if (cJSON_GetArraySize(ids) > IDS_MAX)
        return cli_usage(c, "at most %d at a time", IDS_MAX);
    return EXIT_DONE;
}

static int add_fields(struct cli *c, cJSON *body)
{
    const char *text = cli_has(c, "fields") ? cli_option(c, "fields") : "email";
    cJSON *list = cJSON_AddArrayToObject(body, "fields");

    while (*text) {
        size_t n = strcspn(text, ",");

        cJSON_AddItemToArray(list, cJSON_CreateString(arena_strndup(c->mem, text, n)));
        text += n + (text[n] == ',');
    }
    return cJSON_GetArraySize(list) ? EXIT_DONE : cli_usage(c, "--fields takes email,phone");
}

static struct cli_reply ask(struct cli *c, cJSON *body, const char *key)
{
    char *text = cJSON_PrintUnformatted(body);
    struct cli_reply reply = cli_call(c, "POST", "/api/reveals", text, key);

    cJSON_free(text);
    return reply;
}

/* A lost answer is asked for again under the same key: it cannot be charged twice. */
static struct cli_reply pay(struct cli *c, cJSON *body, const char *key)
{
    struct cli_reply reply = ask(c, body, key);

    for (int i = 1; i < ATTEMPTS && reply.err == ERR_UNAVAILABLE && !reply.status && reply.sent;
         i++) {
        fprintf(stderr, "the answer was lost; asking again with the same key\n");
        api_wait(c->api, NULL, 0, WAIT_MS << i);
        reply = ask(c, body, key);
    }
    if (reply.err == ERR_UNAVAILABLE && !reply.status && reply.sent) {
        fprintf(stderr, "leadgen: unknown whether it was charged; the key is %s\n", key);
        reply.exit = EXIT_UNKNOWN;
    }
    return reply;
}

/* The most that may be charged, in hundredths; -1: the answer was no, or it cannot be asked. */
static int64_t consent(struct cli *c, cJSON *body, int *code)
{
    const char *max = cli_option(c, "max-credits");
    struct credits most;
    struct cli_reply quote;
    bool terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

    if (max) {
        if (credits_parse(max, &most) && most.hundredths >= 0)
            return most.hundredths;
        *code = cli_usage(c, "--max-credits takes an amount of credits");
        return -1;
    }
    if (!terminal) {
        *code = cli_usage(c, "without a terminal --max-credits N is the consent");
        return -1;
    }
    cJSON_AddBoolToObject(body, "dry_run", true);
    quote = ask(c, body, NULL);
    cJSON_DeleteItemFromObjectCaseSensitive(body, "dry_run");
    if (quote.err) {
        *code = cli_fail(&quote);
        return -1;
    }
    fprintf(stderr, "price %s credits, balance %s\n", cli_text(c->mem, quote.doc, "price"),
            cli_text(c->mem, quote.doc, "balance"));
    *code = EXIT_NOTHING;
    if (!cli_has(c, "yes") && !cli_ask("reveal?"))
        return -1;
    *code = EXIT_DONE;
    return (int64_t)(json_num(quote.doc, "price", 0) * 100 + 0.5);
}

/* Contacts in clear stay out of a terminal's scrollback unless they are asked for. */
static bool may_print(struct cli *c)
{
    return !isatty(STDOUT_FILENO) || cli_has(c, "show");
}

static void hide_values(const cJSON *items)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, items)
    {
        static const char *const members[] = {"email", "phone"};

        for (int i = 0; i < 2; i++) {
            if (!json_str(row, members[i]))
                continue;
            cJSON_ReplaceItemInObjectCaseSensitive((cJSON *)(uintptr_t)row, members[i],
                                                   cJSON_CreateString("(--show)"));
        }
    }
}

static bool redirect(struct cli *c)
{
    const char *path = cli_option(c, "output");
    int fd;

    if (!path)
        return true;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0) {
        fprintf(stderr, "leadgen: cannot write the output: %s\n", strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static int outcome_code(const cJSON *items)
{
    int missing = 0, n = 0;
    const cJSON *row;

    cJSON_ArrayForEach(row, items)
    {
        const char *word = json_str(row, "outcome");

        missing += word && (strcmp(word, "not_found") == 0 || strcmp(word, "suppressed") == 0);
        n++;
    }
    if (!missing)
        return EXIT_DONE;
    return missing == n ? EXIT_ABSENT : EXIT_PARTLY;
}

static int print_result(struct cli *c, const struct cli_reply *reply)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(reply->doc, "items"), *row;

    if (!redirect(c))
        return EXIT_USAGE;
    if (!may_print(c))
        hide_values(items);
    if (cli_has(c, "json")) {
        cli_print_json(reply->doc);
    } else if (cli_has(c, "jsonl")) {
        cJSON_ArrayForEach(row, items)
        {
            cli_print_jsonl(row);
        }
    } else {
        cli_print_table(columns, items);
    }
    fprintf(stderr, "%s %s credits, balance %s\n", cli_has(c, "dry-run") ? "price" : "charged",
            cli_text(c->mem, reply->doc, cli_has(c, "dry-run") ? "price" : "charged"),
            cli_text(c->mem, reply->doc, "balance"));
    return outcome_code(items);
}

static int run(struct cli *c, cJSON *body)
{
    char key[UUID_TEXT];
    struct uuid id = uuid_new();
    struct cli_reply reply;
    int code = EXIT_DONE;
    int64_t most;

    if (cli_has(c, "dry-run")) {
        cJSON_AddBoolToObject(body, "dry_run", true);
        reply = ask(c, body, NULL);
        return reply.err ? cli_fail(&reply) : print_result(c, &reply);
    }
    most = consent(c, body, &code);
    if (most < 0)
        return code;
    cJSON_AddNumberToObject(body, "max_credits", (double)most / 100);
    reply = pay(c, body, uuid_text(&id, key));
    if (reply.exit == EXIT_UNKNOWN)
        return EXIT_UNKNOWN;
    if (reply.err == ERR_OVER_MAX && !cli_has(c, "max-credits"))
        reply.exit = EXIT_CHANGED;
    return reply.err ? cli_fail(&reply) : print_result(c, &reply);
}

static int reveal(struct cli *c)
{
    cJSON *body = cJSON_CreateObject();
    int code = read_ids(c, cJSON_AddArrayToObject(body, "ids"));

    if (!code)
        code = add_fields(c, body);
    if (!code)
        code = run(c, body);
    cJSON_Delete(body);
    return code;
}

static const struct cli_option options[] = {
    {"ids", "FILE", "ids, one a line; - is standard input"},
    {"fields", "LIST", "email, phone, or both with a comma (email)"},
    {"dry-run", NULL, "say the price, charge nothing"},
    {"max-credits", "N", "charge nothing at all if it costs more"},
    {"yes", NULL, "do not ask"},
    {"show", NULL, "print contacts on a terminal too"},
    {"output", "FILE", "write there (0600) instead of standard output"},
    {"json", NULL, "one JSON object"},
    {"jsonl", NULL, "one JSON object a line and profile"},
    {0},
};

const struct cli_command reveal_command = {
    "reveal",
    "reveal ID... | --ids FILE [--fields email,phone] [--max-credits N] [--dry-run]",
    "Reveal contacts: e-mail 1 credit, phone 3, once for ever per account.",
    options,
    reveal,
    false};
