#include "server/search/planes.h"

#include <stdbool.h>
#include <string.h>

#include "server/search/bits.h"
#include "server/search/kernels.h"

enum { CHOSEN = PLANE_CODES - 2 /* without 0 and PLANE_OTHER */ };

static bool has_other(const struct planes *p)
{
    return p->last == PLANE_OTHER;
}

/* The CHOSEN most frequent codes, the lower ones first among equals, in order of code. */
static void choose_frequent(struct planes *p, const uint32_t *counts, uint32_t n)
{
    uint32_t top[CHOSEN] = {0};
    size_t k = 0;

    for (uint32_t i = 0; i < n; i++) {
        size_t at;

        if (k == CHOSEN && counts[i] <= counts[top[k - 1]])
            continue;
        for (k += k < CHOSEN, at = k - 1; at && counts[top[at - 1]] < counts[i]; at--)
            top[at] = top[at - 1];
        top[at] = i;
    }
    for (size_t i = 0; i < k; i++) {
        size_t at = i;

        for (; at && p->codes[at] > top[i] + 1; at--)
            p->codes[at + 1] = p->codes[at];
        p->codes[at + 1] = top[i] + 1;
    }
}

void planes_choose(struct planes *p, const uint32_t *counts, uint32_t n, size_t documents)
{
    *p = (struct planes){.words = bits_words(documents), .last = n};
    if (n > CHOSEN + 1) {
        p->last = PLANE_OTHER;
        choose_frequent(p, counts, n);
    } else {
        for (uint32_t i = 0; i <= n; i++)
            p->codes[i] = i;
    }
    while (p->last >> p->n)
        p->n++;
}

void planes_map(const struct planes *p, uint32_t n, uint8_t *out)
{
    memset(out, has_other(p) ? PLANE_OTHER : 0, n + 1);
    for (unsigned c = 0; c <= p->last && !(has_other(p) && c == PLANE_OTHER); c++)
        out[p->codes[c]] = (uint8_t)c;
}

struct walk {
    const struct planes *p;
    const struct kernels *k;
    size_t from, words;
    size_t *sums;
    uint64_t room[PLANES_MAX][PLANE_PIECE];
};

/* All codes that have the bits of `code` and others below `bit`; set: those that have `code`'s. */
static void walk(struct walk *w, unsigned code, int bit, const uint64_t *set)
{
    for (int i = 0; i < bit; i++) {
        unsigned next = code | 1u << i;
        const uint64_t *plane = w->p->bits + (size_t)i * w->p->words + w->from;
        size_t n;

        if (next > w->p->last)
            return;
        if (i == 0) {
            w->sums[next] += w->k->count_and(set, plane, w->words);
            continue;
        }
        n = w->k->and (w->room[i], set, plane, w->words);
        w->sums[next] += n;
        if (n)
            walk(w, next, i, w->room[i]);
    }
}

void planes_count(const struct planes *p, const uint64_t *set, size_t from, size_t words,
                  size_t sums[PLANE_CODES])
{
    struct walk w;

    w.p = p;
    w.k = kernels();
    w.from = from;
    w.words = words;
    w.sums = sums;
    sums[0] += w.k->count_and(set, set, words);
    walk(&w, 0, p->n, set);
}

/* By inclusion and exclusion, a bit at a time. */
void planes_settle(const struct planes *p, size_t sums[PLANE_CODES])
{
    for (int i = 0; i < p->n; i++)
        for (unsigned c = 0; c < 1u << p->n; c++)
            if (!(c >> i & 1))
                sums[c] -= sums[c | 1u << i];
}

void planes_other(const struct planes *p, const uint64_t *set, size_t from, size_t words,
                  uint64_t *out)
{
    const uint64_t *in = set;

    for (int i = 0; i < p->n; i++, in = out)
        kernels()->and (out, in, p->bits + (size_t)i * p->words + from, words);
}
