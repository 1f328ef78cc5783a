#include "server/search/cube.h"

#include <string.h>

/*
 * Below LEAST documents counting is as fast without; the tables may take twice as many cells as
 * there are documents.
 */
enum { LEAST = 1 << 16, CELLS_PER_DOCUMENT = 2 };

/* Fours of six, in order. */
static const uint8_t fours[CUBES][CUBE_FACETS] = {
    {0, 1, 2, 3}, {0, 1, 2, 4}, {0, 1, 2, 5}, {0, 1, 3, 4}, {0, 1, 3, 5},
    {0, 1, 4, 5}, {0, 2, 3, 4}, {0, 2, 3, 5}, {0, 2, 4, 5}, {0, 3, 4, 5},
    {1, 2, 3, 4}, {1, 2, 3, 5}, {1, 2, 4, 5}, {1, 3, 4, 5}, {2, 3, 4, 5}};

static size_t cells_of(const uint8_t *four, const uint32_t values[FIRST_FACETS])
{
    size_t n = 1;

    for (int i = 0; i < CUBE_FACETS; i++)
        n *= values[four[i]] + 1;
    return n;
}

size_t cube_cells(const uint32_t values[FIRST_FACETS], size_t documents)
{
    size_t sum = 0;

    if (documents < LEAST)
        return 0;
    for (int i = 0; i < FIRST_FACETS; i++)
        if (values[i] >= UINT8_MAX)
            return 0;
    for (int i = 0; i < CUBES; i++)
        sum += cells_of(fours[i], values);
    return sum <= documents * CELLS_PER_DOCUMENT ? sum : 0;
}

void cube_fill(uint32_t *cells, const uint32_t values[FIRST_FACETS], const uint8_t *rows,
               size_t documents)
{
    for (int q = 0; q < CUBES; q++) {
        const uint8_t *f = fours[q];
        size_t b = values[f[1]] + 1, c = values[f[2]] + 1, d = values[f[3]] + 1;

        for (size_t i = 0; i < documents; i++) {
            const uint8_t *row = rows + i * FIRST_FACETS;

            cells[((row[f[0]] * b + row[f[1]]) * c + row[f[2]]) * d + row[f[3]]]++;
        }
        cells += cells_of(f, values);
    }
}

static void values_of(const struct segment *s, uint32_t values[FIRST_FACETS])
{
    for (int i = 0; i < FIRST_FACETS; i++)
        values[i] = s->dicts[TEXT_CLASSES + first_facets[i]].texts.n;
}

static bool is_in(const uint8_t *four, int facet)
{
    return facet < 0 || four[0] == facet || four[1] == facet || four[2] == facet ||
           four[3] == facet;
}

/* Which table has all that is asked, with the fewest cells to add up; -1: none. */
static int choose(const struct segment *s, const struct cube_ask *ask, int pane)
{
    uint32_t values[FIRST_FACETS];
    size_t least = SIZE_MAX;
    int best = -1;

    values_of(s, values);
    for (int q = 0; q < CUBES; q++) {
        bool fits = is_in(fours[q], pane);
        size_t cost = 1;

        for (int i = 0; i < FIRST_FACETS; i++)
            fits &= !ask->codes[i] || i == pane || is_in(fours[q], i);
        for (int i = 0; i < CUBE_FACETS; i++) {
            int f = fours[q][i];

            cost *= f != pane && ask->codes[f] ? ask->n[f] : values[f] + 1;
        }
        if (!fits || cost >= least)
            continue;
        least = cost;
        best = q;
    }
    return best;
}

bool cube_can(const struct segment *s, const struct cube_ask *ask, int pane)
{
    return s->cube && choose(s, ask, pane) >= 0;
}

/* The codes that count of one facet. */
struct axis {
    uint8_t codes[UINT8_MAX + 1];
    size_t n;
    size_t size; /* of the facet: values + 1 */
};

static void axis_of(struct axis *a, const struct cube_ask *ask, int facet, bool all, size_t size)
{
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
static void add_up(const uint32_t *cells, const struct axis axes[CUBE_FACETS], int pane,
                   uint32_t *counts)
{
    uint8_t at[CUBE_FACETS];

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

void cube_pane(const struct segment *s, const struct cube_ask *ask, int pane, uint32_t *counts)
{
    uint32_t values[FIRST_FACETS];
    struct axis axes[CUBE_FACETS];
    const uint32_t *cells = s->cube;
    int best = choose(s, ask, pane), axis = 0;

    values_of(s, values);
    for (int q = 0; q < best; q++)
        cells += cells_of(fours[q], values);
    for (int i = 0; i < CUBE_FACETS; i++) {
        int f = fours[best][i];

        if (f == pane)
            axis = i;
        axis_of(&axes[i], ask, f, f == pane || !ask->codes[f], values[f] + 1);
    }
    memset(counts, 0, (values[pane] + 1) * sizeof(*counts));
    add_up(cells, axes, axis, counts);
}

size_t cube_total(const struct segment *s, const struct cube_ask *ask)
{
    uint32_t counts[UINT8_MAX + 1];
    size_t sum = 0;
    int pane = 0;

    while (pane < FIRST_FACETS - 1 && !ask->codes[pane])
        pane++;
    cube_pane(s, ask, pane, counts);
    for (size_t i = 0; ask->codes[pane] && i < ask->n[pane]; i++)
        sum += counts[ask->codes[pane][i]];
    for (size_t i = 0;
         !ask->codes[pane] && i <= s->dicts[TEXT_CLASSES + first_facets[pane]].texts.n; i++)
        sum += counts[i];
    return sum;
}
