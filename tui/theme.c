#include "tui/theme.h"

#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/session.h"

enum { LINE = 256, WORD = 64 };

static const char *const role_words[STYLES] = {
#define X(name, word) [STYLE_##name] = word,
    ROLE_LIST(X)
#undef X
};

static const struct {
    const char *word;
    char usual;
} glyphs[GLYPHS] = {
#define X(name, word_, char_) [GLYPH_##name] = {word_, char_},
    GLYPH_LIST(X)
#undef X
};

static const char *const base_words[] = {"dark", "light", "terminal", NULL};
static const char *const chart_words[] = {"block", "braille", "ascii", NULL};
static const char *const border_words[] = {"line", "ascii", "none", NULL};
static const char *const colour_words[] = {"black",   "red",  "green", "yellow", "blue",
                                           "magenta", "cyan", "white", NULL};
static const struct {
    const char *word;
    unsigned attr;
} attributes[] = {{"bold", A_BOLD}, {"underline", A_UNDERLINE}, {"reverse", A_REVERSE}};

/* What is in use: attrset() is called far below anything that could carry it. */
static struct theme used;
static struct look {
    int attr;
    bool ground; /* its blanks do not look like text's */
} looks[STYLES_ALL];

/* The word's place in a list that ends with NULL, or -1. */
static int find_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static bool parse_number(const char *word, int base, long most, int *out)
{
    char *end;
    long n = strtol(word, &end, base);

    *out = (int)n;
    return *word && !*end && n >= 0 && n <= most;
}

static bool parse_colour(const char *word, enum depth depth, int *out)
{
    *out = -1;
    if (strcmp(word, "default") == 0)
        return true;
    if (depth == DEPTH_24BIT)
        return word[0] == '#' && strlen(word) == 7 && parse_number(word + 1, 16, 0xffffff, out);
    *out = find_word(colour_words, word);
    return *out >= 0 || (depth == DEPTH_256 && parse_number(word, 10, 255, out));
}

/* "FG" or "FG/BG" */
static bool parse_pair(char *word, enum depth depth, struct colours *out)
{
    char *slash = strchr(word, '/');

    out->bg = -1;
    if (slash)
        *slash = '\0';
    return parse_colour(word, depth, &out->fg) &&
           (!slash || parse_colour(slash + 1, depth, &out->bg));
}

static bool parse_attribute(const char *word, unsigned *attr)
{
    for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
        if (strcmp(attributes[i].word, word) == 0) {
            *attr |= attributes[i].attr;
            return true;
        }
    }
    return false;
}

/* A word that is "#" alone, or "#" and no colour, begins a comment. */
static bool is_comment(const char *word)
{
    return *word == '#' && (strlen(word) < 7 || strspn(word + 1, "0123456789abcdefABCDEF") < 6);
}

static char *next_word(char **rest)
{
    char *word = strtok_r(NULL, " \t\r\n", rest);

    return word && !is_comment(word) ? word : NULL;
}

static bool parse_style(char **rest, struct style *s)
{
    char *word;

    s->attr = 0;
    for (enum depth d = DEPTH_24BIT; d < DEPTHS; d++) {
        word = next_word(rest);
        if (!word || !parse_pair(word, d, &s->at[d]))
            return false;
    }
    while ((word = next_word(rest)))
        if (!parse_attribute(word, &s->attr))
            return false;
    return true;
}

static bool parse_choice(char **rest, const char *const *words, int *out)
{
    char *word = next_word(rest);

    *out = word ? find_word(words, word) : -1;
    return *out >= 0 && !next_word(rest);
}

