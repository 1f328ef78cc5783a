/* What every driver of the store must do with records and plans. */
#include "tests/contract/store.h"

static void keeps_what_it_is_given(void)
{
    char ascii[128];
    const char *words[] = {"", "a\nb", "c\\nd", "\\", "ü", ""};
    uint8_t bytes[] = {0, 1, 0, 255};
    struct thing out, in = {.id = uuid_of(1),
                            .account = uuid_of(900),
                            .name = ascii,
                            .plain = "",
                            .email = "It's \"quoted\"; DROP TABLE thing; -- %s ?1 :a @b $c",
                            .secret = repeat("0123456789abcde\n", 65536),
                            .number = INT64_MIN,
                            .rank = INT64_MAX,
                            .flag = true,
                            .key = uuid_of(901),
                            .group = uuid_of(902),
                            .at = {INT64_C(1764000000123)},
                            .price = {-150},
                            .part = {999999},
                            .words = {words, 6},
                            .blob = {bytes, 4},
                            .shown = 7};

    for (int i = 0; i < 127; i++)
        ascii[i] = (char)(i + 1);
    ascii[127] = '\0';
    CHECK(insert(&thing_type, &in) == ERR_OK);
    CHECK(get(1, &out) == ERR_OK);
    CHECK(uuid_equal(&out.id, &in.id) && uuid_equal(&out.account, &in.account));
    CHECK_STR(out.name, in.name);
    CHECK_STR(out.plain, "");
    CHECK_STR(out.email, in.email);
    CHECK_STR(out.secret, in.secret);
    CHECK(out.number == INT64_MIN && out.rank == INT64_MAX && out.flag);
    CHECK(uuid_equal(&out.key, &in.key) && uuid_equal(&out.group, &in.group));
    CHECK(out.at.ms == in.at.ms && out.price.hundredths == -150 && out.part.ppm == 999999);
    CHECK(out.words.n == 6);
    for (size_t i = 0; i < out.words.n; i++)
        CHECK_STR(out.words.v[i], words[i]);
    CHECK(out.blob.n == 4 && memcmp(out.blob.p, bytes, 4) == 0);
    CHECK(out.shown == 0);
}

static void keeps_texts_of_every_script_and_length(void)
{
    static const char *const texts[] = {"日本語",  "🙂👩‍👧", "עברית",
                                        "a\u0301", "\u00a0\ufeff",    "￿"};
    struct thing out, in = {.id = uuid_of(2)};

    CHECK(insert(&thing_type, &in) == ERR_OK);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        in.name = in.secret = texts[i];
        CHECK(update(&in, BIT(thing, "name") | BIT(thing, "secret")) == ERR_OK);
        CHECK(get(2, &out) == ERR_OK);
        CHECK_STR(out.name, in.name);
        CHECK_STR(out.secret, in.secret);
    }
    for (size_t n = 0; n <= 1 << 20; n = n * 4 + 1023) {
        in.plain = in.secret = repeat("x", n);
        CHECK(update(&in, BIT(thing, "order") | BIT(thing, "secret")) == ERR_OK);
        CHECK(get(2, &out) == ERR_OK);
        CHECK(strlen(out.plain) == n && strlen(out.secret) == n);
    }
}

static void nothing_stays_nothing(void)
{
    struct thing out, in = {.id = uuid_of(3)}, twin = {.id = uuid_of(4)};
    struct uuid zero = {{0}};

    CHECK(insert(&thing_type, &in) == ERR_OK);
    CHECK(insert(&thing_type, &twin) == ERR_OK); /* no key, no e-mail: not the same key */
    CHECK(get(3, &out) == ERR_OK);
    CHECK(!out.name && !out.email && !out.secret && !out.words.n && !out.blob.n && !out.at.ms);
    CHECK(uuid_is_zero(&out.key) && uuid_is_zero(&out.account));
    CHECK_STR(found((struct query){.where = {{"key", OP_EQ, &zero}}}), "3 4 ");
    CHECK_STR(found((struct query){.where = {{"name", OP_EQ, &in.name}}}), "3 4 ");
    CHECK_STR(found((struct query){.where = {{"at", OP_LT, &(struct stamp){5}}}}), "");
}

