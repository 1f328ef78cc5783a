/* Properties of every row of every table: what a new field must be, whoever adds it. */
#include "common/type.h"

#include "common/api.h"
#include "common/copy.h"
#include "common/json.h"
#include "server/records.h"
#include "tests/random.h"
#include "tests/test.h"

static const struct type *all[128];
static size_t n_all;

static void add(const struct type *t)
{
    for (size_t i = 0; i < n_all; i++)
        if (all[i] == t)
            return;
    all[n_all++] = t;
}

static void gather(void)
{
    for (const struct type *const *t = api_types; *t; t++)
        add(*t);
    for (const struct type *const *t = stored_types; *t; t++)
        add(*t);
}

static bool is_in(const struct type *const *list, const struct type *t)
{
    while (*list && *list != t)
        list++;
    return *list;
}

/* Call fn for every field there is, and say which one failed. */
static void each_field(void (*fn)(const struct type *t, const struct field *f))
{
    for (size_t i = 0; i < n_all; i++)
        for (const struct field *f = all[i]->fields; f->name; f++) {
            int before = failed_checks;

            fn(all[i], f);
            if (failed_checks != before)
                fprintf(stderr, "of %s.%s\n", all[i]->name, f->name);
        }
}

static void check_name(const struct type *t, const struct field *f)
{
    CHECK(*f->name && strlen(f->name) < 40);
    CHECK(strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(f->name));
    CHECK(type_field(t, f->name) == f); /* no other of this name */
    CHECK(!f->label || *f->label);
}

static void names_are_unique(void)
{
    gather();
    CHECK(n_all > 40);
    each_field(check_name);
    for (size_t i = 0; i < n_all; i++) {
        CHECK(type_count(all[i]) > 0 && type_count(all[i]) <= FIELDS_MAX);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(all[i]->name, all[k]->name) != 0);
    }
}

static void check_type(const struct type *t, const char *record, bool of_server)
{
    CHECK_STR(t->name, record); /* the name of a type is the name of its struct */
    CHECK(is_in(api_types, t) == !of_server);
    CHECK(!of_server || is_in(stored_types, t));
}

static void lists_and_tables_match(void)
{
    size_t n = 0, server = 0;

    /* clang-format off */
#define X(record) check_type(&record##_type, #record, false); n++;
    API_TYPES(X)
#undef X
#define X(record) check_type(&record##_type, #record, true); server++;
    SERVER_TYPES(X)
#undef X
    /* clang-format on */
    CHECK(n > 30 && server > 5 && !api_types[n]);
    for (const struct type *const *t = api_types; *t; t++)
        CHECK((*t)->doc && (*t)->doc[0] && (*t)->doc[strlen((*t)->doc) - 1] == '.');
}

static size_t size_of(enum field_kind kind)
{
    static const size_t sizes[] = {
        [KIND_STR] = sizeof(char *),         [KIND_INT] = sizeof(int64_t),
        [KIND_BOOL] = sizeof(bool),          [KIND_ID] = sizeof(struct uuid),
        [KIND_TIME] = sizeof(struct stamp),  [KIND_CREDITS] = sizeof(struct credits),
        [KIND_RATIO] = sizeof(struct ratio), [KIND_STRS] = sizeof(struct strs),
        [KIND_BYTES] = sizeof(struct bytes), [KIND_REF] = sizeof(struct ref),
        [KIND_LIST] = sizeof(struct list),   [KIND_MAP] = sizeof(struct map),
    };

    return sizes[kind];
}

static void check_place(const struct type *t, const struct field *f)
{
    CHECK(f->offset + size_of(f->kind) <= t->size);
    for (const struct field *g = t->fields; g < f; g++)
        CHECK(g->offset + size_of(g->kind) <= f->offset ||
              f->offset + size_of(f->kind) <= g->offset);
}

static void members_lie_apart(void)
{
    each_field(check_place);
}

static bool is_nested(const struct field *f)
{
    return f->kind == KIND_REF || f->kind == KIND_LIST || f->kind == KIND_MAP;
}

static void check_kind(const struct type *t, const struct field *f)
{
    CHECK(is_nested(f) == (f->type != NULL));
    CHECK(!f->type || is_in(api_types, f->type));
    if (f->kind == KIND_MAP) {
        CHECK(type_count(f->type) == 2 && f->type->fields[0].kind == KIND_STR);
        CHECK(!f->type->fields[1].mask);
    }
    CHECK(!f->words || f->kind == KIND_STR || f->kind == KIND_STRS);
    CHECK(!(f->flags & FIELD_ZERO_NULL) || f->kind == KIND_INT);
    CHECK(!(f->flags & FIELD_SEALED) || f->kind == KIND_STR);
    /* a list within itself would never end */
    CHECK(f->type != t);
}

