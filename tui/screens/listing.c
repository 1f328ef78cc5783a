#include "tui/screens/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tui/widgets/paint.h"

enum { PAGE = 50, MORE_BEFORE_END = 5, PATH = 1024, WHEN = 16 };

static int count(const struct listing *l)
{
    return cJSON_GetArraySize(l->rows);
}

const cJSON *listing_row(const struct listing *l)
{
    return cJSON_GetArrayItem(l->rows, l->scroll.at);
}

struct scroll *listing_scroll(struct screen *s)
{
    return &((struct listing *)s)->scroll;
}

static void take_rows(struct listing *l, cJSON *items)
{
    if (!l->appending) {
        cJSON_Delete(l->rows);
        l->rows = cJSON_CreateArray();
    }
    while (cJSON_GetArraySize(items))
        cJSON_AddItemToArray(l->rows, cJSON_DetachItemFromArray(items, 0));
    cJSON_Delete(items);
    scroll_resize(&l->scroll, count(l));
}

static void got_page(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;
    const char *next;
    cJSON *doc;

    l->call = NULL;
    l->trouble[0] = '\0';
    if (l->what->refresh_ms)
        screen_wake(&l->base, r->retry_after ? r->retry_after * 1000 : l->what->refresh_ms);
    if (r->err) {
        snprintf(l->trouble, sizeof(l->trouble), "%s", r->detail);
        app_say_error(l->base.app, r);
        return;
    }
    doc = cJSON_Duplicate(r->doc, true);
    take_rows(l, cJSON_DetachItemFromObjectCaseSensitive(doc, l->what->items));
    next = json_str(doc, "next_cursor");
    free(l->cursor);
    l->cursor = next ? xstrdup(next) : NULL;
    cJSON_Delete(l->head);
    l->head = doc;
    l->loaded = true;
}

/* As many rows as are there already, so that a refresh does not take any away. */
static void fetch(struct listing *l, const char *cursor)
{
    int size = cursor || count(l) < PAGE ? PAGE : count(l) < 1000 ? count(l) : 1000;
    char path[PATH];

    l->appending = cursor != NULL;
    snprintf(path, sizeof(path), "%s?page_size=%d%s%s", l->what->path, size,
             cursor ? "&cursor=" : "", cursor ? cursor : "");
    l->call = screen_call(&l->base, "GET", path, NULL, got_page);
}

void listing_ask(struct screen *s)
{
    struct listing *l = (struct listing *)s;

    /* One under way may answer with what was before the change that asks for this. */
    api_cancel(app_api(s->app), l->call);
    fetch(l, NULL);
}

void listing_open(struct screen *s, const struct listing_class *what)
{
    ((struct listing *)s)->what = what;
}

void listing_close(struct screen *s)
{
    struct listing *l = (struct listing *)s;

    cJSON_Delete(l->rows);
    cJSON_Delete(l->head);
    free(l->cursor);
}

void listing_moved(struct screen *s)
{
    struct listing *l = (struct listing *)s;

    if (l->cursor && !l->call && l->scroll.at + MORE_BEFORE_END >= l->scroll.n)
        fetch(l, l->cursor);
}

/* "2026-11-24 08:38" of a time as the wire has it. */
static const char *when(struct arena *mem, const char *text)
{
    char *out = arena_strndup(mem, text, WHEN);

    if (strlen(out) == WHEN && out[10] == 'T')
        out[10] = ' ';
    return out;
}

static const char *number_cell(struct arena *mem, const cJSON *v, enum listing_kind kind)
{
    char text[NUMBER_TEXT];
    double n = v->valuedouble;

    if (kind == LISTING_SHARE)
        return arena_printf(mem, "%3d %%", (int)(n * 100));
    if (kind == LISTING_CREDITS) /* exact: hundredths of at most 10^12 fit a double */
        return arena_strdup(
            mem, paint_credits((struct credits){(int64_t)(n * 100 + (n < 0 ? -0.5 : 0.5))}, text));
    return arena_strdup(mem, paint_number((int64_t)n, text));
}

static const char *cell(struct arena *mem, const cJSON *row, const struct listing_column *c)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(row, c->member);

    if (cJSON_IsString(v))
        return c->kind == LISTING_WHEN ? when(mem, v->valuestring) : v->valuestring;
    if (cJSON_IsNumber(v))
        return number_cell(mem, v, c->kind);
    return "-";
}

static void draw_row(const struct listing *l, int y, int cols, const cJSON *row, bool here)
{
    struct arena *mem = arena_new();
    int x = 2;

    paint_gutter(y, 0, here, false);
    for (const struct listing_column *c = l->what->columns; c->title && x < cols; c++) {
        int width = c[1].title ? c->width : cols - x;
        const char *text = row ? cell(mem, row, c) : c->title;
        enum style_role role = !row                            ? STYLE_DIM
                               : here && c == l->what->columns ? STYLE_CURSOR
                                                               : STYLE_TEXT;

        if (c->kind == LISTING_TEXT || c->kind == LISTING_WHEN)
            paint_text(y, x, width, role, text);
        else
            paint_right(y, x, width, role, text);
        x += width + 2;
    }
    arena_free(mem);
}

void listing_draw(struct listing *l, int y, int rows, int cols)
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
        paint_text(y + 2, 2, cols - 3, STYLE_DIM, l->loaded ? l->what->empty : "loading ...");
    if (!i)
        paint_focus(y + 2, 0);
    app_state(l->base.app, " row %d of %d%s", i ? l->scroll.at + 1 : 0, i,
              l->cursor ? " and more" : "");
}
