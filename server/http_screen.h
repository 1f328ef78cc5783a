/*
 * What is refused before anything of a request is believed: the shapes by which two parties can be
 * made to disagree about where a request ends (RFC 9112 11.2), which libmicrohttpd 0.9.75 lets
 * through.
 *
 * The library splits the header section in place, putting NULs where its separators were.  So its
 * pieces, taken in order, must lie back to back: "method SP target SP version CRLF" and then
 * "name ':' blanks value CRLF" for each header, up to the empty line.  Where they do not, it has
 * swallowed something: a line that ends in a bare LF, a folded line, a NUL, spare blanks.  A NUL in
 * the place of a CR is the one thing that leaves no trace.
 */
#ifndef SERVER_HTTP_SCREEN_H
#define SERVER_HTTP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

enum { SCREEN_HEADERS_MAX = 16 * 1024, SCREEN_TARGET_MAX = 8 * 1024 };

struct screen {
    const char *next; /* where the next piece must begin */
    unsigned seen;    /* bits of the headers that may come once */
    bool bad;
    bool chunked, has_length, expects;
    size_t length;
};

/* The request line.  target_len: as it was received, before the library cut it at the '?'. */
void screen_line(struct screen *s, const char *method, const char *target, size_t target_len,
                 const char *version);
/* One header, in the order received. */
void screen_header(struct screen *s, const char *name, const char *value);
/* All were given; end: just behind the empty line.  Is the request of a shape that is answered? */
bool screen_is_fine(const struct screen *s, const char *end);
/* The target, while it is whole: origin-form (RFC 9112 3.2.1) of visible ASCII. */
bool screen_target_is_fine(const char *target);

#endif
