#include "server/auth.h"

#include <string.h>
#include <strings.h>

#include "common/apikey.h"
#include "common/log.h"
#include "common/utf8.h"
#include "server/auth_key.h"
#include "server/auth_private.h"
#include "server/idna.h"

enum { BOOTSTRAP_MS = 15 * 60 * 1000, EMAIL_MAX = 254, LOCAL_MAX = 64 };

static const struct token_keys *find_pair(struct auth *a, uint32_t id)
{
    for (size_t i = atomic_load(&a->n_pairs); i--;)
        if (a->pairs[i].id == id)
            return &a->pairs[i];
    return NULL;
}

const struct token_keys *auth_pair(struct auth *a, uint32_t id)
{
    const struct token_keys *pair = find_pair(a, id);
    size_t n;

    if (pair)
        return pair;
    pthread_mutex_lock(&a->pairs_lock);
    pair = find_pair(a, id);
    n = atomic_load(&a->n_pairs);
    if (!pair && n < SEAL_KEYS && token_keys_derive(a->srv->seal, id, &a->pairs[n])) {
        pair = &a->pairs[n];
        atomic_store(&a->n_pairs, n + 1);
    }
    pthread_mutex_unlock(&a->pairs_lock);
    return pair;
}

enum err auth_start(struct server *srv, struct auth **out)
{
    struct auth *a = xcalloc(1, sizeof(*a));

    a->srv = srv;
    a->hasher = hasher_start();
    if (!a->hasher) {
        free(a);
        return ERR_NO_MEMORY;
    }
    a->cache = token_cache_new();
    pthread_mutex_init(&a->pairs_lock, NULL);
    (void)auth_pair(a, seal_newest(srv->seal));
    *out = a;
    return ERR_OK;
}

void auth_stop(struct auth *a)
{
    if (!a)
        return;
    hasher_stop(a->hasher);
    token_cache_free(a->cache);
    pthread_mutex_destroy(&a->pairs_lock);
    explicit_bzero(a->pairs, sizeof(a->pairs));
    free(a);
}

void auth_changed(struct auth *a)
{
    atomic_fetch_add(&a->generation, 1);
}

/* Who impersonates must still be who may. */
static enum err check_impersonator(struct server *srv, const struct session *s, struct arena *mem)
{
    struct user u = {0};
    enum err err;

    if (uuid_is_zero(&s->impersonator))
        return ERR_OK;
    err = store_get(srv->store, &user_type, &s->impersonator, 0, mem, &u);
    if (err)
        return err;
    return role_find(u.role) == ROLE_SUPER_ADMIN && strcmp(u.state, "active") == 0 ? ERR_OK
                                                                                   : ERR_NOT_FOUND;
}

enum err session_principal(struct server *srv, const struct uuid *session, struct arena *mem,
                           struct principal *out, int64_t *ends_ms)
{
    struct session s = {0};
    struct account account = {0};
    struct user u = {0};
    enum err err = store_get(srv->store, &session_type, session, 0, mem, &s);

    if (!err)
        err = store_get(srv->store, &user_type, &s.user, 0, mem, &u);
    if (!err)
        err = store_get(srv->store, &account_type, &u.account, 0, mem, &account);
    if (!err)
        err = check_impersonator(srv, &s, mem);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_UNAUTHORIZED : err;
    if (s.ended || s.ends.ms <= clock_real_ms() || s.epoch != u.epoch ||
        strcmp(u.state, "active") != 0)
        return ERR_UNAUTHORIZED;
    *out = (struct principal){.user = u.id,
                              .account = u.account,
                              .session = s.id,
                              .role = role_find(u.role),
                              .tier = tier_find(account.plan),
                              .confirmed_ends_ms = session_confirmed(&s),
                              .impersonator = s.impersonator};
    *ends_ms = s.ends.ms;
    return ERR_OK;
}

/* Under the key that it names, if that is one of the ring's. */
static enum err verify_signature(struct auth *a, const char *token, struct arena *mem,
                                 struct claims *out)
{
    uint32_t ids[SEAL_KEYS];

    for (size_t i = seal_live(a->srv->seal, false, ids); i--;) {
        const struct token_keys *pair = auth_pair(a, ids[i]);

        if (pair && token_names(pair, token, mem))
            return token_verify(pair, token, mem, out);
    }
    return ERR_UNAUTHORIZED;
}

