#include <string.h>

#include "common/country.h"
#include "common/utf8.h"
#include "server/search/parse_field.h"
#include "server/search/query.h"
#include "server/search/segment.h"
#include "server/search/words.h"

struct parser {
    struct arena *mem;
    const char *text, *at;
    size_t n, n_prefixes, n_phrases; /* words and values so far, and those of a kind */
    int depth;
    struct q_field field; /* whose parentheses we are in */
    bool companies;       /* are asked for */
    struct problem *why;
};

static enum err parse_either(struct parser *p, struct node **out);

static enum err bad(const struct parser *p, const char *at, const char *what)
{
    int column = 1;

    for (const char *c = p->text; c < at; c++)
        column += ((unsigned char)*c & 0xc0) != 0x80;
    return problem_set(p->why, "q", "column %d: %s", column, what);
}

/* Nodes */

static struct node *node_new(struct arena *mem, enum node_kind kind)
{
    struct node *n = arena_alloc(mem, sizeof(*n));

    n->kind = kind;
    return n;
}

static void add_kid(struct arena *mem, struct node *into, struct node *kid)
{
    if ((into->n & (into->n - 1)) == 0) { /* room doubles at 0, 1, 2, 4, ... */
        struct node **kids = arena_alloc(mem, (into->n ? into->n * 2 : 1) * sizeof(struct node *));

        if (into->n)
            memcpy(kids, into->kids, into->n * sizeof(struct node *));
        into->kids = kids;
    }
    into->kids[into->n++] = kid;
}

static struct node *negated(struct parser *p, struct node *kid)
{
    struct node *no = node_new(p->mem, NODE_NOT);

    add_kid(p->mem, no, kid);
    return no;
}

/* Of one there is no need for a group. */
static struct node *simplest(struct node *n)
{
    return n->n == 1 ? n->kids[0] : n;
}

/* Characters */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_end(char c)
{
    return c == '\0' || c == ')' || is_blank(c);
}

static void skip_blanks(struct parser *p)
{
    while (is_blank(*p->at))
        p->at++;
}

/* OR, AND, NOT: in capitals, and a word by itself. */
static bool is_keyword(const char *at, const char *word)
{
    size_t n = strlen(word);

    return strncmp(at, word, n) == 0 && (is_end(at[n]) || at[n] == '(');
}

static bool is_operator(const char *at)
{
    return is_keyword(at, "OR") || is_keyword(at, "AND");
}

/* What is written at one place, with or without quotes. */
struct run {
    const char *from, *text;
    bool quoted, star;
};

/* Up to a blank, a quote, a parenthesis or one of `stops`; or a quoted text, which may have them.
 */
static enum err take_run(struct parser *p, const char *stops, struct run *out)
{
    const char *from = p->at, *end;

    *out = (struct run){.from = from, .quoted = *from == '"'};
    if (out->quoted) {
        end = strchr(from + 1, '"');
        if (!end)
            return bad(p, from, "the quote does not end");
        out->text = arena_strndup(p->mem, from + 1, (size_t)(end - from - 1));
        p->at = end + 1;
        out->star = *p->at == '*';
        p->at += out->star;
        return ERR_OK;
    }
    while (!is_end(*p->at) && *p->at != '"' && *p->at != '(' && !strchr(stops, *p->at))
        p->at++;
    out->star = p->at > from && p->at[-1] == '*';
    out->text = arena_strndup(p->mem, from, (size_t)(p->at - from - out->star));
    end = strchr(out->text, '*');
    return end ? bad(p, from + (end - out->text), "a star stands at the end of a word") : ERR_OK;
}

/* Count what was found against the ceilings. */
static enum err count(struct parser *p, const char *from, size_t n, bool star, bool phrase)
{
    p->n += n;
    p->n_prefixes += star;
    p->n_phrases += phrase;
    if (p->n > NODES_MAX)
        return bad(p, from, "there are too many words and values");
    if (p->n_prefixes > PREFIXES_MAX)
        return bad(p, from, "there are too many words with a star");
    return p->n_phrases > PHRASES_MAX ? bad(p, from, "there are too many phrases") : ERR_OK;
}

static const char *source_of(const struct parser *p, const char *from)
{
    return arena_strndup(p->mem, from, (size_t)(p->at - from));
}

/* Words */

struct gather {
    struct arena *mem;
    struct node *into;
    unsigned classes;
};

