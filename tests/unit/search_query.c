/* What a question may say, what is refused and where, and that cursors belong to their question. */
#include "tests/unit/search_world.h"

enum { ROWS = 60 };

static struct world *some_world(void)
{
    struct world *w = world_new(NULL, ROWS, 21);

    world_add(w, ROWS);
    return w;
}

static enum err ask(struct world *w, const struct search_query *q, struct search_answer *a,
                    struct problem *why)
{
    struct search_ask s = {accounts[0], q};

    return search_run(w->index, &s, w->mem, a, why);
}

static const struct {
    const char *q, *text;
} refused[] = {
    {"vp colour:red", "column 4: there is no such field (title name company has owned email"},
    {"é colour:red", "column 3: there is no such field"},
    {"email:x", "column 7: email: takes one whole address, such as email:ann@example.com"},
    {"vp email:*@acme.example", "column 10: email: takes one whole address"},
    {"email:ann@acme.example*", "column 7: email: takes one whole address"},
    {"email:(a@b.example OR \"a b@c.example\")", "column 23: email: takes one whole address"},
    {"email:@acme.example", "column 7: email: takes one whole address"},
    {"e-mail:x", "column 1: there is no such field"},
    {":x", "column 1: a field's name is missing"},
    {"\"open", "column 1: the quote does not end"},
    {"a country:\"DE", "column 11: the quote does not end"},
    {"a*b", "column 2: a star stands at the end of a word"},
    {"city:a*b", "column 7: a star stands at the end of a word"},
    {"has:em*", "column 7: this field takes no star"},
    {"score:8*", "column 8: this field takes no star"},
    {"*", "column 1: there is no word here"},
    {"city:*", "column 6: there is no word here"},
    {"a & b", "column 3: there is no word here"},
    {"\"&\"", "column 1: there is no word here"},
    {"\"\"", "column 1: there is no word here"},
    {"a country:", "column 11: a value is missing"},
    {"country:DE,", "column 12: a value is missing"},
    {"country:,DE", "column 9: a value is missing"},
    {"country:\"\"", "column 9: a value is missing"},
    {"country:DE, FR", "column 12: a value is missing"},
    {"has:money", "column 5: has: takes email or phone"},
    {"has:email,money", "column 11: has: takes email or phone"},
    {"owned:maybe", "column 7: owned: takes yes or no"},
    {"-", "column 2: a word is missing"},
    {"a - b", "column 4: a word is missing"},
    {"NOT", "column 4: a word is missing"},
    {"a NOT OR b", "column 7: a word is missing"},
    {"OR a", "column 1: a word is expected here"},
    {"a OR", "column 5: a word is expected here"},
    {"a OR OR b", "column 6: a word is expected here"},
    {"a AND", "column 6: a word is expected here"},
    {"a AND OR b", "column 7: a word is expected here"},
    {"(a", "column 1: the parenthesis does not end"},
    {"b (a OR", "column 8: a word is expected here"},
    {"b ()", "column 4: something is expected in the parentheses"},
    {"a)", "column 2: this parenthesis was never opened"},
    {"a(b)", "column 2: a blank is missing"},
    {"(a)b", "column 4: a blank is missing"},
    {"country:\"DE\"x", "column 13: a blank is missing"},
    {"ab\"c\"", "column 3: a blank is missing"},
    {"city:(a OR title:b)", "column 12: a field cannot stand within the parentheses of another"},
    {"technology:all(a", "column 15: the parenthesis does not end"},
    {"technology:all(a b)", "column 18: a comma or a closing parenthesis is expected"},
    {"technology:none()", "column 17: a value is missing"},
    {"score:high", "column 7: a number or a range is expected, such as 80, >=80 or 50..500"},
    {"score:80K", "column 7: a number or a range is expected"},
    {"score:..", "column 7: a number or a range is expected"},
    {"a employees:>", "column 13: a number or a range is expected"},
    {"employees:50-60", "column 11: a number or a range is expected"},
    {"employees:500..50", "column 11: the smaller end of a range comes first"},
    {"revenue:9999999999999B", "column 9: a number or a range is expected"},
    {"updated:yesterday", "column 9: a date or a range is expected, such as 2026-01-31"},
    {"updated:>2026-02-30", "column 9: a date or a range is expected"},
    {"a* b* c* d* e* f* g* h* i*", "column 25: there are too many words with a star"},
    {"((((((((((((((((( a", "column 17: this is nested too deeply"},
    {"-----------------a", "column 17: this is nested too deeply"},
};

static void refuses_with_the_column(void)
{
    struct world *w = some_world();

    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct search_query q = {.q = refused[i].q};
        struct problem why = {0};
        struct search_answer a;

        CHECK(ask(w, &q, &a, &why) == ERR_INVALID);
        CHECK_STR(why.field, "q");
        if (strncmp(why.text, refused[i].text, strlen(refused[i].text)) != 0) {
            fprintf(stderr, "%s: %s\n", refused[i].q, why.text);
            CHECK(false);
        }
    }
    world_free(w);
}

