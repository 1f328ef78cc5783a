/* The first super_admin, with the token that the first start printed. */
#include <string.h>

#include "server/auth.h"
#include "server/auth_private.h"

static enum err bootstrap(struct request *r)
{
    const struct bootstrap_request *ask = r->body;
    struct ticket t = {0};
    struct user u = {0};
    struct new_user n = {.email = ask->email,
                         .password = ask->password,
                         .role = ROLE_SUPER_ADMIN,
                         .request_id = r->id};
    struct me out = {0};
    enum err err;

    if (auth_is_bootstrapped(r->srv->auth))
        return refuse(r, ERR_CONFLICT, NULL, "there is a super_admin already");
    err = ticket_find(r->srv, ask->token, r->mem, &t);
    if (err == ERR_NOT_FOUND ||
        (!err && (strcmp(t.purpose, "bootstrap") != 0 || t.ends.ms <= clock_real_ms())))
        return refuse(r, ERR_UNAUTHORIZED, "token", "the token is unknown, used or too old");
    n.ticket = t.id;
    if (!err)
        err = auth_user_add(r->srv, &n, r->mem, &u, &r->why);
    if (err == ERR_CONFLICT && auth_is_bootstrapped(r->srv->auth)) /* a twin was faster */
        return refuse(r, ERR_CONFLICT, NULL, "there is a super_admin already");
    if (err)
        return err;
    out = (struct me){.id = u.id,
                      .email = u.email,
                      .role = u.role,
                      .account_id = u.account,
                      .account = strrchr(u.email, '@') + 1};
    return reply(r, 201, &me_type, &out);
}

const struct route bootstrap_routes[] = {
    {"POST", "/api/bootstrap", bootstrap, "Make the first super_admin.", .role = ROLE_PUBLIC,
     .rate = RATE_LOGIN, .body = &bootstrap_request_type, .reply = &me_type,
     .flags = ROUTE_BEFORE_BOOTSTRAP, .audit = "user.create"},
    {0},
};