static void kinds_have_what_they_need(void)
{
    each_field(check_kind);
}

static void check_range(const struct type *t, const struct field *f)
{
    (void)t;
    CHECK(f->max >= 0 && (!f->max || f->min <= f->max));
    CHECK(f->min >= 0 || f->kind == KIND_INT || f->kind == KIND_CREDITS);
    CHECK(f->kind != KIND_BOOL || (!f->min && !f->max));
    CHECK(f->kind != KIND_CREDITS || f->max <= CREDITS_MAX);
    for (const char *const *w = f->words; w && *w; w++) {
        CHECK(**w && (f->kind == KIND_STRS || !f->max || strlen(*w) <= (size_t)f->max));
        for (const char *const *v = f->words; v < w; v++)
            CHECK(strcmp(*v, *w) != 0);
    }
}

static void ranges_are_sane(void)
{
    each_field(check_range);
}

static void check_flags(const struct type *t, const struct field *f)
{
    unsigned server = FIELD_SERVER | FIELD_INTERNAL;

    (void)t;
    CHECK(!(f->flags & FIELD_REQUIRED) || !(f->flags & server));
    CHECK(!(f->flags & FIELD_WRITE_ONLY) || !(f->flags & server));
    CHECK(!(f->flags & FIELD_WIRE) || !(f->flags & (FIELD_INTERNAL | FIELD_INDEX | FIELD_UNIQUE)));
    CHECK(!(f->flags & FIELD_LOOKUP) || f->flags & FIELD_SEALED);
    /* an index over ciphertext finds nothing; over its blind index it finds equality */
    CHECK(!(f->flags & FIELD_SEALED) || !(f->flags & FIELD_INDEX));
    CHECK(!(f->flags & FIELD_SEALED) || !(f->flags & FIELD_UNIQUE) || f->flags & FIELD_LOOKUP);
    CHECK(!(f->flags & FIELD_TEXT) || f->kind == KIND_STR || f->kind == KIND_STRS);
    CHECK(!(f->flags & FIELD_SORT) || f->kind == KIND_STR || f->kind == KIND_INT ||
          f->kind == KIND_TIME);
    CHECK(!(f->flags & (FIELD_INDEX | FIELD_UNIQUE)) || f->kind == KIND_STR ||
          f->kind == KIND_INT || f->kind == KIND_ID || f->kind == KIND_TIME);
}

static void flags_do_not_contradict(void)
{
    each_field(check_flags);
}

/* Masked: sealed at rest, clear by one bit of its own, found by nothing that could tell it. */
static void check_mask(const struct type *t, const struct field *f)
{
    CHECK(!f->mask == !f->own);
    if (!f->mask)
        return;
    CHECK(f->kind == KIND_STR && f->flags & FIELD_SEALED);
    CHECK((f->own & (f->own - 1)) == 0);
    CHECK(t->owned != NO_OWNED);
    CHECK(!(f->flags & (FIELD_TEXT | FIELD_SORT | FIELD_INDEX | FIELD_LOOKUP | FIELD_WRITE_ONLY)));
    CHECK(!f->facet && f->pii != PII_NONE);
    for (const struct field *g = t->fields; g < f; g++)
        CHECK(!(g->own & f->own));
}

static void masked_fields_have_a_bit_of_their_own(void)
{
    unsigned bits = 0;

    each_field(check_mask);
    for (size_t i = 0; i < n_all; i++) {
        bool masked = false;

        for (const struct field *f = all[i]->fields; f->name; f++)
            masked |= f->mask != NULL;
        CHECK(masked == (all[i]->owned != NO_OWNED));
        CHECK(!masked || (all[i]->owned % _Alignof(unsigned) == 0 &&
                          all[i]->owned + sizeof(unsigned) <= all[i]->size));
    }
    for (const struct field *f = profile_type.fields; f->name; f++)
        bits |= f->own;
    CHECK(bits == OWN_ALL);
}

static void each_facet_is_one_field_of_a_profile(void)
{
    for (int i = 1; i < FACET_END; i++) {
        const char *name = facet_name((enum facet)i);
        char out[40];
        int n = 0;

        CHECK(facet_find(name) == (enum facet)i && *facet_label((enum facet)i));
        for (const struct field *f = profile_type.fields; f->name; f++)
            n += f->facet == i;
        CHECK(n == 1);
        snprintf(out, sizeof(out), "-%s", name);
        CHECK(type_field(&search_query_type, name) && type_field(&search_query_type, out));
        CHECK(type_field(&search_query_type, name)->kind == KIND_STRS);
        CHECK(type_field(&search_query_type, out)->kind == KIND_STRS);
    }
    CHECK(facet_find("") == FACET_NONE && facet_find("email") == FACET_NONE);
}

