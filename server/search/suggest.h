/*
 * Typing ahead: the values that begin so and that most rows have.
 *
 * Each segment gives its values by count, highest first; an upper bound of what nobody has met yet
 * is the sum of the counts that come next (the threshold algorithm: Fagin, Lotem, Naor, "Optimal
 * aggregation algorithms for middleware", 2001), so that a single letter does not count everything.
 */
#ifndef SERVER_SEARCH_SUGGEST_H
#define SERVER_SEARCH_SUGGEST_H

#include "server/search/snapshot.h"

/*
 * Up to `most` of the values of one kind (a facet, VALUES_TITLE, VALUES_COMPANY), folded text
 * beginning with prefix, a country's name too: exact counts of the rows that the account sees,
 * highest first, then by value.  The number of them.
 */
size_t suggest_values(struct arena *mem, const struct snapshot *now, const struct uuid *account,
                      int kind, const char *prefix, size_t most, struct facet_value *out);

/* The first place from which the folded order of a kind has texts that are not less than key. */
uint32_t folded_lower(const struct segment *s, int kind, const char *key, struct arena *mem);
/* Folded, in `room` or, when it is longer, in the arena. */
const char *folded_text(const char *text, char *room, struct arena *mem);

#endif
