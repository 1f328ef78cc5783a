/* Profiles, companies and search. */
#include "common/api.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/mask.h"

const struct uuid catalogue_account = {{0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};

static const struct {
    const char *name, *label;
} facets[] = {
#define X(name, label) [FACET_##name] = {#name, label},
    FACET_LIST(X)
#undef X
};

const char *facet_name(enum facet f)
{
    return facets[f].name;
}

const char *facet_label(enum facet f)
{
    return facets[f].label;
}

enum facet facet_find(const char *name)
{
    for (int i = 1; i < FACET_END; i++)
        if (strcmp(facets[i].name, name) == 0)
            return (enum facet)i;
    return FACET_NONE;
}

const char *const seniority_words[] = {"owner",  "founder", "c_suite",  "partner",
                                       "vp",     "head",    "director", "manager",
                                       "senior", "entry",   "intern",   NULL};

const char *const department_words[] = {
    "engineering", "it",      "product",  "design",     "marketing", "sales",     "support",
    "finance",     "hr",      "legal",    "operations", "data",      "executive", "purchasing",
    "education",   "medical", "research", "other",      NULL};

const char *const email_status_words[] = {"verified", "unverified",  "guessed",
                                          "bounced",  "unavailable", NULL};

const char *const phone_type_words[] = {"mobile", "direct", "work", "other", NULL};

const char *const employees_buckets[] = {"1-10",      "11-50",      "51-200", "201-500", "501-1000",
                                         "1001-5000", "5001-10000", "10001+", NULL};
const char *const revenue_buckets[] = {"<1M",      "1-10M",   "10-50M", "50-100M",
                                       "100-500M", "500M-1B", "1B+",    NULL};
const char *const band_buckets[] = {"0-19", "20-39", "40-59", "60-79", "80-100", NULL};

static const char *bucket(int64_t n, const int64_t *tops, const char *const *names)
{
    size_t i = 0;

    if (n <= 0)
        return NULL;
    while (tops[i] && n > tops[i])
        i++;
    return names[i];
}

const char *employees_bucket(int64_t n)
{
    static const int64_t tops[] = {10, 50, 200, 500, 1000, 5000, 10000, 0};

    return bucket(n, tops, employees_buckets);
}

const char *revenue_bucket(int64_t usd)
{
    static const int64_t tops[] = {999999, 9999999, 49999999, 99999999, 499999999, 999999999, 0};

    return bucket(usd, tops, revenue_buckets);
}

const char *band_bucket(int64_t score)
{
    int64_t band = score / 20;

    return band_buckets[band < 0 ? 0 : band > 4 ? 4 : band];
}

const char *month_bucket(int64_t ms)
{
    static _Thread_local char text[8];
    time_t sec = (time_t)(ms / 1000);
    struct tm tm;

    if (ms <= 0 || !gmtime_r(&sec, &tm) || tm.tm_year > 199)
        return NULL;
    snprintf(text, sizeof(text), "%04u-%02u", (unsigned)tm.tm_year % 1000 + 1900,
             (unsigned)tm.tm_mon % 12 + 1);
    return text;
}

static const struct field profile_fields[] = {
    FIELD(profile, id, .flags = FIELD_SERVER),
    FIELD(profile, account, .flags = FIELD_INTERNAL | FIELD_INDEX),
    FIELD(profile, first_name, .label = "First name", .max = 80, .pii = PII_NAME),
    FIELD(profile, last_name, .label = "Last name", .max = 80, .pii = PII_NAME),
    FIELD(profile, name, .label = "Name", .max = 160, .flags = FIELD_TEXT | FIELD_SORT,
          .pii = PII_NAME),
    FIELD(profile, title, .label = "Title", .max = 160, .flags = FIELD_TEXT, .pii = PII_WORK),
    FIELD(profile, seniority, .label = "Seniority", .words = seniority_words,
          .facet = FACET_seniority, .pii = PII_WORK),
    FIELD(profile, department, .label = "Department", .words = department_words,
          .facet = FACET_department, .pii = PII_WORK),
    FIELD(profile, company_id, .flags = FIELD_SERVER | FIELD_INDEX),
    FIELD(profile, company, .label = "Company", .max = 160, .flags = FIELD_TEXT | FIELD_SORT,
          .pii = PII_WORK),
    FIELD(profile, domain, .label = "Company domain", .max = 253, .pii = PII_WORK),
    FIELD(profile, industry, .label = "Industry", .max = 80, .flags = FIELD_TEXT,
          .facet = FACET_industry),
    FIELD(profile, employees, .label = "Employees", .flags = FIELD_ZERO_NULL, .max = 10000000,
          .facet = FACET_employees, .bucket = employees_bucket),
    FIELD(profile, revenue, .label = "Revenue (USD)", .flags = FIELD_ZERO_NULL,
          .facet = FACET_revenue, .bucket = revenue_bucket),
    FIELD(profile, country, .label = "Country", .max = 2, .flags = FIELD_TEXT,
          .facet = FACET_country, .pii = PII_WORK, .doc = "ISO 3166-1 alpha-2."),
    FIELD(profile, state, .label = "State", .max = 80, .flags = FIELD_TEXT, .facet = FACET_state,
          .pii = PII_WORK),
    FIELD(profile, city, .label = "City", .max = 80, .flags = FIELD_TEXT, .facet = FACET_city,
          .pii = PII_WORK),
    FIELD(profile, technologies, .label = "Technologies", .max = 100, .flags = FIELD_TEXT,
          .facet = FACET_technology),
    FIELD(profile, keywords, .label = "Keywords", .max = 100, .flags = FIELD_TEXT,
          .facet = FACET_keyword),
    FIELD(profile, email, .label = "E-mail", .max = 254, .flags = FIELD_SEALED, .mask = mask_email,
          .own = OWN_EMAIL, .pii = PII_CONTACT),
    FIELD(profile, email_status, .label = "E-mail status", .words = email_status_words,
          .facet = FACET_email_status),
    FIELD(profile, phone, .label = "Phone", .max = 32, .flags = FIELD_SEALED, .mask = mask_phone,
          .own = OWN_PHONE, .pii = PII_CONTACT, .doc = "E.164 once it is owned."),
    FIELD(profile, phone_type, .label = "Phone type", .words = phone_type_words),
    FIELD(profile, linkedin_url, .label = "LinkedIn", .max = 300, .pii = PII_ONLINE),
    FIELD(profile, has_email, .flags = FIELD_SERVER),
    FIELD(profile, has_phone, .flags = FIELD_SERVER),
    FIELD(profile, email_opt_out, .label = "No e-mail"),
    FIELD(profile, do_not_call, .label = "Do not call"),
    FIELD(profile, score, .label = "Score", .flags = FIELD_SERVER | FIELD_SORT, .max = 100,
          .facet = FACET_score, .bucket = band_bucket),
    FIELD(profile, quality, .label = "Quality", .flags = FIELD_SERVER | FIELD_SORT, .max = 100,
          .facet = FACET_quality, .bucket = band_bucket),
    FIELD(profile, created, .flags = FIELD_SERVER),
    FIELD(profile, updated, .label = "Updated", .flags = FIELD_SERVER | FIELD_SORT,
          .facet = FACET_updated, .bucket = month_bucket),
    FIELD(profile, key_email, .flags = FIELD_INTERNAL | FIELD_UNIQUE),
    FIELD(profile, key_url, .flags = FIELD_INTERNAL | FIELD_INDEX),
    FIELD(profile, key_name, .flags = FIELD_INTERNAL | FIELD_INDEX),
    FIELD(profile, ring, .flags = FIELD_INTERNAL),
    FIELD(profile, job, .flags = FIELD_INTERNAL),
    FIELD_AS(profile, is_owned, "owned", .flags = FIELD_SERVER | FIELD_WIRE,
             .doc = "Whether your account owns a contact field of it."),
    FIELD(profile, owned_fields, .flags = FIELD_SERVER | FIELD_WIRE,
          .doc = "The contact fields that your account owns."),
    {0},
};

const struct type profile_type = {"profile",
                                  sizeof(struct profile),
                                  profile_fields,
                                  .flags = TYPE_CHANGES,
                                  .owned = offsetof(struct profile, owned),
                                  .doc = "A person at a company."};

static const struct field company_fields[] = {
    FIELD(company, id, .flags = FIELD_SERVER),
    FIELD(company, account, .flags = FIELD_INTERNAL | FIELD_INDEX),
    FIELD(company, name, .label = "Company", .max = 160),
    FIELD(company, domain, .label = "Domain", .max = 253),
    FIELD(company, industry, .label = "Industry", .max = 80),
    FIELD(company, employees, .label = "Employees", .flags = FIELD_ZERO_NULL),
    FIELD(company, revenue, .label = "Revenue (USD)", .flags = FIELD_ZERO_NULL),
    FIELD(company, country, .label = "Country", .max = 2),
    FIELD(company, state, .label = "State", .max = 80),
    FIELD(company, city, .label = "City", .max = 80),
    FIELD(company, phone, .label = "Phone", .max = 32, .doc = "Of the company; never masked."),
    FIELD(company, linkedin_url, .label = "LinkedIn", .max = 300),
    FIELD(company, technologies, .label = "Technologies", .max = 100),
    FIELD(company, created, .flags = FIELD_SERVER),
    FIELD(company, updated, .flags = FIELD_SERVER),
    FIELD(company, key, .flags = FIELD_INTERNAL | FIELD_UNIQUE),
    FIELD(company, ring, .flags = FIELD_INTERNAL),
    FIELD(company, job, .flags = FIELD_INTERNAL),
    FIELD(company, people, .flags = FIELD_SERVER | FIELD_WIRE,
          .doc = "How many profiles of it there are."),
    FIELD(company, people_url, .flags = FIELD_SERVER | FIELD_WIRE, .doc = "Where they are listed."),
    {0},
};

const struct type company_type = {"company",         sizeof(struct company),
                                  company_fields,    .flags = TYPE_CHANGES,
                                  .owned = NO_OWNED, .doc = "A company."};

static const char *const sort_words[] = {"relevance", "score",   "-score",   "name",
                                         "-name",     "company", "-company", "updated",
                                         "-updated",  "quality", "-quality", NULL};
static const char *const has_words[] = {"email", "phone", NULL};
static const char *const owned_words[] = {"yes", "no", NULL};

static const struct field search_query_fields[] = {
    FIELD(search_query, q, .max = 1000,
          .doc = "Words that all must be found; OR, NOT, -word, (groups), \"a phrase\", pre*, "
                 "field:value, field:a,b, field:(a OR b), technology:all(a,b), any(a,b), "
                 "none(a,b), score:>=80, employees:50..500, updated:>2026-01-01, has:email, "
                 "owned:yes, email:ann@example.com (whole, where you may see it). The other fields "
                 "are title, name, company and the facets."),
    FIELD(search_query, page_size, .min = 1, .max = 1000,
          .doc = "10 unless said; of the values of a facet 25."),
    FIELD(search_query, cursor, .max = 1000, .doc = "next_cursor of the page before."),
    FIELD(search_query, sort, .words = sort_words,
          .doc = "score, best first, unless there are words (relevance) or this says otherwise; "
                 "scores and dates descend and names ascend, a minus turns them round."),
    FIELD(search_query, facets, .max = 32,
          .doc = "Panes wanted: names of facets, all, or none; six of them unless said."),
    FIELD(search_query, has, .words = has_words, .max = 4),
    FIELD_AS(search_query, not_has, "-has", .words = has_words, .max = 4),
    FIELD(search_query, owned, .words = owned_words,
          .doc = "yes: only those your account owns a contact field of; no: only the others."),
    FIELD(search_query, email, .max = 254, .pii = PII_CONTACT,
          .doc = "Whole addresses; found where you may see them: own rows and revealed ones."),
    FIELD(search_query, prefix, .max = 100,
          .doc = "Of /api/facets/:name only: values in which a word begins so."),
    FIELD(search_query, technology_all, .max = 100, .doc = "Every one of these; technology: any."),
    FIELD(search_query, keyword_all, .max = 100, .doc = "Every one of these; keyword: any."),
    FIELD(search_query, explain, .doc = "Say why each item was found."),
#define X(facet, label_)                                                            \
    FIELD_AS(search_query, in[FACET_##facet], #facet, .label = label_, .max = 100), \
        FIELD_AS(search_query, out[FACET_##facet], "-" #facet, .label = label_, .max = 100),
    FACET_LIST(X)
#undef X
        {0},
};

const struct type search_query_type = {"search_query", sizeof(struct search_query),
                                       search_query_fields, .owned = NO_OWNED,
                                       .doc = "What to search for."};

static const struct field facet_value_fields[] = {
    FIELD(facet_value, value, .max = 200),
    FIELD(facet_value, count),
    {0},
};
const struct type facet_value_type = {"facet_value", sizeof(struct facet_value), facet_value_fields,
                                      .owned = NO_OWNED,
                                      .doc = "A value of a facet and how many rows have it."};

static const struct field facet_pane_fields[] = {
    FIELD(facet_pane, name),
    FIELD(facet_pane, values, .type = &facet_value_type),
    {0},
};
const struct type facet_pane_type = {"facet_pane", sizeof(struct facet_pane), facet_pane_fields,
                                     .owned = NO_OWNED, .doc = "The values of one facet."};

static const struct field correction_fields[] = {
    FIELD(correction, from),
    FIELD(correction, to),
    {0},
};
const struct type correction_type = {"correction", sizeof(struct correction), correction_fields,
                                     .owned = NO_OWNED,
                                     .doc = "A word that nobody has, and what was found instead."};

static const struct field reason_fields[] = {
    FIELD(reason, term, .doc = "What was asked, as it was written."),
    FIELD(reason, field),
    FIELD(reason, value),
    {0},
};
const struct type reason_type = {"reason", sizeof(struct reason), reason_fields, .owned = NO_OWNED,
                                 .doc = "A part of a question and where the row has it."};

static const struct field explanation_fields[] = {
    FIELD(explanation, id),
    FIELD(explanation, why, .type = &reason_type),
    {0},
};
const struct type explanation_type = {"explanation", sizeof(struct explanation), explanation_fields,
                                      .owned = NO_OWNED, .doc = "Why a row was found."};

static const struct field search_reply_fields[] = {
    FIELD(search_reply, total),
    FIELD(search_reply, items, .type = &profile_type),
    FIELD(search_reply, facets, .type = &facet_pane_type,
          .doc = "Per facet its 25 most frequent values, not counting its own selection."),
    FIELD(search_reply, next_cursor),
    FIELD(search_reply, corrections, .type = &correction_type,
          .doc = "Words of four and more letters that nobody has, forgiven one typo."),
    FIELD(search_reply, explain, .type = &explanation_type,
          .doc = "Why each item was found, in their order; with explain=true."),
    FIELD(search_reply, took_us),
    {0},
};
const struct type search_reply_type = {"search_reply", sizeof(struct search_reply),
                                       search_reply_fields, .owned = NO_OWNED,
                                       .doc = "A page of a search."};

static const char *const company_sort_words[] = {"relevance", "name",     "-name",
                                                 "updated",   "-updated", NULL};

/* What there is to ask of companies, into the same record. */
static const struct field company_query_fields[] = {
    FIELD(search_query, q, .max = 1000,
          .doc = "As for profiles; the fields are name and the facets that companies have."),
    FIELD(search_query, page_size, .min = 1, .max = 1000, .doc = "10 unless said."),
    FIELD(search_query, cursor, .max = 1000, .doc = "next_cursor of the page before."),
    FIELD(search_query, sort, .words = company_sort_words,
          .doc = "name, unless there are words (relevance) or this says otherwise."),
    FIELD(search_query, facets, .max = 32, .doc = "Panes wanted: names of facets, all, or none."),
    FIELD(search_query, technology_all, .max = 100, .doc = "Every one of these; technology: any."),
#define ROW(facet)                                                 \
    FIELD_AS(search_query, in[FACET_##facet], #facet, .max = 100), \
        FIELD_AS(search_query, out[FACET_##facet], "-" #facet, .max = 100)
    ROW(industry),
    ROW(employees),
    ROW(revenue),
    ROW(country),
    ROW(state),
    ROW(city),
    ROW(technology),
    ROW(updated),
#undef ROW
    {0},
};
const struct type company_query_type = {"company_query", sizeof(struct search_query),
                                        company_query_fields, .owned = NO_OWNED,
                                        .doc = "Which companies to search for."};

static const struct field company_search_reply_fields[] = {
    FIELD(company_search_reply, total),
    FIELD(company_search_reply, items, .type = &company_type),
    FIELD(company_search_reply, facets, .type = &facet_pane_type,
          .doc = "Per facet its 25 most frequent values, not counting its own selection."),
    FIELD(company_search_reply, next_cursor),
    FIELD(company_search_reply, corrections, .type = &correction_type),
    FIELD(company_search_reply, took_us),
    {0},
};
const struct type company_search_reply_type = {
    "company_search_reply", sizeof(struct company_search_reply), company_search_reply_fields,
    .owned = NO_OWNED, .doc = "A page of companies."};

static const char *const suggest_words[] = {"title", "company", "place", "technology", "any", NULL};
static const struct field suggest_query_fields[] = {
    FIELD(suggest_query, field, .words = suggest_words, .flags = FIELD_REQUIRED,
          .doc = "place: countries, states and cities; any: two of each kind at most."),
    FIELD(suggest_query, prefix, .max = 100, .flags = FIELD_REQUIRED),
    FIELD(suggest_query, limit, .min = 1, .max = 25, .doc = "10 unless said."),
    {0},
};
const struct type suggest_query_type = {"suggest_query", sizeof(struct suggest_query),
                                        suggest_query_fields, .owned = NO_OWNED,
                                        .doc = "What is being typed, and where."};

static const struct field suggestion_fields[] = {
    FIELD(suggestion, value),
    FIELD(suggestion, label, .doc = "A country's name; null for others."),
    FIELD(suggestion, field, .doc = "The field of the grammar that takes the value."),
    FIELD(suggestion, count, .doc = "How many profiles that you see have it."),
    {0},
};
const struct type suggestion_type = {"suggestion", sizeof(struct suggestion), suggestion_fields,
                                     .owned = NO_OWNED, .doc = "A value that begins so."};

static const struct field suggest_reply_fields[] = {
    FIELD(suggest_reply, items, .type = &suggestion_type),
    {0},
};
const struct type suggest_reply_type = {"suggest_reply", sizeof(struct suggest_reply),
                                        suggest_reply_fields, .owned = NO_OWNED,
                                        .doc = "Values that begin so, the most frequent first."};

static const struct field page_query_fields[] = {
    FIELD(page_query, cursor, .max = 400),
    FIELD(page_query, page_size, .min = 1, .max = 1000),
    {0},
};
const struct type page_query_type = {"page_query", sizeof(struct page_query), page_query_fields,
                                     .owned = NO_OWNED, .doc = "Which page."};

#define PAGE_TYPE(page, item, doc_)                                                                \
    static const struct field page##_fields[] = {                                                  \
        FIELD(page, items, .type = &item##_type),                                                  \
        FIELD(page, next_cursor),                                                                  \
        {0},                                                                                       \
    };                                                                                             \
    const struct type page##_type = {#page, sizeof(struct page), page##_fields, .owned = NO_OWNED, \
                                     .doc = doc_}

PAGE_TYPE(profile_page, profile, "A page of profiles.");
PAGE_TYPE(user_page, user, "A page of users.");
PAGE_TYPE(job_page, job, "A page of jobs.");
PAGE_TYPE(audit_page, audit, "A page of the audit log.");

const struct type *const api_types[] = {
#define X(name) &name##_type,
    API_TYPES(X)
#undef X
        NULL,
};
