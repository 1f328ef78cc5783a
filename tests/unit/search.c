/*
 * The index against a naive reading of the same rows: totals, every pane, the whole order through
 * all pages, before and after updates, deletes, merges and reopening.  The oracle shares the words
 * of a text (words.h) with the index and nothing else.
 *
 * SEED and ROUNDS in the environment replay and lengthen it.
 */
#include "server/search/search.h"

#include <sys/stat.h>

#include "common/buf.h"
#include "common/country.h"
#include "common/utf8.h"
#include "server/sample.h"
#include "server/search/words.h"
#include "tests/test.h"

enum { ROWS = 900, QUERIES = 250, WORDS_MAX = 4, CHOICES = 6 };

static uint64_t seed_state;

static uint64_t dice(uint64_t n)
{
    seed_state = seed_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed_state >> 33) % n;
}

static const struct uuid accounts[2] = {{{1, 1}}, {{2, 2}}};

/* The truth: rows that are there, in no order. */
struct world {
    struct arena *mem;
    struct profile rows[ROWS * 2];
    bool gone[ROWS * 2];
    size_t n;
    struct search *index;
    bool wrong; /* the control: an oracle that forgets one row */
};

static const struct uuid *any_domain(void)
{
    uint64_t d = dice(5);

    return d < 3 ? &catalogue_account : &accounts[d - 3];
}

static bool sees(const struct profile *p, const struct uuid *account)
{
    return uuid_equal(&p->account, &catalogue_account) || uuid_equal(&p->account, account);
}

/* What a query asks, in a form that is easy to hold against a row. */
struct want {
    const char *words[WORDS_MAX];
    bool prefix[WORDS_MAX], not_word[WORDS_MAX];
    size_t n_words;
    int in[3], out;
    const char *in_values[3][2], *out_value;
    size_t n_in, n_values[3];
    bool has_email;
    struct search_query q;
};

struct found {
    const char *word;
    bool prefix, yes;
};

static void see_word(void *arg, const char *word)
{
    struct found *f = arg;

    f->yes |= f->prefix ? strncmp(word, f->word, strlen(f->word)) == 0 : strcmp(word, f->word) == 0;
}

static bool text_has(struct arena *mem, const char *text, const char *word, bool prefix)
{
    struct found f = {word, prefix, false};

    if (text)
        words_of_text(mem, text, see_word, &f);
    return f.yes;
}

static bool list_has(struct arena *mem, const struct strs *list, const char *word, bool prefix)
{
    for (size_t i = 0; i < list->n; i++)
        if (text_has(mem, list->v[i], word, prefix))
            return true;
    return false;
}

/* The weight of a word in a row; 0: it is not there. */
static int weight(struct arena *mem, const struct profile *p, const char *word, bool prefix)
{
    if (text_has(mem, p->title, word, prefix))
        return 8;
    if (text_has(mem, p->name, word, prefix))
        return 6;
    if (text_has(mem, p->company, word, prefix))
        return 4;
    if (text_has(mem, p->industry, word, prefix) || text_has(mem, p->country, word, prefix) ||
        (p->country && text_has(mem, country_name(p->country), word, prefix)) ||
        text_has(mem, p->state, word, prefix) || text_has(mem, p->city, word, prefix) ||
        list_has(mem, &p->technologies, word, prefix) || list_has(mem, &p->keywords, word, prefix))
        return 1;
    return 0;
}

static size_t values_of(const struct profile *p, int facet, const char **v)
{
    static char month[8];
    const char *one = NULL;

    switch (facet) {
    case FACET_technology:
        memcpy(v, p->technologies.v, p->technologies.n * sizeof(*v));
        return p->technologies.n;
    case FACET_keyword:
        memcpy(v, p->keywords.v, p->keywords.n * sizeof(*v));
        return p->keywords.n;
    case FACET_seniority:
        one = p->seniority;
        break;
    case FACET_department:
        one = p->department;
        break;
    case FACET_industry:
        one = p->industry;
        break;
    case FACET_employees:
        one = employees_bucket(p->employees);
        break;
    case FACET_revenue:
        one = revenue_bucket(p->revenue);
        break;
    case FACET_country:
        one = p->country;
        break;
    case FACET_state:
        one = p->state;
        break;
    case FACET_city:
        one = p->city;
        break;
    case FACET_email_status:
        one = p->email_status;
        break;
    case FACET_score:
        one = band_bucket(p->score);
        break;
    case FACET_quality:
        one = band_bucket(p->quality);
        break;
    case FACET_updated:
        snprintf(month, sizeof(month), "%s", month_bucket(p->updated.ms));
        one = month;
        break;
    default:
        break;
    }
    v[0] = one;
    return one != NULL;
}

