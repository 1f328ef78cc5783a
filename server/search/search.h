/*
 * The search index: derived from the store, rebuilt when absent, torn or of another version.
 *
 * Immutable segments (bitmaps, dictionary-encoded columns, a sorted term dictionary, documents in
 * order of score), merged geometrically; the newest are small and in memory.  One thread follows
 * the store's change sequence; readers take a snapshot and never wait for it, nor it for them.
 *
 * What is indexed is what profile_type's rows say: .facet, FIELD_TEXT, FIELD_SORT.  The grammar of
 * q is in query.h, the orders and what relevance is in rank.h.
 *
 * A pane shows its top PANE_VALUES by count, then value, counted without the `in` of its own facet
 * and with everything else, its own `out` included; values that nobody has are not shown.
 */
#ifndef SERVER_SEARCH_SEARCH_H
#define SERVER_SEARCH_SEARCH_H

#include "common/api.h"
#include "common/err.h"
#include "common/mem.h"

struct seal;
struct search;
struct store;

struct search_options {
    const char *dir;     /* its files; made when absent. NULL: in memory only (tests, benches) */
    struct store *store; /* NULL: fed by search_put() alone */
    const struct seal *seal; /* authenticates cursors */
    bool companies;          /* of companies (company.h), not of profiles */
    /*
     * The other index of the store, open until this one is closed: this one tells it that the store
     * has news and what accounts committed, waits for both, and forgets no change that the other
     * has not saved.  The one that is beside has none.
     */
    struct search *beside;
};

/* Returns at once; reading and rebuilding go on behind it, and searches answer ERR_NOT_READY. */
enum err search_open(const struct search_options *o, struct search **out) MUST_CHECK;
void search_close(struct search *s); /* NULL is fine */

/* Whom and what for. Visible are the catalogue's rows and those of `account`, and no others. */
struct search_ask {
    struct uuid account;
    const struct search_query *query;
    bool owns_catalogue; /* a super_admin: nothing there is to be paid */
};

struct search_hit {
    struct uuid id;
};

struct search_answer {
    int64_t total; /* exact */
    struct search_hit *hits;
    size_t n;
    struct facet_pane *panes; /* in the order of the facets */
    size_t n_panes;
    const char *next_cursor;        /* NULL: this was the last page */
    int64_t change;                 /* of the store: the last one that it knows of */
    bool of_owner;                  /* it depends on what the account has paid for */
    struct correction *corrections; /* typos that were forgiven (typo.h) */
    size_t n_corrections;
    const struct ask *asked; /* for search_explain(); lives in the call's arena */
    int64_t took_us;
};

/*
 * errors: ERR_INVALID with the field (q, cursor, sort, facets, a facet) and, for q, the column;
 * ERR_NOT_READY while the index is being built; the store's, when owned is asked for.
 */
enum err search_run(struct search *s, const struct search_ask *ask, struct arena *mem,
                    struct search_answer *out, struct problem *why) MUST_CHECK;

/*
 * The pane of one facet under the question (its sort and facets do not matter), of the values
 * in which a word begins with `prefix` when both are folded; a country's name counts too.  "": all.
 * Its page_size is how many at most, PANE_VALUES unless said.
 * errors: as search_run()
 */
enum err search_values(struct search *s, const struct search_ask *ask, enum facet f,
                       const char *prefix, struct arena *mem, struct facet_pane *out,
                       struct problem *why) MUST_CHECK;

/* ANY: of all the others, the SUGGEST_EACH best of each kind of value. */
enum suggest_field {
    SUGGEST_TITLE,
    SUGGEST_COMPANY,
    SUGGEST_PLACE,
    SUGGEST_TECHNOLOGY,
    SUGGEST_ANY,
};
enum { SUGGEST_EACH = 2 };

/*
 * Typing ahead over what the account sees: what suggest_values() gives, list of struct suggestion,
 * up to `most`. errors: ERR_NOT_READY
 */
enum err search_suggest(struct search *s, const struct uuid *account, enum suggest_field field,
                        const char *prefix, size_t most, struct arena *mem,
                        struct list *out) MUST_CHECK;

/* Why a row of the answer was found (explain.h): struct reason. */
struct list search_explain(const struct search_answer *a, const struct profile *row,
                           struct arena *mem);

/*
 * An account has committed something that may be searched for: its searches wait for this change, a
 * quarter of a second at most.
 */
void search_note_commit(struct search *s, const struct uuid *account, int64_t change);

/* An account has paid for a contact field of a profile: it owns it from the next search on. */
void search_note_owned(struct search *s, const struct uuid *account, const struct uuid *profile);

/* Wait until everything up to this change number is searchable, at most ms; false: it is not yet.
 */
bool search_wait(struct search *s, int64_t change, int64_t ms);

struct search_stats {
    bool ready, busy;                    /* busy: segments are being merged, saved or read */
    struct ratio built;                  /* how far a rebuild is */
    int64_t segments, documents, change; /* change: the last number that is searchable */
    int64_t heap_bytes, mapped_bytes;
};
void search_stats(struct search *s, struct search_stats *out);

/*
 * For tests and benches without a store: write and delete directly, searchable on return.  An id
 * may come once in a call.
 */
enum err search_put(struct search *s, const struct profile *rows, size_t n) MUST_CHECK;
enum err search_delete(struct search *s, const struct uuid *ids, size_t n) MUST_CHECK;

#endif
