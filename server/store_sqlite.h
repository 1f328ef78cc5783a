/*
 * Private to the SQLite driver: what its files share.  Only server/store_sqlite*.c include this.
 *
 *   store_sqlite.c         open, close, the driver's table
 *   store_sqlite_conn.c    one connection: settings, cached statements, errors
 *   store_sqlite_table.c   a type as a table: columns, SQL text, creation
 *   store_sqlite_row.c     a record to and from a row, sealing included
 *   store_sqlite_read.c    the pool of reading connections; get, find, scan, count
 *   store_sqlite_write.c   the one writing thread: queue, group commit, checkpoints
 *   store_sqlite_step.c    the steps of one plan
 *   store_sqlite_moment.c  which records were written since when
 *   store_sqlite_change.c  the change sequence
 *   store_sqlite_chain.c   the hash chain of a TYPE_CHAINED type
 *   store_sqlite_reseal.c  everything under the newest key of the ring
 *
 * Debian 12's SQLite 3.40.1 can corrupt a WAL database when two connections write or checkpoint at
 * the same moment (fixed in 3.51.3).  So exactly one connection on one thread does all of both; the
 * readers are opened read-only and never checkpoint, and DIR/lock keeps a second process out.
 */
#ifndef SERVER_STORE_SQLITE_H
#define SERVER_STORE_SQLITE_H

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "server/chain.h"
#include "server/store.h"

struct sqlite_store;

/* How long a foreign connection's lock (the sqlite3 shell) is waited for. */
enum { LITE_BUSY_MS = 5000 };

enum { MOMENTS = 1 << 16 };

enum { TABLES_MAX = 64, STATEMENT_BUCKETS = 128, STATEMENTS_MAX = 512 };

/* A type as a table. */
struct table {
    const struct type *type;
    uint64_t columns; /* the fields that have one */
    uint64_t sealed;
    const struct field *account; /* of the place that sealed values are bound to; may be NULL */
};

/* What a statement looks like, apart from its values: the key of the cache. Compared as bytes. */
enum shape_kind {
    SHAPE_NONE,
    SHAPE_GET,    /* SELECT fields WHERE id */
    SHAPE_FIND,   /* SELECT fields WHERE where.. ORDER BY id LIMIT */
    SHAPE_SCAN,   /* likewise, in an order of reading that can be taken up again at any id */
    SHAPE_COUNT,  /* SELECT count(*) WHERE where.. */
    SHAPE_INSERT, /* all columns */
    SHAPE_UPDATE, /* SET fields WHERE id, guard */
    SHAPE_DELETE, /* WHERE id, guard */
};

enum { OP_NULL = OP_GE + 1 }; /* beside enum cond_op: the value is null */

struct shape {
    const struct table *table;
    uint64_t fields;
    uint8_t kind;
    uint8_t guard; /* 1 + number of the field; 0: none */
    uint8_t after, newest;
    struct {
        uint8_t field, op;
    } where[CONDS_MAX]; /* field: 1 + number; 0 ends */
    uint8_t order;      /* 1 + number of the field that orders; 0: id */
    uint8_t unused[3];  /* no padding: shapes are compared and hashed as bytes */
};
_Static_assert(sizeof(struct shape) == 32, "struct shape has no padding");

struct statement {
    struct statement *next;
    struct shape shape;
    sqlite3_stmt *q;
    bool busy, cached;
};

/* Statements whose text is always the same. */
enum fixed {
    FIXED_BEGIN,
    FIXED_READ, /* begin to read; FIXED_COMMIT ends it */
    FIXED_COMMIT,
    FIXED_ROLLBACK,
    FIXED_SAVEPOINT,
    FIXED_RELEASE,
    FIXED_UNDO,
    FIXED_NOTE,
    FIXED_COUNT,
};

/* A connection; used by one thread at a time. */
struct conn {
    sqlite3 *db;
    const struct seal *seal;
    uint32_t blind_key; /* of the ring: what conditions look for; 0: the newest */
    struct statement *buckets[STATEMENT_BUCKETS];
    int n;
    sqlite3_stmt *fixed[FIXED_COUNT];
    uint8_t *scratch; /* bytes bound to the statement that runs */
    size_t scratch_size;
};

