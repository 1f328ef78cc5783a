/* Columns find their fields by name and by value. */
#include "common/mapping.h"
#include "common/buf.h"
#include "tests/test.h"

static struct arena *mem;

/* Split on |. */
static struct strs split(const char *text)
{
    const char **v = arena_alloc(mem, 64 * sizeof(*v));
    struct strs out = {v, 0};

    while (text) {
        const char *bar = strchr(text, '|');

        v[out.n++] = bar ? arena_strndup(mem, text, (size_t)(bar - text)) : arena_strdup(mem, text);
        text = bar ? bar + 1 : NULL;
    }
    return out;
}

/* "email first_name - phone?" : in the order of columns; a guess has a question mark. */
static const char *proposal(const char *columns, const char *row1, const char *row2)
{
    struct strs names = split(columns), rows[2] = {split(row1), split(row2)};
    struct mapping *m = arena_alloc(mem, names.n * sizeof(*m));
    struct buf b = BUF_INIT(4096);
    const char *text;

    mapping_propose(mem, names.v, names.n, rows, 2, m);
    for (size_t i = 0; i < names.n; i++)
        buf_printf(&b, "%s%s%s", i ? " " : "", m[i].field ? import_name(m[i].field) : "-",
                   m[i].sure == MAPPING_GUESS ? "?" : "");
    text = arena_strdup(mem, b.data);
    buf_free(&b);
    return text;
}

#define BY_NAME(columns, want) CHECK_STR(proposal(columns, "", ""), want)

static void knows_the_names_of_products(void)
{
    BY_NAME("First Name|Last Name|Email|# Employees|Person Linkedin Url|Corporate Phone",
            "first_name last_name email employees linkedin_url company_phone");
    BY_NAME("Company / Account|No. of Employees|Email Opt Out|State/Province",
            "company employees email_opt_out state");
    BY_NAME("Associated Company|Company name|Contact owner|Website URL", "- company - domain");
    BY_NAME("URL|Email Address|Position|Connected On", "linkedin_url email title -");
    BY_NAME("Person - Name|Person - Email - Work|Person - Phone - Mobile|Organization - Name",
            "name email phone_mobile company");
    BY_NAME("Given Name|Family Name|E-mail 1 - Value|Organization 1 - Name|Organization 1 - Title",
            "first_name last_name email company title");
    BY_NAME("Person - Name|Person - Email|Person - Phone|Person - Organization",
            "name email phone company");
    BY_NAME("Work Email 1|Direct dial 1|Mobile 1|Phone 1 - Value",
            "email phone_direct phone_mobile phone");
    BY_NAME("Management Level|Job Function|Direct Phone Number|Revenue (in 000s USD)",
            "seniority department phone_direct -");
}

static void knows_other_languages(void)
{
    BY_NAME("Firma|Vorname|Nachname|E-Mail|Tel.|Handy|Ort|Land",
            "company first_name last_name email phone phone_mobile city country");
    BY_NAME("Société|Prénom|Nom|Courriel|Téléphone|Ville|Pays",
            "company first_name last_name email phone city country");
    BY_NAME("Empresa|Nombre|Apellidos|Correo electrónico|Teléfono|Ciudad|País",
            "company first_name last_name email phone city country");
    BY_NAME("会社名|姓|名|メールアドレス|電話番号", "company last_name first_name email phone");
}

static void guesses_by_values(void)
{
    CHECK_STR(proposal("A|B|C", "ann@b.example|https://www.linkedin.com/in/ann|+49 341 5550100",
                       "bo@b.example|https://www.linkedin.com/in/bo|(503) 555-0177"),
              "email? linkedin_url? phone?");
    CHECK_STR(proposal("Email|Owner|Other", "a@b.example|x@y.example|c@d.example",
                       "e@b.example|x@y.example|f@d.example"),
              "email - -");
    CHECK_STR(proposal("A|B|C|D", "2026-01-10|11/20/2026|10000001|1764000000",
                       "2026-02-11|01/02/2026|10000002|1764000001"),
              "- - - -");
    CHECK_STR(proposal("A", "ann@b.example", "not one"), "-");
}

static bool is_header(const char *row)
{
    struct strs cells = split(row);

    return mapping_is_header(mem, cells.v, cells.n);
}

static void finds_the_header(void)
{
    CHECK(is_header("First Name|Last Name|Email"));
    CHECK(is_header("email"));
    CHECK(!is_header("Notes:"));
    CHECK(!is_header("When exporting your connection data, you may notice"));
    CHECK(!is_header("email|x|y"));
    CHECK(!is_header("Zoë|Weber|zoe@acme.example|Acme|Manager"));
}

static void every_field_has_one_name(void)
{
    for (int f = 0; f < IMPORT_FIELDS; f++)
        CHECK(import_find(import_name((enum import_field)f)) == (enum import_field)f);
    CHECK(import_find("shoe_size") == IMPORT_FIELDS);
    CHECK(import_find("") == IMPORT_none);
}

static const struct test tests[] = {
    {"mapping: names of products", knows_the_names_of_products},
    {"mapping: other languages", knows_other_languages},
    {"mapping: guesses by values", guesses_by_values},
    {"mapping: the header", finds_the_header},
    {"mapping: one name a field", every_field_has_one_name},
};

int main(void)
{
    mem = arena_new();
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
    }
    arena_free(mem);
    return failed_checks != 0;
}
