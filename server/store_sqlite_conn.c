/* One connection: its settings, its cached statements, and what SQLite's result codes mean. */
#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "server/store_sqlite.h"

/* Bytes.  The writer's holds the upper levels of every index of a store of millions of rows. */
enum { WRITER_CACHE_KIB = 64 * 1024, READER_CACHE_KIB = 4 * 1024, WAL_KEPT = 64 * 1024 * 1024 };

static const char *const fixed_sql[FIXED_COUNT] = {
    [FIXED_BEGIN] = "BEGIN IMMEDIATE",
    [FIXED_READ] = "BEGIN",
    [FIXED_COMMIT] = "COMMIT",
    [FIXED_ROLLBACK] = "ROLLBACK",
    [FIXED_SAVEPOINT] = "SAVEPOINT plan",
    [FIXED_RELEASE] = "RELEASE plan",
    [FIXED_UNDO] = "ROLLBACK TO plan",
    [FIXED_NOTE] = "INSERT INTO change (seq, type, id) VALUES (?, ?, ?)",
};

int lite_exec(struct conn *c, const char *sql)
{
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL);
}

int lite_run(sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);
    int after = sqlite3_reset(q);

    return rc == SQLITE_DONE || rc == SQLITE_ROW ? after : rc;
}

uint8_t *lite_scratch(struct conn *c, size_t n)
{
    uint8_t *p;

    if (n <= c->scratch_size)
        return c->scratch;
    p = realloc(c->scratch, n + n / 2);
    if (!p)
        return NULL;
    c->scratch = p;
    c->scratch_size = n + n / 2;
    return p;
}

static bool out_of_space(struct conn *c, int rc)
{
    int no = sqlite3_system_errno(c->db);

    if ((rc & 0xff) == SQLITE_FULL)
        return true;
    return (rc & 0xff) == SQLITE_IOERR && rc != SQLITE_IOERR_FSYNC &&
           (no == ENOSPC || no == EDQUOT);
}

/*
 * After a failed write or fsync nobody knows what reached the disk, and the kernel has marked the
 * pages clean: trying again would succeed and lie (PostgreSQL's fsync lesson, 2018).
 */
bool lite_is_fatal(struct conn *c, int rc)
{
    if (out_of_space(c, rc) || rc == SQLITE_IOERR_NOMEM)
        return false;
    switch (rc & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return true;
    default:
        return false;
    }
}

enum err lite_error(struct conn *c, int rc, const char *doing)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
        return ERR_OK;
    if (out_of_space(c, rc))
        return ERR_DISK_FULL;
    if (rc == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return ERR_NO_MEMORY;
    log_event(LOG_ERROR, "store.failed", LOG_STR("doing", doing), LOG_INT("code", rc),
              LOG_STR("means", sqlite3_errstr(rc)),
              LOG_INT("errno", c->db ? sqlite3_system_errno(c->db) : 0));
    return ERR_UNAVAILABLE;
}

