#include "server/search/rank.h"

#include <string.h>

#include "server/search/kernels.h"
#include "server/search/relevance.h"

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

struct ranker {
    struct eval *e;
    const struct segment *s;
    const struct found *found;
    enum sort sort;
    int64_t sign; /* of keys that descend */
};

/* Of all orders but relevance. */
static inline int64_t key_of(const struct ranker *r, enum sort sort, uint32_t i)
{
    switch (sort) {
    case SORT_RELEVANCE:
        return 0;
    case SORT_SCORE:
        return r->sign * r->s->score[i];
    case SORT_QUALITY:
        return r->sign * r->s->quality[i];
    case SORT_UPDATED:
        return r->sign * r->s->updated[i];
    case SORT_NAME:
        return -r->sign * (int64_t)codes_at(&r->s->ranks[ORDER_NAME], i);
    case SORT_COMPANY:
        return -r->sign * (int64_t)codes_at(&r->s->ranks[ORDER_COMPANY], i);
    }
    return 0;
}

static int order_of(enum sort sort)
{
    return sort == SORT_NAME ? ORDER_NAME : sort == SORT_COMPANY ? ORDER_COMPANY : -1;
}

static struct hit make_hit(const struct ranker *r, uint32_t i, int64_t key)
{
    return (struct hit){.segment = r->s,
                        .ordinal = i,
                        .key = key,
                        .score = r->sort == SORT_RELEVANCE ? -(int64_t)r->s->score[i] : 0};
}

/* Where the page before ended, in terms of this segment. */
struct bound {
    struct hit last; /* by key and score; for texts the key is the rank at or after the text */
    struct uuid id;
    bool set, between; /* between: no text here equals the last one */
};

static struct bound bound_of(const struct ranker *r, const struct cursor *after)
{
    struct bound b = {.set = after != NULL};
    int order = order_of(r->sort);
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
    b.last.key = -r->sign * (int64_t)rank;
    return b;
}

