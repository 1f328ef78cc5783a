/*
 * A rebuild by several readers: whatever the ids are like and however the readers share them out,
 * the segment is the one that a single builder makes of the same rows, byte for byte.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>

#include "server/search/index.h"
#include "server/store.h"
#include "tests/unit/search_world.h"

enum { ROWS = 3000, BATCH = 50, WAIT_MS = 60000 };

/* How the ids lie: as the sample has them, in two far clusters, or one after the other. */
enum spread { SPREAD_SAMPLE, SPREAD_CLUSTERS, SPREAD_DENSE, SPREADS };

struct fake {
    struct store store;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct profile *rows; /* in order of id */
    size_t n;
    int64_t given;       /* rows of scans that did not begin at the start */
    int64_t least_given; /* the first scan goes on when so many were */
    int64_t fail_at;     /* of the rows of all scans; 0: none fails */
    int64_t all;
    bool held;
};

static struct fake *fake_of(struct store *s)
{
    return (struct fake *)s;
}

static bool is_scan_failed(struct fake *f, bool first)
{
    bool failed;

    pthread_mutex_lock(&f->lock);
    while (f->held || (first && f->all && f->given < f->least_given))
        pthread_cond_wait(&f->moved, &f->lock);
    f->given += !first;
    failed = ++f->all == f->fail_at;
    pthread_cond_broadcast(&f->moved);
    pthread_mutex_unlock(&f->lock);
    return failed;
}

static enum err fake_scan(struct store *s, const struct query *q, store_each *each, void *arg)
{
    struct fake *f = fake_of(s);
    bool first = uuid_is_zero(&q->after);

    for (size_t i = 0; i < f->n; i++) {
        if (uuid_compare(&f->rows[i].id, &q->after) <= 0)
            continue;
        if (is_scan_failed(f, first))
            return ERR_UNAVAILABLE;
        if (!each(arg, &f->rows[i]))
            return ERR_OK;
        if (i % BATCH == 0)
            sched_yield();
    }
    return ERR_OK;
}

static enum err fake_count(struct store *s, const struct query *q, int64_t *out)
{
    (void)q;
    *out = (int64_t)fake_of(s)->n;
    return ERR_OK;
}

static enum err fake_changes(struct store *s, int64_t after, struct change *out, size_t most,
                             size_t *n)
{
    (void)s;
    (void)after;
    (void)out;
    (void)most;
    *n = 0;
    return ERR_OK;
}

static int64_t no_change(struct store *s)
{
    (void)s;
    return 0;
}

static enum err fake_forget(struct store *s, int64_t upto)
{
    (void)s;
    (void)upto;
    return ERR_OK;
}

static void fake_watch(struct store *s, void (*fn)(void *arg), void *arg)
{
    (void)s;
    (void)fn;
    (void)arg;
}

static const struct store_driver fake_driver = {.name = "fake",
                                                .scan = fake_scan,
                                                .count = fake_count,
                                                .changes = fake_changes,
                                                .last_change = no_change,
                                                .forgotten = no_change,
                                                .forget = fake_forget,
                                                .watch = fake_watch};

static struct uuid id_of(enum spread spread, uint64_t *dice, size_t i, const struct uuid *sample)
{
    struct uuid id = *sample;

    if (spread == SPREAD_SAMPLE)
        return id;
    memset(&id, spread == SPREAD_CLUSTERS && i % 3 ? 0xfe : 0x01, sizeof(id));
    id.b[14] = (uint8_t)(i >> 8);
    id.b[15] = (uint8_t)i;
    if (spread == SPREAD_CLUSTERS)
        id.b[8] = (uint8_t)roll(dice, 256);
    return id;
}

static int by_id(const void *a, const void *b)
{
    return uuid_compare(&((const struct profile *)a)->id, &((const struct profile *)b)->id);
}

static void fake_fill(struct fake *f, struct arena *mem, enum spread spread, uint64_t seed)
{
    struct world w = {.mem = mem, .dice = seed, .sample = sample_new(ROWS, seed)};

    *f = (struct fake){.store.driver = &fake_driver, .n = ROWS};
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->moved, NULL);
    f->rows = arena_alloc(mem, ROWS * sizeof(*f->rows));
    for (size_t i = 0; i < ROWS; i++) {
        sample_profile(w.sample, (int64_t)i, mem, &f->rows[i]);
        vary(&w, &f->rows[i]);
        f->rows[i].account = catalogue_account;
        f->rows[i].id = id_of(spread, &w.dice, i, &f->rows[i].id);
    }
    qsort(f->rows, ROWS, sizeof(*f->rows), by_id);
    sample_free(w.sample);
}

static struct segment *build_serially(const struct fake *f)
{
    struct builder *b = builder_new(&catalogue_account);
    struct segment *s;

    for (size_t i = 0; i < f->n; i++)
        builder_add(b, &f->rows[i]);
    s = builder_finish(b);
    builder_free(b);
    return s;
}

static struct search *open_on(struct fake *f, const char *dir)
{
    struct search_options o = {.dir = dir, .store = &f->store};
    struct search *s;

    CHECK(search_open(&o, &s) == ERR_OK);
    return s;
}

/* The index is the one segment. */
static bool is_only(struct search *s, const struct segment *want)
{
    struct snapshot *now = index_now(s);
    const struct segment *got = now->n == 1 ? now->items[0].segment : NULL;
    bool same = got && !now->items[0].dead && got->size == want->size &&
                memcmp(got->image, want->image, want->size) == 0;

    snapshot_unref(now);
    return same;
}

