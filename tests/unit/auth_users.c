/* The first super_admin, registering, forgotten passwords, and the members of an account. */
#include <ftw.h>
#include <pthread.h>

#include "common/file.h"
#include "tests/unit/auth.h"

#define OTHER_PASSWORD "a wet day in Ghent"

/* Bootstrap */

static const char *bootstrap_body(const char *token, const char *email, const char *password)
{
    return arena_printf(rig, "{\"token\":\"%s\",\"email\":\"%s\",\"password\":\"%s\"}", token,
                        email, password);
}

static unsigned bootstrap(const char *token)
{
    return status("POST", "/api/bootstrap", NULL,
                  bootstrap_body(token, "root@leadgen.example", PASSWORD));
}

static const char *bootstrap_token;

static void the_bootstrap_token_is_used_once(void)
{
    const char *old, *late, *token, *field;
    struct twin twins[2] = {{"POST", "/api/bootstrap"}, {"POST", "/api/bootstrap"}};

    CHECK(auth_bootstrap_token(srv.auth, rig, &old) == ERR_OK);
    CHECK(strlen(old) == 43); /* 256 bits */
    CHECK(auth_bootstrap_token(srv.auth, rig, &late) == ERR_OK);
    CHECK(count(&ticket_type, NULL, NULL) == 1);
    CHECK(!auth_is_bootstrapped(srv.auth));
    CHECK(status("POST", "/api/auth/login", NULL,
                 "{\"email\":\"a@b.example\",\"password\":\"x\"}") == 503);
    CHECK(bootstrap(old) == 401 && bootstrap("x") == 401 && bootstrap("") != 201);
    wait_ms(15 * 60000);
    CHECK(bootstrap(late) == 401);
    CHECK(auth_bootstrap_token(srv.auth, rig, &token) == ERR_OK);
    CHECK(status_and("POST", "/api/bootstrap", NULL,
                     bootstrap_body(token, "root@leadgen.example", "leadgenleadgenleadgen"),
                     "field", &field) == 400);
    CHECK_STR(field, "password");
    CHECK(status_and("POST", "/api/bootstrap", NULL, bootstrap_body(token, "root", PASSWORD),
                     "field", &field) == 400);
    CHECK_STR(field, "email");
    CHECK(!auth_is_bootstrapped(srv.auth) && count(&user_type, NULL, NULL) == 0);
    twins[0].body = bootstrap_body(token, "root@leadgen.example", PASSWORD);
    twins[1].body = bootstrap_body(token, "root2@leadgen.example", PASSWORD);
    together(twins);
    CHECK(are(twins, 201, 409));
    CHECK(count(&user_type, NULL, NULL) == 1 && count(&account_type, NULL, NULL) == 1);
    CHECK(auth_is_bootstrapped(srv.auth) && bootstrap(token) == 409);
    CHECK(count(&ticket_type, NULL, NULL) == 0);
    bootstrap_token = token;
}

/* Addresses */

static bool is_normal(const char *text, const char *want)
{
    const char *got;

    return auth_email_normal(rig, text, &got) && strcmp(got, want) == 0;
}

static bool is_none(const char *text)
{
    const char *got;

    return !auth_email_normal(rig, text, &got);
}

/* n letters before the "@", then so many labels that each grow from 3 bytes to 8 */
static const char *international(int n, int labels)
{
    const char *out = arena_printf(rig, "%0*d@", n, 0);

    while (labels--)
        out = arena_printf(rig, "%s\xc3\xbc.", out);
    return arena_printf(rig, "%sexample", out);
}

