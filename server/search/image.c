#include "server/search/image.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "common/file.h"
#include "common/utf8.h"

enum { PIECE = 1 << 20, ALIGN = 64, CODES_PIECE = 4096 };

static void add(struct bytes_out *b, const void *data, size_t n)
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

static void write_out(struct image *w, const void *data, size_t n)
{
    if (!w->err && n)
        w->err = file_add(w->file, data, n);
}

static void flush(struct image *w)
{
    write_out(w, w->whole.p, w->whole.n);
    w->whole.n = 0;
}

void image_put(struct image *w, const void *data, size_t n)
{
    if (w->err)
        return;
    checksum_add(&w->sum, data, n);
    w->at += n;
    if (w->file && w->whole.n + n > PIECE)
        flush(w);
    if (w->file && n > PIECE)
        write_out(w, data, n);
    else
        add(&w->whole, data, n);
}

static void align(struct image *w, size_t to)
{
    static const uint8_t zeros[ALIGN];

    image_put(w, zeros, (to - w->at % to) % to);
}

void image_begin(struct image *w, size_t documents, const struct uuid *domain, const char *dir)
{
    char path[PATH_MAX];

    *w = (struct image){.documents = documents, .dir = dir};
    w->header.documents = documents;
    memcpy(w->header.domain, domain->b, sizeof(w->header.domain));
    if (dir) {
        segment_name(w->name, sizeof(w->name));
        snprintf(path, sizeof(path), "%s/%s", dir, w->name);
        w->err = file_begin(path, 0600, &w->file);
    }
    image_put(w, &w->header, sizeof(w->header)); /* its place; the sum begins behind it */
    checksum_begin(&w->sum);
    w->bits = xcalloc(bits_words(documents) + 1, sizeof(*w->bits));
}

void image_section_begin(struct image *w, int section)
{
    align(w, ALIGN);
    w->header.sections[section].at = w->at;
}

void image_section_end(struct image *w, int section)
{
    w->header.sections[section].size = w->at - w->header.sections[section].at;
}

void image_section(struct image *w, int section, const void *data, size_t n)
{
    image_section_begin(w, section);
    image_put(w, data, n);
    image_section_end(w, section);
}

static void add_offset(struct image *w)
{
    uint32_t at = (uint32_t)w->blob.n;

    add(&w->offsets, &at, sizeof(at));
}

void image_text_add(struct image *w, const char *text)
{
    add_offset(w);
    add(&w->blob, text, strlen(text) + 1);
}

void image_dict_begin(struct image *w)
{
    align(w, ALIGN);
    w->data_at = w->at;
}

static void put_bits(struct image *w, const struct set *s)
{
    size_t bytes = bits_words(w->documents) * sizeof(uint64_t);

    if (s->bits) {
        image_put(w, s->bits, bytes);
        return;
    }
    union_add(w->bits, s);
    image_put(w, w->bits, bytes);
    memset(w->bits, 0, bytes);
}

static void put_array(struct image *w, const struct set *s)
{
    struct set_at at;

    if (!s->bits)
        image_put(w, s->v, s->count * sizeof(*s->v));
    else
        for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at))
            image_put(w, &i, sizeof(i));
}

void image_dict_add(struct image *w, const char *text, const struct set *s)
{
    bool sparse = set_is_sparse(s->count, w->documents);
    uint32_t n = (uint32_t)s->count;
    uint64_t at;

    align(w, sparse ? 8 : ALIGN);
    at = w->at - w->data_at;
    image_text_add(w, text);
    add(&w->postings, &at, sizeof(at));
    add(&w->counts, &n, sizeof(n));
    if (sparse)
        put_array(w, s);
    else
        put_bits(w, s);
}

static void end_texts(struct image *w, int section)
{
    add_offset(w);
    image_section(w, section, w->offsets.p, w->offsets.n);
    image_section(w, section + 1, w->blob.p, w->blob.n);
    w->offsets.n = w->blob.n = 0;
}

struct folded {
    const char *text; /* folded */
    uint32_t code;
};