static enum err verify(struct auth *a, struct request *r, const char *token)
{
    uint64_t generation = atomic_load(&a->generation);
    struct claims c = {0};
    uint8_t hash[16];
    int64_t ends_ms;
    enum err err;

    if (strnlen(token, TOKEN_MAX + 1) > TOKEN_MAX)
        return ERR_UNAUTHORIZED;
    seal_hash(a->srv->seal, SEAL_TOKEN, token, strlen(token), hash, sizeof(hash));
    if (token_cache_get(a->cache, hash, generation, &r->who, &ends_ms))
        return ends_ms > clock_real_ms() ? ERR_OK : ERR_TOKEN_EXPIRED;
    err = verify_signature(a, token, r->mem, &c);
    if (!err)
        err = session_principal(a->srv, &c.sid, r->mem, &r->who, &ends_ms);
    if (!err && !uuid_equal(&r->who.user, &c.sub))
        err = ERR_UNAUTHORIZED;
    if (!err)
        token_cache_put(a->cache, hash, generation, &r->who,
                        ends_ms < c.exp * 1000 ? ends_ms : c.exp * 1000);
    return err;
}

enum err auth_authenticate(struct request *r)
{
    const char *value = r->header(r, "Authorization");
    enum err err;

    r->who = (struct principal){.role = ROLE_PUBLIC};
    if (!value)
        return ERR_OK;
    if (strncasecmp(value, "Bearer ", 7) != 0)
        return ERR_UNAUTHORIZED;
    err = apikey_begins(value + 7) ? key_authenticate(r, value + 7)
                                   : verify(r->srv->auth, r, value + 7);
    if (err)
        r->who = (struct principal){.role = ROLE_PUBLIC};
    return err;
}

bool auth_is_bootstrapped(struct auth *a)
{
    static const char *const role = "super_admin";
    struct query q = {.type = &user_type, .where = {{"role", OP_EQ, &role}}};
    int64_t n;

    if (atomic_load(&a->bootstrapped))
        return true;
    if (store_count(a->srv->store, &q, &n) || !n)
        return false;
    atomic_store(&a->bootstrapped, true);
    return true;
}

/* One token at a time: those that earlier starts printed are void. */
enum err auth_bootstrap_token(struct auth *a, struct arena *mem, const char **out)
{
    static const char purpose[] = "bootstrap";
    struct ticket t = {.purpose = purpose,
                       .user = uuid_at(0, purpose, sizeof(purpose)), /* nobody: what finds them */
                       .ends = {clock_real_ms() + BOOTSTRAP_MS}};
    struct step steps[1 + DEAD_MOST] = {
        {.kind = STEP_INSERT, .type = &ticket_type, .rec = &t},
    };
    struct plan plan = {.steps = steps, .n = 1};
    enum err err;

    *out = ticket_make(a->srv->seal, mem, &t.id);
    err = tickets_delete(a->srv->store, &t.user, INT64_MAX, mem, steps, &plan.n);
    return err ? err : store_commit(a->srv->store, &plan);
}

/* RFC 5321 and 6531, without quoted forms; nothing that does not show, such as bidi controls. */
static bool is_local_part(struct arena *mem, const char *s)
{
    size_t n = strlen(s);

    if (!n || n > LOCAL_MAX || s[0] == '.' || s[n - 1] == '.' || strstr(s, ".."))
        return false;
    return !s[strcspn(s, " \"(),:;<>@[\\]")] && strcmp(utf8_clean(mem, s), s) == 0 &&
           strcmp(utf8_tidy(mem, s), s) == 0;
}

bool auth_email_normal(struct arena *mem, const char *text, const char **out)
{
    const char *at = strrchr(text, '@'), *domain;
    char *local;

    if (!at || strlen(text) > EMAIL_MAX || !utf8_valid(text, strlen(text)))
        return false;
    local = utf8_lower(mem, arena_strndup(mem, text, (size_t)(at - text)));
    if (!is_local_part(mem, local) || !idna_ascii(mem, at + 1, &domain) || !strchr(domain, '.'))
        return false;
    *out = arena_printf(mem, "%s@%s", local, domain);
    return strlen(*out) <= EMAIL_MAX; /* again: a domain may have grown */
}
