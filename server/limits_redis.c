/* A few connections, each used by one thread at a time; a lost one is made anew, once a second. */
#include "server/limits_redis.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "server/seal.h"

enum { LINKS = 8, TIMEOUT_US = 50000, KEY_HASH = 16, PASSWORD_MAX = 512, PATH_MOST = 100 };

#define AGAIN_US INT64_C(1000000)

/*
 * KEYS[1]: the times of the admissions of the last minute, the newest first; ARGV[1]: the limit;
 * ARGV[2]: count this one? 1 or 0.  Gives admitted, remaining, and microseconds until one more is.
 * A clock that is set back makes it stricter, never looser.
 */
static const char script[] =
    "local t = redis.call('TIME') local now = t[1] * 1000000 + t[2]"
    " local w, limit = 60000000, tonumber(ARGV[1])"
    " while true do local o = redis.call('LINDEX', KEYS[1], -1)"
    " if not o or now - tonumber(o) < w then break end redis.call('RPOP', KEYS[1]) end"
    " local n, ok = redis.call('LLEN', KEYS[1]), 0"
    " if n < limit then ok = 1 if ARGV[2] == '1' then"
    " redis.call('LPUSH', KEYS[1], string.format('%.0f', now))"
    " redis.call('PEXPIRE', KEYS[1], 60001) n = n + 1 end end"
    " local wait = 0"
    " if n >= limit then wait = tonumber(redis.call('LINDEX', KEYS[1], limit - 1)) + w - now end"
    " return {ok, math.max(limit - n, 0), wait}";

struct link {
    pthread_mutex_t lock;
    redisContext *redis; /* NULL: not connected */
};

struct limits_redis {
    const struct seal *seal;
    char host[64], path[PATH_MOST], password[PASSWORD_MAX];
    int port;
    struct link links[LINKS];
    atomic_uint next;
    atomic_bool down;
    atomic_int_fast64_t again_us; /* no connection is tried before this */
};

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* "ADDRESS:PORT", "[ADDRESS]:PORT", "unix:PATH" */
static enum err read_where(struct limits_redis *r, const char *where, struct problem *why)
{
    const char *colon = strrchr(where, ':');
    char *end;
    long port;
    int n;

    if (strncmp(where, "unix:", 5) == 0) {
        if (where[5] != '/' || strlen(where + 5) >= PATH_MOST)
            return problem_set(why, "redis", "the path of the socket must be absolute and short");
        snprintf(r->path, sizeof(r->path), "%s", where + 5);
        return ERR_OK;
    }
    if (!colon)
        return problem_set(why, "redis", "it must read ADDRESS:PORT or unix:PATH");
    port = strtol(colon + 1, &end, 10);
    if (*end || end == colon + 1 || port < 1 || port > 65535)
        return problem_set(why, "redis", "the port must be 1 to 65535");
    r->port = (int)port;
    n = (int)(colon - where);
    if (where[0] == '[' && n > 2 && where[n - 1] == ']')
        snprintf(r->host, sizeof(r->host), "%.*s", n - 2, where + 1);
    else
        snprintf(r->host, sizeof(r->host), "%.*s", n, where);
    if (!is_loopback(r->host))
        return problem_set(why, "redis", "only this machine: the way to Redis has no TLS");
    return ERR_OK;
}

static enum err read_password(struct limits_redis *r, const char *file, struct problem *why)
{
    struct arena *mem;
    struct stat st;
    const char *text;
    size_t n;
    enum err err;

    if (!file)
        return ERR_OK;
    if (stat(file, &st) == 0 && st.st_mode & 077)
        return problem_set(why, "redis_password_file", "others can read it; chmod 600 it");
    mem = arena_new();
    err = file_read(file, sizeof(r->password) - 1, mem, &text, &n);
    if (!err) {
        n = strcspn(text, "\r\n");
        memcpy(r->password, text, n);
    }
    arena_free(mem);
    return err ? problem_set(why, "redis_password_file", "cannot read it") : ERR_OK;
}

enum err limits_redis_open(const char *where, const char *password_file, const struct seal *seal,
                           struct limits_redis **out, struct problem *why)
{
    struct limits_redis *r = xcalloc(1, sizeof(*r));
    enum err err = read_where(r, where, why);

