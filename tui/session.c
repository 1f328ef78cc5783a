#include "tui/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/mem.h"

enum { FILE_MAX = 256 * 1024, HOST_MAX = 253, TOKEN_MAX = 4096, PIN_LEN = 8 + 44 };

static const char default_server[] = "https://127.0.0.1:8001";
static const char scheme[] = "https://";

/* The XDG base directories (freedesktop.org, version 0.8) and where they are without a variable. */
static const struct {
    const char *name, *fallback;
} bases[] = {
    {"XDG_CONFIG_HOME", ".config"},
    {"XDG_DATA_HOME", ".local/share"},
    {"XDG_STATE_HOME", ".local/state"},
    {"XDG_CACHE_HOME", ".cache"},
};

/* The base directory, or NULL. The specification says to ignore a path that is not absolute. */
static char *base_dir(struct arena *mem, const char *xdg)
{
    const char *dir = getenv(xdg), *home = getenv("HOME");

    if (dir && *dir == '/')
        return arena_strdup(mem, dir);
    for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++)
        if (strcmp(bases[i].name, xdg) == 0 && home && *home == '/')
            return arena_printf(mem, "%s/%s", home, bases[i].fallback);
    return NULL;
}

char *session_path(const char *xdg, const char *name)
{
    struct arena *mem = arena_new();
    const char *base = base_dir(mem, xdg);
    char *path = NULL;

    if (base) {
        const char *dir = arena_printf(mem, "%s/leadgen", base);

        if (file_make_dir(dir) == ERR_OK)
            path = xstrdup(arena_printf(mem, "%s/%s", dir, name));
    }
    arena_free(mem);
    return path;
}

static void wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/* The length of "host" or "[address]"; 0: it is neither. */
static size_t host_length(const char *s)
{
    size_t n = 0;

    if (*s == '[') {
        n = 1 + strspn(s + 1, "0123456789abcdefABCDEF:.");
        return s[n] == ']' && n > 2 ? n + 1 : 0;
    }
    while (is_host_char(s[n]))
        n++;
    return n;
}

/* "https://host[:port]", a slash at most behind it: to one spelling of it. */
static enum err read_server(const char *text, char **out, struct problem *why)
{
    const char *host = text + sizeof(scheme) - 1, *rest;
    long port = 443;
    size_t n;

    if (strncasecmp(text, scheme, sizeof(scheme) - 1) != 0)
        return problem_set(why, "server", "the server's address must begin with https://");
    n = host_length(host);
    rest = host + n;
    if (*rest == ':') {
        char *end;

        port = strspn(rest + 1, "0123456789") ? strtol(rest + 1, &end, 10) : 0;
        rest = port ? end : rest;
    }
    if (n == 0 || n > HOST_MAX || port < 1 || port > 65535 || (*rest && strcmp(rest, "/") != 0))
        return problem_set(why, "server", "the server's address must read https://HOST[:PORT]");
    *out = xcalloc(1, sizeof(scheme) + n + 8);
    snprintf(*out, sizeof(scheme) + n + 8, "%s%.*s:%ld", scheme, (int)n, host, port);
    for (char *p = *out; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    return ERR_OK;
}

static const char *host_of(const struct session *s)
{
    return s->server + sizeof(scheme) - 1;
}

/*
 * The two files are lines "host:port words": what follows the key, or NULL.  The text belongs to
 * the caller's arena and may hold secrets.
 */
static char *find_line(char *text, const char *key)
{
    size_t n = strlen(key);

    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (strncmp(line, key, n) == 0 && line[n] == ' ') {
            if (next)
                *next = '\0';
            return line + n + 1;
        }
        next = next ? next + 1 : NULL;
    }
    return NULL;
}

static void copy_others(struct buf *out, const char *text, const char *key)
{
    size_t n = strlen(key);

    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");

        if (len && !(strncmp(line, key, n) == 0 && line[n] == ' ')) {
            buf_add(out, line, len);
            buf_char(out, '\n');
        }
        line += len + (line[len] == '\n');
    }
}

