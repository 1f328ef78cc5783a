#include "server/sample.h"

#include <assert.h>
#include <string.h>

#include "common/utf8.h"
#include "server/derive.h"
#include "server/identity.h"
#include "server/sample_names.h"
#include "server/seal.h"
#include "server/store.h"

enum {
    PEOPLE_PER_COMPANY = 20,
    CHUNK = 1024, /* rows a commit: nobody else uses the store while samples are loaded */
    DAYS = 730,
    WITH_EMAIL = 85, /* of 100 */
    WITH_PHONE = 45,
    WITH_URL = 60,
};

#define DAY_MS INT64_C(86400000)
/* 2026-11-01T00:00:00Z and, by the seed, up to 19 days: no row is newer. */
#define END_MS INT64_C(1793491200000)

struct sample {
    int64_t rows, companies;
    uint64_t seed;
    int64_t end;
};

/* A stream of chance of its own for each row (splitmix64, Steele et al. 2014): no row needs
 * another. */
struct dice {
    uint64_t state;
};

static uint64_t roll(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

enum kind { COMPANY = 1, PROFILE = 2 };

static struct dice dice_for(const struct sample *s, enum kind kind, int64_t i)
{
    struct dice d = {s->seed * UINT64_C(0x2545f4914f6cdd1d) + kind};

    d.state = roll(&d) + (uint64_t)i * UINT64_C(0xd1342543de82ef95);
    roll(&d);
    return d;
}

static size_t below(struct dice *d, size_t n)
{
    assert(n > 0);
    return (size_t)(roll(d) % n);
}

static bool percent(struct dice *d, size_t n)
{
    return below(d, 100) < n;
}

static const char *pick(struct dice *d, const char *const *list)
{
    return list[below(d, sample_words(list))];
}

/* The first of the list more often. */
static const char *pick_common(struct dice *d, const char *const *list)
{
    size_t n = sample_words(list), a = below(d, n), b = below(d, n);

    return list[a * b / n];
}

static const char *pick_weighted(struct dice *d, const struct sample_word *w)
{
    int total = 0, at;

    for (const struct sample_word *x = w; x->text; x++)
        total += x->weight;
    at = (int)below(d, (size_t)total);
    while (at >= w->weight)
        at -= (w++)->weight;
    return w->text;
}

static const struct sample_country *pick_country(struct dice *d)
{
    const struct sample_country *c = sample_countries;
    int total = 0, at;

    for (const struct sample_country *x = c; x->code; x++)
        total += x->weight;
    at = (int)below(d, (size_t)total);
    while (at >= c->weight)
        at -= (c++)->weight;
    return c;
}

static struct strs pick_some(struct dice *d, const char *const *list, size_t least, size_t most,
                             struct arena *mem)
{
    size_t n = least + below(d, most - least + 1);
    const char **v = arena_alloc(mem, n * sizeof(*v));
    struct strs out = {v, 0};

    while (out.n < n) {
        const char *w = pick_common(d, list);
        bool twice = false;

        for (size_t k = 0; k < out.n; k++)
            twice |= v[k] == w;
        if (!twice)
            v[out.n++] = w;
    }
    return out;
}

struct sample *sample_new(int64_t rows, uint64_t seed)
{
    struct sample *s = xcalloc(1, sizeof(*s));

    assert(rows > 0);
    s->rows = rows;
    s->companies = rows / PEOPLE_PER_COMPANY + 1;
    s->seed = seed;
    s->end = END_MS + (int64_t)(seed % 20) * DAY_MS;
    return s;
}

void sample_free(struct sample *s)
{
    free(s);
}

int64_t sample_companies(const struct sample *s)
{
    return s->companies;
}

/*
 * Zipf over companies 1..n, exactly and in integers: an octave [2^j, 2^(j+1)) of all alike, a place
 * in it, kept with probability 2^j/k, so that k comes with a probability proportional to 1/k.
 */
static int64_t pick_zipf(struct dice *d, int64_t n)
{
    size_t octaves = 1;

    while (octaves < 62 && n >> octaves)
        octaves++;
    for (;;) {
        uint64_t base = UINT64_C(1) << below(d, octaves), k = base + roll(d) % base;

        if (k <= (uint64_t)n && roll(d) % k < base)
            return (int64_t)k - 1;
    }
}

/*
 * At least the people whom the i-th company is likely to have here; often more, by a power law, so
 * that small samples have large companies too.
 */
static int64_t pick_size(const struct sample *s, struct dice *d, int64_t i)
{
    int64_t octaves = 1, people, size;

    while (octaves < 62 && s->companies >> octaves)
        octaves++;
    people = s->rows * 10 / (octaves * 7 * (i + 1)); /* rows / (k ln n) */
    size = 1 + people + people * (int64_t)below(d, 4) + (int64_t)below(d, 8);
    while (size < 50000 && percent(d, 25))
        size = size * (int64_t)(2 + below(d, 10));
    return size;
}

static void split_place(struct arena *mem, const char *place, const char **city, const char **state)
{
    size_t n = strcspn(place, "|");

    *city = arena_strndup(mem, place, n);
    *state = place + n + 1;
}

/* Append text; with `letters` only those, in lower case. */
static size_t put(char *out, size_t n, const char *text, bool letters)
{
    for (; *text; text++) {
        char c = *text;

        if (letters && c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (!letters || (c >= 'a' && c <= 'z'))
            out[n++] = c;
    }
    return n;
}

static size_t put_number(char *out, size_t n, int64_t number)
{
    char digits[24];
    size_t k = sizeof(digits);

    do
        digits[--k] = (char)('0' + number % 10);
    while (number /= 10);
    memcpy(out + n, digits + k, sizeof(digits) - k);
    return n + sizeof(digits) - k;
}

enum { NAME_ROOM = 96 };

/*
 * The i-th name: all combinations of head, tail and trade, in an order that mixes them, then again
 * with a number.  The domain is a reserved one (RFC 2606).
 */
static void name_company(const struct sample *s, int64_t i, const char *form, struct company *out,
                         struct arena *mem)
{
    uint64_t heads = sample_words(sample_heads), tails = sample_words(sample_tails);
    uint64_t trades = sample_words(sample_trades), all = heads * tails * trades;
    uint64_t at = ((uint64_t)i * 7919 + s->seed) % all; /* a prime that does not divide them */
    const char *head = sample_heads[at % heads], *tail = sample_tails[at / heads % tails];
    const char *trade = sample_trades[at / heads / tails];
    int64_t again = i / (int64_t)all;
    char *name = arena_alloc(mem, NAME_ROOM), *domain = arena_alloc(mem, NAME_ROOM);
    size_t n = put(name, 0, head, false);

    n = put(name, n, tail, false);
    name[n++] = ' ';
    n = put(name, n, trade, false);
    if (again) {
        name[n++] = ' ';
        n = put_number(name, n, again + 1);
    }
    name[n++] = ' ';
    put(name, n, form, false);
    n = put(domain, 0, head, true);
    n = put(domain, n, tail, true);
    domain[n++] = '-';
    n = put(domain, n, trade, true);
    if (again)
        n = put_number(domain, n, again + 1);
    put(domain, n, ".example", false);
    out->name = name;
    out->domain = domain;
}

static const char *pick_phone(struct dice *d, const struct sample_country *c, struct arena *mem)
{
    char *out = arena_alloc(mem, 20);
    size_t n = put(out, 0, pick(d, c->phones), false);

    for (int i = 0; i < c->digits; i++)
        out[n++] = (char)('0' + below(d, 10));
    return out;
}

static void make_company(const struct sample *s, int64_t i, struct arena *mem, struct company *out,
                         const struct sample_country **home)
{
    struct dice d = dice_for(s, COMPANY, i);
    const struct sample_country *c = pick_country(&d);
    uint64_t words[3] = {s->seed, COMPANY, (uint64_t)i};
    int64_t created = s->end - DAYS * DAY_MS;

    *out = (struct company){
        .id = uuid_at(created, words, sizeof(words)),
        .account = catalogue_account,
        .industry = pick_weighted(&d, sample_industries),
        .employees = pick_size(s, &d, i),
        .country = c->code,
        .technologies = pick_some(&d, sample_technologies, 2, 6, mem),
        .created = {created},
        .updated = {created},
    };
    name_company(s, i, pick_common(&d, c->forms), out, mem);
    split_place(mem, pick_common(&d, c->cities), &out->city, &out->state);
    if (percent(&d, 70))
        out->revenue = out->employees * (int64_t)(40000 + below(&d, 260000));
    if (percent(&d, 60))
        out->phone = pick_phone(&d, c, mem);
    *home = c;
}

void sample_company(const struct sample *s, int64_t i, struct arena *mem, struct company *out)
{
    const struct sample_country *home;

    make_company(s, i, mem, out, &home);
}

/* "Łukasz|lukasz": the name. */
static const char *name_of(struct arena *mem, const char *word)
{
    size_t n = strcspn(word, "|");

    return word[n] ? arena_strndup(mem, word, n) : word;
}

/* Append how an address spells a name: what stands behind the bar, else its folded letters. */
static size_t put_spelled(char *out, size_t n, const char *word)
{
    const char *bar = strchr(word, '|');
    char folded[UTF8_SHORT];
    bool plain = true;

    for (const char *p = word; *p; p++)
        plain &= !(*p & 0x80);
    if (bar || plain)
        return put(out, n, bar ? bar + 1 : word, true);
    return utf8_fold_short(word, folded) ? put(out, n, folded, true) : n;
}

struct person {
    const char *first, *last; /* words of the tables */
    int64_t i;
};

/* "anna.mueller4711@": the number makes it the only one. */
static const char *email_of(struct arena *mem, const struct person *who, size_t style,
                            const char *domain)
{
    char *out = arena_alloc(mem, 2 * NAME_ROOM + strlen(domain));
    size_t n = put_spelled(out, 0, who->first);

    if (style == 1)
        n = 1;
    if (style != 1 || n == 0)
        out[n++] = '.';
    n = put_spelled(out, n, who->last);
    n = put_number(out, n, who->i);
    out[n++] = '@';
    put(out, n, domain, false);
    return out;
}

static const char *url_of(struct arena *mem, const struct person *who)
{
    char *out = arena_alloc(mem, 3 * NAME_ROOM);
    size_t n = put(out, 0, "https://www.linkedin.example/in/", false);

    n = put_spelled(out, n, who->first);
    out[n++] = '-';
    n = put_spelled(out, n, who->last);
    out[n++] = '-';
    put_number(out, n, who->i);
    return out;
}

static void name_person(struct profile *p, const struct person *who,
                        const struct sample_country *home, struct arena *mem)
{
    p->first_name = name_of(mem, who->first);
    p->last_name = name_of(mem, who->last);
    if (home->family_first) {
        char *name = arena_alloc(mem, 2 * NAME_ROOM);
        size_t n = put(name, 0, p->last_name, false);

        name[n++] = ' ';
        put(name, n, p->first_name, false);
        p->name = name;
    }
}

static void from_company(struct profile *p, const struct company *c)
{
    p->company_id = c->id;
    p->company = c->name;
    p->domain = c->domain;
    p->industry = c->industry;
    p->employees = c->employees;
    p->revenue = c->revenue;
    p->country = c->country;
    p->city = c->city;
    p->state = c->state;
    p->technologies = c->technologies;
}

static void add_contacts(struct profile *p, struct dice *d, const struct person *who,
                         const struct sample_country *home, struct arena *mem)
{
    if (percent(d, WITH_EMAIL)) {
        /* a company writes all its addresses alike */
        p->email = email_of(mem, who, p->company_id.b[15] % 3, p->domain);
        p->email_status = pick_weighted(d, sample_statuses);
    }
    if (percent(d, WITH_PHONE)) {
        p->phone = pick_phone(d, home, mem);
        p->phone_type = pick_weighted(d, sample_phone_types);
    }
    if (percent(d, WITH_URL))
        p->linkedin_url = url_of(mem, who);
    p->email_opt_out = below(d, 1000) < 4;
    p->do_not_call = below(d, 1000) < 8;
}

void sample_profile(const struct sample *s, int64_t i, struct arena *mem, struct profile *out)
{
    struct dice d = dice_for(s, PROFILE, i);
    uint64_t words[3] = {s->seed, PROFILE, (uint64_t)i};
    int64_t span = DAYS * DAY_MS, created = s->end - span + span / s->rows * i;
    const struct sample_country *home;
    struct person who;
    struct company c;

    make_company(s, pick_zipf(&d, s->companies), mem, &c, &home);
    who = (struct person){pick(&d, home->first), pick(&d, home->last), i};
    *out = (struct profile){.id = uuid_at(created, words, sizeof(words)),
                            .account = catalogue_account,
                            .created = {created}};
    name_person(out, &who, home, mem);
    out->title = home->titles && percent(&d, 33) ? pick_common(&d, home->titles)
                                                 : pick_weighted(&d, sample_titles);
    from_company(out, &c);
    if (percent(&d, 25))
        split_place(mem, pick_common(&d, home->cities), &out->city, &out->state);
    out->updated.ms = created + (int64_t)(roll(&d) % (uint64_t)(s->end - created + 1));
    out->keywords = pick_some(&d, sample_keywords, 1, 4, mem);
    add_contacts(out, &d, &who, home, mem);
    derive_profile(out, mem);
}

struct load {
    struct store *store;
    const struct seal *seal;
    const struct sample *s;
    struct arena *mem;
};

static const void *company_record(struct load *l, int64_t i)
{
    struct company *c = arena_alloc(l->mem, sizeof(*c));

    sample_company(l->s, i, l->mem, c);
    identity_company(l->seal, seal_newest(l->seal), c, l->mem);
    return c;
}

static const void *profile_record(struct load *l, int64_t i)
{
    struct profile *p = arena_alloc(l->mem, sizeof(*p));

    sample_profile(l->s, i, l->mem, p);
    identity_profile(l->seal, seal_newest(l->seal), p, l->mem);
    return p;
}

static enum err load_table(struct load *l, const struct type *t, int64_t n,
                           const void *(*record)(struct load *, int64_t),
                           void (*progress)(void *, int64_t, int64_t), void *arg)
{
    enum err err = ERR_OK;

    for (int64_t i = 0; i < n && !err; i += CHUNK) {
        struct plan plan = {.bulk = true};
        struct step *steps;

        l->mem = arena_new();
        plan.steps = steps = arena_alloc(l->mem, CHUNK * sizeof(*steps));
        for (; plan.n < CHUNK && i + (int64_t)plan.n < n; plan.n++)
            steps[plan.n] = (struct step){
                .kind = STEP_INSERT, .type = t, .rec = record(l, i + (int64_t)plan.n)};
        err = store_commit(l->store, &plan);
        arena_free(l->mem);
        if (progress && !err)
            progress(arg, i + (int64_t)plan.n, n);
    }
    return err;
}

enum err sample_load(struct store *store, const struct seal *seal, int64_t rows, uint64_t seed,
                     void (*progress)(void *arg, int64_t done, int64_t rows), void *arg)
{
    struct sample *s = sample_new(rows, seed);
    struct load l = {.store = store, .seal = seal, .s = s};
    enum err err = load_table(&l, &company_type, s->companies, company_record, NULL, NULL);

    if (!err)
        err = load_table(&l, &profile_type, rows, profile_record, progress, arg);
    sample_free(s);
    return err;
}
