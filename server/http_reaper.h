/*
 * Deadlines of connections, absolute ones: the library's own time-out starts anew with every byte,
 * so a client that sends a byte now and then would stay for ever.  A thread looks at every
 * connection now and then and shuts down those whose phase has lasted too long.
 *
 * Many addresses could fill all places with connections that are within their deadlines.  So when
 * more than `most` are there, each new one ends the oldest of a stranger that waits for its peer:
 * an honest one asks within milliseconds, a slow one is the oldest in time.
 */
#ifndef SERVER_HTTP_REAPER_H
#define SERVER_HTTP_REAPER_H

#include <stdbool.h>
#include <stddef.h>

struct reaper;
struct lease; /* one connection */

enum phase {
    PHASE_GREETING, /* from accept: TLS and the first request's headers */
    PHASE_HEADERS,  /* from the request line */
    PHASE_BODY,     /* by rate */
    PHASE_WORK,     /* ours: no deadline */
    PHASE_REPLY,    /* by progress */
    PHASE_IDLE,
};

/* Milliseconds; bytes a second. Zero members take the defaults of http_reaper.c. */
struct deadlines {
    long greeting, headers, body_grace, reply_stall, idle_stranger, idle_known;
    long floor_stranger, floor_known;
    long look; /* between two looks */
};

struct reaper *reaper_start(const struct deadlines *d, int most); /* NULL: no thread or memory */
void reaper_stop(struct reaper *r);

/* owner: what reaper_owner() gives.  NULL: no memory. */
struct lease *reaper_add(struct reaper *r, int fd, void *owner);
void *reaper_owner(const struct lease *l);
void reaper_remove(struct reaper *r, struct lease *l); /* before the descriptor is closed */
void reaper_phase(struct reaper *r, struct lease *l, enum phase p);
void reaper_known(struct reaper *r, struct lease *l); /* its caller is signed in */
void reaper_received(struct reaper *r, struct lease *l, size_t n);
/* Connections that are in the middle of a request. */
int reaper_busy(struct reaper *r);
/* Cut everything that is still there. */
void reaper_cut_all(struct reaper *r);

#endif
