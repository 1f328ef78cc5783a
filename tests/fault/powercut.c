/*
 * Power cuts: a child charges wallets through the store, on a disk that loses at some moment what
 * was not synced; then what is left is looked at with plain SQL.  No acknowledged plan may be lost,
 * none may be there in part, every balance is the sum of its entries.
 *
 * The same with synchronous=NORMAL must lose some, or this test would prove nothing.
 *
 * env: SEED replays the cuts of a run (threads interleave anew); CUTS says how many.
 */
#include <dirent.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/api.h"
#include "server/records.h"
#include "server/seal.h"
#include "server/store.h"
#include "tests/fault/vfs.h"
#include "tests/test.h"

#if defined(__SANITIZE_THREAD__) /* a fork takes a second */
enum { CUTS = 8, CONTROL_CUTS = 12 };
#elif defined(SANITIZED)
enum { CUTS = 100, CONTROL_CUTS = 40 };
#else
enum { CUTS = 1000, CONTROL_CUTS = 100 };
#endif

enum {
    CLIENTS = 3,
    WALLETS = 3,
    PLANS = 4096,           /* of one life of a database */
    LIVES = 8,              /* cuts before it starts anew */
    LAST_OP = 1200,         /* the latest moment of a cut: of any write, or for one in sixteen */
    LAST_DATABASE_OP = 200, /* of the database's own, which are those of checkpoints */
    START = 1000000,
};

/* Shared with the children: which plans were acknowledged, over a whole life. */
struct acks {
    atomic_int database_cuts; /* over all lives */
    atomic_uint next;
    atomic_uchar done[PLANS];
};

static struct acks *acks;
static struct seal *ring;
static char dir[] = "/dev/shm/powercut-XXXXXX";
static char data[64], keys[64];
static uint64_t seed_state;

static struct uuid numbered(uint8_t kind, unsigned n)
{
    struct uuid u = {{kind}};

    u.b[14] = (uint8_t)(n >> 8);
    u.b[15] = (uint8_t)n;
    return u;
}

struct charge {
    struct entry entry;
    int64_t sum;
    char body[64];
};

static enum err settle(void *arg)
{
    struct charge *c = arg;

    c->entry.balance.hundredths = c->sum;
    snprintf(c->body, sizeof(c->body), "{\"charged\":1,\"balance\":%" PRId64 "}", c->sum);
    return ERR_OK;
}

static void charge(struct store *s, unsigned n)
{
    struct uuid id = numbered(2, n), wallet = numbered(1, n % WALLETS);
    struct charge c = {.entry = {.id = id,
                                 .account = wallet,
                                 .at = {1},
                                 .kind = "reveal",
                                 .amount = {-100},
                                 .fields = "email",
                                 .plan = id}};
    struct ownership own = {id, wallet, id, "email", id, {1}};
    struct kept_reply kept = {.id = id, .status = 200, .body = c.body, .at = {1}};
    struct audit audit = {.id = id, .at = {1}, .account = wallet, .verb = "profile.reveal"};
    struct event event = {id, wallet, "profile.revealed", id, {1}};
    struct profile profile = {.id = id, .account = wallet, .name = "n", .email = "e"};
    struct step steps[] = {
        {.kind = STEP_ADD,
         .type = &wallet_type,
         .id = wallet,
         .field = "balance",
         .by = -100,
         .sum = &c.sum},
        {.kind = STEP_INSERT, .type = &entry_type, .rec = &c.entry},
        {.kind = STEP_INSERT, .type = &ownership_type, .rec = &own},
        {.kind = STEP_INSERT, .type = &kept_reply_type, .rec = &kept},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = &audit},
        {.kind = STEP_INSERT, .type = &event_type, .rec = &event},
        {.kind = STEP_INSERT, .type = &profile_type, .rec = &profile},
    };
    struct plan plan = {.steps = steps, .n = 7, .settle = settle, .arg = &c, .bulk = n % 16 == 0};

    if (store_commit(s, &plan) != ERR_OK)
        _exit(1);
    atomic_store(&acks->done[n], 1);
}

static void *client(void *arg)
{
    unsigned n;

    while ((n = atomic_fetch_add(&acks->next, 1)) < PLANS)
        charge(arg, n);
    return NULL;
}

static bool ensure(struct store *s)
{
    static const struct type *const types[] = {&wallet_type,     &entry_type, &ownership_type,
                                               &kept_reply_type, &audit_type, &event_type,
                                               &profile_type};

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (store_ensure(s, types[i]))
            return false;
    return true;
}

