#include <string.h>

#include "server/search/query.h"
#include "server/search/segment.h"

static struct node *values_node(struct arena *mem, int dict, const struct strs *values)
{
    struct node *n = arena_alloc(mem, sizeof(*n));

    *n = (struct node){.kind = NODE_VALUES, .dict = dict, .values = *values};
    return n;
}

static struct node *group(struct arena *mem, enum node_kind kind, size_t room)
{
    struct node *n = arena_alloc(mem, sizeof(*n));

    *n = (struct node){.kind = kind, .kids = arena_alloc(mem, room * sizeof(struct node *))};
    return n;
}

static void add_kid(struct node *into, struct node *kid)
{
    into->kids[into->n++] = kid;
}

static struct node *not_node(struct arena *mem, struct node *kid)
{
    struct node *n = group(mem, NODE_NOT, 1);

    add_kid(n, kid);
    return n;
}

/* Every has holds; none of the nots does. */
static void add_contacts(struct arena *mem, const struct search_query *q, struct node *into)
{
    for (size_t i = 0; i < q->has.n; i++)
        add_kid(into, values_node(mem, DICT_CONTACT, &(struct strs){q->has.v + i, 1}));
    if (q->not_has.n)
        add_kid(into, not_node(mem, values_node(mem, DICT_CONTACT, &q->not_has)));
}

static enum err range_node(struct arena *mem, const char *field, enum column c, const char *text,
                           struct node **out, struct problem *why)
{
    struct node *n = arena_alloc(mem, sizeof(*n));
    const char *wrong = range_parse(mem, c, text, &n->lo, &n->hi);

    n->kind = NODE_RANGE;
    n->column = c;
    n->source = arena_printf(mem, "%s:%s", field, text);
    *out = n;
    return wrong ? problem_set(why, field, "%s", wrong) : ERR_OK;
}

/* Any of these: values as they are, and of the numeric facets ranges too. */
static enum err any_of(struct arena *mem, const char *field, enum facet f,
                       const struct strs *values, struct node **out, struct problem *why)
{
    struct node *any = group(mem, NODE_OR, values->n + 1), *one;
    const char **plain = arena_alloc(mem, values->n * sizeof(*plain));
    size_t n_plain = 0;
    enum column column;
    bool numeric = range_column(f, &column);

    for (size_t i = 0; i < values->n; i++) {
        const char *value = numeric ? range_bucket(f, values->v[i]) : values->v[i];

        if (value) {
            plain[n_plain++] = value;
            continue;
        }
        if (range_node(mem, field, column, values->v[i], &one, why))
            return ERR_INVALID;
        add_kid(any, one);
    }
    if (n_plain)
        add_kid(any, values_node(mem, TEXT_CLASSES + (int)f, &(struct strs){plain, n_plain}));
    *out = any->n == 1 ? any->kids[0] : any;
    return ERR_OK;
}

static enum err add_facets(struct arena *mem, const struct search_query *q, struct ask *a,
                           struct problem *why)
{
    for (int f = 1; f < FACET_END; f++) {
        const char *name = facet_name((enum facet)f);
        struct node *n = NULL;

        if (q->in[f].n) {
            if (any_of(mem, name, (enum facet)f, &q->in[f], &n, why))
                return ERR_INVALID;
            a->selections[a->n_selections++] = (struct selection){(enum facet)f, n};
        }
        if (q->out[f].n) {
            name = arena_printf(mem, "-%s", name);
            if (any_of(mem, name, (enum facet)f, &q->out[f], &n, why))
                return ERR_INVALID;
            add_kid(a->rest, not_node(mem, n));
        }
    }
    return ERR_OK;
}

/* Every one of these. */
static void add_all(struct arena *mem, enum facet f, const struct strs *values, struct node *into)
{
    for (size_t i = 0; i < values->n; i++)
        add_kid(into, values_node(mem, TEXT_CLASSES + (int)f, &(struct strs){values->v + i, 1}));
}

static enum err add_owned(struct arena *mem, const struct search_query *q, struct node *into,
                          struct problem *why)
{
    struct node *n = group(mem, NODE_OWNED, 0);

    if (!q->owned)
        return ERR_OK;
    n->source = "owned:yes";
    if (strcmp(q->owned, "no") == 0)
        n = not_node(mem, n);
    else if (strcmp(q->owned, "yes") != 0)
        return problem_set(why, "owned", "owned is yes or no");
    add_kid(into, n);
    return ERR_OK;
}

