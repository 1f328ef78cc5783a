/*
 * Counters by id, packed into the bytes of one field, so that they share a record, and with it one
 * conditional step, with the number beside them: a wallet's balance, and what each member and each
 * key has spent this month.
 *
 * They belong to a period, and are forgotten when a later one begins.  A clock that goes back opens
 * nothing: an earlier period counts into the later one.
 *
 * Layout, little endian: the period (8 bytes), then {id (16), count (8)} in order of id.  A
 * document store keeps the same as a sub-document, {period: {id: count}}, where one findAndModify
 * can ask {number: {$gte: n}, "period.id": {$not: {$gt: most - n}}} and $inc both.
 */
#ifndef SERVER_COUNTS_H
#define SERVER_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/type.h"

/*
 * COUNTS_GROW: bytes that one addition adds at most.  COUNTS_MOST: ids of one period; beyond, those
 * that have no ceiling are not counted, and those that have one are refused.
 */
enum { COUNTS_GROW = 8 + 24, COUNTS_MOST = 4096 };

/* What it has counted in this period; 0: nothing. */
int64_t counts_get(const struct bytes *b, int64_t period, const struct uuid *of);

/*
 * Add `by` in place, *n bytes with room for COUNTS_GROW more; by < 0 takes back, down to zero.
 * most INT64_MAX: no ceiling.  False: the sum would pass `most`, and nothing has changed.
 */
bool counts_add(uint8_t *data, size_t *n, int64_t period, const struct uuid *of, int64_t by,
                int64_t most);

#endif
