#include "server/derive.h"

#include <stdbool.h>

#include "common/utf8.h"
#include "server/derive_titles.h"
#include "tests/random.h"
#include "tests/test.h"

static const struct {
    const char *title, *seniority, *department; /* NULL: the title says nothing */
} titles[] = {
    /* of the fixtures */
    {"Data Analyst", "entry", "data"},
    {"Regional Manager, EMEA", "manager", "operations"},
    {"Account Executive", "entry", "sales"},
    {"VP Sales", "vp", "sales"},
    {"Head of Marketing", "head", "marketing"},
    {"CTO", "c_suite", "engineering"},
    /* the most senior word wins */
    {"Founder & CEO", "founder", "executive"},
    {"Co-Founder, CTO", "founder", "engineering"},
    {"Owner", "owner", "executive"},
    {"Chief Executive Officer", "c_suite", "executive"},
    {"CHIEF FINANCIAL OFFICER", "c_suite", "finance"},
    {"President", "c_suite", "executive"},
    {"Managing Director", "c_suite", "executive"},
    {"Managing Partner", "partner", "executive"},
    {"Partner", "partner", NULL},
    {"Senior Vice President, Sales", "vp", "sales"},
    {"Assistant Vice President", "vp", "executive"},
    {"Vice-President of Engineering", "vp", "engineering"},
    {"SVP Product", "vp", "product"},
    {"Sr. Director of Engineering", "director", "engineering"},
    {"Director, Office of the CEO", "director", "executive"},
    {"Senior Product Manager", "manager", "product"},
    {"Senior Software Engineer", "senior", "engineering"},
    {"Tech Lead", "senior", NULL},
    {"Team Lead Customer Support", "manager", "support"},
    {"Junior Developer", "entry", "engineering"},
    {"Marketing Intern", "intern", "marketing"},
    {"Software Engineer", NULL, "engineering"},
    {"Controller", NULL, "finance"},
    /* what misleads */
    {"Assistant to the CEO", "entry", "executive"},
    {"Executive Assistant to the President", "entry", "operations"},
    {"Executive Assistant", "entry", "operations"},
    {"Product Owner", "senior", "product"},
    {"HR Business Partner", "senior", "hr"},
    {"Channel Partner Manager", "manager", "sales"},
    {"Partner Marketing Manager", "manager", "marketing"},
    {"Chief of Staff", "director", NULL},
    {"Founding Engineer", "senior", "engineering"},
    {"Internal Auditor", NULL, "finance"},
    {"International Sales", NULL, "sales"},
    {"Headhunter", NULL, NULL},
    {"Audit Partnership", NULL, "finance"},
    {"Lead Generation Specialist", NULL, "marketing"},
    {"Customer Success Manager", "manager", "support"},
    {"Sales Engineer", NULL, "sales"},
    {"Product Designer", NULL, "design"},
    {"Head of R&D", "head", "research"},
    {"IT-Manager", "manager", "it"},
    {"It is what it is", NULL, "it"},
    /* German */
    {"Geschäftsführer", "c_suite", "executive"},
    {"GESCHÄFTSFÜHRERIN", "c_suite", "executive"},
    {"Geschaeftsfuehrer", "c_suite", "executive"},
    {"Geschäftsführender Gesellschafter", "owner", "executive"},
    {"Vorstandsvorsitzender", "c_suite", "executive"},
    {"Inhaberin", "owner", "executive"},
    {"Gründer:in", "founder", "executive"},
    {"Vertriebsleiter", "head", "sales"},
    {"Leiterin Einkauf", "head", "purchasing"},
    {"Abteilungsleiter Finanzen", "head", "finance"},
    {"Teamleiter Kundenservice", "manager", "support"},
    {"Projektleiterin", "manager", "operations"},
    {"Softwareentwickler", NULL, "engineering"},
    {"Werkstudentin Marketing", "intern", "marketing"},
    {"Assistentin der Geschäftsführung", "entry", "executive"},
    {"Sachbearbeiter Buchhaltung", "entry", "finance"},
    {"Personalreferentin", NULL, "hr"},
    /* French */
    {"Président Directeur Général", "c_suite", "executive"},
    {"PDG", "c_suite", "executive"},
    {"Directrice commerciale", "director", "sales"},
    {"Directeur des Ressources Humaines", "director", "hr"},
    {"Responsable des achats", "manager", "purchasing"},
    {"Chef de projet", "manager", "operations"},
    {"Stagiaire", "intern", NULL},
    {"Fondatrice", "founder", "executive"},
    {"Assistante de direction", "entry", NULL},
    {"Développeuse", NULL, "engineering"},
    /* Spanish */
    {"Director General", "c_suite", "executive"},
    {"Consejero Delegado", "c_suite", "executive"},
    {"Vicepresidente de Ventas", "vp", "sales"},
    {"Directora de Recursos Humanos", "director", "hr"},
    {"Gerente de Compras", "manager", "purchasing"},
    {"Jefe de Ventas", "manager", "sales"},
    {"Dueña", "owner", NULL},
    {"Becario", "intern", NULL},
    /* Italian */
    {"Amministratore Delegato", "c_suite", "executive"},
    {"Direttore Vendite", "director", "sales"},
    {"Responsabile Acquisti", "manager", "purchasing"},
    {"Titolare", "owner", "executive"},
    {"Tirocinante", "intern", NULL},
    /* Portuguese */
    {"Diretor Geral", "c_suite", "executive"},
    {"Sócio Fundador", "founder", "executive"},
    {"Diretora de Operações", "director", "operations"},
    {"Estagiário", "intern", NULL},
    {"Analista de Vendas", "entry", "sales"},
    /* Polish */
    {"Prezes Zarządu", "c_suite", "executive"},
    {"Wiceprezes", "vp", NULL},
    {"Właścicielka", "owner", "executive"},
    {"Dyrektor Sprzedaży", "director", "sales"},
    {"Kierownik Działu Zakupów", "manager", "purchasing"},
    {"Asystentka Prezesa", "entry", "executive"},
    {"Starszy Programista", "senior", "engineering"},
    {"Współzałożyciel", "founder", NULL},
    /* Dutch */
    {"Algemeen Directeur", "c_suite", NULL},
    {"Eigenaar", "owner", "executive"},
    {"Hoofd Inkoop", "head", "purchasing"},
    {"Medeoprichter", "founder", NULL},
    /* Japanese, Chinese */
    {"代表取締役社長", "c_suite", "executive"},
    {"副社長", "vp", "executive"},
    {"営業部長", "head", "sales"},
    {"人事課長", "manager", "hr"},
    {"マーケティングマネージャー", "manager", "marketing"},
    {"ﾏｰｹﾃｨﾝｸﾞﾏﾈｰｼﾞｬｰ", "manager", "marketing"},
    {"销售总监", "director", "sales"},
    {"总经理", "c_suite", "executive"},
    /* nothing to see */
    {"", NULL, NULL},
    {"???", NULL, NULL},
    {"Beekeeper", NULL, NULL},
    {"\xff\xfe", NULL, NULL},
};

