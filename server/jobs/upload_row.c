/* A row's cells, cleaned, each to its field; what cannot be taken is reported, never dropped. */
#include <string.h>
#include <strings.h>

#include "common/country.h"
#include "common/phone.h"
#include "common/utf8.h"
#include "server/auth.h"
#include "server/derive.h"
#include "server/identity.h"
#include "server/jobs/upload.h"
#include "server/jobs/upload_value.h"

enum { LIST_MAX = 100, LIST_TEXT = 80 };

struct reader {
    struct arena *mem;
    const struct upload_file *file;
    struct upload_row *row;
    size_t column;
    const char *country; /* of phone numbers */
    int phone_rank;      /* of the phone that was taken; 0: none */
};

/* The last but one says that there are more; the last is for the row itself. */
static void reject(struct reader *r, const char *code, const char *reason)
{
    struct upload_row *row = r->row;

    struct reject more = {r->column, "more", "this cell and others of the row were left out"};

    if (row->n_rejects < ROW_REJECTS - 2) {
        row->rejects[row->n_rejects++] = (struct reject){r->column, code, reason};
        return;
    }
    row->rejects[ROW_REJECTS - 2] = more;
    row->n_rejects = ROW_REJECTS - 1;
}

/* An address outside of its column would be shown in clear, and found by everybody. */
static bool betrays(struct reader *r, const char *value)
{
    if (!value_has_address(value))
        return false;
    reject(r, "address_in_text", "an e-mail address stands in a column of another kind");
    return true;
}

/* Into a text field, within its ceiling. */
static void take_text(struct reader *r, enum import_field field, const char **slot,
                      const char *value)
{
    if (betrays(r, value))
        return;
    if (strlen(value) > r->file->most[field])
        reject(r, "too_long", "the value is longer than the field may be");
    else
        *slot = value;
}

static void take_email(struct reader *r, const char *value)
{
    const char *normal;

    if (auth_email_normal(r->mem, value, &normal))
        r->row->p.email = normal;
    else
        reject(r, "bad_email", "this is not an e-mail address");
}

static void take_email_status(struct reader *r, const char *value)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {{"verified", "verified"},      {"valid", "verified"},
                 {"deliverable", "verified"},   {"guessed", "guessed"},
                 {"extrapolated", "guessed"},   {"likely to engage", "verified"},
                 {"unverified", "unverified"},  {"catch-all", "unverified"},
                 {"accept all", "unverified"},  {"risky", "unverified"},
                 {"unknown", "unverified"},     {"bounced", "bounced"},
                 {"invalid", "bounced"},        {"undeliverable", "bounced"},
                 {"unavailable", "unavailable"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcasecmp(words[i].theirs, value) == 0)
            r->row->p.email_status = words[i].ours;
    if (!r->row->p.email_status)
        reject(r, "bad_email_status", "this is no state of an address that we know");
}

/* Mobile before direct before work before other. */
static void take_phone(struct reader *r, const char *value, int rank)
{
    static const char *const types[] = {"other", "other", "work", "direct", "mobile"};
    char out[PHONE_TEXT];

    if (!phone_normal(value, r->country, out)) {
        reject(r, "bad_phone",
               r->country ? "this is not a telephone number"
                          : "not a telephone number, or its country is unknown");
    } else if (rank > r->phone_rank) {
        r->row->p.phone = arena_strdup(r->mem, out);
        r->row->p.phone_type = types[rank];
        r->phone_rank = rank;
    }
}

/* A file has few countries and names them in each row. */
static const char *known_country(struct country_memo *memo, const char *value)
{
    size_t n = strlen(value);
    unsigned mix = (unsigned char)value[0] * 7u + (unsigned char)value[n / 2] + (unsigned)n;
    struct country_memo *m = &memo[mix % COUNTRY_MEMOS];

    if (n >= sizeof(m->text))
        return country_code(value);
    if (strcmp(m->text, value) != 0) {
        memcpy(m->text, value, n + 1);
        m->code = country_code(value);
    }
    return m->code;
}

static void take_country(struct reader *r, const char **slot, const char *value)
{
    const char *code = known_country(r->file->countries, value);

    if (code)
        *slot = code;
    else
        reject(r, "bad_country", "there is no such country");
}

static void take_employees(struct reader *r, const char *value)
{
    if (!value_employees(value, &r->row->c.employees))
        reject(r, "bad_number", "this is not a number of employees");
}

