/* Several segments to one: everything is sorted already, so everything is a merge. */
#include <assert.h>
#include <string.h>

#include "server/search/build.h"
#include "server/search/image.h"

struct merge {
    struct part *parts;
    size_t n;
    uint32_t **map;  /* per part: old code -> new of the dict that is being merged */
    uint8_t *origin; /* per new ordinal: the part it comes from */
    size_t documents;
    uint32_t *list, *spare; /* a merged posting, as an array */
    uint64_t *bits;         /* or as a bitset */
};

static bool is_before(const struct part *a, uint32_t i, const struct part *b, uint32_t k)
{
    if (a->segment->score[i] != b->segment->score[k])
        return a->segment->score[i] > b->segment->score[k];
    return uuid_compare(&a->segment->ids[i], &b->segment->ids[k]) < 0;
}

static uint32_t skip_dead(const struct part *p, uint32_t i)
{
    while (p->dead && i < p->segment->n && bits_test(p->dead, i))
        i++;
    return i;
}

static size_t count_living(const struct part *p)
{
    return p->segment->n - (p->dead ? bits_count(p->dead, bits_words(p->segment->n)) : 0);
}

/* The new order of all living documents. */
static void number(struct merge *m)
{
    uint32_t *at = xcalloc(m->n, sizeof(*at));

    for (size_t p = 0; p < m->n; p++) {
        m->documents += count_living(&m->parts[p]);
        m->parts[p].to = xcalloc(m->parts[p].segment->n, sizeof(uint32_t));
        memset(m->parts[p].to, 0xff, m->parts[p].segment->n * sizeof(uint32_t));
        at[p] = skip_dead(&m->parts[p], 0);
    }
    m->origin = xcalloc(m->documents + 1, 1);
    for (size_t k = 0; k < m->documents; k++) {
        size_t best = m->n;

        for (size_t p = 0; p < m->n; p++)
            if (at[p] < m->parts[p].segment->n &&
                (best == m->n || is_before(&m->parts[p], at[p], &m->parts[best], at[best])))
                best = p;
        m->origin[k] = (uint8_t)best;
        m->parts[best].to[at[best]] = (uint32_t)k;
        at[best] = skip_dead(&m->parts[best], at[best] + 1);
    }
    free(at);
}

/* A column of elements of `size` bytes, in its new order. */
static void move_column(struct merge *m, struct image *w, int section, size_t size,
                        const void *(*column)(const struct segment *))
{
    uint32_t *at = xcalloc(m->n, sizeof(*at));
    const uint8_t **from = xcalloc(m->n, sizeof(*from));

    for (size_t p = 0; p < m->n; p++) {
        from[p] = column(m->parts[p].segment);
        at[p] = skip_dead(&m->parts[p], 0);
    }
    image_section_begin(w, section);
    for (size_t k = 0; k < m->documents; k++) {
        size_t p = m->origin[k];

        image_put(w, from[p] + at[p] * size, size);
        at[p] = skip_dead(&m->parts[p], at[p] + 1);
    }
    image_section_end(w, section);
    free(from);
    free(at);
}

static const void *ids_of(const struct segment *s)
{
    return s->ids;
}

static const void *score_of(const struct segment *s)
{
    return s->score;
}

static const void *quality_of(const struct segment *s)
{
    return s->quality;
}

static const void *updated_of(const struct segment *s)
{
    return s->updated;
}

static const void *employees_of(const struct segment *s)
{
    return s->employees;
}

static const void *revenue_of(const struct segment *s)
{
    return s->revenue;
}

static const struct codes *sorted_of(const struct segment *s, int sorted)
{
    return sorted < 0 ? &s->by_id : &s->sorted[sorted];
}

/* One part's way through its documents in some order. */
struct way {
    const struct part *part;
    const struct codes *order;
    uint32_t at, document; /* document: at `at`; living */
};

static void step(struct way *w)
{
    for (; w->at < w->part->segment->n; w->at++) {
        w->document = codes_at(w->order, w->at);
        if (w->part->to[w->document] != UINT32_MAX)
            return;
    }
}

/* By id, or by SORTED_UPDATED. */
static bool is_earlier(const struct way *a, const struct way *b, int sorted)
{
    const struct segment *x = a->part->segment, *y = b->part->segment;

    if (sorted == SORTED_UPDATED && x->updated[a->document] != y->updated[b->document])
        return x->updated[a->document] < y->updated[b->document];
    return uuid_compare(&x->ids[a->document], &y->ids[b->document]) < 0;
}

