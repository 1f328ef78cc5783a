#include "server/auth_session.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "common/log.h"
#include "common/utf8.h"
#include "server/auth_private.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)

enum { RANDOM_BYTES = 32, MAC_BYTES = 16, GRACE_MS = 10000, AGENT_COLUMNS = 100 };

#define CONFIRMED_MS (10 * MINUTE_MS)
enum { OTHERS = 64 }; /* sessions ended with one plan */
enum { SWEEP = 64 };  /* a user's oldest sessions, looked through at sign-in */
enum { RAW_BYTES = 16 + RANDOM_BYTES + MAC_BYTES };

static const char prefix[] = "lgr_";

/* How long a session lives: sliding, and at most. */
static const struct {
    int64_t idle, whole;
} lives[] = {
    [ROLE_VIEWER] = {30 * DAY_MS, 90 * DAY_MS},
    [ROLE_USER] = {30 * DAY_MS, 90 * DAY_MS},
    [ROLE_ADMIN] = {30 * DAY_MS, 90 * DAY_MS},
    [ROLE_SUPER_ADMIN] = {15 * MINUTE_MS, 12 * 60 * MINUTE_MS},
};

static struct stamp ends_at(enum role role, struct stamp created)
{
    int64_t idle = clock_real_ms() + lives[role].idle, whole = created.ms + lives[role].whole;

    return (struct stamp){idle < whole ? idle : whole};
}

int64_t session_confirmed(const struct session *s)
{
    return s->confirmed.ms ? s->confirmed.ms + CONFIRMED_MS : 0;
}

void session_describe(struct request *r, const char **agent, const char **address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
    const char *given = r->header(r, "User-Agent");
    char *text = arena_alloc(r->mem, INET6_ADDRSTRLEN);
    bool v4 = memcmp(r->address, mapped, sizeof(mapped)) == 0;

    inet_ntop(v4 ? AF_INET : AF_INET6, r->address + (v4 ? 12 : 0), text, INET6_ADDRSTRLEN);
    *address = text;
    given = utf8_clean(r->mem, given ? given : "");
    *agent = arena_strndup(r->mem, given, utf8_fit(given, AGENT_COLUMNS));
}

/* Fills in the device, and returns what `client` is the keyed hash of. */
static const char *device_of(struct request *r, struct session *s)
{
    session_describe(r, &s->agent, &s->address);
    return arena_printf(r->mem, "%s %s", s->address, s->agent);
}

static void describe(struct request *r, struct session *s)
{
    const char *both = device_of(r, s);

    seal_hash(r->srv->seal, SEAL_ADDRESS, both, strlen(both), s->client.b, sizeof(s->client.b));
}

enum { MAC_DATA = 16 + RANDOM_BYTES + 8 };

static void mac_data(const uint8_t *raw, uint8_t out[MAC_DATA])
{
    memcpy(out, "refresh", 8);
    memcpy(out + 8, raw, 16 + RANDOM_BYTES);
}

static const char *refresh_make(const struct seal *s, const struct uuid *session, struct arena *mem)
{
    uint8_t raw[RAW_BYTES], data[MAC_DATA];

    memcpy(raw, session->b, 16);
    randombytes_buf(raw + 16, RANDOM_BYTES);
    mac_data(raw, data);
    seal_hash(s, SEAL_TOKEN, data, sizeof(data), raw + 16 + RANDOM_BYTES, MAC_BYTES);
    return arena_printf(mem, "%s%s", prefix, base64_text(mem, raw, sizeof(raw)));
}

/* The session a token of ours belongs to; false: not made here. */
static bool refresh_read(const struct seal *s, const char *text, struct uuid *session)
{
    uint8_t raw[RAW_BYTES], data[MAC_DATA];
    size_t n, before = sizeof(prefix) - 1;

    if (strncmp(text, prefix, before) != 0 ||
        !base64_bytes(text + before, strlen(text + before), raw, sizeof(raw), &n) || n != RAW_BYTES)
        return false;
    mac_data(raw, data);
    memcpy(session->b, raw, 16);
    return seal_hash_is(s, SEAL_TOKEN, data, sizeof(data), raw + 16 + RANDOM_BYTES, MAC_BYTES);
}

static enum err make_tokens(struct request *r, const struct session *s, enum role role,
                            const char *refresh, struct tokens *out)
{
    struct claims c = {.sub = s->user,
                       .sid = s->id,
                       .acc = s->account,
                       .epoch = s->epoch,
                       .role = role_word(role)};

    const struct token_keys *pair = auth_pair(r->srv->auth, seal_newest(r->srv->seal));

    *out = (struct tokens){.access_token = pair ? token_make(pair, &c, r->mem) : NULL,
                           .refresh_token = refresh,
                           .token_type = "Bearer",
                           .expires_in = TOKEN_SECONDS};
    return out->access_token ? ERR_OK : ERR_NO_MEMORY;
}

struct deleting {
    struct step *steps;
    size_t n;
};

