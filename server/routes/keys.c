/* API keys: a member's own; an admin sees and ends those of the account. */
#include <string.h>

#include "server/auth.h"
#include "server/auth_key.h"
#include "server/counts.h"
#include "server/ledger.h"
#include "server/peer.h"
#include "server/records.h"
#include "server/scope.h"

enum { PAGE = 50, KEYS_MOST = 100, DAYS = 90, OVERLAP_HOURS = 24, HINT = 13 };

#define HOUR_MS INT64_C(3600000)

static bool may_see(const struct request *r, const struct api_key *k)
{
    return uuid_equal(&k->account, &r->who.account) &&
           (uuid_equal(&k->user, &r->who.user) || r->who.role >= ROLE_ADMIN);
}

/* What the rows have spent this month. */
static enum err fill_spent(struct request *r, struct api_key *rows, size_t n)
{
    struct wallet w = {0};
    enum err err = store_get(r->srv->store, &wallet_type, &r->who.account, 0, r->mem, &w);

    for (size_t i = 0; !err && i < n; i++)
        rows[i].spent.hundredths = counts_get(&w.spent, ledger_month(clock_now()), &rows[i].id);
    return err;
}

struct page {
    const struct request *r;
    struct api_key *rows;
    size_t n, size;
};

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    if (may_see(p->r, rec))
        p->rows[p->n++] = *(const struct api_key *)rec;
    return p->n < p->size;
}

static enum err key_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {r, arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), .size = size + 1};
    struct query q = {.type = &api_key_type, .where = {{"account", OP_EQ, &r->who.account}}};
    struct api_key_page out = {.scopes = scope_words(r->mem)};
    enum err err = cursor_read(r, "keys", ask->cursor, &q.after);

    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "keys", &p.rows[size - 1].id);
    }
    if (!err)
        err = fill_spent(r, p.rows, p.n);
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &api_key_page_type, &out);
}

static enum err load_key(struct request *r, struct api_key *k)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    if (!err)
        err = store_get(r->srv->store, &api_key_type, &id, 0, r->mem, k);
    return err || may_see(r, k) ? err : ERR_NOT_FOUND;
}

static enum err key_show(struct request *r)
{
    struct api_key k = {0};
    enum err err = load_key(r, &k);

    if (!err)
        err = fill_spent(r, &k, 1);
    return err ? err : reply(r, 200, &api_key_type, &k);
}

/* A key may give no scope that it has not itself. */
static enum err check_scopes(struct request *r, const struct strs *scopes)
{
    if (!scopes->n)
        return refuse(r, ERR_INVALID, "scopes", "name at least one scope");
    for (size_t i = 0; i < scopes->n; i++) {
        uint64_t bit = scope_find(scopes->v[i]);

        if (!bit)
            return refuse(r, ERR_INVALID, "scopes",
                          "there is no such scope; GET /api/keys lists them");
        if (!uuid_is_zero(&r->who.key) && !(r->who.scopes & bit))
            return refuse(r, ERR_FORBIDDEN, "scopes", "this key has not this scope itself");
    }
    return ERR_OK;
}

static enum err check_networks(struct request *r, const struct strs *networks)
{
    for (size_t i = 0; i < networks->n; i++) {
        const char *word = networks->v[i];

        if (!*word || word[strcspn(word, " \t,")] || !peer_list_is_sound(word))
            return refuse(
                r, ERR_INVALID, "networks",
                "an address or a network is wanted: 192.0.2.7, 10.0.0.0/8, 2001:db8::/32");
    }
    return ERR_OK;
}

/* What binds a key would not bind the keys it makes. */
static enum err check_maker(struct request *r)
{
    struct api_key k = {0};
    enum err err;

    if (uuid_is_zero(&r->who.key))
        return ERR_OK;
    err = store_get(r->srv->store, &api_key_type, &r->who.key, 0, r->mem, &k);
    if (!err && (k.capped || k.rate || k.networks.n))
        return refuse(r, ERR_FORBIDDEN, NULL,
                      "a key with a cap, a rate or networks of its own makes no other keys");
    return err;
}

static bool count_live(void *arg, const void *rec)
{
    const struct api_key *k = rec;

    *(int64_t *)arg += !k->revoked.ms && k->ends.ms > clock_real_ms();
    return true;
}

