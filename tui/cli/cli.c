/* Reading options, sending calls, saying what went wrong. */
#include "tui/cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/uuid.h"

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

bool cli_number(const struct cli *c, const char *name, int64_t least, int64_t fallback,
                int64_t *out)
{
    const char *text = cli_option(c, name);

    *out = fallback;
    if (!text)
        return true;
    /* 15 digits: no overflow, and a double holds them */
    if (*text && strlen(text) <= 15 && strspn(text, "0123456789") == strlen(text)) {
        *out = strtoll(text, NULL, 10);
        if (*out >= least)
            return true;
    }
    cli_usage(c, "--%s takes a whole number from %lld on", name, (long long)least);
    return false;
}

void cli_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("leadgen: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

enum exit_code cli_usage(const struct cli *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("leadgen: ", stderr);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nusage: leadgen %s %s\n", c->command->name, c->command->words);
    return EXIT_USAGE;
}

struct waiting {
    struct arena *mem;
    void *arg;
    const struct api_request *r;
    struct cli_reply reply;
    bool done;
};

static void delete_doc(void *doc)
{
    cJSON_Delete(doc);
}

static void arrived(void *arg, const struct api_reply *r)
{
    struct waiting *w = arg;

    w->reply = (struct cli_reply){.err = r->err,
                                  .status = r->status,
                                  .detail = arena_strdup(w->mem, r->detail),
                                  .field = arena_strdup(w->mem, r->field),
                                  .retry_after = r->retry_after,
                                  .sent = r->sent,
                                  .pin_mismatch = r->pin_mismatch};
    if (r->doc) {
        cJSON *doc = cJSON_Duplicate(r->doc, true);

        arena_defer(w->mem, delete_doc, doc);
        w->reply.doc = doc;
    }
    w->done = true;
}

static bool pass_bytes(void *arg, const char *data, size_t n)
{
    struct waiting *w = arg;

    return w->r->bytes(w->arg, data, n);
}

static long pass_body(void *arg, char *out, size_t max)
{
    struct waiting *w = arg;

    return w->r->body(w->arg, out, max);
}

struct cli_reply cli_send(struct cli *c, struct arena *mem, const struct api_request *r, void *arg)
{
    struct waiting w = {.mem = mem, .arg = arg, .r = r};
    struct api_request copy = *r;

    copy.bytes = r->bytes ? pass_bytes : NULL;
    copy.body = r->body ? pass_body : NULL;
    api_send(c->api, &copy, arrived, &w);
    while (!w.done)
        api_wait(c->api, NULL, 0, -1);
    return w.reply;
}

struct cli_reply cli_call(struct cli *c, const char *method, const char *path, const char *json)
{
    struct api_request r = {.method = method, .path = path, .json = json};

    return cli_send(c, c->mem, &r, NULL);
}

/* No call is open here, so that api_wait() is a plain pause that keeps connections alive. */
void cli_pause(struct cli *c, int64_t ms)
{
    int64_t end = clock_mono_us() + ms * 1000, left;

    while ((left = end - clock_mono_us()) > 0)
        api_wait(c->api, NULL, 0, (int)(left / 1000) + 1);
}

void cli_back_off(struct cli *c, int n)
{
    struct uuid random = uuid_new();
    int64_t ms = INT64_C(1000) << n;

    cli_pause(c, ms * 4 / 5 + ms * 2 / 5 * random.b[15] / 256);
}

enum exit_code cli_fail(const struct cli_reply *r)
{
    if (r->pin_mismatch)
        cli_say("THE SERVER'S KEY HAS CHANGED, and nothing was sent: somebody may stand in\n"
                "between. If it was set up anew, ask its operator for the new fingerprint and give "
                "it\nonce with --fingerprint sha256//...");
    else if (r->err == ERR_UNAUTHORIZED || r->err == ERR_TOKEN_EXPIRED)
        cli_say("not signed in; first: leadgen auth login");
    else if (*r->field)
        cli_say("%s: %s", r->field, r->detail);
    else
        cli_say("%s", r->detail);
    if (r->retry_after)
        fprintf(stderr, "retry-after: %lld\n", (long long)r->retry_after);
    return exit_of(r->err, r->status);
}

bool cli_has_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool cli_ask(const char *question)
{
    char line[64];

    tcflush(STDIN_FILENO, TCIFLUSH);
    fprintf(stderr, "%s [y/N] ", question);
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}
