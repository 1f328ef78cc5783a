/* The auditor: what it counts, signs, cuts, and finds missing.  The chain over a real store. */
#include "server/audit.h"

#include "server/audit_check.h"
#include "server/audit_tally.h"
#include "server/router.h"
#include "tests/unit/auth.h"

static struct audit_report report;

static enum audit_fault check_log(void)
{
    struct audit_keys keys;
    struct audit witness;
    struct audit_check_options o = {.keys = &keys, .seal = srv.seal};

    audit_keys_of(srv.seal, &keys);
    if (audit_witness_read(audit_witness_path(&options, rig), rig, &witness) == ERR_OK)
        o.witness = &witness;
    CHECK(audit_check_store(srv.store, &o, &report) == ERR_OK);
    return report.fault;
}

static void add_records(size_t n)
{
    struct audit *rows = xcalloc(n, sizeof(*rows));
    struct step *steps = xcalloc(n, sizeof(*steps));
    struct plan plan = {.steps = steps, .n = n};

    for (size_t i = 0; i < n; i++) {
        rows[i] = (struct audit){.id = uuid_new(), .at = clock_now(), .verb = "act", .count = 1};
        steps[i] = (struct step){.kind = STEP_INSERT, .type = &audit_type, .rec = &rows[i]};
    }
    CHECK(store_commit(srv.store, &plan) == ERR_OK);
    free(rows);
    free(steps);
}

static struct uuid me, mine;

/* A request that ended so. */
static void refuse_one(const char *method, const char *path, bool known, uint8_t address,
                       enum err err)
{
    struct request r = {.srv = &srv, .method = method, .path = path, .mem = arena_new()};

    r.address[10] = r.address[11] = 0xff;
    r.address[15] = address;
    if (known)
        r.who = (struct principal){.user = me, .account = mine, .role = ROLE_USER};
    CHECK(router_find(&r) == ERR_OK);
    audit_refused(&r, err);
    arena_free(r.mem);
}

struct counted {
    int64_t rows, times;
    const char *verb, *detail;
    struct uuid actor;
};

static bool count_row(void *arg, const void *rec)
{
    const struct audit *a = rec;
    struct counted *c = arg;
    size_t n = strlen(c->detail);

    if (strcmp(a->verb, c->verb) != 0 || !a->detail || strncmp(a->detail, c->detail, n) != 0 ||
        (a->detail[n] && a->detail[n] != ' ') || !uuid_equal(&a->actor, &c->actor))
        return true;
    c->rows++;
    c->times += a->count;
    return true;
}

static struct counted refused(const char *detail, bool known)
{
    struct query q = {.type = &audit_type, .order = "seq"};
    struct counted c = {.verb = AUDIT_REFUSE, .detail = detail};

    if (known)
        c.actor = me;
    CHECK(store_scan(srv.store, &q, count_row, &c) == ERR_OK);
    return c;
}

/* A flood is one commit and one record for each principal, route and reason. */
static void refusals_are_counted(void)
{
    struct store_stats before, after;
    struct counted c;

    me = uuid_new();
    mine = uuid_new();
    CHECK(audit_flush(srv.auditor) == ERR_OK);
    store_stats(srv.store, &before);
    for (int i = 0; i < 10000; i++)
        refuse_one("GET", "/api/admin/users", true, 1, ERR_FORBIDDEN);
    for (int i = 0; i < 300; i++)
        refuse_one("POST", "/api/auth/login", false, (uint8_t)(i % 3), ERR_BAD_LOGIN);
    refuse_one("GET", "/api/jobs/x", true, 1, ERR_NOT_FOUND);
    refuse_one("GET", "/api/me", true, 1, ERR_TOKEN_EXPIRED); /* that is no refusal */
    refuse_one("GET", "/api/me", true, 1, ERR_INVALID);
    store_stats(srv.store, &after);
    CHECK(after.commits == before.commits);
    CHECK(audit_flush(srv.auditor) == ERR_OK);
    store_stats(srv.store, &after);
    CHECK(after.commits == before.commits + 2); /* the counters, a checkpoint */
    c = refused("GET /api/admin/users", true);
    CHECK(c.rows == 1 && c.times == 10000);
    c = refused("POST /api/auth/login", false);
    CHECK(c.rows == 3 && c.times == 300);
    CHECK(refused("GET /api/jobs/:id", true).rows == 1);
    CHECK(refused("GET /api/me", true).rows == 0);
    CHECK(check_log() == AUDIT_NONE);
}

static void counters_are_bounded(void)
{
    struct tallies *t = xcalloc(1, sizeof(*t));
    int64_t sum = 0, others = 0;

    for (uint32_t i = 0; i < 100000; i++) {
        struct tally_key key = {.verb = AUDIT_REFUSE, .reason = i % 2 ? ERR_RATE : ERR_FORBIDDEN};

        memcpy(key.actor.b, &i, sizeof(i));
        key.actor.b[15] = 1;
        tallies_add(t, &key, 1);
    }
    CHECK(t->n <= AUDIT_TALLIES);
    for (int i = 0; i < t->n; i++) {
        sum += t->rows[i].count;
        if (uuid_is_zero(&t->rows[i].key.actor))
            others += t->rows[i].count;
    }
    CHECK(sum == 100000);
    CHECK(others == 100000 - (AUDIT_TALLIES - 32));
    tallies_clear(t);
    CHECK(t->n == 0);
    free(t);
}

