/*
 * Listings that only differ by their rows: a path, columns and keys.  Pages are fetched by cursor
 * as the cursor reaches the end of what is loaded.
 */
#ifndef TUI_SCREENS_LISTING_H
#define TUI_SCREENS_LISTING_H

#include <cjson/cJSON.h>

#include "tui/screen.h"

struct listing_column {
    const char *title, *member;
    int width; /* of the narrow terminal; the last takes the rest */
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
    char *cursor; /* of the next page; NULL: this is all */
    cJSON *head;  /* the last reply without its rows */
    int at, top;
    bool loading, fresh, appending;
};

void listing_open(struct listing *l, const struct listing_class *what);
void listing_draw(struct listing *l, int y, int rows, int cols);
void listing_close(struct screen *s);
void listing_tick(struct screen *s);
void listing_reload(struct listing *l);
/* The row at the cursor, or NULL. */
const cJSON *listing_row(const struct listing *l);
/* Keys that every listing has. */
void listing_down(struct screen *s);
void listing_up(struct screen *s);
void listing_page_down(struct screen *s);
void listing_page_up(struct screen *s);
void listing_first(struct screen *s);
void listing_last(struct screen *s);
void listing_refresh(struct screen *s);

#define LISTING_KEYS                                                                          \
    {'j', NULL, "j/k:move", "Down.", listing_down},                                           \
        {KEY_FN(KEY_DOWN), "Down", NULL, NULL, listing_down},                                 \
        {'k', NULL, NULL, "Up.", listing_up}, {KEY_FN(KEY_UP), "Up", NULL, NULL, listing_up}, \
        {KEY_CTRL('f'), "Ctrl-F", NULL, "A page down.", listing_page_down},                   \
        {KEY_FN(KEY_NPAGE), "PgDn", NULL, NULL, listing_page_down},                           \
        {KEY_CTRL('b'), "Ctrl-B", NULL, "A page up.", listing_page_up},                       \
        {KEY_FN(KEY_PPAGE), "PgUp", NULL, NULL, listing_page_up},                             \
        {'g', NULL, NULL, "First.", listing_first}, {'G', NULL, NULL, "Last.", listing_last}, \
    {                                                                                         \
        'R', NULL, "R:refresh", "Ask the server again.", listing_refresh                      \
    }

#endif
