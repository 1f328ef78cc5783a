#include "common/buf.h"

#include <stdlib.h>

#include "tests/random.h"
#include "tests/test.h"

static void bytes_add_up(void)
{
    struct buf b = BUF_INIT(100);

    buf_str(&b, "a");
    buf_char(&b, 'b');
    buf_add(&b, "c\0d", 3);
    buf_int(&b, -42);
    buf_printf(&b, "%s %d", "x", 7);
    CHECK(!b.failed && b.len == 11 && memcmp(b.data, "abc\0d-42x 7", 12) == 0);
    buf_clear(&b);
    CHECK(b.len == 0 && b.data[0] == '\0');
    buf_add(&b, NULL, 0);
    CHECK(!b.failed && b.len == 0);
    buf_free(&b);
    CHECK(!b.data && b.max == 100);
}

static void numbers_are_exact(void)
{
    static const int64_t numbers[] = {0, 1, -1, 9, 10, 99, 100, INT64_MAX, INT64_MIN, -1000000};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct buf b = BUF_INIT(100);
        char want[32];

        snprintf(want, sizeof(want), "%lld", (long long)numbers[i]);
        buf_int(&b, numbers[i]);
        CHECK_STR(b.data, want);
        buf_free(&b);
    }
}

/* At the ceiling it fits, beyond it nothing changes and nothing is added any more. */
static void the_ceiling_holds(void)
{
    for (size_t max = 0; max < 600; max += max < 20 ? 1 : 97) {
        struct buf b = BUF_INIT(max);

        for (size_t i = 0; i < max; i++)
            buf_char(&b, 'x');
        CHECK(!b.failed && b.len == max);
        buf_add(&b, "", 0);
        CHECK(!b.failed);
        buf_char(&b, 'y');
        CHECK(b.failed && b.len == max && (!max || b.data[max - 1] == 'x'));
        buf_add(&b, "", 0);
        buf_str(&b, "z");
        buf_printf(&b, "z");
        buf_int(&b, 1);
        CHECK(b.failed && b.len == max && (!max || strlen(b.data) == max));
        CHECK(buf_take(&b) == NULL && !b.data && !b.failed);
    }
}

static void what_does_not_fit_leaves_no_part(void)
{
    struct buf b = BUF_INIT(10);

    buf_str(&b, "12345");
    buf_str(&b, "123456");
    CHECK(b.failed && b.len == 5);
    CHECK_STR(b.data, "12345");
    buf_clear(&b);
    buf_printf(&b, "%s", "12345678901");
    CHECK(b.failed && b.len == 0);
    buf_clear(&b);
    buf_printf(&b, "%s", "1234567890");
    CHECK(!b.failed && b.len == 10);
    buf_add(&b, "x", SIZE_MAX);
    CHECK(b.failed && b.len == 10);
    buf_free(&b);
}

static void taken_bytes_change_owner(void)
{
    struct buf b = BUF_INIT(10);
    char *p;

    CHECK(buf_take(&b) == NULL);
    buf_str(&b, "abc");
    p = buf_take(&b);
    CHECK(p && strcmp(p, "abc") == 0 && !b.data && b.len == 0 && b.max == 10);
    free(p);
    buf_str(&b, "abc");
    buf_clear(&b);
    CHECK(buf_take(&b) == NULL && !b.data);
}

static void any_additions_agree_with_a_plain_array(void)
{
    struct random r = random_start("buf");
    static char plain[5000], piece[700];

    for (int round = 0; round < 300; round++) {
        size_t max = random_below(&r, sizeof(plain)), n = 0;
        struct buf b = BUF_INIT(max);
        bool failed = false;

        for (int i = 0; i < 20; i++) {
            size_t k = random_below(&r, sizeof(piece));

            for (size_t j = 0; j < k; j++)
                piece[j] = (char)random_bits(&r);
            buf_add(&b, piece, k);
            failed |= k > max - n;
            if (!failed) {
                memcpy(plain + n, piece, k);
                n += k;
            }
            CHECK(b.failed == failed && b.len == n);
            CHECK(!b.data || (memcmp(b.data, plain, n) == 0 && b.data[n] == '\0'));
        }
        buf_free(&b);
    }
}

static const struct test tests[] = {
    {"buf: bytes add up", bytes_add_up},
    {"buf: numbers are exact", numbers_are_exact},
    {"buf: the ceiling holds", the_ceiling_holds},
    {"buf: what does not fit leaves no part", what_does_not_fit_leaves_no_part},
    {"buf: taken bytes change owner", taken_bytes_change_owner},
    {"buf: any additions agree with a plain array", any_additions_agree_with_a_plain_array},
};

TEST_MAIN(tests)