static bool is_behind(const struct ranker *r, const struct bound *b, const struct hit *h)
{
    if (!b->set)
        return true;
    if (b->between) /* ascending: ranks from the bound on; descending: ranks below it */
        return r->sign > 0 ? h->key > b->last.key : h->key >= b->last.key;
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

struct best {
    struct hit *v; /* room for k */
    size_t n, k;
    const struct bound *bound;
};

static void consider(const struct ranker *r, struct best *b, uint32_t i, int64_t key)
{
    struct hit h = make_hit(r, i, key);

    if (!is_behind(r, b->bound, &h))
        return;
    if (b->n < b->k) {
        b->v[b->n++] = h;
        sift_up(b->v, b->n - 1);
    } else if (hit_compare(&h, &b->v[0], false) < 0) {
        b->v[0] = h;
        sift_down(b->v, b->n, 0);
    }
}

static void consider_piece(const struct ranker *r, struct best *b, const struct relevance *rel,
                           size_t word, const uint64_t bits[FOUND_PIECE])
{
    for (uint32_t w = 0; w < FOUND_PIECE; w++) {
        for (uint64_t left = bits[w]; left; left &= left - 1) {
            uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(left);
            int64_t key = -(int64_t)relevance_of(rel, i);

            if (b->n < b->k || key < b->v[0].key)
                consider(r, b, (uint32_t)(word * 64) + i, key);
        }
    }
}

static size_t sort_best(struct best *b)
{
    for (size_t m = b->n; m > 1; m--) { /* heapsort: the worst goes last */
        struct hit t = b->v[0];

        b->v[0] = b->v[m - 1];
        b->v[m - 1] = t;
        sift_down(b->v, m - 1, 0);
    }
    return b->n;
}

/* Once for each order, so that it is not asked for each document; most end at the first line. */
static inline __attribute__((always_inline)) void scan(const struct ranker *r, enum sort sort,
                                                       struct best *b)
{
    struct finder at;

    for (uint32_t i = finder_begin(&at, r->found, 0); i != SET_END; i = finder_next(&at)) {
        int64_t key = key_of(r, sort, i);

        if (b->n < b->k || key <= b->v[0].key)
            consider(r, b, i, key);
    }
}

/* All that is found is looked at. */
static size_t take_best(const struct ranker *r, const struct bound *bound, size_t k,
                        struct hit *out)
{
    struct best b = {.v = out, .k = k, .bound = bound};

    if (r->sort == SORT_QUALITY)
        scan(r, SORT_QUALITY, &b);
    else if (r->sort == SORT_UPDATED)
        scan(r, SORT_UPDATED, &b);
    else if (r->sort == SORT_NAME)
        scan(r, SORT_NAME, &b);
    else
        scan(r, SORT_COMPANY, &b);
    return sort_best(&b);
}

/*
 * Documents come in the order of the score, so that of two with the same relevance the first wins:
 * once there are k, others must have more than the worst of them.
 */
static size_t take_relevant(const struct ranker *r, const struct bound *bound, size_t k,
                            struct hit *out)
{
    struct best b = {.v = out, .k = k, .bound = bound};
    uint64_t found[FOUND_PIECE], enough[FOUND_PIECE];
    struct found_at at = {0};
    struct relevance rel;

    relevance_begin(&rel, r->e, r->e->pool.mem);
    if (bound->set && -bound->last.key < (int64_t)rel.most)
        rel.most = (uint32_t)-bound->last.key;
    for (size_t word = 0; word < bits_words(r->s->n); word += FOUND_PIECE) {
        uint32_t least = b.n < k ? 0 : (uint32_t)-b.v[0].key + 1;

        if (least > rel.most)
            break;
        if (!found_piece(r->found, word, &at, found))
            continue;
        relevance_move(&rel, word);
        if (!relevance_at_least(&rel, least, found, enough))
            continue;
        consider_piece(r, &b, &rel, word, enough);
    }
    return sort_best(&b);
}

/* Documents in order of the key, ascending, and then of the id. */
static uint32_t in_order(const struct ranker *r, uint32_t at)
{
    switch (r->sort) {
    case SORT_NAME:
        return codes_at(&r->s->sorted[ORDER_NAME], at);
    case SORT_COMPANY:
        return codes_at(&r->s->sorted[ORDER_COMPANY], at);
    case SORT_UPDATED:
        return codes_at(&r->s->sorted[SORTED_UPDATED], at);
    case SORT_QUALITY:
        return codes_at(&r->s->sorted[SORTED_QUALITY], at);
    case SORT_SCORE: /* descending */
    case SORT_RELEVANCE:
        break;
    }
    return at;
}

static struct hit hit_at(const struct ranker *r, uint32_t at)
{
    uint32_t i = in_order(r, at);

    return make_hit(r, i, key_of(r, r->sort, i));
}

/* The first place of [lo, hi) whose hit is behind the bound; all behind it are, too. */
static uint32_t first_behind(const struct ranker *r, const struct bound *b, uint32_t lo,
                             uint32_t hi)
{
    while (b->set && lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        struct hit h = hit_at(r, mid);

        if (is_behind(r, b, &h))
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* *steps: how many may be made yet; 0 afterwards: they did not suffice. */
static size_t take_found(const struct ranker *r, uint32_t from, uint32_t to, size_t k,
                         size_t *steps, struct hit *out)
{
    struct finder x;
    size_t n = 0;

    if (r->sort == SORT_SCORE) { /* documents lie in this order, and need no steps */
        for (uint32_t i = finder_begin(&x, r->found, from); i < to && n < k; i = finder_next(&x))
            out[n++] = hit_at(r, i);
        return n;
    }
    for (uint32_t at = from; at < to && n < k && *steps; at++, --*steps)
        if (found_has(r->found, in_order(r, at)))
            out[n++] = hit_at(r, at);
    return n;
}

/* The first place of [0, end) whose key is that of the last. */
static uint32_t group_of(const struct ranker *r, uint32_t end)
{
    int64_t key = hit_at(r, end - 1).key;
    uint32_t lo = 0, hi = end - 1;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (hit_at(r, mid).key == key)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* Keys from the last to the first, and those of one key from its first document on. */
static size_t take_backwards(const struct ranker *r, const struct bound *b, size_t k, size_t *steps,
                             struct hit *out)
{
    uint32_t end = r->s->n, lo = 0;
    size_t n = 0;

    while (b->set && lo < end) { /* groups whose keys come before the bound's */
        uint32_t mid = lo + (end - lo) / 2;

        if (hit_at(r, mid).key < b->last.key)
            end = mid;
        else
            lo = mid + 1;
    }
    while (end && n < k && *steps) {
        uint32_t from = group_of(r, end);

        n += take_found(r, first_behind(r, b, from, end), end, k - n, steps, out + n);
        end = from;
    }
    return n;
}

/* Documents lie in the order of the score already: the first k behind the cursor. */
static size_t take_first(const struct ranker *r, const struct bound *b, size_t k, struct hit *out)
{
    struct finder at;
    size_t n = 0;
    uint32_t i = finder_begin(&at, r->found, first_behind(r, b, 0, r->s->n));

    for (; i != SET_END && n < k; i = finder_next(&at))
        out[n++] = make_hit(r, i, key_of(r, SORT_SCORE, i));
    return n;
}

/* The first place in the order of quality with at least this. */
static uint32_t quality_from(const struct segment *s, unsigned quality)
{
    uint32_t lo = 0, hi = s->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (s->quality[codes_at(&s->sorted[SORTED_QUALITY], mid)] < quality)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void count_qualities(const struct ranker *r, uint32_t counts[UINT8_MAX + 1])
{
    struct finder at;

    for (uint32_t i = finder_begin(&at, r->found, 0); i != SET_END; i = finder_next(&at))
        counts[r->s->quality[i]]++;
}

/* The first k of one quality, by looking at all that are found. */
static size_t take_one_quality(const struct ranker *r, const struct bound *bound, unsigned quality,
                               size_t k, struct hit *out)
{
    struct best b = {.v = out, .k = k, .bound = bound};
    uint64_t found[FOUND_PIECE];
    struct found_at at = {0};

    for (size_t word = 0; word < bits_words(r->s->n); word += FOUND_PIECE) {
        if (!found_piece(r->found, word, &at, found))
            continue;
        for (size_t w = 0; w < FOUND_PIECE; w++) {
            uint32_t from = (uint32_t)((word + w) * 64);
            uint64_t left =
                found[w] ? found[w] & bytes_equal(r->s->quality + from, (uint8_t)quality) : 0;

            for (; left; left &= left - 1)
                consider(r, &b, from + (uint32_t)__builtin_ctzll(left), r->sign * (int64_t)quality);
        }
    }
    return sort_best(&b);
}

/*
 * When the best qualities have none that are found: count all that are, and look only where there
 * are some.  Where they are thin, a pass over all is shorter than going along the order.
 */
static size_t take_qualities(const struct ranker *r, const struct bound *b, size_t k,
                             struct hit *out)
{
    uint32_t counts[UINT8_MAX + 1] = {0};
    size_t steps = SIZE_MAX, n = 0;

    count_qualities(r, counts);
    for (unsigned i = 0; i <= UINT8_MAX && n < k; i++) {
        unsigned quality = r->sign > 0 ? i : UINT8_MAX - i;
        size_t want = counts[quality] < k - n ? counts[quality] : k - n;
        uint32_t from, to;

        if (!want || (b->set && r->sign * (int64_t)quality < b->last.key))
            continue;
        from = quality_from(r->s, quality);
        to = quality_from(r->s, quality + 1);
        if ((to - from) / counts[quality] * want > r->s->n / 64)
            n += take_one_quality(r, b, quality, k - n, out + n);
        else
            n += take_found(r, first_behind(r, b, from, to), to, k - n, &steps, out + n);
    }
    return n;
}

/*
 * Going along an order and asking whether each document was found, it takes n / count steps to the
 * next one; looking at all that were found takes count, and is some times as fast a step.  What is
 * found may have none of the first in this order: going along ends where the other way would have.
 */
static size_t take_broad(const struct ranker *r, const struct bound *b, size_t k, struct hit *out)
{
    bool backwards = (r->sign > 0) == (order_of(r->sort) >= 0);
    size_t steps = r->found->count / 16, n;

    if (steps < k * (r->found->n / r->found->count))
        return take_best(r, b, k, out);
    if (backwards)
        n = take_backwards(r, b, k, &steps, out);
    else
        n = take_found(r, first_behind(r, b, 0, r->s->n), r->s->n, k, &steps, out);
    if (steps)
        return n;
    return r->sort == SORT_QUALITY ? take_qualities(r, b, k, out) : take_best(r, b, k, out);
}

size_t rank_segment(struct eval *e, const struct found *found, const struct cursor *after, size_t k,
                    struct hit *out)
{
    struct ranker r = {
        .e = e, .s = e->s, .found = found, .sort = e->ask->sort, .sign = e->ask->reverse ? 1 : -1};
    int order = order_of(r.sort);
    struct bound b = bound_of(&r, after);
    size_t steps = SIZE_MAX, n;

    if (!found->count)
        return 0;
    if (r.sort == SORT_RELEVANCE)
        n = take_relevant(&r, &b, k, out);
    else if (r.sort == SORT_SCORE && !e->ask->reverse)
        n = take_first(&r, &b, k, out);
    else if (r.sort == SORT_SCORE)
        n = take_backwards(&r, &b, k, &steps, out);
    else
        n = take_broad(&r, &b, k, out);
    for (size_t i = 0; i < n && order >= 0; i++) {
        out[i].text = texts_at(&e->s->orders[order], codes_at(&e->s->ranks[order], out[i].ordinal));
        out[i].key = 0;
    }
    return n;
}
