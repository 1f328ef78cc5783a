/*
 * Records that are of no use after a time go: each kind is a row.  A thread looks once a minute,
 * and deletes a few at a time, so that people hardly wait.
 */
#ifndef SERVER_SWEEPER_H
#define SERVER_SWEEPER_H

#include "server/store.h"

/* How long the reply to an Idempotency-Key is kept; until the next sweep it may still be there. */
#define KEPT_REPLY_MS (24 * INT64_C(3600000))

struct sweeper;

enum err sweeper_start(struct store *s, struct sweeper **out) MUST_CHECK;
void sweeper_stop(struct sweeper *w); /* NULL is fine */

/* What the thread does; *n: how many records went. */
enum err sweeper_sweep(struct store *s, int64_t *n) MUST_CHECK;

#endif
