/* Random questions of the whole grammar: a tree, and a text that says the same. */
#ifndef TESTS_UNIT_SEARCH_RANDOM_H
#define TESTS_UNIT_SEARCH_RANDOM_H

#include <time.h>

#include "tests/unit/search_oracle.h"

/* Asking about what is there, mostly. */

static inline const struct doc *any_doc(struct world *w)
{
    static const struct doc nobody;

    return w->n ? &w->docs[roll(&w->dice, w->n)] : &nobody;
}

/* class: of the word, CLASSES: any. */
static inline const char *any_word(struct world *w, const struct doc *d, int class)
{
    for (int tries = 0; tries < 20; tries++) {
        size_t c = class == CLASSES ? roll(&w->dice, CLASSES) : (size_t) class;

        if (d->n_words[c])
            return d->words[c][roll(&w->dice, d->n_words[c])];
    }
    return "zzz";
}

static inline const char *any_value(struct world *w, enum facet f)
{
    for (int tries = 0; tries < 50; tries++) {
        const struct doc *d = any_doc(w);

        if (d->n_values[f])
            return d->values[f][roll(&w->dice, d->n_values[f])];
    }
    return "nothing";
}

static inline enum facet any_facet(struct world *w)
{
    return (enum facet)(1 + roll(&w->dice, FACET_END - 1));
}

/* The first one to four characters. */
static inline const char *beginning(struct world *w, struct arena *mem, const char *word)
{
    size_t chars = 1 + roll(&w->dice, 4), n = 0, len;

    while (word[n] && chars--) {
        utf8_next(word + n, &len);
        n += len;
    }
    return arena_strndup(mem, word, n);
}

static inline bool is_reserved(const char *text)
{
    return strcmp(text, "OR") == 0 || strcmp(text, "AND") == 0 || strcmp(text, "NOT") == 0;
}

static inline const char *shouted(struct arena *mem, const char *text)
{
    char *out = arena_strdup(mem, text);

    for (char *p = out; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);
    return is_reserved(out) ? text : out;
}

static inline const char *misspelt(struct world *w, struct arena *mem, const char *word)
{
    size_t n = strlen(word), at = roll(&w->dice, n + 1);
    char *out = arena_printf(mem, "%s_", word);

    if (n < 4 || at == n)
        return word;
    for (size_t i = 0; i < n; i++)
        if (word[i] & 0x80)
            return word;
    switch (roll(&w->dice, 4)) {
    case 0:
        out[at] = (char)('a' + roll(&w->dice, 26));
        break;
    case 1:
        memmove(out + at, out + at + 1, n - at);
        out[n - 1] = '\0';
        return out;
    case 2:
        memmove(out + at + 1, out + at, n - at);
        out[at] = (char)('a' + roll(&w->dice, 26));
        out[n + 1] = '\0';
        return out;
    default:
        if (at + 1 < n) {
            out[at] = word[at + 1];
            out[at + 1] = word[at];
        }
    }
    out[n] = '\0';
    return out;
}

/* Leaves */

static inline struct want_node *node_of(struct arena *mem, enum want_kind kind)
{
    struct want_node *n = arena_alloc(mem, sizeof(*n));

    n->kind = kind;
    n->class = CLASSES;
    return n;
}

/* One word, or two that a hyphen joins; with or without a star. */
static inline struct want_node *make_words(struct world *w, struct arena *mem)
{
    struct want_node *n = node_of(mem, WANT_WORDS);
    const struct doc *d = any_doc(w);

    n->class = roll(&w->dice, 4) ? CLASSES : (int)roll(&w->dice, 3);
    n->n = 1 + (roll(&w->dice, 6) == 0);
    n->forgiving = true;
    for (size_t i = 0; i < n->n; i++)
        n->parts[i] = any_word(w, d, roll(&w->dice, 5) ? n->class : CLASSES);
    n->star = roll(&w->dice, 3) == 0;
    if (n->star)
        n->parts[n->n - 1] = beginning(w, mem, n->parts[n->n - 1]);
    else if (roll(&w->dice, 6) == 0)
        n->parts[0] = misspelt(w, mem, n->parts[0]);
    return n;
}

