/*
 * What the tests of signing in share: a server's insides over a real store in a directory of their
 * own, people in it, a clock that can be moved, and one call through the real router and routes.
 */
#ifndef TESTS_UNIT_AUTH_H
#define TESTS_UNIT_AUTH_H

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/auth_private.h"
#include "server/auth_session.h"
#include "server/boot.h"
#include "tests/test.h"

#define PASSWORD "a fine day in Porto"
#define HOUR_MS INT64_C(3600000)

static struct server srv;
static struct options options;
static struct arena *rig; /* of the whole test */
static const char *password_hash;

/* The clock: the real one, and what a test added to it. */

static atomic_int_fast64_t ahead_ms;

static int64_t moved_real_ms(void)
{
    return clock_system.real_ms() + atomic_load(&ahead_ms);
}

static int64_t moved_mono_us(void)
{
    return clock_system.mono_us() + atomic_load(&ahead_ms) * 1000;
}

static inline void wait_ms(int64_t ms)
{
    atomic_fetch_add(&ahead_ms, ms);
}

/* The server */

static char dir[] = "/tmp/auth-XXXXXX";

static inline void starts(void)
{
    static const struct clock moved = {moved_real_ms, moved_mono_us};
    struct problem why = {0};

    clock_use(&moved);
    rig = arena_new();
    CHECK(mkdtemp(dir) != NULL);
    options.data = arena_printf(rig, "%s/data", dir);
    options.keys = arena_printf(rig, "%s/keys", dir);
    options.readers = 2;
    options.super_admin_addresses = "127.0.0.0/8";
    for (int i = 0; i < RATE_COUNT; i++)
        options.rates[i] = RATE_UNLIMITED;
    CHECK(boot_open(&srv, &options, rig, &why) == ERR_OK);
    CHECK_STR(why.text, "");
    srv.limits = limits_new(options.rates);
    CHECK(auth_start(&srv, &srv.auth) == ERR_OK);
    CHECK(auth_password_hash(srv.auth, PASSWORD, rig, &password_hash) == ERR_OK);
}

