/*
 * An import that is killed (SIGKILL) again and again ends as one that was not: every row once, the
 * same people, counts that add up.  The control loses its memory of the checkpoint, and must
 * differ. usage: upload_kill [SEED]
 */
#include <signal.h>
#include <sys/wait.h>

#include "tests/test.h"
#include "tests/upload.h"

enum { ROWS = 12000, KILLS = 14, EARLY_US = 15000, LATE_US = 60000 };

static const struct uuid acme = {{1, 2, 3, 4, 5, 6, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 9}};
static struct world w;
static const char *where;

/* People that come again, rows that are damaged, cells that are left out. */
static char *make_text(unsigned seed)
{
    struct buf text = BUF_INIT(1 << 24);

    buf_str(&text, "Name,Email,Title,Company,Website,Phone\n");
    for (int i = 0; i < ROWS; i++) {
        int k = rand_r(&seed) % (ROWS / 2);

        if (i % 97 == 5)
            buf_printf(&text, "\"Damaged\" %d,d%d@b.example,,,,\n", i, i);
        else
            buf_printf(&text, "Name %d,m%d@b%d.example,Title %d,B%d,b%d.example,%s\n", k, k, k % 90,
                       i % 7, k % 90, k % 90, i % 13 ? "" : "no number");
    }
    return buf_take(&text);
}

static bool write_profile(void *arg, const void *rec)
{
    const struct profile *p = rec;

    buf_printf(arg, "%s|%s|%s|%s\n", p->name, p->email, p->title, p->company);
    return true;
}

static bool write_reject(void *arg, const void *rec)
{
    const struct job_reject *r = rec;

    buf_printf(arg, "%lld %s %s\n", (long long)r->line, r->column ? r->column : "", r->code);
    return true;
}

