/* The rate limiter against a naive model, on a clock of our own. */
#include "server/limits.h"

#include <pthread.h>
#include <stdatomic.h>

#include "common/clock.h"
#include "tests/test.h"

enum {
    STEPS = 200000,
    SCHEDULES = 200000,
    KEYS = 12,
    LOG = 512,
    CROWD = 400000,
    THREADS = 16,
    TRIES = 400
};

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)

static atomic_int_fast64_t now_us;

static int64_t fake_mono(void)
{
    return now_us;
}

static int64_t fake_real(void)
{
    return 0;
}

static const struct clock fake = {fake_real, fake_mono};

static uint64_t seed = 20261124;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static struct limits *start(const int64_t *limits)
{
    clock_use(&fake);
    now_us = 1000 * SECOND;
    return limits_new(limits);
}

static void stop(struct limits *l)
{
    limits_free(l);
    clock_use(NULL);
}

static bool take(struct limits *l, enum rate_class c, uint32_t key)
{
    struct limit_answer a;

    limits_take(l, c, &key, sizeof(key), &a);
    return a.admitted;
}

/* All that was ever admitted of one class and key; counting is all it knows. */
struct model {
    int64_t times[LOG];
    size_t n;
    int64_t window, in_fixed; /* the control: counts that start anew each minute */
};

static int64_t in_window(const struct model *m, int64_t *oldest)
{
    int64_t n = 0;

    for (size_t i = m->n; i-- > 0 && now_us - m->times[i] < MINUTE;) {
        *oldest = m->times[i];
        n++;
    }
    return n;
}

static void model_take(struct model *m, int64_t limit, struct limit_answer *out)
{
    int64_t oldest = now_us, n = in_window(m, &oldest);

    out->admitted = n < limit;
    if (out->admitted) {
        if (m->n == LOG) {
            memmove(m->times, m->times + LOG / 2, LOG / 2 * sizeof(*m->times));
            m->n = LOG / 2;
        }
        m->times[m->n++] = now_us;
        n = in_window(m, &oldest);
    }
    out->remaining = limit - n;
    out->retry_after = out->remaining ? 0 : (oldest + MINUTE - now_us + SECOND - 1) / SECOND;
}

static bool control_take(struct model *m, int64_t limit)
{
    if (now_us / MINUTE != m->window) {
        m->window = now_us / MINUTE;
        m->in_fixed = 0;
    }
    return m->in_fixed++ < limit;
}

/* Now and then exactly to the edge of a window, or a microsecond before it. */
static void advance(const struct model *m)
{
    int64_t oldest = now_us;

    if (draw(4) == 0 && in_window(m, &oldest))
        now_us = oldest + MINUTE - (int64_t)draw(2);
    else if (draw(3) == 0)
        now_us += (int64_t)draw(20 * SECOND);
    else
        now_us += (int64_t)draw(3);
}

static void agrees_with_counting(void)
{
    static const int64_t limits[RATE_COUNT] = {1, 2, 3, 5, 10, 9, 8, 100, 200};
    static struct model models[RATE_COUNT][KEYS];
    struct limits *l = start(limits);
    int differs = 0, control_differs = 0;

    memset(models, 0, sizeof(models));
    printf("     seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < STEPS; i++) {
        enum rate_class c = (enum rate_class)draw(RATE_COUNT);
        uint32_t key = (uint32_t)draw(draw(2) ? 2 : KEYS);
        struct model *m = &models[c][key];
        struct limit_answer got, want;

        limits_take(l, c, &key, sizeof(key), &got);
        model_take(m, limits[c], &want);
        differs += got.admitted != want.admitted || got.remaining != want.remaining ||
                   got.retry_after != want.retry_after;
        control_differs += control_take(m, limits[c]) != want.admitted;
        advance(m);
    }
    CHECK(differs == 0);
    CHECK(control_differs > 0);
    stop(l);
}

/* How many schedules: LIMITS in the environment, with SEED to replay; make limits runs 1,000,000.
 */
static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* One caller's history with one limit, at random moments, each answer against counting. */
static int run_schedule(struct limits *l, uint64_t who, struct model *m, int64_t *asked)
{
    int64_t limit = 1 + (int64_t)draw(draw(2) ? 4 : 24);
    int steps = 3 + (int)draw(2 * (uint64_t)limit + 10), differs = 0;

    m->n = 0;
    for (int i = 0; i < steps; i++) {
        struct limit_answer look, got, want;

        limits_look(l, RATE_KEY, limit, &who, sizeof(who), &look);
        limits_take_of(l, RATE_KEY, limit, &who, sizeof(who), &got);
        model_take(m, limit, &want);
        differs += got.admitted != want.admitted || got.remaining != want.remaining ||
                   got.retry_after != want.retry_after || look.admitted != want.admitted ||
                   look.remaining != want.remaining + want.admitted;
        advance(m);
    }
    *asked += steps;
    return differs;
}

