/*
 * Searching while others write: each search sees all of a batch or nothing of it, pages go on where
 * they ended, and nobody waits.  Meant for ThreadSanitizer as much as for itself.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/search_world.h"

#ifdef SANITIZED
enum { ROWS = 1500, BATCHES = 80 };
#else
enum { ROWS = 9000, BATCHES = 150 };
#endif
enum { GROUP = 50, READERS = 2, PAGES_AT_LEAST = 3 };

struct known { /* in order of id */
    struct uuid id;
    size_t row;
};

struct live_test {
    struct search *index;
    struct arena *mem;
    struct profile *rows; /* the first GROUP are written together, again and again */
    struct known known[ROWS];
    atomic_bool over;
    atomic_int searches, torn, missed;
};

static int by_id(const void *a, const void *b)
{
    return uuid_compare(a, b);
}

static void setup(struct live_test *t)
{
    struct search_options o = {0};
    struct sample *s = sample_new(ROWS, 9);

    *t = (struct live_test){.mem = arena_new()};
    t->rows = arena_alloc(t->mem, ROWS * sizeof(*t->rows));
    CHECK(search_open(&o, &t->index) == ERR_OK);
    for (size_t i = 0; i < ROWS; i++) {
        sample_profile(s, (int64_t)i, t->mem, &t->rows[i]);
        t->known[i] = (struct known){t->rows[i].id, i};
    }
    qsort(t->known, ROWS, sizeof(*t->known), by_id);
    CHECK(search_put(t->index, t->rows, ROWS) == ERR_OK);
    sample_free(s);
}

static void teardown(struct live_test *t)
{
    search_close(t->index);
    arena_free(t->mem);
}

