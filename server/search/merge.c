/* Several segments to one: everything is sorted already, so everything is a merge. */
#include <string.h>

#include "server/search/build.h"
#include "server/search/image.h"

struct merge {
    const struct part *parts;
    size_t n;
    uint32_t **to;  /* per part: old ordinal -> new, UINT32_MAX for the dead */
    uint32_t **map; /* per part: old code -> new of the dict that is being merged */
    size_t documents;
    uint32_t *list, *spare; /* a merged posting */
};

static bool is_before(const struct part *a, uint32_t i, const struct part *b, uint32_t k)
{
    if (a->segment->score[i] != b->segment->score[k])
        return a->segment->score[i] > b->segment->score[k];
    return uuid_compare(&a->segment->ids[i], &b->segment->ids[k]) < 0;
}

static uint32_t skip_dead(const struct part *p, uint32_t i)
{
    while (i < p->segment->n && p->dead && bits_test(p->dead, i))
        i++;
    return i;
}

/* The new order of all living documents. */
static void number(struct merge *m)
{
    uint32_t *at = xcalloc(m->n, sizeof(*at));

    for (size_t p = 0; p < m->n; p++) {
        m->to[p] = xcalloc(m->parts[p].segment->n + 1, sizeof(uint32_t));
        memset(m->to[p], 0xff, m->parts[p].segment->n * sizeof(uint32_t));
        at[p] = skip_dead(&m->parts[p], 0);
    }
    for (;;) {
        size_t best = m->n;

        for (size_t p = 0; p < m->n; p++)
            if (at[p] < m->parts[p].segment->n &&
                (best == m->n || is_before(&m->parts[p], at[p], &m->parts[best], at[best])))
                best = p;
        if (best == m->n)
            break;
        m->to[best][at[best]] = (uint32_t)m->documents++;
        at[best] = skip_dead(&m->parts[best], at[best] + 1);
    }
    free(at);
}