static void check_facet(const struct type *t, const struct field *f)
{
    bool number = f->kind == KIND_INT || f->kind == KIND_TIME;

    CHECK(!f->facet || (t == &profile_type && f->facet > 0 && f->facet < FACET_END));
    CHECK(!f->facet || number || f->kind == KIND_STR || f->kind == KIND_STRS);
    CHECK(!f->bucket == !(f->facet && number));
}

static void facets_have_buckets_where_numbers_are(void)
{
    each_field(check_facet);
}

/* Every order that the index keeps can be asked for, both ways, and no other. */
static void sort_orders_match_the_fields(void)
{
    const char *const *words = type_field(&search_query_type, "sort")->words;
    size_t want = 1, n = 0; /* relevance */

    for (const struct field *f = profile_type.fields; f->name; f++) {
        int found = 0;

        if (!(f->flags & FIELD_SORT))
            continue;
        want += 2;
        for (const char *const *w = words; *w; w++)
            found += strcmp(*w + (**w == '-'), f->name) == 0;
        CHECK(found == 2);
    }
    while (words[n])
        n++;
    CHECK(n == want);
}

static void check_bytes(const struct type *t, const struct field *f)
{
    CHECK(f->kind != KIND_BYTES || f->flags & FIELD_INTERNAL || !is_in(api_types, t));
}

static void bytes_stay_off_the_wire(void)
{
    each_field(check_bytes);
}

static void stored_types_begin_with_their_id(void)
{
    for (const struct type *const *t = stored_types; *t; t++) {
        const struct field *id = &(*t)->fields[0];

        CHECK_STR(id->name, "id");
        CHECK(id->kind == KIND_ID && id->offset == 0 && !(id->flags & FIELD_WIRE));
        for (const struct field *f = (*t)->fields; f->name; f++)
            CHECK(!is_nested(f) || f->flags & FIELD_WIRE);
    }
}

/*
 * The data inventory by hand: a field that holds something of a person stands here, or this fails.
 * A name means the same in every type, but for those that are named with their type.
 */
static const struct {
    const char *type, *field; /* type NULL: of any */
    enum pii pii;
} personal[] = {
    {"company", "phone", PII_NONE}, /* the switchboard's */
    {"company", "linkedin_url", PII_NONE},
    {"company", "domain", PII_NONE},
    {"company", "country", PII_NONE},
    {"company", "state", PII_NONE},
    {"company", "city", PII_NONE},
    {"search_query", "country", PII_NONE}, /* what is looked for, not whose it is */
    {"company_query", "country", PII_NONE},
    {"search_query", "state", PII_NONE},
    {"company_query", "state", PII_NONE},
    {"search_query", "city", PII_NONE},
    {"company_query", "city", PII_NONE},
    {"search_query", "seniority", PII_NONE},
    {"search_query", "department", PII_NONE},
    {"upload_query", "country", PII_NONE},
    {"upload_reply", "state", PII_NONE},
    {"user", "state", PII_NONE}, /* active, disabled: of the account */
    {"user_change", "state", PII_NONE},
    {"job", "state", PII_NONE},
    {"mail", "state", PII_NONE},
    {"mail_item", "state", PII_NONE},
    {"mail_item", "to", PII_CONTACT},
    {"mail_item", "body", PII_CONTACT},
    {"device", "agent", PII_ONLINE},
    {"device", "address", PII_ONLINE},
    {"device_item", "agent", PII_ONLINE},
    {"device_item", "address", PII_ONLINE},
    {"totp", "secret", PII_SECRET},
    {"totp_enrolment", "secret", PII_SECRET},
    {"totp_enrolment", "uri", PII_SECRET},
    {"recovery_codes", "codes", PII_SECRET},
    {"device_reply", "device_code", PII_SECRET},
    {"device_reply", "user_code", PII_SECRET},
    {"device_poll", "device_code", PII_SECRET},
    {"device_approval", "user_code", PII_SECRET},
    {"token_request", "token", PII_SECRET},
    {"session", "agent", PII_ONLINE},
    {"session", "address", PII_ONLINE},
    {"session_item", "agent", PII_ONLINE},
    {"session_item", "address", PII_ONLINE},
    {"problem_reply", "title", PII_NONE},
    {"bootstrap_request", "token", PII_SECRET},
    {"reset_request", "token", PII_SECRET},
    {"invitation_accept", "token", PII_SECRET},
    {"api_key_made", "secret", PII_SECRET},
    {"user", "name", PII_NAME},
    {"me", "name", PII_NAME},
    {"invitation_accept", "name", PII_NAME},
    {"kept_reply", "body", PII_CONTACT},
    {"mail", "to", PII_CONTACT},
    {"session", "successor", PII_SECRET},
    {"profile", "name", PII_NAME},
    {"profile", "company", PII_WORK},
    {NULL, "email", PII_CONTACT},
    {NULL, "phone", PII_CONTACT},
    {NULL, "first_name", PII_NAME},
    {NULL, "last_name", PII_NAME},
    {NULL, "title", PII_WORK},
    {NULL, "seniority", PII_WORK},
    {NULL, "department", PII_WORK},
    {NULL, "domain", PII_WORK},
    {NULL, "country", PII_WORK},
    {NULL, "state", PII_WORK},
    {NULL, "city", PII_WORK},
    {NULL, "linkedin_url", PII_ONLINE},
    {NULL, "password", PII_SECRET},
    {NULL, "password_hash", PII_SECRET},
    {NULL, "access_token", PII_SECRET},
    {NULL, "refresh_token", PII_SECRET},
    {NULL, "totp", PII_SECRET},
};

