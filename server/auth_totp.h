/*
 * The second factor: codes by time (RFC 6238: SHA-1, 30 s, 6 digits), one step early or late; each
 * step is good once.  Ten recovery codes stand in for a lost authenticator, each good once.
 */
#ifndef SERVER_AUTH_TOTP_H
#define SERVER_AUTH_TOTP_H

#include "server/records.h"
#include "server/store.h"

struct seal;

enum { TOTP_SECRET = 20, TOTP_CODES = 10 };

/* The code of a step, "000000" .. "999999"; a step is 30 s since 1970 (RFC 4226 5.3). */
void totp_code(const uint8_t *secret, size_t n, int64_t step, char out[7]);

/* A new secret, and recovery codes; t->codes gets the latter's hashes, *codes their texts. */
void totp_new_secret(struct totp *t, struct arena *mem);
void totp_new_codes(struct totp *t, struct arena *mem, struct strs *codes);
/* How many of its codes are hashed under a key of the ring, as older releases did. */
size_t totp_old_codes(const struct totp *t);
/* "otpauth://totp/LeadGen%20Pro:EMAIL?secret=...&issuer=..." */
const char *totp_uri(const struct totp *t, const char *email, struct arena *mem);

/*
 * Does the text fit: a code not used before, or a recovery code?  Then *next is *t after its use,
 * and *step the update that uses it up in the caller's plan; it conflicts when a twin was faster.
 */
bool totp_fits(const struct seal *s, const struct totp *t, const char *text, struct arena *mem,
               struct totp *next, struct step *step);
/* An update of every field, guarded by t->version; next->version is raised. */
struct step totp_save(const struct totp *t, struct totp *next);

#endif
