#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/search.h"

enum { TYPING_MS = 150, PREVIEW_MS = 150 };

static const enum facet pane_facets[PANE_FACETS] = {
    FACET_seniority, FACET_department,   FACET_country,    FACET_industry,
    FACET_employees, FACET_email_status, FACET_technology, FACET_revenue};

static void drop_rows(struct search *s)
{
    for (struct result_page *p = s->pages, *next; p; p = next) {
        next = p->next;
        arena_free(p->mem);
        free(p);
    }
    s->pages = s->last = NULL;
    s->n_rows = 0;
}

void search_free(struct search *s)
{
    drop_rows(s);
    arena_free(s->facet_mem);
    free(s->cursor);
}

const struct profile *search_row(const struct search *s, size_t i)
{
    for (const struct result_page *p = s->pages; p; p = p->next) {
        if (i < p->n)
            return &p->rows[i];
        i -= p->n;
    }
    return NULL;
}

const struct chosen *search_chosen(const struct search *s, enum facet f, const char *value)
{
    for (size_t i = 0; i < s->n_chosen; i++)
        if (s->chosen[i].facet == f && strcmp(s->chosen[i].value, value) == 0)
            return &s->chosen[i];
    return NULL;
}

void search_toggle(struct search *s, enum facet f, const char *value, bool exclude)
{
    const struct chosen *old = search_chosen(s, f, value);
    bool same = old && old->excluded == exclude;

    if (old)
        memmove(&s->chosen[old - s->chosen], old + 1,
                (size_t)(s->chosen + s->n_chosen - old - 1) * sizeof(*old));
    s->n_chosen -= old != NULL;
    if (!same && s->n_chosen < CHOSEN_MAX) {
        struct chosen *c = &s->chosen[s->n_chosen++];

        c->facet = f;
        c->excluded = exclude;
        snprintf(c->value, sizeof(c->value), "%s", value);
    }
}

bool search_is_marked(const struct search *s, const struct profile *p)
{
    char id[UUID_TEXT];

    uuid_text(&p->id, id);
    for (size_t i = 0; i < s->n_marks; i++)
        if (strcmp(s->marks[i], id) == 0)
            return true;
    return false;
}

void search_mark(struct search *s, const struct profile *p)
{
    char id[UUID_TEXT];

    uuid_text(&p->id, id);
    for (size_t i = 0; i < s->n_marks; i++) {
        if (strcmp(s->marks[i], id) == 0) {
            memcpy(s->marks[i], s->marks[--s->n_marks], UUID_TEXT);
            return;
        }
    }
    if (s->n_marks < MARKS_MAX)
        memcpy(s->marks[s->n_marks++], id, UUID_TEXT);
}

static void own_row(struct result_page *page, struct profile *p, const char *email,
                    const char *phone)
{
    if (email) {
        p->email = arena_strdup(page->mem, email);
        p->owned |= OWN_EMAIL;
    }
    if (phone) {
        p->phone = arena_strdup(page->mem, phone);
        p->owned |= OWN_PHONE;
    }
    p->is_owned = p->owned != 0;
}

void search_own(struct search *s, const char *id, const char *email, const char *phone)
{
    struct uuid want;

    if (!uuid_parse(id, &want))
        return;
    for (struct result_page *page = s->pages; page; page = page->next)
        for (size_t i = 0; i < page->n; i++)
            if (uuid_equal(&page->rows[i].id, &want))
                own_row(page, &page->rows[i], email, phone);
}

bool search_facet_line(const struct search *s, int i, struct facet_line *out)
{
    const struct facet_pane *panes = s->facets.facets.v;

    for (int k = 0; k < PANE_FACETS; k++) {
        for (size_t p = 0; p < s->facets.facets.n; p++) {
            const struct facet_value *v = panes[p].values.v;

            if (facet_find(panes[p].name) != pane_facets[k])
                continue;
            *out = (struct facet_line){pane_facets[k], NULL};
            if (i-- == 0)
                return true;
            if ((size_t)i < panes[p].values.n) {
                out->value = &v[i];
                return true;
            }
            i -= (int)panes[p].values.n;
        }
    }
    return false;
}

