/*
 * The index beside a store: built from it, following it, found again after a restart, and built
 * anew whenever its files are anything but what was written.  The store is a fake in memory that
 * can fail and be held up.
 */
#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>

#include "common/copy.h"
#include "server/search/segment.h"
#include "server/store.h"
#include "tests/unit/search_world.h"

enum { ROWS = 300, ROOM = 600, CHANGES = 1000, WAIT_MS = 20000 };

struct fake {
    struct store store;
    pthread_mutex_t lock;
    pthread_cond_t go;
    struct arena *mem;
    struct profile rows[ROOM];
    bool gone[ROOM];
    size_t n;
    struct change changes[CHANGES];
    int64_t last, forgotten;
    void (*watcher)(void *);
    void *watcher_arg;
    int scans, failures, loads; /* failures: so many calls fail from now on */
    bool held;                  /* scans wait */
};

static struct fake *fake_of(struct store *s)
{
    return (struct fake *)s;
}

static bool fails(struct fake *f)
{
    if (f->failures == 0)
        return false;
    f->failures--;
    return true;
}

static enum err fake_get(struct store *s, const struct type *t, const struct uuid *id,
                         uint64_t fields, struct arena *mem, void *rec)
{
    struct fake *f = fake_of(s);
    enum err err = ERR_NOT_FOUND;

    (void)t;
    (void)fields;
    pthread_mutex_lock(&f->lock);
    f->loads++;
    if (fails(f))
        err = ERR_UNAVAILABLE;
    for (size_t i = 0; i < f->n && err == ERR_NOT_FOUND; i++) {
        if (f->gone[i] || !uuid_equal(&f->rows[i].id, id))
            continue;
        record_copy(&profile_type, mem, rec, &f->rows[i]);
        err = ERR_OK;
    }
    pthread_mutex_unlock(&f->lock);
    return err;
}

static int by_id(const void *a, const void *b)
{
    return uuid_compare(&((const struct profile *)a)->id, &((const struct profile *)b)->id);
}

/* `scans` counts those from the start: who shares one out begins the others further on. */
static enum err fake_scan(struct store *s, const struct query *q, store_each *each, void *arg)
{
    struct fake *f = fake_of(s);
    struct profile *rows = xcalloc(ROOM, sizeof(*rows));
    size_t n = 0;
    bool failed;

    pthread_mutex_lock(&f->lock);
    f->scans += uuid_is_zero(&q->after);
    while (f->held)
        pthread_cond_wait(&f->go, &f->lock);
    failed = fails(f);
    for (size_t i = 0; !failed && i < f->n; i++)
        if (!f->gone[i] && uuid_compare(&f->rows[i].id, &q->after) > 0)
            rows[n++] = f->rows[i];
    pthread_mutex_unlock(&f->lock);
    qsort(rows, n, sizeof(*rows), by_id);
    for (size_t i = 0; i < n && each(arg, &rows[i]); i++)
        ;
    free(rows);
    return failed ? ERR_UNAVAILABLE : ERR_OK;
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
    struct fake *f = fake_of(s);
    bool failed;

    pthread_mutex_lock(&f->lock);
    failed = fails(f);
    CHECK(after >= f->forgotten);
    for (*n = 0; !failed && *n < most && after + (int64_t)*n < f->last; ++*n)
        out[*n] = f->changes[after + (int64_t)*n];
    pthread_mutex_unlock(&f->lock);
    return failed ? ERR_UNAVAILABLE : ERR_OK;
}

static int64_t fake_last(struct store *s)
{
    struct fake *f = fake_of(s);
    int64_t last;

    pthread_mutex_lock(&f->lock);
    last = f->last;
    pthread_mutex_unlock(&f->lock);
    return last;
}

static int64_t fake_forgotten(struct store *s)
{
    return fake_of(s)->forgotten;
}

static enum err fake_forget(struct store *s, int64_t upto)
{
    struct fake *f = fake_of(s);

    pthread_mutex_lock(&f->lock);
    CHECK(upto <= f->last);
    f->forgotten = upto;
    pthread_mutex_unlock(&f->lock);
    return ERR_OK;
}

static void fake_watch(struct store *s, void (*fn)(void *arg), void *arg)
{
    struct fake *f = fake_of(s);

    pthread_mutex_lock(&f->lock);
    f->watcher = fn;
    f->watcher_arg = arg;
    pthread_mutex_unlock(&f->lock);
}

