#include "server/search/heads.h"

#include <assert.h>

static bool is_less(const struct heads *h, const struct head *a, const struct head *b)
{
    return a->key != b->key ? a->key < b->key : h->before(h->arg, a->run, b->run);
}

void heads_add(struct heads *h, uint32_t run, uint64_t key)
{
    struct head one = {key, run};
    size_t at = h->n++;

    assert(h->n <= HEADS_MAX);
    for (; at && is_less(h, &one, &h->v[(at - 1) / 2]); at = (at - 1) / 2)
        h->v[at] = h->v[(at - 1) / 2];
    h->v[at] = one;
}

/* Put one where the first was. */
static void sift(struct heads *h, struct head one)
{
    size_t at = 0, next;

    while ((next = 2 * at + 1) < h->n) {
        if (next + 1 < h->n && is_less(h, &h->v[next + 1], &h->v[next]))
            next++;
        if (!is_less(h, &h->v[next], &one))
            break;
        h->v[at] = h->v[next];
        at = next;
    }
    h->v[at] = one;
}

void heads_move(struct heads *h, uint64_t key)
{
    sift(h, (struct head){key, h->v[0].run});
}

void heads_drop(struct heads *h)
{
    if (--h->n)
        sift(h, h->v[h->n]);
}
