/* What api.c (calls and sign-in) and api_transfer.c (one transfer in curl) share. */
#ifndef TUI_API_PRIVATE_H
#define TUI_API_PRIVATE_H

#include <curl/curl.h>

#include "common/buf.h"
#include "common/mem.h"
#include "tui/api.h"

enum call_state {
    CALL_RUNNING,
    CALL_WAITING,   /* behind the exchange of tokens */
    CALL_HELD,      /* until a person has given the password once more */
    CALL_FAILED,    /* without a request; done is called by the next api_run() */
    CALL_FAILING,   /* in this one */
    CALL_CANCELLED, /* while curl was at work: freed when it is not */
};

struct api_call {
    struct api_call *next;
    struct api *api;
    struct arena *mem; /* the request's texts and the reply's document */
    struct api_request r;
    api_done *done;
    void *arg;
    enum call_state state;
    CURL *easy;
    struct curl_slist *headers;
    struct buf reply;
    int64_t started_ms, moved_ms; /* the last byte of it; monotonic */
    int64_t given;                /* bytes of the streamed body */
    int64_t tokens;               /* which ones it was sent with: api.tokens then */
    int64_t person;               /* in whose name: api.person then */
    bool waited, repeated, held;  /* once each, so that no answer makes a circle */
    bool ended;                   /* by its reader */
    enum err failure;             /* CALL_FAILED */
    const char *failure_text;
    char error[CURL_ERROR_SIZE];
};

struct api {
    CURLM *multi;
    struct session *session;
    struct api_call *calls;
    struct api_call *refresh; /* the exchange of tokens */
    int64_t tokens;           /* counts the exchanges */
    int64_t person;           /* counts those in whose name calls are made */
    bool performing;          /* curl is at work: its handles must not be touched */
    void (*ask)(void *);      /* for the password; NULL: nobody is there */
    void *ask_arg;
};

/* Hand the call to curl. errors: ERR_NO_MEMORY */
enum err transfer_start(struct api_call *c) MUST_CHECK;
/* Take it away from curl; the call stays, its reply is gone. */
void transfer_stop(struct api_call *c);
/* What came of it. */
void transfer_read(struct api_call *c, CURLcode rc, struct api_reply *r);

#endif
