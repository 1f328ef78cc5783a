/*
 * leadgend: options, then a command.
 *
 *   leadgend --data DIR [--listen ADDR:PORT] [--config FILE] [--OPTION VALUE]
 *   leadgend --data DIR user add EMAIL --role R --password-file F [--credits N] [--account A]
 *   leadgend --data DIR sample --rows N [--seed S]
 *   leadgend --data DIR keys [list|rotate|status|remove]
 *   leadgend --data DIR audit verify [--witness F] [--export F --public-keys F] | audit keys
 *   leadgend --dump-routes
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/log.h"
#include "server/audit_command.h"
#include "server/auth.h"
#include "server/boot.h"
#include "server/control.h"
#include "server/keyuse.h"
#include "server/peer.h"
#include "server/sample.h"
#include "server/serve.h"

enum { WORDS = 8, PASSWORD_FILE_MAX = 1024 };

/* The command line, sorted: options of the server, of the command, and words. */
struct line {
    struct arena *mem;
    struct options o;
    const char *words[WORDS];
    int n;
    const char *role, *password_file, *account, *credits, *rows, *seed;
    struct audit_ask audit;
    bool dump_routes, help, version;
};

static const struct {
    const char *name;
    size_t offset;
} command_options[] = {
    {"role", offsetof(struct line, role)},
    {"password-file", offsetof(struct line, password_file)},
    {"account", offsetof(struct line, account)},
    {"credits", offsetof(struct line, credits)},
    {"rows", offsetof(struct line, rows)},
    {"seed", offsetof(struct line, seed)},
    {"export", offsetof(struct line, audit.export)},
    {"public-keys", offsetof(struct line, audit.public_keys)},
    {"witness", offsetof(struct line, audit.witness)},
};

static int fail(const char *field, const char *text)
{
    fprintf(stderr, "leadgend: %s%s%s\n", field, field[0] ? ": " : "", text);
    return EXIT_FAILURE;
}

static void print_help(void)
{
    printf("usage: leadgend --data DIR [--listen ADDR:PORT] [--config FILE] [--OPTION VALUE]...\n"
           "       leadgend --data DIR user add EMAIL --role viewer|user|admin|super_admin\n"
           "                --password-file F [--credits N] [--account ID]\n"
           "       leadgend --data DIR sample --rows N [--seed S]\n"
           "       leadgend --data DIR keys [list|rotate|status|remove]\n"
           "       leadgend --data DIR audit verify [--witness F] | audit keys\n"
           "       leadgend audit verify --export F --public-keys F [--witness F]\n"
           "       leadgend --dump-routes | --version | --help\n\noptions:\n");
    for (const struct conf_option *o = option_rows; o->name; o++)
        printf("  --%-25s %s%s%s%s\n", o->name, o->doc, o->fallback ? " [" : "",
               o->fallback ? o->fallback : "", o->fallback ? "]" : "");
}

static bool take_command_option(struct line *l, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof(command_options) / sizeof(*command_options); i++) {
        if (strcmp(command_options[i].name, name) != 0)
            continue;
        *(const char **)((char *)l + command_options[i].offset) = value;
        return true;
    }
    return false;
}

static bool take_flag(struct line *l, const char *name)
{
    l->dump_routes |= strcmp(name, "dump-routes") == 0;
    l->help |= strcmp(name, "help") == 0;
    l->version |= strcmp(name, "version") == 0;
    return l->dump_routes || l->help || l->version;
}

/* Of --name=value: the value, and *name without it; NULL: it is the next word. */
static const char *split_value(const struct line *l, const char **name)
{
    const char *equals = strchr(*name, '=');

    if (!equals)
        return NULL;
    *name = arena_strndup(l->mem, *name, (size_t)(equals - *name));
    return equals + 1;
}

