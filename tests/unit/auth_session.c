/* Signing in, access tokens on routes, refresh tokens and their reuse, the ends of sessions. */
#include <pthread.h>

#include "tests/unit/auth.h"

static struct uuid account;
static struct user ann, bob, root;

/* Is the access token taken? */
static bool works(const char *access)
{
    unsigned got = status("GET", "/api/me", access, NULL);

    CHECK(got == 200 || got == 401);
    return got == 200;
}

static void people(void)
{
    account = new_account();
    ann = person("ann@acme.example", "user", account);
    bob = person("bob@acme.example", "admin", account);
    root = person("root@leadgen.example", "super_admin", new_account());
    CHECK(auth_is_bootstrapped(srv.auth));
}

static void who_signs_in_is_known(void)
{
    struct pair ann_in = sign_in("Ann@ACME.Example", PASSWORD); /* case is no other address */
    const char *who;

    CHECK(ann_in.status == 200 && strlen(ann_in.access) < TOKEN_MAX);
    CHECK(strncmp(ann_in.refresh, "lgr_", 4) == 0);
    CHECK(status_and("GET", "/api/me", ann_in.access, NULL, "email", &who) == 200);
    CHECK_STR(who, "ann@acme.example");
    CHECK(status_and("GET", "/api/me", ann_in.access, NULL, "role", &who) == 200);
    CHECK_STR(who, "user");
    CHECK(user_now(&ann.id).last_login.ms > 0);
    CHECK(status("GET", "/api/admin/users", ann_in.access, NULL) == 403);
    CHECK(count(&audit_type, NULL, NULL) == 1);
}

static const char *refusal(const char *email, const char *password)
{
    struct call c = {"POST", "/api/auth/login", NULL,
                     arena_printf(rig, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password)};
    const char *out;

    CHECK(ask(&c) == 401);
    out = arena_strdup(rig, c.r.out.data);
    done(&c);
    return out;
}

/* Not one byte tells why. */
static void refusals_are_alike(void)
{
    const char *unknown = refusal("nobody@acme.example", PASSWORD);
    struct user off = {0}, wait = {0};

    off = person("off@acme.example", "user", account);
    wait = person("wait@acme.example", "user", account);
    off.state = "disabled";
    wait.state = "unconfirmed";
    for (int i = 0; i < 2; i++) {
        static const char *const names[] = {"state", NULL};
        struct step step = {.kind = STEP_UPDATE,
                            .type = &user_type,
                            .rec = i ? &wait : &off,
                            .fields = fields_named(&user_type, names)};
        struct plan plan = {.steps = &step, .n = 1};

        CHECK(store_commit(srv.store, &plan) == ERR_OK);
    }
    CHECK(strstr(unknown, "\"code\":\"bad_login\"") != NULL);
    CHECK_STR(refusal("ann@acme.example", PASSWORD "x"), unknown);
    CHECK_STR(refusal("ann@acme.example", "x"), unknown);
    CHECK_STR(refusal("off@acme.example", PASSWORD), unknown);
    CHECK_STR(refusal("wait@acme.example", PASSWORD), unknown);
    CHECK_STR(refusal("not an address", PASSWORD), unknown);
    CHECK_STR(refusal("ann+plus@acme.example", PASSWORD), unknown);
    CHECK_STR(refusal("\xc3\xa1nn@acme.example", PASSWORD), unknown); /* a mark is another letter */
}

static void forged_and_expired(void)
{
    struct pair in = sign_in("ann@acme.example", PASSWORD);
    char *altered = arena_strdup(rig, in.access);
    const char *code;

    CHECK(works(in.access) && works(in.access)); /* verified, then remembered */
    altered[strlen(altered) - 5] ^= 1;
    CHECK(!works(altered) && !works(altered));
    CHECK(!works("Bearer ") && !works("Bearer x") && !works("Basic YTpi") && !works(""));
    CHECK(!works(in.access + 7) && !works(arena_printf(rig, "Bearer  %s", in.access + 7)));
    CHECK(!works(bearer(in.refresh)));
    CHECK(works(arena_printf(rig, "bearer %s", in.access + 7)));
    CHECK(refresh(in.access + 7).status == 400); /* longer than any of ours */
    wait_ms(TOKEN_SECONDS * INT64_C(1000));
    CHECK(status_and("GET", "/api/me", in.access, NULL, "code", &code) == 401);
    CHECK_STR(code, "token_expired");
    CHECK(works(refresh(in.refresh).access));
}

static void signing_out_ends_one_session_at_once(void)
{
    struct pair one = sign_in("ann@acme.example", PASSWORD);
    struct pair two = sign_in("ann@acme.example", PASSWORD);

    CHECK(works(one.access) && works(two.access));
    CHECK(status("POST", "/api/auth/logout", one.access, NULL) == 200);
    CHECK(!works(one.access) && works(two.access));
    CHECK(refresh(one.refresh).status == 401);
    CHECK(status("POST", "/api/auth/logout", one.access, NULL) == 401);
    CHECK(works(refresh(two.refresh).access));
}