static void addresses(void)
{
    static const char *const none[] = {
        "",
        "@",
        "a",
        "a@",
        "@b.example",
        "a@b",
        "a b@c.example",
        "a@b c.example",
        "a@@b.example",
        "a@b@c.example",
        ".a@b.example",
        "a.@b.example",
        "a..b@c.example",
        "a@-b.example",
        "a@b-.example",
        "a@b..example",
        "a@.example",
        "a@b.example.",
        "\"a\"@b.example",
        "a,b@c.example",
        "<a@b.example>",
        "a@b.example\n",
        "a\n@b.example",
        "a\tb@c.example",
        "a\x7f@b.example",
        "a\xc2\xa0@b.example",
        "a\xe2\x80\xae@b.example",
        "a\xff@b.example",
        "a\xe2\x80\x8b@b.example",
        "a@b_c.example",
        "a@[127.0.0.1]",
        "a:b@c.example",
        "a@b.example, c@d.example",
    };
    char big[300], *at;

    CHECK(is_normal("Jane.Doe+News@Acme.Example", "jane.doe+news@acme.example"));
    CHECK(is_normal("o'hara!#$%&*/=?^_`{|}~-@x.example", "o'hara!#$%&*/=?^_`{|}~-@x.example"));
    CHECK(is_normal("J\xc3\x96RG@b\xc3\xbc"
                    "cher.example",
                    "j\xc3\xb6rg@xn--bcher-kva.example"));
    CHECK(is_normal("j\xc3\xb6rg@XN--BCHER-KVA.example", "j\xc3\xb6rg@xn--bcher-kva.example"));
    CHECK(is_normal("jorg@x.example", "jorg@x.example")); /* and not the one with marks */
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        if (!is_none(none[i]))
            fprintf(stderr, "an address: %s\n", none[i]);
        CHECK(is_none(none[i]));
    }
    memset(big, 'a', sizeof(big));
    at = big + 64;
    memcpy(at, "@b.example", 11);
    CHECK(!is_none(big));
    memset(big, 'a', 65);
    memcpy(big + 65, "@b.example", 11);
    CHECK(is_none(big));
    CHECK(!is_none(international(20, 27)));
    CHECK(is_none(international(64, 27))); /* 288 bytes once the domain is written out */
    memset(big, 'a', sizeof(big) - 1);
    memcpy(big, "a@", 2);
    memcpy(big + sizeof(big) - 10, ".example", 9);
    CHECK(is_none(big));
}

/* Members */

static struct user amy, ben, cat, eve, boss, root;
static struct pair amy_in, root_in;

static const char *path_of(const struct user *u)
{
    char id[UUID_TEXT];

    return arena_printf(rig, "/api/admin/users/%s", uuid_text(&u->id, id));
}

static const char *whole(const char *method, const char *path, const char *token, const char *body,
                         unsigned want)
{
    struct call c = {method, path, token, body};
    const char *out;

    CHECK(ask(&c) == want);
    out = arena_strdup(rig, c.r.out.data);
    done(&c);
    return out;
}

static void members_are_an_admins_to_see(void)
{
    struct uuid ours = new_account();
    const char *absent, *list, *one;
    char id[UUID_TEXT];

    amy = person("amy@acme.example", "admin", ours);
    ben = person("ben@acme.example", "user", ours);
    cat = person("cat@acme.example", "viewer", ours);
    boss = person("boss@acme.example", "super_admin", ours);
    root = person("root3@leadgen.example", "super_admin", new_account());
    eve = person("eve@other.example", "admin", new_account());
    amy_in = sign_in("amy@acme.example", PASSWORD);
    root_in = sign_in("root3@leadgen.example", PASSWORD);

    list = whole("GET", "/api/admin/users", amy_in.access, NULL, 200);
    CHECK(strstr(list, "\"amy@acme.example\"") && strstr(list, "\"cat@acme.example\""));
    CHECK(!strstr(list, "boss@") && !strstr(list, "eve@") && !strstr(list, "$argon2"));
    list = whole("GET", "/api/admin/users", root_in.access, NULL, 200);
    CHECK(strstr(list, "boss@") && strstr(list, "eve@") && !strstr(list, "$argon2"));
    one = whole("GET", path_of(&ben), amy_in.access, NULL, 200);
    CHECK(strstr(one, "\"ben@acme.example\"") && !strstr(one, "argon2") && !strstr(one, "epoch"));

    absent = whole("GET", "/api/admin/users/019a0000-0000-7000-8000-000000000001", amy_in.access,
                   NULL, 404);
    CHECK_STR(whole("GET", path_of(&eve), amy_in.access, NULL, 404), absent);
    CHECK_STR(whole("GET", path_of(&boss), amy_in.access, NULL, 404), absent);
    CHECK_STR(whole("GET", "/api/admin/users/x", amy_in.access, NULL, 404), absent);
    CHECK_STR(whole("PATCH", path_of(&eve), amy_in.access, "{\"role\":\"viewer\"}", 404), absent);
    CHECK_STR(whole("PATCH", path_of(&boss), amy_in.access, "{\"role\":\"viewer\"}", 404), absent);
    CHECK(!strstr(absent, uuid_text(&eve.id, id)));
}

