/*
 * From the columns of somebody's file to the fields of an import: a proposal by names that products
 * and people use (in several languages), then by what the first values look like.  Shared with the
 * client, which shows it and lets people change it.
 */
#ifndef COMMON_MAPPING_H
#define COMMON_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mem.h"
#include "common/type.h"

/* name on the wire, label for people */
#define IMPORT_LIST(X)                                                  \
    X(none, "", "(do not import)")                                      \
    X(first_name, "first_name", "First name")                           \
    X(last_name, "last_name", "Last name")                              \
    X(name, "name", "Name")                                             \
    X(title, "title", "Title")                                          \
    X(seniority, "seniority", "Seniority")                              \
    X(department, "department", "Department")                           \
    X(email, "email", "E-mail")                                         \
    X(email_status, "email_status", "E-mail status")                    \
    X(phone_mobile, "phone_mobile", "Mobile phone")                     \
    X(phone_direct, "phone_direct", "Direct phone")                     \
    X(phone, "phone", "Phone")                                          \
    X(phone_other, "phone_other", "Other phone")                        \
    X(linkedin_url, "linkedin_url", "LinkedIn")                         \
    X(city, "city", "City")                                             \
    X(state, "state", "State")                                          \
    X(country, "country", "Country")                                    \
    X(company, "company", "Company")                                    \
    X(domain, "domain", "Company website")                              \
    X(industry, "industry", "Industry")                                 \
    X(employees, "employees", "Employees")                              \
    X(revenue, "revenue", "Revenue")                                    \
    X(technologies, "technologies", "Technologies")                     \
    X(keywords, "keywords", "Keywords")                                 \
    X(company_phone, "company_phone", "Company phone")                  \
    X(company_linkedin_url, "company_linkedin_url", "Company LinkedIn") \
    X(company_city, "company_city", "Company city")                     \
    X(company_state, "company_state", "Company state")                  \
    X(company_country, "company_country", "Company country")            \
    X(email_opt_out, "email_opt_out", "No e-mail")                      \
    X(do_not_call, "do_not_call", "Do not call")

enum import_field {
#define X(id, name, label) IMPORT_##id,
    IMPORT_LIST(X)
#undef X
        IMPORT_FIELDS,
};

const char *import_name(enum import_field f);
const char *import_label(enum import_field f);
/* IMPORT_FIELDS: there is no such field. "" is IMPORT_none. */
enum import_field import_find(const char *name);

enum mapping_sure { MAPPING_NONE, MAPPING_GUESS, MAPPING_EXACT };

struct mapping {
    enum import_field field;
    enum mapping_sure sure;
};

/*
 * Propose for `n` columns; out[n].  rows: some rows of values (each may be shorter), for guesses.
 * No field but phone_other is given to two columns: the surer, then the first, keeps it.
 */
void mapping_propose(struct arena *mem, const char *const *columns, size_t n,
                     const struct strs *rows, size_t n_rows, struct mapping *out);

/* Is this row the header? At least two of its cells, or its only one, are names we know. */
bool mapping_is_header(struct arena *mem, const char *const *cells, size_t n);

#endif
