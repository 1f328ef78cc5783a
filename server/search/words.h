/*
 * Words of texts: utf8_fold()ed, split at what is neither letter nor digit.  Chinese, Japanese and
 * Korean characters are words by themselves and by pairs, since those scripts write no blanks.
 */
#ifndef SERVER_SEARCH_WORDS_H
#define SERVER_SEARCH_WORDS_H

#include "common/mem.h"

enum { WORD_MAX = 64 }; /* bytes; longer ones are cut */

typedef void word_each(void *arg, const char *word);

/* Of a text to index: every word, and for CJK both forms. */
void words_of_text(struct arena *mem, const char *text, word_each *each, void *arg);
/* Of a query: CJK runs of two and more by their pairs only. */
void words_of_query(struct arena *mem, const char *text, word_each *each, void *arg);

#endif
