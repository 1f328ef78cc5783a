/*
 * The index behind search.h.  Readers take the current snapshot.  Two threads change it: the
 * follower (follow.c) puts in what the store says, in small segments in memory; the keeper
 * (keeper.c) merges them into larger ones and writes files.  search_put() stands in for the
 * follower where there is no store.
 */
#ifndef SERVER_SEARCH_INDEX_H
#define SERVER_SEARCH_INDEX_H

#include <pthread.h>

#include "server/search/build.h"
#include "server/search/search.h"
#include "server/search/snapshot.h"

enum { COMMITTED = 512 };

struct search {
    struct search_options o;
    struct owned *owned;
    atomic_int_fast64_t committed[COMMITTED]; /* by account, hashed: the last change of its own */
    char *dir;
    pthread_mutex_t lock; /* held for moments; of everything down to `writing` */
    pthread_cond_t moved; /* any of it moved; on the monotonic clock */
    struct snapshot *now;
    int64_t change;    /* of the store, searchable up to it */
    int64_t version;   /* counts what was put in or taken out */
    int64_t built_ppm; /* of a rebuild */
    bool ready;        /* searches are answered, and files may be written */
    bool stop, woken;  /* woken: the store has news */
    bool damaged;      /* a file proved bad after it had been taken; all is to be built anew */
    bool work, busy;   /* something large is to be merged; the keeper is at it */
    bool saving;       /* the keeper is writing files, and removes others */
    int64_t saved_change, saved_version;
    pthread_mutex_t writing; /* one changes `now` at a time; held while a small batch goes in */
    const struct segment *claimed[PARTS_MAX]; /* those the keeper is merging; under `writing` */
    size_t n_claimed;
    pthread_t follower, keeper;
    bool has_follower, has_keeper;
};

/* A counted reference to what is searchable now. */
struct snapshot *index_now(struct search *s);
/* Under `writing`. change 0: as it was. Takes `next` over. */
void index_publish(struct search *s, struct snapshot *next, int64_t change);
bool index_should_stop(struct search *s);
/* Wait for `moved` at most so long, with `lock` held. */
void index_wait_ms(struct search *s, int64_t ms);

/*
 * Make `rows` (of any domains; an id once) the present versions and `gone` absent, and publish.
 * `change` is the number that this brings the index to; 0: as it was.
 */
void index_apply(struct search *s, const struct profile *rows, size_t n, const struct uuid *gone,
                 size_t n_gone, int64_t change);
/* The same for rows that are in no segment yet, when a rebuild puts them in. */
void index_fill(struct search *s, const struct profile *rows, size_t n);
/* A segment of rows that are in no other; takes it over. */
void index_add(struct search *s, struct segment *segment);
/* Start over with nothing. */
void index_clear(struct search *s);

/* What to merge next in a domain (tiers.c): places in the snapshot, the number of them; 0: nothing.
 */
struct tiers {
    size_t places[PARTS_MAX];
    size_t documents; /* living ones in them */
};
enum { SMALL_MERGE = 4096, LARGE_MERGE = 65536, MERGE_MOST = 6000000 /* documents */ };
/*
 * Of all but the claimed; with at most `most` documents together, and at most MERGE_MOST or a
 * quarter of all: a merge takes memory for each document.
 */
size_t tiers_choose(const struct search *s, const struct snapshot *now, const struct uuid *domain,
                    size_t most, struct tiers *out);
/* The domain has more segments than it should, because merging does not keep up. */
bool tiers_overflow(const struct snapshot *now, const struct uuid *domain);

/* Files (files.c). errors: ERR_NOT_FOUND, ERR_INVALID (cannot be trusted), ERR_UNAVAILABLE */
enum err index_load(struct search *s) MUST_CHECK;
/* What is searchable now, durably; then the store may forget its changes. */
enum err index_save(struct search *s) MUST_CHECK;

/*
 * Everything anew from the store (rebuild.c), by all processors; nobody may search meanwhile.
 * errors: the store's, those of writing a file, ERR_UNAVAILABLE when it should stop
 */
enum err index_rebuild(struct search *s) MUST_CHECK;
/* What is read of the store: a type and a set of its type_bit()s. */
const struct type *index_type(const struct search *s);
uint64_t index_fields(const struct search *s);

void *index_follow(void *arg);
void *index_keep(void *arg);

#endif
