#include "server/search/cube.h"

#include <string.h>

/*
 * Below LEAST documents counting is as fast without; the tables may take twice as many cells as
 * there are documents.
 */
enum { LEAST = 1 << 16, CELLS_PER_DOCUMENT = 2 };

enum { TABLE_FACETS = 4, NONE = FIRST_FACETS /* a facet without values: its only code is 0 */ };

static const uint8_t ones[][TABLE_FACETS] = {{0, NONE, NONE, NONE}, {1, NONE, NONE, NONE},
                                             {2, NONE, NONE, NONE}, {3, NONE, NONE, NONE},
                                             {4, NONE, NONE, NONE}, {5, NONE, NONE, NONE}};

static const uint8_t threes[][TABLE_FACETS] = {
    {0, 1, 2, NONE}, {0, 1, 3, NONE}, {0, 1, 4, NONE}, {0, 1, 5, NONE}, {0, 2, 3, NONE},
    {0, 2, 4, NONE}, {0, 2, 5, NONE}, {0, 3, 4, NONE}, {0, 3, 5, NONE}, {0, 4, 5, NONE},
    {1, 2, 3, NONE}, {1, 2, 4, NONE}, {1, 2, 5, NONE}, {1, 3, 4, NONE}, {1, 3, 5, NONE},
    {1, 4, 5, NONE}, {2, 3, 4, NONE}, {2, 3, 5, NONE}, {2, 4, 5, NONE}, {3, 4, 5, NONE}};

static const uint8_t fours[][TABLE_FACETS] = {
    {0, 1, 2, 3}, {0, 1, 2, 4}, {0, 1, 2, 5}, {0, 1, 3, 4}, {0, 1, 3, 5},
    {0, 1, 4, 5}, {0, 2, 3, 4}, {0, 2, 3, 5}, {0, 2, 4, 5}, {0, 3, 4, 5},
    {1, 2, 3, 4}, {1, 2, 3, 5}, {1, 2, 4, 5}, {1, 3, 4, 5}, {2, 3, 4, 5}};

static const struct shape {
    const uint8_t (*tables)[TABLE_FACETS];
    int n;
} shapes[] = {[CUBE_ONES] = {ones, sizeof(ones) / sizeof(*ones)},
              [CUBE_THREES] = {threes, sizeof(threes) / sizeof(*threes)},
              [CUBE_FOURS] = {fours, sizeof(fours) / sizeof(*fours)}};

static size_t codes_of(int facet, const uint32_t values[FIRST_FACETS])
{
    return facet == NONE ? 1 : values[facet] + 1;
}

static size_t cells_of(const uint8_t *table, const uint32_t values[FIRST_FACETS])
{
    size_t n = 1;

    for (int i = 0; i < TABLE_FACETS; i++)
        n *= codes_of(table[i], values);
    return n;
}

size_t cube_size(enum cube_kind kind, const uint32_t values[FIRST_FACETS])
{
    size_t sum = 0;

    for (int i = 0; i < FIRST_FACETS; i++)
        if (values[i] >= UINT8_MAX)
            return 0;
    for (int i = 0; i < shapes[kind].n; i++)
        sum += cells_of(shapes[kind].tables[i], values);
    return sum;
}

size_t cube_cells(const uint32_t values[FIRST_FACETS], size_t documents)
{
    size_t n = documents < LEAST ? 0 : cube_size(CUBE_FOURS, values);

    return n <= documents * CELLS_PER_DOCUMENT ? n : 0;
}

void cube_fill(enum cube_kind kind, uint32_t *cells, const uint32_t values[FIRST_FACETS],
               const uint8_t *rows, size_t documents)
{
    for (int q = 0; q < shapes[kind].n; q++) {
        const uint8_t *f = shapes[kind].tables[q];
        size_t steps[TABLE_FACETS], size = 1;
        uint8_t from[TABLE_FACETS];

        for (int i = TABLE_FACETS - 1; i >= 0; i--) {
            steps[i] = f[i] == NONE ? 0 : size;
            from[i] = f[i] == NONE ? 0 : f[i];
            size *= codes_of(f[i], values);
        }
        for (size_t i = 0; i < documents; i++) {
            const uint8_t *row = rows + i * FIRST_FACETS;

            cells[row[from[0]] * steps[0] + row[from[1]] * steps[1] + row[from[2]] * steps[2] +
                  row[from[3]] * steps[3]]++;
        }
        cells += size;
    }
}

