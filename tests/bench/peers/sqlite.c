/*
 * SQLite with FTS5, as its documentation advises: everything in process, covering indexes (Query
 * Planning 1.7), ANALYZE, memory mapping, a page cache that holds everything, statements prepared
 * once, FTS5 optimised, with a prefix index of the length asked for and without what no question
 * needs (contentless, no columnsize, detail=none: smaller and faster).
 *
 * The rows that are found are counted by the program while it steps through them, which is what
 * "SQLite is in process" is good for; six GROUP BYs over a materialised result take longer.  Two
 * selections together are a range of an index, of whichever pair has the fewest rows; a pane whose
 * own selection does not count is a GROUP BY over such a range.
 */
#include <sqlite3.h>

#include "driver.h"

enum { PAIRS = PEER_FACETS * (PEER_FACETS - 1) / 2, SQL = 2048, KEPT = 512 };

static sqlite3 *db;

static struct {
    char sql[SQL];
    sqlite3_stmt *st;
} kept[KEPT];

static int pairs[PEER_FACETS][PEER_FACETS][PEER_CODES][PEER_CODES]; /* rows that have both */

static void must(int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        peer_die("sqlite", sqlite3_errmsg(db));
}

static void run(const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static void open_file(const char *dir)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/sqlite.db", dir);
    must(sqlite3_open(path, &db));
    run("PRAGMA page_size=8192; PRAGMA cache_size=-4000000; PRAGMA mmap_size=16000000000;"
        "PRAGMA temp_store=MEMORY; PRAGMA threads=1");
}

/* Every facet leads an index, and so does every two of them; all cover. */
static void make_indexes(void)
{
    char sql[SQL];

    for (int i = 0; i < PEER_FACETS; i++) {
        for (int k = i + 1; k < PEER_FACETS; k++) {
            int n = snprintf(sql, sizeof(sql), "CREATE INDEX by_%d_%d ON p(f%d,f%d", i, k, i, k);

            for (int r = 0; r < PEER_FACETS; r++)
                if (r != i && r != k)
                    n += snprintf(sql + n, sizeof(sql) - (size_t)n, ",f%d", r);
            snprintf(sql + n, sizeof(sql) - (size_t)n, ")");
            run(sql);
        }
        snprintf(sql, sizeof(sql), "CREATE INDEX by_%d ON p(f%d)", i, i);
        run(sql);
    }
}

static void load(const char *dir)
{
    static char line[PEER_LINE];
    FILE *f = peer_file(dir, "rows", ".tsv", "r");
    sqlite3_stmt *row, *text;
    struct peer_row r;

    open_file(dir);
    run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
        "CREATE TABLE p(id INTEGER PRIMARY KEY, f0 INT, f1 INT, f2 INT, f3 INT, f4 INT, f5 INT);"
        "CREATE VIRTUAL TABLE w USING fts5(words, content='', detail=none, columnsize=0,"
        " prefix='3', tokenize='unicode61 remove_diacritics 0');");
    must(sqlite3_prepare_v2(db, "INSERT INTO p VALUES(?,?,?,?,?,?,?)", -1, &row, NULL));
    must(sqlite3_prepare_v2(db, "INSERT INTO w(rowid, words) VALUES(?,?)", -1, &text, NULL));
    while (peer_next_row(f, line, sizeof(line), &r)) {
        sqlite3_bind_int64(row, 1, r.row);
        for (int i = 0; i < PEER_FACETS; i++)
            sqlite3_bind_int(row, i + 2, r.codes[i]);
        must(sqlite3_step(row));
        sqlite3_reset(row);
        sqlite3_bind_int64(text, 1, r.row);
        sqlite3_bind_text(text, 2, r.words, -1, SQLITE_STATIC);
        must(sqlite3_step(text));
        sqlite3_reset(text);
    }
    fclose(f);
    sqlite3_finalize(row);
    sqlite3_finalize(text);
    run("COMMIT");
    make_indexes();
    run("INSERT INTO w(w) VALUES('optimize'); ANALYZE;");
    sqlite3_close(db);
}