static bool add_dead(void *arg, const void *rec)
{
    const struct session *s = rec;
    struct deleting *d = arg;

    if (s->ended || s->ends.ms <= clock_real_ms())
        d->steps[d->n++] = (struct step){.kind = STEP_DELETE, .type = &session_type, .id = s->id};
    return d->n < DEAD_MOST;
}

/* Who signs in sweeps what is left of former sessions; a failure leaves it for the next time. */
static void sweep(struct request *r, const struct uuid *user)
{
    struct query q = {.type = &session_type, .where = {{"user", OP_EQ, user}}, .limit = SWEEP};
    struct step steps[2 * DEAD_MOST];
    struct deleting d = {steps, 0};
    struct plan plan = {.steps = steps, .bulk = true};
    enum err err = store_find(r->srv->store, &q, r->mem, add_dead, &d);

    if (!err)
        err = tickets_delete(r->srv->store, user, clock_real_ms(), r->mem, steps, &d.n);
    plan.n = d.n;
    if (!err && d.n)
        err = store_commit(r->srv->store, &plan);
    if (err)
        log_event(LOG_INFO, "session.sweep", LOG_STR("outcome", err_slug(err)));
}

enum err session_begin(struct request *r, const struct sign_in *in, struct tokens *out)
{
    static const char *const signed_in[] = {"last_login", NULL};
    const struct user *u = in->user;
    enum role role = role_find(u->role);
    struct session s = {.id = uuid_new(),
                        .user = u->id,
                        .account = u->account,
                        .epoch = u->epoch,
                        .created = clock_now()};
    const char *refresh = refresh_make(r->srv->seal, &s.id, r->mem);
    struct user seen = {.id = u->id, .last_login = s.created};
    struct step steps[3 + SIGN_IN_ALSO];
    struct plan plan = {.steps = steps, .n = 3};
    enum err err;

    s.token = ticket_id(r->srv->seal, refresh);
    s.rotated = s.used = s.created;
    s.ends = ends_at(role, s.created);
    s.confirmed.ms = in->confirmed ? s.created.ms : 0;
    describe(r, &s);
    r->who = (struct principal){.user = u->id,
                                .account = u->account,
                                .session = s.id,
                                .role = role,
                                .confirmed_ends_ms = session_confirmed(&s)};
    steps[0] = (struct step){.kind = STEP_INSERT, .type = &session_type, .rec = &s};
    steps[1] = (struct step){.kind = STEP_UPDATE,
                             .type = &user_type,
                             .rec = &seen,
                             .fields = fields_named(&user_type, signed_in)};
    steps[2] = (struct step){
        .kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &s.id, in->detail)};
    for (size_t i = 0; i < in->n_also; i++)
        steps[plan.n++] = in->also[i];
    err = store_commit(r->srv->store, &plan);
    if (err)
        return err;
    sweep(r, &u->id);
    return make_tokens(r, &s, role, refresh, out);
}

enum err session_impersonate(struct request *r, const struct user *u, struct stamp ends,
                             const struct step also[2], struct tokens *out)
{
    struct session s = {.id = uuid_new(),
                        .user = u->id,
                        .account = u->account,
                        .epoch = u->epoch,
                        .created = clock_now(),
                        .ends = ends,
                        .impersonator = r->who.user};
    const char *refresh = refresh_make(r->srv->seal, &s.id, r->mem);
    struct audit *a = request_audit(r, &u->id, NULL);
    struct step steps[4] = {{.kind = STEP_INSERT, .type = &session_type, .rec = &s},
                            also[0],
                            also[1],
                            {.kind = STEP_INSERT, .type = &audit_type, .rec = a}};
    struct plan plan = {.steps = steps, .n = 4};
    enum err err;

    s.token = ticket_id(r->srv->seal, refresh);
    s.rotated = s.used = s.created;
    describe(r, &s);
    a->account = u->account;
    err = store_commit(r->srv->store, &plan);
    return err ? err : make_tokens(r, &s, role_find(u->role), refresh, out);
}

static enum err end_session(struct request *r, const struct uuid *id, const char *why)
{
    static const char *const names[] = {"ended", NULL};
    struct session s = {.id = *id, .ended = true};
    struct step steps[2] = {
        {.kind = STEP_UPDATE,
         .type = &session_type,
         .rec = &s,
         .fields = fields_named(&session_type, names)},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, id, why)}};
    struct plan plan = {.steps = steps, .n = 2};
    enum err err = store_commit(r->srv->store, &plan);

    auth_changed(r->srv->auth);
    return err;
}

enum err session_end(struct request *r, const struct uuid *id)
{
    return end_session(r, id, NULL);
}

struct others {
    struct request *r;
    struct session *dead;
    struct step *steps;
    size_t n;
};

