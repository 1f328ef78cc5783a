/*
 * Everything anew, from the store's table.  Readers share out its ids: each scans a range of them,
 * and who is through takes the upper half of what another has left, so that all of them are busy to
 * the end however the ids lie.  Segments of the catalogue are made in files without names, and all
 * of them are merged at the end, each document once: nobody searches meanwhile.
 */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "common/copy.h"
#include "common/log.h"
#include "server/search/build.h"
#include "server/search/company.h"
#include "server/search/index.h"
#include "server/store.h"

enum {
    READERS_MAX = 4,
    BUILD_ROWS = 1 << 17, /* of a segment */
    BATCH = 4096,         /* rows of accounts that go in together */
    NOTE_ROWS = 1024,
    READ_PPM = 900000, /* of the progress; the rest is merging */
};

/* Ids behind `at`, up to and with `end`. */
struct range {
    struct uuid at, end;
    bool busy;
};

struct rebuild {
    struct search *s;
    pthread_mutex_t lock; /* of what follows */
    struct range ranges[READERS_MAX];
    struct segment **made; /* of the catalogue */
    size_t n_made, made_size, documents;
    size_t n_groups, next_group, merged;
    int64_t seen, about;
    enum err err; /* the first one; everybody stops */
};

/* One reader; it gathers rows by domain and lets go of them as segments. */
struct reader {
    struct rebuild *r;
    size_t self;
    struct builder *catalogue;
    struct profile *others;
    struct arena *mem;
    size_t n_others;
};

/* Everything that is indexed or says whose a row is; contacts stay sealed. */
static uint64_t indexed_fields(void)
{
    uint64_t set = 0;

    for (const struct field *f = profile_type.fields; f->name; f++) {
        bool wanted = f->flags & (FIELD_TEXT | FIELD_SORT) || f->facet ||
                      strcmp(f->name, "account") == 0 || strcmp(f->name, "id") == 0 ||
                      strcmp(f->name, "has_email") == 0 || strcmp(f->name, "has_phone") == 0;

        if (wanted && !(f->flags & (FIELD_SEALED | FIELD_WIRE)))
            set |= type_bit(&profile_type, f);
    }
    return set;
}

const struct type *index_type(const struct search *s)
{
    return s->o.companies ? &company_type : &profile_type;
}

/* Companies are small: all of it. */
uint64_t index_fields(const struct search *s)
{
    return s->o.companies ? 0 : indexed_fields();
}

/* The first failure stays; with the lock held. */
static void fail(struct rebuild *r, enum err err)
{
    if (!r->err)
        r->err = err;
}

static void note_progress(struct rebuild *r)
{
    int64_t share = r->seen < r->about ? r->seen : r->about, ppm = READ_PPM;

    if (r->about > 0)
        ppm = share * READ_PPM / r->about;
    if (r->n_groups)
        ppm += (int64_t)(r->merged * (1000000 - READ_PPM) / r->n_groups);
    pthread_mutex_lock(&r->s->lock);
    r->s->built_ppm = ppm < 1000000 ? ppm : 999999;
    if (r->s->stop)
        fail(r, ERR_UNAVAILABLE);
    pthread_mutex_unlock(&r->s->lock);
}

static void keep_segment(struct rebuild *r, struct segment *made)
{
    if (r->n_made == r->made_size) {
        r->made_size = r->made_size ? r->made_size * 2 : PARTS_MAX;
        r->made = xrealloc(r->made, r->made_size * sizeof(struct segment *));
    }
    r->made[r->n_made++] = made;
    r->documents += made->n;
}

/* What is large goes to a file. */
static void flush_catalogue(struct reader *me)
{
    struct rebuild *r = me->r;
    const char *dir = builder_count(me->catalogue) < BUILD_ROWS ? NULL : r->s->dir;
    struct segment *made;
    enum err err = builder_write(me->catalogue, dir, &made);

    builder_free(me->catalogue);
    me->catalogue = builder_new(&catalogue_account);
    pthread_mutex_lock(&r->lock);
    if (err)
        fail(r, err);
    else if (made)
        keep_segment(r, made);
    pthread_mutex_unlock(&r->lock);
}

