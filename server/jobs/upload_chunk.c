/*
 * Matching, merging and committing.
 *
 * A chunk is one plan: its companies, its profiles, what was rejected, and the job's checkpoint, so
 * that a resume after any crash repeats nothing.  While one chunk is being committed by a thread of
 * the importer, the next is prepared; rows that are in flight are found in the chunks themselves,
 * all others in the store.  The job is the only writer of its visibility domain meanwhile (jobs.c).
 */
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "common/copy.h"
#include "server/derive.h"
#include "server/identity.h"
#include "server/jobs/upload.h"
#include "server/store.h"

enum { ROWS = 96, STEPS = ROWS * (2 + ROW_REJECTS) + 8, SLOTS = 1024, COMPANIES = 1 << 15 };

/* A profile that the chunk writes. */
struct written {
    struct profile p;
    bool insert;
    uint64_t changed; /* of an update */
};

struct slot {
    struct uuid key;
    uint32_t at; /* written + 1; 0: free */
};

struct chunk {
    struct arena *mem;
    struct step steps[STEPS];
    size_t n;
    struct written rows[ROWS];
    size_t n_rows, n_read;
    struct slot slots[SLOTS]; /* by each identity key */
    struct job checkpoint;
};

struct known_company {
    struct uuid key, id;
};

struct importer {
    struct server *srv;
    struct job *job;
    const struct upload_file *file;
    struct chunk *filling, *flying;
    struct known_company *companies; /* direct-mapped */
    struct job_counts counts;        /* with the chunk that is being filled */
    bool status_given;               /* by the row at hand */
    /* the committing thread */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool busy, stop;
    enum err err;
};

static void chunk_clear(struct chunk *c)
{
    arena_free(c->mem);
    memset(c, 0, sizeof(*c));
    c->mem = arena_new();
}

static void *commit_thread(void *arg)
{
    struct importer *im = arg;

    pthread_mutex_lock(&im->lock);
    for (;;) {
        struct plan plan = {.bulk = true};
        enum err err;

        while (!im->busy && !im->stop)
            pthread_cond_wait(&im->moved, &im->lock);
        if (!im->busy)
            break;
        plan.steps = im->flying->steps;
        plan.n = im->flying->n;
        pthread_mutex_unlock(&im->lock);
        err = store_commit(im->srv->store, &plan);
        if (!err && im->srv->jobs)
            jobs_changed(im->srv->jobs);
        pthread_mutex_lock(&im->lock);
        im->err = err;
        im->busy = false;
        pthread_cond_broadcast(&im->moved);
    }
    pthread_mutex_unlock(&im->lock);
    return NULL;
}

struct importer *importer_new(struct server *srv, struct job *job, const struct upload_file *f)
{
    struct importer *im = xcalloc(1, sizeof(*im));

    im->srv = srv;
    im->job = job;
    im->file = f;
    im->counts = job->n;
    im->filling = xcalloc(1, sizeof(*im->filling));
    im->flying = xcalloc(1, sizeof(*im->flying));
    im->filling->mem = arena_new();
    im->flying->mem = arena_new();
    im->companies = xcalloc(COMPANIES, sizeof(*im->companies));
    pthread_mutex_init(&im->lock, NULL);
    pthread_cond_init(&im->moved, NULL);
    if (pthread_create(&im->thread, NULL, commit_thread, im))
        abort(); /* no thread for a job: the host is beyond its limits */
    return im;
}

static enum err wait_landed(struct importer *im)
{
    enum err err;

    pthread_mutex_lock(&im->lock);
    while (im->busy)
        pthread_cond_wait(&im->moved, &im->lock);
    err = im->err;
    pthread_mutex_unlock(&im->lock);
    return err;
}

