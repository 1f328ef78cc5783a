/*
 * The reader of segment files: the input changes bytes of a right image (four bytes each: where,
 * and what), with checksums made right again or not.  What is taken must bear every search.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/sample.h"
#include "server/search/build.h"
#include "server/search/checksum.h"
#include "server/search/facets.h"
#include "server/search/rank.h"

enum { ROWS = 70 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct segment *right;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct builder *b = builder_new(&catalogue_account);
    struct sample *s = sample_new(ROWS, 1);
    struct arena *mem = arena_new();

    (void)argc;
    (void)argv;
    for (int i = 0; i < ROWS; i++) {
        struct profile p;

        sample_profile(s, i, mem, &p);
        builder_add(b, &p);
    }
    right = builder_finish(b);
    builder_free(b);
    arena_free(mem);
    sample_free(s);
    return 0;
}

static struct segment *changed(const uint8_t *data, size_t n)
{
    size_t size = right->size;
    uint8_t *image = memcpy(xcalloc(size, 1), right->image, size);
    struct image_header *h = (void *)image;
    bool seal = n && data[0] % 8;

    for (size_t i = 1; i + 4 <= n; i += 4) {
        size_t at = (size_t)(data[i] | data[i + 1] << 8 | data[i + 2] << 16) % size;

        image[at] = data[i + 3];
    }
    if (seal)
        header_seal(h, size, checksum_of(image + sizeof(*h), size - sizeof(*h)));
    return segment_from_memory(image, size);
}

static void search(struct segment *s, const char *text, const char *sort)
{
    static const char *const all[] = {"all"}, *const some[] = {"1-10", "11-50"};
    struct search_query q = {.q = text, .sort = sort};
    struct cursor after = {.text = "m", .key = -50};
    struct live l = {.segment = s};
    struct arena *mem = arena_new();
    struct tally tallies[FACET_END] = {0};
    struct hit hits[10];
    struct found found;
    struct eval e;
    struct set full;
    struct ask ask;
    struct problem why;
    bool everything;

    if (text) /* without it the first screen's */
        q.facets = (struct strs){(const char **)(uintptr_t)all, 1};
    q.in[FACET_employees] = (struct strs){(const char **)(uintptr_t)some, 2};
    if (ask_parse(mem, &q, false, &ask, &why))
        abort();
    eval_begin(&e, mem, &l, &ask, NULL);
    if (!facets_answer(&e, tallies, &found)) {
        eval_rest(&e);
        full = eval_result(&e, text ? 0 : FACET_employees, &everything);
        panes_add(mem, tallies, s, ask.panes, &full, everything ? &e.dead : NULL);
        found_of_set(&found, &full);
    }
    for (int f = 1; f < FACET_END; f++)
        tally_top(mem, &tallies[f], PANE_VALUES);
    rank_segment(&e, &found, &after, 10, hits);
    rank_segment(&e, &found, NULL, 10, hits);
    arena_free(mem);
}

static void merge(struct segment *s)
{
    struct part parts[2] = {{.segment = s}, {.segment = right}};
    struct segment *merged;

    if (segments_merge(parts, 2, NULL, &merged))
        abort();
    segment_unref(merged);
    free(parts[0].to);
    free(parts[1].to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct segment *s = changed(data, n);

    if (s && segment_is_sound(s)) {
        search(s, NULL, "score");
        search(s, "a* manager", "relevance");
        search(s, "-sales", "name");
        search(s, "has:email,phone city:berlin", "-company");
        search(s, NULL, "-updated");
        segment_find(s, &right->ids[5]);
        merge(s);
    }
    segment_unref(s);
    return 0;
}
