#include "common/clock.h"

#include "tests/random.h"
#include "tests/test.h"

static const struct {
    const char *text;
    int64_t ms;
} good[] = {
    {"2026-11-24", INT64_C(1795478400000)},
    {"2026-11-24T08:38:21Z", INT64_C(1795509501000)},
    {"2026-11-24T08:38:21.123Z", INT64_C(1795509501123)},
    {"2026-11-24t08:38:21.5z", INT64_C(1795509501500)},
    {"2026-11-24 08:38:21Z", INT64_C(1795509501000)},
    {"2026-11-24T08:38:21.1239999Z", INT64_C(1795509501123)},
    {"2026-11-24T10:38:21+02:00", INT64_C(1795509501000)},
    {"2026-11-23T21:08:21-11:30", INT64_C(1795509501000)},
    {"2026-11-24T08:38:21-00:00", INT64_C(1795509501000)},
    {"2024-02-29", INT64_C(1709164800000)},
    {"2000-02-29", INT64_C(951782400000)},
    {"1970-01-01T00:00:00.001Z", 1},
    {"1970-01-02", INT64_C(86400000)},
    {"2016-12-31T23:59:60Z", INT64_C(1483228800000)}, /* a leap second */
    {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
};

static const char *const bad[] = {
    "",
    "2026",
    "2026-11",
    "2026-11-2",
    "2026-1-24",
    "26-11-24",
    "2026/11/24",
    "20261124",
    "2026-00-10",
    "2026-13-01",
    "2026-11-00",
    "2026-11-31",
    "2026-02-29",
    "2100-02-29",
    "2026-04-31",
    "2026-11-24T",
    "2026-11-24T08:38Z",
    "2026-11-24T08:38:21",
    "2026-11-24T24:00:00Z",
    "2026-11-24T08:60:00Z",
    "2026-11-24T08:38:61Z",
    "2026-11-24T08:38:21.Z",
    "2026-11-24T08:38:21,5Z",
    "2026-11-24T08:38:21+2:00",
    "2026-11-24T08:38:21+0200",
    "2026-11-24T08:38:21+24:00",
    "2026-11-24T08:38:21+02:60",
    "2026-11-24T08:38:21Zx",
    "2026-11-24T08:38:21Z ",
    " 2026-11-24",
    "2026-11-24Z",
    "1969-12-31",
    "1970-01-01",
    "1970-01-01T00:00:00Z",
    "1970-01-01T10:00:00+11:00",
    "9999-12-31T23:59:59-01:00",
    "10000-01-01",
    "-026-11-24",
    "2026-11-24T-8:38:21Z",
    "now",
    "2026-11-2٤",
};

static void times_are_read_as_written(void)
{
    struct stamp t;

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        t.ms = 0;
        if (!stamp_parse(good[i].text, &t) || t.ms != good[i].ms)
            fprintf(stderr, "%s: %lld\n", good[i].text, (long long)t.ms);
        CHECK(stamp_parse(good[i].text, &t) && t.ms == good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        t.ms = 4711;
        if (stamp_parse(bad[i], &t))
            fprintf(stderr, "\"%s\" was taken\n", bad[i]);
        CHECK(!stamp_parse(bad[i], &t) && t.ms == 4711);
    }
}

static void check_round_trip(int64_t ms)
{
    char text[STAMP_TEXT];
    struct stamp back;

    CHECK(stamp_text((struct stamp){ms}, text) == text);
    CHECK(strlen(text) == 24 && stamp_parse(text, &back) && back.ms == ms);
}

static void every_moment_survives_text(void)
{
    struct random r = random_start("clock");

    for (int64_t day = 0; day < 366 * 200; day++) { /* leap years, 2100 among them */
        check_round_trip(day * 86400000 + 86399999);
        check_round_trip(day * 86400000 + 86400000);
    }
    for (int i = 0; i < 50000; i++)
        check_round_trip(1 + (int64_t)(random_bits(&r) % UINT64_C(253402300799999)));
}

/* The date of a day number by counting, which is slow and cannot be wrong in the same way. */
static void dates_agree_with_counting(void)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y = 1970, m = 0, d = 1;

    for (int64_t day = 0; day < 366 * 250; day++) {
        char text[STAMP_TEXT], want[64];

        snprintf(want, sizeof(want), "%04d-%02d-%02dT00:00:00.001Z", y, m + 1, d);
        CHECK_STR(stamp_text((struct stamp){day * 86400000 + 1}, text), want);
        if (++d > days[m] + (m == 1 && y % 4 == 0 && (y % 100 || y % 400 == 0))) {
            d = 1;
            m = (m + 1) % 12;
            y += m == 0;
        }
    }
}

static void never_and_beyond_are_empty(void)
{
    static const int64_t none[] = {0, -1, INT64_MIN, INT64_C(253402300800000), INT64_MAX};
    char text[STAMP_TEXT];

    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        CHECK_STR(stamp_text((struct stamp){none[i]}, text), "");
}

static int64_t fixed_ms(void)
{
    return 4711;
}

static int64_t fixed_us(void)
{
    return 42;
}

static void tests_can_move_time(void)
{
    static const struct clock fixed = {fixed_ms, fixed_us};
    int64_t before = clock_mono_us();

    clock_use(&fixed);
    CHECK(clock_real_ms() == 4711 && clock_mono_us() == 42 && clock_now().ms == 4711);
    clock_use(NULL);
    CHECK(clock_mono_us() >= before);
    CHECK(clock_real_ms() > INT64_C(1700000000000));
}

static const struct test tests[] = {
    {"clock: times are read as written", times_are_read_as_written},
    {"clock: every moment survives text", every_moment_survives_text},
    {"clock: dates agree with counting", dates_agree_with_counting},
    {"clock: never and beyond are empty", never_and_beyond_are_empty},
    {"clock: tests can move time", tests_can_move_time},
};

TEST_MAIN(tests)
