/*
 * Records as a person reads them, by their field tables: the text of a value, and a line a field.
 * What a reply holds is JSON of the server's, so a value of another kind than the table's is shown
 * as what it is.
 */
#ifndef TUI_SCREENS_RECORD_H
#define TUI_SCREENS_RECORD_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/mem.h"
#include "common/type.h"

/* "Last sign-in"; the name where it has no label. */
const char *record_label(const struct field *f);
/* "-" where there is none. f may be NULL: as the JSON says. */
const char *record_text(struct arena *mem, const struct field *f, const cJSON *value);
/* Are values of this field numbers, that stand right? */
bool record_is_number(const struct field *f);

/* Lines that record_draw() needs. */
int record_lines(const struct type *t, const cJSON *row);
/* Those from `top` on: every field that the reply holds, in the table's order. */
void record_draw(const struct type *t, const cJSON *row, int top, int y, int rows, int cols);

#endif
