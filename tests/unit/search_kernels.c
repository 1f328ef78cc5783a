/*
 * Every version of the inner loops against plain C, planes and cube against counting one by one,
 * over random words.
 */
#include <stdlib.h>
#include <string.h>

#include "server/search/cube.h"
#include "server/search/found.h"
#include "server/search/kernels.h"
#include "server/search/panes.h"
#include "tests/test.h"
#include "tests/unit/search_large.h"

enum { WORDS_MOST = 300, ROUNDS = 400, ROWS = LARGE_ROWS };

static uint64_t state = 20260107;

static uint64_t roll(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 11 ^ state << 43;
}

/* Few bits, many, all or none. */
static uint64_t some_bits(uint64_t kind)
{
    uint64_t a = roll(), b = roll(), c = roll();

    return kind == 0 ? a & b & c : kind == 1 ? a | b : kind == 2 ? ~UINT64_C(0) : kind == 3 ? 0 : a;
}

static void fill(uint64_t *v, size_t n)
{
    uint64_t kind = roll() % 5;

    for (size_t i = 0; i < n; i++)
        v[i] = some_bits(roll() % 4 ? kind : roll() % 5);
}

static size_t plain_count(const uint64_t *v, size_t n)
{
    size_t sum = 0;

    for (size_t i = 0; i < n; i++)
        for (uint64_t left = v[i]; left; left &= left - 1)
            sum++;
    return sum;
}

static void check_one(kernel_into *fn, const uint64_t *want, const uint64_t *a, const uint64_t *b,
                      size_t words)
{
    uint64_t out[WORDS_MOST + 1];

    out[words] = UINT64_C(0x5a5a5a5a5a5a5a5a);
    CHECK(fn(out, a, b, words) == plain_count(want, words));
    CHECK(memcmp(out, want, words * sizeof(*out)) == 0);
    CHECK(out[words] == UINT64_C(0x5a5a5a5a5a5a5a5a));
    memcpy(out, a, words * sizeof(*out));
    CHECK(fn(out, out, b, words) == plain_count(want, words)); /* in place */
    CHECK(memcmp(out, want, words * sizeof(*out)) == 0);
}

static void check_kernels(const struct kernels *k)
{
    uint64_t a[WORDS_MOST], b[WORDS_MOST], want[WORDS_MOST];

    for (int round = 0; round < ROUNDS; round++) {
        size_t words = round < 40 ? (size_t)round : roll() % WORDS_MOST;

        fill(a, words);
        fill(b, words);
        for (size_t i = 0; i < words; i++)
            want[i] = a[i] & b[i];
        check_one(k->and, want, a, b, words);
        CHECK(k->count_and(a, b, words) == plain_count(want, words));
        for (size_t i = 0; i < words; i++)
            want[i] = a[i] & ~b[i];
        check_one(k->and_not, want, a, b, words);
        for (size_t i = 0; i < words; i++)
            want[i] = a[i] | b[i];
        check_one(k->or, want, a, b, words);
    }
}

static void all_kernels_do_the_same(void)
{
    size_t n = 0;

    for (size_t i = 0; kernels_at(i); i++) {
        if (!kernels_at(i)->is_there())
            continue;
        check_kernels(kernels_at(i));
        n++;
    }
    CHECK(n > 0);
    CHECK(kernels()->is_there());
}

static void bytes_are_found(void)
{
    uint8_t v[64];

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t got;

        for (int i = 0; i < 64; i++)
            v[i] = (uint8_t)(roll() % 3 * 127);
        got = bytes_equal(v, (uint8_t)(round % 3 * 127));
        for (int i = 0; i < 64; i++)
            CHECK((got >> i & 1) == (v[i] == round % 3 * 127));
    }
}

/* Codes of `values` values over n documents, the lower ones more often. */
static void check_planes(uint32_t values, size_t n)
{
    size_t words = bits_words(n), sums[PLANE_CODES] = {0}, others = 0;
    uint32_t *codes = xcalloc(n, sizeof(*codes)), *counts = xcalloc(values + 1, sizeof(*counts));
    uint32_t *want = xcalloc(values + 1, sizeof(*want));
    uint64_t *bits, *set = xcalloc(words, sizeof(*set)), other[PLANE_PIECE];
    uint8_t *map = xcalloc(values + 1, 1);
    struct planes p;

    fill(set, words);
    if (n % 64)
        set[words - 1] &= (UINT64_C(1) << (n % 64)) - 1;
    for (size_t i = 0; i < n; i++) {
        codes[i] = (uint32_t)(roll() % (values + 1) * (roll() % 16) / 15);
        counts[codes[i]]++;
        want[codes[i]] += bits_test(set, (uint32_t)i);
    }
    planes_choose(&p, counts + 1, values, n);
    planes_map(&p, values, map);
    bits = xcalloc((size_t)p.n * words, sizeof(*bits));
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < p.n; bit++)
            if (map[codes[i]] >> bit & 1)
                bits_set(bits + (size_t)bit * words, (uint32_t)i);
    p.bits = bits;
    for (size_t from = 0; from < words; from += PLANE_PIECE) {
        size_t piece = words - from < PLANE_PIECE ? words - from : PLANE_PIECE;

        planes_count(&p, set + from, from, piece, sums);
        if (p.last == PLANE_OTHER) {
            planes_other(&p, set + from, from, piece, other);
            others += plain_count(other, piece);
        }
    }
    planes_settle(&p, sums);
    for (unsigned c = 0; c <= p.last && c < PLANE_OTHER; c++) {
        CHECK(sums[c] == want[p.codes[c]]);
        want[p.codes[c]] = 0;
    }
    for (uint32_t c = 0; c <= values; c++) { /* the rest are others */
        CHECK(others >= want[c]);
        others -= want[c];
    }
    CHECK(others == 0);
    free(codes);
    free(counts);
    free(want);
    free(bits);
    free(set);
    free(map);
}

