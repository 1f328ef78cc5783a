#include "tui/api.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"
#include "tui/api_private.h"
#include "tui/session.h"

enum {
    REPLY_MAX = 8 * 1024 * 1024,
    STALL_MS = 15000,
    EARLY_MS = 15000, /* a token this close to its end is exchanged first */
    EXTRA_MAX = 8,
};

static void start(struct api_call *c);

static int64_t now_ms(void)
{
    return clock_mono_us() / 1000;
}

static void fail(struct api_call *c, enum err err, const char *text)
{
    c->state = CALL_FAILED;
    c->failure = err;
    c->failure_text = text;
}

static void begin(struct api_call *c)
{
    if (transfer_start(c) != ERR_OK)
        fail(c, ERR_NO_MEMORY, "out of memory");
}

static bool unlink_call(struct api_call *c)
{
    struct api_call **at = &c->api->calls;

    while (*at && *at != c)
        at = &(*at)->next;
    if (!*at)
        return false;
    *at = c->next;
    return true;
}

static void free_call(struct api_call *c)
{
    transfer_stop(c);
    if (c->reply.data)
        explicit_bzero(c->reply.data, c->reply.size);
    buf_free(&c->reply);
    if (c->r.json)
        explicit_bzero((char *)(uintptr_t)c->r.json, strlen(c->r.json));
    arena_free(c->mem);
}

/* What waited goes on, or ends with this failure. */
static void go_on(struct api *a, enum call_state state, enum err err, const char *text)
{
    for (struct api_call *c = a->calls; c; c = c->next) {
        if (c->state != state)
            continue;
        if (err)
            fail(c, err, arena_strdup(c->mem, text));
        else
            start(c);
    }
}

static void resume(struct api *a, enum err err, const char *text)
{
    go_on(a, CALL_WAITING, err, text);
}

void api_person_changed(struct api *a)
{
    struct api_call *refresh = a->refresh;

    a->refresh = NULL;
    a->person++;
    a->tokens++;
    if (refresh)
        api_cancel(a, refresh);
    resume(a, ERR_OK, NULL);
}

void api_on_confirm(struct api *a, void (*ask)(void *), void *arg)
{
    a->ask = ask;
    a->ask_arg = arg;
}

void api_confirmed(struct api *a, bool yes)
{
    go_on(a, CALL_HELD, yes ? ERR_OK : ERR_CONFIRM, "nothing was done: it needs your password");
}

/* Tokens that cannot be written still serve this process. */
static enum err take_tokens(struct api *a, const cJSON *doc)
{
    const char *access = json_str(doc, "access_token"), *refresh = json_str(doc, "refresh_token");
    int64_t seconds = (int64_t)json_num(doc, "expires_in", 0);
    enum err err = access && refresh ? session_tokens(a->session, access, refresh, seconds, NULL)
                                     : ERR_INVALID;

    if (err == ERR_INVALID)
        return ERR_INTERNAL;
    a->tokens++;
    return ERR_OK;
}

static void refreshed(void *arg, const struct api_reply *r)
{
    struct api *a = arg;

    a->refresh = NULL;
    if (r->status == 401) {
        if (session_tokens(a->session, NULL, NULL, 0, NULL) == ERR_OK)
            a->tokens++;
        a->person++;
        resume(a, ERR_UNAUTHORIZED, "the session has ended; sign in again");
    } else if (r->err) {
        resume(a, r->err, r->detail);
    } else {
        resume(a, take_tokens(a, r->doc), "the server's answer holds no tokens");
    }
}

static void exchange_tokens(struct api *a)
{
    struct api_request r = {.method = "POST", .path = "/api/auth/refresh", .anonymous = true};
    struct buf json = BUF_INIT(16 * 1024);

    if (a->refresh)
        return;
    if (session_reload(a->session)) {
        a->tokens++;
        resume(a, ERR_OK, NULL);
        return;
    }
    buf_str(&json, "{\"refresh_token\":");
    json_write_text(&json, a->session->refresh_token);
    buf_char(&json, '}');
    r.json = json.failed ? "{}" : json.data;
    a->refresh = api_send(a, &r, refreshed, a);
    if (json.len)
        explicit_bzero(json.data, json.len);
    buf_free(&json);
}