static void take_revenue(struct reader *r, const char *value)
{
    if (!value_revenue(value, &r->row->c.revenue))
        reject(r, "bad_revenue", "this is not an amount of US dollars");
}

static void take_list(struct reader *r, struct strs *out, const char *value)
{
    const char **v = arena_alloc(r->mem, LIST_MAX * sizeof(*v));
    bool more = true;

    *out = (struct strs){v, 0};
    while (*value && more) {
        size_t n = strcspn(value, ",;|");
        const char *one = utf8_tidy(r->mem, arena_strndup(r->mem, value, n));

        if (*one && strlen(one) > LIST_TEXT)
            reject(r, "too_long", "an item of the list is longer than it may be");
        else if (*one && !betrays(r, one) && (more = out->n < LIST_MAX))
            v[out->n++] = one;
        value += n + (value[n] != '\0');
    }
    if (!more)
        reject(r, "too_many", "the list has more items than are kept");
}

static void take_domain(struct reader *r, const char *value)
{
    const char *domain = identity_domain(r->mem, value);

    if (domain)
        r->row->c.domain = domain;
    else
        reject(r, "bad_website", "this is not a website");
}

static void take_name(struct reader *r, const char *value)
{
    struct profile *p = &r->row->p;
    const char *last, *first;

    if (value_last_first(r->mem, value, &last, &first)) {
        take_text(r, IMPORT_last_name, &p->last_name, last);
        take_text(r, IMPORT_first_name, &p->first_name, first);
    } else {
        take_text(r, IMPORT_name, &p->name, value);
    }
}

static void take_flag(struct reader *r, bool *slot, const char *value)
{
    if (!value_flag(value, slot))
        reject(r, "bad_flag", "this is neither yes nor no");
}

static void take_word(struct reader *r, const char **slot, const char *word)
{
    if (word)
        *slot = word;
    else
        reject(r, "unknown_word", "this word is none that we know, and stands for none");
}

/* What follows the path is how somebody came there, and may name anybody. */
static const char *without_query(struct reader *r, const char *url)
{
    return arena_strndup(r->mem, url, strcspn(url, "?#"));
}

static void take_url(struct reader *r, const char *value)
{
    value = without_query(r, value);
    if (identity_url(r->mem, value))
        take_text(r, IMPORT_linkedin_url, &r->row->p.linkedin_url, value);
    else
        reject(r, "bad_url", "this is not the address of a profile");
}

static void take_person(struct reader *r, enum import_field field, const char *v)
{
    struct profile *p = &r->row->p;

    switch (field) {
    case IMPORT_first_name:
        take_text(r, IMPORT_first_name, &p->first_name, v);
        break;
    case IMPORT_last_name:
        take_text(r, IMPORT_last_name, &p->last_name, v);
        break;
    case IMPORT_name:
        take_name(r, v);
        break;
    case IMPORT_title:
        take_text(r, IMPORT_title, &p->title, v);
        break;
    case IMPORT_seniority:
        take_word(r, &p->seniority, derive_seniority_word(r->mem, v));
        break;
    case IMPORT_department:
        take_word(r, &p->department, derive_department_word(r->mem, v));
        break;
    case IMPORT_email:
        take_email(r, v);
        break;
    case IMPORT_email_status:
        take_email_status(r, v);
        break;
    case IMPORT_linkedin_url:
        take_url(r, v);
        break;
    case IMPORT_city:
        take_text(r, IMPORT_city, &p->city, v);
        break;
    case IMPORT_state:
        take_text(r, IMPORT_state, &p->state, v);
        break;
    case IMPORT_keywords:
        take_list(r, &p->keywords, v);
        break;
    case IMPORT_email_opt_out:
        take_flag(r, &p->email_opt_out, v);
        break;
    case IMPORT_do_not_call:
        take_flag(r, &p->do_not_call, v);
        break;
    default:
        break;
    }
}

