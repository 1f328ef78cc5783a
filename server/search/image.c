#include "server/search/image.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#include "common/file.h"
#include "common/utf8.h"
#include "server/search/cube.h"
#include "server/search/known.h"

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
    if (w->err || n == 0) /* of nothing there may be no address */
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
    w->rows = xcalloc(documents, FIRST_FACETS);
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

    if (s->v)
        image_put(w, s->v, s->count * sizeof(*s->v));
    else
        for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at))
            image_put(w, &i, sizeof(i));
}

static void put_packed(struct image *w, const struct set *s)
{
    size_t runs = set_runs(w->documents), n = 0;
    uint32_t *ends = xcalloc(runs + 1, sizeof(*ends));
    uint16_t *members = (uint16_t *)w->bits; /* they take no more room than the bitset */
    struct set_at at;

    for (uint32_t i = set_first(s, &at); i != SET_END; i = set_next(s, &at)) {
        members[n++] = (uint16_t)i;
        ends[(i >> PACKED_BITS) + 1] = (uint32_t)n;
    }
    for (size_t r = 1; r <= runs; r++) /* a run without any ends where the one before does */
        ends[r] = ends[r] ? ends[r] : ends[r - 1];
    image_put(w, ends, (runs + 1) * sizeof(*ends));
    image_put(w, members, n * sizeof(*members));
    memset(members, 0, n * sizeof(*members));
    free(ends);
}

void image_dict_add(struct image *w, const char *text, const struct set *s)
{
    enum set_form form = set_form(s->count, w->documents);
    uint32_t n = (uint32_t)s->count;
    uint64_t at;

    align(w, form == SET_BITS ? ALIGN : 8);
    at = w->at - w->data_at;
    image_text_add(w, text);
    add(&w->postings, &at, sizeof(at));
    add(&w->counts, &n, sizeof(n));
    if (form == SET_BITS)
        put_bits(w, s);
    else if (form == SET_PACKED)
        put_packed(w, s);
    else
        put_array(w, s);
}

void image_texts_end(struct image *w, int section)
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
    image_texts_end(w, at);
    add(&w->postings, w->counts.p, w->counts.n);
    image_section(w, at + 2, w->postings.p, w->postings.n);
    w->postings.n = w->counts.n = 0;
}

/* The low bytes of a number, the lowest first. */
static void narrow(uint8_t *out, uint32_t code, int width)
{
    for (int i = 0; i < width; i++)
        out[i] = (uint8_t)(code >> 8 * i);
}

/* A column of numbers up to `most`. */
static void put_column(struct image *w, int section, const uint32_t *v, size_t most)
{
    int width = codes_width(most);
    uint8_t piece[CODES_PIECE * sizeof(uint32_t)];

    image_section_begin(w, section);
    for (size_t i = 0; i < w->documents; i += CODES_PIECE) {
        size_t k = w->documents - i < CODES_PIECE ? w->documents - i : CODES_PIECE;

        for (size_t c = 0; c < k; c++)
            narrow(piece + c * (size_t)width, v[i + c], width);
        image_put(w, piece, k * (size_t)width);
    }
    image_section_end(w, section);
}

/* Bit `bit` of 64 bytes; each multiplication gathers that of eight. */
static uint64_t gather(const uint8_t *codes, int bit)
{
    uint64_t out = 0;

    for (int i = 0; i < 8; i++) {
        uint64_t eight;

        memcpy(&eight, codes + i * 8, sizeof(eight));
        eight = (eight >> bit) & UINT64_C(0x0101010101010101);
        out |= (eight * UINT64_C(0x0102040810204080)) >> 56 << (i * 8);
    }
    return out;
}

static void put_planes(struct image *w, int first, const uint32_t *codes, uint32_t n)
{
    size_t words = bits_words(w->documents);
    uint32_t *counts = xcalloc((size_t)n + 1, sizeof(*counts));
    uint8_t *map = xcalloc((size_t)n + 1, 1), *narrow_codes = xcalloc(words * 64 + 1, 1);
    struct planes p;

    for (size_t i = 0; i < w->documents; i++)
        counts[codes[i]]++;
    planes_choose(&p, counts + 1, n, w->documents);
    planes_map(&p, n, map);
    for (size_t i = 0; i < w->documents; i++)
        narrow_codes[i] = map[codes[i]];
    image_section_begin(w, SEC_PLANES + first);
    for (int bit = 0; bit < p.n; bit++) {
        for (size_t i = 0; i < words; i++)
            w->bits[i] = gather(narrow_codes + i * 64, bit);
        image_put(w, w->bits, words * sizeof(uint64_t));
    }
    image_section_end(w, SEC_PLANES + first);
    memset(w->bits, 0, words * sizeof(uint64_t));
    free(counts);
    free(map);
    free(narrow_codes);
}

