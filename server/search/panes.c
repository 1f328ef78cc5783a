#include "server/search/panes.h"

#include <string.h>

/*
 * Ways to count a segment, of which the cheapest is taken: look up the code of each document of the
 * result; or of each that is not in it, and subtract; or intersect the result with the posting of
 * each value.  Costs are in quarters of a nanosecond, measured over 1,000,000 documents.
 */
enum { COST_CODE = 5, COST_WORD = 2, COST_MEMBER = 4 };
/* Of the first screen's facets: a document, a facet of it, and 16 words of a set by a plane code.
 */
enum { COST_ROW = 8, COST_COUNT = 3, COST_PLANE_WORDS = 8 };

static uint64_t cost_by_value(const struct segment *s, const struct dict *d,
                              const struct set *result)
{
    uint64_t cost = 0;

    for (uint32_t i = 0; i < d->texts.n; i++) {
        size_t count = d->counts[i];

        if (result->bits && set_form(count, s->n) == SET_BITS)
            cost += bits_words(s->n) * COST_WORD;
        else if (result->bits || count < result->count)
            cost += count * COST_MEMBER;
        else
            cost += result->count * COST_MEMBER;
    }
    return cost;
}

/* One loop a width, so that it is not asked for each document. */
#define COUNT_CODES(name, type, code)                                                           \
    static void name(const type *codes, const struct set *set, uint64_t flip, uint32_t *counts) \
    {                                                                                           \
        if (!set->bits) {                                                                       \
            for (size_t i = 0; i < set->count; i++)                                             \
                counts[code(codes, set->v[i])]++;                                               \
            return;                                                                             \
        }                                                                                       \
        for (size_t w = 0; w < bits_words(set->n); w++) {                                       \
            uint64_t left = set->bits[w] ^ flip;                                                \
                                                                                                \
            if (w == set->n / 64)                                                               \
                left &= (UINT64_C(1) << (set->n % 64)) - 1;                                     \
            for (; left; left &= left - 1)                                                      \
                counts[code(codes, (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(left))]++;    \
        }                                                                                       \
    }

#define AT(codes, i) (codes)[i]
COUNT_CODES(count_narrow, uint8_t, AT)
COUNT_CODES(count_any, struct codes, codes_at)
#undef AT
#undef COUNT_CODES

/* flip: all ones for the documents that are not in the set (a bitset), or 0. */
static void count_codes(const struct codes *c, const struct set *set, uint64_t flip,
                        uint32_t *counts)
{
    if (c->width == 1 && c->stride == 1)
        count_narrow(c->v, set, flip, counts);
    else
        count_any(c, set, flip, counts);
}

static void count_values(const struct segment *s, int dict, const struct set *set, uint32_t *counts)
{
    for (uint32_t i = 0; i < s->dicts[dict].texts.n; i++) {
        struct set posting = dict_set(s, dict, i);

        counts[i + 1] = (uint32_t)set_and_count(&posting, set);
    }
}

static void subtract_from_all(const struct dict *d, uint32_t *counts)
{
    for (uint32_t i = 0; i < d->texts.n; i++)
        counts[i + 1] = d->counts[i] - counts[i + 1];
}

static void count_set(const struct segment *s, enum facet f, const struct set *set,
                      uint32_t *counts)
{
    const struct dict *d = &s->dicts[TEXT_CLASSES + f];
    const struct codes *codes = &s->codes[f];
    uint64_t by_value = cost_by_value(s, d, set), by_code = set->count * COST_CODE;
    uint64_t by_rest = (s->n - set->count) * COST_CODE;

    if (codes->v && by_code <= by_value && (by_code <= by_rest || !set->bits)) {
        count_codes(codes, set, 0, counts);
    } else if (codes->v && set->bits && by_rest < by_value) {
        count_codes(codes, set, ~UINT64_C(0), counts);
        subtract_from_all(d, counts);
    } else {
        count_values(s, TEXT_CLASSES + (int)f, set, counts);
    }
}

/* Some of the first screen's facets over one result. */
struct first {
    const struct segment *s;
    int facets[FIRST_FACETS];
    size_t n;
    uint32_t *counts[FIRST_FACETS]; /* by code */
    size_t (*sums)[PLANE_CODES];    /* each facet's, for planes.h */
    uint64_t plane_cost;            /* of a piece, in quarters of a nanosecond */
};

/* Documents one by one.  They lie far apart: their rows are asked for well before they are read. */
static void count_rows(const struct first *f, const uint32_t *v, size_t n)
{
    enum { AHEAD = 24 };

    for (size_t i = 0; i < n; i++) {
        const uint8_t *row = f->s->rows + (size_t)v[i] * FIRST_FACETS;

        if (i + AHEAD < n)
            __builtin_prefetch(f->s->rows + (size_t)v[i + AHEAD] * FIRST_FACETS);
        for (size_t k = 0; k < f->n; k++)
            f->counts[k][row[f->facets[k]]]++;
    }
}

static void count_rows_of_bits(const struct first *f, const uint64_t *bits, size_t from,
                               size_t words)
{
    uint32_t v[64 * 64];
    size_t n = 0;

    for (size_t w = from; w < from + words; w++) {
        for (uint64_t left = bits[w]; left; left &= left - 1)
            v[n++] = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(left);
        if (n + 64 <= sizeof(v) / sizeof(*v))
            continue;
        count_rows(f, v, n);
        n = 0;
    }
    count_rows(f, v, n);
}

/* Values that are too many to have a plane code of their own. */
static void count_others(const struct first *f, size_t k, const uint64_t *bits, size_t from,
                         size_t words)
{
    const struct codes *codes = &f->s->codes[first_facets[f->facets[k]]];
    uint64_t others[PLANE_PIECE];

    planes_other(&f->s->planes[f->facets[k]], bits + from, from, words, others);
    for (size_t w = 0; w < words; w++)
        for (uint64_t left = others[w]; left; left &= left - 1)
            f->counts[k][codes_at(codes,
                                  (uint32_t)((from + w) * 64) + (uint32_t)__builtin_ctzll(left))]++;
}

static void count_planes(const struct first *f, const uint64_t *bits, size_t from, size_t words)
{
    for (size_t k = 0; k < f->n; k++) {
        const struct planes *p = &f->s->planes[f->facets[k]];

        planes_count(p, bits + from, from, words, f->sums[k]);
        if (p->last == PLANE_OTHER)
            count_others(f, k, bits, from, words);
    }
}

/* Documents are looked up one by one where they are few, and counted by planes where many. */
static void count_pieces(const struct first *f, const struct set *set)
{
    size_t words = bits_words(set->n);
    uint64_t row_cost = COST_ROW + f->n * COST_COUNT;

    for (size_t from = 0; from < words; from += PLANE_PIECE) {
        size_t piece = words - from < PLANE_PIECE ? words - from : PLANE_PIECE;
        size_t n = bits_count(set->bits + from, piece);

        if (n * row_cost < f->plane_cost)
            count_rows_of_bits(f, set->bits, from, piece);
        else
            count_planes(f, set->bits, from, piece);
    }
}

static void take_sums(const struct first *f)
{
    for (size_t k = 0; k < f->n; k++) {
        const struct planes *p = &f->s->planes[f->facets[k]];

        planes_settle(p, f->sums[k]);
        for (unsigned c = 0; c <= p->last && c < PLANE_OTHER; c++)
            f->counts[k][p->codes[c]] += (uint32_t)f->sums[k][c];
    }
}

static bool is_in_rows(const struct segment *s, enum facet f)
{
    return facet_first(f) >= 0 && s->codes[f].stride == FIRST_FACETS;
}

/* The wanted facets that are in rows, together. */
static void count_first(struct arena *mem, const struct segment *s, const bool wanted[FACET_END],
                        const struct set *set, uint32_t *const counts[FACET_END])
{
    struct first f = {.s = s};

    for (int i = 0; i < FIRST_FACETS; i++) {
        if (!wanted[first_facets[i]] || !is_in_rows(s, first_facets[i]))
            continue;
        f.facets[f.n] = i;
        f.counts[f.n++] = counts[first_facets[i]];
        f.plane_cost += (s->planes[i].last + 1) * PLANE_PIECE * COST_PLANE_WORDS / 16;
    }
    if (!f.n)
        return;
    if (!set->bits) {
        count_rows(&f, set->v, set->count);
        return;
    }
    f.sums = arena_alloc(mem, f.n * sizeof(*f.sums));
    count_pieces(&f, set);
    take_sums(&f);
}

static void count_all(struct arena *mem, const struct segment *s, const bool wanted[FACET_END],
                      const struct set *set, uint32_t *const counts[FACET_END])
{
    count_first(mem, s, wanted, set, counts);
    for (int f = 1; f < FACET_END; f++)
        if (wanted[f] && !is_in_rows(s, (enum facet)f))
            count_set(s, (enum facet)f, set, counts[f]);
}

void tally_add(struct arena *mem, struct tally *t, const struct segment *s, enum facet f,
               const uint32_t *counts)
{
    const struct texts *values = &s->dicts[TEXT_CLASSES + f].texts;
    struct facet_value *out = arena_alloc(mem, (t->n + values->n) * sizeof(*out));
    size_t i = 0, n = 0;

    for (uint32_t k = 0; k < values->n; k++) {
        const char *value = texts_at(values, k);

        if (!counts[k + 1])
            continue;
        while (i < t->n && strcmp(t->v[i].value, value) < 0)
            out[n++] = t->v[i++];
        out[n] = (struct facet_value){value, counts[k + 1]};
        if (i < t->n && strcmp(t->v[i].value, value) == 0)
            out[n].count += t->v[i++].count;
        n++;
    }
    while (i < t->n)
        out[n++] = t->v[i++];
    t->v = out;
    t->n = n;
}

void panes_add(struct arena *mem, struct tally *tallies, const struct segment *s,
               const bool wanted[FACET_END], const struct set *result, const struct set *all_but)
{
    const struct set *set = all_but ? all_but : result;
    uint32_t *counts[FACET_END] = {0};

    for (int f = 1; f < FACET_END; f++)
        if (wanted[f])
            counts[f] =
                arena_alloc(mem, (s->dicts[TEXT_CLASSES + f].texts.n + 1) * sizeof(uint32_t));
    if (set->count)
        count_all(mem, s, wanted, set, counts);
    for (int f = 1; f < FACET_END; f++) {
        if (!wanted[f])
            continue;
        if (all_but)
            subtract_from_all(&s->dicts[TEXT_CLASSES + f], counts[f]);
        tally_add(mem, &tallies[f], s, (enum facet)f, counts[f]);
    }
}

static bool is_higher(const struct facet_value *a, const struct facet_value *b)
{
    return a->count != b->count ? a->count > b->count : strcmp(a->value, b->value) < 0;
}

struct list tally_top(struct arena *mem, const struct tally *t, size_t most)
{
    struct facet_value *top = arena_alloc(mem, (most + 1) * sizeof(*top));
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        size_t at = n;

        if (n == most && !is_higher(&t->v[i], &top[n - 1]))
            continue;
        while (at && is_higher(&t->v[i], &top[at - 1])) {
            top[at] = top[at - 1];
            at--;
        }
        top[at] = t->v[i];
        n += n < most;
    }
    for (size_t i = 0; i < n; i++)
        top[i].value = arena_strdup(mem, top[i].value);
    return (struct list){top, n};
}
