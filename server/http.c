#include "server/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/log.h"
#include "server/gzip.h"
#include "server/http_reaper.h"
#include "server/http_screen.h"
#include "server/request.h"
#include "server/tls.h"

enum {
    POOL = 32 * 1024,
    REPLY_MAX = 16 * 1024 * 1024,
    GZIP_LEAST = 1024,
    URI_MAX = 8 * 1024,
    STOP_MS = 10000,
    STREAM_BLOCK = 4096,
#ifdef SANITIZED
    STACK = 1024 * 1024,
#else
    STACK = 192 * 1024,
#endif
};

struct http {
    struct server *srv;
    struct MHD_Daemon *daemon;
    struct reaper *reaper;
    int port;
};

/* One per request in flight; lives from its first line to its completion. */
struct exchange {
    struct http *http;
    struct arena *mem;
    char *uri; /* as it was sent */
    struct request r;
    struct buf body;
    size_t body_max, length;
    bool has_body, begun, finished;
    enum err err;
    int64_t started_us;
    struct MHD_Connection *conn;
};

static const char no_memory[] =
    "{\"type\":\"urn:leadgen:problem:no_memory\",\"title\":\"The server is short of memory\","
    "\"status\":503,\"detail\":\"The server is short of memory\",\"code\":\"no_memory\","
    "\"retryable\":true,\"request_id\":null,\"field\":null}";

static struct lease *lease_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static const char *find_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

/* IPv4 addresses in their mapped form, so that there is one kind. */
static void peer_address(struct MHD_Connection *conn, uint8_t out[16])
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

static enum MHD_Result see_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    screen_header(arg, name, value);
    return MHD_YES;
}

/* Run fn with the arena's guard set: running out of memory in it is an error like any other. */
static enum err guarded(struct exchange *x, enum err (*fn)(struct exchange *))
{
    jmp_buf env;
    enum err err;

    if (setjmp(env)) {
        arena_unguard(x->mem);
        return ERR_NO_MEMORY;
    }
    arena_guard(x->mem, &env);
    err = fn(x);
    arena_unguard(x->mem);
    return err;
}

static enum err begin(struct exchange *x)
{
    struct request *r = &x->r;
    char *question;

    r->path = arena_strdup(x->mem, x->uri);
    question = strchr(r->path, '?');
    if (question) {
        *question = '\0';
        r->query_text = question + 1;
    }
    return route_begin(r, x->length, x->has_body);
}

static enum err finish(struct exchange *x)
{
    struct request *r = &x->r;

    r->raw = x->body.data;
    r->raw_len = x->body.len;
    return route_finish(r);
}

static enum err problem(struct exchange *x)
{
    route_problem(&x->r, x->err);
    return x->r.out.failed ? ERR_NO_MEMORY : ERR_OK;
}

static void add_limits(struct MHD_Response *res, const struct limit_answer *a)
{
    char text[96];

    if (a->limit <= 0 || a->limit == RATE_UNLIMITED)
        return;
    snprintf(text, sizeof(text), "\"%s\";q=%lld;w=60", rate_word(a->rate), (long long)a->limit);
    MHD_add_response_header(res, "RateLimit-Policy", text);
    snprintf(text, sizeof(text), "\"%s\";r=%lld;t=%lld", rate_word(a->rate),
             (long long)a->remaining, (long long)a->retry_after);
    MHD_add_response_header(res, "RateLimit", text);
}

