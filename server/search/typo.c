#include "server/search/typo.h"

#include <string.h>

#include "common/utf8.h"
#include "server/search/words.h"

enum { LEAST_CHARS = 4, CJK_FROM = 0x2e80 /* words of more than two characters have none */ };

struct candidate {
    const char *word;
    struct candidate *next;
};

struct hunt {
    struct arena *mem;
    const struct snapshot *now;
    const struct uuid *account;
    const struct node *node;
    const char *word;
    size_t at[WORD_MAX + 2]; /* where its characters begin; the last is its end */
    size_t n;
    struct candidate *found;
};

static struct set posting(const struct live *l, int word_class, const char *word)
{
    uint32_t at = texts_find(&l->segment->dicts[word_class].texts, word);

    return at == UINT32_MAX ? set_none(l->segment->n) : dict_set(l->segment, word_class, at);
}

/* How many rows that the account sees have the word where it is asked for. */
static size_t count_rows(const struct hunt *h, const char *word)
{
    size_t sum = 0;

    for (size_t i = 0; i < h->now->n; i++) {
        const struct live *l = &h->now->items[i];
        struct pool pool = {.mem = h->mem, .n = l->segment->n};
        struct set in[TEXT_CLASSES], all;

        if (!segment_is_visible(l->segment, h->account))
            continue;
        for (int c = 0; c < TEXT_CLASSES; c++)
            in[c] = h->node->classes & 1u << c ? posting(l, c, word) : set_none(l->segment->n);
        all = set_union(&pool, in, TEXT_CLASSES);
        sum += live_among(l, &all);
        set_release(&pool, &all);
    }
    return sum;
}

static void try_word(struct hunt *h, const struct texts *t, const char *word)
{
    struct candidate *c;

    if (texts_find(t, word) == UINT32_MAX)
        return;
    for (c = h->found; c; c = c->next)
        if (strcmp(c->word, word) == 0)
            return;
    c = arena_alloc(h->mem, sizeof(*c));
    *c = (struct candidate){arena_strdup(h->mem, word), h->found};
    h->found = c;
}

/* The first characters, then something, then the word from a character on. */
static void try_with(struct hunt *h, const struct texts *t, size_t first, const char *middle,
                     size_t n, size_t rest)
{
    char word[WORD_MAX + 16];
    size_t len = h->at[first];

    memcpy(word, h->word, len);
    memcpy(word + len, middle, n);
    memcpy(word + len + n, h->word + h->at[rest], h->at[h->n] - h->at[rest] + 1);
    try_word(h, t, word);
}

/* One less, and two that changed places. */
static void try_fewer(struct hunt *h, const struct texts *t, size_t i)
{
    char swapped[16];
    size_t a, b;

    if (i < h->n)
        try_with(h, t, i, "", 0, i + 1);
    if (i + 1 >= h->n)
        return;
    a = h->at[i + 1] - h->at[i];
    b = h->at[i + 2] - h->at[i + 1];
    memcpy(swapped, h->word + h->at[i + 1], b);
    memcpy(swapped + b, h->word + h->at[i], a);
    try_with(h, t, i, swapped, a + b, i + 2);
}

/* Every character that comes behind the first i in the dictionary, put in or instead. */
static void try_others(struct hunt *h, const struct texts *t, size_t i)
{
    char prefix[WORD_MAX + 16];
    size_t len = h->at[i], n;
    uint32_t at;

    memcpy(prefix, h->word, len);
    prefix[len] = '\0';
    at = texts_lower(t, prefix);
    while (at < t->n && strncmp(texts_at(t, at), prefix, len) == 0) {
        const char *next = texts_at(t, at) + len;
        int32_t c = utf8_next(next, &n);

        if (*next && c >= CJK_FROM)
            break;
        if (*next) {
            try_with(h, t, i, next, n, i);
            if (i < h->n)
                try_with(h, t, i, next, n, i + 1);
        }
        n = utf8_put(prefix + len, *next ? c + 1 : 1);
        prefix[len + n] = '\0';
        at = texts_lower(t, prefix);
        prefix[len] = '\0';
    }
}

static void hunt_in(struct hunt *h, const struct segment *s)
{
    for (int c = 0; c < TEXT_CLASSES; c++) {
        const struct texts *t = &s->dicts[c].texts;

        for (size_t i = 0; h->node->classes & 1u << c && i <= h->n; i++) {
            try_fewer(h, t, i);
            try_others(h, t, i);
        }
    }
}

/* The characters of the word; false: it is none to forgive a typo in. */
static bool spell(struct hunt *h)
{
    size_t at = 0, len;

    for (h->n = 0; h->word[at]; at += len) {
        if (h->word[at] >= '0' && h->word[at] <= '9')
            return false;
        utf8_next(h->word + at, &len);
        h->at[h->n++] = at;
    }
    h->at[h->n] = h->at[h->n + 1] = at;
    return h->n >= LEAST_CHARS && at <= WORD_MAX;
}

static const char *best_of(struct hunt *h)
{
    const char *best = NULL;
    size_t most = 0;

    for (const struct candidate *c = h->found; c; c = c->next) {
        size_t n = count_rows(h, c->word);

        if (n > most || (n && n == most && strcmp(c->word, best) < 0)) {
            most = n;
            best = c->word;
        }
    }
    return best;
}

size_t typo_fix(struct arena *mem, const struct snapshot *now, const struct uuid *account,
                struct ask *q, struct fix out[FIXES_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < q->n_words && n < FIXES_MAX; i++) {
        struct node *node = q->words[i];
        struct hunt h = {mem, now, account, .node = node, .word = node->word};
        const char *to;

        if (node->kind != NODE_WORD || node->is_quoted || !spell(&h) || count_rows(&h, h.word))
            continue;
        for (size_t k = 0; k < now->n; k++)
            if (segment_is_visible(now->items[k].segment, account))
                hunt_in(&h, now->items[k].segment);
        to = best_of(&h);
        if (!to)
            continue;
        out[n++] = (struct fix){i, node->word, to};
        node->word = to;
    }
    return n;
}
