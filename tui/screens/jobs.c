/* Jobs: the account's, one of them as it goes, and the rows that it did not take. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/csv.h"
#include "common/json.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/widgets/paint.h"

enum {
    LIST_MS = 5000,
    AGAIN_MS = 2000,   /* after a stream of events broke */
    STREAM_MS = 60000, /* the server says something at least every 15 s */
    EVENT_MAX = 256 * 1024,
    REJECTS_MAX = 1000,
    PATH = 128,
};

static const char *const count_names[] = {"read",   "created", "updated",
                                          "merged", "skipped", "rejected"};

static bool has_ended(const cJSON *job)
{
    const char *state = json_str(job, "state");

    return state && strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
}

/* The lists */

static void open_job(struct screen *s)
{
    const char *id = resource_text(s, "id");

    if (id)
        job_open(s->app, id);
}

#define JOBS_KEYS                                                                              \
    {'\r', "Enter", "open", "open", "Watch this job: its progress and its counts.", open_job}, \
        {'\n', "Enter", .run = open_job}, RESOURCE_REFRESH_KEY

static const struct column columns[] = {
    {"state", 10}, {"progress", 6, "done"}, {"kind", 8}, {"created", 16}, {"name", 10}, {0}};
static const struct key jobs_keys[] = {JOBS_KEYS, {0}};
static const struct key all_jobs_keys[] = {JOBS_KEYS, ADMIN_KEYS{0}};

const struct resource jobs_resource = {RESOURCE("Jobs", jobs_keys),
                                       .path = "/api/jobs",
                                       .row = &job_type,
                                       .columns = columns,
                                       .empty = "No jobs yet; 4 uploads a file.",
                                       .refresh_ms = LIST_MS};

const struct resource all_jobs_resource = {RESOURCE("Admin > Jobs", all_jobs_keys),
                                           .path = "/api/admin/jobs",
                                           .row = &job_type,
                                           .columns = columns,
                                           .empty = "No jobs yet.",
                                           .refresh_ms = LIST_MS,
                                           .head = tabs_draw};

/* One job: a stream of events, for questions would use up the rate limit. */

struct job_view {
    struct screen base;
    char id[80];
    cJSON *job;
    struct buf line; /* of the stream, not whole yet */
    bool streaming;
    char trouble[200];
};

static void take_job(struct job_view *v, const cJSON *job)
{
    cJSON_Delete(v->job);
    v->job = cJSON_Duplicate(job, true);
    v->trouble[0] = '\0';
}

/* Server-sent events (WHATWG HTML 9.2): of their lines only "data:" matters here. */
static void take_line(struct job_view *v)
{
    static const char prefix[] = "data: ";
    size_t n = sizeof(prefix) - 1;
    struct arena *mem = arena_new();
    const cJSON *job;

    if (!v->line.failed && v->line.len > n && strncmp(v->line.data, prefix, n) == 0 &&
        json_parse(mem, v->line.data + n, v->line.len - n, &job, NULL) == ERR_OK)
        take_job(v, job);
    buf_clear(&v->line);
    arena_free(mem);
}

static bool take_events(void *arg, const char *data, size_t n)
{
    struct job_view *v = arg;

    for (size_t i = 0; i < n; i++) {
        if (data[i] == '\n')
            take_line(v);
        else if (data[i] != '\r')
            buf_char(&v->line, data[i]);
    }
    return true;
}

static void events_ended(void *arg, const struct api_reply *r)
{
    struct job_view *v = arg;

    v->streaming = false;
    if (has_ended(v->job))
        return;
    if (r->err)
        snprintf(v->trouble, sizeof(v->trouble), "%s; asking again", r->detail);
    screen_wake(&v->base, r->retry_after ? r->retry_after * 1000 : AGAIN_MS);
}

static void follow(struct job_view *v)
{
    char path[PATH];

    snprintf(path, sizeof(path), "/api/jobs/%s/events", v->id);
    buf_clear(&v->line);
    v->streaming = true;
    api_send(app_api(v->base.app),
             &(struct api_request){
                 .method = "GET", .path = path, .bytes = take_events, .timeout_ms = STREAM_MS},
             events_ended, v);
}

static void got_job(void *arg, const struct api_reply *r)
{
    struct job_view *v = arg;

    if (r->err) {
        snprintf(v->trouble, sizeof(v->trouble), "%s", r->detail);
        app_say_error(v->base.app, r);
        if (err_retryable(r->err))
            screen_wake(&v->base, r->retry_after ? r->retry_after * 1000 : AGAIN_MS);
        return;
    }
    take_job(v, r->doc);
    if (!has_ended(v->job) && !v->streaming)
        follow(v);
}

