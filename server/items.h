/*
 * The rows of a search's page as they go out: masked, and with what the caller's account owns of
 * them.  What was read and written before is used again as long as nothing was written to it since
 * (store_written_since()); what is kept is what everybody may see, in bounded memory.
 */
#ifndef SERVER_ITEMS_H
#define SERVER_ITEMS_H

#include "server/request.h"

struct items;

struct items *items_new(void);
void items_free(struct items *c); /* NULL is fine */

/*
 * These profiles, in order, without those that are not there any more: out->json, out->n.  errors:
 * the store's
 */
enum err items_write(struct request *r, const struct uuid *ids, size_t n,
                     struct list *out) MUST_CHECK;

#endif
