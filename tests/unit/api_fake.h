/* A server in the test's own process that answers as it is told, and a client signed in to it. */
#ifndef TESTS_UNIT_API_FAKE_H
#define TESTS_UNIT_API_FAKE_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "server/tls.h"
#include "tests/test.h"
#include "tui/api.h"
#include "tui/session.h"

enum { HUGE_REPLY = 9 * 1024 * 1024, STREAM_REPLY = 20 * 1024 * 1024 };

static struct fake {
    struct MHD_Daemon *daemon;
    struct arena *mem;
    const char *pin;
    unsigned port;
    atomic_int requests, refreshes, seen_tokens, aborted;
    atomic_int refresh_status; /* what an exchange answers */
    atomic_int confirmed;      /* /api/dangerous is done */
    int hold[2];               /* a pipe: closing its end lets held requests go */
    struct session session;
    struct api *api;
} fake;

/* One request on the server's side. */
struct visit {
    size_t body;
    char last;
};

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
                              const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                             MHD_RESPMEM_MUST_COPY);
    enum MHD_Result ok;

    MHD_add_response_header(r, "Content-Type", type);
    if (status == 429)
        MHD_add_response_header(r, "Retry-After", "7");
    if (status == 302)
        MHD_add_response_header(r, "Location", "/api/ok");
    ok = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return ok;
}

static ssize_t give_zeros(void *arg, uint64_t at, char *out, size_t max)
{
    uint64_t size = *(const uint64_t *)arg;

    if (at >= size)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (max > size - at)
        max = (size_t)(size - at);
    memset(out, '0', max);
    return (ssize_t)max;
}

static enum MHD_Result answer_long(struct MHD_Connection *c, const uint64_t *size)
{
    struct MHD_Response *r = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 64 * 1024, give_zeros, (void *)(uintptr_t)size, NULL);
    enum MHD_Result ok = MHD_queue_response(c, 200, r);

    MHD_destroy_response(r);
    return ok;
}

static enum MHD_Result answer_refresh(struct MHD_Connection *c)
{
    fake.refreshes++;
    if (fake.refresh_status != 200)
        return answer(c, (unsigned)fake.refresh_status, "application/problem+json",
                      "{\"code\":\"unauthorized\",\"detail\":\"no\"}");
    return answer(c, 200, "application/json",
                  "{\"access_token\":\"fresh\",\"refresh_token\":\"r2\",\"expires_in\":600}");
}

static enum MHD_Result answer_held(struct MHD_Connection *c)
{
    char byte;

    if (read(fake.hold[0], &byte, 1) < 0)
        return MHD_NO;
    return answer(c, 200, "application/json", "{}");
}

static enum MHD_Result route(struct MHD_Connection *c, const char *path, const struct visit *v)
{
    static const uint64_t huge = HUGE_REPLY, stream = STREAM_REPLY;
    char text[64];

    if (strcmp(path, "/api/auth/refresh") == 0)
        return answer_refresh(c);
    if (strcmp(path, "/api/problem") == 0)
        return answer(c, 429, "application/problem+json",
                      "{\"code\":\"rate_limited\",\"detail\":\"slow \\u001b[31mdown\","
                      "\"field\":\"rate\"}");
    if (strcmp(path, "/api/html") == 0)
        return answer(c, 500, "text/html", "<h1>no</h1>");
    if (strcmp(path, "/api/broken") == 0)
        return answer(c, 200, "application/json", "{\"a\":");
    if (strcmp(path, "/api/elsewhere") == 0)
        return answer(c, 302, "text/plain", "");
    if (strcmp(path, "/api/dangerous") == 0 && !fake.confirmed)
        return answer(c, 403, "application/problem+json",
                      "{\"code\":\"confirm_required\",\"detail\":\"the password once more\"}");
    if (strcmp(path, "/api/drop") == 0)
        return MHD_NO;
    if (strcmp(path, "/api/hold") == 0)
        return answer_held(c);
    if (strcmp(path, "/api/huge") == 0)
        return answer_long(c, &huge);
    if (strcmp(path, "/api/stream") == 0)
        return answer_long(c, &stream);
    snprintf(text, sizeof(text), "{\"body\":%zu,\"last\":%d}", v->body, v->last);
    return answer(c, 200, "application/json", text);
}

/* Before the body, as the server does. */
static bool is_refused(struct MHD_Connection *c, const char *path)
{
    const char *auth = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");

    fake.seen_tokens += auth != NULL;
    return strcmp(path, "/api/never") == 0 ||
           (strcmp(path, "/api/private") == 0 && (!auth || strcmp(auth, "Bearer fresh") != 0));
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *path,
                              const char *method, const char *version, const char *data, size_t *n,
                              void **slot)
{
    struct visit *v = *slot;

    (void)arg;
    (void)version;
    (void)method;
    if (!v) {
        *slot = xcalloc(1, sizeof(*v));
        fake.requests++;
        if (is_refused(c, path))
            return answer(c, 401, "application/problem+json",
                          "{\"code\":\"token_expired\",\"detail\":\"old\"}");
        return MHD_YES;
    }
    if (*n) {
        v->body += *n;
        v->last = data[*n - 1];
        *n = 0;
        return MHD_YES;
    }
    return route(c, path, v);
}

static void forget_visit(void *arg, struct MHD_Connection *c, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)c;
    fake.aborted += code != MHD_REQUEST_TERMINATED_COMPLETED_OK;
    free(*slot);
}

static void start_server(void)
{
    const char *key = NULL, *cert = NULL;
    const union MHD_DaemonInfo *info;
    static char server[64];

    fake.mem = arena_new();
    CHECK(tls_make(fake.mem, &key, &cert) == ERR_OK);
    CHECK(tls_pin(fake.mem, cert, &fake.pin) == ERR_OK);
    fake.daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_TLS, 0, NULL,
        NULL, handle, NULL, MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_MEM_CERT, cert,
        MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_NOTIFY_COMPLETED, forget_visit,
        NULL, MHD_OPTION_END);
    CHECK(fake.daemon != NULL);
    info = MHD_get_daemon_info(fake.daemon, MHD_DAEMON_INFO_BIND_PORT);
    fake.port = info->port;
    snprintf(server, sizeof(server), "https://127.0.0.1:%u", fake.port);
    fake.session.server = server;
}

static void stop_server(void)
{
    MHD_stop_daemon(fake.daemon);
    arena_free(fake.mem);
}

/* A client that is signed in with a token the server calls old. */
static void begin(void)
{
    fake.requests = fake.refreshes = fake.seen_tokens = fake.aborted = 0;
    fake.refresh_status = 200;
    fake.session.pin = xstrdup(fake.pin);
    fake.session.access_token = xstrdup("old");
    fake.session.refresh_token = xstrdup("r1");
    fake.session.access_ends_ms = 0;
    fake.api = api_new(&fake.session);
    CHECK(fake.api != NULL);
}

static void end(void)
{
    api_free(fake.api);
    free(fake.session.pin);
    free(fake.session.access_token);
    free(fake.session.refresh_token);
}

#endif
