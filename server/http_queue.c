/*
 * What libmicrohttpd 0.9.75 cannot parse it answers by itself, with a page of HTML and none of our
 * headers, and it has no option for that.  It queues such a page through the symbol of its own
 * public function, which this program defines as well: ours comes first (as with a malloc of one's
 * own) and answers in our words.  tests/api/http_raw.py fails if a library ever stops doing so.
 */
#include "server/http_queue.h"

#include <dlfcn.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "server/http_reaper.h"
#include "server/http_reply.h"
#include "server/request.h"

enum { BODY_MAX = 1024 };

typedef enum MHD_Result queue_fn(struct MHD_Connection *, unsigned, struct MHD_Response *);

void http_peer(struct MHD_Connection *conn, uint8_t out[16])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *at = info ? info->client_addr : NULL;

    memset(out, 0, 16);
    if (at && at->sa_family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)at)->sin6_addr, 16);
    } else if (at && at->sa_family == AF_INET) {
        out[10] = out[11] = 0xff;
        memcpy(out + 12, &((const struct sockaddr_in *)at)->sin_addr, 4);
    }
}

static enum MHD_Result call_library(struct MHD_Connection *conn, unsigned status,
                                    struct MHD_Response *res)
{
    void *found = dlsym(RTLD_NEXT, "MHD_queue_response");
    queue_fn *library;

    if (!found)
        abort();
    memcpy(&library, &found, sizeof(library)); /* ISO C converts no object pointer into it */
    return library(conn, status, res);
}

bool http_queue(struct MHD_Connection *conn, unsigned status, struct MHD_Response *res)
{
    bool ok = call_library(conn, status, res) == MHD_YES;

    MHD_destroy_response(res);
    return ok;
}

static const char *no_header(const struct request *r, const char *name)
{
    (void)r;
    (void)name;
    return NULL;
}

/* The library writes the headers of this one's refusal twice: it is better left without. */
static bool is_bad_length(struct MHD_Connection *conn)
{
    const char *n = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Content-Length");

    return n && (!*n || strspn(n, "0123456789") != strlen(n) || strlen(n) > 18);
}

static enum err meaning(unsigned status)
{
    if (status == MHD_HTTP_CONTENT_TOO_LARGE || status == MHD_HTTP_URI_TOO_LONG ||
        status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE)
        return ERR_TOO_LARGE;
    return status < 500 || status == MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED ? ERR_INVALID
                                                                         : ERR_UNAVAILABLE;
}

/*
 * The library's own answers: nobody else calls this here.  A listener of somebody else, in a test,
 * has no leases and is left alone.  Its response stays the library's.
 */
enum MHD_Result MHD_queue_response(struct MHD_Connection *conn, unsigned status,
                                   struct MHD_Response *page)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct lease *lease = info ? info->socket_context : NULL;
    enum err err = meaning(status);
    struct request r = {.header = no_header,
                        .out = BUF_INIT(BODY_MAX),
                        .status = err_status(err),
                        .content_type = "application/problem+json",
                        .close = true};
    struct uuid id = uuid_new();
    struct MHD_Response *res;

    if (!lease)
        return call_library(conn, status, page);
    if (is_bad_length(conn))
        return MHD_NO;
    r.srv = reaper_owner(lease);
    uuid_text(&id, r.id);
    http_peer(conn, r.address);
    route_stray(&r);
    buf_printf(&r.out,
               "{\"type\":\"urn:leadgen:problem:%s\",\"title\":\"%s\",\"status\":%u,\"detail\":"
               "\"the request is malformed or too long\",\"code\":\"%s\",\"retryable\":%s,"
               "\"request_id\":\"%s\",\"field\":null}",
               err_slug(err), err_title(err), r.status, err_slug(err),
               err_retryable(err) ? "true" : "false", r.id);
    res = http_reply(&r);
    buf_free(&r.out);
    return res && http_queue(conn, r.status, res) ? MHD_YES : MHD_NO;
}
