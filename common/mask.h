/* What a reader who does not own a value sees instead of it. Texts are UTF-8; results are in mem.
 */
#ifndef COMMON_MASK_H
#define COMMON_MASK_H

struct arena;

/* "j***@acme.com": the first character and the domain. */
const char *mask_email(struct arena *mem, const char *email);
/* "+1 *** *** **42": country code and last two digits in a fixed shape; "***" for what is not
 * E.164. */
const char *mask_phone(struct arena *mem, const char *phone);

#endif
