#include "common/mem.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>

#include "tests/random.h"
#include "tests/test.h"

/* A sanitizer ends the process on an absurd size, unless told to return NULL as malloc does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void memory_is_zeroed_aligned_and_apart(void)
{
    struct random r = random_start("mem");
    enum { PIECES = 3000 };
    static struct {
        unsigned char *p;
        size_t n;
    } pieces[PIECES];
    struct arena *a = arena_new();

    for (size_t i = 0; i < PIECES; i++) {
        size_t n = random_below(&r, i % 100 ? 200 : 400000);

        pieces[i].p = arena_alloc(a, n);
        pieces[i].n = n;
        CHECK(pieces[i].p && (uintptr_t)pieces[i].p % _Alignof(max_align_t) == 0);
        for (size_t k = 0; k < n; k++)
            if (pieces[i].p[k])
                CHECK(!"zeroed");
        memset(pieces[i].p, (int)(i % 255) + 1, n);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < pieces[i].n; k++)
            if (pieces[i].p[k] != i % 255 + 1)
                CHECK(!"apart");
    arena_free(a);
}

static void texts_are_copied(void)
{
    struct arena *a = arena_new();
    char text[] = "Zoë", *copy = arena_strdup(a, text);

    text[0] = 'X';
    CHECK_STR(copy, "Zoë");
    CHECK(arena_strdup(a, NULL) == NULL);
    CHECK_STR(arena_strndup(a, "abcdef", 3), "abc");
    CHECK_STR(arena_strndup(a, "", 0), "");
    CHECK_STR(arena_printf(a, "%s-%d", "a", 7), "a-7");
    CHECK(strlen(arena_printf(a, "%0100000d", 1)) == 100000);
    CHECK(memcmp(arena_dup(a, "a\0b", 3), "a\0b", 3) == 0);
    CHECK(arena_dup(a, NULL, 0) != NULL);
    arena_free(a);
}

static char order[16], marks[] = "abcd";

static void note(void *arg)
{
    size_t n = strlen(order);

    order[n] = arg ? *(const char *)arg : '0';
    order[n + 1] = '\0';
}

static void what_is_deferred_runs_backwards(void)
{
    struct arena *a = arena_new();
    struct deferred *d;

    order[0] = '\0';
    arena_free(NULL);
    arena_defer(a, note, marks + 0);
    d = arena_defer(a, note, marks + 1);
    arena_defer(a, note, marks + 2);
    arena_cancel(d);
    d = arena_defer(a, note, NULL);
    arena_defer_arg(d, marks + 3);
    arena_defer(a, note, NULL);
    CHECK_STR(order, "");
    arena_free(a);
    CHECK_STR(order, "0dca");
}

static void add_one(void *arg)
{
    ++*(int *)arg;
}

static void a_cleared_one_is_as_new(void)
{
    struct arena *a = arena_new();
    int ended = 0;

    arena_clear(a);
    for (size_t round = 0; round < 50; round++) {
        arena_defer(a, add_one, &ended);
        for (size_t n = 1; n < 600000; n *= round % 2 ? 7 : 19) {
            unsigned char *p = arena_alloc(a, n);

            for (size_t k = 0; k < n; k++)
                if (p[k])
                    CHECK(!"zeroed");
            memset(p, 0xff, n);
        }
        arena_clear(a);
        CHECK(ended == (int)round + 1);
    }
    arena_free(a);
    CHECK(ended == 50);
}

/* A call that frees what a later one still needs would be the wrong order: here it would crash. */
static void dependents_end_before_what_they_need(void)
{
    struct arena *a = arena_new();

    for (int i = 0; i < 1000; i++) {
        char *p = xcalloc(1, 64);

        arena_defer(a, free, p);
        arena_alloc(a, 1000);
    }
    arena_free(a);
}

/* More than there is, and sizes whose rounding would run over. */
static const size_t too_much[] = {SIZE_MAX,
                                  SIZE_MAX - 1,
                                  SIZE_MAX - 15,
                                  SIZE_MAX / 2,
                                  (size_t)PTRDIFF_MAX - 1,
                                  (size_t)PTRDIFF_MAX / 2};

static bool jumps(size_t size)
{
    struct arena *a = arena_new();
    jmp_buf env;

    if (setjmp(env)) {
        arena_free(a);
        return true;
    }
    arena_guard(a, &env);
    arena_defer(a, note, marks);
    arena_alloc(a, 10);
    arena_alloc(a, size);
    return false;
}

static void want_of_memory_jumps_to_the_guard(void)
{
    for (size_t i = 0; i < sizeof(too_much) / sizeof(*too_much); i++) {
        order[0] = '\0';
        CHECK(jumps(too_much[i]));
        CHECK_STR(order, "a"); /* what was deferred has run, once */
    }
}

/* Without a guard, or with one that was taken back, the process ends with a message. */
static bool dies(bool guarded_before)
{
    pid_t child;
    int status;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        struct arena *a = arena_new();
        jmp_buf env;

        fclose(stderr);
        if (setjmp(env))
            _exit(7);
        if (guarded_before) {
            arena_guard(a, &env);
            arena_unguard(a);
        }
        arena_alloc(a, SIZE_MAX);
        _exit(8);
    }
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

static void without_a_guard_the_process_ends(void)
{
    CHECK(dies(false));
    CHECK(dies(true));
}

static const struct test tests[] = {
    {"mem: memory is zeroed, aligned and apart", memory_is_zeroed_aligned_and_apart},
    {"mem: texts are copied", texts_are_copied},
    {"mem: what is deferred runs backwards", what_is_deferred_runs_backwards},
    {"mem: a cleared one is as new", a_cleared_one_is_as_new},
    {"mem: dependents end before what they need", dependents_end_before_what_they_need},
    {"mem: want of memory jumps to the guard", want_of_memory_jumps_to_the_guard},
    {"mem: without a guard the process ends", without_a_guard_the_process_ends},
};

TEST_MAIN(tests)
