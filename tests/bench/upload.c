/*
 * An import of a made file through the job, with a real store and the search index: rows a second,
 * what memory does on the way, and how long a chunk's commit takes and keeps a person's waiting.
 * usage: upload [ROWS] [EXISTING]    EXISTING: rows loaded before   BENCH_DIR: where (default:
 * here)   LIVE=1: beside people who search, and the index is built anew at the end
 */
#include <pthread.h>
#include <sys/resource.h>

#include "common/clock.h"
#include "tests/bench/upload_live.h"
#include "tests/upload.h"

enum { SAMPLES = 1 << 16 };

static const char header[] =
    "First Name,Last Name,Title,Company,Email,Email Status,Seniority,Departments,Work Direct Phone,"
    "Mobile Phone,# Employees,Industry,Keywords,Person Linkedin Url,Website,City,State,Country,"
    "Technologies,Annual Revenue\n";

/* MiB of the process's own, and of files that it has mapped: the index's segments. */
struct memory {
    double own, mapped;
};

static struct memory memory_now(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    struct memory out = {0, 0};
    char line[256];
    long kib;

    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "RssAnon: %ld", &kib) == 1)
            out.own = (double)kib / 1024;
        else if (sscanf(line, "RssFile: %ld", &kib) == 1)
            out.mapped = (double)kib / 1024;
    }
    if (!f || fclose(f) || !(out.own > 0))
        exit(1);
    return out;
}

/* What all threads have used, in seconds: on a busy machine it says more than the clock. */
static double used(void)
{
    struct rusage u;

    if (getrusage(RUSAGE_SELF, &u))
        exit(1);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Row n: every 20th is the person before it again, with a newer title. */
static void write_row(FILE *f, long n)
{
    static const char *const firsts[] = {"Zoë", "Björn", "Mehmet", "Mia", "Ethan", "Gitte", "Luca"};
    static const char *const lasts[] = {"Weber", "Lee", "O'Brien", "Moreau", "Sørensen", "Zając"};
    static const char *const titles[] = {"Data Analyst", "\"Regional Manager, EMEA\"", "CFO",
                                         "VP Global Sales", "Software Engineer"};
    static const char *const places[] = {"Tucson,Arizona,United States", "Leipzig,Saxony,Germany",
                                         "Utrecht,Utrecht,Netherlands"};
    bool again = n % 20 == 19;
    long k = again ? n - 1 : n, company = k / 17;

    fprintf(f, "%s,%s,%s,Company %ld GmbH,", firsts[k % 7], lasts[k % 6], titles[(k + again) % 5],
            company);
    if (k % 7)
        fprintf(f, "person%ld@company%ld.example", k, company);
    fprintf(f, ",Guessed,Manager,Marketing,'+1 520-555-%04ld,", k % 10000);
    if (k % 2)
        fprintf(f, "+49 341 555 %04ld", k % 10000);
    fprintf(f,
            ",%ld,machinery,\"b2b, saas, cloud\",https://www.linkedin.example/in/person-%ld,"
            "http://www.company%ld.example,%s,\"Salesforce, AWS, SAP\",%ld000000\n",
            company % 5000 + 1, k, company, places[k % 3], company % 900 + 1);
}

static int64_t make_file(struct world *w, const struct job *job, long from, long rows)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    if (!f)
        exit(1);
    fputs(header, f);
    for (long i = 0; i < rows; i++)
        write_row(f, from + i);
    if (fclose(f))
        exit(1);
    world_write(w, job, text, n);
    free(text);
    return (int64_t)n;
}

/* A person who commits something small all the time, and what the waiting was. */
struct person {
    struct store *store;
    atomic_bool over;
    int64_t us[SAMPLES];
    size_t n;
};

