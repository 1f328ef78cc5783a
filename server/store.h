/*
 * Where records live: the one interface to the store, narrow and generic.  It does not grow with
 * features.  A stored type's first field is `id` (KIND_ID), its primary key; all listings are in
 * order of id, which for version 7 UUIDs is the order of making.
 *
 * Any thread may call any function.  Every call may also return ERR_UNAVAILABLE (and has then
 * logged why) or ERR_DISK_FULL.  Records that are read live in the arena given; a read never waits
 * for the writer, nor the writer for it.
 */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include <stdatomic.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/type.h"

struct seal;

struct store {
    const struct store_driver *driver;
    atomic_int last; /* enum err of the last commit; store.c's */
};

struct store_options {
    const char *dir;         /* the data directory; it exists */
    const struct seal *seal; /* for FIELD_SEALED; outlives the store */
    int readers;             /* connections for reading; 0: 4 */
    /* For tests and benches; zero is what production runs. */
    int commit_most;  /* plans per commit; 0: as many as wait, 1: no grouping */
    bool unsafe_sync; /* synchronous=NORMAL: the control of the power-cut test */
    const char *vfs;  /* SQLite VFS to open with; NULL: the default */
};

/* Is there a database in this directory? */
bool store_is_there(const char *dir);
/* errors: ERR_CONFLICT when another process holds the directory's lock */
enum err store_open(const struct store_options *o, struct store **out,
                    struct problem *why) MUST_CHECK;
void store_close(struct store *s); /* waits for plans that were handed in; NULL is fine */

/* Create table, columns and indexes where they are missing; before the first use of each type. */
enum err store_ensure(struct store *s, const struct type *t) MUST_CHECK;

/* Reading */

/* errors: ERR_NOT_FOUND. fields: a set of type_bit()s to read, 0: all that have a column. */
enum err store_get(struct store *s, const struct type *t, const struct uuid *id, uint64_t fields,
                   struct arena *mem, void *rec) MUST_CHECK;

/*
 * As n store_get()s of one moment: recs is an array of them, found[i] tells whether ids[i] is
 * there.
 */
enum err store_get_many(struct store *s, const struct type *t, const struct uuid *ids, size_t n,
                        uint64_t fields, struct arena *mem, void *recs, bool *found) MUST_CHECK;

/*
 * Whether what was read still holds: it does if nothing was written to its id since the moment that
 * was taken before it was read.  Of an id that looks alike it may be said too.  Both are cheap.
 */
int64_t store_moment(struct store *s);
bool store_written_since(struct store *s, const struct uuid *id, int64_t moment);

enum cond_op { OP_EQ, OP_LT, OP_LE, OP_GT, OP_GE };

/*
 * field is FIELD_INDEX, FIELD_UNIQUE or, for OP_EQ, FIELD_LOOKUP.  *value has the field's C type.
 * Further conditions on unindexed fields are allowed after an indexed one.
 */
struct cond {
    const char *field;
    enum cond_op op;
    const void *value;
};

enum { CONDS_MAX = 4 };

struct query {
    const struct type *type;
    struct cond where[CONDS_MAX]; /* all of them hold; ends at a row without a field */
    struct uuid after;            /* only ids beyond this one in the order; zero: from the start */
    bool newest_first;
    int64_t limit; /* at most this many; 0: all */
    uint64_t fields;
    /*
     * NULL: in order of id.  Else in order of this FIELD_UNIQUE KIND_INT field, upwards, and only
     * those in which it is greater than `beyond`; `after` is not used.
     */
    const char *order;
    int64_t beyond;
};

/*
 * Called for each record in order of id; stop by returning false.  rec and its texts live in mem.
 * The callback must not call the store with a write, and is quick: it holds a reading connection.
 */
typedef bool store_each(void *arg, const void *rec);
enum err store_find(struct store *s, const struct query *q, struct arena *mem, store_each *each,
                    void *arg) MUST_CHECK;

/*
 * As store_find for a whole table of any size, in bounded memory: the arena is the callback's own,
 * emptied between records; rec dies when the callback returns.
 */
