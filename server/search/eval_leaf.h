/* What a single word, value, range or phrase finds in a segment. */
#ifndef SERVER_SEARCH_EVAL_LEAF_H
#define SERVER_SEARCH_EVAL_LEAF_H

#include "server/search/eval.h"

/* Documents that have the word, prefix or phrase in a text of this class. */
struct set leaf_in_class(struct eval *e, const struct node *node, int word_class);
struct set leaf_values(struct eval *e, const struct node *node);
struct set leaf_range(struct eval *e, const struct node *node);
struct set leaf_owned(struct eval *e);
struct set leaf_rows(struct eval *e, const struct node *node);
/* *s without those outside of the range (or inside of it); what *s held is released. */
void leaf_keep_range(struct eval *e, struct set *s, const struct node *node, bool inside);

#endif
