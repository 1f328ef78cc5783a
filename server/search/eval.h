/*
 * An ask held against one segment.  Memory: a block of an eighth of a byte a document for each
 * selection, each class of a starred word, and a few more, however long the question.
 */
#ifndef SERVER_SEARCH_EVAL_H
#define SERVER_SEARCH_EVAL_H

#include "server/search/query.h"
#include "server/search/snapshot.h"

struct eval {
    struct pool pool;
    const struct segment *s;
    const struct ask *ask;
    struct set dead;
    bool has_rest; /* ask->rest says something, and has been looked up */
    struct set rest;
    struct set selected[FACET_END];    /* of ask->selections, in their order */
    struct set (*words)[TEXT_CLASSES]; /* of ask->words; NULL unless relevance sorts */
    bool *seen;                        /* which of them have been looked up */
    const struct owner *owner;
};

/*
 * The selections; eval_rest() looks up everything else.  owner: what NODE_OWNED means (owned.h);
 * NULL: nothing is owned.
 */
void eval_begin(struct eval *e, struct arena *mem, const struct live *l, const struct ask *ask,
                const struct owner *owner);
void eval_rest(struct eval *e);

/*
 * Instead of eval_rest(), for a word that is all that is asked for besides: those that have it in a
 * text of this class.  It stays with *e.
 */
struct set eval_in_class(struct eval *e, const struct node *word, int word_class);

/*
 * The living documents that everything holds for, but the selection of this facet (0: that one
 * too).  Released by the caller.  *all: nothing is asked for, all that live are in it.
 */
struct set eval_result(struct eval *e, int but_facet, bool *all);

#endif