/* New ordinals in order of id (sorted -1) or of SORTED_UPDATED; free() it. */
static uint32_t *merge_sorted(struct merge *m, int sorted)
{
    struct way *ways = xcalloc(m->n, sizeof(*ways));
    uint32_t *out = xcalloc(m->documents + 1, sizeof(*out));

    for (size_t p = 0; p < m->n; p++) {
        ways[p] = (struct way){&m->parts[p], sorted_of(m->parts[p].segment, sorted), 0, 0};
        step(&ways[p]);
    }
    for (size_t k = 0; k < m->documents; k++) {
        struct way *best = NULL;

        for (size_t p = 0; p < m->n; p++)
            if (ways[p].at < ways[p].part->segment->n &&
                (!best || is_earlier(&ways[p], best, sorted)))
                best = &ways[p];
        assert(best); /* m->documents is how many live in the parts */
        out[k] = best->part->to[best->document];
        best->at++;
        step(best);
    }
    free(ways);
    return out;
}

static void write_sorted(struct merge *m, struct image *w)
{
    uint32_t *updated = merge_sorted(m, SORTED_UPDATED);

    image_sorted(w, SORTED_UPDATED, updated);
    for (size_t p = 0; p < m->n; p++) /* the same room takes the qualities */
        for (uint32_t i = 0; i < m->parts[p].segment->n; i++)
            if (m->parts[p].to[i] != UINT32_MAX)
                updated[m->parts[p].to[i]] = m->parts[p].segment->quality[i];
    image_sort(w, SORTED_QUALITY, updated, UINT8_MAX + 1);
    free(updated);
}

static const struct texts *texts_of(const struct segment *s, int dict, int order)
{
    return dict >= 0 ? &s->dicts[dict].texts : &s->orders[order];
}

/*
 * The smallest text that any part has next, and which parts have it, a bit each; NULL: all are
 * through.
 */
static const char *next_text(const struct merge *m, const uint32_t *at, int dict, int order,
                             uint64_t *which)
{
    const char *least = NULL;

    for (size_t p = 0; p < m->n; p++) {
        const struct texts *t = texts_of(m->parts[p].segment, dict, order);
        int c;

        if (at[p] == t->n)
            continue;
        c = least ? strcmp(texts_at(t, at[p]), least) : -1;
        if (c < 0) {
            least = texts_at(t, at[p]);
            *which = 0;
        }
        if (c <= 0)
            *which |= UINT64_C(1) << p;
    }
    return least;
}

static void new_maps(struct merge *m, int dict, int order)
{
    for (size_t p = 0; p < m->n; p++) {
        free(m->map[p]);
        m->map[p] = xcalloc(texts_of(m->parts[p].segment, dict, order)->n + 1, sizeof(uint32_t));
    }
}

/* Merge the new ordinals of one more posting into the n of m->list. */
static size_t merge_array(struct merge *m, size_t n, size_t p, const struct set *s)
{
    struct set_at at;
    uint32_t *out = m->spare;
    size_t i = 0, k = 0;

    for (uint32_t o = set_first(s, &at); o != SET_END; o = set_next(s, &at)) {
        uint32_t to = m->parts[p].to[o];

        if (to == UINT32_MAX)
            continue;
        while (i < n && m->list[i] < to)
            out[k++] = m->list[i++];
        out[k++] = to;
    }
    while (i < n)
        out[k++] = m->list[i++];
    m->spare = m->list;
    m->list = out;
    return k;
}

static size_t merge_bits(struct merge *m, size_t p, const struct set *s)
{
    struct set_at at;
    size_t n = 0;

    for (uint32_t o = set_first(s, &at); o != SET_END; o = set_next(s, &at)) {
        uint32_t to = m->parts[p].to[o];

        if (to == UINT32_MAX)
            continue;
        bits_set(m->bits, to);
        n++;
    }
    return n;
}

/* The postings of `text`, which the parts of `which` have next at `at`; they step on. */
static void merge_term(struct merge *m, struct image *w, int dict, uint32_t *at, uint64_t which,
                       const char *text, uint32_t *code)
{
    struct set out = {.n = m->documents};
    size_t sum = 0;
    bool dense;

    for (size_t p = 0; p < m->n; p++)
        if (which >> p & 1)
            sum += m->parts[p].segment->dicts[dict].counts[at[p]];
    dense = !set_is_sparse(sum, m->documents);
    for (size_t p = 0; p < m->n; p++) {
        struct set posting;

        if (!(which >> p & 1))
            continue;
        posting = dict_set(m->parts[p].segment, dict, at[p]);
        out.count =
            dense ? out.count + merge_bits(m, p, &posting) : merge_array(m, out.count, p, &posting);
        m->map[p][at[p]++] = *code;
    }
    out.bits = dense ? m->bits : NULL;
    out.v = dense ? NULL : m->list;
    if (out.count) {
        image_dict_add(w, text, &out);
        ++*code;
    }
    if (dense)
        memset(m->bits, 0, bits_words(m->documents) * sizeof(*m->bits));
}

/* The number of texts that are left. */
static uint32_t merge_dict(struct merge *m, struct image *w, int dict)
{
    uint32_t *at = xcalloc(m->n, sizeof(*at)), code = 0;
    const char *text;
    uint64_t which;

    new_maps(m, dict, 0);
    image_dict_begin(w);
    while ((text = next_text(m, at, dict, 0, &which)))
        merge_term(m, w, dict, at, which, text, &code);
    image_dict_end(w, dict);
    free(at);
    return code;
}

