#include "server/audit_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "server/audit.h"
#include "server/chain.h"

/*
 * Hashes of the latest records that are remembered, for checkpoints to be held against: one is
 * written at once after what it covers, so that few records come between.
 */
enum { WINDOW = 65536, COUNTS = 3 };

struct audit_check {
    struct audit_check_options o;
    struct audit_report report;
    struct uuid chain;
    char previous[CHAIN_HEX]; /* hash of the last record */
    char before[CHAIN_HEX];   /* what the first record says of the one before it */
    int64_t expected, lost;   /* number of the next record; of one that did not come */
    int64_t key;              /* the latest key that signed */
    bool cut, witnessed; /* what is before the first record went by rule; was the witness's seen */
    char (*window)[CHAIN_HEX]; /* of record n at n % WINDOW */
};

static const struct {
    const char *word, *text;
} faults[] = {
#define X(name, word, text) {word, text},
    AUDIT_FAULT_LIST(X)
#undef X
};

const char *audit_fault_word(enum audit_fault f)
{
    return faults[f].word;
}

const char *audit_fault_text(enum audit_fault f)
{
    return faults[f].text;
}

enum audit_fault audit_fault_find(const char *word)
{
    for (size_t i = 0; word && i < sizeof(faults) / sizeof(*faults); i++)
        if (strcmp(faults[i].word, word) == 0)
            return (enum audit_fault)i;
    return AUDIT_INSERTED;
}

void audit_keys_of(const struct seal *s, struct audit_keys *out)
{
    uint32_t id;

    for (out->n = 0; out->n < AUDIT_KEYS; out->n++) {
        if (!seal_public_key(s, out->n, &id, out->v[out->n].key))
            break;
        out->v[out->n].id = id;
    }
}

enum err audit_keys_read(const char *text, struct audit_keys *out, struct problem *why)
{
    out->n = 0;
    while (*text) {
        size_t n = strcspn(text, "\n");
        char line[128], hex[2 * SEAL_PUBLIC + 1];
        long long id;

        snprintf(line, sizeof(line), "%.*s", (int)(n < sizeof(line) ? n : 0), text);
        text += n + (text[n] == '\n');
        if (!n)
            continue;
        if (out->n == AUDIT_KEYS || sscanf(line, "%lld %64[0-9a-f]", &id, hex) != 2 ||
            !chain_unhex(hex, out->v[out->n].key, SEAL_PUBLIC))
            return problem_set(why, "public-keys", "each line must read: ID, blank, 64 digits");
        out->v[out->n++].id = id;
    }
    return ERR_OK;
}

struct audit_check *audit_check_new(const struct audit_check_options *o)
{
    struct audit_check *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->o = *o;
    c->window = calloc(WINDOW, sizeof(*c->window));
    if (!c->window) {
        free(c);
        return NULL;
    }
    return c;
}

static bool fault(struct audit_check *c, enum audit_fault f, int64_t record)
{
    c->report.fault = f;
    c->report.record = record;
    return false;
}

