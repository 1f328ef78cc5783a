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

enum { PART = 1000 /* of one request */, IDS_MAX = 1000000, AGAIN = 4 };

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

/*
 * More ids than one request takes go in parts, each under a key of its own.  What is owned costs
 * nothing, so that the same command goes on where one has stopped.
 */
struct reveal {
    struct cli *c;
    cJSON *fields;
    const char **ids;
    size_t n, room;
    int output;   /* the file of --output, -1: none */
    bool unknown; /* an answer was lost and none has settled it */
    /* of the parts that are done */
    size_t done;
    struct credits price, charged;
    cJSON *whole; /* the first answer, with all items unless they are printed as they come */
    size_t good, absent, seen;
    bool printed;
};

static size_t part_size(const struct reveal *v)
{
    return v->n - v->done < PART ? v->n - v->done : PART;
}

static void add_id(struct reveal *v, const char *id)
{
    if (v->n == v->room) {
        v->room = v->room ? v->room * 2 : 64;
        v->ids = xrealloc(v->ids, v->room * sizeof(*v->ids));
    }
    v->ids[v->n++] = arena_strdup(v->c->mem, id);
}

/* Between ids: line ends, blanks, or NULs as `find -print0` writes them. */
static void read_ids(FILE *f, struct reveal *v)
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
            add_id(v, id);
            n = 0;
        }
    } while (ch != EOF && v->n <= IDS_MAX);
}

static enum exit_code add_ids(struct reveal *v)
{
    struct cli *c = v->c;
    const char *path = cli_option(c, "ids");
    FILE *f;

    for (int i = 0; i < c->n; i++)
        add_id(v, c->words[i]);
    if (path && strcmp(path, "-") == 0) {
        read_ids(stdin, v);
    } else if (path) {
        f = fopen(path, "re");
        if (!f)
            return cli_usage(c, "the file of ids cannot be read: %s", strerror(errno));
        read_ids(f, v);
        fclose(f);
    }
    if (v->n > IDS_MAX)
        return cli_usage(c, "at most %d profiles at a time", IDS_MAX);
    if (v->n)
        return EXIT_DONE;
    if (!path)
        return cli_usage(c, "name profiles, or --ids FILE");
    cli_say("no ids, nothing to do");
    return EXIT_NOTHING;
}

static enum exit_code read_fields(struct reveal *v)
{
    const char *text = cli_has(v->c, "fields") ? cli_option(v->c, "fields") : "email";

    while (*text) {
        size_t n = strcspn(text, ",");

        cJSON_AddItemToArray(v->fields, cJSON_CreateString(arena_strndup(v->c->mem, text, n)));
        text += n + (text[n] == ',');
    }
    return cJSON_GetArraySize(v->fields) ? EXIT_DONE
                                         : cli_usage(v->c, "--fields takes email,phone");
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

static cJSON *part_body(const struct reveal *v)
{
    cJSON *body = cJSON_CreateObject(), *ids = cJSON_AddArrayToObject(body, "ids");

    for (size_t i = 0; i < part_size(v); i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(v->ids[v->done + i]));
    cJSON_AddItemToObject(body, "fields", cJSON_Duplicate(v->fields, true));
    return body;
}

static struct cli_reply ask(struct reveal *v, const cJSON *body, const char *key)
{
    struct api_request r = {.method = "POST", .path = "/api/reveals", .idempotency_key = key};
    char *text = cJSON_PrintUnformatted(body);
    struct cli_reply reply;

    r.json = text;
    reply = cli_send(v->c, v->c->mem, &r, NULL);
    cJSON_free(text);
    return reply;
}

/* Among many parts being told to wait is no failure. */
static bool may_wait(struct reveal *v, const struct cli_reply *r, int tries)
{
    if (v->n <= PART || r->err != ERR_RATE || tries >= AGAIN)
        return false;
    cli_pause(v->c, (r->retry_after > 0 ? r->retry_after : 1) * 1000);
    return true;
}

/* The price of the part at hand. */
static struct cli_reply quote(struct reveal *v)
{
    cJSON *body = part_body(v);
    struct cli_reply reply;
    int tries = 0;

    cJSON_AddBoolToObject(body, "dry_run", true);
    do {
        reply = ask(v, body, NULL);
    } while (may_wait(v, &reply, tries++));
    cJSON_Delete(body);
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
static struct cli_reply pay(struct reveal *v, const cJSON *body, const char *key)
{
    struct cli_reply reply = ask(v, body, key);

