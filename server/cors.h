/*
 * Pages of other origins (Fetch standard, "CORS protocol"): off unless their origin is listed, and
 * never with credentials, since the API takes its tokens from the Authorization header alone.
 */
#ifndef SERVER_CORS_H
#define SERVER_CORS_H

#include "server/request.h"

/* The Origin of this request if it is listed, exactly as it is written there; else NULL. */
const char *cors_origin(const struct request *r);

/* The row that a preflight request is answered by; NULL: this is none, or of nobody listed. */
const struct route *cors_preflight(const struct request *r);

#endif
