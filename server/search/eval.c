#include "server/search/eval.h"

#include "server/search/eval_leaf.h"

enum { COST_LAST = 5 };

/* Which of ask->words it is, for ranking; -1: it does not ask. */
static int kept_index(const struct eval *e, const struct node *node)
{
    for (size_t i = 0; e->words && i < e->ask->n_words; i++)
        if (e->ask->words[i] == node)
            return (int)i;
    return -1;
}

static struct set eval_word(struct eval *e, const struct node *node)
{
    struct set own[TEXT_CLASSES], *in, out;
    int kept = kept_index(e, node);

    in = kept < 0 ? own : e->words[kept];
    for (int c = 0; c < TEXT_CLASSES; c++)
        in[c] = leaf_in_class(e, node, c);
    if (kept >= 0)
        e->seen[kept] = true;
    out = set_union(&e->pool, in, TEXT_CLASSES);
    for (int c = 0; kept < 0 && c < TEXT_CLASSES; c++) {
        if (!out.block && in[c].block && (in[c].bits == out.bits && in[c].v == out.v))
            out.block = in[c].block; /* the only one: it moves to the result */
        else
            set_release(&e->pool, &in[c]);
    }
    return out;
}

static struct set eval_node(struct eval *e, const struct node *n);

/* What costs little comes first, and what only removes comes last. */
static int cost_of(const struct node *n)
{
    static const int costs[] = {
        [NODE_WORD] = 0,  [NODE_EMAIL] = 0,      [NODE_VALUES] = 1, [NODE_OWNED] = 1,
        [NODE_AND] = 2,   [NODE_OR] = 2,         [NODE_PREFIX] = 3, [NODE_PHRASE] = 3,
        [NODE_RANGE] = 4, [NODE_NOT] = COST_LAST};

    return costs[n->kind];
}

/* One by one a range costs about eight times as much as in a row. */
static bool is_cheaper_one_by_one(const struct eval *e, const struct set *s)
{
    return s->count * 8 < e->s->n;
}

static void narrow(struct eval *e, struct set *out, const struct node *kid)
{
    bool no = kid->kind == NODE_NOT;
    const struct node *what = no ? kid->kids[0] : kid;
    struct set other;

    if (what->kind == NODE_RANGE && is_cheaper_one_by_one(e, out)) {
        leaf_keep_range(e, out, what, !no);
        return;
    }
    other = eval_node(e, what);
    if (no)
        set_and_not(&e->pool, out, &other);
    else
        set_and(&e->pool, out, &other);
    set_release(&e->pool, &other);
}

static struct set eval_and(struct eval *e, const struct node *node)
{
    struct set out = set_none(e->s->n);
    bool begun = false;

    for (int cost = 0; cost <= COST_LAST; cost++) {
        for (size_t i = 0; i < node->n; i++) {
            const struct node *kid = node->kids[i];

            if (cost_of(kid) != cost || (begun && !out.count))
                continue;
            if (begun)
                narrow(e, &out, kid);
            else
                out = eval_node(e, kid);
            begun = true;
        }
    }
    return begun ? out : set_all(&e->pool);
}

static struct set eval_or(struct eval *e, const struct node *node)
{
    uint64_t *u = union_begin(&e->pool);

    for (size_t i = 0; i < node->n; i++) {
        struct set one = eval_node(e, node->kids[i]);

        union_add(u, &one);
        set_release(&e->pool, &one);
    }
    return union_end(&e->pool, u);
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
    case NODE_OR:
        return eval_or(e, n);
    case NODE_NOT:
        return eval_not(e, n);
    case NODE_WORD:
    case NODE_PREFIX:
    case NODE_PHRASE:
        return eval_word(e, n);
    case NODE_VALUES:
        return leaf_values(e, n);
    case NODE_RANGE:
        return leaf_range(e, n);
    case NODE_OWNED:
        return leaf_owned(e);
    case NODE_EMAIL:
        return leaf_rows(e, n);
    }
    return set_none(e->s->n);
}

/* Words in a branch that came to nothing early weigh all the same where another branch holds. */
static void see_all_words(struct eval *e)
{
    for (size_t i = 0; e->words && e->rest.count && i < e->ask->n_words; i++) {
        struct set s;

        if (e->seen[i])
            continue;
        s = eval_word(e, e->ask->words[i]);
        set_release(&e->pool, &s);
    }
}

void eval_begin(struct eval *e, struct arena *mem, const struct live *l, const struct ask *ask,
                const struct owner *owner)
{
    *e = (struct eval){.s = l->segment, .ask = ask, .owner = owner};
    pool_begin(&e->pool, mem, l->segment->n, &l->segment->blocks);
    e->dead = set_none(e->s->n);
    if (l->dead)
        e->dead = (struct set){.bits = l->dead->bits, .count = l->dead->count, .n = e->s->n};
    if (ask->sort == SORT_RELEVANCE) {
        e->words = arena_alloc(mem, ask->n_words * sizeof(*e->words));
        e->seen = arena_alloc(mem, ask->n_words + 1);
    }
    for (size_t i = 0; i < ask->n_selections; i++)
        e->selected[i] = eval_node(e, ask->selections[i].node);
}

void eval_rest(struct eval *e)
{
    if (!e->ask->rest->n)
        return;
    e->has_rest = true;
    e->rest = eval_and(e, e->ask->rest);
    set_and_not(&e->pool, &e->rest, &e->dead);
    see_all_words(e);
}

struct set eval_in_class(struct eval *e, const struct node *word, int word_class)
{
    int kept = kept_index(e, word);
    struct set out = leaf_in_class(e, word, word_class);

    if (kept >= 0) {
        e->words[kept][word_class] = out;
        e->seen[kept] = true;
    }
    return out;
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
    set_unpack(&e->pool, &out);
    return out;
}