static bool has_value(const struct profile *p, int facet, const char *value)
{
    const char *v[16];
    size_t n = values_of(p, facet, v);

    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], value) == 0)
            return true;
    return false;
}

/* skip: the facet whose own selection does not count. */
static bool matches(struct arena *mem, const struct want *w, const struct profile *p, int skip)
{
    for (size_t i = 0; i < w->n_words; i++)
        if ((weight(mem, p, w->words[i], w->prefix[i]) > 0) == w->not_word[i])
            return false;
    for (size_t i = 0; i < w->n_in; i++) {
        bool any = w->in[i] == skip;

        for (size_t k = 0; k < w->n_values[i]; k++)
            any |= has_value(p, w->in[i], w->in_values[i][k]);
        if (!any)
            return false;
    }
    if (w->out && has_value(p, w->out, w->out_value))
        return false;
    return !w->has_email || p->has_email;
}

/* Order */

struct ranked {
    const struct profile *p;
    int relevance;
    const char *name, *company;
};

static const char *sort_word;

static int by_sort(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    const char *word = sort_word + (*sort_word == '-');
    int sign = *sort_word == '-' ? -1 : 1, c = 0;

    if (strcmp(word, "score") == 0)
        c = (int)(y->p->score - x->p->score);
    else if (strcmp(word, "quality") == 0)
        c = (int)(y->p->quality - x->p->quality);
    else if (strcmp(word, "updated") == 0)
        c = y->p->updated.ms < x->p->updated.ms ? -1 : y->p->updated.ms > x->p->updated.ms;
    else if (strcmp(word, "name") == 0)
        c = strcmp(x->name, y->name);
    else if (strcmp(word, "company") == 0)
        c = strcmp(x->company, y->company);
    else
        c = y->relevance - x->relevance;
    c *= sign;
    if (!c && strcmp(word, "relevance") == 0)
        c = (int)(y->p->score - x->p->score);
    return c ? c : uuid_compare(&x->p->id, &y->p->id);
}

static const char *text_key(struct arena *mem, const char *text)
{
    return text ? utf8_fold(mem, text) : "";
}

static size_t oracle(struct world *w, struct arena *mem, const struct want *want,
                     const struct uuid *account, struct ranked *out)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        const struct profile *p = &w->rows[i];
        int sum = 0;

        if (w->gone[i] || !sees(p, account) || !matches(mem, want, p, 0))
            continue;
        for (size_t k = 0; k < want->n_words; k++)
            if (!want->not_word[k])
                sum += weight(mem, p, want->words[k], want->prefix[k]);
        out[n++] = (struct ranked){p, sum, text_key(mem, p->name), text_key(mem, p->company)};
    }
    if (w->wrong && n)
        n--;
    qsort(out, n, sizeof(*out), by_sort);
    return n;
}

/* A random question about things that are there, mostly. */

static const char *word_of(struct arena *mem, const char *text)
{
    const char *folded = utf8_fold(mem, text ? text : "none");
    size_t n = strcspn(folded, " -&,.'/");

    return arena_strndup(mem, folded, n ? n : strlen(folded));
}

