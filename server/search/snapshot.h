/* What a search sees: segments and which of their documents are dead. Immutable and counted. */
#ifndef SERVER_SEARCH_SNAPSHOT_H
#define SERVER_SEARCH_SNAPSHOT_H

#include "server/search/segment.h"

struct dead {
    atomic_int refs;
    size_t count;
    uint64_t bits[];
};

struct live {
    struct segment *segment;
    struct dead *dead; /* NULL: none is */
};

struct snapshot {
    atomic_int refs;
    size_t n;
    struct live items[];
};

struct snapshot *snapshot_new(size_t n); /* items are the caller's to fill */
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(void *s); /* NULL is fine */
/* Room for `more` items behind copies of all of s (which may be NULL). */
struct snapshot *snapshot_copy(const struct snapshot *s, size_t more);

struct live live_ref(const struct live *l);
void live_unref(struct live *l);
size_t live_count(const struct live *l);
/* How many of a set live. */
size_t live_among(const struct live *l, const struct set *s);
/* Mark a document; the dead set becomes the item's own first when it is shared. */
void live_kill(struct live *l, uint32_t ordinal);
bool live_is_dead(const struct live *l, uint32_t ordinal);

#endif
