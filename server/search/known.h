/*
 * What is asked for most is known beforehand: a cube (cube.h) of the documents that have a certain
 * word in any of their texts, and one of those that have a word which begins so.
 *
 * Words have threes, for panes under two selections; they are large, so that they are kept for
 * words that many documents have, those of titles first, then of names, companies and the rest, as
 * they weigh for relevance.  Beginnings of one to three letters have ones, for panes under none.
 */
#ifndef SERVER_SEARCH_KNOWN_H
#define SERVER_SEARCH_KNOWN_H

#include "server/search/cube.h"
#include "server/search/image.h"
#include "server/search/query.h"

/* What cubes the lists have. */
extern const enum cube_kind known_kinds[KNOWN_LISTS];

/* The lists of an image that is being written; read before more is written to it. */
struct known_lists {
    size_t each[KNOWN_LISTS]; /* cells of one */
    struct known_list {
        struct choice *v; /* in order of text */
        size_t n;
        uint32_t *cells;
    } lists[KNOWN_LISTS];
};
/* image: as far as it is written; its header has the sections.  rows: of all its documents. */
void known_count(struct known_lists *out, const uint8_t *image, const uint8_t *rows,
                 const uint32_t values[FIRST_FACETS]);
/* The sections; frees the lists. */
void known_write(struct known_lists *k, struct image *w);

/* The cube of a word or prefix; without cells when it is not known. */
struct cube known_find(const struct segment *s, const struct node *word);

#endif