static const char *member(const struct user *u)
{
    char id[UUID_TEXT];

    return arena_printf(rig, "/api/admin/users/%s", uuid_text(&u->id, id));
}

static void a_change_of_role_or_state_takes_effect_at_once(void)
{
    struct pair in = sign_in("ann@acme.example", PASSWORD);
    struct pair admin = sign_in("bob@acme.example", PASSWORD);

    CHECK(works(in.access) && works(admin.access));
    CHECK(status("PATCH", member(&ann), admin.access, "{\"role\":\"viewer\"}") == 200);
    CHECK(!works(in.access) && refresh(in.refresh).status == 401);
    CHECK(works(admin.access));
    in = sign_in("ann@acme.example", PASSWORD);
    CHECK(works(in.access));
    CHECK(status("PATCH", member(&ann), admin.access, "{\"state\":\"disabled\"}") == 200);
    CHECK(!works(in.access) && refresh(in.refresh).status == 401);
    CHECK(sign_in("ann@acme.example", PASSWORD).status == 401);
    CHECK(status("PATCH", member(&ann), admin.access, "{\"state\":\"active\"}") == 200);
    CHECK(!works(in.access)); /* ended is ended */
}

static void refreshing_rotates(void)
{
    struct pair first = sign_in("ann@acme.example", PASSWORD), second, third, again;

    second = refresh(first.refresh);
    CHECK(second.status == 200 && works(second.access) && works(first.access));
    CHECK(strcmp(second.refresh, first.refresh) != 0);
    /* the reply was lost: the same again, while it is unused */
    again = refresh(first.refresh);
    CHECK(again.status == 200 && works(again.access));
    CHECK_STR(again.refresh, second.refresh);
    wait_ms(9000);
    CHECK_STR(refresh(first.refresh).refresh, second.refresh);
    third = refresh(second.refresh);
    CHECK(third.status == 200);
    CHECK(works(third.access));
}

static int64_t ended(void)
{
    struct query q = {.type = &session_type, .where = {{"user", OP_EQ, &ann.id}}};
    bool yes = true;
    int64_t n = -1;

    q.where[1] = (struct cond){"ended", OP_EQ, &yes};
    CHECK(store_count(srv.store, &q, &n) == ERR_OK);
    return n;
}

/* Reuse of `old` ends the session that `newest` keeps alive, and is audited. */
static void reuse_ends(const char *old, struct pair newest)
{
    int64_t before = ended(), noted = count(&audit_type, NULL, NULL);

    CHECK(works(newest.access));
    CHECK(refresh(old).status == 401);
    CHECK(ended() == before + 1 && count(&audit_type, NULL, NULL) == noted + 1);
    CHECK(!works(newest.access));
    CHECK(refresh(newest.refresh).status == 401);
    CHECK(count(&audit_type, NULL, NULL) == noted + 1); /* it is over: nothing more to end */
}

static void reuse_ends_the_session(void)
{
    struct pair chain[5];

    /* the successor is in use */
    chain[0] = sign_in("ann@acme.example", PASSWORD);
    chain[1] = refresh(chain[0].refresh);
    chain[2] = refresh(chain[1].refresh);
    reuse_ends(chain[0].refresh, chain[2]);
    /* too late for a lost reply */
    chain[0] = sign_in("ann@acme.example", PASSWORD);
    chain[1] = refresh(chain[0].refresh);
    wait_ms(10001);
    reuse_ends(chain[0].refresh, chain[1]);
    /* each ancestor */
    for (int k = 0; k < 4; k++) {
        chain[0] = sign_in("ann@acme.example", PASSWORD);
        for (int i = 1; i < 5; i++)
            chain[i] = refresh(chain[i - 1].refresh);
        wait_ms(20000);
        reuse_ends(chain[k].refresh, chain[4]);
    }
}

static void invented_tokens_end_nothing(void)
{
    struct pair in = sign_in("ann@acme.example", PASSWORD);
    int64_t before = ended();

    for (size_t i = 0; i < strlen(in.refresh); i++) {
        char *altered = arena_strdup(rig, in.refresh);

        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        CHECK(refresh(altered).status == 401);
    }
    CHECK(refresh(arena_printf(rig, "%s=", in.refresh)).status == 401);
    CHECK(refresh(arena_strndup(rig, in.refresh, 40)).status == 401);
    CHECK(refresh("").status != 200 && refresh("lgr_").status == 401);
    CHECK(ended() == before && works(in.access));
    CHECK(refresh(in.refresh).status == 200);
}

