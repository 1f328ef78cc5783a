#include "server/auth.h"

#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/utf8.h"
#include "server/auth_private.h"
#include "server/idna.h"

enum { BOOTSTRAP_MS = 15 * 60 * 1000, EMAIL_MAX = 254, LOCAL_MAX = 64 };

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
    token_keys_derive(srv->seal, &a->keys);
    *out = a;
    return ERR_OK;
}

void auth_stop(struct auth *a)
{
    if (!a)
        return;
    hasher_stop(a->hasher);
    token_cache_free(a->cache);
    explicit_bzero(&a->keys, sizeof(a->keys));
    free(a);
}

void auth_changed(struct auth *a)
{
    atomic_fetch_add(&a->generation, 1);
}

enum err session_principal(struct server *srv, const struct uuid *session, struct arena *mem,
                           struct principal *out)
{
    struct session s = {0};
    struct user u = {0};
    enum err err = store_get(srv->store, &session_type, session, 0, mem, &s);

    if (!err)
        err = store_get(srv->store, &user_type, &s.user, 0, mem, &u);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_UNAUTHORIZED : err;
    if (s.ended || s.ends.ms <= clock_real_ms() || s.epoch != u.epoch ||
        strcmp(u.state, "active") != 0)
        return ERR_UNAUTHORIZED;
    *out = (struct principal){u.id, u.account, s.id, role_find(u.role)};
    return ERR_OK;
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
    err = token_verify(&a->keys, token, r->mem, &c);
    if (!err)
        err = session_principal(a->srv, &c.sid, r->mem, &r->who);
    if (!err && !uuid_equal(&r->who.user, &c.sub))
        err = ERR_UNAUTHORIZED;
    if (!err)
        token_cache_put(a->cache, hash, generation, &r->who, c.exp * 1000);
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
    err = verify(r->srv->auth, r, value + 7);
    if (err)
        r->who = (struct principal){.role = ROLE_PUBLIC};
    return err;
}

static bool take_any(void *arg, const void *rec)
{
    (void)rec;
    *(bool *)arg = true;
    return false;
}

bool auth_is_bootstrapped(struct auth *a)
{
    static const char *const role = "super_admin";
    struct query q = {.type = &user_type, .limit = 1};
    struct arena *mem;
    bool found = false;

    if (atomic_load(&a->bootstrapped))
        return true;
    mem = arena_try_new();
    q.where[0] = (struct cond){"role", OP_EQ, &role};
    if (mem && store_find(a->srv->store, &q, mem, take_any, &found))
        found = false;
    arena_free(mem);
    if (found)
        atomic_store(&a->bootstrapped, true);
    return found;
}

enum err auth_bootstrap_token(struct auth *a, struct arena *mem, const char **out)
{
    struct ticket t = {.purpose = "bootstrap", .ends = {clock_real_ms() + BOOTSTRAP_MS}};
    struct step step = {.kind = STEP_INSERT, .type = &ticket_type, .rec = &t};
    struct plan plan = {.steps = &step, .n = 1};

    *out = ticket_make(a->srv->seal, mem, &t.id);
    return store_commit(a->srv->store, &plan);
}

static bool is_local_part(const char *s)
{
    size_t n = strlen(s);

    if (!n || n > LOCAL_MAX || s[0] == '.' || s[n - 1] == '.' || strstr(s, ".."))
        return false;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f || strchr("\"(),:;<>@[\\]", *s))
            return false;
    return true;
}

bool auth_email_normal(struct arena *mem, const char *text, const char **out)
{
    const char *at = strrchr(text, '@'), *domain;
    char *local;

    if (!at || strlen(text) > EMAIL_MAX || !utf8_valid(text, strlen(text)))
        return false;
    local = utf8_fold(mem, arena_strndup(mem, text, (size_t)(at - text)));
    if (!is_local_part(local) || !idna_ascii(mem, at + 1, &domain) || !strchr(domain, '.'))
        return false;
    *out = arena_printf(mem, "%s@%s", local, domain);
    return true;
}