static sqlite3_stmt *prepare(const char *sql)
{
    int i = 0;

    while (i < KEPT - 1 && kept[i].st && strcmp(kept[i].sql, sql) != 0)
        i++;
    if (!kept[i].st || strcmp(kept[i].sql, sql) != 0) {
        sqlite3_finalize(kept[i].st);
        snprintf(kept[i].sql, sizeof(kept[i].sql), "%s", sql);
        must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &kept[i].st, NULL));
    }
    return kept[i].st;
}

static void open_peer(const char *dir)
{
    char sql[SQL];
    sqlite3_stmt *st;

    open_file(dir);
    for (int i = 0; i < PEER_FACETS; i++) {
        for (int k = i + 1; k < PEER_FACETS; k++) {
            snprintf(sql, sizeof(sql), "SELECT f%d,f%d,count(*) FROM p GROUP BY 1,2", i, k);
            must(sqlite3_prepare_v2(db, sql, -1, &st, NULL));
            while (sqlite3_step(st) == SQLITE_ROW)
                pairs[i][k][sqlite3_column_int(st, 0)][sqlite3_column_int(st, 1)] =
                    sqlite3_column_int(st, 2);
            sqlite3_finalize(st);
        }
    }
}

/*
 * A pane of what the other selections leave.  Of none, its index is in order and the GROUP BY a
 * walk over it; of two, which would have to be sorted, the rows are counted here.
 */
static void group(const struct peer_question *q, int facet, struct peer_answer *a)
{
    char sql[SQL];
    bool grouped = q->n < 2;
    int n = snprintf(sql, sizeof(sql), "SELECT f%d%s FROM p", facet, grouped ? ",count(*)" : "");
    int at = 1;
    sqlite3_stmt *st;

    for (int i = 0; i < q->n; i++)
        if (q->facet[i] != facet)
            n += snprintf(sql + n, sizeof(sql) - (size_t)n, " %s f%d=?",
                          strchr(sql, '?') ? "AND" : "WHERE", q->facet[i]);
    if (grouped)
        snprintf(sql + n, sizeof(sql) - (size_t)n, " GROUP BY 1");
    st = prepare(sql);
    for (int i = 0; i < q->n; i++)
        if (q->facet[i] != facet)
            sqlite3_bind_int(st, at++, q->code[i]);
    while (sqlite3_step(st) == SQLITE_ROW)
        a->counts[facet][sqlite3_column_int(st, 0)] += grouped ? sqlite3_column_int64(st, 1) : 1;
    sqlite3_reset(st);
}

/* Keep the smallest row numbers, in order. */
static void take_top(struct peer_answer *a, int64_t id)
{
    int i = a->n_top;

    if (i == PEER_TOP && id > a->top[i - 1])
        return;
    if (i == PEER_TOP)
        i--;
    else
        a->n_top++;
    for (; i && a->top[i - 1] > id; i--)
        a->top[i] = a->top[i - 1];
    a->top[i] = id;
}

/*
 * Every row of st (id, six facets) that fails no selection counts for everything; one that fails
 * just one counts for the pane of that one's facet.
 */
static void count_rows(sqlite3_stmt *st, const struct peer_question *q, struct peer_answer *a)
{
    while (sqlite3_step(st) == SQLITE_ROW) {
        int codes[PEER_FACETS], failed = 0, facet = 0;

        for (int k = 0; k < PEER_FACETS; k++)
            codes[k] = sqlite3_column_int(st, k + 1);
        for (int i = 0; i < q->n; i++)
            if (codes[q->facet[i]] != q->code[i]) {
                failed++;
                facet = q->facet[i];
            }
        if (failed == 1)
            a->counts[facet][codes[facet]]++;
        if (failed)
            continue;
        for (int k = 0; k < PEER_FACETS; k++)
            a->counts[k][codes[k]]++;
        a->total++;
        take_top(a, sqlite3_column_int64(st, 0));
    }
    sqlite3_reset(st);
}