static void tells_absent_and_taken_apart(void)
{
    struct thing rec = {.id = uuid_of(5), .key = uuid_of(50), .email = "a@example.com"};
    struct thing other = {.id = uuid_of(6), .key = uuid_of(50)};

    CHECK(get(5, &rec) == ERR_NOT_FOUND);
    rec = (struct thing){.id = uuid_of(5), .key = uuid_of(50), .email = "a@example.com"};
    CHECK(update(&rec, BIT(thing, "name")) == ERR_CONFLICT);
    CHECK(delete (&thing_type, uuid_of(5)) == ERR_CONFLICT);
    CHECK(insert(&thing_type, &rec) == ERR_OK);
    CHECK(insert(&thing_type, &rec) == ERR_CONFLICT);   /* the id */
    CHECK(insert(&thing_type, &other) == ERR_CONFLICT); /* the key */
    other.key = uuid_of(51);
    other.email = "a@example.com";
    CHECK(insert(&thing_type, &other) == ERR_CONFLICT); /* the sealed e-mail */
    other.email = "b@example.com";
    CHECK(insert(&thing_type, &other) == ERR_OK);
    other.key = uuid_of(50);
    CHECK(update(&other, BIT(thing, "key")) == ERR_CONFLICT);
    CHECK(delete (&thing_type, uuid_of(5)) == ERR_OK);
    CHECK(update(&other, BIT(thing, "key")) == ERR_OK);
}

static void make_things(unsigned from, unsigned n)
{
    struct thing rec = {.group = uuid_of(800), .name = "t"};

    for (unsigned i = 0; i < n; i++) {
        rec.id = uuid_of(from + i);
        rec.rank = i;
        rec.at.ms = 1000 + i;
        rec.flag = i % 2;
        CHECK(insert(&thing_type, &rec) == ERR_OK);
    }
}

static void finds_in_order_and_in_pages(void)
{
    struct uuid group = uuid_of(800);
    struct query q = {.where = {{"group", OP_EQ, &group}}, .limit = 3};
    int64_t two = 2;
    bool yes = true;

    make_things(10, 6);
    CHECK_STR(found(q), "10 11 12 ");
    q.after = uuid_of(12);
    CHECK_STR(found(q), "13 14 15 ");
    q.after = uuid_of(15);
    CHECK_STR(found(q), "");
    q = (struct query){.where = {{"group", OP_EQ, &group}}, .limit = 4, .newest_first = true};
    CHECK_STR(found(q), "15 14 13 12 ");
    q.after = uuid_of(12);
    CHECK_STR(found(q), "11 10 ");
    q = (struct query){.where = {{"group", OP_EQ, &group}, {"rank", OP_GT, &two}}};
    CHECK_STR(found(q), "13 14 15 ");
    q.where[1].op = OP_GE;
    CHECK_STR(found(q), "12 13 14 15 ");
    q.where[1].op = OP_LT;
    CHECK_STR(found(q), "10 11 ");
    q.where[1].op = OP_LE;
    q.where[2] = (struct cond){"flag", OP_EQ, &yes};
    CHECK_STR(found(q), "11 ");
    q = (struct query){.where = {{"at", OP_GE, &(struct stamp){1004}}}};
    CHECK_STR(found(q), "14 15 ");
    CHECK_STR(found((struct query){.limit = 2}), "10 11 ");
}

static void finds_a_sealed_text_by_equality(void)
{
    const char *want = "ann@example.com", *other = "Ann@example.com", *none = NULL;
    struct thing rec = {.id = uuid_of(20), .email = want};

    CHECK(insert(&thing_type, &rec) == ERR_OK);
    CHECK_STR(found((struct query){.where = {{"email", OP_EQ, &want}}}), "20 ");
    CHECK_STR(found((struct query){.where = {{"email", OP_EQ, &other}}}), "");
    rec.email = other;
    CHECK(update(&rec, BIT(thing, "email")) == ERR_OK);
    CHECK_STR(found((struct query){.where = {{"email", OP_EQ, &want}}}), "");
    CHECK_STR(found((struct query){.where = {{"email", OP_EQ, &other}}}), "20 ");
    rec.email = NULL;
    CHECK(update(&rec, BIT(thing, "email")) == ERR_OK);
    CHECK_STR(found((struct query){.where = {{"email", OP_EQ, &none}}}), "20 ");
}