static void check_personal(const struct type *t, const struct field *f)
{
    enum pii want = PII_NONE;

    for (size_t i = 0; i < sizeof(personal) / sizeof(*personal); i++) {
        if (strcmp(personal[i].field, f->name) != 0 ||
            (personal[i].type && strcmp(personal[i].type, t->name) != 0))
            continue;
        want = personal[i].pii;
        break;
    }
    CHECK(f->pii == want);
}

/* Secrets and contacts are never at rest in clear. */
static void check_rest(const struct type *t, const struct field *f)
{
    bool clear = !(f->flags & (FIELD_SEALED | FIELD_WIRE));

    if (!is_in(stored_types, t) || !clear)
        return;
    CHECK(f->pii != PII_CONTACT);
    CHECK(f->pii != PII_SECRET || strcmp(f->name, "password_hash") == 0);
}

/* Secrets that a client sends are never sent back; those that are made for it are sent once. */
static void check_secret(const struct type *t, const struct field *f)
{
    static const struct type *const made[] = {&tokens_type,         &totp_enrolment_type,
                                              &recovery_codes_type, &device_reply_type,
                                              &api_key_made_type,   NULL};

    if (f->pii == PII_SECRET && is_in(api_types, t) && !is_in(made, t))
        CHECK(f->flags & (FIELD_WRITE_ONLY | FIELD_INTERNAL));
}

static void personal_data_are_classed(void)
{
    each_field(check_personal);
    each_field(check_rest);
    each_field(check_secret);
}

static void types_answer_about_themselves(void)
{
    const struct field *name = type_field(&profile_type, "name");
    struct profile p = {0};

    CHECK(name && strcmp(name->name, "name") == 0);
    CHECK(type_field(&profile_type, "") == NULL && type_field(&profile_type, "Name") == NULL);
    CHECK(type_bit(&profile_type, &profile_type.fields[0]) == 1);
    CHECK(field_slot(name, &p) == (void *)&p.name && field_at(name, &p) == (void *)&p.name);
    CHECK(field_is_null(name, &p));
    p.name = "";
    CHECK(!field_is_null(name, &p));
    CHECK(field_is_null(type_field(&profile_type, "employees"), &p));
    CHECK(!field_is_null(type_field(&profile_type, "score"), &p)); /* 0 is a score */
    CHECK(field_is_null(type_field(&profile_type, "id"), &p));
    CHECK(field_is_null(type_field(&profile_type, "created"), &p));
    CHECK(!field_is_null(type_field(&profile_type, "has_email"), &p));
    CHECK(!field_is_null(type_field(&profile_type, "technologies"), &p));
}

static void roles_have_words(void)
{
    for (int i = ROLE_VIEWER; i <= ROLE_SUPER_ADMIN; i++)
        CHECK(role_find(role_word((enum role)i)) == (enum role)i);
    CHECK(role_find("nobody") == ROLE_NOBODY && role_find("public") == ROLE_NOBODY);
    CHECK(role_find("root") == ROLE_NOBODY && role_find("") == ROLE_NOBODY);
    CHECK(role_find(NULL) == ROLE_NOBODY && ROLE_NOBODY == 0);
}

