/*
 * What a request pays before its handler runs, in process: a check of the limiter, and of a token
 * that was verified before; by one thread, and by several at once.
 * usage: hot [CALLS (1000000)]      of each kind, by each thread
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"
#include "server/auth_private.h"
#include "server/limits.h"
#include "server/seal.h"
#include "tests/bench/bench.h"

enum { THREADS_MOST = 4, USERS = 64, TOKEN = 440, CHUNK = 1000 };

struct world {
    struct limits *limits;
    struct auth auth;
    struct server srv;
    char authorization[USERS][TOKEN + 8];
    struct uuid users[USERS];
};

struct kind {
    const char *name;
    void (*call)(struct world *w, struct request *r, unsigned user);
    double most_us;
};

struct work {
    struct world *world;
    const struct kind *kind;
    int64_t calls;
    unsigned number; /* of the thread */
    bool same;       /* all ask for one user */
    int64_t *ns;     /* of each CHUNK */
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "hot: %s\n", what);
    exit(1);
}

static void check_limit(struct world *w, struct request *r, unsigned user)
{
    struct limit_answer a;

    (void)r;
    limits_take(w->limits, RATE_SEARCH, w->users[user].b, sizeof(w->users[user].b), &a);
    if (!a.admitted)
        die("the limiter refused");
}

static const char *header(const struct request *r, const char *name)
{
    return strcmp(name, "Authorization") == 0 ? r->conn : NULL;
}

static void check_token(struct world *w, struct request *r, unsigned user)
{
    r->conn = w->authorization[user];
    if (auth_authenticate(r) || r->who.role != ROLE_USER ||
        !uuid_equal(&r->who.user, &w->users[user]))
        die("the token was not known");
}

static void *work(void *arg)
{
    struct work *k = arg;
    struct request r = {.srv = &k->world->srv, .mem = arena_new(), .header = header};

    for (int64_t i = 0; i < k->calls / CHUNK; i++) {
        int64_t from = now_ns();

        for (int n = 0; n < CHUNK; n++)
            k->kind->call(k->world, &r, k->same ? 0 : (k->number * 16 + (unsigned)n) % USERS);
        k->ns[i] = now_ns() - from;
    }
    arena_free(r.mem);
    return NULL;
}

/* Nanoseconds a call, of processor time when there are more threads than processors. */
static bool measure(struct world *w, const struct kind *kind, int64_t calls, unsigned threads,
                    bool same)
{
    struct work works[THREADS_MOST];
    pthread_t ids[THREADS_MOST];
    size_t chunks = (size_t)(calls / CHUNK);
    int64_t *ns = xcalloc(chunks * threads, sizeof(*ns)), cpu = bench_cpu_ns();
    double each, p50, p99;

    for (unsigned i = 0; i < threads; i++) {
        works[i] = (struct work){w, kind, calls, i, same, ns + i * chunks};
        if (pthread_create(&ids[i], NULL, work, &works[i]))
            die("no thread");
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    each = (double)(bench_cpu_ns() - cpu) / (double)(calls * threads) / 1000;
    p50 = bench_percentile(ns, chunks * threads, 0.5, 1000.0 * CHUNK);
    p99 = bench_percentile(ns, chunks * threads, 0.99, 1000.0 * CHUNK);
    printf("%-14s n %lld  threads %u, %-12s %.3f us of processor a call; elapsed, by the thousand, "
           "p50 %.3f p99 %.3f us (at most %.0f)  %s\n",
           kind->name, (long long)(calls * threads), threads, same ? "one user" : "64 users", each,
           p50, p99, kind->most_us, each > kind->most_us ? "OVER" : "ok");
    fflush(stdout);
    free(ns);
    return each <= kind->most_us;
}

/* Tokens of the form and length of real ones, verified before. */
static void fill(struct world *w, const struct seal *seal)
{
    int64_t rates[RATE_COUNT];
    uint64_t dice = 7;

    for (int i = 0; i < RATE_COUNT; i++)
        rates[i] = INT64_C(1000000000);
    w->limits = limits_new(rates);
    w->auth.cache = token_cache_new();
    w->auth.srv = &w->srv;
    w->srv.seal = (struct seal *)(uintptr_t)seal;
    w->srv.auth = &w->auth;
    for (unsigned u = 0; u < USERS; u++) {
        struct principal who = {.user = uuid_new(), .account = uuid_new(), .role = ROLE_USER};
        char *token = w->authorization[u] + 7;
        uint8_t hash[16];

        memcpy(w->authorization[u], "Bearer ", 7);
        for (int i = 0; i < TOKEN; i++)
            token[i] = (char)('a' + bench_dice(&dice, 26));
        token[TOKEN] = '\0';
        w->users[u] = who.user;
        seal_hash(seal, SEAL_TOKEN, token, TOKEN, hash, sizeof(hash));
        token_cache_put(w->auth.cache, hash, 0, &who, INT64_MAX);
    }
}

static const struct kind kinds[] = {
    {"limiter check", check_limit, 1},
    {"cached token", check_token, 5},
};

int main(int argc, char **argv)
{
    static struct world w;
    int64_t calls = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000000;
    char dir[] = "/tmp/hot-XXXXXX", path[64];
    struct problem why = {0};
    struct seal *seal;
    bool good = true;

    if (calls < CHUNK || !mkdtemp(dir) || seal_open(dir, &seal, &why))
        die("no keys to hash with, or too few calls");
    fill(&w, seal);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        good &= measure(&w, &kinds[i], calls, 1, false);
        good &= measure(&w, &kinds[i], calls, THREADS_MOST, false);
        good &= measure(&w, &kinds[i], calls, THREADS_MOST, true);
    }
    token_cache_free(w.auth.cache);
    limits_free(w.limits);
    seal_close(seal);
    snprintf(path, sizeof(path), "%s/ring", dir);
    unlink(path);
    rmdir(dir);
    return !good;
}
