/*
 * A disk that is full in the middle of an import: what is there fits the job's counts, the store
 * answers, the job goes on by itself when there is room, and every row is there once.
 * usage: upload_disk [SEED]
 */
#include <sqlite3.h>

#include "tests/fault/vfs.h"
#include "tests/test.h"
#include "tests/upload.h"

enum { ROWS = 9000, PEOPLE = 6000, TIMES = 2, MIB = 1 << 20 };

static const struct uuid acme = {{1, 2, 3, 4, 5, 6, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 9}};
static struct world w;

/* Each of PEOPLE once, and some of them again. */
static char *make_text(unsigned *seed)
{
    struct buf text = BUF_INIT(1 << 24);

    buf_str(&text, "Name,Email,Title,Company\n");
    for (int i = 0; i < ROWS; i++) {
        int k = i % 3 ? i / 3 * 2 + i % 3 - 1 : rand_r(seed) % (i / 3 * 2 + 1);

        buf_printf(&text, "Name %d,m%d@b.example,Title %d,B%d\n", k, k, i % 7, k % 90);
    }
    return buf_take(&text);
}

static struct job read_job(const struct uuid *id)
{
    struct job job = {0};

    if (store_get(w.srv.store, &job_type, id, 0, w.mem, &job))
        world_die("read the job");
    return job;
}

struct census {
    int64_t n;
    int seen[PEOPLE];
};

static bool count_person(void *arg, const void *rec)
{
    const struct profile *p = rec;
    struct census *c = arg;
    int k = -1;

    if (sscanf(p->name, "Name %d", &k) == 1 && k >= 0 && k < PEOPLE)
        c->seen[k]++;
    c->n++;
    return true;
}

static struct census take_census(void)
{
    struct query q = {.type = &profile_type};
    struct census c = {0};

    if (store_scan(w.srv.store, &q, count_person, &c))
        world_die("read the people");
    return c;
}

/* The job tells what it waits for, though nothing can be written. */
static void check_says_why(const struct uuid *id)
{
    const struct job_error *e = NULL;
    struct job job;

    for (int i = 0; !e && i < 4000; i++) {
        job = read_job(id);
        job_for_reply(&w.srv, &job, w.mem);
        e = job.error.rec;
        jobs_wait_change(w.srv.jobs, 5);
    }
    CHECK(e && strcmp(e->code, "disk_full") == 0 && e->retryable &&
          strcmp(job.state, "running") == 0);
}

/* What was committed before, and nothing of what was not; and a write of somebody's is refused. */
static void check_while_full(const struct uuid *id)
{
    struct event e = {.id = uuid_new(), .kind = "test", .at = clock_now()};
    struct step step = {.kind = STEP_INSERT, .type = &event_type, .rec = &e};
    struct plan plan = {.steps = &step, .n = 1};
    enum err err;

    do /* the log may still have room for something small */
        err = store_commit(w.srv.store, &plan), e.id = uuid_new();
    while (!err);
    CHECK(err == ERR_DISK_FULL);
    CHECK_STR(read_job(id).state, "running");
    CHECK(store_is_full(w.srv.store));
    check_says_why(id);
    CHECK(take_census().n == read_job(id).n.created);
}

/* There is room for some of the import's log, which takes about 40 MiB, and then none. */
static void leave_room(unsigned *seed)
{
    pthread_mutex_lock(&disk.lock);
    disk.room = MIB + rand_r(seed) % (8 * MIB);
    pthread_mutex_unlock(&disk.lock);
    atomic_store(&disk.refused, 0);
    atomic_store(&disk.full, false);
}

static void wait_until_refused(void)
{
    while (!atomic_load(&disk.refused))
        jobs_wait_change(w.srv.jobs, 5);
}

static void check_everybody_once(void)
{
    struct census c = take_census();

    CHECK(c.n == PEOPLE);
    for (int i = 0; i < PEOPLE; i++)
        if (c.seen[i] != 1)
            CHECK(!"everybody once");
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : (unsigned)getpid();
    const char *where = world_in_memory();
    struct uuid id;
    struct job job;
    char *text;

    printf("# seed %u\n", seed);
    fflush(stdout);
    log_level(LOG_ERROR);
    text = make_text(&seed);
    disk_register();
    snprintf(w.dir, sizeof(w.dir), "%s/upload-disk-XXXXXX", where);
    if (!mkdtemp(w.dir))
        world_die("make a directory");
    w.vfs = "disk";
    world_start(&w, 2, WORLD_SEARCH);
    leave_room(&seed);
    id = world_submit(&w, &acme, text, strlen(text), NULL);
    for (int i = 0; i < TIMES; i++) {
        wait_until_refused();
        check_while_full(&id);
        if (i + 1 < TIMES)
            leave_room(&seed);
    }
    pthread_mutex_lock(&disk.lock);
    disk.room = 0;
    pthread_mutex_unlock(&disk.lock);
    atomic_store(&disk.full, false);
    job = world_wait(&w, &id);
    CHECK_STR(job.state, "done");
    CHECK(job.n.read == ROWS && job.n.created == PEOPLE && job.n.rejected == 0);
    check_everybody_once();
    job = world_load(&w, &acme, "Name,Email\nName 0,m0@b.example\n", NULL);
    CHECK_STR(job.state, "done");
    CHECK(job.n.skipped + job.n.updated == 1);
    printf("%s upload_disk: full %d times in the middle, every row once\n",
           failed_checks ? "FAIL" : "ok  ", TIMES);
    world_close(&w);
    free(text);
    return failed_checks != 0;
}
