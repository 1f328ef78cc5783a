/*
 * The index against a naive reading of the same rows: totals, every pane, the whole order through
 * all pages, before and after updates, deletes, merges and reopening.  The controls see to it that
 * the comparison can fail.
 *
 * SEED and QUERIES (a round) in the environment replay and lengthen it.
 */
#include "tests/unit/search_world.h"

enum { ROWS = 500, ROOM = 1200, PAGE_SIZES = 70 };

#ifdef SANITIZED
enum { QUERIES = 300 };
#else
enum { QUERIES = 2000 };
#endif

static uint64_t seed;
static long long queries;

/* Asking about what is there, mostly; what is written into q is noted as terms too. */

static const struct doc *any_doc(struct world *w)
{
    return &w->docs[w->n ? roll(&w->dice, w->n) : 0];
}

static const char *any_word(struct world *w, const struct doc *d)
{
    for (int tries = 0; tries < 20; tries++) {
        size_t c = roll(&w->dice, CLASSES);

        if (d->n_words[c])
            return d->words[c][roll(&w->dice, d->n_words[c])];
    }
    return "zzz";
}

static const char *any_value(struct world *w, enum facet f)
{
    for (int tries = 0; tries < 50; tries++) {
        const struct doc *d = any_doc(w);

        if (d->n_values[f])
            return d->values[f][roll(&w->dice, d->n_values[f])];
    }
    return "nothing";
}

static enum facet any_facet(struct world *w)
{
    return (enum facet)(1 + roll(&w->dice, FACET_END - 1));
}

/* The first one, two or three characters, and more of longer words. */
static const char *beginning(struct world *w, struct arena *mem, const char *word)
{
    size_t chars = 1 + roll(&w->dice, 4), n = 0, len;

    while (word[n] && chars--) {
        utf8_next(word + n, &len);
        n += len;
    }
    return arena_strndup(mem, word, n);
}

static const char *shouted(struct arena *mem, const char *text)
{
    char *out = arena_strdup(mem, text);

    for (char *p = out; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);
    return out;
}

/* One word, or two that a hyphen joins; with or without a star, capitals and quotes. */
static void ask_words(struct world *w, struct arena *mem, struct term *t, struct buf *q)
{
    const struct doc *d = any_doc(w);
    const char *text;

    t->n = 1 + (roll(&w->dice, 6) == 0);
    for (size_t i = 0; i < t->n; i++)
        t->parts[i] = any_word(w, d);
    t->star = roll(&w->dice, 3) == 0;
    if (t->star)
        t->parts[t->n - 1] = beginning(w, mem, t->parts[t->n - 1]);
    text = t->n == 2 ? arena_printf(mem, "%s-%s", t->parts[0], t->parts[1]) : t->parts[0];
    if (roll(&w->dice, 4) == 0)
        text = shouted(mem, text);
    if (roll(&w->dice, 9) == 0)
        buf_printf(q, "\"%s\"%s ", text, t->star ? "*" : "");
    else
        buf_printf(q, "%s%s ", text, t->star ? "*" : "");
}

static void ask_values(struct world *w, struct arena *mem, struct term *t, struct buf *q)
{
    t->facet = any_facet(w);
    t->n = 1 + roll(&w->dice, 3);
    buf_printf(q, "%s:", facet_name(t->facet));
    for (size_t i = 0; i < t->n; i++) {
        t->parts[i] = any_value(w, t->facet);
        if (roll(&w->dice, 3) == 0)
            t->parts[i] = shouted(mem, t->parts[i]);
        buf_printf(q, "%s\"%s\"", i ? "," : "", t->parts[i]);
    }
    buf_str(q, " ");
}

static void ask_has(struct world *w, struct term *t, struct buf *q)
{
    static const char *const forms[] = {"has:email ", "has:phone ", "has:phone,email "};
    size_t form = roll(&w->dice, 3);

    buf_str(q, forms[form]);
    t->parts[t->n++] = form == 0 ? "email" : "phone";
    if (form == 2)
        t->parts[t->n++] = "email";
}

static void ask_q(struct world *w, struct arena *mem, struct want *want)
{
    struct buf q = BUF_INIT(4096);
    size_t n = roll(&w->dice, TERMS_MOST);

    while (want->n_terms < n) {
        struct term *t = &want->terms[want->n_terms++];
        uint64_t kind = roll(&w->dice, 8);

        t->negative = roll(&w->dice, 4) == 0;
        t->kind = kind < 5 ? TERM_WORDS : kind < 7 ? TERM_VALUES : TERM_HAS;
        buf_str(&q, roll(&w->dice, 5) ? "" : "  ");
        buf_str(&q, t->negative ? "-" : "");
        if (t->kind == TERM_WORDS)
            ask_words(w, mem, t, &q);
        else if (t->kind == TERM_VALUES)
            ask_values(w, mem, t, &q);
        else
            ask_has(w, t, &q);
    }
    want->q.q = q.data ? arena_strdup(mem, q.data) : NULL;
    buf_free(&q);
}

