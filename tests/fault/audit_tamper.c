/*
 * Logs that somebody has been at: every one is found out.  TAMPERED says how many (5,000).
 *
 * A log is made, signed under two keys of a ring, and copied; each copy suffers one of the attacks
 * below, by somebody who can write the store, who can compute hashes, and who in one case has the
 * server's keys as they are now, but who cannot write the witness.
 */
#include <stdlib.h>
#include <unistd.h>

#include "server/audit.h"
#include "server/audit_check.h"
#include "server/chain.h"
#include "tests/random.h"
#include "tests/test.h"

enum { RECORDS = 80, EVERY = 16, MOST = RECORDS + 8 };

struct log {
    struct audit v[MOST];
    size_t n;
};

static struct arena *mem;  /* of the whole run */
static struct arena *turn; /* of one attack */
static struct seal *old_ring, *ring;
static struct audit_keys keys;
static struct random chance;
static struct log whole, other;
static struct audit witness;

static const char *text(struct arena *a, size_t n)
{
    char *out = arena_alloc(a, n + 1);

    for (size_t i = 0; i < n; i++)
        out[i] = (char)('a' + random_below(&chance, 26));
    return out;
}

static void sign(struct audit *a, const struct seal *s, struct arena *m)
{
    char *hex = arena_alloc(m, 2 * SEAL_SIGNATURE + 1);
    uint8_t digest[CHAIN_HASH], raw[SEAL_SIGNATURE];

    a->key = seal_newest(s);
    chain_statement(&audit_type, a, digest);
    seal_sign(s, (uint32_t)a->key, digest, raw);
    chain_hex(raw, sizeof(raw), hex);
    a->signature = hex;
}

/* The links from record `from` on, as the store makes them; numbers only when asked. */
static void link_from(struct log *l, size_t from, bool number, struct arena *m)
{
    for (size_t i = from; i < l->n; i++) {
        char *hash = arena_alloc(m, CHAIN_HEX);

        if (number)
            l->v[i].seq = (int64_t)i + 1;
        l->v[i].previous = i ? l->v[i - 1].hash : NULL;
        chain_hash(&audit_type, &l->v[i], hash);
        l->v[i].hash = hash;
    }
}

static void add_mac(struct audit *a, struct arena *m)
{
    char *mac = arena_alloc(m, CHAIN_MAC_HEX);

    chain_mac(ring, a->hash, mac);
    a->mac = mac;
}

static struct audit ordinary(struct arena *m)
{
    return (struct audit){.id = uuid_new(),
                          .at = {1700000000000 + (int64_t)random_below(&chance, 1000000)},
                          .actor = uuid_new(),
                          .account = uuid_new(),
                          .verb = text(m, 8),
                          .target = uuid_new(),
                          .outcome = "ok",
                          .detail = random_below(&chance, 2) ? text(m, 12) : NULL,
                          .request_id = text(m, 36),
                          .count = 1};
}

static struct audit checkpoint(const struct audit *covered, const struct seal *s)
{
    struct audit a = {.id = uuid_new(),
                      .at = covered->at,
                      .verb = AUDIT_CHECKPOINT,
                      .outcome = "ok",
                      .count = 1,
                      .chain = covered->chain,
                      .covers = covered->seq,
                      .anchor = covered->hash};

    sign(&a, s, mem);
    return a;
}

static void make_log(struct log *l)
{
    struct uuid chain = uuid_new();

    for (l->n = 0; l->n < RECORDS;) {
        bool time = l->n % EVERY == EVERY - 1;
        const struct seal *s = l->n < RECORDS / 2 ? old_ring : ring;

        l->v[l->n] = time ? checkpoint(&l->v[l->n - 1], s) : ordinary(mem);
        l->v[l->n++].chain = chain;
        link_from(l, l->n - 1, true, mem);
        add_mac(&l->v[l->n - 1], mem);
    }
    CHECK(strcmp(l->v[l->n - 1].verb, AUDIT_CHECKPOINT) == 0);
}