/* Two ways into the same exchange at the same time: one successor. */
enum { TWINS = 8, ROUNDS = 25 };

static pthread_barrier_t gate;
static char token_now[256];
static struct {
    char access[TOKEN_MAX], refresh[256];
    unsigned status;
} twin[TWINS];

static void *exchange(void *arg)
{
    size_t i = (size_t)(uintptr_t)arg;

    for (int round = 0; round < ROUNDS; round++) {
        char body[300];
        struct call c = {"POST", "/api/auth/refresh", NULL, body};

        pthread_barrier_wait(&gate);
        snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", token_now);
        twin[i].status = ask(&c);
        snprintf(twin[i].refresh, sizeof(twin[i].refresh), "%s",
                 twin[i].status == 200 ? json_str(c.doc, "refresh_token") : "");
        snprintf(twin[i].access, sizeof(twin[i].access), "Bearer %s",
                 twin[i].status == 200 ? json_str(c.doc, "access_token") : "");
        done(&c);
        pthread_barrier_wait(&gate);
    }
    return NULL;
}

static void twins_get_the_same_successor(void)
{
    pthread_t threads[TWINS];

    snprintf(token_now, sizeof(token_now), "%s", sign_in("ann@acme.example", PASSWORD).refresh);
    pthread_barrier_init(&gate, NULL, TWINS + 1);
    for (size_t i = 0; i < TWINS; i++)
        CHECK(pthread_create(&threads[i], NULL, exchange, (void *)(uintptr_t)i) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&gate);
        pthread_barrier_wait(&gate);
        for (int i = 0; i < TWINS; i++) {
            CHECK(twin[i].status == 200 && works(twin[i].access));
            CHECK_STR(twin[i].refresh, twin[0].refresh);
            CHECK(strcmp(twin[i].refresh, token_now) != 0);
        }
        snprintf(token_now, sizeof(token_now), "%s", twin[0].refresh);
    }
    for (int i = 0; i < TWINS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&gate);
}

static void sessions_slide_and_end(void)
{
    struct pair in = sign_in("ann@acme.example", PASSWORD);

    for (int i = 0; i < 3; i++) { /* 29 days are not too long, three times over */
        wait_ms(29 * 24 * HOUR_MS);
        in = refresh(in.refresh);
        CHECK(in.status == 200);
    }
    wait_ms(3 * 24 * HOUR_MS - 60000); /* 90 days less a minute */
    in = refresh(in.refresh);
    CHECK(in.status == 200 && works(in.access));
    wait_ms(61000);
    CHECK(!works(in.access)); /* ten minutes of its own would be left */
    CHECK(refresh(in.refresh).status == 401);
    in = sign_in("ann@acme.example", PASSWORD);
    wait_ms(30 * 24 * HOUR_MS);
    CHECK(refresh(in.refresh).status == 401);
}

static void a_super_admin_has_twelve_hours_and_a_quarter_idle(void)
{
    struct pair in = sign_in("root@leadgen.example", PASSWORD);

    wait_ms(15 * 60000);
    CHECK(refresh(in.refresh).status == 401);
    in = sign_in("root@leadgen.example", PASSWORD);
    for (int i = 0; i < 51; i++) {
        wait_ms(14 * 60000);
        in = refresh(in.refresh);
        CHECK(in.status == 200);
    }
    wait_ms(6 * 60000); /* 12 hours */
    CHECK(!works(in.access) && refresh(in.refresh).status == 401);
}

static void dead_sessions_are_swept(void)
{
    wait_ms(91 * 24 * HOUR_MS);
    for (int i = 0; i < 4; i++) /* sixteen at a time */
        CHECK(sign_in("ann@acme.example", PASSWORD).status == 200);
    CHECK(count(&session_type, "user", &ann.id) == 4);
}

static const struct test tests[] = {
    {"session: starts", starts},
    {"session: people", people},
    {"session: who signs in is known", who_signs_in_is_known},
    {"session: refusals are alike", refusals_are_alike},
    {"session: forged and expired tokens", forged_and_expired},
    {"session: signing out ends one session at once", signing_out_ends_one_session_at_once},
    {"session: a change of role or state takes effect at once",
     a_change_of_role_or_state_takes_effect_at_once},
    {"session: refreshing rotates", refreshing_rotates},
    {"session: reuse ends the session", reuse_ends_the_session},
    {"session: invented tokens end nothing", invented_tokens_end_nothing},
    {"session: twins get the same successor", twins_get_the_same_successor},
    {"session: sessions slide and end", sessions_slide_and_end},
    {"session: a super_admin has twelve hours, and a quarter of one idle",
     a_super_admin_has_twelve_hours_and_a_quarter_idle},
    {"session: dead sessions are swept", dead_sessions_are_swept},
    {"session: ends", ends},
};

TEST_MAIN(tests)
