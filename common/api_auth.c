/* Sessions, the second factor, the outbox. */
#include "common/api_rows.h"

static const char *const device_outcomes[] = {"waiting", "approved", "denied", NULL};
static const char *const mail_states[] = {"queued", "dead", NULL};

static const struct field session_item_fields[] = {
    FIELD(session_item, id),
    FIELD(session_item, agent, .label = "Device", .pii = PII_ONLINE),
    FIELD(session_item, address, .label = "Address", .pii = PII_ONLINE),
    FIELD(session_item, created, .label = "Since"),
    FIELD(session_item, last_seen, .label = "Last seen"),
    FIELD(session_item, ends, .label = "Ends"),
    FIELD(session_item, current, .label = "This one"),
    {0},
};
TYPE(session_item, "A sign-in that has not ended.");

static const struct field session_page_fields[] = {
    FIELD(session_page, items, .type = &session_item_type),
    FIELD(session_page, next_cursor),
    {0},
};
TYPE(session_page, "The caller's sessions, newest first.");

static const struct field confirm_request_fields[] = {
    FIELD(confirm_request, password, .label = "Password", .min = 1, .max = 256, .pii = PII_SECRET,
          .flags = FIELD_REQUIRED | FIELD_WRITE_ONLY),
    FIELD(confirm_request, totp, .label = "Code", .max = 40, .pii = PII_SECRET,
          .flags = FIELD_WRITE_ONLY, .doc = "When the second factor is on; or a recovery code."),
    {0},
};
TYPE(confirm_request, "The caller once more, before a dangerous act.");

#define SECRET(record, member, max_, flags_) \
    FIELD(record, member, .max = max_, .pii = PII_SECRET, .flags = flags_)

static const struct field token_request_fields[] = {
    SECRET(token_request, token, 200, FIELD_REQUIRED | FIELD_WRITE_ONLY),
    {0},
};
TYPE(token_request, "The token of a mail.");

static const struct field totp_status_fields[] = {
    FIELD(totp_status, enabled, .label = "On"),
    FIELD(totp_status, created, .label = "Since"),
    FIELD(totp_status, recovery_left, .label = "Recovery codes left"),
    {0},
};
TYPE(totp_status, "The caller's second factor.");

static const struct field totp_enrolment_fields[] = {
    SECRET(totp_enrolment, secret, 0, 0),
    SECRET(totp_enrolment, uri, 0, 0),
    {0},
};
TYPE(totp_enrolment, "For an authenticator: base32, and the same as otpauth URI.");

static const struct field code_request_fields[] = {
    SECRET(code_request, totp, 40, FIELD_REQUIRED | FIELD_WRITE_ONLY),
    {0},
};
TYPE(code_request, "A code of the authenticator.");

static const struct field recovery_codes_fields[] = {
    SECRET(recovery_codes, codes, 0, 0),
    {0},
};
TYPE(recovery_codes, "Each is good once instead of a code; they are shown this once.");

static const struct field device_reply_fields[] = {
    SECRET(device_reply, device_code, 0, 0),
    SECRET(device_reply, user_code, 0, 0),
    FIELD(device_reply, verification_uri),
    FIELD(device_reply, expires_in, .doc = "Seconds."),
    FIELD(device_reply, interval, .doc = "Seconds between two polls, at least."),
    {0},
};
TYPE(device_reply, "A device that waits to be let in (RFC 8628).");

static const struct field device_poll_fields[] = {
    SECRET(device_poll, device_code, 200, FIELD_REQUIRED | FIELD_WRITE_ONLY),
    {0},
};
TYPE(device_poll, "A device that asks whether it was let in.");

static const struct field device_approval_fields[] = {
    SECRET(device_approval, user_code, 40, FIELD_REQUIRED | FIELD_WRITE_ONLY),
    FIELD(device_approval, dry_run, .doc = "Only say which device asks."),
    FIELD(device_approval, deny, .doc = "Turn it away."),
    {0},
};
TYPE(device_approval, "Let a device in as the caller.");

static const struct field device_item_fields[] = {
    FIELD(device_item, agent, .label = "Device", .pii = PII_ONLINE),
    FIELD(device_item, address, .label = "Address", .pii = PII_ONLINE),
    FIELD(device_item, outcome, .words = device_outcomes),
    {0},
};
TYPE(device_item, "Which device asks, and what became of it.");

static const struct field mail_item_fields[] = {
    FIELD(mail_item, id),
    FIELD(mail_item, kind, .label = "Kind"),
    FIELD(mail_item, to, .label = "To", .max = 254, .pii = PII_CONTACT),
    FIELD(mail_item, subject, .label = "Subject"),
    FIELD(mail_item, state, .label = "State", .words = mail_states),
    FIELD(mail_item, created, .label = "Since"),
    FIELD(mail_item, next, .label = "Next attempt"),
    FIELD(mail_item, attempts, .label = "Attempts"),
    FIELD(mail_item, error, .label = "Why not"),
    FIELD(mail_item, body, .flags = FIELD_OMIT_EMPTY, .pii = PII_CONTACT),
    {0},
};
TYPE(mail_item, "A mail that has not gone out.");

static const struct field mail_page_fields[] = {
    FIELD(mail_page, items, .type = &mail_item_type),
    FIELD(mail_page, next_cursor),
    {0},
};
TYPE(mail_page, "The outbox, oldest first.");
