/* The router's policy, over the table of router_world.h. */
#include "tests/unit/router_world.h"

#define UNLIMITED RATE_UNLIMITED, RATE_UNLIMITED, RATE_UNLIMITED

static void finds_the_row(void)
{
    limits_are(UNLIMITED);
    CHECK(GET("/api/things/search", .who = "viewer") == ERR_OK);
    CHECK(GET("/api/things/" ID, .who = "viewer") == ERR_NOT_FOUND);
    CHECK_STR(last.route->path, "/api/things/:id");
    CHECK_STR(last.params[0], ID);
    CHECK(POST("/api/things/a/do/b", .who = "user", .body = JSON) == ERR_OK);
    CHECK_STR(last.params[0], "a");
    CHECK_STR(last.params[1], "b");
    /* The literal wins, but it has no POST: the :name answers. */
    CHECK(POST("/api/things/search", .who = "user", .body = JSON) == ERR_OK);
    CHECK_STR(last.route->path, "/api/things/:id");
}

static void what_is_not_there(void)
{
    static const char *const absent[] = {"",
                                         "/",
                                         "/api",
                                         "/api/",
                                         "/api/open/",
                                         "//api/open",
                                         "/api//open",
                                         "/api/./open",
                                         "/api/op",
                                         "/api/openly",
                                         "/api/OPEN",
                                         "/api/%6fpen",
                                         "/api/open%00",
                                         "/api/open;a",
                                         "/api/things//do/x",
                                         "/api/things",
                                         "/api/things/",
                                         "/api/things/a/do",
                                         "/api/things/a/do/b/c"};

    limits_are(UNLIMITED);
    for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
        CHECK(GET(absent[i], .who = "super_admin") == ERR_NOT_FOUND && !last.route);
    CHECK(CALL(.method = "DELETE", .path = "/api/things/x") == ERR_METHOD);
    CHECK(extra("Allow") && strcmp(extra("Allow"), "GET, POST") == 0);
    CHECK(CALL(.method = "get", .path = "/api/open") == ERR_METHOD);
    CHECK(CALL(.method = "HEAD", .path = "/api/open") == ERR_METHOD);
    CHECK(CALL(.method = "OPTIONS", .path = "/api/open") == ERR_METHOD);
}

static void roles(void)
{
    static const char *const order[] = {NULL, "viewer", "user", "admin", "super_admin"};
    static const struct {
        const char *method, *path;
        int least; /* index of order; 5: nobody */
        enum err refused;
    } want[] = {
        {"GET", "/api/open", 0, ERR_OK},
        {"GET", "/api/nobody", 5, ERR_NOT_FOUND},
        {"GET", "/api/things/search", 1, ERR_FORBIDDEN},
        {"POST", "/api/things/x", 2, ERR_FORBIDDEN},
        {"GET", "/api/hidden", 3, ERR_NOT_FOUND},
        {"GET", "/api/platform", 4, ERR_FORBIDDEN},
    };

    limits_are(UNLIMITED);
    options.super_admin_addresses = "127.0.0.0/8";
    for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
        for (int who = 0; who < 5; who++) {
            enum err got = begin(
                &(struct call){.method = want[i].method, .path = want[i].path, .who = order[who]});
            enum err refused = who == 0 && want[i].least < 5 ? ERR_UNAUTHORIZED : want[i].refused;

            CHECK(got == (who >= want[i].least ? ERR_OK : refused));
        }
        /* a public row answers whoever sends no good token, as nobody */
        CHECK(begin(&(struct call){
                  .method = want[i].method, .path = want[i].path, .who = "forged"}) ==
              (want[i].least ? ERR_UNAUTHORIZED : ERR_OK));
        CHECK(begin(&(struct call){
                  .method = want[i].method, .path = want[i].path, .who = "expired"}) ==
              (want[i].least ? ERR_TOKEN_EXPIRED : ERR_OK));
        CHECK((extra("WWW-Authenticate") != NULL) == (want[i].least != 0));
    }
}

