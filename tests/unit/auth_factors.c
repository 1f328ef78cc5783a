/* The second factor, devices that are let in, and what a confirmed session may. */
#include "server/auth_totp.h"
#include "tests/unit/auth.h"

static struct user ann, eve;

static void people(void)
{
    struct uuid account = new_account();

    ann = person("ann@acme.example", "user", account);
    eve = person("eve@acme.example", "user", account);
    person("root@leadgen.example", "super_admin", account);
}

/* RFC 6238, appendix B: the last six of eight digits. */
static void codes_of_the_rfc(void)
{
    static const struct {
        int64_t seconds;
        const char *code;
    } rows[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    static const char secret[] = "12345678901234567890";
    char got[7];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        totp_code((const uint8_t *)secret, 20, rows[i].seconds / 30, got);
        CHECK_STR(got, rows[i].code);
    }
}

/* An authenticator of the test's own: base32 to bytes, the other way than the server's. */
static const char *code_at(const char *text, int64_t skew)
{
    uint8_t bytes[20] = {0};
    char *out = arena_alloc(rig, 7);

    for (size_t i = 0; i < 160; i++) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        size_t v = strcspn(letters, (char[]){text[i / 5], 0});

        CHECK(v < 32);
        bytes[i / 8] |= (uint8_t)((v >> (4 - i % 5) & 1) << (7 - i % 8));
    }
    totp_code(bytes, 20, clock_real_ms() / 30000 + skew, out);
    return out;
}

static const char *login_body(const char *password, const char *code)
{
    if (!code)
        return arena_printf(rig, "{\"email\":\"ann@acme.example\",\"password\":\"%s\"}", password);
    return arena_printf(rig, "{\"email\":\"ann@acme.example\",\"password\":\"%s\",\"totp\":\"%s\"}",
                        password, code);
}

static const char *code_body(const char *code)
{
    return arena_printf(rig, "{\"totp\":\"%s\"}", code);
}

static unsigned login(const char *code)
{
    return pair_from("/api/auth/login", login_body(PASSWORD, code)).status;
}

static const char *secret, *recovery[TOTP_CODES];

static void enrolling(void)
{
    struct pair in;
    struct call c = {"POST", "/api/auth/totp/confirm"};
    const char *first, *uri, *code;

    wait_ms(30000 - clock_real_ms() % 30000); /* the same step for all that comes until then */
    in = sign_in("ann@acme.example", PASSWORD);
    c.token = in.access;
    CHECK(status("POST", "/api/auth/totp/confirm", in.access, code_body("000000")) == 409);
    CHECK(status_and("POST", "/api/auth/totp", in.access, NULL, "secret", &first) == 200);
    CHECK(status_and("POST", "/api/auth/totp", in.access, NULL, "uri", &uri) == 200);
    secret = arena_strndup(rig, strstr(uri, "secret=") + 7, 32);
    CHECK(strcmp(first, secret) != 0); /* each its own; the last one counts */
    CHECK(strncmp(uri, "otpauth://totp/LeadGen%20Pro:ann@acme.example?secret=", 53) == 0);
    CHECK(login(NULL) == 200); /* nothing is on yet */
    CHECK(status("POST", "/api/auth/totp/confirm", in.access, code_body(code_at(first, 0))) == 400);
    CHECK(status("POST", "/api/auth/totp/confirm", in.access, code_body(code_at(secret, 2))) ==
          400);
    c.body = code_body(code_at(secret, 0));
    CHECK(ask(&c) == 200);
    for (int i = 0; i < TOTP_CODES; i++) {
        code = cJSON_GetArrayItem(cJSON_GetObjectItem(c.doc, "codes"), i)->valuestring;
        recovery[i] = arena_strdup(rig, code);
        CHECK(strlen(code) == 11 && code[5] == '-');
    }
    done(&c);
    CHECK_STR(newest_mail("ann@acme.example", "totp").subject, "Two-factor sign-in: on");
    CHECK(status("POST", "/api/auth/totp/confirm", in.access, c.body) == 409);
    CHECK(status("POST", "/api/auth/totp", in.access, NULL) == 409);
}