static const char *match(const struct peer_question *q, char *out, size_t size)
{
    int n = 0;

    for (int i = 0; i < q->n_words; i++)
        n += snprintf(out + n, size - (size_t)n, "%s\"%s\"%s", i ? " AND " : "", q->words[i],
                      q->prefix && i == q->n_words - 1 ? "*" : "");
    return out;
}

static void ask_words(const struct peer_question *q, struct peer_answer *a)
{
    char words[512];
    sqlite3_stmt *st = prepare("SELECT rowid FROM w WHERE w MATCH ?");

    sqlite3_bind_text(st, 1, match(q, words, sizeof(words)), -1, SQLITE_STATIC);
    for (; sqlite3_step(st) == SQLITE_ROW; a->total++)
        take_top(a, sqlite3_column_int64(st, 0));
    sqlite3_reset(st);
}

static void ask_words_facets(const struct peer_question *q, struct peer_answer *a)
{
    char words[512];
    sqlite3_stmt *st = prepare("SELECT p.* FROM w JOIN p ON p.id=w.rowid WHERE w MATCH ?");

    sqlite3_bind_text(st, 1, match(q, words, sizeof(words)), -1, SQLITE_STATIC);
    count_rows(st, q, a);
}

/* The selections but one whose pair or single has the fewest rows; its rows tell that pane too. */
static void ask_facets(const struct peer_question *q, struct peer_answer *a)
{
    char sql[SQL] = "SELECT * FROM p";
    int best = 0, least = INT_MAX, n = (int)strlen(sql), at = 1;
    sqlite3_stmt *st;

    for (int skip = 0; q->n == 3 && skip < 3; skip++) {
        int x = skip == 0, y = skip == 2 ? 1 : 2, swap = q->facet[x] > q->facet[y];
        int rows = pairs[q->facet[swap ? y : x]][q->facet[swap ? x : y]][q->code[swap ? y : x]]
                        [q->code[swap ? x : y]];

        if (rows < least) {
            least = rows;
            best = skip;
        }
    }
    for (int i = 0; i < q->n; i++)
        if (q->n < 3 || i != best)
            n += snprintf(sql + n, sizeof(sql) - (size_t)n, " %s f%d=?", at++ > 1 ? "AND" : "WHERE",
                          q->facet[i]);
    st = prepare(sql);
    at = 1;
    for (int i = 0; i < q->n; i++)
        if (q->n < 3 || i != best)
            sqlite3_bind_int(st, at++, q->code[i]);
    count_rows(st, q, a);
    for (int i = 0; i < q->n; i++)
        if (q->n < 3 || i != best) {
            memset(a->counts[q->facet[i]], 0, sizeof(*a->counts));
            group(q, q->facet[i], a);
        }
}

static void ask_nothing(struct peer_answer *a)
{
    sqlite3_stmt *st = prepare("SELECT id FROM p ORDER BY id LIMIT 25");
    static const struct peer_question nothing;

    while (sqlite3_step(st) == SQLITE_ROW)
        a->top[a->n_top++] = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    for (int k = 0; k < PEER_FACETS; k++)
        group(&nothing, k, a);
    for (int c = 0; c < PEER_CODES; c++)
        a->total += a->counts[0][c];
}

static void ask(const struct peer_question *q, struct peer_answer *a)
{
    if (q->n_words && !q->panes)
        ask_words(q, a);
    else if (q->n_words)
        ask_words_facets(q, a);
    else if (q->n)
        ask_facets(q, a);
    else
        ask_nothing(a);
}

static void close_peer(void)
{
    for (int i = 0; i < KEPT; i++)
        sqlite3_finalize(kept[i].st);
    sqlite3_close(db);
}

static const char *what(void)
{
    static char text[100];

    snprintf(text, sizeof(text), "SQLite %s with FTS5, in process", sqlite3_libversion());
    return text;
}

int main(int argc, char **argv)
{
    static const struct peer peer = {"sqlite", load, open_peer, ask, what, close_peer, "sqlite.db"};

    return peer_main(argc, argv, &peer);
}
