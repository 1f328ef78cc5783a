#include "server/search/checksum.h"

#include <string.h>

/* Odd constants of xxHash and MurmurHash3: any odd ones with well spread bits do. */
static const uint64_t odd[4] = {UINT64_C(0x9e3779b185ebca87), UINT64_C(0xc2b2ae3d27d4eb4f),
                                UINT64_C(0xff51afd7ed558ccd), UINT64_C(0xc4ceb9fe1a85ec53)};

static uint64_t fold(uint64_t lane, uint64_t word, uint64_t by)
{
    lane = (lane ^ word) * by;
    return lane ^ lane >> 29;
}

static void take(struct checksum *c, const uint8_t *p)
{
    uint64_t w[4];

    memcpy(w, p, sizeof(w));
    for (int i = 0; i < 4; i++)
        c->lanes[i] = fold(c->lanes[i], w[i], odd[i]);
}

void checksum_begin(struct checksum *c)
{
    *c = (struct checksum){.lanes = {1, 2, 3, 4}};
}

void checksum_add(struct checksum *c, const void *data, size_t n)
{
    const uint8_t *p = data;

    if (!n) /* data may be NULL */
        return;
    c->n += n;
    if (c->n_rest) {
        size_t k = sizeof(c->rest) - c->n_rest < n ? sizeof(c->rest) - c->n_rest : n;

        memcpy(c->rest + c->n_rest, p, k);
        c->n_rest += k;
        p += k;
        n -= k;
        if (c->n_rest < sizeof(c->rest))
            return;
        take(c, c->rest);
        c->n_rest = 0;
    }
    for (; n >= sizeof(c->rest); n -= sizeof(c->rest), p += sizeof(c->rest))
        take(c, p);
    if (n)
        memcpy(c->rest, p, n);
    c->n_rest = n;
}

uint64_t checksum_end(const struct checksum *c)
{
    struct checksum last = *c;
    uint64_t h = c->n;

    memset(last.rest + last.n_rest, 0, sizeof(last.rest) - last.n_rest);
    take(&last, last.rest);
    for (int i = 0; i < 4; i++)
        h = fold(h, last.lanes[i], odd[3 - i]);
    return h ^ h >> 32;
}

uint64_t checksum_of(const void *data, size_t n)
{
    struct checksum c;

    checksum_begin(&c);
    checksum_add(&c, data, n);
    return checksum_end(&c);
}
