/*
 * What is asked for, in a form that a segment can be held against.
 *
 *   q  :=  clause { blank clause }                      all of them must hold
 *   clause := [ "-" ] ( word | word "*" | name ":" value { "," value } )
 *   word, value := run without blanks, or "..." with blanks
 *   name := a facet, or `has` with the values email and phone
 */
#ifndef SERVER_SEARCH_QUERY_H
#define SERVER_SEARCH_QUERY_H

#include "common/api.h"
#include "server/search/segment.h"

enum clause_kind {
    CLAUSE_WORD,   /* a word in any text */
    CLAUSE_PREFIX, /* a beginning of a word */
    CLAUSE_VALUES, /* any of these values of a dict */
};

struct clause {
    enum clause_kind kind;
    bool negative;
    bool any_case; /* values typed by a person: ASCII case does not matter */
    int dict;      /* CLAUSE_VALUES */
    int selection; /* the facet whose pane this is the own selection of; 0: none */
    const char *word;
    struct strs values;
};

enum sort { SORT_RELEVANCE, SORT_SCORE, SORT_NAME, SORT_COMPANY, SORT_UPDATED, SORT_QUALITY };

struct ask {
    struct clause *clauses;
    size_t n, words; /* words: how many positive word clauses */
    enum sort sort;
    bool reverse;
    bool panes[FACET_END];
    size_t page_size;
};

/* errors: ERR_INVALID with the field, and for q the column */
enum err ask_parse(struct arena *mem, const struct search_query *q, struct ask *out,
                   struct problem *why) MUST_CHECK;

/* The documents of the segment that a clause names, `negative` apart. */
struct set clause_set(struct arena *mem, const struct segment *s, const struct clause *c);
/* Of a word clause: those that have it in this class of texts. */
struct set clause_class_set(struct arena *mem, const struct segment *s, const struct clause *c,
                            enum text_class word_class);

#endif
