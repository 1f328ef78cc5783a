/* Host names in the form that is compared: lower-case ASCII, RFC 5891 (libidn2 inside). */
#ifndef SERVER_IDNA_H
#define SERVER_IDNA_H

#include <stdbool.h>

#include "common/mem.h"

/* "Bücher.example" -> "xn--bcher-kva.example".  False: not a host name. */
bool idna_ascii(struct arena *mem, const char *host, const char **out);

#endif
