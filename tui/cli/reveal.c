/* leadgen reveal ID... | --ids FILE: the one command that costs something. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "common/uuid.h"
#include "tui/cli/cli.h"

enum { IDS_MAX = 1000, AGAIN = 4 };

/* What was paid for is not cut. */
static const struct cli_column result_columns[] = {
    {"ID", "id", 36, 0},         {"OUTCOME", "outcome", 10, 1}, {"CHARGED", "charged", 7, 2},
    {"E-MAIL", "email", 254, 0}, {"PHONE", "phone", 32, 0},     {0},
};
/* Of a dry run: what would become of it, and at which price. */
static const struct cli_column price_columns[] = {
    {"ID", "id", 36, 0},
    {"WOULD BE", "outcome", 10, 0},
    {"PRICE", "price", 5, 0},
    {0},
};

struct reveal {
    struct cli *c;
    cJSON *body;
    int output;   /* the file of --output, -1: none */
    bool unknown; /* an answer was lost and none has settled it */
};

/* Between ids: line ends, blanks, or NULs as `find -print0` writes them. */
static void read_ids(FILE *f, cJSON *ids)
{
    char id[256];
    size_t n = 0;
    int ch;

    do {
        ch = getc(f);
        if (ch > ' ') {
            if (n + 1 < sizeof(id))
                id[n++] = (char)ch;
        } else if (n) {
            id[n] = '\0';
            cJSON_AddItemToArray(ids, cJSON_CreateString(id));
            n = 0;
        }
    } while (ch != EOF && cJSON_GetArraySize(ids) <= IDS_MAX);
}

static enum exit_code add_ids(struct cli *c, cJSON *body)
{
    cJSON *ids = cJSON_AddArrayToObject(body, "ids");
    const char *path = cli_option(c, "ids");
    FILE *f;

    for (int i = 0; i < c->n; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(c->words[i]));
    if (path && strcmp(path, "-") == 0) {
        read_ids(stdin, ids);
    } else if (path) {
        f = fopen(path, "re");
        if (!f)
            return cli_usage(c, "the file of ids cannot be read: %s", strerror(errno));
        read_ids(f, ids);
        fclose(f);
    }
    if (cJSON_GetArraySize(ids) > IDS_MAX)
        return cli_usage(c, "at most %d profiles at a time", IDS_MAX);
    if (cJSON_GetArraySize(ids))
        return EXIT_DONE;
    if (!path)
        return cli_usage(c, "name profiles, or --ids FILE");
    cli_say("no ids, nothing to do");
    return EXIT_NOTHING;
}

static enum exit_code add_fields(struct cli *c, cJSON *body)
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

/* Before anything is paid for: what is bought must have a place. Old contents stay until then. */
static enum exit_code open_output(struct reveal *v)
{
    const char *path = cli_option(v->c, "output");

    if (!path)
        return EXIT_DONE;
    v->output = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (v->output >= 0 && fchmod(v->output, 0600) == 0)
        return EXIT_DONE;
    return cli_usage(v->c, "the output cannot be written: %s", strerror(errno));
}

static struct cli_reply ask(struct reveal *v, const char *key)
{
    struct api_request r = {.method = "POST", .path = "/api/reveals", .idempotency_key = key};
    char *text = cJSON_PrintUnformatted(v->body);
    struct cli_reply reply;

    r.json = text;
    reply = cli_send(v->c, v->c->mem, &r, NULL);
    cJSON_free(text);
    return reply;
}

static struct cli_reply quote(struct reveal *v)
{
    struct cli_reply reply;

    cJSON_AddBoolToObject(v->body, "dry_run", true);
    reply = ask(v, NULL);
    cJSON_DeleteItemFromObjectCaseSensitive(v->body, "dry_run");
    return reply;
}

/*
 * Does the answer say for certain what became of the request under this key?  One that was given
 * before the key was looked at, or that may be given again, does not.
 */
static bool is_settled(const struct cli_reply *r)
{
    return r->status && r->status < 500 && r->status != 401 && r->status != 403 &&
           !err_retryable(r->err);
}

/* A lost answer is asked for again under the same key: it cannot be charged twice. */
static struct cli_reply pay(struct reveal *v, const char *key)
{
    struct cli_reply reply = ask(v, key);

    v->unknown = reply.sent && !reply.status;
    for (int i = 0; i < AGAIN && v->unknown && err_retryable(reply.err) && !reply.pin_mismatch;
         i++) {
        cli_say("the answer was lost; asking again under the same key");
        if (reply.retry_after > 0)
            cli_pause(v->c, reply.retry_after * 1000);
        else
            cli_back_off(v->c, i);
        reply = ask(v, key);
        v->unknown = !is_settled(&reply);
    }
    return reply;
}

/* What may be charged at most: by --max-credits, by a person who saw the price, or by both. */
static enum exit_code consent(struct reveal *v, struct credits *most)
{
    struct cli *c = v->c;
    const char *max = cli_option(c, "max-credits");
    struct cli_reply price;
    char text[CREDITS_TEXT];

    most->hundredths = CREDITS_MAX;
    if (max && (!credits_parse(max, most) || most->hundredths < 0))
        return cli_usage(c, "--max-credits takes an amount of credits");
    if (!max && cli_has(c, "yes"))
        return cli_usage(c, "--yes needs --max-credits N");
    if (!max && !cli_has_terminal())
        return cli_usage(c, "without a terminal --max-credits N is the consent");
    if (cli_has(c, "yes") || !cli_has_terminal())
        return EXIT_DONE;
    price = quote(v);
    if (price.err)
        return cli_fail(&price);
    fprintf(stderr, "price %s %s, balance %s\n",
            credits_text(cli_credits(price.doc, "price"), text),
            credits_word(cli_credits(price.doc, "price")), cli_text(c->mem, price.doc, "balance"));
    if (cli_credits(price.doc, "price").hundredths > most->hundredths) {
        cli_say("the price is above --max-credits; nothing was charged");
        return EXIT_CREDITS;
    }
    *most = cli_credits(price.doc, "price");
    if (most->hundredths == 0)
        return EXIT_DONE; /* nothing to agree to */
    return cli_ask("reveal?") ? EXIT_DONE : EXIT_NOTHING;
}

