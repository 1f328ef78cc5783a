/*
 * From profiles to a segment, and from segments to one segment.  There is one image for a set of
 * profiles: merging gives the bytes that building would.
 */
#ifndef SERVER_SEARCH_BUILD_H
#define SERVER_SEARCH_BUILD_H

#include "server/search/segment.h"

struct builder;

struct builder *builder_new(const struct uuid *domain);
void builder_free(struct builder *b); /* NULL is fine */
/* Copies what it needs. An id may come once. */
void builder_add(struct builder *b, const struct profile *p);
size_t builder_count(const struct builder *b);
/*
 * *out is NULL when nothing was added; b can only be freed afterwards.  With `dir` it
 * is in a file there that has no name and is gone with the segment, and not in memory.
 * errors: ERR_DISK_FULL, ERR_UNAVAILABLE, only with dir
 */
enum err builder_write(struct builder *b, const char *dir, struct segment **out) MUST_CHECK;
struct segment *builder_finish(struct builder *b); /* the same in memory */

enum { PARTS_MAX = 64 /* of one merge */ };

/* One part of a merge: its documents but the dead ones (NULL: none is). */
struct part {
    const struct segment *segment;
    const uint64_t *dead;
    uint32_t *to; /* out: old ordinal -> new, UINT32_MAX for the dead; free() it */
};

/*
 * Parts of one domain to one segment: dictionaries, columns and postings are merged as they are,
 * all in order.  Takes about 17 bytes a document besides the dictionaries; with `dir` the result is
 * a file there and not memory.  *out is NULL when nobody lives.
 * errors: ERR_DISK_FULL, ERR_UNAVAILABLE, only with dir
 */
enum err segments_merge(struct part *parts, size_t n, const char *dir,
                        struct segment **out) MUST_CHECK;

#endif
