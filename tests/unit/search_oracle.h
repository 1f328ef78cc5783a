/*
 * Questions as trees, and what they find, read from the documentation of the grammar
 * (server/search/query.h) in the plainest way there is: every row is asked every question.
 */
#ifndef TESTS_UNIT_SEARCH_ORACLE_H
#define TESTS_UNIT_SEARCH_ORACLE_H

#include "tests/unit/search_world.h"

enum { KIDS_MOST = 4, PARTS_MOST = 4, ALTS_MOST = 4, FIXES_MOST = 4 };

enum want_kind { WANT_AND, WANT_OR, WANT_NOT, WANT_WORDS, WANT_PHRASE, WANT_VALUES, WANT_OWNED };

/* One value of a facet: a text, the beginning of one, or numbers. */
struct alt {
    bool is_range, star;
    const char *text; /* as it is asked for */
    int64_t lo, hi;   /* both within */
};

enum mode { MODE_ANY, MODE_ALL, MODE_NONE };

struct want_node {
    enum want_kind kind;
    struct want_node *kids[KIDS_MOST];
    size_t n;                      /* kids, parts or alts */
    int class;                     /* of words and phrases; CLASSES: any */
    const char *parts[PARTS_MOST]; /* words that all must be found; a phrase's in order */
    bool star;
    bool forgiving;   /* unquoted */
    enum facet facet; /* FACET_NONE: has */
    struct alt alts[ALTS_MOST];
    enum mode mode;
};

struct alts {
    struct alt v[ALTS_MOST];
    size_t n;
};

struct want {
    struct search_query q;
    size_t account;
    struct want_node *tree; /* NULL: q is empty */
    struct alts in[FACET_END], out[FACET_END];
    struct {
        const char *from, *to;
    } fixes[FIXES_MOST];
    size_t n_fixes;
    bool *found; /* a row each: it is among the rows */
};

static inline bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Words */

/* What the best text with the word weighs; 0: it is in none. */
static inline int weight_of(const struct doc *d, const char *word, bool star, int class)
{
    static const int weights[CLASSES] = {8, 6, 4, 1};

    for (int c = 0; c < CLASSES; c++)
        for (size_t i = 0; i < d->n_words[c] && (class == CLASSES || class == c); i++)
            if (star ? begins(d->words[c][i], word) : strcmp(d->words[c][i], word) == 0)
                return weights[c];
    return 0;
}

static inline bool has_token(const struct doc_text *t, size_t at, const struct want_node *n,
                             size_t part)
{
    bool last = part + 1 == n->n;

    return n->star && last ? begins(t->tokens[at], n->parts[part])
                           : strcmp(t->tokens[at], n->parts[part]) == 0;
}

static inline bool text_has_phrase(const struct doc_text *t, const struct want_node *n,
                                   enum wrong wrong)
{
    for (size_t from = 0; from + n->n <= t->n; from++) {
        size_t k = 0;

        while (k < n->n && has_token(t, from + k, n, k))
            k++;
        if (k == n->n)
            return true;
    }
    for (size_t k = 0; wrong == WRONG_PHRASE && k < n->n; k++) {
        bool any = false;

        for (size_t i = 0; i < t->n; i++)
            any |= has_token(t, i, n, k);
        if (!any)
            return false;
    }
    return wrong == WRONG_PHRASE;
}

static inline int phrase_weight(const struct doc *d, const struct want_node *n, enum wrong wrong)
{
    static const int weights[CLASSES] = {8, 6, 4, 1};
    int best = 0;

    for (size_t i = 0; i < d->n_texts; i++)
        if ((n->class == CLASSES || n->class == d->texts[i].class) &&
            text_has_phrase(&d->texts[i], n, wrong) && weights[d->texts[i].class] > best)
            best = weights[d->texts[i].class];
    return best;
}

/* Values */

static inline int64_t number_of(const struct profile *p, enum facet f)
{
    switch (f) {
    case FACET_score:
        return p->score;
    case FACET_quality:
        return p->quality;
    case FACET_employees:
        return p->employees;
    case FACET_revenue:
        return p->revenue;
    default:
        return p->updated.ms;
    }
}

static inline bool in_range(const struct doc *d, enum facet f, const struct alt *a,
                            enum wrong wrong)
{
    int64_t n = number_of(&d->p, f);
    bool unknown = n == 0 && f != FACET_score && f != FACET_quality;

    if (wrong == WRONG_ENDS && a->lo != a->hi)
        return !unknown && n > a->lo && n < a->hi;
    return !unknown && n >= a->lo && n <= a->hi;
}

static inline bool alt_holds(const struct doc *d, enum facet f, const struct alt *a, bool folded,
                             struct arena *mem, enum wrong wrong)
{
    const char *want = folded ? utf8_fold(mem, a->text) : a->text, *code;

