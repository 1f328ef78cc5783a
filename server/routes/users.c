/* The members of an account, for its admins; everybody, for the super_admin. */
#include <string.h>

#include "server/auth.h"
#include "server/auth_private.h"

enum { PAGE = 50 };

struct page {
    struct user *rows;
    size_t n, size;
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    p->rows[p->n++] = *(const struct user *)rec;
    return p->n < p->size;
}

static enum err user_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {.rows = arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), .size = size + 1};
    struct query q = {.type = &user_type, .limit = (int64_t)size + 1};
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

/* A super_admin is no member that an admin could see, even inside the account. */
static enum err load_user(struct request *r, struct user *u)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    if (!err)
        err = store_get(r->srv->store, &user_type, &id, 0, r->mem, u);
    if (!err && r->who.role < ROLE_SUPER_ADMIN &&
        (!uuid_equal(&u->account, &r->who.account) || role_find(u->role) > ROLE_ADMIN))
        err = ERR_NOT_FOUND;
    return err;
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

struct head_count {
    const struct uuid *except;
    int64_t n;
};

static bool count_admin(void *arg, const void *rec)
{
    const struct user *u = rec;
    struct head_count *c = arg;

    c->n += role_find(u->role) >= ROLE_ADMIN && strcmp(u->state, "active") == 0 &&
            !uuid_equal(&u->id, c->except);
    return true;
}

/* An account that loses its last admin could not be managed any more. */
static enum err check_last_admin(struct request *r, const struct user *u, const struct user *next)
{
    struct query q = {.type = &user_type};
    struct head_count count = {&u->id, 0};
    bool loses = role_find(u->role) >= ROLE_ADMIN &&
                 (role_find(next->role) < ROLE_ADMIN || strcmp(next->state, "active") != 0);
    enum err err = ERR_OK;

    if (!loses)
        return ERR_OK;
    q.where[0] = (struct cond){"account_id", OP_EQ, &u->account};
    err = store_find(r->srv->store, &q, r->mem, count_admin, &count);
    if (!err && count.n == 0)
        return refuse(r, ERR_CONFLICT, NULL, "the account would be left without an admin");
    return err;
}

static enum err save_user(struct request *r, const struct user *u, struct user *next)
{
    static const char *const names[] = {"role", "state", "epoch"};
    struct step steps[2] = {
        {.kind = STEP_UPDATE,
         .type = &user_type,
         .rec = next,
         .guard = "epoch",
         .guard_value = u->epoch},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &u->id, next->role)}};
    struct plan plan = {.steps = steps, .n = 2};
    enum err err;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        steps[0].fields |= type_bit(&user_type, type_field(&user_type, names[i]));
    err = store_commit(r->srv->store, &plan);
    auth_changed(r->srv->auth);
    return err;
}

static enum err user_change(struct request *r)
{
    const struct user_change *ask = r->body;
    struct user u = {0}, next;
    enum err err = load_user(r, &u);

    if (!err && !ask->role && !ask->state)
        return refuse(r, ERR_INVALID, "role", "say what to change: role or state");
    if (!err && ask->role)
        err = check_role(r, ask->role);
    if (err)
        return err;
    next = u;
    if (ask->role)
        next.role = ask->role;
    if (ask->state)
        next.state = ask->state;
    next.epoch++;
    err = check_last_admin(r, &u, &next);
    if (!err)
        err = save_user(r, &u, &next);
    return err ? err : reply(r, 200, &user_type, &next);
}

const struct route users_routes[] = {
    {"GET", "/api/admin/users", user_list, "List the members.", .role = ROLE_ADMIN,
     .scope = "admin", .query = &page_query_type, .reply = &user_page_type},
    {"POST", "/api/admin/users", user_add, "Make a member of your account.", .role = ROLE_ADMIN,
     .scope = "admin", .rate = RATE_WRITE, .body = &user_create_type, .reply = &user_type,
     .audit = "user.create"},
    {"GET", "/api/admin/users/:id", user_show, "Read a member.", .role = ROLE_ADMIN,
     .scope = "admin", .reply = &user_type},
    {"PATCH", "/api/admin/users/:id", user_change,
     "Change a member's role or state; their sessions end.", .role = ROLE_ADMIN, .scope = "admin",
     .rate = RATE_WRITE, .body = &user_change_type, .reply = &user_type, .audit = "user.change"},
    {0},
};