static void pages_of_members(void)
{
    const char *cursor, *next;
    struct call c = {"GET", "/api/admin/users", amy_in.access};
    int n = 0;

    CHECK(ask(&c) == 200);
    CHECK(cJSON_GetArraySize(cJSON_GetObjectItem(c.doc, "items")) == 3);
    done(&c);
    for (cursor = ""; cursor && n < 10; cursor = next, n++) {
        struct call page = {"GET", "/api/admin/users", amy_in.access,
                            .query = arena_printf(rig, "page_size=1&cursor=%s", cursor)};

        CHECK(ask(&page) == 200);
        CHECK(cJSON_GetArraySize(cJSON_GetObjectItem(page.doc, "items")) == 1);
        next = arena_strdup(rig, json_str(page.doc, "next_cursor"));
        done(&page);
    }
    CHECK(n == 3);
}

static void members_are_an_admins_to_make_and_change(void)
{
    const char *field;
    struct pair dan;

    CHECK(status_and("POST", "/api/admin/users", amy_in.access,
                     "{\"email\":\"dan@acme.example\",\"role\":\"user\",\"password\":\"" PASSWORD
                     "\"}",
                     "email", &field) == 201);
    CHECK_STR(field, "dan@acme.example");
    dan = sign_in("dan@acme.example", PASSWORD);
    CHECK(status_and("GET", "/api/me", dan.access, NULL, "account", &field) == 200);
    CHECK_STR(field, "an account");
    CHECK(status("POST", "/api/admin/users", dan.access,
                 "{\"email\":\"x@acme.example\",\"role\":\"user\",\"password\":\"" PASSWORD
                 "\"}") == 403);
    CHECK(status_and("POST", "/api/admin/users", amy_in.access,
                     "{\"email\":\"Dan@acme.example\",\"role\":\"user\",\"password\":\"" PASSWORD
                     "\"}",
                     "field", &field) == 409);
    CHECK_STR(field, "email");
    CHECK(status_and("POST", "/api/admin/users", amy_in.access,
                     "{\"email\":\"x@acme.example\",\"role\":\"super_admin\",\"password\":"
                     "\"" PASSWORD "\"}",
                     "field", &field) == 403);
    CHECK_STR(field, "role");
    CHECK(status("PATCH", path_of(&ben), amy_in.access, "{\"role\":\"super_admin\"}") == 403);
    CHECK(status("PATCH", path_of(&ben), amy_in.access, "{\"role\":\"king\"}") == 400);
    CHECK(status("PATCH", path_of(&ben), amy_in.access, "{\"epoch\":9}") == 400);
    CHECK(status("PATCH", path_of(&ben), amy_in.access, "{\"email\":\"b@c.example\"}") == 400);
    CHECK(status("PATCH", path_of(&ben), amy_in.access, "{}") == 400);
    CHECK_STR(user_now(&ben.id).role, "user");
    CHECK(status("PATCH", path_of(&ben), amy_in.access, "{\"role\":\"viewer\"}") == 200);
    CHECK_STR(user_now(&ben.id).role, "viewer");
    CHECK(user_now(&ben.id).epoch == 1);
    CHECK(status("PATCH", path_of(&eve), root_in.access, "{\"role\":\"super_admin\"}") == 200);
    CHECK(status("PATCH", path_of(&eve), root_in.access, "{\"role\":\"admin\"}") == 200);
}

/* boss is an admin of the account too, so he is put aside first. */
static void the_last_admin_stays(void)
{
    CHECK(status("PATCH", path_of(&boss), root_in.access, "{\"state\":\"disabled\"}") == 200);
    CHECK(status("PATCH", path_of(&amy), amy_in.access, "{\"role\":\"user\"}") == 409);
    CHECK(status("PATCH", path_of(&amy), amy_in.access, "{\"state\":\"disabled\"}") == 409);
    CHECK(status("PATCH", path_of(&amy), root_in.access, "{\"state\":\"disabled\"}") == 409);
    CHECK(status("GET", "/api/admin/users", amy_in.access, NULL) == 200);
    CHECK(status("PATCH", path_of(&ben), amy_in.access, "{\"role\":\"admin\"}") == 200);
    CHECK(status("PATCH", path_of(&amy), amy_in.access, "{\"role\":\"user\"}") == 200);
    CHECK(status("GET", "/api/admin/users", amy_in.access, NULL) == 401);
    CHECK(status("PATCH", path_of(&ben), root_in.access, "{\"role\":\"user\"}") == 409);
    CHECK(status("PATCH", path_of(&amy), root_in.access, "{\"role\":\"admin\"}") == 200);
}