static const struct store_driver fake_driver = {.name = "fake",
                                                .get = fake_get,
                                                .scan = fake_scan,
                                                .count = fake_count,
                                                .changes = fake_changes,
                                                .last_change = fake_last,
                                                .forgotten = fake_forgotten,
                                                .forget = fake_forget,
                                                .watch = fake_watch};

/* Commit a row (or its end) as a store would. */
static void commit(struct fake *f, size_t at)
{
    pthread_mutex_lock(&f->lock);
    CHECK(f->last < CHANGES);
    f->changes[f->last] = (struct change){f->last + 1, &profile_type, f->rows[at].id};
    f->last++;
    if (f->watcher)
        f->watcher(f->watcher_arg);
    pthread_mutex_unlock(&f->lock);
}

static struct fake *fake_new(void)
{
    struct fake *f = xcalloc(1, sizeof(*f));
    struct sample *s = sample_new(ROOM, 3);

    f->store.driver = &fake_driver;
    f->mem = arena_new();
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->go, NULL);
    for (size_t i = 0; i < ROOM; i++) {
        sample_profile(s, (int64_t)i, f->mem, &f->rows[i]);
        if (i % 5 == 0)
            f->rows[i].account = accounts[0];
    }
    for (f->n = 0; f->n < ROWS; f->n++)
        commit(f, f->n);
    sample_free(s);
    return f;
}

static void fake_free(struct fake *f)
{
    arena_free(f->mem);
    free(f);
}

static struct search *open_on(struct fake *f, const char *dir)
{
    struct search_options o = {.dir = dir, .store = &f->store};
    struct search *s;

    CHECK(search_open(&o, &s) == ERR_OK);
    return s;
}

static int64_t total_of(struct search *s, const char *q)
{
    struct arena *mem = arena_new();
    struct search_query query = {.q = q};
    struct search_ask ask = {accounts[0], &query};
    struct search_answer a;
    enum err err = search_run(s, &ask, mem, &a, NULL);
    int64_t total = err ? -(int64_t)err : a.total;

    arena_free(mem);
    return total;
}

static int64_t living(struct fake *f)
{
    int64_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += !f->gone[i];
    return n;
}

static bool is_current(struct search *s, struct fake *f)
{
    return search_wait(s, fake_last(&f->store), WAIT_MS) && total_of(s, NULL) == living(f);
}

