/* leadgen upload FILE */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/json.h"
#include "tui/cli/jobs.h"

static long read_file(void *arg, char *out, size_t max)
{
    return (long)read(*(int *)arg, out, max);
}

/* The file descriptor is the body's argument and the waiting's too: one struct holds both. */
struct sending {
    int fd;
    bool done;
    struct cli *c;
    struct cli_reply reply;
};

static void sent(void *arg, const struct api_reply *r)
{
    struct sending *s = arg;
    const char *id = json_str(r->doc, "id");

    s->done = true;
    s->reply = (struct cli_reply){.err = r->err,
                                  .status = r->status,
                                  .detail = arena_strdup(s->c->mem, r->detail),
                                  .field = arena_strdup(s->c->mem, r->field),
                                  .retry_after = r->retry_after,
                                  .exit = exit_of(r->err, r->status)};
    s->c->words[0] = id ? arena_strdup(s->c->mem, id) : NULL;
}

static const char *upload_path(struct cli *c, const char *file)
{
    const char *slash = strrchr(file, '/'), *path;
    char *name = api_escape(slash ? slash + 1 : file);

    path = arena_printf(c->mem, "/api/uploads?name=%s", name);
    free(name);
    for (int i = 0; i < c->n_options; i++) {
        bool map = strcmp(c->options[i].name, "map") == 0;
        char *value;

        if (!map && strcmp(c->options[i].name, "country") != 0)
            continue;
        value = api_escape(c->options[i].value);
        path = arena_printf(c->mem, "%s&%s=%s", path, c->options[i].name, value);
        free(value);
    }
    return path;
}

static int send_file(struct cli *c, int fd, int64_t size)
{
    struct sending s = {.fd = fd, .c = c};
    struct api_request r = {.method = "POST",
                            .path = upload_path(c, c->words[0]),
                            .body = read_file,
                            .body_size = size,
                            .body_type = "text/csv",
                            .timeout_ms = 60000};

    api_send(c->api, &r, sent, &s);
    while (!s.done)
        api_wait(c->api, NULL, 0, 1000);
    if (s.reply.err)
        return cli_fail(&s.reply);
    if (!c->words[0])
        return EXIT_SERVER;
    if (cli_has(c, "wait"))
        return job_follow(c, c->words[0]);
    if (cli_has(c, "json"))
        printf("{\"schema\":1,\"id\":\"%s\",\"state\":\"queued\"}\n", c->words[0]);
    else
        printf("%s\n", c->words[0]);
    return EXIT_DONE;
}

static int upload(struct cli *c)
{
    struct stat st;
    int fd, code;

    if (c->n != 1)
        return cli_usage(c, "say which file; - is standard input");
    fd =
        strcmp(c->words[0], "-") == 0 ? dup(STDIN_FILENO) : open(c->words[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        fprintf(stderr, "leadgen: cannot read the file: %s\n", strerror(errno));
        return EXIT_USAGE;
    }
    code = send_file(c, fd, S_ISREG(st.st_mode) ? st.st_size : -1);
    close(fd);
    return code;
}

static const struct cli_option options[] = {
    {"map", "COLUMN:field", "may be repeated; an empty field leaves the column out"},
    {"country", "CC", "of phone numbers that name none"},
    {"wait", NULL, "until the job has ended"},
    {"progress", "json", "progress as JSON lines on stderr"},
    {"json", NULL, "one JSON object"},
    {0},
};

const struct cli_command upload_command = {
    "upload",
    "upload FILE [--map COLUMN:field]... [--country CC] [--wait] [--json]",
    "Load a CSV file of contacts: yours alone, owned, never charged.",
    options,
    upload,
    false};
