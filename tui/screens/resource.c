#include "tui/screens/resource.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/record.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { PAGE = 50, PAGE_MOST = 1000, MORE_BEFORE_END = 5, PATH = 1024, LEAST_WIDTH = 8, GAP = 2 };

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

const char *resource_text(struct screen *s, const char *member)
{
    return json_str(resource_row(s), member);
}

struct scroll *resource_scroll(struct screen *s)
{
    return &of(s)->scroll;
}

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
        snprintf(l->trouble, sizeof(l->trouble), "%s", r->detail);
        app_say_error(l->base.app, r);
        return;
    }
    doc = cJSON_Duplicate(r->doc, true);
    take_rows(l, cJSON_DetachItemFromObjectCaseSensitive(doc, items(what(l))));
    next = json_str(doc, "next_cursor");
    free(l->cursor);
    l->cursor = next ? xstrdup(next) : NULL;
    cJSON_Delete(doc);
    l->loaded = true;
}

/* As many rows as are there already, so that a refresh does not take any away. */
static void fetch(struct listing *l, const char *cursor)
{
    int n = cJSON_GetArraySize(l->rows), size = n > PAGE_MOST ? PAGE_MOST : n;
    char path[PATH];

    if (cursor || size < PAGE)
        size = PAGE;
    l->appending = cursor != NULL;
    snprintf(path, sizeof(path), "%s?page_size=%d%s%s", what(l)->path, size,
             cursor ? "&cursor=" : "", cursor ? cursor : "");
    l->call = screen_call(&l->base, "GET", path, NULL, got_page);
}

void resource_ask(struct screen *s)
{
    /* One under way may answer with what was before the change that asks for this. */
    api_cancel(app_api(s->app), of(s)->call);
    fetch(of(s), NULL);
    if (what(of(s))->also)
        what(of(s))->also(s);
}

void resource_moved(struct screen *s)
{
    struct listing *l = of(s);

    if (l->cursor && !l->call && l->scroll.at + MORE_BEFORE_END >= l->scroll.n)
        fetch(l, l->cursor);
}

void resource_close(struct screen *s)
{
    cJSON_Delete(of(s)->rows);
    free(of(s)->cursor);
}

static void acted(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;

    if (r->err)
        app_say_error(l->base.app, r);
    else
        app_say(l->base.app, STYLE_OK, "%s", l->done);
    resource_ask(&l->base);
}

void resource_act(struct screen *s, const char *method, const char *base, const char *tail,
                  const char *json, const char *done)
{
    const char *id = resource_text(s, "id");
    char path[PATH], *escaped;

    if (!id)
        return;
    escaped = api_escape(id);
    snprintf(path, sizeof(path), "%s/%s%s", base, escaped, tail);
    free(escaped);
    of(s)->done = done;
    screen_call(s, method, path, json, acted);
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

/* row NULL: the titles */
static void draw_row(const struct resource *r, int y, int cols, const cJSON *row, bool here)
{
    struct arena *mem = arena_new();
    int x = GAP;

    paint_gutter(y, 0, here, false);
    for (const struct column *c = r->columns; fits(c, x, cols); c++) {
        const struct field *f = type_field(r->row, c->member);
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, c->member);
        const char *text = row ? record_text(mem, f, value) : column_title(mem, c, f);
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
    draw_row(what(l), y, cols, NULL, false);
    cJSON_ArrayForEach(row, l->rows)
    {
        if (i >= l->scroll.top && i < l->scroll.top + rows - 1)
            draw_row(what(l), y + 1 + i - l->scroll.top, cols, row, i == l->scroll.at);
        i++;
    }
    if (l->trouble[0] && !i)
        paint_said(y + 2, 1, cols - 2, STYLE_WARN, l->trouble);
    else if (!i)
        paint_text(y + 2, 2, cols - 3, STYLE_DIM, l->loaded ? what(l)->empty : "loading ...");
    if (!i)
        paint_focus(y + 2, 0);
    app_state(l->base.app, " row %d of %d%s", i ? l->scroll.at + 1 : 0, i,
              l->cursor ? " and more" : "");
}

void resource_draw(struct screen *s, int rows, int cols)
{
    const struct resource *r = what(of(s));
    int y = r->head ? 2 : 1;

    if (r->head)
        r->head(s, cols);
    draw_list(of(s), y, rows - y + 1, cols);
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
    const cJSON *row = resource_row(s);
    struct detail *d;

    if (!row) {
        app_say(s->app, STYLE_DIM, "no row is here");
        return;
    }
    d = (struct detail *)app_push(s->app, &detail_screen);
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
