/*
 * The records of common/api.h that are about people: who signs in and how, accounts, invitations,
 * keys and limits.  Comes with common/api.h.
 */
#ifndef COMMON_API_PEOPLE_H
#define COMMON_API_PEOPLE_H

#include "common/type.h"

/* People and sign-in (api_account.c) */

enum role { ROLE_NOBODY, ROLE_PUBLIC, ROLE_VIEWER, ROLE_USER, ROLE_ADMIN, ROLE_SUPER_ADMIN };
extern const char *const role_words[]; /* viewer, user, admin, super_admin */
const char *role_word(enum role r);
enum role role_find(const char *word); /* ROLE_NOBODY: there is none */

struct login_request {
    const char *email, *password;
    const char *totp; /* when the second factor is on; or a recovery code */
};

struct register_request {
    const char *email, *password;
};

struct tokens {
    const char *access_token, *refresh_token, *token_type;
    int64_t expires_in; /* seconds */
};

struct refresh_request {
    const char *refresh_token;
};

struct bootstrap_request {
    const char *token, *email, *password;
};

struct email_request {
    const char *email;
};

struct reset_request {
    const char *token, *password;
};

struct accepted {
    const char *message;
};

struct me {
    struct uuid id;
    const char *email, *role;
    struct uuid account_id;
    const char *account;
    struct credits balance;
    const char *name, *plan;
    struct uuid key;           /* the API key that asks */
    struct uuid impersonator;  /* the super_admin who acts in this session */
    struct stamp session_ends; /* of such a session */
};

struct user { /* stored, and shown to admins */
    struct uuid id;
    struct uuid account;
    const char *email;
    const char *role, *state; /* state: active, unconfirmed, disabled */
    const char *password_hash;
    int64_t epoch; /* raised to end every session */
    struct stamp created, last_login;
    const char *name;
    bool capped; /* may spend no more than monthly_cap in a calendar month (UTC) */
    struct credits monthly_cap;
    struct stamp keys_void; /* keys issued before are dead */
};

struct user_create {
    const char *email, *role, *password;
};

struct user_change {
    const char *role, *state;
    bool capped;
    struct credits monthly_cap;
};

struct user_page {
    struct list items;
    const char *next_cursor;
};

/* Sessions, the second factor, mail (api_auth.c) */

struct session_item {
    struct uuid id;
    const char *agent, *address;
    struct stamp created, last_seen, ends;
    bool current;
};

struct session_page {
    struct list items;
    const char *next_cursor;
};

struct confirm_request {
    const char *password;
    const char *totp; /* when the second factor is on */
};

struct token_request {
    const char *token;
};

struct totp_status {
    bool enabled;
    struct stamp created;
    int64_t recovery_left;
};

struct totp_enrolment {
    const char *secret, *uri;
};

struct code_request {
    const char *totp;
};

struct recovery_codes {
    struct strs codes;
};

struct device_reply { /* RFC 8628 3.2 */
    const char *device_code, *user_code, *verification_uri;
    int64_t expires_in, interval; /* seconds */
};

struct device_poll {
    const char *device_code;
};

struct device_approval {
    const char *user_code;
    bool dry_run, deny;
};

struct device_item {
    const char *agent, *address;
    const char *outcome; /* waiting, approved, denied */
};

struct mail_item {
    struct uuid id;
    const char *kind, *to, *subject, *state;
    struct stamp created, next;
    int64_t attempts;
    const char *error, *body; /* body: of one mail only */
};

struct mail_page {
    struct list items;
    const char *next_cursor;
};

/* Accounts, invitations, API keys, limits (api_access.c) */

/* An account's plan. */
enum tier { TIER_STARTER, TIER_PREMIUM, TIER_ENTERPRISE };
extern const char *const tier_words[]; /* starter, premium, enterprise */
enum tier tier_find(const char *word); /* what is no plan is the least of them */

struct account_view {
    struct uuid id;
    const char *name, *plan;
    struct uuid owner;
    int64_t members; /* those who may sign in */
    struct credits balance;
    struct stamp created;
};

struct account_page {
    struct list items;
    const char *next_cursor;
};

struct account_change {
    const char *name, *plan;
};

struct owner_request {
    struct uuid user;
};

struct invitation { /* stored until it is accepted or revoked, and shown to admins */
    struct uuid id;
    struct uuid account;
    const char *email, *role;
    struct uuid by;
    struct stamp created, ends;
    int64_t sent;      /* mails */
    struct uuid token; /* keyed hash of the one in the last mail */
};

struct invitation_create {
    const char *email, *role;
};

struct invitation_page {
    struct list items;
    const char *next_cursor;
};

struct invitation_accept {
    const char *token, *name, *password;
};

struct api_key { /* stored, and shown without its secret */
    struct uuid id;
    struct uuid account;
    struct uuid user;        /* whose key it is: it can do no more than that member */
    const char *name, *hint; /* hint: how its secret begins */
    bool test;
    struct strs scopes, networks; /* networks: where it may be used from; none: anywhere */
    int64_t rate;                 /* requests a minute of its own; 0: none */
    bool capped;
    struct credits monthly_cap, spent; /* spent: this month, for a reply */
    struct stamp created, ends, last_used, revoked;
    struct uuid secret; /* keyed hash */
    struct uuid before; /* of the secret before, good until before_ends */
    struct stamp before_ends;
    struct stamp issued; /* when the secret was made */
    struct stamp hashed; /* when `secret` was hashed anew, under a newer key of the server's ring */
};

struct api_key_create {
    const char *name;
    bool test;
    struct strs scopes, networks;
    int64_t rate;
    bool capped;
    struct credits monthly_cap;
    int64_t days;
};

struct api_key_change {
    const char *name;
    struct strs scopes, networks;
    int64_t rate;
    bool capped;
    struct credits monthly_cap;
};

struct api_key_rotate {
    int64_t overlap_hours;
};

struct api_key_made {
    const char *secret; /* shown this once */
    struct ref key;     /* struct api_key */
};

struct api_key_page {
    struct list items;
    const char *next_cursor;
    struct strs scopes; /* all there are */
};

struct limit_class {
    const char *name;
    int64_t limit; /* a minute; 0: unlimited, null on the wire */
    int64_t used, remaining, reset;
};

struct spending {
    const char *of; /* member, key */
    bool capped;
    struct credits monthly_cap, spent;
    struct stamp resets;
};

struct limits_reply {
    const char *plan;
    struct list classes;  /* struct limit_class */
    struct list spending; /* struct spending */
    struct credits balance;
};

struct impersonation { /* stored for good, and shown to the member */
    struct uuid id;
    struct uuid user, account;
    struct uuid by;
    const char *reason;
    struct stamp created, ends;
};

struct impersonate_request {
    struct uuid user;
    const char *reason;
};

struct impersonation_page {
    struct list items;
    const char *next_cursor;
};

#endif
