/* Segments: what they are made of, one way or another, and that reading them stays within them. */
#include <sys/stat.h>

#include "server/search/build.h"
#include "server/search/image.h"
#include "server/search/snapshot.h"
#include "tests/unit/search_world.h"

enum { ROWS = 900, PARTS = 5 };

static struct profile *make_rows(struct arena *mem, size_t n, uint64_t seed)
{
    struct world w = {.mem = mem, .dice = seed, .sample = sample_new((int64_t)n, seed)};
    struct profile *rows = arena_alloc(mem, n * sizeof(*rows));

    for (size_t i = 0; i < n; i++) {
        sample_profile(w.sample, (int64_t)i, mem, &rows[i]);
        vary(&w, &rows[i]);
    }
    sample_free(w.sample);
    return rows;
}

/* Of the rows that `take` says. */
static struct segment *build(const struct profile *rows, size_t n, const bool *take)
{
    struct builder *b = builder_new(&catalogue_account);
    struct segment *s;

    for (size_t i = 0; i < n; i++)
        if (take[i])
            builder_add(b, &rows[i]);
    s = builder_finish(b);
    builder_free(b);
    return s;
}

static bool same_image(const struct segment *a, const struct segment *b)
{
    return a->size == b->size && memcmp(a->image, b->image, a->size) == 0;
}

/* Split the rows, kill some, merge: the bytes are those of building the living anew. */
static void merge_and_compare(uint64_t seed, size_t n, const char *dir)
{
    struct arena *mem = arena_new();
    struct profile *rows = make_rows(mem, n, seed);
    bool *living = arena_alloc(mem, n), *in[PARTS];
    struct live lives[PARTS] = {0};
    struct part parts[PARTS] = {0};
    struct segment *merged, *anew;
    size_t k = 0;

    for (size_t p = 0; p < PARTS; p++)
        in[p] = arena_alloc(mem, n);
    for (size_t i = 0; i < n; i++)
        in[roll(&seed, roll(&seed, PARTS) + 1)][i] = living[i] = true;
    for (size_t p = 0; p < PARTS; p++) {
        struct live *l = &lives[k];

        l->segment = build(rows, n, in[p]);
        if (!l->segment)
            continue;
        for (size_t i = 0; i < n; i++) {
            if (!in[p][i] || roll(&seed, 4) || p == 0)
                continue;
            living[i] = false;
            live_kill(l, segment_find(l->segment, &rows[i].id));
        }
        parts[k] = (struct part){.segment = l->segment, .dead = l->dead ? l->dead->bits : NULL};
        k++;
    }
    anew = build(rows, n, living);
    CHECK(segments_merge(parts, k, dir, &merged) == ERR_OK);
    CHECK(merged && anew && same_image(merged, anew));
    CHECK(segment_is_sound(merged) && merged->mapped == (dir != NULL));
    for (size_t p = 0; p < k; p++) {
        live_unref(&lives[p]);
        free(parts[p].to);
    }
    segment_unref(merged);
    segment_unref(anew);
    arena_free(mem);
}

