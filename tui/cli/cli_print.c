/* What subcommands print: JSON, tables for people, CSV.  Nothing raw reaches a terminal. */
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/csv.h"
#include "common/json.h"
#include "common/utf8.h"
#include "tui/cli/cli.h"

enum { TEXT_MAX = 64 * 1024 * 1024, COLUMNS_MAX = 12, GAP = 2 };

/* Everything beyond ASCII as \u, in pairs where it must be (RFC 8259 7). */
static void escape_all(struct buf *b, const char *text)
{
    size_t len;

    buf_char(b, '"');
    for (; *text; text += len) {
        int32_t c = utf8_next(text, &len);

        if (c >= 0x10000)
            buf_printf(b, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
                       (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
        else if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            buf_printf(b, "\\u%04x", (unsigned)c);
        else
            buf_char(b, (char)c);
    }
    buf_char(b, '"');
}

/* Text that a terminal would take for more than text is written in escapes only. */
static void write_text(struct buf *b, const char *text)
{
    struct arena *mem = arena_new();

    if (strcmp(utf8_clean(mem, text), text) == 0)
        json_write_text(b, text);
    else
        escape_all(b, text);
    arena_free(mem);
}

/* Whole numbers as such; others with the digits that give the same double again. */
static void write_number(struct buf *b, double n)
{
    if (fabs(n) < 1e15 && floor(n) >= n)
        buf_int(b, (int64_t)n);
    else
        buf_printf(b, "%.15g", n);
}

static void write_members(struct buf *b, const cJSON *value)
{
    bool is_object = cJSON_IsObject(value);
    const cJSON *e;

    buf_char(b, is_object ? '{' : '[');
    cJSON_ArrayForEach(e, value)
    {
        if (is_object) {
            write_text(b, e->string);
            buf_char(b, ':');
        }
        cli_json(b, e);
        if (e->next)
            buf_char(b, ',');
    }
    buf_char(b, is_object ? '}' : ']');
}

void cli_json(struct buf *b, const cJSON *value)
{
    if (cJSON_IsString(value))
        write_text(b, value->valuestring);
    else if (cJSON_IsNumber(value))
        write_number(b, value->valuedouble);
    else if (cJSON_IsBool(value))
        buf_str(b, cJSON_IsTrue(value) ? "true" : "false");
    else if (cJSON_IsObject(value) || cJSON_IsArray(value))
        write_members(b, value);
    else
        buf_str(b, "null");
}

static void print_line(struct buf *b)
{
    buf_char(b, '\n');
    if (b->failed)
        cli_say("the output is too large");
    else
        fwrite(b->data, 1, b->len, stdout);
    buf_free(b);
}

void cli_print_json(const cJSON *doc)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    const cJSON *e;

    buf_str(&b, "{\"schema\":1");
    cJSON_ArrayForEach(e, doc)
    {
        buf_char(&b, ',');
        write_text(&b, e->string);
        buf_char(&b, ':');
        cli_json(&b, e);
    }
    buf_char(&b, '}');
    print_line(&b);
}

void cli_print_jsonl(const cJSON *doc)
{
    struct buf b = BUF_INIT(TEXT_MAX);

    cli_json(&b, doc);
    print_line(&b);
}

void cli_print_ids(const cJSON *rows)
{
    struct arena *mem = arena_new();
    const cJSON *row;

    cJSON_ArrayForEach(row, rows)
    {
        puts(cli_text(mem, row, "id"));
    }
    arena_free(mem);
}

static const char *list_text(struct arena *mem, const cJSON *list, const char *between)
{
    struct buf b = BUF_INIT(64 * 1024);
    const char *text;
    const cJSON *e;

    cJSON_ArrayForEach(e, list)
    {
        if (!cJSON_IsString(e))
            continue;
        if (b.len)
            buf_str(&b, between);
        buf_str(&b, e->valuestring);
    }
    text = b.len ? arena_strdup(mem, b.data) : NULL;
    buf_free(&b);
    return text;
}

/* The value as it is; NULL: there is none. */
static const char *plain_text(struct arena *mem, const cJSON *v, const char *between)
{
    if (cJSON_IsString(v))
        return v->valuestring;
    if (cJSON_IsBool(v))
        return cJSON_IsTrue(v) ? "yes" : "no";
    if (cJSON_IsNumber(v))
        return arena_printf(mem, "%.15g", v->valuedouble);
    return cJSON_IsArray(v) ? list_text(mem, v, between) : NULL;
}

const char *cli_text(struct arena *mem, const cJSON *row, const char *member)
{
    const char *text = plain_text(mem, cJSON_GetObjectItemCaseSensitive(row, member), ", ");

    return text && *text ? utf8_clean(mem, text) : "-";
}

struct credits cli_credits(const cJSON *row, const char *member)
{
    return (struct credits){llround(json_num(row, member, 0) * 100)};
}

static int terminal_width(void)
{
    struct winsize size = {0};

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
        return 0;
    return size.ws_col;
}

/* A table being laid out. */
struct layout {
    const struct cli_column *columns[COLUMNS_MAX];
    int widths[COLUMNS_MAX];
    int n;
};

static int total_of(const struct layout *l, bool least)
{
    int total = -GAP;

    for (int i = 0; i < l->n; i++)
        total += GAP + (least && l->columns[i]->least < l->widths[i] ? l->columns[i]->least
                                                                     : l->widths[i]);
    return total;
}

/* Leave out columns until the least widths fit, then take from the widest until all fits. */
static void squeeze(struct layout *l, int width)
{
    while (width && total_of(l, true) > width) {
        int at = 0;

        for (int i = 1; i < l->n; i++)
            if (l->columns[i]->drop > l->columns[at]->drop)
                at = i;
        if (!l->columns[at]->drop)
            return;
        l->n--;
        for (int i = at; i < l->n; i++) {
            l->columns[i] = l->columns[i + 1];
            l->widths[i] = l->widths[i + 1];
        }
    }
    while (width && total_of(l, false) > width) {
        int widest = -1;

        for (int i = 0; i < l->n; i++)
            if (l->widths[i] > l->columns[i]->least &&
                (widest < 0 || l->widths[i] > l->widths[widest]))
                widest = i;
        if (widest < 0)
            return;
        l->widths[widest]--;
    }
}

static void print_cell(const char *text, int width, bool last)
{
    size_t n = utf8_fit(text, width), len;
    int used = 0;

    for (size_t i = 0; i < n; i += len)
        used += utf8_width(utf8_next(text + i, &len));
    printf("%.*s", (int)n, text);
    if (!last)
        printf("%*s", width + GAP - used, "");
}

void cli_print_table(const struct cli_column *columns, const cJSON *rows)
{
    struct arena *mem = arena_new();
    struct layout l = {0};
    const cJSON *row;

    for (; columns[l.n].name && l.n < COLUMNS_MAX; l.n++) {
        l.columns[l.n] = &columns[l.n];
        l.widths[l.n] = utf8_columns(columns[l.n].name);
        cJSON_ArrayForEach(row, rows)
        {
            int w = utf8_columns(cli_text(mem, row, columns[l.n].member));

            l.widths[l.n] = w > l.widths[l.n] ? w : l.widths[l.n];
        }
    }
    squeeze(&l, terminal_width());
    for (int i = 0; i < l.n; i++)
        print_cell(l.columns[i]->name, l.widths[i], i == l.n - 1);
    putchar('\n');
    cJSON_ArrayForEach(row, rows)
    {
        for (int i = 0; i < l.n; i++)
            print_cell(cli_text(mem, row, l.columns[i]->member), l.widths[i], i == l.n - 1);
        putchar('\n');
    }
    arena_free(mem);
}

void cli_print_csv(const struct cli_column *columns, const cJSON *rows, bool header)
{
    struct arena *mem = arena_new();
    struct buf b = BUF_INIT(TEXT_MAX);
    const cJSON *row;

    for (int i = 0; header && columns[i].name; i++)
        buf_printf(&b, "%s%s", i ? "," : "", columns[i].member);
    if (header)
        buf_str(&b, "\r\n");
    cJSON_ArrayForEach(row, rows)
    {
        for (int i = 0; columns[i].name; i++) {
            const char *text =
                plain_text(mem, cJSON_GetObjectItemCaseSensitive(row, columns[i].member), ";");

            if (i)
                buf_char(&b, ',');
            csv_write_cell(&b, text ? utf8_clean(mem, text) : "");
        }
        buf_str(&b, "\r\n");
    }
    if (b.failed)
        cli_say("the output is too large");
    else
        fwrite(b.data, 1, b.len, stdout);
    buf_free(&b);
    arena_free(mem);
}
