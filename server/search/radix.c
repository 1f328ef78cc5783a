#include "server/search/radix.h"

#include <stdbool.h>
#include <string.h>

enum { DIGITS = 8, DIGIT = 256, SHORT = 48 /* a list that insertion sorts sooner */ };

uint64_t radix_bytes(const uint8_t *p)
{
    uint64_t out;

    memcpy(&out, p, sizeof(out));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    out = __builtin_bswap64(out);
#endif
    return out;
}

uint64_t radix_text(const char *text)
{
    uint8_t first[8] = {0};

    for (size_t i = 0; i < sizeof(first) && text[i]; i++)
        first[i] = (uint8_t)text[i];
    return radix_bytes(first);
}

static void insert_sort(struct keyed *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct keyed one = v[i];
        size_t at = i;

        for (; at && v[at - 1].key > one.key; at--)
            v[at] = v[at - 1];
        v[at] = one;
    }
}

static void count_digits(const struct keyed *v, size_t n, size_t counts[DIGITS][DIGIT])
{
    memset(counts, 0, DIGITS * sizeof(*counts));
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++)
            counts[d][v[i].key >> 8 * d & 0xff]++;
}

/* From counts to places. false: all have the same digit. */
static bool place_digits(size_t counts[DIGIT], size_t n)
{
    size_t at = 0;

    for (int i = 0; i < DIGIT; i++) {
        size_t count = counts[i];

        if (count == n)
            return false;
        counts[i] = at;
        at += count;
    }
    return true;
}

void radix_sort(struct keyed *v, struct keyed *spare, size_t n)
{
    size_t counts[DIGITS][DIGIT];
    struct keyed *from = v, *to = spare, *swap;

    if (n <= SHORT) {
        insert_sort(v, n);
        return;
    }
    count_digits(v, n, counts);
    for (int d = 0; d < DIGITS; d++) {
        if (!place_digits(counts[d], n))
            continue;
        for (size_t i = 0; i < n; i++)
            to[counts[d][from[i].key >> 8 * d & 0xff]++] = from[i];
        swap = from;
        from = to;
        to = swap;
    }
    if (from != v)
        memcpy(v, from, n * sizeof(*v));
}

/* All are the same up to `depth`.  Those that end within the next eight bytes are all there is. */
static void sort_from(struct keyed *v, struct keyed *spare, size_t n, const char *const *texts,
                      size_t depth)
{
    size_t run;

    for (size_t i = 0; i < n; i++)
        v[i].key = radix_text(texts[v[i].value] + depth);
    radix_sort(v, spare, n);
    for (size_t i = 0; i < n; i += run) {
        for (run = 1; i + run < n && v[i + run].key == v[i].key; run++)
            ;
        if (run > 1 && v[i].key & 0xff)
            sort_from(v + i, spare, run, texts, depth + sizeof(v->key));
    }
}

void radix_sort_texts(struct keyed *v, struct keyed *spare, size_t n, const char *const *texts)
{
    if (n)
        sort_from(v, spare, n, texts, 0);
}