void importer_free(struct importer *im)
{
    if (!im)
        return;
    pthread_mutex_lock(&im->lock);
    im->stop = true;
    pthread_cond_broadcast(&im->moved);
    pthread_mutex_unlock(&im->lock);
    pthread_join(im->thread, NULL);
    pthread_mutex_destroy(&im->lock);
    pthread_cond_destroy(&im->moved);
    arena_free(im->filling->mem);
    arena_free(im->flying->mem);
    free(im->filling);
    free(im->flying);
    free(im->companies);
    free(im);
}

static uint32_t slot_at(const struct uuid *key)
{
    return ((uint32_t)key->b[0] | (uint32_t)key->b[1] << 8) & (SLOTS - 1);
}

static struct written *chunk_find(struct chunk *c, const struct uuid *key)
{
    for (uint32_t i = slot_at(key); c->slots[i].at; i = (i + 1) & (SLOTS - 1))
        if (uuid_equal(&c->slots[i].key, key))
            return &c->rows[c->slots[i].at - 1];
    return NULL;
}

static void chunk_know(struct chunk *c, const struct uuid *key, size_t row)
{
    uint32_t i = slot_at(key);

    if (uuid_is_zero(key))
        return;
    while (c->slots[i].at && !uuid_equal(&c->slots[i].key, key))
        i = (i + 1) & (SLOTS - 1);
    c->slots[i] = (struct slot){*key, (uint32_t)row + 1};
}

static void know_row(struct chunk *c, size_t row)
{
    const struct profile *p = &c->rows[row].p;

    chunk_know(c, &p->key_email, row);
    chunk_know(c, &p->key_url, row);
    chunk_know(c, &p->key_name, row);
}

static bool take_profile(void *arg, const void *rec)
{
    *(struct profile *)arg = *(const struct profile *)rec;
    return false;
}

static enum err stored_by(struct importer *im, const char *field, const struct uuid *key,
                          struct profile *out)
{
    struct query q = {.type = &profile_type, .limit = 1};

    q.where[0] = (struct cond){field, OP_EQ, key};
    return store_find(im->srv->store, &q, im->filling->mem, take_profile, out);
}

static bool differ(const struct uuid *a, const struct uuid *b)
{
    return !uuid_is_zero(a) && !uuid_is_zero(b) && !uuid_equal(a, b);
}

/* A name at a company is a weak sign: another address or profile says that it is somebody else. */
static bool is_same(const struct profile *a, const struct profile *b, bool by_name)
{
    return !by_name || (!differ(&a->key_email, &b->key_email) && !differ(&a->key_url, &b->key_url));
}

/* Who this is: in the chunk being filled (*here), in flight, or stored; *found.id zero: nobody. */
static enum err match(struct importer *im, const struct profile *p, struct written **here,
                      struct profile *found)
{
    const struct {
        const char *field;
        const struct uuid *key;
        bool by_name;
    } ways[] = {{"key_email", &p->key_email, false},
                {"key_url", &p->key_url, false},
                {"key_name", &p->key_name, true}};

    *here = NULL;
    *found = (struct profile){0};
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        struct written *w;
        enum err err;

        if (uuid_is_zero(ways[i].key))
            continue;
        w = chunk_find(im->filling, ways[i].key);
        if (w && is_same(&w->p, p, ways[i].by_name)) {
            *here = w;
            return ERR_OK;
        }
        w = chunk_find(im->flying, ways[i].key);
        if (w && is_same(&w->p, p, ways[i].by_name)) {
            /* its texts die when it has landed */
            record_copy(&profile_type, im->filling->mem, found, &w->p);
            return ERR_OK;
        }
        err = stored_by(im, ways[i].field, ways[i].key, found);
        if (err || (!uuid_is_zero(&found->id) && is_same(found, p, ways[i].by_name)))
            return err;
        *found = (struct profile){0};
    }
    return ERR_OK;
}

/* What an import may write; the rest of a profile is ours. */
static bool is_mergeable(const struct field *f)
{
    return !(f->flags & (FIELD_SERVER | FIELD_INTERNAL | FIELD_WIRE));
}

