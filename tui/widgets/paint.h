/*
 * Drawing: text in columns, cleaned and cut by width.  Nothing else in the client puts a character
 * on the screen, so nothing that came from outside reaches the terminal uncleaned.
 */
#ifndef TUI_WIDGETS_PAINT_H
#define TUI_WIDGETS_PAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/credits.h"
#include "tui/theme.h"

/* Exactly `width` columns from x on (blank-filled); what does not fit is cut. NULL is "". */
void paint_text(int y, int x, int width, enum style_role role, const char *text);
void paint_right(int y, int x, int width, enum style_role role, const char *text);
void paint_printf(int y, int x, int width, enum style_role role, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
/* The glyph of the role (ok, warn, err) in front: the state is a word, not only a colour. */
void paint_said(int y, int x, int width, enum style_role role, const char *text);
/* A frame with a title, blank inside; false: it does not fit. Its inner part begins at y+1, x+2. */
bool paint_box(int y, int x, int rows, int cols, const char *title);
/* Blank, over whatever is there. */
void paint_area(int y, int x, int rows, int cols);
/* A frame in the middle of the screen's lines, smaller if it must be; where it is comes back. */
struct place {
    int y, x, rows, cols; /* inside */
};
bool paint_dialog(int rows, int cols, int inner_rows, int inner_cols, const char *title,
                  struct place *out);
/* A line between panes. */
void paint_rule(int y, int x, int rows);
/* [####----]  42 % */
void paint_bar(int y, int x, int width, int64_t done, int64_t all);
/* The gutter of a list: the cursor and the mark. */
void paint_gutter(int y, int x, bool here, bool marked);

/* The hardware cursor goes there at the end of the frame: it is the focus. */
void paint_focus(int y, int x);

/* Around a frame (the app). */
void paint_begin(void);
void paint_end(void);

enum { NUMBER_TEXT = 40 };
/* "1,234,567"; returns out. */
const char *paint_number(int64_t n, char out[NUMBER_TEXT]);
/* "12,480", "0.5" */
const char *paint_credits(struct credits c, char out[NUMBER_TEXT]);

#endif
