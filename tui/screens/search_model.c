#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "tui/screens/search.h"

enum { TYPING_MS = 150, REST_MS = 150, RETRY_S = 1 };

static const enum facet panes[] = {FACET_seniority,  FACET_department, FACET_country,
                                   FACET_industry,   FACET_employees,  FACET_email_status,
                                   FACET_technology, FACET_revenue};

const struct search_sort search_sorts[SORTS] = {
    {NULL, "best first"},   {"score", "score"},          {"name", "name"},
    {"company", "company"}, {"updated", "newest first"}, {"quality", "data quality"},
};

const char *search_facets_asked(int i)
{
    return i < (int)(sizeof(panes) / sizeof(*panes)) ? facet_name(panes[i]) : NULL;
}

bool search_is_asked(enum facet f)
{
    for (size_t i = 0; i < sizeof(panes) / sizeof(*panes); i++)
        if (panes[i] == f)
            return true;
    return false;
}

/* One timer for three waits: typing, rest, another try. */
static void set_timer(struct search *s)
{
    const int64_t times[] = {s->ask_us, s->rest_us, s->retry_us};
    int64_t next = 0;

    for (int i = 0; i < 3; i++)
        if (times[i] && (!next || times[i] < next))
            next = times[i];
    s->base.wake_us = next;
}

static bool is_due(int64_t *at)
{
    bool due = *at && clock_mono_us() >= *at;

    if (due)
        *at = 0;
    return due;
}

void search_tick(struct screen *base)
{
    struct search *s = (struct search *)base;

    if (is_due(&s->rest_us))
        s->preview = s->rows.at;
    if (is_due(&s->retry_us) | is_due(&s->ask_us)) {
        search_typed_ask(s);
        search_ask(s);
    }
    set_timer(s);
}

void search_rest(struct search *s)
{
    s->rest_us = clock_mono_us() + REST_MS * 1000;
    set_timer(s);
}

/* Rows */

static void drop_rows(struct search *s)
{
    for (struct result_page *p = s->pages, *next; p; p = next) {
        next = p->next;
        arena_free(p->mem);
        free(p);
    }
    s->pages = s->last = NULL;
    s->rows = (struct scroll){.rows = s->rows.rows};
    s->preview = 0;
}

static void drop_answers(struct search *s)
{
    drop_rows(s);
    arena_free(s->panes_mem);
    s->panes_mem = NULL;
    s->panes = (struct map){0};
    s->corrections = (struct list){0};
    s->lines.n = 0;
    free(s->cursor);
    s->cursor = NULL;
    s->n_marks = 0;
    s->shown = false;
}

void search_forget(struct search *s)
{
    api_cancel(app_api(s->base.app), s->call);
    s->call = NULL;
    drop_answers(s);
}

void search_free(struct search *s)
{
    drop_answers(s);
    search_typed_free(s);
    while (s->n_past)
        free(s->past[--s->n_past]);
    while (s->n_future)
        free(s->future[--s->n_future]);
}

const struct profile *search_row(const struct search *s, int i)
{
    size_t k = (size_t)i;

    for (const struct result_page *p = s->pages; p; p = p->next) {
        if (k < p->n)
            return &p->rows[k];
        k -= p->n;
    }
    return NULL;
}

static int find_mark(const struct search *s, const struct uuid *id)
{
    for (size_t i = 0; i < s->n_marks; i++)
        if (uuid_equal(&s->marks[i], id))
            return (int)i;
    return -1;
}

bool search_is_marked(const struct search *s, const struct profile *p)
{
    return find_mark(s, &p->id) >= 0;
}

void search_mark(struct search *s, const struct profile *p)
{
    int at = find_mark(s, &p->id);

    if (at >= 0)
        s->marks[at] = s->marks[--s->n_marks];
    else if (s->n_marks < MARKS_MAX)
        s->marks[s->n_marks++] = p->id;
}

