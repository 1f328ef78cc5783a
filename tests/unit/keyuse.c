/* What is left under a key of the ring, and that it can be removed once nothing is. */
#include "server/keyuse.h"

#include "server/audit_check.h"
#include "server/auth_totp.h"
#include "server/control.h"
#include "server/identity.h"
#include "tests/unit/moved_world.h"

static const struct uuid acme = {{1, 2, 3, 4, 5, 6, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 9}};
static void run(const struct control_command *c, void *reply)
{
    struct keys_ask ask = {0};
    struct problem why = {0};

    CHECK(c->run(&w.srv, &ask, w.mem, reply, &why) == ERR_OK);
    CHECK_STR(why.text, "");
}

static void rotate(void)
{
    struct keys_state out = {0};

    run(&control_keys_rotate, &out);
    do {
        jobs_wait_change(w.srv.jobs, 20);
        run(&control_keys_status, &out);
    } while (strcmp(out.state, "queued") == 0 || strcmp(out.state, "running") == 0);
    CHECK_STR(out.state, "done");
}

/* -1: there is no such row */
static int64_t left(const struct control_command *c, const char *purpose, int64_t id,
                    int64_t *removed)
{
    struct keys_list out = {0};
    int64_t found = -1;

    run(c, &out);
    for (size_t i = 0; i < out.rows.n; i++) {
        const struct key_use *u = (const struct key_use *)out.rows.v + i;

        if (u->id == id && strcmp(u->purpose, purpose) == 0)
            found = u->removed.ms ? -2 : u->left;
    }
    if (removed)
        *removed = out.removed;
    return found;
}

static int64_t listed(const char *purpose, int64_t id)
{
    return left(&control_keys_list, purpose, id, NULL);
}

static int64_t removed_now(void)
{
    int64_t n;

    left(&control_keys_remove, "", 0, &n);
    return n;
}

static struct user ann(void)
{
    return (struct user){.id = {{7}},
                         .account = acme,
                         .email = "ann@acme.example",
                         .name = "Ann",
                         .role = "user",
                         .state = "active",
                         .created = clock_now()};
}

static bool keep_user(void *arg, const void *rec)
{
    *(struct user *)arg = *(const struct user *)rec;
    return false;
}

static bool is_found(const char *email)
{
    struct query q = {.type = &user_type, .where = {{"email", OP_EQ, &email}}, .limit = 1};
    struct user u = {0};

    CHECK(store_find(w.srv.store, &q, w.mem, keep_user, &u) == ERR_OK);
    return u.email && strcmp(u.email, email) == 0;
}

static enum err insert_twin(void)
{
    struct user twin = ann();
    struct step step = {.kind = STEP_INSERT, .type = &user_type, .rec = &twin};
    struct plan plan = {.steps = &step, .n = 1};

    twin.id = uuid_new();
    return store_commit(w.srv.store, &plan);
}

static bool log_is_whole(void)
{
    struct audit_keys keys;
    struct audit_check_options o = {.keys = &keys, .seal = w.srv.seal};
    struct audit_report report;

    audit_keys_of(w.srv.seal, &keys);
    CHECK(audit_check_store(w.srv.store, &o, &report) == ERR_OK);
    return report.fault == AUDIT_NONE && report.records > 0;
}

static void fill(void)
{
    struct user u = ann();
    struct session s = {.id = {{8}},
                        .user = u.id,
                        .token = {{1}},
                        .rotated = clock_now(),
                        .ends = {clock_real_ms() + 48 * HOUR_MS}};
    struct kept_reply kept = {.id = {{9}}, .status = 200, .at = clock_now()};
    struct ticket t = {.id = {{10}}, .purpose = "reset", .ends = {clock_real_ms() + HOUR_MS / 2}};
    struct api_key k = {.id = {{11}},
                        .user = u.id,
                        .secret = {{2}},
                        .issued = clock_now(),
                        .ends = {clock_real_ms() + 90 * 24 * HOUR_MS}};
    struct profile p = {.id = {{12}}, .account = acme, .name = "Bo", .email = "bo@b.example"};
    struct audit a = {.id = uuid_new(), .verb = "user.create", .at = clock_now(), .outcome = "ok"};

    identity_profile(w.srv.seal, seal_newest(w.srv.seal), &p, w.mem);
    insert(&user_type, &u);
    insert(&session_type, &s);
    insert(&kept_reply_type, &kept);
    insert(&ticket_type, &t);
    insert(&api_key_type, &k);
    insert(&profile_type, &p);
    insert(&audit_type, &a);
}

