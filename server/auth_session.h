/*
 * Sessions: an access token for ten minutes, a refresh token that is exchanged for the next pair.
 *
 * A refresh token is "lgr_" and base64url of {session id, 32 random bytes, MAC}; the MAC tells an
 * old token of ours, whose reuse ends the session, from invented bytes, which end nothing.  The
 * exchange of the token before the present one is answered with the same successor again within 10
 * s, as long as that is unused, for the client whose reply was lost or that asked twice at once:
 * the same address and User-Agent.
 *
 * A session is confirmed for ten minutes from the last time its password was given, at sign-in or
 * later; rows with ROUTE_CONFIRMED answer only then.
 */
#ifndef SERVER_AUTH_SESSION_H
#define SERVER_AUTH_SESSION_H

#include "server/request.h"

/* What a person knows the caller's device by: cleaned User-Agent and address, in r->mem. */
void session_describe(struct request *r, const char **agent, const char **address);

enum { SIGN_IN_ALSO = 2 };
struct sign_in {
    const struct user *user;
    const struct step *also; /* in the same plan, at most SIGN_IN_ALSO */
    size_t n_also;
    bool confirmed;     /* with the password, here and now */
    const char *detail; /* for the audit log, or NULL */
};
/*
 * Sign in on this request: session, last_login and audit in one plan; r->who becomes the user.
 * errors: ERR_CONFLICT: one of `also`
 */
enum err session_begin(struct request *r, const struct sign_in *in, struct tokens *out) MUST_CHECK;
/*
 * A session of u in which r->who, a super_admin, acts: marked, never confirmed, over at `ends`, and
 * when the super_admin is none any more.  The steps are committed with it.
 */
enum { IMPERSONATION_MS = 30 * 60 * 1000 };
enum err session_impersonate(struct request *r, const struct user *u, struct stamp ends,
                             const struct step also[2], struct tokens *out) MUST_CHECK;
/* errors: ERR_UNAUTHORIZED: unknown, used up, ended */
enum err session_refresh(struct request *r, const char *refresh_token,
                         struct tokens *out) MUST_CHECK;
/* End this session, which the caller has found to be r->who's own. */
enum err session_end(struct request *r, const struct uuid *id) MUST_CHECK;
/* End every session of r->who.user but the present one. */
enum err session_end_others(struct request *r) MUST_CHECK;
/* The session of r->who is confirmed from now on. */
enum err session_confirm(struct request *r) MUST_CHECK;

#endif