static bool is_plain(const char *word)
{
    for (const char *p = word; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
            return false;
    return *word;
}

static void add_word(struct world *w, struct arena *mem, struct want *want, struct buf *q)
{
    const struct profile *p = &w->rows[dice(w->n)];
    const char *const texts[] = {p->title, p->name, p->company, p->city, p->industry, "zzzz"};
    const char *word = word_of(mem, texts[dice(CHOICES)]);
    size_t at = want->n_words, len = strlen(word);

    if (!is_plain(word))
        return;
    want->prefix[at] = dice(3) == 0;
    want->not_word[at] = at > 0 && dice(4) == 0;
    if (want->prefix[at] && len > 2)
        word = arena_strndup(mem, word, 2 + dice(len - 2));
    want->words[at] = word;
    want->n_words++;
    buf_printf(q, "%s%s%s ", want->not_word[at] ? "-" : "", word, want->prefix[at] ? "*" : "");
}

static const char *some_value(struct world *w, struct arena *mem, int facet)
{
    const char *v[16];

    for (int tries = 0; tries < 50; tries++)
        if (values_of(&w->rows[dice(w->n)], facet, v))
            return arena_strdup(mem, v[0]);
    return "nothing";
}

static void add_filters(struct world *w, struct arena *mem, struct want *want)
{
    want->n_in = dice(4);
    for (size_t i = 0; i < want->n_in; i++) {
        int facet = 1 + (int)dice(FACET_END - 1);
        const char **v;
        bool twice = false;

        for (size_t k = 0; k < i; k++)
            twice |= want->in[k] == facet;
        if (twice) {
            want->n_in = i;
            break;
        }
        want->in[i] = facet;
        want->n_values[i] = 1 + dice(2);
        v = arena_alloc(mem, 2 * sizeof(*v));
        for (size_t k = 0; k < want->n_values[i]; k++)
            v[k] = want->in_values[i][k] = some_value(w, mem, facet);
        want->q.in[facet] = (struct strs){v, want->n_values[i]};
    }
    if (dice(3) == 0) {
        const char **v = arena_alloc(mem, sizeof(*v));

        want->out = 1 + (int)dice(FACET_END - 1);
        v[0] = want->out_value = some_value(w, mem, want->out);
        want->q.out[want->out] = (struct strs){v, 1};
    }
}

static struct want make_want(struct world *w, struct arena *mem)
{
    static const char *const sorts[] = {"relevance", "score",   "-score",   "name",
                                        "-name",     "company", "-company", "updated",
                                        "-updated",  "quality", "-quality"};
    static const char *const has[] = {"email"}, *const all[] = {"all"};
    struct buf q = BUF_INIT(4096);
    struct want want = {0};
    size_t words = dice(4);

    for (size_t i = 0; i < words; i++)
        add_word(w, mem, &want, &q);
    add_filters(w, mem, &want);
    want.has_email = dice(4) == 0;
    if (want.has_email)
        want.q.has = (struct strs){has, 1};
    want.q.q = q.data ? arena_strdup(mem, q.data) : NULL;
    want.q.facets = (struct strs){all, 1};
    want.q.sort = sorts[dice(sizeof(sorts) / sizeof(*sorts))];
    sort_word = want.q.sort;
    if (strcmp(sort_word, "relevance") == 0) {
        bool any = false;

        for (size_t i = 0; i < want.n_words; i++)
            any |= !want.not_word[i];
        if (!any)
            sort_word = "score";
    }
    buf_free(&q);
    return want;
}

/* Differences between the index and the oracle */

static int compare_order(struct world *w, struct arena *mem, struct want *want,
                         const struct uuid *account, const struct ranked *truth, size_t n)
{
    size_t at = 0;
    int differs = 0;

    want->q.page_size = 1 + (int64_t)dice(60);
    want->q.cursor = NULL;
    do {
        struct search_ask ask = {*account, &want->q};
        struct search_answer a;
        struct problem why = {0};

        if (search_run(w->index, &ask, mem, &a, &why)) {
            fprintf(stderr, "%s: %s (q: %s)\n", why.field, why.text, want->q.q);
            return 1;
        }
        differs += a.total != (int64_t)n;
        for (size_t i = 0; i < a.n; i++, at++)
            differs += at >= n || !uuid_equal(&a.hits[i].id, &truth[at].p->id);
        want->q.cursor = a.next_cursor;
        if (differs)
            break;
    } while (want->q.cursor);
    want->q.cursor = NULL;
    return differs + (at != n && !differs);
}

static int64_t count_value(struct world *w, struct arena *mem, const struct want *want,
                           const struct uuid *account, int facet, const char *value)
{
    int64_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += !w->gone[i] && sees(&w->rows[i], account) && has_value(&w->rows[i], facet, value) &&
             matches(mem, want, &w->rows[i], facet);
    return n;
}

static int64_t count_all(struct world *w, struct arena *mem, const struct want *want,
                         const struct uuid *account, int facet)
{
    int64_t n = 0;
    const char *v[16];

    for (size_t i = 0; i < w->n; i++)
        if (!w->gone[i] && sees(&w->rows[i], account) && matches(mem, want, &w->rows[i], facet))
            n += (int64_t)values_of(&w->rows[i], facet, v);
    return n;
}

static int compare_panes(struct world *w, struct arena *mem, struct want *want,
                         const struct uuid *account)
{
    struct search_ask ask = {*account, &want->q};
    struct search_answer a;
    int differs = 0;

    if (search_run(w->index, &ask, mem, &a, NULL))
        return 1;
    for (size_t i = 0; i < a.n_panes; i++) {
        const struct facet_value *v = a.panes[i].values.v;
        int facet = (int)facet_find(a.panes[i].name);
        int64_t sum = 0;

        for (size_t k = 0; k < a.panes[i].values.n; k++) {
            differs += v[k].count != count_value(w, mem, want, account, facet, v[k].value);
            differs +=
                k && (v[k].count > v[k - 1].count ||
                      (v[k].count == v[k - 1].count && strcmp(v[k].value, v[k - 1].value) <= 0));
            sum += v[k].count;
        }
        if (a.panes[i].values.n < PANE_VALUES)
            differs += sum != count_all(w, mem, want, account, facet);
    }
    return differs;
}

static int compare(struct world *w, int queries)
{
    struct ranked *truth = xcalloc(ROWS * 2, sizeof(*truth));
    int differs = 0;

    for (int i = 0; i < queries; i++) {
        struct arena *mem = arena_new();
        struct want want = make_want(w, mem);
        const struct uuid *account = &accounts[dice(2)];
        size_t n = oracle(w, mem, &want, account, truth);
        int d = compare_order(w, mem, &want, account, truth, n);

        if (i % 5 == 0 && !w->wrong)
            d += compare_panes(w, mem, &want, account);
        if (d && !w->wrong && !differs)
            fprintf(stderr, "first difference: q '%s' sort %s, %zu rows\n",
                    want.q.q ? want.q.q : "", want.q.sort, n);
        differs += d != 0;
        arena_free(mem);
    }
    free(truth);
    return differs;
}

/* Changing the world */

static void add_rows(struct world *w, size_t n)
{
    struct sample *s = sample_new(ROWS * 4, seed_state);

    for (size_t i = 0; i < n; i++) {
        sample_profile(s, (int64_t)(w->n + i), w->mem, &w->rows[w->n + i]);
        w->rows[w->n + i].account = *any_domain();
    }
    CHECK(search_put(w->index, &w->rows[w->n], n) == ERR_OK);
    w->n += n;
    sample_free(s);
}

static void change_rows(struct world *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = dice(w->n);
        struct profile *p = &w->rows[at];

        if (w->gone[at])
            continue;
        if (dice(3) == 0) {
            w->gone[at] = true;
            CHECK(search_delete(w->index, &p->id, 1) == ERR_OK);
            continue;
        }
        p->score = (int64_t)dice(101);
        p->city = "Springfield";
        p->title = dice(2) ? "Chief Tester of Things" : NULL;
        p->updated.ms += 86400000;
        CHECK(search_put(w->index, p, 1) == ERR_OK);
    }
}

