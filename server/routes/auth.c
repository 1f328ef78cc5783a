/* Signing in and out, registering, and forgotten passwords. */
#include <string.h>

#include "server/auth.h"
#include "server/auth_private.h"
#include "server/auth_session.h"
#include "server/auth_totp.h"
#include "server/mail.h"
#include "server/options.h"

/* TICKETS_MOST: of one user at a time, so that nobody's mailbox is flooded */
enum { RESET_MS = 30 * 60 * 1000, REGISTER_MS = 24 * 60 * 60 * 1000, TICKETS_MOST = 5 };

static bool take_user(void *arg, const void *rec)
{
    *(struct user *)arg = *(const struct user *)rec;
    return false;
}

/* u->id is zero when nobody has the address, or it is none; *who is its form that is counted by. */
static enum err find_user(struct request *r, const char *email, const char **who, struct user *u)
{
    struct query q = {.type = &user_type, .limit = 1};

    *who = email;
    if (!auth_email_normal(r->mem, email, who))
        return ERR_OK;
    q.where[0] = (struct cond){"email", OP_EQ, who};
    return store_find(r->srv->store, &q, r->mem, take_user, u);
}

/* The user's second factor; inactive when there is none, or no user. */
static enum err find_totp(struct request *r, const struct user *u, struct totp *t)
{
    enum err err = store_get(r->srv->store, &totp_type, &u->id, 0, r->mem, t);

    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err refuse_code(struct request *r, bool given)
{
    return refuse(r, ERR_TOTP_REQUIRED, "totp", "%s",
                  given ? "the code is wrong, or was used" : "send a code of the second factor");
}

static enum err let_in(struct request *r, const struct user *u, const struct step *use,
                       const struct guard *g)
{
    struct sign_in in = {.user = u,
                         .also = use,
                         .n_also = use != NULL,
                         .confirmed = true,
                         .detail = use ? "second factor" : NULL};
    struct tokens out;
    enum err err = session_begin(r, &in, &out);

    if (err == ERR_CONFLICT) /* a twin used the code */
        return refuse_code(r, true);
    if (err)
        return err;
    guard_leave(r, g, true);
    return reply(r, 200, &tokens_type, &out);
}

/*
 * The same work, commits and argon2id alike, and the same words for an unknown address, a wrong
 * password and a disabled user.
 */
static enum err login(struct request *r)
{
    const struct login_request *ask = r->body;
    struct totp t = {0}, next;
    struct user u = {0};
    struct step use;
    struct guard g;
    const char *who;
    bool fits = false, code;
    enum err err = find_user(r, ask->email, &who, &u);

    if (!err)
        err = find_totp(r, &u, &t);
    code = t.active && ask->totp && totp_fits(r->srv->seal, &t, ask->totp, r->mem, &next, &use);
    if (!err)
        err = guard_enter(r, "login", who, false, code, &g);
    if (err)
        return err;
    err = hasher_verify(r->srv->auth->hasher, ask->password, u.password_hash, &fits);
    if (err) {
        guard_leave(r, &g, false);
        return err;
    }
    if (!fits || !u.state || strcmp(u.state, "active") != 0)
        return refuse(r, ERR_BAD_LOGIN, NULL, "the e-mail address or the password is wrong");
    if (t.active && !code)
        return refuse_code(r, ask->totp != NULL);
    return let_in(r, &u, code ? &use : NULL, &g);
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

static enum err count_tickets(struct request *r, const struct uuid *user, int64_t *n)
{
    struct stamp now = clock_now();
    struct query q = {.type = &ticket_type,
                      .where = {{"user", OP_EQ, user}, {"ends", OP_GT, &now}}};

    return store_count(r->srv->store, &q, n);
}

/* Tickets of registrations are kept under the address's keyed hash: there is no user yet. */
static struct uuid registrant(struct request *r, const char *email)
{
    const char *text = arena_printf(r->mem, "registrant\n%s", email);
    struct uuid id = {0};

    seal_hash(r->srv->seal, SEAL_TOKEN, text, strlen(text), id.b, sizeof(id.b));
    return id;
}

/* A mail either way, and the same writes: only the mailbox tells whether the address is known. */
static enum err invite_registrant(struct request *r, const char *email, const char *hash)
{
    struct ticket t = {.user = registrant(r, email),
                       .ends = {clock_real_ms() + REGISTER_MS},
                       .email = email,
                       .password_hash = hash};
    struct step steps[3] = {
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, NULL, NULL)}};
    struct plan plan = {.steps = steps, .n = 1};
    const char *token = ticket_make(r->srv->seal, r->mem, &t.id), *who;
    struct user u = {0};
    int64_t n = 0;
    enum err err = find_user(r, email, &who, &u);
    bool known = !uuid_is_zero(&u.id);

    if (!err)
        err = count_tickets(r, &t.user, &n);
    t.purpose = known ? "taken" : "register";
    if (!err && r->srv->options->registration && n < TICKETS_MOST) {
        steps[plan.n++] = (struct step){.kind = STEP_INSERT, .type = &ticket_type, .rec = &t};
        steps[plan.n++] = mail_step(r->srv, r->mem, known ? MAIL_TAKEN : MAIL_REGISTER, email,
                                    (struct mail_value[]){{"token", token}, {0}});
    }
    if (!err)
        err = store_commit(r->srv->store, &plan);
    mail_wake(r->srv->mail);
    return err;
}

