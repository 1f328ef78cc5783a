#include "server/sample.h"

#include <math.h>
#include <string.h>

#include "server/derive.h"
#include "server/identity.h"
#include "server/sample_names.h"
#include "server/store.h"

enum { PEOPLE_PER_COMPANY = 20, CHUNK = 256, MONTHS = 24 };

/* 2026-11-01T00:00:00Z: rows are up to two years older than this, never newer. */
#define SAMPLE_END INT64_C(1793491200000)
#define DAY_MS INT64_C(86400000)

struct sample {
    int64_t rows, companies;
    uint64_t seed;
};

/* A counter-based stream (splitmix64, Steele et al. 2014): row i is reachable without the others.
 */
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

static struct dice dice_for(const struct sample *s, uint64_t kind, int64_t i)
{
    struct dice d = {s->seed * UINT64_C(0x2545f4914f6cdd1d) + kind};

    d.state = roll(&d) + (uint64_t)i * UINT64_C(0xd1342543de82ef95);
    roll(&d);
    return d;
}

static size_t below(struct dice *d, size_t n)
{
    return (size_t)(roll(d) % n);
}

static const char *pick(struct dice *d, const char *const *list)
{
    return list[below(d, sample_words(list))];
}

static const char *pick_word(struct dice *d, const struct sample_word *w)
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

struct sample *sample_new(int64_t rows, uint64_t seed)
{
    struct sample *s = xcalloc(1, sizeof(*s));

    s->rows = rows;
    s->companies = rows / PEOPLE_PER_COMPANY + 1;
    s->seed = seed;
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

static void split_place(struct arena *mem, const char *place, const char **city, const char **state)
{
    size_t n = strcspn(place, "|");

    *city = arena_strndup(mem, place, n);
    *state = place + n + 1;
}

/* "NAME 12.example": a reserved name (RFC 2606), in lower-case ASCII. */
static const char *domain_of(struct arena *mem, const char *stem, const char *kind, int64_t i)
{
    char *out = arena_printf(mem, "%s-%s%lld.example", stem, kind, (long long)i);
    size_t n = 0;

    for (char *p = out; *p; p++) {
        if (*p >= 'A' && *p <= 'Z')
            out[n++] = (char)(*p + 32);
        else if (!(*p & 0x80) && *p != ' ')
            out[n++] = *p;
    }
    out[n] = '\0';
    return out;
}

/* Sizes fall off as a power law: most companies are small, a few are huge. */
static int64_t pick_size(struct dice *d)
{
    size_t shift = below(d, 100);
    int64_t top = shift < 35   ? 10
                  : shift < 60 ? 50
                  : shift < 78 ? 200
                  : shift < 87 ? 500
                  : shift < 92 ? 1000
                  : shift < 97 ? 5000
                  : shift < 99 ? 10000
                               : 120000;

    return top / 6 + 1 + (int64_t)below(d, (size_t)(top - top / 6));
}

static struct strs pick_some(struct dice *d, const char *const *list, size_t least, size_t most,
                             struct arena *mem)
{
    size_t n = least + below(d, most - least + 1), all = sample_words(list);
    const char **v = arena_alloc(mem, n * sizeof(*v));
    struct strs out = {v, 0};

