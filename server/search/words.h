/*
 * Words of texts: utf8_fold()ed, split at what is neither letter nor digit.  Chinese, Japanese and
 * Korean characters are words by themselves and by pairs, since those scripts write no blanks.
 */
#ifndef SERVER_SEARCH_WORDS_H
#define SERVER_SEARCH_WORDS_H

#include <stdbool.h>

#include "common/mem.h"
#include "common/type.h"

enum { WORD_MAX = 64 }; /* bytes; longer ones are cut */

typedef void word_each(void *arg, const char *word);

/* Of a text to index: every word, and for CJK both forms. */
void words_of_text(struct arena *mem, const char *text, word_each *each, void *arg);
/* Of one that is folded already. */
void words_of_folded(const char *folded, word_each *each, void *arg);
/* Of a query: CJK runs of two and more by their pairs only. */
void words_of_query(struct arena *mem, const char *text, word_each *each, void *arg);

/*
 * The words of a text one after the other, each CJK character by itself: what a phrase is made of.
 * The text is folded already.  *at moves on; false: there are no more.
 */
bool words_next(const char **at, char word[WORD_MAX + 8]);
/* Do these stand side by side somewhere in the (folded) text? star: the last is a beginning. */
bool words_side_by_side(const char *folded, const struct strs *words, bool star);

#endif
