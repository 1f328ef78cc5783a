#include "tui/screens/resource.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/record.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/widgets/paint.h"

enum { PAGE = 50, PAGE_MOST = 1000, MORE_BEFORE_END = 5, LOOK_MOST = 10, LEAST_WIDTH = 8, GAP = 2 };

static struct listing *of(struct screen *s)
{
    return (struct listing *)s;
}

/* Its class is the first member of the resource. */
static const struct resource *what(const struct listing *l)
{
    return (const struct resource *)l->base.class;
}

static const char *items(const struct resource *r)
{
    return r->items ? r->items : "items";
}

const cJSON *resource_row(struct screen *s)
{
    return cJSON_GetArrayItem(of(s)->rows, of(s)->scroll.at);
}

const cJSON *resource_chosen(struct screen *s)
{
    const cJSON *row = resource_row(s);

    if (!row)
        app_say(s->app, STYLE_DIM, "no row is here");
    return row;
}

const char *resource_text(struct screen *s, const char *member)
{
    return json_str(resource_row(s), member);
}

struct scroll *resource_scroll(struct screen *s)
{
    return &of(s)->scroll;
}

static void fetch(struct listing *l, const char *cursor);

/* What came */

static void take_rows(struct listing *l, cJSON *rows)
{
    if (!l->appending) {
        cJSON_Delete(l->rows);
        l->rows = cJSON_CreateArray();
    }
    while (cJSON_GetArraySize(rows))
        cJSON_AddItemToArray(l->rows, cJSON_DetachItemFromArray(rows, 0));
    cJSON_Delete(rows);
    scroll_resize(&l->scroll, cJSON_GetArraySize(l->rows));
}

/* false: the role that it takes is said, and nothing is asked. */
static bool may_ask(struct listing *l)
{
    enum role least = tabs_role(l->base.class), mine = app_me(l->base.app)->role;

    if (!mine || mine >= least)
        return true;
    snprintf(l->trouble, sizeof(l->trouble), "this takes the role %s; yours is %s",
             role_word(least), role_word(mine));
    return false;
}

/* A page may be short and yet have a next one: what is looked for lies further back. */
static void look_on(struct listing *l)
{
    if (l->cursor && l->scroll.n < PAGE && l->looked++ < LOOK_MOST)
        fetch(l, l->cursor);
}

static void got_page(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;
    const char *next;
    cJSON *doc;

    l->call = NULL;
    l->trouble[0] = '\0';
    if (what(l)->refresh_ms)
        screen_wake(&l->base, r->retry_after ? r->retry_after * 1000 : what(l)->refresh_ms);
    if (r->err) {
        snprintf(l->trouble, sizeof(l->trouble), "%s%s%s", r->field, *r->field ? ": " : "",
                 r->detail);
        app_say_error(l->base.app, r);
        return;
    }
    doc = cJSON_Duplicate(r->doc, true);
    take_rows(l, cJSON_DetachItemFromObjectCaseSensitive(doc, items(what(l))));
    next = json_str(doc, "next_cursor");
    free(l->cursor);
    l->cursor = next ? xstrdup(next) : NULL;
    if (what(l)->took)
        what(l)->took(&l->base, doc);
    cJSON_Delete(doc);
    l->loaded = true;
    look_on(l);
}

/* As many rows as are there already, so that a refresh does not take any away. */
static void fetch(struct listing *l, const char *cursor)
{
    int n = cJSON_GetArraySize(l->rows), size = n > PAGE_MOST ? PAGE_MOST : n;
    struct arena *mem = arena_new();

    if (cursor || size < PAGE)
        size = PAGE;
    l->appending = cursor != NULL;
    l->call = screen_call(&l->base, "GET",
                          arena_printf(mem, "%s?page_size=%d%s%s%s", what(l)->path, size,
                                       resource_query(mem, l), cursor ? "&cursor=" : "",
                                       cursor ? cursor : ""),
                          NULL, got_page);
    arena_free(mem);
}