/* Two processes that change the same file take turns: the lock is on the directory. */
static int lock_dir(const char *path)
{
    size_t n = (size_t)(strrchr(path, '/') - path);
    char *dir = xcalloc(1, n + 1);
    int fd;

    memcpy(dir, path, n);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    if (fd >= 0)
        flock(fd, LOCK_EX);
    return fd;
}

/* Replace the key's line; words NULL: drop it. */
static enum err put_line(const char *path, const char *key, const char *words)
{
    struct arena *mem = arena_new();
    struct buf out = BUF_INIT(FILE_MAX);
    const char *text = "";
    size_t n = 0;
    int lock = lock_dir(path);
    enum err err = file_read(path, FILE_MAX, mem, &text, &n);

    if (err == ERR_NOT_FOUND)
        err = ERR_OK;
    copy_others(&out, text, key);
    if (words)
        buf_printf(&out, "%s %s\n", key, words);
    if (out.failed)
        err = ERR_TOO_LARGE;
    if (!err)
        err = file_write(path, out.len ? out.data : "", out.len, 0600);
    if (lock >= 0)
        close(lock);
    if (n)
        explicit_bzero((char *)(uintptr_t)text, n);
    if (out.len)
        explicit_bzero(out.data, out.len);
    buf_free(&out);
    arena_free(mem);
    return err;
}

bool session_is_pin(const char *text)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    return strlen(text) == PIN_LEN && strncmp(text, "sha256//", 8) == 0 &&
           strspn(text + 8, chars) == PIN_LEN - 8 - 1 && text[PIN_LEN - 1] == '=';
}

static void load_pin(struct session *s)
{
    struct arena *mem = arena_new();
    char *path = session_path("XDG_CONFIG_HOME", "known"), *pin = NULL;
    const char *text;
    size_t n;

    if (path && file_read(path, FILE_MAX, mem, &text, &n) == ERR_OK)
        pin = find_line(arena_strdup(mem, text), host_of(s));
    if (pin && session_is_pin(pin))
        s->pin = xstrdup(pin);
    free(path);
    arena_free(mem);
}

/* Refused rather than repaired: whoever could read it may have read it. */
static enum err check_private(const char *path, struct problem *why)
{
    struct stat st;

    if (lstat(path, &st))
        return ERR_OK;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return problem_set(why, "token", "%s is not a file of yours", path);
    if (st.st_mode & 077)
        return problem_set(why, "token", "chmod 600 %s (others can read the tokens in it)", path);
    return ERR_OK;
}

/* A token of visible ASCII: it goes into a header and into a line. */
static bool is_token(const char *text)
{
    size_t n = strlen(text);

    for (const char *p = text; *p; p++)
        if (*p < 0x21 || *p > 0x7e)
            return false;
    return n > 0 && n <= TOKEN_MAX;
}

static void take_tokens(struct session *s, const char *access, const char *refresh, int64_t ends)
{
    char *old_access = s->access_token, *old_refresh = s->refresh_token;

    s->access_token = access ? xstrdup(access) : NULL;
    s->refresh_token = refresh ? xstrdup(refresh) : NULL;
    s->access_ends_ms = ends;
    wipe(old_access);
    wipe(old_refresh);
}

/* "ACCESS REFRESH ENDS"; anything else is as good as no tokens. */
static void parse_tokens(struct session *s, char *words)
{
    char *refresh = strchr(words, ' '), *ends = refresh ? strchr(refresh + 1, ' ') : NULL;

    if (!ends)
        return;
    *refresh++ = '\0';
    *ends++ = '\0';
    if (is_token(words) && is_token(refresh))
        take_tokens(s, words, refresh, strtoll(ends, NULL, 10));
}

static enum err load_tokens(struct session *s, struct problem *why)
{
    struct arena *mem = arena_new();
    char *path = session_path("XDG_DATA_HOME", "token"), *words = NULL;
    const char *text;
    size_t n = 0;
    enum err err = path ? check_private(path, why) : ERR_OK;

    if (path && !err && file_read(path, FILE_MAX, mem, &text, &n) == ERR_OK) {
        char *copy = arena_strdup(mem, text);

        words = find_line(copy, host_of(s));
        if (words)
            parse_tokens(s, words);
        explicit_bzero(copy, n);
        explicit_bzero((char *)(uintptr_t)text, n);
    }
    free(path);
    arena_free(mem);
    return err;
}

