#include "server/identity.h"

#include "common/buf.h"
#include "common/utf8.h"
#include "server/seal.h"
#include "tests/random.h"
#include "tests/test.h"

static struct seal *seal;
static char dir[] = "/tmp/identity.XXXXXX";

static const struct {
    const char *text, *want;
} domains[] = {
    {"acme.example", "acme.example"},
    {"ACME.Example.", "acme.example"},
    {" acme.example ", "acme.example"},
    {"http://www.acme.example/", "acme.example"},
    {"https://user:pw@www.acme.example:8443/a@b?c#d", "acme.example"},
    {"https://acme.example/@ann", "acme.example"},
    {"acme.example?next=https://evil.example", "acme.example"},
    {"ann@acme.example", "acme.example"},
    {"Bücher.example", "xn--bcher-kva.example"},
    {"bu\u0308cher.example", "xn--bcher-kva.example"},
    {"xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"www.example", "www.example"},
    {"shop.acme.example", "shop.acme.example"},
    {"localhost", NULL},
    {"192.0.2.1", NULL},
    {"http://[2001:db8::1]/", NULL},
    {"a b.example", NULL},
    {"acme..example", NULL},
    {"-acme.example", NULL},
    {"under_score.example", NULL},
    {"", NULL},
    {"   ", NULL},
    {"://", NULL},
    {"@", NULL},
    {"n/a", NULL},
};

static const struct {
    const char *text, *want;
} urls[] = {
    {"https://WWW.Linkedin.com/in/ann/?x=1", "linkedin.com/in/ann"},
    {"linkedin.com/in/ann", "linkedin.com/in/ann"},
    {"http://de.linkedin.com/in/Ann#top", "linkedin.com/in/ann"},
    {"https://www.linkedin.com/in/ann/de", "linkedin.com/in/ann"},
    {"https://www.linkedin.com/in/ann/details/experience/", "linkedin.com/in/ann"},
    {"https://www.linkedin.com//in//ann", "linkedin.com/in/ann"},
    {"https://www.linkedin.com/in/jos%C3%A9", "linkedin.com/in/josé"},
    {"https://www.linkedin.com/in/JOSÉ", "linkedin.com/in/josé"},
    {"https://www.linkedin.com/in/jose", "linkedin.com/in/jose"},
    {"https://www.linkedin.example/in/zoe-weber-0", "linkedin.example/in/zoe-weber-0"},
    {"https://people.example/a/b", "people.example/a/b"},
    {"https://www.linkedin.com/company/acme", NULL},
    {"https://www.linkedin.com/in/", NULL},
    {"https://www.linkedin.com/", NULL},
    {"https://www.linkedin.com", NULL},
    {"https://www.linkedin.com/?in=ann", NULL},
    {"https://x.example/%ff", NULL},
    {"javascript:alert(1)//", NULL},
    {"ann", NULL},
    {"/in/ann", NULL},
    {"", NULL},
};

static void websites_and_addresses_have_a_domain(void)
{
    struct arena *mem = arena_new();

    for (size_t i = 0; i < sizeof(domains) / sizeof(*domains); i++) {
        const char *got = identity_domain(mem, domains[i].text);

        if (!got != !domains[i].want || (got && strcmp(got, domains[i].want) != 0))
            fprintf(stderr, "\"%s\": got %s\n", domains[i].text, got ? got : "none");
        CHECK(!got == !domains[i].want);
        CHECK(!got || strcmp(got, domains[i].want) == 0);
    }
    arena_free(mem);
}

static void profiles_have_one_address(void)
{
    struct arena *mem = arena_new();

    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        const char *got = identity_url(mem, urls[i].text);

        if (!got != !urls[i].want || (got && strcmp(got, urls[i].want) != 0))
            fprintf(stderr, "\"%s\": got %s\n", urls[i].text, got ? got : "none");
        CHECK(!got == !urls[i].want);
        CHECK(!got || strcmp(got, urls[i].want) == 0);
    }
    arena_free(mem);
}

static void shared_hosts_are_of_no_company(void)
{
    static const char *const shared[] = {"gmail.com", "yahoo.de",       "yahoo.co.uk", "hotmail.fr",
                                         "live.com",  "outlook.com.br", "gmx.net",     "web.de",
                                         "qq.com",    "linkedin.com"};
    static const char *const own[] = {
        "acme.example", "live.acme.example", "yahoo.example", "gmail.acme.example",
        "notgmail.com", "gmail.com.example", "yahoo.co",      ""};

    for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
        CHECK(identity_is_free_mail(shared[i]));
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        CHECK(identity_is_free_mail(own[i]) == (strcmp(own[i], "yahoo.co") == 0));
}

