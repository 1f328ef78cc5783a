/*
 * What API keys may do: a scope is a resource, which is what a route's row names, and a verb, read
 * or write, which is the row's method (GET reads; so does a row with ROUTE_READS).  There are as
 * many as the rows make, at most 64; what a key does not list it may not do.
 */
#ifndef SERVER_SCOPE_H
#define SERVER_SCOPE_H

#include "server/request.h"

/* The one bit of the scope that the row asks for; 0: no key may call it. */
uint64_t scope_bit(const struct route *row);
/* "search:read", of a row that has one; valid until the thread's next call. */
const char *scope_word(const struct route *row);
/* "search:read"; 0: there is no such scope. */
uint64_t scope_find(const char *word);
/* The set of those words that there are. */
uint64_t scope_set(const struct strs *words);
/* All of them. */
struct strs scope_words(struct arena *mem);

#endif