static void take_word(void *arg, const char *word)
{
    struct gather *g = arg;
    struct node *n;

    if (g->into->n > NODES_MAX) /* enough for it to be refused */
        return;
    n = node_new(g->mem, NODE_WORD);
    n->word = arena_strdup(g->mem, word);
    n->classes = g->classes;
    add_kid(g->mem, g->into, n);
}

static struct node *phrase_of(struct parser *p, const struct run *r, unsigned classes)
{
    struct node *phrase = node_new(p->mem, NODE_PHRASE);
    struct gather g = {p->mem, phrase, classes};
    const char *at = utf8_fold(p->mem, r->text), **words;
    char word[WORD_MAX + 8];

    while (words_next(&at, word))
        take_word(&g, word);
    words = arena_alloc(p->mem, phrase->n * sizeof(*words));
    for (size_t i = 0; i < phrase->n; i++) {
        words[i] = phrase->kids[i]->word;
        phrase->kids[i]->is_quoted = true;
    }
    phrase->values = (struct strs){words, phrase->n};
    phrase->classes = classes;
    phrase->star = r->star;
    return phrase;
}

static void name_source(struct parser *p, const struct node *n, const char *from)
{
    for (size_t i = 0; i < n->n; i++)
        n->kids[i]->source = source_of(p, from);
}

/* "e-commerce" is two words; the star of "e-comm*" belongs to the last. */
static enum err make_words(struct parser *p, const struct run *r, unsigned classes,
                           const char *from, struct node **out)
{
    struct gather g = {p->mem, node_new(p->mem, NODE_AND), classes};
    bool phrase;

    if (r->quoted)
        g.into = phrase_of(p, r, classes);
    else
        words_of_query(p->mem, r->text, take_word, &g);
    if (!g.into->n)
        return bad(p, r->from, "there is no word here");
    phrase = r->quoted && g.into->n > 1;
    if (r->star)
        g.into->kids[g.into->n - 1]->kind = NODE_PREFIX;
    g.into->source = source_of(p, from);
    name_source(p, g.into, from);
    *out = simplest(g.into);
    return count(p, r->from, g.into->n, r->star, phrase);
}

/* Values */

static struct node *value_node(struct parser *p, int dict, const char *text, bool star)
{
    struct node *n = node_new(p->mem, NODE_VALUES);
    const char **v = arena_alloc(p->mem, 2 * sizeof(*v)), *code;

    *n = (struct node){
        .kind = NODE_VALUES, .dict = dict, .is_folded = true, .star = star, .values = {v, 1}};
    v[0] = utf8_fold(p->mem, text);
    code = dict == TEXT_CLASSES + FACET_country && !star ? country_code(text) : NULL;
    if (code)
        v[n->values.n++] = utf8_fold(p->mem, code);
    return n;
}

static enum err make_range(struct parser *p, const struct run *r, enum column c, struct node **out)
{
    struct node *n = node_new(p->mem, NODE_RANGE);
    const char *wrong = range_parse(p->mem, c, r->text, &n->lo, &n->hi);

    n->column = c;
    *out = n;
    return wrong ? bad(p, r->from, wrong) : ERR_OK;
}

static enum err make_owned(struct parser *p, const struct run *r, struct node **out)
{
    *out = node_new(p->mem, NODE_OWNED);
    if (strcmp(r->text, "no") == 0)
        *out = negated(p, *out);
    else if (strcmp(r->text, "yes") != 0)
        return bad(p, r->from, "owned: takes yes or no");
    return ERR_OK;
}

struct node *email_node(struct arena *mem, const char *text)
{
    const char *at = strrchr(text, '@');
    struct node *n;

    if (!at || at == text || !at[1] || strpbrk(text, " \t\r\n"))
        return NULL;
    n = node_new(mem, NODE_EMAIL);
    n->word = arena_strdup(mem, text);
    return n;
}

/* One whole address, or what to ask instead. */
static enum err make_email(struct parser *p, const struct run *r, struct node **out)
{
    *out = email_node(p->mem, r->text);
    return *out && !r->star
               ? ERR_OK
               : bad(p, r->from,
                     "email: takes one whole address, such as email:ann@example.com, and finds it "
                     "where you may see it; company:example finds a company's people");
}