static void refuses_what_is_too_long(void)
{
    struct world *w = some_world();
    struct buf b = BUF_INIT(1 << 20);
    struct search_query q = {0};
    struct problem why = {0};
    struct search_answer a;

    for (int i = 0; i < 65; i++)
        buf_str(&b, "a-");
    q.q = b.data; /* one run of 65 words */
    CHECK(ask(w, &q, &a, &why) == ERR_INVALID && strstr(why.text, "too many words and values"));
    buf_clear(&b);
    for (int i = 0; i < 64; i++)
        buf_str(&b, "a ");
    q.q = b.data;
    CHECK(ask(w, &q, &a, &why) == ERR_OK);
    buf_str(&b, "a");
    q.q = b.data;
    CHECK(ask(w, &q, &a, &why) == ERR_INVALID);
    buf_free(&b);
    world_free(w);
}

static void refuses_other_parameters_by_name(void)
{
    static const char *const colours[] = {"colour"};
    struct world *w = some_world();
    const struct {
        struct search_query q;
        const char *field;
    } bad[] = {
        {{.sort = "size"}, "sort"},       {{.sort = "-relevance"}, "sort"},
        {{.sort = ""}, "sort"},           {{.page_size = 1001}, "page_size"},
        {{.page_size = -1}, "page_size"}, {{.facets = {colours, 1}}, "facets"},
        {{.cursor = "AAAA"}, "cursor"},   {{.cursor = "not base64!"}, "cursor"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct problem why = {0};
        struct search_answer a;

        CHECK(ask(w, &bad[i].q, &a, &why) == ERR_INVALID);
        CHECK_STR(why.field, bad[i].field);
    }
    world_free(w);
}

static void an_unknown_value_finds_nothing_and_excludes_nothing(void)
{
    static const char *const odd[] = {"Atlantis"};
    struct world *w = some_world();
    struct search_query all = {0}, in = {.in[FACET_city] = {odd, 1}},
                        out = {.out[FACET_city] = {odd, 1}};
    struct search_answer a, none, same;

    CHECK(ask(w, &all, &a, NULL) == ERR_OK && a.total > 0 && a.n == 10);
    CHECK(ask(w, &in, &none, NULL) == ERR_OK && none.total == 0 && !none.next_cursor);
    CHECK(ask(w, &out, &same, NULL) == ERR_OK && same.total == a.total);
    world_free(w);
}

/* Pairs that ask for the same, in the words of the documentation and in others. */
static void says_the_same_in_other_words(void)
{
    static const char *const same[][2] = {
        {"sales manager", "sales AND manager"},
        {"a b OR c", "(a b) OR c"},
        {"-sales", "NOT sales"},
        {"NOT (sales OR manager)", "-sales -manager"},
        {"country:DE,FR", "country:(DE OR FR)"},
        {"country:de,\"france\"", "country:any( DE , FR )"},
        {"-country:DE,FR", "country:none(DE,FR)"},
        {"technology:all(mysql,php)", "technology:mysql technology:PHP"},
        {"city:\"zurich\"", "city:Zürich"},
        {"score:>=80", "score:80-100"},
        {"score:80..", "-score:<80"},
        {"employees:51..200", "employees:51-200"},
        {"revenue:<1M", "revenue:1..999999"},
        {"revenue:1M..", "revenue:>999999"},
        {"employees:1K..5k", "employees:1000..5000"},
        {"updated:2026-03", "updated:2026-03-01..2026-03-31"},
        {"updated:>2026-03-31", "updated:>=2026-04-01T00:00:00Z"},
        {"updated:<=2026-03", "updated:<2026-04-01"},
        {"has:email,phone", "has:email OR has:phone"},
        {"owned:no", "-owned:yes"},
        {"title:(sales OR manager)", "title:sales OR title:manager"},
    };
    struct world *w = some_world();

    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
        struct search_answer a = {0}, b = {0};
        struct search_query x = {.q = same[i][0], .page_size = 500, .sort = "score"},
                            y = {.q = same[i][1], .page_size = 500, .sort = "score"};

        CHECK(ask(w, &x, &a, NULL) == ERR_OK && ask(w, &y, &b, NULL) == ERR_OK);
        if (a.total != b.total || memcmp(a.hits, b.hits, a.n * sizeof(*a.hits)) != 0) {
            fprintf(stderr, "'%s' %lld, '%s' %lld\n", x.q, (long long)a.total, y.q,
                    (long long)b.total);
            CHECK(false);
        }
    }
    world_free(w);
}