static void signing_in_takes_a_code(void)
{
    const char *code, *word;

    CHECK(status_and("POST", "/api/auth/login", NULL, login_body(PASSWORD, NULL), "code", &word) ==
          401);
    CHECK_STR(word, "totp_required");
    CHECK(status_and("POST", "/api/auth/login", NULL, login_body("a wrong one", NULL), "code",
                     &word) == 401);
    CHECK_STR(word, "bad_login"); /* without the password nobody learns that there is a factor */
    CHECK(login(code_at(secret, 0)) == 401); /* it turned the factor on */
    wait_ms(30000);
    code = code_at(secret, 0);
    CHECK(login(code) == 200);
    CHECK(login(code) == 401);                /* once */
    CHECK(login(code_at(secret, -1)) == 401); /* nor an older one after it */
    CHECK(login(code_at(secret, 1)) == 200);  /* a clock that is ahead */
    wait_ms(3 * 30000);
    CHECK(login(code_at(secret, -1)) == 200); /* or behind */
    wait_ms(20 * 60000);
    CHECK(login(code_at(secret, 2)) == 401 && login(code_at(secret, -2)) == 401);
    CHECK(login("") == 401 && login("12345") == 401 && login(" 12345") == 401);
    wait_ms(20 * 60000);
    CHECK(login(arena_printf(rig, "%s0", code_at(secret, 0))) == 401);
    CHECK(login(code_at(secret, 0)) == 200);
}

static void recovery_codes_are_good_once(void)
{
    struct pair in;
    char *small = arena_strdup(rig, recovery[1]);

    for (char *p = small; *p; p++)
        *p |= *p >= 'A' && *p <= 'Z' ? 32 : 0;
    CHECK(login(recovery[0]) == 200 && login(recovery[0]) == 401);
    CHECK(login(small) == 200 && login(recovery[1]) == 401);
    CHECK(login("AAAAA-AAAAA") == 401);
    in = pair_from("/api/auth/login", login_body(PASSWORD, recovery[2]));
    CHECK(in.status == 200);
    {
        struct call c = {"GET", "/api/auth/totp", in.access};

        CHECK(ask(&c) == 200 && json_bool(c.doc, "enabled"));
        CHECK(json_num(c.doc, "recovery_left", 0) == TOTP_CODES - 3);
        done(&c);
    }
    CHECK(status("POST", "/api/auth/totp/recovery", in.access, NULL) == 200);
    CHECK(login(recovery[3]) == 401); /* the old ones are void */
}

static void a_code_lets_one_twin_in(void)
{
    struct twin twins[2] = {{"POST", "/api/auth/login"}, {"POST", "/api/auth/login"}};

    wait_ms(60000);
    twins[0].body = twins[1].body = login_body(PASSWORD, code_at(secret, 0));
    together(twins);
    CHECK(are(twins, 200, 401));
}

static const char *confirm_body(const char *password, const char *code)
{
    return arena_printf(rig, "{\"password\":\"%s\",\"totp\":\"%s\"}", password, code);
}

static void dangerous_acts_need_a_confirmed_session(void)
{
    struct pair in;
    const char *word;

    wait_ms(60000);
    in = pair_from("/api/auth/login", login_body(PASSWORD, code_at(secret, 0)));
    wait_ms(9 * 60000);
    CHECK(status("POST", "/api/auth/totp/recovery", in.access, NULL) == 200);
    wait_ms(60000);
    in = refresh(in.refresh); /* which confirms nothing */
    CHECK(status_and("POST", "/api/auth/totp/recovery", in.access, NULL, "code", &word) == 403);
    CHECK_STR(word, "confirm_required");
    CHECK(status("POST", "/api/auth/confirm", in.access, confirm_body("wrong", "123456")) == 403);
    CHECK(status("POST", "/api/auth/confirm", in.access, "{\"password\":\"" PASSWORD "\"}") == 403);
    CHECK(status("POST", "/api/auth/confirm", in.access, confirm_body(PASSWORD, "123456")) == 403);
    CHECK(status("POST", "/api/auth/totp/recovery", in.access, NULL) == 403);
    CHECK(status("POST", "/api/auth/confirm", in.access,
                 confirm_body(PASSWORD, code_at(secret, 0))) == 200);
    CHECK(status("POST", "/api/auth/totp/recovery", in.access, NULL) == 200);
    for (int i = 0; i < 20; i++)
        CHECK(status("POST", "/api/auth/confirm", in.access, "{\"password\":\"x\"}") != 200);
    CHECK(status("POST", "/api/auth/confirm", in.access, "{\"password\":\"" PASSWORD "\"}") == 429);
}

