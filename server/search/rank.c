#include "server/search/rank.h"

#include <string.h>

/* Documents whose relevance is added up at a time. */
enum { WINDOW = 1 << 15 };

static const uint8_t weights[TEXT_CLASSES] = {
    [TEXT_TITLE] = 8, [TEXT_NAME] = 6, [TEXT_COMPANY] = 4, [TEXT_OTHER] = 1};

static const enum text_class heaviest_first[TEXT_CLASSES] = {TEXT_TITLE, TEXT_NAME, TEXT_COMPANY,
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

/* The relevance of the documents of one window of a segment. */
struct relevance {
    const struct eval *e;
    struct set_at (*at)[TEXT_CLASSES]; /* per word, where its classes have been read to */
    uint32_t (*next)[TEXT_CLASSES];
    uint32_t from, to;
    uint16_t *sum; /* WINDOW */
    uint8_t *best; /* WINDOW, of one word */
};

struct ranker {
    struct eval *e;
    const struct segment *s;
    enum sort sort;
    int64_t sign; /* of keys that descend */
    struct relevance *window;
};

static void relevance_begin(struct relevance *r, const struct eval *e, struct arena *mem)
{
    size_t words = e->ask->n_words;

    *r = (struct relevance){.e = e};
    r->at = arena_alloc(mem, words * sizeof(*r->at));
    r->next = arena_alloc(mem, words * sizeof(*r->next));
    r->sum = arena_alloc(mem, WINDOW * sizeof(*r->sum));
    r->best = arena_alloc(mem, WINDOW);
    for (size_t w = 0; w < words; w++)
        for (int c = 0; c < TEXT_CLASSES; c++)
            r->next[w][c] = set_first(&e->words[w][c], &r->at[w][c]);
}

/* Read the classes of a word on to the window's end; the heavier overwrite the lighter. */
static void add_word(struct relevance *r, size_t w)
{
    for (int k = TEXT_CLASSES - 1; k >= 0; k--) {
        enum text_class c = heaviest_first[k];
        uint32_t i = r->next[w][c];

        if (i != SET_END && i < r->from)
            i = set_from(&r->e->words[w][c], &r->at[w][c], r->from);
        for (; i != SET_END && i < r->to; i = set_next(&r->e->words[w][c], &r->at[w][c]))
            r->best[i - r->from] = weights[c];
        r->next[w][c] = i;
    }
    for (size_t i = 0; i < r->to - r->from; i++)
        r->sum[i] = (uint16_t)(r->sum[i] + r->best[i]);
    memset(r->best, 0, WINDOW);
}

/* The window that holds document i becomes the present one. */
static void relevance_move(struct relevance *r, uint32_t i)
{
    r->from = i / WINDOW * WINDOW;
    r->to = r->from + WINDOW < r->e->s->n ? r->from + WINDOW : r->e->s->n;
    memset(r->sum, 0, WINDOW * sizeof(*r->sum));
    for (size_t w = 0; w < r->e->ask->n_words; w++)
        add_word(r, w);
}

static int64_t look_up(const struct eval *e, uint32_t i)
{
    int64_t sum = 0;

    for (size_t w = 0; w < e->ask->n_words; w++) {
        for (int k = 0; k < TEXT_CLASSES; k++) {
            if (!set_has(&e->words[w][heaviest_first[k]], i))
                continue;
            sum += weights[heaviest_first[k]];
            break;
        }
    }
    return sum;
}

/* Documents must come in order when there is a window. */
static int64_t relevance_of(const struct ranker *r, uint32_t i)
{
    if (!r->window)
        return look_up(r->e, i);
    if (i >= r->window->to)
        relevance_move(r->window, i);
    return r->window->sum[i - r->window->from];
}

static inline int64_t key_of(const struct ranker *r, enum sort sort, uint32_t i)
{
    switch (sort) {
    case SORT_RELEVANCE:
        return -relevance_of(r, i);
    case SORT_SCORE:
        return r->sign * r->s->score[i];
    case SORT_QUALITY:
        return r->sign * r->s->quality[i];
    case SORT_UPDATED:
        return r->sign * r->s->updated[i];
    case SORT_NAME:
        return -r->sign * (int64_t)r->s->ranks[ORDER_NAME][i];
    case SORT_COMPANY:
        return -r->sign * (int64_t)r->s->ranks[ORDER_COMPANY][i];
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

/* Once for each order, so that it is not asked for each document; most end at the first line. */
static inline __attribute__((always_inline)) void scan(const struct ranker *r, enum sort sort,
                                                       const struct set *result, struct best *b)
{
    struct set_at at;

    for (uint32_t i = set_first(result, &at); i != SET_END; i = set_next(result, &at)) {
        int64_t key = key_of(r, sort, i);

        if (b->n < b->k || key <= b->v[0].key)
            consider(r, b, i, key);
    }
}

static void scan_all(const struct ranker *r, const struct set *result, struct best *b)
{
    switch (r->sort) {
    case SORT_RELEVANCE:
        scan(r, SORT_RELEVANCE, result, b);
        break;
    case SORT_SCORE:
        scan(r, SORT_SCORE, result, b);
        break;
    case SORT_QUALITY:
        scan(r, SORT_QUALITY, result, b);
        break;
    case SORT_UPDATED:
        scan(r, SORT_UPDATED, result, b);
        break;
    case SORT_NAME:
        scan(r, SORT_NAME, result, b);
        break;
    case SORT_COMPANY:
        scan(r, SORT_COMPANY, result, b);
        break;
    }
}

static size_t take_best(const struct ranker *r, const struct set *result, const struct bound *bound,
                        size_t k, struct hit *out)
{
    struct best b = {.v = out, .k = k, .bound = bound};

    scan_all(r, result, &b);
    for (size_t m = b.n; m > 1; m--) { /* heapsort: the worst goes last */
        struct hit t = out[0];

        out[0] = out[m - 1];
        out[m - 1] = t;
        sift_down(out, m - 1, 0);
    }
    return b.n;
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
        struct hit h = make_hit(r, mid, key_of(r, SORT_SCORE, mid));

        if (is_behind(r, b, &h))
            hi = mid;
        else
            lo = mid + 1;
    }
    for (uint32_t i = set_from(result, &at, lo); i != SET_END && n < k; i = set_next(result, &at))
        out[n++] = make_hit(r, i, key_of(r, SORT_SCORE, i));
    return n;
}

size_t rank_segment(struct eval *e, const struct set *result, const struct cursor *after, size_t k,
                    struct hit *out)
{
    struct ranker r = {.e = e, .s = e->s, .sort = e->ask->sort, .sign = e->ask->reverse ? 1 : -1};
    int order = order_of(r.sort);
    struct relevance window;
    struct bound b = bound_of(&r, after);
    size_t n;

    if (!result->count)
        return 0;
    if (r.sort == SORT_RELEVANCE && result->bits) { /* few are looked up one by one */
        relevance_begin(&window, e, e->pool.mem);
        r.window = &window;
    }
    if (r.sort == SORT_SCORE && !e->ask->reverse)
        n = take_first(&r, result, &b, k, out);
    else
        n = take_best(&r, result, &b, k, out);
    for (size_t i = 0; i < n && order >= 0; i++) {
        out[i].text = texts_at(&e->s->orders[order], e->s->ranks[order][out[i].ordinal]);
        out[i].key = 0;
    }
    return n;
}
