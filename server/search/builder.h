/* What a builder gathers (build.c) until it is made into a segment (build_finish.c). */
#ifndef SERVER_SEARCH_BUILDER_H
#define SERVER_SEARCH_BUILDER_H

#include "server/search/build.h"

/* Kinds of terms: the dicts, then the texts of orders. */
enum { KIND_ORDER = DICTS, TERM_KINDS = KIND_ORDER + ORDERS };

#define NO_TERM UINT32_MAX

/* A (kind, text) that is known by its number. */
struct name {
    const char *text;
    uint32_t hash, kind;
    uint32_t first, n; /* of a value: its terms, in builder.parts; finishing: a term's postings */
    uint32_t order; /* of a value: its text as an order has it, or NO_TERM; of a term: its rank */
};

struct name_slot {
    uint32_t hash, name; /* name + 1; 0: it is free */
};

struct names {
    struct name *v;
    size_t n, size;
    struct name_slot *table;
    size_t table_size; /* a power of two, at least twice n */
};

struct numbers {
    uint32_t *v;
    size_t n, size;
};

struct doc {
    struct uuid id;
    int64_t updated, revenue;
    uint32_t employees;
    uint32_t refs;          /* where its terms begin; one may come twice */
    uint32_t order[ORDERS]; /* terms */
    uint8_t score, quality;
};

/* A number's bucket, as it was found last. */
enum { BUCKETS_KEPT = 256 };
struct bucket {
    int64_t key;
    uint32_t term;
    bool known;
};

/* What is made of one field. */
struct source {
    const struct field *field;
    int words, facet, whole, order; /* -1: nothing; a class, two dicts, an order */
    bool country;                   /* its name counts too */
    bool unique;                    /* hardly any value comes twice: none is looked for */
    struct bucket *buckets;         /* of a number: BUCKETS_KEPT */
};

enum { SOURCES_MAX = 32 };

/* A text of the row that is being added, on its way to its number. */
struct pending {
    const char *text;
    size_t n;
    uint32_t hash, source;
};

struct builder {
    struct uuid domain;
    struct source sources[SOURCES_MAX];
    size_t n_sources;
    struct arena *texts, *row; /* row: emptied after every profile */
    char *room;                /* of texts, `left` bytes */
    size_t left;
    struct names terms;
    struct names values;  /* whole texts of fields, and what was made of them; kind: the source */
    struct numbers parts; /* terms of values */
    struct numbers refs;
    struct doc *docs;
    size_t n_docs, docs_size;
    const char **own[ORDERS]; /* of documents, where no text is looked for: docs_size, or NULL */
    struct pending *pending;
    size_t n_pending, pending_size;
    uint32_t contacts[2]; /* "email", "phone" */
    uint32_t class;       /* of the words that are being taken */
    struct numbers *into; /* and where they go */
};

#endif
