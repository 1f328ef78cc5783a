/* What every driver must do for many threads, across restarts, and on the disk. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "tests/contract/store.h"

enum { THREADS = 8, TRIES = 60, COINS = 100 };

/* Twins 0 and 1, 2 and 3, ... try the same ids, and one in five ends in a step that is refused. */
static void *spend(void *arg)
{
    unsigned who = *(unsigned *)arg;
    struct thing missing = {.id = uuid_of(1)}, out;
    struct arena *own = arena_new();
    long done = 0;

    for (unsigned i = 0; i < TRIES; i++) {
        int64_t sum;
        struct thing rec = {.id = uuid_of(2000 + who / 2 * TRIES + i), .email = NULL};
        struct step steps[] = {
            add(60, -1, 0, &sum),
            {.kind = STEP_INSERT, .type = &thing_type, .rec = &rec},
            {.kind = STEP_UPDATE, .type = &thing_type, .rec = &missing, .fields = 1 << 6},
        };
        struct plan plan = {.steps = steps, .n = i % 5 ? 2 : 3, .bulk = who == 5};

        done += store_commit(store, &plan) == ERR_OK;
        CHECK(store_get(store, &thing_type, &rec.id, 0, own, &out) != ERR_UNAVAILABLE);
    }
    arena_free(own);
    return (void *)done;
}

