/*
 * Listings that only differ by their rows: a path, columns and keys.  Pages are fetched by cursor
 * as the end of what is loaded comes near; a listing that refreshes keeps its place.
 */
#ifndef TUI_SCREENS_LISTING_H
#define TUI_SCREENS_LISTING_H

#include <cjson/cJSON.h>

#include "common/mem.h"
#include "tui/screen.h"

enum listing_kind { LISTING_TEXT, LISTING_WHEN, LISTING_NUMBER, LISTING_CREDITS, LISTING_SHARE };

struct listing_column {
    const char *title, *member;
    int width; /* the last takes the rest */
    enum listing_kind kind;
};

struct listing_class {
    const char *path, *items; /* the member that holds the rows */
    const struct listing_column *columns;
    const char *empty; /* a sentence for no rows */
    int refresh_ms;    /* asked again this often; 0: never */
};

struct listing {
    struct screen base; /* first */
    const struct listing_class *what;
    cJSON *rows;  /* an array; owned */
    cJSON *head;  /* the last reply without its rows */
    char *cursor; /* of the next page; NULL: this is all */
    struct scroll scroll;
    struct api_call *call;
    bool appending, loaded;
    char trouble[200];
};

void listing_open(struct screen *s, const struct listing_class *what);
/* From line y on; the last line says which row. */
void listing_draw(struct listing *l, int y, int rows, int cols);
void listing_close(struct screen *s);
/* Ask again: .shown, .tick, and the key R. */
void listing_ask(struct screen *s);
/* The row at the cursor, or NULL. */
const cJSON *listing_row(const struct listing *l);
struct scroll *listing_scroll(struct screen *s);
void listing_moved(struct screen *s);

#define LISTING_KEYS                                                          \
    {                                                                         \
        'R', NULL, "refresh", "refresh", "Ask the server again.", listing_ask \
    }

/* Of a screen that is a listing and no more; it says itself what .shown is. */
#define LISTING_SCREEN                                                            \
    .size = sizeof(struct listing), .tick = listing_ask, .moves = listing_scroll, \
    .moved = listing_moved, .close = listing_close

#endif
