/* Tests of a world each (tests/upload.h), by a clock that they move. */
#ifndef TESTS_UNIT_MOVED_WORLD_H
#define TESTS_UNIT_MOVED_WORLD_H

#include "tests/test.h"
#include "tests/upload.h"

#define HOUR_MS INT64_C(3600000)

static struct world w;
static int64_t ahead_ms; /* of the time of day; what is waited for is not moved */

static inline int64_t moved_real_ms(void)
{
    return clock_system.real_ms() + ahead_ms;
}

static inline int64_t moved_mono_us(void)
{
    return clock_system.mono_us();
}

static inline void insert(const struct type *t, const void *rec)
{
    struct step step = {.kind = STEP_INSERT, .type = t, .rec = rec};
    struct plan plan = {.steps = &step, .n = 1};

    CHECK(store_commit(w.srv.store, &plan) == ERR_OK);
}

static inline int moved_world_main(const char *name, const struct test *tests, size_t n,
                                   int workers)
{
    static const struct clock moved = {moved_real_ms, moved_mono_us};

    log_level(LOG_ERROR);
    clock_use(&moved);
    for (size_t i = 0; i < n; i++) {
        int before = failed_checks;

        ahead_ms = 0;
        world_open(&w, world_in_memory(), workers, WORLD_NO_SEARCH);
        tests[i].run();
        world_close(&w);
        printf("%s %s: %s\n", before == failed_checks ? "ok  " : "FAIL", name, tests[i].name);
        fflush(stdout);
    }
    return failed_checks != 0;
}

#endif