static void checkpoints_cover_what_is_new(void)
{
    int64_t n;

    add_records(3);
    CHECK(audit_flush(srv.auditor) == ERR_OK);
    CHECK(check_log() == AUDIT_NONE && report.covered == report.last - 1);
    n = report.checkpoints;
    CHECK(audit_flush(srv.auditor) == ERR_OK); /* nothing is new but the checkpoint */
    CHECK(check_log() == AUDIT_NONE && report.checkpoints == n);
}

static void old_records_go_up_to_a_checkpoint(void)
{
    int64_t before;

    add_records(1200); /* more than are deleted at once */
    CHECK(audit_flush(srv.auditor) == ERR_OK);
    wait_ms(48 * HOUR_MS);
    add_records(5);
    CHECK(audit_flush(srv.auditor) == ERR_OK);
    CHECK(check_log() == AUDIT_NONE && report.first == 1);
    before = report.records;
    CHECK(audit_prune(srv.auditor, (struct stamp){clock_real_ms() - 24 * HOUR_MS}) == ERR_OK);
    CHECK(check_log() == AUDIT_NONE);
    CHECK(report.first > 1200 && report.records < before - 1200);
    CHECK(report.records == report.last - report.first + 1);
    before = report.records;
    CHECK(audit_prune(srv.auditor, (struct stamp){1}) == ERR_OK); /* nothing is so old */
    CHECK(check_log() == AUDIT_NONE && report.records == before);
}

static bool delete_newer(void *arg, const void *rec)
{
    const struct audit *a = rec;
    struct step step = {.kind = STEP_DELETE, .type = &audit_type, .id = a->id};
    struct plan plan = {.steps = &step, .n = 1};

    if (a->seq > *(int64_t *)arg)
        CHECK(store_commit(srv.store, &plan) == ERR_OK);
    return true;
}

static void restart(void)
{
    struct problem why;

    audit_stop(srv.auditor);
    srv.auditor = NULL;
    store_close(srv.store);
    seal_close(srv.seal);
    CHECK(boot_open(&srv, &options, rig, &why) == ERR_OK);
}

/* A log that lost its end is found out before, and says so of itself after, the next start. */
static void a_lost_end_is_found(void)
{
    struct query q = {.type = &audit_type, .order = "seq"};
    int64_t last;

    restart();
    CHECK(check_log() == AUDIT_NONE && report.gaps == 0);
    last = report.last - 1;
    CHECK(store_scan(srv.store, &q, delete_newer, &last) == ERR_OK);
    CHECK(check_log() == AUDIT_TRUNCATED);
    store_close(srv.store);
    seal_close(srv.seal);
    CHECK(boot_open(&srv, &options, rig, &(struct problem){0}) == ERR_OK);
    CHECK(audit_start(&srv, &srv.auditor) == ERR_OK);
    CHECK(audit_flush(srv.auditor) == ERR_OK);
    CHECK(check_log() == AUDIT_NONE && report.gaps == 1);
}

static void keys_are_read_as_they_are_written(void)
{
    struct audit_keys keys;
    struct problem why;

    CHECK(audit_keys_read("1 "
                          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
                          "7 "
                          "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff",
                          &keys, &why) == ERR_OK);
    CHECK(keys.n == 2 && keys.v[1].id == 7 && keys.v[1].key[31] == 0xff && keys.v[0].key[1] == 1);
    CHECK(audit_keys_read("1 0001\n", &keys, &why) == ERR_INVALID);
    CHECK(audit_keys_read("hello\n", &keys, &why) == ERR_INVALID);
    CHECK(audit_keys_read("", &keys, &why) == ERR_OK && keys.n == 0);
}

static void begin(void)
{
    starts();
    auth_stop(srv.auth);
    srv.auth = NULL;
    CHECK(audit_start(&srv, &srv.auditor) == ERR_OK);
}

static void end(void)
{
    audit_stop(srv.auditor);
    srv.auditor = NULL;
    ends();
}

static const struct test tests[] = {
    {"audit: (begin)", begin},
    {"audit: refusals are counted", refusals_are_counted},
    {"audit: counters are bounded", counters_are_bounded},
    {"audit: checkpoints cover what is new", checkpoints_cover_what_is_new},
    {"audit: old records go up to a checkpoint", old_records_go_up_to_a_checkpoint},
    {"audit: a lost end is found", a_lost_end_is_found},
    {"audit: keys are read as they are written", keys_are_read_as_they_are_written},
    {"audit: (end)", end},
};

TEST_MAIN(tests)
