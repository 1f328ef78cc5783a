/* Accounts: members who share one wallet; one of them is the owner. */
#ifndef SERVER_ACCOUNT_H
#define SERVER_ACCOUNT_H

#include "server/records.h"
#include "server/store.h"

/*
 * Who owns it; zero: nobody could.  An account from before there were owners belongs to its first
 * active admin.
 */
enum err account_owner(struct store *s, const struct account *a, struct arena *mem,
                       struct uuid *out) MUST_CHECK;

/*
 * The step by which a plan holds on to the ownership that it found: it is refused when somebody
 * else became the owner meanwhile.  a lives as long as the plan.
 */
struct step account_owner_stays(const struct account *a);

#endif
