#include "server/search/rank.h"

#include <string.h>

static const uint16_t weights[TEXT_CLASSES] = {
    [TEXT_TITLE] = 8, [TEXT_NAME] = 6, [TEXT_COMPANY] = 4, [TEXT_OTHER] = 1};

/* Classes from the heaviest to the lightest. */
static const enum text_class by_weight[TEXT_CLASSES] = {TEXT_TITLE, TEXT_NAME, TEXT_COMPANY,
                                                        TEXT_OTHER};

int hit_compare(const struct hit *a, const struct hit *b, bool reverse)
{
    int c = a->text ? strcmp(a->text, b->text) : 0;

    if (c)
        return reverse ? -c : c;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return uuid_compare(&a->segment->ids[a->ordinal], &b->segment->ids[b->ordinal]);
}

/* How a segment's documents get their keys. */
struct ranker {
    const struct segment *s;
    const struct ask *ask;
    const uint16_t *relevance; /* by ordinal; NULL: the words' class sets are asked */
    struct set (*words)[TEXT_CLASSES];
    size_t n_words;
};

static int64_t relevance_of(const struct ranker *r, uint32_t i)
{
    int64_t sum = 0;

    if (r->relevance)
        return r->relevance[i];
    for (size_t w = 0; w < r->n_words; w++) {
        for (int c = 0; c < TEXT_CLASSES; c++) {
            if (!set_has(&r->words[w][by_weight[c]], i))
                continue;
            sum += weights[by_weight[c]];
            break;
        }
    }
    return sum;
}

static int64_t key_of(const struct ranker *r, uint32_t i)
{
    const struct segment *s = r->s;
    int64_t sign = r->ask->reverse ? 1 : -1;

    switch (r->ask->sort) {
    case SORT_RELEVANCE:
        return sign * relevance_of(r, i);
    case SORT_SCORE:
        return sign * s->score[i];
    case SORT_QUALITY:
        return sign * s->quality[i];
    case SORT_UPDATED:
        return sign * s->updated[i];
    case SORT_NAME:
        return -sign * (int64_t)s->ranks[ORDER_NAME][i];
    case SORT_COMPANY:
        return -sign * (int64_t)s->ranks[ORDER_COMPANY][i];
    }
    return 0;
}

static int order_of(enum sort sort)
{
    return sort == SORT_NAME ? ORDER_NAME : sort == SORT_COMPANY ? ORDER_COMPANY : -1;
}

static struct hit make_hit(const struct ranker *r, uint32_t i)
{
    return (struct hit){.segment = r->s,
                        .ordinal = i,
                        .key = key_of(r, i),
                        .score = r->ask->sort == SORT_RELEVANCE ? -(int64_t)r->s->score[i] : 0};
}

/* The word's classes, each without the heavier ones, added up over the result. */
static void add_word(struct arena *mem, const struct set *result, struct set *in, uint16_t *sum)
{
    struct set left = *result;

    for (int c = 0; c < TEXT_CLASSES && left.count; c++) {
        struct set here = set_and(mem, &left, &in[by_weight[c]]);
        struct set_at at;

        for (uint32_t i = set_first(&here, &at); i != SET_END; i = set_next(&here, &at))
            sum[i] = (uint16_t)(sum[i] + weights[by_weight[c]]);
        left = set_and_not(mem, &left, &here);
    }
}

static void prepare_relevance(struct arena *mem, struct ranker *r, const struct set *result)
{
    uint16_t *sum = NULL;

    r->words = arena_alloc(mem, (r->ask->words + 1) * sizeof(*r->words));
    if (result->bits) {
        sum = arena_alloc(mem, r->s->n * sizeof(*sum));
        r->relevance = sum;
    }
    for (size_t i = 0; i < r->ask->n; i++) {
        const struct clause *c = &r->ask->clauses[i];

        if (c->kind == CLAUSE_VALUES || c->negative)
            continue;
        for (int k = 0; k < TEXT_CLASSES; k++)
            r->words[r->n_words][k] = clause_class_set(mem, r->s, c, (enum text_class)k);
        if (sum)
            add_word(mem, result, r->words[r->n_words], sum);
        r->n_words++;
    }
}

/* The key that a cursor has in this segment: for texts the rank at or after it. */
struct bound {
    struct hit last;
    struct uuid id;
    bool set, between; /* between: the text is not in this segment; no tie is possible */
};

