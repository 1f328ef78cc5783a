#include "common/err.h"

#include "common/utf8.h"
#include "tests/test.h"

static void every_error_has_its_own_slug(void)
{
    for (int i = 0; i < ERR_COUNT; i++) {
        enum err e = (enum err)i;
        const char *slug = err_slug(e);

        CHECK(err_from_slug(slug) == e); /* no two share one */
        CHECK(strspn(slug, "abcdefghijklmnopqrstuvwxyz_") == strlen(slug) && *slug);
        CHECK(*err_title(e));
        CHECK(e == ERR_OK ? err_status(e) == 200 : err_status(e) >= 400 && err_status(e) < 600);
    }
    CHECK(err_from_slug("nonsense") == ERR_INTERNAL);
    CHECK(err_from_slug("") == ERR_INTERNAL);
}

/* 402 is credits and 429 is rate; a client that waits must not wait for the wrong thing. */
static void statuses_mean_what_they_mean(void)
{
    for (int i = 0; i < ERR_COUNT; i++) {
        enum err e = (enum err)i;
        unsigned status = err_status(e);

        CHECK((status == 402) == (e == ERR_NO_CREDITS || e == ERR_OVER_MAX || e == ERR_CAP));
        CHECK((status == 429) == (e == ERR_RATE));
        CHECK(status != 402 || !err_retryable(e));
        CHECK(status != 503 || err_retryable(e));
        CHECK(status != 400 || !err_retryable(e));
        CHECK(status != 404 || !err_retryable(e));
    }
}

static void problems_name_field_and_reason(void)
{
    struct problem why;

    CHECK(problem_set(&why, "email", "%s is %d", "it", 7) == ERR_INVALID);
    CHECK_STR(why.field, "email");
    CHECK_STR(why.text, "it is 7");
    CHECK(problem_set(&why, NULL, "nothing") == ERR_INVALID);
    CHECK_STR(why.field, "");
    CHECK(problem_set(NULL, "email", "nobody asks") == ERR_INVALID);
}

/* A long text is cut between two characters, wherever the ceiling falls. */
static void long_problems_stay_well_formed(void)
{
    struct problem why;
    char text[600];

    for (size_t ascii = 0; ascii < 8; ascii++) {
        static const char *const wide[] = {"é", "日", "😀"};

        for (size_t w = 0; w < 3; w++) {
            size_t n = ascii, k = strlen(wide[w]);

            memset(text, 'a', n);
            for (; n + k < sizeof(text); n += k)
                memcpy(text + n, wide[w], k);
            text[n] = '\0';
            CHECK(problem_set(&why, text, "%s", text) == ERR_INVALID);
            CHECK(utf8_valid(why.text, strlen(why.text)) &&
                  utf8_valid(why.field, strlen(why.field)));
            CHECK(strlen(why.text) > sizeof(why.text) - 8);
            CHECK(strlen(why.field) > sizeof(why.field) - 8);
            CHECK(strncmp(text, why.text, strlen(why.text)) == 0);
        }
    }
}

static const struct test tests[] = {
    {"err: every error has its own slug", every_error_has_its_own_slug},
    {"err: statuses mean what they mean", statuses_mean_what_they_mean},
    {"err: problems name field and reason", problems_name_field_and_reason},
    {"err: long problems stay well formed", long_problems_stay_well_formed},
};

TEST_MAIN(tests)
