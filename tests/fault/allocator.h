/*
 * An allocator that fails on demand, put before the real one by -Wl,--wrap (Makefile).  It counts
 * for each thread by itself, so that a store's own threads never fail.  For one source file of a
 * test.
 */
#ifndef TESTS_FAULT_ALLOCATOR_H
#define TESTS_FAULT_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

static _Thread_local long left;     /* allocations until one fails; 0: none will */
static _Thread_local bool for_good; /* and all after it */
static _Thread_local long made;     /* allocations asked for */
static _Thread_local long live;     /* and not freed again */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

static bool fails(void)
{
    made++;
    if (!left || --left)
        return false;
    left = for_good;
    return true;
}

void *__wrap_malloc(size_t n)
{
    void *p = fails() ? NULL : __real_malloc(n);

    live += p != NULL;
    return p;
}

void *__wrap_calloc(size_t n, size_t size)
{
    void *p = fails() ? NULL : __real_calloc(n, size);

    live += p != NULL;
    return p;
}

void *__wrap_realloc(void *old, size_t n)
{
    void *p = fails() ? NULL : __real_realloc(old, n);

    live += p && !old;
    return p;
}

void __wrap_free(void *p)
{
    live -= p != NULL;
    __real_free(p);
}

#endif
