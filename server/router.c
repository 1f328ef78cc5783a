/* The one place where policy is applied, in the order that request.h gives. */
#include "server/router.h"

#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "server/audit.h"
#include "server/auth.h"
#include "server/cors.h"
#include "server/options.h"
#include "server/peer.h"
#include "server/playground.h"
#include "server/scope.h"
#include "server/seal.h"

enum { BODY_DEFAULT = 64 * 1024, BUSY_RETRY_SECONDS = 1 };

static enum err over_limit(struct request *r)
{
    r->retry_after = r->limit.retry_after;
    return refuse(r, ERR_RATE, NULL, "more than %lld requests a minute of the class %s",
                  (long long)r->limit.limit, rate_word(r->limit.rate));
}

static enum err ask_limit(struct request *r, enum rate_class rate, const void *key, size_t n)
{
    limits_take(r->srv->limits, rate, key, n, &r->limit);
    return r->limit.admitted ? ERR_OK : over_limit(r);
}

/* IPv6 customers hold a /64: the rest of the address is theirs to choose. */
size_t router_address_len(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return memcmp(address, mapped, sizeof(mapped)) == 0 ? 16 : 8;
}

static bool is_by_address(enum rate_class c)
{
    static const bool by_address[RATE_COUNT] = {
        [RATE_REGISTER] = true, [RATE_LOGIN] = true,  [RATE_FORGOT] = true,
        [RATE_RESET] = true,    [RATE_DEVICE] = true, [RATE_PREFLIGHT] = true,
        [RATE_HEALTH] = true,   [RATE_REFRESH] = true};

    return by_address[c];
}

static enum err limit_address(struct request *r)
{
    size_t n = router_address_len(r->address);

    if (r->route && is_by_address(r->route->rate))
        return ask_limit(r, r->route->rate, r->address, n);
    if (!r->header(r, "Authorization"))
        return ask_limit(r, RATE_ANONYMOUS, r->address, n);
    return ERR_OK;
}

/*
 * A token that does not verify costs the address one of its anonymous requests; one that has
 * expired, where it would have been needed, one of its refreshes.  A public row answers all the
 * same, as to nobody: who refreshes an expired token may well send it along.
 */
static enum err authenticate(struct request *r)
{
    enum err err = auth_authenticate(r), limited = ERR_OK;
    bool is_public = r->route && r->route->role == ROLE_PUBLIC;
    enum rate_class rate = RATE_ANONYMOUS;

    if (err != ERR_UNAUTHORIZED && err != ERR_TOKEN_EXPIRED)
        return err;
    if (!is_public)
        request_header_add(r, "WWW-Authenticate", "Bearer");
    if (!is_public && err == ERR_TOKEN_EXPIRED)
        rate = RATE_REFRESH;
    if (!r->route || !is_by_address(r->route->rate))
        limited = ask_limit(r, rate, r->address, router_address_len(r->address));
    if (limited || !is_public)
        return limited ? limited : err;
    r->who = (struct principal){.role = ROLE_PUBLIC};
    return ERR_OK;
}

enum rate_class router_class(const struct principal *who, enum rate_class rate)
{
    static const enum rate_class general[] = {
        [TIER_STARTER] = RATE_GENERAL,
        [TIER_PREMIUM] = RATE_PREMIUM,
        [TIER_ENTERPRISE] = RATE_ENTERPRISE,
    };

    return rate == RATE_GENERAL ? general[who->tier] : rate;
}

int64_t router_key_rate(const struct limits *l, const struct principal *who)
{
    return who->rate ? who->rate : limits_of(l, RATE_KEY);
}

/*
 * A key is bound by its own rate and by the class.  The class is looked at first, so that what it
 * refuses does not cost the key anything.
 */
static enum err limit_key(struct request *r, enum rate_class rate)
{
    struct limits *l = r->srv->limits;
    const struct uuid *key = &r->who.key;
    struct limit_answer own;

    limits_look(l, rate, limits_of(l, rate), key->b, sizeof(key->b), &r->limit);
    if (!r->limit.admitted)
        return over_limit(r);
    limits_take_of(l, RATE_KEY, router_key_rate(l, &r->who), key->b, sizeof(key->b), &own);
    if (own.admitted)
        limits_take(l, rate, key->b, sizeof(key->b), &r->limit);
    if (!own.admitted || own.remaining < r->limit.remaining)
        r->limit = own; /* what binds first is what the reply says */
    return r->limit.admitted ? ERR_OK : over_limit(r);
}

