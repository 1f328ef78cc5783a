#include "server/search/found.h"

#include <string.h>

#include "server/search/kernels.h"

void found_of_set(struct found *f, const struct set *result)
{
    *f = (struct found){.sets = {result}, .n_sets = 1, .n = result->n, .count = result->count};
}

void found_add(struct found *f, const struct set *s)
{
    size_t at = f->n_sets++;

    for (; at && f->sets[at - 1]->count > s->count; at--)
        f->sets[at] = f->sets[at - 1];
    f->sets[at] = s;
}

bool found_has(const struct found *f, uint32_t i)
{
    bool any = f->n_any == 0;

    if (f->dead && f->dead->bits && bits_test(f->dead->bits, i))
        return false;
    for (size_t k = 0; k < f->n_sets; k++)
        if (!set_has(f->sets[k], i))
            return false;
    for (size_t k = 0; k < f->n_any && !any; k++)
        any = set_has(f->any[k], i);
    return any;
}

/* A piece lies within one run. */
static size_t packed_piece(const struct set *s, uint32_t from, size_t *hint,
                           uint64_t out[FOUND_PIECE])
{
    const uint16_t *v = packed_members(s), first = (uint16_t)from;
    size_t end = s->runs[(from >> PACKED_BITS) + 1], at;

    *hint = packed_from(s, *hint, from);
    for (at = *hint; at < end && (size_t)(v[at] - first) < FOUND_PIECE * 64; at++)
        bits_set(out, (uint32_t)(v[at] - first));
    return at - *hint;
}

size_t set_piece(const struct set *s, size_t word, size_t *hint, uint64_t out[FOUND_PIECE])
{
    uint32_t from = (uint32_t)(word * 64), to = from + FOUND_PIECE * 64;
    size_t words = bits_words(s->n), at;

    if (s->bits) {
        words = words - word < FOUND_PIECE ? words - word : FOUND_PIECE;
        memcpy(out, s->bits + word, words * sizeof(*out));
        memset(out + words, 0, (FOUND_PIECE - words) * sizeof(*out));
        return bits_count(out, FOUND_PIECE);
    }
    memset(out, 0, FOUND_PIECE * sizeof(*out));
    if (s->runs)
        return packed_piece(s, from, hint, out);
    *hint = array_from(s->v, s->count, *hint, from);
    for (at = *hint; at < s->count && s->v[at] < to; at++)
        bits_set(out, s->v[at] - from);
    return at - *hint;
}

static size_t everything(size_t n, size_t word, uint64_t out[FOUND_PIECE])
{
    size_t left = n - word * 64, words;

    left = left < FOUND_PIECE * 64 ? left : FOUND_PIECE * 64;
    words = left / 64;
    memset(out, 0xff, words * sizeof(*out));
    memset(out + words, 0, (FOUND_PIECE - words) * sizeof(*out));
    if (left % 64)
        out[words] = (UINT64_C(1) << (left % 64)) - 1;
    return left;
}

static size_t any_piece(const struct found *f, size_t word, struct found_at *at,
                        uint64_t out[FOUND_PIECE])
{
    uint64_t more[FOUND_PIECE];
    size_t n = set_piece(f->any[0], word, &at->any[0], out);

    for (size_t k = 1; k < f->n_any; k++)
        if (set_piece(f->any[k], word, &at->any[k], more))
            n = kernels()->or (out, out, more, FOUND_PIECE);
    return n;
}

static size_t and_piece(const struct set *s, size_t word, size_t words, size_t *hint,
                        uint64_t out[FOUND_PIECE])
{
    uint64_t more[FOUND_PIECE];

    if (s->bits)
        return kernels()->and (out, out, s->bits + word, words);
    return set_piece(s, word, hint, more) ? kernels()->and (out, out, more, words) : 0;
}

size_t found_piece(const struct found *f, size_t word, struct found_at *at,
                   uint64_t out[FOUND_PIECE])
{
    size_t words = bits_words(f->n) - word, n;

    words = words < FOUND_PIECE ? words : FOUND_PIECE;
    n = f->n_sets ? set_piece(f->sets[0], word, &at->sets[0], out) : everything(f->n, word, out);
    for (size_t k = 1; k < f->n_sets && n; k++)
        n = and_piece(f->sets[k], word, words, &at->sets[k], out);
    if (f->n_any && n) {
        uint64_t any[FOUND_PIECE];

        n = any_piece(f, word, at, any) ? kernels()->and (out, out, any, FOUND_PIECE) : 0;
    }
    if (f->dead && f->dead->bits && n)
        n = kernels()->and_not(out, out, f->dead->bits + word, words);
    return n;
}

uint32_t finder_begin(struct finder *x, const struct found *f, uint32_t from)
{
    x->f = f;
    x->places = (struct found_at){0};
    x->left = 0;
    x->at = 0;
    x->word = bits_words(f->n);
    if (from >= f->n)
        return SET_END;
    x->word = from / 64 / FOUND_PIECE * FOUND_PIECE;
    if (found_piece(f, x->word, &x->places, x->bits)) {
        x->at = from / 64 - x->word;
        x->left = x->bits[x->at] & ~UINT64_C(0) << (from % 64);
    } else {
        x->at = FOUND_PIECE - 1;
    }
    return finder_next(x);
}

uint32_t finder_next(struct finder *x)
{
    uint32_t i;

    while (!x->left) {
        if (++x->at < FOUND_PIECE) {
            x->left = x->bits[x->at];
            continue;
        }
        x->word += FOUND_PIECE;
        if (x->word >= bits_words(x->f->n))
            return SET_END;
        if (!found_piece(x->f, x->word, &x->places, x->bits)) {
            x->at = FOUND_PIECE - 1;
            continue;
        }
        x->at = 0;
        x->left = x->bits[0];
    }
    i = (uint32_t)((x->word + x->at) * 64) + (uint32_t)__builtin_ctzll(x->left);
    x->left &= x->left - 1;
    return i;
}
