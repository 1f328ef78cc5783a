#include <assert.h>
#include <string.h>

#include "common/country.h"
#include "common/utf8.h"
#include "server/search/builder.h"
#include "server/search/words.h"

enum { FIRST_TABLE = 1 << 10, FIRST_DOCS = 64, TEXT_ROOM = 64 * 1024, DAY_MS = 86400000 };

/* Names */

static void names_init(struct names *names)
{
    names->table_size = FIRST_TABLE;
    names->table = xcalloc(names->table_size, sizeof(*names->table));
}

static void names_release(struct names *names)
{
    free(names->v);
    free(names->table);
}

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0xc2b2ae3d27d4eb4f);
    return h ^ h >> 29;
}

static uint64_t load(const char *p, size_t n)
{
    uint32_t a = 0, b = 0;

    if (n < sizeof(a)) {
        for (size_t i = 0; i < n; i++)
            a = a << 8 | (uint8_t)p[i];
        return a;
    }
    memcpy(&a, p, sizeof(a));
    memcpy(&b, p + n - sizeof(b), sizeof(b));
    return (uint64_t)a << 32 | b;
}

/* Eight bytes at a time, the last ones overlapping; the constants are those of checksum.c. */
static uint32_t hash_text(uint32_t kind, const char *text, size_t n)
{
    uint64_t h = kind * UINT64_C(0x9e3779b185ebca87) + n, word;

    if (n < sizeof(word)) {
        h = mix(h, load(text, n));
    } else {
        for (size_t at = 0; at + sizeof(word) < n; at += sizeof(word)) {
            memcpy(&word, text + at, sizeof(word));
            h = mix(h, word);
        }
        memcpy(&word, text + n - sizeof(word), sizeof(word));
        h = mix(h, word);
    }
    return (uint32_t)(h ^ h >> 32);
}

static void grow_table(struct names *names)
{
    names->table_size *= 2;
    free(names->table);
    names->table = xcalloc(names->table_size, sizeof(*names->table));
    for (size_t i = 0; i < names->n; i++) {
        size_t at = names->v[i].hash & (names->table_size - 1);

        while (names->table[at].name)
            at = (at + 1) & (names->table_size - 1);
        names->table[at] = (struct name_slot){names->v[i].hash, (uint32_t)i + 1};
    }
}

/* A copy of n bytes of text that lives as long as the builder. */
static const char *keep_text(struct builder *b, const char *text, size_t n)
{
    char *out;

    if (n + 1 > b->left) {
        b->left = n + 1 > TEXT_ROOM ? n + 1 : TEXT_ROOM;
        b->room = arena_alloc(b->texts, b->left);
    }
    out = memcpy(b->room, text, n + 1);
    b->room += n + 1;
    b->left -= n + 1;
    return out;
}

static uint32_t add_name(struct builder *b, struct names *names, uint32_t kind, const char *text,
                         size_t n, uint32_t hash)
{
    if (names->n == names->size) {
        names->size = names->size ? names->size * 2 : FIRST_TABLE / 2;
        names->v = xrealloc(names->v, names->size * sizeof(*names->v));
    }
    names->v[names->n] =
        (struct name){.text = keep_text(b, text, n), .hash = hash, .kind = kind, .order = NO_TERM};
    return (uint32_t)names->n++;
}

/* The number of a name, which is added when it is new: then it is the last one. */
static uint32_t name_of(struct builder *b, struct names *names, uint32_t kind, const char *text,
                        size_t n, uint32_t hash)
{
    uint32_t id;
    size_t at;

    if (names->n * 2 >= names->table_size)
        grow_table(names);
    at = hash & (names->table_size - 1);
    for (; names->table[at].name; at = (at + 1) & (names->table_size - 1)) {
        const struct name *old = &names->v[names->table[at].name - 1];

        if (names->table[at].hash == hash && old->kind == kind && strcmp(old->text, text) == 0)
            return names->table[at].name - 1;
    }
    id = add_name(b, names, kind, text, n, hash);
    names->table[at] = (struct name_slot){hash, id + 1};
    return id;
}

static uint32_t term_of(struct builder *b, uint32_t kind, const char *text)
{
    size_t n = strlen(text);

    return name_of(b, &b->terms, kind, text, n, hash_text(kind, text, n));
}

static void add_numbers(struct numbers *to, const uint32_t *v, size_t n)
{
    if (to->n + n > to->size) {
        to->size = to->size ? to->size * 2 : 1024;
        to->size = to->n + n > to->size ? to->n + n : to->size;
        to->v = xrealloc(to->v, to->size * sizeof(*to->v));
    }
    for (size_t i = 0; i < n; i++)
        to->v[to->n + i] = v[i];
    to->n += n;
}

