/*
 * leadgend audit verify | keys
 *
 *   --data DIR audit verify [--witness FILE]      the store's log; also while the server runs
 *   audit verify --export FILE --public-keys FILE [--witness FILE]    an export, anywhere
 *   --data DIR audit keys                         what an outsider needs to check an export
 *
 * A witness is what was last signed of the log: KEYS/audit-head, or a line that the server logged.
 */
#ifndef SERVER_AUDIT_COMMAND_H
#define SERVER_AUDIT_COMMAND_H

#include "server/audit_check.h"
#include "server/options.h"

struct audit_ask { /* what the command line says; NULL: not given */
    const char *export, *public_keys, *witness;
};

/* Of control_audit_verify. */
struct audit_verify_ask {
    const char *witness; /* an absolute path; NULL: the usual one, if it is there */
};

struct audit_verdict {
    const char *fault; /* a word of AUDIT_FAULT_LIST */
    int64_t record, first, last, records, checkpoints, gaps, covered;
    bool witnessed;
};

/* There is a log to check, and the path is absolute. errors: ERR_NOT_FOUND with a sentence */
enum err audit_verify_prepare(const struct options *o, struct audit_verify_ask *ask,
                              struct arena *mem, struct problem *why) MUST_CHECK;

enum { AUDIT_EXIT_FAULT = 2 }; /* the log is not what was written */

/* Each gives the exit code, and says on stdout what it found, or on stderr why it cannot. */
int audit_print_verdict(const struct audit_verdict *v);
int audit_verify_export(const struct audit_ask *ask, struct arena *mem);

/* errors: those of seal_open() */
enum err audit_print_keys(const char *keys_dir, struct problem *why) MUST_CHECK;

#endif
