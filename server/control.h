/*
 * The control socket: DIR/control.sock (0600), by which the offline commands reach a running
 * server, since only one process may write the store.  One JSON line in, one out, per connection.
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include "server/request.h"

struct control;

/* What `user add` asks for. */
struct user_add {
    const char *email, *role, *password;
    struct uuid account; /* zero: one of its own */
    struct credits credits;
};

struct user_added {
    struct uuid id, account;
    const char *error; /* NULL: made */
};

/* errors: ERR_UNAVAILABLE with a sentence */
enum err control_start(struct server *srv, struct control **out, struct problem *why) MUST_CHECK;
void control_stop(struct control *c); /* NULL is fine */

/* Make the user in this process. */
enum err control_user_add(struct server *srv, const struct user_add *ask, struct arena *mem,
                          struct user_added *out, struct problem *why) MUST_CHECK;
/* Ask the server that runs on this directory. errors: ERR_UNAVAILABLE: none listens */
enum err control_send_user_add(const char *dir, const struct user_add *ask, struct arena *mem,
                               struct user_added *out, struct problem *why) MUST_CHECK;

#endif
