#include "server/search/relevance.h"

#include <string.h>

/* What a word found in a text of this class adds: four bits are enough. */
enum { WEIGHT_BITS = 4 };
static const uint8_t weights[TEXT_CLASSES] = {
    [TEXT_TITLE] = 8, [TEXT_NAME] = 6, [TEXT_COMPANY] = 4, [TEXT_OTHER] = 1};

static const enum text_class heaviest_first[TEXT_CLASSES] = {TEXT_TITLE, TEXT_NAME, TEXT_COMPANY,
                                                             TEXT_OTHER};

void relevance_begin(struct relevance *r, const struct eval *e, struct arena *mem)
{
    *r = (struct relevance){.e = e};
    for (size_t w = 0; w < e->ask->n_words; w++) {
        for (int k = 0; k < TEXT_CLASSES; k++) {
            if (!e->words[w][heaviest_first[k]].count)
                continue;
            r->most += weights[heaviest_first[k]];
            break;
        }
    }
    while (r->most >> r->bits)
        r->bits++;
    r->hints = arena_alloc(mem, e->ask->n_words * sizeof(*r->hints));
    r->planes = arena_alloc(mem, (size_t)(r->bits + 1) * sizeof(*r->planes));
}

/* Add a number of WEIGHT_BITS bits to those of all documents of a piece. */
static void add_weight(struct relevance *r, uint64_t weight[WEIGHT_BITS][FOUND_PIECE])
{
    uint64_t carry[FOUND_PIECE] = {0};

    for (int bit = 0; bit < r->bits; bit++) {
        uint64_t *sum = r->planes[bit];

        if (bit < WEIGHT_BITS) {
            const uint64_t *w = weight[bit];

            for (size_t i = 0; i < FOUND_PIECE; i++) {
                uint64_t half = sum[i] ^ w[i], both = sum[i] & w[i];

                sum[i] = half ^ carry[i];
                carry[i] = both | (half & carry[i]);
            }
        } else {
            for (size_t i = 0; i < FOUND_PIECE; i++) {
                uint64_t before = sum[i];

                sum[i] = before ^ carry[i];
                carry[i] &= before;
            }
        }
    }
}

/* The best text that a word is found in counts: the heavier ones take their documents first. */
static void add_word(struct relevance *r, size_t w, size_t word)
{
    uint64_t weight[WEIGHT_BITS][FOUND_PIECE] = {{0}}, taken[FOUND_PIECE] = {0}, in[FOUND_PIECE];

    for (int k = 0; k < TEXT_CLASSES; k++) {
        enum text_class c = heaviest_first[k];
        const struct set *s = &r->e->words[w][c];

        if (!s->count || !set_piece(s, word, &r->hints[w][c], in))
            continue;
        for (int bit = 0; bit < WEIGHT_BITS; bit++)
            for (size_t i = 0; weights[c] >> bit & 1 && i < FOUND_PIECE; i++)
                weight[bit][i] |= in[i] & ~taken[i];
        for (size_t i = 0; i < FOUND_PIECE; i++)
            taken[i] |= in[i];
    }
    add_weight(r, weight);
}

void relevance_move(struct relevance *r, size_t word)
{
    memset(r->planes, 0, (size_t)r->bits * sizeof(*r->planes));
    for (size_t w = 0; w < r->e->ask->n_words; w++)
        add_word(r, w, word);
}

size_t relevance_at_least(const struct relevance *r, uint32_t least,
                          const uint64_t set[FOUND_PIECE], uint64_t out[FOUND_PIECE])
{
    uint64_t equal[FOUND_PIECE], more[FOUND_PIECE] = {0};

    if (least >> r->bits) {
        memset(out, 0, FOUND_PIECE * sizeof(*out));
        return 0;
    }
    memcpy(equal, set, sizeof(equal));
    for (int bit = r->bits - 1; bit >= 0; bit--) {
        const uint64_t *plane = r->planes[bit];

        if (least >> bit & 1) {
            for (size_t i = 0; i < FOUND_PIECE; i++)
                equal[i] &= plane[i];
        } else {
            for (size_t i = 0; i < FOUND_PIECE; i++) {
                more[i] |= equal[i] & plane[i];
                equal[i] &= ~plane[i];
            }
        }
    }
    for (size_t i = 0; i < FOUND_PIECE; i++)
        out[i] = more[i] | equal[i];
    return bits_count(out, FOUND_PIECE);
}

uint32_t relevance_of(const struct relevance *r, uint32_t i)
{
    uint32_t out = 0;

    for (int bit = 0; bit < r->bits; bit++)
        out |= (uint32_t)bits_test(r->planes[bit], i) << bit;
    return out;
}
