/* The server itself: start everything, say that it is ready, wait for a signal, stop everything. */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

#include "server/options.h"

/* The exit code. */
int serve(const struct options *o);

#endif
