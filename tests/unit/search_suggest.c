/* Typing ahead against counting everything, and why a row was found. */
#include "tests/unit/search_random.h"

enum { ROWS = 600, ROOM = 1200, MOST = 40 };

#ifdef SANITIZED
enum { ROUNDS = 120 };
#else
enum { ROUNDS = 600 };
#endif

/* What a row may be suggested for; the number of values. */
static size_t values_of(const struct doc *d, enum suggest_field field, struct suggestion *out)
{
    static const enum facet places[] = {FACET_country, FACET_state, FACET_city};
    const struct profile *p = &d->p;
    size_t n = 0;

    if (field == SUGGEST_TITLE && p->title)
        out[n++] = (struct suggestion){.value = p->title, .field = "title"};
    if (field == SUGGEST_COMPANY && p->company)
        out[n++] = (struct suggestion){.value = p->company, .field = "company"};
    for (size_t k = 0; field == SUGGEST_PLACE && k < 3; k++)
        if (d->n_values[places[k]])
            out[n++] = (struct suggestion){.value = d->values[places[k]][0],
                                           .field = facet_name(places[k])};
    for (size_t i = 0; field == SUGGEST_TECHNOLOGY && i < d->n_values[FACET_technology]; i++)
        out[n++] =
            (struct suggestion){.value = d->values[FACET_technology][i], .field = "technology"};
    return n;
}

static bool is_meant(struct arena *mem, const struct suggestion *s, const char *prefix)
{
    const char *name = strcmp(s->field, "country") == 0 ? country_name(s->value) : NULL;

    return begins(utf8_fold(mem, s->value), prefix) ||
           (name && begins(utf8_fold(mem, name), prefix));
}

static int by_frequency(const void *a, const void *b)
{
    const struct suggestion *x = a, *y = b;
    int c = strcmp(x->value, y->value);

    if (x->count != y->count)
        return by_number(y->count, x->count);
    return c ? c : strcmp(x->field, y->field);
}

/* Everything that could be suggested, in order; the number of it. */
static size_t count_all(const struct world *w, struct arena *mem, size_t account,
                        enum suggest_field field, const char *prefix, struct suggestion *out)
{
    const char *folded = utf8_fold(mem, prefix);
    struct suggestion of[VALUES_MOST];
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        size_t k = is_there(w, &w->docs[i], account) ? values_of(&w->docs[i], field, of) : 0;

        while (k-- > 0) {
            size_t at = 0;

            if (!is_meant(mem, &of[k], folded))
                continue;
            while (at < n && (strcmp(out[at].value, of[k].value) != 0 ||
                              strcmp(out[at].field, of[k].field) != 0))
                at++;
            if (at == n)
                out[n++] = of[k];
            out[at].count++;
        }
    }
    qsort(out, n, sizeof(*out), by_frequency);
    return n;
}

static const char *any_prefix(struct world *w, struct arena *mem, enum suggest_field field)
{
    struct suggestion of[VALUES_MOST];
    size_t n = values_of(any_doc(w), field, of);
    const char *text;

    if (!n || roll(&w->dice, 20) == 0)
        return n ? "" : "x";
    text = of[roll(&w->dice, n)].value;
    return roll(&w->dice, 2) ? beginning(w, mem, text) : utf8_fold(mem, beginning(w, mem, text));
}

/* Is the suggestion what counting gives? most: how many are asked for. */
static bool agrees(struct world *w, size_t most)
{
    struct arena *mem = arena_new();
    enum suggest_field field = (enum suggest_field)roll(&w->dice, 4);
    size_t account = roll(&w->dice, ACCOUNTS), n;
    const char *prefix = any_prefix(w, mem, field);
    struct suggestion *truth = xcalloc(w->n * VALUES_MOST + 1, sizeof(*truth));
    const struct suggestion *got;
    struct list list;
    bool fine;

    n = count_all(w, mem, account, field, prefix, truth);
    n = n < most ? n : most;
    fine =
        search_suggest(w->index, &accounts[account], field, prefix, most, mem, &list) == ERR_OK &&
        list.n == n;
    got = list.v;
    for (size_t i = 0; i < n && fine; i++)
        fine = got[i].count == truth[i].count && strcmp(got[i].value, truth[i].value) == 0 &&
               strcmp(got[i].field, truth[i].field) == 0;
    free(truth);
    arena_free(mem);
    return fine;
}