static struct world *world_new(const char *dir)
{
    struct world *w = xcalloc(1, sizeof(*w));
    struct search_options o = {.dir = dir};

    w->mem = arena_new();
    CHECK(search_open(&o, &w->index) == ERR_OK);
    return w;
}

static void world_free(struct world *w)
{
    search_close(w->index);
    arena_free(w->mem);
    free(w);
}

static int rounds(void)
{
    const char *text = getenv("ROUNDS");

    return text ? (int)strtol(text, NULL, 10) : 1;
}

static void agrees_with_brute_force(void)
{
    for (int i = 0; i < rounds(); i++) {
        struct world *w = world_new(NULL);

        add_rows(w, ROWS / 2);
        CHECK(compare(w, QUERIES) == 0);
        for (int k = 0; k < 8; k++)
            add_rows(w, 1 + dice(60));
        change_rows(w, 120);
        CHECK(compare(w, QUERIES) == 0);
        world_free(w);
    }
}

static void a_wrong_oracle_is_noticed(void)
{
    struct world *w = world_new(NULL);

    add_rows(w, ROWS / 2);
    w->wrong = true;
    CHECK(compare(w, 20) > 0);
    world_free(w);
}

static void reopen(struct world *w, const char *dir)
{
    struct search_options o = {.dir = dir};

    search_close(w->index);
    CHECK(search_open(&o, &w->index) == ERR_OK);
}

