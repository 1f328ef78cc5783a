#include "server/search/image.h"

#include <assert.h>
#include <string.h>

static void put(struct bytes_out *b, const void *data, size_t n)
{
    if (b->n + n > b->size) {
        b->size = b->size ? b->size : 4096;
        while (b->size < b->n + n)
            b->size += b->size / 2 + 4096;
        b->p = xrealloc(b->p, b->size);
    }
    if (n)
        memcpy(b->p + b->n, data, n);
    b->n += n;
}

static void align(struct bytes_out *b)
{
    static const uint8_t zeros[8];

    put(b, zeros, (8 - b->n % 8) % 8);
}

void image_begin(struct image *w, size_t documents, const struct uuid *domain)
{
    struct image_header h = {.documents = documents};

    *w = (struct image){.documents = documents};
    memcpy(h.domain, domain->b, 16);
    put(&w->out, &h, sizeof(h));
    align(&w->out);
    w->bits = xcalloc(bits_words(documents) + 1, sizeof(*w->bits));
}

void image_section(struct image *w, int section, const void *data, size_t n)
{
    struct image_header *h;

    align(&w->out);
    h = (void *)w->out.p;
    h->sections[section] = (struct section){w->out.n, n};
    put(&w->out, data, n);
}

static void add_offset(struct image *w)
{
    uint32_t at = (uint32_t)w->blob.n;

    put(&w->offsets, &at, sizeof(at));
}

void image_text_add(struct image *w, const char *text)
{
    add_offset(w);
    put(&w->blob, text, strlen(text) + 1);
}

void image_dict_add(struct image *w, const char *text, const uint32_t *v, size_t count)
{
    uint64_t at = w->data.n;
    uint32_t n = (uint32_t)count;
    size_t words = bits_words(w->documents);

    image_text_add(w, text);
    put(&w->postings, &at, sizeof(at));
    put(&w->counts, &n, sizeof(n));
    if (set_is_sparse(count, w->documents)) {
        put(&w->data, v, count * sizeof(*v));
    } else {
        for (size_t i = 0; i < count; i++)
            bits_set(w->bits, v[i]);
        put(&w->data, w->bits, words * sizeof(*w->bits));
        memset(w->bits, 0, words * sizeof(*w->bits));
    }
    align(&w->data);
}

static void end_texts(struct image *w, int section)
{
    add_offset(w);
    image_section(w, section, w->offsets.p, w->offsets.n);
    image_section(w, section + 1, w->blob.p, w->blob.n);
    w->offsets.n = w->blob.n = 0;
}

void image_dict_end(struct image *w, int dict)
{
    int at = SEC_DICT + dict * 4;

    end_texts(w, at);
    put(&w->postings, w->counts.p, w->counts.n);
    image_section(w, at + 2, w->postings.p, w->postings.n);
    image_section(w, at + 3, w->data.p, w->data.n);
    w->postings.n = w->counts.n = w->data.n = 0;
}

void image_order_end(struct image *w, int order, const uint32_t *ranks)
{
    end_texts(w, SEC_ORDER + order * 3);
    image_section(w, SEC_ORDER + order * 3 + 2, ranks, w->documents * sizeof(*ranks));
}

struct segment *image_end(struct image *w)
{
    struct segment *s;

    free(w->offsets.p);
    free(w->blob.p);
    free(w->postings.p);
    free(w->counts.p);
    free(w->data.p);
    free(w->bits);
    align(&w->out);
    s = segment_from_memory(w->out.p, w->out.n);
    assert(s); /* what we wrote we can read */
    *w = (struct image){0};
    return s;
}
