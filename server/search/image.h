/* Writing an image: sections in any order, dicts text by text. Start-up style memory: see mem.h. */
#ifndef SERVER_SEARCH_IMAGE_H
#define SERVER_SEARCH_IMAGE_H

#include "server/search/segment.h"

struct bytes_out {
    uint8_t *p;
    size_t n, size;
};

struct image {
    struct bytes_out out;
    size_t documents;
    /* of the dict that is being written */
    struct bytes_out offsets, blob, postings, counts, data;
    uint64_t *bits; /* scratch of one bitset */
};

void image_begin(struct image *w, size_t documents, const struct uuid *domain);
/* A whole section. */
void image_section(struct image *w, int section, const void *data, size_t n);
/* Texts must come in order; v is sorted. */
void image_dict_add(struct image *w, const char *text, const uint32_t *v, size_t count);
void image_dict_end(struct image *w, int dict);
/* An order's text, and its end with the ranks of all documents. */
void image_text_add(struct image *w, const char *text);
void image_order_end(struct image *w, int order, const uint32_t *ranks);
/* The segment; w is empty afterwards. */
struct segment *image_end(struct image *w);

#endif
