#include "tui/cli/cli.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/json.h"
#include "common/utf8.h"

const char *cli_option(const struct cli *c, const char *name)
{
    for (int i = c->n_options - 1; i >= 0; i--)
        if (strcmp(c->options[i].name, name) == 0)
            return c->options[i].value;
    return NULL;
}

bool cli_has(const struct cli *c, const char *name)
{
    return cli_option(c, name) != NULL;
}

bool cli_number(const struct cli *c, const char *name, int64_t fallback, int64_t *out)
{
    const char *text = cli_option(c, name);
    char *end;

    *out = fallback;
    if (!text)
        return true;
    *out = strtoll(text, &end, 10);
    if (*text && !*end && *out >= 0)
        return true;
    cli_usage(c, "--%s takes a whole number", name);
    return false;
}

int cli_usage(const struct cli *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("leadgen: ", stderr);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nusage: leadgen %s\n", c->command->usage);
    return EXIT_USAGE;
}

struct waiting {
    struct cli *c;
    struct cli_reply reply;
    bool done;
};

static void arrived(void *arg, const struct api_reply *r)
{
    struct waiting *w = arg;
    struct arena *mem = w->c->mem;

    w->reply = (struct cli_reply){.err = r->err,
                                  .status = r->status,
                                  .detail = arena_strdup(mem, r->detail),
                                  .field = arena_strdup(mem, r->field),
                                  .retry_after = r->retry_after,
                                  .sent = r->sent,
                                  .pin_mismatch = r->pin_mismatch,
                                  .exit = exit_of(r->err, r->status)};
    if (r->len &&
        json_parse(mem, arena_strndup(mem, r->bytes, r->len), r->len, &w->reply.doc, NULL))
        w->reply.doc = NULL;
    w->done = true;
}

struct cli_reply cli_send(struct cli *c, const struct api_request *r)
{
    struct waiting w = {.c = c};

    api_send(c->api, r, arrived, &w);
    while (!w.done)
        api_wait(c->api, NULL, 0, 1000);
    return w.reply;
}

struct cli_reply cli_call(struct cli *c, const char *method, const char *path, const char *json,
                          const char *idempotency_key)
{
    return cli_send(
        c, &(struct api_request){
               .method = method, .path = path, .json = json, .idempotency_key = idempotency_key});
}

int cli_fail(const struct cli_reply *r)
{
    if (r->pin_mismatch)
        fprintf(stderr, "leadgen: THE SERVER'S KEY HAS CHANGED. Nothing was sent. If the server "
                        "was set up anew,\nremove its line from the file `known` that `leadgen "
                        "info` names.\n");
    else if (r->err == ERR_UNAUTHORIZED || r->err == ERR_TOKEN_EXPIRED)
        fprintf(stderr, "leadgen: not signed in; leadgen auth login\n");
    else
        fprintf(stderr, "leadgen: %s%s%s\n", r->field && *r->field ? r->field : "",
                r->field && *r->field ? ": " : "", r->detail ? r->detail : err_title(r->err));
    if (r->retry_after)
        fprintf(stderr, "retry-after: %lld\n", (long long)r->retry_after);
    return r->exit ? r->exit : EXIT_SERVER;
}

static void print_raw(const cJSON *doc, const char *prefix)
{
    char *text = cJSON_PrintUnformatted(doc);

    if (!text)
        return;
    if (prefix && text[0] == '{')
        printf("%s%s%s\n", prefix, text[1] == '}' ? "" : ",", text + 1);
    else
        printf("%s\n", text);
    cJSON_free(text);
}

void cli_print_json(const cJSON *doc)
{
    print_raw(doc, "{\"schema\":1");
}

void cli_print_jsonl(const cJSON *doc)
{
    print_raw(doc, NULL);
}

static const char *list_text(struct arena *mem, const cJSON *list)
{
    const char *all = "";
    const cJSON *e;

    cJSON_ArrayForEach(e, list)
    {
        if (cJSON_IsString(e))
            all = arena_printf(mem, "%s%s%s", all, *all ? ", " : "", e->valuestring);
    }
    return *all ? all : "-";
}

const char *cli_text(struct arena *mem, const cJSON *row, const char *member)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(row, member);

    if (cJSON_IsString(v))
        return utf8_clean(mem, v->valuestring);
    if (cJSON_IsBool(v))
        return cJSON_IsTrue(v) ? "yes" : "no";
    if (cJSON_IsNumber(v))
        return arena_printf(mem, "%.15g", v->valuedouble);
    if (cJSON_IsArray(v))
        return utf8_clean(mem, list_text(mem, v));
    return "-";
}

static int terminal_width(void)
{
    struct winsize size = {0};

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
        return 0;
    return size.ws_col;
}

enum { TABLE_COLUMNS = 12, GAP = 2 };

/* Take columns from the widest until the line fits. */
static void squeeze(const struct cli_column *columns, int *widths, int n, int total)
{
    int sum = -GAP;

    for (int i = 0; i < n; i++)
        sum += widths[i] + GAP;
    while (total && sum > total) {
        int widest = -1;

        for (int i = 0; i < n; i++)
            if (widths[i] > columns[i].least && (widest < 0 || widths[i] > widths[widest]))
                widest = i;
        if (widest < 0)
            break;
        widths[widest]--;
        sum--;
    }
}

static void print_cell(const char *text, int width, bool last)
{
    size_t n = utf8_fit(text, width);
    int used = 0;
    size_t len;

    for (size_t i = 0; i < n; i += len)
        used += utf8_width(utf8_next(text + i, &len));
    printf("%.*s", (int)n, text);
    for (; !last && used < width + GAP; used++)
        putchar(' ');
}

void cli_print_table(const struct cli_column *columns, const cJSON *rows)
{
    struct arena *mem = arena_new();
    int widths[TABLE_COLUMNS] = {0}, n = 0;
    const cJSON *row;

    for (; columns[n].name && n < TABLE_COLUMNS; n++) {
        widths[n] = utf8_columns(columns[n].name);
        cJSON_ArrayForEach(row, rows)
        {
            int w = utf8_columns(cli_text(mem, row, columns[n].member));

            widths[n] = w > widths[n] ? w : widths[n];
        }
    }
    squeeze(columns, widths, n, terminal_width());
    for (int i = 0; i < n; i++)
        print_cell(columns[i].name, widths[i], i == n - 1);
    putchar('\n');
    cJSON_ArrayForEach(row, rows)
    {
        for (int i = 0; i < n; i++)
            print_cell(cli_text(mem, row, columns[i].member), widths[i], i == n - 1);
        putchar('\n');
    }
    arena_free(mem);
}

bool cli_ask(const char *question)
{
    char line[64];

    fprintf(stderr, "%s [y/N] ", question);
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}