static void remove_dir(const char *dir)
{
    char command[400];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static void is_not_ready_while_it_is_built(void)
{
    struct fake *f = fake_new();
    struct search_stats st;
    struct search *s;

    f->held = true;
    s = open_on(f, NULL);
    CHECK(total_of(s, NULL) == -(int64_t)ERR_NOT_READY);
    CHECK(!search_wait(s, 0, 1));
    search_stats(s, &st);
    CHECK(!st.ready && st.built.ppm < 1000000);
    pthread_mutex_lock(&f->lock);
    f->held = false;
    pthread_cond_broadcast(&f->go);
    pthread_mutex_unlock(&f->lock);
    CHECK(is_current(s, f));
    search_stats(s, &st);
    CHECK(st.ready && st.built.ppm == 1000000 && st.documents == ROWS);
    search_close(s);
    fake_free(f);
}

static void follows_what_is_committed(void)
{
    struct fake *f = fake_new();
    struct search *s = open_on(f, NULL);

    CHECK(is_current(s, f));
    for (size_t i = 0; i < 120; i++) {
        pthread_mutex_lock(&f->lock);
        if (i % 3 == 0)
            f->n++;
        else if (i % 3 == 1)
            f->gone[i] = true;
        else
            f->rows[i].title = "Unheard Of";
        pthread_mutex_unlock(&f->lock);
        commit(f, i % 3 == 0 ? f->n - 1 : i);
        if (i % 7 == 0)
            CHECK(is_current(s, f));
    }
    CHECK(is_current(s, f));
    CHECK(total_of(s, "unheard") == 40);
    search_close(s);
    fake_free(f);
}

/* Without waiting for anything: the search itself does. */
static void an_account_finds_what_it_has_committed(void)
{
    struct fake *f = fake_new();
    struct search *s = open_on(f, NULL);

    CHECK(is_current(s, f));
    for (size_t i = 0; i < 60; i++) {
        const char *word = arena_printf(f->mem, "unheard%zu", i);

        pthread_mutex_lock(&f->lock);
        f->rows[i].title = word;
        pthread_mutex_unlock(&f->lock);
        commit(f, i);
        search_note_commit(s, &accounts[0], fake_last(&f->store));
        CHECK(total_of(s, word) == 1);
    }
    search_close(s);
    fake_free(f);
}

static void outlives_failures_of_the_store(void)
{
    struct fake *f = fake_new();
    struct search *s;

    f->failures = 2;
    s = open_on(f, NULL);
    CHECK(is_current(s, f));
    pthread_mutex_lock(&f->lock);
    f->failures = 1;
    f->gone[7] = true;
    pthread_mutex_unlock(&f->lock);
    commit(f, 7);
    CHECK(is_current(s, f));
    search_close(s);
    fake_free(f);
}

static void goes_on_from_its_files(void)
{
    struct fake *f = fake_new();
    char dir[] = "/tmp/search-test-XXXXXX";
    struct search *s;
    int loads;

    CHECK(mkdtemp(dir) != NULL);
    s = open_on(f, dir);
    CHECK(is_current(s, f));
    search_close(s);
    CHECK(f->scans == 1 && f->forgotten == f->last);
    f->gone[1] = f->gone[2] = true;
    f->n += 10;
    commit(f, 1);
    commit(f, 2);
    for (size_t i = f->n - 10; i < f->n; i++)
        commit(f, i);
    loads = f->loads;
    s = open_on(f, dir);
    CHECK(is_current(s, f));
    CHECK(f->scans == 1 && f->loads - loads == 12); /* what changed, and no more */
    search_close(s);
    remove_dir(dir);
    fake_free(f);
}

static void starts_over_when_changes_are_forgotten(void)
{
    struct fake *f = fake_new();
    char dir[] = "/tmp/search-test-XXXXXX";
    struct search *s;

    CHECK(mkdtemp(dir) != NULL);
    s = open_on(f, dir);
    CHECK(is_current(s, f));
    search_close(s);
    f->gone[1] = true;
    commit(f, 1);
    f->forgotten = f->last;
    s = open_on(f, dir);
    CHECK(is_current(s, f) && f->scans == 2);
    search_close(s);
    f->last = f->forgotten = 10; /* another store's past */
    s = open_on(f, dir);
    CHECK(is_current(s, f) && f->scans == 3);
    search_close(s);
    remove_dir(dir);
    fake_free(f);
}

/* Files */

static char *read_all(const char *path, size_t *n)
{
    FILE *in = fopen(path, "rb");
    struct stat st;
    char *text;

    if (!in || stat(path, &st))
        abort();
    *n = (size_t)st.st_size;
    text = xcalloc(*n + 1, 1);
    if (fread(text, 1, *n, in) != *n)
        abort();
    fclose(in);
    return text;
}

static void write_all(const char *path, const char *text, size_t n)
{
    FILE *out = fopen(path, "wb");

    if (!out || fwrite(text, 1, n, out) != n || fclose(out))
        abort();
}

enum { FLIPS = 40, CUTS = FLIPS + 5, KINDS };

/* Kinds below FLIPS flip a bit, early ones near the beginning; the rest cut or lengthen. */
static void damage(const char *path, int kind, uint64_t *dice)
{
    size_t n;
    char *text = read_all(path, &n);
    size_t at = kind % 2 ? roll(dice, n < 2000 ? n : 2000) : roll(dice, n);

    if (kind < FLIPS)
        text[at] = (char)(text[at] ^ 1 << roll(dice, 8));
    else if (kind == FLIPS)
        n = 0;
    else if (kind == FLIPS + 1)
        n++;
    else
        n = kind == FLIPS + 2 ? n - 1 : at;
    write_all(path, text, n);
    free(text);
}

/* One of the directory's files. */
static void any_file(const char *dir, uint64_t *dice, char path[300])
{
    DIR *d = opendir(dir);
    uint64_t seen = 0;

    for (struct dirent *e = readdir(d); e; e = readdir(d))
        if (e->d_name[0] != '.' && roll(dice, ++seen) == 0)
            snprintf(path, 300, "%s/%.200s", dir, e->d_name);
    closedir(d);
    CHECK(seen >= 3); /* a manifest, a segment of the catalogue, one of an account */
}

static void believes_no_damaged_file(void)
{
    struct fake *f = fake_new();
    uint64_t dice = (uint64_t)env_or("SEED", 77);
    char dir[] = "/tmp/search-test-XXXXXX", path[300];

    CHECK(mkdtemp(dir) != NULL);
    for (int kind = 0; kind < KINDS; kind++) {
        struct search *s = open_on(f, dir);
        int scans;

        CHECK(is_current(s, f));
        search_close(s);
        scans = f->scans;
        any_file(dir, &dice, path);
        if (kind == CUTS)
            unlink(path);
        else
            damage(path, kind, &dice);
        s = open_on(f, dir);
        CHECK(is_current(s, f));
        CHECK(f->scans == scans + 1);
        search_close(s);
    }
    remove_dir(dir);
    fake_free(f);
}

/* Altered under an index that had taken it unread: found while it is read through. */
static void reads_through_what_it_took_unread(void)
{
    struct fake *f = fake_new();
    uint64_t dice = 5;
    char dir[] = "/tmp/search-test-XXXXXX";
    struct file_identity known;
    struct segment *one;
    struct search *s;
    DIR *d;

    CHECK(mkdtemp(dir) != NULL);
    s = open_on(f, dir);
    CHECK(is_current(s, f));
    search_close(s);
    d = opendir(dir);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        char path[600];
        FILE *out;

        if (!strstr(e->d_name, ".segment"))
            continue;
        CHECK(segment_open(dir, e->d_name, true, NULL, &one) == ERR_OK && !one->unread);
        known = one->identity;
        segment_unref(one);
        CHECK(segment_open(dir, e->d_name, true, &known, &one) == ERR_OK && one->unread);
        CHECK(segment_read(one) && !one->unread);
        snprintf(path, sizeof(path), "%s/%.200s", dir, e->d_name);
        out = fopen(path, "r+b");
        fseek(out, (long)(one->size / 2 + roll(&dice, one->size / 4)), SEEK_SET);
        fputc('x' + (int)roll(&dice, 2), out);
        fputc('~', out);
        fclose(out);
        CHECK(!segment_read(one));
        segment_unref(one);
        CHECK(segment_open(dir, e->d_name, true, &known, &one) == ERR_INVALID);
    }
    closedir(d);
    remove_dir(dir);
    fake_free(f);
}

