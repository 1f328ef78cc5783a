/* What handlers answer with: records, refusals, cursors and audit records. */
#include <stdarg.h>
#include <string.h>

#include "server/request.h"
#include "server/seal.h"

enum { MAC = 16, CURSOR_RAW = 16 + MAC };

static enum err write_reply(struct request *r, unsigned status, const struct type *t,
                            const void *rec, enum json_mask mask)
{
    buf_clear(&r->out);
    r->status = status;
    json_write(&r->out, t, rec, mask, r->mem);
    return r->out.failed ? ERR_NO_MEMORY : ERR_OK;
}

enum err reply(struct request *r, unsigned status, const struct type *t, const void *rec)
{
    return write_reply(r, status, t, rec, JSON_MASKED);
}

enum err reply_owned(struct request *r, unsigned status, const struct type *t, const void *rec)
{
    return write_reply(r, status, t, rec, JSON_OWNED);
}

enum err refuse(struct request *r, enum err err, const char *field, const char *fmt, ...)
{
    char text[sizeof(r->why.text)];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    problem_set(&r->why, field, "%s", text);
    return err;
}

void request_header_add(struct request *r, const char *name, const char *value)
{
    if (r->n_extra < EXTRA_HEADERS)
        r->extra[r->n_extra++] = (struct header){name, value};
}

enum err request_id(struct request *r, int n, struct uuid *out)
{
    return uuid_parse(r->params[n], out) ? ERR_OK : ERR_NOT_FOUND;
}

static bool was_given(const struct type *t, uint64_t given, const char *name)
{
    const struct field *f = t ? type_field(t, name) : NULL;

    return f && given & type_bit(t, f);
}

bool body_has(const struct request *r, const char *field)
{
    return was_given(r->route->body, r->body_given, field) ||
           was_given(r->route->query, r->query_given, field);
}

/* What a cursor's MAC is of. */
static struct bytes cursor_data(struct request *r, const char *what, const struct uuid *id)
{
    size_t n = strlen(what) + 1;
    uint8_t *data = arena_alloc(r->mem, 32 + n);

    memcpy(data, r->who.account.b, 16);
    memcpy(data + 16, id->b, 16);
    memcpy(data + 32, what, n);
    return (struct bytes){data, 32 + n};
}

static const char digits[] = "0123456789abcdef";

/* Hexadecimal: short enough, and safe in a URL as it is. */
const char *cursor_make(struct request *r, const char *what, const struct uuid *last)
{
    char *out = arena_alloc(r->mem, CURSOR_RAW * 2 + 1);
    struct bytes data = cursor_data(r, what, last);
    uint8_t raw[CURSOR_RAW];

    memcpy(raw, last->b, 16);
    seal_hash(r->srv->seal, SEAL_CURSOR, data.p, data.n, raw + 16, MAC);
    for (int i = 0; i < CURSOR_RAW; i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    return out;
}

static bool unhex(const char *text, uint8_t *raw)
{
    for (int i = 0; i < CURSOR_RAW * 2; i++) {
        const char *d = text[i] ? strchr(digits, text[i]) : NULL;

        if (!d)
            return false;
        raw[i / 2] = (uint8_t)(i % 2 ? raw[i / 2] | (d - digits) : (d - digits) << 4);
    }
    return text[CURSOR_RAW * 2] == '\0';
}

enum err cursor_read(struct request *r, const char *what, const char *text, struct uuid *out)
{
    uint8_t raw[CURSOR_RAW];
    struct bytes data;

    *out = (struct uuid){0};
    if (!text || !*text)
        return ERR_OK;
    if (!unhex(text, raw))
        return refuse(r, ERR_INVALID, "cursor", "this is not a cursor of this listing");
    memcpy(out->b, raw, 16);
    data = cursor_data(r, what, out);
    if (!seal_hash_is(r->srv->seal, SEAL_CURSOR, data.p, data.n, raw + 16, MAC))
        return refuse(r, ERR_INVALID, "cursor", "this is not a cursor of this listing");
    return ERR_OK;
}

const struct uuid *principal_actor(const struct principal *who)
{
    return uuid_is_zero(&who->key) ? &who->user : &who->key;
}

const char *request_actor_kind(const struct request *r)
{
    if (uuid_is_zero(principal_actor(&r->who)))
        return NULL;
    return uuid_is_zero(&r->who.key) ? "user" : "key";
}

struct audit *request_audit(struct request *r, const struct uuid *target, const char *detail)
{
    struct audit *a = arena_alloc(r->mem, sizeof(*a));

    *a = (struct audit){
        .id = uuid_new(),
        .at = clock_now(),
        .actor = *principal_actor(&r->who),
        .actor_kind = request_actor_kind(r),
        .impersonator = r->who.impersonator,
        .account = r->who.account,
        .verb = r->route->audit,
        .outcome = "ok",
        .detail = detail,
        .request_id = r->id,
        .count = 1,
    };
    if (target)
        a->target = *target;
    return a;
}
