/*
 * The same rows and questions in SQLite, set up as its documentation advises: one table, FTS5 over
 * it as external content with prefix indexes, optimised, a covering index per facet in order of
 * score, ANALYZE, a page cache that holds everything and temporary tables in memory.
 */
#ifndef TESTS_BENCH_SEARCH_SQLITE_H
#define TESTS_BENCH_SEARCH_SQLITE_H

#include <sqlite3.h>
#include <stdlib.h>

#include "common/api.h"
#include "common/buf.h"
#include "common/country.h"
#include "tests/bench/search_ask.h"

#define PANES "seniority, department, industry, employees, country, email_status"

static void sql_must(sqlite3 *db, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

static void sql_run(sqlite3 *db, const char *sql)
{
    sql_must(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static sqlite3 *sql_open(const char *path)
{
    sqlite3 *db;

    sql_must(NULL, sqlite3_open(path, &db));
    sql_run(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-2000000;"
                "PRAGMA mmap_size=8000000000; PRAGMA temp_store=MEMORY;");
    sql_run(db, "CREATE TABLE profile(rowid INTEGER PRIMARY KEY, uuid BLOB, score INTEGER,"
                "name TEXT, title TEXT, company TEXT, city TEXT, state TEXT, country_name TEXT,"
                "technologies TEXT, keywords TEXT, seniority TEXT, department TEXT, industry TEXT,"
                "employees TEXT, country TEXT, email_status TEXT) STRICT");
    return db;
}

static sqlite3_stmt *sql_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st;

    sql_must(db, sqlite3_prepare_v2(db, sql, -1, &st, NULL));
    return st;
}

static void sql_text(sqlite3_stmt *st, int at, const char *text)
{
    sqlite3_bind_text(st, at, text, -1, SQLITE_TRANSIENT);
}

static void sql_list(sqlite3_stmt *st, int at, const struct strs *list)
{
    struct buf b = BUF_INIT(1 << 16);

    for (size_t i = 0; i < list->n; i++)
        buf_printf(&b, "%s ; ", list->v[i]);
    sql_text(st, at, b.data);
    buf_free(&b);
}

static void sql_insert(sqlite3 *db, sqlite3_stmt *st, const struct profile *p)
{
    const char *const texts[] = {p->name, p->title, p->company,
                                 p->city, p->state, p->country ? country_name(p->country) : NULL};
    const char *panes[] = {p->seniority, p->department,
                           p->industry,  employees_bucket(p->employees),
                           p->country,   p->email_status};

    sqlite3_bind_blob(st, 1, p->id.b, 16, SQLITE_TRANSIENT);
    sqlite3_bind_int64(st, 2, p->score);
    for (int i = 0; i < 6; i++)
        sql_text(st, 3 + i, texts[i]);
    sql_list(st, 9, &p->technologies);
    sql_list(st, 10, &p->keywords);
    for (int i = 0; i < 6; i++)
        sql_text(st, 11 + i, panes[i]);
    sql_must(db, sqlite3_step(st));
    sqlite3_reset(st);
}

static sqlite3_stmt *sql_begin_load(sqlite3 *db)
{
    sql_run(db, "BEGIN");
    return sql_prepare(db, "INSERT INTO profile(uuid, score, name, title, company, city, state,"
                           "country_name, technologies, keywords," PANES
                           ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
}

static void sql_end_load(sqlite3 *db, sqlite3_stmt *st)
{
    sqlite3_finalize(st);
    sql_run(db, "COMMIT");
    for (size_t i = 0; i < ASK_PANES; i++) {
        char *sql = sqlite3_mprintf("CREATE INDEX by_%s ON profile(%s, score DESC, uuid," PANES ")",
                                    facet_name(ask_panes[i]), facet_name(ask_panes[i]));

        sql_run(db, sql);
        sqlite3_free(sql);
    }
    sql_run(db, "CREATE INDEX by_score ON profile(score DESC, uuid," PANES ");"
                "CREATE VIRTUAL TABLE words USING fts5(name, title, company, industry, city, state,"
                "country, country_name, technologies, keywords, content='profile',"
                "content_rowid='rowid', prefix='2 3', tokenize='unicode61 remove_diacritics 2');"
                "INSERT INTO words(words) VALUES('rebuild');"
                "INSERT INTO words(words) VALUES('optimize'); ANALYZE;");
}

/* The conditions, without the one on `skip`. */
static void sql_where(struct buf *b, const struct bench_ask *q, int skip)
{
    buf_str(b, " WHERE 1");
    for (size_t i = 0; i < q->n; i++)
        if ((int)q->facets[i] != skip)
            buf_printf(b, " AND %s=?%d", facet_name(q->facets[i]), (int)i + 2);
    if (q->match)
        buf_str(b, " AND rowid IN (SELECT rowid FROM words WHERE words MATCH ?1)");
}

static bool ask_selects(const struct bench_ask *q, enum facet f)
{
    for (size_t i = 0; i < q->n; i++)
        if (q->facets[i] == f)
            return true;
    return false;
}

static const char *one_pane(struct buf *b, int row, enum facet f, const char *from)
{
    buf_printf(b,
               " UNION ALL SELECT * FROM (SELECT %d, %s, count(*) FROM %s AND %s IS NOT NULL"
               " GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 25)",
               row, facet_name(f), from, facet_name(f));
    return b->data;
}

static void sql_panes(struct buf *b, const struct bench_ask *q)
{
    buf_str(b, "WITH m AS MATERIALIZED (SELECT " PANES " FROM profile");
    sql_where(b, q, 0);
    buf_str(b, ") SELECT 0, NULL, count(*) FROM m");
    for (size_t i = 0; i < ASK_PANES; i++) {
        struct buf from = BUF_INIT(4096);

        if (ask_selects(q, ask_panes[i])) {
            buf_str(&from, "profile");
            sql_where(&from, q, (int)ask_panes[i]);
        } else {
            buf_str(&from, "m WHERE 1");
        }
        one_pane(b, (int)ask_panes[i], ask_panes[i], from.data);
        buf_free(&from);
    }
}

static void sql_bind(sqlite3_stmt *st, const struct bench_ask *q)
{
    if (q->match)
        sql_text(st, 1, q->match);
    for (size_t i = 0; i < q->n; i++)
        sql_text(st, (int)i + 2, q->values[i]);
}

/* Everything that the index's answer holds, hashed as ask_answer() does; the total. */
static int64_t sql_ask(sqlite3 *db, const struct bench_ask *q, uint64_t *hash)
{
    struct buf panes = BUF_INIT(1 << 16), top = BUF_INIT(1 << 16);
    sqlite3_stmt *st;
    int64_t total = 0;

    *hash = 0;
    sql_panes(&panes, q);
    st = sql_prepare(db, panes.data);
    sql_bind(st, q);
    while (sqlite3_step(st) == SQLITE_ROW) {
        if (sqlite3_column_int(st, 0) == 0)
            total = sqlite3_column_int64(st, 2);
        else
            *hash += ask_hash(sqlite3_column_int(st, 0), sqlite3_column_text(st, 1),
                              (size_t)sqlite3_column_bytes(st, 1), sqlite3_column_int64(st, 2));
    }
    sqlite3_finalize(st);
    buf_str(&top, "SELECT uuid FROM profile");
    sql_where(&top, q, 0);
    buf_str(&top, " ORDER BY score DESC, uuid LIMIT 25");
    st = sql_prepare(db, top.data);
    sql_bind(st, q);
    for (int i = 0; sqlite3_step(st) == SQLITE_ROW; i++)
        *hash += ask_hash(0, sqlite3_column_blob(st, 0), 16, i);
    sqlite3_finalize(st);
    buf_free(&panes);
    buf_free(&top);
    return total;
}

#endif