static void turning_it_off(void)
{
    struct pair in;

    wait_ms(20 * 60000);
    in = pair_from("/api/auth/login", login_body(PASSWORD, code_at(secret, -1)));
    CHECK(status("POST", "/api/auth/totp/disable", in.access,
                 confirm_body("wrong", code_at(secret, 0))) == 403);
    CHECK(status("POST", "/api/auth/totp/disable", in.access, confirm_body(PASSWORD, "123456")) ==
          403);
    CHECK(status("POST", "/api/auth/totp/disable", in.access, "{\"password\":\"" PASSWORD "\"}") ==
          403);
    CHECK(login(NULL) == 401);
    CHECK(status("POST", "/api/auth/totp/disable", in.access,
                 confirm_body(PASSWORD, code_at(secret, 0))) == 200);
    CHECK(login(NULL) == 200);
}

/* Devices */

struct waiting {
    const char *device, *user;
};

static struct waiting device(void)
{
    struct call c = {"POST", "/api/auth/device", .agent = "kiosk\x1b[31m 7"};
    struct waiting out = {0};

    CHECK(ask(&c) == 200);
    CHECK(json_num(c.doc, "interval", 0) == 5 && json_num(c.doc, "expires_in", 0) == 600);
    out.device = arena_printf(rig, "{\"device_code\":\"%s\"}", json_str(c.doc, "device_code"));
    out.user = arena_strdup(rig, json_str(c.doc, "user_code"));
    CHECK(strlen(out.user) == 9 && out.user[4] == '-');
    done(&c);
    return out;
}

static const char *poll(struct waiting w)
{
    const char *code;
    unsigned got = status_and("POST", "/api/auth/device/token", NULL, w.device, "code", &code);

    CHECK(got == 200 || got == 400);
    return got == 200 ? "in" : code;
}

static const char *approval(const char *code, const char *more)
{
    return arena_printf(rig, "{\"user_code\":\"%s\"%s}", code, more);
}

static void a_device_is_let_in(void)
{
    struct pair in = sign_in("eve@acme.example", PASSWORD), got;
    struct waiting w = device();
    const char *text, *small = arena_printf(rig, "%.4s%s", w.user, w.user + 5);

    CHECK_STR(poll(w), "authorization_pending");
    CHECK_STR(poll(w), "slow_down");
    wait_ms(5000);
    CHECK_STR(poll(w), "slow_down"); /* ten seconds now */
    wait_ms(15000);
    CHECK_STR(poll(w), "authorization_pending");
    CHECK(status("POST", "/api/auth/device/approve", NULL, approval(w.user, "")) == 401);
    CHECK(status_and("POST", "/api/auth/device/approve", in.access,
                     approval(small, ",\"dry_run\":true"), "agent", &text) == 200);
    CHECK_STR(text, "kiosk[31m 7"); /* as it may be printed */
    wait_ms(15000);
    CHECK_STR(poll(w), "authorization_pending");
    CHECK(status("POST", "/api/auth/device/approve", in.access, approval(small, "")) == 200);
    CHECK(status("POST", "/api/auth/device/approve", in.access, approval(small, "")) == 404);
    got = pair_from("/api/auth/device/token", w.device);
    CHECK(status_and("GET", "/api/me", got.access, NULL, "email", &text) == 200);
    CHECK_STR(text, "eve@acme.example");
    CHECK_STR(poll(w), "invalid"); /* once */
    /* what nobody gave a password for is not confirmed */
    CHECK(status("POST", "/api/auth/totp", got.access, NULL) == 403);
    CHECK(status("POST", "/api/auth/totp", in.access, NULL) == 200);
}

static void devices_that_are_not(void)
{
    struct pair in = sign_in("eve@acme.example", PASSWORD);
    struct waiting w = device(), late = device();
    unsigned got = 0;

    CHECK(status("POST", "/api/auth/device/approve", in.access,
                 approval(w.user, ",\"deny\":true")) == 200);
    CHECK_STR(poll(w), "access_denied");
    CHECK(status("POST", "/api/auth/device/approve", in.access, approval(w.user, "")) == 404);
    wait_ms(600000);
    CHECK_STR(poll(late), "expired_token");
    in = sign_in("eve@acme.example", PASSWORD);
    CHECK(status("POST", "/api/auth/device/approve", in.access, approval(late.user, "")) == 404);
    w.device = "{\"device_code\":\"x\"}";
    CHECK_STR(poll(w), "invalid");
    for (int i = 0; i < 12 && got != 429; i++) /* guessing */
        got = status("POST", "/api/auth/device/approve", in.access, approval("BCDF-GHJK", ""));
    CHECK(got == 429);
    w = device();
    CHECK(status("POST", "/api/auth/device/approve", in.access, approval(w.user, "")) == 429);
}

