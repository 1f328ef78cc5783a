#include "tui/api.h"

#include <curl/curl.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"
#include "tui/session.h"

enum {
    REPLY_MAX = 8 * 1024 * 1024,
    CONNECT_MS = 10000,
    QUIET_SECONDS = 15,
    EARLY_MS = 15000, /* refresh this long before the token ends */
    EXTRA_FDS = 8,
};

enum call_state { CALL_WAITING, CALL_FLYING, CALL_FINISHED };

struct api_call {
    struct api_call *next;
    struct api *api;
    enum call_state state;
    bool cancelled, repeated, is_refresh;
    api_done *done;
    void *arg;
    /* the request, kept so that it can be repeated */
    char *method, *path, *json, *key, *body_type;
    api_body *body;
    int64_t body_size;
    api_bytes *bytes;
    bool anonymous;
    int64_t timeout_ms;
    /* the transfer */
    CURL *easy;
    struct curl_slist *headers;
    struct buf reply;
    int64_t retry_after, started_us, sent;
    char error[CURL_ERROR_SIZE];
};

struct api {
    struct session *session;
    CURLM *multi;
    struct api_call *calls;
    bool refreshing;
};

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

static void set_free(char *s)
{
    if (s)
        explicit_bzero(s, strlen(s));
    free(s);
}

static void end_transfer(struct api_call *c)
{
    if (!c->easy)
        return;
    curl_multi_remove_handle(c->api->multi, c->easy);
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    c->easy = NULL;
    c->headers = NULL;
}

static void free_call(struct api_call *c)
{
    end_transfer(c);
    free(c->method);
    free(c->path);
    set_free(c->json);
    free(c->key);
    free(c->body_type);
    buf_free(&c->reply);
    free(c);
}

static void unlink_call(struct api *a, struct api_call *c)
{
    struct api_call **at = &a->calls;

    while (*at && *at != c)
        at = &(*at)->next;
    if (*at)
        *at = c->next;
}

struct api *api_new(struct session *s)
{
    struct api *a = xcalloc(1, sizeof(*a));

    a->session = s;
    a->multi = curl_multi_init();
    if (!a->multi) {
        free(a);
        return NULL;
    }
    return a;
}

void api_free(struct api *a)
{
    if (!a)
        return;
    while (a->calls) {
        struct api_call *c = a->calls;

        a->calls = c->next;
        free_call(c);
    }
    curl_multi_cleanup(a->multi);
    free(a);
}

static size_t take_bytes(char *data, size_t size, size_t n, void *arg)
{
    struct api_call *c = arg;
    long status = 0;

    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    if (c->bytes && status < 400 && !c->cancelled)
        return c->bytes(c->arg, data, size * n) ? size * n : 0;
    buf_add(&c->reply, data, size * n);
    return c->reply.failed ? 0 : size * n;
}

static size_t take_header(char *data, size_t size, size_t n, void *arg)
{
    static const char name[] = "retry-after:";
    struct api_call *c = arg;

    if (size * n > sizeof(name) && curl_strnequal(data, name, sizeof(name) - 1))
        c->retry_after = strtoll(data + sizeof(name) - 1, NULL, 10);
    return size * n;
}

static size_t give_body(char *out, size_t size, size_t n, void *arg)
{
    struct api_call *c = arg;
    long k = c->cancelled ? -1 : c->body(c->arg, out, size * n);

    if (k < 0)
        return CURL_READFUNC_ABORT;
    c->sent += k;
    return (size_t)k;
}

static void add_header(struct api_call *c, const char *name, const char *value)
{
    struct arena *mem = arena_new();
    char *line = arena_printf(mem, "%s: %s", name, value);

    c->headers = curl_slist_append(c->headers, line);
    explicit_bzero(line, strlen(line));
    arena_free(mem);
}

static void set_headers(struct api_call *c)
{
    struct session *s = c->api->session;

    if (!c->anonymous && s->access_token) {
        struct arena *mem = arena_new();
        char *bearer = arena_printf(mem, "Bearer %s", s->access_token);

        add_header(c, "Authorization", bearer);
        explicit_bzero(bearer, strlen(bearer));
        arena_free(mem);
    }
    if (c->json)
        add_header(c, "Content-Type", "application/json");
    else if (c->body)
        add_header(c, "Content-Type", c->body_type ? c->body_type : "text/csv");
    if (c->key)
        add_header(c, "Idempotency-Key", c->key);
    c->headers = curl_slist_append(c->headers, "Expect:");
}

static void set_body(struct api_call *c)
{
    if (c->json) {
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(c->json));
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->json);
    } else if (c->body) {
        curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(c->easy, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(c->easy, CURLOPT_READDATA, c);
        if (c->body_size >= 0)
            curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_size);
    } else if (strcmp(c->method, "POST") == 0) {
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE, 0L);
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, "");
    }
    curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, c->method);
}