static void reads_and_writes_only_the_fields_asked_for(void)
{
    struct thing out, rec = {.id = uuid_of(21),
                             .account = uuid_of(700),
                             .name = "n",
                             .plain = "p",
                             .email = "e",
                             .secret = "s",
                             .number = 5};
    struct thing change = {.id = uuid_of(21), .secret = "new", .number = 6, .name = "ignored"};
    struct uuid id = uuid_of(21);

    CHECK(insert(&thing_type, &rec) == ERR_OK);
    CHECK(store_get(store, &thing_type, &id, BIT(thing, "secret"), mem, &out) == ERR_OK);
    CHECK_STR(out.secret, "s");
    CHECK(uuid_equal(&out.id, &id) && !out.name && !out.email && !out.number);
    /* The account is not written, yet the new secret is bound to it. */
    CHECK(update(&change, BIT(thing, "secret") | BIT(thing, "number")) == ERR_OK);
    CHECK(get(21, &out) == ERR_OK);
    CHECK_STR(out.secret, "new");
    CHECK_STR(out.name, "n");
    CHECK(out.number == 6);
    rec.account = uuid_of(701);
    CHECK(update(&rec, BIT(thing, "account") | BIT(thing, "secret") | BIT(thing, "email")) ==
          ERR_OK);
    CHECK(get(21, &out) == ERR_OK);
    CHECK_STR(out.secret, "s");
    CHECK_STR(out.email, "e");
}

struct walk {
    unsigned n, stop;
    struct uuid last;
    bool newest, write;
    unsigned disorder;
};

static bool walk(void *arg, const void *rec)
{
    struct walk *w = arg;
    const struct thing *t = rec;
    struct thing again = {.id = t->id, .number = 77};

    if (w->n++ && (uuid_compare(&w->last, &t->id) < 0) == w->newest)
        w->disorder++;
    w->last = t->id;
    if (w->write)
        CHECK(update(&again, BIT(thing, "number")) == ERR_OK);
    return w->n != w->stop;
}

static void scans_a_whole_table(void)
{
    struct uuid group = uuid_of(800);
    int64_t some = 400;
    struct query q = {.type = &thing_type};
    struct walk all = {0}, back = {.newest = true}, few = {.stop = 300}, ranged = {0},
                limited = {0}, writing = {.write = true, .stop = 40};
    struct thing out;

    make_things(1000, 700);
    CHECK(store_scan(store, &q, walk, &all) == ERR_OK);
    CHECK(all.n == 700 && !all.disorder);
    CHECK(store_scan(store, &q, walk, &few) == ERR_OK);
    CHECK(few.n == 300);
    q.newest_first = true;
    CHECK(store_scan(store, &q, walk, &back) == ERR_OK);
    CHECK(back.n == 700 && !back.disorder);
    q = (struct query){.type = &thing_type, .where = {{"rank", OP_GE, &some}}};
    CHECK(store_scan(store, &q, walk, &ranged) == ERR_OK);
    CHECK(ranged.n == 300 && !ranged.disorder);
    q = (struct query){.type = &thing_type, .where = {{"group", OP_EQ, &group}}, .limit = 600};
    CHECK(store_scan(store, &q, walk, &limited) == ERR_OK);
    CHECK(limited.n == 600 && !limited.disorder);
    CHECK(store_scan(store, &q, walk, &writing) == ERR_OK);
    CHECK(get(1039, &out) == ERR_OK && out.number == 77);
}

static void counts(void)
{
    struct uuid group = uuid_of(800), none = uuid_of(801);
    struct query q = {.type = &thing_type};
    int64_t n = -1;

    CHECK(store_count(store, &q, &n) == ERR_OK && n == 0);
    make_things(30, 9);
    CHECK(store_count(store, &q, &n) == ERR_OK && n == 9);
    q.where[0] = (struct cond){"group", OP_EQ, &group};
    q.after = uuid_of(35);
    CHECK(store_count(store, &q, &n) == ERR_OK && n == 3);
    q.where[0].value = &none;
    CHECK(store_count(store, &q, &n) == ERR_OK && n == 0);
}

