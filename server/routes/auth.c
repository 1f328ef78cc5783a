/* Signing in and out, registering, and forgotten passwords. */
#include <string.h>

#include "server/auth.h"
#include "server/auth_private.h"
#include "server/auth_session.h"
#include "server/mail.h"
#include "server/options.h"

/* TICKETS_MOST: of one user at a time, so that nobody's mailbox is flooded */
enum { RESET_MS = 30 * 60 * 1000, TICKETS_MOST = 5 };

static bool take_user(void *arg, const void *rec)
{
    *(struct user *)arg = *(const struct user *)rec;
    return false;
}

/* u->id is zero when nobody has the address, or it is none. */
static enum err find_user(struct request *r, const char *email, struct user *u)
{
    struct query q = {.type = &user_type, .limit = 1};
    const char *normal;

    if (!auth_email_normal(r->mem, email, &normal))
        return ERR_OK;
    q.where[0] = (struct cond){"email", OP_EQ, &normal};
    return store_find(r->srv->store, &q, r->mem, take_user, u);
}

/* The same work and the same words for an unknown address, a wrong password and a disabled user. */
static enum err login(struct request *r)
{
    const struct login_request *ask = r->body;
    struct user u = {0};
    struct tokens out;
    bool fits = false;
    enum err err = find_user(r, ask->email, &u);

    if (!err)
        err = hasher_verify(r->srv->auth->hasher, ask->password, u.password_hash, &fits);
    if (err)
        return err;
    if (!fits || !u.state || strcmp(u.state, "active") != 0)
        return refuse(r, ERR_BAD_LOGIN, NULL, "the e-mail address or the password is wrong");
    err = session_begin(r, &u, &out);
    return err ? err : reply(r, 200, &tokens_type, &out);
}

static enum err refresh(struct request *r)
{
    const struct refresh_request *ask = r->body;
    struct tokens out;
    enum err err = session_refresh(r, ask->refresh_token, &out);

    return err ? err : reply(r, 200, &tokens_type, &out);
}

static enum err accept(struct request *r, unsigned status, const char *message)
{
    struct accepted out = {message};

    return reply(r, status, &accepted_type, &out);
}

static enum err logout(struct request *r)
{
    enum err err = session_end(r, &r->who.session);

    return err ? err : accept(r, 200, "signed out");
}

/* What a new address costs, one commit, so that the time does not tell that this one is taken. */
static enum err note_taken(struct request *r)
{
    struct audit *a = request_audit(r, NULL, "the address is taken");
    struct step step = {.kind = STEP_INSERT, .type = &audit_type, .rec = a};
    struct plan plan = {.steps = &step, .n = 1};

    a->outcome = "refused";
    return store_commit(r->srv->store, &plan);
}

/* The answer never tells whether the address is known, or registration open. */
static enum err register_self(struct request *r)
{
    const struct login_request *ask = r->body;
    struct new_user n = {
        .email = ask->email, .password = ask->password, .role = ROLE_ADMIN, .request_id = r->id};
    const char *normal, *hash;
    struct user u;
    enum err err;

    if (!auth_email_normal(r->mem, ask->email, &normal))
        return refuse(r, ERR_INVALID, "email", "this is not an e-mail address");
    err = auth_password_check(ask->password, normal, &r->why);
    if (err)
        return err;
    if (r->srv->options->registration)
        err = auth_user_add(r->srv, &n, r->mem, &u, NULL);
    else
        err = auth_password_hash(r->srv->auth, ask->password, r->mem, &hash);
    if (err == ERR_CONFLICT)
        err = note_taken(r);
    return err ? err
               : accept(r, 202,
                        "if registration is open and the address is new, it can sign in now");
}

static enum err count_tickets(struct request *r, const struct uuid *user, int64_t *n)
{
    struct stamp now = clock_now();
    struct query q = {.type = &ticket_type,
                      .where = {{"user", OP_EQ, user}, {"ends", OP_GT, &now}}};

    return store_count(r->srv->store, &q, n);
}

/* One commit whether the address is known or not, so that the time does not tell either. */
static enum err forgot(struct request *r)
{
    const struct email_request *ask = r->body;
    struct ticket t = {.purpose = "reset", .ends = {clock_real_ms() + RESET_MS}};
    struct audit *a = request_audit(r, NULL, NULL);
    struct step steps[3] = {{.kind = STEP_INSERT, .type = &audit_type, .rec = a}};
    struct plan plan = {.steps = steps, .n = 1};
    struct user u = {0};
    const char *token;
    int64_t n = 0;
    enum err err = find_user(r, ask->email, &u);

