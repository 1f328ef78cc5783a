/*
 * The index against a naive reading of the same rows: totals, every pane, the whole order through
 * all pages, before and after updates, deletes, merges and reopening.  The controls see to it that
 * the comparison can fail.
 *
 * SEED and ORACLE (about so many questions in all) in the environment replay and lengthen it:
 *     ORACLE=100000 build/tests/unit/search
 */
#include "common/json.h"
#include "tests/unit/search_random.h"

enum { ROWS = 500, ROOM = 1200, MANY = 10000, PAGE_SIZES = 70 };

#ifdef SANITIZED
enum { QUERIES = 150 };
#else
enum { QUERIES = 1200 };
#endif

static uint64_t seed;
static long long queries;         /* a round */
static long long asked, differed; /* outside of the controls */

/* Differences */

static bool pane_is_wanted(const struct want *q, enum facet f)
{
    static const enum facet six[] = {FACET_seniority, FACET_department, FACET_industry,
                                     FACET_employees, FACET_country,    FACET_email_status};

    if (!q->q.facets.n) {
        for (size_t i = 0; i < 6; i++)
            if (six[i] == f)
                return true;
        return false;
    }
    if (q->q.facets.n == 2)
        return f == FACET_city || f == FACET_score || f == FACET_keyword;
    return strcmp(q->q.facets.v[0], "all") == 0;
}

static int compare_pane(const struct world *w, struct arena *mem, const struct want *q,
                        enum facet f, const struct facet_pane *pane)
{
    struct facet_value *truth = xcalloc(w->n * VALUES_MOST, sizeof(*truth));
    const struct facet_value *got = pane->values.v;
    size_t n = oracle_pane(w, mem, q, (int)f, truth), most = n < PANE_VALUES ? n : PANE_VALUES;
    int differs = strcmp(pane->name, facet_name(f)) != 0 || pane->values.n != most;

    for (size_t i = 0; i < most && !differs; i++)
        differs = got[i].count != truth[i].count || strcmp(got[i].value, truth[i].value) != 0;
    free(truth);
    return differs;
}

static int compare_panes(const struct world *w, struct arena *mem, const struct want *q,
                         const struct search_answer *a)
{
    size_t at = 0;
    int differs = 0;

    for (int f = 1; f < FACET_END; f++)
        if (pane_is_wanted(q, (enum facet)f))
            differs += at == a->n_panes || compare_pane(w, mem, q, (enum facet)f, &a->panes[at++]);
    return differs + (at != a->n_panes);
}

static int compare_fixes(const struct want *q, const struct search_answer *a)
{
    int differs = a->n_corrections != q->n_fixes;

    for (size_t i = 0; i < q->n_fixes && !differs; i++)
        differs = strcmp(a->corrections[i].from, q->fixes[i].from) != 0 ||
                  strcmp(a->corrections[i].to, q->fixes[i].to) != 0;
    return differs;
}

static bool word_begins(const char *folded, const char *prefix)
{
    size_t len;

    for (const char *at = folded, *before = NULL; *at; before = at, at += len) {
        utf8_next(at, &len);
        if (begins(at, prefix) && (!before || !utf8_is_letter(utf8_next(before, &(size_t){0}))))
            return true;
    }
    return false;
}

/* The values of one facet in which a word begins so. */
static int compare_values(struct world *w, struct arena *mem, struct want *q)
{
    enum facet f = any_facet(w);
    struct facet_value *truth = xcalloc(w->n * VALUES_MOST + 1, sizeof(*truth));
    struct search_ask ask = {.account = accounts[q->account], .query = &q->q};
    const char *prefix = roll(&w->dice, 4) ? beginning(w, mem, any_value(w, f)) : "";
    const char *folded = utf8_fold(mem, prefix);
    size_t n = oracle_pane(w, mem, q, (int)f, truth), k = 0, most;
    struct facet_pane pane;
    const struct facet_value *got;
    int differs = search_values(w->index, &ask, f, prefix, mem, &pane, NULL) != ERR_OK;

    for (size_t i = 0; i < n; i++) {
        const char *name = f == FACET_country ? country_name(truth[i].value) : NULL;

        if (!*folded || word_begins(utf8_fold(mem, truth[i].value), folded) ||
            (name && word_begins(utf8_fold(mem, name), folded)))
            truth[k++] = truth[i];
    }
    most = q->q.page_size ? (size_t)q->q.page_size : PANE_VALUES;
    k = k < most ? k : most;
    got = pane.values.v;
    differs += pane.values.n != k;
    for (size_t i = 0; i < k && !differs; i++)
        differs = got[i].count != truth[i].count || strcmp(got[i].value, truth[i].value) != 0;
    free(truth);
    return differs;
}