/* Two or three words that stand together somewhere, mostly in this order. */
static inline struct want_node *make_phrase(struct world *w, struct arena *mem)
{
    struct want_node *n = node_of(mem, WANT_PHRASE);
    const struct doc_text *t = NULL;
    size_t at;

    for (int tries = 0; tries < 20 && (!t || t->n < 2); tries++) {
        const struct doc *d = any_doc(w);

        t = d->n_texts ? &d->texts[roll(&w->dice, d->n_texts)] : NULL;
    }
    if (!t || t->n < 2)
        return make_words(w, mem);
    n->class = roll(&w->dice, 3) || t->class == CLASSES - 1 ? CLASSES : t->class;
    n->n = t->n > 2 && roll(&w->dice, 2) ? 3 : 2;
    at = roll(&w->dice, t->n - n->n + 1);
    for (size_t i = 0; i < n->n; i++)
        n->parts[i] = t->tokens[at + i];
    if (roll(&w->dice, 6) == 0) {
        n->parts[0] = t->tokens[at + 1];
        n->parts[1] = t->tokens[at];
    }
    n->star = roll(&w->dice, 5) == 0;
    if (n->star)
        n->parts[n->n - 1] = beginning(w, mem, n->parts[n->n - 1]);
    return n;
}

static inline bool is_numeric(enum facet f)
{
    return f == FACET_score || f == FACET_quality || f == FACET_employees || f == FACET_revenue ||
           f == FACET_updated;
}

/* A number as a person writes it, and all that it stands for. */
static inline const char *number_text(struct world *w, struct arena *mem, enum facet f, int64_t n,
                                      int64_t *lo, int64_t *hi)
{
    char text[64];
    time_t day = (time_t)(n / 86400000) * 86400;
    struct tm tm;

    *lo = *hi = n;
    if (f != FACET_updated) {
        if (f == FACET_revenue && n % 1000000 == 0 && roll(&w->dice, 2))
            return arena_printf(mem, "%lld%s", (long long)n / 1000000,
                                roll(&w->dice, 2) ? "M" : "m");
        if ((f == FACET_revenue || f == FACET_employees) && n % 1000 == 0 && roll(&w->dice, 2))
            return arena_printf(mem, "%lldK", (long long)n / 1000);
        return arena_printf(mem, "%lld", (long long)n);
    }
    if (roll(&w->dice, 5) == 0)
        return arena_strdup(mem, stamp_text((struct stamp){n}, text));
    if (!gmtime_r(&day, &tm))
        abort();
    if (roll(&w->dice, 3) == 0) {
        tm.tm_mday = 1;
        *lo = (int64_t)timegm(&tm) * 1000;
        strftime(text, sizeof(text), "%Y-%m", &tm);
        tm.tm_mon++;
        *hi = (int64_t)timegm(&tm) * 1000 - 1;
    } else {
        *lo = (int64_t)day * 1000;
        *hi = *lo + 86400000 - 1;
        strftime(text, sizeof(text), "%Y-%m-%d", &tm);
    }
    return arena_strdup(mem, text);
}

static inline int64_t any_number(struct world *w, enum facet f)
{
    int64_t n = 0;

    for (int tries = 0; tries < 20 && n == 0; tries++)
        n = number_of(&any_doc(w)->p, f);
    if (roll(&w->dice, 3) == 0)
        n += (int64_t)roll(&w->dice, 5) - 2;
    if (f == FACET_revenue && roll(&w->dice, 2))
        n -= n % 1000000;
    if (f == FACET_updated && n < 86400000)
        return 1767225600000;
    return n > 0 ? n : 1;
}

