/*
 * Forms: labelled fields, one below the other.
 *
 * A form of a record is a row: its fields are those of a field table (common/api*.c), which gives
 * their labels and kinds, and what is typed is sent as that record.  form_open() opens it.
 * A form of another kind begins its own struct with a struct form, and submits itself.
 */
#ifndef TUI_SCREENS_FORM_H
#define TUI_SCREENS_FORM_H

#include <cjson/cJSON.h>

#include "common/buf.h"
#include "tui/screen.h"
#include "tui/widgets/input.h"

enum { FORM_MAX = 12, FORM_PATH = 200 };

struct form {
    struct screen base; /* first */
    const char *labels[FORM_MAX];
    int n, at;
    struct input inputs[FORM_MAX];
    bool busy; /* sent, not answered: Enter does nothing */
    void (*submit)(struct form *);
    char key[UUID_TEXT]; /* of a record that is made once */
    char path[FORM_PATH];
    cJSON *choices; /* the words of a list that the field table does not name; owned */
};

struct form_field {
    const char *name, *start; /* start: what stands there; NULL: nothing */
    /* The field that is sent without a value (false, 0, no words) when this one says "none". */
    const char *none;
};

struct record_form {
    struct screen_class class; /* first */
    const char *method, *path; /* path: unless form_at() says another */
    const struct type *body;
    const struct form_field *fields; /* of body; ends with no name; at most FORM_MAX */
    const char *note, *done;         /* the last line; what is said afterwards */
    bool once;                       /* sent twice it counts once: an Idempotency-Key */
    /* The text of the question before it is sent; NULL: there is none. */
    const char *(*ask)(struct arena *mem, const struct form *f);
    /* Says what came of it, instead of `done`; may be NULL. */
    void (*made)(struct app *app, const cJSON *reply);
    /* Takes what was typed, instead of sending it; may be NULL. */
    void (*take)(struct form *f);
};

struct form *form_open(struct app *app, const struct record_form *what);
void form_at(struct form *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Fill a field and go to the one behind it. */
void form_set(struct form *f, const char *name, const char *text);
/* What stands in it. */
const char *form_text(const struct form *f, const char *name);
/* As it is sent: of a time, the day alone is its beginning. */
const char *form_value(struct arena *mem, const struct field *field, const char *text);

/* Write `"password":...` and, when there is one, `,"totp":...` of these two inputs. */
void form_write_login(const struct form *f, int password, int code, struct buf *b);
/* The fields from line y on. */
void form_draw_fields(const struct form *f, int y, int x, int cols);
bool form_input(struct screen *s, int key);
void form_next(struct screen *s);
void form_previous(struct screen *s);
/* The next field; at the last one, submit. */
void form_enter(struct screen *s);
/* Wipes. */
void form_close(struct screen *s);
/* .open and .draw of a record's. */
void form_opened(struct screen *s);
void form_draw(struct screen *s, int rows, int cols);
/* A dialog with the fields, a note on its last line. */
void form_draw_dialog(const struct form *f, int rows, int cols, const char *note);
extern const struct key record_form_keys[];

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

#define RECORD_FORM(title_)                \
    .class = {.title = title_,             \
              .size = sizeof(struct form), \
              .keys = record_form_keys,    \
              .overlay = true,             \
              .open = form_opened,         \
              .draw = form_draw,           \
              .input = form_input,         \
              .close = form_close}

#endif
