/* Where the client keeps what it knows: addresses, pins, tokens, and who may read them. */
#include "tui/session.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/mem.h"
#include "tests/test.h"

static const char pin_a[] = "sha256//yPvcBj5ZC2w3rGTCp6+GMkKcmLMHy1IKplFq2fkXIy4=";
static const char pin_b[] = "sha256//aPvcBj5ZC2w3rGTCp6+GMkKcmLMHy1IKplFq2fkXIy4=";

static char home[64];

static struct session *open_session(const char *server)
{
    struct session *s = NULL;
    struct problem why;

    CHECK(session_open(server, &s, &why) == ERR_OK);
    return s;
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", home, name);
    return path;
}

static mode_t mode_of(const char *name)
{
    struct stat st = {0};

    CHECK(lstat(path_of(name), &st) == 0);
    return st.st_mode & 07777;
}

static void addresses_have_one_spelling(void)
{
    static const struct {
        const char *given, *want;
    } rows[] = {
        {"https://127.0.0.1:8001", "https://127.0.0.1:8001"},
        {"HTTPS://API.Example.COM/", "https://api.example.com:443"},
        {"https://[::1]:8001", "https://[::1]:8001"},
        {"http://127.0.0.1:8001", NULL},
        {"https://", NULL},
        {"https://:8001", NULL},
        {"https://host:0", NULL},
        {"https://host:65536", NULL},
        {"https://host:80x", NULL},
        {"https://host:", NULL},
        {"https://host/path", NULL},
        {"https://user@host", NULL},
        {"https://host?x", NULL},
        {"https://ho st", NULL},
        {"https://host\n:1", NULL},
        {"https://[::1", NULL},
        {"ftp://host", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct session *s = NULL;
        struct problem why = {0};
        enum err err = session_open(rows[i].given, &s, &why);

        CHECK(err == (rows[i].want ? ERR_OK : ERR_INVALID));
        if (!err)
            CHECK_STR(s->server, rows[i].want);
        else
            CHECK_STR(why.field, "server");
        session_close(s);
    }
}

static void the_address_comes_from_the_environment(void)
{
    struct session *s;

    setenv("LEADGEN_SERVER", "https://env.example:1234", 1);
    s = open_session(NULL);
    CHECK_STR(s->server, "https://env.example:1234");
    session_close(s);
    s = open_session("https://flag.example");
    CHECK_STR(s->server, "https://flag.example:443");
    session_close(s);
    unsetenv("LEADGEN_SERVER");
    s = open_session(NULL);
    CHECK_STR(s->server, "https://127.0.0.1:8001");
    session_close(s);
}

static void a_pin_is_kept_by_server(void)
{
    struct session *s = open_session("https://one.example");
    struct problem why;

    CHECK(!s->pin);
    CHECK(session_trust(s, "sha256//short", &why) == ERR_INVALID);
    CHECK(session_trust(s, pin_a, &why) == ERR_OK);
    session_close(s);
    s = open_session("https://two.example");
    CHECK(!s->pin);
    CHECK(session_trust(s, pin_b, &why) == ERR_OK);
    session_close(s);
    s = open_session("https://one.example");
    CHECK(s->pin && strcmp(s->pin, pin_a) == 0);
    CHECK(session_trust(s, pin_b, &why) == ERR_OK);
    session_close(s);
    s = open_session("https://one.example");
    CHECK(s->pin && strcmp(s->pin, pin_b) == 0);
    session_close(s);
    CHECK(mode_of("config/leadgen/known") == 0600);
}

static void a_damaged_pin_is_no_pin(void)
{
    static const char line[] = "damaged.example:443 sha256//!!!!\n";
    struct session *s;

    CHECK(file_write(path_of("config/leadgen/known"), line, sizeof(line) - 1, 0600) == ERR_OK);
    s = open_session("https://damaged.example");
    CHECK(!s->pin);
    session_close(s);
}

static void tokens_are_kept_in_a_private_file(void)
{
    struct session *s = open_session("https://one.example");
    struct problem why;
    int64_t now = clock_real_ms();

    CHECK(!s->access_token);
    CHECK(session_tokens(s, "access-1", "refresh-1", 600, &why) == ERR_OK);
    session_close(s);
    CHECK(mode_of("data/leadgen/token") == 0600);
    CHECK(mode_of("data/leadgen") == 0700);
    s = open_session("https://two.example");
    CHECK(!s->access_token);
    CHECK(session_tokens(s, "access-2", "refresh-2", 600, &why) == ERR_OK);
    session_close(s);
    s = open_session("https://one.example");
    CHECK(s->access_token && strcmp(s->access_token, "access-1") == 0);
    CHECK(s->refresh_token && strcmp(s->refresh_token, "refresh-1") == 0);
    CHECK(s->access_ends_ms >= now + 600000 && s->access_ends_ms < now + 660000);
    CHECK(session_tokens(s, NULL, NULL, 0, &why) == ERR_OK);
    CHECK(!s->access_token && !s->refresh_token);
    session_close(s);
    s = open_session("https://one.example");
    CHECK(!s->access_token);
    session_close(s);
    s = open_session("https://two.example");
    CHECK(s->refresh_token && strcmp(s->refresh_token, "refresh-2") == 0);
    session_close(s);
}

static void what_is_no_token_is_refused(void)
{
    struct session *s = open_session("https://three.example");
    struct problem why;

    CHECK(session_tokens(s, "a b", "r", 1, &why) == ERR_INVALID);
    CHECK(session_tokens(s, "a\r\nX-Evil: 1", "r", 1, &why) == ERR_INVALID);
    CHECK(session_tokens(s, "a", "", 1, &why) == ERR_INVALID);
    CHECK(session_tokens(s, "a", NULL, 1, &why) == ERR_INVALID);
    CHECK(!s->access_token);
    session_close(s);
}

static void an_open_token_file_is_refused(void)
{
    struct session *s = NULL;
    struct problem why = {0};

    CHECK(chmod(path_of("data/leadgen/token"), 0640) == 0);
    CHECK(session_open("https://two.example", &s, &why) == ERR_INVALID);
    CHECK_STR(why.field, "token");
    CHECK(strncmp(why.text, "chmod 600 ", 10) == 0);
    CHECK(chmod(path_of("data/leadgen/token"), 0600) == 0);
    s = open_session("https://two.example");
    session_close(s);
}

static void a_linked_token_file_is_refused(void)
{
    struct session *s = NULL;
    struct problem why = {0};
    char target[128];

    snprintf(target, sizeof(target), "%s", path_of("elsewhere"));
    CHECK(rename(path_of("data/leadgen/token"), target) == 0);
    CHECK(symlink(target, path_of("data/leadgen/token")) == 0);
    CHECK(session_open("https://two.example", &s, &why) == ERR_INVALID);
    CHECK_STR(why.field, "token");
    CHECK(unlink(path_of("data/leadgen/token")) == 0);
    CHECK(rename(target, path_of("data/leadgen/token")) == 0);
}

static void another_process_may_have_exchanged_them(void)
{
    struct session *a = open_session("https://two.example"), *b;
    struct problem why;

    CHECK(!session_reload(a));
    b = open_session("https://two.example");
    CHECK(session_tokens(b, "access-3", "refresh-3", 600, &why) == ERR_OK);
    CHECK(session_reload(a));
    CHECK_STR(a->refresh_token, "refresh-3");
    CHECK(!session_reload(a));
    session_close(a);
    session_close(b);
}

static void a_session_may_keep_nothing(void)
{
    struct session *s = open_session("https://passing.example");
    struct problem why;

    s->keep = false;
    CHECK(session_tokens(s, "access", "refresh", 600, &why) == ERR_OK);
    session_close(s);
    s = open_session("https://passing.example");
    CHECK(!s->access_token);
    session_close(s);
}

static void acting_is_in_no_file(void)
{
    struct session *s = open_session("https://acting.example"), *other;
    struct problem why;

    CHECK(session_act(s, "a", "b", 600, &why) == ERR_INVALID); /* nobody is signed in */
    CHECK(session_tokens(s, "own-1", "own-refresh-1", 600, &why) == ERR_OK);
    CHECK(session_act(s, "two words", "b", 600, &why) == ERR_INVALID && !session_is_acting(s));
    CHECK(session_act(s, "hers", "hers-refresh", 600, &why) == ERR_OK && session_is_acting(s));
    CHECK(session_act(s, "a", "b", 600, &why) == ERR_INVALID); /* one at a time */
    CHECK_STR(s->access_token, "hers");
    CHECK(session_tokens(s, "hers-2", "hers-refresh-2", 600, &why) == ERR_OK);
    CHECK(!session_reload(s));
    CHECK_STR(s->refresh_token, "hers-refresh-2");
    other = open_session("https://acting.example");
    CHECK_STR(other->refresh_token, "own-refresh-1");
    CHECK(session_tokens(other, "own-2", "own-refresh-2", 600, &why) == ERR_OK);
    session_act_end(s);
    CHECK_STR(s->refresh_token, "own-refresh-2");
    CHECK(session_act(s, "hers", "hers-refresh", 600, &why) == ERR_OK);
    CHECK(session_tokens(s, NULL, NULL, 0, &why) == ERR_OK); /* its time is over */
    CHECK(!session_is_acting(s) && session_reload(other) == false);
    CHECK_STR(s->refresh_token, "own-refresh-2");
    session_close(s);
    session_close(other);
}

static void paths_follow_the_xdg_rules(void)
{
    char want[128], *path;

    unsetenv("XDG_STATE_HOME");
    snprintf(want, sizeof(want), "%s/.local/state/leadgen/history", home);
    path = session_path("XDG_STATE_HOME", "history");
    CHECK(path && strcmp(path, want) == 0);
    free(path);
    setenv("XDG_STATE_HOME", "not/absolute", 1);
    path = session_path("XDG_STATE_HOME", "history");
    CHECK(path && strcmp(path, want) == 0);
    free(path);
    unsetenv("HOME");
    CHECK(!session_path("XDG_STATE_HOME", "history"));
    setenv("HOME", home, 1);
    CHECK(mode_of(".local/state/leadgen") == 0700);
}

static void make_home(void)
{
    snprintf(home, sizeof(home), "/tmp/session-XXXXXX");
    CHECK(mkdtemp(home) != NULL);
    setenv("HOME", home, 1);
    setenv("XDG_CONFIG_HOME", path_of("config"), 1);
    setenv("XDG_DATA_HOME", path_of("data"), 1);
    unsetenv("LEADGEN_SERVER");
}

static void remove_home(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", home);
    CHECK(system(command) == 0);
}

static const struct test tests[] = {
    {"a home of its own", make_home},
    {"addresses have one spelling", addresses_have_one_spelling},
    {"the address comes from the environment", the_address_comes_from_the_environment},
    {"a pin is kept by server", a_pin_is_kept_by_server},
    {"a damaged pin is no pin", a_damaged_pin_is_no_pin},
    {"tokens are kept in a private file", tokens_are_kept_in_a_private_file},
    {"what is no token is refused", what_is_no_token_is_refused},
    {"an open token file is refused", an_open_token_file_is_refused},
    {"a linked token file is refused", a_linked_token_file_is_refused},
    {"another process may have exchanged them", another_process_may_have_exchanged_them},
    {"a session may keep nothing", a_session_may_keep_nothing},
    {"who acts as somebody else keeps it in no file", acting_is_in_no_file},
    {"paths follow the XDG rules", paths_follow_the_xdg_rules},
    {"the home is gone", remove_home},
};

TEST_MAIN(tests)
