/* Credits: the account's balance and movements, and grants by the super_admin. */
#include <string.h>

#include "server/auth.h"
#include "server/ledger.h"

enum { PAGE = 50 };

struct page {
    struct entry *rows;
    size_t n, size;
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    p->rows[p->n++] = *(const struct entry *)rec;
    return p->n < p->size;
}

static enum err credits_show(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {.rows = arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), .size = size + 1};
    struct query q = {.type = &entry_type, .newest_first = true, .limit = (int64_t)size + 1};
    struct credits_reply out = {0};
    enum err err = cursor_read(r, "credits", ask->cursor, &q.after);

    q.where[0] = (struct cond){"account", OP_EQ, &r->who.account};
    if (!err)
        err = ledger_balance(r->srv->store, &r->who.account, &out.balance);
    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "credits", &p.rows[size - 1].id);
    }
    out.entries = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &credits_reply_type, &out);
}

static bool take_user(void *arg, const void *rec)
{
    *(struct user *)arg = *(const struct user *)rec;
    return false;
}

/* The account of the member with this address. */
static enum err account_of(struct request *r, const char *email, struct uuid *out)
{
    struct query q = {.type = &user_type, .limit = 1};
    struct user u = {0};
    const char *normal;
    enum err err;

    if (!auth_email_normal(r->mem, email, &normal))
        return refuse(r, ERR_INVALID, "email", "this is not an e-mail address");
    q.where[0] = (struct cond){"email", OP_EQ, &normal};
    err = store_find(r->srv->store, &q, r->mem, take_user, &u);
    if (!err && uuid_is_zero(&u.id))
        return refuse(r, ERR_INVALID, "email", "nobody has this address");
    *out = u.account;
    return err;
}

static enum err credits_grant(struct request *r)
{
    const struct grant_request *ask = r->body;
    struct uuid account = ask->account;
    struct credits now;
    enum err err = ERR_OK;

    if (uuid_is_zero(&account) == !ask->email)
        return refuse(r, ERR_INVALID, "account_id", "name either account_id or email");
    if (ask->amount.hundredths == 0)
        return refuse(r, ERR_INVALID, "amount", "the amount is zero");
    if (ask->email)
        err = account_of(r, ask->email, &account);
    if (!err)
        err = ledger_balance(r->srv->store, &account, &now);
    if (err == ERR_NOT_FOUND)
        return refuse(r, ERR_INVALID, "account_id", "there is no such account");
    return err ? err : ledger_grant(r, &account, ask->amount, ask->reason);
}

const struct route credits_routes[] = {
    {"GET", "/api/credits", credits_show, "The account's balance and its movements, newest first.",
     .role = ROLE_VIEWER, .scope = "credits", .query = &page_query_type,
     .reply = &credits_reply_type},
    {"POST", "/api/admin/credits", credits_grant, "Give an account credits, or take some back.",
     .role = ROLE_SUPER_ADMIN, .rate = RATE_WRITE, .body = &grant_request_type,
     .reply = &grant_reply_type, .flags = ROUTE_IDEMPOTENT | ROUTE_LOCAL_ADMIN,
     .audit = "credits.grant"},
    {"GET", "/api/admin/credits", credits_show,
     "The same as /api/credits, for the admin of the account.", .role = ROLE_ADMIN,
     .scope = "credits", .query = &page_query_type, .reply = &credits_reply_type},
    {0},
};
