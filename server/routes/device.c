/*
 * Letting in a device without a keyboard or a browser of its own (RFC 8628): it shows a short code,
 * and somebody who is signed in elsewhere gives that code.
 */
#include <string.h>

#include "server/auth_private.h"
#include "server/auth_session.h"
#include "server/auth_typed.h"
#include "server/options.h"

enum { LIFE_SECONDS = 600, INTERVAL = 5, INTERVAL_STEP = 5, INTERVAL_MOST = 60, EARLY_MS = 500 };
enum { CODE_CHARS = 8 };

/* No vowels, nothing that looks like a digit (RFC 8628 6.1): 34 bits. */
static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";

static struct uuid code_hash(struct request *r, uint32_t key, const char code[CODE_CHARS + 1])
{
    return ticket_id_under(r->srv->seal, key, arena_printf(r->mem, "user code %s", code));
}

static const char *server_url(struct request *r)
{
    const struct options *o = r->srv->options;

    return o->public_url ? o->public_url : arena_printf(r->mem, "https://%s", o->listen);
}

static enum err device_begin(struct request *r)
{
    struct device d = {.interval = INTERVAL, .ends = {clock_real_ms() + LIFE_SECONDS * 1000}};
    struct step step = {.kind = STEP_INSERT, .type = &device_type, .rec = &d};
    struct plan plan = {.steps = &step, .n = 1};
    struct device_reply out = {
        .verification_uri = server_url(r), .expires_in = LIFE_SECONDS, .interval = INTERVAL};
    char code[CODE_CHARS + 1];
    enum err err;

    typed_make(letters, CODE_CHARS, code);
    out.device_code = ticket_make(r->srv->seal, r->mem, &d.id);
    out.user_code = arena_printf(r->mem, "%.4s-%s", code, code + 4);
    d.user_code = code_hash(r, seal_newest(r->srv->seal), code);
    session_describe(r, &d.agent, &d.address);
    err = store_commit(r->srv->store, &plan);
    if (err == ERR_CONFLICT) /* the same code twice in 34 bits */
        err = ERR_BUSY;
    return err ? err : reply(r, 200, &device_reply_type, &out);
}

static struct step save(const struct device *d, struct device *next)
{
    static const char *const names[] = {"user", "denied", "interval", "polled", "version", NULL};

    next->version = d->version + 1;
    return (struct step){.kind = STEP_UPDATE,
                         .type = &device_type,
                         .rec = next,
                         .fields = fields_named(&device_type, names),
                         .guard = "version",
                         .guard_value = d->version};
}

/* Nobody has decided: written down, so that the next one can be too early. */
static enum err keep_waiting(struct request *r, const struct device *d)
{
    struct device next = *d;
    struct step step = save(d, &next);
    struct plan plan = {.steps = &step, .n = 1};
    bool early;
    enum err err;

    next.polled = clock_now();
    early = d->polled.ms && next.polled.ms - d->polled.ms < d->interval * 1000 - EARLY_MS;
    if (early && next.interval + INTERVAL_STEP <= INTERVAL_MOST)
        next.interval += INTERVAL_STEP;
    err = store_commit(r->srv->store, &plan);
    if (err == ERR_CONFLICT || (!err && early))
        return refuse(r, ERR_SLOW_DOWN, NULL, "wait %lld seconds between two polls",
                      (long long)next.interval);
    return err ? err : ERR_PENDING;
}

static enum err let_in(struct request *r, const struct device *d)
{
    struct step used = {.kind = STEP_DELETE,
                        .type = &device_type,
                        .id = d->id,
                        .guard = "version",
                        .guard_value = d->version};
    struct user u = {0};
    struct sign_in in = {.user = &u, .also = &used, .n_also = 1, .detail = "device code"};
    struct tokens out;
    enum err err = store_get(r->srv->store, &user_type, &d->user, 0, r->mem, &u);

    if (err == ERR_NOT_FOUND || (!err && strcmp(u.state, "active") != 0))
        return ERR_DENIED;
    if (!err)
        err = session_begin(r, &in, &out);
    return err ? err : reply(r, 200, &tokens_type, &out);
}

static enum err device_token(struct request *r)
{
    const struct device_poll *ask = r->body;
    uint32_t ids[SEAL_KEYS];
    struct device d = {0};
    enum err err = ERR_NOT_FOUND;

