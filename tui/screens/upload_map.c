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
    struct strs rows[ROWS]; /* the file's first */
    int n_rows;
    int head, found; /* the header among them; the one that the server finds by itself, or -1 */
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

static void read_rows(struct mapper *m, const char *text, size_t n, bool whole)
{
    struct csv *csv = csv_new(csv_sniff(text, n));
    struct csv_row row;

    if (!csv || csv_feed(csv, text, n, whole)) {
        csv_free(csv);
        return;
    }
    while (m->n_rows < ROWS && csv_next(csv, &row)) {
        const char **v;

        if (row.fault != CSV_NONE || row.n == 0)
            continue;
        v = arena_alloc(m->mem, row.n * sizeof(*v));
        for (size_t i = 0; i < row.n; i++)
            v[i] = utf8_tidy(m->mem, row.cells[i]);
        m->rows[m->n_rows++] = (struct strs){v, row.n};
    }
    csv_free(csv);
}

static int find_header(struct mapper *m)
{
    for (int i = 0; i < m->n_rows && i < HEADER_ROWS; i++)
        if (mapping_is_header(m->mem, m->rows[i].v, m->rows[i].n))
            return i;
    return -1;
}

static void take_samples(struct mapper *m)
{
    for (int i = 0; i < m->scroll.n; i++)
        for (int k = m->head + 1; k < m->n_rows && !m->samples[i]; k++)
            if ((size_t)i < m->rows[k].n && m->rows[k].v[i][0])
                m->samples[i] = m->rows[k].v[i];
}

/* That row is the header: propose by its names and the values below it. */
static void take_header(struct mapper *m, int head)
{
    size_t n = m->rows[head].n;

    m->head = head;
    m->scroll = (struct scroll){.rows = m->scroll.rows};
    scroll_resize(&m->scroll, (int)n);
    m->columns = arena_dup(m->mem, m->rows[head].v, n * sizeof(*m->columns));
    m->map = arena_alloc(m->mem, n * sizeof(*m->map));
    m->samples = arena_alloc(m->mem, n * sizeof(*m->samples));
    mapping_propose(m->mem, m->columns, n, m->rows + head + 1, (size_t)(m->n_rows - head - 1),
                    m->map);
    m->proposed = arena_dup(m->mem, m->map, n * sizeof(*m->map));
    take_samples(m);
}

static void propose(struct mapper *m)
{
    bool whole = false;
    size_t n = 0;
    char *text = read_head(m, &n, &whole);

    if (text)
        read_rows(m, text, n, whole);
    m->found = find_header(m);
    if (m->n_rows)
        take_header(m, m->found < 0 ? 0 : m->found);
    else if (!m->trouble[0])
        snprintf(m->trouble, sizeof(m->trouble), "there is no row in this file");
}

void mapping_open(struct app *app, const char *path)
{
    struct mapper *m = (struct mapper *)app_push(app, &mapping_screen);

    m->mem = arena_new();
    m->path = arena_strdup(m->mem, path);
    propose(m);
}

static bool is_changed(const struct mapper *m, int i)
{
    return m->map[i].field != m->proposed[i].field;
}

/* How sure the proposal is, in a word; or that it is the person's own. */
enum { YOURS = MAPPING_EXACT + 1 };
static const struct {
    const char *word;
    enum style_role role;
} states[] = {[MAPPING_NONE] = {"- skip", STYLE_DIM},
              [MAPPING_GUESS] = {"! guess", STYLE_WARN},
              [MAPPING_EXACT] = {"+ exact", STYLE_OK},
              [YOURS] = {"* yours", STYLE_ACCENT}};

static void draw_row(const struct mapper *m, int y, int i, int third)
{
    int state = is_changed(m, i) ? YOURS : (int)m->map[i].sure;
    bool here = i == m->scroll.at;

    paint_gutter(y, 0, here, false);
    paint_text(y, 2, third, here ? STYLE_CURSOR : STYLE_TEXT, m->columns[i]);
    paint_text(y, 3 + third, third, STYLE_DIM, m->samples[i]);
    paint_text(y, 4 + 2 * third, third, STYLE_TEXT, import_label(m->map[i].field));
    paint_text(y, 5 + 3 * third, STATE, states[state].role, states[state].word);
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
    app_state(s->app, " %d of %d columns are imported   the header is row %d%s", taken, m->scroll.n,
              m->head + 1, m->found < 0 ? " (no known names)" : "");
}

