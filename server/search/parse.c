#include <string.h>

#include "server/search/query.h"
#include "server/search/segment.h"
#include "server/search/words.h"

struct parser {
    struct arena *mem;
    const char *text, *at;
    struct node *into; /* AND that grows */
    size_t n;          /* words and fields so far */
    size_t n_prefixes;
    struct problem *why;
};

static enum err bad(const struct parser *p, const char *at, const char *what)
{
    int column = 1;

    for (const char *c = p->text; c < at; c++)
        column += ((unsigned char)*c & 0xc0) != 0x80;
    return problem_set(p->why, "q", "column %d: %s", column, what);
}

static struct node *node_new(struct arena *mem, enum node_kind kind)
{
    struct node *n = arena_alloc(mem, sizeof(*n));

    n->kind = kind;
    return n;
}

/* An AND or NOT with room for any kids that a q can have. */
static struct node *node_of(struct arena *mem, enum node_kind kind, size_t room)
{
    struct node *n = node_new(mem, kind);

    n->kids = arena_alloc(mem, room * sizeof(struct node *));
    return n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_end(char c)
{
    return c == '\0' || is_blank(c);
}

/* Up to a blank, a quote or one of `stops`; or a quoted text, which may have blanks. */
static enum err take_run(struct parser *p, const char *stops, const char **out)
{
    const char *from = p->at;

    if (*p->at != '"') {
        while (!is_end(*p->at) && *p->at != '"' && !strchr(stops, *p->at))
            p->at++;
        *out = arena_strndup(p->mem, from, (size_t)(p->at - from));
        return ERR_OK;
    }
    p->at = strchr(from + 1, '"');
    if (!p->at)
        return bad(p, from, "the quote does not end");
    *out = arena_strndup(p->mem, from + 1, (size_t)(p->at - from - 1));
    p->at++;
    return ERR_OK;
}

struct words {
    struct arena *mem;
    struct node *all;
};

static void take_word(void *arg, const char *word)
{
    struct words *w = arg;
    struct node *n;

    if (w->all->n > NODES_MAX) /* enough for it to be refused */
        return;
    n = node_new(w->mem, NODE_WORD);
    n->word = arena_strdup(w->mem, word);
    w->all->kids[w->all->n++] = n;
}

/* "e-commerce" is two words; the star of "e-comm*" belongs to the last. */
static enum err parse_word(struct parser *p, const char *from, const char *run, struct node **out)
{
    struct words w = {p->mem, node_of(p->mem, NODE_AND, NODES_MAX + 1)};
    size_t n = strlen(run);
    bool star = n && run[n - 1] == '*';
    const char *plain = arena_strndup(p->mem, run, n - star), *wrong = strpbrk(plain, "*()");

    if (wrong)
        return bad(p, from + (*from == '"') + (wrong - plain),
                   *wrong == '*' ? "a star stands at the end of a word"
                                 : "parentheses have no meaning here");
    words_of_query(p->mem, plain, take_word, &w);
    if (!w.all->n)
        return bad(p, from, "there is no word here");
    p->n += w.all->n;
    p->n_prefixes += star;
    if (star)
        w.all->kids[w.all->n - 1]->kind = NODE_PREFIX;
    *out = w.all->n == 1 ? w.all->kids[0] : w.all;
    return ERR_OK;
}

static enum err parse_values(struct parser *p, struct strs *out)
{
    const char **v = arena_alloc(p->mem, (strlen(p->at) + 1) * sizeof(*v));

    *out = (struct strs){v, 0};
    for (;;) {
        const char *from = p->at;

        if (take_run(p, ",", &v[out->n]))
            return ERR_INVALID;
        if (!*v[out->n++])
            return bad(p, from, "a value is missing");
        if (*p->at != ',')
            return ERR_OK;
        p->at++;
    }
}

/* At the colon behind a field's name, which began at `from`. */
static enum err parse_field(struct parser *p, const char *from, const char *name, struct node **out)
{
    enum facet f = facet_find(name);
    bool has = strcmp(name, "has") == 0;
    const char *value;

    if (!*name)
        return bad(p, from, "a field's name is missing before the colon");
    if (!f && !has)
        return bad(p, from, "there is no such field");
    value = ++p->at;
    *out = node_new(p->mem, NODE_VALUES);
    (*out)->dict = has ? DICT_CONTACT : TEXT_CLASSES + (int)f;
    (*out)->any_case = true;
    p->n++;
    if (parse_values(p, &(*out)->values))
        return ERR_INVALID;
    for (size_t i = 0; has && i < (*out)->values.n; i++)
        if (strcmp((*out)->values.v[i], "email") != 0 && strcmp((*out)->values.v[i], "phone") != 0)
            return bad(p, value, "has: takes email or phone");
    return ERR_OK;
}

static enum err parse_plain(struct parser *p, struct node **out)
{
    const char *from = p->at, *run;

    if (take_run(p, ":", &run))
        return ERR_INVALID;
    if (*p->at == ':' && *from != '"')
        return parse_field(p, from, run, out);
    if (*from == '"' && strpbrk(run, " \t\r\n"))
        return bad(p, from, "a quoted phrase stands only as the value of a field");
    if (!*run)
        return bad(p, from, "a word is missing");
    if (*from == '"' && *p->at == '*') { /* "a"* is a* */
        run = arena_printf(p->mem, "%s*", run);
        p->at++;
    }
    return parse_word(p, from, run, out);
}

static enum err parse_clause(struct parser *p)
{
    const char *from = p->at;
    struct node *n = NULL, *no;

    p->at += *from == '-';
    if (parse_plain(p, &n))
        return ERR_INVALID;
    if (p->n > NODES_MAX)
        return bad(p, from, "there are too many words and fields");
    if (p->n_prefixes > PREFIXES_MAX)
        return bad(p, from, "there are too many words with a star");
    if (!is_end(*p->at))
        return bad(p, p->at, "a blank is missing");
    if (*from == '-') {
        no = node_of(p->mem, NODE_NOT, 1);
        no->kids[no->n++] = n;
        n = no;
    }
    p->into->kids[p->into->n++] = n;
    return ERR_OK;
}

enum err parse_q(struct arena *mem, const char *q, struct node **out, struct problem *why)
{
    struct parser p = {.mem = mem, .text = q ? q : "", .why = why};

    p.at = p.text;
    p.into = node_of(mem, NODE_AND, NODES_MAX);
    for (;;) {
        while (is_blank(*p.at))
            p.at++;
        if (!*p.at)
            break;
        if (parse_clause(&p))
            return ERR_INVALID;
    }
    *out = p.into;
    return ERR_OK;
}
