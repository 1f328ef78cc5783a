/*
 * The index by itself at any size, against the bounds it is to keep at 10,000,000 rows.  The index
 * is built once into BENCH_DIR/ROWS-SEED and used again by later runs; delete it to build anew.
 * usage: scale [ROWS]      SEED, QUERIES (200), ONLY (part of a row's name), BUILD_ONLY=1,
 *                          MERGE_ROWS (1000000) that are new in the merge
 */
#include <errno.h>
#include <malloc.h>

#include "tests/bench/bench.h"
#include "tests/bench/scale_build.h"
#include "tests/bench/scale_files.h"
#include "tests/bench/search_ask.h"

enum { TOP = 25, QUERIES = 200, TRIES = 50, WARM = 8, PART_ROWS = 1 << 17, MEANWHILE = 1 << 20 };

struct bench {
    struct scale scale;
    struct search *index;
    uint64_t seed, dice;
    size_t queries;
    char dir[PATH_MAX - 300];
    bool over;
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Questions: what a row that exists says, so that the skew of the rows is that of the questions. */

static void any_row(struct bench *b, struct arena *mem, struct profile *p)
{
    sample_profile(b->scale.sample, (int64_t)bench_dice(&b->dice, (uint64_t)b->scale.rows), mem, p);
}

static bool selects(const struct search_query *q, enum facet f)
{
    return q->in[f].n > 0;
}

static void select_value(struct arena *mem, struct search_query *q, enum facet f, const char *value)
{
    const char **v = arena_alloc(mem, sizeof(*v));

    v[0] = value;
    q->in[f] = (struct strs){v, 1};
}

static void choose_facets(struct bench *b, struct arena *mem, size_t n, struct search_query *q)
{
    struct profile p;

    any_row(b, mem, &p);
    while (n) {
        enum facet f = ask_panes[bench_dice(&b->dice, ASK_PANES)];

        if (selects(q, f) || !ask_value(&p, f))
            continue;
        select_value(mem, q, f, ask_value(&p, f));
        n--;
    }
}

/* One or two whole words and the beginning of another, all of one row. */
static void words_with_prefix(struct bench *b, struct arena *mem, struct search_query *q)
{
    static const char *no_panes[] = {"none"};
    const char *title = NULL, *name = NULL, *city = NULL;

    while (!title || !name || !city) {
        struct profile p;

        any_row(b, mem, &p);
        title = ask_word(mem, p.title);
        name = ask_word(mem, p.name);
        city = ask_word(mem, p.city);
    }
    if (bench_dice(&b->dice, 2))
        q->q = arena_printf(mem, "%s %s*", title, arena_strndup(mem, name, 3));
    else
        q->q = arena_printf(mem, "%s %s %s*", title, city, arena_strndup(mem, name, 3));
    q->facets = (struct strs){no_panes, 1};
}

static void words_and_facets(struct bench *b, struct arena *mem, struct search_query *q)
{
    const char *title = NULL;

    while (!title) {
        struct profile p;

        any_row(b, mem, &p);
        title = ask_word(mem, p.title);
    }
    q->q = title;
    choose_facets(b, mem, 2, q);
}

static void three_facets(struct bench *b, struct arena *mem, struct search_query *q)
{
    choose_facets(b, mem, 3, q);
}

/* Any value that holds 15 to 60 % of the rows, of any facet that is shown. */
static void one_broad(struct bench *b, struct arena *mem, struct search_query *q)
{
    struct search_query all = {0};
    struct search_ask ask = {.query = &all};
    struct search_answer a;
    struct problem why;

    if (search_run(b->index, &ask, mem, &a, &why))
        exit(1);
    for (;;) {
        const struct facet_pane *pane = &a.panes[bench_dice(&b->dice, a.n_panes)];
        const struct facet_value *v = pane->values.v,
                                 *one = &v[bench_dice(&b->dice, pane->values.n)];

        if (one->count * 100 < a.total * 15 || one->count * 100 > a.total * 60)
            continue;
        select_value(mem, q, facet_find(pane->name), one->value);
        return;
    }
}

static void nothing(struct bench *b, struct arena *mem, struct search_query *q)
{
    (void)b;
    (void)mem;
    (void)q;
}

static void short_prefix(struct bench *b, struct arena *mem, struct search_query *q)
{
    const char *word = NULL;

    while (!word) {
        struct profile p;

        any_row(b, mem, &p);
        word = ask_word(mem, bench_dice(&b->dice, 2) ? p.name : p.title);
    }
    q->q = arena_printf(mem, "%s*", arena_strndup(mem, word, 2 + bench_dice(&b->dice, 2)));
}

static void broad_order(struct bench *b, struct arena *mem, struct search_query *q)
{
    static const char *const sorts[] = {"score",    "-score",  "name",     "-name",   "company",
                                        "-company", "updated", "-updated", "quality", "-quality"};
    static const char *no_panes[] = {"none"};

    one_broad(b, mem, q);
    q->sort = sorts[bench_dice(&b->dice, sizeof(sorts) / sizeof(*sorts))];
    q->facets = (struct strs){no_panes, 1};
}

static void broad_words(struct bench *b, struct arena *mem, struct search_query *q)
{
    static const char *no_panes[] = {"none"};

    words_and_facets(b, mem, q);
    memset(q->in, 0, sizeof(q->in));
    q->facets = (struct strs){no_panes, 1};
}

/* Asking */

static int64_t ask_index(struct bench *b, const struct search_query *q, int64_t *ns)
{
    struct search_ask ask = {.query = q};
    struct search_answer a;
    struct problem why;
    struct arena *mem = arena_new();
    int64_t from = now_ns(), total;

    if (search_run(b->index, &ask, mem, &a, &why)) {
        fprintf(stderr, "search: %s: %s\n", why.field, why.text);
        exit(1);
    }
    *ns = now_ns() - from;
    total = a.total;
    arena_free(mem);
    return total;
}

/* A question as a number, to know it again. */
static uint64_t hash_of(const struct search_query *q)
{
    uint64_t h = ask_hash(0, q->q ? q->q : "", q->q ? strlen(q->q) : 0, 0);

    h += ask_hash(1, q->sort ? q->sort : "", q->sort ? strlen(q->sort) : 0, 0);
    for (int f = 1; f < FACET_END; f++)
        for (size_t i = 0; i < q->in[f].n; i++)
            h += ask_hash(f + 2, q->in[f].v[i], strlen(q->in[f].v[i]), 0);
    return h;
}

struct kind {
    const char *name;
    void (*choose)(struct bench *, struct arena *, struct search_query *);
    double p50, p99; /* at most, in ms */
};

struct seen {
    uint64_t *v;
    size_t n;
};

static bool is_new(struct seen *s, uint64_t h)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i] == h)
            return false;
    s->v[s->n++] = h;
    return true;
}