static inline struct alt any_range(struct world *w, struct arena *mem, enum facet f)
{
    struct alt a = {.is_range = true, .lo = INT64_MIN, .hi = INT64_MAX};
    int64_t one = any_number(w, f), two = any_number(w, f), lo, hi, unused;
    const char *x, *y;

    x = number_text(w, mem, f, one < two ? one : two, &lo, &hi);
    switch (roll(&w->dice, 8)) {
    case 0:
        a.lo = hi + 1;
        a.text = arena_printf(mem, ">%s", x);
        break;
    case 1:
        a.lo = lo;
        a.text = arena_printf(mem, ">=%s", x);
        break;
    case 2:
        a.hi = lo - 1;
        a.text = arena_printf(mem, "<%s", x);
        break;
    case 3:
        a.hi = hi;
        a.text = arena_printf(mem, "<=%s", x);
        break;
    case 4:
        a.lo = lo;
        a.text = arena_printf(mem, "%s..", x);
        break;
    case 5:
        a.hi = hi;
        a.text = arena_printf(mem, "..%s", x);
        break;
    case 6:
        a.lo = lo;
        a.hi = hi;
        a.text = x;
        break;
    default:
        a.lo = lo;
        y = number_text(w, mem, f, one < two ? two : one, &unused, &a.hi);
        a.text = arena_printf(mem, "%s..%s", x, y);
    }
    return a;
}

/* in q: what is written may differ in case, be a beginning, or a country's name. */
static inline struct alt any_alt_of(struct world *w, struct arena *mem, enum facet f, bool in_q)
{
    struct alt a = {0};

    if (is_numeric(f) && (f == FACET_updated || roll(&w->dice, 3)))
        return any_range(w, mem, f);
    a.text = any_value(w, f);
    if (is_numeric(f) && strcmp(a.text, "nothing") == 0)
        return any_range(w, mem, f);
    if (!in_q)
        return a;
    if (f == FACET_country && country_name(a.text) && roll(&w->dice, 2))
        a.text = country_name(a.text);
    if (!is_numeric(f) && roll(&w->dice, 6) == 0) {
        a.star = true;
        a.text = beginning(w, mem, utf8_fold(mem, a.text));
    }
    if (roll(&w->dice, 3) == 0)
        a.text = shouted(mem, a.text);
    return a;
}

static inline struct want_node *make_values(struct world *w, struct arena *mem)
{
    static const char *const contacts[] = {"email", "phone"};
    struct want_node *n = node_of(mem, WANT_VALUES);

    n->facet = roll(&w->dice, 6) ? any_facet(w) : FACET_NONE;
    n->n = 1 + roll(&w->dice, 3);
    n->mode = roll(&w->dice, 3) ? MODE_ANY : roll(&w->dice, 2) ? MODE_ALL : MODE_NONE;
    for (size_t i = 0; i < n->n; i++)
        n->alts[i] = n->facet ? any_alt_of(w, mem, n->facet, true)
                              : (struct alt){.text = contacts[roll(&w->dice, 2)]};
    return n;
}

/* Trees */

static inline struct want_node *make_leaf(struct world *w, struct arena *mem)
{
    uint64_t kind = roll(&w->dice, 16);

    if (kind < 8)
        return make_words(w, mem);
    if (kind < 10)
        return make_phrase(w, mem);
    return kind < 15 ? make_values(w, mem) : node_of(mem, WANT_OWNED);
}

static inline struct want_node *make_tree(struct world *w, struct arena *mem, int depth)
{
    struct want_node *n;

    if (depth == 0 || roll(&w->dice, 3) == 0)
        return make_leaf(w, mem);
    if (roll(&w->dice, 5) == 0) {
        n = node_of(mem, WANT_NOT);
        n->kids[n->n++] = make_tree(w, mem, depth - 1);
        return n;
    }
    n = node_of(mem, roll(&w->dice, 2) ? WANT_AND : WANT_OR);
    for (size_t k = 2 + roll(&w->dice, KIDS_MOST - 1); n->n < k;)
        n->kids[n->n++] = make_tree(w, mem, depth - 1);
    return n;
}

