/* A finished request as libmicrohttpd's response: headers, gzip, streams. Only http*.c use it. */
#ifndef SERVER_HTTP_REPLY_H
#define SERVER_HTTP_REPLY_H

struct MHD_Response;
struct request;

/*
 * Takes r->out when it can; r->stream is read through r, which must outlive the response, and is
 * not closed by it.  NULL: no memory.
 */
struct MHD_Response *http_reply(struct request *r);

/* The problem that can be told without memory. NULL: not even that. */
struct MHD_Response *http_reply_no_memory(struct request *r);

#endif