/* The pin is what the server is known by; without one nothing may be sent. */
static void set_trust(struct api_call *c)
{
    curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c->easy, CURLOPT_PINNEDPUBLICKEY, c->api->session->pin);
}

static bool launch(struct api_call *c)
{
    struct arena *mem = arena_new();
    long quiet = c->timeout_ms ? (long)((c->timeout_ms + 999) / 1000) : QUIET_SECONDS;

    c->easy = curl_easy_init();
    if (c->easy) {
        curl_easy_setopt(c->easy, CURLOPT_URL,
                         arena_printf(mem, "%s%s", c->api->session->server, c->path));
        set_trust(c);
        set_headers(c);
        set_body(c);
        curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
        curl_easy_setopt(c->easy, CURLOPT_ACCEPT_ENCODING, "");
        curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, take_bytes);
        curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
        curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
        curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
        curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->error);
        curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
        curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_TIME, quiet);
        c->state = CALL_FLYING;
        curl_multi_add_handle(c->api->multi, c->easy);
    }
    arena_free(mem);
    return c->easy != NULL;
}

static bool needs_refresh(const struct api *a)
{
    const struct session *s = a->session;

    return s->refresh_token &&
           (!s->access_token ||
            (s->access_ends_ms && s->access_ends_ms - clock_real_ms() < EARLY_MS));
}

static struct api_call *new_call(struct api *a, const struct api_request *r, api_done *done,
                                 void *arg)
{
    struct api_call *c = xcalloc(1, sizeof(*c));

    c->api = a;
    c->done = done;
    c->arg = arg;
    c->method = copy(r->method);
    c->path = copy(r->path);
    c->json = copy(r->json);
    c->key = copy(r->idempotency_key);
    c->body_type = copy(r->body_type);
    c->body = r->body;
    c->body_size = r->body_size;
    c->bytes = r->bytes;
    c->anonymous = r->anonymous;
    c->timeout_ms = r->timeout_ms;
    c->reply = (struct buf)BUF_INIT(REPLY_MAX);
    c->started_us = clock_mono_us();
    c->next = a->calls;
    a->calls = c;
    return c;
}

static void start_refresh(struct api *a);

struct api_call *api_send(struct api *a, const struct api_request *r, api_done *done, void *arg)
{
    struct api_call *c = new_call(a, r, done, arg);

    if (!a->session->pin) {
        snprintf(c->error, sizeof(c->error), "the server's key is not known yet");
        c->state = CALL_FINISHED;
    } else if (!c->anonymous && (a->refreshing || needs_refresh(a))) {
        c->state = CALL_WAITING;
        if (!a->refreshing)
            start_refresh(a);
    } else if (!launch(c)) {
        c->state = CALL_FINISHED;
    }
    return c;
}

/* Those that waited for the new token go on; with none they will be told to sign in. */
static void release_waiting(struct api *a)
{
    for (struct api_call *c = a->calls; c; c = c->next)
        if (c->state == CALL_WAITING && !c->cancelled && !launch(c))
            c->state = CALL_FINISHED;
}

static void refreshed(void *arg, const struct api_reply *reply)
{
    struct api *a = arg;
    const char *access = json_str(reply->doc, "access_token");
    const char *refresh = json_str(reply->doc, "refresh_token");

    a->refreshing = false;
    if (!reply->err && access && refresh) {
        enum err err = session_tokens(a->session, access, refresh,
                                      (int64_t)json_num(reply->doc, "expires_in", 0), NULL);

        (void)err; /* the session goes on without its file */
    } else if (reply->err == ERR_UNAUTHORIZED) {
        enum err err = session_tokens(a->session, NULL, NULL, 0, NULL);

        (void)err;
    }
    release_waiting(a);
}

static void start_refresh(struct api *a)
{
    struct buf b = BUF_INIT(4096);
    struct api_request r = {.method = "POST", .path = "/api/auth/refresh", .anonymous = true};
    struct api_call *c;

    a->refreshing = true;
    buf_str(&b, "{\"refresh_token\":");
    json_write_text(&b, a->session->refresh_token);
    buf_char(&b, '}');
    r.json = b.data;
    c = api_send(a, &r, refreshed, a);
    c->is_refresh = true;
    explicit_bzero(b.data, b.len);
    buf_free(&b);
}

void api_cancel(struct api *a, struct api_call *c)
{
    (void)a;
    if (!c)
        return;
    c->cancelled = true; /* freed by the next api_run(): this may be inside its callback */
}