/* Page through everything. */
static int compare_order(struct world *w, struct arena *mem, struct want *q)
{
    struct ranked *truth = xcalloc(w->n + 1, sizeof(*truth));
    size_t n = oracle_rows(w, mem, q, truth), at = 0;
    struct search_ask ask = {.account = accounts[q->account], .query = &q->q};
    int differs = 0;

    do {
        struct search_answer a;
        struct problem why = {0};

        q->q.page_size = (int64_t)roll(&w->dice, PAGE_SIZES);
        if (search_run(w->index, &ask, mem, &a, &why)) {
            fprintf(stderr, "%s: %s\n", why.field, why.text);
            differs++;
            break;
        }
        if (at == 0)
            differs += compare_panes(w, mem, q, &a) + compare_fixes(q, &a);
        differs += a.total != (int64_t)n || (a.n == 0 && n > 0);
        for (size_t i = 0; i < a.n; i++, at++)
            differs += at >= n || !uuid_equal(&a.hits[i].id, &truth[at].d->p.id);
        q->q.cursor = a.next_cursor;
    } while (q->q.cursor && !differs);
    free(truth);
    q->q.cursor = NULL;
    return differs + (at != n) + (w->wrong ? 0 : compare_values(w, mem, q));
}

static void say_question(const struct search_query *q, struct arena *mem)
{
    struct buf b = BUF_INIT(1 << 20);

    json_write(&b, &search_query_type, q, JSON_MASKED, mem);
    fprintf(stderr, "differs: %s\n", b.data);
    buf_free(&b);
}

/* How many questions are answered otherwise than the oracle answers them; one is enough for a
 * control. */
static int compare(struct world *w, long long n)
{
    int differs = 0;

    for (long long i = 0; i < n && !(differs && w->wrong); i++) {
        struct arena *mem = arena_new();
        struct want q = make_want(w, mem);
        int d = compare_order(w, mem, &q);

        if (d && !differs && w->wrong == RIGHT)
            say_question(&q.q, mem);
        differs += d != 0;
        asked += w->wrong == RIGHT;
        differed += d && w->wrong == RIGHT;
        arena_free(mem);
    }
    return differs;
}

static void agrees_with_brute_force(void)
{
    struct world *w = world_new(NULL, ROOM, seed);

    CHECK(compare(w, 20) == 0); /* an empty index */
    world_add(w, ROWS);
    CHECK(compare(w, queries) == 0);
    for (int i = 0; i < 12; i++) {
        world_add(w, 1 + roll(&w->dice, 50));
        world_change(w, 15);
        world_buy(w, 10);
        CHECK(compare(w, queries / 12) == 0);
    }
    world_change(w, 400); /* most of the first rows are dead or moved */
    CHECK(compare(w, queries) == 0);
    world_free(w);
}

static void agrees_after_deleting_all(void)
{
    struct world *w = world_new(NULL, 60, seed + 1);

    world_add(w, 60);
    for (size_t i = 0; i < w->n; i++) {
        w->docs[i].gone = true;
        CHECK(search_delete(w->index, &w->docs[i].p.id, 1) == ERR_OK);
        if (i % 20 == 0)
            CHECK(compare(w, 20) == 0);
    }
    CHECK(compare(w, 20) == 0);
    world_free(w);
}

static void agrees_after_reopening(void)
{
    char dir[] = "/tmp/search-test-XXXXXX", command[64];
    struct world *w;

    CHECK(mkdtemp(dir) != NULL);
    w = world_new(dir, ROOM, seed + 2);
    world_add(w, ROWS);
    for (int i = 0; i < 4; i++) {
        world_change(w, 60);
        world_buy(w, 20);
        search_close(w->index);
        world_open(w, dir);
        CHECK(compare(w, queries / 8) == 0);
        world_add(w, 40);
    }
    CHECK(compare(w, queries / 8) == 0);
    world_free(w);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

/* Enough rows for the thread that merges and writes files. */
static void agrees_while_segments_are_merged(void)
{
    char dir[] = "/tmp/search-test-XXXXXX", command[64];
    struct world *w;

    CHECK(mkdtemp(dir) != NULL);
    w = world_new(dir, MANY, seed + 4);
    while (w->n < MANY) {
        world_add(w, MANY / 5);
        world_change(w, 40);
        CHECK(compare(w, queries / 60) == 0);
    }
    search_close(w->index);
    world_open(w, dir);
    CHECK(compare(w, queries / 60) == 0);
    world_free(w);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static void every_control_is_noticed(void)
{
    struct world *w = world_new(NULL, ROOM, seed + 3);

    world_add(w, ROWS);
    world_buy(w, 60);
    for (int wrong = RIGHT + 1; wrong < WRONGS; wrong++) {
        w->wrong = (enum wrong)wrong;
        if (compare(w, 4000) == 0) {
            fprintf(stderr, "nobody notices %d\n", wrong);
            CHECK(false);
        }
    }
    world_free(w);
}

static const struct test tests[] = {
    {"search: agrees with brute force", agrees_with_brute_force},
    {"search: agrees after deleting all", agrees_after_deleting_all},
    {"search: agrees after reopening", agrees_after_reopening},
    {"search: agrees while segments are merged", agrees_while_segments_are_merged},
    {"search: a wrong oracle of every kind is noticed", every_control_is_noticed},
};

int main(void)
{
    seed = (uint64_t)env_or("SEED", 20260101);
    queries = getenv("ORACLE") ? env_or("ORACLE", 0) * 8 / 29 : QUERIES;
    printf("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
        fflush(stdout);
    }
    printf("%lld questions, %lld differences\n", asked, differed);
    return failed_checks != 0;
}
