/*
 * The index's directory: segment files and a manifest that names them, their dead documents and the
 * change number they hold.  The manifest is written last and replaced whole; files that it does not
 * name are removed.  Anything that does not check out means that the index is built anew.
 *
 * A segment file that nobody has written to since we did is used at once; the keeper reads it
 * through soon after, for what only a disk can have done to it.
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/log.h"
#include "server/search/checksum.h"
#include "server/search/index.h"
#include "server/store.h"

#define MANIFEST_MAGIC UINT64_C(0x74736566696e616d)

enum {
    MANIFEST_VERSION = SEGMENT_VERSION << 8 | 2,
    MANIFEST_MAX = 256 * 1024 * 1024,
    MAP_LEAST = 1 << 20 /* bytes; smaller ones stay in memory */
};

struct manifest_header {
    uint64_t magic, version, segments;
    int64_t change;
    uint64_t sum; /* of everything, with this member zero */
};

struct manifest_row {
    char file[64];
    struct file_identity identity; /* as it was when we wrote it or read it through */
    uint64_t dead;                 /* documents; 0: no bitset follows */
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
    if (strchr(row.file, '/') || segment_open(s->dir, row.file, true, &row.identity, &out->segment))
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

static uint64_t manifest_sum(const struct manifest_header *h, const char *rows, size_t n)
{
    struct manifest_header plain = *h;
    struct checksum c;

    plain.sum = 0;
    checksum_begin(&c);
    checksum_add(&c, &plain, sizeof(plain));
    checksum_add(&c, rows, n);
    return checksum_end(&c);
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
    if (h.magic != MANIFEST_MAGIC || h.version != MANIFEST_VERSION || h.segments > n ||
        h.sum != manifest_sum(&h, at, (size_t)(end - at)))
        return ERR_INVALID;
    next = snapshot_new(h.segments);
    for (next->n = 0; fine && next->n < h.segments; next->n++)
        fine = read_row(s, &at, end, &next->items[next->n]);
    if (!fine || at != end) {
        snapshot_unref(next);
        return ERR_INVALID;
    }
    pthread_mutex_lock(&s->writing);
    index_publish(s, next, h.change);
    pthread_mutex_unlock(&s->writing);
    pthread_mutex_lock(&s->lock);
    s->saved_change = h.change;
    s->saved_version = s->version;
    s->work = true;
    pthread_mutex_unlock(&s->lock);
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

/* What is saved: the snapshot, and the change and version it stands for. */
struct save {
    struct snapshot *now;
    int64_t change, version;
};

static struct save save_begin(struct search *s)
{
    struct save out;

    pthread_mutex_lock(&s->lock);
    out = (struct save){snapshot_ref(s->now), s->change, s->version};
    pthread_mutex_unlock(&s->lock);
    return out;
}

/* A large segment that has a file now is used from there. */
static void use_mapped(struct search *s, const struct segment *old, struct segment *mapped)
{
    struct snapshot *now, *next;

    pthread_mutex_lock(&s->writing);
    now = index_now(s);
    next = snapshot_copy(now, 0);
    for (size_t i = 0; i < next->n; i++) {
        if (next->items[i].segment != old)
            continue;
        segment_unref(next->items[i].segment);
        next->items[i].segment = segment_ref(mapped);
    }
    index_publish(s, next, 0);
    pthread_mutex_unlock(&s->writing);
    snapshot_unref(now);
    segment_unref(mapped);
}

/* Every segment gets a file. */
static enum err save_segments(struct search *s, const struct snapshot *now)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < now->n && !err; i++) {
        struct segment *old = now->items[i].segment, *mapped;

        if (old->file[0])
            continue;
        err = segment_save(old, s->dir);
        if (!err && old->size >= MAP_LEAST)
            err = segment_open(s->dir, old->file, false, NULL, &mapped);
        if (!err && old->size >= MAP_LEAST)
            use_mapped(s, old, mapped);
    }
    return err;
}