enum err store_scan(struct store *s, const struct query *q, store_each *each, void *arg) MUST_CHECK;

enum err store_count(struct store *s, const struct query *q, int64_t *out) MUST_CHECK;

/* Writing */

/* A counter (server/counts.h) that an ADD raises by what it takes, up to a ceiling. */
struct step_count {
    struct uuid of;
    int64_t most; /* INT64_MAX: no ceiling */
};

enum { STEP_COUNTS = 2 };

enum step_kind {
    STEP_ADD,    /* the one conditional number step: stands first, at most once in a plan */
    STEP_INSERT, /* refused when the id or a unique value is taken */
    STEP_UPDATE, /* refused when there is no such record, or the guard does not hold */
    STEP_DELETE, /* likewise; of a TYPE_CHAINED type only what is oldest goes */
};

struct step {
    enum step_kind kind;
    const struct type *type;
    const void *rec;   /* INSERT: the record.  UPDATE: its id and the new values of `fields` */
    uint64_t fields;   /* UPDATE: which fields are written */
    struct uuid id;    /* ADD, DELETE */
    const char *field; /* ADD: KIND_INT or KIND_CREDITS, to which */
    int64_t by, least; /* by is added when the sum is not less than least */
    int64_t *sum;      /* ADD: gets the new value before settle(); may be NULL */
    /*
     * ADD, in the same record and under the same condition: each of n_counts counters in this
     * KIND_BYTES field grows by -by, within this period, and none may pass its ceiling.
     */
    const char *counters;
    int64_t period;
    struct step_count counts[STEP_COUNTS];
    size_t n_counts;
    const char *guard; /* UPDATE, DELETE: this KIND_INT or KIND_TIME field equals guard_value */
    int64_t guard_value;
    /*
     * INSERT, UPDATE: the record has hashes under this key of the ring; refused when it is not the
     * newest any more, so that two of a kind cannot be made under two keys.  0: it has none.
     */
    uint32_t ring;
};

/*
 * All steps or none; durable when store_commit() returns ERR_OK.
 *
 * Shaped so that a store without multi-document transactions can carry it out too: at most one
 * conditional number step, first; then inserts conditional on uniqueness; every step repeatable.
 */
struct plan {
    const struct step *steps;
    size_t n;
    /*
     * Called once between the ADD step and the rest, on the store's writing thread, to complete the
     * records from its sum.  Quick; takes no lock, calls no store, allocates from no arena.  May be
     * NULL.  An error other than ERR_OK undoes the plan and is returned.
     */
    enum err (*settle)(void *arg);
    void *arg;
    bool bulk;     /* imports: people's plans go first */
    size_t failed; /* out: with ERR_CONFLICT, the step that was refused */
};

/* errors: ERR_CONFLICT and then plan->failed says which step; what settle returned */
enum err store_commit(struct store *s, struct plan *plan) MUST_CHECK;

enum { SERIES_MAX = 64 };

/*
 * Up to SERIES_MAX plans in order, each as by store_commit(), handed in at once so that they
 * may share what a commit costs; others may come between them.  Those behind one that fails are
 * not carried out.  Returns the first error.
 */
enum err store_commit_series(struct store *s, struct plan *plans, size_t n) MUST_CHECK;

/* How the plain hashes of a type that has a field `ring` are made anew, on the writing thread. */
struct reseal_hook {
    const struct type *type;
    uint64_t fields; /* what make() fills, `ring` among them */
    void (*make)(const struct seal *s, uint32_t key, void *rec, struct arena *mem);
};
/*
 * Make again, under the ring's newest key, what the next few records of t behind *after have under
 * older ones: sealed texts, blind indexes, hashes, the mac of a chain.  *after moves on, *n is how
 * many there were.  0: none is left behind *after.  hook: of this type; NULL: it has no `ring`.
 */
enum err store_reseal(struct store *s, const struct type *t, const struct reseal_hook *hook,
                      struct uuid *after, size_t *n) MUST_CHECK;

