/*
 * A request short of memory: each allocation of the router, the JSON reader, the handler's reply
 * and the problem fails once, and then all from there on.  Each time the answer is the right one or
 * a 503, the process lives, and nothing is left over.  An allocation that fails need not show.
 */
#include <stdlib.h>

#include "server/auth.h"
#include "server/options.h"
#include "server/records.h"
#include "server/router.h"
#include "server/seal.h"
#include "tests/fault/allocator.h"
#include "tests/test.h"

/* Sign-in and the store. */

static struct server srv;
static struct options options;
static struct kept_reply kept; /* the one that there is */
static bool keeping;

bool auth_is_bootstrapped(struct auth *a)
{
    (void)a;
    return true;
}

enum err auth_authenticate(struct request *r)
{
    r->who = (struct principal){.role = r->header(r, "Authorization") ? ROLE_USER : ROLE_PUBLIC};
    return ERR_OK;
}

enum err store_get(struct store *s, const struct type *t, const struct uuid *id, uint64_t fields,
                   struct arena *mem, void *rec)
{
    (void)s;
    (void)t;
    (void)fields;
    (void)mem;
    if (!uuid_equal(id, &kept.id))
        return ERR_NOT_FOUND;
    *(struct kept_reply *)rec = kept;
    return ERR_OK;
}

/* The table: a reply with masks and lists, and one that is kept. */

static enum err show(struct request *r)
{
    static const char *const words[] = {"one", "two"};
    struct uuid id = {{1}};
    struct profile p = {.id = id,
                        .name = "A \"B\" C",
                        .email = "a@b.example",
                        .phone = "+4934155501",
                        .technologies = {words, 2}};
    struct search_reply out = {.total = 1, .items = {&p, 1}};

    out.next_cursor = cursor_make(r, "search", &id);
    return reply(r, 200, &search_reply_type, &out);
}

static void keep(const struct kept_reply *k)
{
    static uint8_t print[64];
    static char body[256];

    kept = *k;
    kept.fingerprint.p = memcpy(print, k->fingerprint.p, k->fingerprint.n);
    snprintf(body, sizeof(body), "%s", k->body);
    kept.body = body;
}

static enum err change(struct request *r)
{
    const struct search_query *ask = r->body;
    struct accepted out = {.message = ask->q};
    struct step step;
    enum err err = reply(r, 200, &accepted_type, &out);

    if (!err && request_keep_step(r, &step))
        err = request_keep(r);
    if (!err && keeping)
        keep(r->kept);
    return err;
}

static const struct route rows[] = {
    {"GET", "/api/show/:id", show, "", .role = ROLE_PUBLIC, .query = &search_query_type},
    {"POST", "/api/change", change, "", .role = ROLE_USER, .body = &search_query_type,
     .flags = ROUTE_IDEMPOTENT, .audit = "change"},
    {0},
};
const struct route *const route_tables[] = {rows, NULL};

/* One call, as http.c makes it. */

struct call {
    const char *name, *method, *path, *query, *who, *key, *body;
    unsigned want;
    bool again; /* it was made once before */
};

static const struct call *current;

static const char *header(const struct request *r, const char *name)
{
    (void)r;
    if (strcmp(name, "Authorization") == 0)
        return current->who;
    return strcmp(name, "Idempotency-Key") == 0 ? current->key : NULL;
}

static enum err failure;

static enum err answer(struct request *r)
{
    enum err err = route_begin(r, r->raw_len, r->raw_len > 0);

    return err ? err : route_finish(r);
}

static enum err tell(struct request *r)
{
    route_problem(r, failure);
    return r->out.failed ? ERR_NO_MEMORY : ERR_OK;
}

static enum err guarded(struct request *r, enum err (*fn)(struct request *))
{
    jmp_buf env;
    enum err err;

    if (setjmp(env)) {
        arena_unguard(r->mem);
        return ERR_NO_MEMORY;
    }
    arena_guard(r->mem, &env);
    err = fn(r);
    arena_unguard(r->mem);
    return err;
}

