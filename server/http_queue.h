/* The way of a response to libmicrohttpd, which answers some requests itself. Only http*.c use it.
 */
#ifndef SERVER_HTTP_QUEUE_H
#define SERVER_HTTP_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct MHD_Response;

/* Takes res over.  false: end the connection. */
bool http_queue(struct MHD_Connection *conn, unsigned status, struct MHD_Response *res);

/* Who is at the other end; IPv4 in its mapped form, so that there is one kind. */
void http_peer(struct MHD_Connection *conn, uint8_t out[16]);

#endif
