/*
 * What the router is tested in: a table of our own, and what stands in for the sign-in, the store
 * and the wire.
 */
#ifndef TESTS_UNIT_ROUTER_WORLD_H
#define TESTS_UNIT_ROUTER_WORLD_H

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/auth.h"
#include "server/options.h"
#include "server/records.h"
#include "server/router.h"
#include "server/seal.h"
#include "tests/test.h"

#define ID "019a0000-0000-7000-8000-000000000001"
#define OTHER_ID "019a0000-0000-7000-8000-000000000002"

enum { HEADERS = 8 };

static struct server srv;
static struct options options;
static bool bootstrapped = true;
static int handled;            /* calls of the handlers */
static struct kept_reply kept; /* the fake store holds one */
static bool is_kept, twin_is_faster;
static char kept_body[4096];

/* Sign-in: the word after Bearer is who it is. */

bool auth_is_bootstrapped(struct auth *a)
{
    (void)a;
    return bootstrapped;
}

enum err auth_authenticate(struct request *r)
{
    const char *token = r->header(r, "Authorization");

    r->who = (struct principal){.role = ROLE_PUBLIC};
    if (!token)
        return ERR_OK;
    if (strcmp(token, "expired") == 0)
        return ERR_TOKEN_EXPIRED;
    r->who.role = role_find(token);
    if (r->who.role == ROLE_NOBODY)
        return ERR_UNAUTHORIZED;
    r->who.user.b[0] = (uint8_t)r->who.role;
    r->who.account.b[0] = (uint8_t)(r->who.role + 100);
    return ERR_OK;
}

/* The store: one kept reply. */

enum err store_get(struct store *s, const struct type *t, const struct uuid *id, uint64_t fields,
                   struct arena *mem, void *rec)
{
    (void)s;
    (void)fields;
    (void)mem;
    if (t != &kept_reply_type || !is_kept || !uuid_equal(id, &kept.id))
        return ERR_NOT_FOUND;
    *(struct kept_reply *)rec = kept;
    return ERR_OK;
}

static void keep(const struct kept_reply *k)
{
    static uint8_t print[64];

    kept = *k;
    memcpy(print, k->fingerprint.p, k->fingerprint.n);
    kept.fingerprint.p = print;
    snprintf(kept_body, sizeof(kept_body), "%s", k->body);
    kept.body = kept_body;
    is_kept = true;
}

/* The table. */

static enum err answer(struct request *r)
{
    struct accepted out = {.message = "done"};

    handled++;
    return reply(r, 200, &accepted_type, &out);
}

static enum err answer_once(struct request *r)
{
    struct accepted out = {.message = "done once"};
    struct step step;
    enum err err;

    handled++;
    err = reply(r, 200, &accepted_type, &out);
    if (!err && request_keep_step(r, &step)) {
        err = request_keep(r);
        CHECK(step.kind == STEP_INSERT && step.type == &kept_reply_type && step.rec == r->kept);
        keep(r->kept);
    }
    return twin_is_faster ? ERR_CONFLICT : err;
}

/* Of nobody's: well-formed ids and others are answered alike. */
static enum err by_id(struct request *r)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    handled++;
    return err ? err : ERR_NOT_FOUND;
}

static const struct route rows[] = {
    {"GET", "/api/open", answer, "", .role = ROLE_PUBLIC, .rate = RATE_ANONYMOUS,
     .flags = ROUTE_BEFORE_BOOTSTRAP},
    {"GET", "/api/nobody", answer, ""},
    {"GET", "/api/things/search", answer, "", .role = ROLE_VIEWER, .rate = RATE_SEARCH,
     .query = &search_query_type},
    {"GET", "/api/things/:id", by_id, "", .role = ROLE_VIEWER},
    {"POST", "/api/things/:id", answer, "", .role = ROLE_USER, .body = &login_request_type},
    {"POST", "/api/things/:id/do/:what", answer_once, "", .role = ROLE_USER,
     .body = &login_request_type, .flags = ROUTE_IDEMPOTENT, .audit = "thing.do"},
    {"GET", "/api/hidden", answer, "", .role = ROLE_ADMIN, .flags = ROUTE_HIDDEN},
    {"GET", "/api/platform", answer, "", .role = ROLE_SUPER_ADMIN, .flags = ROUTE_LOCAL_ADMIN},
    {"POST", "/api/login", answer, "", .role = ROLE_PUBLIC, .rate = RATE_LOGIN,
     .body = &login_request_type},
    {"POST", "/api/small", answer, "", .role = ROLE_PUBLIC, .body = &login_request_type,
     .body_max = 40},
    {0},
};
const struct route *const route_tables[] = {rows, NULL};

/* One call. */

struct call {
    const char *method, *path, *query, *who, *key, *type, *coding, *body, *address;
    size_t length; /* said in the headers, when there is no body */
};

static const struct call *current;

static const char *header(const struct request *r, const char *name)
{
    (void)r;
    if (strcmp(name, "Authorization") == 0)
        return current->who;
    if (strcmp(name, "Idempotency-Key") == 0)
        return current->key;
    if (strcmp(name, "Content-Encoding") == 0)
        return current->coding;
    return strcmp(name, "Content-Type") == 0 ? current->type : NULL;
}

static struct request last; /* of the last call */

static void end(void)
{
    buf_free(&last.out);
    arena_free(last.mem);
    memset(&last, 0, sizeof(last));
}

static enum err begin(const struct call *c)
{
    size_t n = c->body ? strlen(c->body) : c->length;
    struct in_addr v4;

    end();
    current = c;
    last = (struct request){.srv = &srv,
                            .mem = arena_new(),
                            .method = c->method ? c->method : "GET",
                            .path = c->path,
                            .query_text = c->query,
                            .header = header,
                            .out = BUF_INIT(1 << 20),
                            .id = ID};
    if (c->address && strchr(c->address, ':')) {
        CHECK(inet_pton(AF_INET6, c->address, last.address) == 1);
    } else {
        CHECK(inet_pton(AF_INET, c->address ? c->address : "127.0.0.1", &v4) == 1);
        last.address[10] = last.address[11] = 0xff;
        memcpy(last.address + 12, &v4, 4);
    }
    return route_begin(&last, n, n > 0);
}

static enum err call(const struct call *c)
{
    enum err err = begin(c);

    last.raw = c->body;
    last.raw_len = c->body ? strlen(c->body) : 0;
    if (!err)
        err = route_finish(&last);
    if (err)
        route_problem(&last, err);
    return err;
}

#define CALL(...) call(&(const struct call){__VA_ARGS__})
#define GET(path_, ...) CALL(.path = path_, __VA_ARGS__)
#define JSON "{\"email\":\"a@b.example\",\"password\":\"x\"}"
#define POST(path_, ...) CALL(.method = "POST", .path = path_, __VA_ARGS__)

static bool says(const char *text)
{
    return last.out.data && strstr(last.out.data, text);
}

static const char *extra(const char *name)
{
    for (size_t i = 0; i < last.n_extra; i++)
        if (strcmp(last.extra[i].name, name) == 0)
            return last.extra[i].value;
    return NULL;
}

static void limits_are(int64_t general, int64_t anonymous, int64_t login)
{
    for (int i = 0; i < RATE_COUNT; i++)
        options.rates[i] = RATE_UNLIMITED;
    options.rates[RATE_GENERAL] = general;
    options.rates[RATE_ANONYMOUS] = anonymous;
    options.rates[RATE_LOGIN] = login;
    limits_free(srv.limits);
    srv.limits = limits_new(options.rates);
}

#endif
