/* Sessions, the second factor, the outbox. */
#include "common/api.h"

#define TYPE(record, doc_)                                                              \
    const struct type record##_type = {#record, sizeof(struct record), record##_fields, \
                                       .owned = NO_OWNED, .doc = doc_}

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