static void rebuild_and_compare(enum spread spread, uint64_t seed, const char *dir, int64_t least)
{
    struct arena *mem = arena_new();
    struct fake f;
    struct segment *want;
    struct search *s;

    fake_fill(&f, mem, spread, seed);
    f.least_given = least;
    want = build_serially(&f);
    s = open_on(&f, dir);
    CHECK(search_wait(s, 0, WAIT_MS));
    CHECK(is_only(s, want));
    CHECK(f.given >= least);
    search_close(s);
    segment_unref(want);
    arena_free(mem);
}

static void many_make_what_one_makes(void)
{
    uint64_t seed = (uint64_t)env_or("SEED", 21);

    for (int i = 0; i < 3 * SPREADS; i++)
        rebuild_and_compare((enum spread)(i % SPREADS), seed + (uint64_t)i, NULL, 0);
}

/* The first reader stops until the others have taken most rows over, however the ids lie. */
static void who_is_through_takes_over(void)
{
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) /* then there is one reader */
        return;
    for (int i = 0; i < SPREADS; i++)
        rebuild_and_compare((enum spread)i, 5, NULL, ROWS * 2 / 3);
}

static void a_failure_stops_all_and_is_outlived(void)
{
    struct arena *mem = arena_new();
    struct fake f;
    struct segment *want;
    struct search *s;

    fake_fill(&f, mem, SPREAD_SAMPLE, 6);
    f.fail_at = ROWS / 2;
    want = build_serially(&f);
    s = open_on(&f, NULL);
    CHECK(search_wait(s, 0, WAIT_MS));
    CHECK(is_only(s, want));
    CHECK(f.all > ROWS);
    search_close(s);
    segment_unref(want);
    arena_free(mem);
}

static void remove_tree(const char *dir)
{
    char command[400];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static int64_t documents_of(struct search *s)
{
    struct search_stats st;

    search_stats(s, &st);
    return st.documents;
}

static size_t count_files(const char *dir)
{
    DIR *d = opendir(dir);
    size_t n = 0;

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static void a_scratch_file_is_the_same_and_has_no_name(void)
{
    struct arena *mem = arena_new();
    struct fake f;
    struct builder *b = builder_new(&catalogue_account);
    struct segment *want, *got;
    char dir[] = "/tmp/search-test-XXXXXX";

    CHECK(mkdtemp(dir) != NULL);
    fake_fill(&f, mem, SPREAD_SAMPLE, 7);
    want = build_serially(&f);
    for (size_t i = 0; i < f.n; i++)
        builder_add(b, &f.rows[i]);
    CHECK(builder_write(b, dir, &got) == ERR_OK);
    CHECK(got->mapped && !got->file[0] && count_files(dir) == 0);
    CHECK(got->size == want->size && memcmp(got->image, want->image, want->size) == 0);
    CHECK(segment_save(got, dir) == ERR_OK && count_files(dir) == 1);
    segment_unref(got);
    segment_unref(want);
    builder_free(b);
    b = builder_new(&catalogue_account);
    builder_add(b, &f.rows[0]);
    CHECK(builder_write(b, "/proc/none", &got) == ERR_UNAVAILABLE);
    builder_free(b);
    remove_tree(dir);
    arena_free(mem);
}

/* What a killed process leaves in the middle of a rebuild is what was there before. */
static void killed_in_the_middle_it_leaves_the_old_files(void)
{
    struct arena *mem = arena_new();
    struct fake f;
    struct segment *want;
    struct search *s;
    char dir[] = "/tmp/search-test-XXXXXX", copy[64], command[400];
    size_t files;

    CHECK(mkdtemp(dir) != NULL);
    fake_fill(&f, mem, SPREAD_SAMPLE, 8);
    want = build_serially(&f);
    s = open_on(&f, dir);
    CHECK(search_wait(s, 0, WAIT_MS));
    search_close(s);
    files = count_files(dir);
    s = open_on(&f, dir);
    CHECK(search_wait(s, 0, WAIT_MS));
    pthread_mutex_lock(&f.lock);
    f.held = true;
    f.all = 0;
    pthread_mutex_unlock(&f.lock);
    pthread_mutex_lock(&s->lock); /* as the keeper does when it finds a file damaged */
    s->ready = false;
    s->damaged = s->woken = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
    while (documents_of(s))
        sched_yield();
    snprintf(copy, sizeof(copy), "%s.copy", dir);
    snprintf(command, sizeof(command), "cp -r %s %s", dir, copy);
    CHECK(system(command) == 0);
    CHECK(count_files(copy) == files);
    pthread_mutex_lock(&f.lock);
    f.held = false;
    pthread_cond_broadcast(&f.moved);
    pthread_mutex_unlock(&f.lock);
    CHECK(search_wait(s, 0, WAIT_MS) && is_only(s, want));
    search_close(s);
    f.fail_at = f.all + 1; /* it is not asked again */
    s = open_on(&f, copy);
    CHECK(search_wait(s, 0, WAIT_MS) && is_only(s, want) && f.all < f.fail_at);
    search_close(s);
    remove_tree(dir);
    remove_tree(copy);
    segment_unref(want);
    arena_free(mem);
}

static const struct test tests[] = {
    {"rebuild: many make what one makes", many_make_what_one_makes},
    {"rebuild: who is through takes over", who_is_through_takes_over},
    {"rebuild: a failure stops all and is outlived", a_failure_stops_all_and_is_outlived},
    {"rebuild: a scratch file is the same and has no name",
     a_scratch_file_is_the_same_and_has_no_name},
    {"rebuild: killed in the middle it leaves the old files",
     killed_in_the_middle_it_leaves_the_old_files},
};

TEST_MAIN(tests)
