/*
 * leadgen: a subcommand, or the full screen.
 *
 *   leadgen [--server URL] [--fingerprint sha256//...] [--theme NAME] [COMMAND ...]
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tui/app.h"
#include "tui/cli/cli.h"

/* Options of every command, that may also stand before it. */
struct head {
    const char *server, *fingerprint, *theme;
};

/* The words of the command line and how far they are read. */
struct line {
    char **argv;
    int argc, at;
};

/* --name VALUE or --name=VALUE; false: another option, or its value is missing. */
static bool take_value(struct line *l, const char *name, const char **out)
{
    const char *text = l->argv[l->at] + 2;
    size_t n = strlen(name);

    if (strncmp(text, name, n) != 0)
        return false;
    if (text[n] == '=') {
        *out = text + n + 1;
        return true;
    }
    if (text[n] || l->at + 1 >= l->argc)
        return false;
    *out = l->argv[++l->at];
    return true;
}

static bool take_head(struct head *h, struct line *l)
{
    return take_value(l, "server", &h->server) || take_value(l, "fingerprint", &h->fingerprint) ||
           take_value(l, "theme", &h->theme);
}

/* One or two words; NULL: there is no such command. */
static const struct cli_command *find_command(struct line *l)
{
    const char *word = l->argv[l->at], *second = l->at + 1 < l->argc ? l->argv[l->at + 1] : "";

    for (const struct cli_command *const *c = cli_commands; *c; c++) {
        size_t n = strcspn((*c)->name, " ");
        const char *rest = (*c)->name + n;

        if (strncmp(word, (*c)->name, n) != 0 || word[n])
            continue;
        if (*rest && strcmp(rest + 1, second) != 0) {
            if (!(*c)->alone || (*second && *second != '-'))
                continue;
            rest = "";
        }
        l->at += *rest ? 2 : 1;
        return *c;
    }
    return NULL;
}

/* "leadgen jobs", "leadgen jobs --help": those that begin with the word. */
static enum exit_code list_group(const char *word)
{
    size_t n = strlen(word);
    bool any = false;

    for (const struct cli_command *const *c = cli_commands; *c; c++) {
        if (strncmp((*c)->name, word, n) != 0 || (*c)->name[n] != ' ')
            continue;
        fprintf(stderr, "leadgen %s %s\n", (*c)->name, (*c)->words);
        any = true;
    }
    if (!any)
        cli_say("there is no command %s; leadgen --help lists them", word);
    return EXIT_USAGE;
}

static bool take_option(struct cli *c, struct line *l)
{
    for (const struct cli_option *o = c->command->options; o->name; o++) {
        const char *value = "";

        if (o->value ? take_value(l, o->name, &value) : strcmp(l->argv[l->at] + 2, o->name) == 0) {
            c->options[c->n_options++] = (struct cli_given){o->name, value};
            return true;
        }
    }
    return false;
}

/*
 * Words may begin with a single minus ("-intern" excludes); "--" ends the options.
 * *help: --help is among them.
 */
static enum exit_code read_command(struct cli *c, struct head *h, struct line *l, bool *help)
{
    bool options = true;

    c->words = arena_alloc(c->mem, (size_t)l->argc * sizeof(*c->words));
    c->options = arena_alloc(c->mem, (size_t)l->argc * sizeof(*c->options));
    for (; l->at < l->argc; l->at++) {
        const char *word = l->argv[l->at];

        if (!options || strncmp(word, "--", 2) != 0)
            c->words[c->n++] = word;
        else if (strcmp(word, "--") == 0)
            options = false;
        else if (strcmp(word, "--help") == 0)
            *help = true;
        else if (!take_option(c, l) && !take_head(h, l))
            return cli_usage(c, "there is no option %s, or its value is missing", word);
    }
    return EXIT_DONE;
}

/* Does the server have this key? Only then it may replace the one that is known. */
static enum exit_code check_pin(const struct session *s, const char *fingerprint, char **pin)
{
    struct problem why = {0};

    if (fingerprint && !session_is_pin(fingerprint)) {
        cli_say("a fingerprint reads sha256// and 44 characters");
        return EXIT_USAGE;
    }
    if (session_fetch_pin(s->server, pin, &why)) {
        cli_say("no answer from %s: %s", s->server, why.text);
        return EXIT_NETWORK;
    }
    if (fingerprint && strcmp(fingerprint, *pin) != 0) {
        cli_say("THE KEY OF %s IS NOT THE ONE YOU NAMED, and nothing was sent.\nIts fingerprint is "
                "%s",
                s->server, *pin);
        return EXIT_NETWORK;
    }
    return EXIT_DONE;
}

