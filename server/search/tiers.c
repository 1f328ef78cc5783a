/*
 * Which segments to merge.  Within one domain, in order of size, each must hold more than GROWTH
 * times what all smaller ones hold together; those that do not belong together.  So the number of
 * segments grows with the logarithm of the documents, and each document is rewritten as often.
 */
#include "server/search/index.h"

enum { GROWTH = 4, SEGMENTS_MOST = 6, OVERFLOW = 12 };

static bool is_claimed(const struct search *s, const struct segment *segment)
{
    for (size_t i = 0; i < s->n_claimed; i++)
        if (s->claimed[i] == segment)
            return true;
    return false;
}

/* Places of the domain's unclaimed segments, the smallest first, at most PARTS_MAX of them. */
static size_t of_domain(const struct search *s, const struct snapshot *now,
                        const struct uuid *domain, size_t *list)
{
    size_t n = 0;

    for (size_t i = 0; i < now->n; i++) {
        const struct live *l = &now->items[i];
        size_t at = n;

        if (!uuid_equal(&l->segment->domain, domain) || is_claimed(s, l->segment))
            continue;
        while (at && live_count(&now->items[list[at - 1]]) > live_count(l))
            at--;
        if (at == PARTS_MAX)
            continue;
        n += n < PARTS_MAX;
        for (size_t k = n - 1; k > at; k--)
            list[k] = list[k - 1];
        list[at] = i;
    }
    return n;
}

static bool is_half_dead(const struct live *l)
{
    return l->dead && l->dead->count * 2 > l->segment->n;
}

/* How many of the smallest belong together, and how many documents they have. */
static size_t how_many(const struct snapshot *now, const size_t *list, size_t n, size_t most,
                       size_t *documents)
{
    size_t sum = live_count(&now->items[list[0]]), k = 1;

    while (k < n) {
        size_t next = live_count(&now->items[list[k]]);

        if ((next >= sum * GROWTH && n - k <= SEGMENTS_MOST) || sum + next > most)
            break;
        sum += next;
        k++;
    }
    *documents = sum;
    return k > 1 || (is_half_dead(&now->items[list[0]]) && sum <= most) ? k : 0;
}

/* What one merge may take on. */
static size_t ceiling(const struct snapshot *now, const struct uuid *domain)
{
    size_t all = 0;

    for (size_t i = 0; i < now->n; i++)
        if (uuid_equal(&now->items[i].segment->domain, domain))
            all += live_count(&now->items[i]);
    return all / 4 > MERGE_MOST ? all / 4 : MERGE_MOST;
}

size_t tiers_choose(const struct search *s, const struct snapshot *now, const struct uuid *domain,
                    size_t most, struct tiers *out)
{
    size_t n = of_domain(s, now, domain, out->places);

    if (most > MERGE_MOST)
        most = ceiling(now, domain);
    return n ? how_many(now, out->places, n, most, &out->documents) : 0;
}

bool tiers_overflow(const struct snapshot *now, const struct uuid *domain)
{
    size_t n = 0;

    for (size_t i = 0; i < now->n; i++)
        n += uuid_equal(&now->items[i].segment->domain, domain);
    return n > OVERFLOW;
}