static bool is(const char *got, const char *want)
{
    return got && want ? strcmp(got, want) == 0 : got == want;
}

static void titles_say_what_they_say(void)
{
    struct arena *mem = arena_new();

    for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++) {
        const char *s = derive_seniority(mem, titles[i].title);
        const char *d = derive_department(mem, titles[i].title);

        if (!is(s, titles[i].seniority) || !is(d, titles[i].department))
            fprintf(stderr, "\"%s\": %s, %s\n", titles[i].title, s ? s : "-", d ? d : "-");
        CHECK(is(s, titles[i].seniority));
        CHECK(is(d, titles[i].department));
    }
    arena_free(mem);
}

static const struct {
    const char *word, *seniority, *department;
} words[] = {
    {"C suite", "c_suite", "executive"},
    {"C-Suite", "c_suite", "executive"},
    {"C-Level", "c_suite", NULL},
    {"c_suite", "c_suite", "executive"},
    {"Vp", "vp", NULL},
    {"VP-Level", "vp", NULL},
    {"Vice President", "vp", "executive"},
    {"Founder", "founder", "executive"},
    {"Entry", "entry", NULL},
    {"Non-Manager", "entry", NULL},
    {"Mid-Senior level", "senior", NULL},
    {"Executive", "c_suite", "executive"},
    {"Individual Contributor", "entry", NULL},
    {"Engineering & Technical", NULL, "engineering"},
    {"Master Information Technology", NULL, "it"},
    {"master_human_resources", NULL, "hr"},
    {"Human Resources", NULL, "hr"},
    {"Medical & Health", NULL, "medical"},
    {"Sales, Marketing", NULL, "sales"},
    {"business_development", NULL, "sales"},
    {"customer_service", NULL, "support"},
    {"health_professional", NULL, "medical"},
    {"product_management", NULL, "product"},
    {"Consulting", NULL, "other"},
    {"OPERATIONS", NULL, "operations"},
    {"Xyzzy", NULL, NULL},
    {"", NULL, NULL},
};

