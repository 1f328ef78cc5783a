/*
 * Nothing in an image may lead a reader out of it.  The checksums find accidents; this finds
 * whatever else may come under a right checksum, so that the worst a bad file does is a wrong
 * answer.  Everything is read once and in order.
 */
#include "server/search/segment.h"

static size_t section_size(const struct segment *s, int i)
{
    const struct image_header *h = (const void *)s->image;

    return h->sections[i].size;
}

static bool texts_are_sound(const struct texts *t)
{
    if (t->offsets[0] != 0)
        return false;
    for (uint32_t i = 0; i < t->n; i++)
        if (t->offsets[i] >= t->offsets[i + 1])
            return false;
    for (uint32_t i = 0; i < t->n; i++)
        if (t->blob[t->offsets[i + 1] - 1] != '\0')
            return false;
    return true;
}

/* Numbers of a column are below. */
static bool column_below(const struct codes *c, uint32_t n, uint32_t limit)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < n; i++)
        most = codes_at(c, i) > most ? codes_at(c, i) : most;
    return n == 0 || most < limit;
}

/* Every one is greater than the one before, and below the limit. */
static bool ascend_below(const uint32_t *v, size_t n, uint32_t limit)
{
    bool fine = n == 0 || v[n - 1] < limit;

    for (size_t i = 1; i < n; i++)
        fine &= v[i - 1] < v[i];
    return fine;
}

static bool packed_is_sound(const struct set *s)
{
    const uint16_t *v = packed_members(s);
    size_t runs = set_runs(s->n);
    bool fine = s->runs[0] == 0 && s->runs[runs] == s->count;

    for (size_t r = 0; r < runs; r++)
        fine &= s->runs[r] <= s->runs[r + 1];
    for (size_t r = 0; fine && r < runs; r++) {
        size_t from = s->runs[r], to = s->runs[r + 1];

        for (size_t i = from + 1; i < to; i++)
            fine &= v[i - 1] < v[i];
        fine &= from == to || (r << PACKED_BITS) + v[to - 1] < s->n;
    }
    return fine;
}

static bool set_is_sound(const struct set *s)
{
    if (s->runs)
        return packed_is_sound(s);
    if (!s->bits)
        return ascend_below(s->v, s->count, (uint32_t)s->n);
    return bits_count(s->bits, bits_words(s->n)) == s->count &&
           /* no bits behind the last document */
           (s->n % 64 == 0 || s->bits[bits_words(s->n) - 1] >> (s->n % 64) == 0);
}

/* Every number below n once. */
static bool is_permutation(const struct codes *v, uint32_t n)
{
    uint64_t *seen = xcalloc(bits_words(n), sizeof(*seen));
    bool fine = column_below(v, n, n);

    for (uint32_t i = 0; fine && i < n; i++)
        bits_set(seen, codes_at(v, i));
    fine = fine && bits_count(seen, bits_words(n)) == n;
    free(seen);
    return fine;
}

static bool posting_is_sound(const struct segment *s, int dict, size_t size, uint32_t i)
{
    size_t count = s->dicts[dict].counts[i], at = s->dicts[dict].postings[i], need;
    struct set set;

    if (count > s->n || at % 8 || at > size)
        return false;
    need = set_size(count, s->n);
    if (need > size - at)
        return false;
    set = dict_set(s, dict, i);
    return set_is_sound(&set);
}

static bool dict_is_sound(const struct segment *s, int i)
{
    const struct dict *d = &s->dicts[i];
    size_t size = section_size(s, SEC_DICT + i * 4 + 3);

    if (!texts_are_sound(&d->texts))
        return false;
    for (uint32_t k = 0; k < d->texts.n; k++)
        if (!posting_is_sound(s, i, size, k))
            return false;
    return true;
}

static bool values_are_sound(const struct segment *s, int kind)
{
    const struct codes *c = &s->codes[kind];
    const struct codes folded = {s->folded[kind], sizeof(uint32_t), sizeof(uint32_t)};
    uint32_t most = s->dicts[TEXT_CLASSES + kind].texts.n;

    return is_permutation(&folded, most) && (!c->v || column_below(c, s->n, most + 1));
}

/* Plane codes lead into a table of PLANE_CODES, whatever the bits; only those behind the last
 * document must not be set. */
static bool planes_are_sound(const struct segment *s, int i)
{
    const struct planes *p = &s->planes[i];

    for (int k = 0; k < p->n && s->n % 64; k++)
        if (p->bits[(size_t)(k + 1) * p->words - 1] >> (s->n % 64))
            return false;
    return true;
}

bool segment_is_sound(const struct segment *s)
{
    if (!is_permutation(&s->by_id, s->n))
        return false;
    for (int i = 0; i < SORTED; i++)
        if (!is_permutation(&s->sorted[i], s->n))
            return false;
    for (int i = 0; i < FIRST_FACETS; i++)
        if (!planes_are_sound(s, i))
            return false;
    for (int i = 0; i < DICTS; i++)
        if (!dict_is_sound(s, i))
            return false;
    for (int k = 0; k < KNOWN_LISTS; k++)
        if (!texts_are_sound(&s->known[k].texts))
            return false;
    for (int kind = 1; kind < VALUES_END; kind++)
        if (!values_are_sound(s, kind))
            return false;
    for (int o = 0; o < ORDERS; o++)
        if (!texts_are_sound(&s->orders[o]) || !column_below(&s->ranks[o], s->n, s->orders[o].n))
            return false;
    return true;
}