    if (!err)
        err = read_password(r, password_file, why);
    if (err) {
        free(r);
        return err;
    }
    r->seal = seal;
    for (int i = 0; i < LINKS; i++)
        pthread_mutex_init(&r->links[i].lock, NULL);
    *out = r;
    return ERR_OK;
}

void limits_redis_close(struct limits_redis *r)
{
    if (!r)
        return;
    for (int i = 0; i < LINKS; i++) {
        if (r->links[i].redis)
            redisFree(r->links[i].redis);
        pthread_mutex_destroy(&r->links[i].lock);
    }
    explicit_bzero(r->password, sizeof(r->password));
    free(r);
}

/* Said once when it goes and once when it is back. */
static void now_down(struct limits_redis *r, bool down, const char *what)
{
    if (down)
        atomic_store(&r->again_us, clock_mono_us() + AGAIN_US);
    if (atomic_exchange(&r->down, down) == down)
        return;
    if (down)
        log_event(LOG_ERROR, "redis.down", LOG_STR("doing", what),
                  LOG_STR("means", "rate limits count in this process alone"));
    else
        log_event(LOG_INFO, "redis.ok", LOG_STR("doing", what));
}

static bool authorise(struct limits_redis *r, redisContext *c)
{
    redisReply *reply;
    bool ok;

    if (!r->password[0])
        return true;
    reply = redisCommand(c, "AUTH %s", r->password);
    ok = reply && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return ok;
}

static bool connect_link(struct limits_redis *r, struct link *l)
{
    struct timeval patience = {0, TIMEOUT_US};
    redisContext *c;

    if (clock_mono_us() < atomic_load(&r->again_us))
        return false;
    c = r->path[0] ? redisConnectUnixWithTimeout(r->path, patience)
                   : redisConnectWithTimeout(r->host, r->port, patience);
    if (c && !c->err && redisSetTimeout(c, patience) == REDIS_OK && authorise(r, c)) {
        l->redis = c;
        now_down(r, false, "connect");
        return true;
    }
    if (c)
        redisFree(c);
    now_down(r, true, "connect");
    return false;
}

/* Any link that nobody uses, or the first one's turn. */
static struct link *take_link(struct limits_redis *r)
{
    unsigned from = atomic_fetch_add(&r->next, 1);

    for (unsigned i = 0; i < LINKS; i++)
        if (pthread_mutex_trylock(&r->links[(from + i) % LINKS].lock) == 0)
            return &r->links[(from + i) % LINKS];
    pthread_mutex_lock(&r->links[from % LINKS].lock);
    return &r->links[from % LINKS];
}

static bool read_reply(const redisReply *reply, struct limit_answer *out)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (reply->element[i]->type != REDIS_REPLY_INTEGER)
            return false;
    out->admitted = reply->element[0]->integer == 1;
    out->remaining = reply->element[1]->integer;
    out->retry_after =
        out->remaining ? 0 : (int64_t)(reply->element[2]->integer + 999999) / 1000000;
    return true;
}

bool limits_redis_ask(struct limits_redis *r, const void *key, size_t n, int64_t limit, bool take,
                      struct limit_answer *out)
{
    uint8_t hash[KEY_HASH];
    char name[8 + 2 * KEY_HASH + 1] = "leadgen:";
    struct link *l = take_link(r);
    bool ok = l->redis || connect_link(r, l);

    seal_hash(r->seal, SEAL_ADDRESS, key, n, hash, sizeof(hash));
    for (size_t i = 0; i < sizeof(hash); i++)
        snprintf(name + 8 + 2 * i, 3, "%02x", hash[i]);
    if (ok) {
        redisReply *reply =
            redisCommand(l->redis, "EVAL %s 1 %s %lld %d", script, name, (long long)limit, take);

        ok = read_reply(reply, out);
        freeReplyObject(reply);
        if (!ok) {
            redisFree(l->redis);
            l->redis = NULL;
            now_down(r, true, "count");
        }
    }
    pthread_mutex_unlock(&l->lock);
    return ok;
}

const char *limits_redis_state(const struct limits_redis *r)
{
    if (!r)
        return "not configured";
    return atomic_load(&r->down) ? "down" : "ok";
}
