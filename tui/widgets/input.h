/* A field of one line, with readline's keys. */
#ifndef TUI_WIDGETS_INPUT_H
#define TUI_WIDGETS_INPUT_H

#include <stdbool.h>
#include <stddef.h>

enum { INPUT_MAX = 512 };

struct input {
    char text[INPUT_MAX]; /* UTF-8, without control characters */
    size_t len, at;       /* bytes */
    bool secret;          /* nothing of it is drawn, not even its length */
};

void input_set(struct input *in, const char *text);
void input_clear(struct input *in); /* wipes */
/* True when the key was an editing one; Enter, Esc and Tab are not. */
bool input_key(struct input *in, int key);
/* Is what was typed a part of the text, in any case? Nothing typed is a part of all. */
bool input_matches(const struct input *in, const char *text);
void input_draw(const struct input *in, int y, int x, int width, bool focus);

#endif
