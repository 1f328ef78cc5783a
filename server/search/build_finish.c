#include <string.h>

#include "server/search/builder.h"
#include "server/search/image.h"
#include "server/search/radix.h"

enum { AHEAD = 8 /* documents that are asked for before they are read */ };

struct finish {
    struct builder *b;
    uint32_t *by_rank; /* new ordinal -> document */
    uint32_t *by_id;   /* new ordinals in order of id */
    uint32_t *postings;
    uint32_t *sorted;             /* terms, by kind and text */
    size_t begin[TERM_KINDS + 1]; /* where the terms of a kind begin in it */
    struct keyed *keyed, *spare;  /* room for all documents or all terms */
    struct image w;
};

/* Documents */

/* Those whose ids begin with the same eight bytes, by the other eight. */
static void sort_ties(struct finish *f, size_t n)
{
    const struct doc *docs = f->b->docs;
    size_t run;

    for (size_t i = 0; i < n; i += run) {
        for (run = 1; i + run < n && f->keyed[i + run].key == f->keyed[i].key; run++)
            ;
        for (size_t k = i; run > 1 && k < i + run; k++)
            f->keyed[k].key = radix_bytes(docs[f->keyed[k].value].id.b + 8);
        if (run > 1)
            radix_sort(f->keyed + i, f->spare, run);
    }
}

/* Documents in order of id, into f->keyed; from a store they come so. */
static void sort_ids(struct finish *f)
{
    const struct doc *docs = f->b->docs;
    size_t n = f->b->n_docs;
    bool sorted = true;

    for (size_t i = 0; i < n; i++) {
        f->keyed[i] = (struct keyed){radix_bytes(docs[i].id.b), (uint32_t)i};
        sorted = sorted && (i == 0 || uuid_compare(&docs[i - 1].id, &docs[i].id) < 0);
    }
    if (sorted)
        return;
    radix_sort(f->keyed, f->spare, n);
    sort_ties(f, n);
}

/* The default order, and the order of ids in terms of it: by score, taken in order of id. */
static void order_documents(struct finish *f)
{
    const struct doc *docs = f->b->docs;
    size_t n = f->b->n_docs;
    uint32_t place[UINT8_MAX + 2] = {0};

    f->by_rank = xcalloc(n, sizeof(*f->by_rank));
    f->by_id = xcalloc(n, sizeof(*f->by_id));
    sort_ids(f);
    for (size_t i = 0; i < n; i++)
        place[UINT8_MAX - docs[i].score + 1]++;
    for (size_t i = 1; i < UINT8_MAX + 2; i++)
        place[i] += place[i - 1];
    for (size_t i = 0; i < n; i++) {
        uint32_t doc = f->keyed[i].value, rank = place[UINT8_MAX - docs[doc].score]++;

        f->by_rank[rank] = doc;
        f->by_id[i] = rank;
    }
}

static void write_sorted(struct finish *f, const int64_t *updated, const uint8_t *quality)
{
    size_t n = f->b->n_docs;
    uint32_t *out = xcalloc(n, sizeof(*out));

    for (size_t i = 0; i < n; i++)
        f->keyed[i] = (struct keyed){radix_key(updated[f->by_id[i]]), f->by_id[i]};
    radix_sort(f->keyed, f->spare, n);
    for (size_t i = 0; i < n; i++)
        out[i] = f->keyed[i].value;
    image_sorted(&f->w, SORTED_UPDATED, out);
    for (size_t i = 0; i < n; i++)
        out[i] = quality[i];
    image_sort(&f->w, SORTED_QUALITY, out, UINT8_MAX + 1);
    free(out);
}

