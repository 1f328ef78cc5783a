/* Several segments to one: everything is sorted already, so everything is a merge. */
#include <assert.h>
#include <string.h>

#include "server/search/build.h"
#include "server/search/heads.h"
#include "server/search/image.h"
#include "server/search/radix.h"

enum {
    PIECE = 4096,  /* elements of a column that are written at once */
    SPARSE = 32,   /* of so many documents one has a term that is merged as an array */
    SCATTERED = 4, /* runs of an array that are merged sooner in a bitset ... */
    SCANNED = 512, /* ... if of so many documents one is in it */
    AHEAD = 16,    /* documents that are asked for before they are compared */
};

static_assert((int)PARTS_MAX <= (int)HEADS_MAX, "every part has a head");

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

/* The next document of every part in the default order. */
struct ranks {
    const struct part *parts;
    uint32_t at[PARTS_MAX];
};

static bool is_ranked_before(const void *arg, uint32_t a, uint32_t b)
{
    const struct ranks *r = arg;

    return is_before(&r->parts[a], r->at[a], &r->parts[b], r->at[b]);
}

/* The score, the higher the less, and the beginning of the id. */
static uint64_t rank_key(const struct ranks *r, size_t p)
{
    const struct segment *s = r->parts[p].segment;

    return (uint64_t)(UINT8_MAX - s->score[r->at[p]]) << 56 | radix_bytes(s->ids[r->at[p]].b) >> 8;
}

/* The new order of all living documents. */
static void number(struct merge *m)
{
    struct ranks r = {.parts = m->parts};
    struct heads heads = {.before = is_ranked_before, .arg = &r};

    for (uint32_t p = 0; p < m->n; p++) {
        uint32_t n = m->parts[p].segment->n;

        m->documents += count_living(&m->parts[p]);
        m->parts[p].to = xcalloc(n, sizeof(uint32_t));
        memset(m->parts[p].to, 0xff, n * sizeof(uint32_t));
        r.at[p] = skip_dead(&m->parts[p], 0);
        if (r.at[p] < n)
            heads_add(&heads, p, rank_key(&r, p));
    }
    m->origin = xcalloc(m->documents + 1, 1);
    for (uint32_t k = 0; heads.n; k++) {
        uint32_t p = heads.v[0].run;

        m->origin[k] = (uint8_t)p;
        m->parts[p].to[r.at[p]] = k;
        r.at[p] = skip_dead(&m->parts[p], r.at[p] + 1);
        if (r.at[p] < m->parts[p].segment->n)
            heads_move(&heads, rank_key(&r, p));
        else
            heads_drop(&heads);
    }
}

