/*
 * An import of a file of contacts, in pieces: upload_file.c finds its encoding, delimiter, header
 * and mapping; upload_row.c turns a row into a profile and a company; upload_import.c takes row by
 * row, matches, merges and commits (upload_chunk.h); upload.c runs them.
 */
#ifndef SERVER_JOBS_UPLOAD_H
#define SERVER_JOBS_UPLOAD_H

#include "common/csv.h"
#include "common/mapping.h"
#include "server/jobs.h"
#include "server/request.h"
#include "server/seal_file.h"

struct upload_params { /* job.params */
    struct strs map;   /* COLUMN:field */
    const char *country;
};
extern const struct type upload_params_type;

/*
 * The spool file of a job, sealed (server/seal_file.h) for the job's id: in DIR/spool, by a digest
 * of the id, so that its name says neither whose it is nor when it came.
 */
const char *upload_path(const struct server *srv, const struct uuid *job, struct arena *mem);

/* The code of a country as the file writes it, found before. */
struct country_memo {
    char text[40];
    const char *code;
};

enum { COUNTRY_MEMOS = 64 };

/* The file as it is read: UTF-8, its columns and what they go to. */
struct upload_file {
    struct seal_in *in;
    int64_t size;
    char delimiter;
    const char *encoding;
    const char **columns;
    enum import_field *fields;  /* by column */
    size_t most[IMPORT_FIELDS]; /* bytes that a text of this field may have */
    struct country_memo *countries;
    size_t n;
    int64_t body; /* where the rows begin */
};

/* errors: ERR_INVALID: no header, nothing mapped, a column that is not there; ERR_UNAVAILABLE */
enum err upload_file_open(const struct server *srv, const struct uuid *job,
                          const struct upload_params *p, struct arena *mem, struct upload_file *out,
                          struct problem *why) MUST_CHECK;
void upload_file_close(struct upload_file *f);
/* As seal_in_read(); a failure is logged, and must not be taken for the end of the file. */
enum err upload_file_read(struct upload_file *f, int64_t at, char *out, size_t max,
                          size_t *n) MUST_CHECK;
/* The number of the line that begins at this offset. */
enum err upload_line_at(struct upload_file *f, int64_t offset, int64_t *out) MUST_CHECK;

/*
 * Take away what a dead process left in the spool: files without a job that is not over.  A clear
 * file of an older release is sealed; when that cannot be done, it stays and its job fails.
 */
void upload_spool_tidy(struct server *srv);

/* Something of a row that was not taken. */
struct reject {
    size_t column;    /* SIZE_MAX: the row */
    const char *code; /* "bad_email" */
    const char *reason;
};

enum { ROW_REJECTS = 32 };

struct upload_row {
    struct profile p;
    struct company c;
    uint64_t given; /* fields of the profile that the row itself gives; set by the importer */
    bool has_company;
    bool weak_domain; /* told by the e-mail address alone */
    bool weak_place;  /* the company's, as the person has none */
    struct reject rejects[ROW_REJECTS];
    size_t n_rejects;
    bool rejected; /* the whole row: nothing of it identifies anybody */
};

/* country: of phone numbers without one, when the row names none either; may be NULL. */
void upload_row_read(struct arena *mem, const struct upload_file *f, const char *const *cells,
                     size_t n, const char *country, struct upload_row *out);

struct importer;

/* one_by_one: so many rows go each in a plan of its own.  NULL: no memory. */
struct importer *importer_new(struct server *srv, struct job *job, const struct upload_file *f,
                              size_t one_by_one);
/* Commits nothing of what was not. NULL is fine. */
void importer_free(struct importer *im);
/*
 * A row that was read, or a reader's fault.  May commit what came before, up to this row when
 * may_checkpoint.  errors: ERR_NO_MEMORY: free it and begin again at the job's checkpoint;
 * ERR_CONFLICT: two rows of one plan stand in each other's way, or
 * somebody else wrote in between; begin again at the job's checkpoint
 */
enum err importer_add(struct importer *im, const struct csv_row *row, const char *country,
                      bool may_checkpoint) MUST_CHECK;
/* Commit the rest and wait for it. */
enum err importer_flush(struct importer *im) MUST_CHECK;

#endif
