/* Uploads, jobs and operations. */
#include "common/api_rows.h"

const char *const job_state_words[] = {"queued", "running", "done", "failed", "cancelled", NULL};

static const struct field upload_query_fields[] = {
    FIELD(upload_query, map, .max = 200,
          .doc = "COLUMN:field, repeated; an empty field leaves the column out."),
    FIELD(upload_query, country, .label = "Country", .min = 2, .max = 2,
          .doc = "Of phone numbers that name none."),
    FIELD(upload_query, name, .label = "Name", .max = 120,
          .doc = "What to call the file in lists."),
    {0},
};
TYPE(upload_query, "How to read an upload.");

static const struct field upload_reply_fields[] = {
    FIELD(upload_reply, id),
    FIELD(upload_reply, state, .words = job_state_words),
    {0},
};
TYPE(upload_reply, "The job that reads the upload.");

static const struct field job_counts_fields[] = {
    FIELD(job_counts, read),
    FIELD(job_counts, created),
    FIELD(job_counts, updated),
    FIELD(job_counts, merged),
    FIELD(job_counts, skipped),
    FIELD(job_counts, rejected),
    {0},
};
TYPE(job_counts, "read = created + updated + merged + skipped + rejected.");

static const struct field job_error_fields[] = {
    FIELD(job_error, code),
    FIELD(job_error, detail, .max = 300),
    FIELD(job_error, field, .max = 80),
    FIELD(job_error, retryable, .doc = "The job waits and tries again."),
    {0},
};
TYPE(job_error, "Why a job failed, or what it waits for.");

#define COUNT(name) FIELD_AS(job, n.name, "n_" #name, .flags = FIELD_INTERNAL)

static const struct field job_fields[] = {
    FIELD(job, id, .flags = FIELD_SERVER),
    FIELD_AS(job, account, "account_id", .flags = FIELD_SERVER | FIELD_INDEX),
    FIELD_AS(job, user, "user_id", .flags = FIELD_SERVER),
    FIELD(job, target, .flags = FIELD_INTERNAL),
    FIELD(job, kind, .label = "Kind"),
    FIELD(job, state, .label = "State", .words = job_state_words, .flags = FIELD_INDEX),
    FIELD(job, name, .label = "Name", .max = 120),
    FIELD(job, progress, .label = "Progress", .doc = "By bytes."),
    FIELD(job, counts, .type = &job_counts_type, .flags = FIELD_WIRE),
    FIELD(job, error, .type = &job_error_type, .flags = FIELD_WIRE),
    FIELD(job, encoding),
    FIELD(job, mapping, .max = 200),
    FIELD(job, created, .label = "Created"),
    FIELD(job, started),
    FIELD(job, finished),
    FIELD(job, params, .flags = FIELD_INTERNAL, .max = 64 * 1024),
    FIELD(job, error_code, .flags = FIELD_INTERNAL),
    FIELD(job, error_detail, .flags = FIELD_INTERNAL, .max = 300),
    FIELD(job, error_field, .flags = FIELD_INTERNAL),
    FIELD(job, offset, .flags = FIELD_INTERNAL),
    FIELD(job, size, .flags = FIELD_INTERNAL),
    COUNT(read),
    COUNT(created),
    COUNT(updated),
    COUNT(merged),
    COUNT(skipped),
    COUNT(rejected),
    FIELD(job, attempts, .flags = FIELD_INTERNAL),
    FIELD(job, cancel, .flags = FIELD_INTERNAL),
    {0},
};
TYPE(job, "A piece of work in the background.");

static const struct field job_reject_fields[] = {
    FIELD(job_reject, id, .flags = FIELD_INTERNAL),
    FIELD(job_reject, job, .flags = FIELD_INTERNAL | FIELD_INDEX),
    FIELD(job_reject, line, .flags = FIELD_INDEX),
    FIELD(job_reject, column, .max = 200),
    FIELD(job_reject, code),
    FIELD(job_reject, reason, .max = 300),
    {0},
};
TYPE(job_reject, "A row, or a cell, that was not taken.");

enum { LINK = FIELD_OMIT_EMPTY };