static void report(struct bench *b, const char *name, const char *what, int64_t *ns, size_t n,
                   double most50, double most99)
{
    double p50 = bench_percentile(ns, n, 0.5, 1e6), p99 = bench_percentile(ns, n, 0.99, 1e6);
    bool over = p50 > most50 || p99 > most99;

    printf("%-34s n %zu %s p50 %8.3f (at most %5.2f) p99 %8.3f (at most %6.2f) ms  %s\n", name, n,
           what, p50, most50, p99, most99, over ? "OVER" : "ok");
    fflush(stdout);
    b->over |= over;
}

static void run_kind(struct bench *b, const struct kind *k)
{
    size_t n = b->queries;
    int64_t *ns = xcalloc(n, sizeof(*ns)), rows = 0;
    struct seen seen = {.v = xcalloc(n + 1, sizeof(uint64_t))};
    char what[80];

    for (size_t i = 0; i < n; i++) {
        struct arena *mem = arena_new();
        struct search_query q;

        for (int t = 0; t < TRIES; t++) {
            q = (struct search_query){.page_size = TOP};
            k->choose(b, mem, &q);
            if (is_new(&seen, hash_of(&q)))
                break;
        }
        rows += ask_index(b, &q, &ns[i]);
        if (getenv("SHOW"))
            printf("  %10.3f ms  %s %s\n", (double)ns[i] / 1e6, q.q ? q.q : "",
                   q.sort ? q.sort : "");
        arena_free(mem);
    }
    snprintf(what, sizeof(what), "distinct %3zu rows %8lld", seen.n,
             (long long)(rows / (int64_t)n));
    report(b, k->name, what, ns, n, k->p50, k->p99);
    free(seen.v);
    free(ns);
}

/* One changed profile, and a search that has it. */
static void run_changes(struct bench *b)
{
    size_t n = b->queries;
    int64_t *ns = xcalloc(n, sizeof(*ns)), unused;
    struct search_query q = {.q = "zzchanged", .page_size = TOP};

    for (size_t i = 0; i < n; i++) {
        struct arena *mem = arena_new();
        struct profile p;
        int64_t from;

        any_row(b, mem, &p);
        p.title = "Zzchanged";
        from = now_ns();
        if (search_put(b->index, &p, 1) || ask_index(b, &q, &unused) < 1)
            exit(1);
        ns[i] = now_ns() - from;
        arena_free(mem);
    }
    report(b, "one changed profile, seen", "                          ", ns, n, 1, 5);
    free(ns);
}