static void *commit_small(void *arg)
{
    struct person *p = arg;

    while (!atomic_load(&p->over)) {
        struct event e = {.id = uuid_new(), .kind = "bench", .at = clock_now()};
        struct step step = {.kind = STEP_INSERT, .type = &event_type, .rec = &e};
        struct plan plan = {.steps = &step, .n = 1};
        int64_t start = clock_mono_us();

        if (store_commit(p->store, &plan))
            exit(1);
        if (p->n < SAMPLES)
            p->us[p->n++] = clock_mono_us() - start;
        usleep(5000);
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int64_t percentile(int64_t *v, size_t n, double p)
{
    qsort(v, n, sizeof(*v), by_value);
    return n ? v[(size_t)((double)(n - 1) * p)] : 0;
}

enum { QUARTER = 250000 /* ppm */, QUARTERS = 4 };

/* Say how much memory there is in use at each quarter of the import. */
static void say_memory(const struct job *job, int *quarter)
{
    for (; *quarter < QUARTERS && job->progress.ppm >= (*quarter + 1) * QUARTER; ++*quarter) {
        struct memory m = memory_now();

        printf("memory at %3d %%: %.1f MiB, and %.1f MiB of mapped files\n", (*quarter + 1) * 25,
               m.own, m.mapped);
    }
}

static double load(struct world *w, long from, long rows, const char *what)
{
    struct job job = world_job(w, &catalogue_account), now = {0};
    int64_t start;
    double took, cpu;
    int quarter = what ? QUARTERS : 0;

    job.size = make_file(w, &job, from, rows);
    cpu = used();
    start = clock_mono_us();
    world_queue(w, &job);
    for (bool over = false; !over;) {
        struct arena *mem = arena_new();

        jobs_wait_change(w->srv.jobs, 100);
        if (store_get(w->srv.store, &job_type, &job.id, 0, mem, &now))
            exit(1);
        say_memory(&now, &quarter);
        over = world_has_ended(&now);
        if (over && strcmp(now.state, "done") != 0)
            exit(1);
        arena_free(mem);
    }
    took = (double)(clock_mono_us() - start) / 1e6;
    cpu = used() - cpu;
    printf("%ld rows in %.2f s: %.0f rows/s%s\n", rows, took, (double)rows / took,
           what ? what : ", searchable");
    printf("  %.0f us of all threads' time for a row, %.1f processors used\n",
           cpu * 1e6 / (double)rows, cpu / took);
    printf("  created %lld updated %lld merged %lld skipped %lld rejected %lld\n",
           (long long)now.n.created, (long long)now.n.updated, (long long)now.n.merged,
           (long long)now.n.skipped, (long long)now.n.rejected);
    fflush(stdout);
    return (double)rows / took;
}

static void load_beside_somebody(struct world *w, long from, long rows)
{
    static struct person person;
    pthread_t thread;

    person.store = w->srv.store;
    if (pthread_create(&thread, NULL, commit_small, &person))
        exit(1);
    load(w, from, rows, ", beside somebody who commits");
    atomic_store(&person.over, true);
    pthread_join(thread, NULL);
    printf("  whose commits took: p50 %lld us, p99 %lld us, at most %lld us (%zu)\n",
           (long long)percentile(person.us, person.n, 0.5),
           (long long)percentile(person.us, person.n, 0.99),
           (long long)percentile(person.us, person.n, 1), person.n);
}

static int load_live(struct world *w, long rows)
{
    static struct live live;

    live_begin(&live, &w->srv);
    load(w, 0, rows, NULL);
    live_end(&live);
    live_rebuild(&w->srv);
    world_close(w);
    return live.failed > 0;
}

int main(int argc, char **argv)
{
    long rows = argc > 1 ? strtol(argv[1], NULL, 10) : 200000;
    long existing = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    const char *where = getenv("BENCH_DIR");
    struct world w;
    double rate;

    log_level(LOG_WARN);
    world_open(&w, where ? where : ".", 4,
               getenv("BENCH_NO_SEARCH") ? WORLD_NO_SEARCH : WORLD_SEARCH_FILES);
    if (existing)
        load(&w, rows * 2, existing, ", loaded before");
    if (getenv("LIVE"))
        return load_live(&w, rows);
    rate = load(&w, 0, rows, NULL);
    load_beside_somebody(&w, rows, rows / 4);
    world_close(&w);
    printf("rate: %.0f rows/s (expected: at least 15,000)\n", rate);
    return rate < 15000;
}
