/* Query strings and bodies to records, and replies that are kept for a repeated key. */
#include <string.h>

#include "common/apikey.h"
#include "common/utf8.h"
#include "server/records.h"
#include "server/router.h"
#include "server/seal.h"

enum { KEY_MAX = 255, FINGERPRINT = 32 };

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* application/x-www-form-urlencoded; NULL: a broken escape, a NUL, or no UTF-8. */
static char *unescape(struct arena *mem, const char *text, size_t n)
{
    char *out = arena_alloc(mem, n + 1);
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] == '+') {
            out[len++] = ' ';
        } else if (text[i] != '%') {
            out[len++] = text[i];
        } else {
            int hi = i + 2 < n ? hex(text[i + 1]) : -1, lo = hi < 0 ? -1 : hex(text[i + 2]);

            if (lo < 0)
                return NULL;
            out[len++] = (char)(hi << 4 | lo);
            i += 2;
        }
    }
    out[len] = '\0';
    return utf8_valid(out, len) ? out : NULL;
}

static bool holds_key(struct arena *mem, const char *text)
{
    const char *plain = unescape(mem, text, strlen(text));

    return apikey_is_within(text) || (plain && apikey_is_within(plain));
}

enum err router_no_key(struct request *r)
{
    if (holds_key(r->mem, r->path) || (r->query_text && holds_key(r->mem, r->query_text)))
        return refuse(r, ERR_INVALID, NULL,
                      "an API key does not belong in an address: send it in the Authorization "
                      "header, and rotate this one");
    return ERR_OK;
}

static enum err take_parameter(struct request *r, const char *name, const char *value)
{
    const struct field *f = type_field(r->route->query, name);

    if (!f || f->flags & (FIELD_INTERNAL | FIELD_SERVER))
        return refuse(r, ERR_INVALID, name, "there is no such parameter");
    if (r->query_given & type_bit(r->route->query, f) && f->kind != KIND_STRS)
        return refuse(r, ERR_INVALID, name, "%s is given twice", name);
    r->query_given |= type_bit(r->route->query, f);
    return json_decode_text(f, value, r->mem, r->query, &r->why);
}

enum err router_query(struct request *r)
{
    const struct type *t = r->route->query;
    const char *at = r->query_text ? r->query_text : "";

    if (t)
        r->query = arena_alloc(r->mem, t->size);
    while (*at) {
        size_t n = strcspn(at, "&"), name_len = strcspn(at, "=&");
        const char *name = unescape(r->mem, at, name_len);
        const char *value =
            name_len < n ? unescape(r->mem, at + name_len + 1, n - name_len - 1) : "";
        enum err err;

        if (n) {
            if (!name || !value)
                return refuse(r, ERR_INVALID, name, "the escape is broken, or not UTF-8");
            if (!t)
                return refuse(r, ERR_INVALID, name, "this request takes no parameters");
            err = take_parameter(r, name, value);
            if (err)
                return err;
        }
        at += n + (at[n] == '&');
    }
    for (const struct field *f = t ? t->fields : NULL; f && f->name; f++)
        if (f->flags & FIELD_REQUIRED && !(r->query_given & type_bit(t, f)))
            return refuse(r, ERR_INVALID, f->name, "%s is missing", f->name);
    return ERR_OK;
}

enum err router_body(struct request *r)
{
    const struct type *t = r->route->body;
    const cJSON *doc;
    enum err err;

    if (!t)
        return ERR_OK;
    r->body = arena_alloc(r->mem, t->size);
    err = json_parse(r->mem, r->raw ? r->raw : "", r->raw_len, &doc, &r->why);
    if (err)
        return err;
    return json_decode(t, doc, JSON_FROM_CLIENT, r->mem, r->body, &r->body_given, &r->why);
}

static bool is_key(const char *key)
{
    size_t n = strlen(key);

    for (const char *p = key; *p; p++)
        if (*p < 0x20 || *p > 0x7e)
            return false;
    return n >= 1 && n <= KEY_MAX;
}

