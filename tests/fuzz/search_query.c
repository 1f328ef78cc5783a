/* Any text as q, and as a cursor, against an index of a few rows. */
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
static void ask(struct arena *mem, const struct search_query *q)
{
    struct search_ask ask = {.query = q};
    struct search_answer a = {0};
    struct problem why = {0};
    enum err err = search_run(built, &ask, mem, &a, &why);

    if (err ? err != ERR_INVALID || !why.field[0] : a.total > ROWS || a.n > 10)
        abort();
    if (err && strcmp(why.field, "q") == 0 && strncmp(why.text, "column ", 7) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *mem = arena_new();
    char *text;

    n = n < LONGEST ? n : LONGEST;
    text = arena_strndup(mem, (const char *)data, n);
    if (utf8_valid(text, strlen(text))) { /* as the wire has checked before */
        ask(mem, &(struct search_query){.q = text});
        ask(mem, &(struct search_query){.cursor = text});
        ask(mem, &(struct search_query){.facets = {(const char *const[]){text}, 1}});
    }
    arena_free(mem);
    return 0;
}
