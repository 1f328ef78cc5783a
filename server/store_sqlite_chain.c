/*
 * The hash chain of a TYPE_CHAINED type: where it ends, and the next link.  The writing thread
 * links as it inserts, so that the order of the chain is the order of commits; with a plan that is
 * undone its links are.
 */
#include <assert.h>
#include <string.h>

#include "server/chain.h"
#include "server/store_sqlite.h"

_Static_assert(CHAIN_HEX == sizeof(((struct chain_head *)0)->hash), "a head holds a hash");

static void *member(const struct table *t, const char *name, enum field_kind kind, void *rec)
{
    const struct field *f = lite_field(t, name);

    assert(f->kind == kind);
    return field_slot(f, rec);
}

static int read_head(sqlite3_stmt *q, struct chain_head *out)
{
    int rc = sqlite3_step(q);

    if (rc == SQLITE_DONE) {
        *out = (struct chain_head){.chain = uuid_new()};
        return SQLITE_OK;
    }
    if (rc != SQLITE_ROW)
        return rc;
    *out = (struct chain_head){.seq = sqlite3_column_int64(q, 0)};
    if (sqlite3_column_bytes(q, 1) == sizeof(out->chain))
        memcpy(&out->chain, sqlite3_column_blob(q, 1), sizeof(out->chain));
    if (sqlite3_column_bytes(q, 2) == CHAIN_HEX - 1)
        memcpy(out->hash, sqlite3_column_blob(q, 2), CHAIN_HEX - 1);
    return SQLITE_OK;
}

int lite_chain_open(struct sqlite_store *s, const struct table *t)
{
    struct conn *c = &s->writer.conn;
    char *sql = sqlite3_mprintf("SELECT seq, chain, hash FROM \"%w\" WHERE seq > 0"
                                " ORDER BY seq DESC LIMIT 1",
                                t->type->name);
    sqlite3_stmt *q = NULL;
    int rc = sql ? sqlite3_prepare_v2(c->db, sql, -1, &q, NULL) : SQLITE_NOMEM;

    assert(!s->writer.head.seq); /* one chain a store */
    if (rc == SQLITE_OK)
        rc = read_head(q, &s->writer.head);
    sqlite3_finalize(q);
    sqlite3_free(sql);
    return rc;
}

void lite_chain_link(const struct writer *w, const struct table *t, const void *rec, void *copy,
                     struct chain_head *next, char mac[CHAIN_MAC_HEX])
{
    memcpy(copy, rec, t->type->size);
    *next = (struct chain_head){.chain = w->head.chain, .seq = w->head.seq + 1};
    *(int64_t *)member(t, "seq", KIND_INT, copy) = next->seq;
    *(struct uuid *)member(t, "chain", KIND_ID, copy) = next->chain;
    *(const char **)member(t, "previous", KIND_STR, copy) = w->head.seq ? w->head.hash : NULL;
    *(const char **)member(t, "hash", KIND_STR, copy) = next->hash;
    chain_hash(t->type, copy, next->hash);
    if (!w->conn.seal || !type_field(t->type, "mac"))
        return;
    chain_mac(w->conn.seal, next->hash, mac);
    *(const char **)member(t, "mac", KIND_STR, copy) = mac;
}

void lite_chain_publish(struct sqlite_store *s)
{
    pthread_mutex_lock(&s->head_lock);
    s->head = s->writer.head;
    pthread_mutex_unlock(&s->head_lock);
}

void lite_chain_head(struct store *base, struct chain_head *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;

    pthread_mutex_lock(&s->head_lock);
    *out = s->head;
    pthread_mutex_unlock(&s->head_lock);
}
