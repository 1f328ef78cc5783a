/* The account for its members, every account for the super_admin; who owns it. */
#include <string.h>

#include "server/account.h"
#include "server/auth.h"
#include "server/ledger.h"
#include "server/mail.h"

enum { PAGE = 50 };

static enum err view(struct request *r, const struct account *a, struct account_view *out)
{
    static const char *const active = "active";
    struct query q = {.type = &user_type,
                      .where = {{"account_id", OP_EQ, &a->id}, {"state", OP_EQ, &active}}};
    enum err err = account_owner(r->srv->store, a, r->mem, &out->owner);

    if (!err)
        err = store_count(r->srv->store, &q, &out->members);
    if (!err)
        err = ledger_balance(r->srv->store, &a->id, &out->balance);
    out->id = a->id;
    out->name = a->name;
    out->plan = tier_words[tier_find(a->plan)];
    out->created = a->created;
    return err;
}

static enum err reply_view(struct request *r, const struct account *a)
{
    struct account_view out = {0};
    enum err err = view(r, a, &out);

    return err ? err : reply(r, 200, &account_view_type, &out);
}

/* The account of the path for the super_admin's rows, else the caller's own. */
static enum err load(struct request *r, struct account *a)
{
    struct uuid id = r->who.account;
    enum err err = r->params[0] ? request_id(r, 0, &id) : ERR_OK;

    return err ? err : store_get(r->srv->store, &account_type, &id, 0, r->mem, a);
}

static enum err account_show(struct request *r)
{
    struct account a = {0};
    enum err err = load(r, &a);

    return err ? err : reply_view(r, &a);
}

struct page {
    struct account *rows;
    size_t n;
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    p->rows[p->n++] = *(const struct account *)rec;
    return true;
}

static enum err account_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {.rows = arena_alloc(r->mem, (size + 1) * sizeof(*p.rows))};
    struct account_view *items = arena_alloc(r->mem, size * sizeof(*items));
    struct query q = {.type = &account_type, .limit = (int64_t)size + 1};
    struct account_page out = {0};
    enum err err = cursor_read(r, "accounts", ask->cursor, &q.after);

    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "accounts", &p.rows[size - 1].id);
    }
    for (size_t i = 0; !err && i < p.n; i++)
        err = view(r, &p.rows[i], &items[i]);
    out.items = (struct list){items, p.n};
    return err ? err : reply(r, 200, &account_page_type, &out);
}

static enum err account_change(struct request *r)
{
    static const char *const names[] = {"name", "plan", NULL};
    const struct account_change *ask = r->body;
    struct account a = {0};
    struct audit *note;
    struct step steps[2];
    struct plan plan = {.steps = steps, .n = 2};
    enum err err = load(r, &a);

    if (err)
        return err;
    if (!ask->name && !ask->plan)
        return refuse(r, ERR_INVALID, "name", "say what to change: name or plan");
    if (ask->plan && r->who.role < ROLE_SUPER_ADMIN)
        return refuse(r, ERR_FORBIDDEN, "plan", "only the super_admin sets the plan");
    if (ask->name)
        a.name = ask->name;
    if (ask->plan)
        a.plan = ask->plan;
    note = request_audit(r, &a.id, ask->plan);
    note->account = a.id;
    steps[0] = (struct step){.kind = STEP_UPDATE,
                             .type = &account_type,
                             .rec = &a,
                             .fields = fields_named(&account_type, names)};
    steps[1] = (struct step){.kind = STEP_INSERT, .type = &audit_type, .rec = note};
    err = store_commit(r->srv->store, &plan);
    auth_changed(r->srv->auth);
    return err ? err : reply_view(r, &a);
}

/* The new owner must be an active member of this account; who is not is as absent as nobody. */
static enum err load_heir(struct request *r, const struct account *a, struct user *u)
{
    const struct owner_request *ask = r->body;
    enum err err = store_get(r->srv->store, &user_type, &ask->user, 0, r->mem, u);

    if (err == ERR_NOT_FOUND || (!err && !uuid_equal(&u->account, &a->id)))
        return refuse(r, ERR_INVALID, "user_id", "no member of the account has this id");
    if (!err && strcmp(u->state, "active") != 0)
        return refuse(r, ERR_CONFLICT, "user_id", "this member may not sign in");
    return err;
}