/* Wallets with their grants, when this life has just begun. */
static bool fund(struct store *s)
{
    for (unsigned i = 0; i < WALLETS; i++) {
        struct wallet w = {numbered(1, i), {START}};
        struct entry grant = {.id = numbered(3, i),
                              .account = w.id,
                              .kind = "grant",
                              .amount = {START},
                              .balance = {START}};
        struct step steps[] = {
            {.kind = STEP_INSERT, .type = &wallet_type, .rec = &w},
            {.kind = STEP_INSERT, .type = &entry_type, .rec = &grant},
        };
        struct plan plan = {.steps = steps, .n = 2};
        enum err err = store_commit(s, &plan);

        if (err && err != ERR_CONFLICT)
            return false;
    }
    return true;
}

static bool open_data(struct store **s, const char *vfs, bool unsafe)
{
    struct store_options o = {
        .dir = data, .seal = ring, .readers = 1, .vfs = vfs, .unsafe_sync = unsafe};
    struct problem why = {0};

    return store_open(&o, s, &why) == ERR_OK && ensure(*s);
}

/* Until the power goes. */
static void live(long cut_at, uint64_t random, bool unsafe)
{
    int clients = 1 + (int)((random >> 32) % CLIENTS); /* one alone leaves time for checkpoints */
    pthread_t thread[CLIENTS];
    struct store *s;

    disk_register();
    disk.random = random | 1;
    if (random >> 40 & 15)
        disk.cut_at = cut_at;
    else
        disk.database_cut_at = 1 + cut_at % LAST_DATABASE_OP;
    disk.database_cuts = &acks->database_cuts;
    if (!open_data(&s, "disk", unsafe) || !fund(s))
        _exit(1);
    for (int i = 0; i < clients; i++)
        if (pthread_create(&thread[i], NULL, client, s))
            _exit(1);
    for (int i = 0; i < clients; i++)
        pthread_join(thread[i], NULL);
    store_close(s);
    _exit(0);
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static bool has_table(sqlite3 *db, const char *name)
{
    return sqlite3_table_column_metadata(db, NULL, name, NULL, NULL, NULL, NULL, NULL, NULL) ==
           SQLITE_OK;
}

/* Each plan is there whole or not at all, and the sums are right. */
static void check_whole(sqlite3 *db)
{
    int64_t n = number(db, "SELECT count(*) FROM entry WHERE kind = 'reveal'");

    CHECK(number(db, "SELECT count(*) FROM entry JOIN ownership USING (id) JOIN kept_reply USING"
                     " (id) JOIN audit USING (id) JOIN event USING (id) JOIN profile USING (id)"
                     " JOIN change USING (id)") == n);
    for (const char *const *t = (const char *const[]){"ownership", "kept_reply", "audit", "event",
                                                      "profile", "change", NULL};
         *t; t++) {
        char sql[80];

        snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", *t);
        CHECK(number(db, sql) == n);
    }
    CHECK(number(db, "SELECT count(*) FROM wallet WHERE balance <> (SELECT sum(amount) FROM entry"
                     " WHERE account = wallet.id)") == 0);
    /* Each plan took its balance from the one before it. */
    CHECK(number(db, "SELECT count(DISTINCT account || ':' || balance) - count(*) FROM entry") ==
          0);
}

/* Acknowledged plans that are not there; all of them when there is not even a table. */
static int count_lost(sqlite3 *db)
{
    sqlite3_stmt *q = NULL;
    int lost = 0;

    (void)sqlite3_prepare_v2(db, "SELECT 1 FROM entry WHERE id = ?", -1, &q, NULL);
    for (unsigned n = 0; n < PLANS; n++) {
        struct uuid id = numbered(2, n);

        if (!atomic_load(&acks->done[n]))
            continue;
        sqlite3_bind_blob(q, 1, &id, 16, SQLITE_STATIC);
        lost += sqlite3_step(q) != SQLITE_ROW;
        sqlite3_reset(q);
    }
    sqlite3_finalize(q);
    return lost;
}

/* What is left after a cut, seen by plain SQL; the number of acknowledged plans that are lost. */
static int look(bool checkpoint)
{
    char path[96];
    sqlite3_stmt *q = NULL;
    sqlite3 *db;
    int lost;

    snprintf(path, sizeof(path), "%s/leadgen.db", data);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !checkpoint, NULL);
    CHECK(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL) == SQLITE_OK &&
          sqlite3_step(q) == SQLITE_ROW);
    CHECK(q && strcmp((const char *)sqlite3_column_text(q, 0), "ok") == 0);
    sqlite3_finalize(q);
    if (has_table(db, "profile")) /* else it was cut while it was being made */
        check_whole(db);
    lost = count_lost(db);
    sqlite3_close(db);
    return lost;
}

