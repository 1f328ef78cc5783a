/*
 * A segment: some profiles of one visibility domain, immutable, as one run of bytes ("image") that
 * is the same in memory and mapped from a file.
 *
 *   header   magic, version, documents, domain, checksums, table of sections
 *   columns  ids, ordinals in order of id, score, quality, updated, employees, revenue; a code per
 *            single-valued kind of value
 *   dicts    sorted texts, each with the documents that have it: one a text class and kind of
 *            value; for values also their order when folded
 *   orders   sorted texts of name and company, the rank of every document in each; and documents
 *            sorted by name, company, updated and quality
 *   rows     the codes of the first screen's facets, document by document: for small results
 *   planes   the same as a bitset for each bit of a code: for large results (planes.h)
 *   cube     how many documents have each four of these codes: for results of facets alone (cube.h)
 *   known    the same of documents with a frequent word or beginning of words, for fewer (known.h)
 *
 * Documents are in the default order: score descending, then id.  Integers are the machine's
 * (columns of codes: little-endian); a file of another byte order fails its magic and is rebuilt.
 */
#ifndef SERVER_SEARCH_SEGMENT_H
#define SERVER_SEARCH_SEGMENT_H

#include <stdatomic.h>

#include "common/api.h"
#include "common/err.h"
#include "server/search/bits.h"
#include "server/search/planes.h"

/* Classes of words, by how much a match in them weighs for relevance. */
enum text_class { TEXT_TITLE, TEXT_NAME, TEXT_COMPANY, TEXT_OTHER, TEXT_CLASSES };

/* Kinds of values that are kept whole: the facets (FACET_x), then texts that are no facets. */
enum { VALUES_TITLE = FACET_END, VALUES_COMPANY, VALUES_END };

/* Dicts: the text classes, then the kinds of values (at TEXT_CLASSES + kind), then contacts. */
enum {
    DICT_CONTACT = TEXT_CLASSES + VALUES_END, /* "email", "phone": has_... */
    DICTS,
};

/* Words that are known by themselves, and beginnings of words. */
enum { KNOWN_WORDS, KNOWN_STARTS, KNOWN_LISTS };

enum order { ORDER_NAME, ORDER_COMPANY, ORDERS };

/* Documents in order of a key, then id: the orders by text, then these. */
enum { SORTED_UPDATED = ORDERS, SORTED_QUALITY, SORTED };

/* The facets of the first screen, which have what makes counting them fast: rows, planes, cube. */
enum { FIRST_FACETS = 6 };
extern const enum facet first_facets[FIRST_FACETS];

enum { SEGMENT_VERSION = 5, ORDER_TEXT_MAX = 160 /* bytes of a folded name that order it */ };

/* Sections.  A dict has four: offsets of texts, texts, where postings are, postings. */
enum {
    SEC_IDS,
    SEC_BY_ID,
    SEC_SCORE,
    SEC_QUALITY,
    SEC_UPDATED,
    SEC_EMPLOYEES,
    SEC_REVENUE,
    SEC_DICT,
    SEC_CODES = SEC_DICT + DICTS * 4,
    SEC_FOLDED = SEC_CODES + VALUES_END,
    SEC_ORDER = SEC_FOLDED + VALUES_END, /* three an order: offsets, texts, ranks */
    SEC_SORTED = SEC_ORDER + ORDERS * 3,
    SEC_ROWS = SEC_SORTED + SORTED,
    SEC_PLANES,
    SEC_CUBE = SEC_PLANES + FIRST_FACETS,
    SEC_KNOWN, /* three a list: offsets, texts, cells */
    SECTIONS = SEC_KNOWN + KNOWN_LISTS * 3,
};

struct section {
    uint64_t at, size;
};