static void words_of_exports_become_ours(void)
{
    struct arena *mem = arena_new();

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        const char *s = derive_seniority_word(mem, words[i].word);
        const char *d = derive_department_word(mem, words[i].word);

        if (!is(s, words[i].seniority) || !is(d, words[i].department))
            fprintf(stderr, "\"%s\": %s, %s\n", words[i].word, s ? s : "-", d ? d : "-");
        CHECK(is(s, words[i].seniority));
        CHECK(is(d, words[i].department));
    }
    for (const char *const *w = seniority_words; *w; w++)
        CHECK(is(derive_seniority_word(mem, *w), *w));
    for (const char *const *w = department_words; *w; w++)
        CHECK(is(derive_department_word(mem, *w), *w));
    arena_free(mem);
}

static bool is_word_of(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0)
        list++;
    return *list;
}

/* Every row is written as titles are compared, so that it can match, and means a word of ours. */
static void check_rows(const struct title_row *rows, const char *const *meanings)
{
    struct arena *mem = arena_new();

    for (; rows->words; rows++) {
        const char *w = rows->words + (rows->words[0] == '*');
        size_t n = strlen(w);
        char *bare = arena_strndup(mem, w, n - (w[n - 1] == '*'));

        CHECK(n < 60 && (strchr(rows->words, '*') ? strlen(bare) >= 3 : n >= 2));
        if (strcmp(utf8_fold(mem, bare), bare) != 0)
            fprintf(stderr, "row \"%s\" is not folded\n", rows->words);
        CHECK_STR(utf8_fold(mem, bare), bare);
        CHECK(strcspn(bare, "&/,.-_'()*") == strlen(bare));
        CHECK(!*rows->means || is_word_of(meanings, rows->means));
    }
    arena_free(mem);
}

static void tables_are_well_formed(void)
{
    check_rows(title_assistants, seniority_words);
    check_rows(title_phrases, seniority_words);
    check_rows(title_ranks, seniority_words);
    check_rows(title_departments, department_words);
    check_rows(seniority_synonyms, seniority_words);
    check_rows(department_synonyms, department_words);
}

/* No row hides behind an earlier one: each is found in a title made of its own words. */
static void every_row_of_ranks_counts(void)
{
    struct arena *mem = arena_new();

    for (const struct title_row *r = title_ranks; r->words; r++) {
        const char *w = r->words + (r->words[0] == '*');
        char *title = arena_printf(mem, "%s%s", r->words[0] == '*' ? "foo" : "", w);
        const char *got;

        if (title[strlen(title) - 1] == '*')
            title[strlen(title) - 1] = '\0';
        got = derive_seniority(mem, title);
        if (!is(got, r->means))
            fprintf(stderr, "\"%s\": %s, not %s\n", title, got ? got : "-", r->means);
        CHECK(is(got, r->means));
    }
    arena_free(mem);
}

static const struct profile full = {
    .name = "Ann Lee",
    .title = "Founder",
    .company = "Acme",
    .domain = "acme.example",
    .industry = "machinery",
    .employees = 700,
    .revenue = 1,
    .country = "DE",
    .city = "Leipzig",
    .technologies = {(const char *const[]){"AWS"}, 1},
    .email = "ann@acme.example",
    .email_status = "verified",
    .phone = "+493415550100",
    .linkedin_url = "https://linkedin.example/in/ann",
};

static void the_fullest_profile_has_a_hundred(void)
{
    struct arena *mem = arena_new();
    struct profile p = full;

    derive_profile(&p, mem);
    CHECK(p.quality == 100 && p.score == 100);
    p = (struct profile){0};
    derive_profile(&p, mem);
    CHECK(p.quality == 0 && p.score == 0);
    CHECK_STR(p.email_status, "unavailable");
    arena_free(mem);
}

static struct profile changed(struct arena *mem, struct profile p)
{
    derive_profile(&p, mem);
    return p;
}

static void points_are_as_published(void)
{
    struct arena *mem = arena_new();
    struct profile p = full;

    p.email_status = "bounced";
    CHECK(changed(mem, p).quality == 70 && changed(mem, p).score == 80);
    p.email_status = NULL;
    CHECK(changed(mem, p).quality == 85 && changed(mem, p).score == 90);
    CHECK_STR(changed(mem, p).email_status, "unverified");
    p = full;
    p.phone = NULL;
    CHECK(changed(mem, p).quality == 85 && changed(mem, p).score == 90);
    CHECK(!changed(mem, p).has_phone && changed(mem, p).has_email);
    p = full;
    p.email_opt_out = p.do_not_call = true;
    CHECK(changed(mem, p).quality == 100 && changed(mem, p).score == 70);
    p = full;
    p.employees = 0;
    CHECK(changed(mem, p).quality == 95 && changed(mem, p).score == 85);
    p = full;
    p.title = NULL;
    p.seniority = "intern";
    CHECK(changed(mem, p).quality == 90 && changed(mem, p).score == 57);
    arena_free(mem);
}

