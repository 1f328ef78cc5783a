#include "server/records.h"

#include <string.h>

#include "common/api.h"

#define TYPE(record)                                                                    \
    const struct type record##_type = {#record, sizeof(struct record), record##_fields, \
                                       .owned = NO_OWNED}

static const struct field account_fields[] = {
    FIELD(account, id),
    FIELD(account, name, .max = 200),
    FIELD(account, plan),
    FIELD(account, created),
    FIELD(account, owner),
    FIELD(account, owner_since),
    {0},
};
TYPE(account);

static const struct field wallet_fields[] = {
    FIELD(wallet, id),
    FIELD(wallet, balance),
    FIELD(wallet, spent),
    {0},
};
TYPE(wallet);

static const struct field ownership_fields[] = {
    FIELD(ownership, id),
    FIELD(ownership, account, .flags = FIELD_INDEX),
    FIELD(ownership, profile),
    FIELD(ownership, field),
    FIELD(ownership, entry),
    FIELD(ownership, at),
    {0},
};
TYPE(ownership);

static const struct field kept_reply_fields[] = {
    FIELD(kept_reply, id),
    FIELD(kept_reply, fingerprint),
    FIELD(kept_reply, status),
    FIELD(kept_reply, body, .flags = FIELD_SEALED, .max = 4 * 1024 * 1024, .pii = PII_CONTACT),
    FIELD(kept_reply, at, .flags = FIELD_INDEX),
    {0},
};
TYPE(kept_reply);

static const struct field event_fields[] = {
    FIELD(event, id),      FIELD(event, account), FIELD(event, kind),
    FIELD(event, subject), FIELD(event, at),      {0},
};
TYPE(event);

static const struct field session_fields[] = {
    FIELD(session, id),
    FIELD(session, user, .flags = FIELD_INDEX),
    FIELD(session, account),
    FIELD(session, token, .flags = FIELD_UNIQUE),
    FIELD(session, before, .flags = FIELD_INDEX),
    FIELD(session, successor, .flags = FIELD_SEALED, .pii = PII_SECRET),
    FIELD(session, rotated),
    FIELD(session, epoch),
    FIELD(session, created),
    FIELD(session, used),
    FIELD(session, ends),
    FIELD(session, ended),
    FIELD(session, agent, .flags = FIELD_SEALED, .pii = PII_ONLINE),
    FIELD(session, address, .flags = FIELD_SEALED, .pii = PII_ONLINE),
    FIELD(session, client),
    FIELD(session, confirmed),
    FIELD(session, impersonator),
    {0},
};
TYPE(session);

static const struct field ticket_fields[] = {
    FIELD(ticket, id),
    FIELD(ticket, purpose),
    FIELD(ticket, user, .flags = FIELD_INDEX),
    FIELD(ticket, ends, .flags = FIELD_INDEX),
    FIELD(ticket, email, .flags = FIELD_SEALED, .pii = PII_CONTACT),
    FIELD(ticket, password_hash, .flags = FIELD_SEALED, .pii = PII_SECRET),
    {0},
};
TYPE(ticket);

static const struct field attempts_fields[] = {
    FIELD(attempts, id),
    FIELD(attempts, times),
    FIELD(attempts, row),
    FIELD(attempts, familiar),
    FIELD(attempts, version),
    FIELD(attempts, ends, .flags = FIELD_INDEX),
    {0},
};
TYPE(attempts);

static const struct field totp_fields[] = {
    FIELD(totp, id),      FIELD(totp, secret, .flags = FIELD_SEALED, .pii = PII_SECRET),
    FIELD(totp, active),  FIELD(totp, step),
    FIELD(totp, created), FIELD(totp, codes),
    FIELD(totp, version), {0},
};
TYPE(totp);

static const struct field device_fields[] = {
    FIELD(device, id),
    FIELD(device, user_code, .flags = FIELD_UNIQUE),
    FIELD(device, agent, .flags = FIELD_SEALED, .pii = PII_ONLINE),
    FIELD(device, address, .flags = FIELD_SEALED, .pii = PII_ONLINE),
    FIELD(device, user),
    FIELD(device, denied),
    FIELD(device, interval),
    FIELD(device, polled),
    FIELD(device, ends, .flags = FIELD_INDEX),
    FIELD(device, version),
    {0},
};
TYPE(device);

static const struct field mail_fields[] = {
    FIELD(mail, id),
    FIELD(mail, to, .flags = FIELD_SEALED, .pii = PII_CONTACT),
    FIELD(mail, subject, .flags = FIELD_SEALED),
    FIELD(mail, body, .flags = FIELD_SEALED, .max = 64 * 1024),
    FIELD(mail, state, .flags = FIELD_INDEX),
    FIELD(mail, created),
    FIELD(mail, kind),
    FIELD(mail, attempts),
    FIELD(mail, next),
    FIELD(mail, error),
    {0},
};
TYPE(mail);

static const struct field fact_fields[] = {
    FIELD(fact, id),
    FIELD(fact, name),
    FIELD(fact, value, .max = 4000),
    {0},
};
TYPE(fact);

const struct type *const stored_types[] = {
#define X(name) &name##_type,
    SERVER_TYPES(X)
#undef X
        & profile_type,
    &company_type,
    &user_type,
    &invitation_type,
    &api_key_type,
    &impersonation_type,
    &entry_type,
    &job_type,
    &job_reject_type,
    &audit_type,
    NULL,
};

uint64_t fields_named(const struct type *t, const char *const *names)
{
    uint64_t set = 0;

    for (; *names; names++)
        set |= type_bit(t, type_field(t, *names));
    return set;
}

struct uuid ownership_id(const struct uuid *account, const struct uuid *profile, const char *field)
{
    uint8_t data[16 + 16 + 16] = {0};

    memcpy(data, account->b, 16);
    memcpy(data + 16, profile->b, 16);
    strncpy((char *)data + 32, field, 15);
    return uuid_at(0, data, sizeof(data));
}