static void add_headers(struct MHD_Response *res, const struct request *r)
{
    static const struct header always[] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Strict-Transport-Security", "max-age=63072000"},
        {"Referrer-Policy", "no-referrer"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    char text[24];

    MHD_add_response_header(res, "Content-Type",
                            r->content_type ? r->content_type : "application/json");
    MHD_add_response_header(res, "X-Request-Id", r->id);
    for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
        MHD_add_response_header(res, always[i].name, always[i].value);
    for (size_t i = 0; i < r->n_extra; i++)
        MHD_add_response_header(res, r->extra[i].name, r->extra[i].value);
    add_limits(res, &r->limit);
    if (r->retry_after) {
        snprintf(text, sizeof(text), "%lld", (long long)r->retry_after);
        MHD_add_response_header(res, "Retry-After", text);
    }
    if (r->close)
        MHD_add_response_header(res, "Connection", "close");
}

static ssize_t read_stream(void *arg, uint64_t at, char *out, size_t max)
{
    struct stream *s = arg;
    long n = s->read(s->arg, out, max);

    (void)at;
    return n > 0 ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void close_stream(void *arg)
{
    struct stream *s = arg;

    if (s->close)
        s->close(s->arg);
    free(s);
}

static struct MHD_Response *stream_response(struct request *r)
{
    struct stream *s = malloc(sizeof(*s));
    struct MHD_Response *res;

    if (!s)
        return NULL;
    *s = r->stream;
    res = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, s,
                                            close_stream);
    if (!res)
        free(s);
    else
        r->stream = (struct stream){0}; /* it is the response's now */
    return res;
}

static struct MHD_Response *bytes_response(struct request *r)
{
    const char *accepts = find_header(r, "Accept-Encoding");
    size_t n = r->out.len;
    char *data, *packed;

    if (accepts && strstr(accepts, "gzip") && n >= GZIP_LEAST &&
        gzip_pack(r->out.data, n, &packed, &n)) {
        struct MHD_Response *res =
            MHD_create_response_from_buffer(n, packed, MHD_RESPMEM_MUST_FREE);

        if (res) {
            MHD_add_response_header(res, "Content-Encoding", "gzip");
            MHD_add_response_header(res, "Vary", "Accept-Encoding");
        }
        return res;
    }
    data = buf_take(&r->out);
    return MHD_create_response_from_buffer(data ? n : 0, data, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result send_reply(struct exchange *x)
{
    struct request *r = &x->r;
    struct MHD_Response *res = NULL;
    enum MHD_Result ok;

    if (x->err && guarded(x, problem)) {
        buf_free(&r->out);
        r->status = err_status(ERR_NO_MEMORY);
        r->content_type = "application/problem+json";
        res = MHD_create_response_from_buffer(sizeof(no_memory) - 1, (void *)(uintptr_t)no_memory,
                                              MHD_RESPMEM_PERSISTENT);
    }
    if (!res)
        res = r->stream.read ? stream_response(r) : bytes_response(r);
    if (!res)
        return MHD_NO;
    add_headers(res, r);
    if (r->status >= 500)
        atomic_fetch_add(&r->srv->errors, 1);
    reaper_phase(x->http->reaper, lease_of(x->conn), PHASE_REPLY);
    x->finished = true;
    ok = MHD_queue_response(x->conn, r->status, res);
    MHD_destroy_response(res);
    return ok;
}

/* Headers only: what is refused here is answered before any of the body is read. */
static enum MHD_Result on_headers(struct exchange *x, const char *method, const char *version)
{
    struct request *r = &x->r;
    struct uuid id = uuid_new();
    struct screen s = {0};

    r->method = method;
    r->header = find_header;
    r->conn = x->conn;
    uuid_text(&id, r->id);
    peer_address(x->conn, r->address);
    MHD_get_connection_values(x->conn, MHD_HEADER_KIND, see_header, &s);
    x->length = s.length;
    x->has_body = s.chunked || (s.has_length && s.length);
    if (!screen_is_fine(&s, version, x->uri)) {
        r->close = true;
        x->err = refuse(r, ERR_INVALID, NULL, "the request is malformed");
        x->begun = true;
        return send_reply(x);
    }
    x->err = guarded(x, begin);
    x->begun = true;
    if (r->who.role > ROLE_PUBLIC)
        reaper_known(x->http->reaper, lease_of(x->conn));
    if (x->err) {
        r->close = x->has_body;
        return send_reply(x);
    }
    x->body_max = r->route->body_max ? r->route->body_max : 64 * 1024;
    x->body = (struct buf)BUF_INIT(x->body_max);
    reaper_phase(x->http->reaper, lease_of(x->conn), PHASE_BODY);
    return MHD_YES;
}

static void take_body(struct exchange *x, const char *data, size_t n)
{
    struct sink *s = &x->r.sink;

    reaper_received(x->http->reaper, lease_of(x->conn), n);
    if (x->err)
        return;
    if (s->write) {
        s->received += n;
        x->err = s->write(s->arg, data, n);
        return;
    }
    buf_add(&x->body, data, n);
    if (x->body.failed) {
        x->err = ERR_TOO_LARGE;
        refuse(&x->r, x->err, NULL, "the body is larger than %zu bytes", x->body_max);
    }
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *conn, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    struct exchange *x = *state;

    (void)arg;
    (void)url;
    if (!x)
        return MHD_NO;
    x->conn = conn;
    if (!x->begun)
        return on_headers(x, method, version);
    if (*size) {
        take_body(x, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (x->finished)
        return MHD_YES;
    reaper_phase(x->http->reaper, lease_of(conn), PHASE_WORK);
    if (!x->err)
        x->err = guarded(x, finish);
    else
        x->r.close = true;
    return send_reply(x);
}

/* The request line is here: the first that is known of a request. NULL ends the connection. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *conn)
{
    struct http *h = arg;
    struct exchange *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    x->http = h;
    x->conn = conn;
    x->mem = arena_try_new();
    x->uri = strnlen(uri, URI_MAX + 1) > URI_MAX ? NULL : strdup(uri);
    if (!x->mem || !x->uri) {
        arena_free(x->mem);
        free(x->uri);
        free(x);
        return NULL;
    }
    x->started_us = clock_mono_us();
    x->r.srv = h->srv;
    x->r.mem = x->mem;
    x->r.out = (struct buf)BUF_INIT(REPLY_MAX);
    reaper_phase(h->reaper, lease_of(conn), PHASE_HEADERS);
    return x;
}

static void log_request(const struct exchange *x)
{
    const struct request *r = &x->r;
    char account[UUID_TEXT];

    if (r->route && r->route->flags & ROUTE_QUIET)
        return;
    log_event(LOG_INFO, "request", LOG_STR("method", r->route ? r->route->method : "?"),
              LOG_STR("route", r->route ? r->route->path : "none"), LOG_INT("status", r->status),
              LOG_INT("us", clock_mono_us() - x->started_us), LOG_STR("id", r->id),
              LOG_STR("account", uuid_text(&r->who.account, account)));
}

static void on_done(void *arg, struct MHD_Connection *conn, void **state,
                    enum MHD_RequestTerminationCode why)
{
    struct http *h = arg;
    struct exchange *x = *state;

    (void)why;
    if (!x)
        return;
    atomic_fetch_add(&h->srv->requests, 1);
    log_request(x);
    if (x->r.sink.close)
        x->r.sink.close(x->r.sink.arg);
    if (x->r.stream.close)
        x->r.stream.close(x->r.stream.arg);
    buf_free(&x->body);
    buf_free(&x->r.out);
    arena_free(x->mem);
    free(x->uri);
    free(x);
    *state = NULL;
    reaper_phase(h->reaper, lease_of(conn), PHASE_IDLE);
}

static void on_connection(void *arg, struct MHD_Connection *conn, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http *h = arg;
    const union MHD_ConnectionInfo *info;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        reaper_remove(h->reaper, *context);
        *context = NULL;
        atomic_fetch_sub(&h->srv->connections, 1);
        return;
    }
    atomic_fetch_add(&h->srv->connections, 1);
    info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = info ? reaper_add(h->reaper, info->connect_fd) : NULL;
}

/* Escapes stay as they are: %2f is no slash, %00 no end, and values are decoded by the router. */
static size_t keep_escapes(void *arg, struct MHD_Connection *conn, char *text)
{
    (void)arg;
    (void)conn;
    return strlen(text);
}

static void drop_message(void *arg, const char *fmt, va_list ap)
{
    (void)arg;
    (void)fmt;
    (void)ap;
}

/* Bind here, so that the reason is known when it fails. */
static int listen_on(const struct http_options *o, struct problem *why)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)o->port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
    bool is_v6 = inet_pton(AF_INET6, o->address, &v6.sin6_addr) == 1;
    int fd, one = 1, bound;

    if (!is_v6 && inet_pton(AF_INET, o->address, &v4.sin_addr) != 1) {
        problem_set(why, "listen", "this is not an IP address");
        return -1;
    }
    fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    bound = is_v6 ? bind(fd, (struct sockaddr *)&v6, sizeof(v6))
                  : bind(fd, (struct sockaddr *)&v4, sizeof(v4));
    if (fd < 0 || bound || listen(fd, 511)) {
        problem_set(why, "listen", "cannot listen there: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage at = {0};
    socklen_t n = sizeof(at);

    getsockname(fd, (struct sockaddr *)&at, &n);
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                          : ((struct sockaddr_in *)&at)->sin_port);
}

static struct MHD_Daemon *start_daemon(struct http *h, const struct http_options *o, int fd)
{
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_TLS | MHD_USE_ERROR_LOG | MHD_USE_ITC;

    return MHD_start_daemon(
        flags, (uint16_t)o->port, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER,
        drop_message, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_KEY, o->key_pem,
        MHD_OPTION_HTTPS_MEM_CERT, o->cert_pem, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->in_all, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)o->per_address, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_CONNECTION_TIMEOUT, 330u,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, h, MHD_OPTION_NOTIFY_COMPLETED, on_done, h,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
}

enum err http_start(struct server *srv, const struct http_options *o, struct http **out,
                    struct problem *why)
{
    struct http *h = xcalloc(1, sizeof(*h));
    int fd = listen_on(o, why);

    if (fd < 0) {
        free(h);
        return ERR_UNAVAILABLE;
    }
    h->srv = srv;
    h->port = port_of(fd);
    h->reaper = reaper_start(&o->deadlines);
    h->daemon = h->reaper ? start_daemon(h, o, fd) : NULL;
    if (!h->daemon) {
        problem_set(why, "keys", "the listener does not start: is the certificate in order?");
        reaper_stop(h->reaper);
        close(fd);
        free(h);
        return ERR_UNAVAILABLE;
    }
    *out = h;
    return ERR_OK;
}

int http_port(const struct http *h)
{
    return h->port;
}

void http_stop(struct http *h)
{
    int64_t until = clock_mono_us() + STOP_MS * 1000;
    int fd = MHD_quiesce_daemon(h->daemon);

    if (fd >= 0)
        close(fd);
    while (reaper_busy(h->reaper) && clock_mono_us() < until)
        usleep(10000);
    reaper_cut_all(h->reaper);
    MHD_stop_daemon(h->daemon);
    reaper_stop(h->reaper);
    free(h);
}