static struct bound bound_of(const struct ranker *r, const struct cursor *after)
{
    struct bound b = {.set = after != NULL};
    int order = order_of(r->ask->sort);
    const struct texts *t;
    uint32_t rank;

    if (!after)
        return b;
    b.id = after->id;
    b.last.key = after->key;
    b.last.score = after->score;
    if (order < 0)
        return b;
    t = &r->s->orders[order];
    rank = texts_lower(t, after->text);
    b.between = rank == t->n || strcmp(texts_at(t, rank), after->text) != 0;
    b.last.key = r->ask->reverse ? -(int64_t)rank : (int64_t)rank;
    return b;
}

static bool is_behind(const struct ranker *r, const struct bound *b, const struct hit *h)
{
    if (!b->set)
        return true;
    if (b->between) /* ascending: ranks from the bound on; descending: ranks below it */
        return r->ask->reverse ? h->key > b->last.key : h->key >= b->last.key;
    if (h->key != b->last.key)
        return h->key > b->last.key;
    if (h->score != b->last.score)
        return h->score > b->last.score;
    return uuid_compare(&h->segment->ids[h->ordinal], &b->id) > 0;
}

/* A heap with the worst hit on top. */
static void sift_down(struct hit *v, size_t n, size_t i)
{
    for (;;) {
        size_t worst = i, left = 2 * i + 1, right = left + 1;
        struct hit t;

        if (left < n && hit_compare(&v[left], &v[worst], false) > 0)
            worst = left;
        if (right < n && hit_compare(&v[right], &v[worst], false) > 0)
            worst = right;
        if (worst == i)
            return;
        t = v[i];
        v[i] = v[worst];
        v[worst] = t;
        i = worst;
    }
}

static void sift_up(struct hit *v, size_t i)
{
    while (i && hit_compare(&v[i], &v[(i - 1) / 2], false) > 0) {
        struct hit t = v[i];

        v[i] = v[(i - 1) / 2];
        v[(i - 1) / 2] = t;
        i = (i - 1) / 2;
    }
}

static size_t take_best(const struct ranker *r, const struct set *result, const struct bound *b,
                        size_t k, struct hit *out)
{
    struct set_at at;
    size_t n = 0;

    for (uint32_t i = set_first(result, &at); i != SET_END; i = set_next(result, &at)) {
        struct hit h = make_hit(r, i);

        if (n == k && h.key > out[0].key) /* most end here */
            continue;
        if (!is_behind(r, b, &h))
            continue;
        if (n < k) {
            out[n++] = h;
            sift_up(out, n - 1);
        } else if (hit_compare(&h, &out[0], false) < 0) {
            out[0] = h;
            sift_down(out, n, 0);
        }
    }
    for (size_t m = n; m > 1; m--) { /* heapsort: the worst goes last */
        struct hit t = out[0];

        out[0] = out[m - 1];
        out[m - 1] = t;
        sift_down(out, m - 1, 0);
    }
    return n;
}

/* Documents lie in the order of the score already: the first k behind the cursor. */
static size_t take_first(const struct ranker *r, const struct set *result, const struct bound *b,
                         size_t k, struct hit *out)
{
    uint32_t lo = 0, hi = r->s->n;
    struct set_at at;
    size_t n = 0;

    while (b->set && lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        struct hit h = make_hit(r, mid);

        if (is_behind(r, b, &h))
            hi = mid;
        else
            lo = mid + 1;
    }
    for (uint32_t i = set_from(result, &at, lo); i != SET_END && n < k; i = set_next(result, &at))
        out[n++] = make_hit(r, i);
    return n;
}

size_t rank_segment(struct arena *mem, const struct segment *s, const struct set *result,
                    const struct ask *ask, const struct cursor *after, size_t k, struct hit *out)
{
    struct ranker r = {.s = s, .ask = ask};
    int order = order_of(ask->sort);
    struct bound b;
    size_t n;

    if (ask->sort == SORT_RELEVANCE)
        prepare_relevance(mem, &r, result);
    b = bound_of(&r, after);
    if (ask->sort == SORT_SCORE && !ask->reverse)
        n = take_first(&r, result, &b, k, out);
    else
        n = take_best(&r, result, &b, k, out);
    for (size_t i = 0; i < n && order >= 0; i++) {
        out[i].text = texts_at(&s->orders[order], s->ranks[order][out[i].ordinal]);
        out[i].key = 0;
    }
    return n;
}
