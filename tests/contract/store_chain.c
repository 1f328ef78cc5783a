/* What every driver must do for a chain: links in the order of commits, none for what is undone. */
#include <pthread.h>

#include "server/chain.h"
#include "tests/contract/store.h"

struct link {
    struct uuid id;
    const char *name;
    int64_t number;
    int64_t seq;
    struct uuid chain;
    const char *previous, *hash;
};

static const struct field link_fields[] = {
    FIELD(link, id),     FIELD(link, name, .flags = FIELD_UNIQUE),
    FIELD(link, number), FIELD(link, seq, .flags = FIELD_UNIQUE),
    FIELD(link, chain),  FIELD(link, previous),
    FIELD(link, hash),   {0},
};
static const struct type link_type = {"link", sizeof(struct link), link_fields,
                                      .flags = TYPE_CHAINED, .owned = NO_OWNED};

enum { THREADS = 8, TRIES = 60 };

struct walk {
    int64_t n, bad;
    struct uuid chain;
    char hash[CHAIN_HEX];
};

static bool see(void *arg, const void *rec)
{
    struct walk *w = arg;
    const struct link *l = rec;
    char hash[CHAIN_HEX];

    chain_hash(&link_type, l, hash);
    if (!w->n++)
        w->chain = l->chain;
    w->bad += l->seq != w->n || !uuid_equal(&l->chain, &w->chain) || strcmp(l->hash, hash) != 0;
    w->bad += w->n == 1 ? l->previous != NULL : strcmp(l->previous, w->hash) != 0;
    memcpy(w->hash, hash, sizeof(hash));
    return true;
}

static struct walk walk(void)
{
    struct query q = {.type = &link_type, .order = "seq"};
    struct walk w = {0};
    struct chain_head head;

    CHECK(store_scan(store, &q, see, &w) == ERR_OK);
    CHECK(w.bad == 0);
    store_chain_head(store, &head);
    CHECK(head.seq == w.n);
    CHECK_STR(head.hash, w.hash);
    CHECK(!w.n || uuid_equal(&head.chain, &w.chain));
    return w;
}

/* One in three plans ends in a step that is refused; one in five is of two links. */
static void *make_links(void *arg)
{
    unsigned who = *(unsigned *)arg;
    struct thing missing = {.id = uuid_of(1)};
    long made = 0;

    for (unsigned i = 0; i < TRIES; i++) {
        struct link a = {.id = uuid_new(), .number = who}, b = {.id = uuid_new(), .number = -1};
        struct step steps[] = {
            {.kind = STEP_INSERT, .type = &link_type, .rec = &a},
            {.kind = STEP_INSERT, .type = &link_type, .rec = &b},
            {.kind = STEP_UPDATE, .type = &thing_type, .rec = &missing, .fields = 1 << 6},
        };
        size_t n = i % 3 == 0 ? 3 : i % 5 == 0 ? 2 : 1;
        struct plan plan = {.steps = steps, .n = n, .bulk = who == 5};

        if (store_commit(store, &plan) == ERR_OK)
            made += (long)n;
    }
    return (void *)made;
}

static void links_are_in_the_order_of_commits(void)
{
    pthread_t thread[THREADS];
    unsigned who[THREADS];
    long made = 0;

    CHECK(store_ensure(store, &link_type) == ERR_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        who[i] = i;
        CHECK(pthread_create(&thread[i], NULL, make_links, &who[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *n;

        pthread_join(thread[i], &n);
        made += (long)n;
    }
    CHECK(made == THREADS * (TRIES * 2 / 3 + 8)); /* 8: of the fives that are no threes */
    CHECK(walk().n == made);
}

static void a_refused_link_leaves_no_gap(void)
{
    struct link a = {.id = uuid_of(1), .name = "a"}, twin = {.id = uuid_of(2), .name = "a"},
                b = {.id = uuid_of(3), .name = "b"};

    CHECK(store_ensure(store, &link_type) == ERR_OK);
    CHECK(walk().n == 0);
    CHECK(insert(&link_type, &a) == ERR_OK);
    CHECK(insert(&link_type, &twin) == ERR_CONFLICT);
    CHECK(insert(&link_type, &b) == ERR_OK);
    CHECK(walk().n == 2);
}

static void the_chain_goes_on_in_the_next_run(void)
{
    struct uuid chain;

    CHECK(store_ensure(store, &link_type) == ERR_OK);
    for (unsigned run = 0; run < 3; run++) {
        struct link a = {.id = uuid_of(10 + run), .number = 7};

        CHECK(insert(&link_type, &a) == ERR_OK);
        CHECK(walk().n == run + 1);
        if (run)
            CHECK(uuid_equal(&chain, &(struct uuid[]){walk().chain}[0]));
        chain = walk().chain;
        store_close(store);
        store = NULL;
        CHECK(open_store() && store_ensure(store, &link_type) == ERR_OK);
    }
    CHECK(walk().n == 3);
}

static bool counts_up(void *arg, const void *rec)
{
    int64_t *last = arg;

    return ((const struct link *)rec)->seq == *last + 1 && ++*last;
}

static void what_is_oldest_may_go(void)
{
    struct query q = {.type = &link_type, .order = "seq"};
    int64_t last = 2;

    CHECK(store_ensure(store, &link_type) == ERR_OK);
    for (unsigned i = 0; i < 4; i++) {
        struct link a = {.id = uuid_of(10 + i)};

        CHECK(insert(&link_type, &a) == ERR_OK);
    }
    CHECK(walk().n == 4);
    CHECK(delete (&link_type, uuid_of(10)) == ERR_OK && delete (&link_type, uuid_of(11)) == ERR_OK);
    CHECK(store_scan(store, &q, counts_up, &last) == ERR_OK);
    CHECK(last == 4);
}

/* The scan takes up again behind what it has read, and leaves out what is not beyond. */
static void finds_in_order_of_a_number(void)
{
    struct link *all = arena_alloc(mem, 600 * sizeof(*all));
    struct step *steps = arena_alloc(mem, 600 * sizeof(*steps));
    struct query q = {.type = &link_type, .order = "seq", .beyond = 590};
    int64_t last = 590;

    CHECK(store_ensure(store, &link_type) == ERR_OK);
    for (unsigned i = 0; i < 600; i++) { /* ids fall while numbers rise */
        all[i] = (struct link){.id = uuid_of(1000 - i)};
        steps[i] = (struct step){.kind = STEP_INSERT, .type = &link_type, .rec = &all[i]};
    }
    CHECK(commit(steps, 600, NULL) == ERR_OK);
    CHECK(walk().n == 600);
    CHECK(store_find(store, &q, mem, counts_up, &last) == ERR_OK);
    CHECK(last == 600);
    last = 590;
    q.limit = 3;
    CHECK(store_find(store, &q, mem, counts_up, &last) == ERR_OK);
    CHECK(last == 593);
}

static const struct test tests[] = {
    {"links are in the order of commits", links_are_in_the_order_of_commits},
    {"a refused link leaves no gap", a_refused_link_leaves_no_gap},
    {"the chain goes on in the next run", the_chain_goes_on_in_the_next_run},
    {"what is oldest may go", what_is_oldest_may_go},
    {"finds in order of a number", finds_in_order_of_a_number},
};

int main(void)
{
    return store_tests(tests, sizeof(tests) / sizeof(*tests));
}