static void adds_down_to_the_floor(void)
{
    struct purse purse = {uuid_of(40), 10};
    int64_t sum = 0;
    size_t failed = 9;
    struct step step = add(40, -7, 0, &sum);

    CHECK(insert(&purse_type, &purse) == ERR_OK);
    CHECK(commit(&step, 1, NULL) == ERR_OK && sum == 3);
    CHECK(commit(&step, 1, &failed) == ERR_CONFLICT && failed == 0 && sum == 3);
    step = add(40, -3, 0, &sum);
    CHECK(commit(&step, 1, NULL) == ERR_OK && sum == 0);
    step = add(40, INT64_MAX, 0, &sum);
    CHECK(commit(&step, 1, NULL) == ERR_OK && sum == INT64_MAX);
    step = add(40, 1, 0, &sum); /* would run over */
    CHECK(commit(&step, 1, NULL) == ERR_CONFLICT);
    step = add(41, 1, 0, &sum); /* there is none */
    CHECK(commit(&step, 1, NULL) == ERR_CONFLICT);
    CHECK(store_get(store, &purse_type, &purse.id, 0, mem, &purse) == ERR_OK);
    CHECK(purse.coins == INT64_MAX);
}

/* A purse's coins and counters, as "coins first second". */
static const char *purse_text(unsigned id, int64_t period)
{
    struct uuid at = uuid_of(id), first = uuid_of(1), second = uuid_of(2);
    struct purse p = {{{0}}};

    CHECK(store_get(store, &purse_type, &at, 0, mem, &p) == ERR_OK);
    return arena_printf(mem, "%lld %lld %lld", (long long)p.coins,
                        (long long)counts_get(&p.spent, period, &first),
                        (long long)counts_get(&p.spent, period, &second));
}

/* Take `by` coins in that period, counted for 1 and 2 with these ceilings. */
static enum err spend(int64_t by, int64_t period, int64_t first, int64_t second)
{
    struct step step = add(45, -by, 0, NULL);

    step.counters = "spent";
    step.period = period;
    step.counts[0] = (struct step_count){uuid_of(1), first};
    step.counts[1] = (struct step_count){uuid_of(2), second};
    step.n_counts = 2;
    return commit(&step, 1, NULL);
}

static void counters_stop_at_their_ceilings(void)
{
    struct purse purse = {.id = uuid_of(45), .coins = 100};

    CHECK(insert(&purse_type, &purse) == ERR_OK);
    CHECK(spend(10, 7, 10, 30) == ERR_OK);
    CHECK_STR(purse_text(45, 7), "90 10 10");
    CHECK(spend(1, 7, 10, 30) == ERR_CONFLICT);         /* the first */
    CHECK(spend(21, 7, INT64_MAX, 30) == ERR_CONFLICT); /* the second: the first is not counted */
    CHECK(spend(91, 7, INT64_MAX, INT64_MAX) == ERR_CONFLICT);
    CHECK_STR(purse_text(45, 7), "90 10 10");
    CHECK(spend(20, 7, INT64_MAX, 30) == ERR_OK);
    CHECK_STR(purse_text(45, 7), "70 30 30");
    CHECK_STR(purse_text(45, 8), "70 0 0"); /* a new period */
    CHECK(spend(1, 8, 1, 0) == ERR_CONFLICT);
    CHECK(spend(1, 8, 1, 1) == ERR_OK);
    CHECK_STR(purse_text(45, 8), "69 1 1");
    CHECK(spend(1, 7, 1, INT64_MAX) == ERR_CONFLICT); /* a clock that goes back opens nothing */
    CHECK(spend(-69, 8, 0, 0) == ERR_OK);             /* what comes back is taken off, to zero */
    CHECK_STR(purse_text(45, 8), "138 0 0");
    store_close(store);
    CHECK(open_store());
    CHECK_STR(purse_text(45, 8), "138 0 0");
}

