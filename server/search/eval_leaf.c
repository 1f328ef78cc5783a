#include "server/search/eval_leaf.h"

#include <string.h>

#include "common/country.h"
#include "common/utf8.h"
#include "server/search/owned.h"
#include "server/search/suggest.h"
#include "server/search/words.h"

/* Owned or borrowed, the union of these postings of a dict. */
static struct set union_of(struct eval *e, int dict, const uint32_t *list, size_t n)
{
    struct set *sets;

    if (n == 0)
        return set_none(e->s->n);
    if (n == 1)
        return dict_set(e->s, dict, list[0]);
    sets = arena_alloc(e->pool.mem, n * sizeof(*sets));
    for (size_t i = 0; i < n; i++)
        sets[i] = dict_set(e->s, dict, list[i]);
    return set_union(&e->pool, sets, n);
}

/* The members of *s that are among `kept` of its bits; *s is released. */
static void become(struct eval *e, struct set *s, uint64_t *kept)
{
    set_release(&e->pool, s);
    *s = union_end(&e->pool, kept);
}

/* Values */

static struct set folded_value(struct eval *e, const struct node *node, const char *key)
{
    int kind = node->dict - TEXT_CLASSES;
    const struct texts *t = &e->s->dicts[node->dict].texts;
    uint32_t at = folded_lower(e->s, kind, key, e->pool.mem), n = 0;
    size_t len = strlen(key) + !node->star; /* with its end it must be equal */
    char room[UTF8_SHORT];

    while (at + n < t->n &&
           strncmp(folded_text(texts_at(t, e->s->folded[kind][at + n]), room, e->pool.mem), key,
                   len) == 0)
        n++;
    return union_of(e, node->dict, e->s->folded[kind] + at, n);
}

static struct set plain_values(struct eval *e, const struct node *node)
{
    const struct texts *t = &e->s->dicts[node->dict].texts;
    uint32_t *list = arena_alloc(e->pool.mem, node->values.n * sizeof(*list));
    size_t n = 0;

    for (size_t i = 0; i < node->values.n; i++) {
        uint32_t at = texts_find(t, node->values.v[i]);

        if (at != UINT32_MAX)
            list[n++] = at;
    }
    return union_of(e, node->dict, list, n);
}

struct set leaf_values(struct eval *e, const struct node *node)
{
    struct set first, more;
    uint64_t *u;

    if (!node->is_folded || node->dict == DICT_CONTACT)
        return plain_values(e, node);
    first = folded_value(e, node, node->values.v[0]);
    for (size_t i = 1; i < node->values.n; i++) {
        more = folded_value(e, node, node->values.v[i]);
        u = union_begin(&e->pool);
        union_add(u, &first);
        union_add(u, &more);
        set_release(&e->pool, &more);
        become(e, &first, u);
    }
    return first;
}

/* Words */

static struct set word_in_class(struct eval *e, const struct node *node, int word_class)
{
    const struct texts *t = &e->s->dicts[word_class].texts;
    uint32_t at = texts_lower(t, node->word), n = 0;
    size_t len = strlen(node->word);
    uint32_t *list;

    if (!(node->classes & 1u << word_class))
        return set_none(e->s->n);
    if (node->kind == NODE_WORD) {
        n = at < t->n && strcmp(texts_at(t, at), node->word) == 0;
        return union_of(e, word_class, &at, n);
    }
    while (at + n < t->n && strncmp(texts_at(t, at + n), node->word, len) == 0)
        n++;
    list = arena_alloc(e->pool.mem, n * sizeof(*list));
    for (uint32_t i = 0; i < n; i++)
        list[i] = at + i;
    return union_of(e, word_class, list, n);
}

/*
 * Phrases.  Positions of words would cost more than the rest of the index together, so candidates
 * (those that have all the words) are held against their texts: titles and company names by their
 * codes, each distinct text once; names one by one; the other texts are few, and those that have
 * the phrase give their postings.  Names end at ORDER_TEXT_MAX bytes for this.
 */

static struct set all_words(struct eval *e, const struct node *phrase, int word_class)
{
    struct set out = word_in_class(e, phrase->kids[0], word_class);

    for (size_t i = 1; i < phrase->n && out.count; i++) {
        struct set more = word_in_class(e, phrase->kids[i], word_class);

        set_and(&e->pool, &out, &more);
        set_release(&e->pool, &more);
    }
    return out;
}

static bool text_has(struct eval *e, const struct node *phrase, const char *text)
{
    char room[UTF8_SHORT];

    return words_side_by_side(folded_text(text, room, e->pool.mem), &phrase->values, phrase->star);
}

static void keep_by_code(struct eval *e, struct set *s, const struct node *phrase, int kind)
{
    enum { UNKNOWN, NO, YES };
    const struct texts *t = &e->s->dicts[TEXT_CLASSES + kind].texts;
    uint8_t *known = arena_alloc(e->pool.mem, t->n + 1);
    uint64_t *kept = union_begin(&e->pool);
    struct set_at at;

    known[0] = NO;
    for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at)) {
        uint32_t code = codes_at(&e->s->codes[kind], i);

        if (known[code] == UNKNOWN)
            known[code] = text_has(e, phrase, texts_at(t, code - 1)) ? YES : NO;
        if (known[code] == YES)
            bits_set(kept, i);
    }
    become(e, s, kept);
}

static void keep_by_name(struct eval *e, struct set *s, const struct node *phrase)
{
    const struct codes *ranks = &e->s->ranks[ORDER_NAME];
    uint64_t *kept = union_begin(&e->pool);
    struct set_at at;

    for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at))
        if (words_side_by_side(texts_at(&e->s->orders[ORDER_NAME], codes_at(ranks, i)),
                               &phrase->values, phrase->star))
            bits_set(kept, i);
    become(e, s, kept);
}

