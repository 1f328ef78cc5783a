#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/textcode.h"
#include "common/utf8.h"
#include "server/jobs/upload.h"

enum { HEAD = 256 * 1024, HEADER_LINES = 20, SAMPLES = 50 };

static const struct field upload_params_fields[] = {
    FIELD(upload_params, map, .max = 200),
    FIELD(upload_params, country),
    {0},
};
const struct type upload_params_type = {"upload_params", sizeof(struct upload_params),
                                        upload_params_fields, .owned = NO_OWNED};

/* As seal_in_read(); says so once when it fails. */
static enum err read_block(struct seal_in *in, int64_t at, char *out, size_t max, size_t *n)
{
    enum err err = seal_in_read(in, at, out, max, n);

    if (err)
        log_event(LOG_ERROR, "upload.read", LOG_STR("outcome", err_slug(err)),
                  LOG_INT("errno", errno));
    return err;
}

enum err upload_file_read(struct upload_file *f, int64_t at, char *out, size_t max, size_t *n)
{
    return read_block(f->in, at, out, max, n);
}

static enum err sniff(struct seal_in *in, enum textcode *out)
{
    struct textcode_sniff s = {0};
    char block[SEAL_BLOCK];
    int64_t at = 0;
    size_t n = 1;
    enum err err = ERR_OK;

    for (; !err && n; at += (int64_t)n) {
        err = read_block(in, at, block, sizeof(block), &n);
        if (!err && n)
            textcode_sniff_add(&s, block, n);
    }
    *out = textcode_sniff_end(&s);
    return err;
}

/* Rewrite the file as UTF-8; the same input gives the same bytes, so offsets survive a restart. */
static enum err convert(struct seal_in *from, struct seal_out *to, enum textcode code)
{
    struct textcode_conv conv = {.from = code};
    struct buf b = BUF_INIT(SEAL_BLOCK * 4);
    char block[SEAL_BLOCK];
    enum err err = ERR_OK;
    int64_t at = 0;
    size_t n = 1;

    for (; n && !err; at += (int64_t)n) {
        err = read_block(from, at, block, sizeof(block), &n);
        if (err)
            break;
        buf_clear(&b);
        textcode_convert(&conv, block, n, n == 0, &b);
        err = b.failed ? ERR_NO_MEMORY : seal_out_add(to, b.data ? b.data : "", b.len);
    }
    if (!err)
        err = seal_out_end(to);
    buf_free(&b);
    return err;
}

/* The copy beside it takes its place. */
static enum err open_copy(const struct server *srv, const struct uuid *job, const char *path,
                          enum textcode code, struct upload_file *f)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct seal_out *to = NULL;
    struct seal_in *copy = NULL;
    enum err err = fd < 0 ? ERR_UNAVAILABLE : seal_out_new(srv->seal, fd, job, &to);

    if (!err)
        err = convert(f->in, to, code);
    seal_out_free(to);
    if (!err)
        err = seal_in_new(srv->seal, fd, job, &copy);
    else if (fd >= 0)
        close(fd);
    if (err)
        return err;
    seal_in_free(f->in);
    f->in = copy;
    return ERR_OK;
}

/* The file, or its copy in UTF-8 beside it. */
static enum err open_utf8(const struct server *srv, const struct uuid *job, struct arena *mem,
                          struct upload_file *out, struct problem *why)
{
    const char *path = upload_path(srv, job, mem);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    enum textcode code;
    enum err err;

    if (fd < 0 && errno == ENOENT)
        return problem_set(why, "body", "the uploaded file is gone from the server");
    if (fd < 0)
        return ERR_UNAVAILABLE;
    err = seal_in_new(srv->seal, fd, job, &out->in);
    if (err == ERR_INVALID)
        return problem_set(why, "body", "the uploaded file was damaged on the server");
    if (!err)
        err = sniff(out->in, &code);
    if (err)
        return err;
    out->encoding = textcode_name(code);
    if (code == TEXT_UTF8)
        return ERR_OK;
    return open_copy(srv, job, arena_printf(mem, "%s.utf8", path), code, out);
}

void upload_file_close(struct upload_file *f)
{
    seal_in_free(f->in);
    f->in = NULL;
}

struct table {
    struct strs rows[HEADER_LINES + SAMPLES];
    int64_t ends[HEADER_LINES + SAMPLES], lines[HEADER_LINES + SAMPLES];
    size_t n;
};

static void keep_row(struct arena *mem, struct table *t, const struct csv_row *row)
{
    const char **v = arena_alloc(mem, row->n * sizeof(*v));

    for (size_t i = 0; i < row->n; i++)
        v[i] = utf8_tidy(mem, row->cells[i]);
    t->rows[t->n] = (struct strs){v, row->n};
    t->ends[t->n] = row->end;
    t->lines[t->n++] = row->line;
}

/* The first rows, as cells. */
static enum err read_head(struct arena *mem, struct upload_file *f, struct table *t)
{
    char *head = arena_alloc(mem, HEAD + 1);
    size_t n = 0, more = 1;
    struct csv_row row;
    struct csv *c;
    enum err err = ERR_OK;

    for (; !err && more && n < HEAD; n += more)
        err = read_block(f->in, (int64_t)n, head + n, HEAD - n, &more);
    if (err)
        return err;
    f->delimiter = csv_sniff(head, n);
    c = csv_new(f->delimiter);
    if (!c)
        return ERR_NO_MEMORY;
    err = csv_feed(c, head, n, n < HEAD);
    while (!err && t->n < HEADER_LINES + SAMPLES && csv_next(c, &row))
        if (row.fault == CSV_NONE)
            keep_row(mem, t, &row);
    csv_free(c);
    return err;
}

