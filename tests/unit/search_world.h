/*
 * Random rows, and a naive reading of them that the index is held against.  The oracle
 * (search_oracle.h) shares utf8_fold(), utf8_is_letter(), countries and the facets' buckets with
 * the index, nothing else: it keeps every row as lists of words and values and looks at all of them
 * for each question.
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

enum { CLASSES = 4, WORDS_MOST = 96, VALUES_MOST = 16, TEXTS_MOST = 40, TOKENS_MOST = 30 };
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
    WRONG_ENDS,    /* ranges leave out their ends */
    WRONG_PHRASE,  /* the words of a phrase may stand anywhere */
    WRONG_OR,      /* OR binds as AND does */
    WRONG_TYPO,    /* typos are not forgiven */
    WRONG_OWNER,   /* what others bought is owned */
    WRONGS,
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

/* One text of one field, word by word and CJK characters one by one. */
struct doc_text {
    int class;
    size_t n;
    const char *tokens[TOKENS_MOST];
};

struct doc {
    struct profile p;
    bool bought[ACCOUNTS];
    struct doc_text texts[TEXTS_MOST];
    size_t n_texts;
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

static inline void text_token(struct world *w, struct doc_text *t, const char *from, size_t n)
{
    if (n && t->n < TOKENS_MOST)
        t->tokens[t->n++] = arena_strndup(w->mem, from, n);
}

/* The same text for phrases. */
static inline void doc_tokens(struct world *w, struct doc *d, int class, const char *folded)
{
    struct doc_text *t = &d->texts[d->n_texts++];
    const char *run = folded;
    size_t len;

    *t = (struct doc_text){.class = class};
    for (const char *at = folded; *at; at += len) {
        int32_t c = utf8_next(at, &len);

        if (utf8_is_letter(c) && !is_cjk(c))
            continue;
        text_token(w, t, run, (size_t)(at - run));
        if (is_cjk(c))
            text_token(w, t, at, len);
        run = at + len;
    }
    text_token(w, t, run, strlen(run));
}

/* Runs of letters; CJK characters one by one and by twos. */
static inline void doc_text(struct world *w, struct doc *d, int class, const char *text)
{
    const char *at = text ? utf8_fold(w->mem, text) : "", *run = at, *before = NULL;
    size_t len;

    doc_tokens(w, d, class, at);
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
    d->n_texts = 0;
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

static inline void world_buy(struct world *w, size_t n)
{
    for (size_t i = 0; i < n && w->n; i++) {
        struct doc *d = &w->docs[roll(&w->dice, w->n)];
        size_t account = roll(&w->dice, ACCOUNTS);

        if (!uuid_equal(&d->p.account, &catalogue_account))
            continue;
        search_note_owned(w->index, &accounts[account], &d->p.id);
        d->bought[account] = true;
    }
}

static inline void world_open(struct world *w, const char *dir)
{
    struct search_options o = {.dir = dir};

    CHECK(search_open(&o, &w->index) == ERR_OK);
    for (size_t i = 0; i < w->n; i++) /* without a store nobody else remembers */
        for (size_t a = 0; a < ACCOUNTS; a++)
            if (w->docs[i].bought[a])
                search_note_owned(w->index, &accounts[a], &w->docs[i].p.id);
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

#endif
