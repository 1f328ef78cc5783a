/* Codes that people read from one screen and type into another. */
#ifndef SERVER_AUTH_TYPED_H
#define SERVER_AUTH_TYPED_H

#include <stdbool.h>
#include <stddef.h>

/* n random letters of the alphabet (capitals and digits), ended by a NUL. */
void typed_make(const char *alphabet, size_t n, char *out);
/*
 * What was typed, as it was made: small letters, blanks and dashes are a matter of taste.  false:
 * these are not n letters of the alphabet.  out has room for n + 1.
 */
bool typed_tidy(const char *text, const char *alphabet, size_t n, char *out);

#endif
