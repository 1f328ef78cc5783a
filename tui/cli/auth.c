/* leadgen auth login | logout | status, and what the other subcommands of signing in share. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "tui/cli/auth.h"

enum { LINE_LENGTH = 300, CTRL_C = 3, TRIES = 3 };

/*
 * The first line, without its end; `stop` ends it too, and is kept.  False: it could not be read,
 * or is too long.
 */
static bool read_line(int fd, char stop, char *out, size_t size)
{
    size_t n = 0;
    ssize_t got = 0;

    while (n + 1 < size && (got = read(fd, out + n, 1)) == 1 && out[n] != '\n')
        if (out[n++] == stop)
            break;
    out[n] = '\0';
    if (n && out[n - 1] == '\r')
        out[n - 1] = '\0';
    return got >= 0 && n + 1 < size;
}

/*
 * Typed at the terminal and not shown.  Ctrl-C ends the line instead of the program, so that the
 * echo is always back afterwards.
 */
static bool type_password(char *out, size_t size)
{
    static const char prompt[] = "password: ";
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios old, quiet;
    bool ok;

    if (fd < 0)
        return false;
    if (tcgetattr(fd, &old)) {
        close(fd);
        return false;
    }
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    quiet.c_cc[VEOL] = CTRL_C;
    tcsetattr(fd, TCSAFLUSH, &quiet);
    ok = write(fd, prompt, sizeof(prompt) - 1) > 0 && read_line(fd, CTRL_C, out, size);
    tcsetattr(fd, TCSAFLUSH, &old);
    ok = write(fd, "\n", 1) == 1 && ok;
    close(fd);
    if (strchr(out, CTRL_C)) {
        explicit_bzero(out, size);
        exit(EXIT_SIGINT);
    }
    return ok;
}

enum exit_code auth_password(struct cli *c, char *out, size_t size)
{
    const char *file = cli_option(c, "password-file");
    int64_t fd = -1;
    bool ok;

    if (!cli_number(c, "password-fd", 0, -1, &fd))
        return EXIT_USAGE;
    if (fd < 0 && !file) {
        if (type_password(out, size))
            return EXIT_DONE;
        return cli_usage(c, "no password: --password-file FILE, --password-fd N, or a terminal");
    }
    if (fd < 0)
        fd = open(file, O_RDONLY | O_CLOEXEC);
    ok = fd >= 0 && read_line((int)fd, '\n', out, size);
    if (!ok)
        cli_say("the password cannot be read: %s", errno ? strerror(errno) : "it is too long");
    if (fd >= 0 && file)
        close((int)fd);
    return ok ? EXIT_DONE : EXIT_USAGE;
}

const char *auth_line(struct cli *c, const char *prompt)
{
    char line[LINE_LENGTH];

    if (!cli_has_terminal())
        return NULL;
    fputs(prompt, stderr);
    if (!fgets(line, sizeof(line), stdin))
        return NULL;
    return arena_strndup(c->mem, line, strcspn(line, "\r\n"));
}

struct cli_reply auth_post(struct cli *c, const char *path, const struct auth_member *members,
                           bool anonymous)
{
    struct api_request r = {.method = "POST", .path = path, .anonymous = anonymous};
    struct buf b = BUF_INIT(16 * 1024);
    const char *comma = "{";
    struct cli_reply reply;

    for (; members->name; members++) {
        if (!members->value)
            continue;
        buf_str(&b, comma);
        json_write_text(&b, members->name);
        buf_char(&b, ':');
        json_write_text(&b, members->value);
        comma = ",";
    }
    if (b.len)
        buf_char(&b, '}');
    r.json = b.failed ? "{}" : b.data;
    reply = cli_send(c, c->mem, &r, NULL);
    if (b.data)
        explicit_bzero(b.data, b.len);
    buf_free(&b);
    return reply;
}

static bool wants_code(const struct cli_reply *reply)
{
    return reply->err && strcmp(reply->field, "totp") == 0;
}

struct cli_reply auth_confirm(struct cli *c)
{
    char password[AUTH_PASSWORD_MAX] = "";
    struct auth_member members[] = {{"password", password}, {"totp", cli_option(c, "totp")}, {0}};
    struct cli_reply reply = {.err = ERR_CONFIRM, .status = 403, .detail = "", .field = ""};

    if (auth_password(c, password, sizeof(password)))
        return reply;
    reply = auth_post(c, "/api/auth/confirm", members, false);
    if (wants_code(&reply) && (members[1].value = auth_line(c, "code: ")) != NULL)
        reply = auth_post(c, "/api/auth/confirm", members, false);
    explicit_bzero(password, sizeof(password));
    return reply;
}

struct cli_reply auth_post_confirmed(struct cli *c, const char *path,
                                     const struct auth_member *members)
{
    struct cli_reply reply = auth_post(c, path, members, false);

    if (reply.err != ERR_CONFIRM)
        return reply;
    reply = auth_confirm(c);
    return reply.err ? reply : auth_post(c, path, members, false);
}

enum exit_code auth_keep(struct cli *c, const struct cli_reply *reply)
{
    struct problem why = {0};

    if (session_tokens(c->session, json_str(reply->doc, "access_token"),
                       json_str(reply->doc, "refresh_token"),
                       (int64_t)json_num(reply->doc, "expires_in", 0), &why)) {
        cli_say("%s", why.text);
        return EXIT_AUTH;
    }
    fprintf(stderr, "signed in to %s\n", c->session->server);
    return EXIT_DONE;
}

enum exit_code auth_said(const struct cli_reply *reply)
{
    const char *message = json_str(reply->doc, "message");

    if (reply->err)
        return cli_fail(reply);
    fprintf(stderr, "%s\n", message ? message : "done");
    return EXIT_DONE;
}

