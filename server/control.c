#include "server/control.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/log.h"
#include "server/options.h"

enum { LINE_MAX_BYTES = 16 * 1024, REPLY_MAX_BYTES = 256 * 1024, WAIT_SECONDS = 10 };

/* One line a command. */
static const struct control_command *const commands[] = {
    &control_user_add,
    &control_keys_rotate,
    &control_keys_status,
    &control_keys_list,
    &control_keys_remove,
    &control_audit_verify,
    NULL,
};

/* A refusal, in place of the command's reply. */
struct refusal {
    const char *field, *text;
};

static const struct field refusal_fields[] = {
    FIELD(refusal, field, .max = 64),
    FIELD(refusal, text, .max = 400),
    {0},
};
static const struct type refusal_type = {"refusal", sizeof(struct refusal), refusal_fields,
                                         .owned = NO_OWNED};

struct control {
    struct server *srv;
    int fd;
    int wake[2]; /* a byte in it ends the thread */
    pthread_t thread;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static bool make_address(const char *dir, struct sockaddr_un *at)
{
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    return snprintf(at->sun_path, sizeof(at->sun_path), "%s/control.sock", dir) <
           (int)sizeof(at->sun_path);
}

static void set_timeout(int fd, int seconds)
{
    struct timeval t = {seconds, 0};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* Up to and without the newline; false: none came in time, or the line is too long. */
static bool read_line(int fd, char *line, size_t size, size_t *len)
{
    for (*len = 0; *len + 1 < size;) {
        ssize_t n = recv(fd, line + *len, size - 1 - *len, 0);
        char *end;

        if (n <= 0)
            return false;
        end = memchr(line + *len, '\n', (size_t)n);
        *len += (size_t)n;
        if (end) {
            *end = '\0';
            *len = (size_t)(end - line);
            return true;
        }
    }
    return false;
}

/* A word and a record on one line. */
static bool send_line(int fd, const char *word, const struct type *t, const void *rec,
                      struct arena *mem)
{
    struct buf b = BUF_INIT(REPLY_MAX_BYTES);
    bool sent;

    buf_printf(&b, "%s ", word);
    json_write(&b, t, rec, JSON_MASKED, mem);
    buf_char(&b, '\n');
    sent = !b.failed && send(fd, b.data, b.len, MSG_NOSIGNAL) == (ssize_t)b.len;
    if (b.data)
        explicit_bzero(b.data, b.len);
    buf_free(&b);
    return sent;
}

/* The record behind `word ` on a line; NULL: the line begins otherwise. */
static const char *behind(const char *line, const char *word)
{
    size_t n = strlen(word);

    return strncmp(line, word, n) == 0 && line[n] == ' ' && line[n + 1] == '{' ? line + n + 1
                                                                               : NULL;
}

static enum err read_record(const char *text, const struct type *t, enum json_side from,
                            struct arena *mem, void *rec, struct problem *why)
{
    const cJSON *doc;
    enum err err = json_parse(mem, text, strlen(text), &doc, why);

    return err ? err : json_decode(t, doc, from, mem, rec, NULL, why);
}

static enum err run_line(struct server *srv, const char *line,
                         const struct control_command **command, struct arena *mem, void **reply,
                         struct problem *why)
{
    const struct control_command *const *c = commands;
    void *ask;
    enum err err;

    while (*c && !behind(line, (*c)->name))
        c++;
    if (!*c)
        return problem_set(why, NULL, "the server knows no such command");
    *command = *c;
    ask = arena_alloc(mem, (*c)->ask->size);
    *reply = arena_alloc(mem, (*c)->reply->size);
    err = read_record(behind(line, (*c)->name), (*c)->ask, JSON_FROM_CLIENT, mem, ask, why);
    return err ? err : (*c)->run(srv, ask, mem, *reply, why);
}

static void answer(struct control *c, int fd)
{
    struct arena *mem = arena_new();
    const struct control_command *command = NULL;
    char line[LINE_MAX_BYTES];
    struct problem why = {0};
    void *reply = NULL;
    size_t len;

    if (read_line(fd, line, sizeof(line), &len)) {
        enum err err = run_line(c->srv, line, &command, mem, &reply, &why);
        struct refusal no = {why.field, why.text[0] ? why.text : err_title(err)};

        log_event(LOG_INFO, "control", LOG_STR("command", command ? command->name : "?"),
                  LOG_STR("outcome", err_slug(err)));
        if (err)
            send_line(fd, "no", &refusal_type, &no, mem);
        else
            send_line(fd, "ok", command->reply, reply, mem);
    }
    explicit_bzero(line, sizeof(line));
    arena_free(mem);
}

static void *run(void *arg)
{
    struct control *c = arg;

    for (;;) {
        fd_set set;
        int top = c->fd > c->wake[0] ? c->fd : c->wake[0];
        int fd;

        FD_ZERO(&set);
        FD_SET(c->fd, &set);
        FD_SET(c->wake[0], &set);
        if (select(top + 1, &set, NULL, NULL, NULL) < 0 && errno != EINTR)
            break;
        if (FD_ISSET(c->wake[0], &set))
            break;
        fd = accept(c->fd, NULL, NULL);
        if (fd < 0)
            continue;
        set_timeout(fd, WAIT_SECONDS);
        answer(c, fd);
        close(fd);
    }
    return NULL;
}

static bool listen_at(struct control *c, const char *dir)
{
    struct sockaddr_un at;

    if (!make_address(dir, &at)) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(c->path, sizeof(c->path), "%s", at.sun_path);
    unlink(c->path); /* a dead server's: the store's lock says that none lives */
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return c->fd >= 0 && bind(c->fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
           chmod(c->path, 0600) == 0 && listen(c->fd, 4) == 0 && pipe(c->wake) == 0;
}

enum err control_start(struct server *srv, struct control **out, struct problem *why)
{
    struct control *c = xcalloc(1, sizeof(*c));

    c->srv = srv;
    if (!listen_at(c, srv->options->data) || pthread_create(&c->thread, NULL, run, c)) {
        problem_set(why, "data", "cannot make the control socket: %s", strerror(errno));
        if (c->fd > 0)
            close(c->fd);
        free(c);
        return ERR_UNAVAILABLE;
    }
    *out = c;
    return ERR_OK;
}

void control_stop(struct control *c)
{
    if (!c)
        return;
    if (write(c->wake[1], "x", 1) == 1)
        pthread_join(c->thread, NULL);
    close(c->fd);
    close(c->wake[0]);
    close(c->wake[1]);
    unlink(c->path);
    free(c);
}

static enum err exchange(int fd, const struct control_command *command, const void *ask,
                         struct arena *mem, void *reply, struct problem *why)
{
    char *line = arena_alloc(mem, REPLY_MAX_BYTES);
    struct refusal no = {0};
    size_t len;
    enum err err;

    if (!send_line(fd, command->name, command->ask, ask, mem) ||
        !read_line(fd, line, REPLY_MAX_BYTES, &len)) {
        problem_set(why, "data", "the running server does not answer on its control socket");
        return ERR_UNAVAILABLE;
    }
    if (behind(line, "ok"))
        return read_record(behind(line, "ok"), command->reply, JSON_FROM_SERVER, mem, reply, why);
    if (!behind(line, "no"))
        return problem_set(why, "data", "the running server is of another version");
    err = read_record(behind(line, "no"), &refusal_type, JSON_FROM_SERVER, mem, &no, why);
    return err ? err : problem_set(why, no.field, "%s", no.text);
}

enum err control_call(const char *dir, const struct control_command *command, const void *ask,
                      struct arena *mem, void *reply, struct problem *why)
{
    struct sockaddr_un at;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    enum err err;

    if (fd < 0 || !make_address(dir, &at) || connect(fd, (struct sockaddr *)&at, sizeof(at))) {
        if (fd >= 0)
            close(fd);
        problem_set(why, "data", "another process has this directory and no server answers there");
        return ERR_UNAVAILABLE;
    }
    set_timeout(fd, command->seconds ? command->seconds : WAIT_SECONDS);
    err = exchange(fd, command, ask, mem, reply, why);
    close(fd);
    return err;
}
