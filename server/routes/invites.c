/* Invitations: an admin invites by mail, whoever holds the token of the mail becomes a member. */
#include <string.h>

#include "server/auth.h"
#include "server/auth_private.h"
#include "server/mail.h"

enum { PAGE = 50, OPEN_MOST = 200, SENT_MOST = 5, DAYS = 7 };

#define DAY_MS (24 * INT64_C(3600000))

struct page {
    struct invitation *rows;
    size_t n;
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    p->rows[p->n++] = *(const struct invitation *)rec;
    return true;
}

static enum err invite_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), 0};
    struct query q = {.type = &invitation_type,
                      .where = {{"account", OP_EQ, &r->who.account}},
                      .limit = (int64_t)size + 1};
    struct invitation_page out = {0};
    enum err err = cursor_read(r, "invitations", ask->cursor, &q.after);

    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "invitations", &p.rows[size - 1].id);
    }
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &invitation_page_type, &out);
}

static bool take_user(void *arg, const void *rec)
{
    *(struct user *)arg = *(const struct user *)rec;
    return false;
}

static enum err find_user(struct request *r, const char *email, struct user *u)
{
    struct query q = {.type = &user_type, .where = {{"email", OP_EQ, &email}}, .limit = 1};

    return store_find(r->srv->store, &q, r->mem, take_user, u);
}

/*
 * The step that queues the mail, with a token for a new address and without one for an address that
 * belongs to somebody already; what the admin is answered, and the work, are the same.
 */
static enum err mail_of(struct request *r, struct invitation *i, struct step *out)
{
    struct account a = {0};
    struct user u = {0};
    const char *token = ticket_make(r->srv->seal, r->mem, &i->token);
    enum err err = store_get(r->srv->store, &account_type, &i->account, 0, r->mem, &a);

    if (!err)
        err = find_user(r, i->email, &u);
    if (err)
        return err;
    i->ends.ms = clock_real_ms() + DAYS * DAY_MS;
    i->sent++;
    *out = mail_step(
        r->srv, r->mem, uuid_is_zero(&u.id) ? MAIL_INVITE : MAIL_INVITE_KNOWN, i->email,
        (struct mail_value[]){{"account", a.name}, {"role", i->role}, {"token", token}, {0}});
    return ERR_OK;
}

/* What an admin may know: who is a member already, what is open already. */
static enum err check_new(struct request *r, const char *email, const char *role)
{
    struct query open = {.type = &invitation_type, .where = {{"account", OP_EQ, &r->who.account}}};
    struct query same = {.type = &invitation_type,
                         .where = {{"email", OP_EQ, &email}, {"account", OP_EQ, &r->who.account}}};
    struct user u = {0};
    int64_t n = 0, twins = 0;
    enum err err = find_user(r, email, &u);

    if (role_find(role) > ROLE_ADMIN)
        return refuse(r, ERR_FORBIDDEN, "role", "nobody is invited as a super_admin");
    if (!err)
        err = store_count(r->srv->store, &same, &twins);
    if (!err)
        err = store_count(r->srv->store, &open, &n);
    if (err)
        return err;
    if (uuid_equal(&u.account, &r->who.account))
        return refuse(r, ERR_CONFLICT, "email", "this is a member already");
    if (twins)
        return refuse(r, ERR_CONFLICT, "email", "this address is invited already: resend it");
    if (n >= OPEN_MOST)
        return refuse(r, ERR_FORBIDDEN, NULL, "at most %d invitations are open", OPEN_MOST);
    return ERR_OK;
}

static enum err invite(struct request *r)
{
    const struct invitation_create *ask = r->body;
    struct invitation i = {.id = uuid_new(),
                           .account = r->who.account,
                           .role = ask->role,
                           .by = r->who.user,
                           .created = clock_now()};
    struct step steps[3] = {
        {.kind = STEP_INSERT, .type = &invitation_type, .rec = &i},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &i.id, ask->role)}};
    struct plan plan = {.steps = steps, .n = 3};
    enum err err;

    if (!auth_email_normal(r->mem, ask->email, &i.email))
        return refuse(r, ERR_INVALID, "email", "this is not an e-mail address");
    err = check_new(r, i.email, i.role);
    if (!err)
        err = mail_of(r, &i, &steps[2]);
    if (!err)
        err = store_commit(r->srv->store, &plan);
    mail_wake(r->srv->mail);
    return err ? err : reply(r, 201, &invitation_type, &i);
}

static enum err load(struct request *r, struct invitation *i)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    if (!err)
        err = store_get(r->srv->store, &invitation_type, &id, 0, r->mem, i);
    return err || uuid_equal(&i->account, &r->who.account) ? err : ERR_NOT_FOUND;
}

