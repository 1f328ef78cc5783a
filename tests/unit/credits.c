#include "common/credits.h"

#include "tests/random.h"
#include "tests/test.h"

static const struct {
    const char *text;
    int64_t want;
} good[] = {
    {"0", 0},
    {"-0", 0},
    {"1", 100},
    {"0.5", 50},
    {"0.50", 50},
    {"0.05", 5},
    {"-3", -300},
    {"-0.01", -1},
    {"007", 700},
    {"12480", 1248000},
    {"1000000000000", CREDITS_MAX},
    {"1000000000000.00", CREDITS_MAX},
    {"-1000000000000", -CREDITS_MAX},
    {"999999999999.99", CREDITS_MAX - 1},
};

static const char *const bad[] = {
    "",
    "-",
    "+1",
    ".5",
    "1.",
    "1.234",
    "1,5",
    " 1",
    "1 ",
    "1e3",
    "0x1",
    "--1",
    "1-",
    "1..5",
    "nan",
    "inf",
    "1.5.5",
    "1\xc2\xa0",
    "٣",
    "1000000000000.01",
    "1000000000000.99",
    "-1000000000000.01",
    "1000000000001",
    "92233720368547758",
    "99999999999999999999999999999999999999999",
};

static void amounts_are_read_exactly(void)
{
    struct credits c;

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        CHECK(credits_parse(good[i].text, &c) && c.hundredths == good[i].want);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        c.hundredths = 4711;
        if (credits_parse(bad[i], &c))
            fprintf(stderr, "\"%s\" was taken\n", bad[i]);
        CHECK(!credits_parse(bad[i], &c) && c.hundredths == 4711);
    }
}

static void check_round_trip(int64_t n)
{
    char text[CREDITS_TEXT];
    struct credits back;

    CHECK(credits_text((struct credits){n}, text) == text);
    CHECK(credits_parse(text, &back) && back.hundredths == n);
    CHECK(!strchr(text, '.') || text[strlen(text) - 1] != '0'); /* the shortest form */
}

static void every_amount_survives_text(void)
{
    struct random r = random_start("credits");

    for (int64_t n = -12000; n <= 12000; n++)
        check_round_trip(n);
    for (int64_t n = CREDITS_MAX - 2000; n <= CREDITS_MAX; n++) {
        check_round_trip(n);
        check_round_trip(-n);
    }
    for (int i = 0; i < 100000; i++)
        check_round_trip((int64_t)(random_bits(&r) % (2 * CREDITS_MAX + 1)) - CREDITS_MAX);
}

/* Sums may pass the ceiling of a single amount; they must still be printed. */
static void any_number_can_be_printed(void)
{
    char text[CREDITS_TEXT];

    CHECK_STR(credits_text((struct credits){INT64_MAX}, text), "92233720368547758.07");
    CHECK_STR(credits_text((struct credits){INT64_MIN}, text), "-92233720368547758.08");
    CHECK_STR(credits_text((struct credits){-5}, text), "-0.05");
}

static const struct test tests[] = {
    {"credits: amounts are read exactly", amounts_are_read_exactly},
    {"credits: every amount survives text", every_amount_survives_text},
    {"credits: any number can be printed", any_number_can_be_printed},
};

TEST_MAIN(tests)