static void guards_hold(void)
{
    struct thing out, rec = {.id = uuid_of(42), .number = 1};
    struct step step = {.kind = STEP_UPDATE,
                        .type = &thing_type,
                        .rec = &rec,
                        .fields = BIT(thing, "number"),
                        .guard = "number",
                        .guard_value = 1};

    CHECK(insert(&thing_type, &rec) == ERR_OK);
    rec.number = 2;
    CHECK(commit(&step, 1, NULL) == ERR_OK);
    CHECK(commit(&step, 1, NULL) == ERR_CONFLICT);
    CHECK(get(42, &out) == ERR_OK && out.number == 2);
    step.guard = "at"; /* never */
    step.guard_value = 5;
    CHECK(commit(&step, 1, NULL) == ERR_CONFLICT);
    step.guard_value = 0;
    CHECK(commit(&step, 1, NULL) == ERR_OK);
    step = (struct step){.kind = STEP_DELETE,
                         .type = &thing_type,
                         .id = rec.id,
                         .guard = "number",
                         .guard_value = 1};
    CHECK(commit(&step, 1, NULL) == ERR_CONFLICT);
    step.guard_value = 2;
    CHECK(commit(&step, 1, NULL) == ERR_OK);
    CHECK(get(42, &out) == ERR_NOT_FOUND);
}

struct settling {
    int64_t sum;
    struct thing rec;
    int calls;
    enum err err;
};

static enum err settle(void *arg)
{
    struct settling *s = arg;

    s->calls++;
    s->rec.number = s->sum;
    return s->err;
}

static void settles_between_the_sum_and_the_rest(void)
{
    struct settling s = {.rec = {.id = uuid_of(44)}};
    struct purse purse = {uuid_of(43), 10};
    struct step steps[] = {add(43, -4, 0, &s.sum),
                           {.kind = STEP_INSERT, .type = &thing_type, .rec = &s.rec}};
    struct plan plan = {.steps = steps, .n = 2, .settle = settle, .arg = &s};
    struct thing out;

    CHECK(insert(&purse_type, &purse) == ERR_OK);
    CHECK(store_commit(store, &plan) == ERR_OK && s.calls == 1);
    CHECK(get(44, &out) == ERR_OK && out.number == 6);
    s.err = ERR_OVER_MAX;
    s.rec.id = uuid_of(45);
    CHECK(store_commit(store, &plan) == ERR_OVER_MAX && s.calls == 2);
    plan.n = 1;
    CHECK(store_commit(store, &plan) == ERR_OVER_MAX && s.calls == 3);
    CHECK(get(45, &out) == ERR_NOT_FOUND);
    CHECK(store_get(store, &purse_type, &purse.id, 0, mem, &purse) == ERR_OK);
    CHECK(purse.coins == 6);
    s.err = ERR_OK;
    plan.steps = steps + 1; /* nothing to add: before the first step */
    CHECK(store_commit(store, &plan) == ERR_OK && s.calls == 4);
    steps[0].by = -100;
    plan = (struct plan){.steps = steps, .n = 2, .settle = settle, .arg = &s};
    CHECK(store_commit(store, &plan) == ERR_CONFLICT && s.calls == 4); /* not asked */
}

static void a_refused_plan_leaves_nothing(void)
{
    struct purse purse = {uuid_of(46), 10};
    struct thing a = {.id = uuid_of(47)}, b = {.id = uuid_of(48)}, out;
    struct step steps[] = {
        add(46, -1, 0, NULL),
        {.kind = STEP_INSERT, .type = &thing_type, .rec = &a},
        {.kind = STEP_UPDATE, .type = &thing_type, .rec = &b, .fields = BIT(thing, "number")},
    };
    int64_t seq = store_last_change(store);
    size_t failed = 9;

    CHECK(insert(&purse_type, &purse) == ERR_OK);
    CHECK(commit(steps, 3, &failed) == ERR_CONFLICT && failed == 2);
    CHECK(get(47, &out) == ERR_NOT_FOUND);
    CHECK(store_get(store, &purse_type, &purse.id, 0, mem, &purse) == ERR_OK && purse.coins == 10);
    CHECK(store_last_change(store) == seq);
}

