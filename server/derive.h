/*
 * What a profile says about itself when nobody says it: seniority and department from the title,
 * score and quality 0-100 by the published integer tables in derive.c (DECISIONS.md 21).
 */
#ifndef SERVER_DERIVE_H
#define SERVER_DERIVE_H

#include "common/api.h"
#include "common/mem.h"

/* A word of seniority_words / department_words, or NULL when the title says nothing. */
const char *derive_seniority(struct arena *mem, const char *title);
const char *derive_department(struct arena *mem, const char *title);
/* An import's own word ("C-Level", "Engineering & Technical") to ours, or NULL. */
const char *derive_seniority_word(struct arena *mem, const char *word);
const char *derive_department_word(struct arena *mem, const char *word);

/*
 * Complete a profile: name from its parts (or the parts from the name), seniority and department
 * where absent, has_email, has_phone, email_status ("unverified" for an address of unknown state,
 * "unavailable" without one), score, quality.
 */
void derive_profile(struct profile *p, struct arena *mem);

#endif
