#include <string.h>

#include "server/search/query.h"
#include "server/search/segment.h"

static struct node *values_node(struct arena *mem, int dict, const struct strs *values)
{
    struct node *n = arena_alloc(mem, sizeof(*n));

    *n = (struct node){.kind = NODE_VALUES, .dict = dict, .values = *values};
    return n;
}

static struct node *not_node(struct arena *mem, struct node *kid)
{
    struct node *n = arena_alloc(mem, sizeof(*n));

    *n = (struct node){.kind = NODE_NOT, .n = 1};
    n->kids = arena_alloc(mem, sizeof(struct node *));
    n->kids[0] = kid;
    return n;
}

static void add_kid(struct node *into, struct node *kid)
{
    into->kids[into->n++] = kid;
}

/* Every has holds; none of the nots does. */
static void add_contacts(struct arena *mem, const struct search_query *q, struct node *into)
{
    for (size_t i = 0; i < q->has.n; i++)
        add_kid(into, values_node(mem, DICT_CONTACT, &(struct strs){q->has.v + i, 1}));
    if (q->not_has.n)
        add_kid(into, not_node(mem, values_node(mem, DICT_CONTACT, &q->not_has)));
}

static void add_facets(struct arena *mem, const struct search_query *q, struct ask *a)
{
    for (int f = 1; f < FACET_END; f++) {
        if (q->in[f].n)
            a->selections[a->n_selections++] =
                (struct selection){(enum facet)f, values_node(mem, TEXT_CLASSES + f, &q->in[f])};
        if (q->out[f].n)
            add_kid(a->rest, not_node(mem, values_node(mem, TEXT_CLASSES + f, &q->out[f])));
    }
}

/* Words count for relevance where a match is what is asked for. */
static void gather_words(const struct node *n, struct ask *a)
{
    if (n->kind == NODE_WORD || n->kind == NODE_PREFIX)
        a->words[a->n_words++] = n;
    else if (n->kind == NODE_AND)
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

enum err ask_parse(struct arena *mem, const struct search_query *q, struct ask *out,
                   struct problem *why)
{
    struct node *words;
    enum err err;

    *out = (struct ask){.page_size = q->page_size ? (size_t)q->page_size : PAGE_DEFAULT};
    if (q->page_size < 0 || q->page_size > PAGE_MAX)
        return problem_set(why, "page_size", "page_size is 1 to %d", PAGE_MAX);
    err = parse_q(mem, q->q, &words, why);
    if (err)
        return err;
    out->words = arena_alloc(mem, (NODES_MAX + 1) * sizeof(const struct node *));
    gather_words(words, out);
    out->rest = arena_alloc(mem, sizeof(*out->rest));
    out->rest->kind = NODE_AND;
    out->rest->kids =
        arena_alloc(mem, (words->n + q->has.n + 1 + FACET_END) * sizeof(struct node *));
    for (size_t i = 0; i < words->n; i++)
        add_kid(out->rest, words->kids[i]);
    add_contacts(mem, q, out->rest);
    add_facets(mem, q, out);
    err = choose_sort(q, out, why);
    return err ? err : choose_panes(mem, q, out, why);
}