static bool is(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool is_signed(const struct audit_check *c, const struct audit *rec)
{
    uint8_t digest[CHAIN_HASH], signature[SEAL_SIGNATURE];

    if (!rec->signature || !rec->anchor || rec->covers <= 0 ||
        !chain_unhex(rec->signature, signature, sizeof(signature)))
        return false;
    chain_statement(&audit_type, rec, digest);
    for (size_t i = 0; i < c->o.keys->n; i++)
        if (c->o.keys->v[i].id == rec->key)
            return seal_verify(c->o.keys->v[i].key, digest, signature);
    return false;
}

/* Does a checkpoint say of the record it covers what that was? */
static bool fits(const struct audit_check *c, const struct audit *rec)
{
    if (rec->covers >= rec->seq || rec->covers <= rec->seq - WINDOW)
        return false;
    if (rec->covers >= c->report.first)
        return is(rec->anchor, c->window[rec->covers % WINDOW]);
    return rec->covers == c->report.first - 1 && is(rec->anchor, c->before);
}

static bool claims(const struct audit *rec)
{
    return is(rec->verb, AUDIT_CHECKPOINT) || is(rec->verb, AUDIT_CUT) || rec->covers || rec->key ||
           rec->anchor || rec->signature;
}

/* A record that is signed, or should be. The keys of the ring only follow one another. */
static bool check_claim(struct audit_check *c, const struct audit *rec)
{
    bool cut = is(rec->verb, AUDIT_CUT);

    if (c->o.skip & AUDIT_SKIP_SIGNATURE) {
        c->cut |= cut;
        return true;
    }
    if (!is_signed(c, rec) || rec->key < c->key || (!cut && !is(rec->verb, AUDIT_CHECKPOINT)))
        return fault(c, AUDIT_SIGNATURE, rec->seq);
    c->key = rec->key;
    if (cut) {
        c->cut |= rec->covers >= c->report.first - 1;
        if (rec->covers == c->report.first - 1 && !is(rec->anchor, c->before))
            return fault(c, AUDIT_SIGNATURE, rec->seq);
        return true;
    }
    if (!fits(c, rec))
        return fault(c, AUDIT_SIGNATURE, rec->seq);
    c->report.checkpoints++;
    c->report.covered = rec->covers;
    return true;
}

static void begin(struct audit_check *c, const struct audit *rec)
{
    c->report.first = c->expected = rec->seq;
    c->chain = rec->chain;
    snprintf(c->before, sizeof(c->before), "%s", rec->previous ? rec->previous : "");
    memcpy(c->previous, c->before, sizeof(c->previous));
    c->cut = rec->seq == 1 && !rec->previous;
}

/* Is it the next one? */
static bool check_place(struct audit_check *c, const struct audit *rec)
{
    if (rec->seq <= 0 || rec->seq < c->expected || !uuid_equal(&rec->chain, &c->chain))
        return fault(c, AUDIT_INSERTED, rec->seq);
    if (rec->seq > c->expected)
        return fault(c, AUDIT_MISSING, c->expected);
    if (!(c->o.skip & AUDIT_SKIP_LINK) &&
        strcmp(rec->previous ? rec->previous : "", c->previous) != 0)
        return fault(c, AUDIT_UNLINKED, rec->seq);
    return true;
}

static bool check_hash(struct audit_check *c, const struct audit *rec)
{
    char hash[CHAIN_HEX];

    if (c->o.skip & AUDIT_SKIP_HASH)
        return true;
    chain_hash(&audit_type, rec, hash);
    if (!is(rec->hash, hash))
        return fault(c, AUDIT_ALTERED, rec->seq);
    if (!c->o.seal)
        return true;
    return (rec->mac && chain_mac_fits(c->o.seal, hash, rec->mac)) ||
           fault(c, AUDIT_FORGED, rec->seq);
}

static bool check_witness(struct audit_check *c, const struct audit *rec)
{
    const struct audit *w = c->o.witness;

    if (!w || rec->seq != w->covers)
        return true;
    c->witnessed = true;
    if (uuid_equal(&rec->chain, &w->chain) && is(rec->hash, w->anchor))
        return true;
    return fault(c, AUDIT_SIGNATURE, rec->seq);
}

bool audit_check_next(struct audit_check *c, const struct audit *rec)
{
    if (c->report.fault == AUDIT_MISSING) { /* or does it only come later? */
        if (rec->seq != c->report.record)
            return true;
        return fault(c, AUDIT_REORDERED, rec->seq);
    }
    if (!c->report.records)
        begin(c, rec);
    if (!check_place(c, rec))
        return c->report.fault == AUDIT_MISSING;
    if (!check_hash(c, rec) || !check_witness(c, rec))
        return false;
    snprintf(c->window[rec->seq % WINDOW], CHAIN_HEX, "%s", rec->hash ? rec->hash : "");
    memcpy(c->previous, c->window[rec->seq % WINDOW], CHAIN_HEX);
    c->report.last = rec->seq;
    c->expected = rec->seq + 1;
    c->report.records++;
    c->report.gaps += is(rec->verb, AUDIT_GAP);
    return !claims(rec) || check_claim(c, rec);
}

void audit_check_end(struct audit_check *c, struct audit_report *out)
{
    const struct audit *w = c->o.witness;

    if (!c->report.fault && w && !is_signed(c, w) && !(c->o.skip & AUDIT_SKIP_SIGNATURE))
        fault(c, AUDIT_SIGNATURE, w->covers);
    if (!c->report.fault && c->report.records && !c->cut)
        fault(c, AUDIT_MISSING, c->report.first - 1);
    if (!c->report.fault && w && !c->witnessed)
        fault(c, AUDIT_TRUNCATED, w->covers);
    *out = c->report;
    free(c->window);
    free(c);
}

static bool next_of_store(void *arg, const void *rec)
{
    return audit_check_next(arg, rec);
}

/* Rows without a number are in no scan: there must be none. Others come and go meanwhile. */
static enum err count_others(struct store *s, int64_t *others)
{
    static const int64_t one = 1;
    struct query all = {.type = &audit_type};
    struct query linked = {.type = &audit_type, .where = {{"seq", OP_GE, &one}}};
    enum err err = ERR_OK;

    *others = 1;
    for (int i = 0; i < COUNTS && !err && *others > 0; i++) {
        int64_t n = 0, with = 0;

        err = store_count(s, &all, &n);
        if (!err)
            err = store_count(s, &linked, &with);
        *others = n - with;
    }
    return err;
}

enum err audit_check_store(struct store *s, const struct audit_check_options *o,
                           struct audit_report *out)
{
    struct query q = {.type = &audit_type, .order = "seq"};
    struct audit_check *c = audit_check_new(o);
    int64_t others = 0;
    enum err err;

    if (!c)
        return ERR_NO_MEMORY;
    err = store_scan(s, &q, next_of_store, c);
    if (!err)
        err = count_others(s, &others);
    audit_check_end(c, out);
    if (!err && !out->fault && others > 0) {
        out->fault = AUDIT_INSERTED;
        out->record = 0;
    }
    return err;
}

static enum err next_line(struct audit_check *c, const char *line, size_t n, bool *more,
                          struct problem *why)
{
    struct arena *mem = arena_new();
    struct audit rec = {0};
    const cJSON *doc;
    enum err err = json_parse(mem, line, n, &doc, why);

    if (!err)
        err = json_decode(&audit_type, doc, JSON_FROM_SERVER, mem, &rec, NULL, why);
    if (!err)
        *more = audit_check_next(c, &rec);
    arena_free(mem);
    return err;
}

enum err audit_check_file(const char *path, const struct audit_check_options *o,
                          struct audit_report *out, struct problem *why)
{
    FILE *f = fopen(path, "re");
    struct audit_check *c;
    char *line = NULL;
    size_t size = 0;
    bool more = true;
    enum err err = ERR_OK;
    ssize_t n;

    if (!f) {
        problem_set(why, "export", "cannot read it: %s", strerror(errno));
        return ERR_NOT_FOUND;
    }
    c = audit_check_new(o);
    while (c && !err && more && (n = getline(&line, &size, f)) > 0) {
        n -= line[n - 1] == '\n';
        line[n] = '\0';
        err = next_line(c, line, (size_t)n, &more, why);
    }
    free(line);
    fclose(f);
    if (!c)
        return ERR_NO_MEMORY;
    audit_check_end(c, out);
    return err;
}
