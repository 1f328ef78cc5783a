/* leadgen jobs ls | show | wait | cancel | errors */
#include "tui/cli/jobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/utf8.h"

enum { BAR = 40, EVENT_MAX = 256 * 1024, STREAM_MS = 60000, LOOK_MS = 1000, AGAIN = 4 };

static const char *job_path(struct cli *c, const char *id, const char *rest)
{
    char *escaped = api_escape(id);
    const char *path = arena_printf(c->mem, "/api/jobs/%s%s", escaped, rest);

    free(escaped);
    return path;
}

static bool shows_bar(struct cli *c)
{
    return isatty(STDERR_FILENO) && !cli_has(c, "progress");
}

void job_bar(struct cli *c, const char *what, double share, const cJSON *doc)
{
    static const char full[] = "########################################",
                      empty[] = "----------------------------------------";
    int n = share < 0 ? 0 : share > 1 ? BAR : (int)(share * BAR);
    struct buf b = BUF_INIT(EVENT_MAX);

    if (shows_bar(c)) {
        fprintf(stderr, "\r%-10s [%.*s%.*s] %3d %%", what, n, full, BAR - n, empty,
                (int)(share * 100));
    } else if (cli_has(c, "progress") && doc) {
        cli_json(&b, doc);
        fprintf(stderr, "%s\n", b.failed ? "{}" : b.data);
        buf_free(&b);
    }
}

void job_bar_end(struct cli *c)
{
    if (shows_bar(c))
        fputc('\n', stderr);
}

static enum exit_code end_code(const cJSON *job)
{
    const char *state = json_str(job, "state");
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(job, "counts");

    if (!state || strcmp(state, "failed") == 0)
        return EXIT_INPUT;
    if (strcmp(state, "cancelled") == 0 || json_num(counts, "rejected", 0) > 0)
        return EXIT_PARTLY;
    return EXIT_DONE;
}

static void print_job(struct cli *c, const cJSON *job)
{
    static const char *const names[] = {"read",   "created", "updated",
                                        "merged", "skipped", "rejected"};
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(job, "counts");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(job, "error");

    if (cli_has(c, "json")) {
        cli_print_json(job);
        return;
    }
    printf("job %s %s\n", cli_text(c->mem, job, "id"), cli_text(c->mem, job, "state"));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        printf("  %-9s %s\n", names[i], cli_text(c->mem, counts, names[i]));
    if (cJSON_IsObject(error))
        printf("  error     %s\n", cli_text(c->mem, error, "detail"));
}

static bool has_ended(const cJSON *job)
{
    const char *state = json_str(job, "state");

    return state && strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
}

static void show_progress(struct cli *c, const cJSON *job)
{
    job_bar(c, "processing", json_num(job, "progress", 0), job);
}

/* A job's events as they come (server-sent events: "data: " lines, an empty line between). */
struct events {
    struct cli *c;
    struct buf text; /* of the line that is not whole yet */
};

static void take_line(struct events *e)
{
    static const char prefix[] = "data: ";
    size_t n = sizeof(prefix) - 1;
    struct arena *mem = arena_new();
    const cJSON *job;

    if (!e->text.failed && e->text.len > n && strncmp(e->text.data, prefix, n) == 0 &&
        json_parse(mem, e->text.data + n, e->text.len - n, &job, NULL) == ERR_OK)
        show_progress(e->c, job);
    buf_clear(&e->text);
    arena_free(mem);
}

static bool take_events(void *arg, const char *data, size_t n)
{
    struct events *e = arg;

    for (size_t i = 0; i < n; i++) {
        if (data[i] == '\n')
            take_line(e);
        else if (data[i] != '\r')
            buf_char(&e->text, data[i]);
    }
    return true;
}

/* Until the stream ends, which it does with the job, or with the line: the caller looks. */
static enum err follow_events(struct cli *c, const char *id)
{
    struct events e = {.c = c, .text = BUF_INIT(EVENT_MAX)};
    struct api_request r = {.method = "GET",
                            .path = job_path(c, id, "/events"),
                            .bytes = take_events,
                            .timeout_ms = STREAM_MS};
    struct cli_reply reply = cli_send(c, c->mem, &r, &e);

    buf_free(&e.text);
    return reply.err;
}

/* Wait before the n-th look again after a failure; false: it is not worth it. */
static bool may_look_again(struct cli *c, const struct cli_reply *r, int n)
{
    if (!err_retryable(r->err) || r->pin_mismatch || n >= AGAIN)
        return false;
    if (r->retry_after > 0)
        cli_pause(c, r->retry_after * 1000);
    else
        cli_back_off(c, n);
    return true;
}

/* One stream of events instead of many questions: those would use up the general rate limit. */
enum exit_code job_follow(struct cli *c, const char *id)
{
    struct cli_reply reply;
    int failures = 0;

    for (;;) {
        reply = cli_call(c, "GET", job_path(c, id, ""), NULL);
        if (reply.err && may_look_again(c, &reply, failures++))
            continue;
        if (reply.err || has_ended(reply.doc))
            break;
        show_progress(c, reply.doc);
        failures = 0;
        cli_pause(c, follow_events(c, id) ? LOOK_MS : 0);
    }
    if (!reply.err)
        show_progress(c, reply.doc);
    job_bar_end(c);
    if (reply.err)
        return cli_fail(&reply);
    print_job(c, reply.doc);
    return end_code(reply.doc);
}

