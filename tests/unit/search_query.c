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

static void refuses_with_the_column(void)
{
    static const struct {
        const char *q, *text;
    } bad[] = {
        {"vp colour:red", "column 4: there is no such field"},
        {"é colour:red", "column 3: there is no such field"},
        {"\"open", "column 1: the quote does not end"},
        {"a country:\"DE", "column 11: the quote does not end"},
        {"a*b", "column 2: a star stands at the end of a word"},
        {"(a", "column 1: parentheses"},
        {"a country:", "column 11: a value is missing"},
        {"country:DE,", "column 12: a value is missing"},
        {"country:,DE", "column 9: a value is missing"},
        {"country:\"\"", "column 9: a value is missing"},
        {"has:money", "column 5: has: takes email or phone"},
        {"has:email,money", "column 5: has: takes email or phone"},
        {"-", "column 2: a word is missing"},
        {"a - b", "column 4: a word is missing"},
        {"*", "column 1: there is no word here"},
        {"a & b", "column 3: there is no word here"},
        {":x", "column 1: a field's name is missing"},
        {"\"two words\"", "column 1: a quoted phrase"},
        {"country:\"DE\"x", "column 13: a blank is missing"},
        {"ab\"c\"", "column 3: a blank is missing"},
        {"email:x", "column 1: there is no such field"},
        {"a* b* c* d* e* f* g* h* i*", "column 25: there are too many words with a star"},
    };
    struct world *w = some_world();

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct search_query q = {.q = bad[i].q};
        struct problem why = {0};
        struct search_answer a;

        CHECK(ask(w, &q, &a, &why) == ERR_INVALID);
        CHECK_STR(why.field, "q");
        if (strncmp(why.text, bad[i].text, strlen(bad[i].text)) != 0) {
            fprintf(stderr, "%s: %s\n", bad[i].q, why.text);
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
    CHECK(ask(w, &q, &a, &why) == ERR_INVALID && strstr(why.text, "too many words and fields"));
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
    {"query: cursors are bound to their question", cursors_are_bound_to_their_question},
    {"query: no altered cursor is taken", no_altered_cursor_is_taken},
};

TEST_MAIN(tests)
