/* leadgen auth approve | totp | sessions | end | acted: of who is signed in. */
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tui/cli/access.h"
#include "tui/cli/auth.h"
#include "tui/qr.h"

static enum exit_code auth_approve(struct cli *c)
{
    struct auth_member members[] = {{"user_code", c->n == 1 ? c->words[0] : NULL}, {0}};
    struct cli_reply reply;

    if (!members[0].value)
        return cli_usage(c, "give the code that the device shows");
    reply = auth_post_confirmed(c, "/api/auth/device/approve", members);
    if (reply.err)
        return cli_fail(&reply);
    fprintf(stderr, "let in: %s from %s\n", cli_text(c->mem, reply.doc, "agent"),
            cli_text(c->mem, reply.doc, "address"));
    return EXIT_DONE;
}

/* The message, or the whole answer with --json. */
static enum exit_code said(struct cli *c, const struct cli_reply *reply)
{
    if (reply->err || !cli_has(c, "json"))
        return auth_said(reply);
    cli_print_json(reply->doc);
    return EXIT_DONE;
}

static void print_codes(struct cli *c, const cJSON *doc)
{
    const cJSON *code;

    if (cli_has(c, "json")) {
        cli_print_json(doc);
        return;
    }
    fputs("Recovery codes, each good once instead of a code; they are not shown again:\n\n",
          stderr);
    cJSON_ArrayForEach(code, cJSON_GetObjectItemCaseSensitive(doc, "codes"))
    {
        cJSON *one = cJSON_CreateObject();

        cJSON_AddStringToObject(one, "code", code->valuestring ? code->valuestring : "");
        printf("%s\n", cli_text(c->mem, one, "code"));
        cJSON_Delete(one);
    }
}

static enum exit_code totp_on(struct cli *c)
{
    static const struct auth_member none[] = {{0}};
    struct cli_reply reply = auth_post_confirmed(c, "/api/auth/totp", none);
    bool ascii = cli_has(c, "ascii") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    struct auth_member members[] = {{"totp", NULL}, {0}};
    char *qr;

    if (reply.err)
        return cli_fail(&reply);
    qr = qr_text(json_str(reply.doc, "uri") ? json_str(reply.doc, "uri") : "", ascii, QR_ON_DARK);
    fprintf(stderr, "%s\nScan it with an authenticator, or type the secret there:\n\n    %s\n\n",
            qr ? qr : "", cli_text(c->mem, reply.doc, "secret"));
    free(qr);
    members[0].value = auth_line(c, "code: ");
    if (!members[0].value)
        return cli_usage(c, "a terminal is needed to type the code");
    reply = auth_post_confirmed(c, "/api/auth/totp/confirm", members);
    if (reply.err)
        return cli_fail(&reply);
    print_codes(c, reply.doc);
    return EXIT_DONE;
}

static enum exit_code totp_off(struct cli *c)
{
    char password[AUTH_PASSWORD_MAX] = "";
    struct auth_member members[] = {{"password", password}, {"totp", cli_option(c, "totp")}, {0}};
    enum exit_code code = auth_password(c, password, sizeof(password));
    struct cli_reply reply;

    if (code)
        return code;
    if (!members[1].value)
        members[1].value = auth_line(c, "code: ");
    reply = auth_post_confirmed(c, "/api/auth/totp/disable", members);
    explicit_bzero(password, sizeof(password));
    return said(c, &reply);
}

static enum exit_code totp_codes(struct cli *c)
{
    static const struct auth_member none[] = {{0}};
    struct cli_reply reply = auth_post_confirmed(c, "/api/auth/totp/recovery", none);

    if (reply.err)
        return cli_fail(&reply);
    print_codes(c, reply.doc);
    return EXIT_DONE;
}

static enum exit_code totp_show(struct cli *c)
{
    struct cli_reply reply = cli_call(c, "GET", "/api/auth/totp", NULL);

    if (reply.err)
        return cli_fail(&reply);
    if (cli_has(c, "json"))
        cli_print_json(reply.doc);
    else if (json_bool(reply.doc, "enabled"))
        printf("on since %s, %d recovery codes left\n", cli_text(c->mem, reply.doc, "created"),
               (int)json_num(reply.doc, "recovery_left", 0));
    else
        printf("off\n");
    return EXIT_DONE;
}