static void planes_count_each_code(void)
{
    static const uint32_t values[] = {0, 1, 2, 3, 7, 8, 25, 61, 62, 63, 64, 200, 1000};

    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        for (size_t n = 1; n < 60000; n = n * 7 + roll() % 50)
            check_planes(values[i], n);
}

static bool holds(const struct segment *s, const struct cube_ask *ask, uint32_t i, int but)
{
    for (int f = 0; f < FIRST_FACETS; f++) {
        bool any = !ask->codes[f] || f == but;

        for (size_t k = 0; !any && k < ask->n[f]; k++)
            any = ask->codes[f][k] == codes_at(&s->codes[first_facets[f]], i);
        if (!any)
            return false;
    }
    return true;
}

static void check_cube(const struct segment *s, const struct cube_ask *ask, int pane)
{
    struct cube cube = {s, CUBE_FOURS, s->cube};
    uint32_t counts[UINT8_MAX + 1], want[UINT8_MAX + 1] = {0};
    size_t total = 0;

    for (uint32_t i = 0; i < s->n; i++) {
        total += holds(s, ask, i, -1);
        if (holds(s, ask, i, pane))
            want[codes_at(&s->codes[first_facets[pane]], i)]++;
    }
    cube_pane(&cube, ask, pane, counts);
    CHECK(memcmp(counts, want,
                 (s->dicts[TEXT_CLASSES + first_facets[pane]].texts.n + 1) * sizeof(*want)) == 0);
    if (cube_can(&cube, ask, -1))
        CHECK(cube_total(&cube, ask) == total);
}

static void the_cube_counts_what_there_is(void)
{
    struct segment *s = large_segment(3, roll);
    uint8_t room[FIRST_FACETS][8];
    int asked = 0;

    CHECK(s->cube);
    for (int round = 0; round < 60; round++) {
        struct cube_ask ask = {0};
        int pane = (int)(roll() % FIRST_FACETS);

        for (uint64_t k = roll() % 5; k; k--) {
            uint64_t f = roll() % FIRST_FACETS;

            uint32_t most = s->dicts[TEXT_CLASSES + first_facets[f]].texts.n;

            ask.codes[f] = room[f];
            ask.n[f] = 0;
            for (uint64_t c = 1 + roll() % 2; c <= most && ask.n[f] < 1 + f % 3; c += 2)
                room[f][ask.n[f]++] = (uint8_t)c;
        }
        if (!cube_can(&(struct cube){s, CUBE_FOURS, s->cube}, &ask, pane))
            continue;
        check_cube(s, &ask, pane);
        asked++;
    }
    CHECK(asked > 20);
    segment_unref(s);
}

static void check_panes(const struct segment *s, const struct set *set, struct arena *mem)
{
    bool wanted[FACET_END] = {0};
    struct tally tallies[FACET_END] = {0};

    for (int f = 1; f < FACET_END; f++)
        wanted[f] = !values_are_multi(f);
    panes_add(mem, tallies, s, wanted, set, NULL);
    for (int f = 1; f < FACET_END; f++) {
        const struct texts *t = &s->dicts[TEXT_CLASSES + f].texts;
        int64_t *want = arena_alloc(mem, (t->n + 1) * sizeof(*want));

        if (!wanted[f])
            continue;
        for (uint32_t i = 0; i < s->n; i++)
            want[codes_at(&s->codes[f], i)] += set_has(set, i);
        for (size_t i = 0; i < tallies[f].n; i++) {
            uint32_t at = texts_find(t, tallies[f].v[i].value);

            CHECK(at != UINT32_MAX && want[at + 1] == tallies[f].v[i].count);
            want[at + 1] = 0;
        }
        for (uint32_t v = 1; v <= t->n; v++)
            CHECK(want[v] == 0);
    }
}

static void panes_count_any_set(void)
{
    struct segment *s = large_segment(3, roll);
    size_t words = bits_words(s->n);
    uint64_t *bits = xcalloc(words, sizeof(*bits));

    for (int round = 0; round < 12; round++) {
        struct arena *mem = arena_new();
        struct set set = {.bits = bits, .n = s->n};

        for (size_t i = 0; i < words; i++) /* empty, thin and thick stretches */
            bits[i] = some_bits((i / PLANE_PIECE + (size_t)round) % 5);
        bits[words - 1] &= (UINT64_C(1) << (s->n % 64)) - 1;
        set.count = bits_count(bits, words);
        check_panes(s, &set, mem);
        arena_free(mem);
    }
    free(bits);
    segment_unref(s);
}

static const struct test tests[] = {
    {"search kernels: all versions do the same", all_kernels_do_the_same},
    {"search kernels: bytes are found", bytes_are_found},
    {"search kernels: planes count each code", planes_count_each_code},
    {"search kernels: the cube counts what there is", the_cube_counts_what_there_is},
    {"search kernels: panes count any set", panes_count_any_set},
};
TEST_MAIN(tests)
