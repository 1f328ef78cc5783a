/*
 * A segment: some profiles of one visibility domain, immutable, as one run of bytes ("image") that
 * is the same in memory and mapped from a file.
 *
 *   header   magic, version, documents, domain, checksum, table of sections
 *   columns  ids, ids in order, score, quality, updated; per single-valued facet a code column
 *   dicts    sorted texts, each with the set of documents that have it: one per text class and
 * facet orders   sorted texts of name and company, and a rank column each
 *
 * Documents are in the default order: score descending, then id.  Integers are the machine's; a
 * file of another byte order fails its magic and is rebuilt.
 */
#ifndef SERVER_SEARCH_SEGMENT_H
#define SERVER_SEARCH_SEGMENT_H

#include <stdatomic.h>

#include "common/api.h"
#include "common/err.h"
#include "server/search/bits.h"

/* Classes of words, by how much a match in them weighs for relevance. */
enum text_class { TEXT_TITLE, TEXT_NAME, TEXT_COMPANY, TEXT_OTHER, TEXT_CLASSES };

/* Dicts: the text classes, then the facets (FACET_x at TEXT_CLASSES + x), then contacts. */
enum {
    DICT_CONTACT = TEXT_CLASSES + FACET_END, /* "email", "phone": has_... */
    DICTS,
};

enum order { ORDER_NAME, ORDER_COMPANY, ORDERS };

enum { SEGMENT_VERSION = 1, ORDER_TEXT_MAX = 160 /* bytes of a folded name that order it */ };

/* Sections in the table; a dict has four, an order three. */
enum {
    SEC_IDS,
    SEC_BY_ID,
    SEC_SCORE,
    SEC_QUALITY,
    SEC_UPDATED,
    SEC_DICT,
    SEC_CODES = SEC_DICT + DICTS * 4,
    SEC_ORDER = SEC_CODES + FACET_END,
    SECTIONS = SEC_ORDER + ORDERS * 3,
};

struct section {
    uint64_t at, size;
};

struct image_header {
    uint64_t magic, version, size, documents;
    uint8_t domain[16];
    uint64_t checksum; /* of everything behind the header */
    struct section sections[SECTIONS];
};

struct texts {
    const uint32_t *offsets; /* n + 1, into blob */
    const char *blob;        /* each text ends with a NUL */
    uint32_t n;
};

struct dict {
    struct texts texts;
    const uint64_t *postings; /* n offsets into data */
    const uint32_t *counts;   /* n */
    const uint8_t *data;
};

struct segment {
    atomic_int refs;
    const uint8_t *image;
    size_t size;
    bool mapped;
    char file[64]; /* its name in the directory; "" : in memory only */
    struct uuid domain;
    uint32_t n;
    const struct uuid *ids;
    const uint32_t *by_id; /* ordinals in order of id */
    const uint8_t *score, *quality;
    const int64_t *updated;
    struct dict dicts[DICTS];
    const uint32_t
        *codes[FACET_END]; /* code + 1 into the facet's dict; 0: none; NULL: multi-valued */
    struct texts orders[ORDERS];
    const uint32_t *ranks[ORDERS];
};

/* Takes a malloc'd image. NULL: it is not one (freed). */
struct segment *segment_from_memory(uint8_t *image, size_t size);
/* Map and check a file. errors: ERR_NOT_FOUND, ERR_INVALID: torn, altered, of another version */
enum err segment_open(const char *dir, const char *file, struct segment **out) MUST_CHECK;
/* Write aside, fsync, rename; the segment is mapped from then on by whoever opens it. */
enum err segment_save(struct segment *s, const char *dir) MUST_CHECK;
struct segment *segment_ref(struct segment *s);
void segment_unref(struct segment *s); /* NULL is fine */

const char *texts_at(const struct texts *t, uint32_t i);
/* The first text that is not less than key. */
uint32_t texts_lower(const struct texts *t, const char *key);
/* UINT32_MAX: it is not there. */
uint32_t texts_find(const struct texts *t, const char *key);

struct set dict_set(const struct segment *s, int dict, uint32_t i);
/* The ordinal of a document, or UINT32_MAX. */
uint32_t segment_find(const struct segment *s, const struct uuid *id);

uint64_t segment_checksum(const void *data, size_t n);

/* Is this facet's value a list? */
bool facet_is_multi(enum facet f);

#endif
