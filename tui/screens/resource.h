/*
 * A resource: what the server keeps many of, as a list, the detail of a row, and keys that do
 * something to it.  Everything that differs is a row; the screens are here once.
 *
 * To add one, write one file:
 *
 *     static const struct column columns[] = {{"agent", 30}, {"last_seen", 16}, {0}};
 *     static const struct key keys[] = {RESOURCE_KEYS, {'x', NULL, "end", ...}, {0}};
 *     const struct resource sessions_resource = {
 *         RESOURCE("Sessions", keys), .path = "/api/sessions", .row = &session_item_type,
 *         .columns = columns, .empty = "You are signed in nowhere."};
 *
 * and name it in RESOURCES (screens.h), then where it is reached: a key in app_keys.c, or a tab in
 * admin.c.  Titles, kinds and the lines of the detail are those of the field table (common/api*.c).
 * What is made by a form is a struct record_form (form.h) that a key opens with form_open(); what a
 * key does to the row at the cursor is resource_act().
 *
 * Pages are fetched by cursor as the end of what is loaded comes near; a list that refreshes keeps
 * its place.
 */
#ifndef TUI_SCREENS_RESOURCE_H
#define TUI_SCREENS_RESOURCE_H

#include <cjson/cJSON.h>

#include "tui/screen.h"

struct column {
    const char *member; /* of a row, named as in its field table */
    int width;          /* the last that there is room for takes the rest */
    const char *title;  /* NULL: the field's label */
};

struct resource {
    struct screen_class class; /* first */
    const char *path, *items;  /* items: the member that holds the rows; NULL: "items" */
    const struct type *row;
    const struct column *columns;            /* ends with no member */
    const char *empty;                       /* a sentence for no rows */
    int refresh_ms;                          /* asked again this often; 0: never */
    void (*head)(struct screen *, int cols); /* draws line 1; NULL: nothing stands there */
    void (*also)(struct screen *);           /* beside each question for the first page; or NULL */
};

struct listing {
    struct screen base; /* first */
    cJSON *rows;        /* an array; owned */
    char *cursor;       /* of the next page; NULL: this is all */
    struct scroll scroll;
    struct api_call *call;
    bool appending, loaded;
    char trouble[200];
    const char *done; /* said when what resource_act() sent has gone well */
};

void resource_draw(struct screen *s, int rows, int cols);
void resource_close(struct screen *s);
struct scroll *resource_scroll(struct screen *s);
void resource_moved(struct screen *s);
/* Ask again: .shown, .tick, and the key R. */
void resource_ask(struct screen *s);
/* Everything of the row at the cursor. */
void resource_detail(struct screen *s);

/* The row at the cursor, or NULL; a text of it, or NULL. */
const cJSON *resource_row(struct screen *s);
const char *resource_text(struct screen *s, const char *member);

/*
 * Send `json` (may be NULL) about the row at the cursor: to "BASE/ID" and then `tail`.  The answer
 * is asked for again, and `done` is said where it went well.
 */
void resource_act(struct screen *s, const char *method, const char *base, const char *tail,
                  const char *json, const char *done);

#define RESOURCE_REFRESH_KEY                                                   \
    {                                                                          \
        'R', NULL, "refresh", "refresh", "Ask the server again.", resource_ask \
    }
#define RESOURCE_KEYS                                                                \
    {'\r', "Enter", "detail", "detail", "Everything of this row.", resource_detail}, \
        {'\n', "Enter", .run = resource_detail}, RESOURCE_REFRESH_KEY

#define RESOURCE(title_, keys_)               \
    .class = {.title = title_,                \
              .size = sizeof(struct listing), \
              .keys = keys_,                  \
              .shown = resource_ask,          \
              .draw = resource_draw,          \
              .moves = resource_scroll,       \
              .moved = resource_moved,        \
              .tick = resource_ask,           \
              .close = resource_close}

#endif