static void super_admin_comes_from_listed_addresses(void)
{
    limits_are(UNLIMITED);
    options.super_admin_addresses = "10.1.0.0/16 2001:db8::/32";
    CHECK(GET("/api/platform", .who = "super_admin", .address = "10.1.2.3") == ERR_OK);
    CHECK(GET("/api/platform", .who = "super_admin", .address = "10.2.2.3") == ERR_FORBIDDEN);
    CHECK(GET("/api/platform", .who = "super_admin", .address = "2001:db8:1::1") == ERR_OK);
    CHECK(GET("/api/platform", .who = "super_admin", .address = "2001:db9::1") == ERR_FORBIDDEN);
    CHECK(GET("/api/open", .who = "super_admin", .address = "10.2.2.3") == ERR_OK);
    options.super_admin_addresses = "";
    CHECK(GET("/api/platform", .who = "super_admin") == ERR_FORBIDDEN);
}

static void nothing_before_the_bootstrap(void)
{
    limits_are(UNLIMITED);
    bootstrapped = false;
    CHECK(GET("/api/open", .who = NULL) == ERR_OK);
    CHECK(POST("/api/login", .body = JSON) == ERR_NOT_READY);
    CHECK(GET("/api/things/search", .who = "super_admin") == ERR_NOT_READY);
    CHECK(last.status == 503 && last.retry_after > 0);
    bootstrapped = true;
    atomic_store(&srv.stopping, true);
    CHECK(GET("/api/open", .who = NULL) == ERR_UNAVAILABLE);
    CHECK(last.status == 503 && last.retry_after > 0);
    atomic_store(&srv.stopping, false);
}

static void limits_of_addresses(void)
{
    limits_are(RATE_UNLIMITED, 3, 2);
    for (int i = 0; i < 3; i++)
        CHECK(GET("/api/open", .who = NULL) == ERR_OK && last.limit.remaining == 2 - i);
    CHECK(GET("/api/open", .who = NULL) == ERR_RATE);
    CHECK(last.status == 429 && last.retry_after >= 59 && last.limit.rate == RATE_ANONYMOUS);
    CHECK(GET("/api/things/search", .who = NULL) == ERR_RATE); /* any route without a token */
    CHECK(GET("/api/open", .address = "127.0.0.2") == ERR_OK);
    CHECK(GET("/api/open", .who = "user") == ERR_OK);
    /* sign-in by address, whoever says to be signed in */
    CHECK(POST("/api/login", .body = JSON) == ERR_OK);
    CHECK(POST("/api/login", .body = JSON, .who = "user") == ERR_OK);
    CHECK(POST("/api/login", .body = JSON, .who = "admin") == ERR_RATE);
    CHECK(last.limit.rate == RATE_LOGIN);
    /* tokens that do not verify are counted as anonymous */
    limits_are(RATE_UNLIMITED, 2, RATE_UNLIMITED);
    CHECK(GET("/api/things/search", .who = "forged") == ERR_UNAUTHORIZED);
    CHECK(GET("/api/open", .who = "expired") == ERR_OK && last.who.role == ROLE_PUBLIC);
    CHECK(GET("/api/open", .who = "forged") == ERR_RATE);
    /* nor does one that has expired use up what strangers have */
    CHECK(GET("/api/things/search", .who = "expired") == ERR_TOKEN_EXPIRED);
    CHECK(last.limit.rate == RATE_REFRESH);
    /* what was not even read is counted */
    limits_are(RATE_UNLIMITED, 1, RATE_UNLIMITED);
    CHECK(begin(&(const struct call){.path = "/api/open"}) == ERR_OK);
    route_stray(&last);
    CHECK(!last.limit.admitted && last.limit.rate == RATE_ANONYMOUS);
}

static void limits_of_networks(void)
{
    limits_are(RATE_UNLIMITED, 1, RATE_UNLIMITED);
    CHECK(GET("/api/open", .address = "2001:db8:0:1::1") == ERR_OK);
    CHECK(GET("/api/open", .address = "2001:db8:0:1:ffff::2") == ERR_RATE);
    CHECK(GET("/api/open", .address = "2001:db8:0:2::1") == ERR_OK);
    CHECK(GET("/api/open", .address = "::ffff:1.2.3.4") == ERR_OK);
    CHECK(GET("/api/open", .address = "1.2.3.5") == ERR_OK);
    CHECK(GET("/api/open", .address = "1.2.3.4") == ERR_RATE);
}