static struct audit witness_of(const struct audit *a)
{
    struct audit w = {
        .at = a->at, .verb = AUDIT_WITNESS, .chain = a->chain, .covers = a->seq, .anchor = a->hash};

    sign(&w, ring, mem);
    return w;
}

/* Attacks: each changes *l. */

static size_t any(const struct log *l)
{
    return random_below(&chance, l->n);
}

static void alter_field(struct audit *a, const struct field *f)
{
    void *slot = field_slot(f, a);
    const char *old;
    char *next;

    if (f->kind == KIND_INT || f->kind == KIND_TIME) {
        *(int64_t *)slot ^= (int64_t)1 << random_below(&chance, 62);
    } else if (f->kind == KIND_ID) {
        ((struct uuid *)slot)->b[random_below(&chance, 16)] ^= (uint8_t)(1 << any(&whole) % 8);
    } else {
        old = *(const char *const *)slot;
        next = arena_strdup(turn, old && *old ? old : "a");
        if (old && *old)
            next[random_below(&chance, strlen(next))] ^= 1;
        *(const char **)slot = old && random_below(&chance, 8) == 0 ? NULL : next;
    }
}

/* Not what linking anew would put back. */
static const struct field *content_field(void)
{
    const struct field *f;

    do
        f = &audit_type.fields[random_below(&chance, type_count(&audit_type))];
    while (strcmp(f->name, "seq") == 0 || strcmp(f->name, "previous") == 0 ||
           strcmp(f->name, "hash") == 0 || strcmp(f->name, "mac") == 0);
    return f;
}

static void alter(struct log *l)
{
    alter_field(&l->v[any(l)], &audit_type.fields[random_below(&chance, type_count(&audit_type))]);
}

static void alter_and_hash(struct log *l)
{
    struct audit *a = &l->v[any(l)];
    char *hash = arena_alloc(turn, CHAIN_HEX);

    alter_field(a, content_field());
    chain_hash(&audit_type, a, hash);
    a->hash = hash;
}

static void alter_and_link(struct log *l)
{
    size_t i = any(l);

    alter_field(&l->v[i], content_field());
    link_from(l, i, false, turn);
}

static size_t drop(struct log *l)
{
    size_t i = any(l), n = 1 + random_below(&chance, 5);

    if (n > l->n - i)
        n = l->n - i;
    memmove(&l->v[i], &l->v[i + n], (l->n - i - n) * sizeof(*l->v));
    l->n -= n;
    return i;
}

static void delete_some(struct log *l)
{
    drop(l);
}

static void delete_and_link(struct log *l)
{
    link_from(l, drop(l), true, turn);
}

static size_t put_in(struct log *l, struct audit a)
{
    size_t i = random_below(&chance, l->n + 1);

    a.chain = l->v[0].chain;
    memmove(&l->v[i + 1], &l->v[i], (l->n - i) * sizeof(*l->v));
    l->v[i] = a;
    l->n++;
    return i;
}

static void insert(struct log *l)
{
    size_t i = put_in(l, ordinary(turn));

    l->v[i].seq = (int64_t)random_below(&chance, l->n + 2);
    l->v[i].previous = i ? l->v[i - 1].hash : NULL;
    l->v[i].hash = l->v[any(l)].hash;
}

static void insert_and_link(struct log *l)
{
    link_from(l, put_in(l, ordinary(turn)), true, turn);
}

static void duplicate(struct log *l)
{
    put_in(l, l->v[any(l)]);
}

static void two(const struct log *l, size_t *i, size_t *k)
{
    *i = any(l);
    do
        *k = any(l);
    while (*k == *i);
}

static void swap(struct log *l)
{
    size_t i, k;
    struct audit a;

    two(l, &i, &k);
    a = l->v[i];
    l->v[i] = l->v[k];
    l->v[k] = a;
}

/* The numbers stay in order. */
static void swap_and_number(struct log *l)
{
    size_t i, k;
    int64_t seq;

    two(l, &i, &k);
    seq = l->v[i].seq;
    l->v[i].seq = l->v[k].seq;
    l->v[k].seq = seq;
    i = i < k ? i : k;
    swap(l);
}

