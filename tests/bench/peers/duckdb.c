/*
 * DuckDB, in process, by the C API that its wheel exports (declared below, since no header comes
 * with it).
 *
 * As its performance guide advises: a persistent file (compressed columns, checkpointed), both
 * cores, the smallest types (UTINYINT codes take the perfect hash aggregate, as ENUMs would), the
 * rows ordered by what they are asked for, no ART indexes, which serve point look-ups alone.  Its
 * full-text extension is not in the wheel; it keeps a dictionary of terms and a table of (term,
 * document), and so does this, ordered by term so that zone maps skip the others, with no BM25 to
 * compute and with beginnings of words, which the extension has not.
 */
#include "driver.h"

typedef struct _duckdb_database *duckdb_database;
typedef struct _duckdb_connection *duckdb_connection;
typedef struct _duckdb_data_chunk *duckdb_data_chunk;
typedef struct _duckdb_vector *duckdb_vector;

typedef struct {
    uint64_t columns, rows, changed;
    void *column;
    char *error;
    void *data;
} duckdb_result;

int duckdb_open(const char *path, duckdb_database *out);
void duckdb_close(duckdb_database *db);
int duckdb_connect(duckdb_database db, duckdb_connection *out);
void duckdb_disconnect(duckdb_connection *c);
int duckdb_query(duckdb_connection c, const char *sql, duckdb_result *out);
const char *duckdb_result_error(duckdb_result *r);
void duckdb_destroy_result(duckdb_result *r);
duckdb_data_chunk duckdb_fetch_chunk(duckdb_result r);
void duckdb_destroy_data_chunk(duckdb_data_chunk *chunk);
uint64_t duckdb_data_chunk_get_size(duckdb_data_chunk chunk);
duckdb_vector duckdb_data_chunk_get_vector(duckdb_data_chunk chunk, uint64_t column);
void *duckdb_vector_get_data(duckdb_vector v);
const char *duckdb_library_version(void);

enum { SQL = 16384, WORDS_SQL = 2048 };

static duckdb_database db;
static duckdb_connection con;

/* For each row, of up to three BIGINTs. */
static void query(const char *sql, int columns, void (*row)(const int64_t *v, void *arg), void *arg)
{
    duckdb_data_chunk chunk;
    duckdb_result r;

    if (duckdb_query(con, sql, &r))
        peer_die(sql, duckdb_result_error(&r));
    while (row && (chunk = duckdb_fetch_chunk(r))) {
        const int64_t *data[3] = {NULL};

        for (int c = 0; c < columns; c++)
            data[c] = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, (uint64_t)c));
        for (uint64_t i = 0; i < duckdb_data_chunk_get_size(chunk); i++) {
            int64_t v[3] = {0};

            for (int c = 0; c < columns; c++)
                v[c] = data[c][i];
            row(v, arg);
        }
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&r);
}

static void run(const char *sql)
{
    query(sql, 0, NULL, NULL);
}

static void open_peer(const char *dir)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/duckdb.db", dir);
    if (duckdb_open(path, &db) || duckdb_connect(db, &con))
        peer_die(path, "cannot be opened");
    run("SET threads=2");
    run("SET memory_limit='10GB'");
}

static void close_peer(void)
{
    duckdb_disconnect(&con);
    duckdb_close(&db);
}

static void load(const char *dir)
{
    char sql[SQL];

    snprintf(sql, sizeof(sql), "rm -f '%s'/duckdb.db*", dir);
    if (system(sql))
        peer_die(dir, "cannot be cleared");
    open_peer(dir);
    snprintf(sql, sizeof(sql),
             "CREATE TEMP TABLE raw AS SELECT * FROM read_csv('%s/rows.tsv', delim='\t',"
             " header=false, quote='', escape='', columns={'id':'INTEGER','f0':'UTINYINT',"
             "'f1':'UTINYINT','f2':'UTINYINT','f3':'UTINYINT','f4':'UTINYINT','f5':'UTINYINT',"
             "'words':'VARCHAR'})",
             dir);
    run(sql);
    run("CREATE TABLE p AS SELECT id,f0,f1,f2,f3,f4,f5 FROM raw ORDER BY id");
    run("CREATE TEMP TABLE w AS SELECT unnest(string_split(words,' ')) word, id FROM raw");
    run("CREATE TABLE dict AS SELECT word, (row_number() OVER (ORDER BY word))::INTEGER term"
        " FROM (SELECT DISTINCT word FROM w) ORDER BY word");
    run("CREATE TABLE posting AS SELECT term,id FROM w JOIN dict USING (word) ORDER BY term,id");
    run("CHECKPOINT");
    close_peer();
}

