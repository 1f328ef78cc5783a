/* What the tests of the store share: two records, a store for each test, and short forms of calls.
 */
#ifndef TESTS_CONTRACT_STORE_H
#define TESTS_CONTRACT_STORE_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "server/counts.h"
#include "server/seal.h"
#include "server/store.h"
#include "tests/test.h"

struct thing {
    struct uuid id;
    struct uuid account;
    const char *name, *plain;
    const char *email, *secret; /* sealed */
    int64_t number, rank;
    bool flag;
    struct uuid key, group;
    struct stamp at;
    struct credits price;
    struct ratio part;
    struct strs words;
    struct bytes blob;
    int64_t shown; /* for a reply */
};

static const struct field thing_fields[] = {
    FIELD(thing, id),
    FIELD(thing, account, .flags = FIELD_INDEX),
    FIELD(thing, name, .flags = FIELD_INDEX),
    FIELD_AS(thing, plain, "order"), /* a word of SQL */
    FIELD(thing, email, .flags = FIELD_SEALED | FIELD_LOOKUP | FIELD_UNIQUE),
    FIELD(thing, secret, .flags = FIELD_SEALED),
    FIELD(thing, number),
    FIELD(thing, rank, .flags = FIELD_INDEX),
    FIELD(thing, flag),
    FIELD(thing, key, .flags = FIELD_UNIQUE),
    FIELD(thing, group, .flags = FIELD_INDEX),
    FIELD(thing, at, .flags = FIELD_INDEX),
    FIELD(thing, price),
    FIELD(thing, part),
    FIELD(thing, words),
    FIELD(thing, blob),
    FIELD(thing, shown, .flags = FIELD_WIRE),
    {0},
};
static const struct type thing_type = {"thing", sizeof(struct thing), thing_fields,
                                       .flags = TYPE_CHANGES, .owned = NO_OWNED};

struct purse {
    struct uuid id;
    int64_t coins;
    struct bytes spent;
};

static const struct field purse_fields[] = {
    FIELD(purse, id), FIELD(purse, coins), FIELD(purse, spent), {0}};
static const struct type purse_type = {"purse", sizeof(struct purse), purse_fields,
                                       .owned = NO_OWNED};

static struct store_options options;
static struct store *store;
static struct seal *ring;
static struct arena *mem; /* of the test that runs */

#define BIT(type, member) type_bit(&type##_type, type_field(&type##_type, member))

static inline struct uuid uuid_of(unsigned n)
{
    struct uuid u = {{1}};

    u.b[14] = (uint8_t)(n >> 8);
    u.b[15] = (uint8_t)n;
    return u;
}

static inline enum err commit(const struct step *steps, size_t n, size_t *failed)
{
    struct plan plan = {.steps = steps, .n = n};
    enum err err = store_commit(store, &plan);

    if (failed)
        *failed = plan.failed;
    return err;
}

static inline enum err insert(const struct type *t, const void *rec)
{
    return commit(&(struct step){.kind = STEP_INSERT, .type = t, .rec = rec}, 1, NULL);
}

static enum err delete (const struct type *t, struct uuid id) {
    return commit(&(struct step){.kind = STEP_DELETE, .type = t, .id = id}, 1, NULL);
}

static inline enum err update(const struct thing *rec, uint64_t fields)
{
    struct step step = {.kind = STEP_UPDATE, .type = &thing_type, .rec = rec, .fields = fields};

    return commit(&step, 1, NULL);
}

static inline enum err get(unsigned n, struct thing *out)
{
    struct uuid id = uuid_of(n);

    return store_get(store, &thing_type, &id, 0, mem, out);
}

static inline bool open_store(void)
{
    struct problem why = {0};
    enum err err = store_open(&options, &store, &why);

    if (err)
        fprintf(stderr, "open: %s: %s\n", err_slug(err), why.text);
    return !err && !store_ensure(store, &thing_type) && !store_ensure(store, &purse_type);
}

static inline void remove_dir(const char *path)
{
    DIR *d = opendir(path);
    char name[600];

    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.')
            unlink(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static inline bool append_id(void *arg, const void *rec)
{
    struct buf *b = arg;
    const struct thing *t = rec;

    buf_printf(b, "%d ", t->id.b[14] << 8 | t->id.b[15]);
    return true;
}

/* The ids that a query finds, as text. */
static inline const char *found(struct query q)
{
    struct buf b = BUF_INIT(1 << 20);
    const char *text;

    q.type = &thing_type;
    CHECK(store_find(store, &q, mem, append_id, &b) == ERR_OK);
    buf_str(&b, "");
    text = arena_strdup(mem, b.data ? b.data : "");
    buf_free(&b);
    return text;
}

static inline char *repeat(const char *s, size_t n)
{
    size_t len = strlen(s);
    char *p = arena_alloc(mem, n * len + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(p + i * len, s, len);
    return p;
}

static inline struct step add(unsigned id, int64_t by, int64_t least, int64_t *sum)
{
    return (struct step){.kind = STEP_ADD,
                         .type = &purse_type,
                         .id = uuid_of(id),
                         .field = "coins",
                         .by = by,
                         .least = least,
                         .sum = sum};
}

/* Each test has a store of its own. */
static inline void store_run(const char *driver, const struct test *test)
{
    char dir[] = "/tmp/store-XXXXXX";
    int before = failed_checks;

    if (!mkdtemp(dir))
        abort();
    options = (struct store_options){.dir = dir, .seal = ring};
    mem = arena_new();
    CHECK(open_store());
    if (store)
        test->run();
    store_close(store);
    store = NULL;
    arena_free(mem);
    remove_dir(dir);
    printf("%s store (%s): %s\n", before == failed_checks ? "ok  " : "FAIL", driver, test->name);
    fflush(stdout);
}

/* Every test against every driver. */
static inline int store_tests(const struct test *tests, size_t n)
{
    static const char *const drivers[] = {"sqlite"};
    char keys[] = "/tmp/keys-XXXXXX";
    struct problem why;

    if (!mkdtemp(keys) || seal_open(keys, &ring, &why))
        return 1;
    for (size_t d = 0; d < sizeof(drivers) / sizeof(*drivers); d++)
        for (size_t i = 0; i < n; i++)
            store_run(drivers[d], &tests[i]);
    seal_close(ring);
    remove_dir(keys);
    return failed_checks != 0;
}

#endif