static void forgives_a_typo_only_where_there_is_one(void)
{
    static const struct {
        const char *q, *to;
    } cases[] = {
        {"manger", "manager"},
        {"amnager", "manager"},
        {"mannager", "manager"},
        {"mamager", "manager"},
        {"title:manger", "manager"},
        {"\"manger\"", NULL},
        {"manger*", NULL},
        {"-manger", NULL},
        {"mngr", NULL},
        {"sales OR manger", "manager"},
        {"manager", NULL},
        {"xqzzzy", NULL},
    };
    struct world *w = some_world();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct search_query q = {.q = cases[i].q, .page_size = 2};
        struct search_answer a;

        CHECK(ask(w, &q, &a, NULL) == ERR_OK);
        CHECK(a.n_corrections == (cases[i].to != NULL));
        if (cases[i].to && a.n_corrections == 1)
            CHECK_STR(a.corrections[0].to, cases[i].to);
    }
    world_free(w);
}

/* The second page looks for what the first one did, even if the word has come to be meanwhile. */
static void a_cursor_remembers_what_was_forgiven(void)
{
    struct world *w = some_world();
    struct search_query q = {.q = "manger", .page_size = 2};
    struct profile p = w->docs[0].p;
    struct search_answer a, b, c;

    p.title = "Manger";
    p.account = accounts[0];
    CHECK(ask(w, &q, &a, NULL) == ERR_OK && a.next_cursor && a.total > 4);
    CHECK(search_put(w->index, &p, 1) == ERR_OK);
    CHECK(ask(w, &q, &c, NULL) == ERR_OK && c.total == 1 && c.n_corrections == 0);
    q.cursor = a.next_cursor;
    CHECK(ask(w, &q, &b, NULL) == ERR_OK && b.n == 2 && b.n_corrections == 1);
    CHECK(b.total >= a.total - 1 && strlen(a.next_cursor) < 1000);
    CHECK_STR(b.corrections[0].from, "manger");
    world_free(w);
}

static void cursors_are_bound_to_their_question(void)
{
    static const char *const de[] = {"DE"}, *const none[] = {"none"};
    struct world *w = some_world();
    struct search_query q = {.page_size = 5}, other;
    struct search_ask stranger = {accounts[1], &q};
    struct search_answer a, b;
    struct problem why = {0};

    CHECK(ask(w, &q, &a, &why) == ERR_OK && a.next_cursor);
    q.cursor = a.next_cursor;
    CHECK(search_run(w->index, &stranger, w->mem, &b, &why) == ERR_INVALID);
    CHECK_STR(why.field, "cursor");
    other = q;
    other.sort = "name";
    CHECK(ask(w, &other, &b, &why) == ERR_INVALID);
    other = q;
    other.q = "sales";
    CHECK(ask(w, &other, &b, &why) == ERR_INVALID);
    other = q;
    other.in[FACET_country] = (struct strs){de, 1};
    CHECK(ask(w, &other, &b, &why) == ERR_INVALID);
    other = q; /* how much is shown may change */
    other.page_size = 7;
    other.facets = (struct strs){none, 1};
    CHECK(ask(w, &other, &b, &why) == ERR_OK && b.n == 7 && b.n_panes == 0);
    world_free(w);
}

static void no_altered_cursor_is_taken(void)
{
    struct world *w = some_world();
    struct search_query q = {.page_size = 5, .sort = "name"};
    struct search_answer a, b;

    CHECK(ask(w, &q, &a, NULL) == ERR_OK && a.next_cursor);
    CHECK(strlen(a.next_cursor) < 400);
    for (size_t i = 0; a.next_cursor[i]; i++) {
        char *altered = arena_strdup(w->mem, a.next_cursor);

        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        q.cursor = altered;
        CHECK(ask(w, &q, &b, NULL) == ERR_INVALID);
        altered = arena_strndup(w->mem, a.next_cursor, i);
        q.cursor = altered;
        CHECK(i == 0 || ask(w, &q, &b, NULL) == ERR_INVALID);
    }
    world_free(w);
}

static const struct test tests[] = {
    {"query: refuses with the column", refuses_with_the_column},
    {"query: refuses what is too long", refuses_what_is_too_long},
    {"query: refuses other parameters by name", refuses_other_parameters_by_name},
    {"query: an unknown value finds nothing and excludes nothing",
     an_unknown_value_finds_nothing_and_excludes_nothing},
    {"query: says the same in other words", says_the_same_in_other_words},
    {"query: forgives a typo only where there is one", forgives_a_typo_only_where_there_is_one},
    {"query: a cursor remembers what was forgiven", a_cursor_remembers_what_was_forgiven},
    {"query: cursors are bound to their question", cursors_are_bound_to_their_question},
    {"query: no altered cursor is taken", no_altered_cursor_is_taken},
};

TEST_MAIN(tests)