/* Contacts in clear stay out of a terminal's scrollback unless they are asked for. */
static void hide_values(const cJSON *items)
{
    static const char *const members[] = {"email", "phone"};
    cJSON *row;

    cJSON_ArrayForEach(row, items)
    {
        for (int i = 0; i < 2; i++)
            if (json_str(row, members[i]))
                cJSON_ReplaceItemInObjectCaseSensitive(row, members[i],
                                                       cJSON_CreateString("(--show)"));
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);

    return n >= k && strcmp(text + n - k, end) == 0;
}

static enum exit_code outcome_code(const cJSON *items)
{
    int good = 0, absent = 0, n = 0;
    const cJSON *row;

    cJSON_ArrayForEach(row, items)
    {
        const char *word = json_str(row, "outcome");

        good += word && (strcmp(word, "revealed") == 0 || strcmp(word, "owned") == 0);
        absent += word && strcmp(word, "not_found") == 0;
        n++;
    }
    if (good == n)
        return EXIT_DONE;
    if (good)
        return EXIT_PARTLY;
    return absent == n ? EXIT_ABSENT : EXIT_NOTHING;
}

static enum exit_code print_result(struct reveal *v, const struct cli_reply *reply)
{
    struct cli *c = v->c;
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(reply->doc, "items"), *row;
    const char *path = cli_option(c, "output");
    bool dry = cli_has(c, "dry-run");
    const struct cli_column *columns = dry ? price_columns : result_columns;

    if (v->output >= 0 && (ftruncate(v->output, 0) || dup2(v->output, STDOUT_FILENO) < 0))
        return cli_usage(c, "the output cannot be written: %s", strerror(errno));
    if (isatty(STDOUT_FILENO) && !cli_has(c, "show"))
        hide_values(items);
    if (cli_has(c, "json")) {
        cli_print_json(reply->doc);
    } else if (cli_has(c, "jsonl")) {
        cJSON_ArrayForEach(row, items)
        {
            cli_print_jsonl(row);
        }
    } else if (cli_has(c, "csv") || (path && ends_with(path, ".csv"))) {
        cli_print_csv(columns, items, true);
    } else {
        cli_print_table(columns, items);
    }
    fflush(stdout);
    fprintf(stderr, "%s %s %s, balance %s\n", dry ? "price" : "charged",
            cli_text(c->mem, reply->doc, dry ? "price" : "charged"),
            credits_word(cli_credits(reply->doc, dry ? "price" : "charged")),
            cli_text(c->mem, reply->doc, "balance"));
    return outcome_code(items);
}

static enum exit_code buy(struct reveal *v)
{
    struct uuid id = uuid_new();
    char text[UUID_TEXT];
    const char *key = cli_option(v->c, "key");
    struct cli_reply reply;
    struct credits most;
    enum exit_code code = consent(v, &most);

    if (code)
        return code;
    if (!key)
        key = uuid_text(&id, text);
    cJSON_AddNumberToObject(v->body, "max_credits", (double)most.hundredths / 100);
    reply = pay(v, key);
    if (v->unknown) {
        cli_say("unknown whether it was charged; the same command with --key %s finds out and\n"
                "cannot charge twice",
                key);
        return EXIT_UNKNOWN;
    }
    if (!reply.err)
        return print_result(v, &reply);
    code = cli_fail(&reply);
    /* What was shown and agreed to holds no longer. */
    if (reply.err == ERR_OVER_MAX && cli_has_terminal() && !cli_has(v->c, "yes"))
        code = EXIT_CHANGED;
    return code;
}

static enum exit_code look_up_price(struct reveal *v)
{
    struct cli_reply reply = quote(v);

    return reply.err ? cli_fail(&reply) : print_result(v, &reply);
}

static enum exit_code reveal(struct cli *c)
{
    struct reveal v = {.c = c, .body = cJSON_CreateObject(), .output = -1};
    enum exit_code code = add_ids(c, v.body);

    if (!code)
        code = add_fields(c, v.body);
    if (!code)
        code = open_output(&v);
    if (!code)
        code = cli_has(c, "dry-run") ? look_up_price(&v) : buy(&v);
    cJSON_Delete(v.body);
    if (v.output >= 0)
        close(v.output);
    return code;
}

static const struct cli_option options[] = {
    {"ids", "FILE", "ids, by lines or NULs; - is standard input"},
    {"fields", "LIST", "email, phone, or both with a comma (email)"},
    {"dry-run", NULL, "say the price, charge nothing"},
    {"max-credits", "N", "charge nothing at all if it costs more"},
    {"yes", NULL, "do not ask; needs --max-credits"},
    {"key", "KEY", "repeat the request that had this key"},
    {"show", NULL, "print contacts on a terminal too"},
    {"output", "FILE", "write there (0600), as CSV if its name ends so"},
    {"json", NULL, "one JSON object"},
    {"jsonl", NULL, "one JSON object a profile"},
    {"csv", NULL, "comma-separated values"},
    {0},
};

const struct cli_command reveal_command = {
    .name = "reveal",
    .words = "ID...|--ids FILE [--fields email,phone] [--max-credits N] [--dry-run]",
    .help = "Reveal contacts: e-mail 1 credit, phone 3, once for ever per account.",
    .options = options,
    .run = reveal,
};
