/*
 * PostgreSQL 15 with its full-text search and GIN indexes, over a Unix socket; postgres.conf beside
 * this is its configuration.
 *
 * As its manual advises: a stored tsvector under a GIN index (12.2.2), fastupdate off for a table
 * that is only read (70.4), smallint for what has few values, the rows in the order in which they
 * are asked for (CLUSTER), VACUUM ANALYZE, prepared statements, parallel query.  The long tsvectors
 * are pushed out of line by toast_tuple_target, so that the rows themselves are narrow: no query
 * reads a tsvector.
 */
#include <libpq-fe.h>

#include "driver.h"

enum { SQL = 8192, SHAPES = 256, PARAMS = PEER_FACETS + 1 };

static PGconn *db;
static char shapes[SHAPES][SQL];
static int n_shapes;

static PGresult *must(PGresult *r)
{
    ExecStatusType s = PQresultStatus(r);

    if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK && s != PGRES_COPY_IN)
        peer_die("postgres", PQerrorMessage(db));
    return r;
}

static void run(const char *sql)
{
    PQclear(must(PQexec(db, sql)));
}

static void open_peer(const char *dir)
{
    char where[PATH_MAX + 100];

    snprintf(where, sizeof(where), "host=%s/postgres user=postgres dbname=postgres", dir);
    db = PQconnectdb(where);
    if (PQstatus(db) != CONNECTION_OK)
        peer_die("postgres", PQerrorMessage(db));
}

static void close_peer(void)
{
    PQfinish(db);
}

/* Every facet leads an index, and so does every two of them; all cover. */
static void make_indexes(void)
{
    char sql[SQL];

    for (int i = 0; i < PEER_FACETS; i++) {
        for (int k = i + 1; k < PEER_FACETS; k++) {
            int n =
                snprintf(sql, SQL, "CREATE INDEX by_%d_%d ON p(f%d,f%d) INCLUDE (id", i, k, i, k);

            for (int r = 0; r < PEER_FACETS; r++)
                if (r != i && r != k)
                    n += snprintf(sql + n, SQL - (size_t)n, ",f%d", r);
            snprintf(sql + n, SQL - (size_t)n, ")");
            run(sql);
        }
        snprintf(sql, SQL, "CREATE INDEX by_%d ON p(f%d)", i, i);
        run(sql);
    }
}

static void load(const char *dir)
{
    static char line[PEER_LINE];
    FILE *f = peer_file(dir, "rows", ".tsv", "r");

    open_peer(dir);
    run("BEGIN; CREATE TABLE raw(id int, f0 int2, f1 int2, f2 int2, f3 int2, f4 int2, f5 int2,"
        " words text); TRUNCATE raw");
    PQclear(must(PQexec(db, "COPY raw FROM STDIN (FORMAT text)")));
    while (fgets(line, sizeof(line), f))
        if (PQputCopyData(db, line, (int)strlen(line)) != 1)
            peer_die("postgres", PQerrorMessage(db));
    fclose(f);
    if (PQputCopyEnd(db, NULL) != 1)
        peer_die("postgres", PQerrorMessage(db));
    PQclear(must(PQgetResult(db)));
    while (PQgetResult(db))
        ;
    run("CREATE TABLE p(id int PRIMARY KEY, f0 int2, f1 int2, f2 int2, f3 int2, f4 int2, f5 int2,"
        " tsv tsvector) WITH (toast_tuple_target = 128)");
    run("ALTER TABLE p ALTER tsv SET STORAGE EXTERNAL");
    run("INSERT INTO p SELECT id, f0, f1, f2, f3, f4, f5, array_to_tsvector(string_to_array(words,"
        " ' ')) FROM raw ORDER BY id");
    run("DROP TABLE raw; COMMIT");
    run("CREATE INDEX by_words ON p USING gin(tsv) WITH (fastupdate = off)");
    make_indexes();
    run("VACUUM (ANALYZE, FREEZE) p");
    close_peer();
}

/* The conditions but for one facet's. */
static int where(char *sql, int n, const struct peer_question *q, int skip)
{
    n += snprintf(sql + n, SQL - (size_t)n, " WHERE true");
    for (int i = 0; i < q->n; i++)
        if (q->facet[i] != skip)
            n += snprintf(sql + n, SQL - (size_t)n, " AND f%d=$%d", q->facet[i], i + 2);
    if (q->n_words)
        n += snprintf(sql + n, SQL - (size_t)n, " AND tsv @@ $1");
    return n;
}

