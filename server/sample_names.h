/* The words sample data are made of: tables, all of it made up. */
#ifndef SERVER_SAMPLE_NAMES_H
#define SERVER_SAMPLE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A word list ends with NULL; its first words are the common ones. */
struct sample_country {
    const char *code;
    int weight; /* of 1000 */
    bool family_first;
    const char *const *first, *const *last; /* "Łukasz|lukasz": and how an address spells it */
    const char *const *cities;              /* "City|State" */
    const char *const *forms;               /* legal forms of its companies */
    const char *const *titles; /* in its language, beside the English ones; may be NULL */
    const char *const *phones; /* prefixes of numbers reserved for fiction; `digits` follow */
    int digits;
};

struct sample_word {
    const char *text;
    int weight;
};

extern const struct sample_country sample_countries[]; /* ends with no code */
extern const struct sample_word sample_titles[], sample_industries[], sample_statuses[],
    sample_phone_types[];
/* A company is HEAD + TAIL and a trade: "Brannova Robotics". */
extern const char *const sample_heads[], *const sample_tails[], *const sample_trades[];
extern const char *const sample_technologies[], *const sample_keywords[];

size_t sample_words(const char *const *list);

#endif
