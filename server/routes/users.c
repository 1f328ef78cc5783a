/* The members of an account, for its admins; everybody, for the super_admin. */
#include <string.h>

#include "server/account.h"
#include "server/auth.h"
#include "server/auth_private.h"
#include "server/mail.h"

enum { PAGE = 50 };

struct page {
    const struct request *r;
    struct user *rows;
    size_t n, size;
};

/* A super_admin is no member that an admin could see, even inside the account. */
static bool may_see(const struct request *r, const struct user *u)
{
    return r->who.role == ROLE_SUPER_ADMIN ||
           (uuid_equal(&u->account, &r->who.account) && role_find(u->role) <= ROLE_ADMIN);
}

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    if (may_see(p->r, rec))
        p->rows[p->n++] = *(const struct user *)rec;
    return p->n < p->size;
}

static enum err user_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {r, arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), .size = size + 1};
    struct query q = {.type = &user_type};
    struct user_page out = {0};
    enum err err = cursor_read(r, "users", ask->cursor, &q.after);

    if (r->who.role < ROLE_SUPER_ADMIN)
        q.where[0] = (struct cond){"account_id", OP_EQ, &r->who.account};
    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "users", &p.rows[size - 1].id);
    }
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &user_page_type, &out);
}

static enum err load_user(struct request *r, struct user *u)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    if (!err)
        err = store_get(r->srv->store, &user_type, &id, 0, r->mem, u);
    return err || may_see(r, u) ? err : ERR_NOT_FOUND;
}

static enum err user_show(struct request *r)
{
    struct user u = {0};
    enum err err = load_user(r, &u);

    return err ? err : reply(r, 200, &user_type, &u);
}

/* Nobody gives a role above the own. */
static enum err check_role(struct request *r, const char *role)
{
    if (role_find(role) > r->who.role)
        return refuse(r, ERR_FORBIDDEN, "role", "this role is above your own");
    return ERR_OK;
}

static enum err user_add(struct request *r)
{
    const struct user_create *ask = r->body;
    struct new_user n = {.email = ask->email,
                         .password = ask->password,
                         .role = role_find(ask->role),
                         .account = r->who.account,
                         .actor = r->who.user,
                         .request_id = r->id};
    struct user u = {0};
    enum err err = check_role(r, ask->role);

    if (!err)
        err = auth_user_add(r->srv, &n, r->mem, &u, &r->why);
    return err ? err : reply(r, 201, &user_type, &u);
}

struct search_other {
    const struct user *than;
    enum role least;
    struct user found;
};

static bool is_active(const struct user *u, enum role least)
{
    return role_find(u->role) >= least && strcmp(u->state, "active") == 0;
}

static bool take_other(void *arg, const void *rec)
{
    const struct user *u = rec;
    struct search_other *s = arg;

    if (uuid_equal(&u->id, &s->than->id) || !is_active(u, s->least))
        return true;
    s->found = *u;
    return false;
}

/*
 * An account that loses its last admin, or a platform that loses its last super_admin, could not be
 * managed any more. *other is who remains; its id is zero when nobody need remain.
 */
static enum err find_other(struct request *r, const struct user *u, const struct user *next,
                           struct user *other)
{
    static const char *const super_admin = "super_admin";
    bool platform = is_active(u, ROLE_SUPER_ADMIN);
    struct search_other s = {u, platform ? ROLE_SUPER_ADMIN : ROLE_ADMIN, {{{0}}}};
    struct query q = {.type = &user_type};
    enum err err = ERR_OK;

    q.where[0] = platform ? (struct cond){"role", OP_EQ, &super_admin}
                          : (struct cond){"account_id", OP_EQ, &u->account};
    if (!is_active(u, s.least) || is_active(next, s.least))
        return ERR_OK;
    err = store_find(r->srv->store, &q, r->mem, take_other, &s);
    if (!err && uuid_is_zero(&s.found.id))
        return refuse(r, ERR_CONFLICT, NULL, "nobody else would be left with this role");
    *other = s.found;
    return err;
}

