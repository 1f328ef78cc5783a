/* leadgen jobs ls | show | wait | cancel | errors */
#include "tui/cli/jobs.h"

#include <string.h>

#include "common/clock.h"
#include "common/json.h"

enum { LOOK_MS = 200, BAR = 40 };

static const char *job_path(struct cli *c, const char *id, const char *rest)
{
    char *escaped = api_escape(id);
    const char *path = arena_printf(c->mem, "/api/jobs/%s%s", escaped, rest);

    free(escaped);
    return path;
}

static void draw_progress(struct cli *c, const cJSON *job)
{
    double progress = json_num(job, "progress", 0);
    int full = (int)(progress * BAR);
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(job, "counts");

    if (cli_has(c, "progress")) {
        char *text = cJSON_PrintUnformatted(job);

        fprintf(stderr, "%s\n", text ? text : "{}");
        cJSON_free(text);
    } else if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r[%.*s%.*s] %3d %%  %.0f rows ", full,
                "########################################", BAR - full,
                "----------------------------------------", (int)(progress * 100),
                json_num(counts, "read", 0));
    }
}

static int end_code(const cJSON *job)
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

/* api_wait() returns with any byte of any call: here there is none, so it is a plain pause. */
static void pause_ms(struct cli *c, int64_t ms)
{
    int64_t until = clock_mono_us() + ms * 1000, now;

    while ((now = clock_mono_us()) < until)
        api_wait(c->api, NULL, 0, (int)((until - now) / 1000) + 1);
}

int job_follow(struct cli *c, const char *id)
{
    struct cli_reply reply;

    for (;;) {
        reply = cli_call(c, "GET", job_path(c, id, ""), NULL, NULL);
        if (reply.err == ERR_RATE) {
            pause_ms(c, (reply.retry_after ? reply.retry_after : 1) * 1000);
            continue;
        }
        if (reply.err)
            return cli_fail(&reply);
        draw_progress(c, reply.doc);
        if (has_ended(reply.doc))
            break;
        /* within the general limit of 100 a minute */
        pause_ms(c, isatty(STDERR_FILENO) ? LOOK_MS * 4 : LOOK_MS);
    }
    if (isatty(STDERR_FILENO) && !cli_has(c, "progress"))
        fputc('\n', stderr);
    print_job(c, reply.doc);
    return end_code(reply.doc);
}

static const struct cli_column columns[] = {
    {"ID", "id", 36},
    {"KIND", "kind", 6},
    {"STATE", "state", 9},
    {"PROGRESS", "progress", 8},
    {"CREATED", "created", 24},
    {"NAME", "name", 8},
    {0},
};

static int jobs_ls(struct cli *c)
{
    struct cli_reply reply = cli_call(c, "GET", "/api/jobs?page_size=100", NULL, NULL);
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(reply.doc, "items"), *row;

    if (reply.err)
        return cli_fail(&reply);
    if (cli_has(c, "json")) {
        cli_print_json(reply.doc);
    } else if (cli_has(c, "jsonl") || cli_has(c, "ids")) {
        cJSON_ArrayForEach(row, items)
        {
            if (cli_has(c, "ids"))
                puts(json_str(row, "id"));
            else
                cli_print_jsonl(row);
        }
    } else {
        cli_print_table(columns, items);
    }
    return cJSON_GetArraySize(items) ? EXIT_DONE : EXIT_NOTHING;
}

static int one_job(struct cli *c, const char *method, const char *rest)
{
    struct cli_reply reply;

    if (c->n != 1)
        return cli_usage(c, "say which job");
    reply = cli_call(c, method, job_path(c, c->words[0], rest), NULL, NULL);
    if (reply.err)
        return cli_fail(&reply);
    print_job(c, reply.doc);
    return EXIT_DONE;
}

static int jobs_show(struct cli *c)
{
    return one_job(c, "GET", "");
}

static int jobs_cancel(struct cli *c)
{
    return one_job(c, "POST", "/cancel");
}

static int jobs_wait(struct cli *c)
{
    return c->n == 1 ? job_follow(c, c->words[0]) : cli_usage(c, "say which job");
}

static bool print_bytes(void *arg, const char *data, size_t n)
{
    (void)arg;
    return fwrite(data, 1, n, stdout) == n;
}

struct ended {
    bool done;
    enum err err;
    unsigned status;
    char detail[256];
};

static void note_end(void *arg, const struct api_reply *r)
{
    struct ended *e = arg;

    e->done = true;
    e->err = r->err;
    e->status = r->status;
    snprintf(e->detail, sizeof(e->detail), "%s", r->detail);
}

/* The report streams from the server to stdout as it is. */
static int jobs_errors(struct cli *c)
{
    struct api_request r = {.method = "GET", .bytes = print_bytes};
    struct ended e = {0};

    if (c->n != 1)
        return cli_usage(c, "say which job");
    r.path = job_path(c, c->words[0], "/errors");
    api_send(c->api, &r, note_end, &e);
    while (!e.done)
        api_wait(c->api, NULL, 0, 1000);
    if (e.err) {
        struct cli_reply reply = {
            .err = e.err, .detail = e.detail, .exit = exit_of(e.err, e.status)};

        return cli_fail(&reply);
    }
    return EXIT_DONE;
}

static const struct cli_option list_options[] = {{"json", NULL, "one JSON object"},
                                                 {"jsonl", NULL, "one JSON object a line"},
                                                 {"ids", NULL, "ids, one a line"},
                                                 {0}};
static const struct cli_option job_options[] = {
    {"json", NULL, "one JSON object"},
    {"progress", "json", "progress as JSON lines on stderr"},
    {0}};

const struct cli_command jobs_ls_command = {"jobs ls",
                                            "jobs ls [--json|--jsonl|--ids]",
                                            "List the jobs you may see.",
                                            list_options,
                                            jobs_ls,
                                            false};
const struct cli_command jobs_show_command = {
    "jobs show", "jobs show ID [--json]", "Show a job.", job_options, jobs_show, false};
const struct cli_command jobs_wait_command = {
    "jobs wait", "jobs wait ID [--json]", "Wait for a job to end.", job_options, jobs_wait, false};
const struct cli_command jobs_cancel_command = {
    "jobs cancel", "jobs cancel ID", "Stop a job at its next checkpoint.",
    job_options,   jobs_cancel,      false};
const struct cli_command jobs_errors_command = {
    "jobs errors", "jobs errors ID", "The rows and cells that were not taken, as CSV.",
    job_options,   jobs_errors,      false};
