#include "tui/screens/listing.h"

#include <curses.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "tui/ui.h"

enum { PAGE = 50, MORE_BEFORE_END = 5 };

static int count(const struct listing *l)
{
    return cJSON_GetArraySize(l->rows);
}

const cJSON *listing_row(const struct listing *l)
{
    return cJSON_GetArrayItem(l->rows, l->at);
}

static void got_page(void *arg, const struct api_reply *r)
{
    struct listing *l = arg;
    cJSON *doc, *items;
    const char *next;

    l->loading = false;
    if (l->what->refresh_ms)
        screen_wake(&l->base, l->what->refresh_ms);
    if (r->err) {
        app_say_error(l->base.app, r);
        return;
    }
    doc = cJSON_Duplicate(r->doc, true);
    items = cJSON_DetachItemFromObjectCaseSensitive(doc, l->what->items);
    if (!l->appending) {
        cJSON_Delete(l->rows);
        l->rows = items;
    } else {
        while (cJSON_GetArraySize(items))
            cJSON_AddItemToArray(l->rows, cJSON_DetachItemFromArray(items, 0));
        cJSON_Delete(items);
    }
    next = json_str(doc, "next_cursor");
    free(l->cursor);
    l->cursor = next ? xstrdup(next) : NULL;
    cJSON_Delete(l->head);
    l->head = doc;
    l->fresh = true;
    if (l->at >= count(l))
        l->at = count(l) ? count(l) - 1 : 0;
}

static void fetch(struct listing *l, const char *cursor)
{
    char path[700];

    l->appending = cursor != NULL;
    if (strcmp(l->what->items, "") == 0)
        snprintf(path, sizeof(path), "%s", l->what->path);
    else
        snprintf(path, sizeof(path), "%s?page_size=%d%s%s", l->what->path, PAGE,
                 cursor ? "&cursor=" : "", cursor ? cursor : "");
    l->loading = true;
    screen_call(&l->base, "GET", path, NULL, got_page);
}

void listing_reload(struct listing *l)
{
    if (!l->loading)
        fetch(l, NULL);
}

void listing_open(struct listing *l, const struct listing_class *what)
{
    l->what = what;
    fetch(l, NULL);
}

void listing_tick(struct screen *s)
{
    listing_reload((struct listing *)s);
}

void listing_close(struct screen *s)
{
    struct listing *l = (struct listing *)s;

    cJSON_Delete(l->rows);
    cJSON_Delete(l->head);
    free(l->cursor);
}

static const char *cell(struct arena *mem, const cJSON *row, const char *member)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(row, member);

    if (cJSON_IsString(v))
        return v->valuestring;
    if (cJSON_IsNumber(v))
        return arena_printf(mem, "%.10g", v->valuedouble);
    if (cJSON_IsBool(v))
        return cJSON_IsTrue(v) ? "yes" : "no";
    return "-";
}

static void draw_row(const struct listing *l, int y, int cols, const cJSON *row, bool here)
{
    struct arena *mem = arena_new();
    int x = 2;

    ui_text(y, 0, 2, STYLE_TEXT, here ? "> " : "  ");
    for (const struct listing_column *c = l->what->columns; c->title; c++) {
        int width = c[1].title ? c->width : cols - x;

        ui_text(y, x, width, here && c == l->what->columns ? STYLE_CURSOR : STYLE_TEXT,
                row ? cell(mem, row, c->member) : c->title);
        x += width + 1;
    }
    arena_free(mem);
}

void listing_draw(struct listing *l, int y, int rows, int cols)
{
    int body = rows - 1;
    const cJSON *row;
    int i = 0;

    if (l->at < l->top)
        l->top = l->at;
    if (l->at >= l->top + body)
        l->top = l->at - body + 1;
    attron(A_BOLD);
    draw_row(l, y, cols, NULL, false);
    cJSON_ArrayForEach(row, l->rows)
    {
        if (i >= l->top && i < l->top + body)
            draw_row(l, y + 1 + i - l->top, cols, row, i == l->at);
        i++;
    }
    if (!count(l))
        ui_text(y + 2, 2, cols - 3, STYLE_DIM, l->fresh ? l->what->empty : "loading ...");
    ui_focus(y + 1 + l->at - l->top, 0);
}

static void move_to(struct screen *s, int at)
{
    struct listing *l = (struct listing *)s;
    int n = count(l);

    l->at = at >= n ? n - 1 : at;
    l->at = l->at < 0 ? 0 : l->at;
    if (l->cursor && !l->loading && l->at + MORE_BEFORE_END >= n)
        fetch(l, l->cursor);
}

static int at(const struct screen *s)
{
    return ((const struct listing *)s)->at;
}

void listing_down(struct screen *s)
{
    move_to(s, at(s) + 1);
}

void listing_up(struct screen *s)
{
    move_to(s, at(s) - 1);
}

void listing_page_down(struct screen *s)
{
    move_to(s, at(s) + LINES - 6);
}

void listing_page_up(struct screen *s)
{
    move_to(s, at(s) - LINES + 6);
}

void listing_first(struct screen *s)
{
    move_to(s, 0);
}

void listing_last(struct screen *s)
{
    move_to(s, count((struct listing *)s) - 1);
}

void listing_refresh(struct screen *s)
{
    listing_reload((struct listing *)s);
}
