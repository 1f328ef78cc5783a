/* Themes: the five that ship can be read and read well; what is no theme is refused by its line. */
#include "tui/theme.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/test.h"

static const char *const shipped[] = {"harbor", "paper", "contrast", "okabe", "mono"};

static enum err read_text(const char *text, struct theme *t, struct problem *why)
{
    FILE *f = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
    enum err err = theme_read(t, f, why);

    fclose(f);
    return err;
}

static enum err read_shipped(const char *name, struct theme *t)
{
    char path[64];
    struct problem why;
    FILE *f;
    enum err err;

    snprintf(path, sizeof(path), "themes/%s.theme", name);
    f = fopen(path, "re");
    CHECK(f != NULL);
    err = f ? theme_read(t, f, &why) : ERR_NOT_FOUND;
    if (f)
        fclose(f);
    return err;
}

/* Relative luminance and contrast: WCAG 2.1. */
static double channel(int c)
{
    double v = c / 255.0;

    return v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double contrast(int a, int b)
{
    double x =
        0.2126 * channel(a >> 16) + 0.7152 * channel(a >> 8 & 255) + 0.0722 * channel(a & 255);
    double y =
        0.2126 * channel(b >> 16) + 0.7152 * channel(b >> 8 & 255) + 0.0722 * channel(b & 255);

    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* xterm's palette from 16 on: a cube of six steps, then greys. */
static int palette(int n)
{
    static const int steps[] = {0, 95, 135, 175, 215, 255};

    if (n >= 232)
        return (8 + 10 * (n - 232)) * 0x10101;
    n -= 16;
    return steps[n / 36] << 16 | steps[n / 6 % 6] << 8 | steps[n % 6];
}

static void the_five_can_be_read(void)
{
    for (size_t i = 0; i < sizeof(shipped) / sizeof(*shipped); i++) {
        struct theme t;

        CHECK(read_shipped(shipped[i], &t) == ERR_OK);
        CHECK_STR(t.name, shipped[i]);
    }
}

/* 4.5 everywhere (WCAG AA), 10 in contrast, also after rounding to 256 colours. */
static void they_can_be_read_by_people(void)
{
    CHECK(contrast(0x777777, 0xffffff) < 4.5 && contrast(0, 0xffffff) > 20.9); /* the control */
    for (size_t i = 0; i < sizeof(shipped) / sizeof(*shipped); i++) {
        struct theme t;

        CHECK(read_shipped(shipped[i], &t) == ERR_OK);
        for (int r = 0; r < STYLES; r++) {
            struct colours full = t.roles[r].at[DEPTH_24BIT], round = t.roles[r].at[DEPTH_256];
            double least = strcmp(t.name, "contrast") == 0 ? 10 : 4.5;

            if (full.fg < 0)
                continue; /* the terminal's own */
            CHECK(contrast(full.fg, full.bg >= 0 ? full.bg : t.bg.at[DEPTH_24BIT].fg) >= least);
            CHECK(contrast(palette(round.fg),
                           palette(round.bg >= 0 ? round.bg : t.bg.at[DEPTH_256].fg)) >= least);
        }
    }
}

#define REST                                                             \
    "text = default default default\ndim = default default default\n"    \
    "accent = default default default\nok = default default default\n"   \
    "warn = default default default\nerr = default default default\n"    \
    "masked = default default default\ncost = default default default\n" \
    "select = default default default reverse\nbar = #ffffff/#000000 231/16 white/black bold\n"

static void faults_name_their_line(void)
{
    static const char *const bad[] = {
        "bg = #00000g 1 red\n",
        "bg = #000000 256 red\n",
        "bg = #000000 1 pink\n",
        "bg = #000000 1\n",
        "bg = #000000 1 red blinking\n",
        "colour = #000000 1 red\n",
        "glyph.ok = ab\n",
        "glyph.no = a\n",
        "base = grey\n",
        "border\n",
        "name =\n",
    };
    struct problem why;
    struct theme t;

    CHECK(read_text("bg = default default default\n" REST, &t, &why) == ERR_OK);
    CHECK(read_text(REST, &t, &why) == ERR_INVALID && strstr(why.text, "bg"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char text[2048];

        snprintf(text, sizeof(text), "# a comment\n%sbg = default default default\n" REST, bad[i]);
        CHECK(read_text(text, &t, &why) == ERR_INVALID && strstr(why.text, "line 2"));
    }
}

static void the_whole_grammar(void)
{
    struct problem why;
    struct theme t;

    CHECK(read_text("name = x   # what\nbase = light\nbg = #102030 17 default\n" REST
                    "glyph.ok = v   glyph.err = X  # two\nchart = braille\nborder = none\n",
                    &t, &why) == ERR_OK);
    CHECK(t.base == BASE_LIGHT && t.chart == CHART_BRAILLE && t.border == BORDER_NONE);
    CHECK(t.bg.at[DEPTH_24BIT].fg == 0x102030 && t.bg.at[DEPTH_256].fg == 17);
    CHECK(t.glyphs[GLYPH_OK] == 'v' && t.glyphs[GLYPH_ERR] == 'X' && t.glyphs[GLYPH_WARN] == '!');
    CHECK(t.roles[STYLE_BAR].at[DEPTH_16].fg == 7 && t.roles[STYLE_BAR].at[DEPTH_16].bg == 0);
}

static void no_file_is_needed_and_none_is_escaped_to(void)
{
    struct problem why;
    struct theme t;

    theme_mono(&t);
    for (int r = 0; r < STYLES; r++)
        CHECK(t.roles[r].at[DEPTH_256].fg == -1 && t.roles[r].at[DEPTH_256].bg == -1);
    CHECK(theme_load(&t, "../themes/harbor", &why) == ERR_INVALID);
}

static const struct test tests[] = {
    {"theme: the five can be read", the_five_can_be_read},
    {"theme: they can be read by people", they_can_be_read_by_people},
    {"theme: faults name their line", faults_name_their_line},
    {"theme: the whole grammar", the_whole_grammar},
    {"theme: no file is needed, and none is escaped to", no_file_is_needed_and_none_is_escaped_to},
};
TEST_MAIN(tests)
