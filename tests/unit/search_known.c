/*
 * What is known of words beforehand against looking at their documents: totals, panes and order,
 * with selections, with dead documents, in a segment that is large enough for it.
 */
#include <string.h>

#include "server/search/facets.h"
#include "server/search/known.h"
#include "server/search/rank.h"
#include "tests/test.h"
#include "tests/unit/search_large.h"

enum { ROWS = LARGE_ROWS, ROUNDS = 400, TOP = 30 };

static uint64_t dice = 88172645463325252u;

static uint64_t any_number(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice >> 11;
}

static uint64_t roll(uint64_t n)
{
    return any_number() % n;
}

static void kill_some(struct live *l, size_t n)
{
    while (n--)
        live_kill(l, (uint32_t)roll(ROWS));
}

/* A word that is known, a beginning that is, or one that is not. */
static const char *any_text(const struct segment *s, struct arena *mem)
{
    const struct texts *t = &s->known[roll(KNOWN_LISTS)].texts;

    if (roll(10) == 0)
        t = &s->dicts[roll(TEXT_CLASSES)].texts;
    return arena_printf(mem, "%s%s", texts_at(t, (uint32_t)roll(t->n)),
                        t == &s->known[KNOWN_STARTS].texts ? "*" : "");
}

static void select_some(const struct segment *s, struct arena *mem, struct search_query *q)
{
    for (uint64_t k = roll(4); k; k--) {
        enum facet f = first_facets[roll(FIRST_FACETS)];
        const struct texts *t = &s->dicts[TEXT_CLASSES + f].texts;
        const char **v = arena_alloc(mem, 2 * sizeof(*v));

        v[0] = texts_at(t, (uint32_t)roll(t->n));
        v[1] = texts_at(t, (uint32_t)roll(t->n));
        q->in[f] = (struct strs){v, 1 + roll(2)};
    }
}

static void any_question(const struct segment *s, struct arena *mem, struct ask *out)
{
    static const char *const sorts[] = {"relevance", "relevance", "score",   "-name",
                                        "company",   "updated",   "-quality"};
    struct search_query q = {.q = any_text(s, mem)};
    struct problem why;

    q.sort = sorts[roll(sizeof(sorts) / sizeof(*sorts))];
    select_some(s, mem, &q);
    CHECK(ask_parse(mem, &q, false, out, &why) == ERR_OK);
}

struct answer {
    struct tally tallies[FACET_END];
    struct hit hits[TOP];
    size_t n, total;
};

static void look(struct arena *mem, const struct live *l, const struct ask *q, struct answer *out)
{
    struct found found;
    struct set full;
    struct eval e;
    bool all;

    eval_begin(&e, mem, l, q, NULL);
    eval_rest(&e);
    for (int f = 1; f < FACET_END; f++) {
        bool one[FACET_END] = {0};
        struct set own = eval_result(&e, f, &all);

        one[f] = q->panes[f];
        if (own.count)
            panes_add(mem, out->tallies, l->segment, one, &own, NULL);
    }
    full = eval_result(&e, 0, &all);
    found_of_set(&found, &full);
    out->total = found.count;
    out->n = rank_segment(&e, &found, NULL, TOP, out->hits);
}

static bool know(struct arena *mem, const struct live *l, const struct ask *q, struct answer *out)
{
    struct found found;
    struct eval e;

    eval_begin(&e, mem, l, q, NULL);
    if (!facets_answer(&e, out->tallies, &found))
        return false;
    out->total = found.count;
    out->n = rank_segment(&e, &found, NULL, TOP, out->hits);
    return true;
}

static bool is_same(const struct answer *a, const struct answer *b)
{
    bool same = a->total == b->total && a->n == b->n;

    for (size_t i = 0; same && i < a->n; i++)
        same = a->hits[i].ordinal == b->hits[i].ordinal && a->hits[i].key == b->hits[i].key;
    for (int f = 1; same && f < FACET_END; f++) {
        const struct tally *x = &a->tallies[f], *y = &b->tallies[f];

        same = x->n == y->n;
        for (size_t i = 0; same && i < x->n; i++)
            same = x->v[i].count == y->v[i].count && strcmp(x->v[i].value, y->v[i].value) == 0;
    }
    return same;
}

/* The rounds that were answered by what is known; *differ: of these. */
static int compare(const struct live *known, const struct live *looked, int *differ)
{
    int answered = 0;

    *differ = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct arena *mem = arena_new();
        struct answer *a = arena_alloc(mem, 2 * sizeof(*a));
        struct ask q;

        any_question(known->segment, mem, &q);
        if (know(mem, known, &q, &a[0])) {
            look(mem, looked, &q, &a[1]);
            *differ += !is_same(&a[0], &a[1]);
            answered++;
        }
        arena_free(mem);
    }
    return answered;
}

static void knowing_is_looking(void)
{
    struct live fresh = {.segment = large_segment(4, any_number)},
                worn = {.segment = fresh.segment};
    int differ;

    CHECK(fresh.segment->known[KNOWN_WORDS].texts.n >= 3);
    CHECK(fresh.segment->known[KNOWN_STARTS].texts.n >= 20);
    CHECK(segment_is_sound(fresh.segment));
    CHECK(compare(&fresh, &fresh, &differ) > ROUNDS / 3 && differ == 0);
    kill_some(&worn, 700);
    CHECK(compare(&worn, &worn, &differ) > ROUNDS / 3 && differ == 0);
    compare(&worn, &fresh, &differ);
    CHECK(differ > ROUNDS / 10); /* it is noticed */
    kill_some(&worn, 3000);
    CHECK(compare(&worn, &worn, &differ) == 0); /* too many to look at one by one */
    live_unref(&worn);
}

static const struct test tests[] = {
    {"search known: knowing is looking", knowing_is_looking},
};
TEST_MAIN(tests)
