/*
 * The index beside other engines (tests/bench/peers/): makes the rows and questions that all of
 * them get, answers the questions itself, and compares.
 *
 * usage: peers make DIR ROWS [SEED] [QUESTIONS a kind (200)]
 *        peers load DIR | peers ask DIR SECONDS     as driver.h says; PEER=NAME: into ours-NAME
 *        peers report DIR NAME
 */
#include <sys/stat.h>

#include "server/search/search.h"
#include "tests/bench/peers/driver.h"
#include "tests/bench/peers/report.h"
#include "tests/bench/peers/rows.h"
#include "tests/bench/scale_build.h"

enum { EACH = 200 };

struct id_row {
    uint8_t id[16];
    int64_t row;
};

/* What the drivers' functions have in common; they have no argument for it. */
static struct {
    struct search *index;
    struct id_row *ids;
    size_t n;
    const char *values[PEER_FACETS][PEER_CODES];
    struct arena *mem;
} ours;

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void read_ids(const char *dir)
{
    FILE *f = peer_file(dir, "ids", ".bin", "r");

    ours.n = peer_lines(dir, "rows", ".tsv");
    ours.ids = xcalloc(ours.n, sizeof(*ours.ids));
    for (size_t i = 0; i < ours.n; i++) {
        ours.ids[i].row = (int64_t)i + 1;
        if (fread(ours.ids[i].id, 16, 1, f) != 1)
            peer_die("ids.bin", "is too short");
    }
    fclose(f);
    qsort(ours.ids, ours.n, sizeof(*ours.ids), by_id);
}

static void read_values(const char *dir)
{
    FILE *f = peer_file(dir, "values", ".tsv", "r");
    char line[512];

    ours.mem = arena_new();
    while (fgets(line, sizeof(line), f)) {
        char *at = line;
        long facet = strtol(at, &at, 10), code = strtol(at, &at, 10);

        at[strcspn(at, "\n")] = '\0';
        ours.values[facet][code] = arena_strdup(ours.mem, at + 1);
    }
    fclose(f);
}

static void open_ours(const char *dir)
{
    char path[PATH_MAX];
    struct search_options o = {.dir = path};

    snprintf(path, sizeof(path), "%s/ours", dir);
    if (search_open(&o, &ours.index))
        peer_die(path, "cannot be opened");
    scale_settle(ours.index);
    read_ids(dir);
    read_values(dir);
}

static void load_ours(const char *dir)
{
    struct scale s = {.rows = (int64_t)peer_lines(dir, "rows", ".tsv")};
    FILE *f = peer_file(dir, "seed", "", "r");
    unsigned long long seed;
    char path[PATH_MAX];

    if (fscanf(f, "%llu", &seed) != 1)
        peer_die("seed", "cannot be read");
    fclose(f);
    s.sample = sample_new(s.rows, seed);
    snprintf(path, sizeof(path), "%s/ours", dir);
    scale_build(&s, path);
    sample_free(s.sample);
}

static void take_answer(const struct search_answer *found, bool panes, struct peer_answer *a)
{
    a->total = found->total;
    for (size_t i = 0; i < found->n; i++) {
        struct id_row *row =
            bsearch(found->hits[i].id.b, ours.ids, ours.n, sizeof(*ours.ids), by_id);

        a->top[a->n_top++] = row ? row->row : 0;
    }
    for (size_t i = 0; panes && i < found->n_panes; i++) {
        const struct facet_value *v = found->panes[i].values.v;
        int k = 0;

        while (strcmp(peer_facets[k], found->panes[i].name) != 0)
            k++;
        for (size_t x = 0; x < found->panes[i].values.n; x++)
            for (int c = 1; c < PEER_CODES && ours.values[k][c]; c++)
                if (strcmp(ours.values[k][c], v[x].value) == 0)
                    a->counts[k][c] = v[x].count;
    }
}

/* Timed is the search, not what only this comparison needs: texts and ids as numbers. */
static void ask_ours(const struct peer_question *q, struct peer_answer *a)
{
    static const char *no_panes[] = {"none"};
    struct search_query sq = {.page_size = PEER_TOP, .sort = "score"};
    struct search_ask ask = {.query = &sq};
    struct arena *mem = arena_new();
    const char *text = "";
    struct search_answer found;
    struct problem why;
    int64_t from;

    for (int i = 0; i < q->n_words; i++)
        text = arena_printf(mem, "%s%s%s", text, i ? " " : "", q->words[i]);
    sq.q = q->prefix ? arena_printf(mem, "%s*", text) : text;
    for (int i = 0; i < q->n; i++) {
        enum facet f = facet_find(peer_facets[q->facet[i]]);

        sq.in[f] = (struct strs){&ours.values[q->facet[i]][q->code[i]], 1};
    }
    if (!q->panes)
        sq.facets = (struct strs){no_panes, 1};
    from = peer_now();
    if (search_run(ours.index, &ask, mem, &found, &why))
        peer_die(why.field, why.text);
    a->ns = peer_now() - from;
    take_answer(&found, q->panes, a);
    arena_free(mem);
}

static void close_ours(void)
{
    search_close(ours.index);
    arena_free(ours.mem);
    free(ours.ids);
}

static const char *what_ours(void)
{
    return "the project's own index, one thread a question";
}

static void make(const char *dir, const char *rows, const char *seed, const char *each)
{
    FILE *f;

    mkdir(dir, 0700);
    f = peer_file(dir, "seed", "", "w");
    fprintf(f, "%s\n", seed ? seed : "7");
    fclose(f);
    rows_make(dir, strtoll(rows, NULL, 10), seed ? strtoull(seed, NULL, 10) : 7,
              each ? strtoll(each, NULL, 10) : EACH);
}

int main(int argc, char **argv)
{
    char name[100] = "ours";
    const struct peer peer = {name, load_ours, open_ours, ask_ours, what_ours, close_ours, "ours"};
    const char *beside = getenv("PEER");

    if (argc >= 4 && strcmp(argv[1], "make") == 0) {
        make(argv[2], argv[3], argc > 4 ? argv[4] : NULL, argc > 5 ? argv[5] : NULL);
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "report") == 0)
        return report_peer(argv[2], argv[3]);
    if (beside)
        snprintf(name, sizeof(name), "ours-%s", beside);
    return peer_main(argc, argv, &peer);
}
