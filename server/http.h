/*
 * The listening side: the only file that knows libmicrohttpd.  TLS always; a thread per connection;
 * absolute deadlines by a reaper; hostile shapes are refused before anything is believed.
 */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "common/err.h"
#include "server/http_reaper.h"

struct http;
struct server;

struct http_options {
    const char *address;            /* "127.0.0.1", "::1" */
    int port;                       /* 0: any free one */
    const char *cert_pem, *key_pem; /* the texts, not file names */
    int per_address, in_all;        /* connections */
    struct deadlines deadlines;     /* zeros: the defaults */
};

/* errors: ERR_UNAVAILABLE with a sentence: the port is taken, the certificate does not load, ... */
enum err http_start(struct server *srv, const struct http_options *o, struct http **out,
                    struct problem *why) MUST_CHECK;
/*
 * Another certificate from the next connection on; the old connections stay as they are.
 * errors: ERR_UNAVAILABLE with a sentence: the pair does not work; nothing has changed
 */
enum err http_reload(struct http *h, const char *cert_pem, const char *key_pem,
                     struct problem *why) MUST_CHECK;
int http_port(const struct http *h);
/* Refuse new connections, let running requests end (at most 10 s), then stop. */
void http_stop(struct http *h);

#endif
