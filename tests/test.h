/*
 * The whole test harness.  A test is a void function in a table; a failed
 * CHECK says where, and the program's exit status says how it went.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdio.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
};

#include <stdatomic.h>

static atomic_int failed_checks;

#define CHECK(cond)                                                           \
    do {                                                                      \
        if (!(cond)) {                                                        \
            fprintf(stderr, "%s:%d: CHECK(%s)\n", __FILE__, __LINE__, #cond); \
            failed_checks++;                                                  \
        }                                                                     \
    } while (0)

#define CHECK_STR(got, want) CHECK(strcmp((got), (want)) == 0)

#define TEST_MAIN(tests)                                                                   \
    int main(void)                                                                         \
    {                                                                                      \
        for (size_t i = 0; i < sizeof(tests) / sizeof(*(tests)); i++) {                    \
            int before = failed_checks;                                                    \
                                                                                           \
            (tests)[i].run();                                                              \
            printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", (tests)[i].name); \
            fflush(stdout);                                                                \
        }                                                                                  \
        return failed_checks != 0;                                                         \
    }

#endif