/* Words count for relevance where a match is what is asked for. */
static void gather_words(struct node *n, struct ask *a)
{
    if (n->kind == NODE_WORD || n->kind == NODE_PREFIX || n->kind == NODE_PHRASE)
        a->words[a->n_words++] = n;
    else if (n->kind == NODE_AND || n->kind == NODE_OR)
        for (size_t i = 0; i < n->n; i++)
            gather_words(n->kids[i], a);
}

static enum err name_panes(struct ask *a, const char *text, struct arena *mem, struct problem *why)
{
    while (*text) {
        size_t n = strcspn(text, ",");
        const char *name = arena_strndup(mem, text, n);
        enum facet f = facet_find(name);

        if (strcmp(name, "all") == 0)
            for (int i = 1; i < FACET_END; i++)
                a->panes[i] = true;
        else if (f)
            a->panes[f] = true;
        else if (n && strcmp(name, "none") != 0)
            return problem_set(why, "facets", "there is no such facet");
        text += n + (text[n] == ',');
    }
    return ERR_OK;
}

static enum err choose_panes(struct arena *mem, const struct search_query *q, struct ask *a,
                             struct problem *why)
{
    static const enum facet first[] = {FACET_seniority, FACET_department, FACET_industry,
                                       FACET_employees, FACET_country,    FACET_email_status};

    for (size_t i = 0; !q->facets.n && i < sizeof(first) / sizeof(*first); i++)
        a->panes[first[i]] = true;
    for (size_t i = 0; i < q->facets.n; i++)
        if (name_panes(a, q->facets.v[i], mem, why))
            return ERR_INVALID;
    return ERR_OK;
}

static enum err choose_sort(const struct search_query *q, struct ask *a, struct problem *why)
{
    static const char *const words[] = {
        [SORT_RELEVANCE] = "relevance", [SORT_SCORE] = "score",     [SORT_NAME] = "name",
        [SORT_COMPANY] = "company",     [SORT_UPDATED] = "updated", [SORT_QUALITY] = "quality"};
    const char *text = q->sort;

    a->sort = a->n_words ? SORT_RELEVANCE : SORT_SCORE;
    if (!text)
        return ERR_OK;
    a->reverse = *text == '-';
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcmp(words[i], text + a->reverse) != 0)
            continue;
        if (i != SORT_RELEVANCE)
            a->sort = (enum sort)i;
        else if (a->reverse)
            break;
        return ERR_OK;
    }
    return problem_set(why, "sort", "there is no such order");
}

/* Any of these addresses. */
static enum err add_emails(struct arena *mem, const struct search_query *q, struct node *into,
                           struct problem *why)
{
    struct node *any = group(mem, NODE_OR, q->email.n + 1);

    for (size_t i = 0; i < q->email.n; i++) {
        struct node *one = email_node(mem, q->email.v[i]);

        if (!one)
            return problem_set(why, "email", "email takes whole addresses");
        one->source = arena_printf(mem, "email:%s", q->email.v[i]);
        add_kid(any, one);
    }
    if (any->n)
        add_kid(into, any);
    return ERR_OK;
}

/* Everything of the request that narrows every pane, and the selections. */
static enum err make_tree(struct arena *mem, const struct search_query *q, struct node *words,
                          struct ask *a, struct problem *why)
{
    size_t room = 5 + FACET_END + q->has.n + q->technology_all.n + q->keyword_all.n;

    a->rest = group(mem, NODE_AND, room);
    if (words->kind != NODE_AND || words->n)
        add_kid(a->rest, words);
    add_contacts(mem, q, a->rest);
    add_all(mem, FACET_technology, &q->technology_all, a->rest);
    add_all(mem, FACET_keyword, &q->keyword_all, a->rest);
    if (add_owned(mem, q, a->rest, why) || add_emails(mem, q, a->rest, why))
        return ERR_INVALID;
    return add_facets(mem, q, a, why);
}

enum err ask_parse(struct arena *mem, const struct search_query *q, bool companies, struct ask *out,
                   struct problem *why)
{
    struct node *words;
    enum err err;

    *out = (struct ask){.page_size = q->page_size ? (size_t)q->page_size : PAGE_DEFAULT};
    if (q->page_size < 0 || q->page_size > PAGE_MAX)
        return problem_set(why, "page_size", "page_size is 1 to %d", PAGE_MAX);
    err = parse_q(mem, q->q, companies, &words, why);
    if (err)
        return err;
    out->words = arena_alloc(mem, (NODES_MAX + 1) * sizeof(struct node *));
    gather_words(words, out);
    err = make_tree(mem, q, words, out, why);
    if (!err)
        err = choose_sort(q, out, why);
    return err ? err : choose_panes(mem, q, out, why);
}
