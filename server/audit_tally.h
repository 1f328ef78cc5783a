/* Private to the audit log: the auditor, and its counters of refusals and of uses of keys. */
#ifndef SERVER_AUDIT_TALLY_H
#define SERVER_AUDIT_TALLY_H

#include <pthread.h>

#include "server/audit.h"

/* What is counted together; compared as bytes. */
struct tally_key {
    const struct route *route; /* NULL: of several */
    const char *verb;          /* AUDIT_REFUSE, AUDIT_KEY_USE */
    const char *actor_kind;    /* one of two words of ours, or NULL */
    struct uuid actor, impersonator, account;
    uint8_t address[16]; /* keyed hash, of those who are not signed in */
    uint64_t reason;     /* enum err */
};

struct tally {
    struct tally_key key;
    int64_t count;
};

struct tallies {
    struct tally rows[AUDIT_TALLIES];
    uint16_t slots[2 * AUDIT_TALLIES]; /* 1 + row, by hash; 0: free */
    int n;
};

enum { AUDIT_DETAIL = 160 };

struct auditor {
    struct server *srv;
    pthread_t thread;
    pthread_cond_t wake;
    pthread_mutex_t lock; /* guards stop, counting and its rows */
    bool stop;
    struct tallies *counting;        /* one of the two below */
    atomic_int_fast64_t signed_upto; /* the record of the last checkpoint */

    pthread_mutex_t writing; /* one flush, one pruning at a time; guards what follows */
    struct tallies tallies[2];
    struct audit rows[AUDIT_TALLIES];
    struct step steps[AUDIT_TALLIES];
    char details[AUDIT_TALLIES][AUDIT_DETAIL];
    const char *witness_path;
    struct arena *mem; /* of the path */
};

void tallies_clear(struct tallies *t);
void tallies_add(struct tallies *t, const struct tally_key *key, int64_t count);

#endif
