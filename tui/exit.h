/* Exit codes of the client (man leadgen, EXIT STATUS): one table, by what a script can do about it.
 */
#ifndef TUI_EXIT_H
#define TUI_EXIT_H

#include "common/err.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_NOTHING = 1,  /* nothing found, nothing to do */
    EXIT_USAGE = 2,    /* wrong usage */
    EXIT_AUTH = 3,     /* not signed in, or the token file is unsafe */
    EXIT_ROLE = 4,     /* the role does not allow it */
    EXIT_ABSENT = 5,   /* not found */
    EXIT_CREDITS = 6,  /* not enough credits, or over --max-credits */
    EXIT_CHANGED = 7,  /* price or data changed since it was asked for */
    EXIT_RATE = 8,     /* rate limited */
    EXIT_NETWORK = 9,  /* the server is not reachable, or is not the known one */
    EXIT_SERVER = 10,  /* the server failed */
    EXIT_PARTLY = 11,  /* partly done */
    EXIT_INPUT = 12,   /* the input was refused */
    EXIT_UNKNOWN = 13, /* a charge may have happened: the key is told */
    EXIT_SIGINT = 130,
};

static inline int exit_of(enum err err, unsigned status)
{
    if (!err)
        return EXIT_DONE;
    switch (err) {
    case ERR_UNAUTHORIZED:
    case ERR_TOKEN_EXPIRED:
    case ERR_BAD_LOGIN:
        return EXIT_AUTH;
    case ERR_FORBIDDEN:
        return EXIT_ROLE;
    case ERR_NOT_FOUND:
        return EXIT_ABSENT;
    case ERR_NO_CREDITS:
    case ERR_OVER_MAX:
        return EXIT_CREDITS;
    case ERR_CONFLICT:
    case ERR_PRECONDITION:
        return EXIT_CHANGED;
    case ERR_RATE:
        return EXIT_RATE;
    case ERR_INVALID:
    case ERR_TOO_LARGE:
    case ERR_MEDIA_TYPE:
    case ERR_KEY_REUSED:
    case ERR_SUPPRESSED:
        return EXIT_INPUT;
    default:
        return status ? EXIT_SERVER : EXIT_NETWORK;
    }
}

#endif
