/*
 * Attempts to give a secret that can be guessed.  Each is written down before it is tried, so that
 * many at once, or a crash, do not buy more; the right one takes it back.
 *
 * Signing in is counted by name, known or not, in two places: those from one address, and those
 * from all addresses where the name never signed in from ("strangers").  So who guesses locks out
 * strangers, but neither the owner's own addresses nor anybody with a code of the second factor:
 *
 *     from one address        5 in 15 minutes, 10 where the name has signed in before
 *     from strangers, in all  10 in 15 minutes; after 100 without a success one in 24 hours
 *
 * A window is exact: an attempt is admitted when the N-th last one is at least a window old.
 */
#include <string.h>

#include "common/log.h"
#include "server/auth_private.h"

#define WINDOW_MS (15 * INT64_C(60000))
#define DAY_MS (24 * 60 * INT64_C(60000))

enum { KEPT = 10, STRANGERS = 10, UNFAMILIAR = 5, FAMILIAR = 10, ROW = 100, AGAIN = 20, DEAD = 4 };

#define LONG_MS (30 * DAY_MS)
#define FAMILIAR_MS (90 * DAY_MS)

/* The times of a record, oldest first. */
struct times {
    int64_t at[KEPT];
    size_t n;
};

static struct times times_of(const struct attempts *a)
{
    struct times t = {.n = a->times.n / sizeof(int64_t)};

    t.n = t.n < KEPT ? t.n : KEPT;
    if (t.n)
        memcpy(t.at, a->times.p, t.n * sizeof(int64_t));
    return t;
}

static void set_times(struct attempts *a, const struct times *t, struct arena *mem)
{
    a->times.n = t->n * sizeof(int64_t);
    a->times.p = arena_dup(mem, t->at, a->times.n + 1);
}

static void push(struct attempts *a, int64_t now, struct arena *mem)
{
    struct times t = times_of(a);
    int64_t keep_ms;

    if (t.n == KEPT)
        memmove(t.at, t.at + 1, --t.n * sizeof(*t.at));
    t.at[t.n++] = now;
    set_times(a, &t, mem);
    a->row++;
    keep_ms = a->row > STRANGERS ? LONG_MS : DAY_MS; /* a long row is not forgotten overnight */
    if (a->ends.ms < now + keep_ms)
        a->ends.ms = now + keep_ms;
}

/* Milliseconds until one more is admitted; 0: now. A clock that was put back forgets nothing. */
static int64_t wait_of(const struct attempts *a, size_t most, bool in_a_row, int64_t now)
{
    struct times t = times_of(a);
    int64_t wait = t.n >= most ? t.at[t.n - most] + WINDOW_MS - now : 0;

    if (in_a_row && a->row >= ROW && t.n && t.at[t.n - 1] + DAY_MS - now > wait)
        wait = t.at[t.n - 1] + DAY_MS - now;
    return wait > 0 ? wait : 0;
}

/*
 * The keyed hash under which there is a record, else the one under the newest key of the ring: so
 * attempts from before a rotation count on.
 */
static struct uuid attempts_id(struct request *r, struct bytes what)
{
    const uint64_t only_id = type_bit(&attempts_type, attempts_type.fields);
    uint32_t ids[SEAL_KEYS];
    size_t n = seal_live(r->srv->seal, false, ids);
    struct uuid id = {0};

    for (size_t i = 0; i < n; i++) {
        struct attempts old;

        (void)seal_hash_under(r->srv->seal, ids[i], SEAL_TOKEN, what.p, what.n, id.b, sizeof(id.b));
        if (i + 1 < n &&
            store_get(r->srv->store, &attempts_type, &id, only_id, r->mem, &old) == ERR_OK)
            break;
    }
    return id;
}

static struct uuid id_of(struct request *r, const char *scope, const char *who, bool here)
{
    static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
    bool v4 = memcmp(r->address, mapped, sizeof(mapped)) == 0;
    size_t n = strlen(scope) + 1 + strlen(who) + 1;
    uint8_t *data = arena_alloc(r->mem, n + 17);

    memcpy(data, arena_printf(r->mem, "%s\n%s", scope, who), n);
    data[n] = here;
    if (here) /* a /64 of IPv6 is one customer's */
        memcpy(data + n + 1, r->address, v4 ? 16 : 8);
    return attempts_id(r, (struct bytes){data, n + 17});
}

/* *is_new: there is none, or one that has ended. */
static enum err load(struct request *r, const struct uuid *id, struct attempts *out, bool *is_new)
{
    enum err err = store_get(r->srv->store, &attempts_type, id, 0, r->mem, out);