/* SQLite's memory statistics take a global lock on every allocation; nobody reads them. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int settings(struct conn *c, bool writes, bool unsafe_sync)
{
    const char *role = writes ? "PRAGMA journal_mode=WAL;"
                                "PRAGMA secure_delete=ON;"
                              : "PRAGMA query_only=ON;";
    char *sql = sqlite3_mprintf(
        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;"
        "PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-%d; %s"
        "PRAGMA synchronous=%s; PRAGMA journal_size_limit=%d;",
        writes ? WRITER_CACHE_KIB : READER_CACHE_KIB, role, unsafe_sync ? "NORMAL" : "FULL",
        WAL_KEPT);
    int rc;

    if (!sql)
        return SQLITE_NOMEM;
    sqlite3_busy_timeout(c->db, LITE_BUSY_MS);
    sqlite3_extended_result_codes(c->db, 1);
    rc = lite_exec(c, sql);
    sqlite3_free(sql);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK && !writes)
        rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return rc;
}

enum err lite_conn_open(struct conn *c, const struct sqlite_store *s, bool writes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = SQLITE_OPEN_NOMUTEX |
                (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    int rc;

    pthread_once(&once, configure);
    c->seal = s->seal;
    rc = sqlite3_open_v2(s->path, &c->db, flags, s->vfs);
    if (rc == SQLITE_OK)
        rc = settings(c, writes, s->unsafe_sync);
    return lite_error(c, rc, writes ? "open" : "open a reader");
}

static void drop(struct statement *st)
{
    sqlite3_finalize(st->q);
    free(st);
}

static void forget_statements(struct conn *c)
{
    for (int i = 0; i < STATEMENT_BUCKETS; i++) {
        struct statement **at = &c->buckets[i];

        while (*at) {
            struct statement *st = *at;

            if (st->busy) {
                at = &st->next;
                continue;
            }
            *at = st->next;
            drop(st);
            c->n--;
        }
    }
}

void lite_conn_close(struct conn *c)
{
    forget_statements(c);
    for (int i = 0; i < FIXED_COUNT; i++)
        sqlite3_finalize(c->fixed[i]);
    sqlite3_close(c->db);
    free(c->scratch);
    *c = (struct conn){0};
}

int lite_fixed(struct conn *c, enum fixed which, sqlite3_stmt **out)
{
    int rc = SQLITE_OK;

    if (!c->fixed[which])
        rc = sqlite3_prepare_v3(c->db, fixed_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
                                &c->fixed[which], NULL);
    *out = c->fixed[which];
    return rc;
}

int lite_run_fixed(struct conn *c, enum fixed which)
{
    sqlite3_stmt *q;
    int rc = lite_fixed(c, which, &q);

    return rc == SQLITE_OK ? lite_run(q) : rc;
}

static unsigned hash(const struct shape *shape)
{
    uint64_t w[sizeof(*shape) / sizeof(uint64_t)], h = UINT64_C(0x9e3779b97f4a7c15);

    memcpy(w, shape, sizeof(w));
    for (size_t i = 0; i < sizeof(w) / sizeof(*w); i++)
        h = (h ^ w[i]) * UINT64_C(0xff51afd7ed558ccd), h ^= h >> 32;
    return (unsigned)(h % STATEMENT_BUCKETS);
}

static int prepare(struct conn *c, const struct shape *shape, struct statement **out)
{
    struct statement *st = calloc(1, sizeof(*st));
    char *sql = lite_sql(shape);
    int rc = SQLITE_NOMEM;

    if (st && sql)
        rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->q, NULL);
    sqlite3_free(sql);
    if (rc != SQLITE_OK) {
        free(st);
        return rc;
    }
    st->shape = *shape;
    st->busy = true;
    *out = st;
    return SQLITE_OK;
}

int lite_statement(struct conn *c, const struct shape *shape, struct statement **out)
{
    struct statement **bucket = &c->buckets[hash(shape)];
    bool taken = false;
    int rc;

    for (struct statement *st = *bucket; st; st = st->next) {
        if (memcmp(&st->shape, shape, sizeof(*shape)) != 0)
            continue;
        taken = true; /* by an outer read of this thread: make one for this call alone */
        if (st->busy)
            break;
        st->busy = true;
        *out = st;
        return SQLITE_OK;
    }
    if (c->n >= STATEMENTS_MAX)
        forget_statements(c);
    rc = prepare(c, shape, out);
    if (rc == SQLITE_OK && !taken) {
        (*out)->cached = true;
        (*out)->next = *bucket;
        *bucket = *out;
        c->n++;
    }
    return rc;
}

void lite_statement_done(struct statement *st)
{
    if (!st)
        return;
    sqlite3_reset(st->q);
    st->busy = false;
    if (!st->cached)
        drop(st);
}

int lite_look_up(struct conn *c, const struct table *t, uint64_t fields, const struct uuid *id,
                 struct statement **out)
{
    struct shape shape = {.table = t, .kind = SHAPE_GET, .fields = fields};
    int rc;

    *out = NULL;
    rc = lite_statement(c, &shape, out);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob((*out)->q, 1, id, sizeof(id->b), SQLITE_STATIC);
    return rc == SQLITE_OK ? sqlite3_step((*out)->q) : rc;
}