/* Sessions */

static void sessions_are_seen_and_ended(void)
{
    struct pair one = sign_in("eve@acme.example", PASSWORD), two, other;
    struct call c = {"POST",    "/api/auth/login",
                     NULL,      "{\"email\":\"eve@acme.example\",\"password\":\"" PASSWORD "\"}",
                     .from = 9, .agent = "leadgen/1 (lap\ttop)"};
    const cJSON *first;
    const char *path;

    CHECK(ask(&c) == 200);
    two.access = arena_strdup(rig, bearer(json_str(c.doc, "access_token")));
    done(&c);
    other = sign_in("root@leadgen.example", PASSWORD);
    c = (struct call){"GET", "/api/sessions", one.access};
    CHECK(ask(&c) == 200);
    first = cJSON_GetArrayItem(cJSON_GetObjectItem(c.doc, "items"), 0);
    CHECK_STR(json_str(first, "agent"), "leadgen/1 (lap top)");
    CHECK_STR(json_str(first, "address"), "127.0.0.9");
    CHECK(!json_bool(first, "current"));
    path = arena_printf(rig, "/api/sessions/%s", json_str(first, "id"));
    done(&c);
    CHECK(status("DELETE", path, other.access, NULL) == 404);
    CHECK(status("GET", "/api/me", two.access, NULL) == 200);
    CHECK(status("DELETE", path, one.access, NULL) == 200);
    CHECK(status("DELETE", path, one.access, NULL) == 404);
    CHECK(status("GET", "/api/me", two.access, NULL) == 401);
    CHECK(status("GET", "/api/me", one.access, NULL) == 200);
    two = sign_in("eve@acme.example", PASSWORD);
    CHECK(status("DELETE", "/api/sessions", two.access, NULL) == 200);
    CHECK(status("GET", "/api/me", one.access, NULL) == 401 && refresh(one.refresh).status == 401);
    CHECK(status("GET", "/api/me", two.access, NULL) == 200);
    CHECK(status("GET", "/api/me", other.access, NULL) == 200);
}

/* A refresh token that was stolen: the thief gets no lost reply, and its owner learns of it. */
static void a_lost_reply_is_not_for_others(void)
{
    struct pair in = sign_in("eve@acme.example", PASSWORD), next = refresh(in.refresh);
    struct call thief = {"POST", "/api/auth/refresh", NULL, refresh_body(in.refresh), .from = 66};

    CHECK_STR(refresh(in.refresh).refresh, next.refresh);
    CHECK(ask(&thief) == 401);
    done(&thief);
    CHECK(status("GET", "/api/me", next.access, NULL) == 401);
}

/* What has expired does not keep its own refresh from being answered. */
static void an_expired_token_beside_its_refresh(void)
{
    struct pair in = sign_in("eve@acme.example", PASSWORD);
    struct call c = {"POST", "/api/auth/refresh", in.access, refresh_body(in.refresh)};

    wait_ms(TOKEN_SECONDS * INT64_C(1000));
    CHECK(status("GET", "/api/me", in.access, NULL) == 401);
    CHECK(ask(&c) == 200);
    done(&c);
}

static const struct test tests[] = {
    {"factors: starts", starts},
    {"factors: people", people},
    {"factors: codes of RFC 6238", codes_of_the_rfc},
    {"factors: enrolling", enrolling},
    {"factors: signing in takes a code, once", signing_in_takes_a_code},
    {"factors: recovery codes are good once", recovery_codes_are_good_once},
    {"factors: a code lets one twin in", a_code_lets_one_twin_in},
    {"factors: dangerous acts need a confirmed session", dangerous_acts_need_a_confirmed_session},
    {"factors: turning it off", turning_it_off},
    {"factors: a device is let in", a_device_is_let_in},
    {"factors: devices that are not", devices_that_are_not},
    {"factors: sessions are seen and ended", sessions_are_seen_and_ended},
    {"factors: a lost reply is not for others", a_lost_reply_is_not_for_others},
    {"factors: an expired token beside its refresh", an_expired_token_beside_its_refresh},
    {"factors: ends", ends},
};

TEST_MAIN(tests)