struct reader {
    struct conn conn;
    pthread_t owner;
    int depth; /* uses by its owner, nested; 0: free */
};

/* Work for the writing thread, on the stack of the thread that waits for it. */
struct pending {
    struct pending *next;
    struct series *series;
    struct plan *plan;                              /* or, in a transaction of its own: */
    int (*call)(struct sqlite_store *s, void *arg); /* gives a result code */
    void *arg;
    enum err err;
};

/* What was handed in together. */
struct series {
    bool failed; /* one of them, which those behind it share; the writing thread's own */
    sem_t done;  /* posted for each */
};

struct pending_list {
    struct pending *first, **last;
};

struct writer {
    pthread_t thread;
    bool started;
    struct conn conn;
    int most; /* plans per commit */

    pthread_mutex_t lock; /* guards the members of this paragraph */
    pthread_cond_t wake;
    struct pending_list people, bulk;
    bool asleep, stop, bulk_turn;

    /* the writing thread's own */
    int64_t people_us;        /* when people's last plan came */
    int64_t next_seq;         /* of the change sequence */
    struct chain_head head;   /* of the hash chain, with what is not committed yet */
    int wal_frames, wal_done; /* in the log, and of these already in the database */
    int wal_tried;            /* wal_frames at the last checkpoint */
    bool disk_full;           /* said so in the log */
    atomic_bool failed;       /* the disk refused: no commit any more */
};

struct sqlite_store {
    struct store base;
    const struct seal *seal;
    char *dir, *path;
    const char *vfs;
    int lock_fd;
    bool unsafe_sync;

    pthread_mutex_t pool_lock;
    pthread_cond_t pool_free;
    struct reader *readers;
    int n_readers;

    struct writer writer;

    pthread_mutex_t tables_lock; /* of adding; they never go */
    _Atomic(struct table *) tables[TABLES_MAX];
    atomic_int n_tables;

    atomic_int_fast64_t last_change, forgotten;
    pthread_mutex_t watch_lock;
    void (*watch)(void *);
    void *watch_arg;
    pthread_mutex_t head_lock;
    struct chain_head head; /* durable */

    atomic_int_fast64_t commits, plans, refused, waiting;

    atomic_int_fast64_t moment;
    atomic_int_fast64_t written[MOMENTS]; /* by id, hashed; INT64_MAX: it is being written */
};

/* Connections (rc: SQLite's result codes) */

enum err lite_conn_open(struct conn *c, const struct sqlite_store *s, bool writes);
void lite_conn_close(struct conn *c);
/* The statement of that shape, cached; give it back with lite_statement_done(). */
int lite_statement(struct conn *c, const struct shape *shape, struct statement **out);
void lite_statement_done(struct statement *st); /* NULL is fine */
/*
 * Look for the record of this id, which outlives the statement: SQLITE_ROW with its `fields` in the
 * columns of (*out)->q, SQLITE_DONE when there is none, or an error.  *out is to be given back with
 * lite_statement_done() whatever came.
 */
int lite_look_up(struct conn *c, const struct table *t, uint64_t fields, const struct uuid *id,
                 struct statement **out);
int lite_exec(struct conn *c, const char *sql);
int lite_fixed(struct conn *c, enum fixed which, sqlite3_stmt **out);
int lite_run_fixed(struct conn *c, enum fixed which);
/* Run a statement that gives no rows, and reset it; SQLITE_OK when it is done. */
int lite_run(sqlite3_stmt *q);
/* At least n bytes, until the next call; NULL: no memory. */
uint8_t *lite_scratch(struct conn *c, size_t n);
/* The error code of a result code; logs it with what was being done, unless it is an ordinary one.
 */
enum err lite_error(struct conn *c, int rc, const char *doing);
bool lite_is_fatal(struct conn *c, int rc);

/* Tables */

struct table *lite_table_new(const struct type *t);
const struct table *lite_table(struct sqlite_store *s, const struct type *t);
const struct field *lite_field(const struct table *t, const char *name);
/* Its text, to be freed with sqlite3_free(); NULL: no memory. */
char *lite_sql(const struct shape *shape);
int lite_table_create(struct conn *c, const struct table *t);
/* The fields a read of `fields` has to fetch: 0 is all; the id, and what unsealing needs, added. */
uint64_t lite_fields(const struct table *t, uint64_t fields);