static int64_t documents(struct world *w)
{
    struct search_stats st;

    search_stats(w->index, &st);
    return st.documents;
}

static void survives_reopening_and_trusts_no_altered_file(void)
{
    char dir[] = "/tmp/search-test-XXXXXX", command[128];
    struct world *w;

    CHECK(mkdtemp(dir) != NULL);
    w = world_new(dir);
    add_rows(w, ROWS / 3);
    change_rows(w, 40);
    reopen(w, dir);
    CHECK(compare(w, 60) == 0);
    add_rows(w, 30);
    reopen(w, dir);
    CHECK(compare(w, 60) == 0);
    search_close(w->index);
    snprintf(
        command, sizeof(command),
        "for f in %s/*.segment; do printf X | dd of=$f bs=1 seek=9999 conv=notrunc 2>/dev/null; "
        "done",
        dir);
    CHECK(system(command) == 0);
    CHECK(search_open(&(struct search_options){.dir = dir}, &w->index) == ERR_OK);
    CHECK(documents(w) == 0); /* nothing of it is believed; with a store it would be rebuilt */
    world_free(w);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static void refuses_with_the_column(void)
{
    static const struct {
        const char *q, *text;
    } bad[] = {
        {"vp colour:red", "column 4"},
        {"\"open", "column 1"},
        {"a*b", "column 4"},
        {"country:", "a value"},
        {"has:money", "has:"},
        {"-", "a word is missing"},
        {"*", "no word"},
        {":x", "a field's name"},
        {"\"two words\"", "phrase"},
    };
    struct world *w = world_new(NULL);

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct search_query q = {.q = bad[i].q};
        struct search_ask ask = {accounts[0], &q};
        struct problem why = {0};
        struct search_answer a;

        CHECK(search_run(w->index, &ask, w->mem, &a, &why) == ERR_INVALID);
        CHECK_STR(why.field, "q");
        CHECK(strstr(why.text, bad[i].text) != NULL);
    }
    world_free(w);
}

static void cursors_are_bound_to_their_question(void)
{
    struct world *w = world_new(NULL);
    struct search_query q = {.page_size = 5};
    struct search_ask ask = {accounts[0], &q};
    struct problem why = {0};
    struct search_answer a;
    char altered[400];

    add_rows(w, 100);
    CHECK(search_run(w->index, &ask, w->mem, &a, &why) == ERR_OK && a.next_cursor);
    q.cursor = a.next_cursor;
    CHECK(search_run(w->index, &ask, w->mem, &a, &why) == ERR_OK);
    ask.account = accounts[1];
    CHECK(search_run(w->index, &ask, w->mem, &a, &why) == ERR_INVALID);
    CHECK_STR(why.field, "cursor");
    ask.account = accounts[0];
    q.sort = "name";
    CHECK(search_run(w->index, &ask, w->mem, &a, &why) == ERR_INVALID);
    q.sort = NULL;
    for (size_t i = 0; q.cursor[i]; i++) {
        struct search_query other = q;
        struct search_ask ask2 = {accounts[0], &other};

        snprintf(altered, sizeof(altered), "%s", q.cursor);
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        other.cursor = altered;
        CHECK(search_run(w->index, &ask2, w->mem, &a, &why) == ERR_INVALID);
    }
    world_free(w);
}

static const struct test tests[] = {
    {"search: agrees with brute force", agrees_with_brute_force},
    {"search: a wrong oracle is noticed", a_wrong_oracle_is_noticed},
    {"search: survives reopening and trusts no altered file",
     survives_reopening_and_trusts_no_altered_file},
    {"search: refuses a query with the column", refuses_with_the_column},
    {"search: cursors are bound to their question", cursors_are_bound_to_their_question},
};

int main(void)
{
    const char *text = getenv("SEED");

    seed_state = text ? strtoull(text, NULL, 10) : (uint64_t)clock_mono_us();
    printf("seed %llu\n", (unsigned long long)seed_state);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
        fflush(stdout);
    }
    return failed_checks != 0;
}
