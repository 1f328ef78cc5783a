/* Private to the audit log: the counters of refusals and of uses of keys. */
#ifndef SERVER_AUDIT_TALLY_H
#define SERVER_AUDIT_TALLY_H

#include "server/audit.h"

/* What is counted together; compared as bytes. */
struct tally_key {
    const struct route *route; /* NULL: of several */
    const char *verb;          /* AUDIT_REFUSE, AUDIT_KEY_USE */
    struct uuid actor, account, target;
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

void tallies_clear(struct tallies *t);
void tallies_add(struct tallies *t, const struct tally_key *key, int64_t count);

#endif