void api_cancel_all(struct api *a, const void *arg)
{
    for (struct api_call *c = a->calls; c; c = c->next)
        if (c->arg == arg && !c->is_refresh)
            c->cancelled = true;
}

bool api_busy(const struct api *a)
{
    for (const struct api_call *c = a->calls; c; c = c->next)
        if (!c->cancelled)
            return true;
    return false;
}

static enum err problem_of(const struct api_reply *r)
{
    const char *code = json_str(r->doc, "code");

    if (r->status == 0)
        return ERR_UNAVAILABLE;
    if (r->status < 400)
        return ERR_OK;
    return code ? err_from_slug(code) : ERR_INTERNAL;
}

static const char *detail_of(struct arena *mem, const struct api_call *c, const struct api_reply *r,
                             CURLcode rc)
{
    const char *text = json_str(r->doc, "detail");

    if (r->status == 0 && r->pin_mismatch)
        return "the server's key is not the known one: this may be another server";
    if (r->status == 0)
        return utf8_clean(mem, c->error[0] ? c->error : curl_easy_strerror(rc));
    return text ? utf8_clean(mem, text) : err_title(r->err);
}

static bool token_expired(const struct api_call *c, const struct api_reply *r)
{
    return r->err == ERR_TOKEN_EXPIRED && !c->repeated && !c->anonymous && !c->body &&
           c->api->session->refresh_token;
}

/* The call is out of the list and can start others from its done(). */
static void deliver(struct api *a, struct api_call *c, CURLcode rc)
{
    struct arena *mem = arena_new();
    struct api_reply r = {.bytes = c->reply.data ? c->reply.data : "",
                          .len = c->reply.len,
                          .retry_after = c->retry_after,
                          .took_ms = (clock_mono_us() - c->started_us) / 1000};
    long status = 0, sent = 0;

    if (c->easy) {
        curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &sent);
    }
    r.status = rc == CURLE_OK ? (unsigned)status : 0;
    r.sent = sent > 0;
    r.pin_mismatch = rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
    if (c->reply.len && json_parse(mem, c->reply.data, c->reply.len, &r.doc, NULL))
        r.doc = NULL;
    r.err = problem_of(&r);
    r.detail = r.err || rc ? detail_of(mem, c, &r, rc) : "";
    r.field = json_str(r.doc, "field") ? json_str(r.doc, "field") : "";
    if (token_expired(c, &r)) {
        end_transfer(c);
        buf_clear(&c->reply);
        c->repeated = true;
        c->state = CALL_WAITING;
        c->next = a->calls;
        a->calls = c;
        if (!a->refreshing)
            start_refresh(a);
    } else {
        end_transfer(c);
        c->done(c->arg, &r);
        free_call(c);
    }
    arena_free(mem);
}

static void drop_cancelled(struct api *a)
{
    struct api_call **at = &a->calls;

    while (*at) {
        struct api_call *c = *at;

        if (c->cancelled) {
            *at = c->next;
            free_call(c);
        } else {
            at = &c->next;
        }
    }
}

static struct api_call *next_finished(struct api *a)
{
    struct api_call *c = a->calls;

    while (c && (c->state != CALL_FINISHED || c->cancelled))
        c = c->next;
    return c;
}

void api_run(struct api *a)
{
    struct api_call *c;
    CURLMsg *m;
    int n;

    drop_cancelled(a);
    curl_multi_perform(a->multi, &n);
    while ((m = curl_multi_info_read(a->multi, &n))) {
        CURLcode rc = m->data.result;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
        unlink_call(a, c);
        if (c->cancelled)
            free_call(c);
        else
            deliver(a, c, rc);
    }
    while ((c = next_finished(a))) { /* those that could not even start */
        unlink_call(a, c);
        deliver(a, c, CURLE_COULDNT_CONNECT);
    }
    drop_cancelled(a);
}

void api_wait(struct api *a, struct pollfd *extra, unsigned n, int timeout_ms)
{
    struct curl_waitfd fds[EXTRA_FDS];

    if (next_finished(a))
        timeout_ms = 0;
    n = n < EXTRA_FDS ? n : EXTRA_FDS;
    for (unsigned i = 0; i < n; i++)
        fds[i] = (struct curl_waitfd){extra[i].fd, CURL_WAIT_POLLIN, 0};
    curl_multi_poll(a->multi, fds, n, timeout_ms, NULL);
    for (unsigned i = 0; i < n; i++)
        extra[i].revents = fds[i].revents & CURL_WAIT_POLLIN ? POLLIN : 0;
    api_run(a);
}

char *api_escape(const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));
    char *out = xstrdup(escaped ? escaped : "");

    curl_free(escaped);
    return out;
}

int64_t api_sent(const struct api_call *c)
{
    return c->sent;
}