/*
 * One of two transfers wins by the guard on the account, one of a transfer and a demotion of the
 * heir by the guard on the heir's epoch.
 */
static enum err pass_on(struct request *r, struct account *a, struct user *heir)
{
    static const char *const owner[] = {"owner", "owner_since", NULL};
    static const char *const rank[] = {"role", "epoch", NULL};
    int64_t since = a->owner_since.ms, epoch = heir->epoch;
    struct audit *note = request_audit(r, &heir->id, NULL);
    struct step steps[4] = {
        {.kind = STEP_UPDATE,
         .type = &account_type,
         .rec = a,
         .fields = fields_named(&account_type, owner),
         .guard = "owner_since",
         .guard_value = since},
        {.kind = STEP_UPDATE,
         .type = &user_type,
         .rec = heir,
         .fields = fields_named(&user_type, rank),
         .guard = "epoch",
         .guard_value = epoch},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = note},
        mail_step(r->srv, r->mem, MAIL_OWNER, heir->email,
                  (struct mail_value[]){{"account", a->name}, {0}}),
    };
    struct plan plan = {.steps = steps, .n = 4};
    enum err err;

    note->account = a->id;
    a->owner = heir->id;
    a->owner_since = clock_now();
    if (a->owner_since.ms <= since)
        a->owner_since.ms = since + 1;
    if (role_find(heir->role) < ROLE_ADMIN) {
        heir->role = role_word(ROLE_ADMIN);
        heir->epoch++;
    }
    err = store_commit(r->srv->store, &plan);
    auth_changed(r->srv->auth);
    mail_wake(r->srv->mail);
    return err;
}

static enum err account_pass_on(struct request *r)
{
    struct account a = {0};
    struct user heir = {0};
    struct uuid owner;
    enum err err = load(r, &a);

    if (!err)
        err = account_owner(r->srv->store, &a, r->mem, &owner);
    if (!err && r->who.role < ROLE_SUPER_ADMIN && !uuid_equal(&owner, &r->who.user))
        return refuse(r, ERR_FORBIDDEN, NULL, "only the owner passes the account on");
    if (!err)
        err = load_heir(r, &a, &heir);
    if (!err)
        err = pass_on(r, &a, &heir);
    return err ? err : reply_view(r, &a);
}

const struct route accounts_routes[] = {
    {"GET", "/api/account", account_show, "Read your account.", .role = ROLE_VIEWER,
     .scope = "account", .reply = &account_view_type},
    {"PATCH", "/api/account", account_change, "Name your account anew.", .role = ROLE_ADMIN,
     .scope = "account", .rate = RATE_WRITE, .body = &account_change_type,
     .reply = &account_view_type, .audit = "account.change"},
    {"POST", "/api/account/owner", account_pass_on, "Pass your account on to another member.",
     .role = ROLE_ADMIN, .rate = RATE_WRITE, .body = &owner_request_type,
     .reply = &account_view_type, .flags = ROUTE_SELF | ROUTE_CONFIRMED, .audit = "account.owner"},
    {"GET", "/api/admin/accounts", account_list, "List the accounts.", .role = ROLE_SUPER_ADMIN,
     .query = &page_query_type, .reply = &account_page_type, .flags = ROUTE_LOCAL_ADMIN},
    {"GET", "/api/admin/accounts/:id", account_show, "Read an account.", .role = ROLE_SUPER_ADMIN,
     .reply = &account_view_type, .flags = ROUTE_LOCAL_ADMIN},
    {"PATCH", "/api/admin/accounts/:id", account_change, "Change an account's name or plan.",
     .role = ROLE_SUPER_ADMIN, .rate = RATE_WRITE, .body = &account_change_type,
     .reply = &account_view_type, .flags = ROUTE_LOCAL_ADMIN, .audit = "account.change"},
    {"POST", "/api/admin/accounts/:id/owner", account_pass_on,
     "Pass an account on whose owner is gone.", .role = ROLE_SUPER_ADMIN, .rate = RATE_WRITE,
     .body = &owner_request_type, .reply = &account_view_type,
     .flags = ROUTE_LOCAL_ADMIN | ROUTE_CONFIRMED, .audit = "account.owner"},
    {0},
};
