/*
 * Random rows and questions, and a naive reading of both that the index is held against.  The
 * oracle shares utf8_fold(), utf8_is_letter() and the facets' buckets with the index, nothing else:
 * it keeps every row as lists of words and values and looks at all of them for each question.
 */
#ifndef TESTS_UNIT_SEARCH_WORLD_H
#define TESTS_UNIT_SEARCH_WORLD_H

#include <stdlib.h>
#include <strings.h>

#include "common/buf.h"
#include "common/country.h"
#include "common/utf8.h"
#include "server/sample.h"
#include "server/search/search.h"
#include "tests/test.h"

enum { CLASSES = 4, WORDS_MOST = 96, VALUES_MOST = 16, TERMS_MOST = 5, PARTS_MOST = 6 };
enum { ACCOUNTS = 3 /* the last has no rows of its own */ };

static const struct uuid accounts[ACCOUNTS] = {{{1, 1}}, {{2, 2}}, {{3, 3}}};

/* What is wrong with the oracle, for the controls. */
enum wrong {
    RIGHT,
    WRONG_ROW,     /* it misses a row */
    WRONG_TENANT,  /* it sees everybody's rows */
    WRONG_TIES,    /* rows that tie come in the order of making */
    WRONG_PANES,   /* a pane counts its own selection */
    WRONG_WEIGHTS, /* all words weigh the same */
};

static inline uint64_t roll(uint64_t *dice, uint64_t n)
{
    *dice = *dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*dice >> 33) % n;
}

static inline long long env_or(const char *name, long long otherwise)
{
    const char *text = getenv(name);

    return text ? strtoll(text, NULL, 10) : otherwise;
}

/* Rows */

struct doc {
    struct profile p;
    bool gone;
    const char *words[CLASSES][WORDS_MOST]; /* title, name, company, the others */
    size_t n_words[CLASSES];
    const char *values[FACET_END][VALUES_MOST];
    size_t n_values[FACET_END];
    const char *name, *company; /* as they sort */
};

struct world {
    struct arena *mem;
    uint64_t dice;
    struct doc *docs;
    size_t n, room;
    struct sample *sample;
    struct search *index;
    enum wrong wrong;
};

static inline void doc_word(struct doc *d, int class, const char *word)
{
    if (*word && d->n_words[class] < WORDS_MOST)
        d->words[class][d->n_words[class]++] = word;
}

static inline bool is_cjk(int32_t c)
{
    return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) ||
           (c >= 0xac00 && c <= 0xd7af) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x3ffff);
}

/* Runs of letters; CJK characters one by one and by twos. */
static inline void doc_text(struct world *w, struct doc *d, int class, const char *text)
{
    const char *at = text ? utf8_fold(w->mem, text) : "", *run = at, *before = NULL;
    size_t len;

    for (; *at; at += len) {
        int32_t c = utf8_next(at, &len);

        if (is_cjk(c)) {
            doc_word(d, class, arena_strndup(w->mem, run, (size_t)(at - run)));
            doc_word(d, class, arena_strndup(w->mem, at, len));
            if (before)
                doc_word(d, class, arena_strndup(w->mem, before, (size_t)(at + len - before)));
            before = at;
            run = at + len;
        } else {
            if (!utf8_is_letter(c)) {
                doc_word(d, class, arena_strndup(w->mem, run, (size_t)(at - run)));
                run = at + len;
            }
            before = NULL;
        }
    }
    doc_word(d, class, arena_strndup(w->mem, run, (size_t)(at - run)));
}

static inline void doc_value(struct doc *d, enum facet f, const char *value)
{
    if (!value || !*value)
        return;
    for (size_t i = 0; i < d->n_values[f]; i++)
        if (strcmp(d->values[f][i], value) == 0)
            return;
    d->values[f][d->n_values[f]++] = value;
}

