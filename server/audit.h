/*
 * The audit log: who did what to what, and how it ended.
 *
 * An act writes its record in its own plan (request_audit()), so that there is none without the
 * other.  What was refused, and which API keys were used, is counted in memory by principal (or
 * keyed hash of the address), route and reason, and written by one thread, once a minute and at the
 * end, in one commit: a flood makes no fsyncs.
 *
 * The records are a hash chain (server/chain.h).  The same thread signs it: every minute with new
 * records, after 1,000 of them, and at the end it adds a record "audit.checkpoint" which says,
 * under the newest key of the ring, what hash the record `covers` has.  Of the last checkpoint
 * itself a signed statement ("audit.witness") lies in KEYS/audit-head, outside the data directory,
 * and goes to the server's log as an event of that name: so a log that was cut, or put back to an
 * older state, is found out up to there.
 *
 * What is older than audit_keep_days goes, up to a checkpoint; a signed record "audit.cut" says how
 * far.  A server that finds its log cut short behind its witness writes a record "audit.gap".
 */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H

#include "server/request.h"

#define AUDIT_CHECKPOINT "audit.checkpoint"
#define AUDIT_CUT "audit.cut"
#define AUDIT_GAP "audit.gap"
#define AUDIT_WITNESS "audit.witness"
#define AUDIT_REFUSE "refuse"
#define AUDIT_KEY_USE "key.use"

enum { AUDIT_TALLIES = 512 }; /* counters at once; what finds none is counted under "others" */

struct auditor;

/* After the store is open. */
enum err audit_start(struct server *srv, struct auditor **out) MUST_CHECK;
void audit_stop(struct auditor *a); /* writes what is counted, and a checkpoint; NULL is fine */

/* Count this request, which ended with err, if that is a refusal.  Memory only. */
void audit_refused(struct request *r, enum err err);
/* Count a use of the API key that asks.  Memory only. */
void audit_key_used(struct request *r);

/* Write what is counted, and a checkpoint if there are new records: what the thread does. */
enum err audit_flush(struct auditor *a) MUST_CHECK;
/* Delete what is older than this, up to a checkpoint. */
enum err audit_prune(struct auditor *a, struct stamp older_than) MUST_CHECK;

/* What was last signed of the log; err of file_read() when there is no such file. */
enum err audit_witness_read(const char *path, struct arena *mem, struct audit *out) MUST_CHECK;
const char *audit_witness_path(const struct options *o, struct arena *mem);

#endif
