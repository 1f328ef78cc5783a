/*
 * leadgen: a subcommand, or the full screen.
 *
 *   leadgen [--server URL] [--fingerprint sha256//...] [--theme NAME] [COMMAND ...]
 */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/json.h"
#include "tui/app.h"
#include "tui/cli/cli.h"

/* Options that stand before the command. */
struct head {
    const char *server, *fingerprint, *theme;
    bool help, version;
};

static void print_help(FILE *to)
{
    fprintf(to, "usage: leadgen [--server URL] [--fingerprint PIN] [--theme NAME] [COMMAND]\n"
                "With no command: the full screen.\n\ncommands:\n");
    for (const struct cli_command *const *c = cli_commands; *c; c++)
        fprintf(to, "  %-14s %s\n", (*c)->name, (*c)->help);
    fprintf(to, "\nleadgen COMMAND --help tells more; man leadgen the exit codes.\n");
}

static int print_command_help(const struct cli_command *c)
{
    printf("usage: leadgen %s\n%s\n\n", c->usage, c->help);
    for (const struct cli_option *o = c->options; o->name; o++)
        printf("  --%s%s%-*s %s\n", o->name, o->value ? " " : "",
               (int)(24 - strlen(o->name) - (o->value ? 1 : 0)), o->value ? o->value : "", o->help);
    return EXIT_DONE;
}

/* --name VALUE and --name=VALUE. */
static const char *take_value(int argc, char **argv, int *i, const char *name)
{
    size_t n = strlen(name);

    if (strncmp(argv[*i] + 2, name, n) != 0)
        return NULL;
    if (argv[*i][2 + n] == '=')
        return argv[*i] + 3 + n;
    if (argv[*i][2 + n] || *i + 1 >= argc)
        return NULL;
    return argv[++*i];
}

static bool take_head(struct head *h, int argc, char **argv, int *i)
{
    const struct {
        const char *name, **slot;
    } options[] = {{"server", &h->server}, {"fingerprint", &h->fingerprint}, {"theme", &h->theme}};

    h->help |= strcmp(argv[*i], "--help") == 0;
    h->version |= strcmp(argv[*i], "--version") == 0;
    if (h->help || h->version)
        return true;
    for (size_t k = 0; k < sizeof(options) / sizeof(*options); k++) {
        const char *value = take_value(argc, argv, i, options[k].name);

        if (value) {
            *options[k].slot = value;
            return true;
        }
    }
    return false;
}

/* One or two words. */
static const struct cli_command *find_command(int argc, char **argv, int *i)
{
    for (const struct cli_command *const *c = cli_commands; *c; c++) {
        const char *blank = strchr((*c)->name, ' ');
        size_t n = blank ? (size_t)(blank - (*c)->name) : strlen((*c)->name);

        if (strncmp(argv[*i], (*c)->name, n) != 0 || argv[*i][n])
            continue;
        if (!blank) {
            ++*i;
            return *c;
        }
        if (*i + 1 < argc && strcmp(argv[*i + 1], blank + 1) == 0) {
            *i += 2;
            return *c;
        }
    }
    return NULL;
}

static bool take_option(struct cli *c, int argc, char **argv, int *i)
{
    for (const struct cli_option *o = c->command->options; o->name; o++) {
        const char *value = "";

        if (o->value)
            value = take_value(argc, argv, i, o->name);
        else if (strcmp(argv[*i] + 2, o->name) != 0)
            continue;
        if (!value)
            continue;
        if (c->n_options < CLI_REPEATS) {
            c->options[c->n_options].name = o->name;
            c->options[c->n_options++].value = value;
        }
        return true;
    }
    return false;
}

/* Words may begin with a single minus ("-intern" excludes); "--" ends the options. */
static int read_command(struct cli *c, struct head *h, int argc, char **argv, int i)
{
    bool options = true;

    for (; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && strcmp(argv[i], "--help") == 0) {
            print_command_help(c->command);
            return -1;
        } else if (options && strncmp(argv[i], "--", 2) == 0) {
            if (!take_option(c, argc, argv, &i) && !take_head(h, argc, argv, &i))
                return cli_usage(c, "there is no option %s, or its value is missing", argv[i]);
        } else if (c->n < CLI_WORDS) {
            c->words[c->n++] = argv[i];
        } else {
            return cli_usage(c, "too many words");
        }
    }
    return EXIT_DONE;
}