    if (a->is_range)
        return in_range(d, f, a, wrong);
    code = f == FACET_country && folded && !a->star ? country_code(a->text) : NULL;
    for (size_t i = 0; i < d->n_values[f]; i++) {
        const char *has = folded ? utf8_fold(mem, d->values[f][i]) : d->values[f][i];

        if (a->star ? begins(has, want) : strcmp(has, want) == 0)
            return true;
        if (code && strcmp(d->values[f][i], code) == 0)
            return true;
    }
    return false;
}

static inline bool has_contact(const struct doc *d, const char *what)
{
    return strcmp(what, "email") == 0 ? d->p.has_email : d->p.has_phone;
}

static inline bool values_hold(const struct doc *d, const struct want_node *n, struct arena *mem,
                               enum wrong wrong)
{
    size_t held = 0;

    for (size_t i = 0; i < n->n; i++)
        held += n->facet ? alt_holds(d, n->facet, &n->alts[i], true, mem, wrong)
                         : has_contact(d, n->alts[i].text);
    return n->mode == MODE_ANY ? held > 0 : n->mode == MODE_ALL ? held == n->n : held == 0;
}

/* Trees */

static inline bool owns(const struct world *w, const struct doc *d, size_t account)
{
    bool bought = d->bought[account];

    for (size_t a = 0; a < ACCOUNTS && w->wrong == WRONG_OWNER; a++)
        bought |= d->bought[a];
    return bought || uuid_equal(&d->p.account, &accounts[account]);
}

static inline bool holds(const struct world *w, const struct doc *d, const struct want_node *n,
                         const struct want *q, struct arena *mem)
{
    bool all = true, any = false;

    switch (n->kind) {
    case WANT_AND:
    case WANT_OR:
        for (size_t i = 0; i < n->n; i++) {
            bool one = holds(w, d, n->kids[i], q, mem);

            all &= one;
            any |= one;
        }
        return n->kind == WANT_AND || w->wrong == WRONG_OR ? all : any;
    case WANT_NOT:
        return !holds(w, d, n->kids[0], q, mem);
    case WANT_WORDS:
        for (size_t i = 0; i < n->n; i++)
            all &= weight_of(d, n->parts[i], n->star && i + 1 == n->n, n->class) > 0;
        return all;
    case WANT_PHRASE:
        return phrase_weight(d, n, w->wrong) > 0;
    case WANT_VALUES:
        return values_hold(d, n, mem, w->wrong);
    case WANT_OWNED:
        return owns(w, d, q->account);
    }
    return false;
}

static inline bool is_there(const struct world *w, const struct doc *d, size_t account)
{
    return !d->gone && (w->wrong == WRONG_TENANT || uuid_equal(&d->p.account, &catalogue_account) ||
                        uuid_equal(&d->p.account, &accounts[account]));
}

static inline bool any_alt(const struct doc *d, enum facet f, const struct alts *a,
                           struct arena *mem, enum wrong wrong)
{
    for (size_t i = 0; i < a->n; i++)
        if (alt_holds(d, f, &a->v[i], false, mem, wrong))
            return true;
    return false;
}

static inline bool has_all(const struct doc *d, enum facet f, const struct strs *values,
                           struct arena *mem)
{
    for (size_t i = 0; i < values->n; i++)
        if (!alt_holds(d, f, &(struct alt){.text = values->v[i]}, false, mem, RIGHT))
            return false;
    return true;
}

/* but: the facet whose own selection does not count. */
static inline bool matches(const struct world *w, const struct doc *d, const struct want *q,
                           int but, struct arena *mem)
{
    if (!is_there(w, d, q->account) || (q->tree && !holds(w, d, q->tree, q, mem)))
        return false;
    for (size_t i = 0; i < q->q.has.n; i++)
        if (!has_contact(d, q->q.has.v[i]))
            return false;
    for (size_t i = 0; i < q->q.not_has.n; i++)
        if (has_contact(d, q->q.not_has.v[i]))
            return false;
    if (q->q.owned && owns(w, d, q->account) != (strcmp(q->q.owned, "yes") == 0))
        return false;
    if (!has_all(d, FACET_technology, &q->q.technology_all, mem) ||
        !has_all(d, FACET_keyword, &q->q.keyword_all, mem))
        return false;
    for (int f = 1; f < FACET_END; f++) {
        if (q->in[f].n && f != but && !any_alt(d, (enum facet)f, &q->in[f], mem, w->wrong))
            return false;
        if (any_alt(d, (enum facet)f, &q->out[f], mem, w->wrong))
            return false;
    }
    return true;
}

/* Typos */

static inline size_t spell(const char *word, int32_t *out)
{
    size_t n = 0, len;

    for (; *word && n < 80; word += len)
        out[n++] = utf8_next(word, &len);
    return n;
}