/* Of ANY: the best of each kind as if it were asked for alone, together in one order. */
static bool any_agrees(struct world *w)
{
    struct arena *mem = arena_new();
    size_t account = roll(&w->dice, ACCOUNTS), met[FACET_END], n = 0;
    const char *prefix = any_prefix(w, mem, (enum suggest_field)roll(&w->dice, 4));
    struct suggestion *truth = xcalloc(w->n * VALUES_MOST + 1, sizeof(*truth));
    const struct suggestion *got;
    struct list list;
    bool fine =
        search_suggest(w->index, &accounts[account], SUGGEST_ANY, prefix, 25, mem, &list) == ERR_OK;

    got = list.v;
    for (int f = 0; f < 4; f++) {
        size_t k = count_all(w, mem, account, (enum suggest_field)f, prefix, truth);

        memset(met, 0, sizeof(met));
        for (size_t i = 0; i < k; i++) {
            bool found = false;

            for (size_t j = 0; j < list.n; j++)
                found |= strcmp(got[j].value, truth[i].value) == 0 &&
                         got[j].count == truth[i].count &&
                         strcmp(got[j].field, truth[i].field) == 0;
            fine = fine && found == (met[facet_find(truth[i].field)]++ < SUGGEST_EACH);
            n += found;
        }
    }
    for (size_t i = 1; i < list.n; i++)
        fine = fine && by_frequency(&got[i - 1], &got[i]) < 0;
    free(truth);
    arena_free(mem);
    return fine && n == list.n;
}

static void suggests_what_counting_gives(void)
{
    struct world *w = world_new(NULL, ROOM, (uint64_t)env_or("SEED", 31));
    int differ = 0, unseen = 0;

    world_add(w, ROWS);
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 20 == 0) {
            world_add(w, 1 + roll(&w->dice, 20));
            world_change(w, 12);
        }
        differ += !agrees(w, 1 + roll(&w->dice, MOST)) + !any_agrees(w);
    }
    CHECK(differ == 0);
    w->wrong = WRONG_TENANT; /* the control: counting everybody's rows */
    for (int i = 0; i < ROUNDS; i++)
        unseen += !agrees(w, 10);
    CHECK(unseen > 0);
    world_free(w);
}

/* Explanations */

static void explain(struct search *s, const struct search_query *q, const struct profile *p,
                    const char *want)
{
    struct arena *mem = arena_new();
    struct search_ask ask = {accounts[0], q};
    struct search_answer a;
    const char *text = "";

    CHECK(search_run(s, &ask, mem, &a, NULL) == ERR_OK && a.total == 1);
    if (a.total == 1) {
        struct list why = search_explain(&a, p, mem);
        const struct reason *r = why.v;

        for (size_t i = 0; i < why.n; i++)
            text = arena_printf(mem, "%s%s%s=%s=%s", text, *text ? "; " : "", r[i].term, r[i].field,
                                r[i].value);
        if (strcmp(text, want) != 0)
            fprintf(stderr, "%s: %s\n", q->q ? q->q : "", text);
        CHECK_STR(text, want);
    }
    arena_free(mem);
}

static void says_why_a_row_was_found(void)
{
    static const char *const tools[] = {"Ruby on Rails", "MySQL"}, *const de[] = {"DE", "FR"},
                             *const big[] = {">=100"};
    struct profile p = {.id = {{7}},
                        .account = accounts[0],
                        .name = "Zoë Sales",
                        .title = "Head of Sales, Zürich",
                        .company = "E-Commerce AG",
                        .country = "DE",
                        .employees = 120,
                        .technologies = {tools, 2},
                        .has_email = true,
                        .is_owned = true,
                        .score = 85,
                        .updated = {1767225600000}};
    struct search_options o = {0};
    struct search *s;

    CHECK(search_open(&o, &s) == ERR_OK && search_put(s, &p, 1) == ERR_OK);
    explain(s, &(struct search_query){.q = "sales"}, &p,
            "sales=name=Zoë Sales; sales=title=Head of Sales, Zürich");
    explain(s, &(struct search_query){.q = "title:zur* -intern"}, &p,
            "title:zur*=title=Head of Sales, Zürich");
    explain(s, &(struct search_query){.q = "nobody OR germany"}, &p, "germany=country=Germany");
    explain(s, &(struct search_query){.q = "\"head of sales\" score:>80"}, &p,
            "\"head of sales\"=title=Head of Sales, Zürich; score:>80=score=85");
    explain(s, &(struct search_query){.q = "technology:all(mysql,ruby*) has:email"}, &p,
            "technology:mysql=technologies=MySQL; technology:ruby*=technologies=Ruby on Rails; "
            "has:email=has=email");
    explain(s, &(struct search_query){.q = "e-commerce"}, &p,
            "e-commerce=company=E-Commerce AG; e-commerce=company=E-Commerce AG");
    explain(s, &(struct search_query){.q = "owned:yes updated:2026-01"}, &p,
            "owned:yes=owned=yes; updated:2026-01=updated=2026-01-01T00:00:00.000Z");
    explain(s,
            &(struct search_query){.in[FACET_country] = {de, 2}, .in[FACET_employees] = {big, 1}},
            &p, "employees:>=100=employees=120; country:DE=country=DE");
    explain(s, &(struct search_query){.q = "head saels"}, &p,
            "head=title=Head of Sales, Zürich; saels=name=Zoë Sales; "
            "saels=title=Head of Sales, Zürich");
    search_close(s);
}

static const struct test tests[] = {
    {"suggest: what counting gives, and the control", suggests_what_counting_gives},
    {"explain: says why a row was found", says_why_a_row_was_found},
};

TEST_MAIN(tests)
