#include "server/search/explain.h"

#include <string.h>

#include "common/country.h"
#include "common/utf8.h"
#include "server/search/segment.h"
#include "server/search/words.h"

enum { REASONS_MAX = 200 /* of one row */ };

struct explain {
    struct arena *mem;
    const struct profile *row;
    struct reason *v;
    size_t n;
};

static void add(struct explain *e, const struct node *n, const char *field, const char *value)
{
    const char *term = n->source ? n->source : arena_printf(e->mem, "%s:%s", field, value);

    if (e->n < REASONS_MAX)
        e->v[e->n++] = (struct reason){term, field, value};
}

/* Words */

struct look {
    const struct node *node;
    bool found;
};

static void look_at(void *arg, const char *word)
{
    struct look *l = arg;
    bool whole = l->node->kind == NODE_WORD;

    l->found |= strncmp(word, l->node->word, strlen(l->node->word) + whole) == 0;
}

static bool text_has(struct explain *e, const struct node *n, const char *text)
{
    struct look l = {.node = n};

    if (n->kind == NODE_PHRASE)
        return words_side_by_side(utf8_fold(e->mem, text), &n->values, n->star);
    words_of_text(e->mem, text, look_at, &l);
    return l.found;
}

/* The first text of the field with the word or phrase, or NULL. */
static const char *text_with(struct explain *e, const struct node *n, const struct field *f)
{
    const void *slot = field_at(f, e->row);
    struct strs one = {slot, 1}, list = f->kind == KIND_STRS ? *(const struct strs *)slot : one;

    for (size_t i = 0; i < list.n; i++) {
        const char *text = list.v[i];
        const char *name = text && f->facet == FACET_country ? country_name(text) : NULL;

        if (text && text_has(e, n, text))
            return text;
        if (name && text_has(e, n, name))
            return name;
    }
    return NULL;
}

static void explain_words(struct explain *e, const struct node *n)
{
    for (const struct field *f = profile_type.fields; f->name; f++) {
        const char *text;

        if (!(f->flags & FIELD_TEXT) || !(n->classes & 1u << segment_class(f)))
            continue;
        text = text_with(e, n, f);
        if (text)
            add(e, n, f->name, text);
    }
}

/* Values */

static bool value_is_meant(struct explain *e, const struct node *n, const char *value)
{
    const char *text = n->is_folded ? utf8_fold(e->mem, value) : value;

    for (size_t i = 0; i < n->values.n; i++)
        if (strncmp(text, n->values.v[i], strlen(n->values.v[i]) + !n->star) == 0)
            return true;
    return false;
}

/* The values of a facet that a row has; n is at most most. */
static struct strs values_of(struct explain *e, const struct field *f)
{
    const void *slot = field_at(f, e->row);
    const char **one = arena_alloc(e->mem, sizeof(*one));

    if (f->kind == KIND_STRS)
        return *(const struct strs *)slot;
    if (f->kind == KIND_INT)
        one[0] = f->bucket(*(const int64_t *)slot);
    else if (f->kind == KIND_TIME)
        one[0] = arena_strdup(e->mem, f->bucket(((const struct stamp *)slot)->ms));
    else
        one[0] = *(const char *const *)slot;
    return (struct strs){one, one[0] != NULL};
}

static void explain_values(struct explain *e, const struct node *n)
{
    for (const struct field *f = profile_type.fields; f->name; f++) {
        struct strs has;

        if (!f->facet || n->dict != TEXT_CLASSES + f->facet)
            continue;
        has = values_of(e, f);
        for (size_t i = 0; i < has.n; i++)
            if (value_is_meant(e, n, has.v[i]))
                add(e, n, f->name, has.v[i]);
    }
    if (n->dict == DICT_CONTACT && e->row->has_email && value_is_meant(e, n, "email"))
        add(e, n, "has", "email");
    if (n->dict == DICT_CONTACT && e->row->has_phone && value_is_meant(e, n, "phone"))
        add(e, n, "has", "phone");
}

static void explain_range(struct explain *e, const struct node *n)
{
    static const struct {
        const char *name;
        size_t offset;
    } columns[] = {[COLUMN_SCORE] = {"score", offsetof(struct profile, score)},
                   [COLUMN_QUALITY] = {"quality", offsetof(struct profile, quality)},
                   [COLUMN_EMPLOYEES] = {"employees", offsetof(struct profile, employees)},
                   [COLUMN_REVENUE] = {"revenue", offsetof(struct profile, revenue)},
                   [COLUMN_UPDATED] = {"updated", offsetof(struct profile, updated.ms)}};
    int64_t is = *(const int64_t *)(const void *)((const char *)e->row + columns[n->column].offset);
    char text[STAMP_TEXT];

    if (is < n->lo || is > n->hi)
        return;
    add(e, n, columns[n->column].name,
        n->column == COLUMN_UPDATED ? arena_strdup(e->mem, stamp_text((struct stamp){is}, text))
                                    : arena_printf(e->mem, "%lld", (long long)is));
}

static void explain_node(struct explain *e, const struct node *n)
{
    switch (n->kind) {
    case NODE_AND:
    case NODE_OR:
        for (size_t i = 0; i < n->n; i++)
            explain_node(e, n->kids[i]);
        break;
    case NODE_NOT:
        break;
    case NODE_WORD:
    case NODE_PREFIX:
    case NODE_PHRASE:
        explain_words(e, n);
        break;
    case NODE_VALUES:
        explain_values(e, n);
        break;
    case NODE_RANGE:
        explain_range(e, n);
        break;
    case NODE_EMAIL:
        for (size_t i = 0; i < n->n_ids; i++)
            if (uuid_equal(&n->ids[i], &e->row->id))
                add(e, n, "email", "yes");
        break;
    case NODE_OWNED:
        if (e->row->is_owned)
            add(e, n, "owned", "yes");
        break;
    }
}

struct list explain_row(struct arena *mem, const struct ask *ask, const struct profile *row)
{
    struct explain e = {mem, row, arena_alloc(mem, REASONS_MAX * sizeof(*e.v)), 0};

    explain_node(&e, ask->rest);
    for (size_t i = 0; i < ask->n_selections; i++)
        explain_node(&e, ask->selections[i].node);
    return (struct list){e.v, e.n};
}