static enum err make_plain_value(struct parser *p, const struct q_field *f, const struct run *r,
                                 struct node **out)
{
    bool contact = strcmp(r->text, "email") == 0 || strcmp(r->text, "phone") == 0;
    enum column column;

    if (f->kind == FIELD_HAS && !contact)
        return bad(p, r->from, "has: takes email or phone");
    if (f->kind == FIELD_OWNED)
        return make_owned(p, r, out);
    if (f->kind == FIELD_EMAIL)
        return make_email(p, r, out);
    if (f->kind == FIELD_FACET && range_column((enum facet)f->id, &column) &&
        !range_bucket((enum facet)f->id, r->text))
        return make_range(p, r, column, out);
    *out =
        value_node(p, f->kind == FIELD_HAS ? DICT_CONTACT : TEXT_CLASSES + f->id, r->text, r->star);
    return ERR_OK;
}

static enum err parse_value(struct parser *p, const struct q_field *f, struct node **out)
{
    const char *from = p->at;
    struct run r;
    enum column column;
    bool words = f->kind == FIELD_WORDS;
    enum err err;

    if (f->kind == FIELD_EMAIL && from[strcspn(from, "*, )\t\r\n")] == '*')
        return make_email(p, &(struct run){.from = from, .text = ""}, out);
    err = take_run(p, ",", &r);
    if (err)
        return err;
    if (!*r.text)
        return bad(p, from, r.star ? "there is no word here" : "a value is missing");
    if (r.star && (f->kind == FIELD_HAS || f->kind == FIELD_OWNED ||
                   (f->kind == FIELD_FACET && range_column((enum facet)f->id, &column))))
        return bad(p, p->at - 1, "this field takes no star");
    if (words)
        err = make_words(p, &r, 1u << f->id, from, out);
    else
        err = make_plain_value(p, f, &r, out);
    if (!err && !words)
        err = count(p, from, 1, r.star, false);
    if (!err)
        (*out)->source = arena_printf(p->mem, "%s:%s", f->name, source_of(p, from));
    return err;
}

/* At the first value; blanks may stand around the commas of a list in parentheses. */
static enum err parse_list(struct parser *p, const struct q_field *f, enum node_kind kind,
                           bool blanks, struct node **out)
{
    struct node *all = node_new(p->mem, kind), *one = NULL;

    for (;;) {
        if (blanks)
            skip_blanks(p);
        if (parse_value(p, f, &one))
            return ERR_INVALID;
        add_kid(p->mem, all, one);
        if (blanks)
            skip_blanks(p);
        if (*p->at != ',')
            break;
        p->at++;
    }
    *out = simplest(all);
    return ERR_OK;
}

static enum err close_parenthesis(struct parser *p, const char *from)
{
    if (*p->at != ')')
        return *p->at ? bad(p, p->at, "a comma or a closing parenthesis is expected")
                      : bad(p, from, "the parenthesis does not end");
    p->at++;
    return ERR_OK;
}

/* technology:all(a,b), any(a,b), none(a,b). false: it is none of them. */
static bool take_quantifier(struct parser *p, enum node_kind *kind)
{
    static const struct {
        const char *word;
        enum node_kind kind;
    } words[] = {{"all(", NODE_AND}, {"any(", NODE_OR}, {"none(", NODE_NOT}};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        size_t n = strlen(words[i].word);

        if (strncmp(p->at, words[i].word, n) != 0)
            continue;
        p->at += n - 1;
        *kind = words[i].kind;
        return true;
    }
    return false;
}

static enum err parse_quantified(struct parser *p, const struct q_field *f, enum node_kind kind,
                                 struct node **out)
{
    const char *from = p->at++;
    enum err err = parse_list(p, f, kind == NODE_NOT ? NODE_OR : kind, true, out);

    if (!err)
        err = close_parenthesis(p, from);
    if (!err && kind == NODE_NOT)
        *out = negated(p, *out);
    return err;
}

/* At an opening parenthesis: whatever stands in it. */
static enum err parse_group(struct parser *p, struct node **out)
{
    const char *from = p->at++;
    enum err err;

    if (++p->depth > DEPTH_MAX)
        return bad(p, from, "this is nested too deeply");
    skip_blanks(p);
    if (*p->at == ')')
        return bad(p, p->at, "something is expected in the parentheses");
    err = parse_either(p, out);
    if (err)
        return err;
    p->depth--;
    return close_parenthesis(p, from);
}