static void empty_data(void)
{
    DIR *d = opendir(data);
    char path[400];

    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof(path), "%s/%s", data, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (d)
        closedir(d);
    atomic_store(&acks->next, 0);
    for (int i = 0; i < PLANS; i++)
        atomic_store(&acks->done[i], 0);
}

static bool readable(void *arg, const void *rec)
{
    const struct kept_reply *k = rec;

    *(unsigned *)arg += k->body && strncmp(k->body, "{\"charged\":1", 12) == 0;
    return true;
}

/* The end of a life: through the store, sealed texts too, and by the outside oracle. */
static void last_look(void)
{
    struct query q = {.type = &kept_reply_type};
    char command[200];
    struct store *s = NULL;
    int64_t n = -1;
    unsigned open = 0;

    CHECK(open_data(&s, NULL, false) && store_count(s, &q, &n) == ERR_OK);
    CHECK(store_scan(s, &q, readable, &open) == ERR_OK && (int64_t)open == n);
    store_close(s);
    snprintf(command, sizeof(command), "/usr/bin/python3 tests/fault/ledgercheck %s >&2", data);
    CHECK(system(command) == 0);
}

struct tally {
    int cuts, finished, lost, lossy;
    long acked;
};

/* One child, one cut. */
static void cut_once(struct tally *t, bool unsafe)
{
    uint64_t random = disk_random(&seed_state);
    long at = 1 + (long)(random % LAST_OP);
    int status = 0, lost;
    pid_t pid = fork();

    if (pid == 0)
        live(at, random, unsafe);
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == CUT_STATUS || WEXITSTATUS(status) == 0);
    t->cuts += WEXITSTATUS(status) == CUT_STATUS;
    t->finished += WEXITSTATUS(status) == 0;
    lost = look(disk_random(&seed_state) % 2);
    t->lost += lost;
    t->lossy += lost > 0;
}

static struct tally run(int cuts, bool unsafe)
{
    struct tally t = {0};

    empty_data();
    for (int life = 0; t.cuts < cuts && !failed_checks; life++) {
        cut_once(&t, unsafe);
        if (unsafe) /* a loss would be counted again after the next cut */
            life = LIVES - 1;
        if (life % LIVES == LIVES - 1 || atomic_load(&acks->next) >= PLANS) {
            for (int i = 0; i < PLANS; i++)
                t.acked += atomic_load(&acks->done[i]);
            if (!unsafe)
                last_look();
            empty_data();
        }
    }
    return t;
}

static int cuts_wanted(int otherwise)
{
    const char *text = getenv("CUTS");

    return text ? (int)strtol(text, NULL, 10) : otherwise;
}

static void full_sync_loses_nothing(void)
{
    struct tally t = run(cuts_wanted(CUTS), false);

    printf("%d power cuts, %d of them during a checkpoint, %ld plans acknowledged, %d lost\n",
           t.cuts, atomic_load(&acks->database_cuts), t.acked, t.lost);
    CHECK(t.lost == 0 && t.acked > 0);
    CHECK(t.cuts < 100 || atomic_load(&acks->database_cuts) > 0);
}

static void normal_sync_loses_some(void)
{
    struct tally t = run(CONTROL_CUTS, true);

    printf("control, synchronous=NORMAL: %d power cuts, %ld plans acknowledged, %d lost in %d of"
           " them\n",
           t.cuts, t.acked, t.lost, t.lossy);
    CHECK(t.lost > 0);
}

static const struct test tests[] = {
    {"power cuts: FULL loses no acknowledged plan", full_sync_loses_nothing},
    {"power cuts: the control with NORMAL loses some", normal_sync_loses_some},
};

static uint64_t pick_seed(void)
{
    const char *text = getenv("SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return text ? strtoull(text, NULL, 10) : (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 20;
}

int main(void)
{
    struct problem why;
    char ring_file[96];

    seed_state = pick_seed();
    printf("SEED=%" PRIu64 "\n", seed_state);
    fflush(stdout);
    seed_state |= 1;
    if (!mkdtemp(dir))
        return 1;
    snprintf(data, sizeof(data), "%s/data", dir);
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    acks = mmap(NULL, sizeof(*acks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (acks == MAP_FAILED || mkdir(data, 0700) || seal_open(keys, &ring, &why))
        return 1;
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
        fflush(stdout);
    }
    empty_data();
    rmdir(data);
    snprintf(ring_file, sizeof(ring_file), "%s/ring", keys);
    unlink(ring_file);
    rmdir(keys);
    rmdir(dir);
    seal_close(ring);
    return failed_checks != 0;
}
