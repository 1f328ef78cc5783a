/*
 * Who is asking: passwords (argon2id), access tokens (EdDSA JWT, RFC 7519, 8037, 9068), sessions
 * with rotating refresh tokens.
 */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "server/request.h"

struct auth;

/* Starts the two hashing threads. */
enum err auth_start(struct server *srv, struct auth **out) MUST_CHECK;
void auth_stop(struct auth *a); /* NULL is fine */

/*
 * Fill r->who from the Authorization header; without one r->who.role is ROLE_PUBLIC.
 * errors: ERR_UNAUTHORIZED, ERR_TOKEN_EXPIRED
 */
enum err auth_authenticate(struct request *r) MUST_CHECK;

/* Does a super_admin exist?  Cached once true. */
bool auth_is_bootstrapped(struct auth *a);
/* Make the one-time token (kept hashed in the store, 15 minutes); out gets the text. */
enum err auth_bootstrap_token(struct auth *a, struct arena *mem, const char **out) MUST_CHECK;

/*
 * What a password must be: 15 to 256 bytes of well-formed UTF-8, not among the commonest, not the
 * address. errors: ERR_INVALID naming `password`
 */
enum err auth_password_check(const char *password, const char *email,
                             struct problem *why) MUST_CHECK;
/* The argon2id text form. errors: ERR_BUSY: the queue is full; ERR_NO_MEMORY */
enum err auth_password_hash(struct auth *a, const char *password, struct arena *mem,
                            const char **out) MUST_CHECK;

/* The canonical form of an address (lower case, IDNA); false: it is none. */
bool auth_email_normal(struct arena *mem, const char *text, const char **out);

/*
 * Make a user, in `account` or (zero) in a new account of its own with `credits`.  Also for the
 * offline command.  errors: ERR_INVALID, ERR_CONFLICT: the address is taken
 */
enum { NEW_USER_ALSO = 2 };
struct new_user {
    const char *email, *password;
    const char *password_hash; /* instead of a password: made and checked before */
    const char *name;          /* may be NULL */
    enum role role;
    struct uuid account;
    struct credits credits;
    const char *state;  /* NULL: active */
    struct uuid actor;  /* who does it; zero: the operator */
    struct uuid ticket; /* used up in the same plan; zero: none */
    const char *request_id;
    const struct step *also; /* in the same plan, at most NEW_USER_ALSO */
    size_t n_also;
};
enum err auth_user_add(struct server *srv, const struct new_user *n, struct arena *mem,
                       struct user *out, struct problem *why) MUST_CHECK;

/* Sessions or users changed: cached principals look again. */
void auth_changed(struct auth *a);

#endif