/* Does the row name every column that the rules name? */
static bool has_columns(const struct strs *row, const struct strs *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        const char *colon = strrchr(rules->v[i], ':');
        size_t n = colon ? (size_t)(colon - rules->v[i]) : 0, k = 0;

        while (k < row->n && (strlen(row->v[k]) != n || memcmp(row->v[k], rules->v[i], n) != 0))
            k++;
        if (k == row->n)
            return false;
    }
    return rules->n > 0;
}

/* By what the user says of its columns, else by names we know. */
static bool find_header(struct arena *mem, const struct table *t, const struct strs *rules,
                        size_t *at)
{
    for (*at = 0; *at < t->n && *at < HEADER_LINES; ++*at)
        if (has_columns(&t->rows[*at], rules))
            return true;
    for (*at = 0; *at < t->n && *at < HEADER_LINES; ++*at)
        if (mapping_is_header(mem, t->rows[*at].v, t->rows[*at].n))
            return true;
    return false;
}

enum err upload_line_at(struct upload_file *f, int64_t upto, int64_t *out)
{
    char block[SEAL_BLOCK];
    int64_t lines = 1, at = 0;
    enum err err = ERR_OK;
    char last = 0;
    size_t n = 1;

    for (; !err && n && at < upto; at += (int64_t)n) {
        size_t want = upto - at < SEAL_BLOCK ? (size_t)(upto - at) : SEAL_BLOCK;

        err = read_block(f->in, at, block, want, &n);
        for (size_t i = 0; !err && i < n; i++) { /* CR, and LF without one before it */
            lines += block[i] == '\r' || (block[i] == '\n' && last != '\r');
            last = block[i];
        }
    }
    *out = lines;
    return err;
}

/* "COLUMN:field": the last colon parts them. */
static enum err apply_map(struct arena *mem, struct upload_file *f, const char *rule,
                          struct problem *why)
{
    const char *colon = strrchr(rule, ':');
    enum import_field field = colon ? import_find(colon + 1) : IMPORT_FIELDS;
    const char *name;

    if (field == IMPORT_FIELDS)
        return problem_set(why, "map", "a rule must read COLUMN:field with a known field");
    name = utf8_tidy(mem, arena_strndup(mem, rule, (size_t)(colon - rule)));
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->columns[i], name) != 0)
            continue;
        for (size_t k = 0; k < f->n && field != IMPORT_none; k++)
            if (f->fields[k] == field)
                f->fields[k] = IMPORT_none;
        f->fields[i] = field;
        return ERR_OK;
    }
    return problem_set(why, "map", "the file has no column that a rule names");
}

static enum err map_columns(struct arena *mem, struct upload_file *f, const struct table *t,
                            size_t header, const struct upload_params *p, struct problem *why)
{
    struct mapping *m = arena_alloc(mem, f->n * sizeof(*m));
    bool any = false;

    mapping_propose(mem, f->columns, f->n, t->rows + header + 1, t->n - header - 1, m);
    for (size_t i = 0; i < f->n; i++)
        f->fields[i] = m[i].field;
    for (size_t i = 0; i < p->map.n; i++)
        if (apply_map(mem, f, p->map.v[i], why))
            return ERR_INVALID;
    for (size_t i = 0; i < f->n; i++)
        any |= f->fields[i] == IMPORT_email || f->fields[i] == IMPORT_name ||
               f->fields[i] == IMPORT_last_name || f->fields[i] == IMPORT_first_name ||
               f->fields[i] == IMPORT_linkedin_url;
    return any ? ERR_OK
               : problem_set(why, "map", "no column says who somebody is: name, e-mail or profile");
}

/* What belongs to the company but stands in a field of another name has that field's ceiling. */
static void set_ceilings(struct upload_file *f)
{
    static const struct {
        enum import_field field;
        const char *name;
    } named[] = {{IMPORT_company_linkedin_url, "linkedin_url"},
                 {IMPORT_company_city, "city"},
                 {IMPORT_company_state, "state"}};

    for (int i = 0; i < IMPORT_FIELDS; i++) {
        const struct field *field = type_field(&profile_type, import_name((enum import_field)i));

        f->most[i] = field ? (size_t)field->max : 0;
    }
    for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
        f->most[named[i].field] = (size_t)type_field(&company_type, named[i].name)->max;
}

enum err upload_file_open(const struct server *srv, const struct uuid *job,
                          const struct upload_params *p, struct arena *mem, struct upload_file *out,
                          struct problem *why)
{
    struct table *t = arena_alloc(mem, sizeof(*t));
    size_t header;
    enum err err = open_utf8(srv, job, mem, out, why);

    if (!err)
        err = read_head(mem, out, t);
    if (err)
        return err;
    out->size = seal_in_size(out->in);
    if (!find_header(mem, t, &p->map, &header))
        return problem_set(why, "body",
                           "no header: none of the first rows names two known columns");
    out->n = t->rows[header].n;
    out->columns = arena_dup(mem, t->rows[header].v, out->n * sizeof(*out->columns));
    out->fields = arena_alloc(mem, out->n * sizeof(*out->fields));
    out->body = t->ends[header];
    out->countries = arena_alloc(mem, COUNTRY_MEMOS * sizeof(*out->countries));
    set_ceilings(out);
    return map_columns(mem, out, t, header, p, why);
}
