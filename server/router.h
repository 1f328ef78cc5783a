/* The pieces of the router that http.c does not need; router.c calls them in the order of the
 * policy. */
#ifndef SERVER_ROUTER_H
#define SERVER_ROUTER_H

#include "server/request.h"

/* Find the row and the parameters. errors: ERR_NOT_FOUND, ERR_METHOD (with an Allow header) */
enum err router_find(struct request *r) MUST_CHECK;
/* Decode r->query_text by the row's query type. errors: ERR_INVALID */
enum err router_query(struct request *r) MUST_CHECK;
/* Decode r->raw by the row's body type. errors: ERR_INVALID */
enum err router_body(struct request *r) MUST_CHECK;

/* The body of this request goes to a sink: take its digest as it comes, if a key asks for it. */
void kept_begin(struct request *r);

/* How many bytes of an address stand for one caller. */
size_t router_address_len(const uint8_t address[16]);

/*
 * For ROUTE_IDEMPOTENT rows.  *answered: the key was used before and r holds the kept reply.
 * errors: ERR_INVALID: the key's form; ERR_KEY_REUSED: it was used for another request
 */
enum err kept_find(struct request *r, bool *answered) MUST_CHECK;

#endif
