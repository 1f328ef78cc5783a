/*
 * How many documents of a segment have each combination of four of the first screen's facets
 * (FIRST_FACETS): panes of up to three selections then are sums over a few thousand numbers,
 * whatever the segment's size.
 *
 * There is a table for each four of the six, in order; in each the last facet's codes lie together.
 */
#ifndef SERVER_SEARCH_CUBE_H
#define SERVER_SEARCH_CUBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/search/segment.h"

enum { CUBE_FACETS = 4, CUBES = 15 /* fours of six */ };

/* The number of cells of all tables; 0: no cube for so few documents or so many values. */
size_t cube_cells(const uint32_t values[FIRST_FACETS], size_t documents);
/* From the rows of all documents; cells is zeroed. */
void cube_fill(uint32_t *cells, const uint32_t values[FIRST_FACETS], const uint8_t *rows,
               size_t documents);

/* What is chosen of each facet; codes are those of rows (0: no value). */
struct cube_ask {
    const uint8_t *codes[FIRST_FACETS]; /* NULL: anything */
    size_t n[FIRST_FACETS];
};

/* Can it be answered, with `pane` (-1: none) being shown? */
bool cube_can(const struct segment *s, const struct cube_ask *ask, int pane);
/* counts[c] = the documents that hold all of the ask but `pane`'s own part, and have c in it. */
void cube_pane(const struct segment *s, const struct cube_ask *ask, int pane, uint32_t *counts);
/* The number of documents that hold it. */
size_t cube_total(const struct segment *s, const struct cube_ask *ask);

#endif
