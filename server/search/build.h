/* From profiles to a segment, and from segments to one segment. */
#ifndef SERVER_SEARCH_BUILD_H
#define SERVER_SEARCH_BUILD_H

#include "server/search/segment.h"

struct builder;

struct builder *builder_new(const struct uuid *domain);
void builder_free(struct builder *b); /* NULL is fine */
/* Copies what it needs. An id may come once. */
void builder_add(struct builder *b, const struct profile *p);
size_t builder_count(const struct builder *b);
/* NULL when nothing was added; b can only be freed afterwards. */
struct segment *builder_finish(struct builder *b);

/* One part of a merge: its documents but the dead ones (NULL: none is). */
struct part {
    const struct segment *segment;
    const uint64_t *dead;
};

/* All of one domain. NULL: nobody lives. */
struct segment *segments_merge(const struct part *parts, size_t n);

#endif
