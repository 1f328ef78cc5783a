/* Who the caller is. */
#include "server/ledger.h"
#include "server/records.h"

/* A session in which somebody else acts says so. */
static enum err say_impersonated(struct request *r, struct me *out)
{
    struct session s = {0};
    enum err err;

    out->impersonator = r->who.impersonator;
    if (uuid_is_zero(&r->who.impersonator))
        return ERR_OK;
    err = store_get(r->srv->store, &session_type, &r->who.session, 0, r->mem, &s);
    out->session_ends = s.ends;
    return err;
}

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
    if (!err)
        err = say_impersonated(r, &out);
    if (err)
        return err;
    out.id = u.id;
    out.email = u.email;
    out.name = u.name;
    out.role = role_word(r->who.role);
    out.account_id = u.account;
    out.account = a.name;
    out.plan = tier_words[r->who.tier];
    out.key = r->who.key;
    return reply(r, 200, &me_type, &out);
}

const struct route me_routes[] = {
    {"GET", "/api/me", me_show, "Who you are, and your account's balance.", .role = ROLE_VIEWER,
     .scope = "account", .reply = &me_type},
    {0},
};