static enum err check_count(struct request *r)
{
    struct query q = {.type = &api_key_type, .where = {{"user_id", OP_EQ, &r->who.user}}};
    int64_t n = 0;
    enum err err = store_find(r->srv->store, &q, r->mem, count_live, &n);

    if (!err && n >= KEYS_MOST)
        return refuse(r, ERR_FORBIDDEN, NULL, "a member has at most %d live keys", KEYS_MOST);
    return err;
}

static enum err check_create(struct request *r, const struct api_key_create *ask)
{
    enum err err = check_maker(r);

    if (!err)
        err = check_scopes(r, &ask->scopes);
    if (!err)
        err = check_networks(r, &ask->networks);
    return err ? err : check_count(r);
}

/* The secret, its hash into the key, and the key's audit record beside it. */
static enum err reply_secret(struct request *r, unsigned status, const char *secret,
                             const struct api_key *k)
{
    struct api_key_made out = {secret, {k}};

    return reply(r, status, &api_key_made_type, &out);
}

static enum err key_create(struct request *r)
{
    const struct api_key_create *ask = r->body;
    struct api_key k = {.id = uuid_new(),
                        .account = r->who.account,
                        .user = r->who.user,
                        .name = ask->name,
                        .test = ask->test,
                        .scopes = ask->scopes,
                        .networks = ask->networks,
                        .rate = ask->rate,
                        .capped = ask->capped || body_has(r, "monthly_cap"),
                        .monthly_cap = ask->monthly_cap,
                        .created = clock_now()};
    struct step steps[2] = {
        {.kind = STEP_INSERT, .type = &api_key_type, .rec = &k},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &k.id, NULL)}};
    struct plan plan = {.steps = steps, .n = 2};
    const char *secret;
    enum err err = check_create(r, ask);

    if (err)
        return err;
    secret = key_secret_make(r, k.test, &k.secret);
    k.hint = arena_strndup(r->mem, secret, HINT);
    k.issued = k.created;
    k.ends.ms = k.created.ms + (ask->days ? ask->days : DAYS) * 24 * HOUR_MS;
    err = store_commit(r->srv->store, &plan);
    return err ? err : reply_secret(r, 201, secret, &k);
}

/* The guard lets one of two changes of the secret win. */
static enum err save(struct request *r, const struct api_key *next, const char *const *names,
                     const struct stamp *issued)
{
    struct step steps[2] = {
        {.kind = STEP_UPDATE,
         .type = &api_key_type,
         .rec = next,
         .fields = fields_named(&api_key_type, names),
         .guard = issued ? "issued" : NULL,
         .guard_value = issued ? issued->ms : 0},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &next->id, NULL)}};
    struct plan plan = {.steps = steps, .n = 2};
    enum err err = store_commit(r->srv->store, &plan);

    auth_changed(r->srv->auth);
    return err;
}

static enum err check_change(struct request *r, const struct api_key_change *ask)
{
    enum err err = ERR_OK;

    if (!r->body_given)
        return refuse(r, ERR_INVALID, NULL, "say what to change");
    if (!uuid_is_zero(&r->who.key))
        return refuse(r, ERR_FORBIDDEN, NULL, "a key does not change what binds keys: sign in");
    if (body_has(r, "scopes"))
        err = check_scopes(r, &ask->scopes);
    return err ? err : check_networks(r, &ask->networks);
}

static enum err key_change(struct request *r)
{
    static const char *const names[] = {"name",   "scopes",      "networks", "rate",
                                        "capped", "monthly_cap", NULL};
    const struct api_key_change *ask = r->body;
    struct api_key k = {0};
    enum err err = load_key(r, &k);

    if (!err)
        err = check_change(r, ask);
    if (err)
        return err;
    if (ask->name)
        k.name = ask->name;
    if (body_has(r, "scopes"))
        k.scopes = ask->scopes;
    if (body_has(r, "networks"))
        k.networks = ask->networks;
    if (body_has(r, "rate"))
        k.rate = ask->rate;
    if (body_has(r, "monthly_cap"))
        k.monthly_cap = ask->monthly_cap;
    if (body_has(r, "capped") || body_has(r, "monthly_cap"))
        k.capped = body_has(r, "capped") ? ask->capped : true;
    err = save(r, &k, names, NULL);
    if (!err)
        err = fill_spent(r, &k, 1);
    return err ? err : reply(r, 200, &api_key_type, &k);
}