static enum exit_code auth_totp(struct cli *c)
{
    static const struct {
        const char *word;
        enum exit_code (*run)(struct cli *);
    } acts[] = {{"on", totp_on}, {"off", totp_off}, {"codes", totp_codes}};

    if (c->n == 0)
        return totp_show(c);
    for (size_t i = 0; c->n == 1 && i < sizeof(acts) / sizeof(*acts); i++)
        if (strcmp(c->words[0], acts[i].word) == 0)
            return acts[i].run(c);
    return cli_usage(c, "on, off or codes");
}

static enum exit_code auth_sessions(struct cli *c)
{
    static const struct cli_column columns[] = {{"ID", "id", 36, 0},
                                                {"DEVICE", "agent", 10, 1},
                                                {"ADDRESS", "address", 9, 0},
                                                {"SINCE", "created", 10, 2},
                                                {"LAST SEEN", "last_seen", 10, 0},
                                                {"THIS", "current", 5, 0},
                                                {0}};

    return access_list(c, "/api/sessions", columns);
}

static enum exit_code auth_end(struct cli *c)
{
    struct cli_reply reply;
    char *id;

    if ((c->n == 1) == cli_has(c, "others") || c->n > 1)
        return cli_usage(c, "one ID, or --others");
    if (c->n) {
        id = api_escape(c->words[0]);
        reply = cli_call(c, "DELETE", arena_printf(c->mem, "/api/sessions/%s", id), NULL);
        free(id);
    } else {
        reply = cli_call(c, "DELETE", "/api/sessions", NULL);
    }
    return said(c, &reply);
}

static enum exit_code auth_acted(struct cli *c)
{
    static const struct cli_column columns[] = {{"WHEN", "created", 24, 0},
                                                {"UNTIL", "ends", 24, 2},
                                                {"BY", "by_id", 36, 3},
                                                {"REASON", "reason", 10, 0},
                                                {0}};

    return access_list(c, "/api/me/impersonations", columns);
}

static const struct cli_option confirm_options[] = {
    AUTH_PASSWORD_OPTIONS,
    {"totp", "CODE", "of the second factor, or a recovery code"},
    {"ascii", NULL, "draw the code without half blocks"},
    {"json", NULL, "one JSON object, the recovery codes in it"},
    {0},
};
static const struct cli_option approve_options[] = {
    AUTH_PASSWORD_OPTIONS,
    {"totp", "CODE", "of the second factor, or a recovery code"},
    {0},
};
static const struct cli_option json_options[] = {{"json", NULL, "one JSON object"}, {0}};
static const struct cli_option end_options[] = {
    {"others", NULL, "all but this one"},
    {"json", NULL, "one JSON object"},
    {0},
};

const struct cli_command auth_approve_command = {
    .name = "auth approve",
    .words = "CODE",
    .help = "Let a device in that shows this code, as you.",
    .options = approve_options,
    .run = auth_approve,
    .rare = true,
};
const struct cli_command auth_totp_command = {
    .name = "auth totp",
    .words = "[on | off | codes] [--json]",
    .help = "The second factor: show, turn on (with a QR code), off, new recovery codes.",
    .options = confirm_options,
    .run = auth_totp,
    .rare = true,
};
const struct cli_command auth_sessions_command = {
    .name = "auth sessions",
    .words = "[--json]",
    .help = "Your sessions: from where, since when.",
    .options = json_options,
    .run = auth_sessions,
    .rare = true,
};
const struct cli_command auth_end_command = {
    .name = "auth end",
    .words = "ID | --others [--json]",
    .help = "End one of your sessions, or all others.",
    .options = end_options,
    .run = auth_end,
    .rare = true,
};
const struct cli_command auth_acted_command = {
    .name = "auth acted",
    .words = "[--json]",
    .help = "When the operator acted as you, and why.",
    .options = json_options,
    .run = auth_acted,
    .rare = true,
};
