/* leadgen show ID */
#include <stdlib.h>

#include "common/api.h"
#include "tui/cli/cli.h"

static enum exit_code show(struct cli *c)
{
    struct cli_reply reply;
    char *id;

    if (c->n != 1)
        return cli_usage(c, "say which profile");
    id = api_escape(c->words[0]);
    reply = cli_call(c, "GET", arena_printf(c->mem, "/api/profiles/%s", id), NULL);
    free(id);
    if (reply.err)
        return cli_fail(&reply);
    if (cli_has(c, "json")) {
        cli_print_json(reply.doc);
        return EXIT_DONE;
    }
    for (const struct field *f = profile_type.fields; f->name; f++)
        if (!(f->flags & FIELD_INTERNAL) && cJSON_HasObjectItem(reply.doc, f->name))
            printf("%-16s %s\n", f->label ? f->label : f->name,
                   cli_text(c->mem, reply.doc, f->name));
    return EXIT_DONE;
}

static const struct cli_option options[] = {{"json", NULL, "one JSON object"}, {0}};

const struct cli_command show_command = {
    .name = "show",
    .words = "ID [--json]",
    .help = "Show a profile; contacts are clear where your account owns them.",
    .options = options,
    .run = show,
};
