/* Values as people and products write them. */
#ifndef SERVER_JOBS_UPLOAD_VALUE_H
#define SERVER_JOBS_UPLOAD_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mem.h"

/*
 * A whole number of people: "12,500", "1.2k", "51-200" (the middle), "10,001+" (the bound), "<50"
 * (half of it), "51-200 employees".  False: it is none, or not within 1 to 10,000,000.
 */
bool value_employees(const char *text, int64_t *out);

/*
 * Whole US dollars: "USD 3,400,000,000.00", "$3.4B", "28000000", "$10M - $50M" (the middle).  False
 * also for other currencies: rates change, and we keep none.
 */
bool value_revenue(const char *text, int64_t *out);

/* "1", "yes", "TRUE", "ja", "0", "no", ...; false: neither. */
bool value_flag(const char *text, bool *out);

/*
 * "Keller, Anna" -> "Keller", "Anna".  False: it is not written the other way round; so are degrees
 * behind a comma ("John Smith, PhD").
 */
bool value_last_first(struct arena *mem, const char *text, const char **last, const char **first);

/* "AVIATION_&_AEROSPACE" and "Aviation & Aerospace" are one. */
const char *value_industry(struct arena *mem, const char *text);

/*
 * Does an e-mail address stand anywhere in this text?  Such a text would show, and let everybody
 * search, what is sealed and sold in its own column.
 */
bool value_has_address(const char *text);

#endif
