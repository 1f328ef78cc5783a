/* Drawing: text in columns, cleaned and cut by width; fields of one line; progress. */
#ifndef TUI_UI_H
#define TUI_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/theme.h"

/* Exactly `width` columns from x on (blank-filled); what does not fit is cut. */
void ui_text(int y, int x, int width, enum style_role role, const char *text);
void ui_printf(int y, int x, int width, enum style_role role, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
/* A frame with a title; false: it does not fit the terminal. */
bool ui_box(int y, int x, int rows, int cols, const char *title);
void ui_bar(int y, int x, int width, int64_t done, int64_t all);
/* The hardware cursor goes there at the end of the frame: it is the focus. */
void ui_focus(int y, int x);
/* Put it there (the app, once a frame). */
void ui_place_focus(void);
/* "1,234,567" */
const char *ui_number(int64_t n, char out[32]);

/* A field of one line. */
enum { INPUT_MAX = 512 };
struct input {
    char text[INPUT_MAX];
    size_t len, at; /* bytes */
    bool secret;    /* nothing of it is drawn, not even its length */
};
void input_set(struct input *in, const char *text);
void input_clear(struct input *in); /* wipes */
/* True when the key was an editing one; Enter, Esc and Tab are not. */
bool input_key(struct input *in, int key);
void input_draw(struct input *in, int y, int x, int width, bool focus);

#endif