/* The file first, the command line over it. */
static enum err read_line(struct line *l, int argc, char **argv, struct problem *why)
{
    conf_defaults(option_rows, &l->o, l->mem);
    for (int pass = 0; pass < 2; pass++) {
        l->n = 0;
        for (int i = 1; i < argc; i++) {
            const char *name = argv[i] + 2, *value;
            enum err err;

            if (strncmp(argv[i], "--", 2) != 0) {
                if (l->n == WORDS)
                    return problem_set(why, NULL, "too many words");
                l->words[l->n++] = argv[i];
                continue;
            }
            if (take_flag(l, name))
                continue;
            value = split_value(l, &name);
            if (!value && ++i == argc)
                return problem_set(why, name, "the option needs a value");
            value = value ? value : argv[i];
            if (take_command_option(l, name, value))
                continue;
            err = conf_set(option_rows, &l->o, l->mem, name, value, why);
            if (err)
                return err;
        }
        if (pass == 0 && l->o.config) {
            enum err err = conf_read(option_rows, &l->o, l->mem, l->o.config, why);

            if (err)
                return err;
        }
    }
    return ERR_OK;
}

/* "127.0.0.1:8001", "[::1]:8001" */
static enum err split_listen(struct options *o, struct arena *mem, struct problem *why)
{
    const char *colon = strrchr(o->listen, ':');
    char *address, *end;
    long port;

    if (!colon)
        return problem_set(why, "listen", "it must read ADDRESS:PORT");
    port = strtol(colon + 1, &end, 10);
    if (*end || end == colon + 1 || port < 0 || port > 65535)
        return problem_set(why, "listen", "the port must be 0 to 65535");
    address = arena_strndup(mem, o->listen, (size_t)(colon - o->listen));
    if (address[0] == '[' && address[strlen(address) - 1] == ']') {
        address[strlen(address) - 1] = '\0';
        address++;
    }
    if (!*address)
        return problem_set(why, "listen", "the address is missing");
    o->address = address;
    o->port = port;
    return ERR_OK;
}

static enum err complete(struct options *o, struct arena *mem, struct problem *why)
{
    static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
    int level = 0;

    if (!o->data)
        return problem_set(why, "data", "say which data directory: --data DIR");
    while (levels[level] && strcmp(levels[level], o->log_level) != 0)
        level++;
    if (!levels[level])
        return problem_set(why, "log_level", "it is none of error, warn, info, debug");
    log_level((enum log_level)level);
    if (!peer_list_is_sound(o->super_admin_addresses))
        return problem_set(why, "super_admin_addresses", "it must be a list of networks");
    if (!peer_list_is_sound(o->trusted_proxies))
        return problem_set(why, "trusted_proxies", "it must be a list of networks");
    if (o->public_url && (strncmp(o->public_url, "https://", 8) != 0 || !o->public_url[8]))
        return problem_set(why, "public_url", "it must read https://HOST");
    if (!o->tls_cert != !o->tls_key)
        return problem_set(why, o->tls_cert ? "tls_key" : "tls_cert",
                           "say both, the certificate and its key");
    if (!o->keys)
        o->keys = boot_credentials(mem);
    if (!o->keys) {
        size_t n = strlen(o->data);

        while (n > 1 && o->data[n - 1] == '/')
            n--;
        o->keys = arena_printf(mem, "%.*s.keys", (int)n, o->data);
    }
    return split_listen(o, mem, why);
}

/* The first line of the file; others must not be able to read it. */
static enum err read_password(struct line *l, const char **out, struct problem *why)
{
    struct stat st;
    const char *text;
    size_t n;