static inline void doc_values(struct world *w, struct doc *d)
{
    const struct profile *p = &d->p;

    memset(d->n_values, 0, sizeof(d->n_values));
    doc_value(d, FACET_seniority, p->seniority);
    doc_value(d, FACET_department, p->department);
    doc_value(d, FACET_industry, p->industry);
    doc_value(d, FACET_employees, employees_bucket(p->employees));
    doc_value(d, FACET_revenue, revenue_bucket(p->revenue));
    doc_value(d, FACET_country, p->country);
    doc_value(d, FACET_state, p->state);
    doc_value(d, FACET_city, p->city);
    for (size_t i = 0; i < p->technologies.n; i++)
        doc_value(d, FACET_technology, p->technologies.v[i]);
    for (size_t i = 0; i < p->keywords.n; i++)
        doc_value(d, FACET_keyword, p->keywords.v[i]);
    doc_value(d, FACET_email_status, p->email_status);
    doc_value(d, FACET_score, band_bucket(p->score));
    doc_value(d, FACET_quality, band_bucket(p->quality));
    doc_value(d, FACET_updated, arena_strdup(w->mem, month_bucket(p->updated.ms)));
}

/* Everything that the oracle knows of the row, from its profile. */
static inline void doc_read(struct world *w, struct doc *d)
{
    const struct profile *p = &d->p;
    const char *const others[] = {p->industry, p->country,
                                  p->country ? country_name(p->country) : NULL, p->state, p->city};

    memset(d->n_words, 0, sizeof(d->n_words));
    doc_text(w, d, 0, p->title);
    doc_text(w, d, 1, p->name);
    doc_text(w, d, 2, p->company);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        doc_text(w, d, 3, others[i]);
    for (size_t i = 0; i < p->technologies.n; i++)
        doc_text(w, d, 3, p->technologies.v[i]);
    for (size_t i = 0; i < p->keywords.n; i++)
        doc_text(w, d, 3, p->keywords.v[i]);
    doc_values(w, d);
    d->name = p->name ? utf8_fold(w->mem, p->name) : "";
    d->company = p->company ? utf8_fold(w->mem, p->company) : "";
}

/* Half of what the sample says, with more ties, gaps and odd texts than it has. */
static inline void vary(struct world *w, struct profile *p)
{
    static const char *const titles[] = {"Chief E-Commerce Officer",
                                         "Directeur général, Café",
                                         "東京営業部長 (Sales)",
                                         "VP of R&D",
                                         "İT-Müdürü",
                                         "Straße 7"};
    static const char *const cities[] = {"Springfield", "São Paulo", "東京", "springfield"};

    if (roll(&w->dice, 6) == 0)
        p->title = titles[roll(&w->dice, 6)];
    if (roll(&w->dice, 5) == 0)
        p->city = cities[roll(&w->dice, 4)];
    if (roll(&w->dice, 9) == 0)
        p->title = p->industry = p->country = NULL;
    if (roll(&w->dice, 9) == 0)
        p->technologies.n = p->keywords.n = 0;
    if (roll(&w->dice, 15) == 0)
        p->company = p->state = p->name = NULL;
    if (roll(&w->dice, 8) == 0)
        p->employees = p->revenue = 0;
    p->score = (int64_t)roll(&w->dice, 2) ? p->score : (int64_t)roll(&w->dice, 4) * 25;
    p->quality = (int64_t)roll(&w->dice, 5) * 20;
    p->has_phone = roll(&w->dice, 2);
}

static inline const struct uuid *any_domain(struct world *w)
{
    uint64_t d = roll(&w->dice, 6);

    return d < 4 ? &catalogue_account : &accounts[d - 4];
}

static inline void put_docs(struct world *w, struct doc *docs, size_t n)
{
    struct profile *rows = xcalloc(n, sizeof(*rows));

    for (size_t i = 0; i < n; i++) {
        doc_read(w, &docs[i]);
        rows[i] = docs[i].p;
    }
    CHECK(search_put(w->index, rows, n) == ERR_OK);
    free(rows);
}

static inline void world_add(struct world *w, size_t n)
{
    for (size_t i = 0; i < n && w->n + i < w->room; i++) {
        struct profile *p = &w->docs[w->n + i].p;

        sample_profile(w->sample, (int64_t)(w->n + i), w->mem, p);
        p->account = *any_domain(w);
        vary(w, p);
    }
    n = n < w->room - w->n ? n : w->room - w->n;
    put_docs(w, &w->docs[w->n], n);
    w->n += n;
}

