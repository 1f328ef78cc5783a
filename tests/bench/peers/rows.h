/*
 * The rows and the questions of the comparison as files (driver.h says what is in them), made from
 * the sample.  Words are split and folded and values are numbered here, so that no engine has to do
 * it and none can do it differently.
 */
#ifndef TESTS_BENCH_PEERS_ROWS_H
#define TESTS_BENCH_PEERS_ROWS_H

#include "common/buf.h"
#include "common/country.h"
#include "common/uuid.h"
#include "server/sample.h"
#include "server/search/words.h"
#include "tests/bench/bench.h"
#include "tests/bench/peers/driver.h"
#include "tests/bench/search_ask.h"

enum { ROWS_WORDS = 128, ROWS_FREE = 1 << 10 };

struct rows_key {
    int64_t i; /* of the sample */
    int64_t score;
    struct uuid id;
};

struct rows {
    int64_t n;
    uint64_t dice;
    struct sample *sample;
    struct rows_key *order;
    const char *values[PEER_FACETS][PEER_CODES]; /* by code, from 1, in order */
    int64_t counts[PEER_FACETS][PEER_CODES];
    size_t n_values[PEER_FACETS];
    struct arena *mem;
};

static int rows_compare(const void *a, const void *b)
{
    const struct rows_key *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return memcmp(x->id.b, y->id.b, 16);
}

static int rows_by_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* The code of a value; 0: it is not there. */
static int rows_code(const struct rows *r, int f, const char *value)
{
    for (size_t c = 1; value && c <= r->n_values[f]; c++)
        if (strcmp(r->values[f][c], value) == 0)
            return (int)c;
    return 0;
}

static void rows_note_values(struct rows *r, const struct profile *p)
{
    for (int f = 0; f < PEER_FACETS; f++) {
        const char *value = ask_value(p, ask_panes[f]);

        if (!value || rows_code(r, f, value))
            continue;
        if (r->n_values[f] + 1 >= PEER_CODES)
            peer_die(peer_facets[f], "has too many values");
        r->values[f][++r->n_values[f]] = arena_strdup(r->mem, value);
    }
}

/* Each row for a moment. */
static void rows_each(struct rows *r, bool in_order,
                      void (*fn)(struct rows *, int64_t, struct arena *, const struct profile *,
                                 void *),
                      void *arg)
{
    for (int64_t i = 0; i < r->n;) {
        struct arena *mem = arena_new();

        for (int64_t end = i + ROWS_FREE; i < r->n && i < end; i++) {
            struct profile p;

            sample_profile(r->sample, in_order ? r->order[i].i : i, mem, &p);
            fn(r, i, mem, &p, arg);
        }
        arena_free(mem);
    }
}

static void rows_take_key(struct rows *r, int64_t i, struct arena *mem, const struct profile *p,
                          void *arg)
{
    (void)mem;
    (void)arg;
    r->order[i] = (struct rows_key){i, p->score, p->id};
    rows_note_values(r, p);
}

struct row_words {
    const char *v[ROWS_WORDS];
    size_t n;
    struct arena *mem;
};

static void rows_take_word(void *arg, const char *word)
{
    struct row_words *w = arg;

    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->v[i], word) == 0)
            return;
    if (w->n == ROWS_WORDS)
        peer_die("words", "there are too many");
    w->v[w->n++] = arena_strdup(w->mem, word);
}

/* What the index has of a row as text (server/search/build.c). */
static void rows_words(struct row_words *w, const struct profile *p)
{
    const char *const texts[] = {
        p->title, p->name,  p->company, p->industry,
        p->city,  p->state, p->country, p->country ? country_name(p->country) : NULL};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (texts[i])
            words_of_text(w->mem, texts[i], rows_take_word, w);
    for (size_t i = 0; i < p->technologies.n; i++)
        words_of_text(w->mem, p->technologies.v[i], rows_take_word, w);
    for (size_t i = 0; i < p->keywords.n; i++)
        words_of_text(w->mem, p->keywords.v[i], rows_take_word, w);
}

static void rows_write_one(struct rows *r, int64_t i, struct arena *mem, const struct profile *p,
                           void *arg)
{
    struct row_words w = {.mem = mem};
    FILE *f = arg;

    fprintf(f, "%lld", (long long)i + 1);
    for (int k = 0; k < PEER_FACETS; k++) {
        int code = rows_code(r, k, ask_value(p, ask_panes[k]));

        r->counts[k][code]++;
        fprintf(f, "\t%d", code);
    }
    rows_words(&w, p);
    for (size_t k = 0; k < w.n; k++)
        fprintf(f, "%c%s", k ? ' ' : '\t', w.v[k]);
    fputc('\n', f);
}

static void rows_write(struct rows *r, const char *dir)
{
    FILE *f;

    rows_each(r, false, rows_take_key, NULL);
    qsort(r->order, (size_t)r->n, sizeof(*r->order), rows_compare);
    for (int k = 0; k < PEER_FACETS; k++)
        qsort(r->values[k] + 1, r->n_values[k], sizeof(**r->values), rows_by_text);
    f = peer_file(dir, "rows", ".tsv", "w");
    rows_each(r, true, rows_write_one, f);
    fclose(f);
    f = peer_file(dir, "ids", ".bin", "w");
    for (int64_t i = 0; i < r->n; i++)
        fwrite(r->order[i].id.b, 16, 1, f);
    fclose(f);
    f = peer_file(dir, "values", ".tsv", "w");
    for (int k = 0; k < PEER_FACETS; k++)
        for (size_t c = 1; c <= r->n_values[k]; c++)
            fprintf(f, "%d\t%zu\t%s\n", k, c, r->values[k][c]);
    fclose(f);
}

