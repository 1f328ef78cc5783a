#include "server/search/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/file.h"
#include "server/search/checksum.h"
#include "server/search/cube.h"
#include "server/search/known.h"

#define MAGIC UINT64_C(0x31786564696c676c) /* "lgildex1" */

enum text_class segment_class(const struct field *f)
{
    if (strcmp(f->name, "title") == 0)
        return TEXT_TITLE;
    if (strcmp(f->name, "name") == 0)
        return TEXT_NAME;
    return strcmp(f->name, "company") == 0 ? TEXT_COMPANY : TEXT_OTHER;
}

bool values_are_multi(int kind)
{
    for (const struct field *field = profile_type.fields; field->name; field++)
        if (field->facet == kind)
            return field->kind == KIND_STRS;
    return false;
}

const enum facet first_facets[FIRST_FACETS] = {FACET_seniority, FACET_department,
                                               FACET_industry,  FACET_employees,
                                               FACET_country,   FACET_email_status};

int facet_first(enum facet f)
{
    for (int i = 0; i < FIRST_FACETS; i++)
        if (first_facets[i] == f)
            return i;
    return -1;
}

static const void *section(const struct segment *s, int i)
{
    const struct image_header *h = (const void *)s->image;

    return s->image + h->sections[i].at;
}

static size_t section_size(const struct segment *s, int i)
{
    const struct image_header *h = (const void *)s->image;

    return h->sections[i].size;
}

static uint64_t header_sum(const struct image_header *h)
{
    struct image_header plain = *h;

    plain.header_sum = 0;
    return checksum_of(&plain, sizeof(plain));
}

void header_seal(struct image_header *h, uint64_t size, uint64_t body_sum)
{
    h->magic = MAGIC;
    h->version = SEGMENT_VERSION;
    h->size = size;
    h->body_sum = body_sum;
    h->header_sum = header_sum(h);
}

static bool header_is_fine(const uint8_t *image, size_t size)
{
    const struct image_header *h = (const void *)image;

    if (size < sizeof(*h) || h->magic != MAGIC || h->version != SEGMENT_VERSION ||
        h->size != size || h->documents == 0 || h->documents >= UINT32_MAX ||
        h->header_sum != header_sum(h))
        return false;
    for (int i = 0; i < SECTIONS; i++)
        if (h->sections[i].at > size || h->sections[i].size > size - h->sections[i].at ||
            h->sections[i].at % 8)
            return false;
    return true;
}

static bool read_texts(const struct segment *s, int at, struct texts *out)
{
    size_t n = section_size(s, at) / sizeof(uint32_t);

    if (n == 0)
        return false;
    out->offsets = section(s, at);
    out->blob = section(s, at + 1);
    out->n = (uint32_t)(n - 1);
    return out->offsets[out->n] == section_size(s, at + 1);
}

static bool read_dict(const struct segment *s, int i, struct dict *out)
{
    int at = SEC_DICT + i * 4;

    /* the third section holds the offsets (8 bytes each) and behind them the counts (4 each) */
    if (!read_texts(s, at, &out->texts) || section_size(s, at + 2) < (size_t)out->texts.n * 12)
        return false;
    out->postings = section(s, at + 2);
    out->counts = (const uint32_t *)(out->postings + out->texts.n);
    out->data = section(s, at + 3);
    return true;
}

/* A column of numbers up to most. */
static bool read_column(const struct segment *s, int at, size_t most, struct codes *out)
{
    int width = codes_width(most);

    *out = (struct codes){section(s, at), width, width};
    return section_size(s, at) >= (size_t)s->n * (size_t)width;
}

static bool read_values(struct segment *s, int kind)
{
    struct codes *codes = &s->codes[kind];
    size_t n = s->dicts[TEXT_CLASSES + kind].texts.n;

    s->folded[kind] = section(s, SEC_FOLDED + kind);
    if (section_size(s, SEC_FOLDED + kind) < n * sizeof(uint32_t))
        return false;
    if (values_are_multi(kind))
        return true;
    if (facet_first((enum facet)kind) >= 0 && codes_width(n) == 1) {
        *codes = (struct codes){s->rows + facet_first((enum facet)kind), 1, FIRST_FACETS};
        return true;
    }
    return read_column(s, SEC_CODES + kind, n, codes);
}

static bool read_planes(struct segment *s, int i)
{
    const struct dict *d = &s->dicts[TEXT_CLASSES + first_facets[i]];
    struct planes *p = &s->planes[i];

    planes_choose(p, d->counts, d->texts.n, s->n);
    p->bits = section(s, SEC_PLANES + i);
    return section_size(s, SEC_PLANES + i) >= (size_t)p->n * p->words * sizeof(uint64_t);
}