static void take_range(const int64_t *v, void *arg)
{
    int64_t *range = arg;

    range[0] = v[0];
    range[1] = v[1];
}

/* The conditions of the words, by the numbers of their terms. */
static void words(const struct peer_question *q, char out[WORDS_SQL])
{
    int n = 0;

    *out = '\0';
    for (int i = 0; i < q->n_words; i++) {
        int64_t range[2] = {0, 0};
        char sql[512];

        if (q->prefix && i == q->n_words - 1)
            snprintf(sql, sizeof(sql),
                     "SELECT coalesce(min(term),0)::BIGINT,coalesce(max(term),0)::BIGINT FROM dict"
                     " WHERE word>='%s' AND word<'%s\xf4\x8f\xbf\xbf'",
                     q->words[i], q->words[i]);
        else
            snprintf(sql, sizeof(sql), "SELECT term::BIGINT,term::BIGINT FROM dict WHERE word='%s'",
                     q->words[i]);
        query(sql, 2, take_range, range);
        n += snprintf(out + n, WORDS_SQL - (size_t)n,
                      " AND id IN (SELECT id FROM posting WHERE term BETWEEN %lld AND %lld)",
                      (long long)range[0], (long long)range[1]);
    }
}

/* The table with the conditions but for one facet's. */
static void source(char *out, size_t size, const struct peer_question *q, const char *match,
                   int skip)
{
    int n = snprintf(out, size, "p WHERE true");

    for (int i = 0; i < q->n; i++)
        if (q->facet[i] != skip)
            n += snprintf(out + n, size - (size_t)n, " AND f%d=%d", q->facet[i], q->code[i]);
    snprintf(out + n, size - (size_t)n, "%s", match);
}

static void take_row(const int64_t *v, void *arg)
{
    struct peer_answer *a = arg;

    if (v[0] == -2)
        a->top[a->n_top++] = v[1];
    else if (v[0] == -1)
        a->total = v[2];
    else
        a->counts[v[0]][v[1]] = v[2];
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/*
 * One statement.  What is found is kept and counted six times if it is little; if it is half of the
 * rows, reading the columns again is cheaper than keeping them.
 */
static void ask(const struct peer_question *q, struct peer_answer *a)
{
    char sql[SQL], match[WORDS_SQL], all[WORDS_SQL + 512], from[WORDS_SQL + 512];
    bool once = q->n_words || q->n > 1;
    int n = 0;

    words(q, match);
    source(all, sizeof(all), q, match, -1);
    if (once) {
        n = snprintf(sql, SQL, "WITH m AS MATERIALIZED (SELECT id%s FROM %s) ",
                     q->panes ? ",f0,f1,f2,f3,f4,f5" : "", all);
        snprintf(all, sizeof(all), "m");
    }
    n += snprintf(sql + n, SQL - (size_t)n, "SELECT -1::BIGINT,0::BIGINT,count(*)::BIGINT FROM %s",
                  all);
    for (int k = 0; q->panes && k < PEER_FACETS; k++) {
        source(from, sizeof(from), q, match, k);
        n += snprintf(sql + n, SQL - (size_t)n,
                      " UNION ALL SELECT %d,f%d::BIGINT,count(*) FROM %s GROUP BY f%d", k, k,
                      peer_selected(q, k) ? from : all, k);
    }
    snprintf(sql + n, SQL - (size_t)n,
             " UNION ALL (SELECT -2,id::BIGINT,0 FROM %s ORDER BY id LIMIT %d)", all, PEER_TOP);
    query(sql, 3, take_row, a);
    qsort(a->top, (size_t)a->n_top, sizeof(*a->top), by_number);
}

static const char *what(void)
{
    static char text[100];

    snprintf(text, sizeof(text), "DuckDB %s, in process, two threads", duckdb_library_version());
    return text;
}

int main(int argc, char **argv)
{
    static const struct peer peer = {"duckdb", load, open_peer, ask, what, close_peer, "duckdb.db"};

    return peer_main(argc, argv, &peer);
}