static inline void ends(void)
{
    char command[64];

    auth_stop(srv.auth);
    limits_free(srv.limits);
    boot_close(&srv);
    arena_free(rig);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static inline void put(const struct type *t, const void *rec)
{
    struct step step = {.kind = STEP_INSERT, .type = t, .rec = rec};
    struct plan plan = {.steps = &step, .n = 1};

    CHECK(store_commit(srv.store, &plan) == ERR_OK);
}

/* An account of its own; zero credits. */
static inline struct uuid new_account(void)
{
    struct account a = {uuid_new(), "an account", "starter", clock_now()};
    struct wallet w = {.id = a.id};

    put(&account_type, &a);
    put(&wallet_type, &w);
    return a.id;
}

/* A person whose password is PASSWORD, without the 99 ms of hashing it. */
static inline struct user person(const char *email, const char *role, struct uuid account)
{
    struct user u = {.id = uuid_new(),
                     .account = account,
                     .email = email,
                     .role = role,
                     .state = "active",
                     .password_hash = password_hash,
                     .created = clock_now()};

    put(&user_type, &u);
    return u;
}

static inline struct user user_now(const struct uuid *id)
{
    struct user u = {0};

    CHECK(store_get(srv.store, &user_type, id, 0, rig, &u) == ERR_OK);
    return u;
}

/* How many records have the value; field NULL: any. */
static inline int64_t count(const struct type *t, const char *field, const void *value)
{
    struct query q = {.type = t, .where = {{field, OP_EQ, value}}};
    int64_t n = -1;

    CHECK(store_count(srv.store, &q, &n) == ERR_OK);
    return n;
}

/* One call */

struct call {
    const char *method, *path, *token, *body, *query;
    uint8_t from;      /* the last number of the address; 0: 1 */
    const char *agent; /* User-Agent */
    struct request r;  /* the reply is in here until done() */
    const cJSON *doc;
};

static const char *header(const struct request *r, const char *name)
{
    const struct call *c = r->conn;

    if (strcmp(name, "User-Agent") == 0)
        return c->agent;
    return strcmp(name, "Authorization") == 0 ? c->token : NULL;
}

static inline unsigned ask(struct call *c)
{
    size_t n = c->body ? strlen(c->body) : 0;
    struct problem why = {0};
    enum err err;

    c->r = (struct request){.srv = &srv,
                            .mem = arena_new(),
                            .method = c->method,
                            .path = c->path,
                            .query_text = c->query,
                            .header = header,
                            .conn = c,
                            .address = {[10] = 0xff, 0xff, 127, 0, 0, 1},
                            .raw = c->body,
                            .raw_len = n,
                            .out = BUF_INIT(1 << 20)};
    if (c->from)
        c->r.address[15] = c->from;
    uuid_text(&(struct uuid){{1}}, c->r.id);
    err = route_begin(&c->r, n, n > 0);
    if (!err)
        err = route_finish(&c->r);
    if (err)
        route_problem(&c->r, err);
    CHECK(json_parse(c->r.mem, c->r.out.data, c->r.out.len, &c->doc, &why) == ERR_OK);
    return c->r.status;
}

static inline void done(struct call *c)
{
    buf_free(&c->r.out);
    arena_free(c->r.mem);
}

static inline const char *bearer(const char *token)
{
    return arena_printf(rig, "Bearer %s", token);
}

/* The status alone */
static inline unsigned status(const char *method, const char *path, const char *token,
                              const char *body)
{
    struct call c = {method, path, token, body};
    unsigned got = ask(&c);

    done(&c);
    return got;
}

/* The status, and one member of the reply; it lives in rig. */
static inline unsigned status_and(const char *method, const char *path, const char *token,
                                  const char *body, const char *member, const char **out)
{
    struct call c = {method, path, token, body};
    unsigned got = ask(&c);

    *out = arena_strdup(rig, json_str(c.doc, member));
    if (!*out)
        *out = "";
    done(&c);
    return got;
}

struct pair {
    const char *access, *refresh; /* access with "Bearer " before it; NULL: refused */
    unsigned status;
};

static inline struct pair pair_from(const char *path, const char *body)
{
    struct call c = {"POST", path, NULL, body};
    struct pair out = {.status = ask(&c)};

    if (out.status == 200) {
        out.access = arena_strdup(rig, bearer(json_str(c.doc, "access_token")));
        out.refresh = arena_strdup(rig, json_str(c.doc, "refresh_token"));
    }
    done(&c);
    return out;
}

static inline struct pair sign_in(const char *email, const char *password)
{
    return pair_from("/api/auth/login",
                     arena_printf(rig, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password));
}

static inline const char *refresh_body(const char *token)
{
    return arena_printf(rig, "{\"refresh_token\":\"%s\"}", token);
}

static inline struct pair refresh(const char *token)
{
    return pair_from("/api/auth/refresh", refresh_body(token));
}

/* Two calls at the same time */

struct twin {
    const char *method, *path, *token, *body;
    unsigned status;
};

static pthread_barrier_t twin_gate;

static inline void *run_twin(void *arg)
{
    struct twin *t = arg;
    struct call c = {t->method, t->path, t->token, t->body};

    pthread_barrier_wait(&twin_gate);
    t->status = ask(&c);
    done(&c);
    return NULL;
}

static inline void together(struct twin twins[2])
{
    pthread_t threads[2];

    pthread_barrier_init(&twin_gate, NULL, 2);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, run_twin, &twins[i]) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&twin_gate);
}

static inline bool are(const struct twin twins[2], unsigned a, unsigned b)
{
    return (twins[0].status == a && twins[1].status == b) ||
           (twins[0].status == b && twins[1].status == a);
}

static inline const char *reply_of(const char *path, const char *body, unsigned want)
{
    struct call c = {"POST", path, NULL, body};
    const char *out;

    CHECK(ask(&c) == want);
    out = arena_strdup(rig, c.r.out.data);
    done(&c);
    return out;
}

static inline bool take_mail(void *arg, const void *rec)
{
    *(struct mail *)arg = *(const struct mail *)rec;
    return true;
}

static inline struct mail newest_mail(const char *to, const char *kind)
{
    struct query q = {.type = &mail_type};
    struct mail m = {0};

    CHECK(store_find(srv.store, &q, rig, take_mail, &m) == ERR_OK);
    CHECK(m.to && strcmp(m.to, to) == 0 && strcmp(m.state, "queued") == 0);
    CHECK(m.kind && strcmp(m.kind, kind) == 0);
    return m;
}

/* The token in the newest mail */
static inline const char *mailed(const char *to, const char *kind)
{
    struct mail m = newest_mail(to, kind);
    const char *at = m.body ? strstr(m.body, "\n\n    ") : NULL;

    CHECK(at != NULL);
    return at ? arena_strndup(rig, at + 6, strcspn(at + 6, "\n")) : "";
}

#endif
