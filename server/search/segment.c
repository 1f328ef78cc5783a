#include "server/search/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/file.h"

#define MAGIC UINT64_C(0x31786564696c676c) /* "lgildex1" */

bool facet_is_multi(enum facet f)
{
    return f == FACET_technology || f == FACET_keyword;
}

/* A multiply-and-fold hash over words of 8 bytes: finds tears and flips, not forgeries. */
uint64_t segment_checksum(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ n, w;

    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&w, p, 8);
        h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    w = 0;
    memcpy(&w, p, n);
    h = (h ^ w) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 29;
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

static bool header_is_fine(const uint8_t *image, size_t size)
{
    const struct image_header *h = (const void *)image;

    if (size < sizeof(*h) || h->magic != MAGIC || h->version != SEGMENT_VERSION ||
        h->size != size || h->documents >= UINT32_MAX)
        return false;
    for (int i = 0; i < SECTIONS; i++)
        if (h->sections[i].at > size || h->sections[i].size > size - h->sections[i].at ||
            h->sections[i].at % 8)
            return false;
    return h->checksum == segment_checksum(image + sizeof(*h), size - sizeof(*h));
}

static bool read_texts(const struct segment *s, int at, struct texts *out)
{
    size_t n = section_size(s, at) / sizeof(uint32_t), blob = section_size(s, at + 1);

    if (n == 0)
        return false;
    out->offsets = section(s, at);
    out->blob = section(s, at + 1);
    out->n = (uint32_t)(n - 1);
    if (out->offsets[out->n] != blob || (blob && out->blob[blob - 1] != '\0'))
        return false;
    for (uint32_t i = 0; i < out->n; i++)
        if (out->offsets[i] >= out->offsets[i + 1])
            return false;
    return true;
}

static bool posting_is_fine(const struct segment *s, const struct dict *d, size_t size, uint32_t i)
{
    size_t need = set_is_sparse(d->counts[i], s->n) ? d->counts[i] * sizeof(uint32_t)
                                                    : bits_words(s->n) * sizeof(uint64_t);

    return d->counts[i] <= s->n && d->postings[i] % 8 == 0 && d->postings[i] <= size &&
           need <= size - d->postings[i];
}

static bool read_dict(const struct segment *s, int i, struct dict *out)
{
    int at = SEC_DICT + i * 4;
    size_t size = section_size(s, at + 3);

    /* section 2 holds the offsets (8 bytes each) and behind them the counts (4 each) */
    if (!read_texts(s, at, &out->texts) || section_size(s, at + 2) < (size_t)out->texts.n * 12)
        return false;
    out->postings = section(s, at + 2);
    out->counts = (const uint32_t *)(out->postings + out->texts.n);
    out->data = section(s, at + 3);
    for (uint32_t k = 0; k < out->texts.n; k++)
        if (!posting_is_fine(s, out, size, k))
            return false;
    return true;
}

static bool columns_are_fine(const struct segment *s)
{
    size_t n = s->n;

    if (section_size(s, SEC_IDS) < n * 16 || section_size(s, SEC_BY_ID) < n * 4 ||
        section_size(s, SEC_SCORE) < n || section_size(s, SEC_QUALITY) < n ||
        section_size(s, SEC_UPDATED) < n * 8)
        return false;
    for (int f = 1; f < FACET_END; f++)
        if (!facet_is_multi((enum facet)f) && section_size(s, SEC_CODES + f) < n * 4)
            return false;
    for (int o = 0; o < ORDERS; o++)
        if (section_size(s, SEC_ORDER + o * 3 + 2) < n * 4)
            return false;
    return true;
}

static bool attach(struct segment *s)
{
    const struct image_header *h = (const void *)s->image;

    s->n = (uint32_t)h->documents;
    memcpy(s->domain.b, h->domain, 16);
    if (!columns_are_fine(s))
        return false;
    s->ids = section(s, SEC_IDS);
    s->by_id = section(s, SEC_BY_ID);
    s->score = section(s, SEC_SCORE);
    s->quality = section(s, SEC_QUALITY);
    s->updated = section(s, SEC_UPDATED);
    for (int i = 0; i < DICTS; i++)
        if (!read_dict(s, i, &s->dicts[i]))
            return false;
    for (int f = 1; f < FACET_END; f++)
        s->codes[f] = facet_is_multi((enum facet)f) ? NULL : section(s, SEC_CODES + f);
    for (int o = 0; o < ORDERS; o++) {
        if (!read_texts(s, SEC_ORDER + o * 3, &s->orders[o]))
            return false;
        s->ranks[o] = section(s, SEC_ORDER + o * 3 + 2);
    }
    return true;
}

static struct segment *wrap(const uint8_t *image, size_t size, bool mapped)
{
    struct segment *s = xcalloc(1, sizeof(*s));

    atomic_init(&s->refs, 1);
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
    struct image_header *h = (void *)image;

    h->magic = MAGIC;
    h->version = SEGMENT_VERSION;
    h->size = size;
    h->checksum = segment_checksum(image + sizeof(*h), size - sizeof(*h));
    return wrap(image, size, false);
}

enum err segment_open(const char *dir, const char *file, struct segment **out)
{
    char path[PATH_MAX];
    struct stat st;
    void *image;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_NOT_FOUND;
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
    snprintf((*out)->file, sizeof((*out)->file), "%s", file);
    return ERR_OK;
}

enum err segment_save(struct segment *s, const char *dir)
{
    struct uuid name = uuid_new();
    char text[UUID_TEXT], path[PATH_MAX];
    enum err err;

    snprintf(path, sizeof(path), "%s/%s.segment", dir, uuid_text(&name, text));
    err = file_write(path, s->image, s->size, 0600);
    if (!err)
        snprintf(s->file, sizeof(s->file), "%s.segment", text);
    return err;
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
    free(s);
}

const char *texts_at(const struct texts *t, uint32_t i)
{
    return t->blob + t->offsets[i];
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

    if (set_is_sparse(out.count, out.n))
        out.v = data;
    else
        out.bits = data;
    return out;
}

uint32_t segment_find(const struct segment *s, const struct uuid *id)
{
    uint32_t lo = 0, hi = s->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = uuid_compare(&s->ids[s->by_id[mid]], id);

        if (c == 0)
            return s->by_id[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return UINT32_MAX;
}