/* Rows */

/* Bind the columns of `set` from `at` on; *at is behind them then. account: see struct table. */
int lite_bind_record(struct conn *c, sqlite3_stmt *q, int *at, const struct table *t, uint64_t set,
                     const void *rec, const struct uuid *account);
/* Bind a value that stands in a condition. */
int lite_bind_value(struct conn *c, sqlite3_stmt *q, int at, const struct table *t,
                    const struct field *f, const void *value);
bool lite_value_is_null(const struct field *f, const void *value);
/* Fill rec (zeroed) from the row; `set` as it was selected. */
enum err lite_read_record(struct conn *c, sqlite3_stmt *q, const struct table *t, uint64_t set,
                          struct arena *mem, void *rec);

/* Reading */

enum err lite_readers_open(struct sqlite_store *s, int n);
void lite_readers_close(struct sqlite_store *s);
struct reader *lite_reader_take(struct sqlite_store *s);
void lite_reader_give(struct sqlite_store *s, struct reader *r);
enum err lite_get(struct store *s, const struct type *t, const struct uuid *id, uint64_t fields,
                  struct arena *mem, void *rec);
enum err lite_get_many(struct store *s, const struct type *t, const struct uuid *ids, size_t n,
                       uint64_t fields, struct arena *mem, void *recs, bool *found);
enum err lite_find(struct store *s, const struct query *q, struct arena *mem, store_each *each,
                   void *arg);
enum err lite_scan(struct store *s, const struct query *q, store_each *each, void *arg);
enum err lite_count(struct store *s, const struct query *q, int64_t *out);

/* Writing */

enum err lite_writer_start(struct sqlite_store *s, int commit_most);
void lite_writer_stop(struct sqlite_store *s); /* after everything that was handed in */
enum err lite_commit(struct store *s, struct plan *plans, size_t n);
/* Call fn on the writing thread in a transaction of its own. */
enum err lite_call(struct sqlite_store *s, int (*fn)(struct sqlite_store *, void *), void *arg);
/*
 * The plan's steps inside the open transaction.  SQLITE_CONSTRAINT: refused at plan->failed;
 * SQLITE_ABORT: settle() refused, *err says how; any other: the transaction is broken.
 */
int lite_plan_run(struct sqlite_store *s, struct plan *plan, enum err *err);

/* See store_reseal() and store_left(). */
enum err lite_reseal(struct store *s, const struct type *t, const struct reseal_hook *hook,
                     struct uuid *after, size_t *n);
enum err lite_left(struct store *s, const struct type *t, unsigned kinds, uint32_t key,
                   int64_t *out);
/* Mark the database as this ring's, under its newest key. */
enum err lite_mark_ring(struct store *s);

/* Moments */

/*
 * On the writing thread, of all records that a plan writes: before it is run, and again when it is
 * settled what became of it.
 */
void lite_moment_open(struct sqlite_store *s, const struct plan *p);
void lite_moment_close(struct sqlite_store *s, const struct plan *p);
int64_t lite_moment(struct store *s);
bool lite_written_since(struct store *s, const struct uuid *id, int64_t moment);

/* Changes */

int lite_changes_create(struct sqlite_store *s);
int lite_change_note(struct writer *w, const struct type *t, const struct uuid *id);
enum err lite_changes(struct store *s, int64_t after, struct change *out, size_t most, size_t *n);
enum err lite_forget(struct store *s, int64_t upto);

/* The chain */

/* Read where the chain of this new table ends. */
int lite_chain_open(struct sqlite_store *s, const struct table *t);
/*
 * *copy (of at least the type's size) becomes the record as the next link, and *next the head when
 * it is inserted; its texts are rec's, the writer's head's, next's, and mac.
 */
void lite_chain_link(const struct writer *w, const struct table *t, const void *rec, void *copy,
                     struct chain_head *next, char mac[CHAIN_MAC_HEX]);
/* Make the writer's head the durable one. */
void lite_chain_publish(struct sqlite_store *s);
void lite_chain_head(struct store *s, struct chain_head *out);

#endif