/* Quick: false when a text of ASCII alone cannot have the word. */
static bool may_have(const char *text, const char *word)
{
    for (const char *p = text; *p; p++) {
        size_t n = 0;

        if (*p & 0x80)
            return true;
        while (word[n] && (p[n] >= 'A' && p[n] <= 'Z' ? p[n] + 32 : p[n]) == word[n])
            n++;
        if (!word[n])
            return true;
    }
    return false;
}

static void add_values(struct eval *e, const struct node *phrase, int kind, uint64_t *u)
{
    const struct texts *t = &e->s->dicts[TEXT_CLASSES + kind].texts;

    for (uint32_t k = 0; k < t->n; k++) {
        const char *text = texts_at(t, k);
        const char *name = kind == FACET_country ? country_name(text) : NULL;
        struct set one;

        if (!(may_have(text, phrase->values.v[0]) && text_has(e, phrase, text)) &&
            !(name && text_has(e, phrase, name)))
            continue;
        one = dict_set(e->s, TEXT_CLASSES + kind, k);
        union_add(u, &one);
    }
}

static struct set phrase_in_others(struct eval *e, const struct node *phrase)
{
    uint64_t *u = union_begin(&e->pool);

    for (const struct field *f = profile_type.fields; f->name; f++)
        if (f->facet && f->flags & FIELD_TEXT)
            add_values(e, phrase, f->facet, u);
    return union_end(&e->pool, u);
}

static struct set phrase_in_class(struct eval *e, const struct node *phrase, int word_class)
{
    struct set out = set_none(e->s->n);

    if (!(phrase->classes & 1u << word_class))
        return out;
    out = all_words(e, phrase, word_class);
    if (!out.count)
        return out;
    if (word_class == TEXT_TITLE)
        keep_by_code(e, &out, phrase, VALUES_TITLE);
    else if (word_class == TEXT_COMPANY)
        keep_by_code(e, &out, phrase, VALUES_COMPANY);
    else if (word_class == TEXT_NAME)
        keep_by_name(e, &out, phrase);
    else {
        set_release(&e->pool, &out);
        out = phrase_in_others(e, phrase);
    }
    return out;
}

struct set leaf_in_class(struct eval *e, const struct node *node, int word_class)
{
    return node->kind == NODE_PHRASE ? phrase_in_class(e, node, word_class)
                                     : word_in_class(e, node, word_class);
}

/* Ranges */

static inline int64_t number_at(const struct segment *s, enum column c, uint32_t i)
{
    switch (c) {
    case COLUMN_SCORE:
        return s->score[i];
    case COLUMN_QUALITY:
        return s->quality[i];
    case COLUMN_EMPLOYEES:
        return s->employees[i];
    case COLUMN_REVENUE:
        return s->revenue[i];
    case COLUMN_UPDATED:
        return s->updated[i];
    }
    return 0;
}

/* Sixty-four at a time, without a branch that could be wrong. */
static inline __attribute__((always_inline)) void scan(const struct segment *s, enum column c,
                                                       int64_t lo, int64_t hi, uint64_t *bits)
{
    uint64_t width = (uint64_t)hi - (uint64_t)lo;

    for (uint32_t from = 0; from < s->n; from += 64) {
        uint32_t n = s->n - from < 64 ? s->n - from : 64;
        uint64_t word = 0;

        for (uint32_t k = 0; k < n; k++)
            word |= (uint64_t)((uint64_t)number_at(s, c, from + k) - (uint64_t)lo <= width) << k;
        bits[from / 64] = word;
    }
}

struct set leaf_range(struct eval *e, const struct node *node)
{
    uint64_t *bits;

    if (node->lo > node->hi)
        return set_none(e->s->n);
    bits = union_begin(&e->pool);
    switch (node->column) {
    case COLUMN_SCORE:
        scan(e->s, COLUMN_SCORE, node->lo, node->hi, bits);
        break;
    case COLUMN_QUALITY:
        scan(e->s, COLUMN_QUALITY, node->lo, node->hi, bits);
        break;
    case COLUMN_EMPLOYEES:
        scan(e->s, COLUMN_EMPLOYEES, node->lo, node->hi, bits);
        break;
    case COLUMN_REVENUE:
        scan(e->s, COLUMN_REVENUE, node->lo, node->hi, bits);
        break;
    case COLUMN_UPDATED:
        scan(e->s, COLUMN_UPDATED, node->lo, node->hi, bits);
        break;
    }
    return union_end(&e->pool, bits);
}

void leaf_keep_range(struct eval *e, struct set *s, const struct node *node, bool inside)
{
    uint64_t *kept = union_begin(&e->pool);
    struct set_at at;

    for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at)) {
        int64_t n = number_at(e->s, node->column, i);

        if ((n >= node->lo && n <= node->hi) == inside)
            bits_set(kept, i);
    }
    become(e, s, kept);
}

/* What the account owns */

struct set leaf_owned(struct eval *e)
{
    return e->owner ? owner_set(e->owner, e->s, &e->pool) : set_none(e->s->n);
}

/* Rows that were found by their ids: there are few. */
struct set leaf_rows(struct eval *e, const struct node *node)
{
    uint64_t *bits = union_begin(&e->pool);

    for (size_t i = 0; i < node->n_ids; i++) {
        uint32_t at = segment_find(e->s, &node->ids[i]);

        if (at != UINT32_MAX)
            bits_set(bits, at);
    }
    return union_end(&e->pool, bits);
}