static struct strs some_values(struct world *w, struct arena *mem, enum facet f)
{
    size_t n = 1 + roll(&w->dice, 3);
    const char **v = arena_alloc(mem, n * sizeof(*v));

    for (size_t i = 0; i < n; i++)
        v[i] = any_value(w, f);
    return (struct strs){v, n};
}

static void ask_filters(struct world *w, struct arena *mem, struct want *want)
{
    static const char *const contacts[] = {"email", "phone"};

    for (uint64_t i = roll(&w->dice, 4); i; i--) {
        enum facet f = any_facet(w);

        want->q.in[f] = some_values(w, mem, f);
    }
    for (uint64_t i = roll(&w->dice, 3); i; i--) {
        enum facet f = any_facet(w);

        want->q.out[f] = some_values(w, mem, f);
    }
    if (roll(&w->dice, 5) == 0)
        want->q.has = (struct strs){contacts, 1 + roll(&w->dice, 2)};
    if (roll(&w->dice, 8) == 0)
        want->q.not_has = (struct strs){contacts + 1, 1};
}

static struct want make_want(struct world *w, struct arena *mem)
{
    static const char *const sorts[] = {NULL,      "relevance", "score",   "-score",
                                        "name",    "-name",     "company", "-company",
                                        "updated", "-updated",  "quality", "-quality"};
    static const char *const all[] = {"all"}, *const some[] = {"city,score", "keyword"},
                             *const none[] = {"none"};
    struct want want = {.account = &accounts[roll(&w->dice, ACCOUNTS)]};
    uint64_t panes = roll(&w->dice, 8);

    ask_q(w, mem, &want);
    ask_filters(w, mem, &want);
    want.q.sort = sorts[roll(&w->dice, sizeof(sorts) / sizeof(*sorts))];
    want.q.facets = panes < 4    ? (struct strs){all, 1}
                    : panes == 4 ? (struct strs){some, 2}
                    : panes == 5 ? (struct strs){none, 1}
                                 : (struct strs){0};
    return want;
}

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

static int compare_pane(const struct world *w, const struct want *q, enum facet f,
                        const struct facet_pane *pane)
{
    struct facet_value *truth = xcalloc(w->n * VALUES_MOST, sizeof(*truth));
    const struct facet_value *got = pane->values.v;
    size_t n = oracle_pane(w, q, (int)f, truth), most = n < PANE_VALUES ? n : PANE_VALUES;
    int differs = strcmp(pane->name, facet_name(f)) != 0 || pane->values.n != most;

    for (size_t i = 0; i < most && !differs; i++)
        differs = got[i].count != truth[i].count || strcmp(got[i].value, truth[i].value) != 0;
    free(truth);
    return differs;
}

static int compare_panes(const struct world *w, const struct want *q, const struct search_answer *a)
{
    size_t at = 0;
    int differs = 0;

    for (int f = 1; f < FACET_END; f++)
        if (pane_is_wanted(q, (enum facet)f))
            differs += at == a->n_panes || compare_pane(w, q, (enum facet)f, &a->panes[at++]);
    return differs + (at != a->n_panes);
}

/* Page through everything. */
static int compare_order(struct world *w, struct arena *mem, struct want *q)
{
    struct ranked *truth = xcalloc(w->n + 1, sizeof(*truth));
    size_t n = oracle_rows(w, mem, q, truth), at = 0;
    struct search_ask ask = {*q->account, &q->q};
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
            differs += compare_panes(w, q, &a);
        differs += a.total != (int64_t)n || (a.n == 0 && n > 0);
        for (size_t i = 0; i < a.n; i++, at++)
            differs += at >= n || !uuid_equal(&a.hits[i].id, &truth[at].d->p.id);
        q->q.cursor = a.next_cursor;
    } while (q->q.cursor && !differs);
    free(truth);
    return differs + (at != n);
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
            fprintf(stderr, "question %lld differs: q '%s' sort %s\n", i, q.q.q ? q.q.q : "",
                    q.q.sort ? q.q.sort : "-");
        differs += d != 0;
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

static void every_control_is_noticed(void)
{
    static const enum wrong wrongs[] = {WRONG_ROW, WRONG_TENANT, WRONG_TIES, WRONG_PANES,
                                        WRONG_WEIGHTS};
    struct world *w = world_new(NULL, ROOM, seed + 3);

    world_add(w, ROWS);
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
        w->wrong = wrongs[i];
        CHECK(compare(w, 2000) > 0);
    }
    world_free(w);
}

static const struct test tests[] = {
    {"search: agrees with brute force", agrees_with_brute_force},
    {"search: agrees after deleting all", agrees_after_deleting_all},
    {"search: agrees after reopening", agrees_after_reopening},
    {"search: a wrong oracle of every kind is noticed", every_control_is_noticed},
};

int main(void)
{
    seed = (uint64_t)env_or("SEED", 20260101);
    queries = env_or("QUERIES", QUERIES);
    printf("seed %llu, %lld questions a round\n", (unsigned long long)seed, queries);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
        fflush(stdout);
    }
    return failed_checks != 0;
}
