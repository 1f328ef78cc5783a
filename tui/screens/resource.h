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
 * and name it in tabs.h, which is all that leads to it.  Titles, kinds and the lines of the detail
 * are those of the field table (common/api*.c).  What is made by a form is a struct record_form
 * (form.h) that a key opens with form_open(); what a key does to the row at the cursor is
 * resource_act().
 *
 * Pages are fetched by cursor as the end of what is loaded comes near; a list that refreshes keeps
 * its place.
 */
#ifndef TUI_SCREENS_RESOURCE_H
#define TUI_SCREENS_RESOURCE_H

#include <cjson/cJSON.h>

#include "tui/screen.h"
#include "tui/screens/form.h"

struct column {
    const char *member; /* of a row, named as in its field table */
    int width;          /* the last that there is room for takes the rest */
    const char *title;  /* NULL: the field's label */
    const char *when;   /* "-" unless this member is true; NULL: always */
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
    /* What else the first page's document holds; or NULL. */
    void (*took)(struct screen *, const cJSON *doc);
    /* What people call a value: whose an id is. Itself where it is not known; or NULL. */
    const char *(*says)(struct screen *, const char *value);
    /* Its fields are parameters of the question: RESOURCE_FILTER_KEYS. NULL: it has none. */
    const struct record_form *filter;
};

struct listing {
    struct screen base; /* first */
    cJSON *rows;        /* an array; owned */
    char *cursor;       /* of the next page; NULL: this is all */
    struct scroll scroll;
    struct api_call *call;
    bool appending, loaded;
    int looked;                   /* pages that were asked for since somebody moved */
    char trouble[200], note[200]; /* note: a line above the list; "" is none */
    char *wanted[FORM_MAX];       /* by the fields of the filter; NULL: all */
    cJSON *people;                /* e-mail addresses by id; owned */
    const char *done;             /* said when what resource_act() sent has gone well */
};

void resource_draw(struct screen *s, int rows, int cols);
void resource_close(struct screen *s);
struct scroll *resource_scroll(struct screen *s);
void resource_moved(struct screen *s);
/* Ask again: .shown, .tick, and the key R. */
void resource_ask(struct screen *s);
/* Everything of the row at the cursor; of a document of its kind. */
void resource_detail(struct screen *s);
void resource_detail_of(struct screen *s, const cJSON *row);

/* The row at the cursor, or NULL; a text of it, or NULL. */
const cJSON *resource_row(struct screen *s);
/* The same for who is about to act on it: that there is none is said. */
const cJSON *resource_chosen(struct screen *s);
const char *resource_text(struct screen *s, const char *member);

/*
 * Send `json` (may be NULL) about the row at the cursor: to "BASE/ID" and then `tail`.  The answer
 * is asked for again, and `done` is said where it went well.
 */
void resource_act(struct screen *s, const char *method, const char *base, const char *tail,
                  const char *json, const char *done);

/* The same, of no row: to this path. */
void resource_send(struct screen *s, const char *method, const char *path, const char *json,
                   const char *done);

const char *resource_says(const struct listing *l, const char *value);

/* .also and .says of lists that members stand in by their ids: they are called by their address. */
void resource_ask_people(struct screen *s);
const char *resource_person(struct screen *s, const char *id);

/* resource_filter.c: the form; a value of the row at the cursor; none. */
void resource_filter(struct screen *s);
void resource_narrow(struct screen *s);
void resource_widen(struct screen *s);
/* "&verb=key.create", escaped; "" for no filter. */
const char *resource_query(struct arena *mem, const struct listing *l);
/* "verb:key.create", for people. */
const char *resource_chips(struct arena *mem, const struct listing *l);
/* What take() of a filter's form is. */
void resource_take_filter(struct form *f);

#define RESOURCE_REFRESH_KEY                                                   \
    {                                                                          \
        'R', NULL, "refresh", "refresh", "Ask the server again.", resource_ask \
    }
#define RESOURCE_KEYS                                                                \
    {'\r', "Enter", "detail", "detail", "Everything of this row.", resource_detail}, \
        {'\n', "Enter", .run = resource_detail}, RESOURCE_REFRESH_KEY

#define RESOURCE_FILTER_KEYS                                                        \
    {'f', NULL, "filter", "filter", "Only some of them: a form.", resource_filter}, \
        {'+',                                                                       \
         NULL,                                                                      \
         "filter by value",                                                         \
         "by value",                                                                \
         "Only those with a value of this row.",                                    \
         resource_narrow},                                                          \
    {                                                                               \
        'x', NULL, "no filter", "all", "All of them again.", resource_widen         \
    }

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
