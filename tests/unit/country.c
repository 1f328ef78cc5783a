#include "common/country.h"

#include "common/country_table.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "tests/test.h"

static const struct {
    const char *text, *want;
} cases[] = {
    {"DE", "DE"},
    {"de", "DE"},
    {"DEU", "DE"},
    {"Germany", "DE"},
    {" germany ", "DE"},
    {"deutschland", "DE"},
    {"Allemagne", "DE"},
    {"Germany (DE)", NULL},
    {"U.S.A.", "US"},
    {"USA", "US"},
    {"us", "US"},
    {"United States", "US"},
    {"United States of America", "US"},
    {"The United States", "US"},
    {"UK", "GB"},
    {"U.K.", "GB"},
    {"Great Britain", "GB"},
    {"England", "GB"},
    {"United Kingdom", "GB"},
    {"Österreich", "AT"},
    {"O\u0308STERREICH", "AT"},
    {"Osterreich", "AT"},
    {"España", "ES"},
    {"Türkiye", "TR"},
    {"turkey", "TR"},
    {"Côte d’Ivoire", "CI"},
    {"Cote d'Ivoire", "CI"},
    {"Réunion", "RE"},
    {"Czech Republic", "CZ"},
    {"Czechia", "CZ"},
    {"The Netherlands", "NL"},
    {"Holland", "NL"},
    {"日本", "JP"},
    {"中国", "CN"},
    {"Россия", "RU"},
    {"Україна", "UA"},
    {"대한민국", "KR"},
    {"South Korea", "KR"},
    {"Korea, Republic of", "KR"},
    {"Viet Nam", "VN"},
    {"Vietnam", "VN"},
    {"Bolivia, Plurinational State of", "BO"},
    {"Hong Kong SAR", "HK"},
    {"Ｇｅｒｍａｎｙ", "DE"},
    {"", NULL},
    {"   ", NULL},
    {"-", NULL},
    {"123", NULL},
    {"Atlantis", NULL},
    {"ZZ", NULL},
    {"Germ", NULL},
    {"Germanyx", NULL},
    {"\xff\xfe", NULL},
    {"G\xc3", NULL},
};

static void what_people_write_is_understood(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *got = country_code(cases[i].text);

        if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
            fprintf(stderr, "\"%s\": got %s\n", cases[i].text, got ? got : "none");
        CHECK(!got == !cases[i].want);
        CHECK(!got || strcmp(got, cases[i].want) == 0);
    }
}

static void a_long_text_is_no_country(void)
{
    char text[5000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CHECK(country_code(text) == NULL);
    CHECK(country_name(text) == NULL);
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "é", 2);
    CHECK(country_code(text) == NULL);
}

static void check_spelling(const char *names, const char *code)
{
    char word[100];

    for (const char *at = names; at && *at;) {
        size_t n = strcspn(at, "|");

        memcpy(word, at, n);
        word[n] = '\0';
        if (!country_code(word) || strcmp(country_code(word), code) != 0)
            fprintf(stderr, "%s does not mean %s\n", word, code);
        CHECK(country_code(word) && strcmp(country_code(word), code) == 0);
        at += n + (at[n] == '|');
    }
}

/* Also shows that no spelling stands in two rows, and that each is written as it is compared. */
static void every_row_is_found_by_all_its_names(void)
{
    size_t n = 0;

    for (const struct country *c = countries; c->code; c++, n++) {
        CHECK(strlen(c->code) == 2 && strlen(c->alpha3) == 3);
        CHECK_STR(country_name(c->code), c->name);
        check_spelling(c->code, c->code);
        check_spelling(c->alpha3, c->code);
        check_spelling(c->name, c->code);
        check_spelling(c->others, c->code);
    }
    CHECK(n == 250); /* 249 of ISO 3166-1, and XK */
    CHECK(country_name("ZZ") == NULL);
    CHECK(country_name("de") == NULL);
}

static const struct test tests[] = {
    {"country: what people write is understood", what_people_write_is_understood},
    {"country: a long text is no country", a_long_text_is_no_country},
    {"country: every row is found by all its names", every_row_is_found_by_all_its_names},
};

TEST_MAIN(tests)
