/* The reveal dialog: the one place where a key costs money. */
#ifndef TUI_SCREENS_REVEAL_H
#define TUI_SCREENS_REVEAL_H

#include <stddef.h>

#include "common/uuid.h"

struct app;

/* For these profiles; asks the price first. */
void reveal_open_for(struct app *app, char (*ids)[UUID_TEXT], size_t n);

#endif