/* "glyph.ok = +   glyph.warn = !": any number of them on a line. */
static bool parse_glyphs(char *name, char **rest, struct theme *t)
{
    while (name) {
        char *value;
        int g = 0;

        while (g < GLYPHS &&
               (strncmp(name, "glyph.", 6) != 0 || strcmp(name + 6, glyphs[g].word) != 0))
            g++;
        value = strtok_r(NULL, " \t\r\n", rest);
        if (g == GLYPHS || !value || strlen(value) != 1 || *value < ' ' || *value > '~')
            return false;
        t->glyphs[g] = *value;
        name = next_word(rest);
        if (name && (!(value = strtok_r(NULL, " \t\r\n", rest)) || strcmp(value, "=") != 0))
            return false;
    }
    return true;
}

static bool parse_value(const char *name, char **rest, struct theme *t, unsigned *seen)
{
    int role = 0, choice;

    while (role < STYLES && strcmp(role_words[role], name) != 0)
        role++;
    if (role < STYLES) {
        *seen |= 1U << role;
        return parse_style(rest, &t->roles[role]);
    }
    if (strcmp(name, "bg") == 0) {
        *seen |= 1U << STYLES;
        return parse_style(rest, &t->bg);
    }
    if (strcmp(name, "name") == 0) {
        const char *word = next_word(rest);

        return word && snprintf(t->name, sizeof(t->name), "%s", word) < (int)sizeof(t->name);
    }
    if (strcmp(name, "base") == 0 && parse_choice(rest, base_words, &choice))
        t->base = (enum theme_base)choice;
    else if (strcmp(name, "chart") == 0 && parse_choice(rest, chart_words, &choice))
        t->chart = (enum theme_chart)choice;
    else if (strcmp(name, "border") == 0 && parse_choice(rest, border_words, &choice))
        t->border = (enum theme_border)choice;
    else
        return false;
    return true;
}

static bool parse_line(char *line, struct theme *t, unsigned *seen)
{
    char *rest, *name = strtok_r(line, " \t\r\n", &rest), *equals;

    if (!name || *name == '#')
        return true;
    equals = strtok_r(NULL, " \t\r\n", &rest);
    if (!equals || strcmp(equals, "=") != 0)
        return false;
    if (strncmp(name, "glyph.", 6) == 0)
        return parse_glyphs(name, &rest, t);
    return parse_value(name, &rest, t, seen);
}

static void set_defaults(struct theme *t)
{
    *t = (struct theme){.base = BASE_DARK};
    for (int i = 0; i < GLYPHS; i++)
        t->glyphs[i] = glyphs[i].usual;
}

enum err theme_read(struct theme *t, FILE *f, struct problem *why)
{
    char line[LINE];
    unsigned seen = 0;

    set_defaults(t);
    for (int n = 1; fgets(line, sizeof(line), f); n++)
        if (!parse_line(line, t, &seen))
            return problem_set(why, "theme", "line %d is not of a theme", n);
    for (int i = 0; i <= STYLES; i++)
        if (!(seen & 1U << i))
            return problem_set(why, "theme", "%s is missing", i < STYLES ? role_words[i] : "bg");
    return ERR_OK;
}

static FILE *open_in(const char *dir, const char *name)
{
    char path[1024];

    if (!dir || snprintf(path, sizeof(path), "%s/%s.theme", dir, name) >= (int)sizeof(path))
        return NULL;
    return fopen(path, "re");
}

/* PREFIX/share/leadgen/themes of a program that lies in PREFIX/bin, wherever that was put. */
static const char *installed(char out[PATH_MAX])
{
    static const char below[] = "/share/leadgen/themes";
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - sizeof(below));

    for (int parts = 0; n > 0 && parts < 2; parts++)
        while (n > 0 && out[--n] != '/')
            ;
    if (n < 0)
        return NULL;
    memcpy(out + n, below, sizeof(below));
    return out;
}

enum err theme_load(struct theme *t, const char *name, struct problem *why)
{
    char *own = session_path("XDG_CONFIG_HOME", "themes"), path[PATH_MAX];
    const char *dirs[] = {own, getenv("LEADGEN_THEMES"), installed(path), "themes"};
    FILE *f = NULL;
    enum err err;