static enum err limit_principal(struct request *r)
{
    enum rate_class rate = r->route ? r->route->rate : RATE_GENERAL;

    if (r->who.role == ROLE_PUBLIC || is_by_address(rate))
        return ERR_OK;
    rate = router_class(&r->who, rate);
    return uuid_is_zero(&r->who.key) ? ask_limit(r, rate, r->who.user.b, sizeof(r->who.user.b))
                                     : limit_key(r, rate);
}

static enum err authorise_role(struct request *r)
{
    const struct route *row = r->route;
    enum err no = row->flags & ROUTE_HIDDEN ? ERR_NOT_FOUND : ERR_FORBIDDEN;

    if (row->role == ROLE_NOBODY)
        return ERR_NOT_FOUND;
    if (r->who.role < row->role && r->who.role == ROLE_PUBLIC) {
        request_header_add(r, "WWW-Authenticate", "Bearer");
        return ERR_UNAUTHORIZED;
    }
    if (r->who.role < row->role)
        return no;
    if (row->flags & ROUTE_LOCAL_ADMIN && r->who.role == ROLE_SUPER_ADMIN &&
        !peer_in(r->address, r->srv->options->super_admin_addresses))
        return no;
    if (row->flags & ROUTE_CONFIRMED && uuid_is_zero(&r->who.key) &&
        r->who.confirmed_ends_ms <= clock_real_ms())
        return ERR_CONFIRM;
    return ERR_OK;
}

static enum err authorise_key(struct request *r)
{
    const struct route *row = r->route;
    uint64_t asked = scope_bit(row);

    if (!asked)
        return refuse(r, ERR_FORBIDDEN, NULL, "this is not for keys: sign in");
    if (!(r->who.scopes & asked))
        return refuse(r, ERR_FORBIDDEN, NULL, "this key's scopes do not list %s", scope_word(row));
    if (r->who.test && !(row->flags & ROUTE_PLAYGROUND))
        return refuse(r, ERR_FORBIDDEN, NULL, "a test key searches, shows and reveals, no more");
    return ERR_OK;
}

/* What no key may call is the person's alone too, unless the row says otherwise. */
static enum err authorise_impersonator(struct request *r)
{
    unsigned flags = r->route->flags;

    if (!peer_in(r->address, r->srv->options->super_admin_addresses))
        return ERR_FORBIDDEN;
    if (flags & ROUTE_SELF || !(r->route->scope || flags & ROUTE_GUEST))
        return refuse(r, ERR_FORBIDDEN, NULL, "only the member can do this");
    return ERR_OK;
}

static enum err authorise(struct request *r)
{
    enum err err = authorise_role(r);

    if (err || r->route->role == ROLE_PUBLIC)
        return err;
    if (!uuid_is_zero(&r->who.key))
        return authorise_key(r);
    return uuid_is_zero(&r->who.impersonator) ? ERR_OK : authorise_impersonator(r);
}

static bool is_type(const char *got, const char *want)
{
    size_t n = strlen(want);

    return strncasecmp(got, want, n) == 0 && (!got[n] || got[n] == ';' || got[n] == ' ');
}

/* JSON is UTF-8 (RFC 8259 8.1); who says otherwise means another text. */
static bool is_utf8(const char *type)
{
    static const char name[] = "charset=";

    while ((type = strchr(type, ';'))) {
        type += 1 + strspn(type + 1, " \t");
        if (strncasecmp(type, name, strlen(name)) == 0) {
            type += strlen(name);
            type += *type == '"';
            return strcspn(type, "\"; \t") == 5 && strncasecmp(type, "utf-8", 5) == 0;
        }
    }
    return true;
}

static enum err check_type(struct request *r)
{
    const char *type = r->header(r, "Content-Type");
    const char *coding = r->header(r, "Content-Encoding");

    if (coding && strcasecmp(coding, "identity") != 0)
        return refuse(r, ERR_MEDIA_TYPE, NULL, "the body must come without a Content-Encoding");
    if (!r->route->body || !type)
        return ERR_OK;
    if (!is_type(type, "application/json"))
        return refuse(r, ERR_MEDIA_TYPE, NULL, "the body must be application/json");
    if (!is_utf8(type))
        return refuse(r, ERR_MEDIA_TYPE, NULL, "the body must be UTF-8");
    return ERR_OK;
}

static enum err check_body(struct request *r, size_t length, bool has_body)
{
    const struct route *row = r->route;
    size_t max = row->body_max ? row->body_max : BODY_DEFAULT;

