/* Upload in three steps: choose a file, check the mapping, watch it go. */
#include <curses.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/csv.h"
#include "common/json.h"
#include "common/mapping.h"
#include "common/mem.h"
#include "common/textcode.h"
#include "common/utf8.h"
#include "tui/screens/list.h"
#include "tui/ui.h"

enum { ENTRIES_MAX = 2000, HEAD = 128 * 1024, SAMPLES = 30, HEADER_ROWS = 20, POLL_MS = 300 };

/* Choosing a file */

struct entry {
    char name[256];
    bool dir;
    int64_t size;
};

struct chooser {
    struct screen base;
    char dir[PATH_MAX];
    struct entry *entries;
    int n, at, top;
    char error[200];
};

static void mapping_open_for(struct app *app, const char *path);

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->dir != y->dir)
        return x->dir ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void read_dir(struct chooser *c)
{
    DIR *d = opendir(c->dir);

    c->n = c->at = c->top = 0;
    c->error[0] = '\0';
    if (!d) {
        snprintf(c->error, sizeof(c->error), "cannot read the folder: %s", strerror(errno));
        return;
    }
    for (struct dirent *e; (e = readdir(d)) && c->n < ENTRIES_MAX;) {
        struct entry *it = &c->entries[c->n];
        struct stat st;

        if ((e->d_name[0] == '.' && strcmp(e->d_name, "..") != 0) ||
            fstatat(dirfd(d), e->d_name, &st, 0) || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
            continue;
        snprintf(it->name, sizeof(it->name), "%s", e->d_name);
        it->dir = S_ISDIR(st.st_mode);
        it->size = st.st_size;
        c->n++;
    }
    closedir(d);
    qsort(c->entries, (size_t)c->n, sizeof(*c->entries), by_name);
}

static void chooser_open(struct screen *s)
{
    struct chooser *c = (struct chooser *)s;

    c->entries = xcalloc(ENTRIES_MAX, sizeof(*c->entries));
    if (!getcwd(c->dir, sizeof(c->dir)))
        snprintf(c->dir, sizeof(c->dir), "/");
    read_dir(c);
}

static void chooser_draw(struct screen *s, int rows, int cols)
{
    struct chooser *c = (struct chooser *)s;
    int body = rows - 3;
    char size[32];

    ui_printf(1, 2, cols - 3, STYLE_ACCENT, "%s", c->dir);
    if (c->error[0])
        ui_printf(3, 2, cols - 3, STYLE_ERR, "x %s", c->error);
    if (c->at < c->top)
        c->top = c->at;
    if (c->at >= c->top + body)
        c->top = c->at - body + 1;
    for (int i = 0; i < body && c->top + i < c->n; i++) {
        const struct entry *e = &c->entries[c->top + i];
        bool here = c->top + i == c->at;

        ui_text(3 + i, 0, 2, STYLE_TEXT, here ? "> " : "  ");
        ui_printf(3 + i, 2, cols - 18, here ? STYLE_CURSOR : STYLE_TEXT, "%s%s", e->name,
                  e->dir ? "/" : "");
        ui_printf(3 + i, cols - 16, 15, STYLE_DIM, "%15s", e->dir ? "" : ui_number(e->size, size));
    }
    ui_focus(3 + c->at - c->top, 0);
}

static void chooser_move(struct screen *s, int by)
{
    struct chooser *c = (struct chooser *)s;

    c->at += by;
    c->at = c->at >= c->n ? c->n - 1 : c->at;
    c->at = c->at < 0 ? 0 : c->at;
}

static void chooser_down(struct screen *s)
{
    chooser_move(s, 1);
}

static void chooser_up(struct screen *s)
{
    chooser_move(s, -1);
}

static void chooser_page_down(struct screen *s)
{
    chooser_move(s, LINES - 6);
}

static void chooser_page_up(struct screen *s)
{
    chooser_move(s, 6 - LINES);
}

static void enter_dir(struct chooser *c, const char *name)
{
    char path[PATH_MAX + 300], *real;

    snprintf(path, sizeof(path), "%s/%s", c->dir, name);
    real = realpath(path, NULL);
    if (real)
        snprintf(c->dir, sizeof(c->dir), "%s", real);
    free(real);
    read_dir(c);
}

static void chooser_enter(struct screen *s)
{
    struct chooser *c = (struct chooser *)s;
    char path[PATH_MAX + 300];

    if (!c->n)
        return;
    if (c->entries[c->at].dir) {
        enter_dir(c, c->entries[c->at].name);
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", c->dir, c->entries[c->at].name);
    mapping_open_for(s->app, path);
}

static void chooser_parent(struct screen *s)
{
    enter_dir((struct chooser *)s, "..");
}

static void chooser_close(struct screen *s)
{
    free(((struct chooser *)s)->entries);
}

static const struct key chooser_keys[] = {
    {'\r', "Enter", "Enter:open", "Open the folder, or take the file.", chooser_enter},
    {'\n', "Enter", NULL, NULL, chooser_enter},
    {'j', NULL, "j/k:move", "Down.", chooser_down},
    {KEY_FN(KEY_DOWN), "Down", NULL, NULL, chooser_down},
    {'k', NULL, NULL, "Up.", chooser_up},
    {KEY_FN(KEY_UP), "Up", NULL, NULL, chooser_up},
    {KEY_FN(KEY_NPAGE), "PgDn", NULL, "A page down.", chooser_page_down},
    {KEY_FN(KEY_PPAGE), "PgUp", NULL, "A page up.", chooser_page_up},
    {'h', NULL, "h:parent", "The folder above.", chooser_parent},
    {0},
};

const struct screen_class upload_screen = {.title = "Upload: choose a CSV file",
                                           .size = sizeof(struct chooser),
                                           .keys = chooser_keys,
                                           .open = chooser_open,
                                           .draw = chooser_draw,
                                           .close = chooser_close};

/* The mapping */

struct mapper {
    struct screen base;
    struct arena *mem;
    char path[PATH_MAX + 300];
    const char **columns;
    const char **samples;
    struct mapping *map, *proposed;
    int n, at, top;
    char what[160], error[200];
};

/* The first rows of the file, as UTF-8. */
static char *read_head(struct mapper *m, size_t *n)
{
    struct textcode_conv conv = {0};
    struct textcode_sniff sniff = {0};
    struct buf b = BUF_INIT(HEAD * 4);
    char *raw = arena_alloc(m->mem, HEAD), *text;
    int fd = open(m->path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, raw, HEAD) : -1;

    if (fd >= 0)
        close(fd);
    if (got < 0) {
        snprintf(m->error, sizeof(m->error), "cannot read the file: %s", strerror(errno));
        return NULL;
    }
    textcode_sniff_add(&sniff, raw, (size_t)got);
    conv.from = textcode_sniff_end(&sniff);
    textcode_convert(&conv, raw, (size_t)got, got < HEAD, &b);
    snprintf(m->what, sizeof(m->what), "%s", textcode_name(conv.from));
    text = arena_strndup(m->mem, b.data ? b.data : "", b.len);
    *n = b.len;
    buf_free(&b);
    return text;
}

static int read_rows(struct mapper *m, const char *text, size_t n, struct strs *rows)
{
    struct csv *csv = csv_new(csv_sniff(text, n));
    struct csv_row row;
    int count = 0;

    if (!csv || csv_feed(csv, text, n, n < HEAD)) {
        csv_free(csv);
        return 0;
    }
    while (count < HEADER_ROWS + SAMPLES && csv_next(csv, &row)) {
        const char **v;

        if (row.fault != CSV_NONE)
            continue;
        v = arena_alloc(m->mem, row.n * sizeof(*v));
        for (size_t i = 0; i < row.n; i++)
            v[i] = utf8_tidy(m->mem, row.cells[i]);
        rows[count++] = (struct strs){v, row.n};
    }
    csv_free(csv);
    return count;
}

static void propose(struct mapper *m)
{
    struct strs rows[HEADER_ROWS + SAMPLES];
    size_t n;
    char *text = read_head(m, &n);
    int count = text ? read_rows(m, text, n, rows) : 0, header = 0;

    while (header < count && header < HEADER_ROWS &&
           !mapping_is_header(m->mem, rows[header].v, rows[header].n))
        header++;
    if (header == count || header == HEADER_ROWS) {
        if (!m->error[0])
            snprintf(m->error, sizeof(m->error),
                     "no header: none of the first rows names two known columns");
        return;
    }
    m->n = (int)rows[header].n;
    m->columns = arena_dup(m->mem, rows[header].v, rows[header].n * sizeof(*m->columns));
    m->map = arena_alloc(m->mem, rows[header].n * sizeof(*m->map));
    m->samples = arena_alloc(m->mem, rows[header].n * sizeof(*m->samples));
    mapping_propose(m->mem, m->columns, rows[header].n, rows + header + 1,
                    (size_t)(count - header - 1), m->map);
    m->proposed = arena_dup(m->mem, m->map, rows[header].n * sizeof(*m->map));
    for (int i = 0; i < m->n; i++)
        for (int k = header + 1; k < count && !m->samples[i]; k++)
            if ((size_t)i < rows[k].n && rows[k].v[i][0])
                m->samples[i] = rows[k].v[i];
}

static void mapping_open_for(struct app *app, const char *path)
{
    struct mapper *m = (struct mapper *)app_push(app, &mapping_screen);

    m->mem = arena_new();
    snprintf(m->path, sizeof(m->path), "%s", path);
    propose(m);
}

static void mapper_draw(struct screen *s, int rows, int cols)
{
    static const char *const sure[] = {"-", "! guess", "+ exact"};
    struct mapper *m = (struct mapper *)s;
    int body = rows - 4, third = (cols - 14) / 3;

    ui_printf(1, 2, cols - 3, STYLE_ACCENT, "%s   %s", m->path, m->what);
    if (m->error[0])
        ui_printf(3, 2, cols - 3, STYLE_ERR, "x %s", m->error);
    ui_text(2, 2, third, STYLE_DIM, "YOUR COLUMN");
    ui_text(2, 3 + third, third, STYLE_DIM, "FIRST VALUE");
    ui_text(2, 4 + 2 * third, third, STYLE_DIM, "GOES TO");
    if (m->at < m->top)
        m->top = m->at;
    if (m->at >= m->top + body)
        m->top = m->at - body + 1;
    for (int i = 0; i < body && m->top + i < m->n; i++) {
        int k = m->top + i;
        bool here = k == m->at;

        ui_text(3 + i, 0, 2, STYLE_TEXT, here ? "> " : "  ");
        ui_text(3 + i, 2, third, here ? STYLE_CURSOR : STYLE_TEXT, m->columns[k]);
        ui_text(3 + i, 3 + third, third, STYLE_DIM, m->samples[k] ? m->samples[k] : "");
        ui_text(3 + i, 4 + 2 * third, third, m->map[k].field ? STYLE_OK : STYLE_DIM,
                import_label(m->map[k].field));
        ui_text(3 + i, 5 + 3 * third, 8, STYLE_DIM, sure[m->map[k].sure]);
    }
    ui_focus(3 + m->at - m->top, 0);
}

static void mapper_move(struct screen *s, int by)
{
    struct mapper *m = (struct mapper *)s;

    m->at += by;
    m->at = m->at >= m->n ? m->n - 1 : m->at;
    m->at = m->at < 0 ? 0 : m->at;
}

static void mapper_down(struct screen *s)
{
    mapper_move(s, 1);
}

static void mapper_up(struct screen *s)
{
    mapper_move(s, -1);
}

static void change(struct screen *s, int by)
{
    struct mapper *m = (struct mapper *)s;
    struct mapping *it;

    if (!m->n)
        return;
    it = &m->map[m->at];
    it->field = (enum import_field)(((int)it->field + by + IMPORT_FIELDS) % IMPORT_FIELDS);
    it->sure = it->field ? MAPPING_EXACT : MAPPING_NONE;
}

static void next_field(struct screen *s)
{
    change(s, 1);
}

static void previous_field(struct screen *s)
{
    change(s, -1);
}

static void leave_out(struct screen *s)
{
    struct mapper *m = (struct mapper *)s;

    if (m->n)
        m->map[m->at] = (struct mapping){IMPORT_none, MAPPING_NONE};
}

/* The progress of the upload and of the job behind it. */

struct progress {
    struct screen base;
    int fd;
    int64_t size, sent;
    struct api_call *call;
    cJSON *job;
    char id[64], error[200];
};

static long give_file(void *arg, char *out, size_t max)
{
    struct progress *p = arg;

    return (long)read(p->fd, out, max);
}

static bool has_ended(const cJSON *job)
{
    const char *state = json_str(job, "state");

    return state && strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
}

static void got_job(void *arg, const struct api_reply *r)
{
    struct progress *p = arg;

    if (r->err && r->err != ERR_RATE) {
        snprintf(p->error, sizeof(p->error), "%s", r->detail);
        return;
    }
    if (!r->err) {
        cJSON_Delete(p->job);
        p->job = cJSON_Duplicate(r->doc, true);
    }
    if (!has_ended(p->job))
        screen_wake(&p->base, r->retry_after ? r->retry_after * 1000 : POLL_MS);
}

static void progress_tick(struct screen *s)
{
    struct progress *p = (struct progress *)s;
    char path[128];

    if (p->call) { /* still sending */
        p->sent = api_sent(p->call);
        screen_wake(s, POLL_MS);
        return;
    }
    if (!p->id[0])
        return;
    snprintf(path, sizeof(path), "/api/jobs/%s", p->id);
    screen_call(s, "GET", path, NULL, got_job);
}

static void file_sent(void *arg, const struct api_reply *r)
{
    struct progress *p = arg;
    const char *id = json_str(r->doc, "id");

    p->call = NULL;
    if (r->err || !id) {
        snprintf(p->error, sizeof(p->error), "%s%s%s", r->field, *r->field ? ": " : "", r->detail);
        return;
    }
    p->sent = p->size;
    snprintf(p->id, sizeof(p->id), "%s", id);
    screen_wake(&p->base, 1);
}

static const char *upload_path(const struct mapper *m, struct arena *mem)
{
    const char *slash = strrchr(m->path, '/');
    char *name = api_escape(slash ? slash + 1 : m->path);
    const char *path = arena_printf(mem, "/api/uploads?name=%s", name);

    free(name);
    for (int i = 0; i < m->n; i++) {
        char *column;

        if (m->map[i].field == m->proposed[i].field)
            continue; /* the server proposes the same */
        column = api_escape(m->columns[i]);
        path = arena_printf(mem, "%s&map=%s:%s", path, column, import_name(m->map[i].field));
        free(column);
    }
    return path;
}

static void start(struct screen *s)
{
    struct mapper *m = (struct mapper *)s;
    struct progress *p;
    struct stat st;
    int fd = m->n ? open(m->path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0 || fstat(fd, &st)) {
        app_say(s->app, "x the file cannot be read");
        if (fd >= 0)
            close(fd);
        return;
    }
    p = (struct progress *)app_push(s->app, &progress_screen);
    p->fd = fd;
    p->size = st.st_size;
    p->call = api_send(app_api(s->app),
                       &(struct api_request){.method = "POST",
                                             .path = upload_path(m, m->mem),
                                             .body = give_file,
                                             .body_size = st.st_size,
                                             .body_type = "text/csv",
                                             .timeout_ms = 60000},
                       file_sent, p);
    screen_wake(&p->base, POLL_MS);
}

static void progress_draw(struct screen *s, int rows, int cols)
{
    static const char *const names[] = {"read",   "created", "updated",
                                        "merged", "skipped", "rejected"};
    struct progress *p = (struct progress *)s;
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(p->job, "counts");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(p->job, "error");
    const char *state = json_str(p->job, "state");
    char number[32];

    (void)rows;
    ui_text(2, 2, cols - 4, STYLE_DIM, "Uploading");
    ui_bar(3, 2, cols - 4, p->sent, p->size ? p->size : 1);
    ui_printf(5, 2, cols - 4, STYLE_DIM, "Processing (goes on if you leave)   %s",
              state ? state : "");
    ui_bar(6, 2, cols - 4, (int64_t)(json_num(p->job, "progress", 0) * 1000), 1000);
    for (int i = 0; i < 6 && counts; i++) {
        ui_text(8 + i, 2, 12, STYLE_DIM, names[i]);
        ui_printf(8 + i, 14, 14,
                  i == 5 && json_num(counts, names[i], 0) > 0 ? STYLE_WARN : STYLE_TEXT, "%14s",
                  ui_number((int64_t)json_num(counts, names[i], 0), number));
    }
    if (cJSON_IsObject(error))
        ui_printf(15, 2, cols - 4, STYLE_ERR, "x %s", json_str(error, "detail"));
    else if (p->error[0])
        ui_printf(15, 2, cols - 4, STYLE_ERR, "x %s", p->error);
    else if (state && strcmp(state, "done") == 0)
        ui_text(15, 2, cols - 4, STYLE_OK, "+ done; 1 goes to the search");
    if (p->id[0])
        ui_printf(16, 2, cols - 4, STYLE_DIM, "leadgen jobs errors %s shows what was not taken",
                  p->id);
    ui_focus(6, 2);
}

static void stop_job(struct screen *s)
{
    struct progress *p = (struct progress *)s;
    char path[128];

    if (p->call) {
        api_cancel(app_api(s->app), p->call);
        p->call = NULL;
        app_say(s->app, "the upload was stopped; nothing was loaded");
    } else if (p->id[0]) {
        snprintf(path, sizeof(path), "/api/jobs/%s/cancel", p->id);
        screen_call(s, "POST", path, NULL, got_job);
    }
}

static void progress_close(struct screen *s)
{
    struct progress *p = (struct progress *)s;

    cJSON_Delete(p->job);
    if (p->fd > 0)
        close(p->fd);
}

static const struct key progress_keys[] = {
    {'x', NULL, "x:stop", "Stop: the upload at once, the job at its next checkpoint.", stop_job},
    {0},
};

const struct screen_class progress_screen = {.title = "Upload",
                                             .size = sizeof(struct progress),
                                             .keys = progress_keys,
                                             .draw = progress_draw,
                                             .tick = progress_tick,
                                             .close = progress_close};

static void mapper_close(struct screen *s)
{
    arena_free(((struct mapper *)s)->mem);
}

static const struct key mapper_keys[] = {
    {'U', NULL, "U:upload", "Upload with this mapping.", start},
    {'\r', "Enter", "Enter:change", "The next field for this column.", next_field},
    {'\n', "Enter", NULL, NULL, next_field},
    {KEY_FN(KEY_RIGHT), "Right", NULL, NULL, next_field},
    {KEY_FN(KEY_LEFT), "Left", NULL, "The field before.", previous_field},
    {'x', NULL, "x:leave out", "Do not import this column.", leave_out},
    {'j', NULL, "j/k:move", "Down.", mapper_down},
    {KEY_FN(KEY_DOWN), "Down", NULL, NULL, mapper_down},
    {'k', NULL, NULL, "Up.", mapper_up},
    {KEY_FN(KEY_UP), "Up", NULL, NULL, mapper_up},
    {0},
};

const struct screen_class mapping_screen = {.title = "Upload: columns",
                                            .size = sizeof(struct mapper),
                                            .keys = mapper_keys,
                                            .draw = mapper_draw,
                                            .close = mapper_close};