/* Two admins, each taking the other's role at the same time: one is left. */
static void rivals(void)
{
    for (int round = 0; round < 5; round++) {
        struct pair one = sign_in("amy@acme.example", PASSWORD);
        struct pair two = sign_in("ben@acme.example", PASSWORD);
        struct twin twins[2] = {{"PATCH", path_of(&ben), one.access, "{\"role\":\"user\"}"},
                                {"PATCH", path_of(&amy), two.access, "{\"role\":\"user\"}"}};
        bool amy_stays, ben_stays;

        together(twins);
        amy_stays = strcmp(user_now(&amy.id).role, "admin") == 0;
        ben_stays = strcmp(user_now(&ben.id).role, "admin") == 0;
        CHECK(amy_stays != ben_stays);
        CHECK((twins[0].status == 200) == amy_stays && (twins[1].status == 200) == ben_stays);
        CHECK(status("PATCH", path_of(amy_stays ? &ben : &amy), root_in.access,
                     "{\"role\":\"admin\"}") == 200);
    }
}

static bool take_super(void *arg, const void *rec)
{
    struct user *u = arg;

    if (!uuid_equal(&((const struct user *)rec)->id, &root.id))
        *u = *(const struct user *)rec;
    return true;
}

static void the_last_super_admin_stays(void)
{
    static const char *const role = "super_admin";
    struct query q = {.type = &user_type, .where = {{"role", OP_EQ, &role}}};

    for (;;) {
        struct user other = {0};

        CHECK(store_find(srv.store, &q, rig, take_super, &other) == ERR_OK);
        if (uuid_is_zero(&other.id))
            break;
        CHECK(status("PATCH", path_of(&other), root_in.access, "{\"role\":\"user\"}") == 200);
    }
    CHECK(status("PATCH", path_of(&root), root_in.access, "{\"role\":\"admin\"}") == 409);
    CHECK(status("PATCH", path_of(&root), root_in.access, "{\"state\":\"disabled\"}") == 409);
    CHECK(status("GET", "/api/admin/users", root_in.access, NULL) == 200);
}

/* At rest */

static const char *wanted; /* nftw() takes no argument of ours */
static int found;

static bool holds(const char *data, size_t n, const char *text)
{
    size_t len = strlen(text);

    for (const char *p = data; (p = memchr(p, text[0], n - (size_t)(p - data))); p++)
        if (n - (size_t)(p - data) >= len && memcmp(p, text, len) == 0)
            return true;
    return false;
}

static int look(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    const char *data;
    struct arena *mem = arena_new();
    size_t n;

    (void)at;
    if (kind == FTW_F && S_ISREG(st->st_mode) && st->st_size) {
        CHECK(file_read(path, 64 << 20, mem, &data, &n) == ERR_OK);
        found += holds(data, n, wanted);
    }
    arena_free(mem);
    return 0;
}

static bool is_at_rest(const char *text)
{
    wanted = text;
    found = 0;
    CHECK(nftw(options.data, look, 8, FTW_PHYS) == 0);
    return found > 0;
}

static void no_secret_is_at_rest(void)
{
    struct pair in = sign_in("cat@acme.example", PASSWORD);

    in = refresh(in.refresh);
    reply_of("/api/auth/forgot-password", "{\"email\":\"cat@acme.example\"}", 202);
    CHECK(is_at_rest("$argon2id$")); /* the control: this one can be found */
    CHECK(is_at_rest("an account"));
    CHECK(!is_at_rest(PASSWORD) && !is_at_rest(OTHER_PASSWORD));
    CHECK(!is_at_rest("cat@acme.example") && !is_at_rest("root@leadgen.example"));
    CHECK(!is_at_rest(in.refresh) && !is_at_rest(in.refresh + 4));
    CHECK(!is_at_rest(in.access + 7) && !is_at_rest(strrchr(in.access, '.')));
    CHECK(!is_at_rest(bootstrap_token) && !is_at_rest(mailed("cat@acme.example", "reset")));
}

static const struct test tests[] = {
    {"users: starts", starts},
    {"users: the bootstrap token is used once", the_bootstrap_token_is_used_once},
    {"users: addresses", addresses},
    {"users: members are an admin's to see", members_are_an_admins_to_see},
    {"users: pages of members", pages_of_members},
    {"users: members are an admin's to make and change", members_are_an_admins_to_make_and_change},
    {"users: the last admin stays", the_last_admin_stays},
    {"users: rivals", rivals},
    {"users: the last super_admin stays", the_last_super_admin_stays},
    {"users: no secret is at rest", no_secret_is_at_rest},
    {"users: ends", ends},
};

TEST_MAIN(tests)