/* Change, move to another domain, or delete: a row at a time, and some of them by the dozen. */
static inline void world_change(struct world *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct doc *d = &w->docs[roll(&w->dice, w->n)];

        if (d->gone)
            continue;
        if (roll(&w->dice, 4) == 0) {
            d->gone = true;
            CHECK(search_delete(w->index, &d->p.id, 1) == ERR_OK);
            continue;
        }
        if (roll(&w->dice, 8) == 0)
            d->p.account = *any_domain(w);
        d->p.updated.ms += (int64_t)roll(&w->dice, 60) * 86400000;
        d->p.score = (int64_t)roll(&w->dice, 101);
        vary(w, &d->p);
        put_docs(w, d, 1);
    }
}

static inline void world_open(struct world *w, const char *dir)
{
    struct search_options o = {.dir = dir};

    CHECK(search_open(&o, &w->index) == ERR_OK);
}

static inline struct world *world_new(const char *dir, size_t room, uint64_t seed)
{
    struct world *w = xcalloc(1, sizeof(*w));

    w->mem = arena_new();
    w->dice = seed;
    w->room = room;
    w->docs = xcalloc(room, sizeof(*w->docs));
    w->sample = sample_new((int64_t)room, seed);
    world_open(w, dir);
    return w;
}

static inline void world_free(struct world *w)
{
    search_close(w->index);
    sample_free(w->sample);
    arena_free(w->mem);
    free(w->docs);
    free(w);
}

/* Questions */

enum term_kind { TERM_WORDS, TERM_VALUES, TERM_HAS };

struct term {
    enum term_kind kind;
    bool negative, star;
    const char *parts[PARTS_MOST]; /* words that all must be found; or values, any of which */
    size_t n;
    enum facet facet;
};

struct want {
    struct search_query q;
    const struct uuid *account;
    struct term terms[TERMS_MOST];
    size_t n_terms;
    bool *found; /* a row each: it is among the rows */
};

static inline bool is_among(const char *value, const char *const *list, size_t n, bool any_case)
{
    for (size_t i = 0; i < n; i++)
        if (any_case ? strcasecmp(value, list[i]) == 0 : strcmp(value, list[i]) == 0)
            return true;
    return false;
}

/* What the best text with the word weighs; 0: it is in none. */
static inline int weight_of(const struct doc *d, const char *word, bool star)
{
    static const int weights[CLASSES] = {8, 6, 4, 1};

    for (int c = 0; c < CLASSES; c++)
        for (size_t i = 0; i < d->n_words[c]; i++)
            if (star ? strncmp(d->words[c][i], word, strlen(word)) == 0
                     : strcmp(d->words[c][i], word) == 0)
                return weights[c];
    return 0;
}

static inline bool has_any(const struct doc *d, enum facet f, const char *const *values, size_t n,
                           bool any_case)
{
    for (size_t i = 0; i < d->n_values[f]; i++)
        if (is_among(d->values[f][i], values, n, any_case))
            return true;
    return false;
}

static inline bool has_contact(const struct doc *d, const char *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], "email") == 0 ? d->p.has_email : d->p.has_phone)
            return true;
    return false;
}

static inline bool term_holds(const struct doc *d, const struct term *t)
{
    bool all = true;

    if (t->kind == TERM_VALUES)
        return has_any(d, t->facet, t->parts, t->n, true);
    if (t->kind == TERM_HAS)
        return has_contact(d, t->parts, t->n);
    for (size_t i = 0; i < t->n; i++)
        all &= weight_of(d, t->parts[i], t->star && i + 1 == t->n) > 0;
    return all;
}

static inline bool is_there(const struct world *w, const struct doc *d, const struct uuid *account)
{
    return !d->gone && (w->wrong == WRONG_TENANT || uuid_equal(&d->p.account, &catalogue_account) ||
                        uuid_equal(&d->p.account, account));
}

/* but: the facet whose own selection does not count. */
static inline bool matches(const struct world *w, const struct doc *d, const struct want *q,
                           int but)
{
    if (!is_there(w, d, q->account))
        return false;
    for (size_t i = 0; i < q->n_terms; i++)
        if (term_holds(d, &q->terms[i]) == q->terms[i].negative)
            return false;
    for (size_t i = 0; i < q->q.has.n; i++)
        if (!has_contact(d, &q->q.has.v[i], 1))
            return false;
    if (has_contact(d, q->q.not_has.v, q->q.not_has.n))
        return false;
    for (int f = 1; f < FACET_END; f++) {
        const struct strs *in = &q->q.in[f], *out = &q->q.out[f];

        if (in->n && f != but && !has_any(d, (enum facet)f, in->v, in->n, false))
            return false;
        if (has_any(d, (enum facet)f, out->v, out->n, false))
            return false;
    }
    return true;
}

