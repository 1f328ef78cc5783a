/*
 * A question in three steps: text to tree (parse.c), a request to an ask (ask.c), and a tree held
 * against a segment (eval.h).
 *
 *   q      := { clause }                            all of them must hold; blanks between them
 *   clause := [ "-" ] ( word [ "*" ] | field ":" value { "," value } )
 *   field  := the name of a facet, any of the values; or `has`, with email, phone
 *   word, value := a run without blanks, or "..."
 *
 * A word is folded and split as the rows' texts are (words.h), and all its parts must be found; a
 * star makes its last part a beginning.  Values do not depend on the case of ASCII letters.  Quotes
 * around several words are for values only; parentheses are refused.
 */
#ifndef SERVER_SEARCH_QUERY_H
#define SERVER_SEARCH_QUERY_H

#include "common/api.h"
#include "common/err.h"
#include "common/mem.h"

enum node_kind {
    NODE_AND,    /* of its kids; without any: everything */
    NODE_NOT,    /* of its one kid */
    NODE_WORD,   /* a word in any text */
    NODE_PREFIX, /* the beginning of a word in any text */
    NODE_VALUES, /* any of these values in a dict */
};

struct node {
    enum node_kind kind;
    struct node **kids;
    size_t n;
    const char *word;
    int dict;
    bool any_case; /* of ASCII letters, in values */
    struct strs values;
};

enum {
    NODES_MAX = 64,   /* words and fields of one q */
    PREFIXES_MAX = 8, /* of them with a star: each is a union of many */
    PAGE_MAX = 1000,
    PAGE_DEFAULT = 10,
};

/* A blank or NULL q is an AND of nothing. errors: ERR_INVALID on q, with the column */
enum err parse_q(struct arena *mem, const char *q, struct node **out,
                 struct problem *why) MUST_CHECK;

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
    const struct node **words; /* words and prefixes that are not under a NOT */
    size_t n_words;
    enum sort sort;
    bool reverse;
    bool panes[FACET_END];
    size_t page_size;
};

/*
 * The parameters of a request.  A pane's own selection is the `in` of its facet, not what q says
 * nor its `out`: those narrow the pane too.
 * errors: ERR_INVALID with the field, and for q the column
 */
enum err ask_parse(struct arena *mem, const struct search_query *q, struct ask *out,
                   struct problem *why) MUST_CHECK;

#endif
