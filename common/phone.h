/*
 * Telephone numbers: to E.164 (ITU-T E.164) from what people type.
 *
 * Calling codes and trunk prefixes are a table of facts from ITU-T E.164 Annex and E.123 usage; the
 * length is checked (7 to 15 digits), the numbering plan behind it is not.
 */
#ifndef COMMON_PHONE_H
#define COMMON_PHONE_H

#include <stdbool.h>
#include <stddef.h>

enum { PHONE_TEXT = 17 };

/*
 * "+49 341 555 0100", "'+49 ...", "0049 341 ...", "(503) 555-0177 ext 3" with country "US".
 * country: alpha-2 for numbers without a code, or NULL.  False: not a number that can be dialled.
 */
bool phone_normal(const char *text, const char *country, char out[PHONE_TEXT]);

/* Digits of the calling code of an E.164 number; 0: it is none. */
size_t phone_code_length(const char *e164);

#endif