    for (int tries = 0; may_wait(v, &reply, tries); tries++)
        reply = ask(v, body, key);
    v->unknown = reply.sent && !reply.status;
    for (int i = 0; i < AGAIN && v->unknown && err_retryable(reply.err) && !reply.pin_mismatch;
         i++) {
        cli_say("the answer was lost; asking again under the same key");
        if (reply.retry_after > 0)
            cli_pause(v->c, reply.retry_after * 1000);
        else
            cli_back_off(v->c, i);
        reply = ask(v, body, key);
        v->unknown = !is_settled(&reply);
    }
    return reply;
}

/* The price of all parts; nothing of it is charged. */
static enum exit_code look_up_all(struct reveal *v, struct credits *price, const char **balance)
{
    enum exit_code code = EXIT_DONE;

    *price = (struct credits){0};
    while (!code && v->done < v->n) {
        struct cli_reply reply = quote(v);

        if (reply.err)
            code = cli_fail(&reply);
        price->hundredths += cli_credits(reply.doc, "price").hundredths;
        *balance = cli_text(v->c->mem, reply.doc, "balance");
        v->done += part_size(v);
    }
    v->done = 0;
    return code;
}

/* What may be charged at most: by --max-credits, by a person who saw the price, or by both. */
static enum exit_code consent(struct reveal *v, struct credits *most)
{
    struct cli *c = v->c;
    const char *max = cli_option(c, "max-credits"), *balance = "-";
    struct credits price;
    enum exit_code code;
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
    code = look_up_all(v, &price, &balance);
    if (code)
        return code;
    fprintf(stderr, "price %s %s, balance %s\n", credits_text(price, text), credits_word(price),
            balance);
    if (price.hundredths > most->hundredths) {
        cli_say("the price is above --max-credits; nothing was charged");
        return EXIT_CREDITS;
    }
    *most = price;
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

static void count_outcomes(struct reveal *v, const cJSON *items)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, items)
    {
        const char *word = json_str(row, "outcome");

        v->good += word && (strcmp(word, "revealed") == 0 || strcmp(word, "owned") == 0);
        v->absent += word && strcmp(word, "not_found") == 0;
        v->seen++;
    }
}

static enum exit_code outcome_code(const struct reveal *v)
{
    if (v->done < v->n)
        return EXIT_PARTLY;
    if (v->good == v->seen)
        return EXIT_DONE;
    if (v->good)
        return EXIT_PARTLY;
    return v->absent == v->seen ? EXIT_ABSENT : EXIT_NOTHING;
}

static bool is_csv(const struct cli *c)
{
    const char *path = cli_option(c, "output");

    return cli_has(c, "csv") || (path && ends_with(path, ".csv"));
}

static const struct cli_column *columns_of(const struct cli *c)
{
    return cli_has(c, "dry-run") ? price_columns : result_columns;
}

/* Once there is something to write: a refusal leaves the file as it was. */
static enum exit_code begin_output(struct reveal *v)
{
    if (!v->printed && v->output >= 0 &&
        (ftruncate(v->output, 0) || dup2(v->output, STDOUT_FILENO) < 0))
        return cli_usage(v->c, "the output cannot be written: %s", strerror(errno));
    return EXIT_DONE;
}

/* An answer that lacks the member goes on lacking it. */
static void replace(cJSON *in, const char *name, cJSON *item)
{
    if (!cJSON_ReplaceItemInObjectCaseSensitive(in, name, item))
        cJSON_Delete(item);
}

/* Rows are printed as they are paid for, where the form allows. */
static enum exit_code take_part(struct reveal *v, const struct cli_reply *reply)
{
    struct cli *c = v->c;
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(reply->doc, "items"), *row;
    bool gather = cli_has(c, "json") || !(cli_has(c, "jsonl") || is_csv(c));
    enum exit_code code = begin_output(v);

