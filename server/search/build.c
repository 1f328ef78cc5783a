#include "server/search/build.h"

#include <string.h>

#include "common/country.h"
#include "common/utf8.h"
#include "server/search/image.h"
#include "server/search/words.h"

enum {
    FIRST_TABLE = 1 << 12,
    KIND_ORDER = 128, /* interned texts of orders, behind the dicts */
    KIND_TEXT = 160,  /* whole texts of rows, by class, and by order: what was made of them */
};

/* An interned (dict, text). */
struct term {
    const char *text;
    uint32_t hash, dict;
    uint32_t count;    /* documents */
    uint32_t last_doc; /* document + 1 that counted it last */
    uint32_t first;    /* finishing: where its postings begin; of a text: where its terms do */
    uint32_t code;     /* finishing: its place in the sorted dict; of a text: how many terms */
};

struct doc {
    struct uuid id;
    int64_t updated, revenue;
    uint32_t employees;
    uint32_t refs; /* where its terms begin */
    uint32_t order[ORDERS];
    uint8_t score, quality;
};

struct builder {
    struct uuid domain;
    struct arena *texts;
    struct term *terms;
    size_t n_terms, terms_size;
    uint32_t *table; /* term + 1 */
    size_t table_size;
    struct doc *docs;
    size_t n_docs, docs_size;
    uint32_t *refs;
    size_t n_refs, refs_size;
    uint32_t *parts; /* terms of texts that were seen before */
    size_t n_parts, parts_size;
    uint32_t class; /* of the words that are being added */
};

struct builder *builder_new(const struct uuid *domain)
{
    struct builder *b = xcalloc(1, sizeof(*b));

    b->domain = *domain;
    b->texts = arena_new();
    b->table_size = FIRST_TABLE;
    b->table = xcalloc(b->table_size, sizeof(*b->table));
    return b;
}

void builder_free(struct builder *b)
{
    if (!b)
        return;
    arena_free(b->texts);
    free(b->terms);
    free(b->table);
    free(b->docs);
    free(b->refs);
    free(b->parts);
    free(b);
}

size_t builder_count(const struct builder *b)
{
    return b->n_docs;
}

/* Eight bytes at a time; the constants are those of checksum.c. */
static uint32_t hash_text(uint32_t dict, const char *text)
{
    size_t n = strlen(text);
    uint64_t h = dict * UINT64_C(0x9e3779b185ebca87) + n, word;

    for (; n; text += sizeof(word)) {
        size_t k = n < sizeof(word) ? n : sizeof(word);

        word = 0;
        memcpy(&word, text, k);
        h = (h ^ word) * UINT64_C(0xc2b2ae3d27d4eb4f);
        h ^= h >> 29;
        n -= k;
    }
    return (uint32_t)(h ^ h >> 32);
}

static void grow_table(struct builder *b)
{
    b->table_size *= 2;
    free(b->table);
    b->table = xcalloc(b->table_size, sizeof(*b->table));
    for (size_t i = 0; i < b->n_terms; i++) {
        size_t at = b->terms[i].hash & (b->table_size - 1);

        while (b->table[at])
            at = (at + 1) & (b->table_size - 1);
        b->table[at] = (uint32_t)i + 1;
    }
}

static uint32_t add_term(struct builder *b, uint32_t dict, const char *text, uint32_t hash)
{
    if (b->n_terms == b->terms_size) {
        b->terms_size = b->terms_size ? b->terms_size * 2 : 1024;
        b->terms = xrealloc(b->terms, b->terms_size * sizeof(*b->terms));
    }
    b->terms[b->n_terms] =
        (struct term){.text = arena_strdup(b->texts, text), .hash = hash, .dict = dict};
    return (uint32_t)b->n_terms++;
}

static uint32_t intern(struct builder *b, uint32_t dict, const char *text)
{
    uint32_t hash = hash_text(dict, text), id;
    size_t at;

    if (b->n_terms * 2 >= b->table_size)
        grow_table(b);
    at = hash & (b->table_size - 1);
    for (; b->table[at]; at = (at + 1) & (b->table_size - 1)) {
        const struct term *t = &b->terms[b->table[at] - 1];

        if (t->hash == hash && t->dict == dict && strcmp(t->text, text) == 0)
            return b->table[at] - 1;
    }
    id = add_term(b, dict, text, hash);
    b->table[at] = id + 1;
    return id;
}

/* Room for one more of *n elements of a list of numbers. */
static uint32_t *room_for_one(uint32_t *v, size_t n, size_t *size)
{
    if (n < *size)
        return v;
    *size = *size ? *size * 2 : 4096;
    return xrealloc(v, *size * sizeof(*v));
}