static void spends_exactly_what_there_is(void)
{
    struct purse purse = {uuid_of(60), COINS};
    struct query q = {.type = &thing_type};
    pthread_t thread[THREADS];
    unsigned who[THREADS];
    struct store_stats before, after;
    int64_t rows = 0;
    long done = 0;

    CHECK(insert(&purse_type, &purse) == ERR_OK);
    store_stats(store, &before);
    for (unsigned i = 0; i < THREADS; i++) {
        who[i] = i;
        CHECK(pthread_create(&thread[i], NULL, spend, &who[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *n;

        pthread_join(thread[i], &n);
        done += (long)n;
    }
    store_stats(store, &after);
    CHECK(store_get(store, &purse_type, &purse.id, 0, mem, &purse) == ERR_OK);
    CHECK(store_count(store, &q, &rows) == ERR_OK);
    CHECK(done == COINS && rows == COINS && purse.coins == 0);
    CHECK(after.plans - before.plans == COINS);
    CHECK(after.refused - before.refused == THREADS * TRIES - COINS);
}

/* Plans that note in which order they were carried out; the first holds the writer up. */
enum { QUEUED = 6 };

struct order {
    sem_t go, begun;
    char text[QUEUED + 2];
    size_t n;
};

struct queued {
    struct order *order;
    char mark; /* b: bulk, p: people, B and P: one that waits for `go` */
    struct thing rec;
};

static enum err note_order(void *arg)
{
    struct queued *q = arg;

    q->order->text[q->order->n++] = q->mark;
    if (q->mark == 'B' || q->mark == 'P') {
        sem_post(&q->order->begun);
        sem_wait(&q->order->go);
    }
    return ERR_OK;
}

static void *queue_up(void *arg)
{
    struct queued *q = arg;
    struct step step = {.kind = STEP_INSERT, .type = &thing_type, .rec = &q->rec};
    struct plan plan = {.steps = &step,
                        .n = 1,
                        .settle = note_order,
                        .arg = q,
                        .bulk = q->mark == 'b' || q->mark == 'B'};

    CHECK(store_commit(store, &plan) == ERR_OK);
    return NULL;
}

static void wait_for_queue(int64_t n)
{
    struct store_stats stats;

    do {
        sched_yield();
        store_stats(store, &stats);
    } while (stats.waiting != n);
}

/* The order in which plans are carried out that wait while the first one runs. */
static void check_order(const char *queue, const char *want)
{
    struct order order = {.n = 0};
    struct queued plans[QUEUED + 1];
    pthread_t thread[QUEUED + 1];
    int n = 0;

    sem_init(&order.go, 0, 0);
    sem_init(&order.begun, 0, 0);
    for (const char *p = queue; *p; p++, n++) {
        plans[n] = (struct queued){&order, *p, {.id = uuid_new()}};
        CHECK(pthread_create(&thread[n], NULL, queue_up, &plans[n]) == 0);
        if (n == 0)
            sem_wait(&order.begun);
        wait_for_queue(n + 1);
    }
    sem_post(&order.go);
    for (int i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
    CHECK_STR(order.text, want);
    sem_destroy(&order.go);
    sem_destroy(&order.begun);
}

static void people_go_before_bulk_and_neither_starves(void)
{
    check_order("Bbbppp", "Bpppbb");
    check_order("Pbbppp", "Pbpppb");
}

/* Five plans, the fourth of them refused: those before it are there, those behind it are not. */
static void check_series(bool bulk, unsigned first)
{
    enum { N = 5, BAD = 3 };
    struct thing recs[N];
    struct step steps[N];
    struct plan plans[N];
    struct store_stats before, after;

    for (unsigned i = 0; i < N; i++) {
        recs[i] = (struct thing){.id = uuid_of(first + (i == BAD ? 0 : i))};
        steps[i] = (struct step){.kind = STEP_INSERT, .type = &thing_type, .rec = &recs[i]};
        plans[i] = (struct plan){.steps = &steps[i], .n = 1, .bulk = bulk};
    }
    store_stats(store, &before);
    CHECK(store_commit_series(store, plans, N) == ERR_CONFLICT);
    store_stats(store, &after);
    CHECK(after.plans - before.plans == BAD && after.refused - before.refused == N - BAD);
    for (unsigned i = 0; i < N; i++) {
        struct uuid id = uuid_of(first + i);
        struct thing out;

        CHECK(store_get(store, &thing_type, &id, 0, mem, &out) ==
              (i < BAD ? ERR_OK : ERR_NOT_FOUND));
    }
    CHECK(store_commit_series(store, plans + BAD + 1, 1) == ERR_OK);
    CHECK(store_commit_series(store, plans + 1, N - 1) == ERR_CONFLICT);
}

static void a_series_ends_where_it_is_refused(void)
{
    check_series(true, 7000);
    check_series(false, 7010);
}

static void signal_watch(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void numbers_every_change(void)
{
    struct thing rec = {.id = uuid_of(70)};
    struct purse purse = {uuid_of(71), 1};
    struct change got[8];
    int64_t start = store_last_change(store);
    atomic_int watched = 0;
    size_t n = 9;

    store_watch(store, signal_watch, &watched);
    CHECK(insert(&thing_type, &rec) == ERR_OK);
    CHECK(insert(&purse_type, &purse) == ERR_OK); /* is not followed */
    CHECK(update(&rec, BIT(thing, "number")) == ERR_OK);
    CHECK(insert(&thing_type, &rec) == ERR_CONFLICT);
    CHECK(delete (&thing_type, rec.id) == ERR_OK);
    store_watch(store, NULL, NULL); /* from here on it is not being called */
    CHECK(atomic_load(&watched) == 3);
    CHECK(store_last_change(store) == start + 3);
    CHECK(store_changes(store, start, got, 8, &n) == ERR_OK && n == 3);
    for (size_t i = 0; i < n; i++) {
        CHECK(got[i].seq == start + 1 + (int64_t)i && got[i].type == &thing_type);
        CHECK(uuid_equal(&got[i].id, &rec.id));
    }
    CHECK(store_changes(store, start + 1, got, 1, &n) == ERR_OK && n == 1);
    CHECK(got[0].seq == start + 2);
    CHECK(store_forgotten(store) < start + 1);
    CHECK(store_forget_changes(store, start + 2) == ERR_OK);
    CHECK(store_forgotten(store) == start + 2);
    CHECK(store_changes(store, 0, got, 8, &n) == ERR_OK && n == 1);
    CHECK(store_forget_changes(store, INT64_MAX) == ERR_OK);
    CHECK(store_forgotten(store) == start + 3);
    store_close(store);
    CHECK(open_store()); /* the numbers go on, although none is left */
    CHECK(store_last_change(store) == start + 3 && store_forgotten(store) == start + 3);
    rec.id = uuid_of(72);
    CHECK(insert(&thing_type, &rec) == ERR_OK);
    CHECK(store_last_change(store) == start + 4);
}

static bool contains(const char *data, size_t n, const char *what, size_t len)
{
    const char *p = data;

    while (n >= len && (p = memchr(p, *what, n - len + 1))) {
        if (memcmp(p, what, len) == 0)
            return true;
        p++;
        n = (size_t)(data + n - p);
        data = p;
    }
    return false;
}

/* Where `what` is in the files of the data directory. */
static int hits(const char *what)
{
    DIR *d = opendir(options.dir);
    size_t len = strlen(what);
    int n = 0;

    for (struct dirent *e; d && (e = readdir(d));) {
        char name[600];
        FILE *f;

        snprintf(name, sizeof(name), "%s/%s", options.dir, e->d_name);
        f = e->d_type == DT_REG ? fopen(name, "r") : NULL;
        if (f) {
            struct buf b = BUF_INIT(256 << 20);
            char chunk[65536];

            for (size_t got; (got = fread(chunk, 1, sizeof(chunk), f)) > 0;)
                buf_add(&b, chunk, got);
            n += contains(b.data, b.len, what, len);
            buf_free(&b);
            fclose(f);
        }
    }
    closedir(d);
    return n;
}

static void seals_what_is_sealed(void)
{
    struct thing rec = {.id = uuid_of(80),
                        .plain = "canary-in-the-open",
                        .email = "canary-in-the-mail",
                        .secret = "canary-in-the-safe"};

    CHECK(insert(&thing_type, &rec) == ERR_OK);
    CHECK(hits("canary-in-the-open") > 0); /* the control: in the log */
    CHECK(hits("canary-in-the-mail") == 0 && hits("canary-in-the-safe") == 0);
    store_close(store);
    CHECK(hits("canary-in-the-open") > 0); /* and in the database */
    CHECK(hits("canary-in-the-mail") == 0 && hits("canary-in-the-safe") == 0);
    CHECK(open_store());
    CHECK(delete (&thing_type, rec.id) == ERR_OK);
    store_close(store);
    CHECK(hits("canary-in-the-open") == 0); /* erased, not only unlinked */
    CHECK(open_store());
}

/* Behind the store's back. */
static void sql(const char *text)
{
    char path[600];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/leadgen.db", options.dir);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static void a_moved_sealed_text_does_not_open(void)
{
    struct thing a = {.id = uuid_of(81), .account = uuid_of(1), .secret = "one", .email = "x"};
    struct thing b = {.id = uuid_of(82), .account = uuid_of(1), .secret = "two"}, out;

    CHECK(insert(&thing_type, &a) == ERR_OK && insert(&thing_type, &b) == ERR_OK);
    store_close(store);
    sql("UPDATE thing SET secret = (SELECT secret FROM thing t2 WHERE t2.id != thing.id)"
        " WHERE id = x'01000000000000000000000000000052'"); /* to another row */
    CHECK(open_store());
    CHECK(get(82, &out) == ERR_UNAVAILABLE);
    CHECK(get(81, &out) == ERR_OK);
    store_close(store);
    sql("UPDATE thing SET secret = email WHERE email IS NOT NULL"); /* to another column */
    CHECK(open_store());
    CHECK(get(81, &out) == ERR_UNAVAILABLE);
    CHECK(update(&a, BIT(thing, "secret")) == ERR_OK && get(81, &out) == ERR_OK);
    store_close(store);
    sql("UPDATE thing SET account = x'01000000000000000000000000000002'"); /* another account */
    CHECK(open_store());
    CHECK(get(81, &out) == ERR_UNAVAILABLE);
}

static void is_opened_once(void)
{
    struct problem why = {0};
    struct store *second = NULL;
    int status = -1;
    pid_t pid;

    CHECK(store_open(&options, &second, &why) == ERR_CONFLICT && !second);
    CHECK_STR(why.text, "another leadgend is using this data directory");
    store_close(store);
    pid = fork();
    if (!pid) {
        bool ok = open_store(); /* the one that keeps it while the parent tries */
        char byte = 0;

        (void)!write(STDOUT_FILENO, "", 0);
        if (!ok || kill(getpid(), SIGSTOP))
            _exit(1);
        store_close(store);
        _exit(byte);
    }
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK(store_open(&options, &second, &why) == ERR_CONFLICT && !second);
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(open_store());
}

static void keeps_all_when_it_is_opened_again(void)
{
    struct thing rec = {.id = uuid_of(90), .name = "n", .email = "e", .secret = "s"}, out;

    CHECK(insert(&thing_type, &rec) == ERR_OK);
    store_close(store);
    CHECK(open_store());
    CHECK(get(90, &out) == ERR_OK);
    CHECK_STR(out.secret, "s");
    rec.id = uuid_of(91);
    CHECK(insert(&thing_type, &rec) == ERR_CONFLICT);
}

static void refuses_a_strangers_key_ring(void)
{
    char dir[] = "/tmp/ring-XXXXXX";
    struct store_options other = options;
    struct store *none = NULL;
    struct problem why = {0};
    struct seal *stranger;

    CHECK(mkdtemp(dir) && seal_open(dir, &stranger, &why) == ERR_OK);
    other.seal = stranger;
    store_close(store);
    CHECK(store_open(&other, &none, &why) == ERR_INVALID && !none);
    CHECK_STR(why.field, "keys");
    seal_close(stranger);
    remove_dir(dir);
    CHECK(open_store());
}

struct thing2 {
    struct thing old;
    const char *phone;
    struct uuid more;
};

/* The same table as a later release has it. */
static void grows_by_a_column(void)
{
    struct field fields[32] = {{0}};
    struct type later = {"thing", sizeof(struct thing2), fields, .owned = NO_OWNED};
    struct thing rec = {.id = uuid_of(92), .name = "old"};
    struct thing2 out, in = {.old = {.id = uuid_of(93)}, .phone = "+1", .more = uuid_of(5)};
    size_t n = type_count(&thing_type);

    memcpy(fields, thing_fields, n * sizeof(*fields));
    fields[n] = (struct field)FIELD(thing2, phone, .flags = FIELD_SEALED | FIELD_LOOKUP);
    fields[n + 1] = (struct field)FIELD(thing2, more, .flags = FIELD_INDEX);
    CHECK(insert(&thing_type, &rec) == ERR_OK);
    CHECK(store_ensure(store, &later) == ERR_OK);
    CHECK(store_get(store, &later, &rec.id, 0, mem, &out) == ERR_OK);
    CHECK_STR(out.old.name, "old");
    CHECK(!out.phone && uuid_is_zero(&out.more));
    CHECK(insert(&later, &in) == ERR_OK);
    CHECK(store_get(store, &later, &in.old.id, 0, mem, &out) == ERR_OK);
    CHECK_STR(out.phone, "+1");
    store_close(store); /* before the table dies with this function */
    CHECK(open_store());
}

static bool nest(void *arg, const void *rec)
{
    int *depth = arg;
    struct query q = {.type = &thing_type, .limit = 1};

    (void)rec;
    if (--*depth > 0)
        CHECK(store_find(store, &q, mem, nest, depth) == ERR_OK);
    return true;
}

static bool jump(void *arg, const void *rec)
{
    (void)rec;
    longjmp(*(jmp_buf *)arg, 1);
}

/* A read within a read, deeper than there are connections; and reads that are jumped out of. */
static void readers_are_given_back(void)
{
    struct query q = {.type = &thing_type, .limit = 1};
    volatile int depth = 20, jumps = 0;
    struct thing rec = {.id = uuid_of(94)}, out;
    jmp_buf env;

    CHECK(insert(&thing_type, &rec) == ERR_OK);
    CHECK(store_find(store, &q, mem, nest, (void *)&depth) == ERR_OK && depth == 0);
    while (jumps < 20) {
        struct arena *volatile guarded = arena_new();

        if (setjmp(env)) {
            arena_free(guarded);
            jumps++;
            continue;
        }
        arena_guard(guarded, &env);
        CHECK(store_find(store, &q, guarded, jump, &env) == ERR_OK);
        break; /* it did not jump */
    }
    CHECK(jumps == 20);
    CHECK(get(94, &out) == ERR_OK);
}

static const struct test tests[] = {
    {"spends exactly what there is", spends_exactly_what_there_is},
    {"people go before bulk and neither starves", people_go_before_bulk_and_neither_starves},
    {"a series ends where it is refused", a_series_ends_where_it_is_refused},
    {"numbers every change", numbers_every_change},
    {"seals what is sealed", seals_what_is_sealed},
    {"a moved sealed text does not open", a_moved_sealed_text_does_not_open},
    {"is opened once", is_opened_once},
    {"keeps all when it is opened again", keeps_all_when_it_is_opened_again},
    {"refuses a stranger's key ring", refuses_a_strangers_key_ring},
    {"grows by a column", grows_by_a_column},
    {"readers are given back", readers_are_given_back},
};

int main(void)
{
    return store_tests(tests, sizeof(tests) / sizeof(*tests));
}
