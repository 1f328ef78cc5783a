#include "server/search/eval.h"

#include <string.h>
#include <strings.h>

static struct set eval_node(struct eval *e, const struct node *n);

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

static bool is_listed(const char *text, const struct strs *values)
{
    for (size_t i = 0; i < values->n; i++)
        if (strcasecmp(text, values->v[i]) == 0)
            return true;
    return false;
}

static struct set eval_values(struct eval *e, const struct node *node)
{
    const struct texts *t = &e->s->dicts[node->dict].texts;
    uint32_t *list = arena_alloc(e->pool.mem, (t->n + node->values.n) * sizeof(*list));
    size_t n = 0;

    for (uint32_t k = 0; node->any_case && k < t->n; k++)
        if (is_listed(texts_at(t, k), &node->values))
            list[n++] = k;
    for (size_t i = 0; !node->any_case && i < node->values.n; i++) {
        uint32_t at = texts_find(t, node->values.v[i]);

        if (at != UINT32_MAX)
            list[n++] = at;
    }
    return union_of(e, node->dict, list, n);
}

static struct set word_in_class(struct eval *e, const struct node *node, int word_class)
{
    const struct texts *t = &e->s->dicts[word_class].texts;
    uint32_t at = texts_lower(t, node->word), n = 0;
    size_t len = strlen(node->word);
    uint32_t *list;

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

/* Where ranking wants to find the word's classes; NULL: it does not ask. */
static struct set *kept_classes(const struct eval *e, const struct node *node)
{
    for (size_t i = 0; e->words && i < e->ask->n_words; i++)
        if (e->ask->words[i] == node)
            return e->words[i];
    return NULL;
}

static struct set eval_word(struct eval *e, const struct node *node)
{
    struct set *kept = kept_classes(e, node), own[TEXT_CLASSES], *in = kept ? kept : own, out;

    for (int c = 0; c < TEXT_CLASSES; c++)
        in[c] = word_in_class(e, node, c);
    out = set_union(&e->pool, in, TEXT_CLASSES);
    for (int c = 0; !kept && c < TEXT_CLASSES; c++) {
        if (!out.block && in[c].block && (in[c].bits == out.bits && in[c].v == out.v))
            out.block = in[c].block; /* the only one: it moves to the result */
        else
            set_release(&e->pool, &in[c]);
    }
    return out;
}

/* What costs little comes first, and what only removes comes last. */
static int cost_of(const struct node *n)
{
    static const int costs[] = {
        [NODE_WORD] = 0, [NODE_VALUES] = 1, [NODE_AND] = 2, [NODE_PREFIX] = 3, [NODE_NOT] = 4};

    return costs[n->kind];
}

static struct set eval_and(struct eval *e, const struct node *node)
{
    struct set out = set_none(e->s->n);
    bool begun = false;

    for (int cost = 0; cost <= 4; cost++) {
        for (size_t i = 0; i < node->n; i++) {
            const struct node *kid = node->kids[i];
            struct set other;

            if (cost_of(kid) != cost || (begun && !out.count))
                continue;
            if (!begun) {
                out = eval_node(e, kid);
                begun = true;
                continue;
            }
            other = eval_node(e, kid->kind == NODE_NOT ? kid->kids[0] : kid);
            if (kid->kind == NODE_NOT)
                set_and_not(&e->pool, &out, &other);
            else
                set_and(&e->pool, &out, &other);
            set_release(&e->pool, &other);
        }
    }
    return begun ? out : set_all(&e->pool);
}

static struct set eval_not(struct eval *e, const struct node *node)
{
    struct set out = set_all(&e->pool), no = eval_node(e, node->kids[0]);

    set_and_not(&e->pool, &out, &no);
    set_release(&e->pool, &no);
    return out;
}

static struct set eval_node(struct eval *e, const struct node *n)
{
    switch (n->kind) {
    case NODE_AND:
        return eval_and(e, n);
    case NODE_NOT:
        return eval_not(e, n);
    case NODE_WORD:
    case NODE_PREFIX:
        return eval_word(e, n);
    case NODE_VALUES:
        return eval_values(e, n);
    }
    return set_none(e->s->n);
}

void eval_begin(struct eval *e, struct arena *mem, const struct live *l, const struct ask *ask)
{
    *e = (struct eval){.s = l->segment, .ask = ask};
    pool_begin(&e->pool, mem, l->segment->n, &l->segment->blocks);
    e->dead = set_none(e->s->n);
    if (l->dead)
        e->dead = (struct set){.bits = l->dead->bits, .count = l->dead->count, .n = e->s->n};
    if (ask->sort == SORT_RELEVANCE)
        e->words = arena_alloc(mem, ask->n_words * sizeof(*e->words));
    if (ask->rest->n) {
        e->has_rest = true;
        e->rest = eval_and(e, ask->rest);
        set_and_not(&e->pool, &e->rest, &e->dead);
    }
    for (size_t i = 0; i < ask->n_selections; i++)
        e->selected[i] = eval_node(e, ask->selections[i].node);
}

struct set eval_result(struct eval *e, int but_facet, bool *all)
{
    const struct set *sets[FACET_END + 1];
    struct set out;
    size_t n = 0, least = 0;

    if (e->has_rest)
        sets[n++] = &e->rest;
    for (size_t i = 0; i < e->ask->n_selections; i++)
        if ((int)e->ask->selections[i].facet != but_facet)
            sets[n++] = &e->selected[i];
    *all = n == 0;
    for (size_t i = 1; i < n; i++)
        if (sets[i]->count < sets[least]->count)
            least = i;
    out = n ? set_borrow(sets[least]) : set_all(&e->pool);
    for (size_t i = 0; i < n && out.count; i++)
        if (i != least)
            set_and(&e->pool, &out, sets[i]);
    if (!e->has_rest)
        set_and_not(&e->pool, &out, &e->dead);
    return out;
}