static bool add_other(void *arg, const void *rec)
{
    static const char *const names[] = {"ended", NULL};
    struct others *o = arg;
    const struct session *s = rec;

    if (s->ended || uuid_equal(&s->id, &o->r->who.session))
        return true;
    o->dead[o->n] = (struct session){.id = s->id, .ended = true};
    o->steps[o->n] = (struct step){.kind = STEP_UPDATE,
                                   .type = &session_type,
                                   .rec = &o->dead[o->n],
                                   .fields = fields_named(&session_type, names)};
    o->n++;
    return o->n < OTHERS;
}

enum err session_end_others(struct request *r)
{
    struct others o = {.r = r,
                       .dead = arena_alloc(r->mem, OTHERS * sizeof(*o.dead)),
                       .steps = arena_alloc(r->mem, (OTHERS + 1) * sizeof(*o.steps))};
    struct query q = {.type = &session_type, .where = {{"user", OP_EQ, &r->who.user}}};
    enum err err;

    do {
        struct plan plan = {.steps = o.steps};

        o.n = 0;
        err = store_find(r->srv->store, &q, r->mem, add_other, &o);
        if (!err && o.n) {
            o.steps[o.n] = (struct step){
                .kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, NULL, NULL)};
            plan.n = o.n + 1;
            err = store_commit(r->srv->store, &plan);
        }
    } while (!err && o.n == OTHERS);
    auth_changed(r->srv->auth);
    return err;
}

enum err session_confirm(struct request *r)
{
    static const char *const names[] = {"confirmed", NULL};
    struct session s = {.id = r->who.session, .confirmed = clock_now()};
    struct step steps[2] = {
        {.kind = STEP_UPDATE,
         .type = &session_type,
         .rec = &s,
         .fields = fields_named(&session_type, names)},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &s.id, NULL)}};
    struct plan plan = {.steps = steps, .n = 2};
    enum err err = store_commit(r->srv->store, &plan);

    auth_changed(r->srv->auth);
    return err;
}

/* Exchange the token in force; the guard lets one of two simultaneous exchanges win. */
static enum err rotate(struct request *r, const struct session *s, enum role role,
                       const char **successor)
{
    static const char *const names[] = {"token", "before", "successor", "rotated", "used",
                                        "ends",  "agent",  "address",   "client",  NULL};
    struct session next = *s;
    struct step step = {.kind = STEP_UPDATE,
                        .type = &session_type,
                        .rec = &next,
                        .fields = fields_named(&session_type, names),
                        .guard = "rotated",
                        .guard_value = s->rotated.ms};
    struct plan plan = {.steps = &step, .n = 1};

    *successor = refresh_make(r->srv->seal, &s->id, r->mem);
    next.before = s->token;
    next.token = ticket_id(r->srv->seal, *successor);
    next.successor = *successor;
    next.rotated = next.used = clock_now();
    if (next.rotated.ms <= s->rotated.ms) /* each exchange must move the guard */
        next.rotated.ms = s->rotated.ms + 1;
    if (uuid_is_zero(&s->impersonator)) /* who impersonates gets no more time */
        next.ends = ends_at(role, s->created);
    describe(r, &next);
    return store_commit(r->srv->store, &plan);
}

static enum err reused(struct request *r, const struct session *s)
{
    enum err err;

    log_event(LOG_WARN, "session.reuse", LOG_STR("request", r->id));
    err = end_session(r, &s->id, "a refresh token was used twice");
    return err ? err : ERR_UNAUTHORIZED;
}

/* A client whose reply was lost asks again soon, and from where it asked before. */
static bool is_lost_reply(struct request *r, const struct session *s, const char *token)
{
    struct session now = {0};
    const char *both = device_of(r, &now);

    return ticket_is(r->srv->seal, token, &s->before) &&
           seal_hash_is(r->srv->seal, SEAL_ADDRESS, both, strlen(both), s->client.b,
                        sizeof(s->client.b)) &&
           clock_real_ms() - s->rotated.ms <= GRACE_MS;
}

static enum err exchange(struct request *r, const struct uuid *session, const char *token,
                         struct tokens *out)
{
    struct store *store = r->srv->store;
    struct session s = {0};
    const char *successor = NULL;
    int64_t ends_ms;
    enum err err = session_principal(r->srv, session, r->mem, &r->who, &ends_ms);

    if (!err)
        err = store_get(store, &session_type, session, 0, r->mem, &s);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_UNAUTHORIZED : err;
    if (ticket_is(r->srv->seal, token, &s.token)) {
        err = rotate(r, &s, r->who.role, &successor);
        return err ? err : make_tokens(r, &s, r->who.role, successor, out);
    }
    if (is_lost_reply(r, &s, token))
        return make_tokens(r, &s, r->who.role, s.successor, out);
    return reused(r, &s);
}

enum err session_refresh(struct request *r, const char *refresh_token, struct tokens *out)
{
    struct uuid session;
    enum err err;

    if (!refresh_read(r->srv->seal, refresh_token, &session))
        return ERR_UNAUTHORIZED;
    err = exchange(r, &session, refresh_token, out);
    /* A twin was faster: now this token is the one before, and its successor is known. */
    return err == ERR_CONFLICT ? exchange(r, &session, refresh_token, out) : err;
}