static void schedules_agree_with_counting(void)
{
    static const int64_t limits[RATE_COUNT];
    static struct model m;
    struct limits *l = start(limits);
    uint64_t n = from_environment("LIMITS", SCHEDULES);
    int64_t asked = 0;
    int differs = 0;

    seed = from_environment("SEED", seed);
    printf("     seed %llu\n", (unsigned long long)seed);
    for (uint64_t who = 0; who < n; who++)
        differs += run_schedule(l, who, &m, &asked);
    printf("     %llu schedules, %lld steps, %d differ\n", (unsigned long long)n, (long long)asked,
           differs);
    CHECK(differs == 0);
    stop(l);
}

static void is_exact_at_the_edge(void)
{
    static const int64_t limits[RATE_COUNT] = {[RATE_LOGIN] = 2};
    struct limits *l = start(limits);

    CHECK(take(l, RATE_LOGIN, 1));
    now_us += 10 * SECOND;
    CHECK(take(l, RATE_LOGIN, 1));
    CHECK(!take(l, RATE_LOGIN, 1));
    CHECK(take(l, RATE_LOGIN, 2));
    now_us += 50 * SECOND - 1;
    CHECK(!take(l, RATE_LOGIN, 1));
    now_us += 1;
    CHECK(take(l, RATE_LOGIN, 1));
    CHECK(!take(l, RATE_LOGIN, 1));
    stop(l);
}

static void words_of_the_options(void)
{
    static const int64_t limits[RATE_COUNT] = {[RATE_SEARCH] = RATE_UNLIMITED};
    struct limits *l = start(limits);
    struct limit_answer a;

    for (int i = 0; i < 10000; i++)
        CHECK(take(l, RATE_SEARCH, 1));
    limits_take(l, RATE_REVEAL, "x", 1, &a);
    CHECK(!a.admitted && a.retry_after == 60);
    for (int c = 0; c < RATE_COUNT; c++)
        CHECK(rate_default((enum rate_class)c) > 0 && rate_word((enum rate_class)c)[0]);
    stop(l);
}

static void *hammer(void *arg)
{
    intptr_t admitted = 0;

    for (int i = 0; i < TRIES; i++)
        admitted += take(arg, RATE_GENERAL, 7);
    return (void *)admitted;
}

static intptr_t storm(struct limits *l)
{
    pthread_t threads[THREADS];
    intptr_t sum = 0;

    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, hammer, l) == 0);
    for (int i = 0; i < THREADS; i++) {
        void *n;

        pthread_join(threads[i], &n);
        sum += (intptr_t)n;
    }
    return sum;
}

static void is_exact_among_threads(void)
{
    static const int64_t limits[RATE_COUNT] = {[RATE_GENERAL] = 100};
    struct limits *l = start(limits);

    CHECK(storm(l) == 100);
    now_us += MINUTE;
    CHECK(storm(l) == 100);
    stop(l);
}

/* A crowd of addresses neither frees one that is held back nor opens the door. */
static void a_crowd_evicts_nobody(void)
{
    static const int64_t limits[RATE_COUNT] = {[RATE_LOGIN] = 3};
    struct limits *l = start(limits);
    int admitted = 0;

    for (int i = 0; i < 3; i++)
        CHECK(take(l, RATE_LOGIN, 0));
    for (uint32_t i = 1; i <= CROWD; i++)
        admitted += take(l, RATE_LOGIN, i);
    CHECK(admitted > 100000);
    CHECK(admitted < CROWD); /* the bound was met */
    CHECK(!take(l, RATE_LOGIN, 0));
    CHECK(!take(l, RATE_LOGIN, CROWD + 1));
    now_us += MINUTE;
    CHECK(take(l, RATE_LOGIN, 0));
    CHECK(take(l, RATE_LOGIN, CROWD + 1));
    stop(l);
}

static const struct test tests[] = {
    {"limits: as counting does, 200,000 steps; a fixed window would not", agrees_with_counting},
    {"limits: random schedules, step by step as counting does", schedules_agree_with_counting},
    {"limits: exact at the edge of the window", is_exact_at_the_edge},
    {"limits: unlimited admits, nothing refuses", words_of_the_options},
    {"limits: exact among 16 threads", is_exact_among_threads},
    {"limits: a crowd evicts nobody and opens nothing", a_crowd_evicts_nobody},
};

TEST_MAIN(tests)
