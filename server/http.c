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
#include "server/http_queue.h"
#include "server/http_reply.h"
#include "server/http_screen.h"
#include "server/options.h"
#include "server/peer.h"
#include "server/request.h"
#include "server/tls.h"

enum {
    POOL = 32 * 1024,
    REPLY_MAX = 16 * 1024 * 1024,
    BODY_DEFAULT = 64 * 1024,
    SWALLOW_MAX = 64 * 1024, /* a refused body of this size is read, so that the client stays */
    STOP_MS = 10000,
    SPARE = 16, /* of so many places one is kept for who asks at once */
#ifdef SANITIZED
    STACK = 1024 * 1024,
#else
    STACK = 192 * 1024,
#endif
};

/*
 * The library has its certificate from its start to its end, so a new certificate is a new
 * listener on the same socket; the old one serves the connections that it has.
 */
struct listener {
    struct MHD_Daemon *daemon;
    char *cert_pem, *key_pem;
    struct listener *older;
};

struct http {
    struct server *srv;
    struct listener *listener; /* the newest accepts */
    struct reaper *reaper;
    int port, per_address, in_all;
};

/* One per request in flight; lives from its first line to its completion. */
struct exchange {
    struct http *http;
    struct arena *mem;
    const char *target;    /* as it was sent; mem */
    const char *target_at; /* where it lies in the library's buffer, target_len bytes */
    size_t target_len;
    struct request r;
    struct screen screen;
    struct buf body;
    size_t body_max;
    const char *forwarded; /* X-Forwarded-For, of a listed proxy */
    const char *piece;     /* of the body, for the sink */
    size_t piece_len;
    bool has_body, begun, finished;
    enum err err;
    int64_t started_us;
    struct MHD_Connection *conn;
};

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

static enum MHD_Result see_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    screen_header(arg, name, value);
    return MHD_YES;
}

