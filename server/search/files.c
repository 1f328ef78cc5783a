/*
 * The index's directory: segment files and a manifest that names them, their dead documents and the
 * change number they hold.  The manifest is written last and replaced whole; files that it does not
 * name are removed.  Anything that does not check out means that the index is built anew.
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/log.h"
#include "server/search/index.h"
#include "server/store.h"

#define MANIFEST_MAGIC UINT64_C(0x74736566696e616d)

enum { MANIFEST_MAX = 256 * 1024 * 1024 };

struct manifest_header {
    uint64_t magic, version, segments;
    int64_t change;
    uint64_t checksum; /* of everything behind */
};

struct manifest_row {
    char file[64];
    uint64_t dead; /* documents; 0: no bitset follows */
    uint64_t words;
};

static void manifest_path(const struct search *s, char *out)
{
    snprintf(out, PATH_MAX, "%s/manifest", s->dir);
}

static bool read_row(struct search *s, const char **at, const char *end, struct live *out)
{
    struct manifest_row row;

    if ((size_t)(end - *at) < sizeof(row))
        return false;
    memcpy(&row, *at, sizeof(row));
    *at += sizeof(row);
    row.file[sizeof(row.file) - 1] = '\0';
    if (strchr(row.file, '/') || segment_open(s->dir, row.file, &out->segment))
        return false;
    if (!row.dead)
        return true;
    if (row.words != bits_words(out->segment->n) || (size_t)(end - *at) / 8 < row.words)
        return false;
    out->dead = xcalloc(1, sizeof(*out->dead) + row.words * 8);
    atomic_init(&out->dead->refs, 1);
    out->dead->count = row.dead;
    memcpy(out->dead->bits, *at, row.words * 8);
    *at += row.words * 8;
    return bits_count(out->dead->bits, row.words) == row.dead;
}

static enum err read_manifest(struct search *s, const char *text, size_t n)
{
    struct manifest_header h;
    struct snapshot *next;
    const char *at = text + sizeof(h), *end = text + n;
    bool fine = true;

    if (n < sizeof(h))
        return ERR_INVALID;
    memcpy(&h, text, sizeof(h));
    if (h.magic != MANIFEST_MAGIC || h.version != SEGMENT_VERSION || h.segments > n ||
        h.checksum != segment_checksum(at, (size_t)(end - at)))
        return ERR_INVALID;
    next = snapshot_new(h.segments);
    for (next->n = 0; fine && next->n < h.segments; next->n++)
        fine = read_row(s, &at, end, &next->items[next->n]);
    if (!fine) {
        snapshot_unref(next);
        return ERR_INVALID;
    }
    s->saved_change = h.change;
    index_publish(s, next, h.change);
    return ERR_OK;
}

enum err index_load(struct search *s)
{
    struct arena *mem = arena_new();
    char path[PATH_MAX];
    const char *text;
    size_t n;
    enum err err;

    manifest_path(s, path);
    err = file_read(path, MANIFEST_MAX, mem, &text, &n);
    if (!err)
        err = read_manifest(s, text, n);
    if (err == ERR_INVALID)
        log_event(LOG_WARN, "search.unusable", LOG_STR("what", "manifest or segment"));
    arena_free(mem);
    return err;
}

/* Every segment has a file, and is used mapped from it. */
static enum err save_segments(struct search *s)
{
    struct snapshot *now = index_now(s), *next = snapshot_copy(now, 0);
    enum err err = ERR_OK;

    for (size_t i = 0; i < next->n && !err; i++) {
        struct segment *mapped, *old = next->items[i].segment;

        if (old->file[0])
            continue;
        err = segment_save(old, s->dir);
        if (!err)
            err = segment_open(s->dir, old->file, &mapped);
        if (!err) {
            next->items[i].segment = mapped;
            segment_unref(old);
        }
    }
    if (err)
        snapshot_unref(next);
    else
        index_publish(s, next, 0);
    snapshot_unref(now);
    return err;
}

static void write_rows(struct buf *b, const struct snapshot *now)
{
    for (size_t i = 0; i < now->n; i++) {
        const struct live *l = &now->items[i];
        struct manifest_row row = {.dead = l->dead ? l->dead->count : 0,
                                   .words = bits_words(l->segment->n)};

        memcpy(row.file, l->segment->file, sizeof(row.file));
        buf_add(b, &row, sizeof(row));
        if (row.dead)
            buf_add(b, l->dead->bits, row.words * 8);
    }
}

static bool is_named(const struct snapshot *now, const char *file)
{
    for (size_t i = 0; i < now->n; i++)
        if (strcmp(now->items[i].segment->file, file) == 0)
            return true;
    return strcmp(file, "manifest") == 0;
}

static void remove_others(const struct search *s, const struct snapshot *now)
{
    DIR *d = opendir(s->dir);
    char path[PATH_MAX];

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (e->d_name[0] == '.' || is_named(now, e->d_name) ||
            snprintf(path, sizeof(path), "%s/%s", s->dir, e->d_name) >= (int)sizeof(path))
            continue;
        unlink(path);
    }
    if (d)
        closedir(d);
}

enum err index_save(struct search *s)
{
    struct manifest_header h = {
        .magic = MANIFEST_MAGIC, .version = SEGMENT_VERSION, .change = s->change};
    struct buf b = BUF_INIT(MANIFEST_MAX);
    struct snapshot *now;
    char path[PATH_MAX];
    enum err err;

    if (!s->dir)
        return ERR_OK;
    err = save_segments(s);
    if (err)
        return err;
    now = index_now(s);
    h.segments = now->n;
    buf_add(&b, &h, sizeof(h));
    write_rows(&b, now);
    err = b.failed ? ERR_NO_MEMORY : ERR_OK;
    if (!err) {
        h.checksum = segment_checksum(b.data + sizeof(h), b.len - sizeof(h));
        memcpy(b.data, &h, sizeof(h));
        manifest_path(s, path);
        err = file_write(path, b.data, b.len, 0600);
    }
    if (!err) {
        s->saved_change = h.change;
        remove_others(s, now);
        if (s->o.store)
            err = store_forget_changes(s->o.store, h.change);
    }
    buf_free(&b);
    snapshot_unref(now);
    return err;
}