/* "11-50" means 11 to 50: the label itself is the oracle. */
static void employees_fall_where_the_label_says(void)
{
    int64_t last = 0;

    for (const char *const *b = employees_buckets; *b; b++) {
        char *end;
        int64_t low = strtoll(*b, &end, 10), high = *end == '-' ? strtoll(end + 1, NULL, 10) : 0;

        CHECK(low == last + 1);
        CHECK_STR(employees_bucket(low), *b);
        CHECK_STR(employees_bucket(high ? high : INT64_MAX), *b);
        last = high;
    }
    CHECK(last == 0); /* the last one is open */
    CHECK(!employees_bucket(0) && !employees_bucket(-1));
}

static const struct {
    int64_t usd;
    const char *bucket;
} revenues[] = {
    {1, "<1M"},
    {999999, "<1M"},
    {1000000, "1-10M"},
    {9999999, "1-10M"},
    {10000000, "10-50M"},
    {50000000, "50-100M"},
    {100000000, "100-500M"},
    {499999999, "100-500M"},
    {500000000, "500M-1B"},
    {999999999, "500M-1B"},
    {1000000000, "1B+"},
    {INT64_MAX, "1B+"},
};

static void revenue_score_and_month_have_buckets(void)
{
    for (size_t i = 0; i < sizeof(revenues) / sizeof(*revenues); i++)
        CHECK_STR(revenue_bucket(revenues[i].usd), revenues[i].bucket);
    CHECK(!revenue_bucket(0));
    for (int64_t score = 0; score <= 100; score++) {
        const char *band = band_bucket(score);
        char *end;
        int64_t low = strtoll(band, &end, 10), high = strtoll(end + 1, NULL, 10);

        CHECK(low <= score && score <= high);
    }
    CHECK_STR(band_bucket(-5), "0-19");
    CHECK_STR(band_bucket(1000), "80-100");
    CHECK_STR(month_bucket(INT64_C(1795509501000)), "2026-11");
    CHECK_STR(month_bucket(INT64_C(1796083199999)), "2026-11");
    CHECK_STR(month_bucket(INT64_C(1796083200000)), "2026-12");
    CHECK_STR(month_bucket(1), "1970-01");
    CHECK(!month_bucket(0) && !month_bucket(-1) && !month_bucket(INT64_MAX));
}

static const char *bytes_of(struct arena *mem, const struct profile *p)
{
    struct buf b = BUF_INIT(1 << 16);
    const char *out;

    json_write(&b, &profile_type, p, JSON_OWNED, mem);
    out = arena_strndup(mem, b.data, b.len);
    buf_free(&b);
    return out;
}

static void copies_outlive_their_source(void)
{
    struct arena *mem = arena_new(), *source = arena_new();
    const char **words = arena_alloc(source, 2 * sizeof(*words));
    char *name = arena_strdup(source, "Ann Lee");
    struct profile p = {.name = name, .keywords = {words, 2}, .owned = OWN_ALL}, copy;
    const char *before;

    words[0] = arena_strdup(source, "b2b");
    words[1] = arena_strdup(source, "saas");
    before = bytes_of(mem, &p);
    record_copy(&profile_type, mem, &copy, &p);
    memset(name, 'x', strlen(name));
    words[0] = "gone";
    arena_free(source);
    CHECK_STR(bytes_of(mem, &copy), before);
    arena_free(mem);
}

static const struct test tests[] = {
    {"type: names are unique", names_are_unique},
    {"type: lists and tables match", lists_and_tables_match},
    {"type: members lie apart", members_lie_apart},
    {"type: kinds have what they need", kinds_have_what_they_need},
    {"type: ranges are sane", ranges_are_sane},
    {"type: flags do not contradict", flags_do_not_contradict},
    {"type: masked fields have a bit of their own", masked_fields_have_a_bit_of_their_own},
    {"type: each facet is one field of a profile", each_facet_is_one_field_of_a_profile},
    {"type: facets have buckets where numbers are", facets_have_buckets_where_numbers_are},
    {"type: sort orders match the fields", sort_orders_match_the_fields},
    {"type: bytes stay off the wire", bytes_stay_off_the_wire},
    {"type: stored types begin with their id", stored_types_begin_with_their_id},
    {"type: personal data are classed", personal_data_are_classed},
    {"type: types answer about themselves", types_answer_about_themselves},
    {"type: roles have words", roles_have_words},
    {"type: employees fall where the label says", employees_fall_where_the_label_says},
    {"type: revenue, score and month have buckets", revenue_score_and_month_have_buckets},
    {"type: copies outlive their source", copies_outlive_their_source},
};

TEST_MAIN(tests)
