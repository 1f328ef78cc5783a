/* What binds the caller now: rate classes, caps, credits. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/record.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/screens/told.h"
#include "tui/widgets/paint.h"

enum { NAME = 10, BAR = 26, LEAST_COLS = 72 };

static void ask_limits(struct screen *s)
{
    told_ask(s, "/api/limits");
}

/* "used of limit", its bar where there is room, and when there is more. */
static void draw_class(const cJSON *row, int y, int cols)
{
    const char *name = json_str(row, "class");
    double limit = json_num(row, "limit", 0), used = json_num(row, "used", 0);
    double reset = json_num(row, "reset", 0);
    int x = cols >= LEAST_COLS ? 5 + NAME + BAR : 3 + NAME;
    char text[80];

    if (limit <= 0)
        snprintf(text, sizeof(text), "no limit");
    else if (reset > 0)
        snprintf(text, sizeof(text), "%.0f of %.0f a minute, next in %.0f s", used, limit, reset);
    else
        snprintf(text, sizeof(text), "%.0f of %.0f a minute", used, limit);
    paint_text(y, 2, NAME, STYLE_DIM, name ? name : "");
    if (limit > 0 && cols >= LEAST_COLS)
        paint_bar(y, 3 + NAME, BAR, (int64_t)used, (int64_t)limit);
    paint_text(y, x, cols - x, limit > 0 && used >= limit ? STYLE_WARN : STYLE_TEXT, text);
}

static void draw_spending(const cJSON *row, int y, int cols)
{
    struct arena *mem = arena_new();
    const cJSON *spent = cJSON_GetObjectItemCaseSensitive(row, "spent"),
                *cap = cJSON_GetObjectItemCaseSensitive(row, "monthly_cap"),
                *resets = cJSON_GetObjectItemCaseSensitive(row, "resets");
    const char *of = json_str(row, "of"),
               *text = record_text(mem, type_field(&spending_type, "spent"), spent);

    if (json_bool(row, "capped"))
        text = arena_printf(mem, "%s of %s credits; anew from %s", text,
                            record_text(mem, type_field(&spending_type, "monthly_cap"), cap),
                            record_text(mem, type_field(&spending_type, "resets"), resets));
    else
        text = arena_printf(mem, "%s credits, no cap", text);
    paint_text(y, 2, NAME, STYLE_DIM, of ? of : "");
    paint_text(y, 3 + NAME, cols - NAME - 4, STYLE_TEXT, text);
    arena_free(mem);
}

/* The rows of a member from y on; the line behind them. */
static int draw_rows(const struct told *v, const char *member, const char *title, int y, int rows,
                     int cols, void (*draw)(const cJSON *, int, int))
{
    const cJSON *row;

    if (y <= rows)
        paint_text(y++, 2, cols - 3, STYLE_ACCENT, title);
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(v->doc, member))
    {
        if (y <= rows)
            draw(row, y++, cols);
    }
    return y + 1;
}

static void limits_draw(struct screen *s, int rows, int cols)
{
    const struct told *v = (const struct told *)s;
    char balance[NUMBER_TEXT];
    const char *plan = json_str(v->doc, "plan");
    int y = 5;

    tabs_draw(s, cols);
    paint_focus(3, 2);
    if (told_missing(s, 3, cols))
        return;
    paint_printf(
        3, 2, cols - 3, STYLE_TEXT, "Plan %s, balance %s credits", plan ? plan : "-",
        paint_credits((struct credits){(int64_t)(json_num(v->doc, "balance", 0) * 100)}, balance));
    y = draw_rows(v, "classes", "Requests", y, rows, cols, draw_class);
    draw_rows(v, "spending", "Spent this month (UTC)", y, rows, cols, draw_spending);
}

static const struct key limits_keys[] = {
    {'R', NULL, "refresh", "refresh", "Ask the server again.", ask_limits}, ACCESS_KEYS{0}};

const struct screen_class limits_screen = {.title = "Access > Limits",
                                           .size = sizeof(struct told),
                                           .keys = limits_keys,
                                           .shown = ask_limits,
                                           .draw = limits_draw,
                                           .close = told_close};
