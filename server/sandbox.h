/*
 * The system calls that the server may make (seccomp, by libseccomp): what it needs for files,
 * sockets, threads and time, and nothing by which a hijacked thread would get further: no new
 * program or process, no tracing, no mount, no other kind of socket, no memory that is written and
 * then executed.  What is not listed fails with EPERM.
 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include "common/err.h"

/*
 * From here on, for this thread and those it starts; there is no way back.
 * errors: ERR_UNAVAILABLE with a sentence: this kernel has no seccomp, or does not let us
 */
enum err sandbox_enter(struct problem *why) MUST_CHECK;

#endif