    for (size_t i = seal_live(r->srv->seal, false, ids); i-- && err == ERR_NOT_FOUND;) {
        struct uuid id = ticket_id_under(r->srv->seal, ids[i], ask->device_code);

        err = store_get(r->srv->store, &device_type, &id, 0, r->mem, &d);
    }

    if (!err && d.ends.ms <= clock_real_ms())
        return ERR_EXPIRED;
    if (!err && d.denied)
        return ERR_DENIED;
    if (!err && uuid_is_zero(&d.user))
        return keep_waiting(r, &d);
    if (!err)
        err = let_in(r, &d);
    if (err == ERR_NOT_FOUND || err == ERR_CONFLICT) /* a twin was let in */
        return refuse(r, ERR_INVALID, "device_code", "the code is unknown, or was used");
    return err;
}

static bool take_device(void *arg, const void *rec)
{
    *(struct device *)arg = *(const struct device *)rec;
    return false;
}

/* errors: ERR_NOT_FOUND: no device waits with this code */
static enum err find_waiting(struct request *r, const char *text, struct device *d)
{
    struct query q = {.type = &device_type, .limit = 1};
    char code[CODE_CHARS + 1];
    uint32_t ids[SEAL_KEYS];
    enum err err = ERR_OK;

    if (!typed_tidy(text, letters, CODE_CHARS, code))
        return ERR_NOT_FOUND;
    for (size_t i = seal_live(r->srv->seal, false, ids); i-- && !err && uuid_is_zero(&d->id);) {
        struct uuid hash = code_hash(r, ids[i], code);

        q.where[0] = (struct cond){"user_code", OP_EQ, &hash};
        err = store_find(r->srv->store, &q, r->mem, take_device, d);
    }
    if (!err && (uuid_is_zero(&d->id) || d->ends.ms <= clock_real_ms() || d->denied ||
                 !uuid_is_zero(&d->user)))
        err = ERR_NOT_FOUND;
    return err;
}

static enum err decide(struct request *r, const struct device *d, bool deny)
{
    struct device next = *d;
    struct step steps[2] = {save(d, &next),
                            {.kind = STEP_INSERT,
                             .type = &audit_type,
                             .rec = request_audit(r, NULL, deny ? "turned away" : "let in")}};
    struct plan plan = {.steps = steps, .n = 2};

    next.denied = deny;
    if (!deny)
        next.user = r->who.user;
    return store_commit(r->srv->store, &plan);
}

/* Guesses are counted by who makes them: five in a quarter of an hour, out of 25 thousand million.
 */
static enum err device_approve(struct request *r)
{
    const struct device_approval *ask = r->body;
    struct device_item out = {.outcome = "waiting"};
    struct device d = {0};
    struct guard g;
    char id[UUID_TEXT];
    enum err err = guard_enter(r, "device", uuid_text(&r->who.user, id), true, false, &g);

    if (!err)
        err = find_waiting(r, ask->user_code, &d);
    if (!err && !ask->dry_run) {
        err = decide(r, &d, ask->deny);
        out.outcome = ask->deny ? "denied" : "approved";
    }
    if (err == ERR_NOT_FOUND || err == ERR_CONFLICT)
        return refuse(r, ERR_NOT_FOUND, "user_code", "no device waits with this code");
    if (err)
        return err;
    guard_leave(r, &g, true);
    out.agent = d.agent;
    out.address = d.address;
    return reply(r, 200, &device_item_type, &out);
}

const struct route device_routes[] = {
    {"POST", "/api/auth/device", device_begin, "Ask for a code that lets this device in.",
     .role = ROLE_PUBLIC, .rate = RATE_DEVICE, .reply = &device_reply_type},
    {"POST", "/api/auth/device/token", device_token, "Has somebody let the device in?",
     .role = ROLE_PUBLIC, .rate = RATE_DEVICE, .body = &device_poll_type, .reply = &tokens_type,
     .audit = "session.begin"},
    {"POST", "/api/auth/device/approve", device_approve,
     "Let the device in that shows this code, as you.", .role = ROLE_VIEWER, .rate = RATE_WRITE,
     .body = &device_approval_type, .reply = &device_item_type, .flags = ROUTE_CONFIRMED,
     .audit = "device.approve"},
    {0},
};
