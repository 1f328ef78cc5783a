/*
 * Credits: the only code that moves them.
 *
 * A reveal charges once for ever per account, profile and field, only for what exists, never below
 * zero: charge, ownership, entry, kept reply, audit record and event are one plan.
 */
#ifndef SERVER_LEDGER_H
#define SERVER_LEDGER_H

#include "server/request.h"

/* Price of a contact field (OWN_EMAIL, OWN_PHONE). */
struct credits ledger_price(unsigned own_bit);
const char *ledger_field(unsigned own_bit); /* "email", "phone" */

/*
 * Which contact fields of these profiles the account owns, as OWN_ bits: those it has paid for, and
 * all of those it loaded itself.  Fills owned, is_owned and owned_fields of each; for a super_admin
 * `owned` also has what the role shows of the catalogue.
 */
enum err ledger_owned(struct store *s, const struct principal *who, struct profile *rows, size_t n,
                      struct arena *mem) MUST_CHECK;

/* The caller may see all of this row for nothing: no purchase has to be looked up. */
bool ledger_needs_no_purchase(const struct principal *who, const struct profile *p);
/* Fills is_owned and owned_fields from `owned`. */
void ledger_say_owned(const struct principal *who, struct profile *p, struct arena *mem);

/* Reveal one profile, answer r. */
enum err ledger_reveal(struct request *r, const struct uuid *profile,
                       const struct reveal_request *ask) MUST_CHECK;
/* Reveal many in one commit, answer r. */
enum err ledger_reveal_many(struct request *r, const struct reveals_request *ask) MUST_CHECK;

/* The calendar month (UTC) of a time, as a number, and when it ends. */
int64_t ledger_month(struct stamp at);
struct stamp ledger_month_end(struct stamp at);

/* What binds a caller's spending: the member, and the key when it is one. */
struct spender {
    struct uuid id; /* of the member or the key; zero: there is none */
    bool capped;
    struct credits cap, spent; /* spent: this month */
};

/* The caller's wallet as it is now, and what binds the caller; [0] the member, [1] the key. */
struct purse {
    struct credits balance;
    struct spender by[2];
    struct stamp at; /* when it was looked at: its month is the month of the plan */
};
enum err ledger_purse(struct store *s, const struct principal *who, struct arena *mem,
                      struct purse *out) MUST_CHECK;

enum err ledger_balance(struct store *s, const struct uuid *account,
                        struct credits *out) MUST_CHECK;
/* Give (or take back, never below zero) credits, answer r with struct grant_reply. */
enum err ledger_grant(struct request *r, const struct uuid *account, struct credits amount,
                      const char *reason) MUST_CHECK;

#endif
