/* Who the caller is. */
#include "server/ledger.h"
#include "server/records.h"

static enum err me_show(struct request *r)
{
    struct account a = {0};
    struct user u = {0};
    struct me out = {0};
    enum err err = store_get(r->srv->store, &user_type, &r->who.user, 0, r->mem, &u);

    if (!err)
        err = store_get(r->srv->store, &account_type, &u.account, 0, r->mem, &a);
    if (!err)
        err = ledger_balance(r->srv->store, &u.account, &out.balance);
    if (err)
        return err;
    out.id = u.id;
    out.email = u.email;
    out.role = u.role;
    out.account_id = u.account;
    out.account = a.name;
    return reply(r, 200, &me_type, &out);
}

const struct route me_routes[] = {
    {"GET", "/api/me", me_show, "Who you are, and your account's balance.", .role = ROLE_VIEWER,
     .reply = &me_type},
    {0},
};
