#include "common/uuid.h"

#include <pthread.h>
#include <stdatomic.h>

#include "common/clock.h"
#include "tests/random.h"
#include "tests/test.h"

enum { THREADS = 4, EACH = 20000 };

static atomic_llong now_ms;

static int64_t fake_ms(void)
{
    return now_ms;
}

static int64_t fake_us(void)
{
    return now_ms * 1000;
}

static const struct clock fake = {fake_ms, fake_us};

static int64_t ms_of(const struct uuid *u)
{
    int64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | u->b[i];
    return ms;
}

static bool has_form(const struct uuid *u)
{
    return u->b[6] >> 4 == 7 && u->b[8] >> 6 == 2; /* RFC 9562, 5.7 */
}

static void new_ids_carry_the_time(void)
{
    struct uuid a, b;

    clock_use(&fake);
    now_ms = INT64_C(0x010203040506);
    a = uuid_new();
    b = uuid_new();
    CHECK(has_form(&a) && ms_of(&a) == INT64_C(0x010203040506));
    CHECK(uuid_compare(&a, &b) < 0 && !uuid_equal(&a, &b));
    now_ms++;
    b = uuid_new();
    CHECK(ms_of(&b) == INT64_C(0x010203040507));
    clock_use(NULL);
}

/* More in one millisecond than its counter has numbers, and a clock that goes back an hour. */
static void order_survives_bursts_and_clocks(void)
{
    struct random r = random_start("uuid");
    struct uuid last, u;

    clock_use(&fake);
    last = uuid_new();
    for (int i = 0; i < 20000; i++) {
        u = uuid_new();
        CHECK(uuid_compare(&last, &u) < 0 && has_form(&u));
        last = u;
    }
    now_ms -= 3600000;
    for (int i = 0; i < 20000; i++) {
        now_ms += (int64_t)random_below(&r, 2001) - 1000;
        u = uuid_new();
        CHECK(uuid_compare(&last, &u) < 0);
        last = u;
    }
    /* a clock that goes on is followed again */
    now_ms = ms_of(&last) + 5;
    u = uuid_new();
    CHECK(ms_of(&u) == now_ms);
    clock_use(NULL);
}

static struct uuid made[THREADS][EACH];

static void *make_many(void *arg)
{
    struct uuid *out = arg;

    for (int i = 0; i < EACH; i++) {
        out[i] = uuid_new();
        if (i % 100 == 0)
            now_ms += i % 300 ? 1 : -1;
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return uuid_compare(a, b);
}

static void threads_never_meet(void)
{
    pthread_t threads[THREADS];

    clock_use(&fake);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, make_many, made[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    clock_use(NULL);
    for (int i = 0; i < THREADS; i++)
        for (int k = 1; k < EACH; k++)
            CHECK(uuid_compare(&made[i][k - 1], &made[i][k]) < 0);
    qsort(made, THREADS * EACH, sizeof(**made), compare);
    for (int k = 1; k < THREADS * EACH; k++)
        CHECK(!uuid_equal(&made[0][0] + k - 1, &made[0][0] + k));
}

static void derived_ids_repeat(void)
{
    struct uuid a = uuid_at(1000, "abc", 3), b = uuid_at(1000, "abc", 3);
    struct uuid other = uuid_at(1000, "abd", 3), later = uuid_at(1001, "abc", 3);

    CHECK(uuid_equal(&a, &b) && has_form(&a) && ms_of(&a) == 1000);
    CHECK(!uuid_equal(&a, &other) && uuid_compare(&a, &later) < 0);
    CHECK(ms_of(&later) == 1001);
    a = uuid_at(0, "", 0);
    CHECK(has_form(&a) && !uuid_is_zero(&a));
}

static const char *const bad[] = {
    "",
    "0",
    "01a20cf8-d812-7011-8f24-bbf522f9049",
    "01a20cf8-d812-7011-8f24-bbf522f9049ee",
    "01a20cf8d812-7011-8f24-bbf522f9049ee",
    "01a20cf8-d812-7011-8f24-bbf522f9049g",
    "01a20cf8-d812-7011-8f24_bbf522f9049e",
    "01a20cf8-d812-70-118f24-bbf522f9049e",
    "{01a20cf8-d812-7011-8f24-bbf522f9049}",
    " 01a20cf8-d812-7011-8f24-bbf522f9049",
    "01a20cf8-d812-7011-8f24-bbf522f9049\xc3",
    "../../../../../../etc/passwd/../../.",
};

static void text_is_canonical(void)
{
    struct random r = random_start("uuid text");
    char text[UUID_TEXT];
    struct uuid u, back;

    for (int i = 0; i < 20000; i++) {
        for (int k = 0; k < 16; k++)
            u.b[k] = (uint8_t)random_bits(&r);
        CHECK(uuid_text(&u, text) == text && strlen(text) == 36);
        CHECK(uuid_parse(text, &back) && uuid_equal(&u, &back));
    }
    CHECK(uuid_parse("01A20CF8-D812-7011-8F24-bbf522f9049e", &back));
    CHECK_STR(uuid_text(&back, text), "01a20cf8-d812-7011-8f24-bbf522f9049e");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        CHECK(!uuid_parse(bad[i], &back));
    /* every shorter text ends in time */
    uuid_text(&u, text);
    for (size_t n = 0; n < 36; n++) {
        char cut[UUID_TEXT];

        memcpy(cut, text, n);
        cut[n] = '\0';
        CHECK(!uuid_parse(cut, &back));
    }
}

static const struct test tests[] = {
    {"uuid: new ids carry the time", new_ids_carry_the_time},
    {"uuid: order survives bursts and clocks", order_survives_bursts_and_clocks},
    {"uuid: threads never meet", threads_never_meet},
    {"uuid: derived ids repeat", derived_ids_repeat},
    {"uuid: text is canonical", text_is_canonical},
};

TEST_MAIN(tests)
