/*
 * A question in three steps: text to tree (parse.c), a request to an ask (ask.c), and a tree held
 * against a segment (eval.h).
 *
 *   q       := either                                 nothing, or blanks: everything
 *   either  := all { "OR" all }
 *   all     := clause { [ "AND" ] clause }            blanks between them
 *   clause  := ( "-" | "NOT" ) clause | "(" either ")" | field ":" of | text
 *   text    := word [ "*" ] | phrase [ "*" ]
 *   of      := list | "(" either-of-lists ")" | ( "all" | "any" | "none" ) "(" list ")"
 *   list    := value { "," value }                    any of them
 *   value   := run [ "*" ] | phrase [ "*" ] | range   a range for the numeric fields only
 *   range   := ( ">" | ">=" | "<" | "<=" ) n | n ".." n | n ".." | ".." n | n
 *   phrase  := '"' anything but a quote '"'
 *
 * Text fields are title, name and company; the others are the facets, `has` (email, phone), `owned`
 * (yes, no) and `email` (one whole address, of rows whose address the account may see).  OR, AND
 * and NOT are these only in capitals and without quotes.  Inside the parentheses of a field
 * everything is of that field: OR, NOT, "-" and parentheses work as outside.
 *
 * A word is folded and split as the rows' texts are (words.h), and all its parts must be found; a
 * star makes its last part a beginning.  The words of a phrase stand side by side and in order in
 * one text of one field.  A facet's value equals the row's when both are folded; with a star the
 * row's begins with it.  A country is its code or its name.
 *
 * Numbers (score, quality, employees, revenue in US dollars with K, M or B) and dates (updated; a
 * day, a month or a moment, UTC) are compared exactly; A..B holds both ends, and a day or month is
 * all of it: >2026-01-01 begins on the second.  What is unknown is in no range.  The names of a
 * facet's buckets (51-200, 10001+) are values too.
 */
#ifndef SERVER_SEARCH_QUERY_H
#define SERVER_SEARCH_QUERY_H

#include "common/api.h"
#include "common/err.h"
#include "common/mem.h"

enum node_kind {
    NODE_AND,    /* of its kids; without any: everything */
    NODE_OR,     /* of its kids; without any: nothing */
    NODE_NOT,    /* of its one kid */
    NODE_WORD,   /* a word in a text */
    NODE_PREFIX, /* the beginning of a word in a text */
    NODE_PHRASE, /* words side by side in a text */
    NODE_VALUES, /* any of these values in a dict */
    NODE_RANGE,  /* a number */
    NODE_OWNED,  /* the account owns a contact of it */
    NODE_EMAIL,  /* its address is this one, and the account may see it (address.h) */
};

enum column { COLUMN_SCORE, COLUMN_QUALITY, COLUMN_EMPLOYEES, COLUMN_REVENUE, COLUMN_UPDATED };

struct node {
    enum node_kind kind;
    struct node **kids; /* of a phrase: its words one by one */
    size_t n;
    const char *word;   /* folded; of an address as it is written */
    unsigned classes;   /* bits of the text classes where a word or phrase is looked for */
    bool is_quoted;     /* the word: no typo is forgiven */
    bool star;          /* the phrase: its last word is a beginning; the values: they are */
    bool is_folded;     /* the values: compare folded, and they are */
    struct strs values; /* of a dict; or the words of a phrase, in order */
    int dict;
    enum column column;
    int64_t lo, hi;         /* both within; never 0 for what may be unknown */
    const struct uuid *ids; /* of an address: the rows, once they are found */
    size_t n_ids;
    const char *source; /* what of the question this is, for explanations */
};

enum {
    NODES_MAX = 64,   /* words and values of one q */
    PREFIXES_MAX = 8, /* of them with a star: each is a union of many */
    PHRASES_MAX = 8,
    DEPTH_MAX = 16, /* of parentheses and negations */
    PAGE_MAX = 1000,
    PAGE_DEFAULT = 10,
};

/*
 * A blank or NULL q is an AND of nothing.  companies: those are asked for, which have no fields of
 * people. errors: ERR_INVALID on q, with the column
 */
enum err parse_q(struct arena *mem, const char *q, bool companies, struct node **out,
                 struct problem *why) MUST_CHECK;

/* A numeric facet's column; false: the facet has none. */
bool range_column(enum facet f, enum column *out);
/*
 * The range that a text says.  NULL, or what is wrong with it.
 */
const char *range_parse(struct arena *mem, enum column c, const char *text, int64_t *lo,
                        int64_t *hi);
/* The bucket of the facet that a text names, in any case, as it is written; NULL: none. */
const char *range_bucket(enum facet f, const char *text);

/* NULL: it is not one whole address. */
struct node *email_node(struct arena *mem, const char *text);

enum sort { SORT_RELEVANCE, SORT_SCORE, SORT_NAME, SORT_COMPANY, SORT_UPDATED, SORT_QUALITY };

/* Values chosen in the pane of a facet. */
struct selection {
    enum facet facet;
    struct node *node;
};

struct ask {
    struct node *rest; /* AND of everything but the selections */
    struct selection selections[FACET_END];
    size_t n_selections;
    struct node **words; /* words, prefixes and phrases that are not under a NOT */
    size_t n_words;
    enum sort sort;
    bool reverse;
    bool panes[FACET_END];
    size_t page_size;
};

/*
 * The parameters of a request.  A pane's own selection is the `in` of its facet, not what q says
 * nor its `out` or `all`: those narrow the pane too.
 * errors: ERR_INVALID with the field, and for q the column
 */
enum err ask_parse(struct arena *mem, const struct search_query *q, bool companies, struct ask *out,
                   struct problem *why) MUST_CHECK;

#endif
