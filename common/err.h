/*
 * The one list of ways a call can fail.
 *
 * A function that can fail returns enum err; ERR_OK is 0.  The HTTP status and the slug are what
 * the server sends and what the client maps back, so the two programs cannot disagree.
 */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stdbool.h>

/*  name, HTTP status, slug (`code` on the wire), may the same call succeed later, title */
#define ERR_LIST(X)                                                                             \
    X(OK, 200, "ok", false, "OK")                                                               \
    X(INVALID, 400, "invalid", false, "The request is not acceptable")                          \
    X(PENDING, 400, "authorization_pending", false, "Nobody has let the device in yet")         \
    X(SLOW_DOWN, 400, "slow_down", false, "Ask less often")                                     \
    X(DENIED, 400, "access_denied", false, "The device was turned away")                        \
    X(EXPIRED, 400, "expired_token", false, "The code is too old")                              \
    X(UNAUTHORIZED, 401, "unauthorized", false, "Sign in first")                                \
    X(TOKEN_EXPIRED, 401, "token_expired", true, "The access token has expired")                \
    X(BAD_LOGIN, 401, "bad_login", false, "The e-mail address or the password is wrong")        \
    X(TOTP_REQUIRED, 401, "totp_required", false, "A code of the second factor is missing")     \
    X(NO_CREDITS, 402, "insufficient_credits", false, "Not enough credits")                     \
    X(OVER_MAX, 402, "over_max", false, "The price is above the given maximum")                 \
    X(CAP, 402, "cap_reached", false, "The monthly cap is reached")                             \
    X(FORBIDDEN, 403, "forbidden", false, "Your role does not allow this")                      \
    X(CONFIRM, 403, "confirm_required", false, "Confirm with your password first")              \
    X(NOT_FOUND, 404, "not_found", false, "There is no such thing")                             \
    X(METHOD, 405, "method_not_allowed", false, "This path has no such method")                 \
    X(CONFLICT, 409, "conflict", false, "This does not fit the present state")                  \
    X(CHANGED, 409, "changed", true, "Something else changed this meanwhile")                   \
    X(PRECONDITION, 412, "precondition_failed", false, "A precondition does not hold")          \
    X(TOO_LARGE, 413, "too_large", false, "The request is too large")                           \
    X(MEDIA_TYPE, 415, "unsupported_media_type", false, "This content type is not understood")  \
    X(KEY_REUSED, 422, "idempotency_key_reused", false, "The key was used for another request") \
    X(RATE, 429, "rate_limited", true, "Too many requests")                                     \
    X(SUPPRESSED, 451, "suppressed", false, "This person asked not to be contacted")            \
    X(INTERNAL, 500, "internal", false, "The server made a mistake")                            \
    X(UNAVAILABLE, 503, "unavailable", true, "The server cannot answer now")                    \
    X(BUSY, 503, "busy", true, "The server is busy")                                            \
    X(NOT_READY, 503, "not_ready", true, "The server is starting")                              \
    X(NO_MEMORY, 503, "no_memory", true, "The server is short of memory")                       \
    X(DISK_FULL, 507, "disk_full", true, "The server's disk is full")

enum err {
#define X(name, status, slug, retry, title) ERR_##name,
    ERR_LIST(X)
#undef X
        ERR_COUNT,
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

unsigned err_status(enum err e);
const char *err_slug(enum err e);
const char *err_title(enum err e);
bool err_retryable(enum err e);
/* The error a slug stands for; ERR_INTERNAL for one that is not ours. */
enum err err_from_slug(const char *slug);

/*
 * What was wrong with an input, in words that a person may read.  Never holds the value itself: it
 * travels to logs and replies.
 */
struct problem {
    char field[64]; /* the field's wire name; "" for the whole */
    char text[200];
};

/* Fill *why (may be NULL) and return ERR_INVALID. field may be NULL. */
enum err problem_set(struct problem *why, const char *field, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