static bool ends_soon(const struct session *s)
{
    return s->access_ends_ms && clock_real_ms() + EARLY_MS >= s->access_ends_ms;
}

static void start(struct api_call *c)
{
    struct session *s = c->api->session;

    if (!s->pin) {
        fail(c, ERR_UNAVAILABLE, "the server's key is not known yet; nothing was sent");
    } else if (c->person != c->api->person) {
        fail(c, ERR_UNAUTHORIZED, "it was asked in another name; nothing was done");
    } else if (!c->r.anonymous && !s->access_token) {
        fail(c, ERR_UNAUTHORIZED, "sign in first");
    } else if (!c->r.anonymous && !c->waited && ends_soon(s)) {
        c->waited = true;
        c->state = CALL_WAITING;
        exchange_tokens(c->api);
    } else {
        begin(c);
    }
}

static struct api_request copy_request(struct arena *mem, const struct api_request *r)
{
    struct api_request copy = *r;

    copy.method = arena_strdup(mem, r->method);
    copy.path = arena_strdup(mem, r->path);
    copy.json = arena_strdup(mem, r->json);
    copy.body_type = arena_strdup(mem, r->body_type);
    copy.idempotency_key = arena_strdup(mem, r->idempotency_key);
    if (!copy.timeout_ms)
        copy.timeout_ms = STALL_MS;
    return copy;
}

struct api_call *api_send(struct api *a, const struct api_request *r, api_done *done, void *arg)
{
    struct arena *mem = arena_new();
    struct api_call *c = arena_alloc(mem, sizeof(*c));

    *c = (struct api_call){.next = a->calls,
                           .api = a,
                           .mem = mem,
                           .r = copy_request(mem, r),
                           .done = done,
                           .arg = arg,
                           .person = a->person,
                           .reply = BUF_INIT(REPLY_MAX)};
    a->calls = c;
    start(c);
    return c;
}

static void cancel(struct api_call *c)
{
    c->state = CALL_CANCELLED;
    if (!c->api->performing && unlink_call(c))
        free_call(c);
}

void api_cancel(struct api *a, struct api_call *call)
{
    for (struct api_call *c = a->calls; c; c = c->next) {
        if (c == call) {
            cancel(c);
            return;
        }
    }
}

void api_cancel_all(struct api *a, const void *arg)
{
    for (struct api_call *c = a->calls, *next; c; c = next) {
        next = c->next;
        if (c->arg == arg)
            cancel(c);
    }
}

bool api_busy(const struct api *a)
{
    for (const struct api_call *c = a->calls; c; c = c->next)
        if (c->state != CALL_CANCELLED)
            return true;
    return false;
}

/* An expired token is exchanged and the request repeated once, if its body can be given again. */
static bool try_again(struct api_call *c, const struct api_reply *r)
{
    struct api *a = c->api;

    if (r->err != ERR_TOKEN_EXPIRED || c->r.anonymous || c->repeated || c->given ||
        c->person != a->person || !a->session->refresh_token)
        return false;
    c->repeated = true;
    transfer_stop(c);
    if (c->tokens != a->tokens) {
        begin(c);
    } else {
        c->state = CALL_WAITING;
        exchange_tokens(a);
    }
    return true;
}

static void read_reply(struct api_call *c, CURLcode rc, struct api_reply *r)
{
    *r = (struct api_reply){.bytes = "", .detail = "", .field = ""};
    if (c->state == CALL_FAILING) {
        r->err = c->failure;
        r->detail = c->failure_text;
    } else {
        transfer_read(c, rc, r);
    }
}

static bool hold(struct api_call *c, const struct api_reply *r)
{
    struct api *a = c->api;

    if (r->err != ERR_CONFIRM || !a->ask || c->held || c->given || c->state == CALL_FAILING)
        return false;
    c->held = true;
    transfer_stop(c);
    c->state = CALL_HELD;
    a->ask(a->ask_arg);
    return true;
}

