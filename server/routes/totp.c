/* The caller's second factor: on, off, and new recovery codes. */
#include <string.h>

#include "server/auth_private.h"
#include "server/auth_totp.h"
#include "server/mail.h"

/* The person and the factor; t->id is zero when there is none. */
static enum err load(struct request *r, struct user *u, struct totp *t)
{
    enum err err = store_get(r->srv->store, &user_type, &r->who.user, 0, r->mem, u);

    if (!err)
        err = store_get(r->srv->store, &totp_type, &r->who.user, 0, r->mem, t);
    return err == ERR_NOT_FOUND && !uuid_is_zero(&u->id) ? ERR_OK : err;
}

static enum err totp_show(struct request *r)
{
    struct user u = {0};
    struct totp t = {0};
    struct totp_status out = {0};
    enum err err = load(r, &u, &t);

    if (t.active)
        out = (struct totp_status){true, t.created, (int64_t)t.codes.n};
    return err ? err : reply(r, 200, &totp_status_type, &out);
}

/* The change, its audit record, and a mail to the owner that it happened. */
static enum err commit(struct request *r, const struct user *u, const struct step *change,
                       const char *told)
{
    struct step steps[3] = {
        *change,
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &u->id, NULL)},
    };
    struct plan plan = {.steps = steps, .n = 2};
    enum err err;

    if (told)
        steps[plan.n++] = mail_step(r->srv, r->mem, MAIL_TOTP, u->email,
                                    (struct mail_value[]){{"change", told}, {0}});
    err = store_commit(r->srv->store, &plan);
    mail_wake(r->srv->mail);
    return err;
}

static enum err totp_begin(struct request *r)
{
    struct user u = {0};
    struct totp t = {0}, next;
    struct totp_enrolment out;
    struct step step;
    enum err err = load(r, &u, &t);

    if (err)
        return err;
    if (t.active)
        return refuse(r, ERR_CONFLICT, NULL, "the second factor is on already");
    next = (struct totp){.id = u.id, .created = clock_now()};
    totp_new_secret(&next, r->mem);
    step = (struct step){.kind = STEP_INSERT, .type = &totp_type, .rec = &next};
    if (!uuid_is_zero(&t.id))
        step = totp_save(&t, &next);
    err = commit(r, &u, &step, NULL);
    if (err)
        return err;
    out = (struct totp_enrolment){next.secret, totp_uri(&next, u.email, r->mem)};
    return reply(r, 200, &totp_enrolment_type, &out);
}

/* The code that proves that the authenticator knows the secret is used up by it. */
static enum err totp_confirm(struct request *r)
{
    const struct code_request *ask = r->body;
    struct recovery_codes out = {0};
    struct user u = {0};
    struct totp t = {0}, next;
    struct step step;
    struct guard g;
    char id[UUID_TEXT];
    enum err err = load(r, &u, &t);

    if (!err && (uuid_is_zero(&t.id) || t.active))
        return refuse(r, ERR_CONFLICT, NULL, "first ask for a secret: POST /api/auth/totp");
    if (!err)
        err = guard_enter(r, "totp", uuid_text(&u.id, id), true, false, &g);
    if (err)
        return err;
    if (!totp_fits(r->srv->seal, &t, ask->totp, r->mem, &next, &step))
        return refuse(r, ERR_INVALID, "totp", "the code is wrong");
    next.active = true;
    next.created = clock_now();
    totp_new_codes(&next, r->mem, &out.codes);
    err = commit(r, &u, &step, "on");
    if (err)
        return err;
    guard_leave(r, &g, true);
    return reply(r, 200, &recovery_codes_type, &out);
}

static enum err totp_recovery(struct request *r)
{
    struct recovery_codes out = {0};
    struct user u = {0};
    struct totp t = {0}, next;
    struct step step;
    enum err err = load(r, &u, &t);

    if (!err && !t.active)
        return refuse(r, ERR_CONFLICT, NULL, "the second factor is not on");
    if (err)
        return err;
    next = t;
    totp_new_codes(&next, r->mem, &out.codes);
    step = totp_save(&t, &next);
    err = commit(r, &u, &step, "new recovery codes");
    return err ? err : reply(r, 200, &recovery_codes_type, &out);
}

/*
 * It asks for all that a confirmation asks for: one before it would need a second code, and so half
 * a minute more.
 */
static enum err totp_disable(struct request *r)
{
    const struct confirm_request *ask = r->body;
    struct accepted out = {"the second factor is off"};
    struct user u = {0};
    struct totp t = {0}, used;
    struct step step;
    struct guard g;
    char id[UUID_TEXT];
    bool fits = false;
    enum err err = load(r, &u, &t);

    if (!err && !t.active)
        return refuse(r, ERR_CONFLICT, NULL, "the second factor is not on");
    if (!err)
        err = guard_enter(r, "totp", uuid_text(&u.id, id), true, false, &g);
    if (!err)
        err = hasher_verify(r->srv->auth->hasher, ask->password, u.password_hash, &fits);
    if (err)
        return err;
    if (!fits)
        return refuse(r, ERR_FORBIDDEN, "password", "the password is wrong");
    if (!ask->totp || !totp_fits(r->srv->seal, &t, ask->totp, r->mem, &used, &step))
        return refuse(r, ERR_FORBIDDEN, "totp", "the code is wrong, or was used");
    step = (struct step){.kind = STEP_DELETE,
                         .type = &totp_type,
                         .id = t.id,
                         .guard = "version",
                         .guard_value = t.version};
    err = commit(r, &u, &step, "off");
    if (err)
        return err;
    guard_leave(r, &g, true);
    return reply(r, 200, &accepted_type, &out);
}

const struct route totp_routes[] = {
    {"GET", "/api/auth/totp", totp_show, "Is your second factor on?", .role = ROLE_VIEWER,
     .reply = &totp_status_type},
    {"POST", "/api/auth/totp", totp_begin, "Ask for a secret for your authenticator.",
     .role = ROLE_VIEWER, .rate = RATE_WRITE, .reply = &totp_enrolment_type,
     .flags = ROUTE_CONFIRMED, .audit = "totp.begin"},
    {"POST", "/api/auth/totp/confirm", totp_confirm,
     "Turn the second factor on with a code of the authenticator.", .role = ROLE_VIEWER,
     .rate = RATE_WRITE, .body = &code_request_type, .reply = &recovery_codes_type,
     .flags = ROUTE_CONFIRMED, .audit = "totp.on"},
    {"POST", "/api/auth/totp/recovery", totp_recovery,
     "Get new recovery codes; the old ones are void.", .role = ROLE_VIEWER, .rate = RATE_WRITE,
     .reply = &recovery_codes_type, .flags = ROUTE_CONFIRMED, .audit = "totp.recovery"},
    {"POST", "/api/auth/totp/disable", totp_disable,
     "Turn the second factor off, with the password and a code.", .role = ROLE_VIEWER,
     .rate = RATE_WRITE, .body = &confirm_request_type, .reply = &accepted_type,
     .audit = "totp.off"},
    {0},
};
