/* Upload, the second step: which column is what. The proposal is the server's own. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/csv.h"
#include "common/mapping.h"
#include "common/textcode.h"
#include "common/utf8.h"
#include "tui/screens/screens.h"
#include "tui/screens/upload.h"
#include "tui/widgets/paint.h"

enum { HEAD = 128 * 1024, SAMPLES = 30, HEADER_ROWS = 20, ROWS = HEADER_ROWS + SAMPLES };
enum { STATE = 9, HEAD_GROWS = 3 /* bytes of UTF-8 out of one byte */ };

struct mapper {
    struct screen base;
    struct arena *mem;
    const char *path;
    const char **columns, **samples;
    struct mapping *map, *proposed; /* what will be sent; what the server would do by itself */
    struct scroll scroll;
    const char *encoding;
    char trouble[200];
};

/* The first rows of the file, as UTF-8. */
static char *read_head(struct mapper *m, size_t *n, bool *whole)
{
    struct textcode_conv conv = {0};
    struct textcode_sniff sniff = {0};
    struct buf b = BUF_INIT(HEAD * HEAD_GROWS + 16);
    char *raw = arena_alloc(m->mem, HEAD), *text;
    int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd >= 0 ? read(fd, raw, HEAD) : -1;

    if (got < 0)
        snprintf(m->trouble, sizeof(m->trouble), "cannot read the file: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return NULL;
    textcode_sniff_add(&sniff, raw, (size_t)got);
    conv.from = textcode_sniff_end(&sniff);
    *whole = got < HEAD;
    textcode_convert(&conv, raw, (size_t)got, *whole, &b);
    m->encoding = textcode_name(conv.from);
    text = arena_strndup(m->mem, b.data ? b.data : "", b.len);
    *n = b.len;
    buf_free(&b);
    return text;
}

static int read_rows(struct mapper *m, const char *text, size_t n, bool whole, struct strs *rows)
{
    struct csv *csv = csv_new(csv_sniff(text, n));
    struct csv_row row;
    int count = 0;

    if (!csv || csv_feed(csv, text, n, whole)) {
        csv_free(csv);
        return 0;
    }
    while (count < ROWS && csv_next(csv, &row)) {
        const char **v;

        if (row.fault != CSV_NONE || row.n == 0)
            continue;
        v = arena_alloc(m->mem, row.n * sizeof(*v));
        for (size_t i = 0; i < row.n; i++)
            v[i] = utf8_tidy(m->mem, row.cells[i]);
        rows[count++] = (struct strs){v, row.n};
    }
    csv_free(csv);
    return count;
}

static int find_header(struct mapper *m, const struct strs *rows, int count)
{
    for (int i = 0; i < count && i < HEADER_ROWS; i++)
        if (mapping_is_header(m->mem, rows[i].v, rows[i].n))
            return i;
    return -1;
}

static void take_samples(struct mapper *m, const struct strs *rows, int count)
{
    for (int i = 0; i < m->scroll.n; i++)
        for (int k = 0; k < count && !m->samples[i]; k++)
            if ((size_t)i < rows[k].n && rows[k].v[i][0])
                m->samples[i] = rows[k].v[i];
}

static void propose(struct mapper *m)
{
    struct strs rows[ROWS];
    bool whole = false;
    size_t n = 0, columns;
    char *text = read_head(m, &n, &whole);
    int count = text ? read_rows(m, text, n, whole, rows) : 0, head = find_header(m, rows, count);

    if (head < 0) {
        if (!m->trouble[0])
            snprintf(m->trouble, sizeof(m->trouble),
                     "no header: none of the first rows names two columns that are known");
        return;
    }
    columns = rows[head].n;
    scroll_resize(&m->scroll, (int)columns);
    m->columns = arena_dup(m->mem, rows[head].v, columns * sizeof(*m->columns));
    m->map = arena_alloc(m->mem, columns * sizeof(*m->map));
    m->samples = arena_alloc(m->mem, columns * sizeof(*m->samples));
    mapping_propose(m->mem, m->columns, columns, rows + head + 1, (size_t)(count - head - 1),
                    m->map);
    m->proposed = arena_dup(m->mem, m->map, columns * sizeof(*m->map));
    take_samples(m, rows + head + 1, count - head - 1);
}

void mapping_open(struct app *app, const char *path)
{
    struct mapper *m = (struct mapper *)app_push(app, &mapping_screen);

    m->mem = arena_new();
    m->path = arena_strdup(m->mem, path);
    propose(m);
}

static void draw_row(const struct mapper *m, int y, int i, int third)
{
    static const char *const sure[] = {
        [MAPPING_NONE] = "- skip", [MAPPING_GUESS] = "! guess", [MAPPING_EXACT] = "+ exact"};
    static const enum style_role roles[] = {
        [MAPPING_NONE] = STYLE_DIM, [MAPPING_GUESS] = STYLE_WARN, [MAPPING_EXACT] = STYLE_OK};
    bool here = i == m->scroll.at;

    paint_gutter(y, 0, here, false);
    paint_text(y, 2, third, here ? STYLE_CURSOR : STYLE_TEXT, m->columns[i]);
    paint_text(y, 3 + third, third, STYLE_DIM, m->samples[i]);
    paint_text(y, 4 + 2 * third, third, STYLE_TEXT, import_label(m->map[i].field));
    paint_text(y, 5 + 3 * third, STATE, roles[m->map[i].sure], sure[m->map[i].sure]);
}

static void mapper_draw(struct screen *s, int rows, int cols)
{
    struct mapper *m = (struct mapper *)s;
    int third = (cols - STATE - 6) / 3, taken = 0;

    paint_printf(1, 2, cols - 3, STYLE_ACCENT, "%s   %s", m->path, m->encoding ? m->encoding : "");
    if (m->trouble[0]) {
        paint_said(3, 1, cols - 2, STYLE_ERR, m->trouble);
        paint_focus(3, 1);
        return;
    }
    paint_text(2, 2, third, STYLE_DIM, "YOUR COLUMN");
    paint_text(2, 3 + third, third, STYLE_DIM, "FIRST VALUE");
    paint_text(2, 4 + 2 * third, third, STYLE_DIM, "GOES TO");
    scroll_fit(&m->scroll, rows - 2);
    for (int i = 0; i < rows - 2 && m->scroll.top + i < m->scroll.n; i++)
        draw_row(m, 3 + i, m->scroll.top + i, third);
    for (int i = 0; i < m->scroll.n; i++)
        taken += m->map[i].field != IMPORT_none;
    app_state(s->app, " %d of %d columns are imported", taken, m->scroll.n);
}

static struct scroll *mapper_scroll(struct screen *s)
{
    return &((struct mapper *)s)->scroll;
}

static void take_field(struct screen *s, int chosen)
{
    struct mapper *m = (struct mapper *)s;

    m->map[m->scroll.at] =
        (struct mapping){(enum import_field)chosen, chosen ? MAPPING_EXACT : MAPPING_NONE};
}

static void choose_field(struct screen *s)
{
    struct mapper *m = (struct mapper *)s;
    const char *labels[IMPORT_FIELDS];

    if (!m->scroll.n)
        return;
    for (int i = 0; i < IMPORT_FIELDS; i++)
        labels[i] = import_label((enum import_field)i);
    pick_open(s, m->columns[m->scroll.at], labels, IMPORT_FIELDS, (int)m->map[m->scroll.at].field,
              take_field);
}

static void leave_out(struct screen *s)
{
    if (((struct mapper *)s)->scroll.n)
        take_field(s, IMPORT_none);
}

/* Only what differs from the proposal is said: the server sees more of the file than we did. */
static const char *upload_path(struct mapper *m)
{
    const char *slash = strrchr(m->path, '/'), *path;
    char *name = api_escape(slash ? slash + 1 : m->path);

    path = arena_printf(m->mem, "/api/uploads?name=%s", name);
    free(name);
    for (int i = 0; i < m->scroll.n; i++) {
        char *column;

        if (m->map[i].field == m->proposed[i].field)
            continue;
        column = api_escape(m->columns[i]);
        path = arena_printf(m->mem, "%s&map=%s:%s", path, column, import_name(m->map[i].field));
        free(column);
    }
    return path;
}

static void start(struct screen *s)
{
    struct mapper *m = (struct mapper *)s;

    if (m->scroll.n)
        sending_open(s->app, m->path, upload_path(m));
}

static void mapper_close(struct screen *s)
{
    arena_free(((struct mapper *)s)->mem);
}

static const struct key mapping_keys[] = {
    {'U', NULL, "upload", "upload", "Upload the file with this mapping.", start, ROLE_USER},
    {'\r', "Enter", "change", "change", "Choose the field that this column goes to.", choose_field},
    {'\n', "Enter", .run = choose_field},
    {'x', NULL, "leave out", "leave out", "Do not import this column.", leave_out},
    {0},
};

const struct screen_class mapping_screen = {.title = "Upload: columns",
                                            .size = sizeof(struct mapper),
                                            .keys = mapping_keys,
                                            .draw = mapper_draw,
                                            .moves = mapper_scroll,
                                            .close = mapper_close};
