/* The audit log: who did what, narrowed by a form, and taken away as a file. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/widgets/paint.h"

enum { EXPORT_IDLE_MS = 60000, DAY = 10 };

/* An export that is on its way */

struct export
{
    struct screen base; /* first */
    struct file_out *file;
    char path[INPUT_MAX];
    int64_t bytes, lines;
    bool csv;
};

static bool take_bytes(void *arg, const char *data, size_t n)
{
    struct export *x = arg;

    for (size_t i = 0; i < n; i++)
        x->lines += data[i] == '\n';
    x->bytes += (int64_t)n;
    if (file_add(x->file, data, n) == ERR_OK)
        return true;
    file_abandon(x->file);
    x->file = NULL;
    return false;
}

static void exported(void *arg, const struct api_reply *r)
{
    struct export *x = arg;
    struct app *app = x->base.app;
    char path[INPUT_MAX], number[NUMBER_TEXT];
    enum err err = ERR_DISK_FULL;

    if (!r->err && x->file)
        err = file_end(x->file);
    else
        file_abandon(x->file);
    x->file = NULL;
    snprintf(path, sizeof(path), "%s", x->path);
    paint_number(x->lines - x->csv, number);
    app_close(&x->base);
    if (r->err)
        app_say_error(app, r);
    else if (err)
        app_say(app, STYLE_ERR, "%s cannot be written to its end; nothing was kept", path);
    else
        app_say(app, STYLE_OK, "%s records in %s", number, path);
}

static void export_draw(struct screen *s, int rows, int cols)
{
    const struct export *x = (const struct export *)s;
    char lines[NUMBER_TEXT], bytes[NUMBER_TEXT];
    struct place in;

    if (!paint_dialog(rows, cols, 4, 60, s->class->title, &in))
        return;
    paint_printf(in.y, in.x, in.cols, STYLE_TEXT, "to %s", x->path);
    paint_printf(in.y + 1, in.x, in.cols, STYLE_ACCENT, "%s records, %s bytes so far",
                 paint_number(x->lines, lines), paint_number(x->bytes, bytes));
    paint_text(in.y + 3, in.x, in.cols, STYLE_DIM, "Esc stops it; then nothing is kept");
    paint_focus(in.y + 1, in.x);
}

static void export_close(struct screen *s)
{
    file_abandon(((struct export *)s)->file);
}

static const struct key export_keys[] = {
    {KEY_ESCAPE, "Esc", "stop", "stop", "Stop; nothing is kept.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

const struct screen_class export_screen = {.title = "Exporting the audit log",
                                           .size = sizeof(struct export),
                                           .keys = export_keys,
                                           .overlay = true,
                                           .draw = export_draw,
                                           .close = export_close};

static bool is_csv(const char *path)
{
    size_t n = strlen(path);

    return n > 4 && strcmp(path + n - 4, ".csv") == 0;
}

static void begin(struct screen *s, const char *path)
{
    struct arena *mem;
    struct export *x;
    struct file_out *file;

    if (access(path, F_OK) == 0) {
        app_say(s->app, STYLE_ERR, "%s is there already; nothing was written", path);
        return;
    }
    if (file_begin(path, 0600, &file)) {
        app_say(s->app, STYLE_ERR, "%s cannot be written", path);
        return;
    }
    mem = arena_new();
    x = (struct export *)app_push(s->app, &export_screen);
    x->file = file;
    x->csv = is_csv(path);
    snprintf(x->path, sizeof(x->path), "%s", path);
    api_send(app_api(s->app),
             &(struct api_request){.method = "GET",
                                   .path = arena_printf(mem, "/api/admin/audit/export?format=%s%s",
                                                        x->csv ? "csv" : "jsonl",
                                                        resource_query(mem, (struct listing *)s)),
                                   .bytes = take_bytes,
                                   .timeout_ms = EXPORT_IDLE_MS},
             exported, x);
    arena_free(mem);
}

static void export(struct screen *s)
{
    char now[STAMP_TEXT], name[40];

    stamp_text(clock_now(), now);
    snprintf(name, sizeof(name), "audit-%.*s.jsonl", DAY, now);
    save_open(s, name, "all that match, oldest first; .csv or JSON lines", begin);
}

/* The list */

/* An address stands for the id of whom it is. */
static void name_person(struct form *f, const char *field)
{
    const cJSON *person;

    cJSON_ArrayForEach(person, ((struct listing *)f->base.below)->people)
    {
        if (strcmp(person->valuestring, form_text(f, field)) == 0)
            form_set(f, field, person->string);
    }
}

static void take_filter(struct form *f)
{
    name_person(f, "actor_id");
    name_person(f, "target_id");
    resource_take_filter(f);
}

static const struct column columns[] = {
    {"at", 16},   {"actor_id", 20}, {"verb", 18},      {"outcome", 10},
    {"count", 5}, {"detail", 16},   {"target_id", 36}, {0}};

static const struct form_field filter_fields[] = {
    {"actor_id"}, {"verb"}, {"target_id"}, {"outcome"}, {"since"}, {"until"}, {0}};

static const struct record_form filter_form = {
    RECORD_FORM("Filter the audit log"), .body = &audit_query_type, .fields = filter_fields,
    .note = "who: an address or an id; times: 2026-11-24; empty is all", .take = take_filter};

static const struct key keys[] = {
    RESOURCE_KEYS,
    RESOURCE_FILTER_KEYS,
    {'e', NULL, "export", "export", "Write all that match into a file.", export, ROLE_ADMIN},
    ADMIN_KEYS{0},
};

const struct resource audit_resource = {RESOURCE("Admin > Audit", keys),
                                        .path = "/api/admin/audit",
                                        .row = &audit_type,
                                        .columns = columns,
                                        .empty = "Nothing is recorded that matches.",
                                        .head = tabs_draw,
                                        .also = resource_ask_people,
                                        .says = resource_person,
                                        .filter = &filter_form};