    if (!l->password_file)
        return problem_set(why, "password-file", "say where the password is: --password-file F");
    if (stat(l->password_file, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 077)
        return problem_set(why, "password-file", "others can read it; chmod 600 it");
    if (file_read(l->password_file, PASSWORD_FILE_MAX, l->mem, &text, &n))
        return problem_set(why, "password-file", "cannot read it: %s", strerror(errno));
    *out = arena_strndup(l->mem, text, strcspn(text, "\r\n"));
    return ERR_OK;
}

static enum err user_add_ask(struct line *l, struct user_add *ask, struct problem *why)
{
    ask->email = l->words[2];
    ask->role = l->role;
    if (!l->role || role_find(l->role) == ROLE_NOBODY)
        return problem_set(why, "role", "it must be viewer, user, admin or super_admin");
    if (l->account && !uuid_parse(l->account, &ask->account))
        return problem_set(why, "account", "this is not an account's id");
    if (l->credits && (!credits_parse(l->credits, &ask->credits) || ask->credits.hundredths < 0))
        return problem_set(why, "credits", "this is not an amount of credits");
    return read_password(l, &ask->password, why);
}

/* Run a command in this process, or in the server that has the directory. */
static enum err command(struct line *l, const struct control_command *c, const void *ask,
                        void *reply, struct problem *why)
{
    struct server srv = {0};
    enum err err = boot_open(&srv, &l->o, l->mem, why);

    if (err == ERR_CONFLICT) {
        err = control_call(l->o.data, c, ask, l->mem, reply, why);
    } else if (!err) {
        err = auth_start(&srv, &srv.auth);
        if (!err)
            err = c->run(&srv, ask, l->mem, reply, why);
    }
    auth_stop(srv.auth);
    boot_close(&srv);
    return err;
}

static int user_add(struct line *l)
{
    struct user_add ask = {0};
    struct user_added out = {0};
    struct problem why = {0};
    char id[UUID_TEXT], account[UUID_TEXT];
    enum err err = user_add_ask(l, &ask, &why);

    if (!err)
        err = command(l, &control_user_add, &ask, &out, &why);
    if (err)
        return fail(why.field, why.text[0] ? why.text : err_title(err));
    printf("user %s account %s\n", uuid_text(&out.id, id), uuid_text(&out.account, account));
    return EXIT_SUCCESS;
}

static int keys_command(struct line *l, const struct control_command *c)
{
    struct keys_state out = {0};
    struct keys_ask ask = {0};
    struct problem why = {0};
    enum err err = command(l, c, &ask, &out, &why);

    if (err)
        return fail(why.field, why.text[0] ? why.text : err_title(err));
    printf("keys %lld newest %lld reseal %s rows %lld progress %lld%%\n", (long long)out.keys,
           (long long)out.newest, out.state ? out.state : "none", (long long)out.resealed,
           (long long)(out.progress.ppm / 10000));
    return EXIT_SUCCESS;
}

static int keys_rotate(struct line *l)
{
    return keys_command(l, &control_keys_rotate);
}

static int keys_status(struct line *l)
{
    return keys_command(l, &control_keys_status);
}

static void print_key_use(const struct key_use *u)
{
    char created[STAMP_TEXT] = "-";
    bool is_known = u->created.ms > 0;

    if (is_known)
        stamp_text(u->created, created);
    if (u->removed.ms)
        printf("%-18s %3lld  %-24s removed\n", u->purpose, (long long)u->id, created);
    else
        printf("%-18s %3lld  %-24s %lld\n", u->purpose, (long long)u->id, created,
               (long long)u->left);
}

static int keys_table(struct line *l, const struct control_command *c)
{
    struct keys_list out = {0};
    struct keys_ask ask = {0};
    struct problem why = {0};
    enum err err = command(l, c, &ask, &out, &why);
    const struct key_use *rows = out.rows.v;

    if (err)
        return fail(why.field, why.text[0] ? why.text : err_title(err));
    printf("PURPOSE             ID  CREATED                  LEFT\n");
    for (size_t i = 0; i < out.rows.n; i++)
        print_key_use(&rows[i]);
    if (c == &control_keys_remove)
        printf("removed %lld\n", (long long)out.removed);
    return EXIT_SUCCESS;
}

static int keys_list(struct line *l)
{
    return keys_table(l, &control_keys_list);
}

static int keys_remove(struct line *l)
{
    return keys_table(l, &control_keys_remove);
}

static int audit_verify(struct line *l)
{
    struct audit_verify_ask ask = {.witness = l->audit.witness};
    struct audit_verdict out = {0};
    struct problem why = {0};
    enum err err = audit_verify_prepare(&l->o, &ask, l->mem, &why);

    if (!err)
        err = command(l, &control_audit_verify, &ask, &out, &why);
    if (err)
        return fail(why.field, why.text[0] ? why.text : err_title(err));
    return audit_print_verdict(&out);
}

static int audit_keys(struct line *l)
{
    struct problem why = {0};

    if (audit_print_keys(l->o.keys, &why))
        return fail(why.field, why.text);
    return EXIT_SUCCESS;
}

static void show_progress(void *arg, int64_t done, int64_t rows)
{
    (void)arg;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%lld of %lld profiles", (long long)done, (long long)rows);
}

static int load_sample(struct line *l)
{
    struct server srv = {0};
    struct problem why = {0};
    char *end = NULL;
    long long rows = l->rows ? strtoll(l->rows, &end, 10) : 0;
    unsigned long long seed = 1;
    enum err err;

    if (rows <= 0 || *end)
        return fail("rows", "say how many profiles: --rows N");
    if (l->seed)
        seed = strtoull(l->seed, &end, 10);
    if (*end)
        return fail("seed", "it must be a whole number");
    err = boot_open(&srv, &l->o, l->mem, &why);
    if (!err) {
        err = sample_load(srv.store, srv.seal, rows, seed, show_progress, NULL);
        if (isatty(STDERR_FILENO))
            fputc('\n', stderr);
    }
    boot_close(&srv);
    if (err == ERR_CONFLICT)
        return fail("data",
                    why.text[0] ? why.text : "it holds other rows with the same identity already");
    if (err)
        return fail(why.field, why.text[0] ? why.text : err_title(err));
    printf("%lld profiles, seed %llu\n", rows, seed);
    return EXIT_SUCCESS;
}

/* One JSON object a line and route. */
static int dump_routes(void)
{
    for (const struct route *const *t = route_tables; *t; t++) {
        for (const struct route *r = *t; r->method; r++) {
            struct buf b = BUF_INIT(4096);

            buf_printf(&b, "{\"method\":\"%s\",\"path\":\"%s\",\"role\":\"%s\",\"rate\":\"%s\",",
                       r->method, r->path, role_word(r->role), rate_word(r->rate));
            buf_printf(&b, "\"scope\":\"%s\",\"idempotent\":%s,\"audit\":\"%s\",\"doc\":",
                       r->scope ? r->scope : "", r->flags & ROUTE_IDEMPOTENT ? "true" : "false",
                       r->audit ? r->audit : "");
            json_write_text(&b, r->doc);
            printf("%s}\n", b.data);
            buf_free(&b);
        }
    }
    return EXIT_SUCCESS;
}

static const struct {
    const char *words;
    int more; /* words behind these */
    int (*run)(struct line *l);
} commands[] = {
    {"user add", 1, user_add},       {"sample", 0, load_sample},
    {"keys rotate", 0, keys_rotate}, {"keys status", 0, keys_status},
    {"keys list", 0, keys_list},     {"keys", 0, keys_list},
    {"keys remove", 0, keys_remove}, {"audit verify", 0, audit_verify},
    {"audit keys", 0, audit_keys},
};

static bool is_command(const struct line *l, const char *words, int more)
{
    int i = 0;

    for (; *words && i < l->n; i++) {
        size_t n = strcspn(words, " ");

        if (strlen(l->words[i]) != n || memcmp(words, l->words[i], n) != 0)
            return false;
        words += n + (words[n] == ' ');
    }
    return !*words && l->n == i + more;
}

static int run(struct line *l, int argc, char **argv)
{
    struct problem why = {0};

    if (read_line(l, argc, argv, &why))
        return fail(why.field, why.text);
    if (l->help)
        return print_help(), EXIT_SUCCESS;
    if (l->version)
        return puts("leadgend " VERSION), EXIT_SUCCESS;
    if (l->dump_routes)
        return dump_routes();
    if (is_command(l, "audit verify", 0) && l->audit.export)
        return audit_verify_export(&l->audit, l->mem);
    if (complete(&l->o, l->mem, &why))
        return fail(why.field, why.text);
    if (l->n == 0)
        return serve(&l->o);
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        if (is_command(l, commands[i].words, commands[i].more))
            return commands[i].run(l);
    return fail("", "there is no such command; see leadgend --help");
}

int main(int argc, char **argv)
{
    struct line l = {.mem = arena_new()};
    int code;

    umask(077);
    code = run(&l, argc, argv);
    arena_free(l.mem);
    return code;
}
