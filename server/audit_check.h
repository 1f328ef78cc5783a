/*
 * Is an audit log whole?  Records are given in order of their numbers; every link, every hash and
 * every signature is looked at.  Needs the public keys only, so it checks an export as well.
 */
#ifndef SERVER_AUDIT_CHECK_H
#define SERVER_AUDIT_CHECK_H

#include "common/api.h"
#include "server/seal.h"
#include "server/store.h"

/* name, word, what it says of the record at which it was found */
#define AUDIT_FAULT_LIST(X)                                                   \
    X(NONE, "ok", "nothing is wrong")                                         \
    X(ALTERED, "altered", "its hash is not that of its content")              \
    X(FORGED, "forged", "this server did not write it")                       \
    X(UNLINKED, "unlinked", "it does not follow on the record before it")     \
    X(MISSING, "missing", "it is not there")                                  \
    X(INSERTED, "inserted", "it is no part of the chain")                     \
    X(REORDERED, "reordered", "it comes later than it should")                \
    X(TRUNCATED, "truncated", "the log ends before it, and a witness saw it") \
    X(SIGNATURE, "signature", "what it claims is not signed, or is not what was so")

enum audit_fault {
#define X(name, word, text) AUDIT_##name,
    AUDIT_FAULT_LIST(X)
#undef X
};

const char *audit_fault_word(enum audit_fault f);
const char *audit_fault_text(enum audit_fault f);
enum audit_fault audit_fault_find(const char *word); /* AUDIT_INSERTED for one that is not ours */

struct audit_key {
    int64_t id;
    uint8_t key[SEAL_PUBLIC];
};

enum { AUDIT_KEYS = 64 };

struct audit_keys {
    struct audit_key v[AUDIT_KEYS];
    size_t n;
};

void audit_keys_of(const struct seal *s, struct audit_keys *out);
/* "ID HEX" a line. errors: ERR_INVALID with a sentence */
enum err audit_keys_read(const char *text, struct audit_keys *out, struct problem *why) MUST_CHECK;

/* For the controls of tests: what not to look at. */
enum audit_skip { AUDIT_SKIP_HASH = 1, AUDIT_SKIP_LINK = 2, AUDIT_SKIP_SIGNATURE = 4 };

struct audit_check_options {
    const struct audit_keys *keys;
    const struct audit *witness; /* NULL: none is known */
    const struct seal *seal;     /* NULL: nobody who checks has the server's keys */
    unsigned skip;
};

struct audit_report {
    enum audit_fault fault;
    int64_t record; /* the first at fault; 0: it has no number */
    int64_t first, last, records, checkpoints, gaps;
    int64_t covered; /* up to here the records are vouched for by a signature */
};

struct audit_check;

/* NULL: no memory. The options' parts outlive it. */
struct audit_check *audit_check_new(const struct audit_check_options *o);
/* False: enough is known. */
bool audit_check_next(struct audit_check *c, const struct audit *rec);
/* The verdict; frees c. */
void audit_check_end(struct audit_check *c, struct audit_report *out);

/* The store's whole log. */
enum err audit_check_store(struct store *s, const struct audit_check_options *o,
                           struct audit_report *out) MUST_CHECK;
/* An export, one JSON object a line. errors: ERR_NOT_FOUND, ERR_INVALID with a sentence */
enum err audit_check_file(const char *path, const struct audit_check_options *o,
                          struct audit_report *out, struct problem *why) MUST_CHECK;

#endif