/* The call is forgotten before done() runs, which may close the screen it belongs to. */
static void finish(struct api_call *c, CURLcode rc)
{
    struct api_reply r;

    read_reply(c, rc, &r);
    if (try_again(c, &r) || hold(c, &r))
        return;
    unlink_call(c);
    c->done(c->arg, &r);
    free_call(c);
}

/* When it will have been still for too long; -1: curl minds the time itself, it is connecting. */
static int64_t stall_at(const struct api_call *c)
{
    curl_off_t connected = 0;
    int64_t moved;

    if (c->state != CALL_RUNNING)
        return -1;
    curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    moved = c->started_ms + connected / 1000;
    if (c->moved_ms > moved)
        moved = c->moved_ms;
    return connected ? moved + c->r.timeout_ms : -1;
}

static void end_stalled(struct api *a)
{
    int64_t now = now_ms();

    for (struct api_call *c = a->calls, *next; c; c = next) {
        int64_t at = stall_at(c);

        next = c->next;
        if (at >= 0 && now >= at) {
            snprintf(c->error, sizeof(c->error), "nothing came for %lld s",
                     (long long)(c->r.timeout_ms + 999) / 1000);
            finish(c, CURLE_OPERATION_TIMEDOUT);
            next = a->calls; /* done() may have changed the list */
        }
    }
}

static void reap(struct api *a)
{
    for (struct api_call *c = a->calls, *next; c; c = next) {
        next = c->next;
        if (c->state == CALL_CANCELLED && unlink_call(c))
            free_call(c);
    }
}

static struct api_call *find_state(struct api *a, enum call_state state)
{
    struct api_call *c = a->calls;

    while (c && c->state != state)
        c = c->next;
    return c;
}

/* Those that fail while others' done() runs are for the next time: no circle. */
static void end_failed(struct api *a)
{
    struct api_call *c;

    for (c = a->calls; c; c = c->next)
        if (c->state == CALL_FAILED)
            c->state = CALL_FAILING;
    while ((c = find_state(a, CALL_FAILING)))
        finish(c, CURLE_OK);
}

void api_run(struct api *a)
{
    CURLMsg *m;
    int n;

    a->performing = true;
    curl_multi_perform(a->multi, &n);
    a->performing = false;
    reap(a);
    while ((m = curl_multi_info_read(a->multi, &n))) {
        struct api_call *c = NULL;

        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
        finish(c, m->data.result);
    }
    end_stalled(a);
    end_failed(a);
}

/* No longer than the next call's end for lack of progress. */
static int least_wait(struct api *a, int timeout_ms)
{
    int64_t now = now_ms(), wait = timeout_ms < 0 ? INT_MAX : timeout_ms;

    if (find_state(a, CALL_FAILED))
        return 0;
    for (const struct api_call *c = a->calls; c; c = c->next) {
        int64_t at = stall_at(c);

        if (at >= 0 && at - now < wait)
            wait = at > now ? at - now : 0;
    }
    return (int)wait;
}

void api_wait(struct api *a, struct pollfd *extra, unsigned n, int timeout_ms)
{
    struct curl_waitfd fds[EXTRA_MAX];

    assert(n <= EXTRA_MAX);
    for (unsigned i = 0; i < n; i++)
        fds[i] = (struct curl_waitfd){
            .fd = extra[i].fd,
            .events = (short)((extra[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                              (extra[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0))};
    curl_multi_poll(a->multi, fds, n, least_wait(a, timeout_ms), NULL);
    /* curl keeps hang-ups to itself, and the screen must see them. */
    if (n)
        poll(extra, n, 0);
    api_run(a);
}

struct api *api_new(struct session *s)
{
    struct api *a = xcalloc(1, sizeof(*a));

    a->session = s;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
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
    curl_global_cleanup();
    free(a);
}

char *api_escape(const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, (int)strlen(text)), *copy;

    copy = xstrdup(escaped ? escaped : "");
    curl_free(escaped);
    return copy;
}

int64_t api_sent(const struct api_call *c)
{
    return c->given;
}
