/* leadgen upload FILE */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "tui/cli/jobs.h"

enum { STALL_MS = 60000 };

struct sending {
    struct cli *c;
    int fd;
    int64_t size, sent; /* size -1: unknown */
};

static long read_file(void *arg, char *out, size_t max)
{
    struct sending *s = arg;
    ssize_t n;

    do {
        n = read(s->fd, out, max);
    } while (n < 0 && errno == EINTR);
    if (n > 0)
        s->sent += n;
    if (s->size > 0)
        job_bar(s->c, "sending", (double)s->sent / (double)s->size, NULL);
    return (long)n;
}

/* The query: what to call it, which column is what, where phones are. */
static const char *upload_path(struct cli *c)
{
    const char *slash = strrchr(c->words[0], '/'), *path;
    char *name = api_escape(slash ? slash + 1 : c->words[0]);

    path = arena_printf(c->mem, "/api/uploads?name=%s", name);
    free(name);
    for (int i = 0; i < c->n_options; i++) {
        const char *option = c->options[i].name;
        char *value;

        if (strcmp(option, "map") != 0 && strcmp(option, "country") != 0)
            continue;
        value = api_escape(c->options[i].value);
        path = arena_printf(c->mem, "%s&%s=%s", path, option, value);
        free(value);
    }
    return path;
}

static enum exit_code send_file(struct sending *s)
{
    struct cli *c = s->c;
    struct api_request r = {.method = "POST",
                            .path = upload_path(c),
                            .body = read_file,
                            .body_size = s->size,
                            .body_type = "text/csv",
                            .timeout_ms = STALL_MS};
    struct cli_reply reply = cli_send(c, c->mem, &r, s);
    const char *id = json_str(reply.doc, "id");
    enum exit_code code;

    if (s->sent && s->size > 0)
        job_bar_end(c);
    if (reply.err) {
        code = cli_fail(&reply);
        return code == EXIT_USAGE ? EXIT_INPUT : code;
    }
    if (!id) {
        cli_say("the server's answer names no job");
        return EXIT_SERVER;
    }
    if (cli_has(c, "wait"))
        return job_follow(c, id);
    if (cli_has(c, "json"))
        cli_print_json(reply.doc);
    else
        puts(cli_text(c->mem, reply.doc, "id"));
    return EXIT_DONE;
}

static enum exit_code upload(struct cli *c)
{
    struct sending s = {.c = c};
    struct stat st = {0};
    enum exit_code code;

    if (c->n != 1)
        return cli_usage(c, "say which file; - is standard input");
    if (strcmp(c->words[0], "-") == 0)
        s.fd = dup(STDIN_FILENO);
    else
        s.fd = open(c->words[0], O_RDONLY | O_CLOEXEC);
    if (s.fd >= 0 && fstat(s.fd, &st) == 0 && S_ISDIR(st.st_mode))
        errno = EISDIR;
    if (s.fd < 0 || !st.st_mode || S_ISDIR(st.st_mode)) {
        code = cli_usage(c, "the file cannot be read: %s", strerror(errno));
    } else {
        s.size = S_ISREG(st.st_mode) ? st.st_size : -1;
        code = send_file(&s);
    }
    if (s.fd >= 0)
        close(s.fd);
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
    .name = "upload",
    .words = "FILE [--map COLUMN:field]... [--country CC] [--wait] [--json]",
    .help = "Load a CSV file of contacts: yours alone, owned, never charged.",
    .options = options,
    .run = upload,
};
