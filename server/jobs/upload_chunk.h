/*
 * Between the pieces of an import: a chunk of rows that is handed to the store at once, in parts
 * that are a plan each.
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
    PART_LEAST = 32, /* rows read for one part, unless they go one by one */
    PART_MOST = 512,
    CHUNK_LEAST = 512, /* likewise for the first chunk */
    CHUNK_MOST = 4096,
    CHUNK_BYTES = 4 * 1024 * 1024,               /* of the file */
    ROWS_MOST = CHUNK_MOST + CSV_WARY_LINES + 1, /* a wary reader may make it wait to end */
    STEPS_MOST = 4 * CHUNK_MOST,
    SLOTS = 16 * CHUNK_MOST, /* a power of two, more than twice the keys of ROWS_MOST */
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

/* How much of a chunk there is; a part begins at one and ends at the next. */
struct extent {
    size_t read, rows, companies, steps;
};

struct chunk {
    struct arena *mem;
    struct extent n, closed;       /* closed: of this the parts are complete */
    struct step steps[STEPS_MOST]; /* of the open part the rejects alone */
    struct written rows[ROWS_MOST];
    struct written_company companies[ROWS_MOST];
    struct slot row_slots[SLOTS], company_slots[SLOTS];
    struct plan plans[SERIES_MAX]; /* a part each */
    struct job checkpoints[SERIES_MAX];
    size_t n_parts;
    int64_t begin; /* offset of the file */
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
    uint32_t ring;             /* key of the ring that identities are under */
    uint32_t older[SEAL_KEYS]; /* others under which some may be stored */
    size_t n_older;
    struct chunk *filling, *flying; /* flying: handed to the committing thread, or landed */
    struct known_company *known;
    struct upload_row row;    /* at hand */
    struct arena *row_mem;    /* what it takes to read and match it; dies with it */
    struct job_counts counts; /* with the chunk that is being filled */
    size_t part_rows;         /* to read for a part */
    size_t chunk_rows;        /* and for a chunk */
    size_t one_by_one;        /* so many rows still go each in a chunk of its own */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t moved;
    bool busy, stop;
    enum err err;
    /* the writing thread's, while it is busy */
    int64_t began_us, hold_us; /* of its own time; hold_us: for `held` plans */
    int64_t held;
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
/* The last record known by the key; SIZE_MAX: there is none. */
size_t chunk_newest(const struct slot *slots, const struct uuid *key);
/* Close the part at this offset of the file. */
void chunk_close_part(struct importer *im, int64_t offset);
/* Wait for the chunk before this one and hand this one in; all its parts are closed. */
enum err chunk_launch(struct importer *im) MUST_CHECK;
/* Wait for the one that is in flight. */
enum err chunk_wait(struct importer *im) MUST_CHECK;

/* upload_match.c */
const struct uuid *profile_key(const struct profile *p, enum key k);
/*
 * Who the row is: a record of the part that is open (*here), or another's copy in *found;
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

/* Copy what the chunk will write of this one into its own memory. */
void chunk_keep_row(struct chunk *c, struct written *w);

/* upload_company.c */
/* Find, make or update the row's company; sets row->p.company_id. */
enum err company_link(struct importer *im, struct upload_row *row) MUST_CHECK;

#endif
