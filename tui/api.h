/*
 * The client's side of the API: requests in flight on one curl multi handle, used by the screens'
 * loop and by the subcommands.  Nothing here blocks except api_wait().
 *
 * It knows the session: it adds the access token, refreshes it once when it has expired (one
 * refresh at a time, others wait behind it) and repeats the request.  It checks the pin of the
 * server's key before anything is sent.
 */
#ifndef TUI_API_H
#define TUI_API_H

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct api;
struct api_call;
struct session; /* tui/session.h: server, pin, tokens and where they are kept */

struct api_reply {
    enum err err;      /* ERR_OK, or what the problem's code says; ERR_UNAVAILABLE: no answer */
    unsigned status;   /* HTTP; 0: no answer */
    const cJSON *doc;  /* the reply, or the problem; may be NULL. Borrowed for the call */
    const char *bytes; /* the body as it came */
    size_t len;
    const char *detail;  /* a sentence for a person, cleaned; never NULL */
    const char *field;   /* the problem's field, or "" */
    int64_t retry_after; /* seconds; 0: not said */
    bool pin_mismatch;   /* the server's key is not the pinned one: nothing was sent */
    bool sent;           /* no answer, but the request may have reached the server */
    int64_t took_ms;
};

typedef void api_done(void *arg, const struct api_reply *reply);
/*
 * Bytes of a streamed reply (events, CSV) as they come; return false to end it: done then says
 * ERR_OK.  Problems are not streamed.
 */
typedef bool api_bytes(void *arg, const char *data, size_t n);
/* Fill a streamed body: bytes put into out, 0 at its end, -1 to give up. */
typedef long api_body(void *arg, char *out, size_t max);

struct api_request {
    const char *method, *path; /* "/api/profiles/search"; a query is part of it, escaped */
    const char *json;          /* the body, or NULL */
    api_body *body;            /* or a streamed one, with its size (-1: unknown) and type */
    int64_t body_size;
    const char *body_type;
    const char *idempotency_key;
    api_bytes *bytes;   /* streamed reply: no doc */
    bool anonymous;     /* without a token (sign-in itself) */
    int64_t timeout_ms; /* without a byte moving; 0: 15 s */
};                      /* its texts are copied; bytes and body get the arg of api_send() */

/* The session outlives the api. NULL: curl does not start. */
struct api *api_new(struct session *s);
void api_free(struct api *a);

/*
 * done is called once, from api_run() or api_wait(), unless the call is cancelled before.  Without
 * a pin or a sign-in nothing is sent and it says so.  Never NULL.
 */
struct api_call *api_send(struct api *a, const struct api_request *r, api_done *done, void *arg);
/*
 * Forget a call: its done will not be called.  Allowed in every callback; NULL, and a call that has
 * ended, are fine.
 */
void api_cancel(struct api *a, struct api_call *c);
/* Forget every call whose arg is this (a screen that closes). */
void api_cancel_all(struct api *a, const void *arg);
bool api_busy(const struct api *a);

/*
 * The server wants the password once more before a dangerous act (ERR_CONFIRM).  Where there is
 * somebody to ask, ask() is called and the calls wait until api_confirmed() sends them again, once,
 * or ends them (false) with that error; else their done is told at once.
 */
void api_on_confirm(struct api *a, void (*ask)(void *arg), void *arg);
void api_confirmed(struct api *a, bool yes);
/*
 * The session is somebody else's now: an exchange of tokens under way is forgotten, and no call
 * that was made before is sent, or sent again, in the new name.
 */
void api_person_changed(struct api *a);
/* What the sockets have; calls done. Never blocks. */
void api_run(struct api *a);
/*
 * Sleep until a socket, one of the n (at most 8) descriptors, or the timeout (-1: none); then
 * api_run().  revents is as poll() sets it.
 */
void api_wait(struct api *a, struct pollfd *extra, unsigned n, int timeout_ms);

/* Percent-encoding of one query value or path segment; the caller frees it. */
char *api_escape(const char *text);
/* Upload progress: bytes of the body given out so far. */
int64_t api_sent(const struct api_call *c);

#endif
