#include "server/search/query.h"

#include <string.h>
#include <strings.h>

#include "server/search/words.h"

enum { CLAUSES_MAX = 64, PAGE = 10, PAGE_MAX = 1000 };

struct parser {
    struct arena *mem;
    const char *text, *at;
    struct ask *ask;
    struct problem *why;
    bool negative, prefix;
    enum err err;
};

static int column(const struct parser *p)
{
    int n = 1;

    for (const char *c = p->text; c < p->at; c++)
        n += ((unsigned char)*c & 0xc0) != 0x80;
    return n;
}

static enum err bad(struct parser *p, const char *what)
{
    return problem_set(p->why, "q", "column %d: %s", column(p), what);
}

static struct clause *add_clause(struct ask *ask)
{
    return ask->n < CLAUSES_MAX ? &ask->clauses[ask->n++] : NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A run up to a blank or one of `stops`, or a quoted text. */
static enum err take_run(struct parser *p, const char *stops, const char **out)
{
    const char *from = p->at;

    if (*p->at != '"') {
        while (*p->at && !is_blank(*p->at) && *p->at != '"' && !strchr(stops, *p->at))
            p->at++;
        *out = arena_strndup(p->mem, from, (size_t)(p->at - from));
        return ERR_OK;
    }
    while (*++p->at && *p->at != '"')
        ;
    if (!*p->at) {
        p->at = from;
        return bad(p, "the quote does not end");
    }
    *out = arena_strndup(p->mem, from + 1, (size_t)(p->at - from - 1));
    p->at++;
    return ERR_OK;
}

static void take_word(void *arg, const char *word)
{
    struct parser *p = arg;
    struct clause *c = add_clause(p->ask);

    if (!c) {
        p->err = bad(p, "too many words");
        return;
    }
    *c = (struct clause){
        .kind = CLAUSE_WORD, .negative = p->negative, .word = arena_strdup(p->mem, word)};
}

/* "e-commerce" is two words; the star of "e-comm*" belongs to the last. */
static enum err parse_word(struct parser *p, const char *run)
{
    size_t n = strlen(run), before = p->ask->n;
    bool star = n && run[n - 1] == '*';
    char *plain = arena_strndup(p->mem, run, n - star);

    if (strchr(plain, '*'))
        return bad(p, "a star stands at the end of a word");
    p->err = ERR_OK;
    words_of_query(p->mem, plain, take_word, p);
    if (p->err)
        return p->err;
    if (p->ask->n == before)
        return bad(p, "there is no word here");
    if (star)
        p->ask->clauses[p->ask->n - 1].kind = CLAUSE_PREFIX;
    if (p->negative && p->ask->n - before > 1)
        return bad(p, "only a single word can be excluded");
    return ERR_OK;
}

static enum err parse_values(struct parser *p, struct strs *out)
{
    const char **v = arena_alloc(p->mem, (strlen(p->at) + 1) * sizeof(*v));

    *out = (struct strs){v, 0};
    do {
        if (*p->at == ',')
            p->at++;
        if (take_run(p, ",", &v[out->n]))
            return ERR_INVALID;
        if (!*v[out->n])
            return bad(p, "a value is missing");
        out->n++;
    } while (*p->at == ',');
    return ERR_OK;
}

static enum err parse_field(struct parser *p, const char *name)
{
    enum facet f = facet_find(name);
    bool has = strcmp(name, "has") == 0;
    struct clause *c;

    p->at++;
    c = add_clause(p->ask);
    if (!c)
        return bad(p, "too many conditions");
    *c = (struct clause){.kind = CLAUSE_VALUES,
                         .negative = p->negative,
                         .any_case = true,
                         .dict = has ? DICT_CONTACT : TEXT_CLASSES + (int)f};
    if (parse_values(p, &c->values))
        return ERR_INVALID;
    for (size_t i = 0; has && i < c->values.n; i++)
        if (strcmp(c->values.v[i], "email") != 0 && strcmp(c->values.v[i], "phone") != 0)
            return bad(p, "has: takes email or phone");
    return ERR_OK;
}

static enum err parse_clause(struct parser *p)
{
    const char *run, *from;
    enum err err;