/* Texts */

static inline bool needs_quotes(const char *text)
{
    return is_reserved(text) || text[strcspn(text, " \t\",():*")] || *text == '-';
}

static inline void say_value(struct world *w, struct buf *q, const struct alt *a)
{
    if (needs_quotes(a->text) ? true : roll(&w->dice, 3) == 0)
        buf_printf(q, "\"%s\"%s", a->text, a->star ? "*" : "");
    else
        buf_printf(q, "%s%s", a->text, a->star ? "*" : "");
}

static inline void say_list(struct world *w, struct buf *q, const struct want_node *n,
                            const char *between)
{
    for (size_t i = 0; i < n->n; i++) {
        buf_str(q, i ? between : "");
        say_value(w, q, &n->alts[i]);
    }
}

static inline void say_values(struct world *w, struct buf *q, const struct want_node *n)
{
    static const char *const forms[][3][3] = {
        [MODE_ANY] = {{"", ",", ""}, {"(", " OR ", ")"}, {"any(", " , ", ")"}},
        [MODE_ALL] = {{"all(", ",", ")"}, {"(", " ", ")"}, {"( ", " AND ", " )"}},
        [MODE_NONE] = {{"none(", ",", ")"}, {"(-", " -", ")"}, {"(NOT ", " NOT ", ")"}},
    };
    const char *const *form = forms[n->mode][roll(&w->dice, 3)];

    buf_printf(q, "%s:%s", n->facet ? facet_name(n->facet) : "has", form[0]);
    say_list(w, q, n, form[1]);
    buf_str(q, form[2]);
}

static const char *const class_names[] = {"title:", "name:", "company:", "", ""};

static inline void say_words(struct world *w, struct arena *mem, struct buf *q,
                             const struct want_node *n)
{
    bool phrase = n->kind == WANT_PHRASE;
    const char *text = n->parts[0];

    for (size_t i = 1; i < n->n; i++)
        text =
            arena_printf(mem, "%s%s%s", text, phrase && roll(&w->dice, 3) ? " " : "-", n->parts[i]);
    if (roll(&w->dice, 4) == 0)
        text = shouted(mem, text);
    buf_printf(q, phrase ? "%s\"%s\"%s" : "%s%s%s", class_names[n->class], text,
               n->star ? "*" : "");
}

static inline void say(struct world *w, struct arena *mem, struct buf *q, const struct want_node *n,
                       enum want_kind around);

static inline void say_group(struct world *w, struct arena *mem, struct buf *q,
                             const struct want_node *n, enum want_kind around)
{
    bool either = n->kind == WANT_OR;
    /* AND binds tighter than OR, and NOT tighter than both */
    bool parentheses = around == WANT_NOT || (around == WANT_AND && either) ||
                       (around == WANT_OR && roll(&w->dice, 2)) || roll(&w->dice, 5) == 0;

    buf_str(q, parentheses ? roll(&w->dice, 2) ? "(" : "( " : "");
    for (size_t i = 0; i < n->n; i++) {
        if (i)
            buf_str(q, either ? " OR " : roll(&w->dice, 4) ? " " : " AND ");
        say(w, mem, q, n->kids[i], n->kind);
    }
    buf_str(q, parentheses ? ")" : "");
}

/* around: the kind of the node that this one stands in. */
static inline void say(struct world *w, struct arena *mem, struct buf *q, const struct want_node *n,
                       enum want_kind around)
{
    switch (n->kind) {
    case WANT_AND:
    case WANT_OR:
        say_group(w, mem, q, n, around);
        break;
    case WANT_NOT:
        buf_str(q, roll(&w->dice, 2) ? "-" : "NOT ");
        say(w, mem, q, n->kids[0], WANT_NOT);
        break;
    case WANT_WORDS:
    case WANT_PHRASE:
        say_words(w, mem, q, n);
        break;
    case WANT_VALUES:
        say_values(w, q, n);
        break;
    case WANT_OWNED:
        buf_str(q, "owned:yes");
        break;
    }
}

