#include "server/sample.h"

#include <stdbool.h>

#include "common/country.h"
#include "common/json.h"
#include "common/phone.h"
#include "common/utf8.h"
#include "server/identity.h"
#include "server/records.h"
#include "server/seal.h"
#include "server/store.h"
#include "tests/random.h"
#include "tests/test.h"

enum { ROWS = 8000 };

/* FNV-1a of everything a row says, as JSON. */
static uint64_t digest(uint64_t h, const struct type *t, void *rec)
{
    struct arena *mem = arena_new();
    struct buf b = BUF_INIT(1 << 20);

    if (t == &profile_type)
        ((struct profile *)rec)->owned = OWN_ALL;
    json_write(&b, t, rec, JSON_OWNED, mem);
    CHECK(!b.failed);
    for (size_t i = 0; i < b.len; i++)
        h = (h ^ (unsigned char)b.data[i]) * UINT64_C(0x100000001b3);
    buf_free(&b);
    arena_free(mem);
    return h;
}

static uint64_t digest_of(int64_t rows, uint64_t seed, int64_t profiles)
{
    struct sample *s = sample_new(rows, seed);
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (int64_t i = 0; i < profiles; i++) {
        struct arena *mem = arena_new();
        struct company c;
        struct profile p;

        sample_profile(s, i, mem, &p);
        h = digest(h, &profile_type, &p);
        sample_company(s, i % sample_companies(s), mem, &c);
        h = digest(h, &company_type, &c);
        arena_free(mem);
    }
    sample_free(s);
    return h;
}

/* A change of this number is a change of everybody's sample data: make it on purpose. */
#define KNOWN UINT64_C(0x26c8bf3ac0d40779)

static void the_same_seed_gives_the_same_bytes(void)
{
    uint64_t h = digest_of(1000, 1, 300);

    if (h != KNOWN)
        fprintf(stderr, "digest %#llx\n", (unsigned long long)h);
    CHECK(h == KNOWN);
    CHECK(h == digest_of(1000, 1, 300));
    CHECK(h != digest_of(1000, 2, 300));
    CHECK(h != digest_of(1001, 1, 300));
}

static void rows_are_reached_in_any_order(void)
{
    struct random r = random_start("sample");
    struct sample *s = sample_new(ROWS, 7);

    for (int i = 0; i < 500; i++) {
        struct arena *mem = arena_new();
        int64_t at = (int64_t)random_below(&r, ROWS);
        struct profile a, b, other;

        sample_profile(s, at, mem, &a);
        sample_profile(s, (int64_t)random_below(&r, ROWS), mem, &other);
        sample_profile(s, at, mem, &b);
        CHECK(digest(0, &profile_type, &a) == digest(0, &profile_type, &b));
        arena_free(mem);
    }
    sample_free(s);
}

/* What is kept of each row to look at them all. */
struct seen {
    const char *email;
    struct uuid id, company_id;
    const char *company, *domain;
};

static int by_email(const void *a, const void *b)
{
    const char *x = ((const struct seen *)a)->email, *y = ((const struct seen *)b)->email;

    return !x || !y ? !!x - !!y : strcmp(x, y);
}

static bool ends(const char *s, const char *tail)
{
    size_t n = strlen(s), k = strlen(tail);

    return n > k && strcmp(s + n - k, tail) == 0;
}

/* The ranges that regulators keep for fiction, written once more and otherwise. */
static bool is_fictional(const char *phone)
{
    static const struct {
        const char *from, *to;
    } ranges[] = {
        {"+442079460000", "+442079460999"}, {"+447700900000", "+447700900999"},
        {"+441134960000", "+441134960999"}, {"+441614960000", "+441614960999"},
        {"+441314960000", "+441314960999"}, {"+442920180000", "+442920180999"},
        {"+493023125000", "+493023125999"}, {"+494066969000", "+494066969999"},
        {"+496990009000", "+496990009999"}, {"+492214710000", "+492214710999"},
        {"+498999998000", "+498999998999"}, {"+33199000000", "+33199009999"},
        {"+33261910000", "+33261919999"},   {"+33353010000", "+33353019999"},
        {"+33465710000", "+33465719999"},   {"+33536490000", "+33536499999"},
        {"+33639980000", "+33639989999"},   {"+61255500000", "+61255509999"},
        {"+61355500000", "+61355509999"},   {"+61755500000", "+61755509999"},
        {"+61855500000", "+61855509999"},   {"+61270100000", "+61270109999"},
        {"+61370100000", "+61370109999"},   {"+46846500400", "+46846500499"},
        {"+46313900600", "+46313900699"},   {"+46406280400", "+46406280499"},
    };

    if (phone[1] == '1')
        return strlen(phone) == 12 && strncmp(phone + 5, "55501", 5) == 0;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        if (strlen(phone) == strlen(ranges[i].from) && strcmp(phone, ranges[i].from) >= 0 &&
            strcmp(phone, ranges[i].to) <= 0)
            return true;
    return false;
}