static void merging_gives_what_building_gives(void)
{
    char dir[] = "/tmp/search-test-XXXXXX", command[64];
    uint64_t dice = (uint64_t)env_or("SEED", 11);

    CHECK(mkdtemp(dir) != NULL);
    for (int i = 0; i < 12; i++)
        merge_and_compare(dice + (uint64_t)i, 1 + roll(&dice, i < 6 ? 40 : ROWS),
                          i % 2 ? dir : NULL);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static void nobody_left_is_no_segment(void)
{
    struct arena *mem = arena_new();
    struct profile *rows = make_rows(mem, 3, 1);
    struct live l = {.segment = build(rows, 3, (const bool[]){true, true, true})};
    struct segment *merged;
    struct part part;

    for (uint32_t i = 0; i < 3; i++)
        live_kill(&l, i);
    part = (struct part){.segment = l.segment, .dead = l.dead->bits};
    CHECK(segments_merge(&part, 1, NULL, &merged) == ERR_OK && !merged);
    free(part.to);
    live_unref(&l);
    arena_free(mem);
}

static void a_merge_without_its_folder_fails(void)
{
    struct arena *mem = arena_new();
    struct profile *rows = make_rows(mem, 3, 1);
    struct segment *s = build(rows, 3, (const bool[]){true, true, true}), *merged;
    struct part part = {.segment = s};

    CHECK(segments_merge(&part, 1, "/nowhere/at/all", &merged) == ERR_UNAVAILABLE && !merged);
    free(part.to);
    segment_unref(s);
    arena_free(mem);
}

/* Bytes that lead astray under right checksums. */

static struct segment *reopened(const uint8_t *image, size_t n)
{
    uint8_t *copy = memcpy(xcalloc(n, 1), image, n);
    struct image_header *h = (void *)copy;

    header_seal(h, n, checksum_of(copy + sizeof(*h), n - sizeof(*h)));
    return segment_from_memory(copy, n);
}

static void no_byte_leads_out_of_the_image(void)
{
    struct arena *mem = arena_new();
    struct profile *rows = make_rows(mem, 40, 5);
    bool all[40];
    struct segment *s;
    uint8_t *image;
    size_t refused = 0;

    memset(all, true, sizeof(all));
    s = build(rows, 40, all);
    image = memcpy(xcalloc(s->size, 1), s->image, s->size);
    for (size_t i = sizeof(uint64_t) * 3; i < s->size; i++) {
        struct segment *bad;

        if (i >= offsetof(struct image_header, body_sum) &&
            i < offsetof(struct image_header, sections))
            continue; /* made anew by the harness */
        image[i] ^= 0x80;
        bad = reopened(image, s->size);
        image[i] ^= 0x80;
        if (!bad || !segment_is_sound(bad))
            refused++;
        segment_unref(bad);
    }
    CHECK(refused > s->size / 20); /* the rest are ids, scores and letters */
    free(image);
    segment_unref(s);
    arena_free(mem);
}

/* Sets against the obvious, around every boundary of their forms. */

static void pack(struct arena *mem, struct set *s)
{
    size_t runs = set_runs(s->n);
    uint32_t *table = arena_alloc(mem, packed_size(s->count, s->n));
    uint16_t *members = (uint16_t *)(table + runs + 1);

    for (size_t i = 0; i < s->count; i++) {
        members[i] = (uint16_t)s->v[i];
        for (size_t r = s->v[i] / PACKED_RUN + 1; r <= runs; r++)
            table[r]++;
    }
    s->runs = table;
    s->v = NULL;
}

/* Half of them in another form than the smallest, where that form may have them. */
static struct set random_set(struct arena *mem, uint64_t *dice, size_t n, size_t share, bool *has)
{
    uint64_t *bits = arena_alloc(mem, (bits_words(n) + 1) * sizeof(*bits));
    uint32_t *v = arena_alloc(mem, n * sizeof(*v));
    struct set s = {.n = n};
    enum set_form form;

    for (size_t i = 0; i < n; i++) {
        has[i] = roll(dice, 1000) < share;
        if (!has[i])
            continue;
        bits_set(bits, (uint32_t)i);
        v[s.count++] = (uint32_t)i;
    }
    form = set_form(s.count, n);
    if (form == SET_BITS && s.count * 16 <= n && roll(dice, 2))
        form = SET_PACKED;
    if (form == SET_PACKED && s.count * 32 <= n && roll(dice, 2))
        form = SET_ARRAY;
    s.bits = form == SET_BITS ? bits : NULL;
    s.v = form == SET_BITS ? NULL : v;
    if (form == SET_PACKED)
        pack(mem, &s);
    return s;
}

static bool is_exactly(const struct set *s, const bool *a, const bool *b, int op)
{
    size_t count = 0;
    struct set_at at;
    uint32_t next = set_first(s, &at);

    for (uint32_t i = 0; i < s->n; i++) {
        bool want = op == 0 ? a[i] && b[i] : op == 1 ? a[i] && !b[i] : a[i] || b[i];

        if (want != set_has(s, i) || want != (next == i))
            return false;
        if (want) {
            struct set_at from;

            count++;
            if (set_from(s, &from, i) != i)
                return false;
            next = set_next(s, &at);
        }
    }
    return count == s->count && next == SET_END;
}

static void sets_do_what_they_say(void)
{
    static const size_t shares[] = {0, 1, 20, 31, 33, 55, 300, 999, 1000};
    static const size_t sizes[] = {1, 31, 63, 64, 65, 512, 1000, 1025, 70000, 131072, 140001};
    uint64_t dice = (uint64_t)env_or("SEED", 12);

    for (int i = 0; i < 600; i++) {
        struct arena *mem = arena_new();
        size_t n = sizes[roll(&dice, i % 20 ? 8 : 11)];
        struct pool pool = {.mem = mem, .n = n};
        bool *x = arena_alloc(mem, n), *y = arena_alloc(mem, n);
        struct set a = random_set(mem, &dice, n, shares[roll(&dice, 9)], x);
        struct set b = random_set(mem, &dice, n, shares[roll(&dice, 9)], y);
        struct set all = set_borrow(&a), rest = set_borrow(&a), two[2] = {a, b}, any;

        set_and(&pool, &all, &b);
        set_and_not(&pool, &rest, &b);
        any = set_union(&pool, two, 2);
        CHECK(is_exactly(&all, x, y, 0));
        CHECK(is_exactly(&rest, x, y, 1));
        CHECK(is_exactly(&any, x, y, 2));
        CHECK(set_and_count(&a, &b) == all.count && set_and_count(&any, &all) == all.count);
        set_and(&pool, &any, &a); /* owned sets change in place */
        CHECK(is_exactly(&any, x, x, 0));
        set_and_not(&pool, &any, &all);
        CHECK(is_exactly(&any, x, y, 1));
        set_unpack(&pool, &a);
        CHECK(!a.runs && is_exactly(&a, x, x, 0));
        arena_free(mem);
    }
}

static void checksums_do_not_depend_on_the_pieces(void)
{
    uint8_t data[500];
    uint64_t dice = 4;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)roll(&dice, 256);
    for (int i = 0; i < 300; i++) {
        size_t n = roll(&dice, sizeof(data)), at = 0;
        struct checksum c;

        checksum_begin(&c);
        while (at < n) {
            size_t k = 1 + roll(&dice, n - at);

            checksum_add(&c, data + at, k);
            at += k;
        }
        CHECK(checksum_end(&c) == checksum_of(data, n));
        if (n)
            data[roll(&dice, n)] ^= (uint8_t)(1 << roll(&dice, 8));
        CHECK(n == 0 || checksum_end(&c) != checksum_of(data, n));
    }
}

static const struct test tests[] = {
    {"segment: merging gives what building gives", merging_gives_what_building_gives},
    {"segment: nobody left is no segment", nobody_left_is_no_segment},
    {"segment: a merge without its folder fails", a_merge_without_its_folder_fails},
    {"segment: no byte leads out of the image", no_byte_leads_out_of_the_image},
    {"segment: sets do what they say", sets_do_what_they_say},
    {"segment: checksums do not depend on the pieces", checksums_do_not_depend_on_the_pieces},
};

TEST_MAIN(tests)
