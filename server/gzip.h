/* gzip (RFC 1952) of whole replies (zlib inside). */
#ifndef SERVER_GZIP_H
#define SERVER_GZIP_H

#include <stdbool.h>
#include <stddef.h>

/* malloc'd bytes, the caller frees them; false: no memory, or it would not become smaller. */
bool gzip_pack(const char *data, size_t n, char **out, size_t *out_n);

#endif