    if (!row->body && !row->open_sink)
        return has_body ? refuse(r, ERR_INVALID, NULL, "this request takes no body") : ERR_OK;
    if (row->open_sink)
        max = (size_t)r->srv->options->upload_max;
    if (length > max)
        return refuse(r, ERR_TOO_LARGE, NULL, "the body is larger than %zu bytes", max);
    return has_body ? check_type(r) : ERR_OK;
}

static enum err check_bootstrap(struct request *r)
{
    if (!r->route || r->route->flags & ROUTE_BEFORE_BOOTSTRAP || auth_is_bootstrapped(r->srv->auth))
        return ERR_OK;
    r->retry_after = 60;
    return refuse(r, ERR_NOT_READY, NULL, "the server has no super_admin yet: POST /api/bootstrap");
}

void route_stray(struct request *r)
{
    limits_take(r->srv->limits, RATE_ANONYMOUS, r->address, router_address_len(r->address),
                &r->limit);
}

/* What is not found is limited as what is, and says so. */
enum err route_begin(struct request *r, size_t content_length, bool has_body)
{
    enum err found = router_find(r), err = ERR_OK;

    if (found == ERR_METHOD && cors_preflight(r)) {
        r->route = cors_preflight(r);
        r->n_extra = 0; /* Allow was for the refusal */
        found = ERR_OK;
    }
    err = limit_address(r);
    if (!err)
        err = check_bootstrap(r);
    if (!err)
        err = router_no_key(r);
    if (!err)
        err = authenticate(r);
    if (!err)
        err = limit_principal(r);
    if (!err)
        err = found;
    if (!err && atomic_load(&r->srv->stopping)) {
        r->close = true;
        err = ERR_UNAVAILABLE;
    }
    if (!err)
        err = authorise(r);
    if (!err && !uuid_is_zero(&r->who.key))
        audit_key_used(r);
    if (!err)
        err = check_body(r, content_length, has_body);
    if (!err && r->route->open_sink)
        err = router_query(r);
    if (!err && r->route->open_sink)
        err = r->route->open_sink(r);
    if (!err && r->route->open_sink)
        kept_begin(r);
    return err;
}

enum err route_take(struct request *r, const void *data, size_t n)
{
    r->sink.received += n;
    if (r->sink.digest)
        seal_digest_add(r->sink.digest, data, n);
    return r->sink.write(r->sink.arg, data, n);
}

/* Test keys are answered by the same handlers over other data. */
static enum err handle(struct request *r)
{
    struct server *real = r->srv;
    enum err err = ERR_OK;

    if (r->who.test)
        err = real->playground->server(real->playground, &r->srv);
    if (!err)
        err = r->route->handle(r);
    r->srv = real;
    return err;
}

enum err route_finish(struct request *r)
{
    bool answered = false;
    enum err err = r->route->open_sink ? ERR_OK : router_query(r);

    if (!err)
        err = router_body(r);
    if (!err && r->route->flags & ROUTE_IDEMPOTENT && !r->who.test)
        err = kept_find(r, &answered);
    if (err || answered)
        return err;
    err = handle(r);
    /* A twin under the same key was faster: its reply is kept by now. */
    if (err == ERR_CONFLICT && r->kept) {
        bool stale = kept_is_stale(r);
        enum err twin = kept_find(r, &answered);

        if (twin || answered)
            return twin;
        if (stale) { /* the ring got a key meanwhile: nothing was written */
            buf_clear(&r->out);
            err = handle(r);
        }
    }
    /* A plan's condition that nobody has put into words: somebody else was faster. */
    return err == ERR_CONFLICT && !r->why.text[0] ? ERR_CHANGED : err;
}

void route_problem(struct request *r, enum err err)
{
    struct problem_reply p = {
        .type = arena_printf(r->mem, "urn:leadgen:problem:%s", err_slug(err)),
        .title = err_title(err),
        .status = err_status(err),
        .detail = r->why.text[0] ? r->why.text : err_title(err),
        .code = err_slug(err),
        .retryable = err_retryable(err),
        .request_id = r->id,
        .field = r->why.field[0] ? r->why.field : NULL,
    };

    if (!r->retry_after && err_retryable(err) && err_status(err) >= 500)
        r->retry_after = BUSY_RETRY_SECONDS;
    audit_refused(r, err);
    buf_clear(&r->out);
    if (r->stream.close)
        r->stream.close(r->stream.arg);
    r->stream = (struct stream){0};
    r->status = err_status(err);
    r->content_type = "application/problem+json";
    json_write(&r->out, &problem_reply_type, &p, JSON_MASKED, r->mem);
}
