/*
 * What people ask: a set of questions that come again and again, by Zipf's law, and a share that
 * nobody ever asked before.  Each says what a row of the sample says, so each has an answer.
 */
#ifndef TESTS_LOAD_QUESTIONS_H
#define TESTS_LOAD_QUESTIONS_H

#include "common/buf.h"
#include "common/json.h"
#include "server/sample.h"
#include "tests/bench/bench.h"
#include "tests/bench/search_ask.h"

enum { KNOWN = 2000, FRESH_PERCENT = 20, QUESTION_MAX = 4096 };

struct question {
    char *body;    /* JSON */
    int64_t total; /* of the first answer; -1: none yet */
};

struct questions {
    struct sample *sample;
    int64_t rows;
    uint64_t dice;
    struct question known[KNOWN];
    double weight[KNOWN]; /* of all up to this one */
    struct question *fresh;
    size_t n_fresh, next_fresh, repeated; /* repeated: fresh ones when there were no more */
};

static inline void questions_row(struct questions *q, struct arena *mem, struct profile *p)
{
    sample_profile(q->sample, (int64_t)bench_dice(&q->dice, (uint64_t)q->rows), mem, p);
}

static inline void questions_member(struct buf *b, const char *name, bool list, const char *value)
{
    buf_printf(b, "%s\"%s\":%s", b->len > 1 ? "," : "", name, list ? "[" : "");
    json_write_text(b, value);
    buf_str(b, list ? "]" : "");
}

/* n facets of one row. */
static inline void questions_facets(struct questions *q, struct arena *mem, size_t n, struct buf *b)
{
    unsigned taken = 0;
    struct profile p;

    questions_row(q, mem, &p);
    while (n) {
        size_t i = bench_dice(&q->dice, ASK_PANES);

        if (taken >> i & 1 || !ask_value(&p, ask_panes[i]))
            continue;
        questions_member(b, facet_name(ask_panes[i]), true, ask_value(&p, ask_panes[i]));
        taken |= 1u << i;
        n--;
    }
}

static inline const char *questions_word(struct questions *q, struct arena *mem,
                                         const char *(*of)(const struct profile *))
{
    const char *word = NULL;

    while (!word) {
        struct profile p;

        questions_row(q, mem, &p);
        word = ask_word(mem, of(&p));
    }
    return word;
}

static inline const char *questions_title(const struct profile *p)
{
    return p->title;
}

static inline const char *questions_name(const struct profile *p)
{
    return p->name;
}

static inline void ask_three_facets(struct questions *q, struct arena *mem, struct buf *b)
{
    questions_facets(q, mem, 3, b);
}

static inline void ask_words_with_prefix(struct questions *q, struct arena *mem, struct buf *b)
{
    const char *title = NULL, *name = NULL;

    while (!title || !name) {
        struct profile p;

        questions_row(q, mem, &p);
        title = ask_word(mem, p.title);
        name = ask_word(mem, p.name);
    }
    questions_member(b, "q", false,
                     arena_printf(mem, "%s %s*", title, arena_strndup(mem, name, 3)));
}

static inline void ask_word_and_facets(struct questions *q, struct arena *mem, struct buf *b)
{
    struct profile p = {0};
    const char *title = NULL;

    while (!title || !p.seniority || !p.country) {
        questions_row(q, mem, &p);
        title = ask_word(mem, p.title);
    }
    questions_member(b, "q", false, title);
    questions_member(b, "seniority", true, p.seniority);
    questions_member(b, "country", true, p.country);
}

static inline void ask_one_facet(struct questions *q, struct arena *mem, struct buf *b)
{
    questions_facets(q, mem, 1, b);
}

static inline void ask_nothing(struct questions *q, struct arena *mem, struct buf *b)
{
    (void)q;
    (void)mem;
    (void)b;
}

static inline void ask_short_prefix(struct questions *q, struct arena *mem, struct buf *b)
{
    const char *word =
        questions_word(q, mem, bench_dice(&q->dice, 2) ? questions_name : questions_title);

    word = arena_strndup(mem, word, 2 + bench_dice(&q->dice, 2));
    questions_member(b, "q", false, arena_printf(mem, "%s*", word));
}

static inline void ask_in_an_order(struct questions *q, struct arena *mem, struct buf *b)
{
    static const char *const sorts[] = {"-score",  "name",     "-name",   "company", "-company",
                                        "updated", "-updated", "quality", "-quality"};

    questions_facets(q, mem, 1, b);
    questions_member(b, "sort", false, sorts[bench_dice(&q->dice, sizeof(sorts) / sizeof(*sorts))]);
}

/* Of a hundred. */
static const struct {
    unsigned share;
    void (*ask)(struct questions *, struct arena *, struct buf *);
} questions_kinds[] = {
    {25, ask_three_facets},    {20, ask_words_with_prefix},
    {20, ask_word_and_facets}, {10, ask_one_facet},
    {5, ask_nothing},          {10, ask_short_prefix},
    {10, ask_in_an_order},
};

static inline void questions_make(struct questions *q, struct question *out)
{
    uint64_t at = bench_dice(&q->dice, 100);
    struct arena *mem = arena_new();
    struct buf b = BUF_INIT(QUESTION_MAX);
    size_t kind = 0;

    for (; at >= questions_kinds[kind].share; kind++)
        at -= questions_kinds[kind].share;
    buf_char(&b, '{');
    questions_kinds[kind].ask(q, mem, &b);
    buf_char(&b, '}');
    if (b.failed)
        abort();
    *out = (struct question){buf_take(&b), -1};
    arena_free(mem);
}

static inline void questions_init(struct questions *q, int64_t rows, uint64_t sample_seed,
                                  uint64_t seed, size_t n_fresh)
{
    double sum = 0;

    q->sample = sample_new(rows, sample_seed);
    q->rows = rows;
    q->dice = seed;
    for (size_t i = 0; i < KNOWN; i++) {
        questions_make(q, &q->known[i]);
        sum += 1.0 / (double)(i + 1);
        q->weight[i] = sum;
    }
    q->fresh = xcalloc(n_fresh, sizeof(*q->fresh));
    q->n_fresh = n_fresh;
    for (size_t i = 0; i < n_fresh; i++)
        questions_make(q, &q->fresh[i]);
}

static inline void questions_release(struct questions *q)
{
    for (size_t i = 0; i < KNOWN; i++)
        free(q->known[i].body);
    for (size_t i = 0; i < q->n_fresh; i++)
        free(q->fresh[i].body);
    free(q->fresh);
    sample_free(q->sample);
}

static inline struct question *questions_next(struct questions *q)
{
    double at = (double)bench_dice(&q->dice, 1u << 30) / (1u << 30) * q->weight[KNOWN - 1];
    size_t low = 0, high = KNOWN - 1;

    if (q->n_fresh && bench_dice(&q->dice, 100) < FRESH_PERCENT) {
        q->repeated += q->next_fresh >= q->n_fresh;
        return &q->fresh[q->next_fresh++ % q->n_fresh];
    }
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (q->weight[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return &q->known[low];
}

#endif