static void check_contacts(const struct profile *p)
{
    char normal[PHONE_TEXT];
    const char *at;

    CHECK(p->has_email == !!p->email && p->has_phone == !!p->phone);
    CHECK(ends(p->domain, ".example"));
    if (p->email) {
        at = strchr(p->email, '@');
        CHECK(at && at > p->email && strcmp(at + 1, p->domain) == 0);
        for (const char *c = p->email; *c; c++)
            CHECK((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr(".@-", *c));
    }
    CHECK(!p->phone || (phone_normal(p->phone, NULL, normal) && strcmp(normal, p->phone) == 0));
    if (p->phone && !is_fictional(p->phone))
        fprintf(stderr, "%s is not fictional\n", p->phone);
    CHECK(!p->phone || is_fictional(p->phone));
    CHECK(!p->linkedin_url ||
          strncmp(p->linkedin_url, "https://www.linkedin.example/in/", 32) == 0);
}

/* Through JSON with all the checks a client's input gets: ceilings, words, UTF-8. */
static void check_fields(struct profile *p, struct arena *mem)
{
    struct buf b = BUF_INIT(1 << 20);
    struct problem why = {0};
    struct profile back = {0};
    const cJSON *doc;

    p->owned = OWN_ALL;
    json_write(&b, &profile_type, p, JSON_OWNED, mem);
    CHECK(json_parse(mem, b.data, b.len, &doc, &why) == ERR_OK);
    CHECK(json_decode(&profile_type, doc, JSON_FROM_SERVER, mem, &back, NULL, &why) == ERR_OK);
    if (why.text[0])
        fprintf(stderr, "%s: %s\n", why.field, why.text);
    CHECK_STR(back.name, p->name);
    CHECK(country_name(p->country) && p->title && p->industry && p->city && p->state);
    CHECK(p->technologies.n >= 2 && p->technologies.n <= 6);
    CHECK(p->keywords.n >= 1 && p->keywords.n <= 4);
    CHECK(p->employees > 0 && p->score > 0 && p->quality > 0);
    buf_free(&b);
}

static void check_unique(struct seen *seen)
{
    qsort(seen, ROWS, sizeof(*seen), by_email);
    for (size_t i = 1; i < ROWS; i++)
        CHECK(!seen[i - 1].email || strcmp(seen[i - 1].email, seen[i].email) != 0);
}

static void every_row_is_sound(void)
{
    struct seen *seen = xcalloc(ROWS, sizeof(*seen));
    struct sample *s = sample_new(ROWS, 1);
    struct arena *kept = arena_new();
    struct uuid before = {{0}};
    int64_t newest = 0, oldest = INT64_MAX;

    for (int64_t i = 0; i < ROWS; i++) {
        struct arena *mem = arena_new();
        struct profile p;

        sample_profile(s, i, mem, &p);
        check_contacts(&p);
        if (i % 8 == 0)
            check_fields(&p, mem);
        CHECK(uuid_equal(&p.account, &catalogue_account));
        CHECK(uuid_compare(&before, &p.id) < 0); /* so that they are stored in order */
        before = p.id;
        CHECK(p.created.ms <= p.updated.ms);
        newest = p.updated.ms > newest ? p.updated.ms : newest;
        oldest = p.created.ms < oldest ? p.created.ms : oldest;
        seen[i].email = arena_strdup(kept, p.email);
        arena_free(mem);
    }
    CHECK(newest < INT64_C(1793491200000) + 20 * INT64_C(86400000));
    CHECK(newest - oldest > 720 * INT64_C(86400000) && newest - oldest <= 730 * INT64_C(86400000));
    check_unique(seen);
    free(seen);
    arena_free(kept);
    sample_free(s);
}

static int by_uuid(const void *a, const void *b)
{
    return uuid_compare(&((const struct seen *)a)->company_id,
                        &((const struct seen *)b)->company_id);
}

static int by_domain(const void *a, const void *b)
{
    return strcmp(((const struct seen *)a)->domain, ((const struct seen *)b)->domain);
}

/* More companies than there are names, so that the numbers behind them are reached too. */
static void companies_differ(void)
{
    int64_t n = 31000;
    struct sample *s = sample_new(n * 20 - 20, 3);
    struct seen *seen = xcalloc((size_t)n, sizeof(*seen));
    struct arena *mem = arena_new();

    CHECK(sample_companies(s) == n);
    for (int64_t i = 0; i < n; i++) {
        struct company c;

        sample_company(s, i, mem, &c);
        seen[i] = (struct seen){.company_id = c.id, .company = c.name, .domain = c.domain};
        CHECK(ends(c.domain, ".example") && strlen(c.name) < 96 && strlen(c.domain) < 96);
        CHECK(!c.phone || is_fictional(c.phone));
    }
    qsort(seen, (size_t)n, sizeof(*seen), by_uuid);
    for (int64_t i = 1; i < n; i++)
        CHECK(!uuid_equal(&seen[i - 1].company_id, &seen[i].company_id));
    qsort(seen, (size_t)n, sizeof(*seen), by_domain);
    for (int64_t i = 1; i < n; i++)
        CHECK(strcmp(seen[i - 1].domain, seen[i].domain) != 0);
    free(seen);
    arena_free(mem);
    sample_free(s);
}

/* How many of the rows each company has, by its number. */
static void count_companies(const struct sample *s, int64_t *counts, int64_t *employees)
{
    int64_t n = sample_companies(s);
    struct arena *mem = arena_new();
    struct uuid *ids = arena_alloc(mem, (size_t)n * sizeof(*ids));

    for (int64_t i = 0; i < n; i++) {
        struct company c;

        sample_company(s, i, mem, &c);
        ids[i] = c.id;
        employees[i] = c.employees;
    }
    for (int64_t i = 0; i < ROWS; i++) {
        struct arena *row = arena_new();
        struct profile p;
        int64_t k = 0;

        sample_profile(s, i, row, &p);
        while (k < n && !uuid_equal(&ids[k], &p.company_id))
            k++;
        CHECK(k < n);
        counts[k]++;
        CHECK(p.employees == employees[k]);
        arena_free(row);
    }
    arena_free(mem);
}

static void companies_follow_zipf(void)
{
    static int64_t counts[ROWS], employees[ROWS];
    struct sample *s = sample_new(ROWS, 1);
    int64_t n = sample_companies(s), tail = 0;
    double harmonic = 0;

    count_companies(s, counts, employees);
    for (int64_t k = 1; k <= n; k++)
        harmonic += 1.0 / (double)k;
    for (int64_t k = 1; k <= 20; k++) {
        double want = ROWS / harmonic / (double)k, off = (double)counts[k - 1] - want;

        CHECK(off * off < 25 * want); /* five standard deviations */
    }
    for (int64_t k = n / 2; k < n; k++)
        tail += counts[k];
    /* the sum of 1/k over the second half is ln 2 */
    CHECK((double)tail > 0.6 * ROWS / harmonic && (double)tail < 0.8 * ROWS / harmonic);
    CHECK(employees[0] >= counts[0]);
    sample_free(s);
}

static bool has_script(const char *s, int32_t from, int32_t to)
{
    size_t len;

    for (; *s; s += len) {
        int32_t c = utf8_next(s, &len);

        if (c >= from && c <= to)
            return true;
    }
    return false;
}

static const struct {
    const char *country;
    int32_t from, to;
} scripts[] = {
    {"JP", 0x3040, 0x9fff}, {"CN", 0x4e00, 0x9fff}, {"IN", 0x0900, 0x097f}, {"UA", 0x0400, 0x04ff},
    {"AE", 0x0600, 0x06ff}, {"KR", 0xac00, 0xd7a3}, {"GR", 0x0370, 0x03ff},
};

enum { SCRIPTS = sizeof(scripts) / sizeof(*scripts) };

static void names_are_written_as_at_home(void)
{
    struct sample *s = sample_new(ROWS, 1);
    int seen[SCRIPTS] = {0};

    for (int64_t i = 0; i < ROWS; i++) {
        struct arena *mem = arena_new();
        struct profile p;

        sample_profile(s, i, mem, &p);
        for (size_t k = 0; k < SCRIPTS; k++) {
            bool found = has_script(p.name, scripts[k].from, scripts[k].to);

            seen[k] += found;
            CHECK(!found || strcmp(p.country, scripts[k].country) == 0 ||
                  strcmp(p.country, "JP") == 0 || strcmp(p.country, "CN") == 0);
        }
        CHECK(utf8_valid(p.name, strlen(p.name)) && !strchr(p.name, '|'));
        arena_free(mem);
    }
    for (size_t k = 0; k < SCRIPTS; k++)
        CHECK(seen[k] > 5);
    sample_free(s);
}

static size_t index_in(const char *const *words, const char *word)
{
    size_t i = 0;

    while (words[i] && strcmp(words[i], word) != 0)
        i++;
    return i;
}

static void shares_are_realistic(void)
{
    struct sample *s = sample_new(ROWS, 1);
    int email = 0, phone = 0, verified = 0, us = 0;
    int seniority[16] = {0}, department[20] = {0}, size[8] = {0}, status[8] = {0};

    for (int64_t i = 0; i < ROWS; i++) {
        struct arena *mem = arena_new();
        struct profile p;

        sample_profile(s, i, mem, &p);
        email += p.has_email;
        phone += p.has_phone;
        us += strcmp(p.country, "US") == 0;
        verified += strcmp(p.email_status, "verified") == 0;
        status[index_in(email_status_words, p.email_status)]++;
        size[index_in(employees_buckets, employees_bucket(p.employees))]++;
        if (p.seniority)
            seniority[index_in(seniority_words, p.seniority)]++;
        if (p.department)
            department[index_in(department_words, p.department)]++;
        arena_free(mem);
    }
    CHECK(email > ROWS * 84 / 100 && email < ROWS * 86 / 100);
    CHECK(phone > ROWS * 44 / 100 && phone < ROWS * 46 / 100);
    CHECK(verified > email * 58 / 100 && verified < email * 62 / 100);
    CHECK(us > ROWS / 5 && us < ROWS / 2);
    for (size_t i = 0; seniority_words[i]; i++)
        CHECK(seniority[i] > 5);
    for (size_t i = 0; email_status_words[i]; i++)
        CHECK(status[i] > 100);
    for (size_t i = 0; employees_buckets[i]; i++)
        CHECK(size[i] > 40);
    for (size_t i = 0; department_words[i]; i++)
        CHECK(department[i] > 5 || strcmp(department_words[i], "other") == 0);
    sample_free(s);
}

static void few_rows_work_too(void)
{
    for (int64_t rows = 1; rows < 50; rows++) {
        struct sample *s = sample_new(rows, (uint64_t)rows);
        struct arena *mem = arena_new();
        struct profile p;

        for (int64_t i = 0; i < rows; i++)
            sample_profile(s, i, mem, &p);
        arena_free(mem);
        sample_free(s);
    }
}

static int64_t last_done;

static void note(void *arg, int64_t done, int64_t rows)
{
    CHECK(arg == &last_done && done > last_done && done <= rows);
    last_done = done;
}

static bool find_same(void *arg, const void *rec)
{
    const struct profile *p = rec, *want = arg;

    CHECK(uuid_equal(&p->id, &want->id));
    CHECK_STR(p->name, want->name);
    CHECK(!p->email == !want->email && (!p->email || strcmp(p->email, want->email) == 0));
    return true;
}

static void check_loaded(struct store *store, const struct seal *seal, int64_t rows)
{
    struct sample *s = sample_new(rows, 5);
    struct arena *mem = arena_new();
    struct query q = {.type = &profile_type};
    struct profile p;
    int64_t n;

    CHECK(store_count(store, &q, &n) == ERR_OK && n == rows);
    q.type = &company_type;
    CHECK(store_count(store, &q, &n) == ERR_OK && n == sample_companies(s));
    for (int64_t i = 0; i < rows; i += 37) {
        sample_profile(s, i, mem, &p);
        identity_profile(seal, 1, &p, mem);
        if (uuid_is_zero(&p.key_email))
            continue;
        q = (struct query){.type = &profile_type, .where = {{"key_email", OP_EQ, &p.key_email}}};
        CHECK(store_find(store, &q, mem, find_same, &p) == ERR_OK);
    }
    arena_free(mem);
    sample_free(s);
}

static void loads_into_a_store(void)
{
    char dir[] = "/tmp/sample.XXXXXX", keys[64], command[80];
    struct store_options o = {.dir = dir};
    struct store *store = NULL;
    struct seal *seal = NULL;
    struct problem why;

    CHECK(mkdtemp(dir));
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    CHECK(seal_open(keys, &seal, &why) == ERR_OK);
    o.seal = seal;
    CHECK(store_open(&o, &store, &why) == ERR_OK);
    for (const struct type *const *t = stored_types; *t; t++)
        CHECK(store_ensure(store, *t) == ERR_OK);
    CHECK(sample_load(store, seal, 3000, 5, note, &last_done) == ERR_OK);
    CHECK(last_done == 3000);
    check_loaded(store, seal, 3000);
    CHECK(sample_load(store, seal, 3000, 5, NULL, NULL) == ERR_CONFLICT);
    check_loaded(store, seal, 3000);
    store_close(store);
    seal_close(seal);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static const struct test tests[] = {
    {"sample: the same seed gives the same bytes", the_same_seed_gives_the_same_bytes},
    {"sample: rows are reached in any order", rows_are_reached_in_any_order},
    {"sample: every row is sound", every_row_is_sound},
    {"sample: companies differ", companies_differ},
    {"sample: companies follow Zipf", companies_follow_zipf},
    {"sample: names are written as at home", names_are_written_as_at_home},
    {"sample: shares are realistic", shares_are_realistic},
    {"sample: few rows work too", few_rows_work_too},
    {"sample: loads into a store", loads_into_a_store},
};

TEST_MAIN(tests)
