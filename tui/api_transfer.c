/* One transfer: from a request to curl, and from curl to a reply. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"
#include "tui/api_private.h"
#include "tui/session.h"

enum { CONNECT_MS = 10000, HEADER_MAX = 16 * 1024 };

static int64_t now_ms(void)
{
    return clock_mono_us() / 1000;
}

/* Returning less than it was given makes curl end the transfer. */
static size_t take_reply(char *data, size_t size, size_t n, void *arg)
{
    struct api_call *c = arg;
    long status = 0;

    n *= size;
    c->moved_ms = now_ms();
    if (c->state == CALL_CANCELLED)
        return 0;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    if (c->r.bytes && status < 300) {
        c->ended = !c->r.bytes(c->arg, data, n);
        return c->ended ? 0 : n;
    }
    buf_add(&c->reply, data, n);
    return c->reply.failed ? 0 : n;
}

static size_t take_header(char *data, size_t size, size_t n, void *arg)
{
    struct api_call *c = arg;

    (void)data;
    c->moved_ms = now_ms();
    return size * n;
}

static size_t give_body(char *out, size_t size, size_t n, void *arg)
{
    struct api_call *c = arg;
    long got = c->state == CALL_CANCELLED ? -1 : c->r.body(c->arg, out, size * n);

    if (got < 0)
        return CURL_READFUNC_ABORT;
    c->moved_ms = now_ms();
    c->given += got;
    return (size_t)got;
}

/* curl copies the text; ours is wiped, for it may hold the token. */
static void add_header(struct api_call *c, const char *name, const char *value)
{
    struct buf line = BUF_INIT(HEADER_MAX);
    struct curl_slist *list;

    buf_printf(&line, "%s:%s%s", name, *value ? " " : "", value);
    list = line.failed ? NULL : curl_slist_append(c->headers, line.data);
    if (list)
        c->headers = list;
    if (line.len)
        explicit_bzero(line.data, line.len);
    buf_free(&line);
}

static void add_headers(struct api_call *c)
{
    const struct session *s = c->api->session;
    struct buf bearer = BUF_INIT(HEADER_MAX);

    if (!c->r.anonymous) {
        buf_printf(&bearer, "Bearer %s", s->access_token);
        add_header(c, "Authorization", bearer.failed ? "" : bearer.data);
        if (bearer.len)
            explicit_bzero(bearer.data, bearer.len);
        buf_free(&bearer);
    }
    if (c->r.idempotency_key)
        add_header(c, "Idempotency-Key", c->r.idempotency_key);
    add_header(c, "Content-Type",
               c->r.json        ? "application/json"
               : c->r.body_type ? c->r.body_type
                                : "");
    /* Ask before a stream is given out: a refusal then comes while it can still be repeated. */
    add_header(c, "Expect", c->r.body ? "100-continue" : "");
}

static void set_transport(struct api_call *c)
{
    CURL *e = c->easy;

    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(e, CURLOPT_PROXY, ""); /* none of the environment's either */
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "leadgen/" VERSION); /* what a session is known by */
    curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    /* The pin alone decides whose key it is: certificates are self-signed. */
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, c->api->session->pin);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_reply);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
}

static void set_body(struct api_call *c)
{
    CURL *e = c->easy;

    if (c->r.body) {
        curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(e, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(e, CURLOPT_READDATA, c);
        curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)c->r.body_size);
    } else if (c->r.json || strcmp(c->r.method, "GET") != 0) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->r.json ? c->r.json : "");
    }
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->r.method);
}

enum err transfer_start(struct api_call *c)
{
    struct api *a = c->api;
    struct buf url = BUF_INIT(64 * 1024);

    c->easy = curl_easy_init();
    buf_printf(&url, "%s%s", a->session->server, c->r.path);
    if (!c->easy || url.failed) {
        buf_free(&url);
        return ERR_NO_MEMORY;
    }
    curl_easy_setopt(c->easy, CURLOPT_URL, url.data);
    buf_free(&url);
    set_transport(c);
    set_body(c);
    add_headers(c);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    c->state = CALL_RUNNING;
    c->started_ms = c->moved_ms = now_ms();
    c->tokens = a->tokens;
    curl_multi_add_handle(a->multi, c->easy);
    return ERR_OK;
}

void transfer_stop(struct api_call *c)
{
    if (c->easy) {
        curl_multi_remove_handle(c->api->multi, c->easy);
        curl_easy_cleanup(c->easy);
    }
    c->easy = NULL;
    for (struct curl_slist *h = c->headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    buf_clear(&c->reply);
}

/* The error of a status whose body does not say more. */
static enum err err_of_status(unsigned status)
{
    for (int e = ERR_INVALID; e < ERR_COUNT; e++)
        if (err_status((enum err)e) == status)
            return (enum err)e;
    return ERR_INTERNAL;
}

static void read_answer(struct api_call *c, struct api_reply *r)
{
    const char *code, *text, *type = NULL;
    bool is_json;

    curl_easy_getinfo(c->easy, CURLINFO_CONTENT_TYPE, &type);
    is_json = type && strstr(type, "json");
    if (is_json && c->reply.len &&
        json_parse(c->mem, c->reply.data, c->reply.len, &r->doc, NULL) != ERR_OK) {
        r->err = ERR_INTERNAL;
        r->detail = "the server's answer is not well-formed JSON";
    }
    if (r->status < 300)
        return;
    code = json_str(r->doc, "code");
    r->err = code ? err_from_slug(code) : err_of_status(r->status);
    text = json_str(r->doc, "detail");
    r->detail = utf8_clean(c->mem, text && *text ? text : err_title(r->err));
    text = json_str(r->doc, "field");
    r->field = utf8_clean(c->mem, text ? text : "");
}

static void read_failure(struct api_call *c, CURLcode rc, struct api_reply *r)
{
    const struct session *s = c->api->session;
    const char *text = *c->error ? c->error : curl_easy_strerror(rc);
    long request_bytes = 0;

    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    r->sent = request_bytes > 0;
    r->status = 0;
    r->err = ERR_UNAVAILABLE;
    r->pin_mismatch = rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
    if (c->reply.failed) {
        r->err = ERR_TOO_LARGE;
        r->detail = "the server's answer is larger than 8 MiB";
    } else if (r->pin_mismatch) {
        r->detail = "the server's key is not the pinned one; nothing was sent";
    } else if (rc == CURLE_ABORTED_BY_CALLBACK) {
        r->detail = "the body could not be read";
    } else {
        r->detail =
            utf8_clean(c->mem, arena_printf(c->mem, "no answer from %s: %s", s->server, text));
    }
}

void transfer_read(struct api_call *c, CURLcode rc, struct api_reply *r)
{
    long status = 0;
    curl_off_t wait = 0;

    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &wait);
    r->status = (unsigned)status;
    r->retry_after = wait;
    r->took_ms = now_ms() - c->started_ms;
    if (c->reply.len) {
        r->bytes = c->reply.data;
        r->len = c->reply.len;
    }
    if (rc == CURLE_OK || c->ended)
        read_answer(c, r);
    else
        read_failure(c, rc, r);
}