enum store_left_kind {
    LEFT_SEALED = 1,
    LEFT_BLIND = 2,
    LEFT_RING = 4,
    LEFT_MAC = 8,
    LEFT_ALL = 15,
};
/* How many records of t have something of these kinds under this key of the ring.  Reads all. */
enum err store_left(struct store *s, const struct type *t, unsigned kinds, uint32_t key,
                    int64_t *out) MUST_CHECK;
/* Mark the store as this ring's, under its newest key: it opens with a ring that has that key. */
enum err store_mark_ring(struct store *s) MUST_CHECK;

/* The change sequence: one number for each written record of a TYPE_CHANGES type, ever growing. */

struct change {
    int64_t seq;
    const struct type *type;
    struct uuid id; /* look it up: gone means deleted */
};

/* Those after `after`, in order, at most `most`; the count comes back through *n. */
enum err store_changes(struct store *s, int64_t after, struct change *out, size_t most,
                       size_t *n) MUST_CHECK;
/* The last committed number; 0: none ever.  Cheap. */
int64_t store_last_change(struct store *s);
/* Forget numbers up to and with this one. */
enum err store_forget_changes(struct store *s, int64_t upto) MUST_CHECK;
/* The oldest number still kept minus one: a reader that is behind it must start over. */
int64_t store_forgotten(struct store *s);
/*
 * Called on the writing thread after each commit that made changes, before its plans are answered;
 * quick, and calls no store.  One watcher; NULL: none.  The former one is not running any more when
 * this returns.
 */
void store_watch(struct store *s, void (*fn)(void *arg), void *arg);

/* The last link that is durable of the chain of the TYPE_CHAINED type; there is at most one. */
struct chain_head {
    struct uuid chain; /* made anew when there is no record */
    int64_t seq;       /* 0: no record yet */
    char hash[65];     /* hexadecimal; "": no record yet */
};
void store_chain_head(struct store *s, struct chain_head *out);

struct store_stats {
    int64_t commits, plans, refused; /* since start */
    int64_t waiting;                 /* plans handed in and not answered yet */
    int64_t bytes;                   /* on disk */
    bool stopped; /* the disk refused a write: no commit any more until a new start */
};
void store_stats(struct store *s, struct store_stats *out);
/* Had the last commit no room on the disk? */
bool store_is_full(struct store *s);

/* What a driver provides; only store*.c files look in here. */
struct store_driver {
    const char *name; /* "sqlite" */
    enum err (*open)(const struct store_options *, struct store **, struct problem *);
    bool (*is_there)(const char *dir);
    void (*close)(struct store *);
    enum err (*ensure)(struct store *, const struct type *);
    enum err (*get)(struct store *, const struct type *, const struct uuid *, uint64_t,
                    struct arena *, void *);
    enum err (*get_many)(struct store *, const struct type *, const struct uuid *, size_t, uint64_t,
                         struct arena *, void *, bool *);
    int64_t (*moment)(struct store *);
    bool (*written_since)(struct store *, const struct uuid *, int64_t);
    enum err (*find)(struct store *, const struct query *, struct arena *, store_each *, void *);
    enum err (*scan)(struct store *, const struct query *, store_each *, void *);
    enum err (*count)(struct store *, const struct query *, int64_t *);
    enum err (*commit)(struct store *, struct plan *, size_t n);
    enum err (*reseal)(struct store *, const struct type *, const struct reseal_hook *,
                       struct uuid *, size_t *);
    enum err (*left)(struct store *, const struct type *, unsigned, uint32_t, int64_t *);
    enum err (*mark_ring)(struct store *);
    enum err (*changes)(struct store *, int64_t, struct change *, size_t, size_t *);
    int64_t (*last_change)(struct store *);
    int64_t (*forgotten)(struct store *);
    enum err (*forget)(struct store *, int64_t);
    void (*watch)(struct store *, void (*)(void *), void *);
    void (*chain_head)(struct store *, struct chain_head *);
    void (*stats)(struct store *, struct store_stats *);
};

#endif