/* The members of the request */

static inline struct strs some_values(struct world *w, struct arena *mem, enum facet f,
                                      struct alts *alts)
{
    size_t n = 1 + roll(&w->dice, 3);
    const char **v = arena_alloc(mem, n * sizeof(*v));

    for (size_t i = 0; i < n; i++) {
        alts->v[i] = any_alt_of(w, mem, f, false);
        v[i] = alts->v[i].text;
    }
    alts->n = n;
    return (struct strs){v, n};
}

static inline void ask_filters(struct world *w, struct arena *mem, struct want *want)
{
    static const char *const contacts[] = {"email", "phone"};
    struct alts unused;

    for (uint64_t i = roll(&w->dice, 4); i; i--) {
        enum facet f = any_facet(w);

        want->q.in[f] = some_values(w, mem, f, &want->in[f]);
    }
    for (uint64_t i = roll(&w->dice, 3); i; i--) {
        enum facet f = any_facet(w);

        want->q.out[f] = some_values(w, mem, f, &want->out[f]);
    }
    if (roll(&w->dice, 5) == 0)
        want->q.has = (struct strs){contacts, 1 + roll(&w->dice, 2)};
    if (roll(&w->dice, 8) == 0)
        want->q.not_has = (struct strs){contacts + 1, 1};
    if (roll(&w->dice, 9) == 0)
        want->q.owned = roll(&w->dice, 2) ? "yes" : "no";
    if (roll(&w->dice, 12) == 0)
        want->q.technology_all = some_values(w, mem, FACET_technology, &unused);
    if (roll(&w->dice, 16) == 0)
        want->q.keyword_all = some_values(w, mem, FACET_keyword, &unused);
}

/* What the grammar has ceilings for. */
static inline void count_parts(const struct want_node *n, size_t *stars, size_t *phrases,
                               size_t *all)
{
    *phrases += n->kind == WANT_PHRASE;
    *all += n->kind == WANT_OWNED;
    *stars += n->star;
    for (size_t i = 0; i < n->n; i++) {
        if (n->kind < WANT_WORDS) {
            count_parts(n->kids[i], stars, phrases, all);
            continue;
        }
        *all += 1;
        *stars += n->kind == WANT_VALUES && n->alts[i].star;
    }
}

static inline bool is_too_much(const struct want_node *n)
{
    size_t stars = 0, phrases = 0, all = 0;

    count_parts(n, &stars, &phrases, &all);
    return stars > 8 || phrases > 8 || all > 64;
}

static inline struct want make_want(struct world *w, struct arena *mem)
{
    static const char *const sorts[] = {NULL,      "relevance", "score",   "-score",
                                        "name",    "-name",     "company", "-company",
                                        "updated", "-updated",  "quality", "-quality"};
    static const char *const all[] = {"all"}, *const some[] = {"city,score", "keyword"},
                             *const none[] = {"none"};
    struct want want = {.account = roll(&w->dice, ACCOUNTS)};
    struct buf q = BUF_INIT(16384);
    uint64_t panes = roll(&w->dice, 8);

    if (roll(&w->dice, 6)) {
        do
            want.tree = make_tree(w, mem, (int)roll(&w->dice, 4));
        while (is_too_much(want.tree));
        say(w, mem, &q, want.tree, WANT_OR);
        want.q.q = arena_strdup(mem, q.data);
    }
    buf_free(&q);
    if (roll(&w->dice, 2))
        ask_filters(w, mem, &want);
    want.q.sort = sorts[roll(&w->dice, sizeof(sorts) / sizeof(*sorts))];
    want.q.facets = panes < 4    ? (struct strs){all, 1}
                    : panes == 4 ? (struct strs){some, 2}
                    : panes == 5 ? (struct strs){none, 1}
                                 : (struct strs){0};
    return want;
}

#endif