    for (size_t i = 0; !f && !strchr(name, '/') && i < sizeof(dirs) / sizeof(*dirs); i++)
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
    static const struct style plain = {.at = {{-1, -1}, {-1, -1}, {-1, -1}}};

    set_defaults(t);
    snprintf(t->name, sizeof(t->name), "mono");
    t->base = BASE_TERMINAL;
    t->chart = CHART_ASCII;
    t->border = BORDER_ASCII;
    t->bg = plain;
    for (int i = 0; i < STYLES; i++) {
        t->roles[i] = plain;
        t->roles[i].attr = attr[i];
    }
}

static bool wants_colour(void)
{
    const char *no = getenv("NO_COLOR");

    return !(no && *no) && has_colors();
}

static enum depth find_depth(void)
{
    if (COLORS >= 0x1000000)
        return DEPTH_24BIT;
    return COLORS >= 256 ? DEPTH_256 : DEPTH_16;
}

static void set_look(int role, int attr, bool ground)
{
    looks[role] = (struct look){attr, ground || attr & (int)(A_REVERSE | A_UNDERLINE)};
}

static void use_mono(void)
{
    struct theme mono;

    theme_mono(&mono);
    for (int i = 0; i < STYLES; i++)
        set_look(i, (int)mono.roles[i].attr, false);
    set_look(STYLE_CURSOR, A_BOLD, false);
    looks[STYLE_GUTTER] = looks[STYLE_TEXT];
}

static struct colours find_colours(const struct theme *t, int role, enum depth depth)
{
    struct colours c = t->roles[role].at[depth];

    if (c.bg < 0 && t->base != BASE_TERMINAL)
        c.bg = t->bg.at[depth].fg;
    return (struct colours){c.fg < COLORS ? c.fg : -1, c.bg < COLORS ? c.bg : -1};
}

/*
 * Text is pair 0 whatever its colours: curses begins and ends every frame with it, so there no
 * colour is changed then, and clearing the screen leaves what its blanks look like.
 */
static void use_colours(const struct theme *t)
{
    enum depth depth = find_depth();
    struct colours text = find_colours(t, STYLE_TEXT, depth);

    assume_default_colors(text.fg, text.bg);
    for (int i = 0; i < STYLES; i++) {
        struct colours c = find_colours(t, i, depth);
        bool ground = t->roles[i].at[depth].bg >= 0;
        unsigned attr = t->roles[i].attr & ~(ground ? (unsigned)A_REVERSE : 0);

        if (c.fg != text.fg || c.bg != text.bg) {
            init_extended_pair(i + 1, c.fg, c.bg);
            attr |= (unsigned)COLOR_PAIR(i + 1);
        }
        set_look(i, (int)attr, ground);
    }
    looks[STYLE_CURSOR] = looks[STYLE_GUTTER] = looks[STYLE_TEXT];
    if (t->base == BASE_TERMINAL)
        set_look(STYLE_CURSOR, looks[STYLE_ACCENT].attr & ~(int)(A_BOLD | A_UNDERLINE), false);
    else
        looks[STYLE_GUTTER] = looks[STYLE_SELECT];
}

void theme_use(const struct theme *t)
{
    used = *t;
    if (!wants_colour()) {
        use_mono();
        return;
    }
    start_color();
    use_default_colors();
    use_colours(t);
}

int theme_attr(enum style_role r)
{
    return looks[r].attr;
}

int theme_blank(enum style_role r)
{
    return looks[looks[r].ground ? r : STYLE_TEXT].attr;
}

char theme_glyph(enum glyph g)
{
    return used.glyphs[g];
}

enum theme_chart theme_chart(void)
{
    return used.chart;
}

enum theme_border theme_border(void)
{
    return used.border;
}

bool theme_is_light(void)
{
    return used.base == BASE_LIGHT && wants_colour();
}