static struct profile keyed(struct arena *mem, struct profile p)
{
    if (uuid_is_zero(&p.account))
        p.account = catalogue_account;
    identity_profile(seal, 1, &p, mem);
    return p;
}

static bool same(struct uuid a, struct uuid b)
{
    return !uuid_is_zero(&a) && uuid_equal(&a, &b);
}

static struct uuid email_key(struct arena *mem, const char *email)
{
    return keyed(mem, (struct profile){.email = email}).key_email;
}

static void addresses_are_one_without_case(void)
{
    struct arena *mem = arena_new();
    struct uuid ann = email_key(mem, "ann.lee@acme.example");

    CHECK(same(ann, email_key(mem, "Ann.LEE@ACME.example")));
    CHECK(!same(ann, email_key(mem, "annlee@acme.example")));
    CHECK(!same(ann, email_key(mem, "ann.lee+x@acme.example")));
    CHECK(!same(ann, email_key(mem, "ann.lee@www.acme.example")));
    CHECK(same(email_key(mem, "a@bücher.example"), email_key(mem, "A@xn--bcher-kva.example")));
    CHECK(same(email_key(mem, "JOSÉ@acme.example"), email_key(mem, "jose\u0301@acme.example")));
    CHECK(!same(email_key(mem, "josé@acme.example"), email_key(mem, "jose@acme.example")));
    ann = email_key(mem, "nobody");
    CHECK(uuid_is_zero(&ann));
    ann = email_key(mem, "@acme.example");
    CHECK(uuid_is_zero(&ann));
    ann = email_key(mem, "ann@[192.0.2.1]");
    CHECK(uuid_is_zero(&ann));
    arena_free(mem);
}

static struct uuid name_key(struct arena *mem, const char *name, const char *company,
                            const char *domain, const char *email)
{
    struct profile p = {.name = name, .company = company, .domain = domain, .email = email};

    return keyed(mem, p).key_name;
}

static void a_name_needs_its_company(void)
{
    struct arena *mem = arena_new();
    struct uuid zoe = name_key(mem, "Zoë Weber", "Acme Corp", NULL, NULL), none;

    CHECK(same(zoe, name_key(mem, "ZOE  WEBER", "ACME corp", NULL, NULL)));
    CHECK(!same(zoe, name_key(mem, "Zoe Weber", "Acme", NULL, NULL)));
    CHECK(!same(zoe, name_key(mem, "Zoe Weberacme", "corp", NULL, NULL)));
    CHECK(!same(zoe, name_key(mem, "Zoë Weber", "Acme Corp", "acme.example", NULL)));
    /* the domain is the company, whatever it is called, and a work address tells it */
    CHECK(same(name_key(mem, "Zoe Weber", "Acme", "acme.example", NULL),
               name_key(mem, "Zoe Weber", "Acme Corporation", "www.ACME.example", NULL)));
    CHECK(same(name_key(mem, "Zoe Weber", "Acme", "acme.example", NULL),
               name_key(mem, "Zoe Weber", "Acme Corp", NULL, "zoe@acme.example")));
    CHECK(same(zoe, name_key(mem, "Zoe Weber", "Acme Corp", NULL, "zoe@gmail.com")));
    CHECK(same(zoe, name_key(mem, "Zoe Weber", "Acme Corp", "linkedin.com", NULL)));
    CHECK(same(name_key(mem, "नीता", "X", NULL, NULL), name_key(mem, "नीता", "X", NULL, NULL)));
    CHECK(!same(name_key(mem, "नीता", "X", NULL, NULL), name_key(mem, "नोता", "X", NULL, NULL)));
    none = name_key(mem, "Zoe Weber", NULL, NULL, NULL);
    CHECK(uuid_is_zero(&none));
    none = name_key(mem, "Zoe Weber", NULL, NULL, "zoe@gmail.com");
    CHECK(uuid_is_zero(&none));
    none = name_key(mem, NULL, "Acme", NULL, NULL);
    CHECK(uuid_is_zero(&none));
    none = name_key(mem, " ", "Acme", NULL, NULL);
    CHECK(uuid_is_zero(&none));
    arena_free(mem);
}