static void takes_a_copy_of_its_files_at_any_time(void)
{
    struct fake *f = fake_new();
    char dir[] = "/tmp/search-test-XXXXXX", command[400], copy[64];
    struct search *s;

    CHECK(mkdtemp(dir) != NULL);
    s = open_on(f, dir);
    CHECK(is_current(s, f));
    search_close(s);
    s = open_on(f, dir);
    for (size_t i = 0; i < 50; i++) {
        f->gone[i] = true;
        commit(f, i);
    }
    CHECK(is_current(s, f));
    snprintf(copy, sizeof(copy), "%s.copy", dir); /* what a killed process leaves */
    snprintf(command, sizeof(command), "cp -r %s %s", dir, copy);
    CHECK(system(command) == 0);
    search_close(s);
    f->forgotten = ROWS; /* as it was when the copy was made */
    s = open_on(f, copy);
    CHECK(is_current(s, f) && f->scans == 1);
    search_close(s);
    remove_dir(dir);
    remove_dir(copy);
    fake_free(f);
}

static void says_when_it_cannot_write(void)
{
    struct fake *f = fake_new();
    struct search_options o = {.dir = "/proc/none/index", .store = &f->store};
    struct search *s;

    CHECK(search_open(&o, &s) == ERR_UNAVAILABLE);
    search_close(s);
    fake_free(f);
}

static const struct test tests[] = {
    {"search: is not ready while it is built", is_not_ready_while_it_is_built},
    {"search: follows what is committed", follows_what_is_committed},
    {"search: an account finds what it has committed", an_account_finds_what_it_has_committed},
    {"search: outlives failures of the store", outlives_failures_of_the_store},
    {"search: goes on from its files", goes_on_from_its_files},
    {"search: starts over when changes are forgotten", starts_over_when_changes_are_forgotten},
    {"search: believes no damaged file", believes_no_damaged_file},
    {"search: reads through what it took unread", reads_through_what_it_took_unread},
    {"search: takes a copy of its files at any time", takes_a_copy_of_its_files_at_any_time},
    {"search: says when it cannot write", says_when_it_cannot_write},
};

TEST_MAIN(tests)
