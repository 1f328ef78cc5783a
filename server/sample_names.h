/* The words sample data are made of: tables, all of it made up. */
#ifndef SERVER_SAMPLE_NAMES_H
#define SERVER_SAMPLE_NAMES_H

#include <stddef.h>

/* A word list ends with NULL. */
struct sample_country {
    const char *code;
    int weight; /* of 1000 */
    const char *const *first, *const *last, *const *cities; /* a city is "City|State" */
    const char *phone; /* prefix of the country's fictional numbers, two to four digits follow */
    int digits;
};

struct sample_word {
    const char *text;
    int weight;
};

extern const struct sample_country sample_countries[]; /* ends with no code */
extern const struct sample_word sample_titles[], sample_industries[], sample_statuses[];
extern const char *const sample_company_stems[], *const sample_company_kinds[],
    *const sample_technologies[], *const sample_keywords[];

size_t sample_words(const char *const *list);

#endif