static bool same_list(const struct strs *a, const struct strs *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->v[i], b->v[i]) != 0)
            return false;
    return true;
}

static bool merge_text(const char **old, const char *new)
{
    if (!new || (*old && strcmp(*old, new) == 0))
        return false;
    *old = new;
    return true;
}

static bool merge_list(struct strs *old, const struct strs *new)
{
    if (!new->n || same_list(old, new))
        return false;
    *old = *new;
    return true;
}

/* The later value wins where there is one. */
static bool merge_field(const struct field *f, void *old, const void *new)
{
    switch (f->kind) {
    case KIND_STR:
        return merge_text(old, *(const char *const *)new);
    case KIND_STRS:
        return merge_list(old, new);
    case KIND_INT:
        if (*(const int64_t *)new == 0 || *(int64_t *)old == *(const int64_t *)new)
            return false;
        *(int64_t *)old = *(const int64_t *)new;
        return true;
    case KIND_BOOL: /* an opt-out stays */
        if (!*(const bool *)new || *(bool *)old)
            return false;
        *(bool *)old = true;
        return true;
    default:
        return false;
    }
}

/* status_given: the row itself says what state its address is in; ours by default says nothing. */
static uint64_t merge_profile(struct profile *old, const struct profile *new, bool status_given)
{
    const struct field *email = type_field(&profile_type, "email");
    uint64_t changed = 0;

    for (const struct field *f = profile_type.fields; f->name; f++) {
        bool is_state = strcmp(f->name, "email_status") == 0;
        bool says = new->email && (status_given || changed & type_bit(&profile_type, email));

        if (is_mergeable(f) && (!is_state || says) &&
            merge_field(f, field_slot(f, old), field_at(f, new)))
            changed |= type_bit(&profile_type, f);
    }
    return changed;
}

static uint64_t bits_of(const char *const *names)
{
    uint64_t set = 0;

    for (; *names; names++)
        set |= type_bit(&profile_type, type_field(&profile_type, *names));
    return set;
}

/* What follows from a merge is written with it. */
static uint64_t follow(struct importer *im, struct profile *p)
{
    static const char *const names[] = {
        "has_email",  "has_phone", "email_status", "seniority",  "department", "name",
        "first_name", "last_name", "score",        "quality",    "updated",    "key_email",
        "key_url",    "key_name",  "job",          "company_id", NULL};

    derive_profile(p, im->filling->mem);
    identity_profile(im->srv->seal, p, im->filling->mem);
    p->updated = clock_now();
    p->job = im->job->id;
    return bits_of(names);
}

static void merge_here(struct importer *im, struct written *w, const struct profile *p)
{
    uint64_t changed = merge_profile(&w->p, p, im->status_given);

    if (changed)
        w->changed |= changed | follow(im, &w->p);
    know_row(im->filling, (size_t)(w - im->filling->rows));
    im->counts.merged++;
}

/* created: an update, or nothing; the profile is one of another chunk or the store. */
static void merge_found(struct importer *im, struct profile *found, const struct profile *p)
{
    struct chunk *c = im->filling;
    bool ours = uuid_equal(&found->job, &im->job->id);
    struct written *w = &c->rows[c->n_rows];
    uint64_t changed;

    *w = (struct written){.p = *found};
    changed = merge_profile(&w->p, p, im->status_given);
    if (changed) {
        if (!uuid_is_zero(&p->company_id))
            w->p.company_id = p->company_id;
        w->changed = changed | follow(im, &w->p);
        know_row(c, c->n_rows++);
    }
    im->counts.merged += ours;
    im->counts.updated += !ours && changed;
    im->counts.skipped += !ours && !changed;
}

