/* leadgen auth login | logout | status */
#include <fcntl.h>
#include <string.h>
#include <termios.h>

#include "common/file.h"
#include "common/json.h"
#include "tui/cli/cli.h"

enum { PASSWORD_MAX = 1024 };

static const char *read_line_fd(struct arena *mem, int fd)
{
    char *text = arena_alloc(mem, PASSWORD_MAX);
    size_t n = 0;

    while (n + 1 < PASSWORD_MAX && read(fd, text + n, 1) == 1 && text[n] != '\n')
        n++;
    text[n] = '\0';
    if (n && text[n - 1] == '\r')
        text[n - 1] = '\0';
    return text;
}

/* Typed at the terminal, not shown. */
static const char *type_secret(struct arena *mem, const char *prompt)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios old, quiet;
    const char *text;

    if (fd < 0 || tcgetattr(fd, &old))
        return NULL;
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &quiet);
    if (write(fd, prompt, strlen(prompt)) < 0)
        text = NULL;
    else
        text = read_line_fd(mem, fd);
    tcsetattr(fd, TCSAFLUSH, &old);
    if (write(fd, "\n", 1) < 0)
        text = NULL;
    close(fd);
    return text;
}

static const char *read_password(struct cli *c)
{
    const char *file = cli_option(c, "password-file"), *number = cli_option(c, "password-fd");
    const char *text;
    size_t n;

    if (number)
        return read_line_fd(c->mem, (int)strtol(number, NULL, 10));
    if (!file)
        return type_secret(c->mem, "password: ");
    if (file_read(file, PASSWORD_MAX, c->mem, &text, &n))
        return NULL;
    return arena_strndup(c->mem, text, strcspn(text, "\r\n"));
}

static const char *read_email(struct cli *c)
{
    const char *email = cli_option(c, "email");
    char line[300];

    if (email || !isatty(STDIN_FILENO))
        return email;
    fputs("e-mail: ", stderr);
    if (!fgets(line, sizeof(line), stdin))
        return NULL;
    return arena_strndup(c->mem, line, strcspn(line, "\r\n"));
}

static int auth_login(struct cli *c)
{
    const char *email = read_email(c), *password = email ? read_password(c) : NULL;
    struct api_request r = {.method = "POST", .path = "/api/auth/login", .anonymous = true};
    struct buf b = BUF_INIT(8192);
    struct problem why = {0};
    struct cli_reply reply;

    if (!email)
        return cli_usage(c, "say who: --email ADDRESS");
    if (!password)
        return cli_usage(c, "no password: --password-file F, --password-fd N, or a terminal");
    buf_str(&b, "{\"email\":");
    json_write_text(&b, email);
    buf_str(&b, ",\"password\":");
    json_write_text(&b, password);
    buf_char(&b, '}');
    r.json = b.data;
    reply = cli_send(c, &r);
    explicit_bzero(b.data, b.len);
    buf_free(&b);
    if (reply.err == ERR_BAD_LOGIN) {
        fprintf(stderr, "leadgen: %s\n", reply.detail);
        return EXIT_AUTH;
    }
    if (reply.err)
        return cli_fail(&reply);
    if (session_tokens(c->session, json_str(reply.doc, "access_token"),
                       json_str(reply.doc, "refresh_token"),
                       (int64_t)json_num(reply.doc, "expires_in", 0), &why)) {
        fprintf(stderr, "leadgen: %s\n", why.text);
        return EXIT_AUTH;
    }
    fprintf(stderr, "signed in to %s\n", c->session->server);
    return EXIT_DONE;
}

static int auth_logout(struct cli *c)
{
    struct cli_reply reply = {0};
    struct problem why = {0};

    if (c->session->refresh_token)
        reply = cli_call(c, "POST", "/api/auth/logout", NULL, NULL);
    if (session_tokens(c->session, NULL, NULL, 0, &why))
        fprintf(stderr, "leadgen: %s\n", why.text);
    if (reply.err && reply.err != ERR_UNAUTHORIZED)
        return cli_fail(&reply);
    fprintf(stderr, "signed out of %s\n", c->session->server);
    return EXIT_DONE;
}

static int auth_status(struct cli *c)
{
    char *path = session_path("XDG_DATA_HOME", "token");
    struct cli_reply reply = cli_call(c, "GET", "/api/me", NULL, NULL);

    if (!reply.err && cli_has(c, "json")) {
        cli_print_json(reply.doc);
    } else if (!reply.err) {
        printf("server   %s\nwho      %s\nrole     %s\naccount  %s\nbalance  %s\ntokens   %s\n",
               c->session->server, cli_text(c->mem, reply.doc, "email"),
               cli_text(c->mem, reply.doc, "role"), cli_text(c->mem, reply.doc, "account"),
               cli_text(c->mem, reply.doc, "balance"), path ? path : "-");
    }
    free(path);
    return reply.err ? cli_fail(&reply) : EXIT_DONE;
}

static const struct cli_option login_options[] = {
    {"email", "ADDRESS", "who signs in"},
    {"password-file", "FILE", "its first line is the password"},
    {"password-fd", "N", "read the password from this descriptor"},
    {0},
};
static const struct cli_option json_options[] = {{"json", NULL, "one JSON object"}, {0}};
static const struct cli_option no_options[] = {{0}};

const struct cli_command auth_login_command = {
    "auth login",
    "auth login [--email ADDRESS] [--password-file FILE]",
    "Sign in; the tokens go to a file that only you can read.",
    login_options,
    auth_login,
    false};
const struct cli_command auth_logout_command = {
    "auth logout", "auth logout", "End the session and forget the tokens.",
    no_options,    auth_logout,   false};
const struct cli_command auth_status_command = {"auth status",
                                                "auth status [--json]",
                                                "Who is signed in, and where the tokens lie.",
                                                json_options,
                                                auth_status,
                                                false};