/* Matching across accounts would tell one what another has. */
static void nothing_matches_across_accounts(void)
{
    struct arena *mem = arena_new();
    struct profile p = {.name = "Ann Lee",
                        .company = "Acme",
                        .email = "ann@acme.example",
                        .linkedin_url = "https://linkedin.example/in/ann"};
    struct profile a = keyed(mem, p), b;

    p.account = (struct uuid){{7}};
    b = keyed(mem, p);
    CHECK(!uuid_is_zero(&b.key_email) && !uuid_is_zero(&b.key_url) && !uuid_is_zero(&b.key_name));
    CHECK(!same(a.key_email, b.key_email));
    CHECK(!same(a.key_url, b.key_url));
    CHECK(!same(a.key_name, b.key_name));
    arena_free(mem);
}

/* The same text as an address, a URL and a name is three things. */
static void kinds_do_not_meet(void)
{
    struct arena *mem = arena_new();
    struct company d = {.account = catalogue_account, .domain = "acme.example"};
    struct company n = {.account = catalogue_account, .name = "acme.example"};

    identity_company(seal, 1, &d, mem);
    identity_company(seal, 1, &n, mem);
    CHECK(!uuid_is_zero(&d.key) && !uuid_is_zero(&n.key) && !uuid_equal(&d.key, &n.key));
    arena_free(mem);
}

static struct uuid company_key(struct arena *mem, const char *name, const char *domain)
{
    struct company c = {.account = catalogue_account, .name = name, .domain = domain};

    identity_company(seal, 1, &c, mem);
    return c.key;
}

static void companies_are_their_domain_or_name(void)
{
    struct arena *mem = arena_new();
    struct uuid none;

    CHECK(same(company_key(mem, "Acme", "acme.example"),
               company_key(mem, "Other", "https://www.acme.example/")));
    CHECK(same(company_key(mem, "Nordwind GmbH", NULL), company_key(mem, "NORDWIND  gmbh", "")));
    CHECK(!same(company_key(mem, "Nordwind GmbH", NULL), company_key(mem, "Nordwind AG", NULL)));
    CHECK(same(company_key(mem, "Acme", "gmail.com"), company_key(mem, "Acme", NULL)));
    CHECK(same(company_key(mem, "Acme", "linkedin.com"), company_key(mem, "Acme", NULL)));
    none = company_key(mem, NULL, NULL);
    CHECK(uuid_is_zero(&none));
    none = company_key(mem, NULL, "gmail.com");
    CHECK(uuid_is_zero(&none));
    arena_free(mem);
}

static void hostile_texts_do_no_harm(void)
{
    struct random r = random_start("identity");
    static const char parts[] = "ab.:/@?#%[] \t-_\xc3\xbc\xff\xe2\x80\x8d"
                                "0wW";

    for (int i = 0; i < 20000; i++) {
        struct arena *mem = arena_new();
        char text[400];
        size_t n = random_below(&r, i % 50 ? 24 : sizeof(text) - 1);
        const char *out;

        for (size_t k = 0; k < n; k++)
            text[k] = parts[random_below(&r, sizeof(parts) - 1)];
        text[n] = '\0';
        out = identity_domain(mem, text);
        CHECK(!out || (strchr(out, '.') && strcmp(identity_domain(mem, out), out) == 0));
        out = identity_url(mem, text);
        CHECK(!out || (utf8_valid(out, strlen(out)) && strchr(out, '/')));
        keyed(mem, (struct profile){.email = text,
                                    .linkedin_url = text,
                                    .name = text,
                                    .company = text,
                                    .domain = text});
        arena_free(mem);
    }
}

static void opens_a_seal(void)
{
    struct problem why;

    CHECK(mkdtemp(dir) && seal_open(dir, &seal, &why) == ERR_OK);
    if (!seal)
        exit(1);
}

static void removes_it(void)
{
    char command[64];

    seal_close(seal);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static const struct test tests[] = {
    {"identity: opens a seal", opens_a_seal},
    {"identity: websites and addresses have a domain", websites_and_addresses_have_a_domain},
    {"identity: profiles have one address", profiles_have_one_address},
    {"identity: shared hosts are of no company", shared_hosts_are_of_no_company},
    {"identity: addresses are one without case", addresses_are_one_without_case},
    {"identity: a name needs its company", a_name_needs_its_company},
    {"identity: nothing matches across accounts", nothing_matches_across_accounts},
    {"identity: kinds do not meet", kinds_do_not_meet},
    {"identity: companies are their domain or name", companies_are_their_domain_or_name},
    {"identity: hostile texts do no harm", hostile_texts_do_no_harm},
    {"identity: removes it", removes_it},
};

TEST_MAIN(tests)