static void add_number(struct numbers *to, uint32_t number)
{
    add_numbers(to, &number, 1);
}

/* What is made of a text */

static void take_word(void *arg, const char *word)
{
    struct builder *b = arg;

    add_number(b->into, term_of(b, b->class, word));
}

static void cut_text(char *folded)
{
    size_t n = strlen(folded);

    if (n <= ORDER_TEXT_MAX)
        return;
    for (n = ORDER_TEXT_MAX; n && ((unsigned char)folded[n] & 0xc0) == 0x80;)
        n--;
    folded[n] = '\0'; /* cursors carry it: it has a ceiling */
}

/* Its terms go to *into; its text as an order has it is returned. */
static char *split_text(struct builder *b, const struct source *s, const char *text,
                        struct numbers *into)
{
    char *folded = utf8_fold(b->row, text);

    b->into = into;
    if (s->words >= 0) {
        b->class = (uint32_t)s->words;
        words_of_folded(folded, take_word, b);
        if (s->country && country_name(text))
            words_of_text(b->row, country_name(text), take_word, b);
    }
    if (s->facet >= 0 && *text)
        add_number(into, term_of(b, (uint32_t)s->facet, text));
    if (s->whole >= 0 && *text)
        add_number(into, term_of(b, (uint32_t)s->whole, text));
    cut_text(folded);
    return folded;
}

static void add_unique(struct builder *b, const struct source *s, const char *text)
{
    const char *folded = split_text(b, s, text, &b->refs);

    if (s->order >= 0)
        b->own[s->order][b->n_docs - 1] = keep_text(b, folded, strlen(folded));
}

/* What a value that is new stands for. */
static void learn_value(struct builder *b, const struct source *s, uint32_t id)
{
    size_t from = b->parts.n;
    const char *folded = split_text(b, s, b->values.v[id].text, &b->parts);
    struct name *value = &b->values.v[id];

    value->first = (uint32_t)from;
    value->n = (uint32_t)(b->parts.n - from);
    if (s->order >= 0)
        value->order = term_of(b, KIND_ORDER + (uint32_t)s->order, folded);
}

/* Titles, companies and places come again and again: a text is split once for its field. */
static void add_value(struct builder *b, const struct pending *p, struct doc *d)
{
    const struct source *s = &b->sources[p->source];
    size_t before = b->values.n;
    uint32_t id = name_of(b, &b->values, p->source, p->text, p->n, p->hash);
    const struct name *value;

    if (b->values.n > before)
        learn_value(b, s, id);
    value = &b->values.v[id];
    add_numbers(&b->refs, b->parts.v + value->first, value->n);
    if (s->order >= 0)
        d->order[s->order] = value->order;
}

/* All texts of a row are hashed before the first is looked for: the memory is there by then. */
static void await_value(struct builder *b, size_t source, const char *text)
{
    struct pending *p;

    if (b->n_pending == b->pending_size) {
        b->pending_size = b->pending_size ? b->pending_size * 2 : 64;
        b->pending = xrealloc(b->pending, b->pending_size * sizeof(*b->pending));
    }
    p = &b->pending[b->n_pending++];
    *p = (struct pending){text, strlen(text), 0, (uint32_t)source};
    p->hash = hash_text(p->source, text, p->n);
    __builtin_prefetch(&b->values.table[p->hash & (b->values.table_size - 1)]);
}

/* Times of one day (UTC) are in one bucket. */
static uint32_t find_bucket(struct builder *b, const struct source *s, int64_t value)
{
    int64_t key = s->field->kind == KIND_TIME ? value / DAY_MS : value;
    struct bucket *kept = &s->buckets[(uint64_t)key % BUCKETS_KEPT];
    const char *text;

    if (value > 0 && kept->known && kept->key == key)
        return kept->term;
    text = s->field->bucket(value);
    if (value <= 0)
        return text ? term_of(b, (uint32_t)s->facet, text) : NO_TERM;
    *kept = (struct bucket){key, text ? term_of(b, (uint32_t)s->facet, text) : NO_TERM, true};
    return kept->term;
}

static void add_number_of(struct builder *b, const struct source *s, int64_t value)
{
    uint32_t term = find_bucket(b, s, value);

    if (term != NO_TERM)
        add_number(&b->refs, term);
}