static void add_page(struct search *s, const cJSON *doc)
{
    struct result_page *p = xcalloc(1, sizeof(*p));
    struct search_reply r = {0};
    struct problem why;

    p->mem = arena_new();
    if (json_decode(&search_reply_type, doc, JSON_FROM_SERVER, p->mem, &r, NULL, &why)) {
        app_say(s->base.app, "x the server's answer makes no sense");
        arena_free(p->mem);
        free(p);
        return;
    }
    p->rows = (struct profile *)(uintptr_t)r.items.v;
    p->n = r.items.n;
    if (s->last)
        s->last->next = p;
    else
        s->pages = p;
    s->last = p;
    s->n_rows += p->n;
    s->total = r.total;
    s->took_us = r.took_us;
    free(s->cursor);
    s->cursor = r.next_cursor ? xstrdup(r.next_cursor) : NULL;
    if (s->appending)
        return;
    arena_free(s->facet_mem);
    s->facet_mem = arena_new();
    s->facets = (struct search_reply){0};
    if (json_decode(&search_reply_type, doc, JSON_FROM_SERVER, s->facet_mem, &s->facets, NULL,
                    &why))
        s->facets = (struct search_reply){0};
}

static void got_results(void *arg, const struct api_reply *r)
{
    struct search *s = arg;

    s->loading = false;
    s->call = NULL;
    s->error[0] = '\0';
    if (r->err) {
        snprintf(s->error, sizeof(s->error), "%s", r->detail);
        if (r->err == ERR_NOT_READY) /* the index is being built: ask again by ourselves */
            screen_wake(&s->base, (r->retry_after ? r->retry_after : 1) * 1000);
        else
            app_say_error(s->base.app, r);
        return;
    }
    if (!s->appending) {
        drop_rows(s);
        s->at = s->top = s->preview_at = 0;
    }
    s->fresh = true;
    add_page(s, r->doc);
}

static void add_list(cJSON *body, const char *name, const char *value)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(body, name);

    if (!list)
        list = cJSON_AddArrayToObject(body, name);
    cJSON_AddItemToArray(list, cJSON_CreateString(value));
}

static char *make_body(const struct search *s, const char *cursor)
{
    cJSON *body = cJSON_CreateObject();
    char *text;

    if (s->query.len)
        cJSON_AddStringToObject(body, "q", s->query.text);
    cJSON_AddNumberToObject(body, "page_size", PAGE_ROWS);
    if (s->sort)
        cJSON_AddStringToObject(body, "sort", s->sort);
    if (cursor)
        cJSON_AddStringToObject(body, "cursor", cursor);
    for (int i = 0; i < PANE_FACETS && !cursor; i++)
        add_list(body, "facets", facet_name(pane_facets[i]));
    if (cursor)
        add_list(body, "facets", "none");
    for (size_t i = 0; i < s->n_chosen; i++) {
        char name[64];

        snprintf(name, sizeof(name), "%s%s", s->chosen[i].excluded ? "-" : "",
                 facet_name(s->chosen[i].facet));
        add_list(body, name, s->chosen[i].value);
    }
    text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    return text;
}

static void send(struct search *s, const char *cursor)
{
    char *body = make_body(s, cursor);

    api_cancel(app_api(s->base.app), s->call); /* an older question */
    s->appending = cursor != NULL;
    s->loading = true;
    s->call = screen_call(&s->base, "POST", "/api/profiles/search", body, got_results);
    cJSON_free(body);
}

void search_ask(struct search *s)
{
    s->base.wake_us = 0;
    if (app_session(s->base.app))
        send(s, NULL);
}

void search_ask_soon(struct search *s)
{
    if (s->query.len != 1) /* one letter is not a question yet */
        screen_wake(&s->base, TYPING_MS);
    s->fresh = false;
}

void search_more(struct search *s)
{
    if (s->cursor && !s->loading && s->n_rows < ROWS_MAX)
        send(s, s->cursor);
}

/* Typing came to rest, a retry is due, or the cursor has rested on a row. */
void search_tick(struct screen *base)
{
    struct search *s = (struct search *)base;

    s->preview_at = s->at;
    if (!s->fresh || s->error[0])
        search_ask(s);
}
