/*
 * Companies are searched as profiles are, in an index of their own: a company is a row whose name
 * and company are its name, without what only people have.
 */
#ifndef SERVER_SEARCH_COMPANY_H
#define SERVER_SEARCH_COMPANY_H

#include "common/api.h"

/* Shares the company's texts. */
struct profile company_as_row(const struct company *c);

#endif