/* What a change relies on, besides the member as it was. */
struct relied_on {
    struct user other;      /* who remains with the role; zero: nobody need */
    struct account account; /* whose owner it is not; zero: it does not matter */
};

/*
 * The owner stays an active admin until somebody else owns the account; only the super_admin may
 * end that, and passes the account on.  Where nobody was ever made the owner, it is the next admin
 * by itself.
 */
static enum err check_owner(struct request *r, const struct user *u, const struct user *next,
                            struct account *a)
{
    enum err err;

    if (!is_active(u, ROLE_ADMIN) || is_active(next, ROLE_ADMIN) || r->who.role >= ROLE_SUPER_ADMIN)
        return ERR_OK;
    err = store_get(r->srv->store, &account_type, &u->account, 0, r->mem, a);
    if (!err && uuid_equal(&a->owner, &u->id))
        return refuse(r, ERR_CONFLICT, NULL, "this is the owner: pass the account on first");
    return err;
}

/*
 * The guards on both epochs let one of two changes win that would each rely on the other's user;
 * the one on the account, one of a demotion and a transfer to the same member.
 */
static enum err save_user(struct request *r, const struct user *u, const struct user *next,
                          const struct relied_on *on)
{
    static const char *const changed[] = {"role",        "state",     "epoch", "capped",
                                          "monthly_cap", "keys_void", NULL};
    static const char *const kept[] = {"epoch", NULL};
    struct audit *a =
        request_audit(r, &u->id, arena_printf(r->mem, "%s, %s", next->role, next->state));
    struct step steps[4] = {
        {.kind = STEP_UPDATE,
         .type = &user_type,
         .rec = next,
         .fields = fields_named(&user_type, changed),
         .guard = "epoch",
         .guard_value = u->epoch},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = a},
    };
    struct plan plan = {.steps = steps, .n = 2};
    enum err err;

    if (!uuid_is_zero(&on->other.id))
        steps[plan.n++] = (struct step){.kind = STEP_UPDATE,
                                        .type = &user_type,
                                        .rec = &on->other,
                                        .fields = fields_named(&user_type, kept),
                                        .guard = "epoch",
                                        .guard_value = on->other.epoch};
    if (!uuid_is_zero(&on->account.id))
        steps[plan.n++] = account_owner_stays(&on->account);
    a->account = u->account;
    err = store_commit(r->srv->store, &plan);
    auth_changed(r->srv->auth);
    return err;
}

/* A new role or state ends the sessions; who is disabled loses the keys for good. */
static void apply(const struct request *r, const struct user_change *ask, struct user *u)
{
    if (ask->role)
        u->role = ask->role;
    if (ask->state)
        u->state = ask->state;
    if (ask->role || ask->state)
        u->epoch++;
    if (strcmp(u->state, "active") != 0)
        u->keys_void = clock_now();
    if (body_has(r, "monthly_cap"))
        u->monthly_cap = ask->monthly_cap;
    if (body_has(r, "capped") || body_has(r, "monthly_cap"))
        u->capped = body_has(r, "capped") ? ask->capped : true;
}

static enum err user_change(struct request *r)
{
    const struct user_change *ask = r->body;
    struct relied_on on = {0};
    struct user u = {0}, next;
    enum err err = load_user(r, &u);

    if (!err && !r->body_given)
        return refuse(r, ERR_INVALID, "role", "say what to change: role, state or the cap");
    if (!err && ask->role)
        err = check_role(r, ask->role);
    if (err)
        return err;
    next = u;
    apply(r, ask, &next);
    err = check_owner(r, &u, &next, &on.account);
    if (!err)
        err = find_other(r, &u, &next, &on.other);
    if (!err)
        err = save_user(r, &u, &next, &on);
    return err ? err : reply(r, 200, &user_type, &next);
}

/*
 * Who may reset the factor of whom: an admin, of a member; the super_admin also of an owner.  *a is
 * what the plan must hold on to.
 */
static enum err check_reset(struct request *r, const struct user *u, struct account *a)
{
    struct uuid owner = {{0}};
    enum err err;