/* A column of elements of `size` bytes, in its new order. */
static void move_column(struct merge *m, struct image *w, int section, size_t size,
                        const void *(*column)(const struct segment *))
{
    uint8_t *piece = xcalloc(PIECE, size);
    const uint8_t *from[PARTS_MAX];
    uint32_t at[PARTS_MAX];

    for (size_t p = 0; p < m->n; p++) {
        from[p] = column(m->parts[p].segment);
        at[p] = skip_dead(&m->parts[p], 0);
    }
    image_section_begin(w, section);
    for (size_t k = 0; k < m->documents; k += PIECE) {
        size_t n = m->documents - k < PIECE ? m->documents - k : PIECE;

        for (size_t i = 0; i < n; i++) {
            size_t p = m->origin[k + i];

            memcpy(piece + i * size, from[p] + at[p] * size, size);
            at[p] = skip_dead(&m->parts[p], at[p] + 1);
        }
        image_put(w, piece, n * size);
    }
    image_section_end(w, section);
    free(piece);
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

struct ways {
    struct way v[PARTS_MAX];
    int sorted; /* -1: by id, else SORTED_UPDATED */
};

static bool has_smaller_id(const void *arg, uint32_t a, uint32_t b)
{
    const struct way *x = &((const struct ways *)arg)->v[a], *y = &((const struct ways *)arg)->v[b];

    return uuid_compare(&x->part->segment->ids[x->document], &y->part->segment->ids[y->document]) <
           0;
}

static bool way_step(struct way *w)
{
    const struct segment *s = w->part->segment;

    for (; w->at < s->n; w->at++) {
        if (w->at + AHEAD < s->n)
            __builtin_prefetch(&s->ids[codes_at(w->order, w->at + AHEAD)]);
        w->document = codes_at(w->order, w->at);
        if (w->part->to[w->document] != UINT32_MAX)
            return true;
    }
    return false;
}

static uint64_t way_key(const struct ways *ways, size_t p)
{
    const struct segment *s = ways->v[p].part->segment;
    uint32_t document = ways->v[p].document;

    return ways->sorted < 0 ? radix_bytes(s->ids[document].b) : radix_key(s->updated[document]);
}

/* New ordinals in order of id (sorted -1) or of SORTED_UPDATED; free() it. */
static uint32_t *merge_sorted(struct merge *m, int sorted)
{
    struct ways ways = {.sorted = sorted};
    struct heads heads = {.before = has_smaller_id, .arg = &ways};
    uint32_t *out = xcalloc(m->documents + 1, sizeof(*out));

    for (uint32_t p = 0; p < m->n; p++) {
        ways.v[p] = (struct way){&m->parts[p], sorted_of(m->parts[p].segment, sorted), 0, 0};
        if (way_step(&ways.v[p]))
            heads_add(&heads, p, way_key(&ways, p));
    }
    for (size_t k = 0; heads.n; k++) {
        struct way *best = &ways.v[heads.v[0].run];

        out[k] = best->part->to[best->document];
        best->at++;
        if (way_step(best))
            heads_move(&heads, way_key(&ways, heads.v[0].run));
        else
            heads_drop(&heads);
    }
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

/* The parts' ways through their texts of one dict or order. */
struct reading {
    const struct texts *texts[PARTS_MAX];
    uint32_t at[PARTS_MAX];
    struct heads heads;
    uint32_t which[PARTS_MAX]; /* the parts that have the text that was read last */
    size_t n;
};

static const char *text_of(const struct reading *r, uint32_t p)
{
    return texts_at(r->texts[p], r->at[p]);
}

static bool is_text_before(const void *arg, uint32_t a, uint32_t b)
{
    int c = strcmp(text_of(arg, a), text_of(arg, b));

    return c ? c < 0 : a < b;
}

static void read_begin(struct reading *r, struct merge *m, int dict, int order)
{
    *r = (struct reading){.heads = {.before = is_text_before, .arg = r}};
    for (uint32_t p = 0; p < m->n; p++) {
        r->texts[p] = texts_of(m->parts[p].segment, dict, order);
        free(m->map[p]);
        m->map[p] = xcalloc(r->texts[p]->n + 1, sizeof(uint32_t));
        if (r->texts[p]->n)
            heads_add(&r->heads, p, radix_text(text_of(r, p)));
    }
}

/* The smallest text that any part has next; NULL: all are through.  The parts step behind it. */
static const char *read_text(struct reading *r)
{
    struct heads *h = &r->heads;
    uint64_t key = h->v[0].key;
    const char *text;

    r->n = 0;
    if (!h->n)
        return NULL;
    text = text_of(r, h->v[0].run);
    do {
        uint32_t p = h->v[0].run;

        r->which[r->n++] = p;
        if (++r->at[p] < r->texts[p]->n)
            heads_move(h, radix_text(text_of(r, p)));
        else
            heads_drop(h);
    } while (h->n && h->v[0].key == key && strcmp(text_of(r, h->v[0].run), text) == 0);
    return text;
}

static void map_text(struct merge *m, const struct reading *r, uint32_t code)
{
    for (size_t i = 0; i < r->n; i++)
        m->map[r->which[i]][r->at[r->which[i]] - 1] = code;
}

static struct set posting_of(const struct merge *m, const struct reading *r, int dict, size_t i)
{
    return dict_set(m->parts[r->which[i]].segment, dict, r->at[r->which[i]] - 1);
}

/* Two runs that lie one behind the other in m->list become one in m->spare. */
static void merge_runs(struct merge *m, size_t from, size_t middle, size_t to)
{
    size_t a = from, b = middle, k = from;

    while (a < middle && b < to)
        m->spare[k++] = m->list[a] < m->list[b] ? m->list[a++] : m->list[b++];
    while (a < middle)
        m->spare[k++] = m->list[a++];
    while (b < to)
        m->spare[k++] = m->list[b++];
}

/* The n runs of m->list become one; run i ends at ends[i]. */
static void merge_all_runs(struct merge *m, size_t *ends, size_t n)
{
    while (n > 1) {
        size_t k = 0, from = 0;
        uint32_t *swap = m->list;

        for (size_t i = 0; i < n; i += 2) {
            size_t to = i + 1 < n ? ends[i + 1] : ends[i];

            merge_runs(m, from, ends[i], to);
            from = ends[k++] = to;
        }
        n = k;
        m->list = m->spare;
        m->spare = swap;
    }
}

static size_t merge_array(struct merge *m, const struct reading *r, int dict)
{
    size_t ends[PARTS_MAX], n = 0;

    for (size_t i = 0; i < r->n; i++) {
        const uint32_t *to = m->parts[r->which[i]].to;
        struct set s = posting_of(m, r, dict, i);
        struct set_at at;

        for (uint32_t o = set_first(&s, &at); o != SET_END; o = set_next(&s, &at))
            if (to[o] != UINT32_MAX)
                m->list[n++] = to[o];
        ends[i] = n;
    }
    merge_all_runs(m, ends, r->n);
    return n;
}

static size_t merge_bits(struct merge *m, const struct reading *r, int dict)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        const uint32_t *to = m->parts[r->which[i]].to;
        struct set s = posting_of(m, r, dict, i);
        struct set_at at;

        for (uint32_t o = set_first(&s, &at); o != SET_END; o = set_next(&s, &at)) {
            if (to[o] == UINT32_MAX)
                continue;
            bits_set(m->bits, to[o]);
            n++;
        }
    }
    return n;
}

