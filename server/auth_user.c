/* Making users: one plan of account, wallet, grant, user and audit record. */
#include <string.h>

#include "server/auth_private.h"

enum { STEPS = 8 + NEW_USER_ALSO };

/* What a new user needs written; lives as long as the plan. */
struct making {
    struct account account;
    struct wallet wallet;
    struct entry grant;
    struct user user;
    struct audit audit;
    struct step steps[STEPS];
    size_t n;
};

static void add(struct making *m, const struct type *t, const void *rec)
{
    m->steps[m->n++] = (struct step){.kind = STEP_INSERT, .type = t, .rec = rec};
}

/* The account's name is the domain: it is not sealed, so it must not be a person's address. */
static void add_account(struct making *m, const struct new_user *n, const char *email)
{
    struct stamp now = clock_now();

    m->account = (struct account){uuid_new(), strrchr(email, '@') + 1, tier_words[TIER_STARTER],
                                  now, m->user.id};
    m->wallet = (struct wallet){.id = m->account.id, .balance = n->credits};
    m->grant = (struct entry){.id = uuid_new(),
                              .account = m->account.id,
                              .at = now,
                              .kind = "grant",
                              .amount = n->credits,
                              .balance = n->credits,
                              .reason = "opening balance",
                              .plan = uuid_new()};
    add(m, &account_type, &m->account);
    add(m, &wallet_type, &m->wallet);
    if (n->credits.hundredths)
        add(m, &entry_type, &m->grant);
}

static enum err check_account(struct server *srv, const struct new_user *n, struct arena *mem,
                              struct problem *why)
{
    struct account a = {0};
    enum err err = store_get(srv->store, &account_type, &n->account, 0, mem, &a);

    if (err == ERR_NOT_FOUND)
        return problem_set(why, "account", "there is no such account");
    if (!err && n->credits.hundredths)
        return problem_set(why, "credits", "credits come with a new account only");
    return err;
}

static void fill(struct making *m, const struct new_user *n, const char *email, const char *hash)
{
    m->user = (struct user){
        .id = m->user.id,
        .account = uuid_is_zero(&n->account) ? m->account.id : n->account,
        .email = email,
        .role = role_word(n->role),
        .state = n->state ? n->state : "active",
        .password_hash = hash,
        .created = clock_now(),
        .name = n->name,
    };
    m->audit = (struct audit){.id = uuid_new(),
                              .at = m->user.created,
                              .actor = n->actor,
                              .account = m->user.account,
                              .verb = "user.create",
                              .target = m->user.id,
                              .outcome = "ok",
                              .detail = m->user.role,
                              .request_id = n->request_id,
                              .count = 1};
    add(m, &user_type, &m->user);
    add(m, &audit_type, &m->audit);
}

enum err auth_user_add(struct server *srv, const struct new_user *n, struct arena *mem,
                       struct user *out, struct problem *why)
{
    struct making *m = arena_alloc(mem, sizeof(*m));
    struct plan plan = {.steps = m->steps};
    const char *email, *hash = n->password_hash;
    enum err err = ERR_OK;

    if (!auth_email_normal(mem, n->email, &email))
        return problem_set(why, "email", "this is not an e-mail address");
    if (!hash)
        err = auth_password_check(n->password, email, why);
    if (!err && !uuid_is_zero(&n->account))
        err = check_account(srv, n, mem, why);
    if (!err && !hash)
        err = auth_password_hash(srv->auth, n->password, mem, &hash);
    if (err)
        return err;
    if (!uuid_is_zero(&n->ticket))
        m->steps[m->n++] =
            (struct step){.kind = STEP_DELETE, .type = &ticket_type, .id = n->ticket};
    m->user.id = uuid_new();
    if (uuid_is_zero(&n->account))
        add_account(m, n, email);
    fill(m, n, email, hash);
    for (size_t i = 0; i < n->n_also; i++)
        m->steps[m->n++] = n->also[i];
    plan.n = m->n;
    err = store_commit(srv->store, &plan);
    if (err == ERR_CONFLICT && m->steps[plan.failed].type == &user_type)
        problem_set(why, "email", "the address is taken");
    *out = m->user;
    return err;
}