/* principal | method and path pattern | key */
static struct uuid kept_id(const struct request *r, const char *key)
{
    const char *text = arena_printf(r->mem, "%s %s\n%s", r->route->method, r->route->path, key);
    size_t n = strlen(text) + 1;
    uint8_t *data = arena_alloc(r->mem, 16 + n);
    struct uuid id = {0};

    memcpy(data, principal_actor(&r->who)->b, 16);
    memcpy(data + 16, text, n);
    seal_hash(r->srv->seal, SEAL_REPLY, data, 16 + n, id.b, sizeof(id.b));
    return id;
}

void kept_begin(struct request *r)
{
    const size_t align = _Alignof(struct seal_digest);
    uintptr_t at;

    if (!(r->route->flags & ROUTE_IDEMPOTENT) || !r->header(r, "Idempotency-Key"))
        return;
    at = (uintptr_t)arena_alloc(r->mem, sizeof(struct seal_digest) + align);
    r->sink.digest = (struct seal_digest *)((at + align - 1) / align * align);
    seal_digest_begin(r->sink.digest);
}

/*
 * Of what was asked: target and body, or the digest of a body that went to a sink.  In the arena,
 * so that a want of memory is no other print.
 */
static struct bytes fingerprint(struct request *r)
{
    const char *target = arena_printf(r->mem, "%s?%s", r->path, r->query_text ? r->query_text : "");
    size_t n = strlen(target) + 1;
    size_t body = r->sink.digest ? SEAL_DIGEST : r->raw_len;
    uint8_t *out = arena_alloc(r->mem, FINGERPRINT), *data = arena_alloc(r->mem, n + body);

    memcpy(data, target, n);
    if (r->sink.digest)
        seal_digest_end(r->sink.digest, data + n);
    else if (body)
        memcpy(data + n, r->raw, body);
    seal_hash(r->srv->seal, SEAL_REPLY, data, n + body, out, FINGERPRINT);
    return (struct bytes){out, FINGERPRINT};
}

enum err kept_find(struct request *r, bool *answered)
{
    const char *key = r->header(r, "Idempotency-Key");
    struct kept_reply old = {0};
    enum err err;

    *answered = false;
    if (!key)
        return ERR_OK;
    if (!is_key(key))
        return refuse(r, ERR_INVALID, "Idempotency-Key",
                      "it must be 1 to %d printable ASCII characters", KEY_MAX);
    if (!r->kept) {
        r->kept = arena_alloc(r->mem, sizeof(*r->kept));
        r->kept->id = kept_id(r, key);
        r->kept->fingerprint = fingerprint(r);
    }
    err = store_get(r->srv->store, &kept_reply_type, &r->kept->id, 0, r->mem, &old);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if (old.fingerprint.n != FINGERPRINT ||
        memcmp(old.fingerprint.p, r->kept->fingerprint.p, FINGERPRINT) != 0)
        return refuse(r, ERR_KEY_REUSED, "Idempotency-Key", "the key was used for another request");
    *answered = true;
    r->status = (unsigned)old.status;
    buf_clear(&r->out);
    buf_str(&r->out, old.body ? old.body : "");
    request_header_add(r, "Idempotency-Replayed", "true");
    return r->out.failed ? ERR_NO_MEMORY : ERR_OK;
}

bool request_keep_step(struct request *r, struct step *out)
{
    *out = (struct step){0};
    if (!r->kept)
        return false;
    r->kept->at = clock_now();
    *out = (struct step){.kind = STEP_INSERT, .type = &kept_reply_type, .rec = r->kept};
    return true;
}

enum err request_keep(struct request *r)
{
    if (r->out.failed)
        return ERR_NO_MEMORY;
    if (r->kept) {
        r->kept->status = r->status;
        r->kept->body = r->out.data;
    }
    return ERR_OK;
}
