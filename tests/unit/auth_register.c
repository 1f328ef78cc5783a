/* Registering with a confirmed address, and forgotten passwords. */
#include "tests/unit/auth.h"

#define OTHER_PASSWORD "a wet day in Ghent"

static void people(void)
{
    person("root@leadgen.example", "super_admin", new_account());
    CHECK(auth_is_bootstrapped(srv.auth));
}

static const char *reset_body(const char *token, const char *password)
{
    return arena_printf(rig, "{\"token\":\"%s\",\"password\":\"%s\"}", token, password);
}

static unsigned reset(const char *token, const char *password)
{
    return status("POST", "/api/auth/reset-password", NULL, reset_body(token, password));
}

static const char *token_body(const char *token)
{
    return arena_printf(rig, "{\"token\":\"%s\"}", token);
}

static unsigned verify(const char *token)
{
    return status("POST", "/api/auth/verify-email", NULL, token_body(token));
}

static void registering(void)
{
    static const char body[] =
        "{\"email\":\"New@Acme.Example\",\"password\":\"" OTHER_PASSWORD "\"}";
    static const char *const normal = "new@acme.example";
    int64_t users = count(&user_type, NULL, NULL), noted;
    const char *off, *fresh, *field, *first, *second;
    struct twin twins[2] = {{"POST", "/api/auth/verify-email"}, {"POST", "/api/auth/verify-email"}};
    struct pair in;

    off = reply_of("/api/auth/register", body, 202);
    CHECK(count(&mail_type, NULL, NULL) == 0);
    options.registration = true;
    CHECK(status_and("POST", "/api/auth/register", NULL,
                     "{\"email\":\"new@acme.example\",\"password\":\"passwordpassword\"}", "field",
                     &field) == 400);
    CHECK_STR(field, "password");
    CHECK(status("POST", "/api/auth/register", NULL,
                 "{\"email\":\"new\",\"password\":\"" OTHER_PASSWORD "\"}") == 400);
    CHECK(count(&mail_type, NULL, NULL) == 0);
    fresh = reply_of("/api/auth/register", body, 202);
    CHECK_STR(off, fresh);
    first = mailed("new@acme.example", "register");
    CHECK_STR(reply_of("/api/auth/register", body, 202), fresh);
    second = mailed("new@acme.example", "register");
    /* there is nobody until the token comes back */
    CHECK(count(&user_type, NULL, NULL) == users);
    CHECK(sign_in("new@acme.example", OTHER_PASSWORD).status == 401);
    CHECK(verify("x") == 400 && verify("") == 400);
    CHECK(reset(first, OTHER_PASSWORD) == 400); /* for another purpose */
    twins[0].body = twins[1].body = token_body(first);
    together(twins);
    CHECK(are(twins, 200, 400));
    CHECK(count(&user_type, NULL, NULL) == users + 1 && count(&user_type, "email", &normal) == 1);
    CHECK(verify(first) == 400 && verify(second) == 400);
    /* and now it is known, which only the mailbox learns */
    noted = count(&audit_type, NULL, NULL);
    CHECK_STR(reply_of("/api/auth/register", body, 202), fresh);
    CHECK(verify(mailed("new@acme.example", "taken")) == 400);
    CHECK(count(&user_type, NULL, NULL) == users + 1);
    CHECK(count(&audit_type, NULL, NULL) == noted + 1);
    for (int i = 0; i < 8; i++)
        CHECK_STR(reply_of("/api/auth/register", body, 202), fresh);
    CHECK(count(&mail_type, NULL, NULL) == 6); /* a mailbox is not flooded */
    options.registration = false;
    in = sign_in("new@acme.example", OTHER_PASSWORD);
    CHECK(status_and("GET", "/api/me", in.access, NULL, "role", &field) == 200);
    CHECK_STR(field, "admin");
    CHECK(status_and("GET", "/api/me", in.access, NULL, "account", &field) == 200);
    CHECK_STR(field, "acme.example"); /* no person's address */
}

static void a_registration_ends(void)
{
    static const char body[] =
        "{\"email\":\"late@acme.example\",\"password\":\"" OTHER_PASSWORD "\"}";
    const char *token;

    options.registration = true;
    reply_of("/api/auth/register", body, 202);
    options.registration = false;
    token = mailed("late@acme.example", "register");
    wait_ms(24 * HOUR_MS);
    CHECK(verify(token) == 400);
}

static const char *forgot(const char *email)
{
    return reply_of("/api/auth/forgot-password", arena_printf(rig, "{\"email\":\"%s\"}", email),
                    202);
}

static void a_forgotten_password(void)
{
    struct user ann = person("ann@acme.example", "user", new_account());
    struct twin twins[2] = {{"POST", "/api/auth/reset-password"},
                            {"POST", "/api/auth/reset-password"}};
    const char *known, *first, *second;
    struct pair in = sign_in("ann@acme.example", PASSWORD);
    int64_t mails, tickets;

    mails = count(&mail_type, NULL, NULL);
    tickets = count(&ticket_type, NULL, NULL);
    known = forgot("ANN@acme.example");
    CHECK(count(&mail_type, NULL, NULL) == mails + 1);
    CHECK_STR(forgot("nobody@acme.example"), known);
    CHECK_STR(forgot("not an address"), known);
    CHECK(count(&mail_type, NULL, NULL) == mails + 1);
    CHECK(count(&ticket_type, NULL, NULL) == tickets + 1);
    first = mailed("ann@acme.example", "reset");
    forgot("ann@acme.example");
    second = mailed("ann@acme.example", "reset");
    CHECK(strcmp(first, second) != 0);

    CHECK(reset("x", OTHER_PASSWORD) == 400);
    CHECK(reset("lgr_", OTHER_PASSWORD) == 400);
    CHECK(reset(first, "too short") == 400); /* and the token is still good */
    CHECK(status("GET", "/api/me", in.access, NULL) == 200);
    CHECK(reset(first, OTHER_PASSWORD) == 200);
    CHECK(status("GET", "/api/me", in.access, NULL) == 401 && refresh(in.refresh).status == 401);
    CHECK(reset(first, OTHER_PASSWORD) == 400);
    CHECK(reset(second, OTHER_PASSWORD) == 400); /* older wishes are void */
    mailed("ann@acme.example", "changed");
    CHECK(sign_in("ann@acme.example", PASSWORD).status == 401);
    CHECK(sign_in("ann@acme.example", OTHER_PASSWORD).status == 200);

    forgot("ann@acme.example");
    first = mailed("ann@acme.example", "reset");
    wait_ms(30 * 60000);
    CHECK(reset(first, PASSWORD) == 400);
    for (int i = 0; i < 8; i++)
        CHECK_STR(forgot("ann@acme.example"), known);
    CHECK(count(&mail_type, NULL, NULL) == mails + 9); /* 3, that it was changed, 5 of these 8 */
    twins[0].body = reset_body(mailed("ann@acme.example", "reset"), PASSWORD);
    twins[1].body = twins[0].body;
    together(twins);
    CHECK(are(twins, 200, 400));
    CHECK(user_now(&ann.id).epoch == 2);
    CHECK(count(&ticket_type, "user", &ann.id) == 0);
}

static const struct test tests[] = {
    {"register: starts", starts},
    {"register: people", people},
    {"register: an address is confirmed first", registering},
    {"register: a registration ends", a_registration_ends},
    {"register: a forgotten password", a_forgotten_password},
    {"register: ends", ends},
};

TEST_MAIN(tests)
