/* The super_admin acts as a member, for a reason and a time, and the member sees it. */
#include <string.h>

#include "server/auth.h"
#include "server/auth_session.h"
#include "server/mail.h"
#include "server/records.h"

enum { PAGE = 50 };

struct page {
    struct impersonation *rows;
    size_t n;
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    p->rows[p->n++] = *(const struct impersonation *)rec;
    return true;
}

static enum err list(struct request *r, struct cond cond, const char *what)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), 0};
    struct query q = {.type = &impersonation_type,
                      .where = {cond},
                      .newest_first = true,
                      .limit = (int64_t)size + 1};
    struct impersonation_page out = {0};
    enum err err = cursor_read(r, what, ask->cursor, &q.after);

    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, what, &p.rows[size - 1].id);
    }
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &impersonation_page_type, &out);
}

static enum err list_mine(struct request *r)
{
    return list(r, (struct cond){"user_id", OP_EQ, &r->who.user},
                arena_printf(r->mem, "impersonations of %s",
                             uuid_text(&r->who.user, arena_alloc(r->mem, UUID_TEXT))));
}

static enum err list_all(struct request *r)
{
    return list(r, (struct cond){0}, "impersonations");
}

static enum err load(struct request *r, const struct uuid *id, struct user *u)
{
    enum err err = store_get(r->srv->store, &user_type, id, 0, r->mem, u);

    if (err == ERR_NOT_FOUND)
        return refuse(r, ERR_INVALID, "user_id", "nobody has this id");
    if (!err && role_find(u->role) >= ROLE_SUPER_ADMIN)
        return refuse(r, ERR_FORBIDDEN, "user_id", "nobody acts as a super_admin");
    if (!err && strcmp(u->state, "active") != 0)
        return refuse(r, ERR_CONFLICT, "user_id", "this member may not sign in");
    return err;
}

static enum err begin(struct request *r)
{
    const struct impersonate_request *ask = r->body;
    struct impersonation i = {.id = uuid_new(),
                              .user = ask->user,
                              .by = r->who.user,
                              .reason = ask->reason,
                              .created = clock_now()};
    char until[STAMP_TEXT];
    struct user u = {0};
    struct tokens out;
    struct step steps[2];
    enum err err = load(r, &ask->user, &u);

    if (err)
        return err;
    i.account = u.account;
    i.ends.ms = i.created.ms + IMPERSONATION_MS;
    steps[0] = (struct step){.kind = STEP_INSERT, .type = &impersonation_type, .rec = &i};
    steps[1] = mail_step(
        r->srv, r->mem, MAIL_IMPERSONATED, u.email,
        (struct mail_value[]){{"reason", ask->reason}, {"until", stamp_text(i.ends, until)}, {0}});
    err = session_impersonate(r, &u, i.ends, steps, &out);
    mail_wake(r->srv->mail);
    return err ? err : reply(r, 201, &tokens_type, &out);
}

const struct route impersonations_routes[] = {
    {"POST", "/api/admin/impersonations", begin,
     "Act as a member for half an hour; the member is told, with the reason.",
     .role = ROLE_SUPER_ADMIN, .rate = RATE_WRITE, .body = &impersonate_request_type,
     .reply = &tokens_type, .flags = ROUTE_LOCAL_ADMIN | ROUTE_CONFIRMED,
     .audit = "session.impersonate"},
    {"GET", "/api/admin/impersonations", list_all, "List all impersonations.",
     .role = ROLE_SUPER_ADMIN, .query = &page_query_type, .reply = &impersonation_page_type,
     .flags = ROUTE_LOCAL_ADMIN},
    {"GET", "/api/me/impersonations", list_mine, "When the super_admin acted as you, and why.",
     .role = ROLE_VIEWER, .scope = "account", .query = &page_query_type,
     .reply = &impersonation_page_type},
    {0},
};
