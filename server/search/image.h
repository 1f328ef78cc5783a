/*
 * Writing an image: sections in any order, dicts text by text, to memory or straight to a file, so
 * that a merge needs no room for its result.  A failed write is kept and comes back at the end.
 * Memory is taken as at start-up (see mem.h): these run on the index's own threads.
 */
#ifndef SERVER_SEARCH_IMAGE_H
#define SERVER_SEARCH_IMAGE_H

#include "server/search/checksum.h"
#include "server/search/segment.h"

struct file_out;

struct bytes_out {
    uint8_t *p;
    size_t n, size;
};

struct image {
    struct image_header header;
    size_t documents, at; /* at: bytes written */
    const char *dir;
    char name[64];
    struct file_out *file;  /* NULL: in memory */
    bool scratch;           /* the file gets no name, and is gone with the segment */
    struct bytes_out whole; /* all of it, or what is not in the file yet */
    struct checksum sum;
    enum err err;
    size_t data_at; /* where the dict's postings began */
    struct bytes_out offsets, blob, postings, counts;
    uint64_t *bits; /* one bitset */
    uint8_t *rows;
    uint32_t values[FIRST_FACETS];
    const uint32_t *by_id; /* the caller's, from image_by_id() to the last of what is sorted */
};

/* dir: the file's; NULL: in memory. */
void image_begin(struct image *w, size_t documents, const struct uuid *domain, const char *dir);

/* A section piece by piece, or whole. */
void image_section_begin(struct image *w, int section);
void image_put(struct image *w, const void *data, size_t n);
void image_section_end(struct image *w, int section);
void image_section(struct image *w, int section, const void *data, size_t n);

/* Texts must come in order; either form of a set will do. */
void image_dict_begin(struct image *w);
void image_dict_add(struct image *w, const char *text, const struct set *s);
void image_dict_end(struct image *w, int dict);
/* The codes + 1 of a kind of value (0: none), as 32-bit numbers, of a dict of n texts. */
void image_codes(struct image *w, int kind, const uint32_t *codes, uint32_t n);

/* Documents in order of id; it stays with the caller until what is sorted is written. */
void image_by_id(struct image *w, const uint32_t *by_id);
/* Documents in any order, or by keys below n and then id. */
void image_sorted(struct image *w, int sorted, const uint32_t *documents);
void image_sort(struct image *w, int sorted, const uint32_t *keys, size_t n);

/* An order's texts, in order, and the ranks of all documents, which are sorted by them. */
void image_text_add(struct image *w, const char *text);
/* The texts that were added, in two sections. */
void image_texts_end(struct image *w, int section);
void image_order_end(struct image *w, int order, const uint32_t *ranks);

/* w is empty afterwards. errors: ERR_DISK_FULL, ERR_UNAVAILABLE; never in memory */
enum err image_end(struct image *w, struct segment **out) MUST_CHECK;

#endif