static void gets_many_at_once(void)
{
    struct uuid ids[] = {uuid_of(60), uuid_of(61), uuid_of(62), uuid_of(60)};
    struct thing out[4], in = {.id = uuid_of(60), .name = "one", .secret = "s"};
    bool found[4] = {0};

    CHECK(insert(&thing_type, &in) == ERR_OK);
    in = (struct thing){.id = uuid_of(62), .name = "three"};
    CHECK(insert(&thing_type, &in) == ERR_OK);
    CHECK(store_get_many(store, &thing_type, ids, 4, 0, mem, out, found) == ERR_OK);
    CHECK(found[0] && !found[1] && found[2] && found[3]);
    CHECK_STR(out[0].name, "one");
    CHECK_STR(out[0].secret, "s");
    CHECK_STR(out[2].name, "three");
    CHECK_STR(out[3].name, "one");
    /* it does not go on seeing that moment */
    in.name = "four";
    CHECK(update(&in, BIT(thing, "name")) == ERR_OK);
    CHECK(store_get_many(store, &thing_type, ids, 3, BIT(thing, "name"), mem, out, found) ==
          ERR_OK);
    CHECK_STR(out[2].name, "four");
    CHECK(!out[0].secret);
    CHECK(store_get_many(store, &thing_type, ids, 0, 0, mem, out, found) == ERR_OK);
}

static void knows_what_was_written_since(void)
{
    struct thing in = {.id = uuid_of(70)};
    int64_t before = store_moment(store), after;

    CHECK(!store_written_since(store, &in.id, before));
    CHECK(insert(&thing_type, &in) == ERR_OK);
    after = store_moment(store);
    CHECK(store_written_since(store, &in.id, before));
    CHECK(!store_written_since(store, &in.id, after));
    CHECK(!store_written_since(store, &(struct uuid){{9, [15] = 9}}, before));
    CHECK(update(&in, BIT(thing, "name")) == ERR_OK);
    CHECK(store_written_since(store, &in.id, after));
    CHECK(insert(&thing_type, &in) == ERR_CONFLICT); /* nothing is written; it may be said */
    after = store_moment(store);
    CHECK(!store_written_since(store, &in.id, after));
    CHECK(delete (&thing_type, in.id) == ERR_OK);
    CHECK(store_written_since(store, &in.id, after));
}

static enum err see_it_in_doubt(void *arg)
{
    struct uuid id = uuid_of(71);

    *(bool *)arg = store_written_since(store, &id, INT64_MAX - 1);
    return ERR_OK;
}

/* What is read while a plan is carried out is never taken for what holds. */
static void is_in_doubt_while_it_is_written(void)
{
    struct thing in = {.id = uuid_of(71)};
    struct step step = {.kind = STEP_INSERT, .type = &thing_type, .rec = &in};
    bool doubted = false;
    struct plan plan = {.steps = &step, .n = 1, .settle = see_it_in_doubt, .arg = &doubted};

    CHECK(store_commit(store, &plan) == ERR_OK);
    CHECK(doubted);
    CHECK(!store_written_since(store, &in.id, store_moment(store)));
}

static const struct test tests[] = {
    {"keeps what it is given", keeps_what_it_is_given},
    {"keeps texts of every script and length", keeps_texts_of_every_script_and_length},
    {"nothing stays nothing", nothing_stays_nothing},
    {"tells absent and taken apart", tells_absent_and_taken_apart},
    {"finds in order and in pages", finds_in_order_and_in_pages},
    {"finds a sealed text by equality", finds_a_sealed_text_by_equality},
    {"reads and writes only the fields asked for", reads_and_writes_only_the_fields_asked_for},
    {"scans a whole table", scans_a_whole_table},
    {"counts", counts},
    {"adds down to the floor", adds_down_to_the_floor},
    {"counters stop at their ceilings", counters_stop_at_their_ceilings},
    {"guards hold", guards_hold},
    {"settles between the sum and the rest", settles_between_the_sum_and_the_rest},
    {"a refused plan leaves nothing", a_refused_plan_leaves_nothing},
    {"gets many at once", gets_many_at_once},
    {"knows what was written since", knows_what_was_written_since},
    {"is in doubt while it is written", is_in_doubt_while_it_is_written},
};

int main(void)
{
    return store_tests(tests, sizeof(tests) / sizeof(*tests));
}
