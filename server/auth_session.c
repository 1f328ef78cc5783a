#include "server/auth_session.h"

#include <sodium.h>
#include <string.h>

#include "common/log.h"
#include "server/auth_private.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)

enum { RANDOM_BYTES = 32, MAC_BYTES = 16, GRACE_MS = 10000 };
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

static void mac_of(const struct seal *s, const uint8_t *raw, uint8_t mac[MAC_BYTES])
{
    uint8_t data[16 + RANDOM_BYTES + 8] = "refresh";

    memcpy(data + 8, raw, 16 + RANDOM_BYTES);
    seal_hash(s, SEAL_TOKEN, data, sizeof(data), mac, MAC_BYTES);
}

static const char *refresh_make(const struct seal *s, const struct uuid *session, struct arena *mem)
{
    size_t size = sodium_base64_encoded_len(RAW_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(mem, sizeof(prefix) - 1 + size);
    uint8_t raw[RAW_BYTES];

    memcpy(raw, session->b, 16);
    randombytes_buf(raw + 16, RANDOM_BYTES);
    mac_of(s, raw, raw + 16 + RANDOM_BYTES);
    memcpy(text, prefix, sizeof(prefix) - 1);
    sodium_bin2base64(text + sizeof(prefix) - 1, size, raw, sizeof(raw),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return text;
}

/* The session a token of ours belongs to; false: not made here. */
static bool refresh_read(const struct seal *s, const char *text, struct uuid *session)
{
    uint8_t raw[RAW_BYTES], mac[MAC_BYTES];
    size_t n;

    if (strncmp(text, prefix, sizeof(prefix) - 1) != 0 ||
        sodium_base642bin(raw, sizeof(raw), text + sizeof(prefix) - 1,
                          strlen(text) - (sizeof(prefix) - 1), NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
        n != RAW_BYTES)
        return false;
    mac_of(s, raw, mac);
    memcpy(session->b, raw, 16);
    return sodium_memcmp(mac, raw + 16 + RANDOM_BYTES, MAC_BYTES) == 0;
}

static enum err make_tokens(struct request *r, const struct session *s, enum role role,
                            const char *refresh, struct tokens *out)
{
    struct claims c = {.sub = s->user,
                       .sid = s->id,
                       .acc = s->account,
                       .epoch = s->epoch,
                       .role = role_word(role)};

    *out = (struct tokens){.access_token = token_make(&r->srv->auth->keys, &c, r->mem),
                           .refresh_token = refresh,
                           .token_type = "Bearer",
                           .expires_in = TOKEN_SECONDS};
    return out->access_token ? ERR_OK : ERR_NO_MEMORY;
}

enum err session_begin(struct request *r, const struct user *u, struct tokens *out)
{
    enum role role = role_find(u->role);
    struct session s = {.id = uuid_new(),
                        .user = u->id,
                        .account = u->account,
                        .epoch = u->epoch,
                        .created = clock_now()};
    const char *refresh = refresh_make(r->srv->seal, &s.id, r->mem);
    struct user seen = {.id = u->id, .last_login = s.created};
    struct step steps[3];
    struct plan plan = {.steps = steps, .n = 3};
    enum err err;

    s.token = ticket_id(r->srv->seal, refresh);
    s.rotated = s.used = s.created;
    s.ends = ends_at(role, s.created);
    r->who = (struct principal){u->id, u->account, s.id, role};
    steps[0] = (struct step){.kind = STEP_INSERT, .type = &session_type, .rec = &s};
    steps[1] = (struct step){.kind = STEP_UPDATE,
                             .type = &user_type,
                             .rec = &seen,
                             .fields = type_bit(&user_type, type_field(&user_type, "last_login"))};
    steps[2] = (struct step){
        .kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &s.id, NULL)};
    err = store_commit(r->srv->store, &plan);
    return err ? err : make_tokens(r, &s, role, refresh, out);
}

static uint64_t bits_of(const char *const *names)
{
    uint64_t set = 0;

    for (; *names; names++)
        set |= type_bit(&session_type, type_field(&session_type, *names));
    return set;
}

static enum err end_session(struct request *r, const struct uuid *id, const char *why)
{
    static const char *const names[] = {"ended", NULL};
    struct session s = {.id = *id, .ended = true};
    struct step steps[2] = {
        {.kind = STEP_UPDATE, .type = &session_type, .rec = &s, .fields = bits_of(names)},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, id, why)}};
    struct plan plan = {.steps = steps, .n = 2};
    enum err err = store_commit(r->srv->store, &plan);

    auth_changed(r->srv->auth);
    return err;
}

enum err session_end(struct request *r)
{
    return end_session(r, &r->who.session, NULL);
}

/* Exchange the token in force; the guard lets one of two simultaneous exchanges win. */
static enum err rotate(struct request *r, const struct session *s, enum role role,
                       const char **successor)
{
    static const char *const names[] = {"token", "before", "successor", "rotated",
                                        "used",  "ends",   NULL};
    struct session next = *s;
    struct step step = {.kind = STEP_UPDATE,
                        .type = &session_type,
                        .rec = &next,
                        .fields = bits_of(names),
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
    next.ends = ends_at(role, s->created);
    return store_commit(r->srv->store, &plan);
}

static enum err reused(struct request *r, const struct session *s)
{
    enum err err;

    log_event(LOG_WARN, "session.reuse", LOG_STR("request", r->id));
    err = end_session(r, &s->id, "a refresh token was used twice");
    return err ? err : ERR_UNAUTHORIZED;
}

static enum err exchange(struct request *r, const struct uuid *session, const struct uuid *token,
                         struct tokens *out)
{
    struct store *store = r->srv->store;
    struct session s = {0};
    const char *successor = NULL;
    enum err err = session_principal(r->srv, session, r->mem, &r->who);

    if (!err)
        err = store_get(store, &session_type, session, 0, r->mem, &s);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_UNAUTHORIZED : err;
    if (uuid_equal(&s.token, token)) {
        err = rotate(r, &s, r->who.role, &successor);
        return err ? err : make_tokens(r, &s, r->who.role, successor, out);
    }
    if (uuid_equal(&s.before, token) && clock_real_ms() - s.rotated.ms <= GRACE_MS)
        return make_tokens(r, &s, r->who.role, s.successor, out);
    return reused(r, &s);
}

enum err session_refresh(struct request *r, const char *refresh_token, struct tokens *out)
{
    struct uuid session, token = ticket_id(r->srv->seal, refresh_token);
    enum err err;

    if (!refresh_read(r->srv->seal, refresh_token, &session))
        return ERR_UNAUTHORIZED;
    err = exchange(r, &session, &token, out);
    /* A twin was faster: now this token is the one before, and its successor is known. */
    return err == ERR_CONFLICT ? exchange(r, &session, &token, out) : err;
}