static void flush_others(struct reader *me)
{
    if (me->n_others)
        index_fill(me->r->s, me->others, me->n_others);
    arena_free(me->mem);
    me->mem = arena_new();
    me->others = arena_alloc(me->mem, BATCH * sizeof(*me->others));
    me->n_others = 0;
}

/* false: the row is another's, or it is over. */
static bool claim(struct reader *me, const struct uuid *id)
{
    struct rebuild *r = me->r;
    struct range *mine = &r->ranges[me->self];
    bool is_mine;

    pthread_mutex_lock(&r->lock);
    is_mine = !r->err && uuid_compare(id, &mine->end) <= 0;
    if (is_mine) {
        mine->at = *id;
        if (++r->seen % NOTE_ROWS == 0)
            note_progress(r);
    }
    pthread_mutex_unlock(&r->lock);
    return is_mine;
}

static bool take_row(void *arg, const void *rec)
{
    struct reader *me = arg;
    struct profile company;
    const struct profile *p = rec;

    if (me->r->s->o.companies) {
        company = company_as_row(rec);
        p = &company;
    }
    if (!claim(me, &p->id))
        return false;
    if (uuid_equal(&p->account, &catalogue_account)) {
        builder_add(me->catalogue, p);
        if (builder_count(me->catalogue) == BUILD_ROWS)
            flush_catalogue(me);
        return true;
    }
    /* the row's texts die with this call */
    record_copy(&profile_type, me->mem, &me->others[me->n_others++], p);
    if (me->n_others == BATCH)
        flush_others(me);
    return true;
}

/* Half-way from a to b, rounded down. */
static struct uuid middle(const struct uuid *a, const struct uuid *b)
{
    struct uuid sum, out;
    unsigned carry = 0;

    for (size_t i = sizeof(sum.b); i--;) {
        carry += (unsigned)a->b[i] + b->b[i];
        sum.b[i] = (uint8_t)carry;
        carry >>= 8;
    }
    for (size_t i = 0; i < sizeof(sum.b); i++) {
        out.b[i] = (uint8_t)(carry << 7 | sum.b[i] >> 1);
        carry = sum.b[i] & 1;
    }
    return out;
}

/* Take over half of what another has left; false: there is nothing to take. */
static bool take_over(struct reader *me)
{
    struct rebuild *r = me->r;
    struct range *mine = &r->ranges[me->self];
    bool found = false;

    pthread_mutex_lock(&r->lock);
    mine->busy = false;
    for (size_t i = 0; i < READERS_MAX && !found && !r->err; i++) {
        struct range *other = &r->ranges[i];
        struct uuid half = middle(&other->at, &other->end);

        if (!other->busy || uuid_equal(&half, &other->at))
            continue;
        *mine = (struct range){half, other->end, true};
        other->end = half;
        found = true;
    }
    pthread_mutex_unlock(&r->lock);
    return found;
}

static void read_range(struct reader *me)
{
    struct search *s = me->r->s;
    struct query q = {
        .type = index_type(s), .fields = index_fields(s), .after = me->r->ranges[me->self].at};
    enum err err = store_scan(s->o.store, &q, take_row, me);

    pthread_mutex_lock(&me->r->lock);
    if (err)
        fail(me->r, err);
    pthread_mutex_unlock(&me->r->lock);
}

/* The n-th group of what was made becomes one segment. */
static enum err merge_group(struct rebuild *r, size_t group)
{
    size_t from = r->n_made * group / r->n_groups, to = r->n_made * (group + 1) / r->n_groups;
    struct part parts[PARTS_MAX] = {0};
    struct segment *out = NULL;
    size_t documents = 0;
    enum err err;