void resource_ask(struct screen *s)
{
    /* One under way may answer with what was before the change that asks for this. */
    api_cancel(app_api(s->app), of(s)->call);
    of(s)->call = NULL;
    of(s)->looked = 0;
    if (!may_ask(of(s)))
        return;
    fetch(of(s), NULL);
    if (what(of(s))->also)
        what(of(s))->also(s);
}

void resource_moved(struct screen *s)
{
    struct listing *l = of(s);

    l->looked = 0;
    if (l->cursor && !l->call && l->scroll.at + MORE_BEFORE_END >= l->scroll.n)
        fetch(l, l->cursor);
}

void resource_close(struct screen *s)
{
    cJSON_Delete(of(s)->rows);
    free(of(s)->cursor);
    cJSON_Delete(of(s)->people);
    for (int i = 0; i < FORM_MAX; i++)
        free(of(s)->wanted[i]);
}

static void acted(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;

    if (r->err)
        app_say_error(l->base.app, r);
    else
        app_say(l->base.app, STYLE_OK, "%s", l->done);
    if (app_top(l->base.app) == &l->base)
        resource_ask(&l->base);
}

void resource_send(struct screen *s, const char *method, const char *path, const char *json,
                   const char *done)
{
    of(s)->done = done;
    screen_call(s, method, path, json, acted);
}

void resource_act(struct screen *s, const char *method, const char *base, const char *tail,
                  const char *json, const char *done)
{
    const char *id = json_str(resource_chosen(s), "id");
    struct arena *mem;
    char *escaped;

    if (!id)
        return;
    mem = arena_new();
    escaped = api_escape(id);
    resource_send(s, method, arena_printf(mem, "%s/%s%s", base, escaped, tail), json, done);
    free(escaped);
    arena_free(mem);
}

/* Whose the ids are */

static void got_people(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;
    const cJSON *row;

    if (r->err)
        return;
    cJSON_Delete(l->people);
    l->people = cJSON_CreateObject();
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(r->doc, "items"))
    {
        if (json_str(row, "id") && json_str(row, "email"))
            cJSON_AddStringToObject(l->people, json_str(row, "id"), json_str(row, "email"));
    }
}

void resource_ask_people(struct screen *s)
{
    if (!of(s)->people)
        screen_call(s, "GET", "/api/admin/users?page_size=1000", NULL, got_people);
}

const char *resource_person(struct screen *s, const char *id)
{
    const char *email = json_str(of(s)->people, id);

    return email ? email : id;
}

/* The list */