static void limits_of_principals(void)
{
    limits_are(2, RATE_UNLIMITED, RATE_UNLIMITED);
    CHECK(begin(&(struct call){.path = "/api/things/x", .who = "user"}) == ERR_OK);
    CHECK(begin(&(struct call){.path = "/api/things/y", .who = "user", .address = "9.9.9.9"}) ==
          ERR_OK);
    CHECK(begin(&(struct call){.path = "/api/things/x", .who = "user"}) == ERR_RATE);
    CHECK(begin(&(struct call){.path = "/api/things/x", .who = "admin"}) == ERR_OK);
    CHECK(begin(&(struct call){.path = "/api/things/search", .who = "user"}) == ERR_OK);
}

static void bodies(void)
{
    limits_are(UNLIMITED);
    CHECK(begin(&(struct call){.path = "/api/open", .length = 1}) == ERR_INVALID);
    CHECK(begin(&(struct call){.method = "POST", .path = "/api/login", .length = 65536}) == ERR_OK);
    CHECK(begin(&(struct call){.method = "POST", .path = "/api/login", .length = 65537}) ==
          ERR_TOO_LARGE);
    CHECK(begin(&(struct call){.method = "POST", .path = "/api/small", .length = 41}) ==
          ERR_TOO_LARGE);
    CHECK(POST("/api/login", .body = JSON, .type = "application/json; charset=utf-8") == ERR_OK);
    CHECK(POST("/api/login", .body = JSON, .type = "Application/JSON") == ERR_OK);
    CHECK(POST("/api/login", .body = JSON, .type = "application/json;charset=\"UTF-8\"") == ERR_OK);
    CHECK(POST("/api/login", .body = JSON, .type = "application/json; charset=latin1") ==
          ERR_MEDIA_TYPE);
    CHECK(POST("/api/login", .body = JSON, .type = "application/json; charset=utf-16") ==
          ERR_MEDIA_TYPE);
    CHECK(POST("/api/login", .body = JSON, .coding = "gzip") == ERR_MEDIA_TYPE);
    CHECK(last.status == 415);
    CHECK(POST("/api/login", .body = JSON, .coding = "identity") == ERR_OK);
    CHECK(POST("/api/login", .body = JSON, .type = "text/plain") == ERR_MEDIA_TYPE);
    CHECK(POST("/api/login", .body = JSON, .type = "application/jsonx") == ERR_MEDIA_TYPE);
    CHECK(POST("/api/login", .who = NULL) == ERR_INVALID); /* an empty body */
    CHECK(POST("/api/login", .body = "{") == ERR_INVALID);
    CHECK(POST("/api/login", .body = "[]") == ERR_INVALID);
    CHECK(POST("/api/login", .body = JSON "x") == ERR_INVALID);
    CHECK(POST("/api/login", .body = "{\"email\":\"a@b.example\"}") == ERR_INVALID);
    CHECK(says("\"field\":\"password\""));
    CHECK(POST("/api/login", .body = "{\"role\":\"admin\"}") == ERR_INVALID);
    CHECK(says("\"field\":\"role\""));
    CHECK(POST("/api/login", .body = JSON) == ERR_OK);
    CHECK(body_has(&last, "email") && !body_has(&last, "nonsense"));
    CHECK_STR(((struct login_request *)last.body)->email, "a@b.example");
}

static const struct search_query *search(const char *query, enum err want, const char *field)
{
    char member[80];

    CHECK(GET("/api/things/search", .who = "user", .query = query) == want);
    snprintf(member, sizeof(member), "\"field\":\"%s\"", field ? field : "");
    if (want && field && !says(member))
        fprintf(stderr, "%s: %s\n", query, last.out.data);
    CHECK(!want || !field || says(member));
    return last.query;
}