/* A secret that is dead already does not come back to life by being the old one. */
static enum err overlap_of(struct request *r, const struct api_key *k, int64_t now_ms,
                           struct stamp *ends)
{
    const struct api_key_rotate *ask = r->body;
    int64_t hours = body_has(r, "overlap_hours") ? ask->overlap_hours : OVERLAP_HOURS;
    struct user u = {0};
    enum err err = store_get(r->srv->store, &user_type, &k->user, 0, r->mem, &u);

    ends->ms = hours && !key_is_void(k, &u) ? now_ms + hours * HOUR_MS : 0;
    return err;
}

static enum err key_rotate(struct request *r)
{
    static const char *const names[] = {"secret", "hint", "before", "before_ends", "issued", NULL};
    struct api_key k = {0}, next;
    const char *secret;
    enum err err = load_key(r, &k);

    if (!err && !uuid_equal(&k.user, &r->who.user))
        return refuse(r, ERR_FORBIDDEN, NULL, "only its member sees a key's secret: revoke it");
    if (!err && (k.revoked.ms || k.ends.ms <= clock_real_ms()))
        return refuse(r, ERR_CONFLICT, NULL, "this key has ended: make a new one");
    if (err)
        return err;
    next = k;
    next.issued = clock_now();
    if (next.issued.ms <= k.issued.ms) /* each rotation must move the guard */
        next.issued.ms = k.issued.ms + 1;
    err = overlap_of(r, &k, next.issued.ms, &next.before_ends);
    if (err)
        return err;
    next.before = next.before_ends.ms ? k.secret : (struct uuid){{0}};
    secret = key_secret_make(r, k.test, &next.secret);
    next.hint = arena_strndup(r->mem, secret, HINT);
    err = save(r, &next, names, &k.issued);
    return err ? err : reply_secret(r, 200, secret, &next);
}

static enum err key_revoke(struct request *r)
{
    static const char *const names[] = {"revoked", NULL};
    struct api_key k = {0};
    enum err err = load_key(r, &k);

    if (!err && !k.revoked.ms) {
        k.revoked = clock_now();
        err = save(r, &k, names, NULL);
    }
    return err ? err : reply(r, 200, &api_key_type, &k);
}

const struct route keys_routes[] = {
    {"GET", "/api/keys", key_list, "List your API keys; an admin: the account's.",
     .role = ROLE_USER, .scope = "keys", .query = &page_query_type, .reply = &api_key_page_type},
    {"POST", "/api/keys", key_create, "Make an API key; its secret is shown this once.",
     .role = ROLE_USER, .scope = "keys", .rate = RATE_WRITE, .body = &api_key_create_type,
     .reply = &api_key_made_type, .flags = ROUTE_SELF | ROUTE_CONFIRMED, .audit = "key.create"},
    {"GET", "/api/keys/:id", key_show, "Read an API key, without its secret.", .role = ROLE_USER,
     .scope = "keys", .reply = &api_key_type},
    {"PATCH", "/api/keys/:id", key_change, "Change what a key may do and spend.", .role = ROLE_USER,
     .scope = "keys", .rate = RATE_WRITE, .body = &api_key_change_type, .reply = &api_key_type,
     .flags = ROUTE_SELF, .audit = "key.change"},
    {"POST", "/api/keys/:id/rotate", key_rotate,
     "Give a key a new secret; the old one works on for some hours.", .role = ROLE_USER,
     .scope = "keys", .rate = RATE_WRITE, .body = &api_key_rotate_type, .reply = &api_key_made_type,
     .flags = ROUTE_SELF | ROUTE_CONFIRMED, .audit = "key.rotate"},
    {"DELETE", "/api/keys/:id", key_revoke, "End a key at once.", .role = ROLE_USER,
     .scope = "keys", .rate = RATE_WRITE, .reply = &api_key_type, .flags = ROUTE_SELF,
     .audit = "key.revoke"},
    {0},
};
