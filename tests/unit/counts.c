/* Packed counters against a plain table, and API keys as text. */
#include "server/counts.h"

#include "common/apikey.h"
#include "tests/test.h"

enum { IDS = 40, STEPS = 200000 };

static uint64_t seed = 20261124;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static struct uuid id_of(uint64_t n)
{
    struct uuid u = {{0}};

    for (int i = 0; i < 8; i++)
        u.b[i] = (uint8_t)(n * 0x9e3779b97f4a7c15 >> 8 * i);
    return u;
}

static int64_t sum_of(const uint8_t *data, size_t n, int64_t period, uint64_t id)
{
    struct bytes b = {data, n};
    struct uuid of = id_of(id);

    return counts_get(&b, period, &of);
}

static void agrees_with_a_table(void)
{
    static uint8_t data[8 + 24 * (IDS + 2)];
    int64_t table[IDS] = {0}, period = 1, wrong = 0;
    size_t n = 0;

    printf("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < STEPS; i++) {
        uint64_t k = draw(IDS);
        int64_t by = (int64_t)draw(200) - 20, most = draw(3) ? (int64_t)draw(5000) : INT64_MAX;
        struct uuid of = id_of(k);
        bool fits = by <= 0 || table[k] + by <= most;

        if (draw(2000) == 0) {
            period += 1 + (int64_t)draw(2);
            memset(table, 0, sizeof(table));
            fits = by <= 0 || by <= most;
        }
        wrong += counts_add(data, &n, period - (int64_t)(n > 8 && draw(50) == 0 && table[k]), &of,
                            by, most) != fits;
        if (fits)
            table[k] = table[k] + by < 0 ? 0 : table[k] + by;
        wrong += sum_of(data, n, period, k) != table[k];
        wrong += sum_of(data, n, period + 1, k) != 0;
        wrong += n > sizeof(data);
    }
    CHECK(wrong == 0);
}

static void is_bounded(void)
{
    static uint8_t data[8 + 24 * (COUNTS_MOST + 2)];
    struct uuid one = id_of(1), late = id_of(COUNTS_MOST + 1);
    size_t n = 0, full;

    for (uint64_t i = 1; i <= COUNTS_MOST; i++) {
        struct uuid of = id_of(i);

        CHECK(counts_add(data, &n, 1, &of, 5, 5));
    }
    full = n;
    CHECK(!counts_add(data, &n, 1, &late, 1, 1000));     /* no room: who has a ceiling is refused */
    CHECK(counts_add(data, &n, 1, &late, 1, INT64_MAX)); /* who has none goes uncounted */
    CHECK(n == full && sum_of(data, n, 1, COUNTS_MOST + 1) == 0);
    CHECK(counts_add(data, &n, 1, &one, 1, 6) && !counts_add(data, &n, 1, &one, 1, 6));
    CHECK(counts_add(data, &n, 2, &late, 1, 1000)); /* a new period has room */
    CHECK(n == 8 + 24);
}

static void refuses_to_run_over(void)
{
    uint8_t data[128];
    struct uuid of = id_of(1);
    size_t n = 0;

    CHECK(counts_add(data, &n, 1, &of, INT64_MAX, INT64_MAX));
    CHECK(!counts_add(data, &n, 1, &of, 1, INT64_MAX));
    CHECK(sum_of(data, n, 1, 1) == INT64_MAX);
}

/* Keys: the known answers are zlib's crc32 of the first 52 characters, in base 62. */

static const char known[] = "lgp_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0OZHEH";

static void keys_have_a_known_form(void)
{
    uint8_t digits[APIKEY_RANDOM];
    char text[APIKEY_LEN + 1];

    for (int i = 0; i < APIKEY_RANDOM; i++)
        digits[i] = (uint8_t)i;
    apikey_write(false, digits, text);
    CHECK_STR(text, known);
    CHECK(apikey_is_whole(text) && !apikey_is_test(text) && apikey_begins(text));
    apikey_write(true, digits, text);
    CHECK(apikey_is_whole(text) && apikey_is_test(text) && strlen(text) == APIKEY_LEN);
    CHECK(apikey_is_within("/api/x/lgp_test_") && !apikey_is_within("lgp_tes_ lgr_live_"));
}

static void each_typing_error_is_found(void)
{
    char text[sizeof(known) + 1];

    for (size_t i = 0; i < sizeof(known) - 1; i++) {
        for (int c = 1; c < 256; c++) {
            memcpy(text, known, sizeof(known));
            text[i] = (char)c;
            CHECK(apikey_is_whole(text) == (text[i] == known[i]));
        }
        memcpy(text, known, sizeof(known)); /* two neighbours swapped */
        if (i && text[i] != text[i - 1]) {
            text[i] = known[i - 1];
            text[i - 1] = known[i];
            CHECK(!apikey_is_whole(text));
        }
        memcpy(text, known, sizeof(known));
        text[i] = '\0';
        CHECK(!apikey_is_whole(text));
    }
    snprintf(text, sizeof(text), "%sx", known);
    CHECK(!apikey_is_whole(text));
}

static const struct test tests[] = {
    {"counts: 200,000 additions agree with a table", agrees_with_a_table},
    {"counts: bounded, and then those with a ceiling are refused", is_bounded},
    {"counts: never run over", refuses_to_run_over},
    {"apikey: form and checksum are as written down", keys_have_a_known_form},
    {"apikey: every wrong, swapped or missing character is found", each_typing_error_is_found},
};

TEST_MAIN(tests)