/* As ssh does: the first time a person decides, or the operator by --fingerprint; never silently.
 */
static enum exit_code decide_pin(struct session *s, const char *fingerprint)
{
    struct problem why = {0};
    enum exit_code code;
    char *pin = NULL;

    if (s->pin && (!fingerprint || strcmp(fingerprint, s->pin) == 0))
        return EXIT_DONE;
    if (!fingerprint && !cli_has_terminal()) {
        cli_say("the key of %s is not known; --fingerprint sha256//... says which one is right",
                s->server);
        return EXIT_NETWORK;
    }
    code = check_pin(s, fingerprint, &pin);
    if (!code && !fingerprint) {
        fprintf(stderr, "The key of %s is not known yet. Its fingerprint is\n\n    %s\n\n",
                s->server, pin);
        if (!cli_ask("Is it the one that the server printed at its start?"))
            code = EXIT_NETWORK;
    }
    if (!code && session_trust(s, pin, &why))
        cli_say("%s", why.text); /* it holds for this time */
    free(pin);
    return code;
}

static enum exit_code run_online(struct cli *c, const char *fingerprint)
{
    enum exit_code code = decide_pin(c->session, fingerprint);

    if (code)
        return code;
    c->api = api_new(c->session);
    if (!c->api) {
        cli_say("out of memory");
        return EXIT_SERVER;
    }
    code = c->command->run(c);
    api_free(c->api);
    return code;
}

/* A reader that has enough ends a command silently; whatever else happens to the output is said. */
static enum exit_code run_command(struct cli *c, const char *fingerprint)
{
    enum exit_code code;

    signal(SIGPIPE, SIG_DFL);
    code = c->command->offline ? c->command->run(c) : run_online(c, fingerprint);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    cli_say("the output cannot be written: %s", strerror(errno));
    return code ? code : EXIT_PARTLY;
}

static enum exit_code run_screen(struct session *s, const struct head *h)
{
    struct app_options o = {.theme = h->theme};
    enum exit_code code;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        cli_help(stderr);
        return EXIT_USAGE;
    }
    code = h->fingerprint ? decide_pin(s, h->fingerprint) : EXIT_DONE;
    return code ? code : (enum exit_code)app_run(s, &o);
}

static enum exit_code open_and_run(struct cli *c, const struct head *h)
{
    struct problem why = {0};

    if (session_open(h->server, &c->session, &why) && !(c->command && c->command->offline)) {
        cli_say("%s", why.text);
        return strcmp(why.field, "token") == 0 ? EXIT_AUTH : EXIT_USAGE;
    }
    return c->command ? run_command(c, h->fingerprint) : run_screen(c->session, h);
}

static enum exit_code run(struct cli *c, struct line *l)
{
    struct head h = {0};
    enum exit_code code;
    bool help = false;

    for (; l->at < l->argc && strncmp(l->argv[l->at], "--", 2) == 0; l->at++) {
        const char *word = l->argv[l->at];

        if (strcmp(word, "--help") == 0)
            return cli_help(stdout), EXIT_DONE;
        if (strcmp(word, "--version") == 0)
            return puts("leadgen " VERSION), EXIT_DONE;
        if (!take_head(&h, l)) {
            cli_say("there is no option %s, or its value is missing", word);
            return EXIT_USAGE;
        }
    }
    if (l->at == l->argc)
        return open_and_run(c, &h);
    c->command = find_command(l);
    if (!c->command)
        return list_group(l->argv[l->at]);
    code = read_command(c, &h, l, &help);
    if (help)
        return cli_command_help(stdout, c->command), EXIT_DONE;
    return code ? code : open_and_run(c, &h);
}

int main(int argc, char **argv)
{
    struct cli c = {.mem = arena_new()};
    struct line line = {.argv = argv, .argc = argc, .at = 1};
    enum exit_code code;

    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C"); /* numbers look the same to every script */
#ifndef SANITIZED
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    code = run(&c, &line);
    session_close(c.session);
    arena_free(c.mem);
    return (int)code;
}