/* What somebody has typed of it: one letter and more of a value that a row has. */
static void run_suggest(struct bench *b)
{
    static const char *const names[] = {"typeahead: title", "typeahead: company",
                                        "typeahead: place", "typeahead: technology",
                                        "typeahead: any"};
    size_t n = b->queries;
    int64_t *ns = xcalloc(n, sizeof(*ns));

    for (int f = 0; f <= SUGGEST_ANY; f++) {
        for (size_t i = 0; i < n; i++) {
            struct arena *mem = arena_new();
            const char *text = NULL;
            struct profile p;
            struct list list;
            int64_t from;

            while (!text) {
                any_row(b, mem, &p);
                text = f == SUGGEST_COMPANY || (f == SUGGEST_ANY && i % 2) ? p.company
                       : f == SUGGEST_PLACE                                ? p.city
                       : f != SUGGEST_TECHNOLOGY                           ? p.title
                       : p.technologies.n                                  ? p.technologies.v[0]
                                                                           : NULL;
            }
            text = arena_strndup(mem, text, 1 + bench_dice(&b->dice, 6));
            from = now_ns();
            if (search_suggest(b->index, &catalogue_account, (enum suggest_field)f, text, 6, mem,
                               &list))
                exit(1);
            ns[i] = now_ns() - from;
            arena_free(mem);
        }
        report(b, names[f], "                          ", ns, n, 0.05, 0.5);
    }
    free(ns);
}

/* Opening */

static int64_t open_index(struct bench *b, const char *dir)
{
    struct search_options o = {.dir = dir};
    int64_t from = now_ns();

    if (search_open(&o, &b->index)) {
        fprintf(stderr, "%s: cannot be opened\n", dir);
        exit(1);
    }
    return now_ns() - from;
}

static int64_t documents(const struct bench *b)
{
    struct search_stats st;

    search_stats(b->index, &st);
    return st.documents;
}

static void build_if_absent(struct bench *b)
{
    bool there;

    open_index(b, b->dir);
    there = documents(b) == b->scale.rows;
    search_close(b->index);
    if (there)
        return;
    each_file(b->dir, remove_file, NULL);
    scale_build(&b->scale, b->dir);
}

static void run_open(struct bench *b)
{
    int64_t cold, cached;

    each_file(b->dir, drop_cached, NULL);
    cold = open_index(b, b->dir);
    search_close(b->index);
    cached = open_index(b, b->dir);
    report(b, "open, not in the page cache", "                         ", &cold, 1, 500, 500);
    report(b, "open, in the page cache", "                         ", &cached, 1, 50, 50);
}

static void run_memory(struct bench *b)
{
    int64_t files = 0;
    struct search_stats st;
    double anon = scale_memory("RssAnon:"), mapped;

    each_file(b->dir, add_size, &files);
    search_stats(b->index, &st);
    mapped = (double)st.mapped_bytes / 1e6;
    printf(
        "memory: %.0f MB anonymous (at most 250), %.0f MB mapped (at most 1500), %.0f MB of them "
        "resident;\n        %.1f bytes a row, %lld segments, files %.0f MB  %s\n",
        anon, mapped, scale_memory("RssFile:"), (double)files / (double)b->scale.rows,
        (long long)st.segments, (double)files / 1e6, anon > 250 || mapped > 1500 ? "OVER" : "ok");
    fflush(stdout);
}

