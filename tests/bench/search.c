/*
 * The index against SQLite with FTS5: the same rows, the same questions, in one run.
 * usage: search [ROWS]      SEED, QUERIES (200), SLOW (200; questions put to SQLite for the kinds
 * that are only for information), PEER=0 (no SQLite) in the environment; BENCH_DIR: where
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "server/sample.h"
#include "server/search/search.h"
#include "tests/bench/bench.h"
#include "tests/bench/search_sqlite.h"

enum { BATCH = 100000, TOP = 25, SAMPLE_ROWS = 4096, QUERIES = 200, INFO_QUERIES = 20 };

struct bench {
    int64_t rows;
    uint64_t seed, dice;
    size_t queries, slow;
    struct search *index;
    sqlite3 *db;
    struct sample *sample;
    char dir[512];
};

/* Building */

/* Until nothing is being merged; how long that took. */
static int64_t settle(struct bench *b, struct search_stats *st)
{
    int64_t from = clock_mono_us();

    do {
        usleep(1000);
        search_stats(b->index, st);
    } while (st->busy);
    return clock_mono_us() - from;
}

static void build(struct bench *b)
{
    struct profile *rows = xcalloc(BATCH, sizeof(*rows));
    int64_t made = 0, us = 0;
    struct search_stats st;

    while (made < b->rows) {
        struct arena *mem = arena_new();
        size_t n = 0;
        int64_t from;

        for (; n < BATCH && made < b->rows; n++)
            sample_profile(b->sample, made++, mem, &rows[n]);
        from = clock_mono_us();
        if (search_put(b->index, rows, n))
            exit(1);
        us += clock_mono_us() - from;
        arena_free(mem);
    }
    us += settle(b, &st);
    free(rows);
    printf("index: %lld rows in %.1f s, %.0f rows/s, %.1f MB (%.0f bytes a row), %lld segments\n",
           (long long)b->rows, (double)us / 1e6, (double)b->rows * 1e6 / (double)us,
           (double)(st.heap_bytes + st.mapped_bytes) / 1e6,
           (double)(st.heap_bytes + st.mapped_bytes) / (double)b->rows, (long long)st.segments);
    fflush(stdout);
}

static void build_peer(struct bench *b)
{
    char path[600];
    sqlite3_stmt *st;
    int64_t from = clock_mono_us(), pages, size;

    snprintf(path, sizeof(path), "%s/peer.db", b->dir);
    b->db = sql_open(path);
    st = sql_begin_load(b->db);
    for (int64_t i = 0; i < b->rows; i += SAMPLE_ROWS) {
        struct arena *mem = arena_new();

        for (int64_t k = i; k < b->rows && k < i + SAMPLE_ROWS; k++) {
            struct profile p;

            sample_profile(b->sample, k, mem, &p);
            sql_insert(b->db, st, &p);
        }
        arena_free(mem);
    }
    sql_end_load(b->db, st);
    st =
        sql_prepare(b->db, "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size");
    sqlite3_step(st);
    pages = sqlite3_column_int64(st, 0);
    size = sqlite3_column_int64(st, 1);
    sqlite3_finalize(st);
    printf("sqlite %s: built in %.1f s, %.1f MB\n", sqlite3_libversion(),
           (double)(clock_mono_us() - from) / 1e6, (double)(pages * size) / 1e6);
    fflush(stdout);
}

/* Questions: what a row that exists says, so that the skew of the rows is that of the questions. */

static void any_row(struct bench *b, struct arena *mem, struct profile *p)
{
    sample_profile(b->sample, (int64_t)bench_dice(&b->dice, (uint64_t)b->rows), mem, p);
}

static void choose_facets(struct bench *b, struct arena *mem, size_t n, struct bench_ask *q)
{
    struct profile p;

    any_row(b, mem, &p);
    while (q->n < n) {
        enum facet f = ask_panes[bench_dice(&b->dice, ASK_PANES)];

        if (!ask_selects(q, f) && ask_value(&p, f)) {
            q->facets[q->n] = f;
            q->values[q->n++] = ask_value(&p, f);
        }
    }
}