static void write_columns(struct finish *f)
{
    struct builder *b = f->b;
    size_t n = b->n_docs;
    struct uuid *ids = xcalloc(n, sizeof(*ids));
    uint8_t *score = xcalloc(n, 1), *quality = xcalloc(n, 1);
    int64_t *updated = xcalloc(n, sizeof(*updated)), *revenue = xcalloc(n, sizeof(*revenue));
    uint32_t *employees = xcalloc(n, sizeof(*employees));

    for (size_t i = 0; i < n; i++) {
        const struct doc *d = &b->docs[f->by_rank[i]];

        ids[i] = d->id;
        score[i] = d->score;
        quality[i] = d->quality;
        updated[i] = d->updated;
        revenue[i] = d->revenue;
        employees[i] = d->employees;
    }
    image_section(&f->w, SEC_IDS, ids, n * sizeof(*ids));
    image_section(&f->w, SEC_SCORE, score, n);
    image_section(&f->w, SEC_QUALITY, quality, n);
    image_section(&f->w, SEC_UPDATED, updated, n * sizeof(*updated));
    image_section(&f->w, SEC_EMPLOYEES, employees, n * sizeof(*employees));
    image_section(&f->w, SEC_REVENUE, revenue, n * sizeof(*revenue));
    image_by_id(&f->w, f->by_id);
    write_sorted(f, updated, quality);
    free(ids);
    free(score);
    free(quality);
    free(updated);
    free(revenue);
    free(employees);
}

/* Terms */

static void sort_kind(struct finish *f, const char *const *texts, uint32_t kind)
{
    size_t from = f->begin[kind], n = f->begin[kind + 1] - from;

    for (size_t i = 0; i < n; i++)
        f->keyed[i].value = f->sorted[from + i];
    radix_sort_texts(f->keyed, f->spare, n, texts);
    for (size_t i = 0; i < n; i++)
        f->sorted[from + i] = f->keyed[i].value;
}

static void order_terms(struct finish *f)
{
    const struct names *terms = &f->b->terms;
    const char **texts = xcalloc(terms->n + 1, sizeof(*texts));
    size_t at[TERM_KINDS];

    for (size_t i = 0; i < terms->n; i++) {
        texts[i] = terms->v[i].text;
        f->begin[terms->v[i].kind + 1]++;
    }
    for (uint32_t k = 0; k < TERM_KINDS; k++) {
        at[k] = f->begin[k];
        f->begin[k + 1] += f->begin[k];
    }
    f->sorted = xcalloc(terms->n + 1, sizeof(*f->sorted));
    for (size_t i = 0; i < terms->n; i++)
        f->sorted[at[terms->v[i].kind]++] = (uint32_t)i;
    for (uint32_t k = 0; k < TERM_KINDS; k++)
        sort_kind(f, texts, k);
    free(texts);
}

static uint32_t refs_end(const struct builder *b, uint32_t doc)
{
    return doc + 1 < b->n_docs ? b->docs[doc + 1].refs : (uint32_t)b->refs.n;
}

/* Where the postings of each term begin; before them is what no ordinal is. */
static uint32_t *place_postings(struct finish *f)
{
    struct builder *b = f->b;
    uint32_t *end = xcalloc(b->terms.n + 1, sizeof(*end)), at = 0;

    for (size_t i = 0; i < b->refs.n; i++)
        end[b->refs.v[i]]++;
    for (size_t i = 0; i < b->terms.n; i++) {
        uint32_t n = end[i] + 1;

        b->terms.v[i].first = end[i] = at + 1;
        at += n;
    }
    f->postings = xcalloc((size_t)at + 1, sizeof(*f->postings));
    for (size_t i = 0; i < b->terms.n; i++)
        f->postings[end[i] - 1] = UINT32_MAX;
    return end;
}

/*
 * Documents in their new order, each appending itself to its terms: postings come out sorted.  Who
 * has a term twice appends itself once, and some room stays free.
 */
static void invert(struct finish *f)
{
    struct builder *b = f->b;
    uint32_t *end = place_postings(f);

    for (uint32_t rank = 0; rank < b->n_docs; rank++) {
        uint32_t doc = f->by_rank[rank], last = refs_end(b, doc);

        if (rank + AHEAD < b->n_docs)
            __builtin_prefetch(&b->refs.v[b->docs[f->by_rank[rank + AHEAD]].refs]);
        for (uint32_t r = b->docs[doc].refs; r < last; r++) {
            uint32_t *to = &end[b->refs.v[r]];

            if (f->postings[*to - 1] != rank)
                f->postings[(*to)++] = rank;
        }
    }
    for (size_t i = 0; i < b->terms.n; i++)
        b->terms.v[i].n = end[i] - b->terms.v[i].first;
    free(end);
}