    if (code)
        return code;
    if (isatty(STDOUT_FILENO) && !cli_has(c, "show"))
        hide_values(items);
    v->price.hundredths += cli_credits(reply->doc, "price").hundredths;
    v->charged.hundredths += cli_credits(reply->doc, "charged").hundredths;
    count_outcomes(v, items);
    if (gather && v->whole) {
        cJSON *all = cJSON_GetObjectItemCaseSensitive(v->whole, "items");

        cJSON_ArrayForEach(row, items)
        {
            cJSON_AddItemToArray(all, cJSON_Duplicate(row, true));
        }
        replace(v->whole, "balance",
                cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(reply->doc, "balance"), true));
    } else if (gather) {
        v->whole = cJSON_Duplicate(reply->doc, true);
    } else if (cli_has(c, "jsonl")) {
        cJSON_ArrayForEach(row, items)
        {
            cli_print_jsonl(row);
        }
    } else {
        cli_print_csv(columns_of(c), items, !v->printed);
    }
    v->printed = true;
    fflush(stdout);
    return EXIT_DONE;
}

static void print_whole(struct reveal *v)
{
    static const char *const sums[] = {"price", "charged"};

    if (!v->whole)
        return;
    for (int i = 0; i < 2; i++)
        replace(v->whole, sums[i],
                cJSON_CreateNumber((double)(i ? v->charged : v->price).hundredths / 100));
    if (cli_has(v->c, "json"))
        cli_print_json(v->whole);
    else
        cli_print_table(columns_of(v->c), cJSON_GetObjectItemCaseSensitive(v->whole, "items"));
    fflush(stdout);
}

/* What was done, of the parts that were. */
static enum exit_code end(struct reveal *v, const char *balance)
{
    bool dry = cli_has(v->c, "dry-run");
    struct credits sum = dry ? v->price : v->charged;
    char text[CREDITS_TEXT];

    print_whole(v);
    fprintf(stderr, "%s %s %s, balance %s\n", dry ? "price" : "charged", credits_text(sum, text),
            credits_word(sum), balance);
    if (v->done < v->n)
        cli_say(
            "%zu of %zu were answered; the same command goes on, and what is owned costs nothing",
            v->done, v->n);
    return outcome_code(v);
}

static struct cli_reply buy_part(struct reveal *v, const struct credits *most, const char *key)
{
    cJSON *body = part_body(v);
    struct cli_reply reply;

    if (v->n > PART)
        key = arena_printf(v->c->mem, "%s.%zu", key, v->done / PART + 1);
    cJSON_AddNumberToObject(body, "max_credits",
                            (double)(most->hundredths - v->charged.hundredths) / 100);
    reply = pay(v, body, key);
    cJSON_Delete(body);
    return reply;
}

/* Nothing came of this part, or nobody knows; those before it are paid. */
static enum exit_code fail(struct reveal *v, const struct cli_reply *reply, const char *key,
                           const char *balance)
{
    enum exit_code code;

    if (v->unknown)
        cli_say("unknown whether it was charged; the same command with --key %s finds out and\n"
                "cannot charge twice",
                key);
    code = v->unknown ? EXIT_UNKNOWN : cli_fail(reply);
    /* What was shown and agreed to holds no longer. */
    if (reply->err == ERR_OVER_MAX && cli_has_terminal() && !cli_has(v->c, "yes"))
        code = EXIT_CHANGED;
    if (v->done && code != EXIT_UNKNOWN)
        code = EXIT_PARTLY;
    if (v->done)
        end(v, balance);
    return code;
}

static enum exit_code run_parts(struct reveal *v)
{
    bool dry = cli_has(v->c, "dry-run");
    const char *key = cli_option(v->c, "key"), *balance = "-";
    struct uuid id = uuid_new();
    char text[UUID_TEXT];
    struct credits most = {0};
    enum exit_code code = dry ? EXIT_DONE : consent(v, &most);

    if (!key)
        key = uuid_text(&id, text);
    while (!code && v->done < v->n) {
        struct cli_reply reply = dry ? quote(v) : buy_part(v, &most, key);

        if (reply.err || v->unknown)
            return fail(v, &reply, key, balance);
        code = take_part(v, &reply);
        balance = cli_text(v->c->mem, reply.doc, "balance");
        v->done += part_size(v);
        if (!code && v->n > PART && cli_has_terminal())
            fprintf(stderr, "%zu of %zu\n", v->done, v->n);
    }
    return code ? code : end(v, balance);
}

static enum exit_code reveal(struct cli *c)
{
    struct reveal v = {.c = c, .fields = cJSON_CreateArray(), .output = -1};
    enum exit_code code = add_ids(&v);

    if (!code)
        code = read_fields(&v);
    if (!code)
        code = open_output(&v);
    if (!code)
        code = run_parts(&v);
    cJSON_Delete(v.fields);
    cJSON_Delete(v.whole);
    free(v.ids);
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
