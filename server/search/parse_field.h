/* The fields of the grammar: what may stand before a colon. */
#ifndef SERVER_SEARCH_PARSE_FIELD_H
#define SERVER_SEARCH_PARSE_FIELD_H

#include "common/api.h"
#include "common/mem.h"

enum field_kind_of_q { FIELD_NONE, FIELD_WORDS, FIELD_FACET, FIELD_HAS, FIELD_OWNED, FIELD_EMAIL };

/* What stands before a colon. */
struct q_field {
    enum field_kind_of_q kind; /* NONE: there is no field, words are looked for everywhere */
    int id;                    /* the text class, or the facet */
    const char *name;
};

/* companies: those are asked for, which have no fields of people. false: there is no such field */
bool parse_field_find(const char *name, bool companies, struct q_field *out);
/* All of them, with blanks. */
const char *parse_field_list(struct arena *mem, bool companies);

#endif
