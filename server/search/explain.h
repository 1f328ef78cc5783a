/* Why a row was found: which part of the question is in which of its fields. */
#ifndef SERVER_SEARCH_EXPLAIN_H
#define SERVER_SEARCH_EXPLAIN_H

#include "server/search/query.h"

/*
 * The reasons (struct reason) in the order of the question, one a part and field.  What is excluded
 * is none; parts of an OR that do not hold are left out.  Read from the row as it is now.
 */
struct list explain_row(struct arena *mem, const struct ask *ask, const struct profile *row);

#endif