static void merge_codes(struct merge *m, struct image *w, int kind, uint32_t texts)
{
    uint32_t *out = xcalloc(m->documents + 1, sizeof(*out));

    for (size_t p = 0; p < m->n; p++) {
        const struct codes *codes = &m->parts[p].segment->codes[kind];

        for (uint32_t i = 0; i < m->parts[p].segment->n; i++) {
            uint32_t code = codes_at(codes, i);

            if (m->parts[p].to[i] != UINT32_MAX && code)
                out[m->parts[p].to[i]] = m->map[p][code - 1] + 1;
        }
    }
    image_codes(w, kind, out, texts);
    free(out);
}

/* Which texts the living have, a byte each. */
static uint8_t *used_texts(const struct part *part, int order)
{
    const struct segment *s = part->segment;
    uint8_t *used = xcalloc(s->orders[order].n + 1, 1);

    for (uint32_t i = 0; i < s->n; i++)
        if (part->to[i] != UINT32_MAX)
            used[codes_at(&s->ranks[order], i)] = 1;
    return used;
}

/* Write the texts and fill the maps. */
static void merge_texts(struct merge *m, struct image *w, int order)
{
    uint32_t *at = xcalloc(m->n, sizeof(*at)), rank = 0;
    uint8_t **used = xcalloc(m->n, sizeof(*used));
    const char *text;
    uint64_t which;

    for (size_t p = 0; p < m->n; p++)
        used[p] = used_texts(&m->parts[p], order);
    while ((text = next_text(m, at, -1, order, &which))) {
        bool any = false;

        for (size_t p = 0; p < m->n; p++) {
            if (!(which >> p & 1))
                continue;
            any |= used[p][at[p]];
            m->map[p][at[p]++] = rank;
        }
        if (any)
            image_text_add(w, text);
        rank += any;
    }
    for (size_t p = 0; p < m->n; p++)
        free(used[p]);
    free(used);
    free(at);
}

static void merge_order(struct merge *m, struct image *w, int order)
{
    uint32_t *ranks = xcalloc(m->documents + 1, sizeof(*ranks));

    new_maps(m, -1, order);
    merge_texts(m, w, order);
    for (size_t p = 0; p < m->n; p++)
        for (uint32_t i = 0; i < m->parts[p].segment->n; i++)
            if (m->parts[p].to[i] != UINT32_MAX)
                ranks[m->parts[p].to[i]] =
                    m->map[p][codes_at(&m->parts[p].segment->ranks[order], i)];
    image_order_end(w, order, ranks);
    free(ranks);
}

static enum err write_all(struct merge *m, const char *dir, struct segment **out)
{
    struct image w;
    uint32_t *by_id;
    enum err err;

    image_begin(&w, m->documents, &m->parts[0].segment->domain, dir);
    move_column(m, &w, SEC_IDS, sizeof(struct uuid), ids_of);
    move_column(m, &w, SEC_SCORE, 1, score_of);
    move_column(m, &w, SEC_QUALITY, 1, quality_of);
    move_column(m, &w, SEC_UPDATED, sizeof(int64_t), updated_of);
    move_column(m, &w, SEC_EMPLOYEES, sizeof(uint32_t), employees_of);
    move_column(m, &w, SEC_REVENUE, sizeof(int64_t), revenue_of);
    by_id = merge_sorted(m, -1);
    image_by_id(&w, by_id);
    write_sorted(m, &w);
    m->list = xcalloc(m->documents / 32 + 1, sizeof(*m->list)); /* see set_is_sparse() */
    m->spare = xcalloc(m->documents / 32 + 1, sizeof(*m->spare));
    m->bits = xcalloc(bits_words(m->documents), sizeof(*m->bits));
    for (int dict = 0; dict < DICTS; dict++) {
        int kind = dict - TEXT_CLASSES;
        uint32_t texts = merge_dict(m, &w, dict);

        if (kind > 0 && kind < VALUES_END && !values_are_multi(kind))
            merge_codes(m, &w, kind, texts);
    }
    for (int o = 0; o < ORDERS; o++)
        merge_order(m, &w, o);
    err = image_end(&w, out);
    free(by_id);
    return err;
}

enum err segments_merge(struct part *parts, size_t n, const char *dir, struct segment **out)
{
    struct merge m = {.parts = parts, .n = n, .map = xcalloc(n, sizeof(*m.map))};
    enum err err = ERR_OK;

    assert(n <= PARTS_MAX);
    *out = NULL;
    number(&m);
    if (m.documents)
        err = write_all(&m, dir, out);
    for (size_t p = 0; p < n; p++)
        free(m.map[p]);
    free(m.map);
    free(m.origin);
    free(m.list);
    free(m.spare);
    free(m.bits);
    return err;
}
