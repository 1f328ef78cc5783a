#include "tui/screens/record.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "tui/widgets/paint.h"

enum { WHEN = 16, LABEL = 26 };

const char *record_label(const struct field *f)
{
    return f->label ? f->label : f->name;
}

bool record_is_number(const struct field *f)
{
    return f && (f->kind == KIND_INT || f->kind == KIND_CREDITS || f->kind == KIND_RATIO);
}

/* "2026-11-24 08:38" of a time as the wire has it. */
static const char *when(struct arena *mem, const char *text)
{
    char *out = arena_strndup(mem, text, WHEN);

    if (strlen(out) == WHEN && out[10] == 'T')
        out[10] = ' ';
    return out;
}

static const char *number(struct arena *mem, const struct field *f, double n)
{
    char text[NUMBER_TEXT];

    if (f && f->kind == KIND_RATIO)
        return arena_printf(mem, "%3d %%", (int)(n * 100));
    if (f && f->kind == KIND_CREDITS) /* exact: hundredths of at most 10^12 fit a double */
        return arena_strdup(
            mem, paint_credits((struct credits){(int64_t)(n * 100 + (n < 0 ? -0.5 : 0.5))}, text));
    return arena_strdup(mem, paint_number((int64_t)n, text));
}

static const char *list(struct arena *mem, const cJSON *values)
{
    const char *all = NULL;
    const cJSON *v;

    cJSON_ArrayForEach(v, values)
    {
        const char *text = record_text(mem, NULL, v);

        all = all ? arena_printf(mem, "%s, %s", all, text) : text;
    }
    return all ? all : "-";
}

static const char *members(struct arena *mem, const cJSON *object)
{
    const char *all = NULL;
    const cJSON *v;

    cJSON_ArrayForEach(v, object) all = arena_printf(
        mem, "%s%s%s %s", all ? all : "", all ? ", " : "", v->string, record_text(mem, NULL, v));
    return all ? all : "-";
}

const char *record_text(struct arena *mem, const struct field *f, const cJSON *value)
{
    if (cJSON_IsString(value))
        return f && f->kind == KIND_TIME ? when(mem, value->valuestring) : value->valuestring;
    if (cJSON_IsNumber(value))
        return number(mem, f, value->valuedouble);
    if (cJSON_IsBool(value))
        return cJSON_IsTrue(value) ? "yes" : "no";
    if (cJSON_IsArray(value))
        return list(mem, value);
    return cJSON_IsObject(value) ? members(mem, value) : "-";
}

static bool is_long(const cJSON *value)
{
    return cJSON_IsString(value) && strchr(value->valuestring, '\n');
}

/* A text of several lines stands below its label. */
static int lines_of(const cJSON *value)
{
    int n = value ? 1 : 0;

    if (!is_long(value))
        return n;
    for (const char *p = value->valuestring; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        n++;
    }
    return n;
}

int record_lines(const struct type *t, const cJSON *row)
{
    int n = 0;

    for (const struct field *f = t->fields; f->name; f++)
        n += lines_of(cJSON_GetObjectItemCaseSensitive(row, f->name));
    return n;
}

static void draw_long(const char *text, int at, int y, int rows, int cols)
{
    for (const char *line = text; line; line = strchr(line, '\n'), at++) {
        line += *line == '\n';
        if (at >= 0 && at < rows)
            paint_printf(y + at, 4, cols - 5, STYLE_TEXT, "%.*s", (int)strcspn(line, "\n"), line);
    }
}

void record_draw(const struct type *t, const cJSON *row, int top, int y, int rows, int cols)
{
    struct arena *mem = arena_new();
    int line = 0;

    for (const struct field *f = t->fields; f->name; f++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, f->name);
        int at = line - top, n = lines_of(value);

        line += n;
        if (!n || at + n <= 0 || at >= rows)
            continue;
        if (at >= 0)
            paint_text(y + at, 2, LABEL, STYLE_DIM, record_label(f));
        if (is_long(value))
            draw_long(value->valuestring, at + 1, y, rows, cols);
        else if (at >= 0)
            paint_text(y + at, 3 + LABEL, cols - LABEL - 4, STYLE_TEXT, record_text(mem, f, value));
    }
    arena_free(mem);
}
