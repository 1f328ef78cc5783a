/* The outbox, for the super_admin: what waits, what could not be delivered. */
#include <string.h>

#include "server/auth_private.h"
#include "server/mail.h"

enum { PAGE = 50 };

struct page {
    struct mail_item *rows;
    size_t n, size;
};

static struct mail_item item_of(const struct mail *m)
{
    return (struct mail_item){.id = m->id,
                              .kind = m->kind,
                              .to = m->to,
                              .subject = m->subject,
                              .state = m->state,
                              .created = m->created,
                              .next = m->next,
                              .attempts = m->attempts,
                              .error = m->error};
}

static bool add_row(void *arg, const void *rec)
{
    struct page *p = arg;

    p->rows[p->n++] = item_of(rec);
    return p->n < p->size;
}

static enum err mail_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {.rows = arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), .size = size + 1};
    struct query q = {.type = &mail_type, .limit = (int64_t)size + 1};
    struct mail_page out = {0};
    enum err err = cursor_read(r, "mail", ask->cursor, &q.after);

    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "mail", &p.rows[size - 1].id);
    }
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &mail_page_type, &out);
}

static enum err load(struct request *r, struct mail *m)
{
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    return err ? err : store_get(r->srv->store, &mail_type, &id, 0, r->mem, m);
}

/* One step and its audit record. */
static enum err act(struct request *r, const struct mail *m, const struct step *step)
{
    struct step steps[2] = {
        {.kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, &m->id, m->kind)}};
    struct plan plan = {.steps = steps, .n = 1};
    enum err err;

    if (step)
        steps[plan.n++] = *step;
    err = store_commit(r->srv->store, &plan);
    return err == ERR_CONFLICT ? ERR_NOT_FOUND : err; /* it has gone out meanwhile */
}

/* With its text, tokens and all: so each reading is in the log. */
static enum err mail_show(struct request *r)
{
    struct mail m = {0};
    struct mail_item out;
    enum err err = load(r, &m);

    if (!err)
        err = act(r, &m, NULL);
    if (err)
        return err;
    out = item_of(&m);
    out.body = m.body;
    return reply(r, 200, &mail_item_type, &out);
}

static enum err mail_again(struct request *r)
{
    static const char *const names[] = {"state", "attempts", "next", NULL};
    struct mail m = {0};
    struct step step = {.kind = STEP_UPDATE,
                        .type = &mail_type,
                        .rec = &m,
                        .fields = fields_named(&mail_type, names)};
    struct mail_item out;
    enum err err = load(r, &m);

    m.state = "queued";
    m.attempts = 0;
    m.next = clock_now();
    if (!err)
        err = act(r, &m, &step);
    if (err)
        return err;
    mail_wake(r->srv->mail);
    out = item_of(&m);
    return reply(r, 200, &mail_item_type, &out);
}

static enum err mail_delete(struct request *r)
{
    struct accepted out = {"the mail is deleted"};
    struct mail m = {0};
    enum err err = load(r, &m);
    struct step step = {.kind = STEP_DELETE, .type = &mail_type, .id = m.id};

    if (!err)
        err = act(r, &m, &step);
    return err ? err : reply(r, 200, &accepted_type, &out);
}

#define ROW .role = ROLE_SUPER_ADMIN, .scope = "admin", .flags = ROUTE_LOCAL_ADMIN

const struct route mail_routes[] = {
    {"GET", "/api/admin/mail", mail_list, "The mails that have not gone out.", ROW,
     .query = &page_query_type, .reply = &mail_page_type},
    {"GET", "/api/admin/mail/:id", mail_show, "Read a mail that has not gone out.", ROW,
     .reply = &mail_item_type, .audit = "mail.read"},
    {"POST", "/api/admin/mail/:id/retry", mail_again, "Try again to send it, from now on.", ROW,
     .rate = RATE_WRITE, .reply = &mail_item_type, .audit = "mail.retry"},
    {"DELETE", "/api/admin/mail/:id", mail_delete, "Delete a mail that has not gone out.", ROW,
     .rate = RATE_WRITE, .reply = &accepted_type, .audit = "mail.delete"},
    {0},
};