static enum exit_code login_with_password(struct cli *c)
{
    const char *email = cli_option(c, "email");
    char password[AUTH_PASSWORD_MAX] = "";
    struct auth_member members[] = {
        {"email", NULL}, {"password", password}, {"totp", cli_option(c, "totp")}, {0}};
    struct cli_reply reply;
    enum exit_code code;

    if (!email)
        email = auth_line(c, "e-mail: ");
    if (!email)
        return cli_usage(c, "say who: --email ADDRESS");
    members[0].value = email;
    errno = 0;
    code = auth_password(c, password, sizeof(password));
    if (code)
        return code;
    reply = auth_post(c, "/api/auth/login", members, true);
    for (int i = 0; i < TRIES && reply.err == ERR_TOTP_REQUIRED; i++) {
        members[2].value = auth_line(c, "code: ");
        if (!members[2].value)
            break;
        reply = auth_post(c, "/api/auth/login", members, true);
    }
    explicit_bzero(password, sizeof(password));
    return reply.err ? cli_fail(&reply) : auth_keep(c, &reply);
}

/* RFC 8628: this device shows a code, and asks until it was given elsewhere. */
static enum exit_code login_with_device(struct cli *c)
{
    struct api_request begin = {.method = "POST", .path = "/api/auth/device", .anonymous = true};
    struct cli_reply reply = cli_send(c, c->mem, &begin, NULL);
    struct auth_member members[] = {{"device_code", NULL}, {0}};
    int64_t interval;
    const char *code;

    if (reply.err)
        return cli_fail(&reply);
    code = cli_text(c->mem, reply.doc, "user_code");
    members[0].value = json_str(reply.doc, "device_code");
    interval = (int64_t)json_num(reply.doc, "interval", 5);
    fprintf(stderr,
            "Where you are signed in to %s already, give the code\n\n    %s\n\n"
            "    leadgen auth approve %s\n\n",
            c->session->server, code, code);
    do {
        cli_pause(c, (interval < 1 ? 1 : interval) * 1000);
        reply = auth_post(c, "/api/auth/device/token", members, true);
        if (reply.err == ERR_SLOW_DOWN)
            interval += 5;
    } while (reply.err == ERR_PENDING || reply.err == ERR_SLOW_DOWN || reply.err == ERR_RATE);
    return reply.err ? cli_fail(&reply) : auth_keep(c, &reply);
}

static enum exit_code auth_login(struct cli *c)
{
    return cli_has(c, "device") ? login_with_device(c) : login_with_password(c);
}

/* The tokens are forgotten whatever the server says. */
static enum exit_code auth_logout(struct cli *c)
{
    struct cli_reply reply = {0};
    struct problem why = {0};

    if (c->session->refresh_token)
        reply = cli_call(c, "POST", "/api/auth/logout", NULL);
    if (session_tokens(c->session, NULL, NULL, 0, &why)) {
        cli_say("%s", why.text);
        return EXIT_AUTH;
    }
    if (reply.err && reply.err != ERR_UNAUTHORIZED)
        return cli_fail(&reply);
    fprintf(stderr, "signed out of %s\n", c->session->server);
    return EXIT_DONE;
}

static void print_status(const cJSON *status)
{
    static const struct {
        const char *label, *member;
    } rows[] = {{"server", "server"},
                {"who", "email"},
                {"role", "role"},
                {"account", "account"},
                {"balance", "balance"},
                {"tokens", "token_file"},
                {"expires", "access_token_expires"}};
    struct arena *mem = arena_new();

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        printf("%-8s %s\n", rows[i].label, cli_text(mem, status, rows[i].member));
    arena_free(mem);
}

static enum exit_code auth_status(struct cli *c)
{
    char *path = session_path("XDG_DATA_HOME", "token"), ends[STAMP_TEXT];
    struct cli_reply reply = cli_call(c, "GET", "/api/me", NULL);
    cJSON *status = reply.err ? cJSON_CreateObject() : cJSON_Duplicate(reply.doc, true);

    cJSON_AddStringToObject(status, "server", c->session->server);
    cJSON_AddStringToObject(status, "token_file", path ? path : "");
    cJSON_AddStringToObject(status, "access_token_expires",
                            stamp_text((struct stamp){c->session->access_ends_ms}, ends));
    if (cli_has(c, "json") && !reply.err)
        cli_print_json(status);
    else if (!cli_has(c, "json"))
        print_status(status);
    cJSON_Delete(status);
    free(path);
    return reply.err ? cli_fail(&reply) : EXIT_DONE;
}

static const struct cli_option login_options[] = {
    {"email", "ADDRESS", "who signs in"},
    AUTH_PASSWORD_OPTIONS,
    {"totp", "CODE", "of the second factor, or a recovery code"},
    {"device", NULL, "show a code that is given where you are signed in already"},
    {0},
};
static const struct cli_option json_options[] = {{"json", NULL, "one JSON object"}, {0}};
static const struct cli_option no_options[] = {{0}};

const struct cli_command auth_login_command = {
    .name = "auth login",
    .words = "[--email ADDRESS] [--password-file FILE] [--totp CODE] | --device",
    .help = "Sign in; the tokens go to a file that only you can read.",
    .options = login_options,
    .run = auth_login,
};
const struct cli_command auth_logout_command = {
    .name = "auth logout",
    .words = "",
    .help = "End the session and forget the tokens.",
    .options = no_options,
    .run = auth_logout,
};
const struct cli_command auth_status_command = {
    .name = "auth status",
    .words = "[--json]",
    .help = "Who is signed in, until when, and where the tokens lie.",
    .options = json_options,
    .run = auth_status,
};