/* The answer never tells whether the address is known, or registration open. */
static enum err register_self(struct request *r)
{
    const struct register_request *ask = r->body;
    const char *normal, *hash;
    enum err err;

    if (!auth_email_normal(r->mem, ask->email, &normal))
        return refuse(r, ERR_INVALID, "email", "this is not an e-mail address");
    err = auth_password_check(ask->password, normal, &r->why);
    if (!err)
        err = auth_password_hash(r->srv->auth, ask->password, r->mem, &hash);
    if (!err)
        err = invite_registrant(r, normal, hash);
    return err ? err : accept(r, 202, "if registration is open, a mail is on its way");
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
    const char *who;
    enum err err = find_user(r, ask->email, &who, &u);

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
    struct step steps[4 + DEAD_MOST] = {
        {.kind = STEP_DELETE, .type = &ticket_type, .id = t->id},
        {.kind = STEP_UPDATE,
         .type = &user_type,
         .rec = &next,
         .guard = "epoch",
         .guard_value = u->epoch,
         .fields = fields_named(&user_type, changed)},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = a},
        mail_step(r->srv, r->mem, MAIL_CHANGED, u->email, NULL),
    };
    struct plan plan = {.steps = steps, .n = 4};
    enum err err = tickets_delete(r->srv->store, &u->id, INT64_MAX, r->mem, steps, &plan.n);

    a->account = u->account;
    if (!err)
        err = store_commit(r->srv->store, &plan);
    auth_changed(r->srv->auth);
    mail_wake(r->srv->mail);
    return err;
}

static enum err refuse_ticket(struct request *r)
{
    return refuse(r, ERR_INVALID, "token", "the token is unknown, used or too old");
}

/* The account is made now, by who can read the mail; whoever else registered the address waits. */
static enum err verify_email(struct request *r)
{
    const struct token_request *ask = r->body;
    struct ticket t = {0};
    struct new_user n = {.role = ROLE_ADMIN, .request_id = r->id};
    struct user u;
    enum err err = ticket_find(r->srv, ask->token, r->mem, &t);

    if (!err && (strcmp(t.purpose, "register") != 0 || t.ends.ms <= clock_real_ms()))
        err = ERR_NOT_FOUND;
    n.ticket = t.id;
    n.email = t.email;
    n.password_hash = t.password_hash;
    if (!err)
        err = auth_user_add(r->srv, &n, r->mem, &u, NULL);
    if (err == ERR_NOT_FOUND || err == ERR_CONFLICT) /* a twin, or another ticket, was faster */
        return refuse_ticket(r);
    if (!err)
        guard_vouch(r, "login", t.email);
    return err ? err : accept(r, 200, "the address is confirmed; sign in");
}

static enum err reset(struct request *r)
{
    const struct reset_request *ask = r->body;
    struct ticket t = {0};
    struct user u = {0};
    const char *hash;
    enum err err = ticket_find(r->srv, ask->token, r->mem, &t);

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
    if (!err)
        guard_vouch(r, "login", u.email);
    return err ? err : accept(r, 200, "the password is changed and every session ended");
}

const struct route auth_routes[] = {
    {"POST", "/api/auth/register", register_self, "Register, where the operator allows it.",
     .role = ROLE_PUBLIC, .rate = RATE_REGISTER, .body = &register_request_type,
     .reply = &accepted_type, .audit = "user.register"},
    {"POST", "/api/auth/verify-email", verify_email,
     "Confirm the registered address with the token of the mail; then sign in.",
     .role = ROLE_PUBLIC, .rate = RATE_RESET, .body = &token_request_type, .reply = &accepted_type,
     .audit = "user.create"},
    {"POST", "/api/auth/login", login, "Sign in.", .role = ROLE_PUBLIC, .rate = RATE_LOGIN,
     .body = &login_request_type, .reply = &tokens_type, .audit = "session.begin"},
    {"POST", "/api/auth/refresh", refresh, "Exchange a refresh token for the next pair.",
     .role = ROLE_PUBLIC, .rate = RATE_REFRESH, .body = &refresh_request_type,
     .reply = &tokens_type, .audit = "session.reuse"},
    {"POST", "/api/auth/logout", logout, "End this session.", .role = ROLE_VIEWER,
     .flags = ROUTE_GUEST, .reply = &accepted_type, .audit = "session.end"},
    {"POST", "/api/auth/forgot-password", forgot, "Ask for a mail that resets the password.",
     .role = ROLE_PUBLIC, .rate = RATE_FORGOT, .body = &email_request_type, .reply = &accepted_type,
     .audit = "password.forgot"},
    {"POST", "/api/auth/reset-password", reset, "Set a new password with the token of the mail.",
     .role = ROLE_PUBLIC, .rate = RATE_RESET, .body = &reset_request_type, .reply = &accepted_type,
     .audit = "password.reset"},
    {0},
};
