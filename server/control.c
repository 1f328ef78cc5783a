#include "server/control.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/log.h"
#include "server/auth.h"
#include "server/options.h"

enum { LINE_MAX_BYTES = 16 * 1024, WAIT_SECONDS = 10 };

static const struct field user_add_fields[] = {
    FIELD(user_add, email, .flags = FIELD_REQUIRED, .max = 254),
    FIELD(user_add, role, .flags = FIELD_REQUIRED, .words = role_words),
    FIELD(user_add, password, .flags = FIELD_REQUIRED, .max = 256),
    FIELD(user_add, account),
    FIELD(user_add, credits, .max = CREDITS_MAX),
    {0},
};
static const struct type user_add_type = {"user_add", sizeof(struct user_add), user_add_fields,
                                          .owned = NO_OWNED};

static const struct field user_added_fields[] = {
    FIELD(user_added, id),
    FIELD(user_added, account),
    FIELD(user_added, error, .max = 400),
    {0},
};
static const struct type user_added_type = {"user_added", sizeof(struct user_added),
                                            user_added_fields, .owned = NO_OWNED};

struct control {
    struct server *srv;
    int fd;
    int wake[2]; /* a byte in it ends the thread */
    pthread_t thread;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

enum err control_user_add(struct server *srv, const struct user_add *ask, struct arena *mem,
                          struct user_added *out, struct problem *why)
{
    struct new_user n = {.email = ask->email,
                         .password = ask->password,
                         .role = role_find(ask->role),
                         .account = ask->account,
                         .credits = ask->credits};
    struct user u = {0};
    enum err err;

    if (n.role == ROLE_NOBODY)
        return problem_set(why, "role", "the role is none of viewer, user, admin, super_admin");
    err = auth_user_add(srv, &n, mem, &u, why);
    if (!err)
        auth_changed(srv->auth);
    *out = (struct user_added){.id = u.id, .account = u.account};
    return err;
}

static bool make_address(const char *dir, struct sockaddr_un *at)
{
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    return snprintf(at->sun_path, sizeof(at->sun_path), "%s/control.sock", dir) <
           (int)sizeof(at->sun_path);
}

static void set_timeout(int fd)
{
    struct timeval t = {WAIT_SECONDS, 0};

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

static bool send_record(int fd, const struct type *t, const void *rec, struct arena *mem)
{
    struct buf b = BUF_INIT(LINE_MAX_BYTES);
    bool sent;

    json_write(&b, t, rec, JSON_MASKED, mem);
    buf_char(&b, '\n');
    sent = !b.failed && send(fd, b.data, b.len, MSG_NOSIGNAL) == (ssize_t)b.len;
    if (b.data)
        explicit_bzero(b.data, b.len);
    buf_free(&b);
    return sent;
}

static void answer(struct control *c, int fd)
{
    struct arena *mem = arena_new();
    char line[LINE_MAX_BYTES];
    struct user_add ask = {0};
    struct user_added out = {0};
    struct problem why = {0};
    const cJSON *doc;
    size_t len;
    enum err err;

    if (read_line(fd, line, sizeof(line), &len)) {
        err = json_parse(mem, line, len, &doc, &why);
        if (!err)
            err = json_decode(&user_add_type, doc, JSON_FROM_CLIENT, mem, &ask, NULL, &why);
        if (!err)
            err = control_user_add(c->srv, &ask, mem, &out, &why);
        if (err)
            out.error = why.text[0] ? why.text : err_title(err);
        log_event(LOG_INFO, "control.user_add", LOG_STR("outcome", err_slug(err)));
        send_record(fd, &user_added_type, &out, mem);
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
        set_timeout(fd);
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

static enum err exchange(int fd, const struct user_add *ask, struct arena *mem,
                         struct user_added *out, struct problem *why)
{
    char *line = arena_alloc(mem, LINE_MAX_BYTES);
    const cJSON *doc;
    size_t len;
    enum err err;

    if (!send_record(fd, &user_add_type, ask, mem) || !read_line(fd, line, LINE_MAX_BYTES, &len)) {
        problem_set(why, "data", "the running server does not answer on its control socket");
        return ERR_UNAVAILABLE;
    }
    err = json_parse(mem, line, len, &doc, why);
    if (!err)
        err = json_decode(&user_added_type, doc, JSON_FROM_SERVER, mem, out, NULL, why);
    if (!err && out->error)
        err = problem_set(why, NULL, "%s", out->error);
    return err;
}

enum err control_send_user_add(const char *dir, const struct user_add *ask, struct arena *mem,
                               struct user_added *out, struct problem *why)
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
    set_timeout(fd);
    err = exchange(fd, ask, mem, out, why);
    close(fd);
    return err;
}
