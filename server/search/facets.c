#include "server/search/facets.h"

#include <string.h>

#include "server/search/eval_leaf.h"
#include "server/search/known.h"

enum { DEAD_MOST = 64 /* one in so many documents; the dead are looked at one by one */ };

struct counted {
    struct eval *e;
    struct cube cube;
    const struct node *word;     /* all that is asked for besides; NULL: nothing is */
    struct set in[TEXT_CLASSES]; /* the documents that have it */
    struct cube_ask ask;
    uint8_t room[FIRST_FACETS][UINT8_MAX + 1]; /* for its codes */
    bool chosen[FIRST_FACETS][UINT8_MAX + 1];
    uint32_t *counts[FIRST_FACETS]; /* of the panes that are wanted */
    size_t total;
};

/* The codes of what is selected. false: not of such a facet. */
static bool read_selection(struct counted *k, const struct selection *sel)
{
    int f = facet_first(sel->facet);
    const struct texts *t = &k->e->s->dicts[TEXT_CLASSES + sel->facet].texts;

    if (f < 0 || sel->node->kind != NODE_VALUES || sel->node->is_folded || k->ask.codes[f])
        return false;
    for (size_t i = 0; i < sel->node->values.n; i++) {
        uint32_t at = texts_find(t, sel->node->values.v[i]);

        if (at == UINT32_MAX || k->chosen[f][at + 1])
            continue;
        k->chosen[f][at + 1] = true;
        k->room[f][k->ask.n[f]++] = (uint8_t)(at + 1);
    }
    k->ask.codes[f] = k->room[f];
    return true;
}

/* The cube of what is asked for besides selections: nothing, or a word that is known. */
static void find_cube(struct counted *k)
{
    const struct node *rest = k->e->ask->rest;

    if (!rest->n) {
        k->cube = (struct cube){k->e->s, CUBE_FOURS, k->e->s->cube};
        return;
    }
    while (rest->kind == NODE_AND && rest->n == 1)
        rest = rest->kids[0];
    k->cube = known_find(k->e->s, rest);
    k->word = rest;
}

/* Everything that is asked for and shown is in the cube. */
static bool begin(struct counted *k)
{
    const struct ask *a = k->e->ask;

    find_cube(k);
    if (!k->cube.cells || k->e->dead.count * DEAD_MOST > k->e->s->n)
        return false;
    for (size_t i = 0; i < a->n_selections; i++)
        if (!read_selection(k, &a->selections[i]))
            return false;
    for (int f = 1; f < FACET_END; f++) {
        int i = facet_first((enum facet)f);

        if (!a->panes[f])
            continue;
        if (i < 0 || !cube_can(&k->cube, &k->ask, i))
            return false;
        k->counts[i] = arena_alloc(k->e->pool.mem, (UINT8_MAX + 1) * sizeof(*k->counts[i]));
    }
    return cube_can(&k->cube, &k->ask, -1);
}

static bool has_word(const struct counted *k, uint32_t i)
{
    bool has = !k->word;

    for (int c = 0; c < TEXT_CLASSES && !has; c++)
        has = set_has(&k->in[c], i);
    return has;
}

/* A dead document is taken out wherever it was counted. */
static void take_out(struct counted *k, uint32_t i)
{
    const uint8_t *row = k->e->s->rows + (size_t)i * FIRST_FACETS;
    int differs = -1, n = 0;

    for (int f = 0; f < FIRST_FACETS; f++) {
        if (!k->ask.codes[f] || k->chosen[f][row[f]])
            continue;
        differs = f;
        n++;
    }
    k->total -= n == 0;
    for (int f = 0; f < FIRST_FACETS; f++)
        if (k->counts[f] && (n == 0 || (n == 1 && differs == f)))
            k->counts[f][row[f]]--;
}

static void count(struct counted *k)
{
    const struct set *dead = &k->e->dead;
    struct set_at at;

    k->total = cube_total(&k->cube, &k->ask);
    for (int f = 0; f < FIRST_FACETS; f++)
        if (k->counts[f])
            cube_pane(&k->cube, &k->ask, f, k->counts[f]);
    if (!dead->count)
        return;
    for (uint32_t i = set_first(dead, &at); i != SET_END; i = set_next(dead, &at))
        if (has_word(k, i))
            take_out(k, i);
}

static void look_up(struct counted *k)
{
    for (int c = 0; k->word && c < TEXT_CLASSES; c++)
        k->in[c] = eval_in_class(k->e, k->word, c);
}

static void find(struct counted *k, struct found *out)
{
    struct eval *e = k->e;

    *out = (struct found){.dead = &e->dead, .n = e->s->n, .count = k->total};
    for (size_t i = 0; i < e->ask->n_selections; i++)
        found_add(out, &e->selected[i]);
    for (int c = 0; c < TEXT_CLASSES; c++)
        if (k->in[c].count)
            out->any[out->n_any++] = &k->in[c];
}

bool facets_answer(struct eval *e, struct tally *tallies, struct found *out)
{
    struct counted *k = arena_alloc(e->pool.mem, sizeof(*k));

    k->e = e;
    if (!begin(k))
        return false;
    look_up(k);
    count(k);
    for (int f = 0; f < FIRST_FACETS; f++)
        if (k->counts[f])
            tally_add(e->pool.mem, &tallies[first_facets[f]], e->s, first_facets[f], k->counts[f]);
    find(k, out);
    return true;
}
