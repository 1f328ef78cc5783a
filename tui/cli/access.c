#include "tui/cli/access.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tui/cli/auth.h"

enum { BODY_MAX = 16 * 1024 };

const char *access_path(struct cli *c, const char *before, const char *word, const char *behind)
{
    char *id = api_escape(word);
    const char *path = arena_printf(c->mem, "%s%s%s", before, id, behind);

    free(id);
    return path;
}

struct cli_reply access_call(struct cli *c, const char *method, const char *path, const char *json)
{
    struct cli_reply reply = cli_call(c, method, path, json);

    if (reply.err != ERR_CONFIRM)
        return reply;
    reply = auth_confirm(c);
    return reply.err ? reply : cli_call(c, method, path, json);
}

enum exit_code access_do(struct cli *c, const char *method, const char *path, const char *json,
                         const char *done)
{
    struct cli_reply reply = access_call(c, method, path, json);

    if (reply.err)
        return cli_fail(&reply);
    if (cli_has(c, "json"))
        cli_print_json(reply.doc);
    else
        puts(done);
    return EXIT_DONE;
}

enum exit_code access_list(struct cli *c, const char *path, const struct cli_column *columns)
{
    struct cli_reply reply =
        cli_call(c, "GET", arena_printf(c->mem, "%s?page_size=1000", path), NULL);

    if (reply.err)
        return cli_fail(&reply);
    if (cli_has(c, "json"))
        cli_print_json(reply.doc);
    else
        cli_print_table(columns, cJSON_GetObjectItemCaseSensitive(reply.doc, "items"));
    return EXIT_DONE;
}

const char *access_cap(struct cli *c, const char *text)
{
    struct credits cap;
    char out[CREDITS_TEXT];

    if (strcmp(text, "none") == 0)
        return "\"capped\":false";
    if (credits_parse(text, &cap) && cap.hundredths >= 0)
        return arena_printf(c->mem, "\"monthly_cap\":%s", credits_text(cap, out));
    cli_usage(c, "a cap is an amount of credits, or none");
    return NULL;
}

static void free_buf(void *b)
{
    explicit_bzero(((struct buf *)b)->data, ((struct buf *)b)->len);
    buf_free(b);
}

struct buf *access_body(struct cli *c)
{
    struct buf *b = arena_alloc(c->mem, sizeof(*b));

    b->max = BODY_MAX;
    buf_char(b, '{');
    arena_defer(c->mem, free_buf, b);
    return b;
}
