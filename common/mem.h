/*
 * Memory: arenas, and allocation at start-up.
 *
 * An arena is a lifetime.  Everything taken from it dies in arena_free(), and whatever is not
 * memory (a lease, a file, a foreign object) is handed to it with arena_defer() the moment it
 * exists.
 *
 * Running out of memory inside an arena that has a guard jumps back to the guard, which frees the
 * arena and answers 503: the postgres way, so that the code between has no error path that nobody
 * ever runs.  The rule that makes it safe: never take from an arena while holding a lock, or while
 * owning something that no arena_defer() knows.  Without a guard the process ends with a message;
 * that is right at start-up and in the client.
 */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <setjmp.h>
#include <stddef.h>

#include "common/err.h"

/* End the process with a message when there is no memory: start-up and the client only. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);

struct arena;

struct arena *arena_new(void);
/* NULL when there is no memory. */
struct arena *arena_try_new(void);
void arena_free(struct arena *a); /* NULL is fine; runs the deferred calls, last one first */
/* As arena_free() and a new one, for what comes again and again: keeps memory for the next time. */
void arena_clear(struct arena *a);

/*
 * From here until arena_unguard() a failed allocation of `a` does longjmp(*env, 1).
 *     jmp_buf env;
 *     if (setjmp(env)) { arena_free(a); return ERR_NO_MEMORY; }
 *     arena_guard(a, &env);
 */
void arena_guard(struct arena *a, jmp_buf *env);
void arena_unguard(struct arena *a);

/* Zeroed, aligned for any type.  Never NULL. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_dup(struct arena *a, const void *data, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Call fn(arg) when the arena is freed, unless it is cancelled before. */
struct deferred;
struct deferred *arena_defer(struct arena *a, void (*fn)(void *), void *arg);
void arena_cancel(struct deferred *d);
/* Change what a registered call is given: register with NULL first, then make the thing, then this.
 */
void arena_defer_arg(struct deferred *d, void *arg);

#endif