void image_codes(struct image *w, int kind, const uint32_t *codes, uint32_t n)
{
    int first = facet_first((enum facet)kind);

    if (first < 0 || codes_width(n) > 1)
        put_column(w, SEC_CODES + kind, codes, n);
    if (first < 0)
        return;
    w->values[first] = n;
    for (size_t i = 0; codes_width(n) == 1 && i < w->documents; i++)
        w->rows[i * FIRST_FACETS + (size_t)first] = (uint8_t)codes[i];
    put_planes(w, first, codes, n);
}

void image_by_id(struct image *w, const uint32_t *by_id)
{
    w->by_id = by_id;
    put_column(w, SEC_BY_ID, by_id, w->documents);
}

void image_sorted(struct image *w, int sorted, const uint32_t *documents)
{
    put_column(w, SEC_SORTED + sorted, documents, w->documents);
}

/* Taken in order of id, those of a key fall into place in order of id. */
void image_sort(struct image *w, int sorted, const uint32_t *keys, size_t n)
{
    uint32_t *place = xcalloc(n + 1, sizeof(*place));
    uint32_t *out = xcalloc(w->documents, sizeof(*out));

    for (size_t i = 0; i < w->documents; i++)
        place[keys[i] + 1]++;
    for (size_t k = 1; k <= n; k++)
        place[k] += place[k - 1];
    for (size_t i = 0; i < w->documents; i++)
        out[place[keys[w->by_id[i]]]++] = w->by_id[i];
    image_sorted(w, sorted, out);
    free(place);
    free(out);
}

void image_order_end(struct image *w, int order, const uint32_t *ranks)
{
    size_t n = w->offsets.n / sizeof(uint32_t);

    image_texts_end(w, SEC_ORDER + order * 3);
    put_column(w, SEC_ORDER + order * 3 + 2, ranks, n);
    image_sort(w, order, ranks, n);
}

static void put_cube(struct image *w)
{
    size_t n = cube_cells(w->values, w->documents);
    uint32_t *cells = xcalloc(n + 1, sizeof(*cells));

    if (n)
        cube_fill(CUBE_FOURS, cells, w->values, w->rows, w->documents);
    image_section(w, SEC_CUBE, cells, n * sizeof(*cells));
    free(cells);
}

/* All that is written so far, to read, with its sections. */
static const void *written(struct image *w)
{
    const void *out = NULL;

    if (!w->dir)
        return memcpy(w->whole.p, &w->header, sizeof(w->header));
    flush(w);
    if (!w->err)
        w->err = file_patch(w->file, 0, &w->header, sizeof(w->header));
    if (!w->err)
        w->err = file_map(w->file, w->at, &out);
    return out;
}

/* From the postings of words, of all classes together. */
static void put_known(struct image *w)
{
    struct known_lists lists;
    size_t size = w->at;
    const void *whole = written(w);

    if (!whole)
        return;
    known_count(&lists, whole, w->rows, w->values);
    if (w->dir)
        munmap((void *)(uintptr_t)whole, size);
    known_write(&lists, w);
}

static void release(struct image *w)
{
    free(w->whole.p);
    free(w->offsets.p);
    free(w->blob.p);
    free(w->postings.p);
    free(w->counts.p);
    free(w->bits);
    free(w->rows);
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
    if (w->scratch)
        return segment_map(file_take(f), out);
    w->err = file_end(f);
    return w->err ? w->err : segment_open(w->dir, w->name, false, NULL, out);
}

enum err image_end(struct image *w, struct segment **out)
{
    enum err err = ERR_OK;

    image_section(w, SEC_ROWS, w->rows, w->documents * FIRST_FACETS);
    put_cube(w);
    put_known(w);
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