void search_mark_loaded(struct search *s)
{
    for (const struct result_page *p = s->pages; p; p = p->next)
        for (size_t i = 0; i < p->n && s->n_marks < MARKS_MAX; i++)
            if (!search_is_marked(s, &p->rows[i]))
                s->marks[s->n_marks++] = p->rows[i].id;
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
    int mark;

    if (!id || !uuid_parse(id, &want))
        return;
    mark = find_mark(s, &want);
    if (mark >= 0)
        s->marks[mark] = s->marks[--s->n_marks];
    for (struct result_page *page = s->pages; page; page = page->next)
        for (size_t i = 0; i < page->n; i++)
            if (uuid_equal(&page->rows[i].id, &want))
                /* the page's own memory: decoded into its arena, const for everybody else */
                own_row(page, (struct profile *)(uintptr_t)&page->rows[i], email, phone);
}

/* What the reader owns of a row comes as words; the bits say what is clear. */
static void mark_owned(struct profile *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rows[i].owned_fields.n; k++)
            rows[i].owned |=
                strcmp(rows[i].owned_fields.v[k], "email") == 0 ? OWN_EMAIL : OWN_PHONE;
}

/* Answers */

static void take_panes(struct search *s, const cJSON *doc)
{
    struct search_reply r = {0};
    struct problem why;

    arena_free(s->panes_mem);
    s->panes_mem = arena_new();
    s->panes = (struct map){0};
    s->corrections = (struct list){0};
    if (json_decode(&search_reply_type, doc, JSON_FROM_SERVER, s->panes_mem, &r, NULL, &why) ==
        ERR_OK) {
        s->panes = r.facets;
        s->corrections = r.corrections;
    }
    search_build_lines(s);
}

static void link_page(struct search *s, struct arena *mem, const struct search_reply *r)
{
    struct result_page *p = xcalloc(1, sizeof(*p));

    *p = (struct result_page){.mem = mem, .rows = r->items.v, .n = r->items.n};
    if (s->last)
        s->last->next = p;
    else
        s->pages = p;
    s->last = p;
    scroll_resize(&s->rows, s->rows.n + (int)p->n);
}

static void take_page(struct search *s, const cJSON *doc)
{
    struct arena *mem = arena_new();
    struct search_reply r = {0};
    struct problem why;

    if (json_decode(&search_reply_type, doc, JSON_FROM_SERVER, mem, &r, NULL, &why)) {
        arena_free(mem);
        snprintf(s->trouble, sizeof(s->trouble), "the server's answer makes no sense");
        return;
    }
    mark_owned((struct profile *)(uintptr_t)r.items.v, r.items.n);
    if (!s->appending)
        drop_rows(s);
    link_page(s, mem, &r);
    s->total = r.total;
    s->took_us = r.took_us;
    s->shown = true;
    free(s->cursor);
    s->cursor = r.next_cursor ? xstrdup(r.next_cursor) : NULL;
    if (!s->appending) {
        search_measure(s);
        take_panes(s, doc);
    }
}

/* The first start builds the index: that passes by itself. */
static void take_trouble(struct search *s, const struct api_reply *r)
{
    int64_t wait = r->retry_after ? r->retry_after : RETRY_S;

    if (r->err != ERR_NOT_READY) {
        snprintf(s->trouble, sizeof(s->trouble), "%s   (R: again)", r->detail);
        app_say_error(s->base.app, r);
        if (strcmp(r->field, "q") == 0) /* to a person it has no such name */
            app_say(s->base.app, STYLE_ERR, "the words, %s", r->detail);
        return;
    }
    snprintf(s->trouble, sizeof(s->trouble), "the index is being built; asking again");
    s->retry_us = clock_mono_us() + wait * 1000000;
    set_timer(s);
}

static void got_results(void *arg, const struct api_reply *r)
{
    struct search *s = arg;

    s->call = NULL;
    s->trouble[0] = '\0';
    if (r->err)
        take_trouble(s, r);
    else
        take_page(s, r->doc);
}

/* Questions */

static void add_value(cJSON *body, const char *name, const char *value)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(body, name);

    if (!list)
        list = cJSON_AddArrayToObject(body, name);
    cJSON_AddItemToArray(list, cJSON_CreateString(value));
}