static void queries(void)
{
    const struct search_query *q;

    limits_are(UNLIMITED);
    q = search("q=a+b%20c%C3%A4&page_size=7&country=DE&country=FR&-country=US", ERR_OK, NULL);
    CHECK_STR(q->q, "a b c\xc3\xa4");
    CHECK(q->page_size == 7);
    CHECK(q->in[FACET_country].n == 2 && strcmp(q->in[FACET_country].v[1], "FR") == 0);
    CHECK(q->out[FACET_country].n == 1);
    CHECK(body_has(&last, "q") && !body_has(&last, "cursor"));
    q = search("q=a%26b%3dc&&", ERR_OK, NULL);
    CHECK_STR(q->q, "a&b=c");
    q = search("q", ERR_OK, NULL);
    CHECK_STR(q->q, "");
    search("q=a=b", ERR_OK, NULL);
    search("", ERR_OK, NULL);
    search("%71=x", ERR_OK, NULL);

    search("q=a&q=b", ERR_INVALID, "q");
    search("Q=a", ERR_INVALID, "Q");
    search("nonsense=1", ERR_INVALID, "nonsense");
    search("page_size=0", ERR_INVALID, "page_size");
    search("page_size=1001", ERR_INVALID, "page_size");
    search("page_size=", ERR_INVALID, "page_size");
    search("page_size=%201", ERR_INVALID, "page_size");
    search("page_size=1e3", ERR_INVALID, "page_size");
    search("sort=password", ERR_INVALID, "sort");
    search("q=%", ERR_INVALID, "q");
    search("q=%4", ERR_INVALID, "q");
    search("q=%zz", ERR_INVALID, "q");
    search("q=%00", ERR_INVALID, "q");
    search("q=a%00b", ERR_INVALID, "q");
    search("q=%ff", ERR_INVALID, "q");
    search("q=%c0%80", ERR_INVALID, "q");
    search("q=%ed%a0%80", ERR_INVALID, "q");
    search("%00=x", ERR_INVALID, NULL);
    search("=x", ERR_INVALID, NULL);
    CHECK(GET("/api/open", .query = "a=1") == ERR_INVALID);
    CHECK(GET("/api/open", .query = "") == ERR_OK);
}

#define DO "/api/things/" ID "/do/it"

static void one_key_one_effect(void)
{
    char first[256], longest[256], longer[257];

    limits_are(UNLIMITED);
    is_kept = false;
    handled = 0;
    CHECK(POST(DO, .who = "user", .body = JSON, .key = "k1") == ERR_OK);
    CHECK(handled == 1 && is_kept && !extra("Idempotency-Replayed"));
    snprintf(first, sizeof(first), "%s", last.out.data);
    CHECK(POST(DO, .who = "user", .body = JSON, .key = "k1") == ERR_OK);
    CHECK(handled == 1 && last.status == 200 && extra("Idempotency-Replayed"));
    CHECK_STR(last.out.data, first);

    CHECK(POST(DO, .who = "user", .body = JSON " ", .key = "k1") == ERR_KEY_REUSED);
    CHECK(last.status == 422 && handled == 1);
    CHECK(POST("/api/things/" OTHER_ID "/do/it", .who = "user", .body = JSON, .key = "k1") ==
          ERR_KEY_REUSED);
    CHECK(POST(DO, .who = "admin", .body = JSON, .key = "k1") == ERR_OK);
    CHECK(handled == 2); /* another principal's key is another key */
    CHECK(POST(DO, .who = "user", .body = JSON) == ERR_OK);
    CHECK(handled == 3);

    memset(longer, 'k', sizeof(longer) - 1);
    longer[256] = '\0';
    memcpy(longest, longer + 1, sizeof(longest));
    CHECK(POST(DO, .who = "user", .body = JSON, .key = longest) == ERR_OK);
    CHECK(POST(DO, .who = "user", .body = JSON, .key = longer) == ERR_INVALID);
    CHECK(POST(DO, .who = "user", .body = JSON, .key = "") == ERR_INVALID);
    CHECK(POST(DO, .who = "user", .body = JSON, .key = "k\xc3\xa4") == ERR_INVALID);
    CHECK(says("\"field\":\"Idempotency-Key\""));
}

static void the_slower_twin_is_shown_the_first_reply(void)
{
    limits_are(UNLIMITED);
    is_kept = false;
    handled = 0;
    twin_is_faster = true;
    CHECK(POST(DO, .who = "user", .body = JSON, .key = "twin") == ERR_OK);
    CHECK(handled == 1 && says("done once") && extra("Idempotency-Replayed"));
    is_kept = false;
    CHECK(POST(DO, .who = "user", .body = JSON) ==
          ERR_CHANGED); /* without a key, somebody else was faster */
    CHECK(last.status == 409 && !says("done once") && says("\"retryable\":true"));
    twin_is_faster = false;
}

