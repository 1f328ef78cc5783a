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
 * A question with an Idempotency-Key: what its keyed hashes are of.  In the arena, so that a want
 * of memory is no other print.
 */
struct kept_ask {
    struct kept_reply reply;  /* r->kept; hashed under... */
    uint32_t under;           /* this key of the ring */
    struct bytes name, print; /* principal | method and path pattern | key; target and body */
};

static struct bytes name_of(const struct request *r, const char *key)
{
    const char *text = arena_printf(r->mem, "%s %s\n%s", r->route->method, r->route->path, key);
    size_t n = strlen(text) + 1;
    uint8_t *data = arena_alloc(r->mem, 16 + n);

    memcpy(data, principal_actor(&r->who)->b, 16);
    memcpy(data + 16, text, n);
    return (struct bytes){data, 16 + n};
}

/* Of a body that went to a sink its digest. */
static struct bytes print_of(struct request *r)
{
    const char *target = arena_printf(r->mem, "%s?%s", r->path, r->query_text ? r->query_text : "");
    size_t n = strlen(target) + 1;
    size_t body = r->sink.digest ? SEAL_DIGEST : r->raw_len;
    uint8_t *data = arena_alloc(r->mem, n + body);

    memcpy(data, target, n);
    if (r->sink.digest)
        seal_digest_end(r->sink.digest, data + n);
    else if (body)
        memcpy(data + n, r->raw, body);
    return (struct bytes){data, n + body};
}

static void hash_ask(struct request *r, struct kept_ask *a, uint32_t key)
{
    uint8_t *print = arena_alloc(r->mem, FINGERPRINT);

    a->under = key;
    seal_hash_under(r->srv->seal, key, SEAL_REPLY, a->name.p, a->name.n, a->reply.id.b,
                    sizeof(a->reply.id.b));
    seal_hash_under(r->srv->seal, key, SEAL_REPLY, a->print.p, a->print.n, print, FINGERPRINT);
    a->reply.fingerprint = (struct bytes){print, FINGERPRINT};
}

/* Under each key of the ring; the newest last, under which the reply will be kept. */
static enum err find_kept(struct request *r, struct kept_ask *a, struct kept_reply *old)
{
    uint32_t ids[SEAL_KEYS];
    size_t n = seal_live(r->srv->seal, false, ids);
    enum err err = ERR_NOT_FOUND;

    for (size_t i = 0; i < n && err == ERR_NOT_FOUND; i++) {
        hash_ask(r, a, ids[i]);
        err = store_get(r->srv->store, &kept_reply_type, &a->reply.id, 0, r->mem, old);
    }
    return err;
}

enum err kept_find(struct request *r, bool *answered)
{
    const char *key = r->header(r, "Idempotency-Key");
    struct kept_reply old = {0};
    struct kept_ask *a;
    enum err err;

    *answered = false;
    if (!key)
        return ERR_OK;
    if (!is_key(key))
        return refuse(r, ERR_INVALID, "Idempotency-Key",
                      "it must be 1 to %d printable ASCII characters", KEY_MAX);
    if (!r->kept) {
        a = arena_alloc(r->mem, sizeof(*a));
        a->name = name_of(r, key);
        a->print = print_of(r);
        r->kept = &a->reply;
    }
    a = (struct kept_ask *)r->kept;
    err = find_kept(r, a, &old);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if (old.fingerprint.n != FINGERPRINT ||
        memcmp(old.fingerprint.p, a->reply.fingerprint.p, FINGERPRINT) != 0)
        return refuse(r, ERR_KEY_REUSED, "Idempotency-Key", "the key was used for another request");
    *answered = true;
    r->status = (unsigned)old.status;
    buf_clear(&r->out);
    buf_str(&r->out, old.body ? old.body : "");
    request_header_add(r, "Idempotency-Replayed", "true");
    return r->out.failed ? ERR_NO_MEMORY : ERR_OK;
}

bool kept_is_stale(const struct request *r)
{
    const struct kept_ask *a = (const struct kept_ask *)r->kept;

    return a && a->under != seal_newest(r->srv->seal);
}

bool request_keep_step(struct request *r, struct step *out)
{
    *out = (struct step){0};
    if (!r->kept)
        return false;
    r->kept->at = clock_now();
    *out = (struct step){.kind = STEP_INSERT,
                         .type = &kept_reply_type,
                         .rec = r->kept,
                         .ring = ((const struct kept_ask *)r->kept)->under};
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