static void create(struct importer *im, const struct profile *p, int64_t line)
{
    struct chunk *c = im->filling;
    struct written *w = &c->rows[c->n_rows];
    uint8_t data[24];

    *w = (struct written){.p = *p, .insert = true};
    memcpy(data, im->job->id.b, 16);
    memcpy(data + 16, &line, 8);
    w->p.id = uuid_at(im->job->created.ms, data, sizeof(data));
    w->p.created = w->p.updated = clock_now();
    w->p.job = im->job->id;
    know_row(c, c->n_rows++);
    im->counts.created++;
}

static bool take_company(void *arg, const void *rec)
{
    *(struct company *)arg = *(const struct company *)rec;
    return false;
}

static const struct company *made_in(const struct chunk *c, const struct uuid *key)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct company *made = c->steps[i].rec;

        if (c->steps[i].type == &company_type && uuid_equal(&made->key, key))
            return made;
    }
    return NULL;
}

/* errors: ERR_NOT_FOUND */
static enum err find_company(struct importer *im, const struct uuid *key, struct uuid *id)
{
    const struct company *made = made_in(im->filling, key);
    struct query q = {.type = &company_type, .limit = 1};
    struct company old = {0};
    enum err err;

    if (!made)
        made = made_in(im->flying, key);
    if (made) {
        *id = made->id;
        return ERR_OK;
    }
    q.where[0] = (struct cond){"key", OP_EQ, key};
    err = store_find(im->srv->store, &q, im->filling->mem, take_company, &old);
    *id = old.id;
    return err ? err : uuid_is_zero(&old.id) ? ERR_NOT_FOUND : ERR_OK;
}

static struct uuid make_company(struct importer *im, const struct company *c)
{
    struct company *made = arena_dup(im->filling->mem, c, sizeof(*c));

    made->id = uuid_at(im->job->created.ms, c->key.b, 16);
    made->created = made->updated = clock_now();
    made->job = im->job->id;
    im->filling->steps[im->filling->n++] =
        (struct step){.kind = STEP_INSERT, .type = &company_type, .rec = made};
    return made->id;
}

/* The company's id: known, stored, or made with this chunk. */
static enum err company_for(struct importer *im, struct upload_row *row)
{
    struct company *own = &row->c;
    struct known_company *k;
    struct uuid id;
    enum err err;

    own->account = im->job->target;
    identity_company(im->srv->seal, own, im->filling->mem);
    if (!row->has_company || uuid_is_zero(&own->key))
        return ERR_OK;
    k = &im->companies[((uint32_t)own->key.b[2] | (uint32_t)own->key.b[3] << 8) % COMPANIES];
    if (uuid_equal(&k->key, &own->key)) {
        row->p.company_id = k->id;
        return ERR_OK;
    }
    err = find_company(im, &own->key, &id);
    if (err == ERR_NOT_FOUND) {
        id = make_company(im, own);
        err = ERR_OK;
    }
    *k = (struct known_company){own->key, id};
    row->p.company_id = id;
    return err;
}

/* Ordered by line within the job, so that a listing by id is one by line. */
static struct uuid reject_id(const struct uuid *job, int64_t line, size_t column, size_t nth)
{
    struct uuid id;

    memcpy(id.b, job->b + 8, 8);
    for (int i = 0; i < 4; i++)
        id.b[8 + i] = (uint8_t)(line >> (24 - 8 * i));
    id.b[12] = (uint8_t)(column >> 8);
    id.b[13] = (uint8_t)column;
    id.b[14] = (uint8_t)nth;
    id.b[15] = 1;
    return id;
}

static void add_reject(struct importer *im, int64_t line, size_t column, const char *code,
                       const char *reason)
{
    struct chunk *c = im->filling;
    struct job_reject *r = arena_alloc(c->mem, sizeof(*r));

    assert(c->n + ROWS + 1 < STEPS);
    *r = (struct job_reject){
        .id = reject_id(&im->job->id, line, column, c->n % 200),
        .job = im->job->id,
        .line = line,
        .column = column < im->file->n ? im->file->columns[column] : "",
        .code = code,
        .reason = reason,
    };
    c->steps[c->n++] = (struct step){.kind = STEP_INSERT, .type = &job_reject_type, .rec = r};
}

