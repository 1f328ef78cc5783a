/* leadgen keys ls | create | change | rotate | revoke | check, leadgen limits */
#include <string.h>

#include "common/apikey.h"
#include "common/json.h"
#include "tui/cli/access.h"
#include "tui/cli/auth.h"

static const struct cli_column keys[] = {
    {"ID", "id", 36, 0},         {"NAME", "name", 8, 0},       {"BEGINS", "hint", 13, 2},
    {"SCOPES", "scopes", 10, 3}, {"SPENT", "spent", 5, 4},     {"LAST USED", "last_used", 24, 4},
    {"UNTIL", "ends", 24, 1},    {"REVOKED", "revoked", 7, 1}, {0},
};

static enum exit_code keys_ls(struct cli *c)
{
    return access_list(c, "/api/keys", keys);
}

static void begin_member(struct buf *b, const char *name)
{
    buf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
}

/* "name":["a","b"] of an option that may come many times. */
static void add_list(struct cli *c, struct buf *b, const char *option, const char *member)
{
    const char *comma = "";

    begin_member(b, member);
    buf_char(b, '[');
    for (int i = 0; i < c->n_options; i++) {
        if (strcmp(c->options[i].name, option) != 0)
            continue;
        buf_str(b, comma);
        json_write_text(b, c->options[i].value);
        comma = ",";
    }
    buf_char(b, ']');
}

/* The secret alone on stdout, once; what to know about it on stderr. */
static enum exit_code print_made(struct cli *c, const struct cli_reply *reply)
{
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(reply->doc, "key");

    if (reply->err)
        return cli_fail(reply);
    if (cli_has(c, "json")) {
        cli_print_json(reply->doc);
        return EXIT_DONE;
    }
    puts(json_str(reply->doc, "secret"));
    cli_say("this is key %s, good until %s; the secret is not shown again", json_str(key, "id"),
            json_str(key, "ends"));
    return EXIT_DONE;
}

static enum exit_code keys_create(struct cli *c)
{
    const char *name = cli_option(c, "name"), *cap = cli_option(c, "cap");
    struct buf *b = access_body(c);
    struct cli_reply reply;
    int64_t rate, days;

    if (!name || !cli_has(c, "scope"))
        return cli_usage(c, "give it a --name and at least one --scope; leadgen keys scopes");
    if (!cli_number(c, "rate", 1, 0, &rate) || !cli_number(c, "days", 1, 0, &days))
        return EXIT_USAGE;
    if (cap && !(cap = access_cap(c, cap)))
        return EXIT_USAGE;
    buf_str(b, "\"name\":");
    json_write_text(b, name);
    add_list(c, b, "scope", "scopes");
    add_list(c, b, "network", "networks");
    if (rate)
        buf_printf(b, ",\"rate\":%lld", (long long)rate);
    if (days)
        buf_printf(b, ",\"days\":%lld", (long long)days);
    if (cap)
        buf_printf(b, ",%s", cap);
    buf_str(b, cli_has(c, "test") ? ",\"test\":true}" : "}");
    reply = access_call(c, "POST", "/api/keys", b->data);
    return print_made(c, &reply);
}

static bool is_none(const char *text)
{
    return text && strcmp(text, "none") == 0;
}

/* What is not given stays; "none" takes networks, rate or cap away. */
static enum exit_code keys_change(struct cli *c)
{
    const char *name = cli_option(c, "name"), *cap = cli_option(c, "cap");
    const char *rate_text = cli_option(c, "rate");
    struct buf *b = access_body(c);
    int64_t rate = 0;

    if (c->n != 1)
        return cli_usage(c, "say which key");
    if (!is_none(rate_text) && !cli_number(c, "rate", 1, 0, &rate))
        return EXIT_USAGE;
    if (cap && !(cap = access_cap(c, cap)))
        return EXIT_USAGE;
    if (name) {
        begin_member(b, "name");
        json_write_text(b, name);
    }
    if (cli_has(c, "scope"))
        add_list(c, b, "scope", "scopes");
    if (is_none(cli_option(c, "network"))) {
        begin_member(b, "networks");
        buf_str(b, "[]");
    } else if (cli_has(c, "network")) {
        add_list(c, b, "network", "networks");
    }
    if (rate_text) {
        begin_member(b, "rate");
        buf_printf(b, "%lld", (long long)rate);
    }
    if (cap)
        buf_printf(b, "%s%s", b->len > 1 ? "," : "", cap);
    if (b->len == 1)
        return cli_usage(c, "say what to change");
    buf_char(b, '}');
    return access_do(c, "PATCH", access_path(c, "/api/keys/", c->words[0], ""), b->data, "changed");
}

static enum exit_code keys_rotate(struct cli *c)
{
    struct cli_reply reply;
    int64_t hours;

    if (c->n != 1)
        return cli_usage(c, "say which key");
    if (!cli_number(c, "overlap", 0, 24, &hours))
        return EXIT_USAGE;
    reply = access_call(c, "POST", access_path(c, "/api/keys/", c->words[0], "/rotate"),
                        arena_printf(c->mem, "{\"overlap_hours\":%lld}", (long long)hours));
    return print_made(c, &reply);
}