static void ask_job(struct screen *s)
{
    struct job_view *v = (struct job_view *)s;
    char path[PATH];

    snprintf(path, sizeof(path), "/api/jobs/%s", v->id);
    screen_call(s, "GET", path, NULL, got_job);
}

void job_open(struct app *app, const char *id)
{
    struct job_view *v = (struct job_view *)app_push(app, &job_screen);

    snprintf(v->id, sizeof(v->id), "%s", id);
    v->line = (struct buf)BUF_INIT(EVENT_MAX);
}

static void draw_counts(const cJSON *counts, int y, int rows, int cols)
{
    for (int i = 0; i < (int)(sizeof(count_names) / sizeof(*count_names)) && i < rows; i++) {
        double n = json_num(counts, count_names[i], 0);
        char text[NUMBER_TEXT];

        paint_text(y + i, 2, 12, STYLE_DIM, count_names[i]);
        paint_right(y + i, 14, cols < 40 ? 10 : 14, i == 5 && n > 0 ? STYLE_WARN : STYLE_TEXT,
                    paint_number((int64_t)n, text));
    }
}

static void draw_end(const struct job_view *v, int y, int cols)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(v->job, "error");
    const char *state = json_str(v->job, "state");

    if (cJSON_IsObject(error))
        paint_said(y, 1, cols - 2, STYLE_ERR, json_str(error, "detail"));
    else if (v->trouble[0])
        paint_said(y, 1, cols - 2, STYLE_WARN, v->trouble);
    else if (state && strcmp(state, "done") == 0)
        paint_said(y, 1, cols - 2, STYLE_OK, "done; 1 goes to the search");
    else if (state && strcmp(state, "cancelled") == 0)
        paint_said(y, 1, cols - 2, STYLE_WARN, "cancelled; what was loaded before stays");
    else
        paint_text(y, 3, cols - 4, STYLE_DIM, "it goes on if you leave; J finds it again");
}

static void job_draw(struct screen *s, int rows, int cols)
{
    struct job_view *v = (struct job_view *)s;
    const char *state = json_str(v->job, "state"), *name = json_str(v->job, "name"),
               *encoding = json_str(v->job, "encoding");

    paint_printf(1, 2, cols - 3, STYLE_ACCENT, "%s", name ? name : v->id);
    paint_printf(2, 2, cols - 3, STYLE_TEXT, "%s %s%s%s", json_str(v->job, "kind"),
                 state ? state : "...", encoding ? ", read as " : "", encoding ? encoding : "");
    paint_bar(4, 2, cols - 4, (int64_t)(json_num(v->job, "progress", 0) * 10000), 10000);
    draw_counts(cJSON_GetObjectItemCaseSensitive(v->job, "counts"), 6, rows - 8, cols);
    draw_end(v, rows < 13 ? rows : 13, cols);
    app_state(s->app, " job %s", v->id);
    paint_focus(4, 2);
}

static void cancelled(void *arg, const struct api_reply *r)
{
    struct job_view *v = arg;

    if (r->err)
        app_say_error(v->base.app, r);
    else
        app_say(v->base.app, STYLE_OK, "it stops at its next checkpoint");
}

static void cancel_job(struct screen *s)
{
    char path[PATH];

    snprintf(path, sizeof(path), "/api/jobs/%s/cancel", ((struct job_view *)s)->id);
    screen_call(s, "POST", path, NULL, cancelled);
}

static void ask_cancel(struct screen *s)
{
    if (has_ended(((struct job_view *)s)->job))
        app_say(s->app, STYLE_DIM, "it has ended already");
    else
        confirm_open(s, "Stop the job?", "It stops at its next checkpoint.\nWhat was loaded stays.",
                     CONFIRM_MS, cancel_job);
}

static void show_rejects(struct screen *s)
{
    rejects_open(s->app, ((struct job_view *)s)->id);
}

static void job_close(struct screen *s)
{
    struct job_view *v = (struct job_view *)s;

    cJSON_Delete(v->job);
    buf_free(&v->line);
}