    for (size_t i = 0; i < n; i++) {
        /* the product of two draws: the first of the list are the common ones */
        const char *w = list[below(d, all) * below(d, all) / all];
        bool twice = false;

        for (size_t k = 0; k < out.n; k++)
            twice |= v[k] == w;
        if (!twice)
            v[out.n++] = w;
    }
    return out;
}

void sample_company(const struct sample *s, int64_t i, struct arena *mem, struct company *out)
{
    struct dice d = dice_for(s, 1, i);
    const struct sample_country *c = pick_country(&d);
    const char *stem = pick(&d, sample_company_stems), *kind = pick(&d, sample_company_kinds);
    uint64_t words[3] = {s->seed, 1, (uint64_t)i};
    int64_t created = SAMPLE_END - MONTHS * 30 * DAY_MS;

    *out = (struct company){
        .id = uuid_at(created, words, sizeof(words)),
        .account = catalogue_account,
        .name = arena_printf(mem, "%s %s %lld", stem, kind, (long long)i),
        .domain = domain_of(mem, stem, kind, i),
        .industry = pick_word(&d, sample_industries),
        .employees = pick_size(&d),
        .country = c->code,
        .phone = arena_printf(mem, "%s01%02d", "+1503555", (int)below(&d, 100)),
        .technologies = pick_some(&d, sample_technologies, 2, 6, mem),
        .created = {created},
        .updated = {created},
    };
    out->revenue = below(&d, 10) < 7 ? out->employees * (int64_t)(60000 + below(&d, 200000)) : 0;
    split_place(mem, pick(&d, c->cities), &out->city, &out->state);
}

/*
 * Zipf over the companies by inversion: with weights 1/k the k-th is reached with probability
 * proportional to ln((k+1)/k), so k = n^u for uniform u.
 */
static int64_t pick_company(struct dice *d, int64_t n)
{
    double u = (double)(roll(d) >> 11) / 9007199254740992.0;
    int64_t k = (int64_t)pow((double)n, u) - 1;

    return k < n ? k : n - 1;
}

static const char *email_of(struct arena *mem, const struct profile *p, int64_t i)
{
    char local[64];
    size_t n = 0;

    for (const char *q = p->first_name; *q && n < 20; q++)
        if (!(*q & 0x80) && *q != ' ' && *q != '\'')
            local[n++] = (char)(*q >= 'A' && *q <= 'Z' ? *q + 32 : *q);
    if (!n)
        local[n++] = 'p';
    local[n++] = '.';
    for (const char *q = p->last_name; *q && n < 50; q++)
        if (!(*q & 0x80) && *q != ' ' && *q != '\'')
            local[n++] = (char)(*q >= 'A' && *q <= 'Z' ? *q + 32 : *q);
    return arena_printf(mem, "%.*s%lld@%s", (int)n, local, (long long)i, p->domain);
}

static const char *phone_of(struct arena *mem, struct dice *d, const struct sample_country *c)
{
    /* North American fictional numbers are 555-0100 to 555-0199 */
    if (c->digits == 4)
        return arena_printf(mem, "%s01%02d", c->phone, (int)below(d, 100));
    return arena_printf(mem, "%s%02d", c->phone, (int)below(d, 100));
}

static const struct sample_country *country_row(const char *code)
{
    const struct sample_country *c = sample_countries;

    while (c->code && strcmp(c->code, code) != 0)
        c++;
    return c;
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

static void contacts(struct profile *p, struct dice *d, const struct sample_country *home,
                     int64_t i, struct arena *mem)
{
    if (below(d, 100) < 85) {
        p->email = email_of(mem, p, i);
        p->email_status = pick_word(d, sample_statuses);
    }
    if (below(d, 100) < 45) {
        p->phone = phone_of(mem, d, home);
        p->phone_type = phone_type_words[below(d, 3)];
    }
    if (below(d, 100) < 60)
        p->linkedin_url =
            arena_printf(mem, "https://www.linkedin.example/in/sample-%lld", (long long)i);
    p->email_opt_out = below(d, 1000) < 4;
    p->do_not_call = below(d, 1000) < 8;
}

void sample_profile(const struct sample *s, int64_t i, struct arena *mem, struct profile *out)
{
    struct dice d = dice_for(s, 2, i);
    uint64_t words[3] = {s->seed, 2, (uint64_t)i};
    int64_t span = MONTHS * 30 * DAY_MS;
    int64_t created = SAMPLE_END - span + span / s->rows * i;
    int64_t age = SAMPLE_END - created;
    const struct sample_country *home;
    struct company c;

    sample_company(s, pick_company(&d, s->companies), mem, &c);
    home = country_row(c.country);
    *out = (struct profile){.id = uuid_at(created, words, sizeof(words)),
                            .account = catalogue_account,
                            .created = {created},
                            .first_name = pick(&d, home->first),
                            .last_name = pick(&d, home->last),
                            .title = pick_word(&d, sample_titles)};
    from_company(out, &c);
    if (below(&d, 4) == 0)
        split_place(mem, pick(&d, home->cities), &out->city, &out->state);
    out->updated.ms = created + (int64_t)(roll(&d) % (uint64_t)(age + 1));
    out->keywords = pick_some(&d, sample_keywords, 1, 4, mem);
    contacts(out, &d, home, i, mem);
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
    identity_company(l->seal, c, l->mem);
    return c;
}

static const void *profile_record(struct load *l, int64_t i)
{
    struct profile *p = arena_alloc(l->mem, sizeof(*p));

    sample_profile(l->s, i, l->mem, p);
    identity_profile(l->seal, p, l->mem);
    return p;
}

static enum err load_table(struct load *l, const struct type *t, int64_t n,
                           const void *(*record)(struct load *, int64_t),
                           void (*progress)(void *, int64_t, int64_t), void *arg)
{
    enum err err = ERR_OK;

    for (int64_t i = 0; i < n && !err; i += CHUNK) {
        struct step steps[CHUNK] = {{0}};
        struct plan plan = {.steps = steps, .bulk = true};

        l->mem = arena_new();
        for (; plan.n < CHUNK && i + (int64_t)plan.n < n; plan.n++)
            steps[plan.n] = (struct step){
                .kind = STEP_INSERT, .type = t, .rec = record(l, i + (int64_t)plan.n)};
        err = store_commit(l->store, &plan);
        arena_free(l->mem);
        if (progress)
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