    if (!err)
        err = count_tickets(r, &u.id, &n);
    if (err)
        return err;
    a->target = t.user = u.id;
    a->account = u.account;
    token = ticket_make(r->srv->seal, r->mem, &t.id);
    if (!uuid_is_zero(&u.id) && n < TICKETS_MOST) {
        steps[plan.n++] = (struct step){.kind = STEP_INSERT, .type = &ticket_type, .rec = &t};
        steps[plan.n++] = mail_step(r->srv, r->mem, MAIL_RESET, u.email,
                                    (struct mail_value[]){{"token", token}, {0}});
    }
    err = store_commit(r->srv->store, &plan);
    mail_wake(r->srv->mail);
    return err ? err : accept(r, 202, "if the address is known, a mail is on its way");
}

/* Uses up every ticket of the user, this one first; the new epoch ends every session. */
static enum err change_password(struct request *r, const struct ticket *t, const struct user *u,
                                const char *hash)
{
    static const char *const changed[] = {"password_hash", "epoch", NULL};
    struct user next = {.id = u->id, .password_hash = hash, .epoch = u->epoch + 1};
    struct audit *a = request_audit(r, &u->id, NULL);
    struct step steps[3 + DEAD_MOST] = {
        {.kind = STEP_DELETE, .type = &ticket_type, .id = t->id},
        {.kind = STEP_UPDATE,
         .type = &user_type,
         .rec = &next,
         .guard = "epoch",
         .guard_value = u->epoch,
         .fields = fields_named(&user_type, changed)},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = a},
    };
    struct plan plan = {.steps = steps, .n = 3};
    enum err err = tickets_delete(r->srv->store, &u->id, INT64_MAX, r->mem, steps, &plan.n);

    a->account = u->account;
    if (!err)
        err = store_commit(r->srv->store, &plan);
    auth_changed(r->srv->auth);
    return err;
}

static enum err refuse_ticket(struct request *r)
{
    return refuse(r, ERR_INVALID, "token", "the token is unknown, used or too old");
}

static enum err reset(struct request *r)
{
    const struct reset_request *ask = r->body;
    struct uuid id = ticket_id(r->srv->seal, ask->token);
    struct ticket t = {0};
    struct user u = {0};
    const char *hash;
    enum err err = store_get(r->srv->store, &ticket_type, &id, 0, r->mem, &t);

    if (!err && (strcmp(t.purpose, "reset") != 0 || t.ends.ms <= clock_real_ms()))
        err = ERR_NOT_FOUND;
    if (!err)
        err = store_get(r->srv->store, &user_type, &t.user, 0, r->mem, &u);
    if (err == ERR_NOT_FOUND)
        return refuse_ticket(r);
    if (!err)
        err = auth_password_check(ask->password, u.email, &r->why);
    if (!err)
        err = auth_password_hash(r->srv->auth, ask->password, r->mem, &hash);
    if (!err)
        err = change_password(r, &t, &u, hash);
    if (err == ERR_CONFLICT) /* a twin was faster */
        return refuse_ticket(r);
    return err ? err : accept(r, 200, "the password is changed and every session ended");
}

const struct route auth_routes[] = {
    {"POST", "/api/auth/register", register_self, "Register, where the operator allows it.",
     .role = ROLE_PUBLIC, .rate = RATE_REGISTER, .body = &login_request_type,
     .reply = &accepted_type, .audit = "user.create"},
    {"POST", "/api/auth/login", login, "Sign in.", .role = ROLE_PUBLIC, .rate = RATE_LOGIN,
     .body = &login_request_type, .reply = &tokens_type, .audit = "session.begin"},
    {"POST", "/api/auth/refresh", refresh, "Exchange a refresh token for the next pair.",
     .role = ROLE_PUBLIC, .rate = RATE_ANONYMOUS, .body = &refresh_request_type,
     .reply = &tokens_type, .audit = "session.reuse"},
    {"POST", "/api/auth/logout", logout, "End this session.", .role = ROLE_VIEWER,
     .reply = &accepted_type, .audit = "session.end"},
    {"POST", "/api/auth/forgot-password", forgot, "Ask for a mail that resets the password.",
     .role = ROLE_PUBLIC, .rate = RATE_FORGOT, .body = &email_request_type, .reply = &accepted_type,
     .audit = "password.forgot"},
    {"POST", "/api/auth/reset-password", reset, "Set a new password with the token of the mail.",
     .role = ROLE_PUBLIC, .rate = RATE_RESET, .body = &reset_request_type, .reply = &accepted_type,
     .audit = "password.reset"},
    {0},
};
