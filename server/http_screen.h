/*
 * What is refused before anything of a request is believed: the shapes by which two parties can be
 * made to disagree about where a request ends (RFC 9112 11.2), which libmicrohttpd 0.9.75 lets
 * through.
 */
#ifndef SERVER_HTTP_SCREEN_H
#define SERVER_HTTP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct screen {
    unsigned seen; /* bits of the headers that may come once */
    bool bad;
    bool chunked, has_length;
    size_t length;
};

/* One header as the library found it. */
void screen_header(struct screen *s, const char *name, const char *value);
/* All were given: is the request of a shape that is answered? */
bool screen_is_fine(const struct screen *s, const char *version, const char *uri);

#endif