/* As ssh does: the first time a person decides, or the operator by --fingerprint; never silently.
 */
static int decide_pin(struct session *s, const char *fingerprint)
{
    struct problem why = {0};
    char *pin = NULL;
    int code = EXIT_DONE;

    if (s->pin && (!fingerprint || strcmp(fingerprint, s->pin) == 0))
        return EXIT_DONE;
    if (!fingerprint && !(isatty(STDIN_FILENO) && isatty(STDERR_FILENO))) {
        fprintf(stderr,
                "leadgen: the key of %s is not known; --fingerprint sha256//... says which "
                "one is right\n",
                s->server);
        return EXIT_NETWORK;
    }
    if (!fingerprint) {
        if (session_fetch_pin(s->server, &pin, &why)) {
            fprintf(stderr, "leadgen: %s\n", why.text);
            return EXIT_NETWORK;
        }
        fprintf(stderr, "The key of %s is not known yet. Its fingerprint is\n\n    %s\n\n",
                s->server, pin);
        if (!cli_ask("Is it the one that the server printed at its start?"))
            code = EXIT_NETWORK;
    }
    if (!code && session_trust(s, fingerprint ? fingerprint : pin, &why))
        fprintf(stderr, "leadgen: %s\n", why.text);
    free(pin);
    return code;
}

static int run_command(struct cli *c, const char *fingerprint)
{
    int code = c->command->offline ? EXIT_DONE : decide_pin(c->session, fingerprint);

    if (code)
        return code;
    c->api = api_new(c->session);
    if (!c->api) {
        fprintf(stderr, "leadgen: cannot start the transfer library\n");
        return EXIT_SERVER;
    }
    code = c->command->run(c);
    api_free(c->api);
    return fflush(stdout) ? EXIT_SERVER : code;
}

static int run_screen(struct session *s, const struct head *h)
{
    struct app_options o = {.theme = h->theme};
    struct problem why = {0};

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (h->fingerprint && session_trust(s, h->fingerprint, &why)) {
        fprintf(stderr, "leadgen: %s\n", why.text);
        return EXIT_NETWORK;
    }
    return app_run(s, &o);
}

static int run(struct cli *c, int argc, char **argv)
{
    struct head h = {0};
    struct problem why = {0};
    int i = 1, code;

    while (i < argc && strncmp(argv[i], "--", 2) == 0) {
        if (!take_head(&h, argc, argv, &i)) {
            fprintf(stderr, "leadgen: there is no option %s, or its value is missing\n", argv[i]);
            return EXIT_USAGE;
        }
        i++;
    }
    if (h.help)
        return print_help(stdout), EXIT_DONE;
    if (h.version)
        return puts("leadgen " VERSION), EXIT_DONE;
    if (i < argc) {
        c->command = find_command(argc, argv, &i);
        if (!c->command) {
            fprintf(stderr, "leadgen: there is no command %s; leadgen --help lists them\n",
                    argv[i]);
            return EXIT_USAGE;
        }
        code = read_command(c, &h, argc, argv, i);
        if (code)
            return code < 0 ? EXIT_DONE : code;
    }
    if (session_open(h.server, &c->session, &why)) {
        fprintf(stderr, "leadgen: %s\n", why.text);
        return strcmp(why.field, "token") == 0 ? EXIT_AUTH : EXIT_USAGE;
    }
    return c->command ? run_command(c, h.fingerprint) : run_screen(c->session, &h);
}

int main(int argc, char **argv)
{
    struct cli *c = xcalloc(1, sizeof(*c));
    int code;

    setlocale(LC_ALL, "");
#ifndef SANITIZED
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    c->mem = arena_new();
    code = run(c, argc, argv);
    session_close(c->session);
    arena_free(c->mem);
    free(c);
    return code;
}