static enum exit_code keys_revoke(struct cli *c)
{
    if (c->n != 1)
        return cli_usage(c, "say which key");
    return access_do(c, "DELETE", access_path(c, "/api/keys/", c->words[0], ""), NULL,
                     "revoked: it opens nothing any more");
}

static enum exit_code keys_scopes(struct cli *c)
{
    struct cli_reply reply = cli_call(c, "GET", "/api/keys?page_size=1", NULL);
    const cJSON *word;

    if (reply.err)
        return cli_fail(&reply);
    cJSON_ArrayForEach(word, cJSON_GetObjectItemCaseSensitive(reply.doc, "scopes"))
    {
        puts(word->valuestring);
    }
    return EXIT_DONE;
}

/* From stdin, since what stands on a command line is seen by others. */
static enum exit_code keys_check(struct cli *c)
{
    char line[APIKEY_LEN + 3] = "";
    bool whole;

    (void)c;
    if (!fgets(line, sizeof(line), stdin))
        line[0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    whole = apikey_is_whole(line);
    explicit_bzero(line, sizeof(line));
    puts(whole ? "whole" : "mistyped, cut, or no key");
    return whole ? EXIT_DONE : EXIT_INPUT;
}

static const struct cli_column classes[] = {
    {"CLASS", "class", 8, 0},    {"A MINUTE", "limit", 8, 0}, {"USED", "used", 5, 0},
    {"LEFT", "remaining", 5, 0}, {"RESET", "reset", 5, 0},    {0},
};
static const struct cli_column spending[] = {
    {"OF", "of", 6, 0},       {"CAPPED", "capped", 6, 0},  {"CAP", "monthly_cap", 5, 0},
    {"SPENT", "spent", 5, 0}, {"RESETS", "resets", 24, 0}, {0},
};

static enum exit_code limits(struct cli *c)
{
    struct cli_reply reply = cli_call(c, "GET", "/api/limits", NULL);

    if (reply.err)
        return cli_fail(&reply);
    if (cli_has(c, "json")) {
        cli_print_json(reply.doc);
        return EXIT_DONE;
    }
    printf("plan %s, balance %s\n", cli_text(c->mem, reply.doc, "plan"),
           cli_text(c->mem, reply.doc, "balance"));
    cli_print_table(classes, cJSON_GetObjectItemCaseSensitive(reply.doc, "classes"));
    cli_print_table(spending, cJSON_GetObjectItemCaseSensitive(reply.doc, "spending"));
    return EXIT_DONE;
}

static const struct cli_option json[] = {{"json", NULL, "one JSON object"}, {0}};
static const struct cli_option none[] = {{0}};
static const struct cli_option create[] = {
    {"name", "NAME", "what to call it"},
    {"scope", "SCOPE", "what it may do; many times (leadgen keys scopes)"},
    {"network", "CIDR", "where it may be used from; many times (anywhere)"},
    {"rate", "N", "requests a minute of its own"},
    {"cap", "CREDITS", "what it may spend in a month"},
    {"days", "N", "how long it is good (90)"},
    {"test", NULL, "sees made-up data, and never costs"},
    AUTH_PASSWORD_OPTIONS,
    {"json", NULL, "one JSON object, the secret in it"},
    {0},
};
static const struct cli_option change[] = {
    {"name", "NAME", "what to call it"},
    {"scope", "SCOPE", "what it may do; many times, and all of them"},
    {"network", "CIDR", "where it may be used from; many times, or none"},
    {"rate", "N", "requests a minute of its own, or none"},
    {"cap", "CREDITS", "what it may spend in a month, or none"},
    {"json", NULL, "one JSON object"},
    {0},
};
static const struct cli_option rotate[] = {
    {"overlap", "HOURS", "how long the old secret works on (24)"},
    AUTH_PASSWORD_OPTIONS,
    {"json", NULL, "one JSON object, the secret in it"},
    {0},
};

#define COMMAND(symbol, name_, words_, help_, options_, ...)          \
    const struct cli_command symbol##_command = {.name = name_,       \
                                                 .words = words_,     \
                                                 .help = help_,       \
                                                 .options = options_, \
                                                 .run = symbol,       \
                                                 .rare = true,        \
                                                 __VA_ARGS__}

COMMAND(keys_ls, "keys ls", "[--json]", "Your API keys; an admin's: the account's.", json, );
COMMAND(keys_create, "keys create", "--name NAME --scope SCOPE... [--cap CREDITS] [--json]",
        "Make an API key; its secret is shown this once.", create, );
COMMAND(keys_change, "keys change", "KEY [--name NAME] [--scope SCOPE...] [--cap CREDITS] [--json]",
        "Change what a key may do and spend.", change, );
COMMAND(keys_rotate, "keys rotate", "KEY [--overlap HOURS] [--json]",
        "Give a key a new secret; the old one works on a while.", rotate, );
COMMAND(keys_revoke, "keys revoke", "KEY [--json]", "End a key at once.", json, );
COMMAND(keys_scopes, "keys scopes", "", "The scopes there are.", none, );
COMMAND(keys_check, "keys check", "< FILE", "Is this a key, by its checksum? Asks no server.", none,
        .offline = true);
COMMAND(limits, "limits", "[--json]", "What binds you now: rates, credits, caps.", json, );
