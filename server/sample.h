/*
 * Sample data (DECISIONS.md 25): made-up people with realistic skew, under reserved domains
 * (RFC 2606, 6761) and fictional number ranges.  The same (seed, rows) gives the same bytes.
 */
#ifndef SERVER_SAMPLE_H
#define SERVER_SAMPLE_H

#include "common/api.h"
#include "common/err.h"
#include "common/mem.h"

struct sample;
struct seal;
struct store;

struct sample *sample_new(int64_t rows, uint64_t seed);
void sample_free(struct sample *s);
int64_t sample_companies(const struct sample *s);

/*
 * The i-th company or profile, at random access: complete (derived fields, id, company_id, account
 * catalogue_account, dates) but for the identity keys.  Texts live in mem.
 */
void sample_company(const struct sample *s, int64_t i, struct arena *mem, struct company *out);
void sample_profile(const struct sample *s, int64_t i, struct arena *mem, struct profile *out);

/* Write them all into the store as catalogue, in bulk plans; progress may be NULL. */
enum err sample_load(struct store *store, const struct seal *seal, int64_t rows, uint64_t seed,
                     void (*progress)(void *arg, int64_t done, int64_t rows), void *arg) MUST_CHECK;

#endif
