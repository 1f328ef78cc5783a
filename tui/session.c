#include "tui/session.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/json.h"

enum { FILE_MAX = 256 * 1024 };

static const char default_server[] = "https://127.0.0.1:8001";

struct base {
    const char *name, *fallback;
};

static const struct base bases[] = {
    {"XDG_CONFIG_HOME", ".config"},
    {"XDG_DATA_HOME", ".local/share"},
    {"XDG_STATE_HOME", ".local/state"},
    {"XDG_CACHE_HOME", ".cache"},
};

char *session_path(const char *xdg, const char *name)
{
    const char *dir = getenv(xdg), *home = getenv("HOME"), *rest = "";
    struct arena *mem = arena_new();
    char *path = NULL, *own;

    for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++)
        if (strcmp(bases[i].name, xdg) == 0)
            rest = bases[i].fallback;
    if ((dir && *dir == '/') || home) {
        own = dir && *dir == '/' ? arena_printf(mem, "%s/leadgen", dir)
                                 : arena_printf(mem, "%s/%s/leadgen", home, rest);
        if (!file_make_dir(own))
            path = xstrdup(arena_printf(mem, "%s/%s", own, name));
    }
    arena_free(mem);
    return path;
}

static void wipe(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

/* "https://host:port" without anything behind. */
static bool is_address(const char *server)
{
    const char *host = server + 8;

    return strncmp(server, "https://", 8) == 0 && *host && !strpbrk(host, "/?#@ \t\r\n");
}

/* The rest of the line that begins with the server's name. */
static char *find_pin(const char *server)
{
    char *path = session_path("XDG_CONFIG_HOME", "known"), *pin = NULL;
    struct arena *mem = arena_new();
    size_t size, n = strlen(server + 8);
    const char *text;

    if (path && !file_read(path, FILE_MAX, mem, &text, &size))
        for (const char *at = text; *at && !pin; at += strcspn(at, "\n"), at += *at == '\n')
            if (strncmp(at, server + 8, n) == 0 && at[n] == ' ')
                pin = xstrdup(arena_strndup(mem, at + n + 1, strcspn(at + n + 1, "\r\n")));
    free(path);
    arena_free(mem);
    return pin;
}

static enum err read_all(struct arena *mem, const char *path, cJSON **out, struct problem *why)
{
    const cJSON *doc = NULL;
    struct stat st;
    const char *text;
    size_t n;
    enum err err;

    *out = NULL;
    if (!lstat(path, &st) && (!S_ISREG(st.st_mode) || st.st_mode & 077))
        return problem_set(why, "token", "others can read the token file: chmod 600 %s", path);
    err = file_read(path, FILE_MAX, mem, &text, &n);
    if (!err && !json_parse(mem, text, n, &doc, NULL) && cJSON_IsObject(doc))
        *out = cJSON_Duplicate(doc, true);
    if (!*out)
        *out = cJSON_CreateObject();
    return ERR_OK;
}

static enum err read_tokens(struct session *s, struct problem *why)
{
    char *path = session_path("XDG_DATA_HOME", "token");
    struct arena *mem = arena_new();
    cJSON *all = NULL;
    const cJSON *own;
    enum err err = path ? read_all(mem, path, &all, why) : ERR_OK;

    own = cJSON_GetObjectItemCaseSensitive(all, s->server);
    if (!err && json_str(own, "refresh_token")) {
        const char *access = json_str(own, "access_token");

        s->refresh_token = xstrdup(json_str(own, "refresh_token"));
        s->access_token = access ? xstrdup(access) : NULL;
        s->access_ends_ms = (int64_t)json_num(own, "ends_ms", 0);
    }
    cJSON_Delete(all);
    arena_free(mem);
    free(path);
    return err;
}

enum err session_open(const char *server, struct session **out, struct problem *why)
{
    struct session *s;
    const char *env = getenv("LEADGEN_SERVER");
    enum err err;
    size_t n;

    server = server ? server : env && *env ? env : default_server;
    n = strlen(server);
    if (n && server[n - 1] == '/')
        n--;
    s = xcalloc(1, sizeof(*s));
    s->server = xcalloc(n + 1, 1);
    memcpy(s->server, server, n);
    s->keep = true;
    if (!is_address(s->server)) {
        session_close(s);
        return problem_set(why, "server", "it must read https://HOST:PORT");
    }
    s->pin = find_pin(s->server);
    err = read_tokens(s, why);
    if (err)
        session_close(s);
    else
        *out = s;
    return err;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    wipe(&s->access_token);
    wipe(&s->refresh_token);
    free(s->server);
    free(s->pin);
    free(s);
}

enum err session_trust(struct session *s, const char *pin, struct problem *why)
{
    char *path = session_path("XDG_CONFIG_HOME", "known");
    struct arena *mem = arena_new();
    struct buf b = BUF_INIT(FILE_MAX);
    size_t size, n = strlen(s->server + 8);
    const char *text = "";
    enum err err = path ? ERR_OK : ERR_UNAVAILABLE;

    if (path && !file_read(path, FILE_MAX, mem, &text, &size)) {
        for (const char *at = text; *at;) {
            size_t len = strcspn(at, "\n");

            if (strncmp(at, s->server + 8, n) != 0 || at[n] != ' ')
                buf_printf(&b, "%.*s\n", (int)len, at);
            at += len + (at[len] == '\n');
        }
    }
    buf_printf(&b, "%s %s\n", s->server + 8, pin);
    if (!err)
        err = b.failed ? ERR_NO_MEMORY : file_write(path, b.data, b.len, 0600);
    if (err)
        problem_set(why, "known", "cannot write the file of known servers: %s", strerror(errno));
    free(s->pin);
    s->pin = xstrdup(pin);
    buf_free(&b);
    free(path);
    arena_free(mem);
    return err;
}

/* The whole file is replaced; of two clients that refresh at once the later is kept. */
static enum err write_tokens(struct session *s, struct arena *mem, struct problem *why)
{
    char *path = session_path("XDG_DATA_HOME", "token");
    cJSON *all = NULL, *own;
    char *text = NULL;
    enum err err = path ? read_all(mem, path, &all, why) : ERR_UNAVAILABLE;

    if (!err) {
        cJSON_DeleteItemFromObjectCaseSensitive(all, s->server);
        if (s->refresh_token) {
            own = cJSON_AddObjectToObject(all, s->server);
            cJSON_AddStringToObject(own, "access_token", s->access_token);
            cJSON_AddStringToObject(own, "refresh_token", s->refresh_token);
            cJSON_AddNumberToObject(own, "ends_ms", (double)s->access_ends_ms);
        }
        text = cJSON_PrintUnformatted(all);
        err = text ? file_write(path, text, strlen(text), 0600) : ERR_NO_MEMORY;
    }
    if (err && why && !why->text[0])
        problem_set(why, "token", "cannot write the token file: %s", strerror(errno));
    if (text)
        explicit_bzero(text, strlen(text));
    cJSON_free(text);
    cJSON_Delete(all);
    free(path);
    return err;
}

enum err session_tokens(struct session *s, const char *access, const char *refresh,
                        int64_t expires_in, struct problem *why)
{
    struct arena *mem;
    enum err err;

    wipe(&s->access_token);
    wipe(&s->refresh_token);
    s->access_token = access ? xstrdup(access) : NULL;
    s->refresh_token = refresh ? xstrdup(refresh) : NULL;
    s->access_ends_ms = clock_real_ms() + expires_in * 1000;
    if (!s->keep)
        return ERR_OK;
    mem = arena_new();
    err = write_tokens(s, mem, why);
    arena_free(mem);
    return err;
}