/* The postings of the text that was read last.  false: nobody who lives has it. */
static bool merge_term(struct merge *m, struct image *w, int dict, const struct reading *r,
                       const char *text)
{
    struct set out = {.n = m->documents};
    size_t sum = 0;
    bool as_bits;

    for (size_t i = 0; i < r->n; i++)
        sum += m->parts[r->which[i]].segment->dicts[dict].counts[r->at[r->which[i]] - 1];
    as_bits = sum > m->documents / SPARSE || (r->n > SCATTERED && sum > m->documents / SCANNED);
    out.count = as_bits ? merge_bits(m, r, dict) : merge_array(m, r, dict);
    out.bits = as_bits ? m->bits : NULL;
    out.v = as_bits ? NULL : m->list;
    if (out.count)
        image_dict_add(w, text, &out);
    if (as_bits)
        memset(m->bits, 0, bits_words(m->documents) * sizeof(*m->bits));
    return out.count > 0;
}

/* The number of texts that are left. */
static uint32_t merge_dict(struct merge *m, struct image *w, int dict)
{
    struct reading r;
    const char *text;
    uint32_t code = 0;

    read_begin(&r, m, dict, 0);
    image_dict_begin(w);
    while ((text = read_text(&r))) {
        map_text(m, &r, code);
        code += merge_term(m, w, dict, &r, text);
    }
    image_dict_end(w, dict);
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

/* Which texts the living have, a byte each; NULL: all of them. */
static uint8_t *used_texts(const struct part *part, int order)
{
    const struct segment *s = part->segment;
    uint8_t *used;

    if (!part->dead)
        return NULL;
    used = xcalloc(s->orders[order].n + 1, 1);
    for (uint32_t i = 0; i < s->n; i++)
        if (part->to[i] != UINT32_MAX)
            used[codes_at(&s->ranks[order], i)] = 1;
    return used;
}

/* Write the texts and fill the maps. */
static void merge_texts(struct merge *m, struct image *w, int order)
{
    uint8_t *used[PARTS_MAX] = {0};
    struct reading r;
    const char *text;
    uint32_t rank = 0;

    for (size_t p = 0; p < m->n; p++)
        used[p] = used_texts(&m->parts[p], order);
    read_begin(&r, m, -1, order);
    while ((text = read_text(&r))) {
        bool any = false;

        for (size_t i = 0; i < r.n; i++)
            any |= !used[r.which[i]] || used[r.which[i]][r.at[r.which[i]] - 1];
        map_text(m, &r, rank);
        if (any)
            image_text_add(w, text);
        rank += any;
    }
    for (size_t p = 0; p < m->n; p++)
        free(used[p]);
}

static void merge_order(struct merge *m, struct image *w, int order)
{
    uint32_t *ranks = xcalloc(m->documents + 1, sizeof(*ranks));

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
    m->list = xcalloc(m->documents / SPARSE + 1, sizeof(*m->list));
    m->spare = xcalloc(m->documents / SPARSE + 1, sizeof(*m->spare));
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