/* The status; 0: there was not even memory to begin. text gets what is answered. */
static unsigned run(const struct call *c, char *text, size_t size)
{
    struct request r = {.srv = &srv,
                        .mem = arena_try_new(),
                        .method = c->method,
                        .path = c->path,
                        .query_text = c->query,
                        .header = header,
                        .out = BUF_INIT(1 << 20),
                        .id = "id",
                        .raw = c->body,
                        .raw_len = c->body ? strlen(c->body) : 0};
    unsigned status;

    current = c;
    if (!r.mem)
        return 0;
    failure = guarded(&r, answer);
    if (failure && guarded(&r, tell))
        r.status = 503; /* http.c has a text for this that needs no memory */
    status = r.status;
    snprintf(text, size, "%s", r.out.data && !r.out.failed ? r.out.data : "");
    buf_free(&r.out);
    arena_free(r.mem);
    return status;
}

static const struct call calls[] = {
    {"a reply", "GET", "/api/show/1", "q=a%20b&country=DE&country=FR", .want = 200},
    {"a bad query", "GET", "/api/show/1", "q=%zz", .want = 400},
    {"an absent path", "GET", "/api/absent", .want = 404},
    {"no such method", "DELETE", "/api/show/1", .want = 405},
    {"nobody", "POST", "/api/change", .body = "{}", .want = 401},
    {"a body", "POST", "/api/change", .who = "u", .want = 200,
     .body = "{\"q\":\"x\\u00e4\",\"country\":[\"DE\",\"FR\"],\"page_size\":7}"},
    {"a bad body", "POST", "/api/change", .who = "u", .want = 400, .body = "{\"q\":7}"},
    {"a broken body", "POST", "/api/change", .who = "u", .want = 400, .body = "{\"q\":"},
    {"a reply that is kept", "POST", "/api/change", .who = "u", .key = "k", .want = 200,
     .body = "{\"q\":\"y\"}"},
    {"a replay", "POST", "/api/change", .who = "u", .key = "again", .want = 200, .again = true,
     .body = "{\"q\":\"y\"}"},
    {"a key reused", "POST", "/api/change", .who = "u", .key = "again", .want = 422,
     .body = "{\"q\":\"z\"}"},
};

static int refused;

static void fail_each(const struct call *c, bool all_after)
{
    char want[8192], got[8192];
    unsigned status;
    long n, before;

    keeping = c->again;
    status = run(c, want, sizeof(want));
    keeping = false;

    made = 0;
    before = live;
    run(c, want, sizeof(want));
    n = made;
    CHECK(status == c->want && live == before && n >= 3);
    for (long i = 1; i <= n; i++) {
        for_good = all_after;
        left = i;
        status = run(c, got, sizeof(got));
        left = 0;
        if (!(status == c->want && strcmp(got, want) == 0) && status != 503 && status != 0)
            fprintf(stderr, "%s, allocation %ld of %ld: %u %s\n", c->name, i, n, status, got);
        CHECK((status == c->want && strcmp(got, want) == 0) || status == 503 || status == 0);
        CHECK(live == before);
        refused += status == 503;
    }
}

static void one_fails(void)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        fail_each(&calls[i], false);
    CHECK(refused > 20); /* or the harness is dead */
}

static void all_fail_from_there(void)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        fail_each(&calls[i], true);
}

static char dir[] = "/tmp/request-XXXXXX";

static void starts(void)
{
    struct problem why;

    for (int i = 0; i < RATE_COUNT; i++)
        options.rates[i] = RATE_UNLIMITED;
    srv.options = &options;
    srv.limits = limits_new(options.rates);
    CHECK(mkdtemp(dir) && seal_open(dir, &srv.seal, &why) == ERR_OK);
}

static void ends(void)
{
    char ring[64];

    limits_free(srv.limits);
    seal_close(srv.seal);
    snprintf(ring, sizeof(ring), "%s/ring", dir);
    CHECK(unlink(ring) == 0 && rmdir(dir) == 0);
}

static const struct test tests[] = {
    {"request memory: starts", starts},
    {"request memory: one allocation fails", one_fails},
    {"request memory: all fail from there on", all_fail_from_there},
    {"request memory: ends", ends},
};

TEST_MAIN(tests)