struct image_header {
    uint64_t magic, version, size, documents;
    uint8_t domain[16];
    uint64_t body_sum;   /* of everything behind the header */
    uint64_t header_sum; /* of the header with this member zero */
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

/*
 * A column of small numbers, as wide as they need.  For a kind of value: code + 1 into its dict, 0
 * for no value.
 */
struct codes {
    const void *v; /* NULL: it is multi-valued */
    int width;     /* bytes: 1 to 4 */
    int stride;    /* bytes from one to the next */
};

/* What is kept of some words (known.h): a cube of each. */
struct known {
    struct texts texts;
    const uint32_t *cells;
    size_t each; /* cells of one */
};

/*
 * What the file system says of a file.  The time of the last change of its inode cannot be set: as
 * long as all of it is the same, nobody has written to the file.
 */
struct file_identity {
    uint64_t inode, size;
    int64_t modified_ns, changed_ns;
};

struct segment {
    atomic_int refs;
    const uint8_t *image;
    size_t size;
    bool mapped;
    char file[64]; /* its name in the directory; "": in memory only */
    struct file_identity identity;
    atomic_bool unread; /* taken on its identity; segment_read() has not been through it */
    struct uuid domain;
    uint32_t n;
    const struct uuid *ids;
    struct codes by_id; /* ordinals in order of id */
    const uint8_t *score, *quality;
    const int64_t *updated, *revenue; /* 0: unknown */
    const uint32_t *employees;        /* 0: unknown */
    struct dict dicts[DICTS];
    struct codes codes[VALUES_END];
    const uint32_t
        *folded[VALUES_END]; /* the dict's texts in order of utf8_fold(), then as they are */
    struct texts orders[ORDERS];
    struct codes ranks[ORDERS];
    struct codes sorted[SORTED]; /* ordinals */
    const uint8_t *rows; /* FIRST_FACETS codes a document; 0 where the facet's own are wider */
    struct planes planes[FIRST_FACETS];
    const uint32_t *cube; /* NULL: there is none */
    struct known known[KNOWN_LISTS];
    struct blocks blocks; /* for questions to it */
};

/* Takes a malloc'd image that was finished or sealed here. NULL: it is not one (freed). */
struct segment *segment_from_memory(uint8_t *image, size_t size);
/*
 * Map a file.  `check`: verify every byte, unless it still is the file that `known` says (NULL:
 * nothing is known); without it only what was written by this process and renamed into place is
 * opened.
 * errors: ERR_NOT_FOUND, ERR_INVALID (torn, altered, of another version), ERR_UNAVAILABLE
 */
enum err segment_open(const char *dir, const char *file, bool check,
                      const struct file_identity *known, struct segment **out) MUST_CHECK;
/* Map what this process wrote; takes the descriptor over. errors: ERR_INVALID, ERR_UNAVAILABLE */
enum err segment_map(int fd, struct segment **out) MUST_CHECK;
/* Verify every byte of a segment that is unread: what the disk may have done to it. */
bool segment_read(struct segment *s);
/* Write the image to a file of its own and note its name. */
enum err segment_save(struct segment *s, const char *dir) MUST_CHECK;
struct segment *segment_ref(struct segment *s);
void segment_unref(struct segment *s); /* NULL is fine */

/*
 * An image that is being written, as far as it is: its header, dicts and rows (known.h).
 */
void segment_peek(struct segment *s, const uint8_t *image, const uint8_t *rows);

/* Magic, version, size and checksums of a header whose sections are filled in. */
void header_seal(struct image_header *h, uint64_t size, uint64_t body_sum);
/* A new name, "ID.segment". */
void segment_name(char *out, size_t size);

/* Does everything that is read from the image lie within it, and every ordinal and code in range?
 */
bool segment_is_sound(const struct segment *s);

/* Whom its rows are shown to: everybody for the catalogue, else one account. */
static inline bool segment_is_visible(const struct segment *s, const struct uuid *account)
{
    return uuid_equal(&s->domain, &catalogue_account) || uuid_equal(&s->domain, account);
}

static inline const char *texts_at(const struct texts *t, uint32_t i)
{
    return t->blob + t->offsets[i];
}

/* The first text that is not less than key. */
uint32_t texts_lower(const struct texts *t, const char *key);
/* UINT32_MAX: it is not there. */
uint32_t texts_find(const struct texts *t, const char *key);

struct set dict_set(const struct segment *s, int dict, uint32_t i); /* borrowed */
/* The ordinal of a document, or UINT32_MAX. */
uint32_t segment_find(const struct segment *s, const struct uuid *id);

static inline uint32_t codes_at(const struct codes *c, uint32_t i)
{
    const uint8_t *p = (const uint8_t *)c->v + (size_t)i * (size_t)c->stride;
    uint32_t out = p[0];

    if (c->width > 1)
        out |= (uint32_t)p[1] << 8;
    if (c->width > 2)
        out |= (uint32_t)p[2] << 16;
    if (c->width > 3)
        out |= (uint32_t)p[3] << 24;
    return out;
}

/* Bytes of the numbers up to n. */
static inline int codes_width(size_t n)
{
    return n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : n < 1 << 24 ? 3 : 4;
}

/* Its place among first_facets, or -1. */
int facet_first(enum facet f);

/* Of the words of a field's texts. */
enum text_class segment_class(const struct field *f);
/* Is this kind of value a list? */
bool values_are_multi(int kind);

#endif