static const struct field audit_fields[] = {
    FIELD(audit, id),
    FIELD(audit, at, .label = "When"),
    FIELD_AS(audit, actor, "actor_id", .label = "Who"),
    FIELD(audit, actor_kind, .label = "As", .doc = "user, or key: an API key of its own."),
    FIELD_AS(audit, impersonator, "impersonator_id", .label = "Through",
             .doc = "The super_admin who acted as that user."),
    FIELD_AS(audit, account, "account_id", .label = "Account", .flags = FIELD_INDEX),
    FIELD(audit, verb, .label = "What", .max = 80),
    FIELD_AS(audit, target, "target_id", .label = "To what"),
    FIELD(audit, outcome, .label = "Outcome"),
    FIELD(audit, detail, .label = "Detail", .max = 300),
    FIELD(audit, request_id),
    FIELD(audit, count, .label = "Times"),
    FIELD(audit, seq, .flags = LINK | FIELD_ZERO_NULL | FIELD_UNIQUE,
          .doc = "Place in the hash chain, from 1; it and what follows are the super_admin's."),
    FIELD(audit, chain, .flags = LINK),
    FIELD(audit, previous, .flags = LINK, .doc = "Hash of the record before this one."),
    FIELD(audit, hash, .flags = LINK, .doc = "BLAKE2b-256 of this record, hexadecimal."),
    FIELD(audit, mac, .flags = FIELD_INTERNAL),
    FIELD(audit, covers, .flags = LINK | FIELD_ZERO_NULL,
          .doc = "Of a checkpoint: the last record that it vouches for."),
    FIELD(audit, anchor, .flags = LINK, .doc = "Of a checkpoint: the hash of that record."),
    FIELD(audit, key, .flags = LINK | FIELD_ZERO_NULL, .doc = "The key that signed it."),
    FIELD(audit, signature, .flags = LINK, .doc = "Ed25519, hexadecimal."),
    {0},
};
const struct type audit_type = {"audit",           sizeof(struct audit),
                                audit_fields,      .flags = TYPE_CHAINED,
                                .owned = NO_OWNED, .doc = "Who did what, and how it ended."};

static const char *const export_words[] = {"jsonl", "csv", NULL};

static const struct field audit_query_fields[] = {
    FIELD(audit_query, cursor, .max = 400),
    FIELD(audit_query, page_size, .min = 1, .max = 1000),
    FIELD_AS(audit_query, actor, "actor_id", .label = "Who"),
    FIELD_AS(audit_query, account, "account_id", .doc = "For the super_admin."),
    FIELD_AS(audit_query, target, "target_id", .label = "To what"),
    FIELD(audit_query, verb, .label = "What", .max = 80),
    FIELD(audit_query, outcome, .label = "Outcome", .max = 80),
    FIELD(audit_query, since, .label = "From"),
    FIELD(audit_query, until, .label = "Until", .doc = "Without this moment."),
    FIELD(audit_query, format, .words = export_words, .doc = "Of an export; jsonl unless said."),
    {0},
};
TYPE(audit_query, "Which records of the audit log.");

static const struct field health_fields[] = {
    FIELD(health, status),  FIELD(health, database), FIELD(health, redis),
    FIELD(health, workers), FIELD(health, version),  {0},
};
TYPE(health, "Is the server well.");

static const struct field admin_health_fields[] = {
    FIELD(admin_health, status, .label = "Status"),
    FIELD(admin_health, version, .label = "Version"),
    FIELD(admin_health, uptime, .label = "Up for seconds"),
    FIELD(admin_health, workers, .label = "Workers"),
    FIELD(admin_health, jobs_queued, .label = "Jobs queued"),
    FIELD(admin_health, jobs_running, .label = "Jobs running"),
    FIELD(admin_health, profiles, .label = "Profiles"),
    FIELD(admin_health, companies, .label = "Companies"),
    FIELD(admin_health, accounts, .label = "Accounts"),
    FIELD(admin_health, users, .label = "Users"),
    FIELD(admin_health, index_segments, .label = "Index segments"),
    FIELD(admin_health, index_documents, .label = "Index documents"),
    FIELD(admin_health, index_lag, .label = "Index lag (changes)"),
    FIELD(admin_health, connections, .label = "Connections"),
    FIELD(admin_health, commits, .label = "Commits"),
    FIELD(admin_health, requests, .label = "Requests"),
    FIELD(admin_health, errors, .label = "Server errors"),
    FIELD(admin_health, resident, .label = "Memory (bytes)"),
    FIELD(admin_health, data_bytes, .label = "Data on disk (bytes)"),
    FIELD(admin_health, mail, .label = "Mail configured"),
    FIELD(admin_health, mail_queued, .label = "Mails waiting"),
    FIELD(admin_health, mail_dead, .label = "Mails undeliverable"),
    {0},
};
TYPE(admin_health, "How the server is doing.");

static const struct field problem_reply_fields[] = {
    FIELD(problem_reply, type),       FIELD(problem_reply, title), FIELD(problem_reply, status),
    FIELD(problem_reply, detail),     FIELD(problem_reply, code),  FIELD(problem_reply, retryable),
    FIELD(problem_reply, request_id), FIELD(problem_reply, field), {0},
};
TYPE(problem_reply, "An error (RFC 9457).");
