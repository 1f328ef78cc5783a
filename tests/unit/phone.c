#include "common/phone.h"

#include <stdbool.h>

#include "common/country_table.h"
#include "tests/random.h"
#include "tests/test.h"

static const struct {
    const char *text, *country, *want; /* want NULL: refused */
} cases[] = {
    /* as the fixtures write them */
    {"'+49 341 555 0100", NULL, "+493415550100"},
    {"(503) 555-0177", "US", "+15035550177"},
    {"(503) 555-0177", "CA", "+15035550177"},
    {"'+1 520-555-0123", "DE", "+15205550123"},
    {"+81 3-5550-0199", NULL, "+81355500199"},
    /* national forms */
    {"020 7946 0958", "GB", "+442079460958"},
    {"0341 / 555 01-00", "DE", "+493415550100"},
    {"06 12345678", "NL", "+31612345678"},
    {"1 (503) 555.0177", "US", "+15035550177"},
    {"8 (495) 123-45-67", "RU", "+74951234567"},
    {"06 1 234 5678", "HU", "+3612345678"},
    {"8 017 123 45 67", "BY", "+375171234567"},
    {"02 1234 5678", "IT", "+390212345678"},
    {"912 345 678", "ES", "+34912345678"},
    /* the code without its plus */
    {"44 20 7946 0958", "GB", "+442079460958"},
    {"49 341 5550100", "DE", "+493415550100"},
    /* abroad */
    {"0049 341 5550100", "GB", "+493415550100"},
    {"0049 341 5550100", NULL, "+493415550100"},
    {"00 1 503 555 0177", "DE", "+15035550177"},
    {"011 49 341 5550100", "US", "+493415550100"},
    {"0011 49 341 5550100", "AU", "+493415550100"},
    {"0049 341 5550100", "AU", "+493415550100"},
    {"010 49 341 5550100", "JP", "+493415550100"},
    {"8 10 49 341 5550100", "RU", "+493415550100"},
    /* a trunk prefix that is not dialled from abroad, and a zero that is */
    {"+44 (0)20 7946 0958", NULL, "+442079460958"},
    {"0044 (0) 20 7946 0958", NULL, "+442079460958"},
    {"+49 0341 5550100", NULL, "+493415550100"},
    {"+36 06 1 234 5678", NULL, "+3612345678"},
    {"+39 02 1234 5678", NULL, "+390212345678"},
    /* extensions */
    {"+1 503 555 0177 ext 3", NULL, "+15035550177"},
    {"503-555-0177 x3", "US", "+15035550177"},
    {"503-555-0177 #3", "US", "+15035550177"},
    {"503-555-0177,,3", "US", "+15035550177"},
    {"tel:+1-503-555-0177;ext=3", NULL, "+15035550177"},
    {"+1 503 555 0177 Ext. 3", NULL, "+15035550177"},
    /* marks of a copy from a telephone, other digits */
    {"\u202a+49\u00a0341\u2011555\u20130100\u202c", NULL, "+493415550100"},
    {"＋４９　３４１　５５５０１００", NULL, "+493415550100"},
    {"٠٢٠ ٧٩٤٦ ٠٩٥٨", "GB", "+442079460958"},
    /* codes of no country */
    {"+800 1234 5678", NULL, "+80012345678"},
    {"+870 773 123456", NULL, "+870773123456"},
    /* refused */
    {"", "US", NULL},
    {"   ", "US", NULL},
    {"+", NULL, NULL},
    {"ext 3", "US", NULL},
    {"555-0177", "US", NULL}, /* without an area */
    {"(103) 555-0177", "US", NULL},
    {"503 155-0177", "US", NULL},
    {"+1 503 555 017", NULL, NULL},
    {"+1 503 555 01777", NULL, NULL},
    {"020 7946 0958", NULL, NULL}, /* of which country? */
    {"020 7946 0958", "XX", NULL},
    {"011 49 341 5550100", NULL, NULL},
    {"+49 12", NULL, NULL},
    {"+49 123456789012345", NULL, NULL},
    {"+999 1234567", NULL, NULL},
    {"call me", "US", NULL},
    {"503-FLOWERS", "US", NULL},
    {"49+341 5550100", "DE", NULL},
    {"++49 341 5550100", NULL, NULL},
    {"+49 341 555 0100 / +49 341 555 0101", NULL, NULL},
    {"+49 341 пять", NULL, NULL},
    {"\xff\xfe+49 341 5550100", NULL, NULL},
    {"111111111111111111111111111111111111111111111111111111111", "US", NULL},
};

