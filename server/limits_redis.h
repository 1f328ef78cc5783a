/*
 * Rate limits that several servers share, counted in Redis: the sliding log of limits.h as a list a
 * key, moved on by a script, in Redis's own time.  Keys are keyed hashes: no address is stored.
 *
 * It only ever refuses more than this process alone would: limits.c asks here after its own count,
 * so with Redis lost, slow or lying the own count holds, and nothing is open.
 */
#ifndef SERVER_LIMITS_REDIS_H
#define SERVER_LIMITS_REDIS_H

#include "server/limits.h"

struct limits_redis;
struct seal;

/*
 * where: "127.0.0.1:6379", "[::1]:6379" or "unix:/path"; only this machine (no TLS in hiredis
 * 0.14). password_file: NULL for none; a file that others cannot read.  A Redis that does not
 * answer is no error: it is tried again every second. errors: ERR_INVALID with a sentence
 */
enum err limits_redis_open(const char *where, const char *password_file, const struct seal *seal,
                           struct limits_redis **out, struct problem *why) MUST_CHECK;
void limits_redis_close(struct limits_redis *r); /* NULL is fine */

/*
 * Ask and, to take, count; at most 100 ms.  false: Redis did not answer and *out is as it was.
 * What *out gets is admitted, remaining and retry_after.
 */
bool limits_redis_ask(struct limits_redis *r, const void *key, size_t n, int64_t limit, bool take,
                      struct limit_answer *out);

/* "ok", "down"; "not configured" for NULL. */
const char *limits_redis_state(const struct limits_redis *r);

#endif