static const struct key job_keys[] = {
    {'e', NULL, "rejected", "rejected", "The rows and cells that were not taken, and why.",
     show_rejects},
    {'x', NULL, "stop", "stop", "Stop the job at its next checkpoint (it asks).", ask_cancel,
     ROLE_USER},
    {'R', NULL, "refresh", NULL, "Ask the server again.", ask_job},
    {0},
};

const struct screen_class job_screen = {.title = "Job",
                                        .size = sizeof(struct job_view),
                                        .keys = job_keys,
                                        .shown = ask_job,
                                        .draw = job_draw,
                                        .tick = ask_job,
                                        .close = job_close};

/* What was not taken: a CSV of line, column, code, reason; the first thousand are shown. */

struct rejects {
    struct screen base;
    char id[80];
    struct arena *mem;
    struct csv *csv;
    struct reject {
        const char *line, *column, *reason;
    } rows[REJECTS_MAX];
    struct scroll scroll;
    bool head_seen, more, loaded;
    char trouble[200];
};

/* Ends the stream when there is more than fits. */
static bool take_csv(void *arg, const char *data, size_t n)
{
    struct rejects *v = arg;
    struct csv_row row;

    if (!v->csv || csv_feed(v->csv, data, n, false))
        return false;
    while (csv_next(v->csv, &row)) {
        if (row.fault != CSV_NONE || row.n < 4 || !v->head_seen) {
            v->head_seen = true;
            continue;
        }
        if (v->scroll.n == REJECTS_MAX) {
            v->more = true;
            return false;
        }
        v->rows[v->scroll.n++] =
            (struct reject){arena_strdup(v->mem, row.cells[0]), arena_strdup(v->mem, row.cells[1]),
                            arena_strdup(v->mem, row.cells[3])};
    }
    return true;
}

static void got_csv(void *arg, const struct api_reply *r)
{
    struct rejects *v = arg;

    v->loaded = true;
    if (!r->err)
        return;
    snprintf(v->trouble, sizeof(v->trouble), "%s", r->detail);
    app_say_error(v->base.app, r);
}

void rejects_open(struct app *app, const char *id)
{
    struct rejects *v = (struct rejects *)app_push(app, &rejects_screen);
    char path[PATH];

    snprintf(v->id, sizeof(v->id), "%s", id);
    v->mem = arena_new();
    v->csv = csv_new(',');
    snprintf(path, sizeof(path), "/api/jobs/%s/errors", v->id);
    api_send(app_api(app), &(struct api_request){.method = "GET", .path = path, .bytes = take_csv},
             got_csv, v);
}

static void rejects_draw(struct screen *s, int rows, int cols)
{
    struct rejects *v = (struct rejects *)s;

    paint_text(2, 2, 8, STYLE_DIM, "LINE");
    paint_text(2, 12, 18, STYLE_DIM, "COLUMN");
    paint_text(2, 32, cols - 33, STYLE_DIM, "WHY");
    scroll_fit(&v->scroll, rows - 2);
    for (int i = 0; i < rows - 2 && v->scroll.top + i < v->scroll.n; i++) {
        const struct reject *row = &v->rows[v->scroll.top + i];
        bool here = v->scroll.top + i == v->scroll.at;

        paint_gutter(3 + i, 0, here, false);
        paint_text(3 + i, 2, 8, here ? STYLE_CURSOR : STYLE_TEXT, row->line);
        paint_text(3 + i, 12, 18, STYLE_TEXT, row->column);
        paint_text(3 + i, 32, cols - 33, STYLE_TEXT, row->reason);
    }
    if (v->trouble[0])
        paint_said(4, 1, cols - 2, STYLE_WARN, v->trouble);
    else if (!v->scroll.n)
        paint_text(4, 2, cols - 3, STYLE_DIM, v->loaded ? "Every row was taken." : "loading ...");
    app_state(s->app, " %d rows and cells%s   all: leadgen jobs errors %s", v->scroll.n,
              v->more ? " and more" : "", v->id);
}

static struct scroll *rejects_scroll(struct screen *s)
{
    return &((struct rejects *)s)->scroll;
}

static void rejects_close(struct screen *s)
{
    struct rejects *v = (struct rejects *)s;

    csv_free(v->csv);
    arena_free(v->mem);
}

static const struct key rejects_keys[] = {{0}};

const struct screen_class rejects_screen = {.title = "Not taken",
                                            .size = sizeof(struct rejects),
                                            .keys = rejects_keys,
                                            .draw = rejects_draw,
                                            .moves = rejects_scroll,
                                            .close = rejects_close};