/* At the colon behind a field's name, which began at `from`. */
static enum err parse_field(struct parser *p, const char *from, const char *name, struct node **out)
{
    struct q_field f = {0}, outer = p->field;
    enum node_kind kind;
    enum err err;

    if (outer.kind)
        return bad(p, from, "a field cannot stand within the parentheses of another");
    if (!*name)
        return bad(p, from, "a field's name is missing before the colon");
    if (!parse_field_find(name, p->companies, &f))
        return bad(p, from,
                   arena_printf(p->mem, "there is no such field (%s)",
                                parse_field_list(p->mem, p->companies)));
    p->at++;
    if (take_quantifier(p, &kind))
        return parse_quantified(p, &f, kind, out);
    if (*p->at != '(')
        return parse_list(p, &f, NODE_OR, false, out);
    p->field = f;
    err = parse_group(p, out);
    p->field = outer;
    return err;
}

static enum err parse_plain(struct parser *p, struct node **out)
{
    const char *from = p->at;
    struct run r;

    if (p->field.kind) {
        if (*from != '"' && from[strcspn(from, ":,\"() \t\r\n")] == ':' &&
            parse_field_find(arena_strndup(p->mem, from, strcspn(from, ":")), p->companies,
                             &(struct q_field){0}))
            return bad(p, from, "a field cannot stand within the parentheses of another");
        return parse_list(p, &p->field, NODE_OR, false, out);
    }
    if (take_run(p, ":", &r))
        return ERR_INVALID;
    if (*p->at == ':' && !r.quoted)
        return parse_field(p, from, r.text, out);
    if (!*r.text && !r.star)
        return bad(p, from, r.quoted ? "there is no word here" : "a word is missing");
    return make_words(p, &r, (1u << TEXT_CLASSES) - 1, from, out);
}

static enum err parse_clause(struct parser *p, struct node **out)
{
    const char *from = p->at;
    bool minus = *from == '-', no = is_keyword(from, "NOT");
    enum err err;

    if (minus || no) {
        p->at += minus ? 1 : 3;
        if (no)
            skip_blanks(p);
        if (is_operator(p->at) || (no && is_end(*p->at)))
            return bad(p, p->at, "a word is missing");
        if (++p->depth > DEPTH_MAX)
            return bad(p, from, "this is nested too deeply");
        err = parse_clause(p, out);
        p->depth--;
        if (!err)
            *out = negated(p, *out);
        return err;
    }
    if (*from == '(')
        err = parse_group(p, out);
    else
        err = parse_plain(p, out);
    if (!err && !is_end(*p->at))
        return bad(p, p->at, "a blank is missing");
    return err;
}

static enum err parse_all(struct parser *p, struct node **out)
{
    struct node *all = node_new(p->mem, NODE_AND), *one = NULL;

    skip_blanks(p);
    for (;;) {
        if (is_operator(p->at) || is_end(*p->at))
            return bad(p, p->at, "a word is expected here");
        if (parse_clause(p, &one))
            return ERR_INVALID;
        add_kid(p->mem, all, one);
        skip_blanks(p);
        if (is_keyword(p->at, "AND")) {
            p->at += 3;
            skip_blanks(p);
        } else if (is_end(*p->at) || is_keyword(p->at, "OR")) {
            break;
        }
    }
    *out = simplest(all);
    return ERR_OK;
}

static enum err parse_either(struct parser *p, struct node **out)
{
    struct node *any = node_new(p->mem, NODE_OR), *one = NULL;

    for (;;) {
        if (parse_all(p, &one))
            return ERR_INVALID;
        add_kid(p->mem, any, one);
        if (!is_keyword(p->at, "OR"))
            break;
        p->at += 2;
    }
    *out = simplest(any);
    return ERR_OK;
}

enum err parse_q(struct arena *mem, const char *q, bool companies, struct node **out,
                 struct problem *why)
{
    struct parser p = {.mem = mem, .text = q ? q : "", .companies = companies, .why = why};

    p.at = p.text;
    *out = node_new(mem, NODE_AND);
    skip_blanks(&p);
    if (!*p.at)
        return ERR_OK;
    if (parse_either(&p, out))
        return ERR_INVALID;
    return *p.at ? bad(&p, p.at, "this parenthesis was never opened") : ERR_OK;
}
