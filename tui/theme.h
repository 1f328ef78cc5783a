/*
 * Looks by role.  Code names what a thing is, a theme says how it looks; nothing else in the client
 * knows a colour.  Every state also differs by its text, so that colours are decoration.
 *
 * A theme file is lines, "#" at the start of a word begins a comment:
 *
 *     name   = harbor
 *     base   = dark                       dark, light: paint bg; terminal: keep the terminal's own
 *     bg     = #11161c     233  default
 *     select = #ffffff/#24405e  231/238  default  reverse
 *              24-bit           256      16       attributes: bold, underline, and
 *                                               reverse where no background is given
 *     glyph.ok = +   glyph.warn = !   glyph.err = x   glyph.mark = *   glyph.cursor = >
 *     chart  = block                      block, braille, ascii: of what bars are made
 *     border = line                       line, ascii, none
 *
 * bg and every role must be there; the rest has a default.
 */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>
#include <stdio.h>

#include "common/err.h"

#define ROLE_LIST(X)    \
    X(TEXT, "text")     \
    X(DIM, "dim")       \
    X(ACCENT, "accent") \
    X(OK, "ok")         \
    X(WARN, "warn")     \
    X(ERR, "err")       \
    X(MASKED, "masked") \
    X(COST, "cost")     \
    X(SELECT, "select") \
    X(BAR, "bar")

enum style_role {
#define X(name, word) STYLE_##name,
    ROLE_LIST(X)
#undef X
        STYLES,
    /*
     * The row we are on: its name, and its mark in the gutter.  A move over a slow line is paid by
     * the changes of colour, so one of the two is coloured: the name like the accent where the
     * terminal's own ground is kept (bold beside it would cost twice the bytes, its end resets the
     * colours), the mark like a selection where the ground is painted.
     */
    STYLE_CURSOR = STYLES,
    STYLE_GUTTER,
    STYLES_ALL,
};

#define GLYPH_LIST(X)    \
    X(OK, "ok", '+')     \
    X(WARN, "warn", '!') \
    X(ERR, "err", 'x')   \
    X(MARK, "mark", '*') \
    X(CURSOR, "cursor", '>')

enum glyph {
#define X(name, word, char_) GLYPH_##name,
    GLYPH_LIST(X)
#undef X
        GLYPHS,
};

enum theme_base { BASE_DARK, BASE_LIGHT, BASE_TERMINAL };
enum theme_chart { CHART_BLOCK, CHART_BRAILLE, CHART_ASCII };
enum theme_border { BORDER_LINE, BORDER_ASCII, BORDER_NONE };

enum depth { DEPTH_24BIT, DEPTH_256, DEPTH_16, DEPTHS };

/* -1: the terminal's own; else 0xRRGGBB, or a number of the palette */
struct colours {
    int fg, bg;
};

struct style {
    struct colours at[DEPTHS];
    unsigned attr;
};

struct theme {
    char name[40];
    enum theme_base base;
    enum theme_chart chart;
    enum theme_border border;
    char glyphs[GLYPHS];
    struct style bg; /* its fg is the background */
    struct style roles[STYLES];
};

/* errors: ERR_INVALID: not a theme, with the line's number in the text */
enum err theme_read(struct theme *t, FILE *f, struct problem *why) MUST_CHECK;
/*
 * Find by name: the user's themes, $LEADGEN_THEMES, those installed with this program, ./themes.
 * errors: ERR_INVALID: there is none, or it is broken
 */
enum err theme_load(struct theme *t, const char *name, struct problem *why) MUST_CHECK;
/* The one that needs no file: attributes only. */
void theme_mono(struct theme *t);

/*
 * Take it for the terminal that curses has started on.  NO_COLOR and terminals without colours get
 * attributes only.  The theme is copied.
 */
void theme_use(const struct theme *t);
/* Of the theme in use, for attrset(). */
int theme_attr(enum style_role r);
/* Of the blanks beside a text of that role: like text's, unless the role has a ground of its own.
 */
int theme_blank(enum style_role r);
char theme_glyph(enum glyph g);
enum theme_chart theme_chart(void);
enum theme_border theme_border(void);
bool theme_is_light(void); /* its ground; not known of a terminal's own: false */

#endif