static bool read_cube(struct segment *s)
{
    uint32_t values[FIRST_FACETS];
    size_t cells;

    for (int i = 0; i < FIRST_FACETS; i++)
        values[i] = s->dicts[TEXT_CLASSES + first_facets[i]].texts.n;
    cells = cube_cells(values, s->n);
    s->cube = cells ? section(s, SEC_CUBE) : NULL;
    return section_size(s, SEC_CUBE) >= cells * sizeof(*s->cube);
}

static bool read_known(struct segment *s)
{
    uint32_t values[FIRST_FACETS];

    for (int i = 0; i < FIRST_FACETS; i++)
        values[i] = s->dicts[TEXT_CLASSES + first_facets[i]].texts.n;
    for (int k = 0; k < KNOWN_LISTS; k++) {
        struct known *known = &s->known[k];
        int at = SEC_KNOWN + k * 3;

        known->each = cube_size(known_kinds[k], values);
        known->cells = section(s, at + 2);
        if (!read_texts(s, at, &known->texts) || section_size(s, at + 2) / sizeof(*known->cells) <
                                                     (uint64_t)known->texts.n * known->each)
            return false;
        if (!known->each && known->texts.n)
            return false;
    }
    return true;
}

static bool read_first(struct segment *s)
{
    s->rows = section(s, SEC_ROWS);
    if (section_size(s, SEC_ROWS) < (size_t)s->n * FIRST_FACETS)
        return false;
    for (int i = 0; i < FIRST_FACETS; i++)
        if (!read_planes(s, i))
            return false;
    return read_cube(s) && read_known(s);
}

void segment_peek(struct segment *s, const uint8_t *image, const uint8_t *rows)
{
    const struct image_header *h = (const void *)image;

    *s = (struct segment){.image = image, .n = (uint32_t)h->documents, .rows = rows};
    for (int i = 0; i < DICTS; i++)
        if (!read_dict(s, i, &s->dicts[i]))
            abort(); /* it has just been written */
}

static bool columns_fit(const struct segment *s)
{
    size_t n = s->n;

    return section_size(s, SEC_IDS) >= n * sizeof(*s->ids) && section_size(s, SEC_SCORE) >= n &&
           section_size(s, SEC_QUALITY) >= n &&
           section_size(s, SEC_UPDATED) >= n * sizeof(*s->updated) &&
           section_size(s, SEC_EMPLOYEES) >= n * sizeof(*s->employees) &&
           section_size(s, SEC_REVENUE) >= n * sizeof(*s->revenue);
}

static bool attach(struct segment *s)
{
    const struct image_header *h = (const void *)s->image;

    s->n = (uint32_t)h->documents;
    memcpy(s->domain.b, h->domain, sizeof(s->domain.b));
    if (!columns_fit(s) || !read_column(s, SEC_BY_ID, s->n, &s->by_id))
        return false;
    s->ids = section(s, SEC_IDS);
    s->score = section(s, SEC_SCORE);
    s->quality = section(s, SEC_QUALITY);
    s->updated = section(s, SEC_UPDATED);
    s->employees = section(s, SEC_EMPLOYEES);
    s->revenue = section(s, SEC_REVENUE);
    for (int i = 0; i < DICTS; i++)
        if (!read_dict(s, i, &s->dicts[i]))
            return false;
    if (!read_first(s))
        return false;
    for (int kind = 1; kind < VALUES_END; kind++)
        if (!read_values(s, kind))
            return false;
    for (int o = 0; o < ORDERS; o++)
        if (!read_texts(s, SEC_ORDER + o * 3, &s->orders[o]) ||
            !read_column(s, SEC_ORDER + o * 3 + 2, s->orders[o].n, &s->ranks[o]))
            return false;
    for (int o = 0; o < SORTED; o++)
        if (!read_column(s, SEC_SORTED + o, s->n, &s->sorted[o]))
            return false;
    return true;
}

static struct segment *wrap(const uint8_t *image, size_t size, bool mapped)
{
    struct segment *s = xcalloc(1, sizeof(*s));

    atomic_init(&s->refs, 1);
    atomic_init(&s->unread, false);
    blocks_init(&s->blocks);
    s->image = image;
    s->size = size;
    s->mapped = mapped;
    if (header_is_fine(image, size) && attach(s))
        return s;
    segment_unref(s);
    return NULL;
}