static void write_codes(struct finish *f, int kind, size_t from, size_t n)
{
    uint32_t *codes = xcalloc(f->b->n_docs, sizeof(*codes));

    for (size_t i = 0; i < n; i++) {
        const struct name *t = &f->b->terms.v[f->sorted[from + i]];

        for (uint32_t k = 0; k < t->n; k++)
            codes[f->postings[t->first + k]] = (uint32_t)i + 1;
    }
    image_codes(&f->w, kind, codes, (uint32_t)n);
    free(codes);
}

static void write_dict(struct finish *f, uint32_t dict)
{
    size_t from = f->begin[dict], n = f->begin[dict + 1] - from;
    int kind = (int)dict - TEXT_CLASSES;

    image_dict_begin(&f->w);
    for (size_t i = from; i < from + n; i++) {
        const struct name *t = &f->b->terms.v[f->sorted[i]];
        struct set s = {.v = f->postings + t->first, .count = t->n, .n = f->b->n_docs};

        image_dict_add(&f->w, t->text, &s);
    }
    image_dict_end(&f->w, (int)dict);
    if (kind > 0 && kind < VALUES_END && !values_are_multi(kind))
        write_codes(f, kind, from, n);
}

/* The ranks of documents, in their first order, by a text of their own each. */
static void rank_own(struct finish *f, const char *const *texts, uint32_t *out)
{
    size_t n = f->b->n_docs;
    uint32_t rank = 0;

    for (size_t i = 0; i < n; i++)
        f->keyed[i].value = (uint32_t)i;
    radix_sort_texts(f->keyed, f->spare, n, texts);
    for (size_t i = 0; i < n; i++) {
        const char *text = texts[f->keyed[i].value];

        if (i == 0 || strcmp(text, texts[f->keyed[i - 1].value]) != 0) {
            image_text_add(&f->w, text);
            rank += i > 0;
        }
        out[f->keyed[i].value] = rank;
    }
}

/* The same by terms. */
static void rank_terms(struct finish *f, uint32_t order, uint32_t *out)
{
    struct builder *b = f->b;
    size_t from = f->begin[KIND_ORDER + order], n = f->begin[KIND_ORDER + order + 1] - from;

    for (size_t i = 0; i < n; i++) {
        struct name *t = &b->terms.v[f->sorted[from + i]];

        t->order = (uint32_t)i;
        image_text_add(&f->w, t->text);
    }
    for (size_t i = 0; i < b->n_docs; i++)
        out[i] = b->terms.v[b->docs[i].order[order]].order;
}

static void write_order(struct finish *f, uint32_t order)
{
    size_t n = f->b->n_docs;
    uint32_t *first = xcalloc(n, sizeof(*first)), *ranks = xcalloc(n, sizeof(*ranks));

    if (f->b->own[order])
        rank_own(f, f->b->own[order], first);
    else
        rank_terms(f, order, first);
    for (size_t i = 0; i < n; i++)
        ranks[i] = first[f->by_rank[i]];
    image_order_end(&f->w, (int)order, ranks);
    free(first);
    free(ranks);
}

enum err builder_write(struct builder *b, const char *dir, struct segment **out)
{
    struct finish f = {.b = b};
    size_t most = b->n_docs > b->terms.n ? b->n_docs : b->terms.n;

    *out = NULL;
    if (!b->n_docs)
        return ERR_OK;
    f.keyed = xcalloc(most, sizeof(*f.keyed));
    f.spare = xcalloc(most, sizeof(*f.spare));
    order_documents(&f);
    order_terms(&f);
    invert(&f);
    image_begin(&f.w, b->n_docs, &b->domain, dir);
    f.w.scratch = true;
    write_columns(&f);
    for (uint32_t dict = 0; dict < DICTS; dict++)
        write_dict(&f, dict);
    for (uint32_t o = 0; o < ORDERS; o++)
        write_order(&f, o);
    free(f.keyed);
    free(f.spare);
    free(f.by_rank);
    free(f.by_id);
    free(f.sorted);
    free(f.postings);
    return image_end(&f.w, out);
}

struct segment *builder_finish(struct builder *b)
{
    struct segment *out;

    if (builder_write(b, NULL, &out))
        abort(); /* in memory it cannot fail */
    return out;
}