static void problems_say_what_and_no_more(void)
{
    char absent[512];

    limits_are(UNLIMITED);
    CHECK(GET("/api/things/" ID, .who = "user") == ERR_NOT_FOUND);
    snprintf(absent, sizeof(absent), "%s", last.out.data);
    CHECK_STR(last.content_type, "application/problem+json");
    CHECK(says("\"status\":404") && says("\"code\":\"not_found\"") && says("\"retryable\":false"));
    CHECK(says("\"request_id\":\"" ID "\"") && says("\"field\":null"));
    CHECK(GET("/api/things/malformed", .who = "user") == ERR_NOT_FOUND);
    CHECK_STR(last.out.data, absent);
    CHECK(GET("/api/nowhere", .who = "user") == ERR_NOT_FOUND);
    CHECK_STR(last.out.data, absent);
    CHECK(GET("/api/hidden", .who = "user") == ERR_NOT_FOUND);
    CHECK_STR(last.out.data, absent);
}

static void cursors_are_of_one_listing_and_account(void)
{
    struct uuid id = {{1, 2, 3}}, got;
    char text[128];

    limits_are(UNLIMITED);
    CHECK(begin(&(struct call){.path = "/api/things/x", .who = "user"}) == ERR_OK);
    snprintf(text, sizeof(text), "%s", cursor_make(&last, "things", &id));
    CHECK(cursor_read(&last, "things", text, &got) == ERR_OK && uuid_equal(&got, &id));
    CHECK(cursor_read(&last, "things", "", &got) == ERR_OK && uuid_is_zero(&got));
    CHECK(cursor_read(&last, "things", NULL, &got) == ERR_OK && uuid_is_zero(&got));
    CHECK(cursor_read(&last, "others", text, &got) == ERR_INVALID);
    CHECK_STR(last.why.field, "cursor");
    for (size_t i = 0; text[i]; i++) {
        char old = text[i];

        text[i] = old == '0' ? '1' : '0';
        CHECK(cursor_read(&last, "things", text, &got) == ERR_INVALID);
        text[i] = '\0';
        CHECK(i == 0 || cursor_read(&last, "things", text, &got) == ERR_INVALID);
        text[i] = old;
    }
    CHECK(begin(&(struct call){.path = "/api/things/x", .who = "admin"}) == ERR_OK);
    CHECK(cursor_read(&last, "things", text, &got) == ERR_INVALID);
}

static char dir[] = "/tmp/router-XXXXXX";

static void starts(void)
{
    struct problem why;

    CHECK(mkdtemp(dir) != NULL);
    CHECK(seal_open(dir, &srv.seal, &why) == ERR_OK);
    srv.options = &options;
}

static void ends(void)
{
    char ring[64];

    end();
    limits_free(srv.limits);
    seal_close(srv.seal);
    snprintf(ring, sizeof(ring), "%s/ring", dir);
    CHECK(unlink(ring) == 0);
    CHECK(rmdir(dir) == 0);
}

static const struct test tests[] = {
    {"router: starts", starts},
    {"router: finds the row, a literal before a :name", finds_the_row},
    {"router: what is not there, and what has no such method", what_is_not_there},
    {"router: roles, and a row that names none", roles},
    {"router: super_admin from listed addresses", super_admin_comes_from_listed_addresses},
    {"router: nothing before the bootstrap, nor while stopping", nothing_before_the_bootstrap},
    {"router: limits of addresses", limits_of_addresses},
    {"router: limits of IPv6 networks", limits_of_networks},
    {"router: limits of principals", limits_of_principals},
    {"router: bodies", bodies},
    {"router: queries", queries},
    {"router: one key, one effect", one_key_one_effect},
    {"router: the slower twin is shown the first reply", the_slower_twin_is_shown_the_first_reply},
    {"router: problems say what and no more", problems_say_what_and_no_more},
    {"router: cursors are of one listing and account", cursors_are_of_one_listing_and_account},
    {"router: ends", ends},
};

TEST_MAIN(tests)