    *is_new = err == ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        *out = (struct attempts){.id = *id};
    if (!err && out->ends.ms <= clock_real_ms())
        *out = (struct attempts){.id = *id, .version = out->version};
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static struct step save(const struct attempts *a, bool is_new, int64_t version)
{
    static const char *const names[] = {"times", "row", "familiar", "version", "ends", NULL};

    if (is_new)
        return (struct step){.kind = STEP_INSERT, .type = &attempts_type, .rec = a};
    return (struct step){.kind = STEP_UPDATE,
                         .type = &attempts_type,
                         .rec = a,
                         .fields = fields_named(&attempts_type, names),
                         .guard = "version",
                         .guard_value = version};
}

static struct step count(struct attempts *a, bool is_new, int64_t now, struct arena *mem)
{
    push(a, now, mem);
    a->version++;
    return save(a, is_new, a->version - 1);
}

struct dead {
    const struct type *type;
    const struct guard *g;
    struct step *steps;
    size_t n, most;
};

static bool add_dead(void *arg, const void *rec)
{
    const struct uuid *id = rec; /* of every stored type the first field */
    struct dead *d = arg;

    if (!uuid_equal(id, &d->g->here) && !uuid_equal(id, &d->g->strangers))
        d->steps[d->n++] = (struct step){.kind = STEP_DELETE, .type = d->type, .id = *id};
    return d->n < d->most;
}

/* Who adds records takes away old ones, and tickets and devices that nobody used. */
static void sweep(struct request *r, const struct guard *g)
{
    static const struct type *const types[] = {&attempts_type, &ticket_type, &device_type};
    struct stamp before = {clock_real_ms() - WINDOW_MS};
    struct step steps[3 * DEAD];
    struct dead d = {.g = g, .steps = steps};
    struct query q = {.where = {{"ends", OP_LT, &before}}, .limit = DEAD};
    struct plan plan = {.steps = steps, .bulk = true};
    enum err err = ERR_OK;

    for (int i = 0; i < 3 && !err; i++) {
        q.type = d.type = types[i];
        d.most = d.n + DEAD;
        err = store_find(r->srv->store, &q, r->mem, add_dead, &d);
    }
    plan.n = d.n;
    if (!err && d.n)
        err = store_commit(r->srv->store, &plan);
    if (err && err != ERR_CONFLICT) /* a twin swept */
        log_event(LOG_INFO, "guard.sweep", LOG_STR("outcome", err_slug(err)));
}

static enum err refuse_for(struct request *r, int64_t ms)
{
    r->retry_after = (ms + 999) / 1000;
    return refuse(r, ERR_RATE, NULL, "too many attempts; try again later");
}

/* One try; errors: ERR_CONFLICT: a twin was faster. */
static enum err enter(struct request *r, bool excused, struct guard *g)
{
    struct attempts here, all = {0};
    bool here_new, all_new = false;
    struct step steps[2];
    struct plan plan = {.steps = steps};
    int64_t now = clock_real_ms(), wait;
    enum err err = load(r, &g->here, &here, &here_new);

    if (!err && !g->alone)
        err = load(r, &g->strangers, &all, &all_new);
    if (err)
        return err;
    g->familiar = g->alone || here.familiar;
    wait = wait_of(&here, here.familiar ? FAMILIAR : UNFAMILIAR, false, now);
    if (!wait && !g->familiar && !excused)
        wait = wait_of(&all, STRANGERS, true, now);
    if (wait)
        return refuse_for(r, wait);
    steps[plan.n++] = count(&here, here_new, now, r->mem);
    if (!g->familiar)
        steps[plan.n++] = count(&all, all_new, now, r->mem);
    return store_commit(r->srv->store, &plan);
}

static struct guard guard_of(struct request *r, const char *scope, const char *who, bool alone)
{
    return (struct guard){.alone = alone,
                          .here = id_of(r, scope, who, !alone),
                          .strangers = id_of(r, scope, who, false)};
}

enum err guard_enter(struct request *r, const char *scope, const char *who, bool alone,
                     bool excused, struct guard *g)
{
    enum err err = ERR_CONFLICT;

    *g = guard_of(r, scope, who, alone);
    for (int i = 0; i < AGAIN && err == ERR_CONFLICT; i++)
        err = enter(r, excused, g);
    if (!err)
        sweep(r, g);
    return err == ERR_CONFLICT ? ERR_BUSY : err;
}

/* The newest time goes; a success ends the row. */
static struct step take_back(struct attempts *a, bool is_new, bool right, struct arena *mem)
{
    struct times t = times_of(a);

    if (t.n)
        t.n--;
    set_times(a, &t, mem);
    a->row = right ? 0 : a->row - (a->row > 0);
    a->version++;
    return save(a, is_new, a->version - 1);
}

static enum err leave(struct request *r, const struct guard *g, bool right)
{
    struct attempts here, all = {0};
    bool here_new, all_new = false;
    struct step steps[2];
    struct plan plan = {.steps = steps};
    enum err err = load(r, &g->here, &here, &here_new);

    if (!err && !g->alone)
        err = load(r, &g->strangers, &all, &all_new);
    if (err)
        return err;
    if (right) {
        here.times.n = 0;
        here.familiar = true;
        here.ends.ms = clock_real_ms() + FAMILIAR_MS;
    }
    steps[plan.n++] = take_back(&here, here_new, right, r->mem);
    if (!g->alone && !all_new && (!g->familiar || right)) {
        if (g->familiar) { /* its own attempt was not among them */
            struct times t = times_of(&all);

            t.n += t.n < KEPT;
            set_times(&all, &t, r->mem);
        }
        steps[plan.n++] = take_back(&all, false, right, r->mem);
    }
    return store_commit(r->srv->store, &plan);
}

void guard_leave(struct request *r, const struct guard *g, bool right)
{
    enum err err = ERR_CONFLICT;

    for (int i = 0; i < AGAIN && err == ERR_CONFLICT; i++)
        err = leave(r, g, right);
    if (err)
        log_event(LOG_INFO, "guard.leave", LOG_STR("outcome", err_slug(err)));
}

void guard_vouch(struct request *r, const char *scope, const char *who)
{
    struct guard g = guard_of(r, scope, who, false);

    g.familiar = true;
    guard_leave(r, &g, true);
}