static void every_shape_is_read_or_refused(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char out[PHONE_TEXT] = "";
        bool ok = phone_normal(cases[i].text, cases[i].country, out);

        if (ok != (cases[i].want != NULL) || (ok && strcmp(out, cases[i].want) != 0))
            fprintf(stderr, "\"%s\" in %s: got %s, want %s\n", cases[i].text,
                    cases[i].country ? cases[i].country : "-", ok ? out : "refused",
                    cases[i].want ? cases[i].want : "refused");
        CHECK(ok == (cases[i].want != NULL));
        CHECK(!ok || strcmp(out, cases[i].want) == 0);
    }
}

static void a_normal_number_stays_as_it_is(void)
{
    struct random r = random_start("phone");
    int normal = 0;

    for (int i = 0; i < 20000; i++) {
        char text[32], out[PHONE_TEXT], again[PHONE_TEXT];
        size_t n = 5 + random_below(&r, 13);

        for (size_t k = 0; k < n; k++)
            text[k] = "0123456789 -+()x"[random_below(&r, k ? 16 : 11)];
        text[n] = '\0';
        if (random_below(&r, 2))
            text[0] = '+';
        if (!phone_normal(text, random_below(&r, 2) ? "DE" : NULL, out))
            continue;
        normal++;
        CHECK(out[0] == '+' && strlen(out) >= 8 && strlen(out) <= 16);
        CHECK(strspn(out + 1, "0123456789") == strlen(out) - 1);
        CHECK(phone_code_length(out) >= 1 && phone_code_length(out) <= 3);
        /* but for a second trunk zero, which the first reading left */
        if (strncmp(out + 1 + phone_code_length(out), "0", 1) != 0)
            CHECK(phone_normal(out, NULL, again) && strcmp(out, again) == 0);
    }
    CHECK(normal > 1000);
}

static void calling_codes_are_prefix_free(void)
{
    for (const struct country *a = countries; a->code; a++) {
        size_t n = strlen(a->calling);

        CHECK(n >= 1 && n <= 3 && strspn(a->calling, "0123456789") == n && a->calling[0] != '0');
        CHECK(strspn(a->trunk, "0123456789") == strlen(a->trunk));
        for (const struct country *b = countries; b->code; b++)
            CHECK(strcmp(a->calling, b->calling) == 0 || strncmp(a->calling, b->calling, n) != 0);
    }
}

static void codes_are_found_in_numbers(void)
{
    CHECK(phone_code_length("+15035550177") == 1);
    CHECK(phone_code_length("+493415550100") == 2);
    CHECK(phone_code_length("+35312345678") == 3);
    CHECK(phone_code_length("15035550177") == 0);
    CHECK(phone_code_length("+") == 0);
    CHECK(phone_code_length("") == 0);
    CHECK(phone_code_length("+0123") == 0);
}

static const struct test tests[] = {
    {"phone: every shape is read or refused", every_shape_is_read_or_refused},
    {"phone: a normal number stays as it is", a_normal_number_stays_as_it_is},
    {"phone: calling codes are prefix-free", calling_codes_are_prefix_free},
    {"phone: codes are found in numbers", codes_are_found_in_numbers},
};

TEST_MAIN(tests)