/* Proxies may each add a line of their own instead of to the last one's. */
static enum MHD_Result join_forwarded(void *arg, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct exchange *x = arg;

    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") == 0)
        x->forwarded = x->forwarded ? arena_printf(x->mem, "%s,%s", x->forwarded, value) : value;
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

static enum err keep_target(struct exchange *x)
{
    x->target = arena_strdup(x->mem, x->target_at);
    return ERR_OK;
}

static enum err begin(struct exchange *x)
{
    struct request *r = &x->r;
    const char *proxies = r->srv->options->trusted_proxies;
    char *question;

    if (peer_in(r->address, proxies)) {
        MHD_get_connection_values(x->conn, MHD_HEADER_KIND, join_forwarded, x);
        peer_forwarded(x->forwarded, proxies, r->address);
    }
    r->path = arena_strdup(x->mem, x->target);
    question = strchr(r->path, '?');
    if (question) {
        *question = '\0';
        r->query_text = question + 1;
    }
    return route_begin(r, x->screen.length, x->has_body);
}

static enum err finish(struct exchange *x)
{
    struct request *r = &x->r;

    r->raw = x->body.data;
    r->raw_len = x->body.len;
    return route_finish(r);
}

static enum err write_sink(struct exchange *x)
{
    return route_take(&x->r, x->piece, x->piece_len);
}

static enum err problem(struct exchange *x)
{
    route_problem(&x->r, x->err);
    return x->r.out.failed ? ERR_NO_MEMORY : ERR_OK;
}

static enum MHD_Result send_reply(struct exchange *x)
{
    struct request *r = &x->r;
    struct MHD_Response *res;

    /* A body in chunks ends where the library thinks it does: nothing may follow on its word. */
    r->close |= x->screen.chunked;
    if (x->err && guarded(x, problem))
        res = http_reply_no_memory(r);
    else
        res = http_reply(r);
    if (!res)
        return MHD_NO;
    if (r->status >= 500)
        atomic_fetch_add(&r->srv->errors, 1);
    reaper_phase(x->http->reaper, lease_of(x->conn), PHASE_REPLY);
    x->finished = true;
    return http_queue(x->conn, r->status, res) ? MHD_YES : MHD_NO;
}

/* Where the header section ended: just behind its empty line. */
static const char *headers_end(struct MHD_Connection *conn, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    return method + (info ? info->header_size : 0);
}

static enum err screen(struct exchange *x, const char *method, const char *version)
{
    const char *end = headers_end(x->conn, method);
    struct screen *s = &x->screen;

    screen_line(s, method, x->target_at, x->target_len, version);
    MHD_get_connection_values(x->conn, MHD_HEADER_KIND, see_header, s);
    x->has_body = s->chunked || s->length;
    if (x->target_len > SCREEN_TARGET_MAX || end - method > SCREEN_HEADERS_MAX)
        return refuse(&x->r, ERR_TOO_LARGE, NULL, "the target or the headers are too long");
    if (!screen_is_fine(s, end) || !screen_target_is_fine(x->target))
        return refuse(&x->r, ERR_INVALID, NULL, "the request is malformed");
    return ERR_OK;
}

/* The refusal waits for the body, when that is short: an early one would end the connection. */
static bool may_swallow(const struct exchange *x)
{
    return !x->screen.chunked && !x->screen.expects && x->screen.length <= SWALLOW_MAX;
}

/* Headers only: a refused large body is never read, a refused small one is read and dropped. */
static enum MHD_Result on_headers(struct exchange *x, const char *method, const char *version)
{
    struct request *r = &x->r;
    struct uuid id = uuid_new();

    x->begun = true;
    r->method = method;
    uuid_text(&id, r->id);
    http_peer(x->conn, r->address);
    if (!x->err)
        x->err = screen(x, method, version);
    if (x->err) {
        route_stray(r);
        r->close = true;
        return send_reply(x);
    }
    x->err = guarded(x, begin);
    if (r->who.role > ROLE_PUBLIC)
        reaper_known(x->http->reaper, lease_of(x->conn));
    if (x->err && !may_swallow(x)) {
        r->close = true;
        return send_reply(x);
    }
    if (!x->err) {
        x->body_max = r->route->body_max ? r->route->body_max : BODY_DEFAULT;
        if (r->sink.write)
            x->body_max = (size_t)r->srv->options->upload_max;
        x->body = (struct buf)BUF_INIT(x->body_max);
    }
    reaper_phase(x->http->reaper, lease_of(x->conn), PHASE_BODY);
    return MHD_YES;
}

static void take_body(struct exchange *x, const char *data, size_t n)
{
    reaper_received(x->http->reaper, lease_of(x->conn), n);
    if (x->err)
        return;
    if (x->r.sink.write) {
        x->piece = data;
        x->piece_len = n;
        x->err = x->r.sink.received + n > x->body_max ? ERR_TOO_LARGE : guarded(x, write_sink);
    } else {
        buf_add(&x->body, data, n);
        if (x->body.failed)
            x->err = x->body.len + n > x->body_max ? ERR_TOO_LARGE : ERR_NO_MEMORY;
    }
    if (x->err == ERR_TOO_LARGE && !x->r.why.text[0])
        refuse(&x->r, x->err, NULL, "the body is larger than %zu bytes", x->body_max);
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
    return send_reply(x);
}

/*
 * The library would take a piece of its pool for each argument, and end the connection without a
 * word when they have used it up: it sees none.  This is its buffer; the target is copied by now.
 */
static void hide_arguments(struct exchange *x)
{
    char *question = strchr((char *)(uintptr_t)x->target_at, '?');

    if (question && question[1])
        question[1] = '\0';
}

/* The request line is here: the first that is known of a request. NULL ends the connection. */
static void *on_line(void *arg, const char *target, struct MHD_Connection *conn)
{
    struct http *h = arg;
    struct exchange *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    x->mem = arena_try_new();
    if (!x->mem) {
        free(x);
        return NULL;
    }
    x->http = h;
    x->conn = conn;
    x->started_us = clock_mono_us();
    x->r.srv = h->srv;
    x->r.mem = x->mem;
    x->r.out = (struct buf)BUF_INIT(REPLY_MAX);
    x->r.header = find_header;
    x->r.conn = conn;
    x->target_at = target ? target : "";
    x->target_len = strlen(x->target_at);
    x->err = guarded(x, keep_target);
    hide_arguments(x);
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

/* The library does not read a stream any more; what it and the sink own may lie in the arena. */
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
    *context = info ? reaper_add(h->reaper, info->connect_fd, h->srv) : NULL;
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

static struct MHD_Daemon *start_daemon(struct http *h, const struct listener *l, int fd)
{
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_TLS | MHD_USE_ERROR_LOG | MHD_USE_ITC;

    return MHD_start_daemon(
        flags, (uint16_t)h->port, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER,
        drop_message, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_KEY, l->key_pem,
        MHD_OPTION_HTTPS_MEM_CERT, l->cert_pem, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)h->in_all, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)h->per_address, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_CONNECTION_TIMEOUT, 330u,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, on_line, h, MHD_OPTION_NOTIFY_COMPLETED, on_done, h,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
}

static void listener_free(struct listener *l)
{
    MHD_stop_daemon(l->daemon);
    explicit_bzero(l->key_pem, strlen(l->key_pem));
    free(l->key_pem);
    free(l->cert_pem);
    free(l);
}

/* Accept on fd with this pair from now on. */
static bool listen_with(struct http *h, int fd, const char *cert_pem, const char *key_pem)
{
    struct listener *l = xcalloc(1, sizeof(*l));

    l->cert_pem = xstrdup(cert_pem);
    l->key_pem = xstrdup(key_pem);
    l->daemon = start_daemon(h, l, fd);
    if (!l->daemon) {
        listener_free(l);
        return false;
    }
    l->older = h->listener;
    h->listener = l;
    return true;
}

static enum err check_pair(const char *cert_pem, const char *key_pem, struct problem *why)
{
    if (tls_self_test(key_pem, cert_pem) == ERR_OK)
        return ERR_OK;
    problem_set(why, "keys", "the certificate and its key do not work together");
    return ERR_UNAVAILABLE;
}

enum err http_start(struct server *srv, const struct http_options *o, struct http **out,
                    struct problem *why)
{
    enum err err = check_pair(o->cert_pem, o->key_pem, why);
    struct http *h;
    int fd;

    if (err)
        return err;
    fd = listen_on(o, why);
    if (fd < 0)
        return ERR_UNAVAILABLE;
    h = xcalloc(1, sizeof(*h));
    h->srv = srv;
    h->port = port_of(fd);
    h->per_address = o->per_address;
    h->in_all = o->in_all;
    h->reaper = reaper_start(&o->deadlines, o->in_all - o->in_all / SPARE);
    if (!h->reaper || !listen_with(h, fd, o->cert_pem, o->key_pem)) {
        problem_set(why, "keys", "the listener does not start: is the certificate in order?");
        reaper_stop(h->reaper);
        close(fd);
        free(h);
        return ERR_UNAVAILABLE;
    }
    *out = h;
    return ERR_OK;
}

/* Older listeners whose last connection has ended. */
static void drop_idle(struct http *h)
{
    struct listener **at = &h->listener->older;

    while (*at) {
        struct listener *l = *at;
        const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

        if (info && info->num_connections == 0) {
            *at = l->older;
            listener_free(l);
        } else {
            at = &l->older;
        }
    }
}

enum err http_reload(struct http *h, const char *cert_pem, const char *key_pem, struct problem *why)
{
    enum err err = check_pair(cert_pem, key_pem, why);
    struct listener *now = h->listener;
    int fd;

    if (err)
        return err;
    drop_idle(h);
    if (strcmp(cert_pem, now->cert_pem) == 0 && strcmp(key_pem, now->key_pem) == 0)
        return ERR_OK;
    /* Who connects between these two waits in the socket's queue. */
    fd = MHD_quiesce_daemon(now->daemon);
    if (listen_with(h, fd, cert_pem, key_pem))
        return ERR_OK;
    problem_set(why, "keys", "the listener does not start with the new certificate");
    /* The pair that worked until now, or nobody is served any more. */
    if (!listen_with(h, fd, now->cert_pem, now->key_pem))
        abort();
    return ERR_UNAVAILABLE;
}

int http_port(const struct http *h)
{
    return h->port;
}

void http_stop(struct http *h)
{
    int64_t until = clock_mono_us() + STOP_MS * 1000;
    int fd = MHD_quiesce_daemon(h->listener->daemon);

    if (fd >= 0)
        close(fd);
    while (reaper_busy(h->reaper) && clock_mono_us() < until)
        usleep(10000);
    reaper_cut_all(h->reaper);
    while (h->listener) {
        struct listener *l = h->listener;

        h->listener = l->older;
        listener_free(l);
    }
    reaper_stop(h->reaper);
    free(h);
}