    p->negative = *p->at == '-';
    p->at += p->negative;
    from = p->at;
    err = take_run(p, ":", &run);
    if (err)
        return err;
    if (*p->at == ':' && *from != '"') {
        const char *colon = p->at;

        p->at = from;
        if (!*run)
            return bad(p, "a field's name is missing before the colon");
        if (!facet_find(run) && strcmp(run, "has") != 0)
            return bad(p, "there is no such field");
        p->at = colon;
        return parse_field(p, run);
    }
    if (*from == '"' && strchr(run, ' ')) {
        p->at = from;
        return bad(p, "a quoted phrase stands only as the value of a field");
    }
    if (!*run) {
        p->at = from;
        return bad(p, "a word is missing");
    }
    return parse_word(p, run);
}

static enum err parse_q(struct parser *p)
{
    for (;;) {
        while (is_blank(*p->at))
            p->at++;
        if (!*p->at)
            return ERR_OK;
        if (parse_clause(p))
            return ERR_INVALID;
    }
}

static void add_values(struct ask *ask, const struct strs *values, int dict, int selection,
                       bool negative)
{
    struct clause *c;

    if (!values->n)
        return;
    c = add_clause(ask);
    if (c)
        *c = (struct clause){.kind = CLAUSE_VALUES,
                             .negative = negative,
                             .dict = dict,
                             .selection = selection,
                             .values = *values};
}

static enum err name_panes(struct ask *ask, const char *text, struct arena *mem,
                           struct problem *why)
{
    while (*text) {
        size_t n = strcspn(text, ",");
        const char *name = arena_strndup(mem, text, n);
        enum facet f = facet_find(name);

        if (strcmp(name, "all") == 0)
            for (int i = 1; i < FACET_END; i++)
                ask->panes[i] = true;
        else if (f)
            ask->panes[f] = true;
        else if (n && strcmp(name, "none") != 0)
            return problem_set(why, "facets", "there is no such facet");
        text += n + (text[n] == ',');
    }
    return ERR_OK;
}

static enum err choose_panes(struct arena *mem, const struct search_query *q, struct ask *ask,
                             struct problem *why)
{
    static const enum facet first[] = {FACET_seniority, FACET_department, FACET_industry,
                                       FACET_employees, FACET_country,    FACET_email_status};

    for (size_t i = 0; !q->facets.n && i < sizeof(first) / sizeof(*first); i++)
        ask->panes[first[i]] = true;
    for (size_t i = 0; i < q->facets.n; i++)
        if (name_panes(ask, q->facets.v[i], mem, why))
            return ERR_INVALID;
    return ERR_OK;
}

static enum err choose_sort(const struct search_query *q, struct ask *ask, struct problem *why)
{
    static const char *const words[] = {"relevance", "score",   "name",
                                        "company",   "updated", "quality"};
    const char *text = q->sort;

    ask->sort = ask->words ? SORT_RELEVANCE : SORT_SCORE;
    if (!text)
        return ERR_OK;
    ask->reverse = *text == '-';
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcmp(words[i], text + ask->reverse) != 0)
            continue;
        ask->sort = (enum sort)i;
        if (ask->sort == SORT_RELEVANCE && !ask->words)
            ask->sort = SORT_SCORE;
        return ERR_OK;
    }
    return problem_set(why, "sort", "there is no such order");
}

enum err ask_parse(struct arena *mem, const struct search_query *q, struct ask *out,
                   struct problem *why)
{
    struct parser p = {.mem = mem, .text = q->q ? q->q : "", .ask = out, .why = why};
    enum err err;