static void choose_words(struct bench *b, struct arena *mem, bool prefix, struct bench_ask *q)
{
    const char *title = NULL, *name = NULL;

    while (!title || !name) {
        struct profile p;

        any_row(b, mem, &p);
        title = ask_word(mem, p.title);
        name = ask_word(mem, bench_dice(&b->dice, 2) ? p.name : p.city);
    }
    if (prefix)
        name = arena_strndup(mem, name, 3);
    q->q = arena_printf(mem, "%s %s%s", title, name, prefix ? "*" : "");
    q->match = arena_printf(mem, "\"%s\" AND \"%s\"%s", title, name, prefix ? "*" : "");
}

static void three_facets(struct bench *b, struct arena *mem, struct bench_ask *q)
{
    choose_facets(b, mem, 3, q);
}

static void two_words(struct bench *b, struct arena *mem, struct bench_ask *q)
{
    choose_words(b, mem, false, q);
}

static void word_and_prefix(struct bench *b, struct arena *mem, struct bench_ask *q)
{
    choose_words(b, mem, true, q);
}

static void words_and_facets(struct bench *b, struct arena *mem, struct bench_ask *q)
{
    choose_words(b, mem, false, q);
    q->q = arena_strndup(mem, q->q, strcspn(q->q, " "));
    q->match = arena_printf(mem, "\"%s\"", q->q);
    choose_facets(b, mem, 2, q);
}

static void short_prefix(struct bench *b, struct arena *mem, struct bench_ask *q)
{
    const char *word = NULL;

    while (!word) {
        struct profile p;

        any_row(b, mem, &p);
        word = ask_word(mem, p.name);
    }
    word = arena_strndup(mem, word, 2 + bench_dice(&b->dice, 2));
    q->q = arena_printf(mem, "%s*", word);
    q->match = arena_printf(mem, "\"%s\"*", word);
}

/* The value of any pane that comes closest to 35 % of the rows. */
static void one_broad(struct bench *b, struct arena *mem, struct bench_ask *q)
{
    struct search_query all = {0};
    struct search_ask ask = {.query = &all};
    int64_t wanted = b->rows * 35 / 100, least = INT64_MAX;
    struct search_answer a;

    if (search_run(b->index, &ask, mem, &a, NULL))
        exit(1);
    for (size_t i = 0; i < a.n_panes; i++) {
        const struct facet_value *v = a.panes[i].values.v;

        for (size_t k = 0; k < a.panes[i].values.n; k++) {
            if (llabs(v[k].count - wanted) >= least)
                continue;
            least = llabs(v[k].count - wanted);
            q->facets[0] = facet_find(a.panes[i].name);
            q->values[0] = v[k].value;
        }
    }
    q->n = 1;
}

static void broad_by_name(struct bench *b, struct arena *mem, struct bench_ask *q)
{
    static const char *const sorts[] = {"name", "-name", "company", "updated", "quality"};

    one_broad(b, mem, q);
    q->sort = sorts[bench_dice(&b->dice, 5)];
}

static void nothing(struct bench *b, struct arena *mem, struct bench_ask *q)
{
    (void)b;
    (void)mem;
    (void)q;
}

/* Asking */

static int64_t index_ask(struct bench *b, const struct bench_ask *q, uint64_t *hash, int64_t *us)
{
    struct search_query sq = {.q = q->q, .page_size = TOP, .sort = q->sort ? q->sort : "score"};
    struct search_ask ask = {.query = &sq};
    struct search_answer a;
    struct problem why;
    struct arena *mem = arena_new();
    int64_t from;

    for (size_t i = 0; i < q->n; i++)
        sq.in[q->facets[i]] = (struct strs){&q->values[i], 1};
    from = clock_mono_us();
    if (search_run(b->index, &ask, mem, &a, &why)) {
        fprintf(stderr, "search: %s: %s\n", why.field, why.text);
        exit(1);
    }
    *us = clock_mono_us() - from;
    *hash = 0;
    for (size_t i = 0; i < a.n; i++)
        *hash += ask_hash(0, a.hits[i].id.b, 16, (int64_t)i);
    for (size_t i = 0; i < a.n_panes; i++) {
        const struct facet_value *v = a.panes[i].values.v;

        for (size_t k = 0; k < a.panes[i].values.n; k++)
            *hash += ask_hash((int)facet_find(a.panes[i].name), v[k].value, strlen(v[k].value),
                              v[k].count);
    }
    arena_free(mem);
    return a.total;
}

struct kind {
    const char *name;
    void (*choose)(struct bench *, struct arena *, struct bench_ask *);
    bool judged; /* the one that the project promises */
};