static void lists_what_is_left(void)
{
    fill();
    CHECK(listed("blind-indexes", 1) == 1 && listed("identity-keys", 1) == 1);
    CHECK(listed("sealed-fields", 1) == 2 && listed("audit-macs", 1) == 1);
    rotate();
    CHECK(listed("blind-indexes", 1) == 0 && listed("blind-indexes", 2) == 1);
    CHECK(listed("identity-keys", 1) == 0 && listed("identity-keys", 2) == 1);
    CHECK(listed("sealed-fields", 1) == 0 && listed("sealed-fields", 2) == 2);
    CHECK(listed("audit-macs", 1) == 0 && listed("audit-macs", 2) == 2);
    CHECK(listed("refresh-tokens", 1) == 1 && listed("kept-replies", 1) == 1);
    CHECK(listed("mailed-tokens", 1) == 1 && listed("api-keys", 1) == 1);
    CHECK(listed("access-tokens", 1) == 1);
    CHECK(is_found("ann@acme.example") && insert_twin() == ERR_CONFLICT && log_is_whole());
}

/* Two plans that were begun on either side of the moment: one of them is refused. */
static void refuses_what_was_begun_before(void)
{
    struct fact f = {.id = uuid_new(), .name = "x", .value = "y"};
    struct step step = {.kind = STEP_INSERT, .type = &fact_type, .rec = &f};
    struct plan plan = {.steps = &step, .n = 1};
    struct keys_state out = {0};

    step.ring = seal_newest(w.srv.seal);
    run(&control_keys_rotate, &out);
    CHECK(store_commit(w.srv.store, &plan) == ERR_CONFLICT);
    step.ring = seal_newest(w.srv.seal);
    CHECK(store_commit(w.srv.store, &plan) == ERR_OK);
}

/* While rows are under either key, and no job has come by. */
static void finds_under_each_key(void)
{
    struct user u = ann();
    struct keys_state out = {0};

    insert(&user_type, &u);
    world_stop(&w);
    world_start(&w, 0, WORLD_NO_SEARCH);
    for (int i = 0; i < 3; i++) {
        run(&control_keys_rotate, &out);
        CHECK(is_found("ann@acme.example") && !is_found("eve@acme.example"));
        CHECK(insert_twin() == ERR_CONFLICT);
    }
    world_stop(&w);
    world_start(&w, 4, WORLD_NO_SEARCH); /* the jobs that were left */
    rotate();
    CHECK(listed("blind-indexes", 1) == 0 && listed("blind-indexes", 5) == 1);
    CHECK(is_found("ann@acme.example") && insert_twin() == ERR_CONFLICT);
}

static void removes_a_key_when_nothing_is_left(void)
{
    static const char *const revoked[] = {"revoked", NULL};
    struct api_key k = {.id = {{11}}, .revoked = clock_now()};
    struct step step = {.kind = STEP_UPDATE,
                        .type = &api_key_type,
                        .rec = &k,
                        .fields = fields_named(&api_key_type, revoked)};
    struct step forget = {.kind = STEP_DELETE, .type = &kept_reply_type, .id = {{9}}};
    struct plan plan = {.steps = &step, .n = 1}, sweep = {.steps = &forget, .n = 1};
    struct user u = {0};

    fill();
    rotate();
    CHECK(removed_now() == 0 && listed("access-tokens", 1) == 1);
    ahead_ms = HOUR_MS;
    CHECK(listed("access-tokens", 1) == 0 && listed("mailed-tokens", 1) == 0);
    CHECK(listed("refresh-tokens", 1) == 1 && removed_now() == 0);
    ahead_ms = 49 * HOUR_MS;
    CHECK(listed("refresh-tokens", 1) == 0 && listed("api-keys", 1) == 1 && removed_now() == 0);
    CHECK(store_commit(w.srv.store, &plan) == ERR_OK);
    CHECK(listed("api-keys", 1) == 0 && listed("kept-replies", 1) == 1 && removed_now() == 0);
    CHECK(store_commit(w.srv.store, &sweep) == ERR_OK);
    CHECK(removed_now() == 1);
    CHECK(listed("sealed-fields", 1) == -2 && removed_now() == 0);
    for (int i = 0; i < 2; i++) {
        CHECK(is_found("ann@acme.example") && insert_twin() == ERR_CONFLICT && log_is_whole());
        CHECK(store_get(w.srv.store, &user_type, &(struct uuid){{7}}, 0, w.mem, &u) == ERR_OK);
        world_stop(&w);
        world_start(&w, 4, WORLD_NO_SEARCH);
    }
}

static const struct test tests[] = {
    {"lists what is left", lists_what_is_left},
    {"refuses what was begun before", refuses_what_was_begun_before},
    {"finds under each key", finds_under_each_key},
    {"removes a key when nothing is left", removes_a_key_when_nothing_is_left},
};

int main(void)
{
    return moved_world_main("keyuse", tests, sizeof(tests) / sizeof(*tests), 4);
}
