/* Accounts, invitations, API keys, limits, impersonation. */
#include <string.h>

#include "common/api_rows.h"

const char *const tier_words[] = {"starter", "premium", "enterprise", NULL};

enum tier tier_find(const char *word)
{
    for (int i = 0; word && tier_words[i]; i++)
        if (strcmp(tier_words[i], word) == 0)
            return (enum tier)i;
    return TIER_STARTER;
}

static const struct field account_view_fields[] = {
    FIELD(account_view, id),
    FIELD(account_view, name, .label = "Name"),
    FIELD(account_view, plan, .label = "Plan", .words = tier_words),
    FIELD_AS(account_view, owner, "owner_id", .label = "Owner"),
    FIELD(account_view, members, .label = "Members", .doc = "Those who may sign in."),
    FIELD(account_view, balance, .label = "Balance"),
    FIELD(account_view, created, .label = "Since"),
    {0},
};
TYPE(account_view, "An account: members who share credits.");

static const struct field account_page_fields[] = {PAGE(account_page, account_view), {0}};
TYPE(account_page, "Accounts.");

static const struct field account_change_fields[] = {
    FIELD(account_change, name, .label = "Name", .min = 1, .max = 200),
    FIELD(account_change, plan, .label = "Plan", .words = tier_words,
          .doc = "Only the super_admin sets it."),
    {0},
};
TYPE(account_change, "What to change of an account.");

static const struct field owner_request_fields[] = {
    FIELD_AS(owner_request, user, "user_id", .flags = FIELD_REQUIRED),
    {0},
};
TYPE(owner_request, "Who becomes the owner of the account, and an admin of it.");

static const struct field invitation_fields[] = {
    FIELD(invitation, id, .flags = FIELD_SERVER),
    FIELD(invitation, account, .flags = FIELD_INTERNAL | FIELD_INDEX),
    EMAIL(invitation, email, FIELD_SEALED | FIELD_LOOKUP),
    ROLE(invitation, 0),
    FIELD_AS(invitation, by, "invited_by"),
    FIELD(invitation, created),
    FIELD(invitation, ends, .label = "Good until"),
    FIELD(invitation, sent, .label = "Mails"),
    FIELD(invitation, token, .flags = FIELD_INTERNAL | FIELD_UNIQUE),
    {0},
};
TYPE(invitation, "An invitation that was neither accepted nor revoked.");

static const struct field invitation_create_fields[] = {
    EMAIL(invitation_create, email, FIELD_REQUIRED),
    ROLE(invitation_create, FIELD_REQUIRED),
    {0},
};
TYPE(invitation_create, "Whom to invite, and as what.");

static const struct field invitation_page_fields[] = {PAGE(invitation_page, invitation), {0}};
TYPE(invitation_page, "Open invitations.");

static const struct field invitation_accept_fields[] = {
    FIELD(invitation_accept, token, .max = 200, .pii = PII_SECRET,
          .flags = FIELD_REQUIRED | FIELD_WRITE_ONLY),
    FIELD(invitation_accept, name, .label = "Name", .min = 1, .max = 100, .pii = PII_NAME,
          .flags = FIELD_REQUIRED),
    FIELD(invitation_accept, password, .label = "Password", .min = 1, .max = 256, .pii = PII_SECRET,
          .flags = FIELD_REQUIRED | FIELD_WRITE_ONLY),
    {0},
};
TYPE(invitation_accept, "Who accepts, with the token of the mail.");

#define KEY_NAME(record, flags_) \
    FIELD(record, name, .label = "Name", .min = 1, .max = 80, .flags = flags_)
#define KEY_SCOPES(record, flags_)                                       \
    FIELD(record, scopes, .label = "Scopes", .max = 64, .flags = flags_, \
          .doc = "resource:read and resource:write; what is not listed is refused.")
#define KEY_BOUNDS(record)                                                                   \
    FIELD(record, networks, .label = "Networks", .max = 32,                                  \
          .doc = "Where it may be used from: addresses and CIDR networks; none: anywhere."), \
        FIELD(record, rate, .label = "Rate", .max = 1000000, .flags = FIELD_ZERO_NULL,       \
              .doc = "Requests a minute of its own; none: only the plan's."),                \
        CAP(record)

