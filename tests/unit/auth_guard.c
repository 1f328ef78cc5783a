/* Guessing passwords: who is held back, who is not, and that nobody learns who exists. */
#include "tests/unit/auth.h"

#define MINUTE_MS INT64_C(60000)

static struct user ann;

static void people(void)
{
    struct uuid account = new_account();

    ann = person("ann@acme.example", "user", account);
    person("root@leadgen.example", "super_admin", account);
}

/* One attempt, without the work of a password. */
struct guess {
    struct request r;
    struct guard g;
    enum err err;
};

static struct guess guess_as(const char *who, uint8_t from, bool alone, bool excused)
{
    struct guess out = {.r = {.srv = &srv, .mem = rig, .address = {[10] = 0xff, 0xff, 127, 0, 0}}};

    out.r.address[15] = from;
    out.err = guard_enter(&out.r, "login", who, alone, excused, &out.g);
    return out;
}

static enum err guess(const char *who, uint8_t from)
{
    return guess_as(who, from, false, false).err;
}

static void right(const char *who, uint8_t from)
{
    struct guess one = guess_as(who, from, false, false);

    CHECK(one.err == ERR_OK);
    guard_leave(&one.r, &one.g, true);
}

static void one_address(void)
{
    struct guess last;

    for (int i = 0; i < 5; i++)
        CHECK(guess("one@x.example", 1) == ERR_OK);
    last = guess_as("one@x.example", 1, false, false);
    CHECK(last.err == ERR_RATE && last.r.retry_after > 890 && last.r.retry_after <= 900);
    CHECK(guess("one@x.example", 2) == ERR_OK);     /* from elsewhere */
    CHECK(guess("another@x.example", 1) == ERR_OK); /* as somebody else */
    wait_ms(15 * MINUTE_MS - 2000);
    CHECK(guess("one@x.example", 1) == ERR_RATE);
    wait_ms(2000);
    CHECK(guess("one@x.example", 1) == ERR_OK);
}

/* In no window of a quarter of an hour are there more. */
static void exact_in_every_window(void)
{
    for (int i = 0; i < 4; i++)
        CHECK(guess("two@x.example", 1) == ERR_OK);
    wait_ms(14 * MINUTE_MS);
    CHECK(guess("two@x.example", 1) == ERR_OK && guess("two@x.example", 1) == ERR_RATE);
    wait_ms(MINUTE_MS);
    for (int i = 0; i < 4; i++)
        CHECK(guess("two@x.example", 1) == ERR_OK);
    CHECK(guess("two@x.example", 1) == ERR_RATE);
}

/* From however many addresses; and the owner's own is not held back by it. */
static void strangers_lock_out_strangers(void)
{
    right("vic@x.example", 7);
    for (uint8_t from = 10; from < 20; from++)
        CHECK(guess("vic@x.example", from) == ERR_OK);
    CHECK(guess("vic@x.example", 20) == ERR_RATE && guess("vic@x.example", 10) == ERR_RATE);
    CHECK(guess_as("vic@x.example", 21, false, true).err == ERR_OK); /* with a code */
    for (int i = 0; i < 3; i++)
        right("vic@x.example", 7);
    for (int i = 0; i < 10; i++) /* a familiar address may fail more often, not for ever */
        CHECK(guess("vic@x.example", 7) == ERR_OK);
    CHECK(guess("vic@x.example", 7) == ERR_RATE);
}

static void a_hundred_in_a_row(void)
{
    int admitted = 0;

    for (int i = 0; i < 14; i++, wait_ms(15 * MINUTE_MS))
        for (uint8_t from = 10; from < 22; from++)
            admitted += guess("row@x.example", from) == ERR_OK;
    CHECK(admitted == 100);
    wait_ms(20 * HOUR_MS);
    CHECK(guess("row@x.example", 30) == ERR_RATE);
    wait_ms(4 * HOUR_MS); /* never for ever */
    CHECK(guess("row@x.example", 30) == ERR_OK && guess("row@x.example", 31) == ERR_RATE);
    wait_ms(24 * HOUR_MS);
    right("row@x.example", 32); /* and the row is over */
    for (uint8_t from = 40; from < 49; from++)
        CHECK(guess("row@x.example", from) == ERR_OK);
}

static void what_was_not_looked_at_does_not_count(void)
{
    for (int i = 0; i < 20; i++) {
        struct guess one = guess_as("busy@x.example", 1, false, false);

        CHECK(one.err == ERR_OK);
        guard_leave(&one.r, &one.g, false);
    }
}

/* At once: as many as one after the other. */
enum { CROWD = 16 };

static atomic_int admitted, refused;

static void *crowd(void *arg)
{
    struct guess one = {.r = {.srv = &srv, .mem = arena_new(), .address = {[15] = 9}}};

    (void)arg;
    pthread_barrier_wait(&twin_gate);
    one.err = guard_enter(&one.r, "login", "all@x.example", false, false, &one.g);
    admitted += one.err == ERR_OK;
    refused += one.err == ERR_RATE || one.err == ERR_BUSY;
    arena_free(one.r.mem);
    return NULL;
}

static void a_crowd(void)
{
    pthread_t threads[CROWD];

    pthread_barrier_init(&twin_gate, NULL, CROWD);
    for (int i = 0; i < CROWD; i++)
        CHECK(pthread_create(&threads[i], NULL, crowd, NULL) == 0);
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&twin_gate);
    CHECK(admitted == 5 && refused == CROWD - 5);
}

static void old_records_go(void)
{
    wait_ms(91 * 24 * HOUR_MS);
    for (int i = 0; i < 40; i++) {
        guess("sweeper@x.example", 1);
        wait_ms(MINUTE_MS * 5);
    }
    CHECK(count(&attempts_type, NULL, NULL) <= 4);
}

/* Through the route: what is known and what is not is refused alike, in the same order. */
static const char *series(const char *email)
{
    const char *out = "";
    const char *body =
        arena_printf(rig, "{\"email\":\"%s\",\"password\":\"a wrong password\"}", email);

    for (int i = 0; i < 7; i++)
        out = arena_printf(rig, "%s%u ", out, status("POST", "/api/auth/login", NULL, body));
    return out;
}

static void known_and_unknown_alike(void)
{
    const char *known = series("ann@acme.example");

    CHECK_STR(known, "401 401 401 401 401 429 429 ");
    CHECK_STR(series("nobody@acme.example"), known);
    CHECK_STR(series("no address"), known);
    CHECK(sign_in("ann@acme.example", PASSWORD).status == 429); /* not even the right one */
    {
        struct call c = {"POST", "/api/auth/login", NULL,
                         "{\"email\":\"ANN@acme.example\",\"password\":\"" PASSWORD "\"}",
                         .from = 99};

        CHECK(ask(&c) == 200);
        done(&c);
    }
    wait_ms(15 * MINUTE_MS);
    CHECK(sign_in("ann@acme.example", PASSWORD).status == 200);
}

static const struct test tests[] = {
    {"guard: starts", starts},
    {"guard: people", people},
    {"guard: one address", one_address},
    {"guard: exact in every window", exact_in_every_window},
    {"guard: strangers lock out strangers only", strangers_lock_out_strangers},
    {"guard: a hundred in a row", a_hundred_in_a_row},
    {"guard: what was not looked at does not count", what_was_not_looked_at_does_not_count},
    {"guard: a crowd", a_crowd},
    {"guard: old records go", old_records_go},
    {"guard: known and unknown alike", known_and_unknown_alike},
    {"guard: ends", ends},
};

TEST_MAIN(tests)