/* Questions: what a row that exists says, so that the skew of the rows is that of the questions. */

static void rows_any(struct rows *r, struct arena *mem, struct profile *p)
{
    sample_profile(r->sample, (int64_t)bench_dice(&r->dice, (uint64_t)r->n), mem, p);
}

static const char *rows_word(struct arena *mem, const char *text)
{
    const char *word = ask_word(mem, text);
    char *folded = word ? arena_strdup(mem, word) : NULL;

    for (char *c = folded; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return folded;
}

/* n selections that the row has; NULL: it has not so many. */
static const char *rows_facets(struct rows *r, struct arena *mem, const struct profile *p, int n)
{
    int codes[PEER_FACETS], have = 0;
    const char *out = "";

    for (int k = 0; k < PEER_FACETS; k++)
        have += (codes[k] = rows_code(r, k, ask_value(p, ask_panes[k]))) > 0;
    if (have < n)
        return NULL;
    while (n) {
        int k = (int)bench_dice(&r->dice, PEER_FACETS);

        if (!codes[k])
            continue;
        out = arena_printf(mem, "%s%s%d:%d", out, *out ? "," : "", k, codes[k]);
        codes[k] = 0;
        n--;
    }
    return out;
}

/* These return a line of questions.tsv behind its kind; NULL: try again. */

static const char *rows_three_facets(struct rows *r, struct arena *mem)
{
    const char *facets;
    struct profile p;

    rows_any(r, mem, &p);
    facets = rows_facets(r, mem, &p, 3);
    return facets ? arena_printf(mem, "\t0\t%s\t1", facets) : NULL;
}

/* One word or two, and facets, all of one row. */
static const char *rows_words_facets(struct rows *r, struct arena *mem)
{
    const char *title, *city, *facets;
    struct profile p;

    rows_any(r, mem, &p);
    title = rows_word(mem, p.title);
    city = rows_word(mem, p.city);
    facets = rows_facets(r, mem, &p, 2);
    if (!title || !city || !facets)
        return NULL;
    if (bench_dice(&r->dice, 2))
        title = arena_printf(mem, "%s %s", title, city);
    return arena_printf(mem, "%s\t0\t%s\t1", title, facets);
}

/* Any value that holds 15 to 60 % of the rows. */
static const char *rows_broad(struct rows *r, struct arena *mem)
{
    int k = (int)bench_dice(&r->dice, PEER_FACETS);
    int c = 1 + (int)bench_dice(&r->dice, r->n_values[k]);

    if (r->counts[k][c] * 100 < r->n * 15 || r->counts[k][c] * 100 > r->n * 60)
        return NULL;
    return arena_printf(mem, "\t0\t%d:%d\t1", k, c);
}

static const char *rows_nothing(struct rows *r, struct arena *mem)
{
    (void)r;
    (void)mem;
    return "\t0\t\t1";
}

/* One or two whole words and the beginning of another, all of one row. */
static const char *rows_prefix(struct rows *r, struct arena *mem)
{
    const char *title, *city, *name;
    struct profile p;

    rows_any(r, mem, &p);
    title = rows_word(mem, p.title);
    city = rows_word(mem, p.city);
    name = rows_word(mem, p.name);
    if (!title || !city || !name)
        return NULL;
    if (bench_dice(&r->dice, 2))
        title = arena_printf(mem, "%s %s", title, city);
    return arena_printf(mem, "%s %.3s\t1\t\t0", title, name);
}

static const struct rows_kind {
    const char *name;
    const char *(*line)(struct rows *r, struct arena *mem);
    bool faceted;
} rows_kinds[] = {
    {"3 facets, 6 panes", rows_three_facets, true},
    {"words, 2 facets, 6 panes", rows_words_facets, true},
    {"one broad facet, 6 panes", rows_broad, true},
    {"nothing selected, 6 panes", rows_nothing, true},
    {"2-3 words with a prefix", rows_prefix, false},
};

enum { ROWS_KINDS = sizeof(rows_kinds) / sizeof(*rows_kinds) };

static void rows_ask(struct rows *r, const char *dir, int64_t each)
{
    FILE *f = peer_file(dir, "questions", ".tsv", "w");

    for (int k = 0; k < ROWS_KINDS; k++) {
        for (int64_t i = 0; i < each;) {
            struct arena *mem = arena_new();
            const char *line = rows_kinds[k].line(r, mem);

            if (line)
                fprintf(f, "%d\t%s\n", k, line);
            i += line != NULL;
            arena_free(mem);
        }
    }
    fclose(f);
}

/* All the files, of n rows and of so many questions a kind. */
static void rows_make(const char *dir, int64_t n, uint64_t seed, int64_t each)
{
    struct rows r = {.n = n, .dice = seed, .sample = sample_new(n, seed), .mem = arena_new()};

    r.order = xcalloc((size_t)n, sizeof(*r.order));
    rows_write(&r, dir);
    rows_ask(&r, dir, each);
    free(r.order);
    sample_free(r.sample);
    arena_free(r.mem);
}

#endif