struct segment *segment_from_memory(uint8_t *image, size_t size)
{
    return wrap(image, size, false);
}

static bool is_intact(const struct segment *s)
{
    const struct image_header *h = (const void *)s->image;

    return h->body_sum == checksum_of(s->image + sizeof(*h), s->size - sizeof(*h)) &&
           segment_is_sound(s);
}

static struct file_identity identity_of(const struct stat *st)
{
    return (struct file_identity){
        .inode = st->st_ino,
        .size = (uint64_t)st->st_size,
        .modified_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
        .changed_ns = st->st_ctim.tv_sec * INT64_C(1000000000) + st->st_ctim.tv_nsec};
}

static bool is_same(const struct file_identity *a, const struct file_identity *b)
{
    return a->inode == b->inode && a->size == b->size && a->modified_ns == b->modified_ns &&
           a->changed_ns == b->changed_ns;
}

bool segment_read(struct segment *s)
{
    bool fine = is_intact(s);

    atomic_store(&s->unread, false);
    return fine;
}

enum err segment_map(int fd, struct segment **out)
{
    struct stat st;
    void *image;

    *out = NULL;
    if (fstat(fd, &st) || st.st_size < (off_t)sizeof(struct image_header)) {
        close(fd);
        return ERR_INVALID;
    }
    image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (image == MAP_FAILED)
        return ERR_UNAVAILABLE;
    *out = wrap(image, (size_t)st.st_size, true);
    if (!*out)
        return ERR_INVALID;
    (*out)->identity = identity_of(&st);
    return ERR_OK;
}

enum err segment_open(const char *dir, const char *file, bool check,
                      const struct file_identity *known, struct segment **out)
{
    char path[PATH_MAX];
    enum err err;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
    err = segment_map(fd, out);
    if (err)
        return err;
    atomic_store(&(*out)->unread, check && known && is_same(known, &(*out)->identity));
    if (check && !atomic_load(&(*out)->unread) && !is_intact(*out)) {
        segment_unref(*out);
        *out = NULL;
        return ERR_INVALID;
    }
    snprintf((*out)->file, sizeof((*out)->file), "%s", file);
    return ERR_OK;
}

void segment_name(char *out, size_t size)
{
    struct uuid id = uuid_new();
    char text[UUID_TEXT];

    snprintf(out, size, "%s.segment", uuid_text(&id, text));
}

enum err segment_save(struct segment *s, const char *dir)
{
    char path[PATH_MAX], name[sizeof(s->file)];
    struct stat st;
    enum err err;

    segment_name(name, sizeof(name));
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    err = file_write(path, s->image, s->size, 0600);
    if (err)
        return err;
    if (stat(path, &st) == 0) /* if not, the next start reads it */
        s->identity = identity_of(&st);
    memcpy(s->file, name, sizeof(s->file));
    return ERR_OK;
}

struct segment *segment_ref(struct segment *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void segment_unref(struct segment *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) > 1)
        return;
    if (s->mapped)
        munmap((void *)(uintptr_t)s->image, s->size);
    else
        free((void *)(uintptr_t)s->image);
    blocks_release(&s->blocks);
    free(s);
}

uint32_t texts_lower(const struct texts *t, const char *key)
{
    uint32_t lo = 0, hi = t->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (strcmp(texts_at(t, mid), key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint32_t texts_find(const struct texts *t, const char *key)
{
    uint32_t i = texts_lower(t, key);

    return i < t->n && strcmp(texts_at(t, i), key) == 0 ? i : UINT32_MAX;
}

struct set dict_set(const struct segment *s, int dict, uint32_t i)
{
    const struct dict *d = &s->dicts[dict];
    const void *data = d->data + d->postings[i];
    struct set out = {.count = d->counts[i], .n = s->n};

    switch (set_form(out.count, out.n)) {
    case SET_ARRAY:
        out.v = data;
        break;
    case SET_PACKED:
        out.runs = data;
        break;
    case SET_BITS:
        out.bits = data;
        break;
    }
    return out;
}

uint32_t segment_find(const struct segment *s, const struct uuid *id)
{
    uint32_t lo = 0, hi = s->n;

    /* New rows have newer ids: most look-ups end at the last one. */
    if (uuid_compare(id, &s->ids[codes_at(&s->by_id, hi - 1)]) > 0)
        return UINT32_MAX;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = uuid_compare(&s->ids[codes_at(&s->by_id, mid)], id);

        if (c == 0)
            return codes_at(&s->by_id, mid);
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return UINT32_MAX;
}
