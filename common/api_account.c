/* People and sign-in, credits and reveals. */
#include <string.h>

#include "common/api_rows.h"

static const char *const all_role_words[] = {"nobody", "public",      "viewer", "user",
                                             "admin",  "super_admin", NULL};
const char *const role_words[] = {"viewer", "user", "admin", "super_admin", NULL};

const char *role_word(enum role r)
{
    return all_role_words[r];
}

enum role role_find(const char *word)
{
    for (int i = ROLE_VIEWER; word && i <= ROLE_SUPER_ADMIN; i++)
        if (strcmp(all_role_words[i], word) == 0)
            return (enum role)i;
    return ROLE_NOBODY;
}

static const char *const state_words[] = {"active", "unconfirmed", "disabled", NULL};
static const char *const entry_words[] = {"grant", "reveal", "refund", NULL};
static const char *const contact_words[] = {"email", "phone", NULL};
static const char *const outcome_words[] = {"revealed",   "owned",     "empty",
                                            "suppressed", "not_found", NULL};

static const struct field login_request_fields[] = {
    EMAIL(login_request, email, FIELD_REQUIRED),
    PASSWORD(login_request, password),
    FIELD(login_request, totp, .label = "Code", .max = 40, .pii = PII_SECRET,
          .flags = FIELD_WRITE_ONLY, .doc = "When the second factor is on; or a recovery code."),
    {0},
};
TYPE(login_request, "Who signs in.");

static const struct field register_request_fields[] = {
    EMAIL(register_request, email, FIELD_REQUIRED),
    PASSWORD(register_request, password),
    {0},
};
TYPE(register_request, "Who registers.");

static const struct field tokens_fields[] = {
    FIELD(tokens, access_token, .max = 2000, .pii = PII_SECRET),
    FIELD(tokens, refresh_token, .max = 200, .pii = PII_SECRET),
    FIELD(tokens, token_type),
    FIELD(tokens, expires_in, .doc = "Seconds until the access token expires."),
    {0},
};
TYPE(tokens, "A session's tokens.");

static const struct field refresh_request_fields[] = {
    TOKEN(refresh_request, refresh_token),
    {0},
};
TYPE(refresh_request, "A refresh token.");

static const struct field bootstrap_request_fields[] = {
    TOKEN(bootstrap_request, token),
    EMAIL(bootstrap_request, email, FIELD_REQUIRED),
    PASSWORD(bootstrap_request, password),
    {0},
};
TYPE(bootstrap_request, "The first super_admin, with the token that the first start printed.");

static const struct field email_request_fields[] = {
    EMAIL(email_request, email, FIELD_REQUIRED),
    {0},
};
TYPE(email_request, "An address.");

static const struct field reset_request_fields[] = {
    TOKEN(reset_request, token),
    PASSWORD(reset_request, password),
    {0},
};
TYPE(reset_request, "A new password, with the token of the mail.");

static const struct field accepted_fields[] = {
    FIELD(accepted, message),
    {0},
};
TYPE(accepted, "What happens next.");

static const struct field me_fields[] = {
    FIELD(me, id),
    EMAIL(me, email, 0),
    FIELD(me, role, .words = role_words),
    FIELD(me, account_id),
    FIELD(me, account),
    FIELD(me, balance),
    FIELD(me, name, .pii = PII_NAME),
    FIELD(me, plan, .words = tier_words),
    FIELD_AS(me, key, "key_id", .doc = "The API key that asks."),
    FIELD_AS(me, impersonator, "impersonated_by",
             .doc = "The super_admin who acts in this session as you; see /api/me/impersonations."),
    FIELD(me, session_ends, .doc = "When such a session ends."),
    {0},
};
TYPE(me, "The caller.");

static const struct field user_fields[] = {
    FIELD(user, id, .flags = FIELD_SERVER),
    FIELD_AS(user, account, "account_id", .flags = FIELD_SERVER | FIELD_INDEX),
    EMAIL(user, email, FIELD_SEALED | FIELD_LOOKUP | FIELD_UNIQUE),
    FIELD(user, role, .label = "Role", .words = role_words, .flags = FIELD_INDEX),
    FIELD(user, state, .label = "State", .words = state_words),
    FIELD(user, password_hash, .flags = FIELD_INTERNAL, .pii = PII_SECRET),
    FIELD(user, epoch, .flags = FIELD_INTERNAL),
    FIELD(user, created, .label = "Since", .flags = FIELD_SERVER),
    FIELD(user, last_login, .label = "Last sign-in", .flags = FIELD_SERVER),
    FIELD(user, name, .label = "Name", .max = 100, .flags = FIELD_SEALED, .pii = PII_NAME),
    CAP(user),
    FIELD(user, keys_void, .flags = FIELD_INTERNAL),
    {0},
};
TYPE(user, "A person who signs in.");

static const struct field user_create_fields[] = {
    EMAIL(user_create, email, FIELD_REQUIRED),
    ROLE(user_create, FIELD_REQUIRED),
    PASSWORD(user_create, password),
    {0},
};
TYPE(user_create, "A new member of the caller's account.");

