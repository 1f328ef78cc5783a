/* Row by row: read, match, merge or make; what was not taken is reported. */
#include <assert.h>
#include <setjmp.h>
#include <string.h>

#include "server/derive.h"
#include "server/identity.h"
#include "server/jobs/upload_chunk.h"

/*
 * The id of a row's profile, from job and line alone (DECISIONS.md 14).  Lines in order give ids in
 * order, so that an import appends to the table instead of writing all over it (measured: 6 pages
 * of log for each row, 2 with it); 40 bits of hash part it from the rows of other jobs.
 */
static struct uuid row_id(const struct job *job, int64_t line)
{
    uint8_t data[24];
    struct uuid id;

    memcpy(data, job->id.b, 16);
    memcpy(data + 16, &line, 8);
    id = uuid_at(job->created.ms, data, sizeof(data));
    id.b[6] = (uint8_t)(0x70 | ((line >> 30) & 0x0f));
    id.b[7] = (uint8_t)(line >> 22);
    id.b[8] = (uint8_t)(0x80 | ((line >> 16) & 0x3f));
    id.b[9] = (uint8_t)(line >> 8);
    id.b[10] = (uint8_t)line;
    return id;
}

/* Of job, line, column, and which of the row's; in the order of lines, so that a listing is. */
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

static void add_reject(struct importer *im, int64_t line, size_t nth, const struct reject *what)
{
    struct chunk *c = im->filling;
    struct job_reject *r = arena_alloc(c->mem, sizeof(*r));

    assert(c->n.steps < STEPS_MOST);
    *r = (struct job_reject){
        .id = reject_id(&im->job->id, line, what->column, nth),
        .job = im->job->id,
        .line = line,
        .column = what->column < im->file->n ? im->file->columns[what->column] : "",
        .code = what->code,
        .reason = what->reason,
    };
    c->steps[c->n.steps++] = (struct step){.kind = STEP_INSERT, .type = &job_reject_type, .rec = r};
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
        "has_email",  "has_phone", "email_status", "seniority", "department", "name",
        "first_name", "last_name", "score",        "quality",   "updated",    "key_email",
        "key_url",    "key_name",  "ring",         "job",       "company_id", NULL};

    derive_profile(p, im->row_mem);
    identity_profile(im->srv->seal, im->ring, p, im->row_mem);
    p->updated = clock_now();
    p->job = im->job->id;
    return bits_of(names);
}

static bool merge_into(struct importer *im, struct written *w, const struct upload_row *row)
{
    uint64_t changed = merge_profile(&w->p, row);
    bool moved =
        !uuid_is_zero(&row->p.company_id) && !uuid_equal(&row->p.company_id, &w->p.company_id);

    if (!changed && !moved)
        return false;
    if (moved)
        w->p.company_id = row->p.company_id;
    w->changed |= changed | follow(im, &w->p);
    chunk_keep_row(im->filling, w);
    return true;
}

static void merge_here(struct importer *im, struct written *w, const struct upload_row *row)
{
    if (merge_into(im, w, row))
        chunk_know_row(im->filling, (size_t)(w - im->filling->rows));
    im->counts.merged++;
}

/* Of another chunk, or of the store. */
static void merge_found(struct importer *im, const struct profile *found,
                        const struct upload_row *row)
{
    struct chunk *c = im->filling;
    bool ours = uuid_equal(&found->job, &im->job->id), changed;
    struct written *w = &c->rows[c->n.rows];

    *w = (struct written){.p = *found};
    changed = merge_into(im, w, row);
    if (changed)
        chunk_know_row(c, c->n.rows++);
    im->counts.merged += ours;
    im->counts.updated += !ours && changed;
    im->counts.skipped += !ours && !changed;
}