cJSON *search_question(const struct question *q)
{
    cJSON *body = cJSON_CreateObject();

    if (*q->words)
        cJSON_AddStringToObject(body, "q", q->words);
    for (size_t i = 0; i < q->n; i++) {
        char name[64];

        snprintf(name, sizeof(name), "%s%s", q->filters[i].excluded ? "-" : "",
                 facet_name(q->filters[i].facet));
        add_value(body, name, q->filters[i].value);
    }
    return body;
}

static char *make_body(const struct search *s, const char *cursor)
{
    const struct question *q = &s->asked;
    cJSON *body = search_question(q);
    char *text;

    cJSON_AddNumberToObject(body, "page_size", PAGE_ROWS);
    if (search_sorts[q->sort].name)
        cJSON_AddStringToObject(body, "sort", search_sorts[q->sort].name);
    if (cursor)
        cJSON_AddStringToObject(body, "cursor", cursor);
    for (int i = 0; !cursor && search_facets_asked(i); i++)
        add_value(body, "facets", search_facets_asked(i));
    if (cursor)
        add_value(body, "facets", "none");
    text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    return text;
}

/* An older question is given up. */
static void send(struct search *s, const char *cursor)
{
    char *body;

    api_cancel(app_api(s->base.app), s->call);
    s->appending = cursor != NULL;
    body = make_body(s, cursor);
    s->call = screen_call(&s->base, "POST", "/api/profiles/search", body, got_results);
    cJSON_free(body);
}

static bool is_same(const struct question *a, const struct question *b)
{
    if (strcmp(a->words, b->words) != 0 || a->sort != b->sort || a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->filters[i].facet != b->filters[i].facet ||
            a->filters[i].excluded != b->filters[i].excluded ||
            strcmp(a->filters[i].value, b->filters[i].value) != 0)
            return false;
    return true;
}

static void remember(struct question **list, int *n, const struct question *q)
{
    int i = 0;

    if (*n == PAST_MAX) {
        free(list[0]);
        for (--*n; i < *n; i++)
            list[i] = list[i + 1];
    }
    list[*n] = xcalloc(1, sizeof(**list));
    *list[(*n)++] = *q;
}

static void note_change(struct search *s)
{
    bool more = s->focus == FOCUS_WORDS && s->editing;

    if (is_same(&s->now, &s->asked))
        return;
    if (!more)
        remember(s->past, &s->n_past, &s->asked);
    s->editing = s->focus == FOCUS_WORDS;
    while (s->n_future)
        free(s->future[--s->n_future]);
}

void search_ask(struct search *s)
{
    s->ask_us = s->retry_us = 0;
    set_timer(s);
    if (!app_is_signed_in(s->base.app))
        return;
    snprintf(s->now.words, sizeof(s->now.words), "%s", s->words.text);
    note_change(s);
    s->asked = s->now;
    send(s, NULL);
}

/* One letter is not a question yet. */
void search_ask_soon(struct search *s)
{
    s->ask_us = s->words.len == 1 ? 0 : clock_mono_us() + TYPING_MS * 1000;
    set_timer(s);
}

void search_more(struct search *s)
{
    if (s->cursor && !s->call && s->shown && s->rows.n < ROWS_MAX)
        send(s, s->cursor);
}

void search_stop(struct search *s)
{
    api_cancel(app_api(s->base.app), s->call);
    s->call = NULL;
    s->ask_us = s->retry_us = 0;
    set_timer(s);
    snprintf(s->trouble, sizeof(s->trouble), "stopped   (R: again)");
}

static void go_back_to(struct search *s, struct question **from, int *n_from, struct question **to,
                       int *n_to)
{
    struct question *q = from[--*n_from];

    remember(to, n_to, &s->asked);
    s->now = s->asked = *q; /* the same: no new step of undo */
    free(q);
    input_set(&s->words, s->now.words);
    search_build_lines(s);
    search_ask(s);
}

void search_undo(struct search *s)
{
    if (s->n_past)
        go_back_to(s, s->past, &s->n_past, s->future, &s->n_future);
    else
        app_say(s->base.app, STYLE_DIM, "nothing to undo");
}

void search_redo(struct search *s)
{
    if (s->n_future)
        go_back_to(s, s->future, &s->n_future, s->past, &s->n_past);
    else
        app_say(s->base.app, STYLE_DIM, "nothing to redo");
}