static int by_folded(const void *a, const void *b)
{
    const struct folded *x = a, *y = b;
    int c = strcmp(x->text, y->text);

    return c ? c : x->code < y->code ? -1 : 1;
}

/* The dict's texts, which are still in w->blob, by what they are when folded. */
static void put_folded(struct image *w, int kind)
{
    const uint32_t *offsets = (const uint32_t *)(const void *)w->offsets.p;
    size_t n = w->offsets.n / sizeof(*offsets);
    struct folded *v = xcalloc(n + 1, sizeof(*v));
    struct arena *mem = arena_new();

    for (size_t i = 0; i < n; i++)
        v[i] = (struct folded){utf8_fold(mem, (const char *)w->blob.p + offsets[i]), (uint32_t)i};
    qsort(v, n, sizeof(*v), by_folded);
    image_section_begin(w, SEC_FOLDED + kind);
    for (size_t i = 0; i < n; i++)
        image_put(w, &v[i].code, sizeof(v[i].code));
    image_section_end(w, SEC_FOLDED + kind);
    arena_free(mem);
    free(v);
}

void image_dict_end(struct image *w, int dict)
{
    int at = SEC_DICT + dict * 4, kind = dict - TEXT_CLASSES;

    w->header.sections[at + 3] = (struct section){w->data_at, w->at - w->data_at};
    if (kind > 0 && kind < VALUES_END)
        put_folded(w, kind);
    end_texts(w, at);
    add(&w->postings, w->counts.p, w->counts.n);
    image_section(w, at + 2, w->postings.p, w->postings.n);
    w->postings.n = w->counts.n = 0;
}

/* The low bytes of a number, as a number of that width. */
static void narrow(uint8_t *out, uint32_t code, int width)
{
    uint16_t two = (uint16_t)code;

    if (width == 1)
        *out = (uint8_t)code;
    else if (width == 2)
        memcpy(out, &two, sizeof(two));
    else
        memcpy(out, &code, sizeof(code));
}

void image_codes(struct image *w, int kind, const uint32_t *codes, size_t n)
{
    int width = codes_width(n);
    uint8_t piece[CODES_PIECE * sizeof(uint32_t)];

    image_section_begin(w, SEC_CODES + kind);
    for (size_t i = 0; i < w->documents; i += CODES_PIECE) {
        size_t k = w->documents - i < CODES_PIECE ? w->documents - i : CODES_PIECE;

        for (size_t c = 0; c < k; c++)
            narrow(piece + c * (size_t)width, codes[i + c], width);
        image_put(w, piece, k * (size_t)width);
    }
    image_section_end(w, SEC_CODES + kind);
}

void image_order_end(struct image *w, int order, const uint32_t *ranks)
{
    end_texts(w, SEC_ORDER + order * 3);
    image_section(w, SEC_ORDER + order * 3 + 2, ranks, w->documents * sizeof(*ranks));
}

static void release(struct image *w)
{
    free(w->whole.p);
    free(w->offsets.p);
    free(w->blob.p);
    free(w->postings.p);
    free(w->counts.p);
    free(w->bits);
}

static enum err end_file(struct image *w, struct segment **out)
{
    struct file_out *f = w->file;

    if (!f)
        return w->err;
    flush(w);
    if (!w->err)
        w->err = file_patch(f, 0, &w->header, sizeof(w->header));
    if (w->err) {
        file_abandon(f);
        return w->err;
    }
    w->err = file_end(f);
    return w->err ? w->err : segment_open(w->dir, w->name, false, out);
}

enum err image_end(struct image *w, struct segment **out)
{
    enum err err = ERR_OK;

    align(w, ALIGN);
    header_seal(&w->header, w->at, checksum_end(&w->sum));
    if (w->dir) {
        err = end_file(w, out);
    } else {
        memcpy(w->whole.p, &w->header, sizeof(w->header));
        *out = segment_from_memory(w->whole.p, w->whole.n);
        assert(*out); /* what we wrote we can read */
        w->whole.p = NULL;
    }
    release(w);
    *w = (struct image){0};
    return err;
}
