/*
 * One typo is forgiven in a word of four and more characters, none of them a digit, that nobody has
 * where it was asked for: it becomes the word that is one character more, less, other, or two that
 * changed places away from it, and that most rows have; of equals the first.  Only what the
 * account sees is looked at.  A word in quotes, with a star or under a NOT is taken as it is.
 */
#ifndef SERVER_SEARCH_TYPO_H
#define SERVER_SEARCH_TYPO_H

#include "server/search/query.h"
#include "server/search/snapshot.h"

enum { FIXES_MAX = 4 /* of one question: cursors carry them */ };

struct fix {
    size_t word; /* of ask->words */
    const char *from, *to;
};

/* Put right what nobody has; how many words. */
size_t typo_fix(struct arena *mem, const struct snapshot *now, const struct uuid *account,
                struct ask *q, struct fix out[FIXES_MAX]);

#endif