static const char *column_title(struct arena *mem, const struct column *c, const struct field *f)
{
    char *title = arena_strdup(mem, c->title ? c->title : f ? record_label(f) : c->member);

    for (char *at = title; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return title;
}

/* Is there room for this column behind x? What has less than a few letters says nothing. */
static bool fits(const struct column *c, int x, int cols)
{
    return c->member && x + (c->width < LEAST_WIDTH ? c->width : LEAST_WIDTH) <= cols;
}

const char *resource_says(const struct listing *l, const char *value)
{
    const struct resource *r = what(l);

    return r->says ? r->says((struct screen *)(uintptr_t)l, value) : value;
}

/* row NULL: the titles */
static void draw_row(const struct listing *l, int y, int cols, const cJSON *row, bool here)
{
    const struct resource *r = what(l);
    struct arena *mem = arena_new();
    int x = GAP;

    paint_gutter(y, 0, here, false);
    for (const struct column *c = r->columns; fits(c, x, cols); c++) {
        const struct field *f = type_field(r->row, c->member);
        const cJSON *value = !c->when || json_bool(row, c->when)
                                 ? cJSON_GetObjectItemCaseSensitive(row, c->member)
                                 : NULL;
        const char *text =
            row ? resource_says(l, record_text(mem, f, value)) : column_title(mem, c, f);
        int width = fits(c + 1, x + c->width + GAP, cols) ? c->width : cols - x;
        enum style_role role = !row                      ? STYLE_DIM
                               : here && c == r->columns ? STYLE_CURSOR
                                                         : STYLE_TEXT;

        if (record_is_number(f))
            paint_right(y, x, width, role, text);
        else
            paint_text(y, x, width, role, text);
        x += width + GAP;
    }
    arena_free(mem);
}

static void draw_list(struct listing *l, int y, int rows, int cols)
{
    const cJSON *row;
    int i = 0;

    scroll_fit(&l->scroll, rows - 1);
    draw_row(l, y, cols, NULL, false);
    cJSON_ArrayForEach(row, l->rows)
    {
        if (i >= l->scroll.top && i < l->scroll.top + rows - 1)
            draw_row(l, y + 1 + i - l->scroll.top, cols, row, i == l->scroll.at);
        i++;
    }
    if (l->trouble[0] && !i)
        paint_said(y + 2, 1, cols - 2, STYLE_WARN, l->trouble);
    else if (!i)
        paint_text(y + 2, 2, cols - 3, STYLE_DIM,
                   !l->loaded  ? "loading ..."
                   : l->call   ? "looking further back ..."
                   : l->cursor ? "Nothing so far; j looks further back."
                               : what(l)->empty);
    if (!i)
        paint_focus(y + 2, 0);
    app_state(l->base.app, " row %d of %d%s", i ? l->scroll.at + 1 : 0, i,
              l->cursor ? " and more" : "");
}

/* The lines that it takes. */
static int draw_chips(const struct listing *l, int y, int cols)
{
    struct arena *mem = arena_new();
    const char *chips = resource_chips(mem, l);
    bool any = *chips;

    if (any)
        paint_text(y, 2, cols - 3, STYLE_ACCENT, chips);
    arena_free(mem);
    return any;
}

void resource_draw(struct screen *s, int rows, int cols)
{
    const struct resource *r = what(of(s));
    struct listing *l = of(s);
    int y = r->head ? 2 : 1;

    if (r->head)
        r->head(s, cols);
    if (l->note[0])
        paint_said(y++, 1, cols - 2, STYLE_WARN, l->note);
    y += draw_chips(l, y, cols);
    draw_list(l, y, rows - y + 1, cols);
}

/* Everything of a row */

struct detail {
    struct screen base;
    const struct resource *what;
    cJSON *row;
    struct scroll scroll;
};

void resource_detail(struct screen *s)
{
    const cJSON *row = resource_chosen(s);

    if (row)
        resource_detail_of(s, row);
}

void resource_detail_of(struct screen *s, const cJSON *row)
{
    struct detail *d = (struct detail *)app_push(s->app, &detail_screen);

    d->what = what(of(s));
    d->row = cJSON_Duplicate(row, true);
    scroll_resize(&d->scroll, record_lines(d->what->row, d->row));
}

static void detail_draw(struct screen *s, int rows, int cols)
{
    struct detail *d = (struct detail *)s;

    paint_text(1, 2, cols - 3, STYLE_ACCENT, d->what->class.title);
    scroll_fit(&d->scroll, rows - 2);
    record_draw(d->what->row, d->row, d->scroll.top, 3, rows - 2, cols);
    paint_gutter(3 + d->scroll.at - d->scroll.top, 0, true, false);
}

static struct scroll *detail_scroll(struct screen *s)
{
    return &((struct detail *)s)->scroll;
}

static void detail_close(struct screen *s)
{
    cJSON_Delete(((struct detail *)s)->row);
}

static const struct key detail_keys[] = {{0}};

const struct screen_class detail_screen = {.title = "Detail",
                                           .size = sizeof(struct detail),
                                           .keys = detail_keys,
                                           .draw = detail_draw,
                                           .moves = detail_scroll,
                                           .close = detail_close};