/* The document that is being added has this term; once is enough. */
static void refer_term(struct builder *b, uint32_t id)
{
    struct term *t = &b->terms[id];

    if (t->last_doc == b->n_docs + 1)
        return;
    t->last_doc = (uint32_t)b->n_docs + 1;
    t->count++;
    b->refs = room_for_one(b->refs, b->n_refs, &b->refs_size);
    b->refs[b->n_refs++] = id;
}

static void refer(struct builder *b, uint32_t dict, const char *text)
{
    refer_term(b, intern(b, dict, text));
}

static void take_word(void *arg, const char *word)
{
    struct builder *b = arg;

    b->parts = room_for_one(b->parts, b->n_parts, &b->parts_size);
    b->parts[b->n_parts++] = intern(b, b->class, word);
}

/* Titles, companies and places come again and again: a text is split once for its class. */
static void add_text(struct builder *b, struct arena *mem, const char *text, bool is_country)
{
    size_t before = b->n_terms, from = b->n_parts;
    uint32_t id = intern(b, KIND_TEXT + b->class * 2 + is_country, text);

    if (b->n_terms > before) { /* it is new */
        words_of_text(mem, text, take_word, b);
        if (is_country && country_name(text))
            words_of_text(mem, country_name(text), take_word, b);
        b->terms[id].first = (uint32_t)from;
        b->terms[id].code = (uint32_t)(b->n_parts - from);
    }
    for (uint32_t i = 0; i < b->terms[id].code; i++)
        refer_term(b, b->parts[b->terms[id].first + i]);
}

static void add_words(struct builder *b, struct arena *mem, const struct field *f,
                      const struct profile *p)
{
    const void *slot = field_at(f, p);
    const char *text;

    b->class = segment_class(f);
    if (f->kind == KIND_STRS) {
        const struct strs *list = slot;

        for (size_t i = 0; i < list->n; i++)
            add_text(b, mem, list->v[i], false);
        return;
    }
    text = *(const char *const *)slot;
    if (text)
        add_text(b, mem, text, f->facet == FACET_country);
}

static void add_facet(struct builder *b, const struct field *f, const struct profile *p)
{
    const void *slot = field_at(f, p);
    uint32_t dict = (uint32_t)(TEXT_CLASSES + f->facet);
    const char *value = NULL;

    if (f->kind == KIND_STRS) {
        const struct strs *list = slot;

        for (size_t i = 0; i < list->n; i++)
            if (list->v[i][0])
                refer(b, dict, list->v[i]);
        return;
    }
    if (f->kind == KIND_INT)
        value = f->bucket(*(const int64_t *)slot);
    else if (f->kind == KIND_TIME)
        value = f->bucket(((const struct stamp *)slot)->ms);
    else
        value = *(const char *const *)slot;
    if (value && *value)
        refer(b, dict, value);
}

static void add_whole(struct builder *b, int kind, const char *text)
{
    if (text && *text)
        refer(b, (uint32_t)(TEXT_CLASSES + kind), text);
}

static uint32_t folded_text(struct builder *b, struct arena *mem, enum order o, const char *text)
{
    char *folded = utf8_fold(mem, text);

    if (strlen(folded) > ORDER_TEXT_MAX) { /* cursors carry it: it has a ceiling */
        size_t n = ORDER_TEXT_MAX;

        while (n && ((unsigned char)folded[n] & 0xc0) == 0x80)
            n--;
        folded[n] = '\0';
    }
    return intern(b, KIND_ORDER + o, folded);
}

static uint32_t order_text(struct builder *b, struct arena *mem, enum order o, const char *text)
{
    size_t before = b->n_terms;
    uint32_t id;

    if (!text)
        return intern(b, KIND_ORDER + o, "");
    id = intern(b, KIND_TEXT + TEXT_CLASSES * 2 + o, text);
    if (b->n_terms > before) {
        uint32_t folded = folded_text(b, mem, o, text);

        b->terms[id].first = folded;
    }
    return b->terms[id].first;
}