static void take_company(struct reader *r, enum import_field field, const char *v)
{
    struct company *c = &r->row->c;

    switch (field) {
    case IMPORT_company:
        take_text(r, IMPORT_company, &c->name, v);
        break;
    case IMPORT_domain:
        take_domain(r, v);
        break;
    case IMPORT_industry:
        take_text(r, IMPORT_industry, &c->industry, value_industry(r->mem, v));
        break;
    case IMPORT_employees:
        take_employees(r, v);
        break;
    case IMPORT_revenue:
        take_revenue(r, v);
        break;
    case IMPORT_technologies:
        take_list(r, &c->technologies, v);
        break;
    case IMPORT_company_linkedin_url:
        take_text(r, IMPORT_company_linkedin_url, &c->linkedin_url, without_query(r, v));
        break;
    case IMPORT_company_city:
        take_text(r, IMPORT_company_city, &c->city, v);
        break;
    case IMPORT_company_state:
        take_text(r, IMPORT_company_state, &c->state, v);
        break;
    default:
        break;
    }
}

static void take_company_phone(struct reader *r, const char *value)
{
    const char *country = r->row->c.country ? r->row->c.country : r->country;
    char phone[PHONE_TEXT];

    if (phone_normal(value, country, phone))
        r->row->c.phone = arena_strdup(r->mem, phone);
    else
        reject(r, "bad_phone", "not a telephone number, or its country is unknown");
}

static void take_phones(struct reader *r, enum import_field field, const char *v)
{
    static const int ranks[IMPORT_FIELDS] = {[IMPORT_phone_mobile] = 4,
                                             [IMPORT_phone_direct] = 3,
                                             [IMPORT_phone] = 2,
                                             [IMPORT_phone_other] = 1};

    if (field == IMPORT_company_phone)
        take_company_phone(r, v);
    else if (ranks[field])
        take_phone(r, v, ranks[field]);
}

/* Spreadsheets keep what looks like a formula or a number as text with an apostrophe in front. */
static const char *without_apostrophe(const char *v)
{
    return v[0] == '\'' && v[1] && strchr("0123456789+-=@(", v[1]) ? v + 1 : v;
}

/* Each cell that is mapped and not empty through fn. */
static void each_cell(struct reader *r, const struct upload_file *f, const char *const *cells,
                      size_t n, void (*fn)(struct reader *, enum import_field, const char *))
{
    for (size_t i = 0; i < n && i < f->n; i++) {
        const char *v;

        if (f->fields[i] == IMPORT_none)
            continue;
        v = without_apostrophe(utf8_tidy(r->mem, cells[i]));
        r->column = i;
        if (*v)
            fn(r, f->fields[i], v);
    }
}

static void take_countries(struct reader *r, enum import_field field, const char *v)
{
    if (field == IMPORT_country)
        take_country(r, &r->row->p.country, v);
    else if (field == IMPORT_company_country)
        take_country(r, &r->row->c.country, v);
}

/*
 * The company's facts stand in the profile too; a work address tells its domain, though a website
 * does so better.
 */
static void join(struct upload_row *row, struct arena *mem)
{
    struct profile *p = &row->p;
    struct company *c = &row->c;
    const char *mail = p->email && c->name ? identity_domain(mem, p->email) : NULL;

    if (!c->domain && mail && !identity_is_free_mail(mail)) {
        c->domain = mail;
        row->weak_domain = true;
    }
    row->has_company = c->name || c->domain;
    p->company = c->name;
    p->domain = c->domain;
    p->industry = c->industry;
    p->employees = c->employees;
    p->revenue = c->revenue;
    p->technologies = c->technologies;
    row->weak_place = !p->country && !p->city && !p->state;
    if (row->weak_place) {
        p->country = c->country;
        p->city = c->city;
        p->state = c->state;
    }
}

void upload_row_read(struct arena *mem, const struct upload_file *f, const char *const *cells,
                     size_t n, const char *country, struct upload_row *out)
{
    struct reader r = {.mem = mem, .file = f, .row = out};

    *out = (struct upload_row){0};
    each_cell(&r, f, cells, n, take_countries); /* phones need them */
    r.country = out->p.country ? out->p.country : out->c.country ? out->c.country : country;
    each_cell(&r, f, cells, n, take_company);
    each_cell(&r, f, cells, n, take_phones);
    each_cell(&r, f, cells, n, take_person);
    join(out, mem);
    if (out->p.name || out->p.first_name || out->p.last_name || out->p.email || out->p.linkedin_url)
        return;
    out->rejected = true;
    out->rejects[out->n_rejects++] =
        (struct reject){SIZE_MAX, "nobody", "the row names nobody: no name, no e-mail, no profile"};
}