static bool run_kind(struct bench *b, const struct kind *k)
{
    size_t n = b->queries, slow = 0, agree = 0;
    int64_t *ours = xcalloc(n, sizeof(*ours)), *theirs = xcalloc(n, sizeof(*theirs)), rows = 0;
    double p50, p99, peer50, peer99;

    for (size_t i = 0; i < n; i++) {
        struct arena *mem = arena_new();
        struct bench_ask q = {0};
        uint64_t hash, peer_hash;
        int64_t total;

        k->choose(b, mem, &q);
        total = index_ask(b, &q, &hash, &ours[i]);
        rows += total;
        if (b->db && !q.sort && (k->judged || i < b->slow)) {
            int64_t from = clock_mono_us(), peer = sql_ask(b->db, &q, &peer_hash);

            theirs[slow++] = clock_mono_us() - from;
            agree += peer == total && peer_hash == hash;
        }
        arena_free(mem);
    }
    p50 = bench_percentile(ours, n, 0.5, 1000);
    p99 = bench_percentile(ours, n, 0.99, 1000);
    peer50 = bench_percentile(theirs, slow, 0.5, 1000);
    peer99 = bench_percentile(theirs, slow, 0.99, 1000);
    printf("%-22s n %zu  mean rows %8lld  index p50 %8.3f p99 %8.3f ms", k->name, n,
           (long long)(rows / (int64_t)n), p50, p99);
    if (slow)
        printf("  sqlite n %zu p50 %9.2f p99 %9.2f ms  ratio p50 %5.0f p99 %5.0f  same answer %zu",
               slow, peer50, peer99, peer50 / p50, peer99 / p99, agree);
    printf("\n");
    fflush(stdout);
    free(ours);
    free(theirs);
    if (k->judged && slow != agree)
        printf("FAIL the answers differ\n");
    return k->judged && (p99 >= 10 || (slow && (peer99 < 20 * p99 || slow != agree)));
}

/* One changed profile, visible on return. */
static void run_changes(struct bench *b)
{
    size_t n = b->queries;
    int64_t *us = xcalloc(n, sizeof(*us));

    for (size_t i = 0; i < n; i++) {
        struct arena *mem = arena_new();
        struct profile p;
        int64_t from;

        any_row(b, mem, &p);
        p.title = "Changed";
        from = clock_mono_us();
        if (search_put(b->index, &p, 1))
            exit(1);
        us[i] = clock_mono_us() - from;
        arena_free(mem);
    }
    printf("%-22s n %zu  p50 %8.3f p99 %8.3f ms\n", "one changed profile", n,
           bench_percentile(us, n, 0.5, 1000), bench_percentile(us, n, 0.99, 1000));
    free(us);
}

static const struct kind kinds[] = {
    {"3 facets", three_facets, true},
    {"2 words", two_words, false},
    {"word and prefix", word_and_prefix, false},
    {"word and 2 facets", words_and_facets, false},
    {"2-3 letter prefix", short_prefix, false},
    {"one broad facet", one_broad, false},
    {"broad, other orders", broad_by_name, false},
    {"nothing selected", nothing, false},
};

int main(int argc, char **argv)
{
    struct bench b = {.rows = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000000,
                      .seed = (uint64_t)bench_env("SEED", 7),
                      .queries = (size_t)bench_env("QUERIES", QUERIES),
                      .slow = (size_t)bench_env("SLOW", INFO_QUERIES)};
    const char *where = getenv("BENCH_DIR");
    struct search_options o = {0};
    char path[600];
    bool bad = false;

    b.dice = b.seed;
    b.sample = sample_new(b.rows, b.seed);
    snprintf(b.dir, sizeof(b.dir), "%s/search-XXXXXX", where ? where : ".");
    if (!mkdtemp(b.dir) || search_open(&o, &b.index))
        return 1;
    printf("%lld rows, seed %llu; each question: exact total, 6 panes, top 25\n", (long long)b.rows,
           (unsigned long long)b.seed);
    build(&b);
    if (bench_env("PEER", 1))
        build_peer(&b);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        bad |= run_kind(&b, &kinds[i]);
    run_changes(&b);
    printf("expected: 3 facets p99 under 10 ms and at least 20 times SQLite's: %s\n",
           bad ? "FAIL" : "ok");
    if (b.db)
        sqlite3_close(b.db);
    snprintf(path, sizeof(path), "%s/peer.db", b.dir);
    unlink(path);
    rmdir(b.dir);
    search_close(b.index);
    sample_free(b.sample);
    return bad;
}
