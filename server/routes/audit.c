/* The audit log: the account's for its admins, the platform's for the super_admin. */
#include "server/audit.h"

#include <stdlib.h>
#include <string.h>

#include "common/csv.h"
#include "server/request.h"

/*
 * Filters without an index look at each record; EXAMINED bounds what one page costs, and so a page
 * may be short, or empty, and yet not the last.
 */
enum { PAGE = 50, EXAMINED = 5000, EXPORTED = 500, EXPORT_TEXT = 4 * 1024 * 1024, WORD = 81 };

/* An id is at least as late as its record, and later only where the clock was put back. */
#define CLOCK_SLACK_MS INT64_C(3600000)

struct filter {
    struct uuid actor, account, target, own; /* own: of an admin, who sees nothing else */
    char verb[WORD], outcome[WORD];
    struct stamp since, until;
};

static struct filter filter_of(const struct request *r)
{
    const struct audit_query *ask = r->query;
    struct filter f = {.actor = ask->actor,
                       .account = ask->account,
                       .target = ask->target,
                       .since = ask->since,
                       .until = ask->until};

    if (r->who.role < ROLE_SUPER_ADMIN)
        f.own = r->who.account;
    snprintf(f.verb, sizeof(f.verb), "%s", ask->verb ? ask->verb : "");
    snprintf(f.outcome, sizeof(f.outcome), "%s", ask->outcome ? ask->outcome : "");
    return f;
}

static bool is_id(const struct uuid *wanted, const struct uuid *id)
{
    return uuid_is_zero(wanted) || uuid_equal(wanted, id);
}

static bool is_word(const char *wanted, const char *word)
{
    return !*wanted || (word && strcmp(wanted, word) == 0);
}

static bool matches(const struct filter *f, const struct audit *a)
{
    return is_id(&f->own, &a->account) && is_id(&f->account, &a->account) &&
           is_id(&f->actor, &a->actor) && is_id(&f->target, &a->target) &&
           is_word(f->verb, a->verb) && is_word(f->outcome, a->outcome) &&
           a->at.ms >= f->since.ms && (!f->until.ms || a->at.ms < f->until.ms);
}

/* The account that the store can look for; NULL: all of them. */
static const struct uuid *account_of(const struct filter *f)
{
    if (!uuid_is_zero(&f->own))
        return &f->own;
    return uuid_is_zero(&f->account) ? NULL : &f->account;
}

/* The chain is the super_admin's: its numbers tell how much goes on in other accounts. */
static struct audit shown(const struct filter *f, const struct audit *a)
{
    struct audit out = *a;

    if (!uuid_is_zero(&f->own)) {
        out.seq = 0;
        out.chain = (struct uuid){0};
        out.previous = out.hash = NULL;
    }
    return out;
}

/* All ids made before this moment are less. */
static struct uuid id_at(int64_t ms)
{
    struct uuid id = {{0}};

    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    return id;
}

struct page {
    struct filter filter;
    struct audit *rows;
    size_t n, size, examined;
    struct uuid last; /* that was looked at */
    bool more;        /* there are records behind it */
};

static bool look(void *arg, const void *rec)
{
    const struct audit *a = rec;
    struct page *p = arg;
    struct uuid oldest = id_at(p->filter.since.ms);

    if (uuid_compare(&a->id, &oldest) < 0)
        return false;
    p->more = p->n == p->size;
    if (p->more)
        return false;
    p->examined++;
    p->last = a->id;
    if (matches(&p->filter, a))
        p->rows[p->n++] = shown(&p->filter, a);
    return true;
}

static enum err audit_list(struct request *r)
{
    const struct audit_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {
        .filter = filter_of(r), .rows = arena_alloc(r->mem, size * sizeof(*p.rows)), .size = size};
    const struct uuid *account = account_of(&p.filter);
    struct uuid newest = id_at(ask->until.ms + CLOCK_SLACK_MS);
    struct query q = {.type = &audit_type, .newest_first = true, .limit = EXAMINED};
    struct audit_page out = {0};
    enum err err = cursor_read(r, "audit", ask->cursor, &q.after);

    if (ask->until.ms && (uuid_is_zero(&q.after) || uuid_compare(&newest, &q.after) < 0))
        q.after = newest;
    if (account)
        q.where[0] = (struct cond){"account_id", OP_EQ, account};
    if (!err)
        err = store_find(r->srv->store, &q, r->mem, look, &p);
    if (p.more || p.examined == EXAMINED)
        out.next_cursor = cursor_make(r, "audit", &p.last);
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &audit_page_type, &out);
}

/* An export that is on its way. */
struct export
{
    struct server *srv;
    struct filter filter;
    struct query query;
    struct buf text; /* what was not sent yet, from `at` on */
    size_t at;
    size_t read; /* records of the page that was read last */
    bool csv, last;
};

