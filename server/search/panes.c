#include "server/search/panes.h"

#include <string.h>

/*
 * Two ways to count a segment, and the cheaper is taken: walk the result and look up each
 * document's code, or intersect the result with each value's posting.
 */
static bool walking_is_cheaper(const struct segment *s, const struct dict *d,
                               const struct set *result)
{
    size_t words = bits_words(s->n), by_value = 0;

    for (uint32_t i = 0; i < d->texts.n; i++) {
        size_t count = d->counts[i];

        if (result->bits)
            by_value += set_is_sparse(count, s->n) ? count : words / 2;
        else
            by_value += set_is_sparse(count, s->n) && count < result->count ? count : result->count;
    }
    return result->count * 2 < by_value;
}

static void count_by_walk(const struct segment *s, enum facet f, const struct set *result,
                          int64_t *counts)
{
    const uint32_t *codes = s->codes[f];
    struct set_at at;

    for (uint32_t i = set_first(result, &at); i != SET_END; i = set_next(result, &at))
        counts[codes[i]]++;
}

static void count_by_value(const struct segment *s, enum facet f, const struct set *result,
                           int64_t *counts)
{
    const struct dict *d = &s->dicts[TEXT_CLASSES + f];

    for (uint32_t i = 0; i < d->texts.n; i++) {
        struct set posting = dict_set(s, TEXT_CLASSES + (int)f, i);

        counts[i + 1] = (int64_t)set_and_count(&posting, result);
    }
}

/* Merge the segment's counts, which are in order of value, into the sums. */
static void merge(struct arena *mem, struct tally *t, const struct texts *values,
                  const int64_t *counts)
{
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

void tally_add(struct arena *mem, struct tally *t, const struct segment *s, enum facet f,
               const struct set *result)
{
    const struct dict *d = &s->dicts[TEXT_CLASSES + f];
    int64_t *counts = arena_alloc(mem, (d->texts.n + 1) * sizeof(*counts));

    if (result->count == s->n) /* everything: the postings' own sizes */
        for (uint32_t i = 0; i < d->texts.n; i++)
            counts[i + 1] = d->counts[i];
    else if (s->codes[f] && walking_is_cheaper(s, d, result))
        count_by_walk(s, f, result, counts);
    else
        count_by_value(s, f, result, counts);
    merge(mem, t, &d->texts, counts);
}

static bool is_higher(const struct facet_value *a, const struct facet_value *b)
{
    return a->count != b->count ? a->count > b->count : strcmp(a->value, b->value) < 0;
}

struct list tally_top(struct arena *mem, const struct tally *t)
{
    struct facet_value *top = arena_alloc(mem, (PANE_VALUES + 1) * sizeof(*top));
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        size_t at = n;

        if (n == PANE_VALUES && !is_higher(&t->v[i], &top[n - 1]))
            continue;
        while (at && is_higher(&t->v[i], &top[at - 1])) {
            top[at] = top[at - 1];
            at--;
        }
        top[at] = t->v[i];
        n += n < PANE_VALUES;
    }
    for (size_t i = 0; i < n; i++)
        top[i].value = arena_strdup(mem, top[i].value);
    return (struct list){top, n};
}