static void any_profile_stays_within_bounds(void)
{
    struct random r = random_start("derive");
    struct arena *mem = arena_new();

    for (int i = 0; i < 20000; i++) {
        struct profile p = {0};

        if (random_below(&r, 2))
            p.title = titles[random_below(&r, sizeof(titles) / sizeof(*titles))].title;
        if (random_below(&r, 2))
            p.email = "a@b.example";
        if (random_below(&r, 2))
            p.email_status = email_status_words[random_below(&r, 5)];
        if (random_below(&r, 2))
            p.phone = "+493415550100";
        p.do_not_call = random_below(&r, 2);
        p.employees = (int64_t)random_below(&r, 3) * (int64_t)random_below(&r, 100000);
        derive_profile(&p, mem);
        CHECK(p.score >= 0 && p.score <= 100 && p.quality >= 0 && p.quality <= 100);
        CHECK(p.has_email == !!p.email && p.has_phone == !!p.phone);
        CHECK(is_word_of(email_status_words, p.email_status));
        CHECK((strcmp(p.email_status, "unavailable") == 0) == !p.email);
        CHECK(!p.seniority || is_word_of(seniority_words, p.seniority));
        CHECK(!p.department || is_word_of(department_words, p.department));
    }
    arena_free(mem);
}

static const struct {
    const char *name, *first, *last;
} names[] = {
    {"Ann Lee", "Ann", "Lee"},
    {"Ann Marie Lee", "Ann Marie", "Lee"},
    {"Jan van der Berg", "Jan", "van der Berg"},
    {"Maria de la Cruz", "Maria", "de la Cruz"},
    {"Cher", NULL, NULL},
    {"de Vries", "de", "Vries"},
    {"佐藤花子", NULL, NULL},
};

static void names_come_apart_and_together(void)
{
    struct arena *mem = arena_new();
    char half[81];
    struct profile p;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        p = changed(mem, (struct profile){.name = names[i].name});
        CHECK(is(p.first_name, names[i].first) && is(p.last_name, names[i].last));
        CHECK_STR(p.name, names[i].name);
    }
    p = changed(mem, (struct profile){.first_name = "Ann", .last_name = "Lee"});
    CHECK_STR(p.name, "Ann Lee");
    p = changed(mem, (struct profile){.first_name = "Ann"});
    CHECK_STR(p.name, "Ann");
    p = changed(mem, (struct profile){.last_name = "Lee"});
    CHECK_STR(p.name, "Lee");
    /* two names of the greatest length do not make a name that is longer than a name may be */
    for (size_t i = 0; i < 80; i += 2)
        memcpy(half + i, "é", 3);
    p = changed(mem, (struct profile){.first_name = half, .last_name = half});
    CHECK(strlen(p.name) <= 160 && utf8_valid(p.name, strlen(p.name)));
    arena_free(mem);
}

static void what_is_given_stays(void)
{
    struct arena *mem = arena_new();
    struct profile p = full;

    p.name = "A. Lee";
    p.first_name = "Ann";
    p.seniority = "intern";
    p.department = "legal";
    p = changed(mem, p);
    CHECK_STR(p.seniority, "intern");
    CHECK_STR(p.department, "legal");
    CHECK_STR(p.name, "A. Lee");
    CHECK_STR(p.first_name, "Ann");
    CHECK(!p.last_name);
    arena_free(mem);
}

static const struct test tests[] = {
    {"derive: titles say what they say", titles_say_what_they_say},
    {"derive: words of exports become ours", words_of_exports_become_ours},
    {"derive: tables are well formed", tables_are_well_formed},
    {"derive: every row of ranks counts", every_row_of_ranks_counts},
    {"derive: the fullest profile has a hundred", the_fullest_profile_has_a_hundred},
    {"derive: points are as published", points_are_as_published},
    {"derive: any profile stays within bounds", any_profile_stays_within_bounds},
    {"derive: names come apart and together", names_come_apart_and_together},
    {"derive: what is given stays", what_is_given_stays},
};

TEST_MAIN(tests)
