/* The caller's own sessions, and the password once more before dangerous acts. */
#include <string.h>

#include "server/auth_private.h"
#include "server/auth_session.h"
#include "server/auth_totp.h"

enum { PAGE = 50 };

struct page {
    const struct request *r;
    struct session_item *rows;
    size_t n, size;
};

static bool add_row(void *arg, const void *rec)
{
    const struct session *s = rec;
    struct page *p = arg;

    if (!s->ended && s->ends.ms > clock_real_ms())
        p->rows[p->n++] = (struct session_item){.id = s->id,
                                                .agent = s->agent,
                                                .address = s->address,
                                                .created = s->created,
                                                .last_seen = s->used,
                                                .ends = s->ends,
                                                .current = uuid_equal(&s->id, &p->r->who.session)};
    return p->n < p->size;
}

static enum err session_list(struct request *r)
{
    const struct page_query *ask = r->query;
    size_t size = ask->page_size ? (size_t)ask->page_size : PAGE;
    struct page p = {r, arena_alloc(r->mem, (size + 1) * sizeof(*p.rows)), .size = size + 1};
    struct query q = {
        .type = &session_type, .where = {{"user", OP_EQ, &r->who.user}}, .newest_first = true};
    struct session_page out = {0};
    enum err err = cursor_read(r, "sessions", ask->cursor, &q.after);

    if (!err)
        err = store_find(r->srv->store, &q, r->mem, add_row, &p);
    if (p.n > size) {
        p.n = size;
        out.next_cursor = cursor_make(r, "sessions", &p.rows[size - 1].id);
    }
    out.items = (struct list){p.rows, p.n};
    return err ? err : reply(r, 200, &session_page_type, &out);
}

static enum err accept(struct request *r, const char *message)
{
    struct accepted out = {message};

    return reply(r, 200, &accepted_type, &out);
}

/* Another's session, and one that has ended, are as absent as one that never was. */
static enum err end_one(struct request *r)
{
    struct session s = {0};
    struct uuid id;
    enum err err = request_id(r, 0, &id);

    if (!err)
        err = store_get(r->srv->store, &session_type, &id, 0, r->mem, &s);
    if (!err && (!uuid_equal(&s.user, &r->who.user) || s.ended || s.ends.ms <= clock_real_ms()))
        err = ERR_NOT_FOUND;
    if (!err)
        err = session_end(r, &id);
    return err ? err : accept(r, "the session has ended");
}

static enum err end_others(struct request *r)
{
    enum err err = session_end_others(r);

    return err ? err : accept(r, "every other session has ended");
}

/* The second factor too, where it is on: its code is used up by it. */
static enum err check_totp(struct request *r, const char *code)
{
    struct totp t = {0}, next;
    struct step step;
    struct plan plan = {.steps = &step, .n = 1};
    enum err err = store_get(r->srv->store, &totp_type, &r->who.user, 0, r->mem, &t);

    if (err == ERR_NOT_FOUND || (!err && !t.active))
        return ERR_OK;
    if (err)
        return err;
    if (!code)
        return refuse(r, ERR_FORBIDDEN, "totp", "a code of the second factor is missing");
    if (totp_fits(r->srv->seal, &t, code, r->mem, &next, &step))
        err = store_commit(r->srv->store, &plan);
    else
        err = ERR_CONFLICT;
    if (err == ERR_CONFLICT)
        return refuse(r, ERR_FORBIDDEN, "totp", "the code is wrong, or was used");
    return err;
}

static enum err confirm(struct request *r)
{
    const struct confirm_request *ask = r->body;
    struct user u = {0};
    struct guard g;
    char id[UUID_TEXT];
    bool fits = false;
    enum err err = store_get(r->srv->store, &user_type, &r->who.user, 0, r->mem, &u);

    if (!err)
        err = guard_enter(r, "confirm", uuid_text(&r->who.session, id), true, false, &g);
    if (!err)
        err = hasher_verify(r->srv->auth->hasher, ask->password, u.password_hash, &fits);
    if (!err && !fits)
        return refuse(r, ERR_FORBIDDEN, "password", "the password is wrong");
    if (!err)
        err = check_totp(r, ask->totp);
    if (!err)
        err = session_confirm(r);
    if (err)
        return err;
    guard_leave(r, &g, true);
    return accept(r, "confirmed for ten minutes");
}

const struct route sessions_routes[] = {
    {"GET", "/api/sessions", session_list, "List your sessions.", .role = ROLE_VIEWER,
     .query = &page_query_type, .reply = &session_page_type},
    {"DELETE", "/api/sessions", end_others, "End all of your sessions but this one.",
     .role = ROLE_VIEWER, .rate = RATE_WRITE, .reply = &accepted_type, .audit = "session.end"},
    {"DELETE", "/api/sessions/:id", end_one, "End one of your sessions.", .role = ROLE_VIEWER,
     .rate = RATE_WRITE, .reply = &accepted_type, .audit = "session.end"},
    {"POST", "/api/auth/confirm", confirm,
     "Give the password again: dangerous acts are allowed for ten minutes.", .role = ROLE_VIEWER,
     .rate = RATE_WRITE, .body = &confirm_request_type, .reply = &accepted_type,
     .audit = "session.confirm"},
    {0},
};