static const struct kind kinds[] = {
    {"3 facets, 6 panes", three_facets, 0.5, 5},
    {"2-3 words with a prefix", words_with_prefix, 0.6, 8},
    {"one word by relevance", broad_words, 0.6, 8},
    {"word, 2 facets, 6 panes", words_and_facets, 0.5, 6},
    {"one broad facet, 6 panes", one_broad, 1, 3},
    {"nothing selected, 6 panes", nothing, 1, 3},
    {"2-3 letter prefix, 6 panes", short_prefix, 3, 10},
    {"broad, any order", broad_order, 3, 10},
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static bool is_wanted(const char *name)
{
    const char *only = getenv("ONLY");

    return !only || strstr(name, only);
}

/* Merging while people search */

/* Segments of rows that are new, as large as those of a rebuild; the number of them. */
static size_t make_parts(struct bench *b, const char *dir, int64_t rows, struct segment **out)
{
    struct sample *sample = sample_new(rows, b->seed + 1);
    size_t n = 0;

    for (int64_t i = 0; i < rows; n++) {
        struct builder *one = builder_new(&catalogue_account);

        for (int64_t end = i + PART_ROWS < rows ? i + PART_ROWS : rows; i < end; i++) {
            struct arena *mem = arena_new();
            struct profile p;

            sample_profile(sample, i, mem, &p);
            builder_add(one, &p);
            arena_free(mem);
        }
        if (n == PARTS_MAX || builder_write(one, dir, &out[n]))
            exit(1);
        builder_free(one);
    }
    sample_free(sample);
    return n;
}

static bool is_merging(struct bench *b)
{
    struct search_stats st;

    search_stats(b->index, &st);
    return st.busy;
}

/* Questions of all kinds in turn, while the index merges or `most` of them; the number of them. */
static size_t ask_meanwhile(struct bench *b, int64_t *ns, size_t most, bool merging)
{
    size_t n = 0;

    for (; n < most && (!merging || is_merging(b)); n++) {
        struct search_query q = {.page_size = TOP};
        struct arena *mem = arena_new();

        kinds[n % KINDS].choose(b, mem, &q);
        ask_index(b, &q, &ns[n]);
        arena_free(mem);
    }
    return n;
}

static void say_meanwhile(const char *what, int64_t *ns, size_t n)
{
    printf("%-34s n %zu p50 %8.3f p99 %8.3f longest %8.3f ms\n", what, n,
           bench_percentile(ns, n, 0.5, 1e6), bench_percentile(ns, n, 0.99, 1e6),
           bench_percentile(ns, n, 1, 1e6));
    fflush(stdout);
}

static void run_merge(struct bench *b, const char *dir)
{
    int64_t rows = bench_env("MERGE_ROWS", 1000000), *ns = xcalloc(MEANWHILE, sizeof(*ns)), from;
    struct segment *parts[PARTS_MAX];
    struct memory_watch watch;
    size_t n = make_parts(b, dir, rows, parts), asked;
    double before;
    bool over;

    say_meanwhile("searches of all kinds, no merge", ns, ask_meanwhile(b, ns, QUERIES * 5, false));
    malloc_trim(0); /* what making the parts took */
    before = scale_memory("RssAnon:");
    memory_watch_begin(&watch);
    from = now_ns();
    for (size_t i = 0; i < n; i++)
        index_add(b->index, parts[i]);
    asked = ask_meanwhile(b, ns, MEANWHILE, true);
    from = now_ns() - from;
    memory_watch_end(&watch);
    over = watch.peak_mb - before > 300;
    b->over |= over;
    say_meanwhile("searches of all kinds, merging", ns, asked);
    printf("%-34s %lld rows of %zu segments in %.1f s, peak %.0f MB over %.0f (at most 300)  %s\n",
           "merge while serving", (long long)rows, n, (double)from / 1e9, watch.peak_mb - before,
           before, over ? "OVER" : "ok");
    fflush(stdout);
    free(ns);
}

/* On copies of the files, so that the index stays as it is for the next run. */
static void run_written(struct bench *b)
{
    char dir[PATH_MAX];

    search_close(b->index);
    snprintf(dir, sizeof(dir), "%s.written", b->dir);
    each_file(dir, remove_file, NULL);
    if (mkdir(dir, 0700) && errno != EEXIST)
        perror(dir);
    each_file(b->dir, copy_file, dir);
    open_index(b, dir);
    scale_settle(b->index);
    if (is_wanted("one changed profile, seen"))
        run_changes(b);
    if (is_wanted("merge while serving"))
        run_merge(b, dir);
    search_close(b->index);
    each_file(dir, remove_file, NULL);
    rmdir(dir);
}

static void run_all(struct bench *b)
{
    struct kind warm = {"warming, not counted", nothing, 1e9, 1e9};
    size_t queries = b->queries;

    scale_settle(b->index); /* the files have been read through */
    b->queries = WARM;
    run_kind(b, &warm);
    b->queries = queries;
    for (size_t i = 0; i < KINDS; i++)
        if (is_wanted(kinds[i].name))
            run_kind(b, &kinds[i]);
    if (is_wanted("typeahead"))
        run_suggest(b);
    run_memory(b);
    if (is_wanted("one changed profile, seen") || is_wanted("merge while serving"))
        run_written(b);
    else
        search_close(b->index);
}

int main(int argc, char **argv)
{
    struct bench b = {.scale.rows = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000000,
                      .seed = (uint64_t)bench_env("SEED", 7),
                      .queries = (size_t)bench_env("QUERIES", QUERIES)};
    const char *where = getenv("BENCH_DIR");

    b.dice = b.seed;
    b.scale.sample = sample_new(b.scale.rows, b.seed);
    snprintf(b.dir, sizeof(b.dir), "%s/%lld-%llu", where ? where : ".", (long long)b.scale.rows,
             (unsigned long long)b.seed);
    printf("%lld rows, seed %llu, in %s; the bounds are those for 10,000,000 rows\n",
           (long long)b.scale.rows, (unsigned long long)b.seed, b.dir);
    build_if_absent(&b);
    if (!bench_env("BUILD_ONLY", 0)) {
        run_open(&b);
        run_all(&b);
        printf("%s\n", b.over ? "some are OVER their bounds" : "all within their bounds");
    }
    sample_free(b.scale.sample);
    return b.over;
}