static const struct field user_change_fields[] = {
    FIELD(user_change, role, .label = "Role", .words = role_words),
    FIELD(user_change, state, .label = "State", .words = state_words),
    CAP(user_change),
    {0},
};
TYPE(user_change, "What to change of a member.");

static const struct field entry_fields[] = {
    FIELD(entry, id, .flags = FIELD_SERVER),
    FIELD(entry, account, .flags = FIELD_INTERNAL | FIELD_INDEX),
    FIELD(entry, at, .label = "When"),
    FIELD(entry, kind, .label = "Kind", .words = entry_words),
    FIELD(entry, amount, .label = "Amount", .min = -CREDITS_MAX, .max = CREDITS_MAX),
    FIELD(entry, balance, .label = "Balance", .max = CREDITS_MAX),
    FIELD_AS(entry, actor, "actor_id", .label = "By"),
    FIELD_AS(entry, key, "key_id", .label = "Key"),
    FIELD_AS(entry, profile, "profile_id", .label = "Profile"),
    FIELD(entry, fields, .label = "Fields", .max = 80),
    FIELD(entry, reason, .label = "Reason", .max = 200),
    FIELD(entry, plan, .flags = FIELD_INTERNAL),
    {0},
};
TYPE(entry, "One movement of credits; never changed.");

static const struct field credits_reply_fields[] = {
    FIELD(credits_reply, balance),
    FIELD(credits_reply, entries, .type = &entry_type),
    FIELD(credits_reply, next_cursor),
    {0},
};
TYPE(credits_reply, "The account's balance and its movements, newest first.");

static const struct field grant_request_fields[] = {
    FIELD_AS(grant_request, account, "account_id", .doc = "Or the address of a member."),
    EMAIL(grant_request, email, 0),
    FIELD(grant_request, amount, .label = "Amount", .flags = FIELD_REQUIRED, .min = -CREDITS_MAX,
          .max = CREDITS_MAX, .doc = "Negative takes back, never below zero."),
    FIELD(grant_request, reason, .label = "Reason", .flags = FIELD_REQUIRED, .min = 3, .max = 200),
    {0},
};
TYPE(grant_request, "Credits for an account.");

static const struct field grant_reply_fields[] = {
    FIELD_AS(grant_reply, account, "account_id"),
    FIELD(grant_reply, amount, .min = -CREDITS_MAX),
    FIELD(grant_reply, balance),
    {0},
};
TYPE(grant_reply, "The account after the grant.");

#define REVEAL_REQUEST(record)                                                                  \
    FIELD(record, fields, .words = contact_words, .flags = FIELD_REQUIRED, .max = 2),           \
        FIELD(record, dry_run, .doc = "Say what it would cost, charge nothing, show nothing."), \
        FIELD(record, max_credits, .max = CREDITS_MAX,                                          \
              .doc = "Charge nothing at all when it would cost more than this.")

static const struct field reveal_request_fields[] = {
    REVEAL_REQUEST(reveal_request),
    {0},
};
TYPE(reveal_request, "Which contact fields to reveal.");

static const struct field reveal_field_fields[] = {
    FIELD(reveal_field, field),
    FIELD(reveal_field, outcome, .words = outcome_words),
    FIELD(reveal_field, price,
          .doc = "What it costs now; 0 for what is owned, empty or suppressed."),
    {0},
};
TYPE(reveal_field, "What became of one field.");

static const struct field reveal_reply_fields[] = {
    FIELD(reveal_reply, id),
    FIELD(reveal_reply, charged, .doc = "What this request took from the balance."),
    FIELD(reveal_reply, price, .doc = "What it costs, also when nothing is charged (dry_run)."),
    FIELD(reveal_reply, balance),
    FIELD(reveal_reply, owned_until, .doc = "null: for ever."),
    EMAIL(reveal_reply, email, 0),
    FIELD(reveal_reply, phone, .pii = PII_CONTACT),
    FIELD(reveal_reply, dry_run),
    FIELD(reveal_reply, fields, .type = &reveal_field_type),
    {0},
};
TYPE(reveal_reply, "Revealed contact fields and what they cost.");

static const struct field reveals_request_fields[] = {
    FIELD(reveals_request, ids, .flags = FIELD_REQUIRED, .max = 1000, .doc = "Profiles."),
    REVEAL_REQUEST(reveals_request),
    {0},
};
TYPE(reveals_request, "Which contact fields of which profiles to reveal.");

static const struct field reveal_item_fields[] = {
    FIELD(reveal_item, id),
    FIELD(reveal_item, outcome, .words = outcome_words),
    FIELD(reveal_item, charged),
    FIELD(reveal_item, price),
    EMAIL(reveal_item, email, 0),
    FIELD(reveal_item, phone, .pii = PII_CONTACT),
    FIELD(reveal_item, fields, .type = &reveal_field_type),
    {0},
};
TYPE(reveal_item, "What became of one profile.");

static const struct field reveals_reply_fields[] = {
    FIELD(reveals_reply, charged),
    FIELD(reveals_reply, price),
    FIELD(reveals_reply, balance),
    FIELD(reveals_reply, dry_run),
    FIELD(reveals_reply, items, .type = &reveal_item_type),
    {0},
};
TYPE(reveals_reply, "Outcomes in the order asked; all of it was one commit.");