/* Are they the same but for one character more, less, other, or two that changed places? */
static inline bool is_one_off(const char *a, const char *b)
{
    int32_t x[80], y[80];
    size_t n = spell(a, x), m = spell(b, y), i = 0, tail = 0;

    if (n > m + 1 || m > n + 1 || strcmp(a, b) == 0)
        return false;
    while (i < n && i < m && x[i] == y[i])
        i++;
    while (tail < n - i && tail < m - i && x[n - 1 - tail] == y[m - 1 - tail])
        tail++;
    n -= i + tail;
    m -= i + tail;
    return (n <= 1 && m <= 1) || (n == 2 && m == 2 && x[i] == y[i + 1] && x[i + 1] == y[i]);
}

static inline size_t rows_with(const struct world *w, const struct want *q, const char *word,
                               int class)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += is_there(w, &w->docs[i], q->account) && weight_of(&w->docs[i], word, false, class);
    return n;
}

static inline bool can_be_forgiven(const char *word)
{
    int32_t c[80];

    return spell(word, c) >= 4 && !strpbrk(word, "0123456789");
}

static inline const char *put_right(const struct world *w, const struct want *q, const char *word,
                                    int class)
{
    const char *best = NULL;
    size_t most = 0;

    for (size_t i = 0; i < w->n; i++) {
        const struct doc *d = &w->docs[i];

        for (int c = 0; c < CLASSES && is_there(w, d, q->account); c++) {
            for (size_t k = 0; k < d->n_words[c] && (class == CLASSES || class == c); k++) {
                const char *other = d->words[c][k];
                size_t n;

                if ((best && strcmp(best, other) == 0) || !is_one_off(word, other))
                    continue;
                n = rows_with(w, q, other, class);
                if (n > most || (n == most && strcmp(other, best) < 0)) {
                    most = n;
                    best = other;
                }
            }
        }
    }
    return best;
}

/* Words that are not under a NOT, in their order. */
static inline void forgive(const struct world *w, struct want *q, struct want_node *n)
{
    for (size_t i = 0; i < n->n && (n->kind == WANT_AND || n->kind == WANT_OR); i++)
        forgive(w, q, n->kids[i]);
    for (size_t i = 0; n->kind == WANT_WORDS && n->forgiving && i < n->n; i++) {
        const char *to;

        if ((n->star && i + 1 == n->n) || q->n_fixes == FIXES_MOST ||
            !can_be_forgiven(n->parts[i]) || rows_with(w, q, n->parts[i], n->class))
            continue;
        to = put_right(w, q, n->parts[i], n->class);
        if (!to)
            continue;
        q->fixes[q->n_fixes].from = n->parts[i];
        q->fixes[q->n_fixes++].to = to;
        n->parts[i] = to;
    }
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

static inline bool has_words(const struct want_node *n)
{
    for (size_t i = 0; i < n->n && (n->kind == WANT_AND || n->kind == WANT_OR); i++)
        if (has_words(n->kids[i]))
            return true;
    return n->kind == WANT_WORDS || n->kind == WANT_PHRASE;
}

static inline int64_t relevance_of(const struct world *w, const struct doc *d,
                                   const struct want_node *n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n->n; i++) {
        if (n->kind == WANT_AND || n->kind == WANT_OR)
            sum += relevance_of(w, d, n->kids[i]);
        else if (n->kind == WANT_WORDS)
            sum += w->wrong == WRONG_WEIGHTS
                       ? 1
                       : weight_of(d, n->parts[i], n->star && i + 1 == n->n, n->class);
    }
    return n->kind == WANT_PHRASE ? phrase_weight(d, n, w->wrong) : sum;
}

/* All rows that the question finds, in order; the number of them. */
static inline size_t oracle_rows(const struct world *w, struct arena *mem, struct want *q,
                                 struct ranked *out)
{
    const char *sort = q->q.sort ? q->q.sort : "relevance";
    size_t n = 0;

    q->found = arena_alloc(mem, w->n + 1);
    if (strcmp(sort, "relevance") == 0 && !(q->tree && has_words(q->tree)))
        sort = "score";
    if (q->tree && w->wrong != WRONG_TYPO)
        forgive(w, q, q->tree);
    for (size_t i = 0; i < w->n; i++) {
        const struct doc *d = &w->docs[i];

        q->found[i] = matches(w, d, q, 0, mem);
        if (q->found[i])
            out[n++] =
                (struct ranked){d, q->tree ? relevance_of(w, d, q->tree) : 0, sort, w->wrong};
    }
    qsort(out, n, sizeof(*out), by_rank);
    return w->wrong == WRONG_ROW && n ? n - 1 : n;
}

/* Panes */

static inline int by_count(const void *a, const void *b)
{
    const struct facet_value *x = a, *y = b;

    return x->count != y->count ? by_number(y->count, x->count) : strcmp(x->value, y->value);
}

/* The whole pane, sorted; the number of its values. */
static inline size_t oracle_pane(const struct world *w, struct arena *mem, const struct want *q,
                                 int facet, struct facet_value *out)
{
    bool has_own = q->in[facet].n && w->wrong != WRONG_PANES;
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        const struct doc *d = &w->docs[i];

        if (has_own ? !matches(w, d, q, facet, mem) : !q->found[i])
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