static void create(struct importer *im, const struct profile *p, int64_t line)
{
    struct chunk *c = im->filling;
    struct written *w = &c->rows[c->n.rows];

    *w = (struct written){.p = *p, .insert = true};
    w->p.id = row_id(im->job, line);
    w->p.created = w->p.updated = clock_now();
    w->p.job = im->job->id;
    chunk_keep_row(c, w);
    chunk_know_row(c, c->n.rows++);
    im->counts.created++;
}

static enum err add_profile(struct importer *im, struct upload_row *row, int64_t line)
{
    struct profile found, *p = &row->p;
    struct written *here;
    enum err err = company_link(im, row);

    if (err)
        return err;
    row->given = profile_given(p);
    p->account = im->job->target;
    derive_profile(p, im->row_mem);
    identity_profile(im->srv->seal, im->ring, p, im->row_mem);
    err = match_profile(im, p, &here, &found);
    if (err)
        return err;
    if (here)
        merge_here(im, here, row);
    else if (!uuid_is_zero(&found.id))
        merge_found(im, &found, row);
    else
        create(im, p, line);
    return ERR_OK;
}

static enum err add_row(struct importer *im, const struct csv_row *row, const char *country)
{
    struct upload_row *r = &im->row;

    arena_clear(im->row_mem);
    upload_row_read(im->row_mem, im->file, row->cells, row->n, country, r);
    for (size_t i = 0; i < r->n_rejects; i++)
        add_reject(im, row->line, i, &r->rejects[i]);
    if (!r->rejected)
        return add_profile(im, r, row->line);
    im->counts.rejected++;
    return ERR_OK;
}

/* Could one row more, and those that a wary reader may add to it, be too many steps? */
static bool is_out_of_steps(const struct chunk *c)
{
    size_t open = c->n.rows - c->closed.rows + c->n.companies - c->closed.companies;

    return c->n.steps + open + ROW_REJECTS + CSV_WARY_LINES + 8 > STEPS_MOST;
}

static bool part_is_full(const struct importer *im)
{
    const struct chunk *c = im->filling;

    return im->one_by_one || c->n.read - c->closed.read >= im->part_rows || is_out_of_steps(c);
}

static bool chunk_is_full(const struct importer *im, int64_t offset)
{
    const struct chunk *c = im->filling;

    return im->one_by_one || c->n.read >= im->chunk_rows || c->n_parts == SERIES_MAX ||
           offset - c->begin >= CHUNK_BYTES || is_out_of_steps(c);
}

static enum err take_row(struct importer *im, const struct csv_row *row, const char *country)
{
    struct reject fault = {row->column, csv_fault_word(row->fault), csv_fault_text(row->fault)};

    im->counts.read++;
    im->filling->n.read++;
    if (row->fault == CSV_NONE)
        return add_row(im, row, country);
    add_reject(im, row->line, 0, &fault);
    im->counts.rejected++;
    return ERR_OK;
}

/* Short of memory the chunk is left half made: the importer is of no use any more. */
static enum err take_row_guarded(struct importer *im, const struct csv_row *row,
                                 const char *country)
{
    jmp_buf env;
    enum err err;

    if (setjmp(env)) {
        err = ERR_NO_MEMORY;
    } else {
        arena_guard(im->row_mem, &env);
        arena_guard(im->filling->mem, &env);
        err = take_row(im, row, country);
    }
    arena_unguard(im->row_mem);
    arena_unguard(im->filling->mem);
    return err;
}

enum err importer_add(struct importer *im, const struct csv_row *row, const char *country,
                      bool may_checkpoint)
{
    enum err err = take_row_guarded(im, row, country);

    if (err || !may_checkpoint || !(part_is_full(im) || chunk_is_full(im, row->end)))
        return err;
    chunk_close_part(im, row->end);
    if (!chunk_is_full(im, row->end))
        return ERR_OK;
    im->one_by_one -= im->one_by_one > 0;
    return chunk_launch(im);
}

enum err importer_flush(struct importer *im)
{
    enum err err;

    chunk_close_part(im, im->file->size);
    err = chunk_launch(im);
    return err ? err : chunk_wait(im);
}