static void values_of(const struct segment *s, uint32_t values[FIRST_FACETS])
{
    for (int i = 0; i < FIRST_FACETS; i++)
        values[i] = s->dicts[TEXT_CLASSES + first_facets[i]].texts.n;
}

static bool is_in(const uint8_t *table, int facet)
{
    return facet < 0 || table[0] == facet || table[1] == facet || table[2] == facet ||
           table[3] == facet;
}

/* Which table has all that is asked, with the fewest cells to add up; -1: none. */
static int choose(const struct cube *cube, const struct cube_ask *ask, int pane)
{
    const struct shape *shape = &shapes[cube->kind];
    uint32_t values[FIRST_FACETS];
    size_t least = SIZE_MAX;
    int best = -1;

    values_of(cube->s, values);
    for (int q = 0; q < shape->n; q++) {
        const uint8_t *table = shape->tables[q];
        bool fits = is_in(table, pane);
        size_t cost = 1;

        for (int i = 0; i < FIRST_FACETS; i++)
            fits &= !ask->codes[i] || i == pane || is_in(table, i);
        for (int i = 0; i < TABLE_FACETS; i++) {
            int f = table[i];

            cost *= f != NONE && f != pane && ask->codes[f] ? ask->n[f] : codes_of(f, values);
        }
        if (!fits || cost >= least)
            continue;
        least = cost;
        best = q;
    }
    return best;
}

bool cube_can(const struct cube *c, const struct cube_ask *ask, int pane)
{
    return c->cells && choose(c, ask, pane) >= 0;
}

/* The codes that count of one facet. */
struct axis {
    uint8_t codes[UINT8_MAX + 1];
    size_t n;
    size_t size; /* of the facet: values + 1 */
};

/* pane: all of its codes do. */
static void axis_of(struct axis *a, const struct cube_ask *ask, int facet, int pane, size_t size)
{
    bool all = facet == pane || facet == NONE || !ask->codes[facet];

    a->size = size;
    a->n = all ? size : ask->n[facet];
    if (!all) {
        memcpy(a->codes, ask->codes[facet], a->n);
        return;
    }
    for (size_t i = 0; i < size; i++)
        a->codes[i] = (uint8_t)i;
}

/* counts: by the codes of the axis `pane`. */
static void add_up(const uint32_t *cells, const struct axis axes[TABLE_FACETS], int pane,
                   uint32_t *counts)
{
    uint8_t at[TABLE_FACETS];

    for (size_t a = 0; a < axes[0].n; a++) {
        at[0] = axes[0].codes[a];
        for (size_t b = 0; b < axes[1].n; b++) {
            at[1] = axes[1].codes[b];
            for (size_t c = 0; c < axes[2].n; c++) {
                const uint32_t *line;

                at[2] = axes[2].codes[c];
                line = cells + (((size_t)at[0] * axes[1].size + at[1]) * axes[2].size + at[2]) *
                                   axes[3].size;
                for (size_t d = 0; d < axes[3].n; d++) {
                    at[3] = axes[3].codes[d];
                    counts[at[pane]] += line[at[3]];
                }
            }
        }
    }
}

void cube_pane(const struct cube *cube, const struct cube_ask *ask, int pane, uint32_t *counts)
{
    const uint8_t(*tables)[TABLE_FACETS] = shapes[cube->kind].tables;
    uint32_t values[FIRST_FACETS];
    struct axis axes[TABLE_FACETS];
    const uint32_t *cells = cube->cells;
    int best = choose(cube, ask, pane), axis = 0;

    values_of(cube->s, values);
    for (int q = 0; q < best; q++)
        cells += cells_of(tables[q], values);
    for (int i = 0; i < TABLE_FACETS; i++) {
        int f = tables[best][i];

        if (f == pane)
            axis = i;
        axis_of(&axes[i], ask, f, pane, codes_of(f, values));
    }
    memset(counts, 0, (values[pane] + 1) * sizeof(*counts));
    add_up(cells, axes, axis, counts);
}

size_t cube_total(const struct cube *cube, const struct cube_ask *ask)
{
    uint32_t counts[UINT8_MAX + 1];
    size_t sum = 0;
    int pane = 0;

    while (pane < FIRST_FACETS - 1 && !ask->codes[pane])
        pane++;
    cube_pane(cube, ask, pane, counts);
    for (size_t i = 0; ask->codes[pane] && i < ask->n[pane]; i++)
        sum += counts[ask->codes[pane][i]];
    for (size_t i = 0;
         !ask->codes[pane] && i <= cube->s->dicts[TEXT_CLASSES + first_facets[pane]].texts.n; i++)
        sum += counts[i];
    return sum;
}