enum err session_open(const char *server, struct session **out, struct problem *why)
{
    struct session *s = xcalloc(1, sizeof(*s));
    const char *env = getenv("LEADGEN_SERVER");
    enum err err;

    if (!server)
        server = env && *env ? env : default_server;
    s->keep = true;
    err = read_server(server, &s->server, why);
    if (!err) {
        load_pin(s);
        err = load_tokens(s, why);
    }
    if (err) {
        session_close(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    wipe(s->access_token);
    wipe(s->refresh_token);
    wipe(s->own_access);
    wipe(s->own_refresh);
    free(s->pin);
    free(s->server);
    free(s);
}

enum err session_trust(struct session *s, const char *pin, struct problem *why)
{
    char *path, *old = s->pin;
    enum err err;

    if (!session_is_pin(pin))
        return problem_set(why, "fingerprint", "a fingerprint reads sha256// and 44 characters");
    s->pin = xstrdup(pin);
    free(old);
    path = session_path("XDG_CONFIG_HOME", "known");
    err = path ? put_line(path, host_of(s), pin) : ERR_UNAVAILABLE;
    free(path);
    if (err)
        problem_set(why, "fingerprint", "the file of known servers cannot be written");
    return err ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err save_tokens(const struct session *s)
{
    char *path = session_path("XDG_DATA_HOME", "token");
    struct buf words = BUF_INIT(3 * TOKEN_MAX);
    enum err err = ERR_UNAVAILABLE;

    if (s->access_token)
        buf_printf(&words, "%s %s %lld", s->access_token, s->refresh_token,
                   (long long)s->access_ends_ms);
    if (path && !words.failed)
        err = put_line(path, host_of(s), words.data);
    if (words.len)
        explicit_bzero(words.data, words.len);
    buf_free(&words);
    free(path);
    return err;
}

enum err session_tokens(struct session *s, const char *access, const char *refresh,
                        int64_t expires_in, struct problem *why)
{
    int64_t ends = expires_in > 0 ? clock_real_ms() + expires_in * 1000 : 0;

    if (!access != !refresh || (access && (!is_token(access) || !is_token(refresh))))
        return problem_set(why, "token", "the server's answer holds no tokens");
    if (!access && session_is_acting(s)) {
        session_act_end(s);
        return ERR_OK;
    }
    take_tokens(s, access, refresh, access ? ends : 0);
    if (!s->keep || session_is_acting(s) || save_tokens(s) == ERR_OK)
        return ERR_OK;
    problem_set(why, "token", "the token file cannot be written");
    return ERR_UNAVAILABLE;
}

bool session_is_acting(const struct session *s)
{
    return s->own_refresh != NULL;
}

enum err session_act(struct session *s, const char *access, const char *refresh, int64_t expires_in,
                     struct problem *why)
{
    if (!access || !refresh || !is_token(access) || !is_token(refresh))
        return problem_set(why, "token", "the server's answer holds no tokens");
    if (session_is_acting(s) || !s->refresh_token)
        return problem_set(why, "token", "end what you act as first");
    s->own_access = s->access_token;
    s->own_refresh = s->refresh_token;
    s->own_ends_ms = s->access_ends_ms;
    s->access_token = s->refresh_token = NULL;
    return session_tokens(s, access, refresh, expires_in, why);
}

void session_act_end(struct session *s)
{
    if (!session_is_acting(s))
        return;
    wipe(s->access_token);
    wipe(s->refresh_token);
    s->access_token = s->own_access;
    s->refresh_token = s->own_refresh;
    s->access_ends_ms = s->own_ends_ms;
    s->own_access = s->own_refresh = NULL;
    session_reload(s); /* another process may have exchanged them meanwhile */
}

bool session_reload(struct session *s)
{
    char *before;
    bool changed;

    if (!s->keep || !s->refresh_token || session_is_acting(s))
        return false;
    before = xstrdup(s->refresh_token);
    changed = load_tokens(s, NULL) == ERR_OK && strcmp(before, s->refresh_token) != 0;
    wipe(before);
    return changed;
}
