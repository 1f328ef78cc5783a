/*
 * A screen about one document of the server's: asked for whenever the screen is shown, and what was
 * told before stays on it until the answer comes.
 */
#ifndef TUI_SCREENS_TOLD_H
#define TUI_SCREENS_TOLD_H

#include "common/json.h"
#include "tui/api.h"
#include "tui/screen.h"

struct told {
    struct screen base;    /* first */
    cJSON *doc;            /* NULL: nothing yet */
    struct api_call *call; /* NULL: doc is the newest there is */
    char trouble[200];
};

void told_ask(struct screen *s, const char *path);
/* Says why, in the place of the document; false: it is there. */
bool told_missing(struct screen *s, int y, int cols);
void told_close(struct screen *s);

#endif