    if (uuid_equal(&u->id, &r->who.user))
        return refuse(r, ERR_CONFLICT, NULL,
                      "turn your own off with a code: POST /api/auth/totp/disable");
    if (r->who.role >= ROLE_SUPER_ADMIN)
        return ERR_OK;
    err = store_get(r->srv->store, &account_type, &u->account, 0, r->mem, a);
    if (!err)
        err = account_owner(r->srv->store, a, r->mem, &owner);
    if (!err && uuid_equal(&owner, &u->id))
        return refuse(r, ERR_FORBIDDEN, NULL, "this is the owner: only the super_admin may");
    return err;
}

/* With the factor the member's sessions go: whoever has the lost device may be in one. */
static enum err commit_reset(struct request *r, const struct user *u, const struct totp *t,
                             const struct account *a)
{
    static const char *const names[] = {"epoch", NULL};
    struct user next = {.id = u->id, .epoch = u->epoch + 1};
    struct audit *audit = request_audit(r, &u->id, NULL);
    struct step steps[5] = {
        {.kind = STEP_DELETE,
         .type = &totp_type,
         .id = t->id,
         .guard = "version",
         .guard_value = t->version},
        {.kind = STEP_UPDATE,
         .type = &user_type,
         .rec = &next,
         .fields = fields_named(&user_type, names),
         .guard = "epoch",
         .guard_value = u->epoch},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = audit},
        mail_step(r->srv, r->mem, MAIL_TOTP, u->email,
                  (struct mail_value[]){{"change", "turned off by an administrator"}, {0}}),
    };
    struct plan plan = {.steps = steps, .n = 4};
    enum err err;

    if (!uuid_is_zero(&a->id))
        steps[plan.n++] = account_owner_stays(a);
    audit->account = u->account;
    err = store_commit(r->srv->store, &plan);
    auth_changed(r->srv->auth);
    mail_wake(r->srv->mail);
    return err;
}

static enum err user_totp_reset(struct request *r)
{
    struct accepted out = {"the second factor is off and the member's sessions have ended"};
    struct account a = {0};
    struct user u = {0};
    struct totp t = {0};
    enum err err = load_user(r, &u);

    if (!err)
        err = check_reset(r, &u, &a);
    if (err)
        return err;
    err = store_get(r->srv->store, &totp_type, &u.id, 0, r->mem, &t);
    if (err == ERR_NOT_FOUND || (!err && !t.active))
        return refuse(r, ERR_CONFLICT, NULL, "the second factor is not on");
    if (!err)
        err = commit_reset(r, &u, &t, &a);
    return err ? err : reply(r, 200, &accepted_type, &out);
}

const struct route users_routes[] = {
    {"GET", "/api/admin/users", user_list, "List the members.", .role = ROLE_ADMIN,
     .scope = "members", .query = &page_query_type, .reply = &user_page_type,
     .flags = ROUTE_LOCAL_ADMIN},
    {"POST", "/api/admin/users", user_add, "Make a member of your account.", .role = ROLE_ADMIN,
     .scope = "members", .rate = RATE_WRITE, .body = &user_create_type, .reply = &user_type,
     .flags = ROUTE_LOCAL_ADMIN, .audit = "user.create"},
    {"GET", "/api/admin/users/:id", user_show, "Read a member.", .role = ROLE_ADMIN,
     .scope = "members", .reply = &user_type, .flags = ROUTE_LOCAL_ADMIN},
    {"PATCH", "/api/admin/users/:id", user_change,
     "Change a member's role, state or cap; with the first two their sessions end.",
     .role = ROLE_ADMIN, .scope = "members", .rate = RATE_WRITE, .body = &user_change_type,
     .reply = &user_type, .flags = ROUTE_LOCAL_ADMIN, .audit = "user.change"},
    {"DELETE", "/api/admin/users/:id/totp", user_totp_reset,
     "Turn off the second factor of a member who lost it; their sessions end, a mail tells them.",
     .role = ROLE_ADMIN, .rate = RATE_WRITE, .reply = &accepted_type,
     .flags = ROUTE_LOCAL_ADMIN | ROUTE_CONFIRMED | ROUTE_SELF, .audit = "totp.reset"},
    {0},
};