/* Run the writer here and the readers beside it until it is through. */
static void run(struct live_test *t, void *(*reader)(void *), void (*writer)(struct live_test *))
{
    pthread_t threads[READERS];

    for (int i = 0; i < READERS; i++)
        CHECK(pthread_create(&threads[i], NULL, reader, t) == 0);
    writer(t);
    atomic_store(&t->over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
}

/* The group gets a new keyword at once: only one is ever there, and all of the group have it. */

static void write_group(struct live_test *t)
{
    for (int i = 0; i < BATCHES; i++) {
        const char **word = arena_alloc(t->mem, sizeof(*word));
        struct arena *mem = arena_new();

        word[0] = arena_printf(t->mem, "generation %d", i);
        for (size_t k = 0; k < GROUP; k++) {
            t->rows[k].keywords = (struct strs){word, 1};
            t->rows[k].score = (i * 7 + (int)k) % 101;
        }
        CHECK(search_put(t->index, t->rows, GROUP) == ERR_OK);
        arena_free(mem);
    }
}

static bool is_whole(const struct search_answer *a)
{
    const struct facet_value *v = a->panes[0].values.v;
    size_t seen = 0;

    if (a->total != GROUP)
        return a->total == 0; /* before the first batch */
    for (size_t i = 0; i < a->panes[0].values.n; i++)
        if (strncmp(v[i].value, "generation", 10) == 0)
            seen += v[i].count == GROUP ? 1 : 100;
    return seen == 1;
}

static void *read_group(void *arg)
{
    static const char *const panes[] = {"keyword"};
    struct live_test *t = arg;

    while (!atomic_load(&t->over)) {
        struct arena *mem = arena_new();
        struct search_query q = {.q = "generation", .facets = {panes, 1}, .page_size = 5};
        struct search_ask ask = {accounts[0], &q};
        struct search_answer a;

        if (search_run(t->index, &ask, mem, &a, NULL) || !is_whole(&a))
            atomic_fetch_add(&t->torn, 1);
        atomic_fetch_add(&t->searches, 1);
        arena_free(mem);
    }
    return NULL;
}

/* The group is bought row by row while it is written: what is owned only grows. */

static void buy_group(struct live_test *t)
{
    for (size_t i = 0; i < GROUP; i++) {
        search_note_owned(t->index, &accounts[0], &t->rows[i].id);
        for (size_t k = 0; k < GROUP; k++)
            t->rows[k].score = (int64_t)(i * 7 + k) % 101;
        CHECK(search_put(t->index, t->rows, GROUP) == ERR_OK);
    }
    while (atomic_load(&t->searches) < PAGES_AT_LEAST)
        CHECK(search_put(t->index, t->rows, GROUP) == ERR_OK);
}

static void *read_owned(void *arg)
{
    struct live_test *t = arg;
    int64_t before = 0;

    while (!atomic_load(&t->over)) {
        struct arena *mem = arena_new();
        struct search_query q = {.q = "owned:yes", .page_size = 5};
        struct search_ask ask = {accounts[0], &q};
        struct search_answer a;

        if (search_run(t->index, &ask, mem, &a, NULL) || a.total < before || a.total > GROUP)
            atomic_fetch_add(&t->torn, 1);
        before = a.total;
        atomic_fetch_add(&t->searches, 1);
        arena_free(mem);
    }
    return NULL;
}

static void what_is_owned_only_grows(void)
{
    struct live_test t;
    struct search_query q = {.owned = "yes"};
    struct search_ask ask = {accounts[0], &q}, stranger = {accounts[1], &q};
    struct search_answer a;

    setup(&t);
    run(&t, read_owned, buy_group);
    CHECK(atomic_load(&t.torn) == 0);
    CHECK(search_run(t.index, &ask, t.mem, &a, NULL) == ERR_OK && a.total == GROUP);
    CHECK(search_run(t.index, &stranger, t.mem, &a, NULL) == ERR_OK && a.total == 0);
    teardown(&t);
}

static void sees_all_of_a_batch_or_nothing(void)
{
    struct live_test t;

    setup(&t);
    run(&t, read_group, write_group);
    CHECK(atomic_load(&t.torn) == 0 && atomic_load(&t.searches) > 0);
    teardown(&t);
}

/* Rows that nobody touches come exactly once, whatever is put, moved and deleted between pages. */

static void churn(struct live_test *t)
{
    struct sample *s = sample_new(ROWS * 4, 9);
    size_t made = ROWS;

    for (int i = 0; i < BATCHES || atomic_load(&t->searches) < PAGES_AT_LEAST; i++) {
        struct arena *mem = arena_new();
        struct profile fresh[GROUP];

        for (size_t k = 0; k < GROUP; k++) {
            sample_profile(s, (int64_t)(made++ % (ROWS * 4)), mem, &fresh[k]);
            fresh[k].domain = "touched";
            t->rows[k].score = (t->rows[k].score * 31 + i) % 101;
            t->rows[k].name = arena_printf(mem, "%c%d", 'a' + i % 26, i);
        }
        CHECK(search_put(t->index, t->rows, GROUP) == ERR_OK);
        if (made < (size_t)ROWS * 3)
            CHECK(search_put(t->index, fresh, GROUP) == ERR_OK);
        CHECK(search_delete(t->index, &fresh[i % GROUP].id, 1) == ERR_OK);
        arena_free(mem);
    }
    sample_free(s);
}

/* How often each untouched row was met; -1: a search failed. */
static int page_through(struct live_test *t, const char *sort, uint8_t *met)
{
    struct arena *mem = arena_new();
    struct search_query q = {.sort = sort, .page_size = 250};
    struct search_ask ask = {accounts[0], &q};
    int bad = 0;

    do {
        struct search_answer a;

        if (search_run(t->index, &ask, mem, &a, NULL)) {
            bad++;
            break;
        }
        for (size_t i = 0; i < a.n; i++) {
            const struct known *k =
                bsearch(&a.hits[i].id, t->known, ROWS, sizeof(*t->known), by_id);

            if (k)
                met[k->row]++;
        }
        q.cursor = a.next_cursor;
    } while (q.cursor);
    for (size_t k = GROUP; k < ROWS; k++)
        bad += met[k] != 1;
    arena_free(mem);
    return bad;
}

static void *read_pages(void *arg)
{
    static const char *const sorts[] = {"score", "name", "-updated", "-company"};
    struct live_test *t = arg;

    for (int i = 0; !atomic_load(&t->over); i++) {
        uint8_t *met = xcalloc(ROWS, 1);

        atomic_fetch_add(&t->missed, page_through(t, sorts[i % 4], met));
        atomic_fetch_add(&t->searches, 1);
        free(met);
    }
    return NULL;
}

static void pages_meet_every_untouched_row_once(void)
{
    struct live_test t;

    setup(&t);
    run(&t, read_pages, churn);
    CHECK(atomic_load(&t.missed) == 0 && atomic_load(&t.searches) >= PAGES_AT_LEAST);
    teardown(&t);
}

static const struct test tests[] = {
    {"search: sees all of a batch or nothing", sees_all_of_a_batch_or_nothing},
    {"search: what is owned only grows", what_is_owned_only_grows},
    {"search: pages meet every untouched row once", pages_meet_every_untouched_row_once},
};

TEST_MAIN(tests)
