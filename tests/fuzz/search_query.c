/* Any text as q, and as a cursor and a value, against an index of a few rows. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "server/sample.h"
#include "server/search/search.h"

enum { ROWS = 40, LONGEST = 2000 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct search *built;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct search_options o = {0};
    struct sample *s = sample_new(ROWS, 1);
    struct arena *mem = arena_new();
    struct profile rows[ROWS];

    (void)argc;
    (void)argv;
    for (int i = 0; i < ROWS; i++)
        sample_profile(s, i, mem, &rows[i]);
    if (search_open(&o, &built) || search_put(built, rows, ROWS))
        abort();
    arena_free(mem);
    sample_free(s);
    return 0;
}

/* A refusal names its field and, of q, a column; an answer is within what there is. */
static enum err ask(struct arena *mem, const struct search_query *q, struct search_answer *a)
{
    struct search_ask ask = {.query = q};
    struct problem why = {0};
    enum err err = search_run(built, &ask, mem, a, &why);

    if (err ? err != ERR_INVALID || !why.field[0] : a->total > ROWS || a->n > 10)
        abort();
    if (err && strcmp(why.field, "q") == 0 && strncmp(why.text, "column ", 7) != 0)
        abort();
    return err;
}

/* What a question finds and what its negation finds are all there is, once each. */
static void ask_and_negate(struct arena *mem, const char *text)
{
    struct search_query q = {.q = text}, no = {.q = arena_printf(mem, "NOT (%s)", text)};
    struct search_answer a = {0}, b = {0};

    if (ask(mem, &q, &a) || a.n_corrections || !text[strspn(text, " \t\r\n")])
        return;
    if (!ask(mem, &no, &b) && a.total + b.total != ROWS)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *mem = arena_new();
    struct search_answer a = {0};
    const char *text;

    n = n < LONGEST ? n : LONGEST;
    text = arena_strndup(mem, (const char *)data, n);
    if (utf8_valid(text, strlen(text))) { /* as the wire has checked before */
        struct strs one = {&text, 1};

        ask_and_negate(mem, text);
        if (ask(mem, &(struct search_query){.cursor = text}, &a) &&
            ask(mem, &(struct search_query){.facets = one}, &a) &&
            ask(mem, &(struct search_query){.in[FACET_updated] = one}, &a))
            ask(mem, &(struct search_query){.out[FACET_revenue] = one}, &a);
    }
    arena_free(mem);
    return 0;
}