static struct scroll *mapper_scroll(struct screen *s)
{
    return &((struct mapper *)s)->scroll;
}

/* As the server does: a field goes to one column, the last that was given it. */
static void take_field(struct screen *s, int chosen)
{
    struct mapper *m = (struct mapper *)s;
    enum import_field field = (enum import_field)chosen;

    for (int i = 0; i < m->scroll.n && field != IMPORT_none; i++)
        if (m->map[i].field == field)
            m->map[i] = (struct mapping){IMPORT_none, MAPPING_NONE};
    m->map[m->scroll.at] = (struct mapping){field, chosen ? MAPPING_EXACT : MAPPING_NONE};
}

/* A rule names its column: of two with one name only the first can be spoken of. */
static bool has_name(const struct mapper *m, int column)
{
    for (int i = 0; i < column; i++)
        if (strcmp(m->columns[i], m->columns[column]) == 0)
            return false;
    return m->columns[column][0] != '\0';
}

static bool can_change(struct mapper *m)
{
    if (m->scroll.n && !has_name(m, m->scroll.at))
        app_say(m->base.app, STYLE_WARN,
                "it has no name of its own in the header, so it stays as it is");
    return m->scroll.n && has_name(m, m->scroll.at);
}

static void choose_field(struct screen *s)
{
    struct mapper *m = (struct mapper *)s;
    const char *labels[IMPORT_FIELDS];

    if (!can_change(m))
        return;
    for (int i = 0; i < IMPORT_FIELDS; i++)
        labels[i] = import_label((enum import_field)i);
    pick_open(s, m->columns[m->scroll.at], labels, IMPORT_FIELDS, (int)m->map[m->scroll.at].field,
              take_field);
}

static void leave_out(struct screen *s)
{
    if (can_change((struct mapper *)s))
        take_field(s, IMPORT_none);
}

static void next_header(struct screen *s)
{
    struct mapper *m = (struct mapper *)s;

    if (m->n_rows)
        take_header(m, (m->head + 1) % (m->n_rows < HEADER_ROWS ? m->n_rows : HEADER_ROWS));
}

/*
 * Only what differs from the proposal is said: the server sees more of the file than we did.  But
 * for the server the header is the first row that has all columns that are named, so where it would
 * take another one by itself all are named.
 */
static const char *upload_path(struct mapper *m)
{
    const char *slash = strrchr(m->path, '/'), *path;
    char *name = api_escape(slash ? slash + 1 : m->path);

    path = arena_printf(m->mem, "/api/uploads?name=%s", name);
    free(name);
    for (int i = 0; i < m->scroll.n; i++) {
        bool named = m->head != m->found && m->map[i].field != IMPORT_none;
        char *column;

        if (!has_name(m, i) || !(named || is_changed(m, i)))
            continue;
        column = api_escape(m->columns[i]);
        path = arena_printf(m->mem, "%s&map=%s:%s", path, column, import_name(m->map[i].field));
        free(column);
    }
    return path;
}

static bool has_any(const struct mapper *m)
{
    for (int i = 0; i < m->scroll.n; i++)
        if (m->map[i].field != IMPORT_none)
            return true;
    return false;
}

static void start(struct screen *s)
{
    struct mapper *m = (struct mapper *)s;

    if (!has_any(m))
        app_say(s->app, STYLE_WARN, "nothing would be imported: Enter chooses where a column goes");
    else
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
    {'h', NULL, "header", "header", "The header is the next row; what was changed is forgotten.",
     next_header},
    {0},
};

const struct screen_class mapping_screen = {.title = "Upload: columns",
                                            .size = sizeof(struct mapper),
                                            .keys = mapping_keys,
                                            .draw = mapper_draw,
                                            .moves = mapper_scroll,
                                            .close = mapper_close};