static int one_pane(char *sql, int n, const char *from, int k)
{
    return n + snprintf(sql + n, SQL - (size_t)n,
                        " UNION ALL SELECT %d,f%d::int,count(*) FROM %s GROUP BY f%d", k, k, from,
                        k);
}

/*
 * Rows of (facet, code, count), of (-1, 0, total) and of (-2, row number, 0).  Few rows are found
 * once and counted six times; of many, each count is a parallel walk over the index that has just
 * these two columns, which takes a third of the time.
 */
static void compose(char *sql, const struct peer_question *q)
{
    bool once = q->n_words || q->n > 1;
    char all[1024], from[1024];
    int n = 0;

    where(all, snprintf(all, sizeof(all), "p"), q, -1);
    if (once) {
        n = snprintf(sql, SQL, "WITH m AS MATERIALIZED (SELECT id%s FROM %s) ",
                     q->panes ? ",f0,f1,f2,f3,f4,f5" : "", all);
        snprintf(all, sizeof(all), "m");
    }
    n += snprintf(sql + n, SQL - (size_t)n, "SELECT -1,0,count(*) FROM %s", all);
    for (int k = 0; q->panes && k < PEER_FACETS; k++) {
        if (peer_selected(q, k))
            where(from, snprintf(from, sizeof(from), "p"), q, k);
        n = one_pane(sql, n, peer_selected(q, k) ? from : all, k);
    }
    snprintf(sql + n, SQL - (size_t)n, " UNION ALL (SELECT -2,id,0 FROM %s ORDER BY id LIMIT %d)",
             all, PEER_TOP);
}

/* The number of the prepared statement of this shape. */
static int prepared(const char *sql)
{
    char name[20];
    int i = 0;
    static const Oid types[PARAMS] = {3615 /* tsquery */, 21, 21, 21, 21, 21, 21 /* int2 */};

    while (i < n_shapes && strcmp(shapes[i], sql) != 0)
        i++;
    if (i == SHAPES)
        peer_die("postgres", "too many shapes");
    if (i == n_shapes) {
        snprintf(shapes[n_shapes++], SQL, "%s", sql);
        snprintf(name, sizeof(name), "s%d", i);
        PQclear(must(PQprepare(db, name, sql, PARAMS, types)));
    }
    return i;
}

static void ask(const struct peer_question *q, struct peer_answer *a)
{
    char sql[SQL], name[20], texts[PARAMS][300];
    const char *params[PARAMS] = {NULL};
    PGresult *r;

    for (int i = 0, n = 0; i < q->n_words; i++) {
        n += snprintf(texts[0] + n, sizeof(texts[0]) - (size_t)n, "%s'%s'%s", i ? " & " : "",
                      q->words[i], q->prefix && i == q->n_words - 1 ? ":*" : "");
        params[0] = texts[0];
    }
    for (int i = 0; i < q->n; i++) {
        snprintf(texts[i + 1], sizeof(texts[0]), "%d", q->code[i]);
        params[i + 1] = texts[i + 1];
    }
    compose(sql, q);
    snprintf(name, sizeof(name), "s%d", prepared(sql));
    r = must(PQexecPrepared(db, name, PARAMS, params, NULL, NULL, 0));
    for (int i = 0; i < PQntuples(r); i++) {
        long kind = strtol(PQgetvalue(r, i, 0), NULL, 10);
        long value = strtol(PQgetvalue(r, i, 1), NULL, 10);
        long long count = strtoll(PQgetvalue(r, i, 2), NULL, 10);

        if (kind == -2)
            a->top[a->n_top++] = value;
        else if (kind == -1)
            a->total = count;
        else
            a->counts[kind][value] = count;
    }
    PQclear(r);
}

static const char *what(void)
{
    return "PostgreSQL 15, a Unix socket, prepared statements";
}

int main(int argc, char **argv)
{
    static const struct peer peer = {"postgres", load,       open_peer, ask,
                                     what,       close_peer, "postgres"};

    return peer_main(argc, argv, &peer);
}
