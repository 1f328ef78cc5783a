/*
 * What test keys see: a store and an index of their own with made-up people, the same ones in every
 * installation, and nothing of the catalogue or of any account.  Nothing is written there: a reveal
 * charges nothing, owns nothing, and answers the same each time.
 *
 * Made when the first test key asks, under DATA/playground, and anew in each process.
 */
#ifndef SERVER_PLAYGROUND_H
#define SERVER_PLAYGROUND_H

#include "server/request.h"

/*
 * server: what is like the real one but for store and index; any thread may ask.  A pointer, so
 * that the router takes no store with it into its tests. errors: ERR_UNAVAILABLE, ERR_DISK_FULL
 * (logged)
 */
struct playground {
    enum err (*server)(struct playground *s, struct server **out);
};

enum { PLAYGROUND_ROWS = 1000 };

struct playground *playground_new(struct server *srv);
void playground_free(struct playground *s); /* NULL is fine */

#endif