/* Order */

struct ranked {
    const struct doc *d;
    int64_t relevance;
    const char *sort;
    enum wrong wrong;
};

static inline int by_number(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* In the direction that has no minus. */
static inline int by_key(const struct ranked *x, const struct ranked *y, const char *word)
{
    const struct profile *a = &x->d->p, *b = &y->d->p;

    if (strcmp(word, "score") == 0)
        return by_number(b->score, a->score);
    if (strcmp(word, "quality") == 0)
        return by_number(b->quality, a->quality);
    if (strcmp(word, "updated") == 0)
        return by_number(b->updated.ms, a->updated.ms);
    if (strcmp(word, "name") == 0)
        return strcmp(x->d->name, y->d->name);
    if (strcmp(word, "company") == 0)
        return strcmp(x->d->company, y->d->company);
    return x->relevance != y->relevance ? by_number(y->relevance, x->relevance)
                                        : by_number(b->score, a->score);
}

static inline int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    bool minus = *x->sort == '-';
    int c = by_key(x, y, x->sort + minus) * (minus ? -1 : 1);

    if (c)
        return c;
    return x->wrong == WRONG_TIES ? (x->d < y->d ? 1 : -1) : uuid_compare(&x->d->p.id, &y->d->p.id);
}

static inline bool has_words(const struct want *q)
{
    for (size_t i = 0; i < q->n_terms; i++)
        if (q->terms[i].kind == TERM_WORDS && !q->terms[i].negative)
            return true;
    return false;
}

static inline int64_t relevance_of(const struct world *w, const struct doc *d, const struct want *q)
{
    int64_t sum = 0;

    for (size_t i = 0; i < q->n_terms; i++) {
        const struct term *t = &q->terms[i];

        for (size_t k = 0; t->kind == TERM_WORDS && !t->negative && k < t->n; k++)
            sum +=
                w->wrong == WRONG_WEIGHTS ? 1 : weight_of(d, t->parts[k], t->star && k + 1 == t->n);
    }
    return sum;
}

/* All rows that the question finds, in order; the number of them. */
static inline size_t oracle_rows(const struct world *w, struct arena *mem, struct want *q,
                                 struct ranked *out)
{
    const char *sort = q->q.sort ? q->q.sort : "relevance";
    size_t n = 0;

    q->found = arena_alloc(mem, w->n + 1);
    if (strcmp(sort, "relevance") == 0 && !has_words(q))
        sort = "score";
    for (size_t i = 0; i < w->n; i++) {
        q->found[i] = matches(w, &w->docs[i], q, 0);
        if (q->found[i])
            out[n++] =
                (struct ranked){&w->docs[i], relevance_of(w, &w->docs[i], q), sort, w->wrong};
    }
    qsort(out, n, sizeof(*out), by_rank);
    return w->wrong == WRONG_ROW && n ? n - 1 : n;
}

static inline int by_count(const void *a, const void *b)
{
    const struct facet_value *x = a, *y = b;

    return x->count != y->count ? by_number(y->count, x->count) : strcmp(x->value, y->value);
}

/* The whole pane, sorted; the number of its values. */
static inline size_t oracle_pane(const struct world *w, const struct want *q, int facet,
                                 struct facet_value *out)
{
    bool has_own = q->q.in[facet].n && w->wrong != WRONG_PANES;
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        const struct doc *d = &w->docs[i];

        if (has_own ? !matches(w, d, q, facet) : !q->found[i])
            continue;
        for (size_t v = 0; v < d->n_values[facet]; v++) {
            size_t at = 0;

            while (at < n && strcmp(out[at].value, d->values[facet][v]) != 0)
                at++;
            if (at == n)
                out[n++] = (struct facet_value){d->values[facet][v], 0};
            out[at].count++;
        }
    }
    qsort(out, n, sizeof(*out), by_count);
    return n;
}

#endif
