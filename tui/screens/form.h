/* Forms: labelled fields, one below the other; what is sent is the screen's own matter. */
#ifndef TUI_SCREENS_FORM_H
#define TUI_SCREENS_FORM_H

#include "tui/screen.h"
#include "tui/widgets/input.h"

enum { FORM_MAX = 4 };

struct form {
    struct screen base; /* first */
    const char *const *labels;
    int n, at;
    struct input inputs[FORM_MAX];
    bool busy; /* sent, not answered: Enter does nothing */
    void (*submit)(struct form *);
};

/* The fields from line y on. */
void form_draw_fields(const struct form *f, int y, int x, int cols);
bool form_input(struct screen *s, int key);
void form_next(struct screen *s);
void form_previous(struct screen *s);
/* The next field; at the last one, submit. */
void form_enter(struct screen *s);
/* Wipes. */
void form_close(struct screen *s);

#define FORM_KEYS                                                                           \
    {'\r', "Enter", "next", "next", "The next field; at the last one, go on.", form_enter}, \
        {'\n', "Enter", .run = form_enter},                                                 \
        {'\t', "Tab", "next field", "field", "The next field.", form_next},                 \
        {KEY_FN(KEY_DOWN), "Down", .run = form_next}, {KEY_FN(KEY_BTAB),    "Shift-Tab",    \
                                                       "previous field",    NULL,           \
                                                       "The field before.", form_previous}, \
    {                                                                                       \
        KEY_FN(KEY_UP), "Up", .run = form_previous                                          \
    }

#endif