    *out = (struct ask){.page_size = q->page_size ? (size_t)q->page_size : PAGE};
    out->clauses = arena_alloc(mem, (CLAUSES_MAX + FACET_END * 2 + 4) * sizeof(*out->clauses));
    if (out->page_size > PAGE_MAX)
        return problem_set(why, "page_size", "page_size is more than %d", PAGE_MAX);
    p.at = p.text;
    err = parse_q(&p);
    if (err)
        return err;
    for (size_t i = 0; i < out->n; i++)
        out->words += out->clauses[i].kind != CLAUSE_VALUES && !out->clauses[i].negative;
    for (size_t i = 0; i < q->has.n; i++)
        add_values(out, &(struct strs){q->has.v + i, 1}, DICT_CONTACT, 0, false);
    add_values(out, &q->not_has, DICT_CONTACT, 0, true);
    for (int f = 1; f < FACET_END; f++) {
        add_values(out, &q->in[f], TEXT_CLASSES + f, f, false);
        add_values(out, &q->out[f], TEXT_CLASSES + f, 0, true);
    }
    err = choose_sort(q, out, why);
    return err ? err : choose_panes(mem, q, out, why);
}

/* The union of a run of a dict's postings. */
static struct set union_of(struct arena *mem, const struct segment *s, int dict,
                           const uint32_t *list, size_t n)
{
    uint64_t *bits;

    if (n == 0)
        return set_none(s->n);
    if (n == 1)
        return dict_set(s, dict, list[0]);
    bits = arena_alloc(mem, (bits_words(s->n) + 1) * sizeof(*bits));
    for (size_t i = 0; i < n; i++) {
        struct set one = dict_set(s, dict, list[i]);

        set_or_into(bits, &one);
    }
    return set_from_bits(mem, bits, s->n);
}

static struct set values_set(struct arena *mem, const struct segment *s, const struct clause *c)
{
    const struct texts *t = &s->dicts[c->dict].texts;
    uint32_t *list = arena_alloc(mem, (t->n + c->values.n) * sizeof(*list));
    size_t n = 0;

    for (size_t i = 0; i < c->values.n; i++) {
        uint32_t at = texts_find(t, c->values.v[i]);

        if (at != UINT32_MAX)
            list[n++] = at;
        for (uint32_t k = 0; c->any_case && k < t->n; k++)
            if (k != at && strcasecmp(texts_at(t, k), c->values.v[i]) == 0 && n < t->n)
                list[n++] = k;
    }
    return union_of(mem, s, c->dict, list, n);
}

struct set clause_class_set(struct arena *mem, const struct segment *s, const struct clause *c,
                            enum text_class word_class)
{
    const struct texts *t = &s->dicts[word_class].texts;
    uint32_t at = texts_lower(t, c->word), n = 0;
    size_t len = strlen(c->word);
    uint32_t *list;

    if (c->kind == CLAUSE_WORD) {
        bool found = at < t->n && strcmp(texts_at(t, at), c->word) == 0;

        return found ? dict_set(s, (int)word_class, at) : set_none(s->n);
    }
    while (at + n < t->n && strncmp(texts_at(t, at + n), c->word, len) == 0)
        n++;
    list = arena_alloc(mem, n * sizeof(*list));
    for (uint32_t i = 0; i < n; i++)
        list[i] = at + i;
    return union_of(mem, s, (int)word_class, list, n);
}

struct set clause_set(struct arena *mem, const struct segment *s, const struct clause *c)
{
    struct set in[TEXT_CLASSES];
    uint64_t *bits;
    int only = -1, n = 0;

    if (c->kind == CLAUSE_VALUES)
        return values_set(mem, s, c);
    for (int word_class = 0; word_class < TEXT_CLASSES; word_class++) {
        in[word_class] = clause_class_set(mem, s, c, (enum text_class)word_class);
        if (in[word_class].count) {
            only = word_class;
            n++;
        }
    }
    if (n <= 1)
        return n ? in[only] : set_none(s->n);
    bits = arena_alloc(mem, (bits_words(s->n) + 1) * sizeof(*bits));
    for (int word_class = 0; word_class < TEXT_CLASSES; word_class++)
        set_or_into(bits, &in[word_class]);
    return set_from_bits(mem, bits, s->n);
}
