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

enum { LIST_MAX = 100 };

struct reader {
    struct arena *mem;
    struct upload_row *row;
    size_t column;
    const char *country; /* of phone numbers */
    int phone_rank;      /* of the phone that was taken; 0: none */
};

static void reject(struct reader *r, const char *code, const char *reason)
{
    struct upload_row *row = r->row;

    if (row->n_rejects < ROW_REJECTS)
        row->rejects[row->n_rejects++] = (struct reject){r->column, code, reason};
}

/* Into a text field of the profile, within its ceiling. */
static void take_text(struct reader *r, const char *field, const char **slot, const char *value)
{
    const struct field *f = type_field(&profile_type, field);

    if (strlen(value) > (size_t)f->max)
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

static void take_country(struct reader *r, const char **slot, const char *value)
{
    const char *code = country_code(value);

    if (code)
        *slot = code;
    else
        reject(r, "bad_country", "there is no such country");
}

/* "12,500", "51-200" (its middle), "10001+", "1.2k" */
static bool parse_count(const char *text, int64_t *out)
{
    int64_t part[2] = {0, 0};
    int at = 0;

    for (; *text; text++) {
        if (*text >= '0' && *text <= '9') {
            if (part[at] > INT64_C(100000000000000))
                return false;
            part[at] = part[at] * 10 + (*text - '0');
        } else if ((*text == '-' || (unsigned char)*text == 0xe2) && at == 0 && part[0]) {
            text += (unsigned char)*text == 0xe2 ? 2 : 0; /* an en dash */
            at = 1;
        } else if (!strchr(",. '+", *text)) {
            return false;
        }
    }
    *out = at ? (part[0] + part[1]) / 2 : part[0];
    return *out > 0;
}

static void take_employees(struct reader *r, const char *value)
{
    int64_t n;

    if (parse_count(value, &n) && n <= 10000000)
        r->row->c.employees = n;
    else
        reject(r, "bad_number", "this is not a number of employees");
}

/* A power of ten from "K", "M", "million", ...; 0: it is none. */
static int64_t unit_of(const char *text)
{
    static const struct {
        const char *word;
        int64_t unit;
    } units[] = {{"k", 1000},        {"thousand", 1000},      {"m", 1000000},   {"mm", 1000000},
                 {"mio", 1000000},   {"million", 1000000},    {"mil", 1000000}, {"b", 1000000000},
                 {"bn", 1000000000}, {"billion", 1000000000}, {"", 1}};

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (strcasecmp(units[i].word, text) == 0)
            return units[i].unit;
    return 0;
}

/* "USD 3,400,000,000.00", "$3.4B", "28000000"; only dollars: rates change, and we keep none. */
static bool parse_revenue(struct arena *mem, const char *text, int64_t *out)
{
    int64_t whole = 0, part = 0, scale = 1, unit;
    const char *dot, *end;

    if (strncasecmp(text, "USD", 3) == 0 || strncasecmp(text, "US$", 3) == 0)
        text += 3;
    text += strspn(text, " $");
    if (*text < '0' || *text > '9')
        return false;
    for (; *text && strchr("0123456789, '", *text); text++)
        if (*text >= '0' && *text <= '9' && whole < INT64_C(100000000000000))
            whole = whole * 10 + (*text - '0');
    dot = *text == '.' ? text : NULL;
    for (text += dot != NULL; *text >= '0' && *text <= '9'; text++)
        if (scale < 1000000) {
            part = part * 10 + (*text - '0');
            scale *= 10;
        }
    text += strspn(text, " ");
    end = text + strcspn(text, " ");
    unit = unit_of(arena_strndup(mem, text, (size_t)(end - text)));
    if (!unit || strcspn(end, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(end) ||
        whole > INT64_C(9000000000000000) / unit)
        return false;
    *out = whole * unit + part * unit / scale;
    return true;
}

static void take_revenue(struct reader *r, const char *value)
{
    int64_t n;

    if (parse_revenue(r->mem, value, &n))
        r->row->c.revenue = n;
    else
        reject(r, "bad_revenue", "this is not an amount of US dollars");
}

/* "AVIATION_&_AEROSPACE" and "Aviation & Aerospace" are one. */
static const char *industry_of(struct arena *mem, const char *value)
{
    char *out = arena_strdup(mem, value);

    for (char *p = out; *p; p++) {
        if (*p == '_')
            *p = ' ';
        else if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    }
    return out;
}

static void take_list(struct reader *r, struct strs *out, const char *value)
{
    const char **v = arena_alloc(r->mem, LIST_MAX * sizeof(*v));

    *out = (struct strs){v, 0};
    while (*value) {
        size_t n = strcspn(value, ",;|");
        const char *one = utf8_tidy(r->mem, arena_strndup(r->mem, value, n));

        if (*one && out->n < LIST_MAX && strlen(one) <= 80)
            v[out->n++] = one;
        value += n + (value[n] != '\0');
    }
}

static bool is_yes(const char *v)
{
    return strcmp(v, "1") == 0 || strcasecmp(v, "true") == 0 || strcasecmp(v, "yes") == 0 ||
           strcasecmp(v, "y") == 0 || strcasecmp(v, "x") == 0 || strcasecmp(v, "ja") == 0;
}

static void take_domain(struct reader *r, const char *value)
{
    const char *domain = identity_domain(r->mem, value);

    if (domain)
        r->row->c.domain = domain;
    else
        reject(r, "bad_website", "this is not a website");
}

/* "Keller, Anna" is written the other way round. */
static void take_name(struct reader *r, const char *value)
{
    const char *comma = strchr(value, ',');
    struct profile *p = &r->row->p;

    if (comma && comma[1] == ' ' && !strchr(comma + 1, ',')) {
        take_text(r, "last_name", &p->last_name,
                  arena_strndup(r->mem, value, (size_t)(comma - value)));
        take_text(r, "first_name", &p->first_name, comma + 2);
        return;
    }
    take_text(r, "name", &p->name, value);
}

static void take_url(struct reader *r, const char *value)
{
    if (identity_url(r->mem, value))
        take_text(r, "linkedin_url", &r->row->p.linkedin_url, value);
    else
        reject(r, "bad_url", "this is not the address of a profile");
}

static void take_person(struct reader *r, enum import_field field, const char *v)
{
    struct profile *p = &r->row->p;
    const char *word;

    switch (field) {
    case IMPORT_first_name:
        take_text(r, "first_name", &p->first_name, v);
        break;
    case IMPORT_last_name:
        take_text(r, "last_name", &p->last_name, v);
        break;
    case IMPORT_name:
        take_name(r, v);
        break;
    case IMPORT_title:
        take_text(r, "title", &p->title, v);
        break;
    case IMPORT_seniority:
        word = derive_seniority_word(r->mem, v);
        p->seniority = word ? word : p->seniority;
        break;
    case IMPORT_department:
        word = derive_department_word(r->mem, v);
        p->department = word ? word : p->department;
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
        take_text(r, "city", &p->city, v);
        break;
    case IMPORT_state:
        take_text(r, "state", &p->state, v);
        break;
    case IMPORT_keywords:
        take_list(r, &p->keywords, v);
        break;
    case IMPORT_email_opt_out:
        p->email_opt_out = is_yes(v);
        break;
    case IMPORT_do_not_call:
        p->do_not_call = is_yes(v);
        break;
    default:
        break;
    }
}

static void take_company(struct reader *r, enum import_field field, const char *v)
{
    struct company *c = &r->row->c;
    char phone[PHONE_TEXT];

    switch (field) {
    case IMPORT_company:
        take_text(r, "company", &c->name, v);
        break;
    case IMPORT_domain:
        take_domain(r, v);
        break;
    case IMPORT_industry:
        take_text(r, "industry", &c->industry, industry_of(r->mem, v));
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
    case IMPORT_company_phone:
        if (phone_normal(v, r->country, phone))
            c->phone = arena_strdup(r->mem, phone);
        else
            reject(r, "bad_phone", "not a telephone number, or its country is unknown");
        break;
    case IMPORT_company_linkedin_url:
        take_text(r, "linkedin_url", &c->linkedin_url, v);
        break;
    case IMPORT_company_city:
        take_text(r, "city", &c->city, v);
        break;
    case IMPORT_company_state:
        take_text(r, "state", &c->state, v);
        break;
    case IMPORT_company_country:
        take_country(r, &c->country, v);
        break;
    default:
        break;
    }
}

static void take_phones(struct reader *r, enum import_field field, const char *v)
{
    static const int ranks[IMPORT_FIELDS] = {[IMPORT_phone_mobile] = 4,
                                             [IMPORT_phone_direct] = 3,
                                             [IMPORT_phone] = 2,
                                             [IMPORT_phone_other] = 1};

    if (ranks[field])
        take_phone(r, v, ranks[field]);
}

/* Each cell of these columns through fn. Spreadsheets keep numbers as text with an apostrophe. */
static void each_cell(struct reader *r, const struct upload_file *f, const char *const *cells,
                      size_t n, void (*fn)(struct reader *, enum import_field, const char *))
{
    for (size_t i = 0; i < n && i < f->n; i++) {
        const char *v;

        if (f->fields[i] == IMPORT_none)
            continue;
        v = utf8_tidy(r->mem, cells[i]);
        v += *v == '\'';
        r->column = i;
        if (*v)
            fn(r, f->fields[i], v);
    }
}

static void take_own_country(struct reader *r, enum import_field field, const char *v)
{
    if (field == IMPORT_country)
        take_country(r, &r->row->p.country, v);
}

/* The company's facts stand in the profile too; a work address tells its domain. */
static void join(struct upload_row *row, struct arena *mem)
{
    struct profile *p = &row->p;
    struct company *c = &row->c;
    const char *mail = p->email ? identity_domain(mem, p->email) : NULL;

    if (!c->domain && mail && !identity_is_free_mail(mail) && c->name)
        c->domain = mail;
    row->has_company = c->name || c->domain;
    if (row->has_company && !c->name)
        c->name = c->domain;
    if (!c->country && !c->city) {
        c->country = p->country;
        c->city = p->city;
        c->state = p->state;
    }
    p->company = c->name;
    p->domain = c->domain;
    p->industry = c->industry;
    p->employees = c->employees;
    p->revenue = c->revenue;
    p->technologies = c->technologies;
    if (!p->country && !p->city && !p->state) {
        p->country = c->country;
        p->city = c->city;
        p->state = c->state;
    }
}

void upload_row_read(struct arena *mem, const struct upload_file *f, const char *const *cells,
                     size_t n, const char *country, struct upload_row *out)
{
    struct reader r = {.mem = mem, .row = out};

    *out = (struct upload_row){0};
    each_cell(&r, f, cells, n, take_own_country); /* phones need it */
    r.country = out->p.country ? out->p.country : country;
    each_cell(&r, f, cells, n, take_company);
    r.country = out->p.country ? out->p.country : out->c.country ? out->c.country : country;
    each_cell(&r, f, cells, n, take_phones);
    each_cell(&r, f, cells, n, take_person);
    join(out, mem);
    if (!out->p.name && !out->p.first_name && !out->p.last_name && !out->p.email &&
        !out->p.linkedin_url) {
        out->rejected = true;
        r.column = SIZE_MAX;
        out->n_rejects = out->n_rejects < ROW_REJECTS ? out->n_rejects : ROW_REJECTS - 1;
        reject(&r, "nobody", "the row names nobody: no name, no e-mail, no profile");
    }
}
