/* The index behind search.h: the current snapshot, changed by one thread at a time, read by all. */
#ifndef SERVER_SEARCH_INDEX_H
#define SERVER_SEARCH_INDEX_H

#include <pthread.h>

#include "server/search/search.h"
#include "server/search/snapshot.h"

struct search {
    struct search_options o;
    char *dir;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t moved; /* change or ready moved, or work is there */
    struct snapshot *now;
    int64_t change; /* searchable up to it */
    bool ready, stop, woken;
    int64_t built_ppm;
    pthread_mutex_t writing; /* one changes the index at a time */
    int64_t saved_change;    /* of the manifest; under `writing` */
    pthread_t thread;
    bool has_thread;
};

/* A counted reference to what is searchable now. */
struct snapshot *index_now(struct search *s);
void index_publish(struct search *s, struct snapshot *next, int64_t change);

/* Make `rows` (of any domains; an id once) the present versions and `gone` absent, and publish. */
void index_apply(struct search *s, const struct profile *rows, size_t n, const struct uuid *gone,
                 size_t n_gone, int64_t change);
/* Keep the number of segments small: merge neighbours in size, domain by domain. */
void index_merge(struct search *s);

/* Files (files.c) */
enum err index_load(struct search *s) MUST_CHECK;
enum err index_save(struct search *s) MUST_CHECK;

/* The thread that follows the store (follow.c). */
void *index_follow(void *arg);

#endif
