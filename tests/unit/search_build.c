/* What building a segment stands on: sorts that must agree with qsort() and strcmp(). */
#include <string.h>

#include "common/mem.h"
#include "server/search/radix.h"
#include "tests/test.h"

enum { ROUNDS = 60, MOST = 3000 };

static uint64_t roll(uint64_t *dice)
{
    *dice = *dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *dice >> 11 ^ *dice << 40;
}

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->value < y->value ? -1 : 1; /* as they were */
}

static void keys_are_sorted_and_stay_in_place(void)
{
    static struct keyed v[MOST], spare[MOST], want[MOST];
    uint64_t dice = 11;
    bool same = true;

    for (int round = 0; round < ROUNDS; round++) {
        size_t n = roll(&dice) % (round % 2 ? MOST : 100);
        uint64_t mask = UINT64_MAX >> roll(&dice) % 64, from = round % 3 ? 0 : ~mask;

        for (size_t i = 0; i < n; i++)
            want[i] = v[i] = (struct keyed){(roll(&dice) & mask) + from, (uint32_t)i};
        qsort(want, n, sizeof(*want), by_key);
        radix_sort(v, spare, n);
        for (size_t i = 0; i < n; i++)
            same &= v[i].key == want[i].key && v[i].value == want[i].value;
    }
    CHECK(same);
}

static void numbers_and_bytes_keep_their_order(void)
{
    CHECK(radix_key(INT64_MIN) < radix_key(-1) && radix_key(-1) < radix_key(0));
    CHECK(radix_key(0) < radix_key(1) && radix_key(1) < radix_key(INT64_MAX));
    CHECK(radix_bytes((const uint8_t *)"\0\0\0\0\0\0\1\0") == 256);
    CHECK(radix_text("") == 0 && radix_text("a") < radix_text("aa"));
    CHECK(radix_text("z") < radix_text("\xc3\xa9")); /* bytes count as unsigned */
    CHECK(radix_text("12345678") == radix_text("123456789"));
}

static const char **sorted_texts;

static int by_text(const void *a, const void *b)
{
    uint32_t x = ((const struct keyed *)a)->value, y = ((const struct keyed *)b)->value;
    int c = strcmp(sorted_texts[x], sorted_texts[y]);

    return c ? c : x < y ? -1 : 1;
}

/* Few letters, so that many begin alike, are the same, or end where others go on. */
static const char *any_text(struct arena *mem, uint64_t *dice)
{
    static const char *const pieces[] = {"a", "b", "\xc3\xa9", "\xff", "aaaaaaaa", "aaaaaaab"};
    const char *text = "";

    for (uint64_t n = roll(dice) % 6; n; n--)
        text = arena_printf(mem, "%s%s", text, pieces[roll(dice) % 6]);
    return text;
}

static void texts_are_sorted_as_strcmp_has_it(void)
{
    static struct keyed v[MOST], spare[MOST], want[MOST];
    uint64_t dice = 12;
    bool same = true;

    for (int round = 0; round < ROUNDS; round++) {
        struct arena *mem = arena_new();
        size_t n = roll(&dice) % (round % 2 ? MOST : 100);
        const char **texts = arena_alloc(mem, (n + 1) * sizeof(*texts));

        for (size_t i = 0; i < n; i++) {
            texts[i] = any_text(mem, &dice);
            want[i] = v[i] = (struct keyed){0, (uint32_t)i};
        }
        sorted_texts = texts;
        qsort(want, n, sizeof(*want), by_text);
        radix_sort_texts(v, spare, n, texts);
        for (size_t i = 0; i < n; i++)
            same &= v[i].value == want[i].value;
        arena_free(mem);
    }
    CHECK(same);
}

static const struct test tests[] = {
    {"build: keys are sorted and stay in place", keys_are_sorted_and_stay_in_place},
    {"build: numbers and bytes keep their order", numbers_and_bytes_keep_their_order},
    {"build: texts are sorted as strcmp() has it", texts_are_sorted_as_strcmp_has_it},
};

TEST_MAIN(tests)