static void write_rows(struct chunk *c)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        const struct written *w = &c->rows[i];

        if (w->insert)
            c->steps[c->n++] =
                (struct step){.kind = STEP_INSERT, .type = &profile_type, .rec = &w->p};
        else if (w->changed)
            c->steps[c->n++] = (struct step){
                .kind = STEP_UPDATE, .type = &profile_type, .rec = &w->p, .fields = w->changed};
    }
}

static void write_checkpoint(struct importer *im, int64_t offset)
{
    static const char *const names[] = {"offset",    "progress",   "n_read",
                                        "n_created", "n_updated",  "n_merged",
                                        "n_skipped", "n_rejected", NULL};
    struct chunk *c = im->filling;
    uint64_t set = 0;

    im->job->offset = offset;
    im->job->n = im->counts;
    im->job->progress.ppm = im->file->size ? offset * 1000000 / im->file->size : 0;
    if (im->job->progress.ppm > 1000000)
        im->job->progress.ppm = 1000000;
    c->checkpoint = *im->job;
    for (size_t i = 0; names[i]; i++)
        set |= type_bit(&job_type, type_field(&job_type, names[i]));
    c->steps[c->n++] =
        (struct step){.kind = STEP_UPDATE, .type = &job_type, .rec = &c->checkpoint, .fields = set};
}

/* Hand the chunk to the committing thread, and take the other one. */
static enum err launch(struct importer *im, int64_t offset)
{
    struct chunk *c = im->filling;
    enum err err;

    write_rows(c);
    write_checkpoint(im, offset);
    err = wait_landed(im);
    if (err)
        return err;
    pthread_mutex_lock(&im->lock);
    im->filling = im->flying;
    im->flying = c;
    im->busy = true;
    pthread_cond_broadcast(&im->moved);
    pthread_mutex_unlock(&im->lock);
    chunk_clear(im->filling);
    return ERR_OK;
}

static enum err add_profile(struct importer *im, struct upload_row *row, int64_t line)
{
    struct profile found, *p = &row->p;
    struct written *here;
    enum err err = company_for(im, row);

    if (err)
        return err;
    im->status_given = p->email_status != NULL;
    p->account = im->job->target;
    derive_profile(p, im->filling->mem);
    identity_profile(im->srv->seal, p, im->filling->mem);
    err = match(im, p, &here, &found);
    if (err)
        return err;
    if (here)
        merge_here(im, here, p);
    else if (!uuid_is_zero(&found.id))
        merge_found(im, &found, p);
    else
        create(im, p, line);
    return ERR_OK;
}

enum err importer_add(struct importer *im, const struct csv_row *row, const char *country,
                      bool may_checkpoint)
{
    struct chunk *c = im->filling;
    enum err err = ERR_OK;

    im->counts.read++;
    c->n_read++;
    if (row->fault != CSV_NONE) {
        add_reject(im, row->line, row->column, csv_fault_word(row->fault),
                   csv_fault_text(row->fault));
        im->counts.rejected++;
    } else {
        struct upload_row *r = arena_alloc(c->mem, sizeof(*r));

        upload_row_read(c->mem, im->file, row->cells, row->n, country, r);
        for (size_t i = 0; i < r->n_rejects; i++)
            add_reject(im, row->line, r->rejects[i].column, r->rejects[i].code,
                       r->rejects[i].reason);
        if (r->rejected)
            im->counts.rejected++;
        else
            err = add_profile(im, r, row->line);
    }
    if (!err && c->n_read >= ROWS && (may_checkpoint || c->n_rows >= ROWS - 1))
        err = launch(im, row->end);
    return err;
}

enum err importer_flush(struct importer *im)
{
    enum err err = launch(im, im->file->size);

    return err ? err : wait_landed(im);
}