static void swap_and_link(struct log *l)
{
    swap(l);
    link_from(l, 0, true, turn);
}

static void cut_tail(struct log *l)
{
    l->n = random_below(&chance, l->n);
}

static void cut_head(struct log *l)
{
    size_t n = 1 + random_below(&chance, l->n - 1);

    memmove(&l->v[0], &l->v[n], (l->n - n) * sizeof(*l->v));
    l->n -= n;
}

static void transplant(struct log *l)
{
    size_t i = any(l);

    l->v[i] = other.v[i];
}

static void replace(struct log *l)
{
    *l = other;
}

/* An honest end is written anew, without any checkpoint behind the change. */
static void rewrite_tail(struct log *l)
{
    size_t i = any(l), n = i;

    alter_field(&l->v[i], content_field());
    for (size_t k = i; k < l->n; k++)
        if (strcmp(l->v[k].verb ? l->v[k].verb : "", AUDIT_CHECKPOINT) != 0)
            l->v[n++] = l->v[k];
    l->n = n;
    link_from(l, i < n ? i : n, true, turn);
}

/* By somebody with the ring as it is now. */
static void sign_anew(struct log *l)
{
    size_t i = any(l);

    alter_field(&l->v[i], &audit_type.fields[4]); /* the verb */
    for (size_t k = i; k < l->n; k++) {
        struct audit *a = &l->v[k];

        if (a->covers) {
            a->anchor = l->v[a->covers - 1].hash;
            sign(a, ring, turn);
        }
        l->n = k + 1;
        link_from(l, k, true, turn);
        add_mac(a, turn);
        l->n = whole.n;
    }
}

static const struct {
    const char *name;
    void (*run)(struct log *l);
} attacks[] = {
    {"alter", alter},
    {"alter, hash", alter_and_hash},
    {"alter, link the rest", alter_and_link},
    {"delete", delete_some},
    {"delete, link the rest", delete_and_link},
    {"insert", insert},
    {"insert, link the rest", insert_and_link},
    {"duplicate", duplicate},
    {"swap", swap},
    {"swap, keep numbers", swap_and_number},
    {"swap, link all", swap_and_link},
    {"cut the tail", cut_tail},
    {"cut the head", cut_head},
    {"transplant", transplant},
    {"replace", replace},
    {"drop checkpoints", rewrite_tail},
    {"sign anew", sign_anew},
};

enum { ATTACKS = sizeof(attacks) / sizeof(*attacks) };

static enum audit_fault verdict(const struct log *l, unsigned skip, const struct audit *w,
                                const struct seal *s)
{
    struct audit_check_options o = {.keys = &keys, .witness = w, .skip = skip, .seal = s};
    struct audit_check *c = audit_check_new(&o);
    struct audit_report report;

    for (size_t i = 0; i < l->n && audit_check_next(c, &l->v[i]); i++)
        continue;
    audit_check_end(c, &report);
    return report.fault;
}

static bool same(const struct log *a, const struct log *b)
{
    char x[CHAIN_HEX], y[CHAIN_HEX];

    for (size_t i = 0; a->n == b->n && i < a->n; i++) {
        chain_hash(&audit_type, &a->v[i], x);
        chain_hash(&audit_type, &b->v[i], y);
        if (strcmp(x, y) != 0 || !a->v[i].hash || strcmp(a->v[i].hash, b->v[i].hash) != 0 ||
            !a->v[i].mac || strcmp(a->v[i].mac, b->v[i].mac) != 0)
            return false;
    }
    return a->n == b->n;
}

static void an_untouched_log_is_fine(void)
{
    CHECK(verdict(&whole, 0, &witness, ring) == AUDIT_NONE);
    CHECK(verdict(&whole, 0, NULL, NULL) == AUDIT_NONE);
    CHECK(verdict(&other, 0, NULL, ring) == AUDIT_NONE);
    CHECK(verdict(&other, 0, &witness, ring) != AUDIT_NONE);
}

