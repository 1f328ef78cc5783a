/*
 * API keys (common/apikey.h): the text goes out once, its keyed hash is stored.  A key is an actor
 * of its own; it can do what its scopes list, and no more than its member can now, nor than an
 * admin.
 */
#ifndef SERVER_AUTH_KEY_H
#define SERVER_AUTH_KEY_H

#include "server/request.h"

enum { KEY_LAST_USED_MS = 5 * 60 * 1000 }; /* how coarse api_key.last_used is */

/* A new secret: its text; *hash is what is stored. */
const char *key_secret_make(struct request *r, bool test, struct uuid *hash);
/* Is the secret made before its member's keys were ended? */
bool key_is_void(const struct api_key *k, const struct user *u);

/*
 * Fill r->who from the text of a key. errors: ERR_UNAUTHORIZED: mistyped, unknown, revoked, too
 * old, its member disabled; ERR_FORBIDDEN: not for this address
 */
enum err key_authenticate(struct request *r, const char *text) MUST_CHECK;

#endif
