/*
 * leadgen completion bash|zsh|fish: what the shell has to know to complete, written from the table
 * of commands.
 */
#include <string.h>

#include "tui/cli/cli.h"

static const struct cli_option head_options[] = {
    {"server", "URL", "the server"},
    {"fingerprint", "PIN", "of the server's key"},
    {"theme", "NAME", "of the full screen"},
    {0},
};

/* "auth" of "auth login" */
static int first_word(const struct cli_command *k)
{
    return (int)strcspn(k->name, " ");
}

static const char *second_word(const struct cli_command *k)
{
    const char *space = strchr(k->name, ' ');

    return space ? space + 1 : NULL;
}

/* Is no command before it in the list of the same group? */
static bool begins_group(const struct cli_command *const *k)
{
    for (const struct cli_command *const *c = cli_commands; c < k; c++)
        if (first_word(*c) == first_word(*k) &&
            strncmp((*c)->name, (*k)->name, (size_t)first_word(*k)) == 0)
            return false;
    return true;
}

static bool is_of_group(const struct cli_command *k, const struct cli_command *group)
{
    return second_word(k) && first_word(k) == first_word(group) &&
           strncmp(k->name, group->name, (size_t)first_word(group)) == 0;
}

static void print_options(const struct cli_option *o)
{
    for (; o->name; o++)
        printf(" --%s", o->name);
}

static void print_groups(void)
{
    for (const struct cli_command *const *k = cli_commands; *k; k++)
        if (begins_group(k))
            printf(" %.*s", first_word(*k), (*k)->name);
}

/* The arms of a case over the words before the cursor, each followed by a space. */
static void print_arms(const char *before, const char *after)
{
    for (const struct cli_command *const *k = cli_commands; *k; k++) {
        printf("    '%s '*) %s", (*k)->name, before);
        print_options((*k)->options);
        printf("%s ;;\n", after);
    }
    for (const struct cli_command *const *k = cli_commands; *k; k++) {
        if (!second_word(*k) || !begins_group(k))
            continue;
        printf("    '%.*s ') %s", first_word(*k), (*k)->name, before);
        for (const struct cli_command *const *c = cli_commands; *c; c++)
            if (is_of_group(*c, *k))
                printf(" %s", second_word(*c));
        printf("%s ;;\n", after);
    }
    printf("    '') %s", before);
    print_groups();
    print_options(head_options);
    printf("%s ;;\n", after);
}

/* The words from `first` to before `end` that are neither options nor their values. */
static void print_words(const char *words, const char *first, const char *end)
{
    printf("    local line= i\n"
           "    for ((i = %s; i < %s; i++)); do\n"
           "        case ${%s[i]} in\n        ",
           first, end, words);
    for (const struct cli_option *o = head_options; o->name; o++)
        printf("%s--%s", o == head_options ? "" : " | ", o->name);
    printf(") ((i++)) ;;\n"
           "        -*) ;;\n"
           "        *) line+=\"${%s[i]} \" ;;\n"
           "        esac\n"
           "    done\n"
           "    case $line in\n",
           words);
}

static void print_bash(void)
{
    puts("_leadgen()\n{");
    print_words("COMP_WORDS", "1", "COMP_CWORD");
    print_arms("COMPREPLY=($(compgen -W '", "' -- \"${COMP_WORDS[COMP_CWORD]}\"))");
    puts("    esac\n}\ncomplete -o bashdefault -o default -F _leadgen leadgen");
}

static void print_zsh(void)
{
    puts("#compdef leadgen\n_leadgen()\n{");
    print_words("words", "2", "CURRENT");
    print_arms("compadd --", "");
    puts("    esac\n    [[ $PREFIX == -* || -z $line ]] || _files\n}\n_leadgen \"$@\"");
}

/* Between fish's single quotes. */
static void print_help(const char *text)
{
    fputs(" -d '", stdout);
    for (; *text; text++)
        printf("%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
    puts("'");
}

static void print_fish_options(const char *condition, const struct cli_option *o)
{
    for (; o->name; o++) {
        printf("complete -c leadgen -n '%s' -l %s%s", condition, o->name, o->value ? " -r" : "");
        print_help(o->help);
    }
}

static void print_fish_command(const struct cli_command *k, bool begins)
{
    static const char top[] = "__fish_use_subcommand", seen[] = "__fish_seen_subcommand_from";
    const char *second = second_word(k);
    int n = first_word(k);
    char condition[160];

    if (begins) {
        printf("complete -c leadgen -n %s -a %.*s", top, n, k->name);
        print_help(second ? "" : k->help);
    }
    snprintf(condition, sizeof(condition), "%s %.*s", seen, n, k->name);
    if (second) {
        printf("complete -c leadgen -n '%s' -a %s", condition, second);
        print_help(k->help);
        snprintf(condition, sizeof(condition), "%s %.*s; and %s %s", seen, n, k->name, seen,
                 second);
    }
    print_fish_options(condition, k->options);
}

static void print_fish(void)
{
    print_fish_options("__fish_use_subcommand", head_options);
    for (const struct cli_command *const *k = cli_commands; *k; k++)
        print_fish_command(*k, begins_group(k));
}

static enum exit_code completion(struct cli *c)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

    for (size_t i = 0; c->n == 1 && i < sizeof(shells) / sizeof(*shells); i++) {
        if (strcmp(c->words[0], shells[i].shell) == 0) {
            shells[i].print();
            return EXIT_DONE;
        }
    }
    return cli_usage(c, "say for which shell: bash, zsh or fish");
}

static const struct cli_option none[] = {{0}};

const struct cli_command completion_command = {
    .name = "completion",
    .words = "bash|zsh|fish",
    .help = "What the shell needs to complete commands and options.",
    .options = none,
    .run = completion,
    .offline = true,
};
