/*
 * Groonga, in process, by the `select` command of its library.
 *
 * As its tutorial advises: every column that is drilled down or searched refers to a table of its
 * values (a hash for the facets, a patricia trie for the words, which answers beginnings), with an
 * index column each, made after loading (static index construction); all panes that count the same
 * rows in one command, by --drilldown; no query cache, since a question asked twice is to be
 * answered twice.  GRN_EXPR_OPTIMIZE lets it put the most selective condition first.
 */
#include <groonga.h>

#include "driver.h"

enum { COMMAND = 4096, BATCH = 4 << 20 };

static grn_ctx ctx;
static grn_obj *db;

/* What the command answers, until the next. */
static const char *run(const char *command, size_t n)
{
    static char reply[PEER_LINE];
    unsigned int size;
    char *out;
    int flags;

    grn_ctx_send(&ctx, command, (unsigned int)n, 0);
    grn_ctx_recv(&ctx, &out, &size, &flags);
    if (ctx.rc != GRN_SUCCESS)
        peer_die(command, ctx.errbuf);
    if (size >= sizeof(reply))
        peer_die(command, "answers too much");
    memcpy(reply, out, size); /* it has no end of its own */
    reply[size] = '\0';
    return reply;
}

static void say(const char *command)
{
    run(command, strlen(command));
}

static void open_file(const char *dir, bool new)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "mkdir -p '%s/groonga'", dir);
    setenv("GRN_EXPR_OPTIMIZE", "yes", 1);
    if (grn_init() != GRN_SUCCESS || grn_ctx_init(&ctx, 0) != GRN_SUCCESS || system(path))
        peer_die("groonga", "cannot be started");
    snprintf(path, sizeof(path), "%s/groonga/db", dir);
    db = new ? grn_db_create(&ctx, path, NULL) : grn_db_open(&ctx, path);
    if (!db)
        peer_die(path, ctx.errbuf);
}

static void open_peer(const char *dir)
{
    open_file(dir, false);
}

static void close_peer(void)
{
    grn_obj_close(&ctx, db);
    grn_ctx_fin(&ctx);
    grn_fin();
}

static int add_row(char *out, size_t size, const struct peer_row *r)
{
    int n = snprintf(out, size, "[");
    char *words = r->words, *word;

    for (int k = 0; k < PEER_FACETS; k++)
        n += snprintf(out + n, size - (size_t)n, "%d,", r->codes[k]);
    for (int i = 0; (word = peer_cut(&words, " ")); i++)
        n += snprintf(out + n, size - (size_t)n, "%s\"%s\"", i ? "," : "[", word);
    return n + snprintf(out + n, size - (size_t)n, "]],");
}

/* The rows' identifiers are their numbers, since they come in that order. */
static void load_rows(const char *dir)
{
    static char line[PEER_LINE], batch[BATCH + 2 * PEER_LINE];
    FILE *f = peer_file(dir, "rows", ".tsv", "r");
    struct peer_row r;
    size_t n = 0;
    bool more = true;

    say("load --table Rows --columns 'f0,f1,f2,f3,f4,f5,words'");
    batch[n++] = '[';
    while (more) {
        more = peer_next_row(f, line, sizeof(line), &r);
        if (more)
            n += (size_t)add_row(batch + n, sizeof(batch) - n, &r);
        if (n < BATCH && more)
            continue;
        if (!more)
            batch[n - 1] = ']';
        grn_ctx_send(&ctx, batch, (unsigned int)n, more ? GRN_CTX_MORE : 0);
        if (ctx.rc != GRN_SUCCESS)
            peer_die("groonga", ctx.errbuf);
        n = 0;
    }
    fclose(f);
}

static void load(const char *dir)
{
    char command[COMMAND];

    snprintf(command, sizeof(command), "rm -rf '%s/groonga'", dir);
    if (system(command))
        peer_die(dir, "cannot be cleared");
    open_file(dir, true);
    say("table_create Rows TABLE_NO_KEY");
    say("table_create Words TABLE_PAT_KEY ShortText");
    for (int k = 0; k < PEER_FACETS; k++) {
        snprintf(command, sizeof(command), "table_create F%d TABLE_HASH_KEY UInt8", k);
        say(command);
        snprintf(command, sizeof(command), "column_create Rows f%d COLUMN_SCALAR F%d", k, k);
        say(command);
    }
    say("column_create Rows words COLUMN_VECTOR Words");
    load_rows(dir);
    for (int k = 0; k < PEER_FACETS; k++) {
        snprintf(command, sizeof(command), "column_create F%d rows COLUMN_INDEX Rows f%d", k, k);
        say(command);
    }
    say("column_create Words rows COLUMN_INDEX Rows words");
    close_peer();
}