/* Copy a column of elements of `size` bytes to its new order. */
static void move_column(struct merge *m, struct image *w, int section, size_t size,
                        const void *(*column)(const struct segment *))
{
    uint8_t *out = xcalloc(m->documents + 1, size);

    for (size_t p = 0; p < m->n; p++) {
        const uint8_t *from = column(m->parts[p].segment);

        for (uint32_t i = 0; i < m->parts[p].segment->n; i++)
            if (m->to[p][i] != UINT32_MAX)
                memcpy(out + m->to[p][i] * size, from + i * size, size);
    }
    image_section(w, section, out, m->documents * size);
    free(out);
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

static void write_by_id(struct merge *m, struct image *w)
{
    uint32_t *out = xcalloc(m->documents + 1, sizeof(*out)), *at = xcalloc(m->n, sizeof(*at));

    for (size_t k = 0; k < m->documents; k++) {
        size_t best = m->n;

        for (size_t p = 0; p < m->n; p++) {
            const struct segment *s = m->parts[p].segment;

            while (at[p] < s->n && m->to[p][s->by_id[at[p]]] == UINT32_MAX)
                at[p]++;
            if (at[p] < s->n &&
                (best == m->n ||
                 uuid_compare(
                     &s->ids[s->by_id[at[p]]],
                     &m->parts[best].segment->ids[m->parts[best].segment->by_id[at[best]]]) < 0))
                best = p;
        }
        out[k] = m->to[best][m->parts[best].segment->by_id[at[best]++]];
    }
    image_section(w, SEC_BY_ID, out, m->documents * sizeof(*out));
    free(out);
    free(at);
}

/* Merge the new ordinals of one more posting into m->list. */
static size_t merge_posting(struct merge *m, size_t n, size_t p, const struct set *s)
{
    struct set_at at;
    uint32_t *out = m->spare;
    size_t i = 0, k = 0;

    for (uint32_t o = set_first(s, &at); o != SET_END; o = set_next(s, &at)) {
        uint32_t to = m->to[p][o];

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

static const struct texts *texts_of(const struct segment *s, int dict, int order)
{
    return dict >= 0 ? &s->dicts[dict].texts : &s->orders[order];
}

/* The smallest text that any part has next; NULL: all are through. */
static const char *next_text(const struct merge *m, const uint32_t *at, int dict, int order)
{
    const char *least = NULL;

    for (size_t p = 0; p < m->n; p++) {
        const struct texts *t = texts_of(m->parts[p].segment, dict, order);

        if (at[p] < t->n && (!least || strcmp(texts_at(t, at[p]), least) < 0))
            least = texts_at(t, at[p]);
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

static void merge_dict(struct merge *m, struct image *w, int dict)
{
    uint32_t *at = xcalloc(m->n, sizeof(*at)), code = 0;
    const char *text;

    new_maps(m, dict, 0);
    while ((text = next_text(m, at, dict, 0))) {
        size_t n = 0;

        for (size_t p = 0; p < m->n; p++) {
            const struct segment *s = m->parts[p].segment;
            struct set posting;

            if (at[p] >= s->dicts[dict].texts.n ||
                strcmp(texts_at(&s->dicts[dict].texts, at[p]), text) != 0)
                continue;
            posting = dict_set(s, dict, at[p]);
            n = merge_posting(m, n, p, &posting);
            m->map[p][at[p]++] = code;
        }
        if (n) {
            image_dict_add(w, text, m->list, n);
            code++;
        }
    }
    image_dict_end(w, dict);
    free(at);
}

static void merge_codes(struct merge *m, struct image *w, int facet)
{
    uint32_t *out = xcalloc(m->documents + 1, sizeof(*out));

    for (size_t p = 0; p < m->n; p++) {
        const uint32_t *codes = m->parts[p].segment->codes[facet];

        for (uint32_t i = 0; i < m->parts[p].segment->n; i++)
            if (m->to[p][i] != UINT32_MAX && codes[i])
                out[m->to[p][i]] = m->map[p][codes[i] - 1] + 1;
    }
    image_section(w, SEC_CODES + facet, out, m->documents * sizeof(*out));
    free(out);
}

static void merge_order(struct merge *m, struct image *w, int order)
{
    uint32_t *at = xcalloc(m->n, sizeof(*at)), *ranks = xcalloc(m->documents + 1, sizeof(*ranks));
    uint32_t rank = 0;
    const char *text;

    new_maps(m, -1, order);
    for (; (text = next_text(m, at, -1, order)); rank++) {
        image_text_add(w, text);
        for (size_t p = 0; p < m->n; p++) {
            const struct texts *t = &m->parts[p].segment->orders[order];

            if (at[p] < t->n && strcmp(texts_at(t, at[p]), text) == 0)
                m->map[p][at[p]++] = rank;
        }
    }
    for (size_t p = 0; p < m->n; p++)
        for (uint32_t i = 0; i < m->parts[p].segment->n; i++)
            if (m->to[p][i] != UINT32_MAX)
                ranks[m->to[p][i]] = m->map[p][m->parts[p].segment->ranks[order][i]];
    image_order_end(w, order, ranks);
    free(ranks);
    free(at);
}

static struct segment *write_all(struct merge *m)
{
    struct image w;

    image_begin(&w, m->documents, &m->parts[0].segment->domain);
    move_column(m, &w, SEC_IDS, sizeof(struct uuid), ids_of);
    move_column(m, &w, SEC_SCORE, 1, score_of);
    move_column(m, &w, SEC_QUALITY, 1, quality_of);
    move_column(m, &w, SEC_UPDATED, sizeof(int64_t), updated_of);
    write_by_id(m, &w);
    m->list = xcalloc(m->documents + 1, sizeof(*m->list));
    m->spare = xcalloc(m->documents + 1, sizeof(*m->spare));
    for (int dict = 0; dict < DICTS; dict++) {
        int facet = dict - TEXT_CLASSES;

        merge_dict(m, &w, dict);
        if (facet > 0 && facet < FACET_END && !facet_is_multi((enum facet)facet))
            merge_codes(m, &w, facet);
    }
    for (int o = 0; o < ORDERS; o++)
        merge_order(m, &w, o);
    return image_end(&w);
}

struct segment *segments_merge(const struct part *parts, size_t n)
{
    struct merge m = {.parts = parts, .n = n};
    struct segment *out = NULL;

    m.to = xcalloc(n, sizeof(*m.to));
    m.map = xcalloc(n, sizeof(*m.map));
    number(&m);
    if (m.documents)
        out = write_all(&m);
    for (size_t p = 0; p < n; p++) {
        free(m.to[p]);
        free(m.map[p]);
    }
    free(m.to);
    free(m.map);
    free(m.list);
    free(m.spare);
    return out;
}