static const struct cli_column columns[] = {
    {"ID", "id", 36, 0},
    {"KIND", "kind", 6, 0},
    {"STATE", "state", 9, 0},
    {"PROGRESS", "progress", 8, 1},
    {"CREATED", "created", 24, 2},
    {"NAME", "name", 8, 0},
    {0},
};

static enum exit_code jobs_ls(struct cli *c)
{
    struct cli_reply reply;
    const cJSON *items, *row;
    int64_t limit;

    if (!cli_number(c, "limit", 1, 100, &limit))
        return EXIT_USAGE;
    reply = cli_call(c, "GET", arena_printf(c->mem, "/api/jobs?page_size=%lld", (long long)limit),
                     NULL);
    if (reply.err)
        return cli_fail(&reply);
    items = cJSON_GetObjectItemCaseSensitive(reply.doc, "items");
    if (cli_has(c, "json")) {
        cli_print_json(reply.doc);
    } else if (cli_has(c, "ids")) {
        cli_print_ids(items);
    } else if (cli_has(c, "jsonl")) {
        cJSON_ArrayForEach(row, items)
        {
            cli_print_jsonl(row);
        }
    } else if (cJSON_GetArraySize(items)) {
        cli_print_table(columns, items);
    }
    return cJSON_GetArraySize(items) ? EXIT_DONE : EXIT_NOTHING;
}

static enum exit_code one_job(struct cli *c, const char *method, const char *rest)
{
    struct cli_reply reply;

    if (c->n != 1)
        return cli_usage(c, "say which job");
    reply = cli_call(c, method, job_path(c, c->words[0], rest), NULL);
    if (reply.err)
        return cli_fail(&reply);
    print_job(c, reply.doc);
    return EXIT_DONE;
}

static enum exit_code jobs_show(struct cli *c)
{
    return one_job(c, "GET", "");
}

static enum exit_code jobs_cancel(struct cli *c)
{
    return one_job(c, "POST", "/cancel");
}

static enum exit_code jobs_wait(struct cli *c)
{
    return c->n == 1 ? job_follow(c, c->words[0]) : cli_usage(c, "say which job");
}

/* The report streams to stdout as it is; on a terminal line by line and cleaned. */
struct report {
    bool clean;
    struct buf line;
    int64_t lines;
};

static void print_clean(struct report *r)
{
    struct arena *mem = arena_new();

    if (!r->line.failed && r->line.len)
        puts(utf8_clean(mem, r->line.data));
    buf_clear(&r->line);
    arena_free(mem);
}

static bool take_report(void *arg, const char *data, size_t n)
{
    struct report *r = arg;

    for (size_t i = 0; i < n; i++) {
        r->lines += data[i] == '\n';
        if (r->clean && data[i] == '\n')
            print_clean(r);
        else if (r->clean && data[i] != '\r')
            buf_char(&r->line, data[i]);
    }
    return r->clean || fwrite(data, 1, n, stdout) == n;
}

static enum exit_code jobs_errors(struct cli *c)
{
    struct report report = {.clean = isatty(STDOUT_FILENO), .line = BUF_INIT(EVENT_MAX)};
    struct api_request r = {.method = "GET", .bytes = take_report};
    struct cli_reply reply;

    if (c->n != 1)
        return cli_usage(c, "say which job");
    r.path = job_path(c, c->words[0], "/errors");
    reply = cli_send(c, c->mem, &r, &report);
    buf_free(&report.line);
    if (reply.err)
        return cli_fail(&reply);
    return report.lines > 1 ? EXIT_DONE : EXIT_NOTHING; /* the first names the columns */
}

static const struct cli_option list_options[] = {
    {"limit", "N", "at most this many, the newest (100)"},
    {"json", NULL, "one JSON object"},
    {"jsonl", NULL, "one JSON object a job"},
    {"ids", NULL, "ids, one a line"},
    {0},
};
static const struct cli_option wait_options[] = {
    {"json", NULL, "one JSON object"},
    {"progress", "json", "progress as JSON lines on stderr"},
    {0},
};
static const struct cli_option show_options[] = {{"json", NULL, "one JSON object"}, {0}};
static const struct cli_option no_options[] = {{0}};

const struct cli_command jobs_ls_command = {
    .name = "jobs ls",
    .alone = true,
    .words = "[--limit N] [--json|--jsonl|--ids]",
    .help = "List the jobs you may see.",
    .options = list_options,
    .run = jobs_ls,
};
const struct cli_command jobs_show_command = {
    .name = "jobs show",
    .words = "ID [--json]",
    .help = "Show a job.",
    .options = show_options,
    .run = jobs_show,
};
const struct cli_command jobs_wait_command = {
    .name = "jobs wait",
    .words = "ID [--json] [--progress=json]",
    .help = "Wait for a job to end.",
    .options = wait_options,
    .run = jobs_wait,
};
const struct cli_command jobs_cancel_command = {
    .name = "jobs cancel",
    .words = "ID [--json]",
    .help = "Stop a job at its next checkpoint.",
    .options = show_options,
    .run = jobs_cancel,
};
const struct cli_command jobs_errors_command = {
    .name = "jobs errors",
    .words = "ID",
    .help = "The rows and cells that were not taken, as CSV.",
    .options = no_options,
    .run = jobs_errors,
};