/* select, with the conditions but for one facet's. */
static int conditions(char *out, const struct peer_question *q, int skip)
{
    int n = snprintf(out, COMMAND, "select Rows --cache no"), from = n;
    const char *and = " --filter '";

    for (int i = 0; i < q->n_words; i++, and = " && ")
        n += snprintf(out + n, COMMAND - (size_t)n, "%swords @%s \"%s\"", and,
                      q->prefix && i == q->n_words - 1 ? "^" : "", q->words[i]);
    for (int i = 0; i < q->n; i++)
        if (q->facet[i] != skip) {
            n +=
                snprintf(out + n, COMMAND - (size_t)n, "%sf%d == %d", and, q->facet[i], q->code[i]);
            and = " && ";
        }
    return n > from ? n + snprintf(out + n, COMMAND - (size_t)n, "'") : n;
}

/*
 * [[[total],[names],[row]...],[[values],[names],[code,count]...]...]: rows into a, if wanted, then
 * the counts of these facets.
 */
static void take(const char *json, bool rows, const int *facets, struct peer_answer *a)
{
    int depth = 0, section = -1, line = -1, n = 0;
    int64_t v[2] = {0};

    for (const char *p = json; *p; p++) {
        if (*p == '"') {
            p = strchr(p + 1, '"');
        } else if (*p == '[') {
            depth++;
            section += depth == 2;
            line = depth == 2 ? -1 : line + (depth == 3);
            n = 0;
        } else if (*p >= '0' && *p <= '9' && n < 2) {
            char *end;

            v[n++] = strtoll(p, &end, 10);
            p = end - 1;
        } else if (*p == ']') {
            if (depth-- != 3)
                continue;
            if (section == 0 && line == 0 && rows)
                a->total = v[0];
            else if (section == 0 && line > 1 && rows)
                a->top[a->n_top++] = v[0];
            else if (section > 0 && line > 1)
                a->counts[facets[section - 1]][v[0]] = v[1];
        }
    }
}

static int drill(char *out, int n, const int *facets, int n_facets)
{
    for (int i = 0; i < n_facets; i++)
        n += snprintf(out + n, COMMAND - (size_t)n, "%sf%d", i ? "," : " --drilldown ", facets[i]);
    return n + snprintf(out + n, COMMAND - (size_t)n,
                        " --drilldown_output_columns _key,_nsubrecs --drilldown_limit -1");
}

static void ask(const struct peer_question *q, struct peer_answer *a)
{
    char command[COMMAND];
    int open[PEER_FACETS], n_open = 0, n;

    for (int k = 0; q->panes && k < PEER_FACETS; k++)
        if (!peer_selected(q, k))
            open[n_open++] = k;
    n = conditions(command, q, -1);
    n += snprintf(command + n, COMMAND - (size_t)n,
                  " --output_columns _id --sort_keys _id --limit %d", PEER_TOP);
    if (n_open)
        n = drill(command, n, open, n_open);
    take(run(command, (size_t)n), true, open, a);
    for (int i = 0; q->panes && i < q->n; i++) {
        n = conditions(command, q, q->facet[i]);
        n += snprintf(command + n, COMMAND - (size_t)n, " --output_columns _id --limit 0");
        n = drill(command, n, &q->facet[i], 1);
        take(run(command, (size_t)n), false, &q->facet[i], a);
    }
}

static const char *what(void)
{
    static char text[100];

    snprintf(text, sizeof(text), "Groonga %s, in process", grn_get_version());
    return text;
}

int main(int argc, char **argv)
{
    static const struct peer peer = {"groonga", load, open_peer, ask, what, close_peer, "groonga"};

    return peer_main(argc, argv, &peer);
}
