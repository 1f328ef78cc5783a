/*
 * Colours by role.  Code names what a thing is, a theme says how it looks; nothing else in the
 * client knows a colour.  Every state also differs by its text, so that colours are decoration.
 *
 * A theme file, a line each:   role = 24-bit  256  16  attributes     (FG/BG where both are meant)
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
        STYLE_CURSOR, /* text, bold: the row we are on; costs a slow line the least */
};

struct style {
    short fg[2], bg[2]; /* of 256 and of 16 colours; -1: the terminal's own */
    unsigned attr;
};

struct theme {
    char name[40];
    struct style roles[STYLES];
    bool seen[STYLES];
};

/* errors: ERR_INVALID with the line's number in the text */
enum err theme_read(struct theme *t, FILE *f, struct problem *why) MUST_CHECK;
/* Find by name: the user's themes, $LEADGEN_THEMES, the installed ones, ./themes. */
enum err theme_load(struct theme *t, const char *name, struct problem *why) MUST_CHECK;
/* The one that needs no file: attributes only. */
void theme_mono(struct theme *t);
/* Make the pairs; after curses has started. NO_COLOR and terminals without colours get attributes.
 */
void theme_use(const struct theme *t);
/* For attrset(). */
int theme_attr(enum style_role r);

#endif
