/*
 * Text: validity, cleaning, columns on a terminal, and folding for comparison (utf8proc inside).
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Well-formed (RFC 3629: no surrogates, no overlong forms) and without NUL. */
bool utf8_valid(const char *s, size_t n);

/*
 * Decode the character at s (NUL-terminated); its length in bytes comes back through *len.  A
 * broken byte is U+FFFD of length 1.
 */
int32_t utf8_next(const char *s, size_t *len);

/* Append c to out (at least 4 bytes); the number of bytes. */
size_t utf8_put(char *out, int32_t c);

/* A part of a word in any script: a letter, a digit, or a mark on one (categories L, N, M). */
bool utf8_is_letter(int32_t c);

/* Columns of a terminal the character takes: 0, 1 or 2. */
int utf8_width(int32_t c);
/* Columns of the whole text. */
int utf8_columns(const char *s);
/* The bytes of the longest prefix of s that fits `columns`, in whole characters with their marks.
 */
size_t utf8_fit(const char *s, int columns);

/*
 * For a terminal: without C0, C1, ESC, DEL, bidi controls, zero-width joiners and variation
 * selectors; broken bytes become U+FFFD; tabs and newlines become a space.  Everything that comes
 * from a server or a file passes through here before it is drawn or printed.
 */
char *utf8_clean(struct arena *mem, const char *s);

/*
 * NFKC case fold, accents and points stripped, spaces collapsed and trimmed: the form that
 * comparisons use.  Vowel signs and the voicing of kana stay: they make another word.
 */
char *utf8_fold(struct arena *mem, const char *s);
enum { UTF8_SHORT = 200 };
/* The same without memory; false: it is broken, or does not fit. */
bool utf8_fold_short(const char *s, char out[UTF8_SHORT]);
/* NFC case fold, nothing else: what differs by more than case stays different. */
char *utf8_lower(struct arena *mem, const char *s);
/* NFC, outer spaces trimmed, inner runs of blanks one space; the form that is stored. */
char *utf8_tidy(struct arena *mem, const char *s);

#endif
