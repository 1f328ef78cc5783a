/* leadgen help [COMMAND], leadgen version, leadgen info */
#include <stdlib.h>
#include <string.h>

#include "tui/cli/cli.h"

static void list_commands(FILE *to, bool rare)
{
    for (const struct cli_command *const *c = cli_commands; *c; c++)
        if ((*c)->rare == rare)
            fprintf(to, "  %-*s %s\n", rare ? 20 : 14, (*c)->name, (*c)->help);
}

void cli_help(FILE *to)
{
    fputs("usage: leadgen [--server URL] [--fingerprint PIN] [--theme NAME] [COMMAND]\n"
          "With no command: the full screen. Commands:\n",
          to);
    list_commands(to, false);
    fputs("leadgen COMMAND --help tells more, leadgen help more the rarer commands,\n"
          "leadgen help exit the exit codes.\n",
          to);
}

void cli_command_help(FILE *to, const struct cli_command *command)
{
    fprintf(to, "usage: leadgen %s %s\n%s\n", command->name, command->words, command->help);
    for (const struct cli_option *o = command->options; o->name; o++)
        fprintf(to, "  --%s%s%-*s %s\n", o->name, o->value ? " " : "",
                (int)(24 - strlen(o->name) - (o->value ? 1 : 0)), o->value ? o->value : "",
                o->help);
}

static void print_exit_codes(void)
{
#define X(name, code, text) printf("%4d  %s\n", code, text);
    EXIT_LIST(X)
#undef X
}

/* "help search", "help auth login". */
static enum exit_code help(struct cli *c)
{
    const char *name =
        c->n > 1 ? arena_printf(c->mem, "%s %s", c->words[0], c->words[1]) : c->words[0];

    if (c->n == 0) {
        cli_help(stdout);
        return EXIT_DONE;
    }
    if (c->n == 1 && strcmp(name, "exit") == 0) {
        print_exit_codes();
        return EXIT_DONE;
    }
    if (c->n == 1 && strcmp(name, "more") == 0) {
        list_commands(stdout, true);
        return EXIT_DONE;
    }
    for (const struct cli_command *const *k = cli_commands; *k; k++) {
        if (strcmp((*k)->name, name) == 0) {
            cli_command_help(stdout, *k);
            return EXIT_DONE;
        }
    }
    return cli_usage(c, "there is no such command");
}

static enum exit_code version(struct cli *c)
{
    (void)c;
    puts("leadgen " VERSION);
    return EXIT_DONE;
}

static enum exit_code info(struct cli *c)
{
    static const struct {
        const char *what, *xdg, *name;
    } files[] = {{"config", "XDG_CONFIG_HOME", "config.conf"},
                 {"known", "XDG_CONFIG_HOME", "known"},
                 {"themes", "XDG_CONFIG_HOME", "themes/"},
                 {"tokens", "XDG_DATA_HOME", "token"},
                 {"session", "XDG_STATE_HOME", "session.json"}};

    const struct session *s = c->session;

    printf("%-9s %s\n%-9s %s\n%-9s %s\n", "version", VERSION, "server", s ? s->server : "-", "pin",
           s && s->pin ? s->pin : "not known yet");
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char *path = session_path(files[i].xdg, files[i].name);

        printf("%-9s %s\n", files[i].what, path ? path : "-");
        free(path);
    }
    return EXIT_DONE;
}

static const struct cli_option none[] = {{0}};

const struct cli_command help_command = {
    .name = "help",
    .words = "[COMMAND|more|exit]",
    .help = "Help on a command; the rarer commands; the exit codes.",
    .options = none,
    .run = help,
    .offline = true,
};
const struct cli_command version_command = {
    .name = "version",
    .words = "",
    .help = "Which version this is.",
    .options = none,
    .run = version,
    .offline = true,
};
const struct cli_command info_command = {
    .name = "info",
    .words = "",
    .help = "Where everything lies.",
    .options = none,
    .run = info,
    .offline = true,
};
