/*
 * Between the pieces of an import: a chunk of rows that is committed as one plan.
 *
 * upload_chunk.c builds and commits chunks, upload_match.c says who a row is and merges it,
 * upload_company.c does the same for its company, upload_import.c takes row by row.
 */
#ifndef SERVER_JOBS_UPLOAD_CHUNK_H
#define SERVER_JOBS_UPLOAD_CHUNK_H

#include <pthread.h>
#include <time.h>

#include "server/jobs/upload.h"
#include "server/store.h"

enum {
    ROWS_LEAST = 64, /* read for one chunk, unless rows go one by one */
    ROWS_MOST = 1024,
    CHUNK_ROWS = ROWS_MOST + CSV_WARY_LINES + 1, /* a wary reader may make it wait to end */
    STEPS_MOST = 8192,
    SLOTS = 16384, /* a power of two, more than twice the keys of CHUNK_ROWS */
    KNOWN_COMPANIES = 1 << 15,
};

/* What makes two profiles the same person, the surest first; and the id. */
enum key { KEY_EMAIL, KEY_URL, KEY_NAME, KEY_ID, KEYS };

/* Records that the chunk writes: new ones, or the fields that changed. */
struct written {
    struct profile p;
    uint64_t changed;
    bool insert;
};

struct written_company {
    struct company c;
    uint64_t changed;
    bool insert;
};

struct slot {
    struct uuid key;
    uint32_t at; /* 1 + number of the record; 0: free */
};

struct chunk {
    struct arena *mem;
    struct step steps[STEPS_MOST]; /* rejects, until it is closed; then all */
    size_t n_steps, n_read;
    struct written rows[CHUNK_ROWS];
    struct written_company companies[CHUNK_ROWS];
    size_t n_rows, n_companies;
    struct slot row_slots[SLOTS], company_slots[SLOTS];
    struct job checkpoint;
};

/* What was last seen of a company; direct-mapped by its key. */
struct known_company {
    struct uuid key, id;
    uint64_t facts; /* hash of what its last row said */
};

struct importer {
    struct server *srv;
    struct job *job;
    const struct upload_file *file;
    struct chunk *filling, *flying; /* flying: handed to the committing thread, or landed */
    struct known_company *known;
    struct upload_row row;    /* at hand */
    struct job_counts counts; /* with the chunk that is being filled */
    size_t limit;             /* rows to read for a chunk */
    size_t one_by_one;        /* so many rows still go each in a chunk of its own */
    int64_t plans;            /* of everybody, when the last chunk was launched */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t moved;
    bool busy, stop;
    enum err err;
    int64_t hold_us; /* what the last chunk took of the writing thread's time */
    clockid_t writer;
    int64_t began_us;
};

/* upload_chunk.c */
struct chunk *chunk_new(void); /* NULL: no memory */
void chunk_free(struct chunk *c);
/* Remember a record by this key; a zero key is none. */
void chunk_know(struct slot *slots, const struct uuid *key, size_t at);
void chunk_know_row(struct chunk *c, size_t at);
/* Calls fn for each record known by the key, in no order. */
void chunk_each(const struct slot *slots, const struct uuid *key, void (*fn)(void *, size_t),
                void *arg);
/* Close the chunk at this offset of the file, wait for the one before it, hand it in. */
enum err chunk_launch(struct importer *im, int64_t offset) MUST_CHECK;
/* Wait for the one that is in flight. */
enum err chunk_wait(struct importer *im) MUST_CHECK;

/* upload_match.c */
const struct uuid *profile_key(const struct profile *p, enum key k);
/*
 * Who the row is: a record of the chunk that is being filled (*here), or another's copy in *found;
 * neither: somebody new.
 */
enum err match_profile(struct importer *im, const struct profile *p, struct written **here,
                       struct profile *found) MUST_CHECK;
/* Fields of p that have a value, of those an import may write. */
uint64_t profile_given(const struct profile *p);
/* The later value wins where the row gives one; returns the fields that changed. */
uint64_t merge_profile(struct profile *old, const struct upload_row *row);
/* Move the values of `type`'s record that are not empty; returns the fields that changed. */
uint64_t merge_record(const struct type *type, void *old, const void *new, uint64_t fields);

/* upload_company.c */
/* Find, make or update the row's company; sets row->p.company_id. */
enum err company_link(struct importer *im, struct upload_row *row) MUST_CHECK;

#endif