/*
 * A file's times have the clock's last tick: what is written to it within the same one cannot be
 * told from what we wrote.  Nobody else knows of the file before we are through.
 */
static void wait_for_tick(const struct snapshot *now)
{
    enum { TICK_NS = 20000000 };
    struct timespec t;
    int64_t last = 0, ns;

    for (size_t i = 0; i < now->n; i++)
        if (now->items[i].segment->identity.changed_ns > last)
            last = now->items[i].segment->identity.changed_ns;
    clock_gettime(CLOCK_REALTIME, &t);
    ns = last + TICK_NS - (t.tv_sec * INT64_C(1000000000) + t.tv_nsec);
    if (ns > 0 && ns <= TICK_NS)
        nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

static enum err write_manifest(const struct search *s, const struct save *save)
{
    struct manifest_header h = {.magic = MANIFEST_MAGIC,
                                .version = MANIFEST_VERSION,
                                .segments = save->now->n,
                                .change = save->change};
    struct buf b = BUF_INIT(MANIFEST_MAX);
    char path[PATH_MAX];
    enum err err = ERR_NO_MEMORY;

    wait_for_tick(save->now);
    buf_add(&b, &h, sizeof(h));
    for (size_t i = 0; i < save->now->n; i++) {
        const struct live *l = &save->now->items[i];
        struct manifest_row row = {.dead = l->dead ? l->dead->count : 0,
                                   .words = bits_words(l->segment->n),
                                   .identity = l->segment->identity};

        memcpy(row.file, l->segment->file, sizeof(row.file));
        buf_add(&b, &row, sizeof(row));
        if (row.dead)
            buf_add(&b, l->dead->bits, row.words * sizeof(uint64_t));
    }
    if (!b.failed) {
        h.sum = manifest_sum(&h, b.data + sizeof(h), b.len - sizeof(h));
        memcpy(b.data, &h, sizeof(h));
        manifest_path(s, path);
        err = file_write(path, b.data, b.len, 0600);
    }
    buf_free(&b);
    return err;
}

static bool is_named(const struct snapshot *now, const char *file)
{
    for (size_t i = 0; i < now->n; i++)
        if (strcmp(now->items[i].segment->file, file) == 0)
            return true;
    return strcmp(file, "manifest") == 0;
}

/* Whatever neither the manifest names nor a search could come to use. */
static void remove_others(struct search *s, const struct snapshot *saved)
{
    struct snapshot *now = index_now(s);
    DIR *d = opendir(s->dir);
    char path[PATH_MAX];

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (e->d_name[0] == '.' || is_named(saved, e->d_name) || is_named(now, e->d_name) ||
            snprintf(path, sizeof(path), "%s/%s", s->dir, e->d_name) >= (int)sizeof(path))
            continue;
        unlink(path);
    }
    if (d)
        closedir(d);
    snapshot_unref(now);
}

/* Changes that neither index needs any more. */
static int64_t saved_by_both(const struct search *s, int64_t change)
{
    struct search *other = s->o.beside;
    int64_t saved;

    if (!other)
        return change;
    pthread_mutex_lock(&other->lock);
    saved = other->saved_change;
    pthread_mutex_unlock(&other->lock);
    return saved < change ? saved : change;
}

enum err index_save(struct search *s)
{
    struct save save = save_begin(s);
    enum err err = save_segments(s, save.now);

    if (!err)
        err = write_manifest(s, &save);
    if (!err) {
        pthread_mutex_lock(&s->lock);
        s->saved_change = save.change;
        s->saved_version = save.version;
        pthread_mutex_unlock(&s->lock);
        remove_others(s, save.now);
        if (s->o.store && !s->o.companies)
            err = store_forget_changes(s->o.store, saved_by_both(s, save.change));
    }
    snapshot_unref(save.now);
    return err;
}
