/*
 * The control socket: DIR/control.sock (0600), by which the offline commands reach a running
 * server, since only one process may write the store.  A command is a row; it runs in whichever
 * process has the directory.  One line in, one out, per connection.
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include "server/request.h"

struct control;

struct control_command {
    const char *name; /* "user add" */
    const struct type *ask, *reply;
    /* Seldom called: one call at a time. */
    enum err (*run)(struct server *srv, const void *ask, struct arena *mem, void *reply,
                    struct problem *why);
    int seconds; /* that it may take; 0: 10 */
};

/* errors: ERR_UNAVAILABLE with a sentence */
enum err control_start(struct server *srv, struct control **out, struct problem *why) MUST_CHECK;
void control_stop(struct control *c); /* NULL is fine */

/*
 * Ask the server that runs on this directory.  errors: ERR_UNAVAILABLE: none listens; ERR_INVALID
 * with its sentence: it refused
 */
enum err control_call(const char *dir, const struct control_command *command, const void *ask,
                      struct arena *mem, void *reply, struct problem *why) MUST_CHECK;

/* What `user add` asks for. */
struct user_add {
    const char *email, *role, *password;
    struct uuid account; /* zero: one of its own */
    struct credits credits;
};

struct user_added {
    struct uuid id, account;
};

extern const struct control_command control_user_add;

/* The commands `keys ...` ask for nothing. */
struct keys_ask {
    bool unused;
};

struct keys_state {
    int64_t keys, newest; /* in the ring; the id of the one that seals */
    const char *state;    /* of the job that seals anew; NULL: there never was one */
    int64_t resealed;     /* rows, by it */
    struct ratio progress;
};

struct keys_list {
    struct list rows; /* struct key_use, server/keyuse.h */
    int64_t removed;  /* keys, by `keys remove`: those under which nothing was left */
};

extern const struct control_command control_keys_rotate, control_keys_status, control_keys_list,
    control_keys_remove;

/* `audit verify`: ask and reply are server/audit_command.h's. */
extern const struct control_command control_audit_verify;

#endif