/* The token of the mail before is void from now on. */
static enum err invite_resend(struct request *r)
{
    static const char *const names[] = {"token", "sent", "ends", NULL};
    struct invitation i = {0};
    struct step steps[3] = {{.kind = STEP_UPDATE,
                             .type = &invitation_type,
                             .rec = &i,
                             .fields = fields_named(&invitation_type, names),
                             .guard = "sent"}};
    struct plan plan = {.steps = steps, .n = 3};
    enum err err = load(r, &i);

    if (!err && i.sent >= SENT_MOST)
        return refuse(r, ERR_CONFLICT, NULL, "%d mails were sent: revoke it and invite anew",
                      SENT_MOST);
    if (err)
        return err;
    steps[0].guard_value = i.sent;
    steps[1] = (struct step){
        .kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &i.id, NULL)};
    err = mail_of(r, &i, &steps[2]);
    if (!err)
        err = store_commit(r->srv->store, &plan);
    mail_wake(r->srv->mail);
    return err ? err : reply(r, 200, &invitation_type, &i);
}

static enum err invite_revoke(struct request *r)
{
    struct invitation i = {0};
    enum err err = load(r, &i);
    struct step steps[2] = {
        {.kind = STEP_DELETE, .type = &invitation_type, .id = i.id},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &i.id, NULL)}};
    struct plan plan = {.steps = steps, .n = 2};

    if (!err)
        err = store_commit(r->srv->store, &plan);
    if (err == ERR_CONFLICT) /* a twin was faster */
        return ERR_NOT_FOUND;
    return err ? err : reply(r, 200, &invitation_type, &i);
}

static enum err refuse_token(struct request *r)
{
    return refuse(r, ERR_INVALID, "token", "the token is unknown, used or too old");
}

static bool take(void *arg, const void *rec)
{
    *(struct invitation *)arg = *(const struct invitation *)rec;
    return false;
}

static enum err find_by_token(struct request *r, const char *text, struct invitation *out)
{
    uint32_t ids[SEAL_KEYS];
    enum err err = ERR_OK;

    for (size_t i = seal_live(r->srv->seal, false, ids); i-- && !err && uuid_is_zero(&out->id);) {
        struct uuid token = ticket_id_under(r->srv->seal, ids[i], text);
        struct query q = {
            .type = &invitation_type, .where = {{"token", OP_EQ, &token}}, .limit = 1};

        err = store_find(r->srv->store, &q, r->mem, take, out);
    }
    return err;
}

/*
 * Holding the token proves the address.  The invitation goes in the plan that makes the member, so
 * that it is accepted once.
 */
static enum err accept(struct request *r)
{
    const struct invitation_accept *ask = r->body;
    struct accepted out = {"welcome: you can sign in now"};
    struct invitation i = {0};
    struct new_user n = {
        .password = ask->password, .name = ask->name, .request_id = r->id, .n_also = 1};
    struct step step;
    struct user u = {0};
    enum err err = find_by_token(r, ask->token, &i);

    if (!err && (uuid_is_zero(&i.id) || i.ends.ms <= clock_real_ms()))
        return refuse_token(r);
    if (err)
        return err;
    step = (struct step){.kind = STEP_DELETE, .type = &invitation_type, .id = i.id};
    n.email = i.email;
    n.role = role_find(i.role);
    n.account = i.account;
    n.also = &step;
    err = auth_user_add(r->srv, &n, r->mem, &u, &r->why);
    if (err == ERR_CONFLICT && !r->why.text[0]) /* a twin was faster */
        return refuse_token(r);
    return err ? err : reply(r, 201, &accepted_type, &out);
}

const struct route invites_routes[] = {
    {"GET", "/api/invitations", invite_list, "List the open invitations.", .role = ROLE_ADMIN,
     .scope = "members", .query = &page_query_type, .reply = &invitation_page_type},
    {"POST", "/api/invitations", invite, "Invite somebody by mail.", .role = ROLE_ADMIN,
     .scope = "members", .rate = RATE_WRITE, .body = &invitation_create_type,
     .reply = &invitation_type, .audit = "invitation.create"},
    {"POST", "/api/invitations/:id/resend", invite_resend,
     "Send the mail again with a new token; the old one is void.", .role = ROLE_ADMIN,
     .scope = "members", .rate = RATE_WRITE, .reply = &invitation_type,
     .audit = "invitation.resend"},
    {"DELETE", "/api/invitations/:id", invite_revoke, "Revoke an invitation.", .role = ROLE_ADMIN,
     .scope = "members", .rate = RATE_WRITE, .reply = &invitation_type,
     .audit = "invitation.revoke"},
    {"POST", "/api/invitations/accept", accept, "Become a member, with the token of the mail.",
     .role = ROLE_PUBLIC, .rate = RATE_REGISTER, .body = &invitation_accept_type,
     .reply = &accepted_type, .audit = "user.create"},
    {0},
};
