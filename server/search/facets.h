/* Totals and panes of questions of facets alone, which a segment's cube knows (cube.h). */
#ifndef SERVER_SEARCH_FACETS_H
#define SERVER_SEARCH_FACETS_H

#include "server/search/eval.h"
#include "server/search/found.h"
#include "server/search/panes.h"

/*
 * Add the panes that are wanted to the tallies, and say what is found.  false, and nothing was
 * added: the question asks for more than the cube knows.
 */
bool facets_answer(struct eval *e, struct tally *tallies, struct found *out);

#endif