    for (size_t i = from; i < to; i++) {
        parts[i - from].segment = r->made[i];
        documents += r->made[i]->n;
    }
    if (to == from + 1) {
        index_add(r->s, segment_ref(r->made[from]));
        return ERR_OK;
    }
    err = segments_merge(parts, to - from, documents > LARGE_MERGE ? r->s->dir : NULL, &out);
    for (size_t i = from; i < to; i++)
        free(parts[i - from].to);
    if (out)
        index_add(r->s, out);
    return err;
}

static void merge_groups(struct rebuild *r)
{
    enum err err = ERR_OK;

    pthread_mutex_lock(&r->lock);
    while (!r->err && r->next_group < r->n_groups) {
        size_t group = r->next_group++;

        pthread_mutex_unlock(&r->lock);
        err = merge_group(r, group);
        pthread_mutex_lock(&r->lock);
        r->merged++;
        if (err)
            fail(r, err);
        note_progress(r);
    }
    pthread_mutex_unlock(&r->lock);
}

static void *read_rows(void *arg)
{
    struct reader *me = arg;

    me->catalogue = builder_new(&catalogue_account);
    flush_others(me);
    if (me->self == 0) /* it has everything at first */
        read_range(me);
    while (take_over(me))
        read_range(me);
    flush_others(me);
    flush_catalogue(me);
    builder_free(me->catalogue);
    arena_free(me->mem);
    return NULL;
}

static void *merge_rows(void *arg)
{
    merge_groups(arg);
    return NULL;
}

/* Run fn for each of n arguments of this size, the first by this thread; all, if it must. */
static void run_beside(void *(*fn)(void *), void *args, size_t size, size_t n)
{
    pthread_t threads[READERS_MAX];
    size_t started = 0;

    for (size_t i = 1; i < n; i++)
        if (pthread_create(&threads[started], NULL, fn, (char *)args + i * size) == 0)
            started++;
    fn(args);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

static size_t count_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > READERS_MAX ? READERS_MAX : (size_t)n;
}

/* As many groups as segments that large are needed, each of at most PARTS_MAX parts. */
static size_t count_groups(const struct rebuild *r)
{
    size_t by_size = (r->documents + MERGE_MOST - 1) / MERGE_MOST,
           by_parts = (r->n_made + PARTS_MAX - 1) / PARTS_MAX;

    return by_size > by_parts ? by_size : by_parts;
}

static void read_and_merge(struct rebuild *r)
{
    struct reader readers[READERS_MAX];
    size_t n = count_processors();

    for (size_t i = 0; i < n; i++)
        readers[i] = (struct reader){.r = r, .self = i};
    memset(&r->ranges[0].end, 0xff, sizeof(r->ranges[0].end));
    r->ranges[0].busy = true;
    run_beside(read_rows, readers, sizeof(*readers), n);
    if (r->err)
        return;
    r->n_groups = count_groups(r);
    run_beside(merge_rows, r, 0, n);
}

/* Whatever the keeper is saving, it names no file of ours and takes those it does not know away. */
static void wait_for_keeper(struct search *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->saving && !s->stop)
        index_wait_ms(s, 1000);
    pthread_mutex_unlock(&s->lock);
}

enum err index_rebuild(struct search *s)
{
    struct rebuild r = {.s = s};
    struct query q = {.type = index_type(s)};
    int64_t change = store_last_change(s->o.store), from = clock_mono_us();
    enum err err = store_count(s->o.store, &q, &r.about);

    index_clear(s);
    if (err)
        return err;
    wait_for_keeper(s);
    pthread_mutex_init(&r.lock, NULL);
    read_and_merge(&r);
    pthread_mutex_destroy(&r.lock);
    for (size_t i = 0; i < r.n_made; i++)
        segment_unref(r.made[i]);
    free(r.made);
    if (r.err || index_should_stop(s))
        return r.err ? r.err : ERR_UNAVAILABLE;
    pthread_mutex_lock(&s->lock);
    s->change = change;
    pthread_mutex_unlock(&s->lock);
    log_event(LOG_INFO, "search.built", LOG_INT("rows", r.seen),
              LOG_INT("ms", (clock_mono_us() - from) / 1000));
    return ERR_OK;
}
