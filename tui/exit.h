/*
 * Exit codes of the client (man leadgen, EXIT STATUS): one table, by what a script can do about it.
 */
#ifndef TUI_EXIT_H
#define TUI_EXIT_H

#include "common/err.h"

/*  name, code, what it says */
#define EXIT_LIST(X)                                                                           \
    X(DONE, 0, "done")                                                                         \
    X(NOTHING, 1, "nothing found, or nothing to do")                                           \
    X(USAGE, 2, "wrong usage")                                                                 \
    X(AUTH, 3, "not signed in, or the token file is unsafe")                                   \
    X(ROLE, 4, "your role does not allow it")                                                  \
    X(ABSENT, 5, "not found")                                                                  \
    X(CREDITS, 6, "not enough credits, or the price is above --max-credits")                   \
    X(CHANGED, 7, "price or data changed meanwhile")                                           \
    X(RATE, 8, "rate limited; retry-after is on standard error")                               \
    X(NETWORK, 9, "the server is not reachable, or its key is not the known one")              \
    X(SERVER, 10, "the server failed")                                                         \
    X(PARTLY, 11, "partly done")                                                               \
    X(INPUT, 12, "the input was rejected (upload or mapping), or its job failed")              \
    X(UNKNOWN, 13, "result unknown: a charge may have happened; the key is on standard error") \
    X(SIGINT, 130, "interrupted")                                                              \
    X(SIGPIPE, 141, "the reader closed the pipe")

enum exit_code {
#define X(name, code, text) EXIT_##name = code,
    EXIT_LIST(X)
#undef X
};

/* What a call that ended so leaves with. status: HTTP, 0: there was no answer. */
enum exit_code exit_of(enum err err, unsigned status);

#endif
