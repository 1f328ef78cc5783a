#include "server/http_reply.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "server/cors.h"
#include "server/gzip.h"
#include "server/request.h"

enum { GZIP_LEAST = 1024, STREAM_BLOCK = 4096 };

static const char no_memory[] =
    "{\"type\":\"urn:leadgen:problem:no_memory\",\"title\":\"The server is short of memory\","
    "\"status\":503,\"detail\":\"The server is short of memory\",\"code\":\"no_memory\","
    "\"retryable\":true,\"request_id\":null,\"field\":null}";

static const struct header always[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Strict-Transport-Security", "max-age=63072000"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

static void add_cors(struct MHD_Response *res, const struct request *r)
{
    const char *origin = cors_origin(r);

    if (!origin)
        return;
    MHD_add_response_header(res, "Access-Control-Allow-Origin", origin);
    MHD_add_response_header(res, "Access-Control-Expose-Headers",
                            "RateLimit, RateLimit-Policy, Retry-After, X-Request-Id");
    MHD_add_response_header(res, "Vary", "Origin");
}

/* RateLimit header fields, draft-ietf-httpapi-ratelimit-headers-11. */
static void add_limits(struct MHD_Response *res, const struct limit_answer *a)
{
    char text[96];

    if (a->limit <= 0 || a->limit == RATE_UNLIMITED)
        return;
    snprintf(text, sizeof(text), "\"%s\";q=%lld;w=60", rate_word(a->rate), (long long)a->limit);
    MHD_add_response_header(res, "RateLimit-Policy", text);
    if (a->retry_after)
        snprintf(text, sizeof(text), "\"%s\";r=%lld;t=%lld", rate_word(a->rate),
                 (long long)a->remaining, (long long)a->retry_after);
    else
        snprintf(text, sizeof(text), "\"%s\";r=%lld", rate_word(a->rate), (long long)a->remaining);
    MHD_add_response_header(res, "RateLimit", text);
}

static void add_headers(struct MHD_Response *res, const struct request *r)
{
    char text[24];

    if (r->status != 204)
        MHD_add_response_header(res, "Content-Type",
                                r->content_type ? r->content_type : "application/json");
    MHD_add_response_header(res, "X-Request-Id", r->id);
    for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
        MHD_add_response_header(res, always[i].name, always[i].value);
    for (size_t i = 0; i < r->n_extra; i++)
        MHD_add_response_header(res, r->extra[i].name, r->extra[i].value);
    add_cors(res, r);
    add_limits(res, &r->limit);
    if (r->retry_after) {
        snprintf(text, sizeof(text), "%lld", (long long)r->retry_after);
        MHD_add_response_header(res, "Retry-After", text);
    }
    if (r->close)
        MHD_add_response_header(res, "Connection", "close");
}

/* "q=0", "q=0.000": not acceptable (RFC 9110 12.4.2) */
static bool is_zero_weight(const char *parameter)
{
    parameter += strspn(parameter, "; \t");
    if (strncasecmp(parameter, "q=", 2) != 0)
        return false;
    return strspn(parameter + 2, "0.") == strcspn(parameter + 2, ", \t");
}

static bool takes_gzip(const char *accepts)
{
    while (accepts && *accepts) {
        size_t n;

        accepts += strspn(accepts, " \t");
        n = strcspn(accepts, ",; \t");
        if (n == 4 && strncasecmp(accepts, "gzip", n) == 0)
            return !is_zero_weight(accepts + n);
        accepts += strcspn(accepts, ",");
        accepts += *accepts == ',';
    }
    return false;
}

static ssize_t read_stream(void *arg, uint64_t at, char *out, size_t max)
{
    struct stream *s = arg;
    long n = s->read(s->arg, out, max);

    (void)at;
    if (n == STREAM_BROKEN)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return n > 0 ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static struct MHD_Response *packed(const struct request *r)
{
    struct MHD_Response *res;
    size_t n;
    char *data;

    if (r->out.len < GZIP_LEAST || !takes_gzip(r->header(r, "Accept-Encoding")) ||
        !gzip_pack(r->out.data, r->out.len, &data, &n))
        return NULL;
    res = MHD_create_response_from_buffer(n, data, MHD_RESPMEM_MUST_FREE);
    if (!res) {
        free(data);
        return NULL;
    }
    MHD_add_response_header(res, "Content-Encoding", "gzip");
    MHD_add_response_header(res, "Vary", "Accept-Encoding");
    return res;
}

static struct MHD_Response *plain(struct request *r)
{
    size_t n = r->out.len;
    char *data = buf_take(&r->out);
    struct MHD_Response *res =
        MHD_create_response_from_buffer(data ? n : 0, data, MHD_RESPMEM_MUST_FREE);

    if (!res)
        free(data);
    return res;
}

struct MHD_Response *http_reply(struct request *r)
{
    struct MHD_Response *res;

    if (r->stream.read) {
        res = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream,
                                                &r->stream, NULL);
    } else {
        res = packed(r);
        if (!res)
            res = plain(r);
    }
    if (res)
        add_headers(res, r);
    return res;
}

struct MHD_Response *http_reply_no_memory(struct request *r)
{
    struct MHD_Response *res = MHD_create_response_from_buffer(
        sizeof(no_memory) - 1, (void *)(uintptr_t)no_memory, MHD_RESPMEM_PERSISTENT);

    r->status = err_status(ERR_NO_MEMORY);
    r->content_type = "application/problem+json";
    if (res)
        add_headers(res, r);
    return res;
}