void builder_add(struct builder *b, const struct profile *p)
{
    struct arena *mem = arena_new();
    struct doc d = {.id = p->id,
                    .updated = p->updated.ms,
                    .revenue = p->revenue > 0 ? p->revenue : 0,
                    .employees = p->employees > 0 ? (uint32_t)p->employees : 0,
                    .refs = (uint32_t)b->n_refs,
                    .score = (uint8_t)p->score,
                    .quality = (uint8_t)p->quality};

    for (const struct field *f = profile_type.fields; f->name; f++) {
        if (f->flags & FIELD_TEXT)
            add_words(b, mem, f, p);
        if (f->facet)
            add_facet(b, f, p);
    }
    add_whole(b, VALUES_TITLE, p->title);
    add_whole(b, VALUES_COMPANY, p->company);
    if (p->has_email)
        refer(b, DICT_CONTACT, "email");
    if (p->has_phone)
        refer(b, DICT_CONTACT, "phone");
    d.order[ORDER_NAME] = order_text(b, mem, ORDER_NAME, p->name);
    d.order[ORDER_COMPANY] = order_text(b, mem, ORDER_COMPANY, p->company);
    if (b->n_docs == b->docs_size) {
        b->docs_size = b->docs_size ? b->docs_size * 2 : 256;
        b->docs = xrealloc(b->docs, b->docs_size * sizeof(*b->docs));
    }
    b->docs[b->n_docs++] = d;
    arena_free(mem);
}

/* Finishing */

struct finish {
    struct builder *b;
    uint32_t *by_rank; /* new ordinal -> document */
    uint32_t *by_id;   /* new ordinals in order of id */
    uint32_t *postings;
    struct named *sorted; /* terms, by dict and text */
    size_t n_sorted;
};

/* What is sorted carries its keys. */
struct scored {
    struct uuid id;
    uint32_t doc;
    uint8_t score;
};

struct named {
    const char *text;
    uint32_t dict, term;
};

static int by_default_order(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return uuid_compare(&x->id, &y->id);
}

static int by_id(const void *a, const void *b)
{
    return uuid_compare(&((const struct scored *)a)->id, &((const struct scored *)b)->id);
}

static int by_text(const void *a, const void *b)
{
    const struct named *x = a, *y = b;

    if (x->dict != y->dict)
        return x->dict < y->dict ? -1 : 1;
    return strcmp(x->text, y->text);
}

static uint32_t refs_end(const struct builder *b, uint32_t doc)
{
    return doc + 1 < b->n_docs ? b->docs[doc + 1].refs : (uint32_t)b->n_refs;
}

/* Documents in their new order, each appending itself to its terms: postings come out sorted. */
static void invert(struct finish *f)
{
    struct builder *b = f->b;
    uint32_t at = 0;

    for (size_t i = 0; i < b->n_terms; i++) {
        if (b->terms[i].dict >= KIND_TEXT)
            continue;
        b->terms[i].first = at;
        at += b->terms[i].count;
        b->terms[i].count = 0;
    }
    f->postings = xcalloc(at + 1, sizeof(*f->postings));
    for (uint32_t rank = 0; rank < b->n_docs; rank++) {
        uint32_t doc = f->by_rank[rank];

        for (uint32_t r = b->docs[doc].refs; r < refs_end(b, doc); r++) {
            struct term *t = &b->terms[b->refs[r]];

            f->postings[t->first + t->count++] = rank;
        }
    }
}

struct dated {
    int64_t updated;
    uint32_t place; /* in order of id */
};

static int by_date(const void *a, const void *b)
{
    const struct dated *x = a, *y = b;

    if (x->updated != y->updated)
        return x->updated < y->updated ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static void write_sorted(struct finish *f, struct image *w, const int64_t *updated,
                         const uint8_t *quality)
{
    size_t n = f->b->n_docs;
    struct dated *v = xcalloc(n, sizeof(*v));
    uint32_t *out = xcalloc(n, sizeof(*out));

    for (size_t i = 0; i < n; i++)
        v[i] = (struct dated){updated[f->by_id[i]], (uint32_t)i};
    qsort(v, n, sizeof(*v), by_date);
    for (size_t i = 0; i < n; i++)
        out[i] = f->by_id[v[i].place];
    image_sorted(w, SORTED_UPDATED, out);
    for (size_t i = 0; i < n; i++)
        out[i] = quality[i];
    image_sort(w, SORTED_QUALITY, out, UINT8_MAX + 1);
    free(v);
    free(out);
}

static void write_columns(struct finish *f, struct image *w)
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
    image_section(w, SEC_IDS, ids, n * sizeof(*ids));
    image_section(w, SEC_SCORE, score, n);
    image_section(w, SEC_QUALITY, quality, n);
    image_section(w, SEC_UPDATED, updated, n * sizeof(*updated));
    image_section(w, SEC_EMPLOYEES, employees, n * sizeof(*employees));
    image_section(w, SEC_REVENUE, revenue, n * sizeof(*revenue));
    image_by_id(w, f->by_id);
    write_sorted(f, w, updated, quality);
    free(ids);
    free(score);
    free(quality);
    free(updated);
    free(revenue);
    free(employees);
}