static const struct field api_key_fields[] = {
    FIELD(api_key, id, .flags = FIELD_SERVER),
    FIELD(api_key, account, .flags = FIELD_INTERNAL | FIELD_INDEX),
    FIELD_AS(api_key, user, "user_id", .flags = FIELD_INDEX, .label = "Of"),
    KEY_NAME(api_key, 0),
    FIELD(api_key, hint, .label = "Begins", .doc = "How its secret begins."),
    FIELD(api_key, test, .label = "Test", .doc = "Sees made-up data, and never costs."),
    KEY_SCOPES(api_key, 0),
    KEY_BOUNDS(api_key),
    FIELD(api_key, spent, .label = "Spent", .flags = FIELD_WIRE,
          .doc = "In this calendar month (UTC)."),
    FIELD(api_key, created, .label = "Since"),
    FIELD(api_key, ends, .label = "Good until"),
    FIELD(api_key, last_used, .label = "Last used", .doc = "To within five minutes."),
    FIELD(api_key, revoked, .label = "Revoked"),
    FIELD(api_key, before_ends, .label = "Old secret until",
          .doc = "Until when the secret before the last rotation works."),
    FIELD(api_key, secret, .flags = FIELD_INTERNAL | FIELD_UNIQUE),
    FIELD(api_key, before, .flags = FIELD_INTERNAL | FIELD_INDEX),
    FIELD(api_key, issued, .flags = FIELD_INTERNAL),
    FIELD(api_key, hashed, .flags = FIELD_INTERNAL),
    {0},
};
TYPE(api_key, "A key for programs, without its secret.");

static const struct field api_key_create_fields[] = {
    KEY_NAME(api_key_create, FIELD_REQUIRED),
    FIELD(api_key_create, test, .label = "Test", .doc = "Sees made-up data, and never costs."),
    KEY_SCOPES(api_key_create, FIELD_REQUIRED),
    KEY_BOUNDS(api_key_create),
    FIELD(api_key_create, days, .label = "Days", .min = 1, .max = 366,
          .doc = "How long it is good; 90 unless said."),
    {0},
};
TYPE(api_key_create, "A new key.");

static const struct field api_key_change_fields[] = {
    KEY_NAME(api_key_change, 0),
    KEY_SCOPES(api_key_change, 0),
    KEY_BOUNDS(api_key_change),
    {0},
};
TYPE(api_key_change, "What to change of a key.");

static const struct field api_key_rotate_fields[] = {
    FIELD(api_key_rotate, overlap_hours, .label = "Overlap", .max = 168,
          .doc = "How long the old secret goes on working; 24 unless said."),
    {0},
};
TYPE(api_key_rotate, "How to rotate a key.");

static const struct field api_key_made_fields[] = {
    FIELD(api_key_made, secret, .pii = PII_SECRET, .doc = "Shown this once."),
    FIELD(api_key_made, key, .type = &api_key_type),
    {0},
};
TYPE(api_key_made, "A key and its secret.");

static const struct field api_key_page_fields[] = {
    PAGE(api_key_page, api_key),
    FIELD(api_key_page, scopes, .doc = "All scopes there are."),
    {0},
};
TYPE(api_key_page, "Keys: your own, for an admin the account's.");

static const struct field limit_class_fields[] = {
    FIELD_AS(limit_class, name, "class"),
    FIELD(limit_class, limit, .flags = FIELD_ZERO_NULL, .doc = "A minute; null: unlimited."),
    FIELD(limit_class, used, .doc = "Admitted in the last minute."),
    FIELD(limit_class, remaining, .flags = FIELD_ZERO_NULL),
    FIELD(limit_class, reset, .doc = "Seconds until one more is admitted; 0: now."),
    {0},
};
TYPE(limit_class, "A class of requests and what is left of it.");

static const struct field spending_fields[] = {
    FIELD(spending, of), CAP(spending), FIELD(spending, spent), FIELD(spending, resets), {0},
};
TYPE(spending, "What was spent in this calendar month (UTC).");

static const struct field limits_reply_fields[] = {
    FIELD(limits_reply, plan, .words = tier_words),
    FIELD(limits_reply, classes, .type = &limit_class_type),
    FIELD(limits_reply, spending, .type = &spending_type),
    FIELD(limits_reply, balance),
    {0},
};
TYPE(limits_reply, "What binds the caller now.");

static const struct field impersonation_fields[] = {
    FIELD(impersonation, id),
    FIELD_AS(impersonation, user, "user_id", .label = "Member", .flags = FIELD_INDEX),
    FIELD_AS(impersonation, account, "account_id", .flags = FIELD_INDEX),
    FIELD_AS(impersonation, by, "by_id", .label = "By", .flags = FIELD_INDEX),
    FIELD(impersonation, reason, .label = "Reason", .max = 200),
    FIELD(impersonation, created, .label = "When"),
    FIELD(impersonation, ends, .label = "Until"),
    {0},
};
TYPE(impersonation, "A super_admin who acted as a member, and why.");

static const struct field impersonate_request_fields[] = {
    FIELD_AS(impersonate_request, user, "user_id", .label = "Member", .flags = FIELD_REQUIRED),
    FIELD(impersonate_request, reason, .label = "Reason", .min = 10, .max = 200,
          .flags = FIELD_REQUIRED, .doc = "The member reads it."),
    {0},
};
TYPE(impersonate_request, "Whom to act as, and why.");

static const struct field impersonation_page_fields[] = {
    PAGE(impersonation_page, impersonation),
    {0},
};
TYPE(impersonation_page, "Impersonations, the newest first.");
