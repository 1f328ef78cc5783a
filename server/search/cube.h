/*
 * How many documents have each combination of some of the first screen's facets (FIRST_FACETS):
 * panes of a few selections then are sums over a few thousand numbers, however many the documents.
 *
 * There is a table for each four of the six facets, in order (or for each three, or each one); in
 * each the last facet's codes lie together.  A segment has the fours of all its documents, and
 * smaller cubes of those that have a certain word (known.h).
 */
#ifndef SERVER_SEARCH_CUBE_H
#define SERVER_SEARCH_CUBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/search/segment.h"

enum cube_kind { CUBE_ONES, CUBE_THREES, CUBE_FOURS };

struct cube {
    const struct segment *s;
    enum cube_kind kind;
    const uint32_t *cells; /* NULL: there is none */
};

/* The number of cells of all its tables; 0: a facet has too many values for a cube. */
size_t cube_size(enum cube_kind kind, const uint32_t values[FIRST_FACETS]);
/* Of the segment's own cube; 0: none for so few documents. */
size_t cube_cells(const uint32_t values[FIRST_FACETS], size_t documents);
/* Add documents to the cells by their rows. */
void cube_fill(enum cube_kind kind, uint32_t *cells, const uint32_t values[FIRST_FACETS],
               const uint8_t *rows, size_t documents);

/* What is chosen of each facet; codes are those of rows (0: no value). */
struct cube_ask {
    const uint8_t *codes[FIRST_FACETS]; /* NULL: anything */
    size_t n[FIRST_FACETS];
};

/* Can it be answered, with `pane` (-1: none) being shown? */
bool cube_can(const struct cube *c, const struct cube_ask *ask, int pane);
/* counts[c] = the documents that hold all of the ask but `pane`'s own part, and have c in it. */
void cube_pane(const struct cube *c, const struct cube_ask *ask, int pane, uint32_t *counts);
/* The number of documents that hold it. */
size_t cube_total(const struct cube *c, const struct cube_ask *ask);

#endif