static void add_source(struct builder *b, size_t source, const struct profile *p)
{
    const struct source *s = &b->sources[source];
    const void *slot = field_at(s->field, p);
    const char *text;

    if (s->field->kind == KIND_STRS) {
        const struct strs *list = slot;

        for (size_t i = 0; i < list->n; i++)
            await_value(b, source, list->v[i]);
        return;
    }
    if (s->buckets) { /* an int64_t, or a struct of one */
        add_number_of(b, s, *(const int64_t *)slot);
        return;
    }
    text = *(const char *const *)slot;
    if (!text && s->order < 0)
        return;
    if (s->unique)
        add_unique(b, s, text ? text : "");
    else
        await_value(b, source, text ? text : "");
}

static void add_contact(struct builder *b, int i, const char *text)
{
    if (b->contacts[i] == NO_TERM)
        b->contacts[i] = term_of(b, DICT_CONTACT, text);
    add_number(&b->refs, b->contacts[i]);
}

static void room_for_doc(struct builder *b)
{
    if (b->n_docs < b->docs_size)
        return;
    b->docs_size = b->docs_size ? b->docs_size * 2 : FIRST_DOCS;
    b->docs = xrealloc(b->docs, b->docs_size * sizeof(*b->docs));
    for (int o = 0; o < ORDERS; o++)
        if (b->own[o])
            b->own[o] = xrealloc(b->own[o], b->docs_size * sizeof(const char *));
}

void builder_add(struct builder *b, const struct profile *p)
{
    struct doc *d;

    room_for_doc(b);
    d = &b->docs[b->n_docs++];
    *d = (struct doc){.id = p->id,
                      .updated = p->updated.ms,
                      .revenue = p->revenue > 0 ? p->revenue : 0,
                      .employees = p->employees > 0 ? (uint32_t)p->employees : 0,
                      .refs = (uint32_t)b->refs.n,
                      .score = (uint8_t)p->score,
                      .quality = (uint8_t)p->quality};
    b->n_pending = 0;
    for (size_t i = 0; i < b->n_sources; i++)
        add_source(b, i, p);
    for (size_t i = 0; i < b->n_pending; i++)
        add_value(b, &b->pending[i], d);
    if (p->has_email)
        add_contact(b, 0, "email");
    if (p->has_phone)
        add_contact(b, 1, "phone");
    arena_clear(b->row);
}

/* The builder */

static void add_field(struct builder *b, const struct field *f)
{
    struct source *s = &b->sources[b->n_sources];
    bool is_title = strcmp(f->name, "title") == 0, is_name = strcmp(f->name, "name") == 0,
         is_company = strcmp(f->name, "company") == 0;

    if (!(f->flags & FIELD_TEXT) && !f->facet)
        return;
    assert(b->n_sources < SOURCES_MAX);
    b->n_sources++;
    *s = (struct source){
        .field = f,
        .words = f->flags & FIELD_TEXT ? (int)segment_class(f) : -1,
        .facet = f->facet ? TEXT_CLASSES + f->facet : -1,
        .whole = is_title     ? TEXT_CLASSES + VALUES_TITLE
                 : is_company ? TEXT_CLASSES + VALUES_COMPANY
                              : -1,
        .order = is_name      ? ORDER_NAME
                 : is_company ? ORDER_COMPANY
                              : -1,
        .country = f->facet == FACET_country,
        .unique = is_name,
    };
    if (f->bucket)
        s->buckets = xcalloc(BUCKETS_KEPT, sizeof(*s->buckets));
    if (s->unique && s->order >= 0)
        b->own[s->order] = xcalloc(1, sizeof(const char *));
}

struct builder *builder_new(const struct uuid *domain)
{
    struct builder *b = xcalloc(1, sizeof(*b));

    b->domain = *domain;
    b->texts = arena_new();
    b->row = arena_new();
    names_init(&b->terms);
    names_init(&b->values);
    b->contacts[0] = b->contacts[1] = NO_TERM;
    for (const struct field *f = profile_type.fields; f->name; f++)
        add_field(b, f);
    return b;
}

void builder_free(struct builder *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n_sources; i++)
        free(b->sources[i].buckets);
    arena_free(b->texts);
    arena_free(b->row);
    names_release(&b->terms);
    names_release(&b->values);
    for (int o = 0; o < ORDERS; o++)
        free(b->own[o]);
    free(b->pending);
    free(b->parts.v);
    free(b->refs.v);
    free(b->docs);
    free(b);
}

size_t builder_count(const struct builder *b)
{
    return b->n_docs;
}
