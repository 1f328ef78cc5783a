#include "server/auth_key.h"

#include <sodium.h>
#include <string.h>

#include "common/apikey.h"
#include "common/log.h"
#include "server/auth_private.h"
#include "server/peer.h"
#include "server/scope.h"

/* How long a principal is kept: what another server changed holds after that. */
enum { CACHE_MS = 60 * 1000 };

const char *key_secret_make(struct request *r, bool test, struct uuid *hash)
{
    uint8_t digits[APIKEY_RANDOM];
    char *text = arena_alloc(r->mem, APIKEY_LEN + 1);

    for (int i = 0; i < APIKEY_RANDOM; i++)
        digits[i] = (uint8_t)randombytes_uniform(APIKEY_BASE);
    apikey_write(test, digits, text);
    sodium_memzero(digits, sizeof(digits));
    *hash = ticket_id(r->srv->seal, text);
    return text;
}

bool key_is_void(const struct api_key *k, const struct user *u)
{
    return k->issued.ms <= u->keys_void.ms;
}

static bool take_key(void *arg, const void *rec)
{
    *(struct api_key *)arg = *(const struct api_key *)rec;
    return false;
}

static enum err find_by(struct request *r, const char *field, const struct uuid *hash,
                        struct api_key *k)
{
    struct query q = {.type = &api_key_type, .where = {{field, OP_EQ, hash}}, .limit = 1};

    return store_find(r->srv->store, &q, r->mem, take_key, k);
}

/* A secret as it was found: under which key of the ring, and whether it is the one before. */
struct found {
    struct uuid hash;
    uint32_t under;
    bool is_before;
};

/*
 * By the secret in force, else by the one before it.  The oldest key of the ring first: a hash
 * moves to the newest only (touch()), and so is not missed. errors: ERR_UNAUTHORIZED
 */
static enum err find_key(struct request *r, const char *text, struct api_key *k, struct found *f)
{
    static const char *const fields[] = {"secret", "before"};
    int64_t now = clock_real_ms();
    uint32_t ids[SEAL_KEYS];
    size_t n = seal_live(r->srv->seal, false, ids);
    enum err err = ERR_OK;

    *f = (struct found){0};
    for (size_t i = 0; i < 2 * n && !err && uuid_is_zero(&k->id); i++) {
        *f = (struct found){.under = ids[i / 2], .is_before = i % 2};
        f->hash = ticket_id_under(r->srv->seal, f->under, text);
        err = find_by(r, fields[i % 2], &f->hash, k);
    }
    if (err)
        return err;
    if (f->is_before && k->before_ends.ms <= now)
        return ERR_UNAUTHORIZED;
    return uuid_is_zero(&k->id) || k->revoked.ms || k->ends.ms <= now ? ERR_UNAUTHORIZED : ERR_OK;
}

static enum err check_address(struct request *r, const struct api_key *k)
{
    for (size_t i = 0; i < k->networks.n; i++)
        if (peer_in(r->address, k->networks.v[i]))
            return ERR_OK;
    return k->networks.n ? refuse(r, ERR_FORBIDDEN, NULL, "this key is not for your address")
                         : ERR_OK;
}

/*
 * Not one fsync a request: only when what is stored is that old; a failure waits for the next.  A
 * secret that was hashed under a former key of the ring is hashed anew while it is at hand.
 */
static void touch(struct request *r, const char *text, const struct api_key *k,
                  const struct found *f)
{
    static const char *const names[] = {"last_used", NULL}, *const also[] = {"secret", "hashed",
                                                                             NULL};
    struct api_key now = {.id = k->id, .last_used = clock_now(), .hashed = clock_now()};
    bool rehash = f->under != seal_newest(r->srv->seal) && !f->is_before;
    struct step step = {.kind = STEP_UPDATE,
                        .type = &api_key_type,
                        .rec = &now,
                        .fields = fields_named(&api_key_type, names),
                        .guard = "issued",
                        .guard_value = k->issued.ms};
    struct plan plan = {.steps = &step, .n = 1};
    enum err err;

    if (!rehash && now.last_used.ms - k->last_used.ms < KEY_LAST_USED_MS)
        return;
    if (rehash) {
        now.secret = ticket_id(r->srv->seal, text);
        step.fields |= fields_named(&api_key_type, also);
    }
    err = store_commit(r->srv->store, &plan);
    if (err)
        log_event(LOG_INFO, "key.touch", LOG_STR("outcome", err_slug(err)));
}

static enum err key_principal(struct request *r, const struct api_key *k)
{
    struct account account = {0};
    struct user u = {0};
    enum role role;
    enum err err = store_get(r->srv->store, &user_type, &k->user, 0, r->mem, &u);

    if (!err)
        err = store_get(r->srv->store, &account_type, &k->account, 0, r->mem, &account);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_UNAUTHORIZED : err;
    if (strcmp(u.state, "active") != 0 || key_is_void(k, &u))
        return ERR_UNAUTHORIZED;
    role = role_find(u.role);
    r->who = (struct principal){.user = u.id,
                                .account = k->account,
                                .role = role < ROLE_ADMIN ? role : ROLE_ADMIN,
                                .tier = tier_find(account.plan),
                                .key = k->id,
                                .scopes = scope_set(&k->scopes),
                                .rate = k->rate,
                                .test = k->test};
    return ERR_OK;
}

static int64_t kept_until(const struct api_key *k, bool is_before)
{
    int64_t ends = clock_real_ms() + CACHE_MS;

    if (k->ends.ms < ends)
        ends = k->ends.ms;
    return is_before && k->before_ends.ms < ends ? k->before_ends.ms : ends;
}

enum err key_authenticate(struct request *r, const char *text)
{
    struct auth *a = r->srv->auth;
    uint64_t generation = atomic_load(&a->generation);
    struct uuid hash;
    struct api_key k = {0};
    struct found f;
    int64_t ends_ms;
    enum err err;

    if (!apikey_is_whole(text))
        return refuse(r, ERR_UNAUTHORIZED, NULL,
                      "the key was mistyped or cut: its checksum is "
                      "wrong");
    hash = ticket_id(r->srv->seal, text);
    if (token_cache_get(a->cache, hash.b, generation, &r->who, &ends_ms) &&
        ends_ms > clock_real_ms())
        return ERR_OK;
    err = find_key(r, text, &k, &f);
    if (!err)
        err = key_principal(r, &k);
    if (!err)
        err = check_address(r, &k);
    if (err)
        return err;
    touch(r, text, &k, &f);
    if (!k.networks.n)
        token_cache_put(a->cache, hash.b, generation, &r->who, kept_until(&k, f.is_before));
    return ERR_OK;
}