/* The default order, and the order of ids in terms of it. */
static void order_documents(struct finish *f)
{
    size_t n = f->b->n_docs;
    struct scored *v = xcalloc(n, sizeof(*v));

    f->by_rank = xcalloc(n, sizeof(*f->by_rank));
    f->by_id = xcalloc(n, sizeof(*f->by_id));

    for (size_t i = 0; i < n; i++)
        v[i] = (struct scored){f->b->docs[i].id, (uint32_t)i, f->b->docs[i].score};
    qsort(v, n, sizeof(*v), by_default_order);
    for (size_t i = 0; i < n; i++) {
        f->by_rank[i] = v[i].doc;
        v[i].doc = (uint32_t)i; /* its ordinal from here on */
    }
    qsort(v, n, sizeof(*v), by_id);
    for (size_t i = 0; i < n; i++)
        f->by_id[i] = v[i].doc;
    free(v);
}

static void order_terms(struct finish *f)
{
    f->sorted = xcalloc(f->b->n_terms + 1, sizeof(*f->sorted));
    for (size_t i = 0; i < f->b->n_terms; i++)
        if (f->b->terms[i].dict < KIND_TEXT)
            f->sorted[f->n_sorted++] =
                (struct named){f->b->terms[i].text, f->b->terms[i].dict, (uint32_t)i};
    qsort(f->sorted, f->n_sorted, sizeof(*f->sorted), by_text);
}

static void write_codes(struct finish *f, struct image *w, int kind, size_t at, size_t n)
{
    uint32_t *codes = xcalloc(f->b->n_docs, sizeof(*codes));

    for (size_t i = 0; i < n; i++) {
        const struct term *t = &f->b->terms[f->sorted[at + i].term];

        for (uint32_t k = 0; k < t->count; k++)
            codes[f->postings[t->first + k]] = (uint32_t)i + 1;
    }
    image_codes(w, kind, codes, (uint32_t)n);
    free(codes);
}

static void write_order(struct finish *f, struct image *w, enum order o, size_t at, size_t n)
{
    struct builder *b = f->b;
    uint32_t *ranks = xcalloc(b->n_docs, sizeof(*ranks));

    for (size_t i = 0; i < n; i++) {
        b->terms[f->sorted[at + i].term].code = (uint32_t)i;
        image_text_add(w, f->sorted[at + i].text);
    }
    for (size_t i = 0; i < b->n_docs; i++)
        ranks[i] = b->terms[b->docs[f->by_rank[i]].order[o]].code;
    image_order_end(w, (int)o, ranks);
    free(ranks);
}

/* The terms of one dict lie together in f->sorted. */
static size_t run_of(const struct finish *f, size_t from, uint32_t dict)
{
    size_t n = 0;

    while (from + n < f->n_sorted && f->sorted[from + n].dict == dict)
        n++;
    return n;
}

static void write_dicts(struct finish *f, struct image *w)
{
    size_t at = 0;

    for (uint32_t dict = 0; dict < DICTS; dict++) {
        size_t n = run_of(f, at, dict);
        int kind = (int)dict - TEXT_CLASSES;

        image_dict_begin(w);
        for (size_t i = at; i < at + n; i++) {
            const struct term *t = &f->b->terms[f->sorted[i].term];
            struct set s = {.v = f->postings + t->first, .count = t->count, .n = f->b->n_docs};

            image_dict_add(w, t->text, &s);
        }
        image_dict_end(w, (int)dict);
        if (kind > 0 && kind < VALUES_END && !values_are_multi(kind))
            write_codes(f, w, kind, at, n);
        at += n;
    }
    for (uint32_t o = 0; o < ORDERS; o++) {
        size_t n = run_of(f, at, KIND_ORDER + o);

        write_order(f, w, (enum order)o, at, n);
        at += n;
    }
}

struct segment *builder_finish(struct builder *b)
{
    struct finish f = {.b = b};
    struct segment *out = NULL;
    struct image w;

    if (!b->n_docs)
        return NULL;
    order_documents(&f);
    order_terms(&f);
    invert(&f);
    image_begin(&w, b->n_docs, &b->domain, NULL);
    write_columns(&f, &w);
    write_dicts(&f, &w);
    free(f.by_rank);
    free(f.by_id);
    free(f.sorted);
    free(f.postings);
    if (image_end(&w, &out))
        abort(); /* in memory it cannot fail */
    return out;
}
