/*
 * Keys: one row an action.  What a key does, the bottom line, the help and the palette are read
 * from the same rows, so they cannot disagree.  A table ends with a row that has no run.
 */
#ifndef TUI_KEYMAP_H
#define TUI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/api.h"

struct screen;

/* A function key of curses, apart from all characters. */
#define KEY_FN(code) (0x200000 | (code))
#define KEY_CTRL(c) ((c)&0x1f)
enum { KEY_ESCAPE = 27, KEY_LABEL = 24 };

struct key {
    int key;
    const char *label; /* what people call it; NULL: the character itself */
    const char *name;  /* the action's, in the palette; NULL: another key of the row before */
    const char *hint;  /* its word in the bottom line; NULL: only in the help */
    const char *help;  /* a sentence */
    void (*run)(struct screen *);
    enum role role; /* the least; 0: anybody */
};

/* The row that the key stands for, or NULL. */
const struct key *keymap_find(const struct key *table, int key, enum role role);
bool keymap_allows(const struct key *k, enum role role);
/* "j Down": all keys of an action, from its first row. */
const char *keymap_label(const struct key *k, char out[KEY_LABEL]);
/*
 * The bottom line in at most `cols` columns: hints of `own` as many as fit, then those of the
 * tables in `common` (which ends with NULL), which always do.  While somebody types into a field,
 * characters are no keys and no hints.
 */
void keymap_hints(const struct key *own, const struct key *const *common, enum role role,
                  bool typing, int cols, char *out, size_t size);

#endif