static bool write_company(void *arg, const void *rec)
{
    const struct company *c = rec;

    buf_printf(arg, "%s|%s\n", c->name, c->domain);
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Companies have no order of their own: their ids come from the job. */
static void sort_lines(struct buf *b)
{
    char *lines[256], *copy = strdup(b->data ? b->data : "");
    size_t n = 0;

    for (char *at = copy, *end; n < 256 && (end = strchr(at, '\n')); at = end + 1) {
        *end = '\0';
        lines[n++] = at;
    }
    qsort(lines, n, sizeof(*lines), by_text);
    buf_clear(b);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s\n", lines[i]);
    free(copy);
}

/* All that an import of this job has written, as text to be freed. */
static char *outcome(const struct job *job)
{
    struct query people = {.type = &profile_type}, companies = {.type = &company_type};
    struct query rejects = {.type = &job_reject_type};
    struct buf out = BUF_INIT(1 << 24), firms = BUF_INIT(1 << 20);

    people.where[0] = (struct cond){"account", OP_EQ, &acme};
    companies.where[0] = (struct cond){"account", OP_EQ, &acme};
    rejects.where[0] = (struct cond){"job", OP_EQ, &job->id};
    buf_printf(&out, "%s %lld %lld %lld %lld %lld %lld\n", job->state, (long long)job->n.read,
               (long long)job->n.created, (long long)job->n.updated, (long long)job->n.merged,
               (long long)job->n.skipped, (long long)job->n.rejected);
    if (store_find(w.srv.store, &people, w.mem, write_profile, &out) ||
        store_find(w.srv.store, &rejects, w.mem, write_reject, &out) ||
        store_find(w.srv.store, &companies, w.mem, write_company, &firms))
        world_die("read what was written");
    sort_lines(&firms);
    buf_str(&out, firms.data ? firms.data : "");
    buf_free(&firms);
    return buf_take(&out);
}

/* A person's commit, which parts what an import has handed in. */
static void commit_beside(void)
{
    struct event e = {.id = uuid_new(), .kind = "test", .at = clock_now()};
    struct step step = {.kind = STEP_INSERT, .type = &event_type, .rec = &e};
    struct plan plan = {.steps = &step, .n = 1};

    if (store_commit(w.srv.store, &plan))
        world_die("commit beside it");
}

/* In a process of its own: work until the job has ended; a byte at its first checkpoint. */
static void work(const struct uuid *id, int64_t from, int report, bool beside)
{
    struct job job = {0};
    bool told = false;

    world_start(&w, 2, false);
    do {
        if (beside)
            commit_beside();
        if (store_get(w.srv.store, &job_type, id, 0, w.mem, &job))
            world_die("read the job");
        if (!told && job.offset > from)
            told = write(report, "x", 1) == 1;
        jobs_wait_change(w.srv.jobs, 5);
    } while (!world_has_ended(&job));
    world_stop(&w);
    _exit(0);
}

static struct job read_job(const struct uuid *id)
{
    struct job job = {0};

    world_start(&w, 0, false);
    if (store_get(w.srv.store, &job_type, id, 0, w.mem, &job))
        world_die("read the job");
    world_stop(&w);
    return job;
}

/* Start it, kill it some time after its first checkpoint, or before; true: it had ended before. */
static bool run_and_kill(const struct uuid *id, bool early, bool beside, useconds_t after)
{
    int64_t from = read_job(id).offset;
    int status = 0, report[2];
    char byte;
    pid_t child;

    if (pipe(report))
        world_die("make a pipe");
    child = fork();
    if (child == 0) {
        close(report[0]);
        work(id, from, report[1], beside);
    }
    close(report[1]);
    if (!early && read(report[0], &byte, 1) < 0)
        world_die("read from the pipe");
    usleep(after);
    kill(child, SIGKILL);
    close(report[0]);
    if (waitpid(child, &status, 0) != child)
        world_die("wait");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static struct uuid begin(const char *text)
{
    struct uuid id;

    world_open(&w, where, 0, false);
    id = world_submit(&w, &acme, text, strlen(text), NULL);
    world_stop(&w);
    return id;
}

/* To the end, without being killed. */
static char *finish(const struct uuid *id)
{
    struct job job;
    char *out;

    world_start(&w, 2, false);
    job = world_wait(&w, id);
    out = outcome(&job);
    world_close(&w);
    return out;
}

/* The control: the checkpoint is forgotten, so that rows are applied twice. */
static void forget_checkpoint(const struct uuid *id)
{
    struct job job = {.id = *id};
    struct step step = {.kind = STEP_UPDATE, .type = &job_type, .rec = &job};
    struct plan plan = {.steps = &step, .n = 1};

    step.fields = type_bit(&job_type, type_field(&job_type, "offset"));
    world_start(&w, 0, false);
    if (store_commit(w.srv.store, &plan))
        world_die("forget");
    world_stop(&w);
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : (unsigned)getpid();
    char *text, *want, *got;
    struct uuid id;
    int kills = 0;

    log_level(LOG_ERROR);
    where = world_in_memory(); /* a kill keeps the page cache */
    printf("# seed %u\n", seed);
    fflush(stdout);
    text = make_text(seed);
    id = begin(text);
    want = finish(&id);
    CHECK(strncmp(want, "done 12000 ", 11) == 0);

    id = begin(text);
    for (bool early = false; kills < KILLS; early = ++kills % 3 == 2)
        if (run_and_kill(&id, early, kills % 2,
                         (useconds_t)(rand_r(&seed) % (early ? EARLY_US : LATE_US))))
            break;
    got = finish(&id);
    CHECK(strcmp(got, want) == 0);
    CHECK(kills > 0);
    printf("%s upload_kill: killed %d times, every row once\n", failed_checks ? "FAIL" : "ok  ",
           kills);
    fflush(stdout);
    free(got);

    id = begin(text);
    CHECK(!run_and_kill(&id, false, false, 0));
    forget_checkpoint(&id);
    got = finish(&id);
    CHECK(strcmp(got, want) != 0);
    printf("%s upload_kill: the control differs\n", failed_checks ? "FAIL" : "ok  ");
    free(got);
    free(want);
    free(text);
    return failed_checks != 0;
}