/* Each miss says which attack of which number, to be run again with the same SEED. */
static long missed(long n, unsigned skip, const struct audit *w, const struct seal *s, bool say)
{
    static struct log l;
    long misses = 0;

    for (long i = 0; i < n; i++) {
        size_t which = (size_t)i % ATTACKS;

        turn = arena_new();
        do {
            l = whole;
            attacks[which].run(&l);
        } while (same(&l, &whole));
        if (verdict(&l, skip, w, s) == AUDIT_NONE) {
            misses++;
            if (say)
                fprintf(stderr, "missed: %s, number %ld\n", attacks[which].name, i);
        }
        arena_free(turn);
    }
    return misses;
}

static void every_tampered_log_is_found_out(void)
{
    const char *given = getenv("TAMPERED");
    long n = given ? strtol(given, NULL, 10) : 5000, misses = missed(n, 0, &witness, ring, true);

    fprintf(stderr, "%ld tampered logs, %ld missed\n", n, misses);
    CHECK(n >= ATTACKS);
    CHECK(misses == 0);
}

/* The control: with a part of the check left out, some get through. */
static void without_a_check_they_are_missed(void)
{
    const unsigned all = AUDIT_SKIP_HASH | AUDIT_SKIP_LINK | AUDIT_SKIP_SIGNATURE;

    CHECK(missed(30 * ATTACKS, AUDIT_SKIP_HASH, &witness, NULL, false) > 0);
    CHECK(missed(30 * ATTACKS, AUDIT_SKIP_HASH | AUDIT_SKIP_LINK, NULL, NULL, false) > 30);
    CHECK(missed(30 * ATTACKS, AUDIT_SKIP_SIGNATURE, NULL, NULL, false) > 30);
    CHECK(missed(30 * ATTACKS, 0, NULL, NULL, false) > 0);
    CHECK(missed(30 * ATTACKS, all, NULL, NULL, false) > 8 * 30);
}

/* What retention leaves: a log that begins behind a signed cut, also in the middle of deleting. */
static void a_signed_cut_explains_a_missing_head(void)
{
    static struct log l;
    struct audit cut = {.id = uuid_new(),
                        .at = {1},
                        .verb = AUDIT_CUT,
                        .outcome = "ok",
                        .count = 1,
                        .chain = whole.v[0].chain,
                        .covers = whole.v[EVERY - 2].seq,
                        .anchor = whole.v[EVERY - 2].hash};

    l = whole;
    sign(&cut, ring, mem);
    l.v[l.n++] = cut;
    link_from(&l, l.n - 1, true, mem);
    add_mac(&l.v[l.n - 1], mem);
    for (size_t n = 0; n < EVERY + 4; n++) {
        struct log rest = {.n = l.n - n};

        memcpy(rest.v, &l.v[n], rest.n * sizeof(*rest.v));
        CHECK((verdict(&rest, 0, &witness, ring) == AUDIT_NONE) == (n <= (size_t)cut.covers));
    }
}

static const struct test tests[] = {
    {"audit tampering: an untouched log is fine", an_untouched_log_is_fine},
    {"audit tampering: every tampered log is found out", every_tampered_log_is_found_out},
    {"audit tampering: without a check they are missed", without_a_check_they_are_missed},
    {"audit tampering: a signed cut explains a missing head", a_signed_cut_explains_a_missing_head},
};

static void begin(void)
{
    char dir[] = "/tmp/tamper-XXXXXX", file[64];
    struct problem why;

    mem = arena_new();
    chance = random_start("audit_tamper");
    if (!mkdtemp(dir) || seal_open(dir, &old_ring, &why) || seal_rotate(dir, &why) ||
        seal_open(dir, &ring, &why))
        abort();
    snprintf(file, sizeof(file), "%s/ring", dir);
    unlink(file);
    rmdir(dir);
    audit_keys_of(ring, &keys);
    make_log(&whole);
    make_log(&other);
    witness = witness_of(&whole.v[whole.n - 1]);
}

int main(void)
{
    begin();
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
    }
    seal_close(old_ring);
    seal_close(ring);
    arena_free(mem);
    return failed_checks != 0;
}
