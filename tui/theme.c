#include "tui/theme.h"

#include <curses.h>
#include <string.h>

#include "tui/session.h"

enum { LINE = 256 };

static const char *const role_words[STYLES] = {
#define X(name, word) [STYLE_##name] = word,
    ROLE_LIST(X)
#undef X
};

static const struct {
    const char *word;
    unsigned attr;
} attributes[] = {{"bold", A_BOLD}, {"underline", A_UNDERLINE}, {"reverse", A_REVERSE}};

static const char *const colour_words[] = {"black", "red",     "green", "yellow",
                                           "blue",  "magenta", "cyan",  "white"};

static int attrs[STYLES]; /* what theme_use() made of the theme */

static bool parse_colour(const char *word, short *out)
{
    char *end;
    long n = strtol(word, &end, 10);

    *out = -1;
    if (strcmp(word, "default") == 0)
        return true;
    for (short i = 0; i < 8; i++) {
        if (strcmp(word, colour_words[i]) == 0) {
            *out = i;
            return true;
        }
    }
    *out = (short)n;
    return *word && !*end && n >= 0 && n < 256;
}

/* "FG" or "FG/BG" */
static bool parse_pair(char *word, short *fg, short *bg)
{
    char *slash = strchr(word, '/');

    *bg = -1;
    if (slash)
        *slash = '\0';
    return parse_colour(word, fg) && (!slash || parse_colour(slash + 1, bg));
}

static bool is_hex(const char *word)
{
    for (; *word; word++)
        if (!strchr("#/0123456789abcdefABCDEF", *word))
            return strncmp(word, "default", 7) == 0;
    return true;
}

static bool parse_style(char *rest, struct style *s)
{
    char *save, *word = strtok_r(rest, " \t\r\n", &save);

    *s = (struct style){{-1, -1}, {-1, -1}, 0};
    if (!word || !is_hex(word))
        return false;
    for (int i = 0; i < 2; i++) {
        word = strtok_r(NULL, " \t\r\n", &save);
        if (!word || !parse_pair(word, &s->fg[i], &s->bg[i]))
            return false;
    }
    while ((word = strtok_r(NULL, " \t\r\n", &save))) {
        size_t i = 0, n = sizeof(attributes) / sizeof(*attributes);

        if (*word == '#')
            break;
        while (i < n && strcmp(attributes[i].word, word) != 0)
            i++;
        if (i == n)
            return false;
        s->attr |= attributes[i].attr;
    }
    return true;
}

static bool parse_line(char *line, struct theme *t)
{
    char *equals = strchr(line, '='), *name = line + strspn(line, " \t\r\n");

    if (!*name || *name == '#')
        return true;
    if (!equals)
        return false;
    *equals = '\0';
    name[strcspn(name, " \t")] = '\0';
    if (strcmp(name, "name") == 0) {
        const char *v = equals + 1 + strspn(equals + 1, " \t");

        snprintf(t->name, sizeof(t->name), "%.*s", (int)strcspn(v, " \t\r\n#"), v);
        return true;
    }
    for (int i = 0; i < STYLES; i++) {
        if (strcmp(role_words[i], name) != 0)
            continue;
        t->seen[i] = true;
        return parse_style(equals + 1, &t->roles[i]);
    }
    return false;
}

enum err theme_read(struct theme *t, FILE *f, struct problem *why)
{
    char line[LINE];

    *t = (struct theme){0};
    for (int n = 1; fgets(line, sizeof(line), f); n++)
        if (!parse_line(line, t))
            return problem_set(why, "theme", "line %d is not of a theme", n);
    for (int i = 0; i < STYLES; i++)
        if (!t->seen[i])
            return problem_set(why, "theme", "the role %s is missing", role_words[i]);
    return ERR_OK;
}

static FILE *open_in(const char *dir, const char *name)
{
    char path[1024];

    if (!dir || snprintf(path, sizeof(path), "%s/%s.theme", dir, name) >= (int)sizeof(path))
        return NULL;
    return fopen(path, "re");
}

enum err theme_load(struct theme *t, const char *name, struct problem *why)
{
    char *own = session_path("XDG_CONFIG_HOME", "themes");
    const char *dirs[] = {own, getenv("LEADGEN_THEMES"), "/usr/local/share/leadgen/themes",
                          "/usr/share/leadgen/themes", "themes"};
    FILE *f = NULL;
    enum err err;

    if (strchr(name, '/')) {
        free(own);
        return problem_set(why, "theme", "a theme is named, not a file");
    }
    for (size_t i = 0; !f && i < sizeof(dirs) / sizeof(*dirs); i++)
        f = open_in(dirs[i], name);
    free(own);
    if (!f)
        return problem_set(why, "theme", "there is no such theme");
    err = theme_read(t, f, why);
    fclose(f);
    return err;
}

void theme_mono(struct theme *t)
{
    static const unsigned attr[STYLES] = {
        [STYLE_ACCENT] = A_BOLD,    [STYLE_WARN] = A_UNDERLINE, [STYLE_ERR] = A_BOLD,
        [STYLE_SELECT] = A_REVERSE, [STYLE_BAR] = A_REVERSE,
    };

    *t = (struct theme){.name = "mono"};
    for (int i = 0; i < STYLES; i++)
        t->roles[i] = (struct style){{-1, -1}, {-1, -1}, attr[i]};
}

static bool wants_colour(void)
{
    const char *no = getenv("NO_COLOR");

    return !(no && *no) && has_colors();
}

void theme_use(const struct theme *t)
{
    struct theme mono;
    int depth;

    theme_mono(&mono);
    if (!wants_colour()) {
        for (int i = 0; i < STYLES; i++)
            attrs[i] = (int)mono.roles[i].attr;
        return;
    }
    start_color();
    use_default_colors();
    depth = COLORS >= 256 ? 0 : 1;
    for (int i = 0; i < STYLES; i++) {
        const struct style *s = &t->roles[i];
        bool fits = s->fg[depth] < COLORS && s->bg[depth] < COLORS;

        init_pair((short)(i + 1), fits ? s->fg[depth] : -1, fits ? s->bg[depth] : -1);
        attrs[i] = (int)(COLOR_PAIR(i + 1) | (fits ? s->attr : mono.roles[i].attr));
    }
}

int theme_attr(enum style_role r)
{
    return r == STYLE_CURSOR ? attrs[STYLE_TEXT] | (int)A_BOLD : attrs[r];
}
