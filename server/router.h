/* The pieces of the router that http.c does not need; router.c calls them in the order of the
 * policy. */
#ifndef SERVER_ROUTER_H
#define SERVER_ROUTER_H

#include "server/request.h"

/* Find the row and the parameters. errors: ERR_NOT_FOUND, ERR_METHOD (with an Allow header) */
enum err router_find(struct request *r) MUST_CHECK;
/* The class that a row's class is for this caller: the general one goes by plan. */
enum rate_class router_class(const struct principal *who, enum rate_class rate);
/* What a key may ask a minute of its own. */
int64_t router_key_rate(const struct limits *l, const struct principal *who);
/* API keys do not belong in addresses, which end up in logs. errors: ERR_INVALID */
enum err router_no_key(struct request *r) MUST_CHECK;
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
/* Was the reply to be kept under a key that is not the ring's newest any more? */
bool kept_is_stale(const struct request *r);

#endif