static void write_csv(struct buf *b, const struct audit *a)
{
    for (const struct field *f = audit_type.fields; f->name; f++) {
        char text[UUID_TEXT + STAMP_TEXT] = "";

        if (f->kind == KIND_INT && *(const int64_t *)field_at(f, a))
            snprintf(text, sizeof(text), "%lld", (long long)*(const int64_t *)field_at(f, a));
        else if (f->kind == KIND_TIME)
            stamp_text(*(const struct stamp *)field_at(f, a), text);
        else if (f->kind == KIND_ID && !uuid_is_zero(field_at(f, a)))
            uuid_text(field_at(f, a), text);
        if (f != audit_type.fields)
            buf_char(b, ',');
        if (f->kind != KIND_STR)
            csv_write_cell(b, text);
        else if (!field_is_null(f, a))
            csv_write_cell(b, *(const char *const *)field_at(f, a));
    }
    buf_str(b, "\r\n");
}

static void write_header(struct buf *b)
{
    for (const struct field *f = audit_type.fields; f->name; f++)
        buf_printf(b, "%s%s", f == audit_type.fields ? "" : ",", f->name);
    buf_str(b, "\r\n");
}

static bool write_record(void *arg, const void *rec)
{
    const struct audit *a = rec;
    struct export *x = arg;
    struct audit out = shown(&x->filter, a);

    x->read++;
    x->query.after = a->id;
    x->query.beyond = a->seq;
    if (!matches(&x->filter, a))
        return true;
    if (x->csv) {
        write_csv(&x->text, &out);
    } else {
        json_write(&x->text, &audit_type, &out, JSON_MASKED, NULL);
        buf_char(&x->text, '\n');
    }
    return true;
}

static enum err read_page(struct export *x, struct arena *mem)
{
    jmp_buf env;
    enum err err;

    if (setjmp(env))
        return ERR_NO_MEMORY;
    arena_guard(mem, &env);
    x->read = 0;
    err = store_find(x->srv->store, &x->query, mem, write_record, x);
    x->last = x->read < EXPORTED;
    return x->text.failed ? ERR_NO_MEMORY : err;
}

static enum err next_page(struct export *x)
{
    struct arena *mem = arena_try_new();
    enum err err = mem ? read_page(x, mem) : ERR_NO_MEMORY;

    arena_free(mem);
    return err;
}

static long export_read(void *arg, char *out, size_t max)
{
    struct export *x = arg;
    size_t n;

    if (x->at == x->text.len) {
        buf_clear(&x->text);
        x->at = 0;
    }
    while (!x->text.len && !x->last)
        if (atomic_load(&x->srv->stopping) || next_page(x))
            return STREAM_BROKEN;
    if (!x->text.len)
        return STREAM_END;
    n = x->text.len - x->at < max ? x->text.len - x->at : max;
    memcpy(out, x->text.data + x->at, n);
    x->at += n;
    return (long)n;
}

static void export_close(void *arg)
{
    struct export *x = arg;

    buf_free(&x->text);
    free(x);
}

/* In order of the chain, so that it can be checked; one account's, which cannot, by its index. */
static struct export *export_new(struct request *r, bool csv)
{
    struct export *x = calloc(1, sizeof(*x));
    const struct uuid *account;

    if (!x)
        return NULL;
    x->srv = r->srv;
    x->filter = filter_of(r);
    x->csv = csv;
    x->text = (struct buf)BUF_INIT(EXPORT_TEXT);
    x->query = (struct query){.type = &audit_type, .limit = EXPORTED};
    account = account_of(&x->filter);
    if (account)
        x->query.where[0] = (struct cond){"account_id", OP_EQ, account};
    else
        x->query.order = "seq";
    if (csv)
        write_header(&x->text);
    return x;
}

/* Taking the log away is itself an act. */
static enum err audit_export(struct request *r)
{
    const struct audit_query *ask = r->query;
    bool csv = ask->format && strcmp(ask->format, "csv") == 0;
    struct step step = {.kind = STEP_INSERT,
                        .type = &audit_type,
                        .rec = request_audit(r, &ask->account, csv ? "csv" : "jsonl")};
    struct plan plan = {.steps = &step, .n = 1};
    struct export *x;
    enum err err;

    if (body_has(r, "cursor") || body_has(r, "page_size"))
        return refuse(r, ERR_INVALID, "cursor", "an export has no pages");
    err = store_commit(r->srv->store, &plan);
    if (err)
        return err;
    x = export_new(r, csv);
    if (!x)
        return ERR_NO_MEMORY;
    r->status = 200;
    r->content_type = csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
    r->stream = (struct stream){export_read, export_close, x};
    return ERR_OK;
}

const struct route audit_routes[] = {
    {"GET", "/api/admin/audit", audit_list,
     "The audit log, newest first; a page may be short and yet have a next.", .role = ROLE_ADMIN,
     .scope = "admin", .flags = ROUTE_LOCAL_ADMIN, .query = &audit_query_type,
     .reply = &audit_page_type},
    {"GET", "/api/admin/audit/export", audit_export,
     "All of the audit log that matches, oldest first, as JSON lines or CSV.", .role = ROLE_ADMIN,
     .scope = "admin", .flags = ROUTE_LOCAL_ADMIN, .query = &audit_query_type,
     .produces = "application/x-ndjson, text/csv", .audit = "audit.export"},
    {0},
};
