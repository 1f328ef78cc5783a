/* What is past its time goes, what is not stays; by a clock that is moved. */
#include "server/sweeper.h"

#include "tests/unit/moved_world.h"

enum { MANY = 700 }; /* more than go at once */

static void keep_reply(void)
{
    struct kept_reply kept = {.id = uuid_new(), .status = 200, .body = "{}", .at = clock_now()};

    insert(&kept_reply_type, &kept);
}

static int64_t count(const struct type *t)
{
    struct query q = {.type = t};
    int64_t n = -1;

    CHECK(store_count(w.srv.store, &q, &n) == ERR_OK);
    return n;
}

static int64_t sweep(void)
{
    int64_t n = -1;

    CHECK(sweeper_sweep(w.srv.store, &n) == ERR_OK);
    return n;
}

static void replies_live_a_day(void)
{
    for (int i = 0; i < MANY; i++)
        keep_reply();
    ahead_ms = 12 * HOUR_MS;
    keep_reply();
    CHECK(sweep() == 0 && count(&kept_reply_type) == MANY + 1);
    ahead_ms = 24 * HOUR_MS + 60000;
    CHECK(sweep() == MANY && count(&kept_reply_type) == 1);
    CHECK(sweep() == 0);
    ahead_ms = 36 * HOUR_MS + 60000;
    CHECK(sweep() == 1 && count(&kept_reply_type) == 0);
}

static void what_has_ended_goes(void)
{
    struct ticket t = {.id = {{1}}, .purpose = "reset", .ends = {clock_real_ms() + HOUR_MS}};
    struct device d = {.id = {{2}}, .user_code = {{2}}, .ends = {clock_real_ms() + HOUR_MS}};
    struct attempts a = {.id = {{3}}, .ends = {clock_real_ms() + 90 * 24 * HOUR_MS}};

    insert(&ticket_type, &t);
    insert(&device_type, &d);
    insert(&attempts_type, &a);
    CHECK(sweep() == 0);
    ahead_ms = 26 * HOUR_MS;
    CHECK(sweep() == 2 && count(&attempts_type) == 1);
    ahead_ms = 92 * 24 * HOUR_MS;
    CHECK(sweep() == 1 && count(&attempts_type) == 0);
}

static void the_thread_sweeps(void)
{
    struct sweeper *thread = NULL;

    keep_reply();
    ahead_ms = 25 * HOUR_MS;
    keep_reply();
    CHECK(sweeper_start(w.srv.store, &thread) == ERR_OK);
    while (count(&kept_reply_type) > 1)
        usleep(1000);
    sweeper_stop(thread);
    CHECK(count(&kept_reply_type) == 1);
    CHECK(sweeper_start(w.srv.store, &thread) == ERR_OK);
    sweeper_stop(thread); /* at once */
}

static const struct test tests[] = {
    {"replies live a day", replies_live_a_day},
    {"what has ended goes", what_has_ended_goes},
    {"the thread sweeps", the_thread_sweeps},
};

int main(void)
{
    return moved_world_main("sweeper", tests, sizeof(tests) / sizeof(*tests), 0);
}
